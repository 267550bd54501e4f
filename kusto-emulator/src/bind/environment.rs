//! Names that `let`, parameters and `as` gave, innermost first.

use std::sync::Arc;

use kusto_kql::ast;

use super::declare_pattern::DeclaredPattern;
use super::graph::Graph;
use crate::plan::{Plan, Scalar};
use crate::storage::Database;

/// Names and what they stand for. Cheap to clone: a function keeps the names it was defined among.
#[derive(Clone, Default)]
pub(super) struct Environment(Option<Arc<Entry>>);

struct Entry {
    name: String,
    binding: Binding,
    outer: Environment,
}

/// What a name stands for.
#[derive(Clone)]
pub(super) enum Binding {
    /// A scalar; if it reads columns, those of the row scope with that id.
    Scalar { value: Scalar, rows: u64 },
    /// A table. Views are what `union *` and wildcards see.
    Table(Plan),
    /// A graph.
    Graph(Graph),
    /// A function.
    Function(Arc<UserFunction>),
    /// A pattern.
    Pattern(Arc<DeclaredPattern>),
    /// Another name of a database.
    Database(Arc<Database>),
}

/// A function defined in KQL.
pub(super) struct UserFunction {
    pub(super) name: String,
    pub(super) function: Box<ast::Function>,
    /// The text that the function's spans refer to.
    pub(super) text: Arc<str>,
    /// The names the function was defined among.
    pub(super) environment: Environment,
    /// The database that bare names in the body are looked up in.
    pub(super) database: Arc<Database>,
}

impl Environment {
    /// The names of this environment and one more, which hides others of the same name.
    pub(super) fn with(&self, name: impl Into<String>, binding: Binding) -> Self {
        Self(Some(Arc::new(Entry {
            name: name.into(),
            binding,
            outer: self.clone(),
        })))
    }

    /// What a name stands for.
    pub(super) fn get(&self, name: &str) -> Option<&Binding> {
        self.iter()
            .find(|entry| entry.name == name)
            .map(|entry| &entry.binding)
    }

    /// The tables and views in scope whose names `matches` accepts, first defined first.
    pub(super) fn views(&self, matches: impl Fn(&str) -> bool) -> Vec<(String, Binding)> {
        let mut views: Vec<_> = self
            .iter()
            .filter(|entry| matches(&entry.name))
            .filter(|entry| matches!(&entry.binding, Binding::Function(f) if f.function.is_view))
            .map(|entry| (entry.name.clone(), entry.binding.clone()))
            .collect();
        views.reverse();
        views
    }

    fn iter(&self) -> impl Iterator<Item = &Entry> {
        std::iter::successors(self.0.as_deref(), |entry| entry.outer.0.as_deref())
    }
}

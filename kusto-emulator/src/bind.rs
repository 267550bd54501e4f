//! From syntax to plan: names are resolved, types found out, columns named.
//!
//! One [`Binder`] binds one query. It walks the syntax tree with an [`Environment`] of `let` names and, inside
//! an operator, the columns of its input. What can be computed before the query runs is: a scalar expression
//! of constants becomes a constant, and `toscalar` runs its query on the spot.

mod call;
mod column;
mod declare_pattern;
mod environment;
mod expand;
mod external;
mod graph;
mod join;
mod literal;
mod name;
mod operator;
mod parse;
mod partition;
mod plugin;
mod render;
mod scalar;
mod scan;
mod search;
mod series;
mod source;
mod statement;
mod summarize;
mod tuple;
mod union;
mod window;

use std::sync::Arc;

use kusto_kql::LineColumn;
use kusto_kql::ast::Span;
use kusto_protocol::{Column, ColumnType};

pub(crate) use render::Visualization;
pub(crate) use statement::{BoundQuery, set_options};

use crate::error::{BindError, EngineError, EngineErrorKind};
use crate::plan::{AggregateCall, Plan, Scalar, WindowCall};
use crate::session::Session;
use crate::storage::{Database, Storage};
use crate::types::Schema;
use environment::Environment;

type Result<T> = std::result::Result<T, EngineError>;

/// Turns the syntax tree of one query into plans.
pub(crate) struct Binder<'a> {
    storage: &'a Storage,
    /// The database that bare names are looked up in.
    database: Arc<Database>,
    session: &'a Session,
    /// The text that spans refer to.
    text: Arc<str>,
    environment: Environment,
    /// The rows that scalar expressions are over, if any.
    rows: Option<Rows>,
    /// The operator being bound, for messages.
    operator: &'static str,
    /// How many expressions are being bound inside one another, through calls too.
    depth: usize,
    /// How many expressions have been bound so far, those of a function each time that it is called.
    expressions: usize,
    /// The pattern whose conditions and columns are being bound.
    pattern: Option<graph::Pattern>,
    /// What the query's `render` asked for.
    visualization: Option<Visualization>,
    /// How many row scopes there were, to tell them apart.
    row_scopes: u64,
}

/// The input of the operator being bound.
struct Rows {
    /// Which row scope it is.
    id: u64,
    schema: Schema,
    /// The other side of a join.
    right: Option<Schema>,
    serialized: bool,
    /// Whether names do not mean columns: so inside the body of a function.
    hidden: bool,
    /// The columns that names have meant so far, in the order they were met.
    named: Vec<usize>,
    /// Functions over neighbouring rows met so far; their columns come behind those of the schema.
    windows: Vec<WindowCall>,
    /// What `summarize` has met so far; `None` where aggregates may not stand.
    aggregates: Option<Aggregates>,
}

/// The aggregates of a `summarize` met so far.
struct Aggregates {
    /// How many key columns come before those of the aggregates.
    num_keys: usize,
    calls: Vec<AggregateCall>,
    /// The types of the columns that `calls` give, in order.
    types: Vec<ColumnType>,
}

impl<'a> Binder<'a> {
    pub(crate) fn new(
        storage: &'a Storage,
        database: Arc<Database>,
        session: &'a Session,
        text: &str,
    ) -> Self {
        Self {
            storage,
            database,
            session,
            text: text.into(),
            environment: Environment::default(),
            rows: None,
            operator: "",
            depth: 0,
            expressions: 0,
            pattern: None,
            visualization: None,
            row_scopes: 0,
        }
    }

    /// Runs `bind` with scalar expressions reading the rows of `input`, for the operator of that name.
    fn over<T>(
        &mut self,
        input: &Plan,
        operator: &'static str,
        bind: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<(T, Rows)> {
        self.row_scopes += 1;
        let rows = Rows {
            id: self.row_scopes,
            schema: Arc::clone(&input.schema),
            right: None,
            serialized: input.serialized,
            hidden: false,
            named: Vec::new(),
            windows: Vec::new(),
            aggregates: None,
        };
        let outer_rows = self.rows.replace(rows);
        let outer_operator = std::mem::replace(&mut self.operator, operator);
        let bound = bind(self);
        self.operator = outer_operator;
        let rows = std::mem::replace(&mut self.rows, outer_rows);
        // `over` itself put a scope there, and scopes are opened and closed in pairs.
        let rows = rows.expect("a row scope is open");
        Ok((bound?, rows))
    }

    /// Runs `bind` without rows: what stands there cannot see the columns around it.
    fn without_rows<T>(&mut self, bind: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let outer = self.rows.take();
        let bound = bind(self);
        self.rows = outer;
        bound
    }

    /// Says whether names mean columns of the rows; gives what was so before.
    fn hide_columns(&mut self, hidden: bool) -> bool {
        match &mut self.rows {
            Some(rows) => std::mem::replace(&mut rows.hidden, hidden),
            None => false,
        }
    }

    /// Runs `bind` one level deeper, unless that is too deep.
    fn deeper<T>(&mut self, span: Span, bind: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= MAX_DEPTH {
            let error = BindError::semantic("SEM0030", "The query is nested too deeply.");
            return Err(self.error(span, error));
        }
        self.depth += 1;
        let bound = bind(self);
        self.depth -= 1;
        bound
    }

    /// Counts expressions; fails once there are too many.
    ///
    /// Short texts can stand for endless queries: each `let` or function may use the one before twice.
    fn count_expressions(&mut self, number: usize, span: Span) -> Result<()> {
        self.expressions = self.expressions.saturating_add(number);
        match self.expressions > MAX_EXPRESSIONS {
            true => Err(self.too_complex(span, format_args!("{MAX_EXPRESSIONS} expressions"))),
            false => Ok(()),
        }
    }

    /// Fails if a plan is too large to be run.
    fn check_size(&self, plan: &Plan, span: Span) -> Result<()> {
        match plan.size > MAX_PLAN_SIZE {
            true => Err(self.too_complex(span, format_args!("{MAX_PLAN_SIZE} operators"))),
            false => Ok(()),
        }
    }

    fn too_complex(&self, span: Span, what: std::fmt::Arguments<'_>) -> EngineError {
        let message = format!(
            "The query is too complex: with its functions and names spelled out it has more than {what}."
        );
        self.semantic(span, "SEM0030", message)
    }

    /// The error with its place in the text.
    fn error(&self, span: Span, error: BindError) -> EngineError {
        let LineColumn { line, column } = LineColumn::of(&self.text, span.start);
        let BindError { kind, code, message } = error;
        let operator = match self.operator {
            "" => String::new(),
            name => format!("'{name}' operator: "),
        };
        EngineError::new(
            kind,
            format!("Semantic error: {code}: {operator}{message} [line:position={line}:{column}]"),
        )
    }

    /// A fault in the service's words.
    fn semantic(&self, span: Span, code: &'static str, message: impl Into<String>) -> EngineError {
        self.error(span, BindError::semantic(code, message))
    }

    /// KQL that this service does not run.
    fn unsupported(&self, span: Span, what: impl std::fmt::Display) -> EngineError {
        self.error(span, BindError::unsupported(what))
    }
}

impl Rows {
    /// The place of a column.
    fn position(&self, name: &str) -> Option<usize> {
        if self.hidden {
            None
        } else {
            position(&self.schema, name)
        }
    }
}

/// The place of a column.
fn position(schema: &[Column], name: &str) -> Option<usize> {
    schema.iter().position(|column| column.name == name)
}

/// The input with the columns that functions over neighbouring rows asked for.
fn windowed(input: Plan, windows: Vec<WindowCall>) -> Plan {
    if windows.is_empty() {
        return input;
    }
    let mut schema = input.schema.to_vec();
    schema.extend(windows.iter().map(|call| Column::new("", call.ty.clone())));
    Plan::new(
        schema,
        input.serialized,
        crate::plan::Node::Window {
            input,
            calls: windows,
        },
    )
}

/// A bound expression that must have been evaluated by now.
fn is_constant(scalar: &Scalar) -> bool {
    scalar.constant().is_some()
}

/// The error of a text that is not KQL.
pub(crate) fn syntax_error(error: &kusto_kql::SyntaxError) -> EngineError {
    let (code, line, column) = (error.code(), error.line(), error.column());
    let text = error.to_string();
    // The parser says the code and the place in front, the service the place behind.
    let what = text.split_once(": ").map_or(text.as_str(), |(_, what)| what);
    EngineError::new(
        EngineErrorKind::Syntax,
        format!(
            "Syntax error: Query could not be parsed: {code}: A recognition error occurred: {what} \
             [line:position={line}:{column}]"
        ),
    )
}

/// How many expressions may be bound inside one another. The parser allows 200 levels in one text;
/// function calls add those of their bodies.
const MAX_DEPTH: usize = 400;

/// How many expressions a query may have, with its functions spelled out.
const MAX_EXPRESSIONS: usize = 500_000;

/// How many operators a query may have, with its names spelled out.
const MAX_PLAN_SIZE: usize = 20_000;

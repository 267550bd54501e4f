//! `union`: tables of different columns under one roof.

use std::sync::Arc;

use kusto_kql::ast::{Expression, ExpressionKind, Operator, Parameter, Span};
use kusto_protocol::{Column, ColumnType, Value};

use super::column::{unique_name, wildcard};
use super::environment::Binding;
use super::name::constant_text;
use super::source::table_plan;
use super::{Binder, Result};
use crate::error::EngineErrorKind;
use crate::plan::{Node, Plan, Scalar};
use crate::storage::Database;
use crate::vector::Vector;

impl Binder<'_> {
    /// `T | union …`
    pub(super) fn union_with(
        &mut self,
        input: Plan,
        tables: &[Expression],
        operator: &Operator,
    ) -> Result<Plan> {
        let name = match &*input.node {
            Node::Table { table, .. } => table.name.clone(),
            _ => "union_arg0".to_owned(),
        };
        let mut plans = vec![(name, input)];
        let is_fuzzy = flag(&operator.parameters, "isfuzzy");
        for (name, plan) in self.tables_of(tables, is_fuzzy)? {
            plans.push((numbered(name, plans.len()), plan));
        }
        self.union_plans(plans, &operator.parameters, operator.span)
    }

    /// `union …` without a source.
    pub(super) fn union_of(
        &mut self,
        tables: &[Expression],
        parameters: &[Parameter],
        span: Span,
    ) -> Result<Plan> {
        let is_fuzzy = flag(parameters, "isfuzzy");
        let plans = self.tables_of(tables, is_fuzzy)?;
        let numbered_plans = plans.into_iter().enumerate();
        let plans = numbered_plans
            .map(|(index, (name, plan))| (numbered(name, index), plan))
            .collect();
        self.union_plans(plans, parameters, span)
    }

    /// The tables that names, wildcards and queries stand for, each with its name; none for a query.
    pub(super) fn tables_of(
        &mut self,
        expressions: &[Expression],
        is_fuzzy: bool,
    ) -> Result<Vec<(String, Plan)>> {
        let mut plans = Vec::new();
        for expression in expressions {
            match &expression.kind {
                ExpressionKind::Wildcard {
                    object: None,
                    pattern,
                } => {
                    self.wildcard_tables(pattern, expression.span, &mut plans)?;
                }
                ExpressionKind::Star => self.wildcard_tables("*", expression.span, &mut plans)?,
                ExpressionKind::Wildcard {
                    object: Some(object),
                    pattern,
                } => {
                    for database in self.databases_of(object)? {
                        for table in database
                            .tables
                            .values()
                            .filter(|table| wildcard(pattern, &table.name))
                        {
                            plans.push((table.name.clone(), table_plan(table)));
                        }
                    }
                }
                kind => {
                    let name = match kind {
                        ExpressionKind::Name(name) => name.clone(),
                        ExpressionKind::Member { name, .. } => name.text.clone(),
                        _ => String::new(),
                    };
                    match self.without_rows(|binder| binder.tabular(expression)) {
                        Ok(plan) => plans.push((name, plan)),
                        Err(error) if is_fuzzy && error.kind() == EngineErrorKind::Semantic => {}
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        match (plans.is_empty(), expressions.first()) {
            (true, Some(first)) => {
                let message = "'union': no table matches.";
                Err(self.semantic(first.span, "SEM0105", message))
            }
            _ => Ok(plans),
        }
    }

    /// The databases that `database("…")` names, whose name may have stars.
    fn databases_of(&mut self, object: &Expression) -> Result<Vec<Arc<Database>>> {
        if let ExpressionKind::Call(call) = &object.kind
            && let [name] = call.arguments.as_slice()
            && let Some(pattern) = constant_text(&name.expression)
            && call.object.is_none()
            && pattern.contains('*')
        {
            let databases = self.storage.databases().into_iter();
            return Ok(databases
                .filter(|database| wildcard(pattern, &database.name))
                .collect());
        }
        Ok(vec![self.database_of(object)?])
    }

    pub(super) fn wildcard_tables(
        &mut self,
        pattern: &str,
        span: Span,
        plans: &mut Vec<(String, Plan)>,
    ) -> Result<()> {
        let database = Arc::clone(&self.database);
        for table in database
            .tables
            .values()
            .filter(|table| wildcard(pattern, &table.name))
        {
            plans.push((table.name.clone(), table_plan(table)));
        }
        for (name, binding) in self.environment.views(|name| wildcard(pattern, name)) {
            if let Binding::Function(function) = binding {
                plans.push((name, self.tabular_user_call(&function, &[], None, span)?));
            }
        }
        Ok(())
    }

    fn union_plans(
        &mut self,
        mut plans: Vec<(String, Plan)>,
        parameters: &[Parameter],
        span: Span,
    ) -> Result<Plan> {
        let mut is_inner = false;
        let mut source = None;
        for parameter in parameters {
            let value = match &parameter.value.kind {
                ExpressionKind::Name(name) => name.as_str(),
                ExpressionKind::Literal(literal) => literal.text.as_str(),
                _ => "",
            };
            match parameter.name.text.as_str() {
                "kind" if value == "inner" => is_inner = true,
                "kind" if value == "outer" => {}
                "withsource" | "with_source" => source = Some(value.to_owned()),
                "isfuzzy" => {}
                name if name.starts_with("hint.") => {}
                name => return Err(self.unsupported(span, format_args!("'union {name}={value}'"))),
            }
        }
        if let Some(source) = source {
            for (name, plan) in &mut plans {
                let mut columns = plan.columns();
                columns.retain(|(column, _)| column.name != source);
                let value = Vector::constant(ColumnType::String, Value::String(name));
                columns.insert(
                    0,
                    (Column::new(&source, ColumnType::String), Scalar::Constant(value)),
                );
                *plan = plan.clone().project(columns);
            }
        }
        let plans: Vec<Plan> = plans.into_iter().map(|(_, plan)| plan).collect();
        Ok(if is_inner { inner(plans) } else { outer(plans) })
    }
}

/// All columns of all tables. Columns of one name and different types get the type into their names.
pub(super) fn outer(plans: Vec<Plan>) -> Plan {
    let mut names: Vec<(&str, Vec<&ColumnType>)> = Vec::new();
    for column in plans.iter().flat_map(|plan| plan.schema.iter()) {
        match names.iter_mut().find(|(name, _)| *name == column.name) {
            None => names.push((&column.name, vec![&column.column_type])),
            Some((_, types)) if !types.contains(&&column.column_type) => types.push(&column.column_type),
            Some(_) => {}
        }
    }
    // What each output column is called, and which input columns it takes.
    let mut columns: Vec<(Column, &str)> = Vec::new();
    for (name, types) in &names {
        for &ty in types {
            let output = match types.len() {
                1 => (*name).to_owned(),
                _ => unique_name(&format!("{name}_{ty}"), |taken| {
                    names.iter().any(|(name, _)| *name == taken)
                }),
            };
            columns.push((Column::new(output, ty.clone()), name));
        }
    }
    combine(&plans, &columns)
}

/// The columns that all tables have.
fn inner(plans: Vec<Plan>) -> Plan {
    let Some((first, rest)) = plans.split_first() else {
        return outer(plans);
    };
    let columns: Vec<(Column, &str)> = first
        .schema
        .iter()
        .filter(|column| rest.iter().all(|plan| plan.schema.contains(column)))
        .map(|column| (column.clone(), column.name.as_str()))
        .collect();
    combine(&plans, &columns)
}

/// The plans one after the other, each brought to the same columns.
fn combine(plans: &[Plan], columns: &[(Column, &str)]) -> Plan {
    let inputs: Vec<Plan> = plans
        .iter()
        .map(|plan| {
            let outputs = columns.iter().map(|(column, name)| {
                let ty = &column.column_type;
                let index = plan
                    .schema
                    .iter()
                    .position(|input| input.name == *name && input.column_type == *ty);
                let scalar = match index {
                    Some(index) => Scalar::Column(index, ty.clone()),
                    None => Scalar::Constant(Vector::null(ty.clone())),
                };
                (column.clone(), scalar)
            });
            plan.clone().project(outputs.collect())
        })
        .collect();
    let schema: Vec<Column> = columns.iter().map(|(column, _)| column.clone()).collect();
    Plan::new(schema, false, Node::Union(inputs))
}

fn numbered(name: String, index: usize) -> String {
    match name.is_empty() {
        true => format!("union_arg{index}"),
        false => name,
    }
}

/// Whether a parameter is there and true.
fn flag(parameters: &[Parameter], name: &str) -> bool {
    let parameter = parameters.iter().find(|parameter| parameter.name.text == name);
    parameter.is_some_and(|parameter| match &parameter.value.kind {
        ExpressionKind::Literal(literal) => literal.text.eq_ignore_ascii_case("true"),
        ExpressionKind::Name(name) => name.eq_ignore_ascii_case("true"),
        _ => false,
    })
}

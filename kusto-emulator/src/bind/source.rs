//! Tabular expressions: tables, views, `print`, `range`, `datatable`, and what follows a bar.

use std::sync::{Arc, OnceLock};

use kusto_kql::ast::{
    Call, Datatable, Expression, ExpressionKind, NamedExpression, Operator, OperatorKind, Range, Span,
};
use kusto_protocol::{Column, ColumnType, Value};

use super::column::Columns;
use super::environment::Binding;
use super::{Binder, Result};
use crate::plan::{Node, Plan, Scalar, prune};
use crate::storage::Database;
use crate::types::{self, Batch};
use crate::vector::Vector;

impl Binder<'_> {
    /// Whether an expression gives a table. Names and calls decide by what they refer to.
    pub(super) fn is_tabular(&mut self, expression: &Expression) -> bool {
        if self.pattern_call(expression).is_some() {
            return true;
        }
        match &expression.kind {
            ExpressionKind::Pipe { .. }
            | ExpressionKind::Operator(_)
            | ExpressionKind::Datatable(_)
            | ExpressionKind::ExternalData(_)
            | ExpressionKind::InlineExternalTable(_)
            | ExpressionKind::MaterializedViewCombine(_)
            | ExpressionKind::DataScope { .. }
            | ExpressionKind::Wildcard { .. } => true,
            ExpressionKind::Name(name) => self.is_tabular_name(name),
            ExpressionKind::Member { object, .. } => self.is_database(object),
            ExpressionKind::Index { object, .. } => self.is_database(object),
            ExpressionKind::Call(call) if call.object.is_none() => match call.name.text.as_str() {
                "table" | "materialize" | "materialized_view" | "external_table" => true,
                name => match self.function(name) {
                    Some(function) => self.gives_table(&function),
                    None => false,
                },
            },
            ExpressionKind::Call(call) => call
                .object
                .as_ref()
                .is_some_and(|object| self.is_database(object)),
            _ => false,
        }
    }

    fn is_tabular_name(&mut self, name: &str) -> bool {
        if self
            .rows
            .as_ref()
            .is_some_and(|rows| rows.position(name).is_some())
        {
            return false;
        }
        match self.environment.get(name).cloned() {
            Some(Binding::Table(_)) => true,
            Some(Binding::Function(function)) => self.gives_table(&function),
            Some(_) => false,
            None if self.database.tables.contains_key(name) => true,
            None => match self.function(name) {
                Some(function) => self.gives_table(&function),
                None => false,
            },
        }
    }

    /// Whether an expression names a database: `database("d")`, `cluster("c").database("d")`, an alias.
    fn is_database(&self, expression: &Expression) -> bool {
        match &expression.kind {
            ExpressionKind::Call(call) => matches!(call.name.text.as_str(), "database" | "cluster"),
            ExpressionKind::Name(name) => matches!(self.environment.get(name), Some(Binding::Database(_))),
            ExpressionKind::Member { object, .. } => self.is_database(object),
            _ => false,
        }
    }

    /// A tabular expression.
    pub(super) fn tabular(&mut self, expression: &Expression) -> Result<Plan> {
        self.count_expressions(1, expression.span)?;
        let plan = self.deeper(expression.span, |binder| binder.tabular_kind(expression))?;
        self.check_size(&plan, expression.span)?;
        Ok(plan)
    }

    fn tabular_kind(&mut self, expression: &Expression) -> Result<Plan> {
        let span = expression.span;
        if let Some((pattern, call, path)) = self.pattern_call(expression) {
            return self.pattern_table(&pattern, call, path, span);
        }
        match &expression.kind {
            ExpressionKind::Name(name) => self.tabular_name(name, span),
            ExpressionKind::Call(call) => self.tabular_call(call, None, span),
            ExpressionKind::Member { object, name } => {
                let database = self.database_of(object)?;
                self.in_database(database, |binder| binder.tabular_name(&name.text, span))
            }
            ExpressionKind::Pipe { source, operators } => {
                let environment = self.environment.clone();
                let plan = self.pipe(source, operators);
                // Names that `as` gave end with the pipe.
                self.environment = environment;
                plan
            }
            ExpressionKind::Operator(operator) => self.source_operator(operator),
            ExpressionKind::Datatable(datatable) => self.datatable(datatable, span),
            ExpressionKind::DataScope { table, .. } => self.tabular(table),
            ExpressionKind::ExternalData(external) => self.external_data(external, span),
            ExpressionKind::InlineExternalTable(table) => self.inline_external_table(table, span),
            ExpressionKind::MaterializedViewCombine(_) => {
                Err(self.unsupported(span, "'materialized-view-combine'"))
            }
            ExpressionKind::Wildcard { .. } => self.union_of(std::slice::from_ref(expression), &[], span),
            _ => Err(self.semantic(span, "SEM0020", "A table is expected here.")),
        }
    }

    fn pipe(&mut self, source: &Expression, operators: &[Operator]) -> Result<Plan> {
        match self.graph_named(source) {
            Some(graph) => self.graph_operators(graph, operators),
            None => {
                let input = self.tabular(source)?;
                self.operators(input, operators)
            }
        }
    }

    /// The input with operators applied to it, one after the other.
    pub(super) fn operators(&mut self, mut input: Plan, operators: &[Operator]) -> Result<Plan> {
        for (index, operator) in operators.iter().enumerate() {
            if let OperatorKind::MakeGraph(make) = &operator.kind {
                let graph = self.make_graph(input, make, operator)?;
                return self.graph_operators(graph, &operators[index + 1..]);
            }
            let outer = std::mem::take(&mut self.operator);
            let bound = self.operator(input, operator);
            self.operator = outer;
            input = bound?;
        }
        Ok(input)
    }

    fn tabular_name(&mut self, name: &str, span: Span) -> Result<Plan> {
        match self.environment.get(name).cloned() {
            Some(Binding::Table(plan)) => return Ok(plan),
            Some(Binding::Function(function)) => return self.tabular_user_call(&function, &[], None, span),
            Some(_) => {
                let message = format!("'{name}' is a scalar where a table is expected.");
                return Err(self.semantic(span, "SEM0020", message));
            }
            None => {}
        }
        if let Some(table) = self.database.tables.get(name) {
            return Ok(table_plan(table));
        }
        if let Some(function) = self.function(name) {
            return self.tabular_user_call(&function, &[], None, span);
        }
        let message = format!("Failed to resolve table expression named '{name}'.");
        Err(self.semantic(span, "SEM0100", message))
    }

    /// A call where a table is expected; `input` is what `invoke` passes.
    pub(super) fn tabular_call(&mut self, call: &Call, input: Option<Plan>, span: Span) -> Result<Plan> {
        let name = call.name.text.as_str();
        if let Some(object) = &call.object {
            let database = self.database_of(object)?;
            let inner = Call {
                object: None,
                ..call.clone()
            };
            return self.in_database(database, |binder| binder.tabular_call(&inner, input, span));
        }
        match name {
            "table" => {
                let Some(argument) = call.arguments.first() else {
                    return Err(self.semantic(span, "SEM0219", "table(): expected 1 argument(s)."));
                };
                let vector = self.constant(&argument.expression, "The name of the table")?;
                let Value::String(name) = vector.value(0) else {
                    return Err(self.semantic(argument.span, "SEM0231", "A table's name must be a string."));
                };
                return self.tabular_name(name, argument.span);
            }
            "materialize" => {
                let [argument] = call.arguments.as_slice() else {
                    return Err(self.semantic(span, "SEM0219", "materialize(): expected 1 argument(s)."));
                };
                let plan = self.tabular(&argument.expression)?;
                return Ok(materialized(plan));
            }
            "external_table" | "materialized_view" => {
                return Err(self.unsupported(span, format_args!("'{name}()'")));
            }
            _ => {}
        }
        if let Some(function) = self.function(name) {
            return self.tabular_user_call(&function, &call.arguments, input, span);
        }
        if let Some(Binding::Table(plan)) = self.environment.get(name)
            && call.arguments.is_empty()
        {
            return Ok(plan.clone());
        }
        let message = format!("Unknown function: '{name}'.");
        Err(self.semantic(span, "SEM0260", message))
    }

    /// The database that an expression names.
    pub(super) fn database_of(&mut self, expression: &Expression) -> Result<Arc<Database>> {
        let span = expression.span;
        match &expression.kind {
            ExpressionKind::Name(name) => match self.environment.get(name) {
                Some(Binding::Database(database)) => Ok(Arc::clone(database)),
                _ => Err(self.semantic(span, "SEM0100", format!("Failed to resolve database '{name}'."))),
            },
            ExpressionKind::Call(call) if call.name.text == "database" => {
                if let Some(cluster) = &call.object {
                    self.check_cluster(cluster)?;
                }
                let Some(argument) = call.arguments.first() else {
                    return Err(self.semantic(span, "SEM0219", "database(): expected 1 argument(s)."));
                };
                let vector = self.constant(&argument.expression, "The name of the database")?;
                let Value::String(name) = vector.value(0) else {
                    return Err(self.semantic(span, "SEM0231", "A database's name must be a string."));
                };
                if let Some(Binding::Database(database)) = self.environment.get(name) {
                    return Ok(Arc::clone(database));
                }
                self.storage.database(name).ok_or_else(|| {
                    self.semantic(span, "SEM0100", format!("Failed to resolve database '{name}'."))
                })
            }
            _ => Err(self.semantic(span, "SEM0020", "A database is expected here.")),
        }
    }

    /// Fails unless `cluster("…")` is this service.
    fn check_cluster(&mut self, expression: &Expression) -> Result<()> {
        let ExpressionKind::Call(call) = &expression.kind else {
            return Err(self.semantic(expression.span, "SEM0020", "A cluster is expected here."));
        };
        let name = match call.arguments.first() {
            Some(argument) => self.constant(&argument.expression, "The name of the cluster")?,
            None => return Ok(()),
        };
        match name.value(0) {
            Value::String(name) if is_same_host(name, &self.session.cluster) => Ok(()),
            _ => Err(self.unsupported(expression.span, "a query to another cluster")),
        }
    }

    fn in_database<T>(
        &mut self,
        database: Arc<Database>,
        bind: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let outer = std::mem::replace(&mut self.database, database);
        let environment = std::mem::take(&mut self.environment);
        let bound = bind(self);
        self.database = outer;
        self.environment = environment;
        bound
    }

    /// An operator that stands where a source stands.
    fn source_operator(&mut self, operator: &Operator) -> Result<Plan> {
        match &operator.kind {
            OperatorKind::Print(expressions) => self.print(expressions),
            OperatorKind::Range(range) => self.range(range, operator.span),
            OperatorKind::Union(tables) => self.union_of(tables, &operator.parameters, operator.span),
            OperatorKind::Search(search) => self.search(None, search, operator),
            OperatorKind::Find(find) => self.find(find, operator),
            _ => {
                let what = format!("the operator '{}' without a source", self.operator_name(operator));
                Err(self.unsupported(operator.span, what))
            }
        }
    }

    /// `print …`: one row.
    fn print(&mut self, expressions: &[NamedExpression]) -> Result<Plan> {
        let row = Plan::new(Vec::new(), false, Node::Rows(vec![Batch::new(Vec::new(), 1)]));
        let (columns, _) = self.over(&row, "print", |binder| {
            let mut columns = Columns::default();
            for (index, named) in expressions.iter().enumerate() {
                if binder.tuple_columns(&mut columns, named)? {
                    continue;
                }
                let scalar = binder.scalar(&named.expression)?;
                match binder.single_name(named)? {
                    Some(name) => binder.declare(&mut columns, &name.text, scalar, name.span)?,
                    None => columns.add(&format!("print_{index}"), scalar),
                }
            }
            Ok(columns)
        })?;
        Ok(row.project(columns.into_inner()))
    }

    /// `range name from a to b step c`
    fn range(&mut self, range: &Range, span: Span) -> Result<Plan> {
        let what = "A bound of 'range'";
        let from = self.constant(&range.from, what)?;
        let to = self.constant(&range.to, what)?;
        let step = self.constant(&range.step, what)?;
        let (ty, node) = match (from.value(0), to.value(0), step.value(0)) {
            (Value::DateTime(from), Value::DateTime(to), Value::Timespan(step)) => (
                ColumnType::DateTime,
                Node::Range {
                    from: from.ticks(),
                    to: to.ticks(),
                    step: step.ticks(),
                },
            ),
            (Value::Timespan(from), Value::Timespan(to), Value::Timespan(step)) => (
                ColumnType::Timespan,
                Node::Range {
                    from: from.ticks(),
                    to: to.ticks(),
                    step: step.ticks(),
                },
            ),
            (from, to, step) => match (whole(from), whole(to), whole(step)) {
                (Some(from), Some(to), Some(step)) => (ColumnType::Long, Node::Range { from, to, step }),
                _ => match (number(from), number(to), number(step)) {
                    (Some(from), Some(to), Some(step)) => {
                        (ColumnType::Real, Node::RangeReal { from, to, step })
                    }
                    _ => {
                        let message =
                            "The bounds of 'range' must be numbers, datetimes or timespans of one type.";
                        return Err(self.semantic(span, "SEM0064", message));
                    }
                },
            },
        };
        let is_still = match &node {
            Node::Range { step, .. } => *step == 0,
            Node::RangeReal { step, .. } => *step == 0.0,
            _ => false,
        };
        if is_still {
            return Err(self.semantic(
                range.step.span,
                "SEM0064",
                "The step of 'range' must not be zero.",
            ));
        }
        Ok(Plan::new(vec![Column::new(&range.name.text, ty)], true, node))
    }

    /// `datatable(…)[…]`
    fn datatable(&mut self, datatable: &Datatable, span: Span) -> Result<Plan> {
        let schema: Vec<Column> = datatable
            .schema
            .columns
            .iter()
            .map(|column| Column::new(&column.name.text, types::column_type(column.scalar_type)))
            .collect();
        let width = schema.len();
        if width == 0 || !datatable.values.len().is_multiple_of(width) {
            let message = format!(
                "datatable: {} values do not fill rows of {width} columns.",
                datatable.values.len()
            );
            return Err(self.semantic(span, "SEM0031", message));
        }
        let num_rows = datatable.values.len() / width;
        let mut columns = Vec::with_capacity(width);
        for (index, column) in schema.iter().enumerate() {
            let mut values = Vec::with_capacity(num_rows);
            for expression in datatable.values.iter().skip(index).step_by(width) {
                values.push(self.cell(expression, &column.column_type)?);
            }
            columns.push(if values.is_empty() {
                types::missing(&column.column_type, 0)
            } else {
                let arrays: Vec<_> = values.iter().map(|value| value.values().as_ref()).collect();
                arrow_select::concat::concat(&arrays).map_err(crate::error::EvalError::from)?
            });
        }
        Ok(Plan::new(
            schema,
            true,
            Node::Rows(vec![Batch::new(columns, num_rows)]),
        ))
    }

    /// A cell of a `datatable`: a literal, turned into the column's type.
    fn cell(&mut self, expression: &Expression, ty: &ColumnType) -> Result<Vector> {
        let value = self.constant(expression, "A cell of 'datatable'")?;
        if value.ty() == ty {
            return Ok(value);
        }
        let converted = self.convert(Scalar::Constant(value), ty, expression.span)?;
        match converted {
            Scalar::Constant(vector) => Ok(vector),
            _ => Err(self.semantic(
                expression.span,
                "SEM0040",
                "A cell of 'datatable' must be a constant.",
            )),
        }
    }
}

/// The rows of a table as they are now.
pub(super) fn table_plan(table: &Arc<crate::storage::Table>) -> Plan {
    Plan::new(
        Arc::clone(&table.schema),
        false,
        Node::Table {
            columns: (0..table.schema.len()).collect(),
            table: Arc::clone(table),
        },
    )
}

/// The same rows, computed once.
pub(super) fn materialized(input: Plan) -> Plan {
    if matches!(*input.node, Node::Materialized { .. } | Node::Rows(_)) {
        return input;
    }
    input.over(Node::Materialized {
        input: prune(&input),
        rows: OnceLock::new(),
    })
}

const fn whole(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Int(value) => Some(value as i64),
        Value::Long(value) => Some(value),
        _ => None,
    }
}

fn number(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Real(value) => Some(value),
        other => whole(other).map(|value| value as f64),
    }
}

/// Whether two spellings of a cluster mean the same host.
fn is_same_host(a: &str, b: &str) -> bool {
    fn host(text: &str) -> &str {
        let text = text.split_once("://").map_or(text, |(_, rest)| rest);
        text.split(['/', ':']).next().unwrap_or(text)
    }
    host(a).eq_ignore_ascii_case(host(b))
}

//! `search` and `find`: conditions over tables of different columns.

use kusto_kql::ast::{
    Expression, ExpressionKind, Find, FindColumn, FindProjection, LogicalOperator, Operator, Search, Span,
};
use kusto_protocol::{Column, ColumnType, Value};

use super::scalar::text;
use super::{Binder, Result};
use crate::plan::{Plan, Scalar};
use crate::types;
use crate::vector::Vector;

/// A table with the rows of it that were looked for.
struct Found {
    table: String,
    rows: Plan,
    /// Whether the condition reads a column of the table, or every one.
    is_read: bool,
}

impl Binder<'_> {
    /// `search …` over one table, or over all tables of the database.
    pub(super) fn search(
        &mut self,
        input: Option<Plan>,
        search: &Search,
        operator: &Operator,
    ) -> Result<Plan> {
        let is_case_sensitive = match operator.parameter("kind").map(|kind| &kind.kind) {
            Some(ExpressionKind::Name(kind)) => kind == "case_sensitive",
            _ => false,
        };
        let tables = match input {
            Some(input) => vec![(String::new(), input)],
            None => self.searched_tables(&search.tables, operator.span)?,
        };
        let (found, _) = self.matching_rows(tables, &search.predicate, is_case_sensitive, "search")?;
        let named = found.into_iter().map(|found| {
            let columns = found.rows.columns();
            named("$table", &found.table, found.rows, columns)
        });
        Ok(super::union::outer(named.collect()))
    }

    /// `find in (tables) where condition project columns`
    pub(super) fn find(&mut self, find: &Find, operator: &Operator) -> Result<Plan> {
        if let Some(away) = find.project_away.first() {
            let what = match away {
                FindColumn::Column(name, _) => format!("'find … project-away {}'", name.text),
                FindColumn::Pack | FindColumn::Star => "'find … project-away'".to_owned(),
            };
            return Err(self.unsupported(operator.span, what));
        }
        let source = match operator.parameter("withsource").map(|name| &name.kind) {
            Some(ExpressionKind::Name(name)) => name.as_str(),
            Some(ExpressionKind::Literal(literal)) => literal.text.as_str(),
            _ => "source_",
        };
        let tables = self.searched_tables(&find.tables, operator.span)?;
        let (mut found, conditions) = self.matching_rows(tables, &find.predicate, false, "find")?;
        if found.iter().any(|found| found.is_read) {
            found.retain(|found| found.is_read);
        }
        let (wanted, packs) = match &find.projection {
            None | Some(FindProjection::Smart) => (smart_columns(&found, &conditions), true),
            Some(FindProjection::Columns(columns)) => self.listed_columns(&found, columns, operator.span)?,
        };
        let packs = match find.projection {
            Some(FindProjection::Columns(_)) => packs,
            // There is a bag only where something is left for it.
            _ => found
                .iter()
                .any(|found| found.rows.schema.iter().any(|column| !has(&wanted, &column.name))),
        };
        let mut plans = Vec::with_capacity(found.len());
        for Found { table, rows, .. } in found {
            let mut columns = Vec::with_capacity(wanted.len() + 1);
            for column in &wanted {
                let value = match super::position(&rows.schema, &column.name) {
                    Some(place) => {
                        let value = Scalar::Column(place, rows.schema[place].column_type.clone());
                        self.convert(value, &column.column_type, operator.span)?
                    }
                    None => Scalar::Constant(Vector::null(column.column_type.clone())),
                };
                columns.push((column.clone(), value));
            }
            if packs {
                let mut entries = Vec::new();
                for (place, column) in rows.schema.iter().enumerate() {
                    if !has(&wanted, &column.name) {
                        entries.extend([
                            text(&column.name),
                            Scalar::Column(place, column.column_type.clone()),
                        ]);
                    }
                }
                let bag = self.call("bag_pack", entries, operator.span)?;
                columns.push((Column::new("pack_", ColumnType::Dynamic), bag));
            }
            plans.push(named(source, &table, rows, columns));
        }
        Ok(super::union::outer(plans))
    }

    /// The tables that are searched: all of the database and all views, if the query names none.
    fn searched_tables(&mut self, tables: &[Expression], span: Span) -> Result<Vec<(String, Plan)>> {
        if !tables.is_empty() {
            return self.tables_of(tables, false);
        }
        let mut all = Vec::new();
        self.wildcard_tables("*", span, &mut all)?;
        if all.is_empty() {
            return Err(self.semantic(span, "SEM0105", "The database has no tables."));
        }
        Ok(all)
    }

    /// The rows of each table for which the condition holds, and the columns that the condition names.
    ///
    /// A column that only other tables have is null.
    fn matching_rows(
        &mut self,
        tables: Vec<(String, Plan)>,
        predicate: &Expression,
        is_case_sensitive: bool,
        operator: &'static str,
    ) -> Result<(Vec<Found>, Vec<Column>)> {
        let mut all: Vec<Column> = Vec::new();
        for column in tables.iter().flat_map(|(_, plan)| plan.schema.iter()) {
            if !has(&all, &column.name) {
                all.push(column.clone());
            }
        }
        let mut found = Vec::with_capacity(tables.len());
        let mut conditions: Vec<Column> = Vec::new();
        for (table, plan) in tables {
            let width = plan.schema.len();
            let mut columns = plan.columns();
            for column in &all {
                if !has(&plan.schema, &column.name) {
                    let null = Scalar::Constant(Vector::null(column.column_type.clone()));
                    columns.push((column.clone(), null));
                }
            }
            let wide = match columns.len() > width {
                true => plan.project(columns),
                false => plan,
            };
            let (condition, rows) = self.over(&wide, operator, |binder| {
                binder.search_condition(predicate, is_case_sensitive, width)
            })?;
            let mut is_read = false;
            condition.visit_columns(&mut |place| is_read |= place < width);
            for &place in &rows.named {
                let column = &wide.schema[place];
                match conditions.iter_mut().find(|known| known.name == column.name) {
                    None => conditions.push(column.clone()),
                    Some(known) if known.column_type != column.column_type => {
                        known.column_type = ColumnType::Dynamic;
                    }
                    Some(_) => {}
                }
            }
            let own: Vec<usize> = (0..width).collect();
            found.push(Found {
                table,
                rows: super::column::pick(wide.filter(vec![condition]), &own),
                is_read,
            });
        }
        Ok((found, conditions))
    }

    /// The columns that `find … project` lists, and whether the others are packed.
    fn listed_columns(
        &self,
        found: &[Found],
        columns: &[FindColumn],
        span: Span,
    ) -> Result<(Vec<Column>, bool)> {
        let mut listed = Vec::with_capacity(columns.len());
        let mut packs = false;
        for column in columns {
            match column {
                FindColumn::Column(name, ty) => {
                    let known = type_of(found, &name.text);
                    let ty = ty.map(types::column_type).or(known);
                    let Some(ty) = ty else {
                        let message = format!("Failed to resolve column named '{}'.", name.text);
                        return Err(self.semantic(name.span, "SEM0100", message));
                    };
                    listed.push(Column::new(&name.text, ty));
                }
                FindColumn::Pack => packs = true,
                FindColumn::Star => return Err(self.unsupported(span, "'find … project *'")),
            }
        }
        Ok((listed, packs))
    }

    /// The condition of `search`: a bare text is looked for in the first `width` columns.
    fn search_condition(
        &mut self,
        condition: &Expression,
        is_case_sensitive: bool,
        width: usize,
    ) -> Result<Scalar> {
        let span = condition.span;
        match &condition.kind {
            ExpressionKind::Literal(literal) => {
                let term = literal.text.trim_matches('*');
                let (starts, ends) = (literal.text.starts_with('*'), literal.text.ends_with('*'));
                let operator = match (starts, ends, is_case_sensitive) {
                    (false, false, false) => "has",
                    (false, false, true) => "has_cs",
                    (false, true, false) => "hasprefix",
                    (false, true, true) => "hasprefix_cs",
                    (true, false, false) => "hassuffix",
                    (true, false, true) => "hassuffix_cs",
                    (true, true, false) => "contains",
                    (true, true, true) => "contains_cs",
                };
                let columns = self
                    .rows
                    .as_ref()
                    .map(|rows| rows.schema.to_vec())
                    .unwrap_or_default();
                let mut conditions = Vec::new();
                for (index, column) in columns.iter().enumerate().take(width) {
                    let value = Scalar::Column(index, column.column_type.clone());
                    let value = self.convert(value, &ColumnType::String, span)?;
                    conditions.push(self.call(operator, vec![value, text(term)], span)?);
                }
                self.any_of(conditions, span)
            }
            ExpressionKind::Star => Ok(Scalar::Constant(Vector::constant(
                ColumnType::Bool,
                Value::Bool(true),
            ))),
            ExpressionKind::Logical { operator, operands } => {
                let mut bound = Vec::with_capacity(operands.len());
                for operand in operands {
                    bound.push(self.search_condition(operand, is_case_sensitive, width)?);
                }
                let name = match operator {
                    LogicalOperator::And => "and",
                    LogicalOperator::Or => "or",
                };
                self.call(name, bound, span)
            }
            ExpressionKind::Call(call) if call.name.text == "not" && call.arguments.len() == 1 => {
                let inner = self.search_condition(&call.arguments[0].expression, is_case_sensitive, width)?;
                self.call("not", vec![inner], span)
            }
            _ => self.condition(condition),
        }
    }
}

fn has(columns: &[Column], name: &str) -> bool {
    super::position(columns, name).is_some()
}

/// The type of a column in all tables that have it: `dynamic` if they do not agree.
fn type_of(found: &[Found], name: &str) -> Option<ColumnType> {
    let columns = found.iter().flat_map(|found| found.rows.schema.iter());
    let types = columns
        .filter(|column| column.name == name)
        .map(|column| &column.column_type);
    let mut common: Option<&ColumnType> = None;
    for ty in types {
        match common {
            Some(known) if known != ty => return Some(ColumnType::Dynamic),
            _ => common = Some(ty),
        }
    }
    common.cloned()
}

/// What `find` gives by itself: the columns that all tables have, then those that the condition names.
fn smart_columns(found: &[Found], conditions: &[Column]) -> Vec<Column> {
    let Some((first, rest)) = found.split_first() else {
        return Vec::new();
    };
    let common = first.rows.schema.iter();
    let mut columns: Vec<Column> = common
        .filter(|column| rest.iter().all(|found| has(&found.rows.schema, &column.name)))
        .map(|column| {
            Column::new(
                &column.name,
                type_of(found, &column.name).unwrap_or(ColumnType::Dynamic),
            )
        })
        .collect();
    for column in conditions {
        if !has(&columns, &column.name) {
            columns.push(column.clone());
        }
    }
    columns
}

/// The columns behind one that says which table they are of.
fn named(source: &str, table: &str, rows: Plan, mut columns: Vec<(Column, Scalar)>) -> Plan {
    let table = Vector::constant(ColumnType::String, Value::String(table));
    columns.retain(|(column, _)| column.name != source);
    columns.insert(
        0,
        (Column::new(source, ColumnType::String), Scalar::Constant(table)),
    );
    rows.project(columns)
}

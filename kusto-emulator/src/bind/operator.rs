//! Operators: each takes a plan and gives a plan.

use kusto_kql::ast::{
    Expression, ExpressionKind, NamedExpression, Nulls, Operator, OperatorKind, Order, OrderedExpression,
    Span,
};
use kusto_protocol::{Column, ColumnType};

use super::column::{Columns, pick};
use super::environment::Binding;
use super::name::result_name;
use super::source::materialized;
use super::{Binder, Result, windowed};
use crate::plan::{Node, Plan, SortKey};
use crate::types::Batch;

impl Binder<'_> {
    /// One operator over its input.
    pub(super) fn operator(&mut self, input: Plan, operator: &Operator) -> Result<Plan> {
        if input.depth > MAX_PLAN_DEPTH {
            return Err(self.semantic(operator.span, "SEM0030", "The query has too many operators."));
        }
        self.check_size(&input, operator.span)?;
        match &operator.kind {
            OperatorKind::As(name) => {
                let plan = match operator.parameter("hint.materialized") {
                    Some(_) => materialized(input),
                    None => input,
                };
                self.environment = self.environment.with(&name.text, Binding::Table(plan.clone()));
                Ok(plan)
            }
            OperatorKind::Consume => Ok(input.over(Node::Take {
                input: input.clone(),
                count: 0,
            })),
            OperatorKind::Count(name) => {
                let name = name.as_ref().map_or("Count", |name| &name.text);
                self.count_rows(input, name, operator.span)
            }
            OperatorKind::Distinct(expressions) => self.distinct(input, expressions),
            OperatorKind::Evaluate(evaluate) => {
                self.evaluate(input, &evaluate.call, evaluate.schema.as_ref(), operator)
            }
            OperatorKind::Extend(expressions) => self.extend(input, expressions, "extend"),
            OperatorKind::GetSchema => Ok(schema_rows(&input)),
            OperatorKind::Invoke(call) => self.tabular_call(call, Some(input), operator.span),
            OperatorKind::Join(join) => self.join(input, join, operator),
            OperatorKind::Lookup(lookup) => self.lookup(input, lookup, operator),
            OperatorKind::MakeSeries(series) => self.make_series(input, series, operator),
            OperatorKind::MvApply(apply) => self.mv_apply(input, apply, operator),
            OperatorKind::MvExpand(expand) => self.mv_expand(input, expand, operator),
            OperatorKind::Parse(pattern) => self.parse(input, pattern, operator, false),
            OperatorKind::ParseKv(parse) => self.parse_kv(input, parse),
            OperatorKind::ParseWhere(pattern) => self.parse(input, pattern, operator, true),
            OperatorKind::Partition(partition) => self.partition(input, partition, operator),
            OperatorKind::Project(expressions) => self.project(input, expressions),
            OperatorKind::ProjectAway(patterns) => self.project_away(input, patterns),
            OperatorKind::ProjectByNames(names) => self.project_by_names(input, names),
            OperatorKind::ProjectKeep(patterns) => self.project_keep(input, patterns),
            OperatorKind::ProjectRename(renames) => self.project_rename(input, renames),
            OperatorKind::ProjectReorder(patterns) => self.project_reorder(input, patterns),
            OperatorKind::Render(render) => {
                self.visualization = Some(self.visualization(render, &input)?);
                Ok(input)
            }
            OperatorKind::Sample(count) => {
                let count = self.count(count)?;
                Ok(input.over(Node::Sample {
                    input: input.clone(),
                    count,
                }))
            }
            OperatorKind::SampleDistinct(sample) => {
                let count = self.count(&sample.count)?;
                let distinct = self.distinct(input, std::slice::from_ref(&sample.of))?;
                Ok(distinct.over(Node::Take {
                    input: distinct.clone(),
                    count,
                }))
            }
            OperatorKind::Scan(scan) => self.scan(input, scan, operator),
            OperatorKind::Search(search) => self.search(Some(input), search, operator),
            OperatorKind::Serialize(expressions) => {
                let mut plan = input;
                plan.serialized = true;
                match expressions.as_slice() {
                    [] => Ok(plan),
                    _ => self.extend(plan, expressions, "serialize"),
                }
            }
            OperatorKind::Sort(keys) => self.sort(input, keys, None, "sort"),
            OperatorKind::Summarize(summarize) => self.summarize(input, summarize, operator.span),
            OperatorKind::Take(count) => {
                let count = self.count(count)?;
                Ok(input.over(Node::Take {
                    input: input.clone(),
                    count,
                }))
            }
            OperatorKind::Top(top) => {
                let count = self.count(&top.count)?;
                self.sort(input, std::slice::from_ref(&top.by), Some(count), "top")
            }
            OperatorKind::TopHitters(top) => self.top_hitters(input, top),
            OperatorKind::TopNested(levels) => self.top_nested(input, levels),
            OperatorKind::Union(tables) => self.union_with(input, tables, operator),
            OperatorKind::Where(condition) => self.filter(input, condition),
            _ => {
                let what = format!("the operator '{}'", self.operator_name(operator));
                Err(self.unsupported(operator.span, what))
            }
        }
    }

    /// The operator's name as the query writes it.
    pub(super) fn operator_name(&self, operator: &Operator) -> String {
        let rest = self.text.get(operator.span.start..).unwrap_or_default();
        let end = rest.find(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_'));
        rest[..end.unwrap_or(rest.len())].to_owned()
    }

    /// `where …`: a chain of `and` is several predicates, so that each sees fewer rows than the one before.
    pub(super) fn filter(&mut self, input: Plan, condition: &Expression) -> Result<Plan> {
        let (predicates, rows) = self.over(&input, "where", |binder| {
            let conditions = match &condition.kind {
                ExpressionKind::Logical {
                    operator: kusto_kql::ast::LogicalOperator::And,
                    operands,
                } => operands.as_slice(),
                _ => std::slice::from_ref(condition),
            };
            conditions
                .iter()
                .map(|condition| binder.condition(condition))
                .collect()
        })?;
        let width = input.schema.len();
        let has_windows = !rows.windows.is_empty();
        let input = windowed(input, rows.windows);
        let filtered = input.filter(predicates);
        if !has_windows {
            return Ok(filtered);
        }
        Ok(pick(filtered, &(0..width).collect::<Vec<_>>()))
    }

    /// `sort by …`, and `top`, which is a sort that keeps the first rows.
    pub(super) fn sort(
        &mut self,
        input: Plan,
        keys: &[OrderedExpression],
        limit: Option<u64>,
        operator: &'static str,
    ) -> Result<Plan> {
        let span = keys.first().map(|key| key.span).unwrap_or_default();
        let (keys, rows) = self.over(&input, operator, |binder| {
            let mut bound = Vec::with_capacity(keys.len());
            for key in keys {
                let value = binder.scalar(&key.expression.expression)?;
                let ascending = key.order == Some(Order::Asc);
                bound.push(SortKey {
                    value,
                    descending: !ascending,
                    nulls_first: match key.nulls {
                        Some(nulls) => nulls == Nulls::First,
                        None => ascending,
                    },
                });
            }
            Ok(bound)
        })?;
        if !rows.windows.is_empty() {
            self.operator = operator;
            return Err(self.unsupported(span, "a function over neighbouring rows as a sort key"));
        }
        let mut plan = input.over(Node::Sort {
            input: input.clone(),
            keys,
            limit,
        });
        plan.serialized = true;
        Ok(plan)
    }

    fn count_rows(&mut self, input: Plan, name: &str, span: Span) -> Result<Plan> {
        let node = Node::Aggregate {
            input,
            keys: Vec::new(),
            aggregates: vec![self.bound_aggregate("count", Vec::new(), span)?],
        };
        let schema = vec![Column::new(name, ColumnType::Long)];
        Ok(Plan::new(schema, false, node))
    }

    /// `distinct …`
    fn distinct(&mut self, input: Plan, expressions: &[NamedExpression]) -> Result<Plan> {
        let columns = match expressions {
            [only] if only.expression.kind == ExpressionKind::Star => input.columns(),
            _ => {
                let (columns, _) = self.over(&input, "distinct", |binder| {
                    let mut columns = Columns::default();
                    for named in expressions {
                        let scalar = binder.scalar(&named.expression)?;
                        let name = match binder.single_name(named)? {
                            Some(name) => name.text.clone(),
                            None => match result_name(&named.expression) {
                                Some(name) => name,
                                None => columns.unnamed(),
                            },
                        };
                        columns.add(&name, scalar);
                    }
                    Ok(columns)
                })?;
                columns.into_inner()
            }
        };
        let (schema, keys): (Vec<_>, _) = columns.into_iter().unzip();
        Ok(Plan::new(
            schema,
            false,
            Node::Aggregate {
                input,
                keys,
                aggregates: Vec::new(),
            },
        ))
    }
}

/// `getschema`: the columns of a table as rows.
fn schema_rows(input: &Plan) -> Plan {
    use arrow_array::{ArrayRef, Int32Array, StringArray};
    let columns = &input.schema;
    let names = StringArray::from_iter_values(columns.iter().map(|column| &column.name));
    let ordinals = Int32Array::from_iter_values(0..columns.len() as i32);
    let types = StringArray::from_iter_values(columns.iter().map(|column| column.column_type.dotnet_name()));
    let kinds = StringArray::from_iter_values(columns.iter().map(|column| column.column_type.as_str()));
    let arrays: Vec<ArrayRef> = vec![
        std::sync::Arc::new(names),
        std::sync::Arc::new(ordinals),
        std::sync::Arc::new(types),
        std::sync::Arc::new(kinds),
    ];
    let schema = vec![
        Column::new("ColumnName", ColumnType::String),
        Column::new("ColumnOrdinal", ColumnType::Int),
        Column::new("DataType", ColumnType::String),
        Column::new("ColumnType", ColumnType::String),
    ];
    Plan::new(schema, true, Node::Rows(vec![Batch::new(arrays, columns.len())]))
}

/// How many plans may lie below one another: running them takes stack for each.
const MAX_PLAN_DEPTH: usize = 2000;

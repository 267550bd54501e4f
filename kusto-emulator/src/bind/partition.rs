//! `partition`, `top-nested`, `top-hitters`: queries over parts of the rows.

use kusto_kql::ast::{
    Expression, ExpressionKind, Operator, Order, Partition, PartitionBody, Span, TopHitters, TopNested,
};
use kusto_protocol::Column;

use super::column::{Columns, pick};
use super::environment::Binding;
use super::name::result_name;
use super::source::materialized;
use super::{Aggregates, Binder, Result};
use crate::plan::{Join, JoinKind, Node, Plan, Scalar, SortKey};
use crate::vector::Vector;

impl Binder<'_> {
    /// `partition by column (operators)`
    pub(super) fn partition(
        &mut self,
        input: Plan,
        partition: &Partition,
        operator: &Operator,
    ) -> Result<Plan> {
        self.operator = "partition";
        if partition.values.is_some() {
            return Err(self.unsupported(operator.span, "'partition … in (…)'"));
        }
        let ExpressionKind::Name(name) = &partition.by.kind else {
            let message = "A column name is expected after 'by'.";
            return Err(self.semantic(partition.by.span, "SEM0020", message));
        };
        let Some(key) = super::position(&input.schema, name) else {
            let message = format!("Failed to resolve column named '{name}'.");
            return Err(self.semantic(partition.by.span, "SEM0100", message));
        };
        let operators = match &partition.body {
            PartitionBody::Operators(operators) => operators,
            PartitionBody::Query(query) => return self.partition_query(&input, key, query, operator.span),
        };
        let elements = input.over(Node::Elements);
        let body = self.without_rows(|binder| binder.operators(elements, operators))?;
        Ok(partition_plan(input, vec![key], body))
    }

    /// `partition by column { query }`: the query for each value of the column, whose name means that value.
    fn partition_query(&mut self, input: &Plan, key: usize, query: &Expression, span: Span) -> Result<Plan> {
        let column = pick(input.clone(), &[key]);
        let values = column.over(Node::Aggregate {
            keys: vec![Scalar::Column(0, column.schema[0].column_type.clone())],
            input: column.clone(),
            aggregates: Vec::new(),
        });
        let name = &column.schema[0].name;
        let ty = &column.schema[0].column_type;
        let mut plans = Vec::new();
        for batch in crate::exec::collect(&values, self.session)? {
            for row in 0..batch.num_rows() {
                if plans.len() == MAX_PARTITIONS {
                    let message = format!("There are more than {MAX_PARTITIONS} partitions.");
                    return Err(self.semantic(span, "SEM0044", message));
                }
                let value = Vector::new_constant(ty.clone(), batch.columns()[0].slice(row, 1));
                plans.push(self.with_value(name, value, query)?);
            }
        }
        if plans.is_empty() {
            // No value, no rows; the columns are those that there would be.
            let plan = self.with_value(name, Vector::null(ty.clone()), query)?;
            return Ok(plan.over(Node::Rows(Vec::new())));
        }
        Ok(super::union::outer(plans))
    }

    /// The query with a name for a value.
    fn with_value(&mut self, name: &str, value: Vector, query: &Expression) -> Result<Plan> {
        let value = Binding::Scalar {
            value: Scalar::Constant(value),
            rows: 0,
        };
        let environment = self.environment.clone();
        self.environment = environment.with(name, value);
        let plan = self.without_rows(|binder| binder.tabular(query));
        self.environment = environment;
        plan
    }

    /// `top-hitters n of expression by weight`
    pub(super) fn top_hitters(&mut self, input: Plan, top: &TopHitters) -> Result<Plan> {
        let count = self.count(&top.count)?;
        let (bound, _) = self.over(&input, "top-hitters", |binder| {
            let value = binder.scalar(&top.of.expression)?;
            let weight = top
                .by
                .as_ref()
                .map(|by| binder.scalar(&by.expression.expression))
                .transpose()?;
            Ok((value, weight))
        })?;
        let (value, weight) = bound;
        let (function, arguments) = match weight {
            Some(weight) => ("sum", vec![weight]),
            None => ("count", Vec::new()),
        };
        let name = result_name(&top.of.expression).unwrap_or_else(|| "Column1".to_owned());
        let measured = match &top.by {
            Some(by) => result_name(&by.expression.expression).unwrap_or_default(),
            None => name.clone(),
        };
        let call = self.bound_aggregate(function, arguments, top.of.span)?;
        let ty = call.aggregate.types[0].clone();
        let schema = vec![
            Column::new(name, value.ty().clone()),
            Column::new(format!("approximate_{function}_{measured}"), ty.clone()),
        ];
        let node = Node::Aggregate {
            input,
            keys: vec![value],
            aggregates: vec![call],
        };
        let hitters = Plan::new(schema, true, node);
        Ok(first_by(&hitters, Scalar::Column(1, ty), true, Some(count)))
    }

    /// `top-nested n of a by x, top-nested m of b by y, …`: the best values of `a`, of each the best of `b`, …
    pub(super) fn top_nested(&mut self, input: Plan, levels: &[TopNested]) -> Result<Plan> {
        self.operator = "top-nested";
        let input = materialized(input);
        // The rows of the values that were kept so far, and those values: key, measure, key, measure, …
        let mut rows = input.clone();
        let mut kept: Option<Plan> = None;
        let mut keys: Vec<Scalar> = Vec::new();
        let mut columns = Columns::default();
        for level in levels {
            if let Some(others) = &level.others {
                return Err(self.unsupported(others.span, "'with others' of 'top-nested'"));
            }
            let count = level.count.as_ref().map(|count| self.count(count)).transpose()?;
            let (measured, key) = self.nested_level(&rows, level, &keys)?;
            let parents = keys.len();
            keys.push(key);
            let measure_type = measured.schema[parents + 1].column_type.clone();
            let measure = Scalar::Column(parents + 1, measure_type);
            let descending = level.by.order != Some(Order::Asc);
            let best = match parents {
                0 => first_by(&measured, measure, descending, count),
                _ => {
                    let elements = measured.over(Node::Elements);
                    let body = first_by(&elements, measure, descending, count);
                    partition_plan(measured, (0..parents).collect(), body)
                }
            };
            kept = Some(match kept {
                None => best,
                Some(kept) => nest(kept, best, parents),
            });
            let name = match self.single_name(&level.of)? {
                Some(name) => name.text.clone(),
                None => result_name(&level.of.expression).unwrap_or_else(|| columns.unnamed()),
            };
            let measure_name = match self.single_name(&level.by.expression)? {
                Some(name) => name.text.clone(),
                None => format!("aggregated_{name}"),
            };
            let Some(plan) = &kept else { continue };
            for (place, name) in [(parents * 2, name), (parents * 2 + 1, measure_name)] {
                columns.add(
                    &name,
                    Scalar::Column(place, plan.schema[place].column_type.clone()),
                );
            }
            rows = semi_join(&rows, plan, &keys);
        }
        match kept {
            Some(plan) => Ok(plan.project(columns.into_inner())),
            None => Ok(input),
        }
    }

    /// The values of one level with their measure: the keys of the levels above, the value, the measure.
    fn nested_level(&mut self, rows: &Plan, level: &TopNested, parents: &[Scalar]) -> Result<(Plan, Scalar)> {
        let (bound, scope) = self.over(rows, "top-nested", |binder| {
            let key = binder.scalar(&level.of.expression)?;
            if let Some(rows) = &mut binder.rows {
                rows.aggregates = Some(Aggregates {
                    num_keys: parents.len() + 1,
                    calls: Vec::new(),
                    types: Vec::new(),
                });
            }
            let measure = binder.scalar(&level.by.expression.expression)?;
            Ok((key, measure))
        })?;
        let (key, measure) = bound;
        let aggregates = scope
            .aggregates
            .map(|aggregates| (aggregates.calls, aggregates.types));
        let (calls, types) = aggregates.unwrap_or_default();
        let mut keys = parents.to_vec();
        keys.push(key.clone());
        let mut schema: Vec<Column> = keys.iter().map(|key| Column::new("", key.ty().clone())).collect();
        schema.extend(types.into_iter().map(|ty| Column::new("", ty)));
        let num_keys = keys.len();
        let node = Node::Aggregate {
            input: rows.clone(),
            keys,
            aggregates: calls,
        };
        let aggregated = Plan::new(schema, true, node);
        let mut columns = aggregated.columns();
        columns.truncate(num_keys);
        columns.push((Column::new("", measure.ty().clone()), measure));
        Ok((aggregated.project(columns), key))
    }
}

/// The most values for which the service runs a query in braces.
const MAX_PARTITIONS: usize = 64;

/// Runs `body` over each group of rows with equal values in the columns `keys`.
fn partition_plan(input: Plan, keys: Vec<usize>, body: Plan) -> Plan {
    Plan::new(body.schema.clone(), false, Node::Partition { input, keys, body })
}

/// The first rows by one key.
fn first_by(input: &Plan, value: Scalar, descending: bool, limit: Option<u64>) -> Plan {
    input.over(Node::Sort {
        input: input.clone(),
        keys: vec![SortKey {
            value,
            descending,
            nulls_first: !descending,
        }],
        limit,
    })
}

/// The rows whose keys are among those of the levels kept.
fn semi_join(rows: &Plan, kept: &Plan, keys: &[Scalar]) -> Plan {
    let right_keys = (0..keys.len())
        .map(|level| Scalar::Column(level * 2, keys[level].ty().clone()))
        .collect();
    rows.over(Node::Join(Join {
        left: rows.clone(),
        right: kept.clone(),
        kind: JoinKind::LeftSemi,
        left_keys: keys.to_vec(),
        right_keys,
        left_columns: (0..rows.schema.len()).collect(),
        right_columns: Vec::new(),
    }))
}

/// The levels kept so far with one more: its value and measure behind theirs.
fn nest(kept: Plan, level: Plan, parents: usize) -> Plan {
    let key = |place: usize, plan: &Plan| Scalar::Column(place, plan.schema[place].column_type.clone());
    let left_keys = (0..parents).map(|parent| key(parent * 2, &kept)).collect();
    let right_keys = (0..parents).map(|parent| key(parent, &level)).collect();
    let mut schema = kept.schema.to_vec();
    schema.extend(level.schema[parents..].iter().cloned());
    let places: Vec<usize> = (0..schema.len()).collect();
    let node = Node::Join(Join {
        left_columns: (0..kept.schema.len()).collect(),
        right_columns: (parents..level.schema.len()).collect(),
        left: kept,
        right: level,
        kind: JoinKind::Inner,
        left_keys,
        right_keys,
    });
    pick(Plan::new(schema, false, node), &places)
}

//! Plans that do less for the same rows: columns that nobody reads are dropped where they come from, filters go
//! below projections, and a sort of which only the first rows are wanted keeps no others.

use std::sync::Arc;

use super::late::late;
use super::{
    AggregateCall, Expand, ExpandColumn, ExpandedValue, Join, JoinKind, Node, Parse, ParsedColumn, Plan,
    Scalar,
};
use super::{SortKey, WindowCall};

/// The same rows with less work.
pub(crate) fn prune(plan: &Plan) -> Plan {
    keep(plan, &(0..plan.schema.len()).collect::<Vec<_>>())
}

/// The same rows with the columns at the places `wanted`, in that order.
fn keep(plan: &Plan, wanted: &[usize]) -> Plan {
    match &*plan.node {
        Node::Table { table, columns } => {
            let columns = wanted.iter().map(|&place| columns[place]).collect();
            narrowed(
                plan,
                wanted,
                Node::Table {
                    table: Arc::clone(table),
                    columns,
                },
            )
        }
        Node::Rows(batches) => narrowed(
            plan,
            wanted,
            Node::Rows(batches.iter().map(|batch| batch.pick(wanted)).collect()),
        ),
        Node::Filter {
            input, predicates, ..
        } => filter(plan, input, predicates, wanted),
        Node::Project { input, columns } => {
            let columns: Vec<&Scalar> = wanted.iter().map(|&place| &columns[place]).collect();
            let needed = places(&columns);
            let columns = columns.into_iter().map(|column| moved(column, &needed)).collect();
            narrowed(
                plan,
                wanted,
                Node::Project {
                    input: keep(input, &needed),
                    columns,
                },
            )
        }
        Node::Take { input, count } => {
            let input = match &*input.node {
                // The order is what decides which rows are first.
                Node::Sort {
                    input: sorted,
                    keys,
                    limit,
                } => input.over(Node::Sort {
                    input: sorted.clone(),
                    keys: keys.clone(),
                    limit: Some(limit.map_or(*count, |limit| limit.min(*count))),
                }),
                _ => input.clone(),
            };
            narrowed(
                plan,
                wanted,
                Node::Take {
                    input: keep(&input, wanted),
                    count: *count,
                },
            )
        }
        Node::Sample { input, count } => narrowed(
            plan,
            wanted,
            Node::Sample {
                input: keep(input, wanted),
                count: *count,
            },
        ),
        Node::Sort { input, keys, limit } => {
            let values: Vec<&Scalar> = keys.iter().map(|key| &key.value).collect();
            let needed = with(wanted, &places(&values));
            let keys = keys
                .iter()
                .map(|key| SortKey {
                    value: moved(&key.value, &needed),
                    ..key.clone()
                })
                .collect();
            let input = keep(input, &needed);
            let sorted = Plan {
                serialized: plan.serialized,
                ..input.over(late(input.clone(), keys, *limit))
            };
            pick(sorted, &needed, wanted)
        }
        Node::Aggregate {
            input,
            keys,
            aggregates,
        } => {
            let arguments = aggregates.iter().flat_map(|call| &call.arguments);
            let needed = places(&keys.iter().chain(arguments).collect::<Vec<_>>());
            let node = Node::Aggregate {
                input: keep(input, &needed),
                keys: keys.iter().map(|key| moved(key, &needed)).collect(),
                aggregates: aggregates
                    .iter()
                    .map(|call| AggregateCall {
                        aggregate: call.aggregate.clone(),
                        arguments: call
                            .arguments
                            .iter()
                            .map(|argument| moved(argument, &needed))
                            .collect(),
                    })
                    .collect(),
            };
            pick_all(plan.over(node), wanted)
        }
        Node::Join(join) => narrowed_join(plan, join, wanted),
        Node::Union(inputs) => narrowed(
            plan,
            wanted,
            Node::Union(inputs.iter().map(|input| keep(input, wanted)).collect()),
        ),
        Node::Expand(expand) => narrowed_expand(plan, expand, wanted),
        Node::Parse(parse) => {
            let width = parse.input.schema.len();
            let from_input: Vec<usize> = wanted.iter().copied().filter(|&place| place < width).collect();
            let needed = with(&sorted(from_input), &places(&[&parse.text]));
            let parsed: Vec<usize> = (width..plan.schema.len()).collect();
            let available = with(&needed, &parsed);
            let node = Node::Parse(Parse {
                input: keep(&parse.input, &needed),
                text: moved(&parse.text, &needed),
                regex: parse.regex.clone(),
                columns: parse
                    .columns
                    .iter()
                    .map(|column| ParsedColumn {
                        group: column.group,
                        value: column.value.clone(),
                    })
                    .collect(),
                ..*parse
            });
            pick(narrowed(plan, &available, node), &available, wanted)
        }
        Node::Window { input, calls } => {
            let width = input.schema.len();
            let arguments: Vec<&Scalar> = calls.iter().flat_map(|call| &call.arguments).collect();
            let read = places(&arguments).into_iter().chain(wanted.iter().copied());
            let needed = sorted(read.filter(|&place| place < width).collect());
            let available = with(&needed, &(width..plan.schema.len()).collect::<Vec<_>>());
            let calls = calls
                .iter()
                .map(|call| WindowCall {
                    function: call.function,
                    arguments: call
                        .arguments
                        .iter()
                        .map(|argument| moved(argument, &available))
                        .collect(),
                    ty: call.ty.clone(),
                })
                .collect();
            let node = Node::Window {
                input: keep(input, &needed),
                calls,
            };
            pick(narrowed(plan, &available, node), &available, wanted)
        }
        Node::Numbered { .. }
        | Node::Fetch { .. }
        | Node::Range { .. }
        | Node::RangeReal { .. }
        | Node::Apply(_)
        | Node::KeyValues(_)
        | Node::Elements
        | Node::Partition { .. }
        | Node::Series(_)
        | Node::Steps(_)
        | Node::Paths(_)
        | Node::Components(_)
        | Node::Materialized { .. } => pick_all(plan.clone(), wanted),
    }
}

/// A filter goes below a projection that only passes the columns it reads on.
fn filter(plan: &Plan, input: &Plan, predicates: &[Scalar], wanted: &[usize]) -> Plan {
    let read = places(&predicates.iter().collect::<Vec<_>>());
    if let Node::Project {
        input: below,
        columns,
    } = &*input.node
        && read
            .iter()
            .all(|&place| matches!(columns[place], Scalar::Column(..)))
    {
        let source = |place: usize| match &columns[place] {
            Scalar::Column(source, _) => *source,
            _ => place,
        };
        let predicates = predicates
            .iter()
            .map(|predicate| predicate.map_columns(&source))
            .collect();
        let filtered = below.clone().filter(predicates);
        let projected = input.over(Node::Project {
            input: filtered,
            columns: columns.clone(),
        });
        return keep(&projected, wanted);
    }
    if let Node::Join(join) = &*input.node
        && matches!(
            join.kind,
            JoinKind::Inner
                | JoinKind::InnerUnique
                | JoinKind::LeftOuter
                | JoinKind::LeftSemi
                | JoinKind::LeftAnti
        )
        && read.iter().all(|&place| place < join.left_columns.len())
        && predicates.iter().all(Scalar::is_deterministic)
    {
        // The service too filters before it joins: it shows in which of the left rows `innerunique` keeps.
        let below = predicates
            .iter()
            .map(|predicate| predicate.map_columns(&|place| join.left_columns[place]));
        let joined = input.over(Node::Join(Join {
            left: join.left.clone().filter(below.collect()),
            ..join.clone()
        }));
        return keep(&joined, wanted);
    }
    let needed = with(wanted, &read);
    let node = Node::Filter {
        input: keep(input, &needed),
        predicates: predicates
            .iter()
            .map(|predicate| moved(predicate, &needed))
            .collect(),
        columns: wanted.iter().map(|&place| place_in(&needed, place)).collect(),
    };
    narrowed(plan, wanted, node)
}

fn narrowed_join(plan: &Plan, join: &Join, wanted: &[usize]) -> Plan {
    let from_left = join.left_columns.len();
    let (left, right): (Vec<usize>, Vec<usize>) = wanted.iter().partition(|&&place| place < from_left);
    let left_columns: Vec<usize> = sorted(left.iter().map(|&place| join.left_columns[place]).collect());
    let right_columns: Vec<usize> = sorted(
        right
            .iter()
            .map(|&place| join.right_columns[place - from_left])
            .collect(),
    );
    let left_needed = with(&left_columns, &places(&join.left_keys.iter().collect::<Vec<_>>()));
    let right_needed = with(
        &right_columns,
        &places(&join.right_keys.iter().collect::<Vec<_>>()),
    );
    // The columns that come out now, by their old places.
    let old_left = (0..from_left).filter(|&place| left_columns.contains(&join.left_columns[place]));
    let old_right = (0..join.right_columns.len())
        .filter(|&place| right_columns.contains(&join.right_columns[place]))
        .map(|place| place + from_left);
    let available: Vec<usize> = old_left.chain(old_right).collect();
    let node = Node::Join(Join {
        left: keep(&join.left, &left_needed),
        right: keep(&join.right, &right_needed),
        kind: join.kind,
        left_keys: join
            .left_keys
            .iter()
            .map(|key| moved(key, &left_needed))
            .collect(),
        right_keys: join
            .right_keys
            .iter()
            .map(|key| moved(key, &right_needed))
            .collect(),
        left_columns: left_columns
            .iter()
            .map(|&place| place_in(&left_needed, place))
            .collect(),
        right_columns: right_columns
            .iter()
            .map(|&place| place_in(&right_needed, place))
            .collect(),
    });
    pick(narrowed(plan, &available, node), &available, wanted)
}

fn narrowed_expand(plan: &Plan, expand: &Expand, wanted: &[usize]) -> Plan {
    let width = expand.columns.len();
    let index: Vec<usize> = (width..plan.schema.len()).collect();
    let available = with(&sorted(wanted.to_vec()), &index);
    let columns: Vec<ExpandColumn> = available
        .iter()
        .filter(|&&place| place < width)
        .map(|&place| expand.columns[place])
        .collect();
    let values: Vec<&Scalar> = expand.values.iter().map(|value| &value.value).collect();
    let passed = columns.iter().filter_map(|column| match column {
        ExpandColumn::Input(place) => Some(*place),
        ExpandColumn::Element(_) => None,
    });
    let needed = with(&sorted(passed.collect()), &places(&values));
    let node = Node::Expand(Expand {
        input: keep(&expand.input, &needed),
        values: expand
            .values
            .iter()
            .map(|value| ExpandedValue {
                value: moved(&value.value, &needed),
                ty: value.ty.clone(),
                conversion: value.conversion.clone(),
            })
            .collect(),
        columns: columns
            .into_iter()
            .map(|column| match column {
                ExpandColumn::Input(place) => ExpandColumn::Input(place_in(&needed, place)),
                element @ ExpandColumn::Element(_) => element,
            })
            .collect(),
        ..*expand
    });
    pick(narrowed(plan, &available, node), &available, wanted)
}

/// A plan of some of the columns of another, whose order of rows it keeps.
fn narrowed(plan: &Plan, places: &[usize], node: Node) -> Plan {
    let schema: Vec<_> = places.iter().map(|&place| plan.schema[place].clone()).collect();
    Plan::new(schema, plan.serialized, node)
}

/// The columns `wanted` of a plan that gives those of `available`, both by their old places.
fn pick(plan: Plan, available: &[usize], wanted: &[usize]) -> Plan {
    let places: Vec<usize> = wanted.iter().map(|&place| place_in(available, place)).collect();
    pick_all(plan, &places)
}

fn pick_all(plan: Plan, wanted: &[usize]) -> Plan {
    if wanted.iter().copied().eq(0..plan.schema.len()) {
        return plan;
    }
    let columns = plan.columns();
    plan.project(wanted.iter().map(|&place| columns[place].clone()).collect())
}

/// The places that expressions read, each once, in order.
pub(super) fn places(scalars: &[&Scalar]) -> Vec<usize> {
    let mut places = Vec::new();
    for scalar in scalars {
        scalar.visit_columns(&mut |place| places.push(place));
    }
    sorted(places)
}

fn sorted(mut places: Vec<usize>) -> Vec<usize> {
    places.sort_unstable();
    places.dedup();
    places
}

/// All of `first`, then what `second` adds.
pub(super) fn with(first: &[usize], second: &[usize]) -> Vec<usize> {
    let mut places = first.to_vec();
    places.extend(second.iter().filter(|place| !first.contains(place)));
    places
}

/// The expression over the columns that are left.
pub(super) fn moved(scalar: &Scalar, kept: &[usize]) -> Scalar {
    scalar.map_columns(&|place| place_in(kept, place))
}

/// Where a column has gone. All that are read were kept.
fn place_in(kept: &[usize], place: usize) -> usize {
    let found = kept.iter().position(|&kept| kept == place);
    debug_assert!(found.is_some(), "a column that is read was dropped");
    found.unwrap_or(0)
}

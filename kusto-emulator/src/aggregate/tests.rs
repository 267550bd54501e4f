//! Behaviour of aggregates on a few rows in two batches.

use std::sync::Arc;

use kusto_protocol::{ColumnType, Value};

use super::{all, is_aggregate, resolve};
use crate::function::Argument;
use crate::function::tests::{EXTREMES, value};
use crate::types;
use crate::vector::Vector;

/// A column of values written as KQL would: `long: 1, null, 3`. A single value stands for all rows.
fn column(text: &str, rows: usize) -> Vector {
    let (ty, values) = text.split_once(':').unwrap();
    let ty = ColumnType::from_name(ty);
    let constants: Vec<Vector> = values
        .split(';')
        .map(|value| {
            let text = Vector::constant(ColumnType::String, Value::String(value.trim()));
            match value.trim() {
                "null" => Vector::null(ty.clone()),
                _ if ty == ColumnType::Dynamic => Vector::new_constant(ty.clone(), Arc::clone(text.values())),
                _ => crate::function::cast(&text, &ty).unwrap(),
            }
        })
        .collect();
    if let [constant] = constants.as_slice()
        && rows != 1
    {
        return constant.clone();
    }
    assert_eq!(constants.len(), rows, "{text}");
    let arrays: Vec<_> = constants
        .iter()
        .map(|constant| &**constant.values() as _)
        .collect();
    let places: Vec<_> = (0..rows).map(|row| (row, 0)).collect();
    Vector::new(
        ty,
        arrow_select::interleave::interleave(&arrays, &places).unwrap(),
    )
}

/// Runs an aggregate over columns, cut into two batches; gives the values of each group as text.
fn aggregate(name: &str, groups: &[u32], num_groups: usize, columns: &[&str]) -> Vec<String> {
    let rows = groups.len();
    let vectors: Vec<Vector> = columns.iter().map(|text| column(text, rows)).collect();
    let arguments: Vec<Argument<'_>> = vectors
        .iter()
        .map(|vector| Argument {
            ty: vector.ty(),
            constant: vector.is_constant().then_some(vector),
        })
        .collect();
    let aggregate = resolve(name, &arguments).unwrap_or_else(|error| panic!("{name}: {}", error.message));
    let mut accumulator = aggregate.accumulator();
    let middle = rows / 2;
    for (from, to) in [(0, middle), (middle, rows)] {
        let batch: Vec<Vector> = vectors
            .iter()
            .map(|vector| match vector.is_constant() {
                true => vector.clone(),
                false => Vector::new(vector.ty().clone(), vector.values().slice(from, to - from)),
            })
            .collect();
        accumulator
            .update(&groups[from..to], num_groups, &batch, to - from)
            .unwrap();
    }
    let outputs = accumulator.finish(num_groups).unwrap();
    let found: Vec<_> = outputs.iter().map(|output| output.ty().clone()).collect();
    assert_eq!(found, aggregate.types, "{name}");
    for output in &outputs {
        assert_eq!(output.values().data_type(), &types::data_type(output.ty()));
    }
    (0..num_groups)
        .map(|group| {
            let values = outputs.iter().map(|output| match output.value(group) {
                Value::Null => "null".to_owned(),
                value => crate::function::conversion::text(value).into_owned(),
            });
            values.collect::<Vec<_>>().join(" | ")
        })
        .collect()
}

/// Asserts what an aggregate gives over all rows as one group.
#[track_caller]
fn check(name: &str, columns: &[&str], expected: &str) {
    let rows = columns
        .iter()
        .map(|column| column.split(';').count())
        .max()
        .unwrap_or(4);
    assert_eq!(
        aggregate(name, &vec![0; rows], 1, columns),
        [expected],
        "{name}({columns:?})"
    );
}

#[test]
fn nulls_do_not_count() {
    check("count", &[], "4");
    check("countif", &["bool:true;null;false;true"], "2");
    check("sum", &["int:1;null;3"], "4");
    check("sum", &["decimal:0.1;0.2"], "0.3");
    check(
        "sum",
        &["timespan:1:00:00;01:30:00"
            .replace("1:00:00;", "01:00:00;")
            .as_str()],
        "02:30:00",
    );
    check("avg", &["long:1;null;4"], "2.5");
    check(
        "avg",
        &["datetime:2024-01-01;2024-01-03"],
        "2024-01-02T00:00:00.0000000Z",
    );
    check("min", &["string:b;a;c"], "a");
    check("max", &["real:NaN;2;1"], "2.0");
    check("max", &["int:1;null;3"], "3");
    check(
        "min",
        &["datetime:2024-01-03;2024-01-01"],
        "2024-01-01T00:00:00.0000000Z",
    );
    check("max", &["decimal:9;10"], "10");
    check("dcount", &["long:1;null;1;2"], "2");
    check("count_distinct", &["string:a;A;a"], "2");
}

#[test]
fn conditions_select_rows() {
    check("sumif", &["long:1;2;4", "bool:true;false;true"], "5");
    check("avgif", &["long:1;2;4", "bool:false;true;true"], "3.0");
    check("dcountif", &["long:1;2;4", "bool:true;true;null", "long:4"], "2");
    check(
        "make_list_if",
        &["string:a;b;c", "bool:true;false;true"],
        r#"["a","c"]"#,
    );
    check("take_anyif", &["string:a;b", "bool:false;true"], "b");
}

#[test]
fn nothing_at_all_gives_what_the_service_gives() {
    let empty = |name, columns: &[&str]| {
        let vectors: Vec<Vector> = columns.iter().map(|text| column(text, 1)).collect();
        let arguments: Vec<Argument<'_>> = vectors
            .iter()
            .map(|vector| Argument {
                ty: vector.ty(),
                constant: Some(vector),
            })
            .collect();
        let outputs = resolve(name, &arguments)
            .unwrap()
            .accumulator()
            .finish(1)
            .unwrap();
        format!("{:?}", outputs[0].value(0))
    };
    assert_eq!(empty("count", &[]), "Long(0)");
    assert_eq!(empty("sum", &["long:1"]), "Long(0)");
    assert_eq!(empty("avg", &["long:1"]), "Real(NaN)");
    assert_eq!(empty("stdev", &["long:1"]), "Real(0.0)");
    assert_eq!(empty("max", &["long:1"]), "Null");
    assert_eq!(empty("make_list", &["long:1"]), "Dynamic(\"[]\")");
    assert_eq!(empty("arg_max", &["long:1", "string:x"]), "Null");
    assert_eq!(empty("take_any", &["string:x"]), "String(\"\")");
    assert_eq!(empty("percentile", &["long:1", "long:50"]), "Null");
}

#[test]
fn deviations_are_of_samples_or_populations() {
    check("stdev", &["long:1;2;3;4;5"], "1.5811388300841898");
    check("variancep", &["long:1;2;3;4;5"], "2.0");
    check("variance", &["long:7"], "0.0");
    check("covariance", &["real:1;2;3;4;5", "real:14;10;17;20;50"], "20.5");
}

#[test]
fn lists_keep_order_and_sets_drop_repetitions() {
    check("make_list", &["long:3;null;1;3"], "[3,1,3]");
    check("make_list_with_nulls", &["long:3;null"], "[3,null]");
    check("make_list", &["long:3;2;1", "long:2"], "[3,2]");
    check("make_set", &["string:b;a;b"], r#"["b","a"]"#);
    check(
        "make_list",
        &["datetime:2024-01-01"],
        r#"["2024-01-01T00:00:00.0000000Z"]"#,
    );
    check("make_list", &["dynamic:{\"a\":1}"], r#"[{"a":1}]"#);
    check(
        "make_bag",
        &["dynamic:{\"a\":1};{\"b\":2,\"a\":3};[1]"],
        r#"{"a":1,"b":2}"#,
    );
}

#[test]
fn rows_are_picked_whole() {
    check("arg_max", &["long:1;3;2", "string:a;b;c"], "3 | b");
    check("arg_min", &["int:null;1;null", "string:a;b;c"], "1 | b");
    check("arg_min", &["int:null;null", "string:a;b"], "null | a");
    check("arg_max", &["decimal:9;10", "string:a;b"], "10 | b");
    check("arg_max", &["long:2;2", "string:a;b"], "2 | a");
    check("take_any", &["long:null;2"], "2");
    check("take_any", &["long:1;2", "string:a;b"], "1 | a");
}

#[test]
fn many_batches_are_compacted() {
    let value = column("long:0", 1);
    let argument = Argument {
        ty: value.ty(),
        constant: None,
    };
    let mut accumulator = resolve("arg_max", &[argument, argument]).unwrap().accumulator();
    for batch in 0..100_i64 {
        let vector = Vector::new(
            ColumnType::Long,
            Arc::new(arrow_array::Int64Array::from(vec![batch, 200 - batch])),
        );
        accumulator
            .update(&[0, 1], 3, &[vector.clone(), vector], 2)
            .unwrap();
    }
    let outputs = accumulator.finish(3).unwrap();
    let values: Vec<_> = (0..3)
        .map(|group| format!("{:?}", outputs[1].value(group)))
        .collect();
    assert_eq!(values, ["Long(99)", "Long(200)", "Null"]);
}

#[test]
fn percentiles_are_values_of_the_nearest_rank() {
    check("percentile", &["long:1;2;3;4", "long:50"], "2");
    check(
        "percentiles",
        &["real:-1;-2;3", "long:0", "real:50", "long:100"],
        "-2.0 | -1.0 | 3.0",
    );
    check("percentiles_array", &["long:1;2;3", "dynamic:[50,100]"], "[2,3]");
    check(
        "percentilesw",
        &[
            "long:10;20;30;40",
            "long:8;6;3;1",
            "long:50",
            "long:75",
            "real:99.9",
        ],
        "20 | 20 | 40",
    );
    check(
        "percentile",
        &["timespan:00:00:01;00:00:02", "long:100"],
        "00:00:02",
    );
}

#[test]
fn bits_are_combined() {
    check("binary_all_and", &["long:7;3;null"], "3");
    check("binary_all_or", &["long:4;1"], "5");
    check("binary_all_xor", &["long:7;3"], "4");
}

#[test]
fn groups_are_kept_apart() {
    assert_eq!(
        aggregate("sum", &[0, 1, 0, 1], 3, &["long:1;2;3;4"]),
        ["4", "6", "0"]
    );
    assert_eq!(
        aggregate("arg_max", &[0, 1, 0, 1], 3, &["long:1;2;3;4", "string:a;b;c;d"]),
        ["3 | c", "4 | d", "null | "]
    );
}

#[test]
fn names_are_known() {
    assert!(is_aggregate("dcount") && !is_aggregate("strlen"));
    assert!(all().all(|function| !function.signature.is_empty()));
    let error = resolve("dcont", &[]).unwrap_err();
    assert!(
        error.message.ends_with("Did you mean 'dcount'?"),
        "{}",
        error.message
    );
}

#[test]
fn no_aggregate_panics_whatever_it_is_given() {
    for function in all() {
        for (shift, _) in EXTREMES.iter().enumerate() {
            for len in function.min_arguments..=function.max_arguments.min(function.min_arguments + 2) {
                let vectors: Vec<Vector> = (0..len)
                    .map(|index| {
                        // The first argument runs through all values, the others differ from it and each other.
                        let (ty, value) = value(EXTREMES[(shift + index * 7) % EXTREMES.len()]);
                        Vector::constant(ty, value)
                    })
                    .collect();
                let arguments: Vec<Argument<'_>> = vectors
                    .iter()
                    .map(|vector| Argument {
                        ty: vector.ty(),
                        constant: Some(vector),
                    })
                    .collect();
                // Refusing is fine; what is bound must run, or fail with an error.
                let Ok(aggregate) = resolve(function.name, &arguments) else {
                    continue;
                };
                let mut accumulator = aggregate.accumulator();
                if accumulator.update(&[0, 1, 0], 3, &vectors, 3).is_ok()
                    && let Ok(outputs) = accumulator.finish(4)
                {
                    let lens: Vec<_> = outputs.iter().map(|output| output.values().len()).collect();
                    assert_eq!(lens, vec![4; aggregate.types.len()], "{}", function.name);
                }
            }
        }
    }
}

//! Rows into Rust types.

use std::collections::HashMap;
use std::fmt::Debug;

use kusto_protocol::{
    Column, ColumnType, DateTime, Decimal, Guid, RowBatch, RowBatchBuilder, Timespan, Value,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

fn row_of(cells: &[(&str, ColumnType, Value<'_>)]) -> RowBatch {
    let columns: Vec<_> = cells
        .iter()
        .map(|(name, column_type, _)| Column::new(*name, column_type.clone()))
        .collect();
    let values: Vec<_> = cells.iter().map(|(.., value)| *value).collect();
    let mut builder = RowBatchBuilder::new(columns.into());
    builder.push_row(&values).unwrap();
    builder.finish()
}

fn cell(column_type: ColumnType, value: Value<'_>) -> RowBatch {
    row_of(&[("c", column_type, value)])
}

fn read<T: DeserializeOwned>(batch: &RowBatch) -> Result<T, String> {
    batch
        .deserialize()
        .next()
        .unwrap()
        .map_err(|error| error.to_string())
}

/// Reads the cell on its own, in a tuple, in a struct and in a map.
fn read_cell<T: DeserializeOwned + Debug + PartialEq>(batch: &RowBatch) -> Result<T, String> {
    #[derive(Deserialize)]
    struct Struct<T> {
        c: T,
    }
    let alone = read::<T>(batch);
    assert_eq!(read::<(T,)>(batch).map(|(value,)| value), alone);
    assert_eq!(read::<Struct<T>>(batch).map(|Struct { c }| c), alone);
    assert_eq!(
        read::<HashMap<String, T>>(batch).map(|mut map| map.remove("c").unwrap()),
        alone
    );
    alone
}

fn long(number: i64) -> RowBatch {
    cell(ColumnType::Long, Value::Long(number))
}

fn dynamic(text: &str) -> RowBatch {
    cell(ColumnType::Dynamic, Value::Dynamic(text))
}

fn string(text: &str) -> RowBatch {
    cell(ColumnType::String, Value::String(text))
}

#[test]
fn numbers_fit_or_are_refused() {
    assert_eq!(read_cell(&long(-3)), Ok(-3i64));
    assert_eq!(read_cell(&long(200)), Ok(200u8));
    assert_eq!(read_cell(&cell(ColumnType::Int, Value::Int(7))), Ok(7i128));
    assert_eq!(
        read_cell::<u8>(&long(300)),
        Err("column c, row 0: wanted u8, found long 300".into())
    );
    assert_eq!(
        read_cell::<u64>(&long(-1)),
        Err("column c, row 0: wanted u64, found long -1".into())
    );
    assert_eq!(
        read_cell::<i64>(&cell(ColumnType::Real, Value::Real(1.5))),
        Err("column c, row 0: wanted i64, found real 1.5".into())
    );
    assert_eq!(
        read_cell::<i64>(&string("12")),
        Err("column c, row 0: wanted i64, found string".into())
    );
}

#[test]
fn reals_take_whole_numbers_that_they_hold_exactly() {
    assert_eq!(read_cell(&cell(ColumnType::Real, Value::Real(0.5))), Ok(0.5f64));
    assert_eq!(read_cell(&cell(ColumnType::Int, Value::Int(3))), Ok(3f32));
    assert_eq!(read_cell(&long(1 << 60)), Ok((1u64 << 60) as f64));
    assert_eq!(
        read_cell(&cell(ColumnType::Decimal, Value::Decimal("1.25"))),
        Ok(1.25)
    );
    assert_eq!(
        read_cell::<f64>(&long(i64::MAX)),
        Err("column c, row 0: wanted a number that f64 holds exactly, found long 9223372036854775807".into())
    );
}

#[test]
fn text_is_what_the_service_wrote() {
    assert_eq!(read_cell(&string("a")), Ok("a".to_owned()));
    assert_eq!(read_cell(&dynamic("{\"a\": 1}")), Ok("{\"a\": 1}".to_owned()));
    assert_eq!(
        read_cell(&cell(ColumnType::Decimal, Value::Decimal("1.50"))),
        Ok("1.50".to_owned())
    );
    let at = DateTime::UNIX_EPOCH;
    assert_eq!(
        read_cell(&cell(ColumnType::DateTime, Value::DateTime(at))),
        Ok("1970-01-01T00:00:00Z".to_owned())
    );
    assert_eq!(
        read_cell(&cell(ColumnType::Timespan, Value::Timespan(Timespan::ZERO))),
        Ok("00:00:00".to_owned())
    );
    assert_eq!(
        read_cell(&cell(ColumnType::Guid, Value::Guid(Guid::NIL))),
        Ok(Guid::NIL.to_string())
    );
    assert_eq!(
        read_cell::<String>(&long(1)),
        Err("column c, row 0: wanted a string, found long 1".into())
    );
}

#[test]
fn scalars_are_read_from_their_columns_and_from_text() {
    let at = DateTime::from_ticks(12_345);
    assert_eq!(
        read_cell(&cell(ColumnType::DateTime, Value::DateTime(at))),
        Ok(at)
    );
    assert_eq!(read_cell(&string(&at.to_string())), Ok(at));
    let span = Timespan::from_ticks(-1);
    assert_eq!(
        read_cell(&cell(ColumnType::Timespan, Value::Timespan(span))),
        Ok(span)
    );
    assert_eq!(read_cell(&string(&span.to_string())), Ok(span));
    let id = Guid::from_bytes([7; 16]);
    assert_eq!(read_cell(&cell(ColumnType::Guid, Value::Guid(id))), Ok(id));
    assert_eq!(read_cell(&string(&id.to_string())), Ok(id));
    assert_eq!(
        read_cell(&cell(ColumnType::Decimal, Value::Decimal("0.10"))),
        Ok(Decimal::new(10, -2))
    );
    // A number is not taken for ticks.
    assert_eq!(
        read_cell::<DateTime>(&long(5)),
        Err("column c, row 0: wanted a datetime, found long 5".into())
    );
    assert!(
        read_cell::<Guid>(&string("x"))
            .unwrap_err()
            .starts_with("column c, row 0: guid: ")
    );
}

#[test]
fn a_null_needs_an_option() {
    let null = cell(ColumnType::Long, Value::Null);
    assert_eq!(read_cell::<Option<i64>>(&null), Ok(None));
    assert_eq!(
        read_cell::<i64>(&null),
        Err("column c, row 0: wanted i64, found null; an Option takes it".into())
    );
    assert_eq!(read_cell::<Option<i64>>(&long(1)), Ok(Some(1)));
    assert_eq!(read_cell::<Option<i64>>(&dynamic("null")), Ok(None));
    assert_eq!(
        read_cell::<DateTime>(&cell(ColumnType::DateTime, Value::Null)),
        Err("column c, row 0: wanted a datetime, found null; an Option takes it".into())
    );
}

#[test]
fn a_null_string_is_empty() {
    let null = cell(ColumnType::String, Value::Null);
    assert_eq!(read_cell(&null), Ok(String::new()));
    assert_eq!(read_cell::<Option<String>>(&null), Ok(None));
}

#[test]
fn dynamic_values_take_any_shape() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Bag<'a> {
        #[serde(borrow)]
        name: &'a str,
        sizes: Vec<u16>,
    }
    let batch = dynamic(r#"{"name":"x","sizes":[1,2],"other":{}}"#);
    let (bag,): (Bag<'_>,) = batch.row(0).deserialize().unwrap();
    assert_eq!(
        bag,
        Bag {
            name: "x",
            sizes: vec![1, 2]
        }
    );

    assert_eq!(read_cell(&dynamic("12")), Ok(12));
    assert_eq!(read_cell(&dynamic("0.1")), Ok(0.1));
    assert_eq!(read_cell(&dynamic("true")), Ok(true));
    assert_eq!(read::<(Vec<i64>,)>(&dynamic("[1]")), Ok((vec![1],)));
    assert_eq!(
        read_cell::<u8>(&dynamic("[]")),
        Err("column c, row 0: dynamic value: wanted u8, found an array, at byte 0".into())
    );
}

#[test]
fn json_values_take_everything() {
    let batch = row_of(&[
        ("bool", ColumnType::Bool, Value::Bool(true)),
        ("at", ColumnType::DateTime, Value::DateTime(DateTime::MIN)),
        ("bag", ColumnType::Dynamic, Value::Dynamic("{\"a\":[null]}")),
        ("word", ColumnType::Dynamic, Value::Dynamic("word")),
        ("int", ColumnType::Int, Value::Int(1)),
        ("real", ColumnType::Real, Value::Real(1.0)),
        ("null", ColumnType::Long, Value::Null),
    ]);
    assert_eq!(
        read::<serde_json::Value>(&batch).unwrap(),
        serde_json::json!({
            "bool": true, "at": "0001-01-01T00:00:00Z", "bag": {"a": [null]}, "word": "word", "int": 1, "real": 1.0,
            "null": null,
        })
    );
}

#[test]
fn structs_take_columns_by_name() {
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "PascalCase")]
    struct Named {
        state: String,
        #[serde(alias = "Count")]
        n: i64,
        note: Option<String>,
        #[serde(default)]
        weight: f64,
    }
    let batch = row_of(&[
        ("Other", ColumnType::Bool, Value::Null),
        ("Count", ColumnType::Long, Value::Long(1)),
        ("State", ColumnType::String, Value::String("OHIO")),
        ("State", ColumnType::Long, Value::Long(2)),
    ]);
    let expected = Named {
        state: "OHIO".into(),
        n: 1,
        note: None,
        weight: 0.0,
    };
    assert_eq!(read::<Named>(&batch), Ok(expected));
    assert_eq!(
        read::<Named>(&string("x")),
        Err(
            "column State, row 0: the rows have no such column; rename the field, or make it an Option"
                .into()
        )
    );
}

#[test]
fn flattened_structs_take_what_is_left() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Rest {
        a: i64,
        #[serde(flatten)]
        rest: HashMap<String, serde_json::Value>,
    }
    let batch = row_of(&[
        ("a", ColumnType::Long, Value::Long(1)),
        ("b", ColumnType::String, Value::String("x")),
    ]);
    let rest = read::<Rest>(&batch).unwrap();
    assert_eq!(rest.a, 1);
    assert_eq!(rest.rest["b"], "x");
}

#[test]
fn tuples_take_columns_by_place() {
    let batch = row_of(&[
        ("a", ColumnType::Long, Value::Long(1)),
        ("b", ColumnType::String, Value::String("x")),
    ]);
    assert_eq!(read::<(i64, String)>(&batch), Ok((1, "x".to_owned())));
    assert_eq!(
        read::<(i64,)>(&batch),
        Err("row 0: wanted 1 value, found 2".into())
    );
    assert_eq!(
        read::<i64>(&batch),
        Err("row 0: wanted i64, found a row of 2 columns".into())
    );
    assert_eq!(
        read::<Vec<serde_json::Value>>(&batch).unwrap(),
        [serde_json::json!(1), serde_json::json!("x")]
    );
}

#[test]
fn enums_take_the_name_of_a_variant() {
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Level {
        Info,
        Error,
    }
    assert_eq!(read_cell(&string("error")), Ok(Level::Error));
    assert_eq!(read_cell(&dynamic("info")), Ok(Level::Info));
    assert_eq!(read_cell(&dynamic("\"info\"")), Ok(Level::Info));
    assert!(
        read_cell::<Level>(&string("loud"))
            .unwrap_err()
            .starts_with("column c, row 0: unknown variant")
    );
}

#[test]
fn newtypes_are_what_they_hold() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Meters(f64);
    assert_eq!(read_cell(&long(3)), Ok(Meters(3.0)));
}

#[test]
fn a_row_with_an_error_does_not_stop_the_next() {
    let mut builder = RowBatchBuilder::new([Column::new("n", ColumnType::Long)].into());
    for number in [1, 300, 2] {
        builder.push_row(&[Value::Long(number)]).unwrap();
    }
    let batch = builder.finish();
    let mut numbers = batch.deserialize::<u8>();
    assert_eq!(numbers.len(), 3);
    assert_eq!(numbers.next(), Some(Ok(1)));
    assert_eq!(numbers.next().unwrap().unwrap_err().row(), Some(1));
    assert_eq!(numbers.next(), Some(Ok(2)));
    assert_eq!(numbers.next(), None);
}

/// Rows of two columns, more than one, so that what was found out with the first is used for the others.
fn pairs() -> RowBatch {
    let columns = [
        Column::new("b", ColumnType::Long),
        Column::new("a", ColumnType::String),
    ];
    let mut builder = RowBatchBuilder::new(columns.into());
    for (number, text) in [(1, "one"), (2, "two"), (3, "three")] {
        builder
            .push_row(&[Value::Long(number), Value::String(text)])
            .unwrap();
    }
    builder.finish()
}

#[test]
fn fields_in_another_order_than_columns_get_their_own_in_every_row() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Pair<'a> {
        a: &'a str,
        b: i64,
    }
    let batch = pairs();
    let read: Vec<Pair<'_>> = batch.deserialize().collect::<Result<_, _>>().unwrap();
    let pair = |a, b| Pair { a, b };
    assert_eq!(read, [pair("one", 1), pair("two", 2), pair("three", 3)]);
}

#[test]
fn a_field_of_two_names_that_are_both_there_is_refused_in_every_row() {
    #[derive(Debug, Deserialize)]
    struct Aliased {
        #[serde(alias = "a")]
        #[expect(dead_code, reason = "it is never read")]
        b: serde_json::Value,
    }
    let batch = pairs();
    assert!(batch.deserialize::<Aliased>().all(|row| row.is_err()));
}

#[test]
fn visitors_that_know_names_only_read_every_row() {
    #[derive(Debug, PartialEq)]
    struct Named(i64);

    impl<'de> Deserialize<'de> for Named {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Names;

            impl<'de> serde::de::Visitor<'de> for Names {
                type Value = Named;

                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("members")
                }

                fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Named, A::Error> {
                    let mut found = Named(0);
                    while let Some(name) = map.next_key::<String>()? {
                        match name.as_str() {
                            "b" => found = Named(map.next_value()?),
                            _ => drop(map.next_value::<serde::de::IgnoredAny>()?),
                        }
                    }
                    Ok(found)
                }
            }

            deserializer.deserialize_struct("Named", &["a", "b"], Names)
        }
    }

    let batch = pairs();
    let read: Vec<Named> = batch.deserialize().collect::<Result<_, _>>().unwrap();
    assert_eq!(read, [Named(1), Named(2), Named(3)]);
}

#[test]
fn nested_values_of_any_form_are_read_as_if_each_row_were_alone() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Event {
        at: Option<Place>,
        n: i64,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Place {
        state: String,
        county: Option<String>,
        tags: Vec<Tag>,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Tag {
        key: String,
        value: serde_json::Value,
    }
    let usual = r#"{"state":"OHIO","county":"ERIE","tags":[{"key":"a","value":{"key":1}}]}"#;
    let forms = [
        usual,
        r#"{"county":"ERIE","state":"OHIO","tags":[]}"#,
        r#"{"state":"OHIO","tags":[{"value":2,"key":"b"}]}"#,
        r#"{"state":"OHIO","county":"ERIE","tags":[],"more":true}"#,
        r#"{"state": "OHIO", "county": "ERIE", "tags": []}"#,
        r#"{"st\u0061te":"OHIO","county":null,"tags":[]}"#,
        r#"{"state":"OHIO","state":"IOWA","county":"ERIE","tags":[]}"#,
        r#"["OHIO","ERIE",[]]"#,
        r#"{"state":1,"county":"ERIE","tags":[]}"#,
        r#"{"county":"ERIE"}"#,
        "null",
        "text",
    ];
    let columns = [
        Column::new("n", ColumnType::Long),
        Column::new("at", ColumnType::Dynamic),
    ];
    let orders = |odd| [[usual, usual, odd, usual, odd], [odd, usual, odd, usual, usual]];
    for (odd, texts) in forms
        .into_iter()
        .flat_map(|odd| orders(odd).map(|texts| (odd, texts)))
    {
        let mut builder = RowBatchBuilder::new(columns.clone().into());
        for (number, text) in texts.into_iter().enumerate() {
            builder
                .push_row(&[Value::Long(number as i64), Value::Dynamic(text)])
                .unwrap();
        }
        builder.push_row(&[Value::Long(9), Value::Null]).unwrap();
        let batch = builder.finish();
        let mut together = batch.deserialize::<Event>();
        for row in batch.rows() {
            assert_eq!(together.next(), Some(row.deserialize()), "{odd}");
        }
    }
}

//! Kusto to Arrow and back.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal128Type, DurationMicrosecondType, Int64Type, TimestampMicrosecondType, TimestampNanosecondType,
};
use arrow_array::{
    Array, ArrayRef, Date32Array, LargeStringArray, RecordBatch, TimestampSecondArray, UInt64Array,
};
use arrow_schema::DataType;
use kusto_arrow::{
    DecimalType, ErrorKind, KUSTO_TYPE, Options, TimeResolution, record_batch, row_batch, row_batch_of,
    schema,
};
use kusto_protocol::{Column, ColumnType, DateTime, Guid, RowBatch, RowBatchBuilder, Timespan, Value};

/// Every type, with a value and a null in each.
fn every_type() -> RowBatch {
    let unknown = ColumnType::Unknown("vector".to_owned());
    let columns: Vec<_> = ColumnType::ALL
        .into_iter()
        .chain([unknown])
        .map(|column_type| Column::new(column_type.as_str().to_owned(), column_type))
        .collect();
    let nulls = vec![Value::Null; columns.len()];
    let mut builder = RowBatchBuilder::new(columns.into());
    builder
        .push_row(&[
            Value::Bool(true),
            Value::DateTime(DateTime::MAX),
            Value::Decimal("1.50"),
            Value::Dynamic("{\"a\":1}"),
            Value::Guid(Guid::from_bytes([9; 16])),
            Value::Int(-1),
            Value::Long(i64::MAX),
            Value::Real(0.1),
            Value::String("é"),
            Value::Timespan(Timespan::MIN),
            Value::Unknown("[1]"),
        ])
        .unwrap();
    builder.push_row(&nulls).unwrap();
    builder.finish()
}

fn one(value: Value<'_>, column_type: ColumnType) -> RowBatch {
    let mut builder = RowBatchBuilder::new([Column::new("c", column_type)].into());
    builder.push_row(&[value]).unwrap();
    builder.finish()
}

#[test]
fn nothing_is_lost_with_the_lossless_options() {
    let rows = every_type();
    let arrow = record_batch(rows.clone(), &Options::LOSSLESS).unwrap();
    assert_eq!(arrow.schema(), schema(rows.columns(), &Options::LOSSLESS));
    assert_eq!(arrow.schema().field(1).data_type(), &DataType::Int64);
    assert_eq!(arrow.schema().field(1).metadata()[KUSTO_TYPE], "datetime");
    assert_eq!(row_batch(&arrow).unwrap(), rows);
    // The same without a schema.
    let again = row_batch_of(rows.columns().clone(), arrow.columns(), arrow.num_rows()).unwrap();
    assert_eq!(again, rows);
}

#[test]
fn times_are_microseconds_by_default() {
    let arrow = record_batch(every_type(), &Options::default()).unwrap();
    let at = arrow
        .column_by_name("datetime")
        .unwrap()
        .as_primitive::<TimestampMicrosecondType>();
    assert_eq!(at.value(0), 253_402_300_799_999_999);
    assert!(at.is_null(1));
    let span = arrow
        .column_by_name("timespan")
        .unwrap()
        .as_primitive::<DurationMicrosecondType>();
    assert_eq!(span.value(0), i64::MIN / 10);

    let back = row_batch(&arrow).unwrap();
    assert_eq!(
        back.row(0).value("datetime"),
        Some(Value::DateTime(DateTime::from_ticks(DateTime::MAX.ticks() - 9)))
    );
}

#[test]
fn every_row_is_converted_to_microseconds_whatever_the_number_of_rows() {
    let epoch = DateTime::UNIX_EPOCH.ticks();
    let ticks: Vec<i64> = [
        i64::MIN,
        -5,
        0,
        epoch,
        epoch + 5_000_000,
        DateTime::MAX.ticks(),
        i64::MAX,
    ]
    .into_iter()
    .flat_map(|at| (-11..=11).map(move |by| at.saturating_add(by)))
    .collect();
    for len in (0..=25).chain([ticks.len()]) {
        let columns = [
            Column::new("at", ColumnType::DateTime),
            Column::new("span", ColumnType::Timespan),
        ];
        let mut builder = RowBatchBuilder::new(columns.into());
        for &ticks in &ticks[..len] {
            let (at, span) = (DateTime::from_ticks(ticks), Timespan::from_ticks(ticks));
            builder
                .push_row(&[Value::DateTime(at), Value::Timespan(span)])
                .unwrap();
            builder.push_row(&[Value::Null, Value::Null]).unwrap();
        }
        let arrow = record_batch(builder.finish(), &Options::default()).unwrap();
        let at = arrow.column(0).as_primitive::<TimestampMicrosecondType>();
        let span = arrow.column(1).as_primitive::<DurationMicrosecondType>();
        let pairs = |convert: fn(i128) -> i128| {
            let micros = move |ticks: &i64| i64::try_from(convert(i128::from(*ticks))).unwrap();
            ticks[..len]
                .iter()
                .flat_map(move |ticks| [Some(micros(ticks)), None])
        };
        let since_1970 = |ticks: i128| (ticks - i128::from(DateTime::UNIX_EPOCH.ticks())).div_euclid(10);
        assert!(at.iter().eq(pairs(since_1970)), "{len} points in time");
        assert!(span.iter().eq(pairs(|ticks| ticks / 10)), "{len} spans");
    }
}

#[test]
fn nanoseconds_are_exact_or_refused() {
    let mut options = Options::default();
    options.datetime = TimeResolution::Nanoseconds;
    options.timespan = TimeResolution::Nanoseconds;
    let at = DateTime::from_ticks(DateTime::UNIX_EPOCH.ticks() + 7);
    let arrow = record_batch(one(Value::DateTime(at), ColumnType::DateTime), &options).unwrap();
    assert_eq!(
        arrow.column(0).as_primitive::<TimestampNanosecondType>().value(0),
        700
    );

    let error = record_batch(
        one(Value::DateTime(DateTime::MIN), ColumnType::DateTime),
        &options,
    )
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutOfRange);
    assert_eq!(
        error.to_string(),
        "column c, row 0: 0001-01-01T00:00:00Z is outside the range of 64-bit nanoseconds"
    );
    let error = record_batch(
        one(Value::Timespan(Timespan::MAX), ColumnType::Timespan),
        &options,
    )
    .unwrap_err();
    assert_eq!((error.kind(), error.row()), (ErrorKind::OutOfRange, Some(0)));
}

#[test]
fn decimals_fit_the_scale_or_are_refused() {
    let mut options = Options::default();
    options.decimal = DecimalType::Decimal128 { scale: 2 };
    let convert = |text| record_batch(one(Value::Decimal(text), ColumnType::Decimal), &options);
    for (text, number) in [("1.5", 150), ("-0.010", -1), ("1E3", 100_000), ("0E-90", 0)] {
        let arrow = convert(text).unwrap();
        assert_eq!(
            arrow.column(0).as_primitive::<Decimal128Type>().value(0),
            number,
            "{text}"
        );
    }
    for text in ["0.001", "1E37", "1E99", "NaN"] {
        assert_eq!(convert(text).unwrap_err().kind(), ErrorKind::OutOfRange, "{text}");
    }
    let back = row_batch(&convert("1.5").unwrap()).unwrap();
    assert_eq!(back.row(0).get(0), Value::Decimal("1.50"));
}

#[test]
fn guids_may_be_text() {
    let mut options = Options::default();
    options.guid_as_text = true;
    let rows = one(Value::Guid(Guid::from_bytes([1; 16])), ColumnType::Guid);
    let arrow = record_batch(rows.clone(), &options).unwrap();
    assert_eq!(
        arrow.column(0).as_string::<i32>().value(0),
        "01010101-0101-0101-0101-010101010101"
    );
    assert_eq!(row_batch(&arrow).unwrap(), rows);
}

#[test]
fn buffers_are_moved() {
    let rows = one(Value::Long(5), ColumnType::Long);
    let kusto_protocol::ColumnArray::Long(array) = &rows.arrays()[0] else {
        panic!("a long column")
    };
    let before = array.values().as_ptr();
    let arrow = record_batch(rows, &Options::default()).unwrap();
    assert_eq!(
        arrow.column(0).as_primitive::<Int64Type>().values().as_ptr(),
        before
    );
}

#[test]
fn rows_without_columns_are_counted() {
    let rows = RowBatch::new([].into(), Vec::new(), 3).unwrap();
    let arrow = record_batch(rows.clone(), &Options::default()).unwrap();
    assert_eq!(arrow.num_rows(), 3);
    assert_eq!(row_batch(&arrow).unwrap(), rows);
}

#[test]
fn arrow_types_of_others_find_their_closest_kusto_type() {
    let columns: [(&str, ArrayRef); 3] = [
        ("day", Arc::new(Date32Array::from(vec![Some(0), None]))),
        ("at", Arc::new(TimestampSecondArray::from(vec![Some(1), None]))),
        ("text", Arc::new(LargeStringArray::from(vec![Some("x"), None]))),
    ];
    let rows = row_batch(&RecordBatch::try_from_iter(columns).unwrap()).unwrap();
    let second = DateTime::from_ticks(DateTime::UNIX_EPOCH.ticks() + 10_000_000);
    assert_eq!(
        rows.row(0).values().collect::<Vec<_>>(),
        [
            Value::DateTime(DateTime::UNIX_EPOCH),
            Value::DateTime(second),
            Value::String("x")
        ]
    );
    assert!(rows.row(1).values().all(|value| value.is_null()));
}

#[test]
fn what_kusto_cannot_hold_is_refused() {
    let too_large: ArrayRef = Arc::new(UInt64Array::from(vec![0, u64::MAX]));
    let batch = RecordBatch::try_from_iter([("n", too_large.clone())]).unwrap();
    let error = row_batch(&batch).unwrap_err();
    assert_eq!(
        (error.kind(), error.column(), error.row()),
        (ErrorKind::OutOfRange, "n", Some(1))
    );

    let nulls: ArrayRef = Arc::new(arrow_array::NullArray::new(1));
    let batch = RecordBatch::try_from_iter_with_nullable([("n", nulls, true)]).unwrap();
    assert_eq!(row_batch(&batch).unwrap_err().kind(), ErrorKind::UnsupportedType);

    let columns = [Column::new("flag", ColumnType::Bool)];
    let error = row_batch_of(columns.into(), &[too_large], 2).unwrap_err();
    assert_eq!(error.to_string(), "column flag: no rule turns UInt64 into bool");
}

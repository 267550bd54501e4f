//! What the encoder writes, the decoder reads: for every layout, the frames come back in their normal form.

use std::sync::Arc;

use kusto_protocol::{
    Column, ColumnType, DataSetCompletion, DataSetHeader, DateTime, Dynamic, ErrorPlace,
    ErrorReportingPlacement, Frame, FrameDecoder, FrameEncoder, Guid, Layout, OneApiError, RowBatch,
    RowBatchBuilder, TableCompletion, TableFragment, TableFragmentType, TableHeader, TableKind,
    TableProgress, Timespan, Value,
};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;

/// A layout, and what it does to frames.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Form {
    v1: bool,
    fragmented: bool,
    progressive: bool,
    newlines: bool,
    placement: ErrorReportingPlacement,
}

impl Form {
    fn layout(self) -> Layout {
        let layout = match self {
            Self { v1: true, .. } => Layout::V1,
            Self {
                progressive: true, ..
            } => Layout::V2_PROGRESSIVE,
            Self { fragmented: true, .. } => Layout::V2_FRAGMENTED,
            _ => Layout::V2,
        };
        layout
            .newlines_between_frames(self.newlines)
            .error_reporting_placement(self.placement)
    }

    fn in_fragments(self, kind: &TableKind) -> bool {
        (self.fragmented || self.progressive) && *kind == TableKind::PrimaryResult
    }
}

#[derive(Clone, Debug)]
struct Cell(ColumnType, Option<Owned>);

#[derive(Clone, Debug)]
enum Owned {
    Bool(bool),
    DateTime(DateTime),
    Guid(Guid),
    Int(i32),
    Long(i64),
    Real(f64),
    Text(String),
    Timespan(Timespan),
}

impl Cell {
    fn value(&self) -> Value<'_> {
        match (&self.0, &self.1) {
            (_, None) => Value::Null,
            (_, Some(Owned::Bool(value))) => Value::Bool(*value),
            (_, Some(Owned::DateTime(at))) => Value::DateTime(*at),
            (_, Some(Owned::Guid(guid))) => Value::Guid(*guid),
            (_, Some(Owned::Int(number))) => Value::Int(*number),
            (_, Some(Owned::Long(number))) => Value::Long(*number),
            (_, Some(Owned::Real(number))) => Value::Real(*number),
            (_, Some(Owned::Timespan(span))) => Value::Timespan(*span),
            (ColumnType::Decimal, Some(Owned::Text(text))) => Value::Decimal(text),
            (ColumnType::Dynamic, Some(Owned::Text(text))) => Value::Dynamic(text),
            (ColumnType::Unknown(_), Some(Owned::Text(text))) => Value::Unknown(text),
            (_, Some(Owned::Text(text))) => Value::String(text),
        }
    }
}

/// The rows that come back: in a dynamic column empty text is a null, and where frames are lines, JSON has none.
fn normal_rows(rows: &RowBatch, form: Form) -> RowBatch {
    let mut builder = RowBatchBuilder::new(rows.columns().clone());
    let is_nested =
        |text: &str| Dynamic::new(text).is_json() && !text.starts_with(WHITE) && !text.ends_with(WHITE);
    for row in rows.rows() {
        let texts: Vec<_> = row
            .values()
            .map(|value| match value {
                Value::Dynamic(text) if form.newlines && !form.v1 && is_nested(text) => {
                    text.replace(['\n', '\r'], " ")
                }
                Value::Dynamic(text) => text.to_owned(),
                _ => String::new(),
            })
            .collect();
        let values = row.values().zip(&texts).map(|(value, text)| match value {
            Value::Dynamic("") => Value::Null,
            Value::Dynamic(_) => Value::Dynamic(text),
            value => value,
        });
        builder.push_row(&values.collect::<Vec<_>>()).unwrap();
    }
    builder.finish()
}

const WHITE: [char; 4] = [' ', '\t', '\n', '\r'];

/// Puts the rows of fragments together that one fragment could have held.
fn merged(frames: &[Frame]) -> Vec<Frame> {
    let mut merged: Vec<Frame> = Vec::new();
    for frame in frames {
        let Frame::TableFragment(fragment) = frame else {
            merged.push(frame.clone());
            continue;
        };
        let replaces = fragment.kind == TableFragmentType::DataReplace;
        let mut builder = RowBatchBuilder::new(fragment.rows.columns().clone());
        let mut push = |rows: &RowBatch| {
            for row in rows.rows() {
                builder.push_row(&row.values().collect::<Vec<_>>()).unwrap();
            }
        };
        let mut kind = fragment.kind;
        if let Some(Frame::TableFragment(previous)) = merged.pop_if(|last| {
            matches!(last, Frame::TableFragment(last) if !replaces && last.table_id == fragment.table_id)
        }) {
            kind = previous.kind;
            push(&previous.rows);
        }
        push(&fragment.rows);
        if builder.num_rows() > 0 || kind == TableFragmentType::DataReplace {
            merged.push(Frame::TableFragment(TableFragment {
                table_id: fragment.table_id,
                kind,
                rows: builder.finish(),
            }));
        }
    }
    merged
}

/// The frames that come back when these are written in this form.
fn normal(frames: &[Frame], form: Form) -> Vec<Frame> {
    let mut result = Vec::new();
    let mut headers: Vec<TableHeader> = Vec::new();
    let mut counted = 0;
    let mut all_errors: Vec<OneApiError> = Vec::new();
    let v1_error = |error: &OneApiError| OneApiError::from_exception_text(error.text_for_people());
    let back = |errors: &[OneApiError], place: ErrorPlace| -> Vec<_> {
        let errors = errors.iter().map(|error| match form.v1 {
            true => v1_error(error),
            false => error.clone(),
        });
        errors.map(|error| error.at(place)).collect()
    };
    for frame in frames {
        let id = |table_id| {
            if form.v1 {
                headers.len() as i64 - 1
            } else {
                table_id
            }
        };
        let fragmented = headers
            .last()
            .is_some_and(|header| form.in_fragments(&header.kind));
        result.push(match frame.clone() {
            Frame::DataSetHeader(_) if form.v1 => Frame::DataSetHeader(DataSetHeader {
                version: "v1.0".to_owned(),
                ..DataSetHeader::default()
            }),
            Frame::DataSetHeader(_) => Frame::DataSetHeader(DataSetHeader {
                version: "v2.0".to_owned(),
                is_progressive: form.progressive,
                is_fragmented: form.fragmented,
                error_reporting_placement: Some(form.placement)
                    .filter(|placement| *placement != ErrorReportingPlacement::InData),
            }),
            Frame::TableHeader(header) => {
                counted = 0;
                headers.push(header.clone());
                Frame::TableHeader(if form.v1 {
                    let ordinal = headers.len() - 1;
                    TableHeader {
                        table_id: ordinal as i64,
                        kind: TableKind::Unknown,
                        name: format!("Table_{ordinal}"),
                        ..header
                    }
                } else {
                    header
                })
            }
            Frame::TableFragment(fragment) => {
                counted += fragment.rows.num_rows() as u64;
                Frame::TableFragment(TableFragment {
                    table_id: id(fragment.table_id),
                    kind: fragment.kind,
                    rows: normal_rows(&fragment.rows, form),
                })
            }
            Frame::TableProgress(_) if !(form.progressive && fragmented) => continue,
            Frame::TableCompletion(completion) => {
                for error in &completion.errors {
                    if !all_errors.contains(error) {
                        all_errors.push(error.clone());
                    }
                }
                let kept = match form.placement {
                    _ if form.v1 => true,
                    ErrorReportingPlacement::InData => true,
                    ErrorReportingPlacement::EndOfTable => fragmented,
                    _ => false,
                };
                let table_id = id(completion.table_id);
                let row_count = if fragmented { completion.row_count } else { counted };
                let place = match form.placement {
                    ErrorReportingPlacement::EndOfTable if !form.v1 => {
                        ErrorPlace::TableCompletion { table_id }
                    }
                    _ => ErrorPlace::Row {
                        table_id,
                        row: row_count,
                    },
                };
                Frame::TableCompletion(TableCompletion {
                    table_id,
                    row_count,
                    errors: if kept {
                        back(&completion.errors, place)
                    } else {
                        Vec::new()
                    },
                })
            }
            Frame::DataSetCompletion(completion) => {
                // Its own come first, then those of the tables that it lacks.
                let of_tables = std::mem::take(&mut all_errors);
                for error in completion.errors.iter().chain(&of_tables) {
                    if !all_errors.contains(error) {
                        all_errors.push(error.clone());
                    }
                }
                Frame::DataSetCompletion(DataSetCompletion {
                    has_errors: (completion.has_errors && !form.v1) || !all_errors.is_empty(),
                    cancelled: completion.cancelled && !form.v1,
                    errors: back(
                        &all_errors,
                        match form.v1 {
                            true => ErrorPlace::Exceptions,
                            false => ErrorPlace::DataSetCompletion,
                        },
                    ),
                })
            }
            other => other,
        });
    }
    merged(&result)
}

fn decode(wire: &[u8], chunk_len: usize) -> Vec<Frame> {
    merged(&decode_chunks(wire, chunk_len))
}

fn decode_as_is(wire: &[u8]) -> Vec<Frame> {
    decode_chunks(wire, usize::MAX)
}

fn decode_chunks(wire: &[u8], chunk_len: usize) -> Vec<Frame> {
    let mut decoder = FrameDecoder::new();
    let mut frames = Vec::new();
    for mut chunk in wire.chunks(chunk_len) {
        while let Some(frame) = decoder.decode(&mut chunk).unwrap() {
            frames.push(frame);
        }
    }
    decoder.finish().unwrap();
    frames
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![".{0,20}", "[ -~]{0,40}", any::<String>()]
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        (-1e9..1e9).prop_map(|number: f64| number.into()),
        text().prop_map(Into::into),
        Just("12".into()),
    ];
    let value = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Into::into),
            vec((text(), inner), 0..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    });
    (value, 0..3).prop_map(|(value, how)| match how {
        0 => format!(" {value:#}\n"),
        1 => format!("{value:#}"),
        _ => value.to_string(),
    })
}

fn cell(column_type: ColumnType) -> impl Strategy<Value = Cell> {
    let value = match &column_type {
        ColumnType::Bool => any::<bool>().prop_map(Owned::Bool).boxed(),
        ColumnType::DateTime => (DateTime::MIN.ticks()..=DateTime::MAX.ticks(), any::<bool>())
            .prop_map(|(ticks, whole)| {
                let ticks = if whole { ticks - ticks % 10_000_000 } else { ticks };
                Owned::DateTime(DateTime::from_ticks(ticks))
            })
            .boxed(),
        ColumnType::Decimal => "-?[0-9]{1,17}(\\.[0-9]{1,17})?(E-?[0-9]{1,3})?"
            .prop_map(Owned::Text)
            .boxed(),
        ColumnType::Dynamic => prop_oneof![json(), text()].prop_map(Owned::Text).boxed(),
        ColumnType::Guid => any::<[u8; 16]>()
            .prop_map(|bytes| Owned::Guid(Guid::from_bytes(bytes)))
            .boxed(),
        ColumnType::Int => any::<i32>().prop_map(Owned::Int).boxed(),
        ColumnType::Long => any::<i64>().prop_map(Owned::Long).boxed(),
        ColumnType::Real => prop::num::f64::ANY
            // One NaN is like another on the wire.
            .prop_map(|number| Owned::Real(if number.is_nan() { f64::NAN } else { number }))
            .boxed(),
        ColumnType::Timespan => any::<i64>()
            .prop_map(|ticks| Owned::Timespan(Timespan::from_ticks(ticks)))
            .boxed(),
        ColumnType::Unknown(_) => any::<i64>()
            .prop_map(|number| Owned::Text(format!("{{\"n\":[{number}]}}")))
            .boxed(),
        _ => text().prop_map(Owned::Text).boxed(),
    };
    weighted(0.8, value).prop_map(move |value| Cell(column_type.clone(), value))
}

fn column_type() -> impl Strategy<Value = ColumnType> {
    prop_oneof![
        10 => prop::sample::select(&ColumnType::ALL[..]),
        1 => Just(ColumnType::Unknown("vector".to_owned())),
    ]
}

fn error() -> impl Strategy<Value = OneApiError> {
    (
        text(),
        text(),
        weighted(0.5, text()),
        weighted(0.5, any::<bool>()),
    )
        .prop_map(|(code, message, description, permanent)| {
            let mut error = OneApiError::new(code, message);
            error.description = description;
            error.permanent = permanent;
            error
        })
}

#[derive(Clone, Debug)]
enum Step {
    Rows(bool, Vec<Vec<Cell>>),
    Progress(f64),
}

/// The frames of a table, its id still missing.
fn table() -> impl Strategy<Value = (TableHeader, Vec<Step>, Vec<OneApiError>)> {
    let kind = prop::sample::select(vec![
        TableKind::PrimaryResult,
        TableKind::QueryProperties,
        TableKind::QueryCompletionInformation,
        TableKind::Other("Novel".to_owned()),
    ]);
    let columns = vec((text(), column_type()), 0..6);
    (kind, text(), columns, vec(error(), 0..2)).prop_flat_map(|(kind, name, columns, errors)| {
        let row: Vec<_> = columns
            .iter()
            .map(|(_, column_type)| cell(column_type.clone()))
            .collect();
        let columns: Arc<[Column]> = columns
            .into_iter()
            .map(|(name, column_type)| Column::new(name, column_type))
            .collect();
        let step = prop_oneof![
            4 => (any::<bool>(), vec(row, 0..4)).prop_map(|(replaces, rows)| Step::Rows(replaces, rows)),
            1 => (0..=100u8).prop_map(|percent| Step::Progress(f64::from(percent))),
        ];
        let header = TableHeader {
            table_id: 0,
            kind,
            name,
            columns,
        };
        (Just(header), vec(step, 0..4), Just(errors))
    })
}

fn form() -> impl Strategy<Value = Form> {
    let placement = prop::sample::select(vec![
        ErrorReportingPlacement::InData,
        ErrorReportingPlacement::EndOfTable,
        ErrorReportingPlacement::EndOfDataSet,
    ]);
    (0..4, any::<bool>(), placement).prop_map(|(number, newlines, placement)| Form {
        v1: number == 0,
        fragmented: number == 1,
        progressive: number == 2,
        newlines,
        placement,
    })
}

/// An answer that can be written in this form.
fn frames(form: Form) -> impl Strategy<Value = Vec<Frame>> {
    (
        vec(table(), 0..4),
        vec(error(), 0..2),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(move |(tables, errors, has_errors, cancelled)| {
            let mut frames = vec![Frame::DataSetHeader(DataSetHeader::default())];
            for (table_id, (header, steps, errors)) in (0..).zip(tables) {
                let can_replace = form.progressive && form.in_fragments(&header.kind);
                let columns = header.columns.clone();
                frames.push(Frame::TableHeader(TableHeader { table_id, ..header }));
                let mut row_count = 0;
                for step in steps {
                    frames.push(match step {
                        Step::Progress(progress) => {
                            Frame::TableProgress(TableProgress { table_id, progress })
                        }
                        Step::Rows(replaces, rows) => {
                            let mut builder = RowBatchBuilder::new(columns.clone());
                            for row in &rows {
                                builder
                                    .push_row(&row.iter().map(Cell::value).collect::<Vec<_>>())
                                    .unwrap();
                            }
                            let kind = match replaces && can_replace {
                                true => TableFragmentType::DataReplace,
                                false => TableFragmentType::DataAppend,
                            };
                            if kind == TableFragmentType::DataReplace {
                                row_count = 0;
                            }
                            row_count += rows.len() as u64;
                            Frame::TableFragment(TableFragment {
                                table_id,
                                kind,
                                rows: builder.finish(),
                            })
                        }
                    });
                }
                frames.push(Frame::TableCompletion(TableCompletion {
                    table_id,
                    row_count,
                    errors,
                }));
            }
            frames.push(Frame::DataSetCompletion(DataSetCompletion {
                has_errors,
                cancelled,
                errors,
            }));
            frames
        })
}

fn encode(frames: &[Frame], layout: Layout) -> Vec<u8> {
    let mut encoder = FrameEncoder::new(layout);
    let mut wire = Vec::new();
    for frame in frames {
        encoder.encode(frame, &mut wire).unwrap();
    }
    encoder.finish(&mut wire).unwrap();
    wire
}

proptest! {
    #[test]
    fn frames_come_back_from_every_layout(
        (form, frames) in form().prop_flat_map(|form| (Just(form), frames(form))),
        chunk_len in prop_oneof![1..100usize, Just(usize::MAX)],
    ) {
        let wire = encode(&frames, form.layout());
        if form.newlines && !form.v1 {
            // A frame is a line.
            let lines = std::str::from_utf8(&wire).unwrap().lines();
            for line in lines.filter(|line| *line != "]") {
                serde_json::from_str::<serde::de::IgnoredAny>(&line[1..]).unwrap();
            }
        }
        // Compared as text, in which NaN equals NaN.
        let expected = format!("{:#?}", normal(&frames, form));
        prop_assert_eq!(format!("{:#?}", decode(&wire, chunk_len)), expected);
    }
}

proptest! {
    #[test]
    fn after_one_hop_nothing_changes_any_more(
        (form, frames) in form().prop_flat_map(|form| (Just(form), frames(form))),
        other in form(),
    ) {
        let relay = |wire: &[u8], form: Form| encode(&decode_as_is(wire), form.layout());
        // Once in the same layout, and once in another, where that has a form for it.
        let first = encode(&frames, form.layout());
        let second = relay(&first, form);
        prop_assert_eq!(String::from_utf8(relay(&second, form)), String::from_utf8(second));
        if other.progressive || !form.progressive {
            let second = relay(&first, other);
            prop_assert_eq!(String::from_utf8(relay(&second, other)), String::from_utf8(second));
        }
    }
}

#[test]
fn errors_of_the_same_text_are_one_in_v1_and_stay_so() {
    let frames = [
        Frame::DataSetHeader(DataSetHeader::default()),
        Frame::DataSetCompletion(DataSetCompletion {
            has_errors: true,
            cancelled: false,
            errors: vec![
                OneApiError::new("LimitsExceeded", "Too much."),
                OneApiError::new("QueryThrottled", "Too much."),
            ],
        }),
    ];
    let first = encode(&frames, Layout::V1);
    let second = encode(&decode(&first, 5), Layout::V1);
    assert_eq!(String::from_utf8(first), String::from_utf8(second));
    assert_eq!(
        encode(&frames, Layout::V2)
            .windows(9)
            .filter(|text| *text == b"Too much.")
            .count(),
        2
    );
}

#[test]
fn an_answer_that_fails_half_way_is_read() {
    let columns: Arc<[Column]> = [Column::new("n", ColumnType::Long)].into();
    let mut rows = RowBatchBuilder::new(columns.clone());
    rows.push_row(&[Value::Long(1)]).unwrap();
    let error = OneApiError::new("LimitsExceeded", "Too much.");
    let frames = [
        Frame::DataSetHeader(DataSetHeader::default()),
        Frame::TableHeader(TableHeader {
            table_id: 0,
            kind: TableKind::PrimaryResult,
            name: "PrimaryResult".to_owned(),
            columns,
        }),
        Frame::TableFragment(TableFragment {
            table_id: 0,
            kind: TableFragmentType::DataAppend,
            rows: rows.finish(),
        }),
        Frame::DataSetCompletion(DataSetCompletion {
            has_errors: true,
            cancelled: false,
            errors: vec![error],
        }),
    ];
    for layout in [
        Layout::V1,
        Layout::V2,
        Layout::V2_FRAGMENTED,
        Layout::V2_PROGRESSIVE,
    ] {
        let decoded = decode(&encode(&frames, layout), 5);
        let [.., Frame::TableCompletion(table), Frame::DataSetCompletion(end)] = decoded.as_slice() else {
            panic!("{decoded:?}")
        };
        assert_eq!((table.row_count, table.errors.len()), (1, 1), "{layout:?}");
        assert!(end.has_errors && end.errors.len() == 1);
    }
}

//! Frames as text: one line for each frame and row, readable and exact.

use std::fmt::Write;

use kusto_protocol::{DecodeError, Frame, OneApiError, Row, Value};

/// The frames and the error at the end, as a `.frames` file has them.
pub(crate) fn frames(frames: &[Frame], end: &Result<(), DecodeError>) -> String {
    let mut text = String::new();
    for frame in frames {
        write_frame(&mut text, frame).unwrap();
    }
    match end {
        Ok(()) => text.push_str("end\n"),
        Err(error) => {
            writeln!(text, "error {:?}: {error}", error.kind()).unwrap();
            if let Some(error) = error.service_error() {
                write_errors(&mut text, std::slice::from_ref(error)).unwrap();
            }
        }
    }
    text
}

/// The values of a row in brackets.
pub(crate) fn row(row: &Row<'_>) -> String {
    let values: Vec<String> = row.values().map(|value| self::value(&value)).collect();
    format!("[{}]", values.join(", "))
}

fn value(value: &Value<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::String(text) => format!("{text:?}"),
        Value::Real(number) => format!("{number:?}"),
        Value::Dynamic(text) | Value::Unknown(text) => format!("{}({text})", value.type_name()),
        other => format!("{}({other})", other.type_name()),
    }
}

fn write_frame(text: &mut String, frame: &Frame) -> std::fmt::Result {
    match frame {
        Frame::DataSetHeader(header) => {
            write!(text, "DataSetHeader {}", header.version)?;
            if header.is_progressive {
                write!(text, " progressive")?;
            }
            if header.is_fragmented {
                write!(text, " fragmented")?;
            }
            if let Some(placement) = header.error_reporting_placement {
                write!(text, " errors {}", placement.as_str())?;
            }
            writeln!(text)
        }
        Frame::TableHeader(header) => {
            writeln!(
                text,
                "TableHeader {} {} {:?}",
                header.table_id,
                header.kind.as_str(),
                header.name
            )?;
            for column in header.columns.iter() {
                writeln!(text, "    {:?} {}", column.name, column.column_type)?;
            }
            Ok(())
        }
        Frame::TableFragment(fragment) => {
            writeln!(
                text,
                "TableFragment {} {}",
                fragment.table_id,
                fragment.kind.as_str()
            )?;
            for row in fragment.rows.rows() {
                writeln!(text, "    {}", self::row(&row))?;
            }
            Ok(())
        }
        Frame::TableProgress(progress) => {
            writeln!(
                text,
                "TableProgress {} {:?}",
                progress.table_id, progress.progress
            )
        }
        Frame::TableCompletion(completion) => {
            writeln!(
                text,
                "TableCompletion {} rows {}",
                completion.table_id, completion.row_count
            )?;
            write_errors(text, &completion.errors)
        }
        Frame::DataSetCompletion(completion) => {
            write!(text, "DataSetCompletion")?;
            if completion.has_errors {
                write!(text, " with errors")?;
            }
            if completion.cancelled {
                write!(text, " cancelled")?;
            }
            writeln!(text)?;
            write_errors(text, &completion.errors)
        }
        other => writeln!(text, "{other:?}"),
    }
}

fn write_errors(text: &mut String, errors: &[OneApiError]) -> std::fmt::Result {
    for error in errors {
        let place = error.place.map(|place| format!(" ({place})")).unwrap_or_default();
        writeln!(
            text,
            "    error{place} {}",
            serde_json::to_string(error).unwrap_or_default()
        )?;
    }
    Ok(())
}

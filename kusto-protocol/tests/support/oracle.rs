//! What an answer says, read in the obvious way: the whole of it at once, by `serde_json`, without a thought of speed.

use kusto_protocol::{
    ColumnType, DecodeErrorKind, DecoderConfig, ErrorPlace, ErrorReportingPlacement, OneApiError, TableKind,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, Value};

use super::oracle_cell::cell;
use super::{Decoded, one_row_batches};

/// Checks that an answer was decoded to what it says, and that it was refused only if it had to be.
pub(crate) fn compare(bytes: &[u8], config: &DecoderConfig, decoded: &Decoded) {
    let text = String::from_utf8_lossy(bytes);
    match (read(bytes, config), &decoded.1) {
        (Ok(lines), Ok(())) => assert_eq!(one_row_batches(&decoded.0), lines, "{text}"),
        (Ok(_), Err(error)) if error.kind() == DecodeErrorKind::TooLarge => {}
        (Ok(_), Err(error)) => panic!("refused for no reason: {error}\n{text}"),
        (Err(Refusal::Wrong(why)), Ok(())) => panic!("accepted, although {why}\n{text}"),
        (Err(_), _) => {}
    }
}

/// Why there is nothing to compare with.
pub(crate) enum Refusal {
    Wrong(String),
    /// Here `serde_json` is stricter than the decoder.
    Unjudged,
}

impl From<serde_json::Error> for Refusal {
    fn from(error: serde_json::Error) -> Self {
        let message = error.to_string();
        match message.contains("surrogate") || message.contains("hex escape") {
            true => Self::Unjudged,
            false => Self::Wrong(message),
        }
    }
}

pub(crate) fn wrong<T>(why: &str) -> Result<T, Refusal> {
    Err(Refusal::Wrong(why.to_owned()))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct V1 {
    tables: Option<Vec<Members>>,
    exceptions: Option<Value>,
    one_api_errors: Option<Value>,
    #[serde(rename = "error")]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Tag {
    #[serde(rename = "FrameType")]
    frame_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Members {
    version: Option<String>,
    is_progressive: Option<bool>,
    is_fragmented: Option<bool>,
    error_reporting_placement: Option<String>,
    table_id: Option<i64>,
    table_kind: Option<String>,
    table_name: Option<String>,
    columns: Option<Vec<Column>>,
    rows: Option<Box<RawValue>>,
    table_fragment_type: Option<String>,
    field_count: Option<usize>,
    table_progress: Option<f64>,
    row_count: Option<u64>,
    one_api_errors: Option<Value>,
    has_errors: Option<bool>,
    cancelled: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Column {
    column_name: Option<String>,
    column_type: Option<String>,
    data_type: Option<String>,
}

/// A table that has begun and not ended.
struct Table {
    id: i64,
    types: Vec<ColumnType>,
    row_count: u64,
    errors: Vec<OneApiError>,
    /// Whether the last rows came with an error in place of one.
    has_new_errors: bool,
}

/// Reads an object. Of a member that comes twice the last one counts; what that means for rows is not judged here.
fn object<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    match serde_json::from_str(text) {
        Err(error) if error.to_string().starts_with("duplicate field") => {
            let value: Value = serde_json::from_str(text).map_err(|_| Refusal::Unjudged)?;
            if value.get("Rows").is_some() || value.get("Tables").is_some() {
                return Err(Refusal::Unjudged);
            }
            Ok(serde_json::from_value(value)?)
        }
        read => Ok(read?),
    }
}

fn errors_at(wrapper: &Value, place: ErrorPlace) -> Vec<OneApiError> {
    let errors = OneApiError::list(wrapper).into_iter();
    errors.map(|error| error.at(place)).collect()
}

fn read(bytes: &[u8], config: &DecoderConfig) -> Result<Vec<String>, Refusal> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let Ok(text) = str::from_utf8(bytes) else {
        return wrong("it is not UTF-8");
    };
    let mut lines = Vec::new();
    match text.trim_ascii_start().as_bytes().first() {
        Some(b'[') => read_v2(text, config, &mut lines)?,
        Some(b'{') => read_v1(text, config, &mut lines)?,
        _ => return wrong("it is no answer"),
    }
    Ok(lines)
}

fn read_v1(text: &str, config: &DecoderConfig, lines: &mut Vec<String>) -> Result<(), Refusal> {
    let answer: V1 = object(text)?;
    let (Some(tables), None) = (answer.tables, answer.error) else {
        return wrong("there are no tables");
    };
    lines.push("header v1.0 false false None".to_owned());
    let mut row_errors = Vec::new();
    for (ordinal, members) in tables.into_iter().enumerate() {
        let mut table = begin(&members, Some(ordinal as i64), "Unknown", lines)?;
        add_rows(&mut table, &members, "DataAppend", config, lines)?;
        row_errors.extend(table.errors.iter().cloned());
        end(table, None, lines);
    }
    let wrapper =
        serde_json::json!({ "Exceptions": answer.exceptions, "OneApiErrors": answer.one_api_errors });
    let errors = Some(errors_at(&wrapper, ErrorPlace::Exceptions))
        .filter(|errors| !errors.is_empty())
        .unwrap_or(row_errors);
    lines.push(format!("end of all {} false {errors:?}", !errors.is_empty()));
    Ok(())
}

fn read_v2(text: &str, config: &DecoderConfig, lines: &mut Vec<String>) -> Result<(), Refusal> {
    let frames: Vec<&RawValue> = serde_json::from_str(text)?;
    let mut open: Vec<Table> = Vec::new();
    let (mut begun, mut complete) = (false, false);
    for frame in frames {
        let tag: Tag = object(frame.get())?;
        let Some(frame_type) = tag.frame_type.as_deref() else {
            return wrong("a frame has no type");
        };
        if complete || (frame_type == "DataSetHeader") == begun {
            return wrong("a frame is out of place");
        }
        if !matches!(
            frame_type,
            "DataSetHeader"
                | "DataTable"
                | "TableHeader"
                | "TableFragment"
                | "TableProgress"
                | "TableCompletion"
                | "DataSetCompletion"
        ) {
            continue;
        }
        let members: Members = object(frame.get())?;
        let place = match members.table_id {
            Some(table_id) if frame_type == "TableCompletion" => ErrorPlace::TableCompletion { table_id },
            _ => ErrorPlace::DataSetCompletion,
        };
        let errors = errors_at(members.one_api_errors.as_ref().unwrap_or(&Value::Null), place);
        let index = open.iter().position(|table| Some(table.id) == members.table_id);
        let kind = members.table_kind.as_deref().unwrap_or("Unknown");
        match (frame_type, index, members.table_id) {
            ("DataSetHeader", ..) => {
                begun = true;
                let placement = members.error_reporting_placement.as_deref();
                lines.push(format!(
                    "header {} {} {} {:?}",
                    members.version.unwrap_or_default(),
                    members.is_progressive == Some(true),
                    members.is_fragmented == Some(true),
                    placement.and_then(ErrorReportingPlacement::from_name)
                ));
            }
            ("DataTable", None, id) => {
                let mut table = begin(&members, id, kind, lines)?;
                add_rows(&mut table, &members, "DataAppend", config, lines)?;
                end(table, None, lines);
            }
            ("TableHeader", None, id) => open.push(begin(&members, id, kind, lines)?),
            ("TableFragment", Some(index), _) => {
                let table = &mut open[index];
                let before = lines.len();
                let width = members.field_count.unwrap_or(table.types.len());
                match members.table_fragment_type.as_deref() {
                    Some("DataReplace") => table.row_count = 0,
                    Some("DataAppend") if width == table.types.len() => {}
                    _ => return wrong("a fragment is not as its table"),
                }
                let kind = members.table_fragment_type.as_deref().unwrap_or_default();
                add_rows(table, &members, kind, config, lines)?;
                let is_for_error = kind == "DataAppend" && table.has_new_errors;
                if lines.len() == before && !is_for_error {
                    lines.push(format!("{} {kind} no rows", table.id));
                }
            }
            ("TableProgress", _, Some(id)) => {
                lines.push(format!(
                    "progress {id} {:?}",
                    members.table_progress.unwrap_or_default()
                ));
            }
            ("TableCompletion", Some(index), _) => {
                let mut table = open.remove(index);
                table.errors.extend(errors);
                end(table, members.row_count, lines);
            }
            ("DataSetCompletion", ..) => {
                let (failed, cancelled) = (members.has_errors == Some(true), members.cancelled == Some(true));
                if !failed && !cancelled && errors.is_empty() && !open.is_empty() {
                    return wrong("a table is open at the end");
                }
                complete = true;
                open.sort_by_key(|table| table.id);
                open.drain(..).for_each(|table| end(table, None, lines));
                lines.push(format!("end of all {failed} {cancelled} {errors:?}"));
            }
            _ => return wrong("a frame is of a table that is not there"),
        }
    }
    if complete {
        Ok(())
    } else {
        wrong("the frames do not end")
    }
}

fn begin(members: &Members, id: Option<i64>, kind: &str, lines: &mut Vec<String>) -> Result<Table, Refusal> {
    let (Some(id), Some(columns)) = (id, &members.columns) else {
        return wrong("a table has no head");
    };
    let name = members.table_name.as_deref().unwrap_or_default();
    let mut line = format!("table {id} {} {name:?}", TableKind::from_name(kind).as_str());
    let mut types = Vec::new();
    for column in columns {
        let type_name = column.column_type.as_deref().filter(|name| !name.is_empty());
        let column_type =
            ColumnType::from_name(type_name.or(column.data_type.as_deref()).unwrap_or_default());
        line += &format!(
            " {:?}:{column_type}",
            column.column_name.as_deref().unwrap_or_default()
        );
        types.push(column_type);
    }
    lines.push(line);
    Ok(Table {
        id,
        types,
        row_count: 0,
        errors: Vec::new(),
        has_new_errors: false,
    })
}

fn end(table: Table, row_count: Option<u64>, lines: &mut Vec<String>) {
    lines.push(format!(
        "end {} {} {:?}",
        table.id,
        row_count.unwrap_or(table.row_count),
        table.errors
    ));
}

fn add_rows(
    table: &mut Table,
    members: &Members,
    mut kind: &str,
    config: &DecoderConfig,
    lines: &mut Vec<String>,
) -> Result<(), Refusal> {
    table.has_new_errors = false;
    let rows: Vec<&RawValue> = match &members.rows {
        Some(rows) => serde_json::from_str(rows.get())?,
        None => Vec::new(),
    };
    for row in rows {
        if row.get().starts_with('{') {
            let object: Value = serde_json::from_str(row.get())?;
            if object.get("OneApiErrors").is_none() && object.get("Exceptions").is_none() {
                return wrong("an object is no error");
            }
            let (table_id, row) = (table.id, table.row_count);
            table
                .errors
                .extend(errors_at(&object, ErrorPlace::Row { table_id, row }));
            table.has_new_errors = true;
            continue;
        }
        let cells: Vec<&RawValue> = serde_json::from_str(row.get())?;
        let mut cells: Vec<&str> = cells.into_iter().map(RawValue::get).collect();
        if config.allow_varying_row_widths {
            cells.resize(table.types.len(), "null");
        } else if cells.len() != table.types.len() {
            return wrong("a row is not as wide as its table");
        }
        let values = cells
            .iter()
            .zip(&table.types)
            .map(|(raw, column_type)| cell(raw, column_type));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        lines.push(format!("{} {kind} [{}]", table.id, values.join(", ")));
        kind = "DataAppend";
        table.row_count += 1;
    }
    Ok(())
}

//! Rows made of records by a mapping.

use std::borrow::Cow;

use csv::ByteRecord;
use kusto_protocol::{Column, DateTime};
use serde_json::Value;
use serde_json::value::RawValue;

use super::cell::CellBuilder;
use super::json::Members;
use super::mapping::{Field, MappedColumn, Mapping, Transform};
use super::path::{Path, Step, last_named, value_at};

/// Where each column of a table comes from, by a mapping.
#[derive(Clone, Debug)]
pub(crate) struct MappedColumns {
    /// For each column of the table, how it is mapped, if it is.
    columns: Vec<Option<MappedColumn>>,
    /// All paths of the mapping.
    paths: Vec<Path>,
    /// The name of the source.
    location: String,
}

impl MappedColumns {
    /// The mapping seen from the table's columns, for a source of this name.
    pub(crate) fn new(mapping: &Mapping, columns: &[Column], location: impl Into<String>) -> Self {
        let mapped = |column: &Column| mapping.columns.iter().find(|mapped| mapped.name == column.name);
        let paths = mapping.columns.iter().filter_map(|column| match &column.field {
            Field::Path(path) if column.transform != Some(Transform::DropMappedFields) => Some(path.clone()),
            _ => None,
        });
        Self {
            columns: columns.iter().map(|column| mapped(column).cloned()).collect(),
            paths: paths.collect(),
            location: location.into(),
        }
    }

    /// How the column at this place is mapped.
    pub(crate) fn column(&self, place: usize) -> Option<&MappedColumn> {
        self.columns[place].as_ref()
    }

    /// Adds a row from the cells of a record on this line.
    pub(crate) fn push_cells(&self, builders: &mut [CellBuilder], cells: &ByteRecord, line: u64) {
        for (builder, column) in builders.iter_mut().zip(&self.columns) {
            let Some(column) = column else {
                builder.push_missing();
                continue;
            };
            let cell = match column.field {
                Field::Ordinal(ordinal) => cells.get(ordinal).map(String::from_utf8_lossy),
                _ => None,
            };
            match (cell, column.transform) {
                (Some(cell), Some(Transform::UnixTime(per_second))) => push_time(builder, &cell, per_second),
                (Some(cell), None) => builder.push_text(&cell),
                _ => self.push_given(builder, column, line),
            }
        }
    }

    /// Adds a row from the members of a JSON object on this line.
    pub(crate) fn push_members(&self, builders: &mut [CellBuilder], members: &Members<'_>, line: u64) {
        for (builder, column) in builders.iter_mut().zip(&self.columns) {
            let Some(column) = column else {
                builder.push_missing();
                continue;
            };
            match &column.field {
                Field::Path(path) => match value_of(members, path) {
                    Some(value) => self.push_value(builder, &value, column, path),
                    None => builder.push_missing(),
                },
                _ => self.push_given(builder, column, line),
            }
        }
    }

    /// Adds a value found at the path of a column.
    pub(crate) fn push_value(
        &self,
        builder: &mut CellBuilder,
        value: &RawValue,
        column: &MappedColumn,
        path: &Path,
    ) {
        let transformed = match column.transform {
            Some(Transform::UnixTime(per_second)) => {
                let text: String =
                    serde_json::from_str(value.get()).unwrap_or_else(|_| value.get().to_owned());
                return push_time(builder, &text, per_second);
            }
            Some(Transform::PropertyBagArrayToDictionary) => merged(value),
            Some(Transform::DropMappedFields) => self.without_mapped(value, path),
            _ => None,
        };
        match transformed.and_then(|value| RawValue::from_string(value.to_string()).ok()) {
            Some(value) => builder.push_json(&value),
            None => builder.push_json(value),
        }
    }

    /// Adds what is known without looking at the record.
    pub(crate) fn push_given(&self, builder: &mut CellBuilder, column: &MappedColumn, line: u64) {
        match (&column.field, column.transform) {
            (_, Some(Transform::SourceLineNumber)) => builder.push_text(&line.to_string()),
            (_, Some(Transform::SourceLocation)) => builder.push_text(&self.location),
            (Field::Constant(constant), _) => builder.push_text(constant),
            _ => builder.push_missing(),
        }
    }

    /// The object at `path` without what other columns take from it.
    fn without_mapped(&self, value: &RawValue, path: &Path) -> Option<Value> {
        let mut object: Value = serde_json::from_str(value.get()).ok()?;
        for mapped in &self.paths {
            if let Some(steps) = mapped.strip_prefix(path) {
                remove(&mut object, steps);
            }
        }
        Some(object)
    }
}

/// The value that a path leads to.
fn value_of<'a>(members: &Members<'a>, path: &Path) -> Option<Cow<'a, RawValue>> {
    match path.0.split_first() {
        Some((Step::Member(name), rest)) => value_at(last_named(members, name)?, rest).map(Cow::Borrowed),
        Some((Step::Element(_), _)) => None,
        None => {
            let member = |(name, value): &(Cow<'_, str>, &RawValue)| {
                format!("{}:{}", Value::from(name.as_ref()), value.get())
            };
            let members: Vec<String> = members.0.iter().map(member).collect();
            let whole = RawValue::from_string(format!("{{{}}}", members.join(","))).ok()?;
            Some(Cow::Owned(whole))
        }
    }
}

fn remove(value: &mut Value, steps: &[Step]) {
    let [first, rest @ ..] = steps else { return };
    match (first, value) {
        (Step::Member(name), Value::Object(members)) => {
            if rest.is_empty() {
                members.shift_remove(name);
            } else if let Some(inner) = members.get_mut(name) {
                remove(inner, rest);
            }
        }
        (Step::Element(index), Value::Array(elements)) => {
            if let Some(inner) = elements.get_mut(*index) {
                remove(inner, rest);
            }
        }
        _ => {}
    }
}

/// The members of all objects of an array in one object.
fn merged(value: &RawValue) -> Option<Value> {
    let bags: Vec<serde_json::Map<String, Value>> = serde_json::from_str(value.get()).ok()?;
    Some(Value::Object(bags.into_iter().flatten().collect()))
}

/// Adds a time given as a number of units since 1970.
fn push_time(builder: &mut CellBuilder, text: &str, per_second: i64) {
    match time_of(text.trim(), per_second) {
        Some(time) => builder.push_text(&time.to_string()),
        None => builder.push_missing(),
    }
}

fn time_of(text: &str, per_second: i64) -> Option<DateTime> {
    let ticks = match text.parse::<i64>() {
        Ok(number) => i128::from(number) * i128::from(TICKS_PER_SECOND) / i128::from(per_second),
        // Fractions of a unit are given too.
        Err(_) => (text.parse::<f64>().ok()? * TICKS_PER_SECOND as f64 / per_second as f64) as i128,
    };
    let ticks = i64::try_from(ticks + i128::from(UNIX_EPOCH_TICKS)).ok()?;
    (0..=MAX_TICKS)
        .contains(&ticks)
        .then(|| DateTime::from_ticks(ticks))
}

const TICKS_PER_SECOND: i64 = 10_000_000;
const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;
/// 9999-12-31T23:59:59.9999999Z
const MAX_TICKS: i64 = 3_155_378_975_999_999_999;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_in_all_units() {
        for (text, per_second) in [
            ("1700000000", 1),
            ("1700000000000", 1_000),
            ("1700000000000000", 1_000_000),
            ("1700000000000000000", 1_000_000_000),
        ] {
            let time = time_of(text, per_second).unwrap();
            assert_eq!(time.to_string(), "2023-11-14T22:13:20Z");
        }
        assert_eq!(
            time_of("0.5", 1).unwrap().to_string(),
            "1970-01-01T00:00:00.5000000Z"
        );
        assert_eq!(time_of("9223372036854775807", 1), None);
        assert_eq!(time_of("x", 1), None);
    }

    #[test]
    fn bags_are_merged() {
        let bags = RawValue::from_string(r#"[{"a":1},{"b":2,"a":3}]"#.to_owned()).unwrap();
        assert_eq!(merged(&bags).unwrap().to_string(), r#"{"a":3,"b":2}"#);
    }
}

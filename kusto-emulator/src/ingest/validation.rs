//! What is checked of delimited rows, and what becomes of those that fail.

use csv::ByteRecord;
use serde_json::{Map, Value};

use super::ReadError;

/// The property `validationPolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ValidationPolicy {
    check: FieldCount,
    /// Whether rows that fail are left out. Else nothing is ingested.
    is_best_effort: bool,
}

/// How many fields a row may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum FieldCount {
    /// At most as many as there are columns: what is missing is filled up.
    #[default]
    AtMostColumns,
    /// As many as the first row.
    AsTheFirst,
    /// As many as there are columns.
    AsColumns,
}

impl ValidationPolicy {
    /// Reads the property: `{"ValidationOptions": 0 to 2, "ValidationImplications": 0 or 1}`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let policy: Map<String, Value> = serde_json::from_str(text).ok()?;
        let number = |name: &str| match policy.get(name) {
            None => Some(0),
            Some(value) => value.as_u64(),
        };
        Some(Self {
            check: match number("ValidationOptions")? {
                0 => FieldCount::AtMostColumns,
                1 => FieldCount::AsTheFirst,
                2 => FieldCount::AsColumns,
                _ => return None,
            },
            is_best_effort: match number("ValidationImplications")? {
                0 => false,
                1 => true,
                _ => return None,
            },
        })
    }

    /// Whether a row on this line goes in; an error if nothing does because of it. `first` is the number of fields of
    /// the first row, `columns` that of the table, and no limit where a mapping picks fields.
    pub(super) fn admits(
        self,
        record: &ByteRecord,
        line: u64,
        first: usize,
        columns: Option<usize>,
    ) -> Result<bool, ReadError> {
        let found = record.len();
        let (is_good, wanted) = match (self.check, columns) {
            (FieldCount::AsTheFirst, _) if found != first => (false, format!("{first} in the first row")),
            (FieldCount::AsColumns, Some(columns)) => (found == columns, format!("{columns} columns")),
            (_, Some(columns)) => (found <= columns, format!("{columns} columns")),
            (_, None) => (true, String::new()),
        };
        if is_good || self.is_best_effort {
            return Ok(is_good);
        }
        let message = format!("{found} cells for {wanted}");
        Err(ReadError::new(line, message).code("Stream_WrongNumberOfFields"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_admitted_by_the_number_of_their_fields() {
        let record = |fields: usize| ByteRecord::from(vec!["a"; fields]);
        let policy = |options: u8, implications: u8| {
            let text =
                format!("{{\"ValidationOptions\":{options},\"ValidationImplications\":{implications}}}");
            ValidationPolicy::parse(&text).unwrap()
        };
        // Of tables with three columns; the first row has two fields.
        for (options, fields, is_good) in [
            (0, 2, true),
            (0, 3, true),
            (0, 4, false),
            (1, 2, true),
            (1, 3, false),
            (2, 2, false),
            (2, 3, true),
        ] {
            let admits = |implications| policy(options, implications).admits(&record(fields), 7, 2, Some(3));
            assert_eq!(admits(1), Ok(is_good), "{options} {fields}");
            assert_eq!(admits(0).is_ok(), is_good, "{options} {fields}");
        }
        assert_eq!(policy(2, 0).admits(&record(9), 1, 2, None), Ok(true));
        assert_eq!(ValidationPolicy::parse("{}"), Some(ValidationPolicy::default()));
        for bad in [
            "",
            "7",
            "{\"ValidationOptions\":3}",
            "{\"ValidationImplications\":\"x\"}",
        ] {
            assert_eq!(ValidationPolicy::parse(bad), None, "{bad}");
        }
    }
}

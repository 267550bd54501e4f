//! Finds the types of columns from all of their values.
//!
//! The whole file is read once, so that a type never turns out to be wrong in the middle of a query. A type is only
//! chosen if every value prints back without loss: `007` and numbers of more than 64 bits stay text.

use kusto_protocol::{ColumnType, DateTime, Guid, Timespan};
use serde_json::value::RawValue;

use crate::ingest::is_json;

/// What the values of a column have in common so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inference {
    kind: Option<Kind>,
}

/// The kinds of value that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bool,
    DateTime,
    Dynamic,
    Guid,
    Long,
    Real,
    Text,
    Timespan,
}

impl Inference {
    /// Takes a cell of a text format into account; empty cells say nothing.
    pub(crate) fn text(&mut self, cell: &str) {
        let cell = cell.trim();
        if cell.is_empty() || self.kind == Some(Kind::Text) {
            return;
        }
        // What the others were is tried first, since it nearly always fits.
        let kind = match self.kind {
            Some(kind) if kind.fits(cell) => return,
            _ => Kind::of(cell),
        };
        self.meet(kind);
    }

    /// Takes a JSON value into account; nulls say nothing.
    pub(crate) fn json(&mut self, value: &RawValue) {
        let json = value.get();
        let kind = match json.as_bytes().first() {
            Some(b'n') | None => return,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'{' | b'[') => Kind::Dynamic,
            Some(b'"') => match serde_json::from_str::<String>(json).map(|text| Kind::of(&text)) {
                Ok(kind @ (Kind::DateTime | Kind::Guid)) => kind,
                _ => Kind::Text,
            },
            Some(_) if is_long(json) => Kind::Long,
            // Whole numbers beyond 64 bits keep all their digits as text of a dynamic.
            Some(_) if json.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') => Kind::Dynamic,
            Some(_) => Kind::Real,
        };
        match (self.kind, kind) {
            (Some(before), now) if before == now => {}
            (None, now) => self.kind = Some(now),
            (Some(Kind::Long), Kind::Real) | (Some(Kind::Real), Kind::Long) => self.kind = Some(Kind::Real),
            // Dates and names in one column are strings both; other mixtures keep their JSON.
            (Some(Kind::Text | Kind::DateTime | Kind::Guid), Kind::Text | Kind::DateTime | Kind::Guid) => {
                self.kind = Some(Kind::Text);
            }
            _ => self.kind = Some(Kind::Dynamic),
        }
    }

    /// The type that holds all values; `string` for a column without any.
    pub(crate) fn column_type(&self) -> ColumnType {
        match self.kind {
            Some(Kind::Bool) => ColumnType::Bool,
            Some(Kind::DateTime) => ColumnType::DateTime,
            Some(Kind::Dynamic) => ColumnType::Dynamic,
            Some(Kind::Guid) => ColumnType::Guid,
            Some(Kind::Long) => ColumnType::Long,
            Some(Kind::Real) => ColumnType::Real,
            Some(Kind::Timespan) => ColumnType::Timespan,
            Some(Kind::Text) | None => ColumnType::String,
        }
    }

    fn meet(&mut self, kind: Kind) {
        self.kind = Some(match (self.kind, kind) {
            (None, kind) => kind,
            (Some(Kind::Long | Kind::Real), Kind::Long | Kind::Real) => Kind::Real,
            _ => Kind::Text,
        });
    }
}

impl Kind {
    fn of(cell: &str) -> Self {
        [
            Self::Long,
            Self::Real,
            Self::DateTime,
            Self::Guid,
            Self::Timespan,
            Self::Bool,
            Self::Dynamic,
        ]
        .into_iter()
        .find(|kind| kind.fits(cell))
        .unwrap_or(Self::Text)
    }

    fn fits(self, cell: &str) -> bool {
        match self {
            Self::Bool => cell.eq_ignore_ascii_case("true") || cell.eq_ignore_ascii_case("false"),
            Self::DateTime => cell.len() >= 10 && cell.parse::<DateTime>().is_ok(),
            Self::Dynamic => cell.starts_with(['{', '[']) && is_json(cell),
            Self::Guid => cell.len() >= 36 && cell.parse::<Guid>().is_ok(),
            Self::Long => is_long(cell),
            Self::Real => is_real(cell),
            Self::Text => true,
            Self::Timespan => cell.parse::<Timespan>().is_ok(),
        }
    }
}

/// A whole number of 64 bits, written as a program would: without leading zeros.
fn is_long(cell: &str) -> bool {
    let digits = cell.strip_prefix('-').unwrap_or(cell).as_bytes();
    let written = match digits {
        [b'0'] => cell.len() == 1,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    written && (digits.len() < 19 || cell.parse::<i64>().is_ok())
}

/// A number with a fraction or an exponent, or a whole one of 64 bits.
fn is_real(cell: &str) -> bool {
    let number = cell.strip_prefix('-').unwrap_or(cell);
    let digits = number.bytes().take_while(u8::is_ascii_digit).count();
    let leading_zero = digits > 1 && number.starts_with('0');
    let fractional =
        number.contains(['.', 'e', 'E']) && number.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    is_long(cell) || (fractional && !leading_zero && cell.parse::<f64>().is_ok_and(f64::is_finite))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(cells: &[&str]) -> ColumnType {
        let mut inference = Inference::default();
        cells.iter().for_each(|cell| inference.text(cell));
        inference.column_type()
    }

    fn jsons(values: &[&str]) -> ColumnType {
        let mut inference = Inference::default();
        values
            .iter()
            .for_each(|value| inference.json(&RawValue::from_string((*value).to_owned()).unwrap()));
        inference.column_type()
    }

    #[test]
    fn every_value_counts() {
        assert_eq!(texts(&["1", "", "-9223372036854775808"]), ColumnType::Long);
        assert_eq!(texts(&["1", "2.5", "1e3", ".5", "0"]), ColumnType::Real);
        assert_eq!(texts(&["1", "x"]), ColumnType::String);
        assert_eq!(
            texts(&["2007-01-01", "2007-09-29T08:11:00Z"]),
            ColumnType::DateTime
        );
        assert_eq!(texts(&["true", "False"]), ColumnType::Bool);
        assert_eq!(texts(&["00:00:01", "1.00:00:00"]), ColumnType::Timespan);
        assert_eq!(texts(&["74be27de-1e4e-49d9-b579-fe0b331d3642"]), ColumnType::Guid);
        assert_eq!(texts(&["{}", "[1]"]), ColumnType::Dynamic);
        assert_eq!(texts(&["", ""]), ColumnType::String);
    }

    #[test]
    fn what_a_number_would_lose_stays_text() {
        for cell in [
            "007",
            "9223372036854775808",
            "1.",
            "+1",
            "0x10",
            "NaN",
            "00.5",
            "-0",
            "1e999",
        ] {
            let expected = if cell == "1." {
                ColumnType::Real
            } else {
                ColumnType::String
            };
            assert_eq!(texts(&[cell]), expected, "{cell}");
        }
    }

    #[test]
    fn json_types_are_kept() {
        assert_eq!(jsons(&["1", "null", "2"]), ColumnType::Long);
        assert_eq!(jsons(&["1", "2.5"]), ColumnType::Real);
        assert_eq!(jsons(&["\"1\""]), ColumnType::String);
        assert_eq!(jsons(&["\"2007-01-01T00:00:00Z\""]), ColumnType::DateTime);
        assert_eq!(
            jsons(&["\"2007-01-01T00:00:00Z\"", "\"soon\""]),
            ColumnType::String
        );
        assert_eq!(jsons(&["{}", "1"]), ColumnType::Dynamic);
        assert_eq!(jsons(&["1", "\"a\""]), ColumnType::Dynamic);
        assert_eq!(jsons(&["18446744073709551616"]), ColumnType::Dynamic);
    }
}

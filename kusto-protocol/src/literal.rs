//! Values as KQL spells them, for query parameters and for text that programs generate.

mod parameters;
mod parse;
mod quote;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;

use crate::frame::ColumnType;
use crate::parse_error::ParseError;
use crate::scalar::{DateTime, Decimal, Guid, Timespan};

pub use parameters::QueryParameters;
pub use quote::{kql_identifier, kql_obfuscated_string, kql_string};

/// A value with its Kusto type, written to and read from KQL.
///
/// `Display` writes the literal, always in the form that names the type (`long(10)`), so no text can end its
/// literal early and nothing is left to inference. `FromStr` reads every documented form back.
///
/// ```
/// use kusto_protocol::{ColumnType, Literal};
///
/// assert_eq!(Literal::from(10).to_string(), "int(10)");
/// assert_eq!(Literal::from(10_i64).to_string(), "long(10)");
/// assert_eq!(Literal::from("o\"hara\n").to_string(), r#""o\"hara\n""#);
/// assert_eq!(Literal::from(f64::NAN).to_string(), "real(nan)");
/// assert_eq!(Literal::from(None::<i64>), Literal::Null(ColumnType::Long));
///
/// assert_eq!("1.5h".parse(), Ok(Literal::Timespan("01:30:00".parse()?)));
/// assert_eq!("@'C:\\dir'".parse(), Ok(Literal::from("C:\\dir")));
/// # Ok::<(), kusto_protocol::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `bool(true)`
    Bool(bool),
    /// `datetime(2020-01-02T03:04:05Z)`
    DateTime(DateTime),
    /// `decimal(1.5)`
    Decimal(Decimal),
    /// `dynamic({"a":1})`
    Dynamic(Value),
    /// `guid(74be27de-1e4e-49d9-b579-fe0b331d3642)`
    Guid(Guid),
    /// `int(1)`
    Int(i32),
    /// `long(1)`
    Long(i64),
    /// `real(0.5)`, `real(nan)`, `real(+inf)`
    Real(f64),
    /// `"text"`
    String(String),
    /// `timespan(01:00:00)`
    Timespan(Timespan),
    /// `long(null)`; of type `string`, which has no null, the empty text.
    Null(ColumnType),
}

impl Literal {
    /// The Kusto type.
    pub fn column_type(&self) -> ColumnType {
        match self {
            Self::Bool(_) => ColumnType::Bool,
            Self::DateTime(_) => ColumnType::DateTime,
            Self::Decimal(_) => ColumnType::Decimal,
            Self::Dynamic(_) => ColumnType::Dynamic,
            Self::Guid(_) => ColumnType::Guid,
            Self::Int(_) => ColumnType::Int,
            Self::Long(_) => ColumnType::Long,
            Self::Real(_) => ColumnType::Real,
            Self::String(_) => ColumnType::String,
            Self::Timespan(_) => ColumnType::Timespan,
            Self::Null(column_type) => column_type.clone(),
        }
    }

    /// Reads the value of a query parameter as it stands in a request, for a parameter declared as `column_type`.
    ///
    /// A JSON string holds a literal (`"long(10)"`), or what stands inside one (`"10"`); for a `string` parameter
    /// that is not a quoted literal it is the text itself. Whole numbers fit every numeric type.
    ///
    /// # Errors
    ///
    /// If the value does not make a literal of that type.
    ///
    /// ```
    /// use kusto_protocol::{ColumnType, Literal};
    /// use serde_json::json;
    ///
    /// assert_eq!(Literal::from_parameter(ColumnType::Long, &json!("long(10)")), Ok(Literal::Long(10)));
    /// assert_eq!(Literal::from_parameter(ColumnType::Real, &json!(10)), Ok(Literal::Real(10.0)));
    /// assert_eq!(Literal::from_parameter(ColumnType::String, &json!("o'hara")), Ok("o'hara".into()));
    /// assert_eq!(Literal::from_parameter(ColumnType::String, &json!(r#""o\"hara""#)), Ok("o\"hara".into()));
    /// ```
    pub fn from_parameter(column_type: ColumnType, value: &Value) -> Result<Self, ParseError> {
        parse::parameter(column_type, value)
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "bool({value})"),
            Self::DateTime(value) => write!(f, "datetime({value})"),
            Self::Decimal(value) => write!(f, "decimal({value})"),
            Self::Dynamic(value) => {
                f.write_str("dynamic(")?;
                quote::write_json(value, f)?;
                f.write_str(")")
            }
            Self::Guid(value) => write!(f, "guid({value})"),
            Self::Int(value) => write!(f, "int({value})"),
            Self::Long(value) => write!(f, "long({value})"),
            Self::Real(value) if value.is_nan() => f.write_str("real(nan)"),
            Self::Real(f64::INFINITY) => f.write_str("real(+inf)"),
            Self::Real(f64::NEG_INFINITY) => f.write_str("real(-inf)"),
            // The shortest text that reads back to the same number; `{:?}` keeps the point of whole numbers.
            Self::Real(value) => write!(f, "real({value:?})"),
            Self::String(text) => quote::write_string(text, f),
            Self::Timespan(value) => write!(f, "timespan({value})"),
            Self::Null(ColumnType::String) => f.write_str("\"\""),
            Self::Null(ColumnType::Unknown(_)) => f.write_str("dynamic(null)"),
            Self::Null(column_type) => write!(f, "{column_type}(null)"),
        }
    }
}

impl FromStr for Literal {
    type Err = ParseError;

    /// Reads one literal: typed forms with all aliases (`time(1d)`), bare numbers, `true` and `false`, timespans
    /// with a unit (`1.5h`, `timespan(15 seconds)`), strings of every kind (regular, verbatim, multi-line,
    /// obfuscated, adjacent ones joined), and JSON with Kusto literals inside `dynamic(…)`.
    ///
    /// Not read: `datetime()`, which means the current time, and dates that are not ISO 8601.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse::literal(text)
    }
}

impl From<&str> for Literal {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<&String> for Literal {
    fn from(text: &String) -> Self {
        Self::String(text.clone())
    }
}

/// Rounds down to a tick of 100 ns; spans of more than 29 000 years become the longest that Kusto has.
impl From<Duration> for Literal {
    fn from(duration: Duration) -> Self {
        Self::Timespan(Timespan::try_from(duration).unwrap_or(Timespan::MAX))
    }
}

macro_rules! from {
    ($($type:ty => $variant:ident,)*) => {$(
        impl From<$type> for Literal {
            fn from(value: $type) -> Self {
                Self::$variant(value)
            }
        }

        /// `None` is the null of the type.
        impl From<Option<$type>> for Literal {
            fn from(value: Option<$type>) -> Self {
                value.map_or(Self::Null(ColumnType::$variant), Self::$variant)
            }
        }
    )*};
}

from! {
    bool => Bool,
    DateTime => DateTime,
    Decimal => Decimal,
    Value => Dynamic,
    Guid => Guid,
    i32 => Int,
    i64 => Long,
    f64 => Real,
    String => String,
    Timespan => Timespan,
}

#[cfg(test)]
mod tests;

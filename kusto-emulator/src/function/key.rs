//! Values as keys of sets and maps.

use std::borrow::Cow;
use std::collections::HashSet;

use kusto_protocol::{ColumnType, Decimal, Value};

use super::conversion;
use super::json::{self, Json};
use super::pattern::fold;

/// The text of a decimal that equal ones share: without zeros behind the last digit of a fraction.
pub(crate) fn canonical_decimal(text: &str) -> String {
    let Ok(value) = text.parse::<Decimal>() else {
        // More digits than are computed with: as it is.
        return text.to_owned();
    };
    let (mut coefficient, mut exponent) = (value.coefficient(), value.exponent());
    if coefficient == 0 {
        return "0".to_owned();
    }
    while coefficient % 10 == 0 && exponent < i16::MAX {
        coefficient /= 10;
        exponent += 1;
    }
    if let Ok(power) = u32::try_from(exponent)
        && let Some(whole) = 10i128
            .checked_pow(power)
            .and_then(|power| coefficient.checked_mul(power))
    {
        (coefficient, exponent) = (whole, 0);
    }
    Decimal::new(coefficient, exponent).to_string()
}

/// A value in a form that equal values share, numbers whatever their type.
#[derive(PartialEq, Eq, Hash)]
pub(crate) enum Key<'a> {
    Whole(i64),
    Real(u64),
    Text(Cow<'a, str>),
}

impl<'a> Key<'a> {
    /// The key of a value where it is compared with values of type `ty`; `None` for null.
    pub(crate) fn new(value: Value<'a>, ty: &ColumnType) -> Option<Self> {
        match (ty, value) {
            (ColumnType::String, value) => Some(Self::Text(conversion::text(value))),
            (_, Value::Null) => None,
            (ColumnType::Decimal, value) => {
                let value = conversion::decimal(value)?;
                Some(Self::Text(canonical_decimal(&value.to_string()).into()))
            }
            (ColumnType::DateTime, value) => conversion::datetime(value).map(|at| Self::Whole(at.ticks())),
            (ColumnType::Timespan, value) => {
                conversion::timespan(value).map(|span| Self::Whole(span.ticks()))
            }
            (ColumnType::Guid, value) => {
                conversion::guid(value).map(|guid| Self::Text(guid.to_string().into()))
            }
            (_, Value::Bool(value)) => Some(Self::Whole(value.into())),
            (_, Value::Int(value)) => Some(Self::Whole(value.into())),
            (_, Value::Long(value)) => Some(Self::Whole(value)),
            (_, Value::Real(value)) => Some(Self::real(value)),
            (_, Value::Decimal(text)) => text.parse().ok().map(|value: Decimal| Self::real(value.to_f64())),
            (_, Value::Dynamic(text)) if !text.starts_with('"') => match json::parse(text) {
                Json::Null => None,
                Json::Bool(value) => Some(Self::Whole(value.into())),
                Json::Number(number) => number
                    .as_i64()
                    .map(Self::Whole)
                    .or_else(|| number.as_f64().map(Self::real)),
                _ => Some(Self::Text(text.into())),
            },
            (_, value) => Some(Self::Text(conversion::text(value))),
        }
    }

    fn real(value: f64) -> Self {
        match conversion::real_to_long(value) {
            Some(whole) if whole as f64 == value => Self::Whole(whole),
            _ => Self::Real(value.to_bits()),
        }
    }

    /// The same key, its text copied.
    pub(crate) fn into_owned(self) -> Key<'static> {
        match self {
            Self::Whole(value) => Key::Whole(value),
            Self::Real(value) => Key::Real(value),
            Self::Text(text) => Key::Text(text.into_owned().into()),
        }
    }

    /// Adds the key to a set, copying its text only if it is not there yet.
    pub(crate) fn add_to(self, set: &mut HashSet<Key<'static>>) -> bool {
        // A look-up needs keys of one lifetime; the set's can be seen as living shorter.
        let seen: &HashSet<Key<'_>> = set;
        !seen.contains(&self) && set.insert(self.into_owned())
    }

    /// The same key without regard to case.
    pub(crate) fn folded(self) -> Self {
        match self {
            Self::Text(text) => Self::Text(fold(&text).into()),
            key => key,
        }
    }
}

//! What a cell says, by the standard library and the scalars' own parsers.

use kusto_protocol::{ColumnType, DateTime, Decimal, Guid, Timespan};

use super::oracle::{Refusal, wrong};

/// A cell in the words of [`super::text::row`].
pub(crate) fn cell(raw: &str, column_type: &ColumnType) -> Result<String, Refusal> {
    let text = match raw.starts_with('"') {
        true => Some(serde_json::from_str::<String>(raw)?),
        false => None,
    };
    let number = raw
        .parse::<f64>()
        .ok()
        .filter(|number| number.is_finite() && text.is_none());
    let value = match (column_type, text.as_deref()) {
        _ if raw == "null" => Some("null".to_owned()),
        (
            ColumnType::DateTime
            | ColumnType::Decimal
            | ColumnType::Dynamic
            | ColumnType::Guid
            | ColumnType::Timespan,
            Some(""),
        ) => Some("null".to_owned()),
        (ColumnType::Bool, None) => match (raw, whole(raw)) {
            ("true", _) | (_, Some(1)) => Some("bool(true)".to_owned()),
            ("false", _) | (_, Some(0)) => Some("bool(false)".to_owned()),
            _ => None,
        },
        (ColumnType::Int, None) => whole(raw)
            .filter(|value| i32::try_from(*value).is_ok())
            .map(|value| format!("int({value})")),
        (ColumnType::Long, None) => whole(raw).map(|value| format!("long({value})")),
        (ColumnType::Timespan, None) => {
            whole(raw).map(|ticks| format!("timespan({})", Timespan::from_ticks(ticks)))
        }
        (ColumnType::Timespan, Some(text)) => text
            .parse::<Timespan>()
            .ok()
            .map(|value| format!("timespan({value})")),
        (ColumnType::Real, None) => number.map(|number| format!("{number:?}")),
        (ColumnType::Real, Some("NaN")) => Some("NaN".to_owned()),
        (ColumnType::Real, Some("Infinity")) => Some("inf".to_owned()),
        (ColumnType::Real, Some("-Infinity")) => Some("-inf".to_owned()),
        (ColumnType::DateTime, Some(text)) => text
            .parse::<DateTime>()
            .ok()
            .map(|value| format!("datetime({value})")),
        (ColumnType::Guid, Some(text)) => text.parse::<Guid>().ok().map(|value| format!("guid({value})")),
        (ColumnType::Decimal, None) => raw
            .starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
            .then(|| format!("decimal({raw})")),
        (ColumnType::Decimal, Some(text)) => {
            let is_word = matches!(text, "NaN" | "Infinity" | "-Infinity");
            // `Decimal` holds fewer digits and smaller exponents than a column may.
            if text.len() > 30 || text.contains(['e', 'E']) {
                return Err(Refusal::Unjudged);
            }
            (is_word || text.parse::<Decimal>().is_ok()).then(|| format!("decimal({text})"))
        }
        (ColumnType::Dynamic, text) => Some(format!("dynamic({})", text.unwrap_or(raw))),
        (ColumnType::String, text) => Some(format!("{:?}", text.unwrap_or(raw))),
        (ColumnType::Unknown(_), _) => Some(format!("unknown({raw})")),
        _ => None,
    };
    value.map_or_else(|| wrong("a cell is not of its column's type"), Ok)
}

/// The value of a number that is whole and has 64 bits.
fn whole(raw: &str) -> Option<i64> {
    let number = raw.parse::<Decimal>().ok()?;
    let (mut coefficient, mut exponent) = (number.coefficient(), number.exponent());
    while exponent < 0 && coefficient % 10 == 0 {
        (coefficient, exponent) = (coefficient / 10, exponent + 1);
    }
    let power = 10i128.checked_pow(u32::try_from(exponent).ok()?)?;
    i64::try_from(coefficient.checked_mul(power)?).ok()
}

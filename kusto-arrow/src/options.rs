/// Which Arrow types to use where there is a choice. Take the default and set fields.
///
/// ```
/// use kusto_arrow::{Options, TimeResolution};
///
/// let mut options = Options::default();
/// options.datetime = TimeResolution::Nanoseconds;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Options {
    /// The unit of `datetime`.
    pub datetime: TimeResolution,
    /// The unit of `timespan`.
    pub timespan: TimeResolution,
    /// The type of `decimal`.
    pub decimal: DecimalType,
    /// Whether a `guid` becomes text instead of 16 bytes.
    pub guid_as_text: bool,
}

impl Options {
    /// The types that hold every value of Kusto exactly: times as ticks, decimals as text.
    pub const LOSSLESS: Self = Self {
        datetime: TimeResolution::Ticks,
        timespan: TimeResolution::Ticks,
        decimal: DecimalType::Text,
        guid_as_text: false,
    };
}

/// The unit of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum TimeResolution {
    /// Microseconds: reach over the whole range, and lose the seventh digit of a second. A `datetime` is
    /// rounded down, a `timespan` towards zero.
    #[default]
    Microseconds,
    /// Nanoseconds: exact, but only from 1677 to 2262, or 292 years of span. Beyond that conversion fails.
    Nanoseconds,
    /// Plain numbers of 100 ns: since 0001-01-01 for a `datetime`. Exact over the whole range.
    Ticks,
}

/// The type of decimal numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum DecimalType {
    /// The service's text, exact.
    #[default]
    Text,
    /// `Decimal128(38, scale)`. Conversion fails if a number has more digits after the point than the scale, or
    /// more than 38 in all, or is none (`NaN`).
    Decimal128 {
        /// The number of digits after the point.
        scale: i8,
    },
}

//! Values of the scalar types that Rust's standard library has no exact match for.
//!
//! Each has the wire form of Kusto as its `Display` and `FromStr`, and serialises with serde as that text.

mod datetime;
mod decimal;
mod dynamic;
mod guid;
mod timespan;

pub use datetime::DateTime;
pub use decimal::Decimal;
pub use dynamic::Dynamic;
pub use guid::Guid;
pub use timespan::Timespan;

pub(crate) use datetime::{TICKS_PER_DAY, parse_datetime};
pub(crate) use guid::parse_guid;
pub(crate) use timespan::{TICKS_PER_SECOND, parse_timespan};

/// Names under which the scalars ask a serde deserializer for themselves.
///
/// The row deserializer of this crate knows them and hands over the number in the column instead of text;
/// every other format ignores them.
pub(crate) mod serde_name {
    pub(crate) const DATETIME: &str = "$kusto::DateTime";
    pub(crate) const GUID: &str = "$kusto::Guid";
    pub(crate) const TIMESPAN: &str = "$kusto::Timespan";

    /// Whether a scalar asks for itself under this name.
    pub(crate) fn is_scalar(name: &str) -> bool {
        matches!(name, DATETIME | GUID | TIMESPAN)
    }
}

use super::Span;

/// A literal: its type and the text of its value, not yet converted.
///
/// - [`LiteralKind::String`]: the value itself, escapes resolved, adjacent strings joined.
/// - `datetime(…)`, `guid(…)`, `long(…)` and the like: what stands between the parentheses, without
///   surrounding blanks, and without its quotes if it is one quoted string. `int(null)` has the text
///   `null`.
/// - Numbers, `true`/`false` and short timespans (`1.5h`, `10ms`): the text as written. A
///   [`LiteralKind::Timespan`] of digits alone came from `time(5)`, which means five days.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Literal {
    /// Which type the literal has.
    pub kind: LiteralKind,
    /// The text of the value.
    pub text: String,
    /// True for `h"…"`: a string the service keeps out of its logs.
    pub obfuscated: bool,
}

/// The type of a [`Literal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LiteralKind {
    /// `true`, `false`, `bool(…)`.
    Bool,
    /// `datetime(…)`.
    DateTime,
    /// `decimal(…)`.
    Decimal,
    /// `guid(…)`.
    Guid,
    /// `int(…)`.
    Int,
    /// `42`, `0x2a`, `long(…)`.
    Long,
    /// `1.5`, `1e3`, `real(…)`.
    Real,
    /// `"…"`, `'…'`, `@"…"`, three backticks or tildes.
    String,
    /// `1d`, `10ms`, `timespan(…)`, `time(…)`.
    Timespan,
}

/// The value inside `dynamic(…)`: JSON, with KQL's literals allowed as leaves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DynamicValue {
    /// What the value is.
    pub kind: DynamicKind,
    /// Where it stands.
    pub span: Span,
}

/// The shapes of a [`DynamicValue`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DynamicKind {
    /// `null`.
    Null,
    /// A number, string, boolean, datetime, timespan or guid. A negative number has its sign in the
    /// text.
    Literal(Literal),
    /// `{name}`: what a client is to replace before it sends the query.
    ClientParameter(String),
    /// `[…]`.
    Array(Vec<DynamicValue>),
    /// `{…}`, entries in the order written; a key may repeat.
    Bag(Vec<DynamicEntry>),
}

/// One `"key": value` of a property bag.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DynamicEntry {
    /// The key, escapes resolved.
    pub key: String,
    /// The value.
    pub value: DynamicValue,
    /// From the key to the end of the value.
    pub span: Span,
}

//! How one value of each Kusto type reads and writes as a Rust value.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array};
use kusto_protocol::{ColumnType, Decimal as DecimalValue, Value};

use super::json;
use crate::error::EvalError;
use crate::vector::{self, Vector};

/// A type that rows of an argument are read as.
pub(crate) trait Input {
    type Value<'a>;

    /// The type of the vectors it reads.
    const TYPE: ColumnType;
    /// The type in words, for errors.
    const NAME: &'static str;

    /// Whether an argument of this type may be given.
    fn accepts(from: &ColumnType) -> bool;

    /// What an accepted argument is converted to before it is read.
    fn target(_from: &ColumnType) -> ColumnType {
        Self::TYPE
    }

    /// Reads the value of a row; `None` is null.
    fn read<'a>(vector: &'a Vector) -> impl Fn(usize) -> Option<Self::Value<'a>>;
}

/// A type that results are written as.
pub(crate) trait Output: 'static {
    type Value;

    const TYPE: ColumnType;

    /// The column of these values.
    fn collect(values: impl Iterator<Item = Option<Self::Value>>) -> Result<ArrayRef, EvalError>;
}

pub(crate) struct Bool;

impl Input for Bool {
    type Value<'a> = bool;
    const TYPE: ColumnType = ColumnType::Bool;
    const NAME: &'static str = "a bool";

    fn accepts(from: &ColumnType) -> bool {
        matches!(from, ColumnType::Bool | ColumnType::Dynamic)
    }

    fn read(vector: &Vector) -> impl Fn(usize) -> Option<bool> {
        let cells = vector.bools();
        move |row| cells.get(row)
    }
}

impl Output for Bool {
    type Value = bool;
    const TYPE: ColumnType = ColumnType::Bool;

    fn collect(values: impl Iterator<Item = Option<bool>>) -> Result<ArrayRef, EvalError> {
        Ok(Arc::new(values.collect::<BooleanArray>()))
    }
}

pub(crate) struct Int;

impl Output for Int {
    type Value = i32;
    const TYPE: ColumnType = ColumnType::Int;

    fn collect(values: impl Iterator<Item = Option<i32>>) -> Result<ArrayRef, EvalError> {
        Ok(Arc::new(values.collect::<Int32Array>()))
    }
}

pub(crate) struct Real;

impl Input for Real {
    type Value<'a> = f64;
    const TYPE: ColumnType = ColumnType::Real;
    const NAME: &'static str = "a number";

    fn accepts(from: &ColumnType) -> bool {
        matches!(
            from,
            ColumnType::Int | ColumnType::Long | ColumnType::Real | ColumnType::Decimal | ColumnType::Dynamic
        )
    }

    fn read(vector: &Vector) -> impl Fn(usize) -> Option<f64> {
        let cells = vector.reals();
        move |row| cells.get(row)
    }
}

impl Output for Real {
    type Value = f64;
    const TYPE: ColumnType = ColumnType::Real;

    fn collect(values: impl Iterator<Item = Option<f64>>) -> Result<ArrayRef, EvalError> {
        Ok(Arc::new(values.collect::<Float64Array>()))
    }
}

/// The three types that are kept as 64-bit integers.
macro_rules! integers {
    ($($kind:ident, $name:literal, [$($accepted:ident),+];)+) => {$(
        pub(crate) struct $kind;

        impl Input for $kind {
            type Value<'a> = i64;
            const TYPE: ColumnType = ColumnType::$kind;
            const NAME: &'static str = $name;

            fn accepts(from: &ColumnType) -> bool {
                matches!(from, $(ColumnType::$accepted)|+)
            }

            fn read(vector: &Vector) -> impl Fn(usize) -> Option<i64> {
                let cells = vector.longs();
                move |row| cells.get(row)
            }
        }

        impl Output for $kind {
            type Value = i64;
            const TYPE: ColumnType = ColumnType::$kind;

            fn collect(values: impl Iterator<Item = Option<i64>>) -> Result<ArrayRef, EvalError> {
                Ok(Arc::new(values.collect::<Int64Array>()))
            }
        }
    )+};
}

integers! {
    Long, "a whole number", [Int, Long, Dynamic];
    DateTime, "a datetime", [DateTime, Dynamic];
    Timespan, "a timespan", [Timespan, Dynamic];
}

pub(crate) struct Guid;

impl Input for Guid {
    type Value<'a> = [u8; 16];
    const TYPE: ColumnType = ColumnType::Guid;
    const NAME: &'static str = "a guid";

    fn accepts(from: &ColumnType) -> bool {
        matches!(from, ColumnType::Guid | ColumnType::Dynamic)
    }

    fn read(vector: &Vector) -> impl Fn(usize) -> Option<[u8; 16]> {
        let cells = vector.guids();
        move |row| cells.get(row).and_then(|bytes| bytes.try_into().ok())
    }
}

impl Output for Guid {
    type Value = [u8; 16];
    const TYPE: ColumnType = ColumnType::Guid;

    fn collect(values: impl Iterator<Item = Option<[u8; 16]>>) -> Result<ArrayRef, EvalError> {
        Ok(vector::guids(values))
    }
}

pub(crate) struct Decimal;

impl Input for Decimal {
    type Value<'a> = DecimalValue;
    const TYPE: ColumnType = ColumnType::Decimal;
    const NAME: &'static str = "a number";

    fn accepts(from: &ColumnType) -> bool {
        Real::accepts(from)
    }

    fn read(vector: &Vector) -> impl Fn(usize) -> Option<DecimalValue> {
        let cells = vector.texts();
        move |row| cells.get(row).and_then(|text| text.parse().ok())
    }
}

impl Output for Decimal {
    type Value = DecimalValue;
    const TYPE: ColumnType = ColumnType::Decimal;

    fn collect(values: impl Iterator<Item = Option<DecimalValue>>) -> Result<ArrayRef, EvalError> {
        nullable_texts(values.map(|value| value.map(|value| value.to_string())))
    }
}

/// A `string`; null is the empty one.
pub(crate) struct Text;

impl Input for Text {
    type Value<'a> = &'a str;
    const TYPE: ColumnType = ColumnType::String;
    const NAME: &'static str = "a string";

    fn accepts(from: &ColumnType) -> bool {
        matches!(from, ColumnType::String | ColumnType::Dynamic)
    }

    fn read<'a>(vector: &'a Vector) -> impl Fn(usize) -> Option<&'a str> {
        let texts = vector.values();
        let constant = vector.is_constant();
        let texts = arrow_array::cast::AsArray::as_string::<i32>(texts);
        move |row| Some(texts.value(if constant { 0 } else { row }))
    }
}

impl Output for Text {
    type Value = String;
    const TYPE: ColumnType = ColumnType::String;

    fn collect(values: impl Iterator<Item = Option<String>>) -> Result<ArrayRef, EvalError> {
        nullable_texts(values.map(|value| Some(value.unwrap_or_default())))
    }
}

/// A value of any type, as its text.
pub(crate) struct Scalar;

impl Input for Scalar {
    type Value<'a> = &'a str;
    const TYPE: ColumnType = ColumnType::String;
    const NAME: &'static str = "a scalar";

    fn accepts(_from: &ColumnType) -> bool {
        true
    }

    fn read<'a>(vector: &'a Vector) -> impl Fn(usize) -> Option<&'a str> {
        Text::read(vector)
    }
}

/// A value of any type, as it is; null is a value too.
pub(crate) struct Any;

impl Input for Any {
    type Value<'a> = Value<'a>;
    const TYPE: ColumnType = ColumnType::Dynamic;
    const NAME: &'static str = "a scalar";

    fn accepts(_from: &ColumnType) -> bool {
        true
    }

    fn target(from: &ColumnType) -> ColumnType {
        from.clone()
    }

    fn read<'a>(vector: &'a Vector) -> impl Fn(usize) -> Option<Value<'a>> {
        move |row| Some(vector.value(row))
    }
}

/// A `dynamic`, parsed. A constant is parsed once for all rows.
pub(crate) struct Json;

impl Input for Json {
    type Value<'a> = Rc<json::Json>;
    const TYPE: ColumnType = ColumnType::Dynamic;
    const NAME: &'static str = "dynamic";

    fn accepts(from: &ColumnType) -> bool {
        matches!(from, ColumnType::Dynamic)
    }

    fn read(vector: &Vector) -> impl Fn(usize) -> Option<Rc<json::Json>> {
        let cells = vector.texts();
        let parse = move |row| cells.get(row).map(|text| Rc::new(json::parse(text)));
        let constant = vector.is_constant().then(|| parse(0));
        move |row| match &constant {
            Some(value) => value.clone(),
            None => parse(row),
        }
    }
}

impl Output for Json {
    type Value = json::Json;
    const TYPE: ColumnType = ColumnType::Dynamic;

    fn collect(values: impl Iterator<Item = Option<json::Json>>) -> Result<ArrayRef, EvalError> {
        let texts = values.map(|value| match value {
            None | Some(json::Json::Null) => None,
            Some(value) => Some(json::to_text(&value)),
        });
        nullable_texts(texts)
    }
}

/// A value of any type, as JSON.
pub(crate) struct AnyJson;

impl Input for AnyJson {
    type Value<'a> = Rc<json::Json>;
    const TYPE: ColumnType = ColumnType::Dynamic;
    const NAME: &'static str = "a scalar";

    fn accepts(_from: &ColumnType) -> bool {
        true
    }

    fn target(from: &ColumnType) -> ColumnType {
        from.clone()
    }

    fn read(vector: &Vector) -> impl Fn(usize) -> Option<Rc<json::Json>> {
        let parse = move |row| Rc::new(json::from_value(vector.value(row)));
        let constant = vector.is_constant().then(|| parse(0));
        move |row| Some(constant.clone().unwrap_or_else(|| parse(row)))
    }
}

/// The text of a `dynamic` as it is kept; what the function makes of it is its own affair.
pub(crate) struct RawJson;

impl Input for RawJson {
    type Value<'a> = &'a str;
    const TYPE: ColumnType = ColumnType::Dynamic;
    const NAME: &'static str = "dynamic";

    fn accepts(from: &ColumnType) -> bool {
        matches!(from, ColumnType::Dynamic)
    }

    fn read<'a>(vector: &'a Vector) -> impl Fn(usize) -> Option<&'a str> {
        let cells = vector.texts();
        move |row| cells.get(row)
    }
}

impl Output for RawJson {
    type Value = Cow<'static, str>;
    const TYPE: ColumnType = ColumnType::Dynamic;

    fn collect(values: impl Iterator<Item = Option<Self::Value>>) -> Result<ArrayRef, EvalError> {
        nullable_texts(values)
    }
}

/// An argument whose null, or absence, the function handles itself.
pub(crate) struct Nullable<I>(std::marker::PhantomData<I>);

impl<I: Input> Input for Nullable<I> {
    type Value<'a> = Option<I::Value<'a>>;
    const TYPE: ColumnType = I::TYPE;
    const NAME: &'static str = I::NAME;

    fn accepts(from: &ColumnType) -> bool {
        I::accepts(from)
    }

    fn target(from: &ColumnType) -> ColumnType {
        I::target(from)
    }

    fn read<'a>(vector: &'a Vector) -> impl Fn(usize) -> Option<Option<I::Value<'a>>> {
        let read = I::read(vector);
        move |row| Some(read(row))
    }
}

/// The column of these texts; refuses what does not fit into 2 GiB.
pub(crate) fn nullable_texts<T: AsRef<str>>(
    texts: impl Iterator<Item = Option<T>>,
) -> Result<ArrayRef, EvalError> {
    let mut builder = StringBuilder::with_capacity(texts.size_hint().0, 0);
    let mut bytes = 0;
    for text in texts {
        bytes += text.as_ref().map_or(0, |text| text.as_ref().len());
        if bytes > i32::MAX as usize {
            return Err(EvalError::limit(
                "the strings that an expression gives exceed 2 GiB for one batch of rows",
            ));
        }
        builder.append_option(text);
    }
    Ok(Arc::new(builder.finish()))
}

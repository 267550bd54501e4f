//! What a function is bound to: the types of its arguments, and the values of those that are constant.

use std::borrow::Cow;

use kusto_protocol::{ColumnType, Value};

use super::conversion;
use super::kind::Input;
use crate::error::{BindError, EvalError};
use crate::vector::Vector;

/// An argument as the binder knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Argument<'a> {
    /// Its type.
    pub(crate) ty: &'a ColumnType,
    /// Its value, if that is known before the query runs.
    pub(crate) constant: Option<&'a Vector>,
}

/// All arguments of one call.
pub(crate) struct Arguments<'a> {
    name: &'static str,
    list: &'a [Argument<'a>],
}

impl<'a> Arguments<'a> {
    pub(crate) const fn new(name: &'static str, list: &'a [Argument<'a>]) -> Self {
        Self { name, list }
    }

    /// The function's name.
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) const fn len(&self) -> usize {
        self.list.len()
    }

    /// An argument that the function's arity guarantees.
    pub(crate) fn argument(&self, index: usize) -> Argument<'a> {
        self.list[index]
    }

    /// The type of an argument that the function's arity guarantees.
    pub(crate) fn ty(&self, index: usize) -> &'a ColumnType {
        self.list[index].ty
    }

    pub(crate) fn types(&self) -> impl Iterator<Item = &'a ColumnType> {
        self.list.iter().map(|argument| argument.ty)
    }

    /// The value of a constant argument as text, whatever its type; `None` if it varies or is not there.
    pub(crate) fn constant_text(&self, index: usize) -> Option<String> {
        let vector = self.list.get(index)?.constant?;
        Some(conversion::text(vector.value(0)).into_owned())
    }

    /// The text of an argument that must be constant.
    pub(crate) fn literal_text(&self, index: usize) -> Result<String, BindError> {
        self.constant_text(index).ok_or_else(|| {
            BindError::semantic(
                "SEM0235",
                format!("{}(): argument {} must be a constant.", self.name, index + 1),
            )
        })
    }

    /// The values of an argument if they are constant: one scalar, or those of a dynamic array.
    pub(crate) fn constant_value(&self, index: usize) -> Option<Value<'a>> {
        Some(self.list.get(index)?.constant?.value(0))
    }

    /// The type that argument `index` is converted to so that it can be read as `I`.
    pub(crate) fn target<I: Input>(&self, index: usize) -> Result<ColumnType, BindError> {
        match self.list.get(index) {
            None => Ok(I::TYPE),
            Some(argument) if I::accepts(argument.ty) => Ok(I::target(argument.ty)),
            Some(_) => Err(self.mismatch(index, I::NAME)),
        }
    }

    /// The error for an argument of the wrong type.
    pub(crate) fn mismatch(&self, index: usize, expected: &str) -> BindError {
        BindError::semantic(
            "SEM0231",
            format!(
                "{}(): argument {} must be {expected}, not of type {}.",
                self.name,
                index + 1,
                self.list[index].ty,
            ),
        )
    }

    /// The error for an argument with a value that the function does not know.
    pub(crate) fn invalid(&self, index: usize, expected: &str) -> BindError {
        BindError::semantic(
            "SEM0236",
            format!("{}(): argument {} must be {expected}.", self.name, index + 1),
        )
    }
}

/// The vector of argument `index`, converted; a null if the argument was left out.
pub(crate) fn converted<'a>(
    vectors: &'a [Vector],
    index: usize,
    target: &ColumnType,
) -> Result<Cow<'a, Vector>, EvalError> {
    match vectors.get(index) {
        None => Ok(Cow::Owned(Vector::null(target.clone()))),
        Some(vector) if vector.ty() == target => Ok(Cow::Borrowed(vector)),
        Some(vector) => conversion::cast(vector, target).map(Cow::Owned),
    }
}

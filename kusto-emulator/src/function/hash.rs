//! Hashes of values.
//!
//! `hash()` takes numbers and times by their bytes, little-endian; the digests take every value by its text.

use kusto_protocol::{ColumnType, Value};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::arguments::Arguments;
use super::kind::{Any, Long, Nullable, Scalar, Text};
use super::lift::{binary, unary};
use super::xxhash::xxhash64;
use super::{Call, Family, Function, conversion};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "Hashes",
    functions: &[
        Function::new("hash", (1, 2), "(value, [modulo: long]) -> long", hash),
        Function::new("hash_md5", (1, 1), "(value) -> string", digest::<Md5>),
        Function::new("hash_sha1", (1, 1), "(value) -> string", digest::<Sha1>),
        Function::new("hash_sha256", (1, 1), "(value) -> string", digest::<Sha256>),
        Function::new("hash_xxhash64", (1, 2), "(value, [modulo: long]) -> long", hash),
    ],
};

fn hash(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    if *arguments.ty(0) == ColumnType::Dynamic {
        return Err(arguments.mismatch(0, "a scalar that is not dynamic"));
    }
    binary::<Any, Nullable<Long>, Long>(arguments, |value, modulo| {
        let hash = value_hash(value);
        match modulo {
            None => Some(hash as i64),
            Some(modulo) => Some(hash.checked_rem(u64::try_from(modulo).ok()?)? as i64),
        }
    })
}

/// The hash of a value that `hash()` gives, and that sketches keep.
pub(super) fn value_hash(value: Value<'_>) -> u64 {
    match value {
        Value::DateTime(at) => xxhash64(&at.ticks().to_le_bytes()),
        Value::Timespan(span) => xxhash64(&span.ticks().to_le_bytes()),
        Value::Int(value) => xxhash64(&value.to_le_bytes()),
        Value::Long(value) => xxhash64(&value.to_le_bytes()),
        Value::Real(value) => xxhash64(&value.to_le_bytes()),
        value => xxhash64(conversion::text(value).as_bytes()),
    }
}

fn digest<D: Digest>(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    unary::<Scalar, Text>(arguments, |text| {
        let digest = D::digest(text);
        Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn hashes_are_those_of_the_service() {
        check("hash", &["World"], "long:1846988464401551951");
        check("hash", &["World", "long:100"], "long:51");
        check("hash", &["datetime:2015-01-01"], "long:1380966698541616202");
        check(
            "hash_sha1",
            &["World"],
            "70c07ec18ef89c5309bbb0937f3a6342411e1fdd",
        );
        check(
            "hash_sha1",
            &["datetime:2020-01-01"],
            "e903e533f4d636b4fc0dcf3cf81e7b7f330de776",
        );
        check("hash_md5", &["World"], "f5a7924e621e84c9280a9a27e1bcb7f6");
        check(
            "hash_sha256",
            &["World"],
            "78ae647dc5544d227130a0682a51e30bc7777fbb6d8a8f17007463a3ecd1d524",
        );
    }
}

//! What depends on the request rather than on rows: the clock, the database, chance.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

use kusto_protocol::{ColumnType, Value};

use super::arguments::{Arguments, converted};
use super::kind::{self, DateTime, Input, Long, Output, Timespan};
use super::{Call, Family, Function};
use crate::error::BindError;
use crate::session::Session;
use crate::vector::Vector;

pub(super) const FAMILY: Family = Family {
    name: "Request",
    functions: &[
        Function::new("ago", (1, 1), "(timespan) -> datetime", |a| {
            relative(a, i64::checked_sub)
        }),
        Function::new("current_cluster_endpoint", (0, 0), "() -> string", |_| {
            text(|s| &s.cluster)
        }),
        Function::new("current_database", (0, 0), "() -> string", |_| {
            text(|s| &s.database)
        }),
        Function::new("current_principal", (0, 0), "() -> string", |_| {
            text(|s| &s.principal)
        }),
        Function::new("new_guid", (0, 0), "() -> guid", |_| new_guid()),
        Function::new("now", (0, 1), "([offset: timespan]) -> datetime", |a| {
            relative(a, i64::checked_add)
        }),
        Function::new("rand", (0, 1), "([below: long]) -> real", rand),
    ],
};

fn relative(arguments: &Arguments<'_>, function: fn(i64, i64) -> Option<i64>) -> Result<Call, BindError> {
    let given = arguments.len() == 1;
    arguments.target::<Timespan>(0)?;
    Ok(Call::new(
        ColumnType::DateTime,
        move |vectors, rows, session: &Session| {
            let now = session.now.ticks();
            let offsets = converted(vectors, 0, &ColumnType::Timespan)?;
            let offset = Timespan::read(&offsets);
            super::lift::collect::<DateTime>(vectors, rows, |row| {
                let offset = if given { offset(row)? } else { 0 };
                let range = kusto_protocol::DateTime::MIN.ticks()..=kusto_protocol::DateTime::MAX.ticks();
                function(now, offset).filter(|ticks| range.contains(ticks))
            })
        },
    ))
}

fn text(part: fn(&Session) -> &String) -> Result<Call, BindError> {
    Ok(Call::new(ColumnType::String, move |_, _, session| {
        Ok(Vector::constant(ColumnType::String, Value::String(part(session))))
    }))
}

/// Another value for every row. A number below a bound is whole.
fn rand(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    arguments.target::<Long>(0)?;
    let mut call = Call::new(ColumnType::Real, |vectors, rows, _| {
        let bounds = converted(vectors, 0, &ColumnType::Long)?;
        let bound = Long::read(&bounds);
        let values = (0..rows).map(|row| {
            let unit = (random() >> 11) as f64 / (1u64 << 53) as f64;
            Some(match bound(row) {
                Some(bound) if bound > 1 => (unit * bound as f64).floor(),
                _ => unit,
            })
        });
        Ok(Vector::new(ColumnType::Real, kind::Real::collect(values)?))
    });
    call.deterministic = false;
    Ok(call)
}

fn new_guid() -> Result<Call, BindError> {
    let mut call = Call::new(ColumnType::Guid, |_, rows, _| {
        let values = (0..rows).map(|_| {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&random().to_be_bytes());
            bytes[8..].copy_from_slice(&random().to_be_bytes());
            // Version 4, variant 1: what marks a guid as random.
            bytes[6] = bytes[6] & 0x0f | 0x40;
            bytes[8] = bytes[8] & 0x3f | 0x80;
            Some(bytes)
        });
        Ok(Vector::new(ColumnType::Guid, kind::Guid::collect(values)?))
    });
    call.deterministic = false;
    Ok(call)
}

/// Random bits: a counter, hashed with the keys that the standard library draws for its maps.
fn random() -> u64 {
    static STATE: std::sync::LazyLock<RandomState> = std::sync::LazyLock::new(RandomState::new);
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    STATE.hash_one(COUNTER.fetch_add(1, Ordering::Relaxed))
}

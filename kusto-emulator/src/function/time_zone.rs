//! Datetimes between UTC and the clocks of a place.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use jiff::civil;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};
use kusto_protocol::{ColumnType, DateTime as Moment};

use super::arguments::Arguments;
use super::json::Json;
use super::kind::{self, DateTime, Text};
use super::lift::{binary, collect};
use super::{Call, Family, Function};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "Time zones",
    functions: &[
        Function::new("datetime_list_timezones", (0, 0), "() -> dynamic", |_| {
            Ok(Call::new(ColumnType::Dynamic, |vectors, rows, _| {
                let names = || {
                    DATABASE
                        .available()
                        .map(|name| Json::from(name.as_str()))
                        .collect()
                };
                collect::<kind::Json>(vectors, rows, |_| Some(names()))
            }))
        }),
        Function::new(
            "datetime_local_to_utc",
            (2, 2),
            "(datetime, zone: string) -> datetime",
            local_to_utc,
        ),
        Function::new(
            "datetime_utc_to_local",
            (2, 2),
            "(datetime, zone: string) -> datetime",
            utc_to_local,
        ),
    ],
};

/// A time that clocks show twice is the first of the two; one that they leave out is as if they had not.
fn local_to_utc(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    binary::<DateTime, Text, DateTime>(arguments, |local, zone| {
        let zone = zone_named(zone)?;
        let clock = civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
        let clock = clock
            .checked_add(SignedDuration::from_secs(unix_seconds(local)))
            .ok()?;
        let utc = zone.to_ambiguous_timestamp(clock).compatible().ok()?;
        moved(local, utc.as_second() - unix_seconds(local))
    })
}

fn utc_to_local(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    binary::<DateTime, Text, DateTime>(arguments, |utc, zone| {
        let zone = zone_named(zone)?;
        let offset = zone.to_offset(Timestamp::from_second(unix_seconds(utc)).ok()?);
        moved(utc, i64::from(offset.seconds()))
    })
}

/// The zone of a name of the IANA's, such as `Europe/Paris`; `None` if there is none.
fn zone_named(name: &str) -> Option<TimeZone> {
    static KNOWN: LazyLock<Mutex<HashMap<String, Option<TimeZone>>>> = LazyLock::new(Mutex::default);
    // The map is whole even if a thread died while it had it.
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(zone) = known.get(name) {
        return zone.clone();
    }
    let zone = DATABASE.get(name).ok();
    if zone.is_some() {
        known.insert(name.to_owned(), zone.clone());
    }
    zone
}

/// The datetime so many seconds later, if there is one.
fn moved(ticks: i64, seconds: i64) -> Option<i64> {
    let ticks = ticks.checked_add(seconds * SECOND)?;
    (Moment::MIN.ticks()..=Moment::MAX.ticks())
        .contains(&ticks)
        .then_some(ticks)
}

fn unix_seconds(ticks: i64) -> i64 {
    ticks.div_euclid(SECOND) - EPOCH
}

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Ticks of a second.
const SECOND: i64 = 10_000_000;

/// Seconds from the year 1 to 1970.
const EPOCH: i64 = 62_135_596_800;

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn clocks_follow_their_zone() {
        let winter = "datetime:2020-02-02T20:02:20.1234567Z";
        check(
            "datetime_local_to_utc",
            &[winter, "US/Pacific"],
            "datetime:2020-02-03T04:02:20.1234567Z",
        );
        check(
            "datetime_local_to_utc",
            &[winter, "Europe/Paris"],
            "datetime:2020-02-02T19:02:20.1234567Z",
        );
        check(
            "datetime_utc_to_local",
            &[winter, "Asia/Kathmandu"],
            "datetime:2020-02-03T01:47:20.1234567Z",
        );
        let summer = "datetime:2040-07-01T12:00:00Z";
        check(
            "datetime_utc_to_local",
            &[summer, "Europe/Paris"],
            "datetime:2040-07-01T14:00:00Z",
        );
    }

    #[test]
    fn hours_that_are_missing_or_twice_have_one_answer() {
        let missing = "datetime:2024-03-31T02:30:00Z";
        check(
            "datetime_local_to_utc",
            &[missing, "Europe/Paris"],
            "datetime:2024-03-31T01:30:00Z",
        );
        let twice = "datetime:2024-10-27T02:30:00Z";
        check(
            "datetime_local_to_utc",
            &[twice, "Europe/Paris"],
            "datetime:2024-10-27T00:30:00Z",
        );
    }

    #[test]
    fn unknown_zones_and_ends_of_time_give_null() {
        check(
            "datetime_utc_to_local",
            &["datetime:2020-01-01", "Nowhere/Else"],
            "datetime:null",
        );
        check(
            "datetime_utc_to_local",
            &["datetime:0001-01-01", "US/Pacific"],
            "datetime:null",
        );
    }
}

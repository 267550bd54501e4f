//! Rows into structs: with our decoder and serde, and with serde_json straight from the text.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use kusto_protocol::{DateTime, DecoderConfig, Guid, RowBatch};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

use crate::comparator::primary_rows;
use crate::{Mode, decode};

/// Reads every row of a data set into a struct whose texts borrow from the batch, or own their memory, and gives a
/// sum over all members.
///
/// # Errors
///
/// When the answer cannot be read, or there is no such data set.
pub fn deserialize_with_ours(name: &str, owned: bool, body: &[u8]) -> Result<u64, String> {
    let (mut sum, mut failed) = (0_u64, None);
    let keep = |batch: RowBatch| {
        let of_batch = match (name, owned) {
            ("storm", false) => sum_of::<Storm<Borrowed<'_>>>(&batch),
            ("storm", true) => sum_of::<Storm<String>>(&batch),
            ("logs", false) => sum_of::<LogLine<Borrowed<'_>>>(&batch),
            ("logs", true) => sum_of::<LogLine<String>>(&batch),
            ("numeric", _) => sum_of::<Measurement>(&batch),
            _ => Err(format!("there are no structs for '{name}'")),
        };
        match of_batch {
            Ok(of_batch) => sum = sum.wrapping_add(of_batch),
            Err(error) => failed = Some(error),
        }
        Some(batch)
    };
    let mut config = DecoderConfig::default();
    config.max_batch_bytes = SHORT_BATCH;
    decode(body, Mode::Recycled(64 << 10), &config, &mut None, keep).map_err(|error| error.to_string())?;
    failed.map_or(Ok(sum), Err)
}

fn sum_of<'a, T: Deserialize<'a> + Members>(batch: &'a RowBatch) -> Result<u64, String> {
    batch.deserialize::<T>().try_fold(0_u64, |sum, row| {
        row.map(|row| sum.wrapping_add(row.sum()))
            .map_err(|error| error.to_string())
    })
}

/// The same with serde_json, which is shown where the rows begin.
///
/// # Errors
///
/// When the answer cannot be read, or there is no such data set.
pub fn deserialize_with_serde_json(name: &str, owned: bool, body: &[u8]) -> Result<u64, String> {
    let mut json = serde_json::Deserializer::from_slice(primary_rows(body)?);
    match (name, owned) {
        ("storm", false) => json.deserialize_seq(Rows::<Storm<Borrowed<'_>>>(PhantomData)),
        ("storm", true) => json.deserialize_seq(Rows::<Storm<String>>(PhantomData)),
        ("logs", false) => json.deserialize_seq(Rows::<LogLine<Borrowed<'_>>>(PhantomData)),
        ("logs", true) => json.deserialize_seq(Rows::<LogLine<String>>(PhantomData)),
        ("numeric", _) => json.deserialize_seq(Rows::<Measurement>(PhantomData)),
        _ => Err(Error::custom(format_args!("there are no structs for '{name}'"))),
    }
    .map_err(|error| error.to_string())
}

struct Rows<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Members> Visitor<'de> for Rows<T> {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<u64, A::Error> {
        let mut sum = 0_u64;
        while let Some(row) = rows.next_element::<T>()? {
            sum = sum.wrapping_add(row.sum());
        }
        Ok(sum)
    }
}

/// Something that every member has a part in, so that none can be left out. A trait, as the structs differ.
trait Members {
    fn sum(&self) -> u64;
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Storm<T> {
    start_time: DateTime,
    end_time: DateTime,
    episode_id: i32,
    event_id: i32,
    state: T,
    event_type: T,
    injuries_direct: i32,
    injuries_indirect: i32,
    deaths_direct: i32,
    deaths_indirect: i32,
    damage_property: i32,
    damage_crops: i32,
    source: T,
    begin_location: T,
    end_location: T,
    begin_lat: Option<f64>,
    begin_lon: Option<f64>,
    end_lat: Option<f64>,
    end_lon: Option<f64>,
    episode_narrative: T,
    event_narrative: T,
    storm_summary: Summary<T>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Summary<T> {
    details: Details<T>,
    end_time: DateTime,
    start_time: DateTime,
    total_damages: i64,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Details<T> {
    description: T,
    location: T,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LogLine<T> {
    timestamp: DateTime,
    level: T,
    message: T,
    trace_id: Guid,
    duration_us: i64,
    properties: Option<T>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Measurement {
    id: i64,
    ts: DateTime,
    small: Option<i64>,
    big: Option<i64>,
    price: Option<f64>,
    precise: Option<f64>,
    sci: Option<f64>,
    flag: Option<bool>,
    code: i32,
    updated: Option<DateTime>,
    opt_long: Option<i64>,
    opt_real: Option<f64>,
}

impl<T: AsRef<str>> Members for Storm<T> {
    fn sum(&self) -> u64 {
        let summary = &self.storm_summary;
        let texts = [
            &self.state,
            &self.event_type,
            &self.source,
            &self.begin_location,
            &self.end_location,
            &self.episode_narrative,
            &self.event_narrative,
            &summary.details.description,
            &summary.details.location,
        ];
        let numbers = [
            self.episode_id,
            self.event_id,
            self.injuries_direct,
            self.injuries_indirect,
            self.deaths_direct,
            self.deaths_indirect,
            self.damage_property,
            self.damage_crops,
        ];
        let dates = [
            self.start_time,
            self.end_time,
            summary.end_time,
            summary.start_time,
        ];
        let reals = [self.begin_lat, self.begin_lon, self.end_lat, self.end_lon];
        let lengths = texts.map(|text| text.as_ref().len() as u64);
        lengths
            .iter()
            .fold(summary.total_damages as u64, |sum, length| sum ^ (length << 20))
            ^ numbers.iter().fold(0, |sum, number| sum ^ *number as u64)
            ^ dates.iter().fold(0, |sum, at| sum ^ at.ticks() as u64)
            ^ reals.iter().fold(0, |sum, real| sum ^ bits(*real))
    }
}

impl<T: AsRef<str>> Members for LogLine<T> {
    fn sum(&self) -> u64 {
        let texts = [Some(&self.level), Some(&self.message), self.properties.as_ref()];
        let lengths = texts.map(|text| text.map_or(0, |text| text.as_ref().len() as u64));
        let guid = u64::from(self.trace_id.as_bytes()[7]);
        lengths.iter().fold(guid, |sum, length| sum ^ (length << 20))
            ^ self.duration_us as u64
            ^ self.timestamp.ticks() as u64
    }
}

impl Members for Measurement {
    fn sum(&self) -> u64 {
        let longs = [
            Some(self.id),
            self.small,
            self.big,
            self.opt_long,
            Some(self.code.into()),
        ];
        let reals = [self.price, self.precise, self.sci, self.opt_real];
        let dates = [Some(self.ts), self.updated];
        longs.iter().flatten().fold(0, |sum, long| sum ^ *long as u64)
            ^ reals.iter().fold(0, |sum, real| sum ^ bits(*real))
            ^ dates.iter().flatten().fold(0, |sum, at| sum ^ at.ticks() as u64)
            ^ u64::from(self.flag == Some(true))
    }
}

fn bits(real: Option<f64>) -> u64 {
    real.map_or(0, f64::to_bits)
}

/// Text that borrows where it can: JSON's escapes have to be put into memory of their own.
struct Borrowed<'a>(Cow<'a, str>);

impl AsRef<str> for Borrowed<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Borrowed<'de> {
    fn deserialize<D: Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E>(self, text: &str) -> Result<Cow<'de, str>, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }

        text.deserialize_str(Text).map(Self)
    }
}

/// Bytes of batches that are turned into structs at once, as the client's `fetch_all` takes them.
const SHORT_BATCH: usize = 128 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DATA_SETS, answer};

    #[test]
    fn both_ways_give_the_same_rows() {
        for name in DATA_SETS {
            let body = answer(name, 100_000).unwrap();
            for owned in [false, true] {
                let ours = deserialize_with_ours(name, owned, &body).unwrap();
                assert_eq!(
                    deserialize_with_serde_json(name, owned, &body),
                    Ok(ours),
                    "{name}"
                );
            }
        }
    }
}

//! Measurements: twelve columns of numbers, dates and flags, with nulls.

use super::logs::YEAR_2024;
use super::random::Random;
use super::text::{push, push_datetime, push_real};

pub(super) const COLUMNS: &str = "Id:long,Ts:datetime,Small:long,Big:long,Price:real,Precise:real,Sci:real,\
    Flag:bool,Code:int,Updated:datetime,OptLong:long,OptReal:real";

pub(super) struct Numbers {
    random: Random,
    row: u64,
    ticks: i64,
}

impl Numbers {
    pub(super) const fn new() -> Self {
        Self {
            random: Random::new(12),
            row: 0,
            ticks: YEAR_2024,
        }
    }

    pub(super) fn push_row(&mut self, out: &mut Vec<u8>) {
        let random = &mut self.random;
        self.row += 1;
        self.ticks += 1 + random.below(3_000_000) as i64;
        push(out, format_args!("[{},", self.row));
        push_datetime(self.ticks, out);
        or_null(0.02, random, out, |random, out| {
            push(out, format_args!("{}", random.below(200)));
        });
        or_null(0.05, random, out, |random, out| {
            push(
                out,
                format_args!(
                    "{}",
                    random.below(2_000_000_000_000_000) as i64 - 1_000_000_000_000_000
                ),
            );
        });
        or_null(0.03, random, out, |random, out| {
            push_real(random.below(900_000) as f64 / 100.0, out);
        });
        or_null(0.05, random, out, |random, out| {
            push_real(random.normal() * 1000.0, out)
        });
        or_null(0.1, random, out, |random, out| {
            let exponent = random.below(37) as i32 - 12;
            push_real(random.between(1.0, 10.0) * 10_f64.powi(exponent), out);
        });
        or_null(0.05, random, out, |random, out| {
            let flag = random.chance(0.7);
            push(out, format_args!("{flag}"));
        });
        push(out, format_args!(",{}", 100 + random.below(500)));
        let ticks = self.ticks;
        or_null(0.1, random, out, |random, out| {
            push_datetime(ticks - random.below(10_000_000_000_000) as i64, out);
        });
        or_null(0.3, random, out, |random, out| {
            push(out, format_args!("{}", random.below(1_000_000_000)));
        });
        or_null(0.4, random, out, |random, out| {
            push_real((random.between(-90.0, 90.0) * 1e6).round() / 1e6, out);
        });
        out.push(b']');
    }
}

/// Appends a comma and a value, or a null with this probability.
fn or_null(
    probability: f64,
    random: &mut Random,
    out: &mut Vec<u8>,
    value: impl FnOnce(&mut Random, &mut Vec<u8>),
) {
    out.push(b',');
    if random.chance(probability) {
        out.extend_from_slice(b"null");
    } else {
        value(random, out);
    }
}

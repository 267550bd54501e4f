//! Answers of one type only, and of unusual width.

use super::logs::{SCRIPTS, YEAR_2024, push_guid};
use super::random::Random;
use super::text::{push, push_datetime, push_real, push_string, push_words};

/// An answer whose cells are all alike: its name, the type of its columns, how many there are, and one cell.
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) column_type: &'static str,
    pub(super) columns: usize,
    push_cell: fn(&mut Random, &mut Vec<u8>),
}

/// All of them.
pub(super) const SHAPES: &[Shape] = &[
    Shape::new("int", "int", |random, out| {
        let digits = 10_u64.pow(1 + random.below(9) as u32);
        push(
            out,
            format_args!("{}", random.below(digits) as i64 - (digits / 8) as i64),
        );
    }),
    Shape::new("long", "long", |random, out| {
        push(out, format_args!("{}", random.next() as i64 >> random.below(63)));
    }),
    Shape::new("real-short", "real", |random, out| {
        push_real(random.below(1_000_000) as f64 / 100.0, out)
    }),
    Shape::new("real-17", "real", |random, out| {
        let exponent = random.below(40) as i32 - 20;
        push_real(random.between(-10.0, 10.0) * 10_f64.powi(exponent), out);
    }),
    Shape::new("decimal", "decimal", |random, out| {
        let (whole, part) = (random.next() >> 14, random.next() >> 20);
        push(out, format_args!("\"{whole}.{part:014}\""));
    }),
    Shape::new("bool", "bool", |random, out| {
        let flag = random.chance(0.5);
        push(out, format_args!("{flag}"));
    }),
    Shape::new("datetime-0", "datetime", |random, out| {
        push_datetime(YEAR_2024 + random.below(1_000_000_000) as i64 * SECOND, out);
    }),
    Shape::new("datetime-7", "datetime", |random, out| {
        push_datetime(
            YEAR_2024 + random.below(1_000_000_000 * SECOND as u64) as i64 / 10 * 10 + 1,
            out,
        );
    }),
    Shape::new("timespan", "timespan", push_timespan),
    Shape::new("guid", "guid", push_guid),
    Shape::new("string-short", "string", |random, out| push_text(random, 4, out)),
    Shape::new("string-long", "string", |random, out| push_text(random, 300, out)),
    Shape::new("string-escaped", "string", |random, out| {
        let mut text = String::new();
        for _ in 0..6 {
            push_words(random, 8, &mut text);
            text.push_str(random.pick(&["\n", "\t", " \"", "\" ", "\\"]));
        }
        push_string(&text, out);
    }),
    Shape::new("string-non-ascii", "string", |random, out| {
        let text = [random.pick(SCRIPTS), random.pick(SCRIPTS)].join(" ");
        push_string(&text, out);
    }),
    Shape::new("dynamic-small", "dynamic", |random, out| {
        push(
            out,
            format_args!("{{\"count\":{},\"kind\":\"hail\"}}", random.below(1000)),
        );
    }),
    Shape::new("dynamic-large", "dynamic", push_large_dynamic),
    Shape::new("nulls-dense", "long", |random, out| {
        push_long_or_null(0.8, random, out)
    }),
    Shape::new("nulls-sparse", "long", |random, out| {
        push_long_or_null(0.01, random, out)
    }),
    Shape::new("wide", "long", |random, out| push_long_or_null(0.1, random, out)).columns(1000),
    Shape::new("narrow", "long", |random, out| {
        push_long_or_null(0.1, random, out)
    })
    .columns(1),
];

impl Shape {
    const fn new(
        name: &'static str,
        column_type: &'static str,
        push_cell: fn(&mut Random, &mut Vec<u8>),
    ) -> Self {
        Self {
            name,
            column_type,
            columns: 6,
            push_cell,
        }
    }

    const fn columns(self, columns: usize) -> Self {
        Self { columns, ..self }
    }

    pub(super) fn push_row(&self, random: &mut Random, out: &mut Vec<u8>) {
        for column in 0..self.columns {
            out.push(if column == 0 { b'[' } else { b',' });
            (self.push_cell)(random, out);
        }
        out.push(b']');
    }
}

fn push_text(random: &mut Random, len: usize, out: &mut Vec<u8>) {
    let mut text = String::new();
    push_words(random, len, &mut text);
    push_string(&text, out);
}

fn push_timespan(random: &mut Random, out: &mut Vec<u8>) {
    out.push(b'"');
    if random.chance(0.3) {
        push(out, format_args!("{}.", 1 + random.below(400)));
    }
    let (hour, minute, second) = (random.below(24), random.below(60), random.below(60));
    push(out, format_args!("{hour:02}:{minute:02}:{second:02}"));
    if random.chance(0.7) {
        push(out, format_args!(".{:07}", 1 + random.below(9_999_999)));
    }
    out.push(b'"');
}

fn push_large_dynamic(random: &mut Random, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"items\":[");
    for item in 0..12 {
        push(
            out,
            format_args!(
                "{}{{\"id\":{},\"label\":\"item of lot {}\",\"open\":{},\"sizes\":[1,{},{}]}}",
                if item == 0 { "" } else { "," },
                random.below(100_000),
                random.below(500),
                random.chance(0.5),
                random.below(50),
                random.below(5000),
            ),
        );
    }
    out.extend_from_slice(b"],\"version\":2}");
}

fn push_long_or_null(nulls: f64, random: &mut Random, out: &mut Vec<u8>) {
    if random.chance(nulls) {
        out.extend_from_slice(b"null");
    } else {
        push(out, format_args!("{}", random.below(1_000_000)));
    }
}

const SECOND: i64 = 10_000_000;

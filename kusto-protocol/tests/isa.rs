//! Every instruction set decodes the same: rows as the service writes them, many at a time, right and wrong.

mod support;

use kusto_protocol::{DecoderConfig, Isa};
use proptest::prelude::*;
use proptest::sample::{Index, select};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 400 } else { 4_000 }))]

    #[test]
    fn right_rows_are_the_same(table in table(60), seed in any::<u64>()) {
        compare(table.answer().as_bytes(), seed);
    }

    #[test]
    fn wrong_rows_are_the_same(
        table in table(8),
        at in any::<Index>(),
        change in change(),
        seed in any::<u64>(),
    ) {
        let mut answer = table.answer().into_bytes();
        let rows = table.head().len();
        let at = rows + at.index(answer.len() - rows);
        match change {
            Change::Byte(byte) => answer[at] = byte,
            Change::Insert(text) => drop(answer.splice(at..at, text.bytes())),
            Change::Remove(count) => drop(answer.drain(at..(at + count).min(answer.len()))),
            Change::Cut => answer.truncate(at),
        }
        compare(&answer, seed);
    }

    #[test]
    fn strings_of_every_length_and_place(
        front in 0usize..130,
        text in "[ -~\n\t\\\\\"é€😀\u{1}]{0,150}",
        ascii in any::<bool>(),
    ) {
        let front = "x".repeat(front);
        let text = serde_json::to_string(&format!("{front}{text}")).unwrap();
        // The same with every character but ASCII escaped, as some writers do.
        let text = if ascii { escape_non_ascii(&text) } else { text };
        let answer = format!("{}[{text},{text}],[null,{text}]{END}", head(&["string", "dynamic"]));
        compare(answer.as_bytes(), front.len() as u64);
    }

    #[test]
    fn nested_values_of_every_kind(text in nested(), other in nested(), front in 0usize..80, at in any::<Index>(), byte in select(&b"[]{}:,\"\\0a \x1f\xc3"[..])) {
        let front = "y".repeat(front);
        // Values of one shape after each other, and of another one between them.
        let answer = format!(
            "{}[\"{front}\",{text}],[\"\",{text}],[\"\",{text}],[\"{front}\",{text}],[\"\",{other}],[\"\",{text}]{END}",
            head(&["string", "dynamic"])
        );
        compare(answer.as_bytes(), 1);
        let mut answer = answer.into_bytes();
        let from = head(&["string", "dynamic"]).len();
        let at = from + at.index(answer.len() - from);
        answer[at] = byte;
        compare(&answer, 2);
        compare(&answer, 3);
    }
}

/// Decodes with every instruction set, whole and in pieces; all must do as the scalar one does for the whole, and that
/// one as the oracle says.
fn compare(answer: &[u8], seed: u64) {
    let mut config = DecoderConfig::default();
    config.isa = Isa::Scalar;
    config.max_batch_rows = [3, 8192][seed as usize % 2];
    config.max_batch_bytes = [100, 4 << 20][(seed >> 1) as usize % 2];
    let decoded = support::decode_chunks([answer], &config);
    support::oracle::compare(answer, &config, &decoded);
    let expected = support::text::frames(&decoded.0, &decoded.1);
    for isa in Isa::available() {
        config.isa = isa;
        for chunks in [vec![answer], support::random_chunks(answer, seed)] {
            let (frames, end) = support::decode_chunks(chunks, &config);
            let found = support::text::frames(&frames, &end);
            assert_eq!(found, expected, "{isa:?}: {}", String::from_utf8_lossy(answer));
        }
    }
}

#[derive(Clone, Debug)]
struct Table {
    types: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    between: &'static str,
}

impl Table {
    fn head(&self) -> String {
        head(&self.types)
    }

    fn answer(&self) -> String {
        let rows: Vec<String> = self
            .rows
            .iter()
            .map(|cells| format!("[{}]", cells.join(",")))
            .collect();
        format!("{}{}{END}", self.head(), rows.join(self.between))
    }
}

fn head(types: &[&str]) -> String {
    let columns: Vec<String> = types
        .iter()
        .map(|name| format!(r#"{{"ColumnName":"c","ColumnType":"{name}"}}"#))
        .collect();
    format!(
        r#"{{"Tables":[{{"TableName":"T","Columns":[{}],"Rows":["#,
        columns.join(",")
    )
}

const END: &str = "]}]}";

/// A table of random columns with up to so many rows, most cells of them as the service writes them.
fn table(max_rows: usize) -> impl Strategy<Value = Table> {
    let types = proptest::collection::vec(select(TYPES), 1..8);
    let rows = types.prop_flat_map(move |types| {
        let cells: Vec<_> = types.iter().map(|name| cell(name)).collect();
        (Just(types), proptest::collection::vec(cells, 0..max_rows))
    });
    let between = prop_oneof![6 => Just(","), 1 => Just(",\r\n"), 1 => Just(" , ")];
    (rows, between).prop_map(|((types, rows), between)| Table { types, rows, between })
}

fn cell(name: &str) -> BoxedStrategy<String> {
    let usual = match name {
        "bool" => select(&["true", "false", "true", "false", "0", "1"][..])
            .prop_map(str::to_owned)
            .boxed(),
        "int" => any::<(i32, u32)>()
            .prop_map(|(number, shift)| (number >> (shift % 32)).to_string())
            .boxed(),
        "long" => any::<(i64, u32)>()
            .prop_map(|(number, shift)| (number >> (shift % 64)).to_string())
            .boxed(),
        "real" => prop_oneof![
            any::<f64>()
                .prop_filter("finite", |number| number.is_finite())
                .prop_map(|number| format!("{number:?}")),
            "-?(0|[1-9][0-9]{0,9})\\.[0-9]{1,12}",
            "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,22})?([eE][+-]?[0-9]{1,3})?",
        ]
        .boxed(),
        "datetime" => (0..=kusto_protocol::DateTime::MAX.ticks(), 0u32..8)
            .prop_map(|(ticks, digits)| {
                let unit = 10i64.pow(digits);
                format!(
                    "\"{}\"",
                    kusto_protocol::DateTime::from_ticks(ticks / unit * unit)
                )
            })
            .boxed(),
        "timespan" => any::<(i64, u32)>()
            .prop_map(|(ticks, shift)| {
                format!(
                    "\"{}\"",
                    kusto_protocol::Timespan::from_ticks(ticks >> (shift % 64))
                )
            })
            .boxed(),
        "guid" => any::<[u8; 16]>()
            .prop_map(|bytes| format!("\"{}\"", kusto_protocol::Guid::from_bytes(bytes)))
            .boxed(),
        "decimal" => "\"-?[0-9]{1,20}(\\.[0-9]{1,10})?\"".boxed(),
        "dynamic" => prop_oneof![nested(), string()].boxed(),
        _ => string().boxed(),
    };
    prop_oneof![12 => usual, 3 => Just("null".to_owned()), 1 => select(ODD).prop_map(str::to_owned)].boxed()
}

fn string() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,100}",
        "[a-z\"\\\\\n\r\t/é€]{0,90}",
        Just(String::new())
    ]
    .prop_map(|text| serde_json::to_string(&text).unwrap())
}

/// Nested JSON as the service writes it.
fn nested() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        select(
            &[
                "0",
                "-1.5",
                "12e3",
                "true",
                "false",
                "null",
                "{}",
                "[]",
                "\"\"",
                "\"a,b:[c]{d}\"",
                "\"\\\"\\\\\"",
                "\"é\\u00e9\""
            ][..]
        )
        .prop_map(str::to_owned),
        "\"[a-zA-Z0-9 ]{0,80}\"",
        "-?[0-9]{1,12}",
    ];
    let value = leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(|items| format!("[{}]", items.join(","))),
            proptest::collection::vec(("\"[a-z]{0,20}\"", inner), 0..6).prop_map(|members| {
                let members: Vec<String> = members
                    .iter()
                    .map(|(name, value)| format!("{name}:{value}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    });
    value.prop_map(|text| {
        if text.starts_with(['{', '[']) {
            text
        } else {
            format!("[{text}]")
        }
    })
}

fn escape_non_ascii(text: &str) -> String {
    let mut units = [0; 2];
    text.chars()
        .map(|c| match c {
            ' '..='~' => c.to_string(),
            _ => c
                .encode_utf16(&mut units)
                .iter()
                .map(|unit| format!("\\u{unit:04x}"))
                .collect(),
        })
        .collect()
}

#[derive(Clone, Debug)]
enum Change {
    Byte(u8),
    Insert(&'static str),
    Remove(usize),
    Cut,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => any::<u8>().prop_map(Change::Byte),
        6 => select(&b"[]{},:\"\\0129.-+eEntf \n\x1f\x80\xc3"[..]).prop_map(Change::Byte),
        3 => select(&["[", "]", ",", "\"", "\\", " ", "0", "-", ".", "null", "],[", "{\"OneApiErrors\":[]}", ",1", "\\u12", "\\x"][..]).prop_map(Change::Insert),
        2 => (1usize..6).prop_map(Change::Remove),
        1 => Just(Change::Cut),
    ]
}

const TYPES: &[&str] = &[
    "bool", "int", "long", "real", "decimal", "datetime", "timespan", "guid", "string", "string", "dynamic",
    "vector",
];

/// Cells that some columns have in another form.
const ODD: &[&str] = &[
    "\"\"",
    "0",
    "-0",
    "1.0",
    "1e2",
    "\"NaN\"",
    "\"Infinity\"",
    "\"-Infinity\"",
    "[1, 2]",
    "{\"a\" : 1}",
    "true",
    "\"true\"",
    "12345678901234567",
    "123456789012345678",
    "-9223372036854775808",
    "9223372036854775807",
    "9223372036854775808",
    "0.1",
    "1e400",
    "1e-400",
    "\"2020-02-30T00:00:00Z\"",
    "\"2020-02-29 12:00:00\"",
    "\"1.02:03:04.5\"",
    "\"00000000000000000000000000000000\"",
    " 1",
    "1 ",
    "01",
    "1.",
    ".5",
    "-",
    "nul",
    "\"a,b\"",
    "\"]\"",
    "\"\\u0031\"",
    "\"\\ud83d\"",
];

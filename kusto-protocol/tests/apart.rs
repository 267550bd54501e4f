//! Rows that are read apart make no difference, wherever a piece begins and ends, and however wrong the guess was.

#![allow(
    clippy::disallowed_methods,
    reason = "the crate reads no files, but its tests do"
)]

mod support;

use std::path::Path;
use std::sync::LazyLock;

use kusto_protocol::{DecodeError, DecodedRows, DecoderConfig, Frame, FrameDecoder, RowsDecoder};
use proptest::prelude::*;
use proptest::sample::Index;
use support::Decoded;

/// A decoder and what came out of it.
struct Driver {
    decoder: FrameDecoder,
    frames: Vec<Frame>,
    /// The bytes that were accepted.
    accepted: usize,
}

impl Driver {
    fn new(config: &DecoderConfig) -> Self {
        Self {
            decoder: FrameDecoder::with_config(config.clone()),
            frames: Vec::new(),
            accepted: 0,
        }
    }

    fn decode(&mut self, mut bytes: &[u8]) -> Result<(), DecodeError> {
        while let Some(frame) = self.decoder.decode(&mut bytes)? {
            self.frames.push(frame);
        }
        Ok(())
    }

    fn accept(&mut self, rows: DecodedRows, piece: &[u8]) -> Result<(), DecodeError> {
        let used = self.decoder.accept(rows);
        self.accepted += used;
        self.decode(&piece[used..])
    }

    fn end(mut self, end: Result<(), DecodeError>) -> Decoded {
        let end = end.and_then(|()| self.decoder.finish());
        self.frames
            .extend(std::iter::from_fn(|| self.decoder.remainder()));
        (self.frames, end)
    }
}

/// Decodes `bytes[at..to]` apart and everything else as usual.
fn one_piece(bytes: &[u8], at: usize, to: usize, config: &DecoderConfig) -> Decoded {
    let mut driver = Driver::new(config);
    let end = driver.decode(&bytes[..at]).and_then(|()| {
        match driver.decoder.rows_decoder() {
            Some(mut rows) => driver.accept(rows.decode(&bytes[at..to]), &bytes[at..to])?,
            None => driver.decode(&bytes[at..to])?,
        }
        driver.decode(&bytes[to..])
    });
    driver.end(end)
}

/// Decodes in pieces of about `len` bytes, all by one helper, cut where it guesses a border.
fn many_pieces(bytes: &[u8], len: usize, config: &DecoderConfig) -> (Decoded, usize) {
    let mut driver = Driver::new(config);
    let mut helper: Option<RowsDecoder> = None;
    let mut rest = bytes;
    let mut end = Ok(());
    while end.is_ok() && !rest.is_empty() {
        helper = driver.decoder.rows_decoder().or(helper);
        let window = &rest[..rest.len().min(len)];
        let border = helper.as_mut().and_then(|helper| helper.border(window));
        let (piece, after) = rest.split_at(border.unwrap_or(window.len()));
        end = match &mut helper {
            Some(helper) => driver.accept(helper.decode(piece), piece),
            None => driver.decode(piece),
        };
        rest = after;
    }
    let accepted = driver.accepted;
    (driver.end(end), accepted)
}

fn check(found: &Decoded, expected: &Decoded, how: impl Fn() -> String) {
    let lines = support::one_row_batches;
    assert_eq!(lines(&found.0), lines(&expected.0), "{}", how());
    assert_eq!(found.1, expected.1, "{}", how());
}

#[test]
fn a_piece_may_begin_anywhere() {
    let config = DecoderConfig::default();
    for bytes in VECTORS.iter() {
        let expected = support::decode_chunks([&bytes[..]], &config);
        for at in 0..=bytes.len() {
            let found = one_piece(bytes, at, bytes.len(), &config);
            check(&found, &expected, || {
                format!("{at} of {}", String::from_utf8_lossy(bytes))
            });
        }
    }
}

#[test]
fn pieces_may_follow_one_another() {
    let config = DecoderConfig::default();
    for bytes in VECTORS.iter() {
        let expected = support::decode_chunks([&bytes[..]], &config);
        for len in [1, 7, 20, 50, 200] {
            let (found, _) = many_pieces(bytes, len, &config);
            check(&found, &expected, || {
                format!("pieces of {len} of {}", String::from_utf8_lossy(bytes))
            });
        }
    }
}

#[test]
fn borders_are_not_looked_for_within_texts_that_look_like_rows() {
    let rows: Vec<String> = (0..2000)
        .map(|n| format!(r#"[{n},"[1],[2],\"[{n}],[",[[{n}],[{n},"x"],[3]]]"#))
        .collect();
    let body = format!(
        r#"{{"Tables":[{{"TableName":"T","Columns":[{{"ColumnName":"n","ColumnType":"long"}},{{"ColumnName":"s","ColumnType":"string"}},{{"ColumnName":"d","ColumnType":"dynamic"}}],"Rows":[{}]}}]}}"#,
        rows.join(",")
    );
    let mut config = DecoderConfig::default();
    config.max_batch_rows = 10;
    let expected = support::decode_chunks([body.as_bytes()], &config);
    let (found, accepted) = many_pieces(body.as_bytes(), 5_000, &config);
    check(&found, &expected, || "texts like rows".to_owned());
    assert!(
        accepted * 10 > body.len() * 9,
        "only {accepted} of {} bytes",
        body.len()
    );
}

#[test]
fn rows_of_another_table_are_refused() {
    let table = r#"{"TableName":"T","Columns":[{"ColumnName":"n","ColumnType":"long"}],"Rows":["#;
    let body = format!("{{\"Tables\":[{table}[1],[2]]}},{table}[3],[4]]}}]}}");
    let config = DecoderConfig::default();
    let (first, second) = (body.find("[2]").unwrap(), body.find("[4]").unwrap());
    let mut driver = Driver::new(&config);
    driver.decode(&body.as_bytes()[..first]).unwrap();
    let mut helper = driver.decoder.rows_decoder().unwrap();
    driver.decode(&body.as_bytes()[first..second]).unwrap();
    let piece = &body.as_bytes()[second..];
    driver.accept(helper.decode(piece), piece).unwrap();
    assert_eq!(driver.accepted, 0);
    let found = driver.end(Ok(()));
    check(
        &found,
        &support::decode_chunks([body.as_bytes()], &config),
        || body.clone(),
    );
}

#[test]
fn a_helper_may_move_to_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<RowsDecoder>();
    is_send::<DecodedRows>();
    is_send::<FrameDecoder>();
}

proptest! {
    #[test]
    fn vectors_cut_at_random(vector in any::<Index>(), at in any::<Index>(), to in any::<Index>(), rows in 1..4usize) {
        let bytes = vector.get(&VECTORS);
        let (at, to) = (at.index(bytes.len() + 1), to.index(bytes.len() + 1));
        let (at, to) = (at.min(to), at.max(to));
        let mut config = DecoderConfig::default();
        config.max_batch_rows = rows;
        config.allow_varying_row_widths = rows == 2;
        let expected = support::decode_chunks([&bytes[..]], &config);
        check(&one_piece(bytes, at, to, &config), &expected, || format!("{at} to {to}"));
    }
}

static VECTORS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors");
    let mut vectors = Vec::new();
    for group in ["v1", "v2", "cells", "error"] {
        for entry in std::fs::read_dir(root.join(group)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "json") {
                vectors.push(std::fs::read(path).unwrap());
            }
        }
    }
    vectors
});

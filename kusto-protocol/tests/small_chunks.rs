//! Small chunks, which the decoder puts together: nothing comes out otherwise, later than it has to, or not at all.

mod support;

use std::fmt::Write as _;

use kusto_protocol::{DecodeErrorKind, DecoderConfig, Frame, FrameDecoder};
use proptest::prelude::*;
use support::Decoded;

#[test]
fn chunks_of_every_size_are_read_alike() {
    let answer = answer(3000);
    let config = DecoderConfig::default();
    let whole = text(&support::decode_chunks([answer.as_bytes()], &config));
    for len in (1000..50_000)
        .step_by(1777)
        .chain([1023, 1024, 4096, 16_384, 32_767, 32_768, 65_536])
    {
        let chunks = answer.as_bytes().chunks(len);
        assert_eq!(
            text(&support::decode_chunks(chunks, &config)),
            whole,
            "chunks of {len}"
        );
    }
}

#[test]
fn an_answer_that_breaks_off_gives_all_that_came() {
    let answer = answer(600);
    let config = DecoderConfig::default();
    for cut in (60_000..answer.len()).step_by(997) {
        let cut = &answer.as_bytes()[..cut];
        let whole = support::decode_chunks([cut], &config);
        assert_eq!(whole.1.as_ref().unwrap_err().kind(), DecodeErrorKind::Truncated);
        assert_eq!(
            text(&support::decode_chunks(cut.chunks(5000), &config)),
            text(&whole)
        );
    }
}

#[test]
fn a_batch_that_is_full_does_not_wait() {
    let row = r#"[1,"some text, so that not too many rows are in a chunk",null,{},null]"#;
    let answer = table(&vec![row; 5000].join(","));
    let mut config = DecoderConfig::default();
    config.max_batch_rows = 500;
    let first = answer.find(row).unwrap();
    for chunk_len in [1100, 4000, 16_000] {
        let mut decoder = FrameDecoder::with_config(config.clone());
        let (mut rows, mut came) = (0, 0);
        for chunk in answer.as_bytes().chunks(chunk_len) {
            let mut input = chunk;
            while let Some(frame) = decoder.decode(&mut input).unwrap() {
                rows += rows_of(&frame);
            }
            came += chunk.len();
            let full = (came.saturating_sub(first) + 1) / (row.len() + 1) / 500 * 500;
            assert!(rows >= full, "{rows} of {full} rows, in chunks of {chunk_len}");
        }
        decoder.finish().unwrap();
        assert_eq!(rows, 5000);
    }
}

#[test]
fn the_last_frame_comes_with_the_last_chunk() {
    for end in ["", "\r\n", "  \n"] {
        let answer = answer(600) + end;
        for len in [1500, 6000, 20_000] {
            let mut decoder = FrameDecoder::new();
            let mut last = None;
            for mut chunk in answer.as_bytes().chunks(len) {
                while let Some(frame) = decoder.decode(&mut chunk).unwrap() {
                    last = Some(frame);
                }
            }
            assert!(
                matches!(last, Some(Frame::DataSetCompletion(_))),
                "in chunks of {len}"
            );
        }
    }
}

#[test]
fn what_is_held_is_bounded() {
    let answer = answer(10_000);
    let mut decoder = FrameDecoder::new();
    let mut config = DecoderConfig::default();
    config.max_batch_rows = 50;
    let mut small = FrameDecoder::with_config(config);
    let (mut most, mut most_of_small) = (0, 0);
    for chunk in answer.as_bytes().chunks(3000) {
        for (decoder, most) in [(&mut decoder, &mut most), (&mut small, &mut most_of_small)] {
            let mut input = chunk;
            while let Some(frame) = decoder.decode(&mut input).unwrap() {
                drop(frame);
            }
            *most = decoder.buffered_bytes().max(*most);
        }
    }
    assert!(most < (4 << 20) + (256 << 10), "{most} bytes");
    assert!(most_of_small < 50 << 10, "{most_of_small} bytes");
}

#[test]
fn rows_read_elsewhere_follow_those_that_waited() {
    let answer = answer(3000);
    let (first, rest) = answer.as_bytes().split_at(90_000);
    let mut decoder = FrameDecoder::new();
    let mut frames = Vec::new();
    let mut decode = |decoder: &mut FrameDecoder, mut input: &[u8]| {
        while let Some(frame) = decoder.decode(&mut input).unwrap() {
            frames.push(frame);
        }
    };
    // They end where a row does, so that the next one may be read elsewhere.
    let mut helper = None;
    let border = first.len() + rest.windows(3).position(|bytes| bytes == b"],[").unwrap() + 2;
    for chunk in answer.as_bytes()[..border].chunks(2000) {
        decode(&mut decoder, chunk);
        helper = helper.or_else(|| decoder.rows_decoder());
    }
    let piece = &answer.as_bytes()[border..];
    let decoded = helper.unwrap().decode(piece);
    let used = decoder.accept(decoded);
    assert!(used > 100_000, "{used} bytes");
    decode(&mut decoder, &piece[used..]);
    decoder.finish().unwrap();
    let whole = support::decode_chunks([answer.as_bytes()], &DecoderConfig::default());
    assert_eq!(
        support::one_row_batches(&frames),
        support::one_row_batches(&whole.0)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_wrong_is_found_in_its_place(
        row in 0..600usize,
        wrong in prop::sample::select(WRONG),
        lens in prop::collection::vec(prop_oneof![1..70usize, 1000..9000usize, 9000..40_000usize], 1..6),
        batch_rows in prop::sample::select(&[7usize, 300, 8192][..]),
    ) {
        let answer = answer_with(600, row, wrong);
        let mut config = DecoderConfig::default();
        config.max_batch_rows = batch_rows;
        let whole = support::decode_chunks([answer.as_bytes()], &config);
        let (mut chunks, mut rest) = (Vec::new(), answer.as_bytes());
        for len in lens.iter().cycle() {
            let (chunk, after) = rest.split_at((*len).min(rest.len()));
            chunks.push(chunk);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(text(&support::decode_chunks(chunks, &config)), text(&whole));
    }
}

/// What may stand before a row, or end the rows.
const WRONG: &[&str] = &[
    "",
    r#"{"OneApiErrors":[{"error":{"code":"A","message":"m"}}]},"#,
    " [1, \"white space\", null, [], null] ,",
    r#"["1","a",1.5,[],null],"#,
    r#"[1,"a",1.5,[],tru],"#,
    r#"[1,"a",1.5,[1],null]],["#,
    r#"[1,"a",1.5,[1],null]],"#,
    r#"[1,"a",1.5,[],null]]},"#,
    "[1],",
    ",",
    "]",
    "\"",
];

fn text(decoded: &Decoded) -> String {
    support::text::frames(&decoded.0, &decoded.1)
}

fn rows_of(frame: &Frame) -> usize {
    match frame {
        Frame::TableFragment(fragment) => fragment.rows.num_rows(),
        _ => 0,
    }
}

/// A table of so many rows of different lengths.
fn answer(rows: usize) -> String {
    answer_with(rows, rows, "")
}

/// As [`answer`], with something before the row of this index.
fn answer_with(rows: usize, index: usize, before: &str) -> String {
    let mut text = String::new();
    for row in 0..rows {
        if row > 0 {
            text.push(',');
        }
        if row == index {
            text += before;
        }
        let (long, words) = (row * row % 100_003, "words é \\\" ]} ".repeat(row * 7 % 23));
        let real = if row % 3 == 0 {
            "null".to_owned()
        } else {
            format!("{row}.25")
        };
        let nested = ["[[1],[2]]", r#"[{"a":1},{"b":[]}]"#, "{}", r#""[{\"a\":[1]}]""#][row % 4];
        let day = row % 28 + 1;
        write!(
            text,
            r#"[{long},"{words}",{real},{nested},"2020-02-{day:02}T00:00:00Z"]"#
        )
        .unwrap();
    }
    table(&text)
}

fn table(rows: &str) -> String {
    let types = ["long", "string", "real", "dynamic", "datetime"];
    let columns: Vec<String> = types
        .iter()
        .map(|name| format!(r#"{{"ColumnName":"c","ColumnType":"{name}"}}"#))
        .collect();
    let head = r#"{"FrameType":"DataSetHeader","IsProgressive":false,"Version":"v2.0"}"#;
    let end = r#"{"FrameType":"DataSetCompletion","HasErrors":false,"Cancelled":false}"#;
    format!(
        r#"[{head},{{"FrameType":"DataTable","TableId":1,"TableKind":"PrimaryResult","TableName":"T","Columns":[{}],"Rows":[{rows}]}},{end}]"#,
        columns.join(",")
    )
}

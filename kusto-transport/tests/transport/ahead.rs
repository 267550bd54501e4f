//! Threads that decode ahead change nothing but the time.

use std::fmt::Write as _;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use kusto_auth::{Credential, TrustedHosts};
use kusto_protocol::{Frame, Request};
use kusto_transport::{Pipeline, PipelineOptions, RetryPolicy, TransportErrorKind};

use crate::scripted::{Answer, Scripted, answer};

/// What an answer says, and its rows in one line each; and how it ended.
type Drained = (Vec<String>, Result<(), String>);

async fn drain(answer: Answer, threads: usize) -> Drained {
    drain_in_batches(answer, threads, None).await
}

/// The same in batches of so many bytes, of which each is given back.
async fn drain_in_batches(answer: Answer, threads: usize, max_batch_bytes: Option<usize>) -> Drained {
    let mut options = PipelineOptions::default();
    options.retry = RetryPolicy::none();
    options.decode_threads = threads;
    let mut pipeline = Pipeline::new(
        "https://help.kusto.windows.net".parse().unwrap(),
        Credential::token("t"),
        TrustedHosts::default(),
        Scripted::new([answer.into()]),
        options,
    );
    if let Some(bytes) = max_batch_bytes {
        pipeline = pipeline.max_batch_bytes(bytes);
    }
    let request = Request::query("Samples", "T");
    let mut frames = pipeline.frames(request).await.unwrap();
    let mut lines = Vec::new();
    loop {
        match frames.next().await {
            Ok(Some(Frame::TableFragment(fragment))) => {
                for row in fragment.rows.rows() {
                    let values: Vec<String> = row.values().map(|value| value.to_string()).collect();
                    lines.push(format!("{} {}", fragment.table_id, values.join(" ")));
                }
                if let Some(bytes) = max_batch_bytes {
                    assert!(fragment.rows.num_rows() <= bytes / 3, "no row is shorter");
                    frames.recycle(fragment.rows);
                }
            }
            Ok(Some(frame)) => lines.push(format!("{frame:?}")),
            Ok(None) => return (lines, Ok(())),
            Err(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                return (lines, Err(format!("{:?} {source:?}", error.kind())));
            }
        }
    }
}

fn table(id: u32, columns: &str, rows: &str) -> String {
    format!(
        r#",{{"FrameType":"DataTable","TableId":{id},"TableKind":"PrimaryResult","TableName":"T","Columns":[{columns}],"Rows":[{rows}]}}"#
    )
}

/// Four tables of half a megabyte and more: plain ones, and texts and nested values that look like rows.
fn body() -> String {
    let numbers: Vec<String> = (0..100_000).map(|n| format!("[{n}]")).collect();
    let texts: Vec<String> = (0..10_000)
        .map(|n| format!(r#"[{n},"a],[{n},\"b\"],[","{{\"a\":[[1],[2]]}}",[[{n},"x",[]],[2]]]"#))
        .collect();
    let long = r#"{"ColumnName":"n","ColumnType":"long"}"#;
    let wide = concat!(
        r#"{"ColumnName":"n","ColumnType":"long"},{"ColumnName":"s","ColumnType":"string"},"#,
        r#"{"ColumnName":"d","ColumnType":"dynamic"},{"ColumnName":"e","ColumnType":"dynamic"}"#
    );
    let mut body = r#"[{"FrameType":"DataSetHeader","IsProgressive":false,"Version":"v2.0"}"#.to_owned();
    body += &table(1, long, &numbers.join(","));
    body += &table(2, wide, &texts.join(","));
    body += &format!(
        r#",{{"FrameType":"TableHeader","TableId":3,"TableKind":"PrimaryResult","TableName":"T","Columns":[{long}]}}"#
    );
    for rows in numbers.chunks(30_000) {
        let (rows, error) = (rows.join(","), r#"{"OneApiErrors":[{"error":{"code":"A"}}]}"#);
        write!(
            body,
            r#",{{"FrameType":"TableFragment","TableFragmentType":"DataAppend","TableId":3,"Rows":[{rows},{error}]}}"#
        )
        .unwrap();
    }
    body += r#",{"FrameType":"TableCompletion","TableId":3,"RowCount":100000}"#;
    body += &table(4, wide, &texts.join(", "));
    body += r#",{"FrameType":"DataSetCompletion","HasErrors":true,"Cancelled":false}]"#;
    body
}

fn gzip(body: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn the_frames_are_those_of_one_thread() {
    let body = body();
    let packed = gzip(&body);
    let alone = drain(answer(200, body.clone()), 0).await;
    assert_eq!(alone.1, Ok(()));
    assert!(alone.0.len() > 220_000);
    for threads in [1, 3] {
        for size in [20_000, 3_000_000] {
            let plain = drain(answer(200, body.clone()).in_chunks(size), threads).await;
            assert!(plain == alone, "{threads} threads, chunks of {size}");
        }
        let packed = answer(200, packed.clone())
            .header("content-encoding", "gzip")
            .in_chunks(20_000);
        assert!(drain(packed, threads).await == alone, "{threads} threads, gzip");
    }
}

#[tokio::test]
async fn batches_that_are_given_back_change_nothing() {
    let body = body();
    let alone = drain(answer(200, body.clone()), 0).await;
    for threads in [0, 2] {
        for bytes in [1_000, 128 << 10] {
            let answer = answer(200, body.clone()).in_chunks(60_000);
            let again = drain_in_batches(answer, threads, Some(bytes)).await;
            assert!(again == alone, "{threads} threads, batches of {bytes} bytes");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_is_found_at_the_same_place() {
    let body = body();
    let third = body.len() / 3;
    let wrong = |at: usize, by: &str| {
        let mut wrong = body.clone().into_bytes();
        wrong.splice(at..at + by.len(), by.bytes());
        wrong
    };
    for at in [third, 2 * third] {
        for wrong in [wrong(at, "\u{1}"), wrong(at, "],["), wrong(at, "\"\"")] {
            let alone = drain(answer(200, wrong.clone()), 0).await;
            let ahead = drain(answer(200, wrong).in_chunks(60_000), 2).await;
            assert!(ahead == alone, "{:?} is not {:?}", ahead.1, alone.1);
        }
        for threads in [0, 2] {
            let cut = answer(200, body[..at].to_owned()).in_chunks(60_000);
            let (lines, end) = drain(cut.then_broken(), threads).await;
            let rows = drain(answer(200, body[..at].to_owned()), 0).await.0;
            assert!(lines == rows, "{threads} threads");
            let kind = TransportErrorKind::Interrupted;
            assert!(end.unwrap_err().starts_with(&format!("{kind:?}")));
        }
    }
}

#[tokio::test]
async fn rows_come_although_the_body_stops_and_goes_on() {
    let body = body();
    let sent = 2_000_000;
    let stopped = answer(200, body[..sent].to_owned())
        .in_chunks(100_000)
        .then_silent();
    let alone = drain(answer(200, body[..sent].to_owned()), 0).await;
    let rows = alone.0.iter().filter(|line| !line.contains('{')).count();
    let mut options = PipelineOptions::default();
    options.decode_threads = 2;
    let pipeline = Pipeline::new(
        "https://help.kusto.windows.net".parse().unwrap(),
        Credential::token("t"),
        TrustedHosts::default(),
        Scripted::new([stopped.into()]),
        options,
    );
    let request = Request::query("Samples", "T");
    let mut frames = pipeline.frames(request).await.unwrap();
    let mut came = 0;
    // All but the batch under construction.
    while came + 8192 < rows {
        if let Some(Frame::TableFragment(fragment)) = frames.next().await.unwrap() {
            came += fragment.rows.num_rows();
        }
    }
}

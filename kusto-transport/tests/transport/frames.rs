//! Frames as they come over the wire, in whatever pieces.

use std::io::Write;
use std::sync::Arc;

use crate::scripted::{Answer, Scripted, answer};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use futures::TryStreamExt;
use kusto_auth::{Credential, TrustedHosts};
use kusto_protocol::{Frame, Request};
use kusto_transport::{
    FrameStream, Pipeline, PipelineOptions, RetryPolicy, TransportError, TransportErrorKind,
};

const BODY: &str = concat!(
    r#"[{"FrameType":"DataSetHeader","IsProgressive":false,"Version":"v2.0"}"#,
    "\n",
    r#",{"FrameType":"DataTable","TableId":1,"TableKind":"PrimaryResult","TableName":"PrimaryResult","#,
    r#""Columns":[{"ColumnName":"n","ColumnType":"long"}],"Rows":[[1],[2],[3]]}"#,
    "\n",
    r#",{"FrameType":"DataSetCompletion","HasErrors":false,"Cancelled":false}"#,
    "\n]",
);

async fn frames(answer: Answer) -> Result<FrameStream, TransportError> {
    let endpoint = "https://help.kusto.windows.net".parse().unwrap();
    let http = Scripted::new([answer.into()]);
    let mut options = PipelineOptions::default();
    options.retry = RetryPolicy::none();
    let pipeline = Pipeline::new(
        endpoint,
        Credential::token("t"),
        TrustedHosts::default(),
        http,
        options,
    );
    pipeline.frames(Request::query("Samples", "T")).await
}

/// The number of rows, and how the stream ended.
async fn drain(answer: Answer) -> (usize, Result<(), TransportError>) {
    let mut frames = match frames(answer).await {
        Ok(frames) => frames,
        Err(error) => return (0, Err(error)),
    };
    let mut rows = 0;
    loop {
        match frames.next().await {
            Ok(Some(Frame::TableFragment(fragment))) => rows += fragment.rows.num_rows(),
            Ok(Some(_)) => {}
            Ok(None) => return (rows, Ok(())),
            Err(error) => {
                assert!(
                    matches!(frames.next().await, Ok(None)),
                    "nothing comes after an error"
                );
                return (rows, Err(error));
            }
        }
    }
}

fn compressed(name: &'static str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let level = Compression::default();
    match name {
        "gzip" => GzEncoder::new(&mut bytes, level)
            .write_all(BODY.as_bytes())
            .unwrap(),
        "zlib" => ZlibEncoder::new(&mut bytes, level)
            .write_all(BODY.as_bytes())
            .unwrap(),
        _ => DeflateEncoder::new(&mut bytes, level)
            .write_all(BODY.as_bytes())
            .unwrap(),
    }
    bytes
}

#[tokio::test]
async fn frames_come_out_wherever_the_body_is_cut_and_however_it_is_compressed() {
    for size in [1, 2, 3, 17, 64, 100_000] {
        assert_eq!(
            drain(answer(200, BODY).in_chunks(size)).await.0,
            3,
            "plain, {size}"
        );
        for (name, encoding) in [("gzip", "gzip"), ("zlib", "deflate"), ("raw", "deflate")] {
            let answer = answer(200, compressed(name))
                .header("content-encoding", encoding)
                .in_chunks(size);
            let (rows, end) = drain(answer).await;
            assert!(rows == 3 && end.is_ok(), "{name}, {size}: {end:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_gives_its_rows_and_then_an_error() {
    let cut = BODY.find(r#",{"FrameType":"DataSetCompletion""#).unwrap();
    for answer in [answer(200, &BODY[..cut]), answer(200, &BODY[..cut]).then_broken()] {
        let (rows, end) = drain(answer).await;
        let error = end.unwrap_err();
        assert_eq!((rows, error.kind()), (3, TransportErrorKind::Interrupted));
        assert!(!error.is_permanent());
        assert!(error.to_string().contains("client request id KRC."), "{error}");
    }
    let cut = BODY.find("3]").unwrap();
    for answer in [answer(200, &BODY[..cut]), answer(200, &BODY[..cut]).then_broken()] {
        let (rows, end) = drain(answer.in_chunks(7)).await;
        assert_eq!(
            (rows, end.unwrap_err().kind()),
            (2, TransportErrorKind::Interrupted)
        );
    }
    let gzip = compressed("gzip");
    let short = answer(200, gzip[..gzip.len() - 1].to_vec()).header("content-encoding", "gzip");
    assert_eq!(
        drain(short).await.1.unwrap_err().kind(),
        TransportErrorKind::Interrupted
    );
}

#[tokio::test]
async fn a_row_that_is_wrong_is_an_error_after_the_rows_before_it() {
    let body = BODY.replace("[3]", "[3.5]");
    for size in [1, 17, 100_000] {
        let (rows, end) = drain(answer(200, body.clone()).in_chunks(size)).await;
        assert_eq!((rows, end.unwrap_err().kind()), (2, TransportErrorKind::Decode));
    }
}

#[tokio::test]
async fn text_in_place_of_frames_is_an_error_of_the_service() {
    let text =
        "General_BadRequest: Request is invalid and cannot be executed.\nError details:\nClientRequestId='x'";
    let (_, end) = drain(answer(200, text).in_chunks(5).header("x-ms-activity-id", "a-1")).await;
    let error = end.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Service);
    assert!(error.to_string().contains("Request is invalid"), "{error}");
    assert_eq!(error.activity_id(), Some("a-1"));
}

#[tokio::test]
async fn an_error_object_in_place_of_frames_is_an_error_of_the_service() {
    let body = r#"{"error":{"code":"General_BadRequest","message":"no","@permanent":true}}"#;
    let error = drain(answer(200, body)).await.1.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Service);
    assert_eq!(error.service_errors()[0].code, "General_BadRequest");
}

#[tokio::test]
async fn bytes_that_are_no_answer_cannot_be_read() {
    let (_, end) = drain(answer(200, "[{\"FrameType\":\"Novel\"")).await;
    assert!(end.is_err());
    let corrupt = answer(200, "no gzip").header("content-encoding", "gzip");
    assert_eq!(
        drain(corrupt).await.1.unwrap_err().kind(),
        TransportErrorKind::Decode
    );
    let unknown = frames(answer(200, BODY).header("content-encoding", "br")).await;
    assert_eq!(unknown.unwrap_err().kind(), TransportErrorKind::Decode);
}

#[tokio::test]
async fn frames_are_a_stream_too_and_bytes_are_counted() {
    let gzip = compressed("gzip");
    let length = gzip.len() as u64;
    let mut stream = frames(answer(200, gzip).header("content-encoding", "gzip").in_chunks(9))
        .await
        .unwrap();
    let mut count = 0;
    while stream.try_next().await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!((count, stream.bytes_received()), (5, length));
}

#[tokio::test]
async fn the_body_is_read_only_when_frames_are_asked_for() {
    // A body without end: reading ahead would never come back.
    let mut frames = frames(answer(200, BODY).in_chunks(80).then_silent())
        .await
        .unwrap();
    assert!(matches!(frames.next().await, Ok(Some(Frame::DataSetHeader(_)))));
    drop(frames);
}

#[test]
fn streams_can_move_between_threads() {
    fn is_send<T: Send>(_: T) {}
    let pipeline: Option<&Pipeline> = None;
    let request = Request::query("db", "T");
    if let Some(pipeline) = pipeline {
        is_send(pipeline.frames(request));
    }
    is_send::<Option<FrameStream>>(None);
    is_send::<Option<Arc<Scripted>>>(None);
}

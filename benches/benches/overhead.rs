//! What the client costs beside a bare HTTP client: small queries over loopback, all in one run.
//!
//! `cargo bench -p kusto-benches --features end-to-end --bench overhead` prints how the time of a query, and the
//! processor's, relate to those of reqwest, which sends the same bytes over a connection that it keeps: alone, so that
//! it ends with the bytes of the answer, and with serde_json, so that it has the row, too. It fails if the client takes
//! longer beside either than it may, or if the throughput is below its limit.

#![allow(clippy::print_stdout, reason = "printing is what this bench is for")]

use std::sync::{Arc, Mutex};
use std::time::Instant;

use kusto_benches::cpu_seconds;
use kusto_client::Client;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const ROUNDS: usize = 60;
const QUERIES_A_ROUND: usize = 200;
const CONCURRENCY: usize = 16;
/// The most that the client's time for a query may be in times of reqwest's and serde_json's for the same row. The service
/// here does no work at all, so what the client does by itself shows as much as it can.
const LIMIT: f64 = 1.15;
/// The same in times of reqwest's alone, which does not read what it gets, as it should be.
const AIM: f64 = 1.15;
/// As it may be where other programs disturb.
const LIMIT_ALONE: f64 = 1.25;
/// Queries a second.
const LEAST_THROUGHPUT: f64 = 1000.0;

const BODY: &str = concat!(
    r#"[{"FrameType":"DataSetHeader","IsProgressive":false,"Version":"v2.0"},"#,
    r#"{"FrameType":"DataTable","TableId":0,"TableKind":"QueryProperties","TableName":"@ExtendedProperties","Columns":["#,
    r#"{"ColumnName":"TableId","ColumnType":"int"},{"ColumnName":"Key","ColumnType":"string"},"#,
    r#"{"ColumnName":"Value","ColumnType":"dynamic"}],"Rows":[[1,"Visualization","{\"Visualization\":null}"]]},"#,
    r#"{"FrameType":"DataTable","TableId":1,"TableKind":"PrimaryResult","TableName":"PrimaryResult","Columns":["#,
    r#"{"ColumnName":"x","ColumnType":"long"}],"Rows":[[1]]},"#,
    r#"{"FrameType":"DataSetCompletion","HasErrors":false,"Cancelled":false}]"#,
);

type Request = Arc<Mutex<Option<String>>>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let seen = Request::default();
    tokio::spawn(serve(listener, Arc::clone(&seen)));

    let client = Client::from_connection_string(format!("http://{address}/db")).expect("a valid address");
    query(&client).await;
    let request = seen
        .lock()
        .expect("nobody panics")
        .take()
        .expect("a query was sent");
    let bare = Bare::new(&request, &format!("http://{address}/v2/rest/query"));
    bare.send().await;

    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let mut times = [Times::default(); WAYS.len()];
        // Who is first has the colder caches, so they take turns.
        for turn in 0..WAYS.len() {
            let way = (round + turn) % WAYS.len();
            times[way] = match WAYS[way] {
                Way::Client => time(|| query(&client)).await,
                Way::Bare => time(|| bare.send()).await,
                Way::Typed => time(|| bare.row()).await,
            };
        }
        rounds.push(times);
    }
    for (way, name) in ["client", "reqwest", "reqwest and serde_json"]
        .into_iter()
        .enumerate()
    {
        let wall = median(rounds.iter().map(|times| times[way].wall));
        let cpu = median(rounds.iter().map(|times| times[way].cpu));
        println!("{name}: {wall:.1} µs, {cpu:.1} µs of the processors, the service's with it");
    }
    let ratio = |of: fn(&Times) -> f64, way: usize| {
        median(rounds.iter().map(|times| of(&times[0]) / of(&times[way])))
    };
    let (alone, typed) = (ratio(|times| times.wall, 1), ratio(|times| times.wall, 2));
    println!(
        "client to reqwest: {alone:.3} (at most {LIMIT_ALONE}, aim {AIM}), processors {:.3}",
        ratio(|times| times.cpu, 1)
    );
    println!(
        "client to reqwest and serde_json: {typed:.3} (at most {LIMIT}), processors {:.3}",
        ratio(|times| times.cpu, 2)
    );
    assert!(
        typed <= LIMIT && alone <= LIMIT_ALONE,
        "the client takes too long"
    );

    let started = Instant::now();
    let tasks: Vec<_> = (0..CONCURRENCY)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                for _ in 0..500 {
                    query(&client).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no query fails");
    }
    let throughput = (CONCURRENCY * 500) as f64 / started.elapsed().as_secs_f64();
    println!("{CONCURRENCY} at a time: {throughput:.0} queries a second (at least {LEAST_THROUGHPUT})");
    assert!(throughput >= LEAST_THROUGHPUT, "too few queries a second");
}

async fn query(client: &Client) {
    let rows: Vec<(i64,)> = client.query("print x = 1").fetch_all().await.expect("an answer");
    assert_eq!(rows, [(1,)]);
}

/// How a query is asked.
#[derive(Clone, Copy)]
enum Way {
    Client,
    Bare,
    Typed,
}

const WAYS: [Way; 3] = [Way::Client, Way::Bare, Way::Typed];

/// Microseconds of one query.
#[derive(Clone, Copy, Default)]
struct Times {
    wall: f64,
    cpu: f64,
}

async fn time<F: Future<Output = ()>>(ask: impl Fn() -> F) -> Times {
    let (wall, cpu) = (Instant::now(), cpu_seconds());
    for _ in 0..QUERIES_A_ROUND {
        ask().await;
    }
    let each = |seconds: f64| seconds * 1e6 / QUERIES_A_ROUND as f64;
    Times {
        wall: each(wall.elapsed().as_secs_f64()),
        cpu: each(cpu_seconds() - cpu),
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The same request over and over, with reqwest alone.
struct Bare {
    client: reqwest::Client,
    url: String,
    headers: reqwest::header::HeaderMap,
    body: String,
}

impl Bare {
    fn new(request: &str, url: &str) -> Self {
        let (head, body) = request.split_once("\r\n\r\n").expect("a whole request");
        let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let headers = headers
            .filter(|(name, _)| !matches!(*name, "host" | "content-length"))
            .map(|(name, value)| (name.parse().expect("a header"), value.parse().expect("a value")))
            .collect();
        Self {
            client: reqwest::Client::builder()
                .tcp_nodelay(true)
                .build()
                .expect("a client"),
            url: url.to_owned(),
            headers,
            body: body.to_owned(),
        }
    }

    async fn bytes(&self) -> impl AsRef<[u8]> {
        let request = self.client.post(&self.url).headers(self.headers.clone());
        let response = request.body(self.body.clone()).send().await.expect("an answer");
        response.bytes().await.expect("a body")
    }

    async fn send(&self) {
        assert_eq!(self.bytes().await.as_ref().len(), BODY.len());
    }

    /// The row as a value, as the client gives it: with no more care than is needed for this answer.
    async fn row(&self) {
        let frames: Vec<Frame> = serde_json::from_slice(self.bytes().await.as_ref()).expect("frames");
        let end = frames
            .iter()
            .find(|frame| frame.has_errors.is_some())
            .expect("an end");
        assert_eq!((end.has_errors, end.cancelled), (Some(false), Some(false)));
        let result = frames
            .iter()
            .find(|frame| frame.table_kind.as_deref() == Some("PrimaryResult"))
            .expect("a result");
        let column = &result.columns[0];
        assert_eq!((&*column.column_name, &*column.column_type), ("x", "long"));
        assert_eq!(result.rows[0][0].as_i64(), Some(1));
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Frame {
    table_kind: Option<String>,
    #[serde(default)]
    columns: Vec<Column>,
    #[serde(default)]
    rows: Vec<Vec<serde_json::Value>>,
    has_errors: Option<bool>,
    cancelled: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Column {
    column_name: String,
    column_type: String,
}

/// Answers every request with the same bytes.
async fn serve(listener: TcpListener, seen: Request) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, Arc::clone(&seen)));
    }
}

async fn answer(mut stream: TcpStream, seen: Request) {
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{BODY}", BODY.len());
    let mut request = Vec::new();
    let mut buffer = vec![0; 4096];
    stream.set_nodelay(true).expect("a socket has it");
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(length) => request.extend_from_slice(&buffer[..length]),
        }
        // The body ends with its outermost object.
        if request.ends_with(b"}}}") {
            let text = || String::from_utf8_lossy(&request).into_owned();
            seen.lock().expect("nobody panics").get_or_insert_with(text);
            request.clear();
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

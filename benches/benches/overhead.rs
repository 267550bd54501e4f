//! What the client costs beside a bare HTTP client: small queries over loopback, both in one run.
//!
//! `cargo bench -p kusto-benches --features end-to-end --bench overhead` prints the ratio, beside the one that is aimed
//! at, and the throughput, and fails if that is below its limit.

#![allow(clippy::print_stdout, reason = "printing is what this bench is for")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kusto_client::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const ROUNDS: usize = 60;
const QUERIES_A_ROUND: usize = 200;
const CONCURRENCY: usize = 16;
/// The client's time for a query in times of reqwest's for the same bytes, as it should be. The service here does no
/// work at all, so what the client does by itself shows as much as it can.
const AIM: f64 = 1.15;
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

    let mut ratios = Vec::new();
    let (mut ours, mut theirs) = (Duration::MAX, Duration::MAX);
    for round in 0..ROUNDS {
        // Who is first has the colder caches, so they take turns.
        let (client_time, bare_time) = if round % 2 == 0 {
            let client_time = time_client(&client).await;
            (client_time, time_bare(&bare).await)
        } else {
            let bare_time = time_bare(&bare).await;
            (time_client(&client).await, bare_time)
        };
        ours = ours.min(client_time);
        theirs = theirs.min(bare_time);
        ratios.push(client_time.as_secs_f64() / bare_time.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[ratios.len() / 2];
    let each = |time: Duration| time.as_secs_f64() * 1e6 / QUERIES_A_ROUND as f64;
    println!(
        "a small query, the best round: client {:.1} µs, reqwest {:.1} µs",
        each(ours),
        each(theirs)
    );
    println!("ratio, the median of {ROUNDS} rounds: {ratio:.3} (aim: {AIM})");

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

async fn time_client(client: &Client) -> Duration {
    let started = Instant::now();
    for _ in 0..QUERIES_A_ROUND {
        query(client).await;
    }
    started.elapsed()
}

async fn time_bare(bare: &Bare) -> Duration {
    let started = Instant::now();
    for _ in 0..QUERIES_A_ROUND {
        bare.send().await;
    }
    started.elapsed()
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

    async fn send(&self) {
        let request = self.client.post(&self.url).headers(self.headers.clone());
        let response = request.body(self.body.clone()).send().await.expect("an answer");
        let body = response.bytes().await.expect("a body");
        assert_eq!(body.len(), BODY.len());
    }
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
            let text = String::from_utf8_lossy(&request).into_owned();
            seen.lock().expect("nobody panics").get_or_insert(text);
            request.clear();
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

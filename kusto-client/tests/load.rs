//! Many queries at once over one client: sockets and memory stay bounded.
#![cfg(feature = "http-client")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::StreamExt;
use kusto_client::{Client, HttpClientOptions, Proxy, http_client_with};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const QUERIES: usize = 1000;
/// Requests under way at a time, and connections kept for later: each bounds half of the sockets.
const AT_A_TIME: usize = 32;
const ROWS: usize = 1000;

/// A service that gives every query the same answer, and counts its connections.
#[derive(Default)]
struct Service {
    open: AtomicUsize,
    most: AtomicUsize,
    requests: AtomicUsize,
}

impl Service {
    async fn serve(self: Arc<Self>, listener: TcpListener, answer: Arc<str>) {
        while let Ok((stream, _)) = listener.accept().await {
            let (service, answer) = (Arc::clone(&self), Arc::clone(&answer));
            tokio::spawn(async move {
                let open = service.open.fetch_add(1, Ordering::SeqCst) + 1;
                service.most.fetch_max(open, Ordering::SeqCst);
                service.answer(stream, &answer).await;
                service.open.fetch_sub(1, Ordering::SeqCst);
            });
        }
    }

    async fn answer(&self, mut stream: TcpStream, answer: &str) {
        let mut request = Vec::new();
        let mut buffer = vec![0; 4096];
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(length) => request.extend_from_slice(&buffer[..length]),
            }
            // The body of a query ends with its outermost object.
            if request.ends_with(b"}}}") {
                request.clear();
                self.requests.fetch_add(1, Ordering::SeqCst);
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn answer() -> Arc<str> {
    let row = format!(r#"[1,"{}"]"#, "a row of some length ".repeat(4));
    let rows = vec![row; ROWS].join(",");
    let body = format!(
        concat!(
            r#"[{{"FrameType":"DataSetHeader","IsProgressive":false,"Version":"v2.0"}},"#,
            r#"{{"FrameType":"DataTable","TableId":1,"TableKind":"PrimaryResult","TableName":"T","Columns":["#,
            r#"{{"ColumnName":"n","ColumnType":"long"}},{{"ColumnName":"s","ColumnType":"string"}}],"Rows":[{}]}},"#,
            r#"{{"FrameType":"DataSetCompletion","HasErrors":false,"Cancelled":false}}]"#
        ),
        rows
    );
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into()
}

/// The memory of this process that is resident, in bytes; `None` where the system does not say.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

#[tokio::test]
async fn a_thousand_queries_at_once_use_few_sockets_and_little_memory() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (service, answer) = (Arc::new(Service::default()), answer());
    let total = answer.len() * QUERIES;
    tokio::spawn(Arc::clone(&service).serve(listener, answer));

    let mut options = HttpClientOptions::default();
    options.max_requests = AT_A_TIME;
    options.max_idle_connections = AT_A_TIME;
    options.proxy = Proxy::None;
    let client = Client::builder(format!("http://{address}/db"))
        .http_client(http_client_with(&options).unwrap())
        .build()
        .unwrap();
    let before = resident();
    let most_resident = AtomicUsize::new(0);
    let queries = (0..QUERIES).map(|_| async {
        let mut results = client.query("T").stream().await.unwrap();
        let mut rows = 0;
        while let Some(batch) = results.next().await.unwrap() {
            rows += batch.num_rows();
        }
        most_resident.fetch_max(resident().unwrap_or_default(), Ordering::SeqCst);
        rows
    });
    let rows: usize = futures::stream::iter(queries)
        .buffer_unordered(QUERIES)
        .fold(0, |sum, rows| async move { sum + rows })
        .await;
    assert_eq!(rows, QUERIES * ROWS);
    assert_eq!(service.requests.load(Ordering::SeqCst), QUERIES);
    let most = service.most.load(Ordering::SeqCst);
    assert!(most <= 2 * AT_A_TIME, "{most} connections at a time");
    if let Some(before) = before {
        let growth = most_resident.load(Ordering::SeqCst).saturating_sub(before);
        assert!(
            growth < 48 << 20,
            "{growth} bytes more for answers of {total} bytes"
        );
        assert!(total > 80 << 20, "{total}");
    }
}

//! What ingestion costs beside its parts: `ingestion [ROUNDS]`, or `ingestion memory [MIB]` for the peak of memory alone.
//!
//! A child plays service and storage over loopback and throws away what it gets. Other children upload to it, each in a
//! process of its own whose time and memory nothing else uses, in turns, and the best of each become ratios beside what is
//! aimed at: a plain upload with the storage crate, the compressor alone on the same input, and records a second into a
//! sink. Leave two cores idle.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::error::Error;
use std::hint::black_box;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::num::NonZeroU64;
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use azure_core::http::{ClientOptions, Transport};
use azure_storage_blob::models::BlockBlobClientUploadOptions;
use azure_storage_blob::{BlockBlobClient, BlockBlobClientOptions};
use flate2::Compression;
use flate2::write::GzEncoder;
use kusto_benches::{cpu_seconds, peak_mb};
use kusto_client::{
    BatchingSink, Client, DataFormat, IngestionProperties, QueuedIngestClient, SinkOptions, Source,
};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// What is aimed at.
const MOST_CPU: f64 = 1.2;
const LEAST_THROUGHPUT: f64 = 0.9;
const LEAST_RECORDS: f64 = 500_000.0;
const MOST_MEMORY_MB: f64 = 134.2;

/// Bytes of one upload.
const BYTES: usize = 512 << 20;
const RECORDS: usize = 4_000_000;
const RECORD_BYTES: usize = 200;
const TASKS: usize = 8;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--serve"] => serve(),
        ["--compress"] => compress(),
        ["--plain", uri] => plain(uri),
        ["--upload", uri, "binary"] => upload(uri, Source::bytes(binary()), DataFormat::Parquet),
        ["--upload", uri, "text"] => upload(uri, Source::bytes(text(BYTES)), DataFormat::Csv),
        ["--read", uri, mib] => upload(
            uri,
            Source::reader(Repeated::new(mib.parse::<u64>()? << 20)),
            DataFormat::Csv,
        ),
        ["--sink", uri] => sink(uri),
        [] => compare(5),
        ["memory"] => memory(2048),
        ["memory", mib] => memory(mib.parse()?),
        [rounds] => compare(rounds.parse()?),
        _ => Err("usage: ingestion [ROUNDS] | ingestion memory [MIB]".into()),
    }
}

fn compare(rounds: usize) -> Outcome {
    let server = Server::start()?;
    let [mut plain, mut ours, mut alone, mut packed, mut sink] = [const { Vec::new() }; 5];
    for _ in 0..rounds {
        plain.push(measure(&["--plain", &server.uri])?);
        ours.push(measure(&["--upload", &server.uri, "binary"])?);
        alone.push(measure(&["--compress"])?);
        packed.push(measure(&["--upload", &server.uri, "text"])?);
        sink.push(measure(&["--sink", &server.uri])?);
    }
    let cpu = |measured: &[Measured]| best(measured.iter().map(|measured| measured.cpu));
    let wall = |measured: &[Measured]| best(measured.iter().map(|measured| measured.wall));
    println!(
        "CPU time of an upload without compression: {:.2} times that of the storage crate alone (aim: at most {MOST_CPU})",
        cpu(&ours) / cpu(&plain)
    );
    println!(
        "throughput with compression: {:.2} times that of the compressor alone (aim: at least {LEAST_THROUGHPUT}); \
         CPU time {:.2} times",
        wall(&alone) / wall(&packed),
        cpu(&packed) / cpu(&alone)
    );
    println!(
        "the sink takes {:.0} records of {RECORD_BYTES} bytes a second from {TASKS} tasks (aim: at least {LEAST_RECORDS}), \
         at {:.0} ns of CPU time each, compression included",
        RECORDS as f64 / wall(&sink),
        1e9 * cpu(&sink) / RECORDS as f64
    );
    Ok(())
}

fn memory(mib: u64) -> Outcome {
    let server = Server::start()?;
    let measured = measure(&["--read", &server.uri, &mib.to_string()])?;
    let Measured { peak_mb, wall, .. } = measured;
    println!(
        "{mib} MiB of CSV from a reader in {wall:.1} s: peak {peak_mb:.1} MB (aim: at most {MOST_MEMORY_MB})"
    );
    if peak_mb > MOST_MEMORY_MB {
        return Err("too much memory".into());
    }
    Ok(())
}

/// What a child said of its work.
struct Measured {
    cpu: f64,
    wall: f64,
    peak_mb: f64,
}

fn measure(arguments: &[&str]) -> Outcome<Measured> {
    let output = Command::new(std::env::current_exe()?)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let mut words = text.split_whitespace();
    let mut number = || Ok::<_, Box<dyn Error>>(words.next().ok_or("a child failed")?.parse::<f64>()?);
    Ok(Measured {
        cpu: number()?,
        wall: number()?,
        peak_mb: number()?,
    })
}

fn say(cpu: f64, wall: f64) {
    println!("{cpu} {wall} {}", peak_mb());
}

/// The least: what others do on the machine only ever adds.
fn best(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::INFINITY, f64::min)
}

/// Lines as logs have them: some of each compresses, and some does not.
fn text(bytes: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes + 256);
    let mut state = 1;
    while text.len() < bytes {
        let (id, took, code) = (
            random(&mut state),
            random(&mut state) % 5000,
            random(&mut state) % 7,
        );
        // Writing into memory does not fail.
        let _ = writeln!(
            text,
            "2026-11-22T08:{:02}:{:02}.{:07}Z,info,worker-{:03},request {id:016x} took {took} ms,{code},\"ok, done\"",
            id % 60,
            took % 60,
            id % 10_000_000,
            id % 200,
        );
    }
    text.truncate(bytes);
    text
}

/// What begins as Parquet and does not compress.
fn binary() -> Vec<u8> {
    let mut bytes = b"PAR1".to_vec();
    let mut state = 1;
    while bytes.len() < BYTES {
        bytes.extend_from_slice(&random(&mut state).to_le_bytes());
    }
    bytes
}

fn random(state: &mut u64) -> u64 {
    // xorshift64*
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    state.wrapping_mul(0x2545_f491_4f6c_dd1d)
}

/// The same text over and over.
struct Repeated {
    text: Vec<u8>,
    at: usize,
    left: u64,
}

impl Repeated {
    fn new(bytes: u64) -> Self {
        Self {
            text: text(1 << 20),
            at: 0,
            left: bytes,
        }
    }
}

impl futures::AsyncRead for Repeated {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, out: &mut [u8]) -> Poll<io::Result<usize>> {
        let begin = self.at;
        let len = out
            .len()
            .min(self.text.len() - begin)
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        out[..len].copy_from_slice(&self.text[begin..begin + len]);
        self.at = (begin + len) % self.text.len();
        self.left -= len as u64;
        Poll::Ready(Ok(len))
    }
}

/// The compressor as ingestion uses it, with nothing around it.
fn compress() -> Outcome {
    let text = text(BYTES);
    let (cpu, wall) = (cpu_seconds(), Instant::now());
    let mut encoder = GzEncoder::new(io::sink(), Compression::fast());
    for piece in text.chunks(256 << 10) {
        encoder.write_all(piece)?;
    }
    black_box(encoder.finish()?);
    say(cpu_seconds() - cpu, wall.elapsed().as_secs_f64());
    Ok(())
}

/// The storage crate, in the blocks that we use, over the same HTTP client.
#[tokio::main(worker_threads = 2)]
async fn plain(uri: &str) -> Outcome {
    let data = bytes::Bytes::from(binary());
    let options = BlockBlobClientOptions {
        client_options: ClientOptions {
            transport: Some(Transport::new(kusto_transport::http_client()?)),
            ..Default::default()
        },
        ..Default::default()
    };
    let url = format!("{uri}/account/container/blob.parquet?sig=s").parse()?;
    let client = BlockBlobClient::new(url, None, Some(options))?;
    let (cpu, wall) = (cpu_seconds(), Instant::now());
    let options = BlockBlobClientUploadOptions {
        partition_size: NonZeroU64::new(4 << 20),
        ..Default::default()
    };
    client.upload(data.into(), Some(options)).await?;
    say(cpu_seconds() - cpu, wall.elapsed().as_secs_f64());
    Ok(())
}

fn queued(uri: &str) -> Outcome<QueuedIngestClient> {
    Ok(Client::from_connection_string(uri)?.queued_ingest())
}

#[tokio::main(worker_threads = 2)]
async fn upload(uri: &str, source: Source, format: DataFormat) -> Outcome {
    let queued = queued(uri)?;
    let properties = IngestionProperties::new("db", "T").format(format);
    let (cpu, wall) = (cpu_seconds(), Instant::now());
    queued.ingest(source, &properties).await?;
    say(cpu_seconds() - cpu, wall.elapsed().as_secs_f64());
    Ok(())
}

/// The time until all records are accepted; then all that was accepted must be acknowledged.
#[tokio::main(worker_threads = 2)]
async fn sink(uri: &str) -> Outcome {
    let properties = IngestionProperties::new("db", "T").format(DataFormat::Csv);
    let sink = BatchingSink::new(queued(uri)?, properties, SinkOptions::default())?;
    let text = text(RECORDS / 40 * RECORD_BYTES);
    let records: Arc<Vec<Vec<u8>>> = Arc::new(text.chunks_exact(RECORD_BYTES).map(one_line).collect());
    let (cpu, wall) = (cpu_seconds(), Instant::now());
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (sink, records) = (sink.clone(), Arc::clone(&records));
            tokio::spawn(async move {
                for n in 0..RECORDS / TASKS {
                    sink.push(&records[(n * TASKS + task) % records.len()]).await?;
                }
                Ok::<_, kusto_client::IngestError>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    let (cpu, wall) = (cpu_seconds() - cpu, wall.elapsed().as_secs_f64());
    sink.close(Duration::from_secs(60)).await?;
    say(cpu, wall);
    Ok(())
}

fn one_line(bytes: &[u8]) -> Vec<u8> {
    bytes
        .iter()
        .map(|byte| if *byte == b'\n' { b' ' } else { *byte })
        .collect()
}

struct Server {
    child: Child,
    uri: String,
}

impl Server {
    fn start() -> Outcome<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--serve")
            .stdout(Stdio::piped())
            .spawn()?;
        let mut uri = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut uri)?;
        let uri = uri.trim().to_owned();
        Ok(Self { child, uri })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lends a container and a queue, both of which throw away what they get.
fn serve() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let uri = format!("http://{}", listener.local_addr()?);
    println!("{uri}");
    for stream in listener.incoming() {
        let (stream, uri) = (stream?, uri.clone());
        // The client may go away as it likes.
        std::thread::spawn(move || answer(&stream, &uri).ok());
    }
    Ok(())
}

fn answer(stream: &TcpStream, uri: &str) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(256 << 10, stream);
    loop {
        let (mut first, mut line, mut len) = (String::new(), String::new(), 0);
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        while reader.read_line(&mut line)? > 2 {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                len = value.trim().parse().unwrap_or(0);
            }
            line.clear();
        }
        let (status, body) = if first.contains("/v1/rest/mgmt") {
            let mut command = vec![0; len as usize];
            reader.read_exact(&mut command)?;
            let command = String::from_utf8_lossy(&command);
            ("200 OK", rows(uri, command.contains("ingestion resources")))
        } else {
            io::copy(&mut (&mut reader).take(len), &mut io::sink())?;
            match first.starts_with("GET") {
                true => ("404 Not Found", String::new()),
                false => ("201 Created", String::new()),
            }
        };
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
        let mut stream = stream;
        stream.write_all((head + &body).as_bytes())?;
    }
}

fn rows(uri: &str, is_of_resources: bool) -> String {
    let (columns, rows) = if is_of_resources {
        (
            ["ResourceTypeName", "StorageRoot"],
            vec![
                ["TempStorage".to_owned(), format!("{uri}/account/container?sig=s")],
                [
                    "SecuredReadyForAggregationQueue".to_owned(),
                    format!("{uri}/account/queue?sig=s"),
                ],
            ],
        )
    } else {
        (
            ["AuthorizationContext", "Other"],
            vec![["token".to_owned(), String::new()]],
        )
    };
    let columns = columns.map(|name| serde_json::json!({"ColumnName": name, "DataType": "String"}));
    serde_json::json!({"Tables": [{"TableName": "Table_0", "Columns": columns, "Rows": rows}]}).to_string()
}

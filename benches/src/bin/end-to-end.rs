//! The whole way of an answer, from a socket to batches of rows: `end-to-end FILE [ITERATIONS]`.
//!
//! A child serves the file over loopback, packed with gzip at level 6 and as it is; other children fetch it with the
//! client. Beside that stand inflation alone and decoding alone, the bounds of what can be reached: with a core for
//! each, the way should take no longer than the slower of the two. Medians, by the clock; leave two cores idle.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use kusto_benches::{Mode, decode};
use kusto_client::Client;
use kusto_protocol::DecoderConfig;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--serve", file] => serve(file),
        ["--fetch", uri, threads, iterations] => fetch(uri, threads.parse()?, iterations.parse()?),
        [file] => compare(file, 5),
        [file, iterations] => compare(file, iterations.parse()?),
        _ => Err("usage: end-to-end FILE [ITERATIONS]".into()),
    }
}

fn compare(file: &str, iterations: usize) -> Outcome {
    let body = fs::read(file)?;
    let packed_file = format!("{file}.gz");
    let packed = match fs::read(&packed_file) {
        Ok(packed) => packed,
        Err(_) => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&body)?;
            let packed = encoder.finish()?;
            fs::write(&packed_file, &packed)?;
            packed
        }
    };
    let len = body.len() as f64 / 1e6;
    println!(
        "{len:.0} MB, packed {:.1} times smaller",
        len * 1e6 / packed.len() as f64
    );

    let inflating = median(
        (0..iterations)
            .map(|_| timed(|| inflate(&packed)))
            .collect::<Result<_, _>>()?,
    );
    let decoding = median(
        (0..iterations)
            .map(|_| timed(|| decode_alone(&body)))
            .collect::<Result<_, _>>()?,
    );
    let slower = inflating.max(decoding);
    println!(
        "inflation alone {:.0} MB/s, decoding alone {:.0} MB/s",
        len / inflating,
        len / decoding
    );
    drop((body, packed));

    for (name, served) in [("gzip", packed_file.as_str()), ("plain", file)] {
        let mut server = Server::start(served)?;
        for threads in [0, 1, 2] {
            let (seconds, growth) = run_fetch(&server.uri, threads, iterations)?;
            let of_slower = match name {
                "gzip" => format!(", {:.0} % of the slower", 100.0 * slower / seconds),
                _ => String::new(),
            };
            println!(
                "{name}, {threads} threads: {:.0} MB/s{of_slower}; {growth:.1} MiB above start",
                len / seconds
            );
        }
        server.child.kill()?;
        server.child.wait()?;
    }
    Ok(())
}

fn inflate(packed: &[u8]) -> Outcome {
    let (mut decoder, mut piece) = (GzDecoder::new(packed), vec![0; 512 << 10]);
    while decoder.read(&mut piece)? > 0 {
        black_box(&piece);
    }
    Ok(())
}

fn decode_alone(body: &[u8]) -> Outcome {
    let keep = |batch| {
        drop(black_box(batch));
        None
    };
    Ok(decode(
        body,
        Mode::Chunked(64 << 10),
        &DecoderConfig::default(),
        &mut None,
        keep,
    )?)
}

fn timed(work: impl FnOnce() -> Outcome) -> Outcome<f64> {
    let begun = Instant::now();
    work()?;
    Ok(begun.elapsed().as_secs_f64())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

struct Server {
    child: Child,
    uri: String,
}

impl Server {
    fn start(file: &str) -> Outcome<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--serve", file])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut uri = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut uri)?;
        let uri = uri.trim().to_owned();
        Ok(Self { child, uri })
    }
}

/// Answers every request with the file.
fn serve(file: &str) -> Outcome {
    let body = fs::read(file)?;
    let encoding = if file.ends_with(".gz") {
        "Content-Encoding: gzip\r\n"
    } else {
        ""
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{encoding}Content-Length: {}\r\n\r\n",
        body.len()
    );
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("http://{}", listener.local_addr()?);
    for stream in listener.incoming() {
        // The client may go away as it likes.
        let _ = answer(stream?, head.as_bytes(), &body);
    }
    Ok(())
}

fn answer(stream: TcpStream, head: &[u8], body: &[u8]) -> std::io::Result<()> {
    let mut reader = BufReader::new(&stream);
    loop {
        let (mut line, mut len) = (String::new(), 0);
        while reader.read_line(&mut line)? > 2 {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                len = value.trim().parse().unwrap_or(0);
            }
            line.clear();
        }
        if line.is_empty() {
            return Ok(());
        }
        reader.read_exact(&mut vec![0; len])?;
        (&stream).write_all(head)?;
        (&stream).write_all(body)?;
    }
}

/// Fetches in a process of its own, whose memory nothing else uses: the median of the seconds, and MiB above start.
fn run_fetch(uri: &str, threads: usize, iterations: usize) -> Outcome<(f64, f64)> {
    let output = Command::new(std::env::current_exe()?)
        .args(["--fetch", uri, &threads.to_string(), &iterations.to_string()])
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let mut words = text.split_whitespace();
    let mut number = || Ok::<_, Box<dyn Error>>(words.next().ok_or("the fetch failed")?.parse::<f64>()?);
    Ok((number()?, number()?))
}

#[tokio::main]
async fn fetch(uri: &str, threads: usize, iterations: usize) -> Outcome {
    let client = Client::builder(uri).decode_threads(threads).build()?;
    let before = status("VmRSS:");
    let mut seconds = Vec::new();
    for _ in 0..iterations {
        let begun = Instant::now();
        let mut results = client.query("StormEvents").stream().await?;
        while let Some(batch) = results.next().await? {
            drop(black_box(batch));
        }
        seconds.push(begun.elapsed().as_secs_f64());
    }
    println!("{} {}", median(seconds), (status("VmHWM:") - before) / 1024.0);
    Ok(())
}

/// A line of the process's status, in KiB; 0 where the system has none.
fn status(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status.lines().find_map(|line| line.strip_prefix(name));
    kib.and_then(|kib| kib.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or_default()
}

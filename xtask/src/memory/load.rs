//! A thousand queries at once.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

use super::{MIB, watch};
use crate::service;

/// How many clients ask at once.
const CLIENTS: usize = 1_000;

/// Rows of each answer: so many that no answer fits into what connections hold for slow readers.
const ROWS: usize = 20_000;

/// What the service may take at its peak more than for one query, in bytes: 128 queries run at once, each with batches
/// of rows and pieces of its answer.
const MOST_GROWTH: u64 = 512 << 20;

pub(super) fn run(kusto: &Path) -> Result<(), String> {
    let service = service::start(kusto, &[])?;
    let peak = watch(&service.child);
    let address = service.uri.trim_start_matches("http://").to_owned();
    let length = ask(&address, &Barrier::new(1))?;
    let small = peak.load(Ordering::Relaxed);
    let started = Instant::now();
    // Nobody reads before everybody has asked.
    let all_asked = Arc::new(Barrier::new(CLIENTS));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (address, all_asked) = (address.clone(), Arc::clone(&all_asked));
            let client = thread::Builder::new().stack_size(256 << 10);
            client.spawn(move || ask(&address, &all_asked))
        })
        .collect();
    let mut bytes = 0;
    for client in clients {
        let client = client.map_err(|error| format!("no thread for a client: {error}"))?;
        bytes += client.join().map_err(|_| "a client panicked")??;
    }
    let growth = peak.load(Ordering::Relaxed).saturating_sub(small);
    println!(
        "{CLIENTS} queries at once: {} MB in {:.1} s without an error: peak {:.1} MiB above that of one, whose answer \
         has {:.1} MiB",
        bytes / 1_000_000,
        started.elapsed().as_secs_f64(),
        growth as f64 / MIB,
        length as f64 / MIB,
    );
    if growth >= MOST_GROWTH {
        return Err(format!(
            "the peak grew by {growth} bytes; at most {MOST_GROWTH} are allowed"
        ));
    }
    Ok(())
}

/// Asks, waits for the others to have asked, and reads the answer: its length.
fn ask(address: &str, all_asked: &Barrier) -> Result<usize, String> {
    let asked = TcpStream::connect(address).and_then(|mut stream| {
        let query = format!("range x from 1 to {ROWS} step 1 | extend text = strcat('row ', x)");
        let body = format!(r#"{{"db":"NetDefaultDB","csl":"{query}"}}"#);
        let head = format!(
            "POST /v2/rest/query HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())?;
        Ok(stream)
    });
    all_asked.wait();
    let mut answer = Vec::new();
    asked
        .and_then(|mut stream| stream.read_to_end(&mut answer))
        .map_err(|error| format!("a query was not answered: {error}"))?;
    let text = String::from_utf8_lossy(&answer);
    let last = format!("[{ROWS},\"row {ROWS}\"]");
    if text.starts_with("HTTP/1.1 200 ") && text.contains(&last) && text.contains("\"HasErrors\":false") {
        return Ok(answer.len());
    }
    let end = text.len().saturating_sub(500);
    Err(format!(
        "a query was answered with {}",
        text.get(end..).unwrap_or(&text)
    ))
}

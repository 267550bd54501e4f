//! What stands in for a cluster where the examples are not given one: a thread that answers one request.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the crate does no I/O; its examples do"
)]

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread;

use kusto_protocol::{FrameEncoder, Layout};

use crate::storms;

/// Starts listening and gives the address to send a query to. Whatever the query is, storms are the answer.
pub(crate) fn start() -> Result<String, Box<dyn Error>> {
    let mut body = Vec::new();
    let mut encoder = FrameEncoder::new(Layout::V2);
    for frame in storms::frames()? {
        encoder.encode(&frame, &mut body)?;
    }
    encoder.finish(&mut body)?;

    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || answer(&listener, &body));
    Ok(address)
}

fn answer(listener: &TcpListener, body: &[u8]) -> std::io::Result<()> {
    let (stream, _) = listener.accept()?;
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    let mut line = String::new();
    while stream.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
        line.clear();
    }
    stream.read_exact(&mut vec![0; length])?;
    let length = body.len();
    let stream = stream.get_mut();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )?;
    stream.write_all(body)
}

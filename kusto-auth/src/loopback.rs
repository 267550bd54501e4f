//! Where a browser comes back to after a sign-in: a listener on this machine.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use futures::channel::mpsc;

use crate::error::{AuthError, AuthErrorKind};

/// Listens on a port of 127.0.0.1 until it is dropped, and hands on the queries that come.
///
/// A thread of its own does the listening, so that no runtime is needed.
pub(crate) struct Loopback {
    port: u16,
    queries: mpsc::UnboundedReceiver<Callback>,
    closed: Arc<AtomicBool>,
}

/// What a browser came with, and the way to answer it.
pub(crate) struct Callback {
    pub(crate) query: String,
    stream: TcpStream,
}

impl Loopback {
    /// Listens on this port, or on a free one if it is 0.
    pub(crate) fn listen(port: u16) -> Result<Self, AuthError> {
        let failed = |error: io::Error| {
            AuthError::new(
                AuthErrorKind::Missing,
                format!(
                    "cannot listen on 127.0.0.1:{port} for the browser; sign in with a device code instead"
                ),
            )
            .with_source(error)
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let (sender, queries) = mpsc::unbounded();
        let closed = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&closed);
        thread::Builder::new()
            .name("kusto-sign-in".to_owned())
            .spawn(move || serve(&listener, &sender, &stop))
            .map_err(failed)?;
        Ok(Self {
            port,
            queries,
            closed,
        })
    }

    pub(crate) fn redirect_uri(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// The next visit of a browser.
    pub(crate) async fn next(&mut self) -> Option<Callback> {
        futures::StreamExt::next(&mut self.queries).await
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

impl Callback {
    /// Shows the person how it went.
    pub(crate) fn answer(mut self, title: &str, text: &str) {
        let body = format!(
            "<!doctype html><meta charset=utf-8><title>{title}</title><body style=\"font-family:sans-serif;\
             margin:4em\"><h1>{title}</h1><p>{text}</p>"
        );
        respond(&mut self.stream, "200 OK", &body);
    }
}

fn serve(listener: &TcpListener, sender: &mpsc::UnboundedSender<Callback>, closed: &AtomicBool) {
    while !closed.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((stream, _)) => {
                if let Some(callback) = read(stream)
                    && sender.unbounded_send(callback).is_err()
                {
                    return;
                }
            }
            // Nobody there yet, or somebody who left at once.
            Err(_) => thread::sleep(PAUSE),
        }
    }
}

/// Reads the head of a request; whatever is not `GET /?…` is answered here.
fn read(mut stream: TcpStream) -> Option<Callback> {
    stream.set_nonblocking(false).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    let mut head = Vec::new();
    let mut chunk = [0; 4096];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut chunk) {
            Ok(read) if read > 0 && head.len() < MAX_HEAD => head.extend_from_slice(&chunk[..read]),
            _ => return None,
        }
    }
    let head = String::from_utf8_lossy(&head);
    let target = head.strip_prefix("GET ").and_then(|rest| rest.split(' ').next());
    match target.and_then(|target| target.strip_prefix("/?")) {
        Some(query) => Some(Callback {
            query: query.to_owned(),
            stream,
        }),
        None => {
            respond(&mut stream, "404 Not Found", "");
            None
        }
    }
}

fn respond(stream: &mut TcpStream, status: &str, body: &str) {
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\n\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{body}"
    );
    // The browser may have gone; the sign-in does not depend on it.
    let _ = stream.write_all(answer.as_bytes());
}

/// How often a listener looks whether somebody came.
const PAUSE: Duration = Duration::from_millis(20);
/// How long a visitor may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(2);
const MAX_HEAD: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(port: u16, request: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn a_browser_is_told_how_it_went_and_others_are_sent_away() {
        let mut loopback = Loopback::listen(0).unwrap();
        let port = loopback.port;
        assert_eq!(loopback.redirect_uri(), format!("http://localhost:{port}"));
        assert!(visit(port, "GET /favicon.ico HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
        assert!(visit(port, "POST /?code=1 HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
        let browser = thread::spawn(move || visit(port, "GET /?code=1&state=2 HTTP/1.1\r\nHost: x\r\n\r\n"));
        let callback = futures::executor::block_on(loopback.next()).unwrap();
        assert_eq!(callback.query, "code=1&state=2");
        callback.answer("Signed in", "You may close this window.");
        let answer = browser.join().unwrap();
        assert!(answer.contains("<h1>Signed in</h1>"), "{answer}");
    }

    #[test]
    fn a_port_that_is_taken_is_an_error_with_a_way_out() {
        let first = Loopback::listen(0).unwrap();
        let Err(error) = Loopback::listen(first.port) else {
            panic!()
        };
        assert!(error.to_string().contains("device code"), "{error}");
    }
}

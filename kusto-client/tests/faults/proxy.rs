//! A proxy that stands between a client and a service and does harm: it knows bytes and connections, not HTTP.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What happens to one connection.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// It leads to another service.
    To(SocketAddr),
    /// It ends after so many bytes of what the client sends.
    Request(usize, End),
    /// It ends within what the service answers.
    Answer(Mark, End),
    /// It ends when this says so.
    When(Arc<Notify>, End),
    /// The request is read and not passed on; this is the answer.
    Instead(Vec<u8>),
    /// These bytes come before the client says anything, and nothing after them.
    Greeting(&'static [u8]),
}

/// How far an answer comes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mark {
    Bytes(usize),
    /// Up to the end of this text, and so many bytes more.
    Text(&'static str, usize),
}

/// How a connection ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// With a reset.
    Reset,
    /// In good order.
    Close,
    /// Not at all: nothing more is passed on.
    Silence,
}

pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    sizes: Arc<Mutex<(usize, usize)>>,
}

impl Proxy {
    /// Stands before a service; `fault` says what happens to which connection, counted from 0.
    pub(crate) async fn start(
        service: SocketAddr,
        fault: impl Fn(usize) -> Fault + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let this = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            sizes: Arc::default(),
        };
        let (connections, sizes) = (Arc::clone(&this.connections), Arc::clone(&this.sizes));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let fault = fault(connections.fetch_add(1, Ordering::SeqCst));
                let sizes = Arc::clone(&sizes);
                tokio::spawn(async move {
                    let passed = serve(client, service, fault).await;
                    *sizes.lock().unwrap() = passed;
                });
            }
        });
        this
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// How many bytes the last connection that ended carried: of its requests, and of its answers.
    pub(crate) fn sizes(&self) -> (usize, usize) {
        *self.sizes.lock().unwrap()
    }
}

async fn serve(mut client: TcpStream, service: SocketAddr, fault: Fault) -> (usize, usize) {
    let none = Mark::Bytes(usize::MAX);
    let mut when = Arc::default();
    let (service, request, answer, end) = match fault {
        Fault::None => (service, usize::MAX, none, End::Close),
        Fault::To(other) => (other, usize::MAX, none, End::Close),
        Fault::Request(bytes, end) => (service, bytes, none, end),
        Fault::Answer(mark, end) => (service, usize::MAX, mark, end),
        Fault::When(notify, end) => {
            when = notify;
            (service, usize::MAX, none, end)
        }
        Fault::Instead(answer) => {
            read_request(&mut client).await;
            let _ = client.write_all(&answer).await;
            // The client reads to the end before it is told of the close.
            let _ = client.shutdown().await;
            return (0, 0);
        }
        Fault::Greeting(bytes) => {
            let _ = client.write_all(bytes).await;
            let _ = client.shutdown().await;
            return (0, 0);
        }
    };
    let mut upstream = TcpStream::connect(service).await.unwrap();
    let (mut sent, mut received) = (0, 0);
    {
        let (mut client_reader, mut client_writer) = client.split();
        let (mut reader, mut writer) = upstream.split();
        let up = pass(&mut client_reader, &mut writer, Mark::Bytes(request), &mut sent);
        let down = pass(&mut reader, &mut client_writer, answer, &mut received);
        tokio::pin!(up, down);
        let is_cut = tokio::select! {
            is_cut = &mut up => is_cut || (&mut down).await,
            is_cut = &mut down => is_cut,
            () = when.notified() => true,
        };
        if is_cut && matches!(end, End::Silence) {
            std::future::pending::<()>().await;
        }
    }
    match end {
        End::Reset => client.set_zero_linger().unwrap(),
        End::Close | End::Silence => {
            let _ = client.shutdown().await;
        }
    }
    (sent, received)
}

/// Passes bytes on up to the mark; whether it was reached.
async fn pass(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    mark: Mark,
    passed: &mut usize,
) -> bool {
    let mut seen = Vec::new();
    let mut buffer = vec![0; 4096];
    loop {
        let limit = match mark {
            Mark::Bytes(limit) => limit,
            Mark::Text(text, more) => seen
                .windows(text.len())
                .position(|window| window == text.as_bytes())
                .map_or(usize::MAX, |start| start + text.len() + more),
        };
        let until = limit.min(seen.len());
        if to.write_all(&seen[*passed..until]).await.is_err() {
            return false;
        }
        *passed = until;
        if until == limit {
            return true;
        }
        match from.read(&mut buffer).await {
            Ok(0) | Err(_) => {
                let _ = to.shutdown().await;
                return false;
            }
            Ok(length) => seen.extend_from_slice(&buffer[..length]),
        }
    }
}

/// Reads the head of a request and the body that it announces.
async fn read_request(client: &mut TcpStream) {
    let mut request = Vec::new();
    let mut buffer = vec![0; 4096];
    loop {
        if let Some(head) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .map_or(0, |length| length.trim().parse().unwrap());
            if request.len() >= head + 4 + length {
                return;
            }
        }
        match client.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(length) => request.extend_from_slice(&buffer[..length]),
        }
    }
}

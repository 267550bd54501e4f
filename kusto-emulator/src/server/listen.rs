//! Connections: accepted, wrapped in TLS if wanted, and served in HTTP/1.1 or HTTP/2.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::handle;
use crate::service::Service;

/// Serves until `stopped`; requests that run then are answered.
///
/// When the future is dropped, all connections end.
pub(crate) async fn serve(
    listener: TcpListener,
    acceptor: Acceptor,
    service: Arc<Service>,
    stopped: impl Future<Output = ()>,
) {
    let (graceful, mut connections) = (GracefulShutdown::new(), JoinSet::new());
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new());
    http.http2().timer(TokioTimer::new());
    let http = Arc::new(http);
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let (acceptor, http) = (acceptor.clone(), Arc::clone(&http));
                    let (service, watcher) = (Arc::clone(&service), graceful.watcher());
                    connections.spawn(async move { acceptor.serve(stream, &http, service, watcher).await });
                }
                // No more files can be opened, or the client is gone already.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
            // Those that have ended are forgotten.
            Some(_) = connections.join_next() => {}
            () = &mut stopped => break,
        }
    }
    drop(listener);
    graceful.shutdown().await;
}

/// How a connection begins.
#[derive(Clone)]
pub(crate) enum Acceptor {
    Plain,
    #[cfg(feature = "tls")]
    Tls(tokio_rustls::TlsAcceptor),
}

impl Acceptor {
    /// A connection to its end. What breaks it is for the client to see.
    async fn serve(
        self,
        stream: TcpStream,
        http: &auto::Builder<TokioExecutor>,
        service: Arc<Service>,
        watcher: Watcher,
    ) {
        // A small answer must not wait for the next one. A socket that cannot be told is slower, no more.
        let _ = stream.set_nodelay(true);
        match self {
            Self::Plain => exchange(stream, http, service, watcher).await,
            #[cfg(feature = "tls")]
            Self::Tls(acceptor) => {
                let handshake = tokio::time::timeout(MOST_PATIENCE, acceptor.accept(stream));
                if let Ok(Ok(stream)) = handshake.await {
                    exchange(stream, http, service, watcher).await;
                }
            }
        }
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    http: &auto::Builder<TokioExecutor>,
    service: Arc<Service>,
    watcher: Watcher,
) {
    let answer = service_fn(move |request| handle(Arc::clone(&service), request));
    let connection = http.serve_connection(TokioIo::new(stream), answer).into_owned();
    // The client knows how it ended, and nobody else wants to.
    let _ = watcher.watch(connection).await;
}

/// How long a TLS handshake may take.
#[cfg(feature = "tls")]
const MOST_PATIENCE: Duration = Duration::from_secs(10);

//! The HTTP client that comes with this crate.

use std::sync::Arc;
use std::time::Duration;

use azure_core::http::HttpClient;

use crate::error::{TransportError, TransportErrorKind};

/// An HTTP client made for Kusto: reqwest with rustls, over HTTP/1.1 or HTTP/2, on tokio.
///
/// It follows no redirect (a token would go along), undoes no compression (that is done as a stream by whoever reads
/// the body) and puts no limit on silence: a query may compute for an hour before its first byte. Connections are
/// shared and kept alive, because load balancers drop flows that are silent for four minutes. The roots are the
/// platform's.
///
/// # Errors
///
/// [`TransportErrorKind::Tls`] if the platform's root certificates cannot be loaded.
pub fn http_client() -> Result<Arc<dyn HttpClient>, TransportError> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        // Another crate's features may have turned these on.
        .no_gzip()
        .no_deflate()
        .no_brotli()
        .no_zstd()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .tcp_keepalive(KEEP_ALIVE)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .http2_keep_alive_timeout(CONNECT_TIMEOUT)
        .http2_adaptive_window(true)
        .build();
    match client {
        Ok(client) => Ok(Arc::new(client)),
        Err(error) => Err(
            TransportError::new(TransportErrorKind::Tls, "the HTTP client cannot be set up")
                .with_source(error),
        ),
    }
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Below the four minutes after which Azure's load balancer forgets a flow.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(180);

//! The HTTP client that comes with this crate.

use std::collections::HashMap;
use std::fmt;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::response::PinnedStream;
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Method, Request, Url};
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;
use kusto_auth::ManagedIdentitySource;
use kusto_protocol::Secret;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{TransportError, TransportErrorKind};
use crate::headers;
use crate::pinned::PinnedCertificate;

/// How the bundled HTTP client connects. Take the default and set fields.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpClientOptions {
    /// How long a connection may take to come about, with name resolution and TLS. Default: 20 s.
    pub connect_timeout: Duration,
    /// How many requests are under way at a time, from sending to the end of the answer; the others wait, within
    /// their time limits. Over HTTP/1.1 each has a socket, so there are never more sockets than these and the idle
    /// connections. Whoever sends further requests while reading an answer needs one for each level. Default: 256.
    pub max_requests: usize,
    /// How many connections to one host are kept for later. Default: 64.
    pub max_idle_connections: usize,
    /// How long a connection that nobody uses is kept. Default: 180 s, below the four minutes after which Azure's
    /// load balancer forgets a flow.
    pub idle_timeout: Duration,
    /// How often a connection shows that it is alive (TCP keep-alive, HTTP/2 pings). Default: 30 s.
    pub keep_alive: Duration,
    /// Whether HTTP/2 may be used where the service offers it. Default: yes.
    pub http2: bool,
    /// What stands between here and the service. Default: what the environment says.
    pub proxy: Proxy,
    /// Certificates of authorities in PEM, each text one or more of them, trusted besides the platform's.
    pub root_certificates: Vec<String>,
    /// Whether the authorities that the platform trusts are trusted. Default: yes.
    pub platform_roots: bool,
    /// Servers that are known by their certificate alone, and reached without a proxy. Default: the endpoint that gives
    /// tokens to services in Service Fabric, if `IDENTITY_SERVER_THUMBPRINT` says that this is one.
    pub pinned_certificates: Vec<PinnedCertificate>,
}

/// What stands between here and the service.
///
/// Whatever it is, it does not stand before the endpoint that gives this machine's managed identity its tokens, nor
/// before other link-local addresses: a proxy cannot reach them, and must not see the secrets that are sent there.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Proxy {
    /// What `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
    #[default]
    Environment,
    /// Nothing, whatever the environment says.
    None,
    /// An HTTP proxy for all hosts but those in `NO_PROXY`.
    Server {
        /// Its address: `http://host:port`.
        address: String,
        /// Name and password for it, if it asks for them.
        credentials: Option<(String, Secret)>,
    },
}

impl Default for HttpClientOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(20),
            max_requests: 256,
            max_idle_connections: 64,
            idle_timeout: Duration::from_secs(180),
            keep_alive: Duration::from_secs(30),
            http2: true,
            proxy: Proxy::default(),
            root_certificates: Vec::new(),
            platform_roots: true,
            pinned_certificates: PinnedCertificate::of_environment(|name| std::env::var(name).ok())
                .into_iter()
                .collect(),
        }
    }
}

/// An HTTP client made for Kusto: reqwest with rustls, over HTTP/1.1 or HTTP/2, on tokio.
///
/// It follows no redirect (a token would go along), undoes no compression (that is done as a stream by whoever reads
/// the body) and puts no limit on silence: a query may compute for an hour before its first byte. Connections are
/// shared and kept alive, because load balancers drop flows that are silent for four minutes. The roots are the
/// platform's.
///
/// # Errors
///
/// [`TransportErrorKind::Tls`] if the platform's root certificates cannot be loaded;
/// [`TransportErrorKind::InvalidRequest`] if the environment's thumbprint of a certificate is none.
pub fn http_client() -> Result<Arc<dyn HttpClient>, TransportError> {
    http_client_with(&HttpClientOptions::default())
}

/// The same with other settings.
///
/// ```
/// use kusto_transport::{HttpClientOptions, Proxy, http_client_with};
///
/// let mut options = HttpClientOptions::default();
/// options.max_requests = 32;
/// options.proxy = Proxy::Server {
///     address: "http://proxy.contoso.example:3128".to_owned(),
///     credentials: Some(("reports".to_owned(), "password".into())),
/// };
/// let http_client = http_client_with(&options)?;
/// # Ok::<(), kusto_transport::TransportError>(())
/// ```
///
/// # Errors
///
/// [`TransportErrorKind::InvalidRequest`] if an address, a certificate or a thumbprint cannot be read, or if nothing is
/// trusted; [`TransportErrorKind::Tls`] if the platform's root certificates cannot be loaded.
pub fn http_client_with(options: &HttpClientOptions) -> Result<Arc<dyn HttpClient>, TransportError> {
    Ok(Arc::new(bounded(
        options,
        &ManagedIdentitySource::of_this_machine(),
    )?))
}

fn bounded(options: &HttpClientOptions, identity: &ManagedIdentitySource) -> Result<Bounded, TransportError> {
    let client = |builder: reqwest::ClientBuilder| {
        builder.build().map_err(|error| {
            TransportError::new(TransportErrorKind::Tls, "the HTTP client cannot be set up")
                .with_source(error)
        })
    };
    let direct = || {
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(options.connect_timeout)
            .no_proxy()
    };
    let pin = |pinned: &PinnedCertificate| {
        let client = client(direct().tls_backend_preconfigured(pinned.tls()?))?;
        Ok::<_, TransportError>((pinned.url()?, client))
    };
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        // Another crate's features may have turned these on.
        .no_gzip()
        .no_deflate()
        .no_brotli()
        .no_zstd()
        .connect_timeout(options.connect_timeout)
        .pool_idle_timeout(options.idle_timeout)
        .pool_max_idle_per_host(options.max_idle_connections)
        .tcp_keepalive(options.keep_alive)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(options.keep_alive)
        .http2_keep_alive_timeout(options.connect_timeout)
        .http2_adaptive_window(true);
    if !options.http2 {
        builder = builder.http1_only();
    }
    builder = match &options.proxy {
        Proxy::Environment => builder,
        Proxy::None => builder.no_proxy(),
        Proxy::Server { address, credentials } => builder.proxy(proxy(address, credentials.as_ref())?),
    };
    let roots = root_certificates(&options.root_certificates)?;
    builder = match (options.platform_roots, roots.is_empty()) {
        (true, true) => builder,
        (true, false) => builder.tls_certs_merge(roots),
        (false, false) => builder.tls_certs_only(roots),
        (false, true) => {
            return Err(invalid(
                "no root certificate is trusted; add one, or trust the platform's",
            ));
        }
    };
    Ok(Bounded {
        client: client(builder)?,
        // No certificates there.
        local: client(direct().tls_certs_only([]))?,
        // An address that is none is told when a token is asked for.
        identity: identity.address().parse().ok(),
        pinned: options
            .pinned_certificates
            .iter()
            .map(pin)
            .collect::<Result<_, TransportError>>()?,
        requests: Arc::new(Semaphore::new(
            options.max_requests.clamp(1, Semaphore::MAX_PERMITS),
        )),
    })
}

fn proxy(address: &str, credentials: Option<&(String, Secret)>) -> Result<reqwest::Proxy, TransportError> {
    // Not the cause itself: it may quote an address with a password in it.
    let proxy = reqwest::Proxy::all(address)
        .map_err(|_| invalid("the address of the proxy cannot be read; write http://host:port"))?
        .no_proxy(reqwest::NoProxy::from_env());
    Ok(match credentials {
        Some((user, password)) => proxy.basic_auth(user, password.expose()),
        None => proxy,
    })
}

fn root_certificates(texts: &[String]) -> Result<Vec<reqwest::Certificate>, TransportError> {
    let mut roots = Vec::new();
    for text in texts {
        let bundle = reqwest::Certificate::from_pem_bundle(text.as_bytes())
            .map_err(|error| invalid("a root certificate cannot be read").with_source(error))?;
        if bundle.is_empty() {
            return Err(invalid(
                "a root certificate is not in PEM: it has no BEGIN CERTIFICATE",
            ));
        }
        roots.extend(bundle);
    }
    Ok(roots)
}

fn invalid(message: &'static str) -> TransportError {
    TransportError::new(TransportErrorKind::InvalidRequest, message)
}

/// Lets so many requests be under way at a time.
struct Bounded {
    client: reqwest::Client,
    /// For what no proxy can reach.
    local: reqwest::Client,
    /// Where the managed identity of this machine gets its tokens.
    identity: Option<Url>,
    /// For servers that are known by their certificate, with an address of each.
    pinned: Vec<(Url, reqwest::Client)>,
    requests: Arc<Semaphore>,
}

#[async_trait::async_trait]
impl HttpClient for Bounded {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let permit = Arc::clone(&self.requests).acquire_owned().await;
        // Nobody closes the semaphore.
        let permit = permit.map_err(|error| Error::new(ErrorKind::Other, error))?;
        let response = self
            .client_for(request.url())
            .execute(to_reqwest(request)?)
            .await
            .map_err(|error| {
                let kind = if error.is_connect() {
                    ErrorKind::Connection
                } else {
                    ErrorKind::Io
                };
                Error::with_error(kind, error.without_url(), "the request got no answer")
            })?;
        let status = response.status().as_u16().into();
        let headers = from_http(response.headers());
        let body: PinnedStream = Box::pin(Counted {
            body: response.bytes_stream(),
            permit: Some(permit),
        });
        Ok(AsyncRawResponse::new(status, headers, body))
    }
}

impl Bounded {
    fn client_for(&self, url: &Url) -> &reqwest::Client {
        let pinned = self.pinned.iter().find(|(server, _)| is_same_server(server, url));
        let is_identity = || {
            let identity = self.identity.as_ref();
            identity.is_some_and(|server| server.scheme() == "http" && is_same_server(server, url))
        };
        match pinned {
            Some((_, client)) => client,
            None if is_link_local(url) || is_identity() => &self.local,
            None => &self.client,
        }
    }
}

fn is_same_server(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host_str() == other.host_str()
        && one.port_or_known_default() == other.port_or_known_default()
}

/// Whether no proxy may stand before a host.
fn is_link_local(url: &Url) -> bool {
    let address = url.host_str().and_then(|host| host.parse::<Ipv4Addr>().ok());
    address.is_some_and(|address| address.is_link_local())
}

fn to_reqwest(request: &Request) -> azure_core::Result<reqwest::Request> {
    let invalid = |message: &'static str| Error::with_message(ErrorKind::Other, message);
    let method = match request.method() {
        Method::Delete => reqwest::Method::DELETE,
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
        Method::Patch => reqwest::Method::PATCH,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        _ => return Err(invalid("this method is not supported")),
    };
    let mut to = reqwest::Request::new(method, request.url().clone());
    *to.headers_mut() = to_http(request.headers()).map_err(invalid)?;
    *to.body_mut() = Some(match request.body().clone() {
        Body::Bytes(bytes) => bytes.into(),
        Body::SeekableStream(stream) => reqwest::Body::wrap_stream(stream),
    });
    Ok(to)
}

/// Headers in azure_core's type. Values that are not text are left out: none of those that matter here is one.
fn from_http(from: &HeaderMap) -> Headers {
    let text = |(key, text)| Some((headers::name(key), headers::value(text).ok()?));
    let mut headers: HashMap<HeaderName, HeaderValue> = from.iter().filter_map(text).collect();
    // Challenges may come in several lines (RFC 9110, 11.6.1); of every other header one will do.
    if from.len() > headers.len() {
        let lines = from.get_all(WWW_AUTHENTICATE).iter();
        let lines: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
        if lines.len() > 1 {
            headers.insert(headers::name(&WWW_AUTHENTICATE), lines.join(", ").into());
        }
    }
    headers.into()
}

/// Headers in the type of `http`; the error says what is wrong.
fn to_http(from: &Headers) -> Result<HeaderMap, &'static str> {
    let (count, length) = from.iter().fold((0, 0), |(count, length), (_, value)| {
        (count + 1, length + value.as_str().len())
    });
    let mut http = HeaderMap::with_capacity(count);
    // All values share their memory: HTTP clients copy headers more than once.
    let mut values = BytesMut::with_capacity(length);
    for (name, value) in from.iter() {
        values.extend_from_slice(value.as_str().as_bytes());
        let mut value = http::HeaderValue::from_maybe_shared(values.split().freeze())
            .map_err(|_| "a header has a value that no header may have")?;
        let name = match headers::COMMON
            .iter()
            .find(|(_, common)| common.as_str() == name.as_str())
        {
            Some((common, _)) => common.clone(),
            None => http::HeaderName::from_bytes(name.as_str().as_bytes())
                .map_err(|_| "a header has a name that no header may have")?,
        };
        value.set_sensitive(name == http::header::AUTHORIZATION);
        http.insert(name, value);
    }
    Ok(http)
}

impl fmt::Debug for Bounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bounded")
            .field("requests", &self.requests)
            .finish_non_exhaustive()
    }
}

/// A body that counts as a request under way until its end.
struct Counted<S> {
    body: S,
    permit: Option<OwnedSemaphorePermit>,
}

impl<S: Stream<Item = reqwest::Result<Bytes>> + Unpin> Stream for Counted<S> {
    type Item = azure_core::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(Pin::new(&mut self.body).poll_next(cx));
        if !matches!(next, Some(Ok(_))) {
            self.permit = None;
        }
        let broken = |error: reqwest::Error| {
            Error::with_error(ErrorKind::Io, error.without_url(), "the answer broke off")
        };
        Poll::Ready(next.map(|next| next.map_err(broken)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(change: impl FnOnce(&mut HttpClientOptions)) -> TransportError {
        let mut options = HttpClientOptions::default();
        change(&mut options);
        http_client_with(&options).unwrap_err()
    }

    #[test]
    fn no_proxy_stands_before_link_local_addresses() {
        let is_without = |address: &str| is_link_local(&address.parse().unwrap());
        assert!(is_without(
            "http://169.254.169.254/metadata/identity/oauth2/token"
        ));
        for address in [
            "http://127.0.0.1/",
            "https://help.kusto.windows.net/",
            "http://[::1]/",
        ] {
            assert!(!is_without(address), "{address}");
        }
    }

    #[tokio::test]
    async fn no_proxy_stands_before_the_endpoint_of_the_managed_identity() {
        let listen = || tokio::net::TcpListener::bind("127.0.0.1:0");
        let (endpoint, proxy) = (listen().await.unwrap(), listen().await.unwrap());
        let endpoint_address = format!("http://{}/msi/token", endpoint.local_addr().unwrap());
        let source = ManagedIdentitySource::AppService {
            endpoint: endpoint_address.clone(),
            header: "hush".into(),
        };
        let options = HttpClientOptions {
            proxy: Proxy::Server {
                address: format!("http://{}", proxy.local_addr().unwrap()),
                credentials: None,
            },
            ..HttpClientOptions::default()
        };
        let client = bounded(&options, &source).unwrap();
        for (address, expected) in [
            (&*endpoint_address, "endpoint"),
            ("http://service.invalid/", "proxy"),
        ] {
            let request = Request::new(address.parse().unwrap(), Method::Get);
            let reached = tokio::select! {
                Ok(_) = endpoint.accept() => "endpoint",
                Ok(_) = proxy.accept() => "proxy",
                _ = client.execute_request(&request) => "nobody",
            };
            assert_eq!(reached, expected, "{address}");
        }
    }

    #[test]
    fn wrong_settings_are_told_without_their_secrets() {
        for error in [
            failure(|options| options.platform_roots = false),
            failure(|options| options.root_certificates = vec!["no certificate".to_owned()]),
            failure(|options| {
                options.proxy = Proxy::Server {
                    address: "http://user:hush@[".to_owned(),
                    credentials: Some(("user".to_owned(), "hush".into())),
                }
            }),
        ] {
            assert_eq!(error.kind(), TransportErrorKind::InvalidRequest);
            assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
        }
    }

    #[test]
    fn challenges_in_several_lines_are_one_header() {
        let mut from = HeaderMap::new();
        from.append(WWW_AUTHENTICATE, "Negotiate".parse().unwrap());
        from.append(WWW_AUTHENTICATE, "Bearer claims=\"e30=\"".parse().unwrap());
        from.append("retry-after", "1".parse().unwrap());
        from.append("retry-after", "2".parse().unwrap());
        let headers = from_http(&from);
        let text = |name| headers.get_optional_str(&HeaderName::from_static(name));
        assert_eq!(
            text("www-authenticate"),
            Some("Negotiate, Bearer claims=\"e30=\"")
        );
        assert_eq!(text("retry-after"), Some("2"));
    }

    #[test]
    fn headers_are_the_same_in_both_types() {
        let mut headers = Headers::new();
        for (name, value) in [
            ("accept", "application/json"),
            ("authorization", "Bearer hush"),
            ("x-ms-app", ""),
            ("x-rare", "a b"),
        ] {
            headers.insert(name, value);
        }
        let http = to_http(&headers).unwrap();
        assert_eq!(http.len(), 4);
        assert_eq!(http["x-rare"], "a b");
        assert!(http["authorization"].is_sensitive() && !http["accept"].is_sensitive());
        assert_eq!(from_http(&http), headers);
    }

    #[test]
    fn what_no_header_may_have_is_told() {
        for (name, value) in [("x-app", "a\r\nb: c"), ("two words", "x")] {
            let mut headers = Headers::new();
            headers.insert(name, value);
            assert!(to_http(&headers).is_err(), "{name}");
        }
    }
}

//! Addresses of Kusto services: validated cluster URIs, their ingestion siblings, and the request paths under them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use http::Uri;

use crate::parse_error::{ParseError, ParseErrorKind};

/// The address of one service: `https://host[:port][/base]`, without database, query or credentials.
///
/// A base path is rare; proxies that show other Azure resources as clusters have one
/// (`https://adx.monitor.azure.com/subscriptions/…`). A path of a single segment is a database name and belongs to
/// [`ConnectionString`](crate::ConnectionString), so it is refused here.
///
/// ```
/// use kusto_protocol::Endpoint;
///
/// let engine: Endpoint = "https://help.kusto.windows.net".parse()?;
/// assert_eq!(engine.to_ingest().to_string(), "https://ingest-help.kusto.windows.net");
/// assert_eq!(engine.uri(Endpoint::QUERY_V2)?.to_string(), "https://help.kusto.windows.net/v2/rest/query");
/// # Ok::<(), kusto_protocol::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    scheme: Scheme,
    /// Lower case; an IPv6 address stands in brackets.
    host: String,
    port: Option<u16>,
    /// Empty, or starts with `/` and does not end with it.
    base: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Scheme {
    Http,
    Https,
}

impl Endpoint {
    /// Path of queries answered in the first layout: one JSON object.
    pub const QUERY_V1: &str = "/v1/rest/query";
    /// Path of queries answered in frames.
    pub const QUERY_V2: &str = "/v2/rest/query";
    /// Path of management commands, on engines and on ingestion services.
    pub const MGMT: &str = "/v1/rest/mgmt";
    /// Path of streaming ingestion; `/{database}/{table}` follows.
    pub const INGEST: &str = "/v1/rest/ingest";
    /// Path of the cloud's login settings; answered without a token.
    pub const AUTH_METADATA: &str = "/v1/rest/auth/metadata";
    /// Path of the liveness text; answered without a token.
    pub const PING: &str = "/v1/rest/ping";
    /// What the paths of the REST ingestion API begin with.
    pub(crate) const INGESTION_ROOT: &str = "/v1/rest/ingestion/";
    /// Path of the settings of the REST ingestion API, on ingestion services.
    pub const INGESTION_CONFIGURATION: &str = "/v1/rest/ingestion/configuration";
    /// Path of queued ingestion over REST; `/{database}/{table}` follows, on ingestion services.
    pub const INGESTION_QUEUED: &str = "/v1/rest/ingestion/queued";

    /// The host in lower case, an IPv6 address in brackets; without the port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, if the address names one.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// `https` or `http`.
    pub fn scheme(&self) -> &'static str {
        match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// Whether what is sent there is encrypted.
    pub fn is_https(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// Whether the host is this machine: `localhost`, `127.0.0.0/8` or `::1`. Tokens may go there over plain HTTP.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.ip().is_some_and(|ip| ip.is_loopback())
    }

    /// Whether this is an ingestion (data management) service, to judge by its name.
    pub fn is_ingest(&self) -> bool {
        self.ingest_label().is_some()
    }

    /// The ingestion service beside this engine: `ingest-` goes in front of the host.
    ///
    /// Loopback names, IP addresses and `onebox.dev.kusto.windows.net` serve both roles and stay as they are, like
    /// an address that is an ingestion service already.
    #[must_use]
    pub fn to_ingest(&self) -> Self {
        if self.is_ingest() || self.is_reserved() {
            return self.clone();
        }
        Self {
            host: format!("{INGEST_LABEL}{}", self.host),
            ..self.clone()
        }
    }

    /// The engine beside this ingestion service: the opposite of [`to_ingest`](Self::to_ingest).
    #[must_use]
    pub fn to_engine(&self) -> Self {
        let mut engine = self.clone();
        if let Some(at) = self.ingest_label()
            && !self.is_reserved()
        {
            engine.host.replace_range(at..at + INGEST_LABEL.len(), "");
        }
        engine
    }

    /// The full address of a path below this endpoint. `path` starts with `/` and is percent-encoded already.
    ///
    /// # Errors
    ///
    /// If `path` has characters that an address cannot have, or the whole exceeds 65 534 bytes.
    pub fn uri(&self, path: &str) -> Result<Uri, ParseError> {
        Uri::builder()
            .scheme(self.scheme())
            .authority(self.authority())
            .path_and_query(format!("{}{path}", self.base))
            .build()
            .map_err(|_| {
                let message = "the path needs percent-encoding or is longer than 65534 bytes";
                ParseError::new("request address", ParseErrorKind::Malformed, None, message)
            })
    }

    /// Host and port, as a `Host` header has it.
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// The path that all paths of the service stand below: empty, or starts with `/` and does not end with it.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Splits an address into the endpoint and the database that its single path segment names.
    pub(crate) fn with_database(text: &str) -> Result<(Self, Option<String>), ParseError> {
        let error = |kind, message: &'static str| ParseError::new("endpoint", kind, None, message);
        let malformed = |message| error(ParseErrorKind::Malformed, message);
        let text = text.trim();
        if text.is_empty() {
            return Err(error(
                ParseErrorKind::Missing,
                "empty address; write https://<cluster>.<region>.kusto.windows.net",
            ));
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(malformed("no scheme; write https:// in front of the host"));
        };
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            _ => {
                return Err(error(
                    ParseErrorKind::Unsupported,
                    "the scheme must be https (or http for an emulator)",
                ));
            }
        };
        if rest.contains(['?', '#']) {
            return Err(malformed(
                "a service address has no query or fragment part; remove what follows ? or #",
            ));
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(malformed(
                "a service address has no user part; remove what precedes @",
            ));
        }
        let (host, port) =
            split_port(authority).ok_or_else(|| malformed("the port must be a number below 65536"))?;
        let host = host.to_ascii_lowercase();
        if !is_host(&host) {
            return Err(malformed("the host must be a DNS name or an IP address"));
        }
        let path = path.trim_matches('/');
        let endpoint = |base: String| Self {
            scheme,
            host,
            port,
            base,
        };
        if path.is_empty() {
            Ok((endpoint(String::new()), None))
        } else if !path.contains('/') {
            let database = crate::percent::decode(path);
            Ok((endpoint(String::new()), Some(database)))
        } else {
            let endpoint = endpoint(format!("/{path}"));
            // `Uri` lets characters beyond ASCII pass.
            if !path.is_ascii() || endpoint.uri("/").is_err() {
                return Err(malformed("the path has characters that need percent-encoding"));
            }
            Ok((endpoint, None))
        }
    }

    fn ip(&self) -> Option<IpAddr> {
        match self.host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            None => self.host.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        }
    }

    /// Hosts that play both roles under one name.
    fn is_reserved(&self) -> bool {
        self.host.contains("localhost") || self.ip().is_some() || self.host == "onebox.dev.kusto.windows.net"
    }

    /// Where `ingest-` stands: at the start, or after a separator as in `private-ingest-…`.
    fn ingest_label(&self) -> Option<usize> {
        self.host
            .match_indices(INGEST_LABEL)
            .map(|(at, _)| at)
            .find(|&at| at == 0 || matches!(self.host.as_bytes()[at - 1], b'-' | b'.'))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.base)
    }
}

impl FromStr for Endpoint {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match Self::with_database(text)? {
            (endpoint, None) => Ok(endpoint),
            (_, Some(_)) => Err(ParseError::new(
                "endpoint",
                ParseErrorKind::Malformed,
                None,
                "the path names a database; pass the database on its own, or parse a connection string",
            )),
        }
    }
}

fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    // The colons of an IPv6 address are inside its brackets.
    let after_address = authority.rfind(']').map_or(0, |at| at + 1);
    match authority[after_address..].rfind(':') {
        Some(colon) => {
            let (host, port) = authority.split_at(after_address + colon);
            let port = &port[1..];
            // u16::from_str takes a sign, an address does not.
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            Some((host, Some(port.parse().ok().filter(|_| digits)?)))
        }
        None => Some((authority, None)),
    }
}

fn is_host(host: &str) -> bool {
    if let Some(rest) = host.strip_prefix('[') {
        return rest
            .strip_suffix(']')
            .is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    host.len() <= 253 && host.split('.').all(label)
}

const INGEST_LABEL: &str = "ingest-";

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Endpoint {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_are_normalised() {
        for (text, expected) in [
            ("https://c1.kusto.windows.net", "https://c1.kusto.windows.net"),
            ("HTTPS://C1.Kusto.Windows.Net/", "https://c1.kusto.windows.net"),
            (" http://localhost:8080/ ", "http://localhost:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            (
                "https://adx.monitor.azure.com/subscriptions/s/",
                "https://adx.monitor.azure.com/subscriptions/s",
            ),
        ] {
            assert_eq!(endpoint(text).to_string(), expected);
            assert_eq!(endpoint(expected).to_string(), expected);
        }
    }

    #[test]
    fn malformed_addresses_say_what_is_wrong() {
        for (text, part) in [
            ("", "empty"),
            ("c1.kusto.windows.net", "no scheme"),
            ("net.tcp://c1", "scheme must be https"),
            ("https://", "host"),
            ("https://c1..net", "host"),
            ("https://c1:70000", "port"),
            ("https://c1:+1", "port"),
            ("https://c1:", "port"),
            ("https://c1 d", "host"),
            ("https://[::1", "host"),
            ("https://help.kusto.windows.net@evil.example", "user part"),
            ("https://c1?sig=hush", "query or fragment"),
            ("https://c1#x", "query or fragment"),
            ("https://c1/Sales", "database"),
            ("https://c1/a b/c", "percent-encoding"),
            ("https://c1/a//\u{1680}/b", "percent-encoding"),
        ] {
            let error = text.parse::<Endpoint>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
            assert!(!error.contains("hush"));
        }
    }

    #[test]
    fn ingest_and_engine_hosts_convert_into_each_other() {
        for (engine, ingest) in [
            (
                "https://c1.kusto.windows.net",
                "https://ingest-c1.kusto.windows.net",
            ),
            (
                "https://c1.kusto.windows.net:8443",
                "https://ingest-c1.kusto.windows.net:8443",
            ),
            (
                "https://bestingest-c1.kusto.windows.net",
                "https://ingest-bestingest-c1.kusto.windows.net",
            ),
            (
                "https://z.y.kusto.fabric.microsoft.com",
                "https://ingest-z.y.kusto.fabric.microsoft.com",
            ),
        ] {
            let (engine, ingest) = (endpoint(engine), endpoint(ingest));
            assert!(!engine.is_ingest() && ingest.is_ingest());
            assert_eq!(
                (engine.to_ingest(), ingest.to_engine()),
                (ingest.clone(), engine.clone())
            );
            assert_eq!((ingest.to_ingest(), engine.to_engine()), (ingest, engine));
        }
        let private = endpoint("https://private-ingest-c1.kusto.windows.net");
        assert_eq!(private.to_ingest(), private);
        assert_eq!(private.to_engine().host(), "private-c1.kusto.windows.net");
    }

    #[test]
    fn hosts_that_serve_both_roles_are_left_alone() {
        for text in [
            "http://localhost:8080",
            "http://127.0.0.1",
            "http://10.0.0.7:8080",
            "https://[2001:db8::1]",
            "https://onebox.dev.kusto.windows.net",
        ] {
            assert_eq!(endpoint(text).to_ingest(), endpoint(text));
            assert_eq!(endpoint(text).to_engine(), endpoint(text));
        }
    }

    #[test]
    fn loopback_is_recognised_by_name_and_by_address() {
        for text in [
            "http://localhost",
            "http://127.0.0.1:80",
            "http://127.8.9.1",
            "http://[::1]:1",
        ] {
            assert!(endpoint(text).is_loopback(), "{text}");
        }
        for text in [
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "http://10.0.0.1",
        ] {
            assert!(!endpoint(text).is_loopback(), "{text}");
        }
    }

    #[test]
    fn paths_go_below_the_base() {
        let proxy = endpoint("https://adx.monitor.azure.com/subscriptions/s");
        assert_eq!(
            proxy.uri(Endpoint::MGMT).unwrap().to_string(),
            "https://adx.monitor.azure.com/subscriptions/s/v1/rest/mgmt"
        );
        assert_eq!(
            endpoint("http://[::1]:8080")
                .uri("/v1/rest/ping")
                .unwrap()
                .to_string(),
            "http://[::1]:8080/v1/rest/ping"
        );
    }
}

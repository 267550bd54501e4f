//! Where a redirect may lead.

use azure_core::http::Url;
use kusto_auth::TrustedHosts;
use kusto_protocol::Endpoint;

use crate::error::{TransportError, TransportErrorKind};

/// The address that a request at `from` is redirected to, and its host, if the request may be sent there: to a
/// trusted host, encrypted unless it was not before, and to this machine only from this machine.
pub(crate) fn target(
    from: &Url,
    location: &str,
    trusted_hosts: &TrustedHosts,
) -> Result<(Url, Endpoint), TransportError> {
    let refused = |why: &str| {
        let host = from.host_str().unwrap_or_default();
        let message = format!("{host} redirects {why}; the redirect is not followed");
        TransportError::new(TransportErrorKind::Redirected, message)
    };
    let mut to = from
        .join(location)
        .map_err(|_| refused("to something that is no address"))?;
    to.set_fragment(None);
    if to == *from {
        return Err(refused("to itself"));
    }
    if !to.username().is_empty() || to.password().is_some() {
        return Err(refused("to an address with a password in it"));
    }
    let (from_here, to_there) = (endpoint(from), endpoint(&to));
    let (Some(from_here), Some(to_there)) = (from_here, to_there) else {
        return Err(refused("to an address that no service has"));
    };
    if from_here.is_https() && !to_there.is_https() {
        return Err(refused("to an address without encryption"));
    }
    if to_there.is_loopback() && !from_here.is_loopback() {
        return Err(refused("to this machine"));
    }
    if to_there != from_here {
        trusted_hosts.check(&to_there)?;
    }
    Ok((to, to_there))
}

/// Scheme, host and port of an address.
fn endpoint(url: &Url) -> Option<Endpoint> {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str()?)
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(from: &str, location: &str) -> Result<String, TransportErrorKind> {
        target(&Url::parse(from).unwrap(), location, &TrustedHosts::default())
            .map(|(url, _)| url.to_string())
            .map_err(|error| error.kind())
    }

    const FROM: &str = "https://a.kusto.windows.net/v2/rest/query";
    const HERE: &str = "http://127.0.0.1:8080/v2/rest/query";

    #[test]
    fn a_redirect_to_a_trusted_host_is_followed() {
        for (location, to) in [
            (
                "https://b.kusto.windows.net/v2/rest/query#x",
                "https://b.kusto.windows.net/v2/rest/query",
            ),
            (
                "/v2/rest/query?n=1",
                "https://a.kusto.windows.net/v2/rest/query?n=1",
            ),
            ("//b.kusto.windows.net/q", "https://b.kusto.windows.net/q"),
        ] {
            assert_eq!(follow(FROM, location).as_deref(), Ok(to));
        }
        assert_eq!(
            follow(HERE, "http://localhost:9090/q").as_deref(),
            Ok("http://localhost:9090/q")
        );
        assert!(follow(HERE, "https://a.kusto.windows.net/q").is_ok());
        // Who sends no token may talk to any host, so also to another path of it.
        assert!(follow("http://kusto:8080/q", "/v2/q").is_ok());
    }

    #[test]
    fn a_redirect_elsewhere_is_not() {
        for location in [
            "https://evil.example/v2/rest/query",
            "https://a.kusto.windows.net.evil.example/q",
        ] {
            assert_eq!(
                follow(FROM, location),
                Err(TransportErrorKind::Untrusted),
                "{location}"
            );
        }
        for location in [
            FROM,
            "http://b.kusto.windows.net/q",
            "https://localhost/q",
            "https://user:pw@b.kusto.windows.net/q",
            "ftp://b.kusto.windows.net/q",
            "https://",
            "data:text/plain,x",
        ] {
            assert_eq!(
                follow(FROM, location),
                Err(TransportErrorKind::Redirected),
                "{location}"
            );
        }
    }
}

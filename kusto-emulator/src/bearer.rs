//! Who may ask: bearer tokens, as the service wants them.

#[cfg(feature = "tls")]
mod issuer;
#[cfg(feature = "tls")]
mod token;

use std::fmt;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use kusto_protocol::Secret;

#[cfg(feature = "tls")]
pub(crate) use issuer::KeyRing;
#[cfg(feature = "tls")]
pub use issuer::TokenIssuer;

/// Whether requests need a bearer token, and which.
///
/// The address of the metadata, ping and deep links need none in any case.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Authentication {
    /// None is needed, and one that comes is not looked at.
    #[default]
    None,
    /// Any token will do.
    AnyToken,
    /// This one and no other.
    Token(Secret),
    /// A JSON Web Token with a valid signature of this issuer. Needs the feature `tls`.
    #[cfg(feature = "tls")]
    Issuer(TokenIssuer),
}

/// The check that a service makes.
#[derive(Debug)]
pub(crate) enum Gate {
    Open,
    AnyToken,
    Token(Secret),
    #[cfg(feature = "tls")]
    Issuer(KeyRing),
}

impl Gate {
    pub(crate) fn new(authentication: Authentication) -> Self {
        match authentication {
            Authentication::None => Self::Open,
            Authentication::AnyToken => Self::AnyToken,
            Authentication::Token(token) => Self::Token(token),
            #[cfg(feature = "tls")]
            Authentication::Issuer(issuer) => Self::Issuer(KeyRing::new(issuer)),
        }
    }

    /// Who asks, as far as the token says: the text that `current_principal()` gives.
    pub(crate) async fn admit(&self, headers: &HeaderMap) -> Result<Option<String>, Unauthorized> {
        match self {
            Self::Open => Ok(None),
            Self::AnyToken => bearer(headers).map(|_| None),
            Self::Token(wanted) if bearer(headers)? == wanted.expose() => Ok(None),
            Self::Token(_) => Err(Unauthorized::invalid(
                "the token is not the one that this service wants",
            )),
            #[cfg(feature = "tls")]
            Self::Issuer(keys) => keys.admit(bearer(headers)?).await.map(Some),
        }
    }
}

/// The token in `Authorization`.
fn bearer(headers: &HeaderMap) -> Result<&str, Unauthorized> {
    let value = headers.get(AUTHORIZATION).ok_or(Unauthorized { reason: None })?;
    let token = value.to_str().ok().and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    token
        .filter(|token| !token.is_empty())
        .ok_or_else(|| Unauthorized::invalid("Authorization must be 'Bearer' and a token"))
}

/// A request without a token that would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unauthorized {
    /// What is wrong with the token; `None` if there is none.
    pub(crate) reason: Option<String>,
}

impl Unauthorized {
    pub(crate) fn invalid(reason: impl Into<String>) -> Self {
        Self {
            reason: Some(reason.into()),
        }
    }

    /// The value of `WWW-Authenticate`, as RFC 6750 has it; the authority is where tokens come from.
    pub(crate) fn challenge(&self, authority: &str) -> String {
        let challenge = format!("Bearer authorization_uri=\"{authority}\"");
        match &self.reason {
            None => challenge,
            Some(reason) => {
                let reason = reason.replace(['"', '\\'], "'");
                format!("{challenge}, error=\"invalid_token\", error_description=\"{reason}\"")
            }
        }
    }
}

impl fmt::Display for Unauthorized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            None => f.write_str("the request has no token; send 'Authorization: Bearer' and one"),
            Some(reason) => f.write_str(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))])
    }

    #[tokio::test]
    async fn tokens_are_asked_for_as_the_mode_says() {
        let (none, token) = (HeaderMap::new(), headers("bearer abc"));
        assert_eq!(Gate::Open.admit(&none).await, Ok(None));
        assert_eq!(Gate::AnyToken.admit(&token).await, Ok(None));
        assert_eq!(
            Gate::AnyToken.admit(&none).await,
            Err(Unauthorized { reason: None })
        );
        assert!(Gate::AnyToken.admit(&headers("Basic abc")).await.is_err());
        assert!(Gate::AnyToken.admit(&headers("Bearer ")).await.is_err());
        assert_eq!(Gate::Token("abc".into()).admit(&token).await, Ok(None));
        assert!(Gate::Token("abd".into()).admit(&token).await.is_err());
    }

    #[test]
    fn a_challenge_quotes_nothing_that_could_end_it() {
        let challenge = Unauthorized::invalid("a \"b\" \\").challenge("https://login.example/t");
        let expected = "Bearer authorization_uri=\"https://login.example/t\", error=\"invalid_token\", \
                        error_description=\"a 'b' '\"";
        assert_eq!(challenge, expected);
    }
}

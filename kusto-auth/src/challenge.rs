//! What a service says when it refuses a token.

use std::fmt;

use azure_core::credentials::TokenRequestOptions;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

/// A token was refused, and another one is wanted; perhaps one that carries certain claims.
///
/// It reaches a credential through the context of
/// [`TokenRequestOptions`](azure_core::credentials::TokenRequestOptions): a credential that finds one there must not
/// answer with a token that it had before, and passes the claims on to the identity provider (conditional access,
/// continuous access evaluation).
///
/// ```
/// use kusto_auth::Challenge;
///
/// let header = r#"Bearer realm="", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ==""#;
/// let challenge = Challenge::from_www_authenticate(header);
/// assert_eq!(challenge.claims(), Some(r#"{"access_token":{}}"#));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Challenge {
    claims: Option<String>,
}

impl Challenge {
    /// Reads the header `WWW-Authenticate` of an answer 401. What cannot be read asks for no claims.
    pub fn from_www_authenticate(header: &str) -> Self {
        let claims = parameter(header, "claims").and_then(decode);
        Self { claims }
    }

    /// The challenge that a token request answers, if it does.
    pub fn in_options<'a>(options: Option<&'a TokenRequestOptions<'_>>) -> Option<&'a Self> {
        options?.method_options.context.value()
    }

    /// The claims that the next token must carry, as JSON.
    pub fn claims(&self) -> Option<&str> {
        self.claims.as_deref()
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Challenge")
            .field("has_claims", &self.claims.is_some())
            .finish()
    }
}

/// The value of `name="value"` or `name=value` in a challenge.
pub(crate) fn parameter<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = header;
    while let Some(at) = rest.to_ascii_lowercase().find(name) {
        let starts = rest[..at]
            .chars()
            .next_back()
            .is_none_or(|before| before == ' ' || before == ',');
        let after = rest[at + name.len()..].trim_start();
        if let (true, Some(value)) = (starts, after.strip_prefix('=')) {
            let value = value.trim_start();
            return match value.strip_prefix('"') {
                Some(quoted) => quoted.split('"').next(),
                None => value.split([',', ' ']).next(),
            };
        }
        rest = &rest[at + name.len()..];
    }
    None
}

/// Base64 in either alphabet, with or without its padding; it must hold JSON.
fn decode(text: &str) -> Option<String> {
    let text = text.trim_end_matches('=');
    let bytes = BASE64_STANDARD_NO_PAD
        .decode(text)
        .or_else(|_| BASE64_URL_SAFE_NO_PAD.decode(text))
        .ok()?;
    serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).ok()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_found_among_other_parameters() {
        let json = r#"{"access_token":{"nbf":{"essential":true,"value":"1760000000"}}}"#;
        let padded = base64::prelude::BASE64_STANDARD.encode(json);
        let url_safe = BASE64_URL_SAFE_NO_PAD.encode(json);
        for header in [
            format!(r#"Bearer error="insufficient_claims", claims="{padded}""#),
            format!(r#"Bearer authorization_uri="https://login/x?claims=1", Claims="{url_safe}""#),
            format!(r#"Negotiate, Bearer realm="", claims="{padded}", Basic realm="x""#),
            format!("Bearer claims={padded}"),
        ] {
            assert_eq!(
                Challenge::from_www_authenticate(&header).claims(),
                Some(json),
                "{header}"
            );
        }
    }

    #[test]
    fn whatever_cannot_be_read_asks_for_no_claims() {
        for header in [
            "",
            "Bearer",
            "Negotiate",
            r#"Bearer claims="%%%""#,
            r#"Bearer claims="bm90IGpzb24=""#,
            r#"Bearer noclaims="e30=""#,
            "Bearer claims",
        ] {
            assert_eq!(
                Challenge::from_www_authenticate(header),
                Challenge::default(),
                "{header}"
            );
        }
    }
}

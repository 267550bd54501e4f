//! What a token endpoint answers.

use azure_core::time::{Duration, OffsetDateTime};
use bytes::Bytes;
use kusto_protocol::Secret;
use serde::Deserialize;

use super::Tokens;
use crate::advice;
use crate::error::{AuthError, AuthErrorKind, code_in, one_line};

/// A refusal in the words of the identity provider.
pub(crate) struct Refusal {
    /// One of the error words of RFC 6749 and its relatives, such as `invalid_grant`.
    pub(crate) error: String,
    description: String,
    code: Option<String>,
    claims: Option<String>,
}

pub(crate) enum Answer {
    Tokens(Tokens),
    Refusal(Refusal),
}

impl Answer {
    /// Reads an answer. Secrets of the request are taken out of whatever it says.
    pub(crate) fn read(
        response: &http::Response<Bytes>,
        secrets: &[Secret],
        now: OffsetDateTime,
    ) -> Result<Self, AuthError> {
        let status = response.status();
        if status.is_success() {
            let body: TokenBody =
                serde_json::from_slice(response.body()).map_err(|_| no_tokens(status.as_u16()))?;
            return body.into_tokens(now).map(Self::Tokens);
        }
        Refusal::read(response, secrets).map(Self::Refusal)
    }
}

impl Refusal {
    pub(crate) fn read(response: &http::Response<Bytes>, secrets: &[Secret]) -> Result<Self, AuthError> {
        let body: RefusalBody =
            serde_json::from_slice(response.body()).map_err(|_| no_tokens(response.status().as_u16()))?;
        let (error, message) = match body.error {
            ErrorBody::Word(error) => (error, None),
            ErrorBody::Object { code, message } => (code, message),
        };
        let mut description = body.error_description.or(message).unwrap_or_default();
        for secret in secrets.iter().map(Secret::expose).filter(|text| !text.is_empty()) {
            description = description.replace(secret, "****");
        }
        let code = code_in(&description).or_else(|| {
            let number = body.error_codes.first()?;
            Some(format!("AADSTS{number}"))
        });
        Ok(Self {
            error,
            description: plain(&description, code.as_deref()),
            code,
            claims: body.claims.filter(|claims| !claims.is_empty()),
        })
    }

    /// The error, beginning with what was refused.
    pub(crate) fn into_error(self, what: &str) -> AuthError {
        let mut message = format!("{what} was refused");
        for words in [
            (!self.description.is_empty()).then_some(self.description.as_str()),
            self.code
                .as_deref()
                .and_then(advice::of)
                .or_else(|| of_error(&self.error)),
        ]
        .into_iter()
        .flatten()
        {
            message.push_str(if message.ends_with("refused") { ": " } else { "; " });
            message.push_str(words);
        }
        AuthError::new(AuthErrorKind::Rejected, message)
            .with_code(Some(self.code.unwrap_or(self.error)))
            .with_claims(self.claims)
    }
}

/// The first sentence or two: without the code, which the error shows anyway, and without the ids for the provider's
/// own support.
fn plain(description: &str, code: Option<&str>) -> String {
    let line = one_line(description);
    let line = code
        .and_then(|code| line.strip_prefix(code))
        .map_or(line.as_str(), |rest| rest.trim_start_matches([':', ' ']));
    let line = line.split(" Trace ID:").next().unwrap_or(line);
    line.trim_end_matches(['.', ' ']).to_owned()
}

/// What to do about the words of RFC 6749 and 8628, where no code says it better.
fn of_error(error: &str) -> Option<&'static str> {
    Some(match error {
        "access_denied" | "authorization_declined" => "the person who was asked said no",
        "expired_token" | "bad_verification_code" => {
            "the device code is no longer valid: start the sign-in again"
        }
        "invalid_client" => "check the client id, and its secret, certificate or assertion",
        "invalid_grant" => "the earlier sign-in is no longer valid: sign in again",
        "invalid_scope" => "check the address of the cluster",
        "unauthorized_client" => "the application may not sign in this way: check its registration",
        "unsupported_grant_type" => "the identity provider does not know this way to sign in",
        _ => return None,
    })
}

fn no_tokens(status: u16) -> AuthError {
    AuthError::new(
        AuthErrorKind::Malformed,
        format!(
            "the identity provider answered with status {status} and neither a token nor an error; check the login \
             endpoint and the proxy"
        ),
    )
}

#[derive(Deserialize)]
struct TokenBody {
    access_token: String,
    refresh_token: Option<String>,
    id_token: Option<String>,
    // Managed identities write numbers as texts.
    expires_in: Option<Number>,
    expires_on: Option<Number>,
}

#[derive(Deserialize)]
struct RefusalBody {
    error: ErrorBody,
    error_description: Option<String>,
    #[serde(default)]
    error_codes: Vec<u64>,
    claims: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ErrorBody {
    /// As OAuth has it.
    Word(String),
    /// As services of Azure have it, Service Fabric among them.
    Object { code: String, message: Option<String> },
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Number {
    Whole(i64),
    Float(f64),
    Text(String),
}

impl Number {
    pub(crate) fn seconds(&self) -> Option<i64> {
        match self {
            Self::Whole(number) => Some(*number),
            Self::Float(number) => Some(*number as i64),
            Self::Text(text) => text.trim().parse().ok(),
        }
        .filter(|seconds| *seconds >= 0)
    }
}

impl TokenBody {
    fn into_tokens(self, now: OffsetDateTime) -> Result<Tokens, AuthError> {
        if self.access_token.is_empty() {
            return Err(no_tokens(200));
        }
        let from_now = |seconds| now.checked_add(Duration::seconds(seconds));
        let expires_in = self
            .expires_in
            .as_ref()
            .and_then(Number::seconds)
            .and_then(from_now);
        let expires_on = self
            .expires_on
            .as_ref()
            .and_then(Number::seconds)
            .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
        let expires_on = expires_in.or(expires_on).unwrap_or(now + DEFAULT_LIFETIME);
        Ok(Tokens {
            access_token: self.access_token.into(),
            expires_on,
            refresh_token: self.refresh_token.map(Secret::from),
            id_token: self.id_token.map(Secret::from),
        })
    }
}

/// For answers that do not say.
const DEFAULT_LIFETIME: Duration = Duration::hours(1);

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn read(status: u16, body: &str) -> Result<Answer, AuthError> {
        let response = http::Response::builder().status(status);
        let body = Bytes::copy_from_slice(body.as_bytes());
        Answer::read(&response.body(body).unwrap(), &[Secret::new("hunter2")], NOW)
    }

    fn expiry(body: &str) -> i64 {
        match read(200, body) {
            Ok(Answer::Tokens(tokens)) => tokens.expires_on.unix_timestamp(),
            _ => panic!("no tokens: {body}"),
        }
    }

    #[test]
    fn lifetimes_are_numbers_or_texts_or_absent() {
        assert_eq!(expiry(r#"{"access_token":"a","expires_in":60}"#), 60);
        assert_eq!(
            expiry(r#"{"access_token":"a","expires_in":"60","expires_on":"99"}"#),
            60
        );
        assert_eq!(
            expiry(r#"{"access_token":"a","expires_on":"99","not_before":"1"}"#),
            99
        );
        assert_eq!(expiry(r#"{"access_token":"a"}"#), 3600);
        assert_eq!(expiry(r#"{"access_token":"a","expires_in":"soon"}"#), 3600);
        assert_eq!(
            expiry(r#"{"access_token":"a","expires_in":9223372036854775807}"#),
            3600
        );
    }

    #[test]
    fn a_refusal_has_its_code_what_to_do_and_no_secret() {
        let body = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret hunter2 provided.\r\nTrace ID: 1 Correlation ID: 2","error_codes":[7000215]}"#;
        let Ok(Answer::Refusal(refusal)) = read(401, body) else {
            panic!()
        };
        assert_eq!(
            refusal.into_error("the sign-in of application a").to_string(),
            "the sign-in of application a was refused: Invalid client secret **** provided; the client secret is \
             wrong: use its value, not its id (AADSTS7000215)"
        );
        let Ok(Answer::Refusal(refusal)) = read(400, r#"{"error":"invalid_grant"}"#) else {
            panic!()
        };
        assert_eq!(
            refusal.into_error("it").to_string(),
            "it was refused: the earlier sign-in is no longer valid: sign in again (invalid_grant)"
        );
        let body = r#"{"error":"interaction_required","error_description":"more","claims":"{\"a\":1}"}"#;
        let Ok(Answer::Refusal(refusal)) = read(400, body) else {
            panic!()
        };
        assert_eq!(refusal.into_error("it").claims(), Some(r#"{"a":1}"#));
    }

    #[test]
    fn anything_else_is_neither() {
        for (status, body) in [
            (200, "{}"),
            (200, "<html>"),
            (200, r#"{"access_token":""}"#),
            (404, ""),
            (400, "[]"),
        ] {
            let Err(error) = read(status, body) else {
                panic!("{body}")
            };
            assert_eq!(error.kind(), AuthErrorKind::Malformed);
        }
    }
}

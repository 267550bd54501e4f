//! Sign-in on another device (RFC 8628).

use azure_core::time::{Duration, OffsetDateTime};
use bytes::Bytes;
use kusto_protocol::Secret;
use serde::Deserialize;

use super::answer::{Answer, Number, Refusal};
use super::form::Form;
use super::{Next, Prompt, TokenRequest, Tokens};
use crate::error::{AuthError, AuthErrorKind};

/// Asks for a code, shows it, and asks for the token until the person has signed in.
pub(crate) struct DeviceCode {
    phase: Phase,
}

enum Phase {
    Start,
    Shown { code: Code, prompt: Prompt },
    Polling { code: Code, next: OffsetDateTime },
}

#[derive(Clone)]
struct Code {
    secret: Secret,
    interval: Duration,
    expires_on: OffsetDateTime,
}

impl DeviceCode {
    pub(crate) fn new() -> Self {
        Self { phase: Phase::Start }
    }

    pub(crate) fn next(&mut self, request: &TokenRequest, now: OffsetDateTime) -> Result<Next, AuthError> {
        match &self.phase {
            Phase::Start => {
                let form = Form::default()
                    .field("client_id", &request.client_id)
                    .field("scope", &request.scope_of_a_user())
                    .optional("claims", request.claims.as_deref());
                Next::post(form, &request.authority.device_code_endpoint())
            }
            Phase::Shown { code, prompt } => {
                let prompt = prompt.clone();
                let (code, next) = (code.clone(), now + code.interval);
                self.phase = Phase::Polling { code, next };
                Ok(Next::Prompt(prompt))
            }
            Phase::Polling { code, .. } if now >= code.expires_on => Err(AuthError::new(
                AuthErrorKind::Timeout,
                "nobody signed in before the device code expired; start the sign-in again",
            )),
            Phase::Polling { next, .. } if now < *next => Ok(Next::Wait(*next - now)),
            Phase::Polling { code, .. } => {
                let form = Form::default()
                    .field("client_id", &request.client_id)
                    .field("grant_type", "urn:ietf:params:oauth:grant-type:device_code")
                    .secret("device_code", &code.secret)
                    .optional("claims", request.claims.as_deref());
                Next::post(form, &request.authority.token_endpoint())
            }
        }
    }

    pub(crate) fn take(
        &mut self,
        response: &http::Response<Bytes>,
        secrets: &[Secret],
        now: OffsetDateTime,
    ) -> Result<Option<Tokens>, AuthError> {
        let Phase::Polling { code, next } = &mut self.phase else {
            self.phase = read_code(response, now)?;
            return Ok(None);
        };
        match Answer::read(response, secrets, now)? {
            Answer::Tokens(tokens) => Ok(Some(tokens)),
            Answer::Refusal(refusal) => match refusal.error.as_str() {
                "authorization_pending" => {
                    *next = now + code.interval;
                    Ok(None)
                }
                "slow_down" => {
                    code.interval += SLOW_DOWN;
                    *next = now + code.interval;
                    Ok(None)
                }
                _ => Err(refusal.into_error(WHAT)),
            },
        }
    }
}

fn read_code(response: &http::Response<Bytes>, now: OffsetDateTime) -> Result<Phase, AuthError> {
    if !response.status().is_success() {
        return Err(Refusal::read(response, &[])?.into_error(WHAT));
    }
    let body: CodeBody = serde_json::from_slice(response.body()).map_err(|_| {
        AuthError::new(
            AuthErrorKind::Malformed,
            "the identity provider's device code cannot be read",
        )
    })?;
    let seconds = |number: Option<Number>, default| {
        let seconds = number.as_ref().and_then(Number::seconds).unwrap_or(default);
        Duration::seconds(seconds.min(MAX_SECONDS))
    };
    let expires_on = now + seconds(body.expires_in, DEFAULT_LIFETIME);
    let verification_uri = body.verification_uri;
    let message = body.message.unwrap_or_else(|| {
        format!(
            "To sign in, open {verification_uri} in a browser and enter the code {}.",
            body.user_code
        )
    });
    Ok(Phase::Shown {
        code: Code {
            secret: body.device_code.into(),
            interval: seconds(body.interval, DEFAULT_INTERVAL),
            expires_on,
        },
        prompt: Prompt::DeviceCode {
            message,
            user_code: body.user_code,
            verification_uri,
            expires_on,
        },
    })
}

#[derive(Deserialize)]
struct CodeBody {
    device_code: String,
    user_code: String,
    verification_uri: String,
    message: Option<String>,
    expires_in: Option<Number>,
    interval: Option<Number>,
}

const WHAT: &str = "the sign-in with a device code";
/// Seconds between two questions, if the answer does not say (RFC 8628).
const DEFAULT_INTERVAL: i64 = 5;
/// Seconds, as other libraries take it.
const DEFAULT_LIFETIME: i64 = 1800;
/// A day: no code lives longer, and no sum overflows.
const MAX_SECONDS: i64 = 86_400;
const SLOW_DOWN: Duration = Duration::seconds(5);

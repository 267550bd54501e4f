//! Sign-in with a browser: authorization code with PKCE (RFC 6749, 7636, 8252).

use azure_core::http::Url;
use azure_core::time::{Duration, OffsetDateTime};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use kusto_protocol::Secret;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::answer::{Answer, Number};
use super::form::{Form, invalid_address};
use super::{BrowserOptions, Next, Prompt, TokenRequest, Tokens};
use crate::advice;
use crate::error::{AuthError, AuthErrorKind, code_in, one_line};

/// Shows an address, waits until the browser comes back, and exchanges the code that it brings.
pub(crate) struct AuthorizationCode {
    options: BrowserOptions,
    state: String,
    nonce: String,
    verifier: Secret,
    phase: Phase,
}

enum Phase {
    Start,
    Waiting {
        until: OffsetDateTime,
    },
    /// The code came; it is good for one exchange.
    Returned {
        code: Secret,
    },
}

impl AuthorizationCode {
    /// `random` must be unpredictable: the code can be had by whoever guesses it.
    pub(crate) fn new(options: BrowserOptions, random: [u8; 64]) -> Self {
        let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        Self {
            options,
            state: text(&random[..16]),
            nonce: text(&random[16..32]),
            // 43 characters, the shortest that RFC 7636 allows.
            verifier: text(&random[32..]).into(),
            phase: Phase::Start,
        }
    }

    pub(crate) fn next(&mut self, request: &TokenRequest, now: OffsetDateTime) -> Result<Next, AuthError> {
        match &self.phase {
            Phase::Start => {
                let url = self.address(request)?;
                let until = now + self.options.time_limit;
                self.phase = Phase::Waiting { until };
                Ok(Next::Prompt(Prompt::Browser { url }))
            }
            Phase::Waiting { until } if now < *until => Ok(Next::Wait(*until - now)),
            Phase::Waiting { .. } => Err(AuthError::new(
                AuthErrorKind::Timeout,
                format!(
                    "nobody signed in with the browser within {} s; start the sign-in again",
                    self.options.time_limit.whole_seconds()
                ),
            )),
            Phase::Returned { code } => {
                let form = Form::default()
                    .field("client_id", &request.client_id)
                    .field("grant_type", "authorization_code")
                    .secret("code", code)
                    .field("redirect_uri", &self.options.redirect_uri)
                    .secret("code_verifier", &self.verifier)
                    .field("scope", &request.scope_of_a_user())
                    .optional("claims", request.claims.as_deref());
                Next::post(form, &request.authority.token_endpoint())
            }
        }
    }

    fn address(&self, request: &TokenRequest) -> Result<String, AuthError> {
        let endpoint = request.authority.authorization_endpoint();
        let mut url = Url::parse(&endpoint).map_err(|_| invalid_address(&endpoint))?;
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.expose()));
        let scope = request.scope_of_a_user();
        let mut pairs = url.query_pairs_mut();
        pairs.extend_pairs([
            ("client_id", request.client_id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", &self.options.redirect_uri),
            ("response_mode", "query"),
            ("scope", &scope),
            ("state", &self.state),
            ("nonce", &self.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("prompt", "select_account"),
        ]);
        for (name, value) in [
            ("login_hint", self.options.login_hint.as_deref()),
            ("domain_hint", self.options.domain_hint.as_deref()),
            ("claims", request.claims.as_deref()),
        ] {
            if let Some(value) = value {
                pairs.append_pair(name, value);
            }
        }
        drop(pairs);
        Ok(url.into())
    }

    /// Takes what the browser came back with: the query of the redirect address. `Ok(false)` if it is not the
    /// answer to this sign-in, which goes on.
    pub(crate) fn returned(&mut self, query: &str) -> Result<bool, AuthError> {
        if !matches!(self.phase, Phase::Waiting { .. }) {
            return Ok(false);
        }
        let pairs = Url::parse(&format!("http://localhost/?{query}")).ok();
        let value = |name: &str| {
            let mut found = pairs.as_ref()?.query_pairs().filter(|(key, _)| key == name);
            let (_, value) = found.next()?;
            Some(value.into_owned())
        };
        // Anybody on this machine can call: only who knows the state is the provider.
        if !value("state").is_some_and(|state| equal(state.as_bytes(), self.state.as_bytes())) {
            return Ok(false);
        }
        if let Some(error) = value("error") {
            return Err(refused(error, &value("error_description").unwrap_or_default()));
        }
        match value("code").filter(|code| !code.is_empty()) {
            Some(code) => {
                self.phase = Phase::Returned { code: code.into() };
                Ok(true)
            }
            None => Err(AuthError::new(
                AuthErrorKind::Malformed,
                "the browser came back from the sign-in without a code",
            )),
        }
    }

    pub(crate) fn take(
        &mut self,
        request: &TokenRequest,
        response: &http::Response<Bytes>,
        secrets: &[Secret],
        now: OffsetDateTime,
    ) -> Result<Tokens, AuthError> {
        match Answer::read(response, secrets, now)? {
            Answer::Tokens(tokens) => {
                self.check_id_token(request, &tokens, now)?;
                Ok(tokens)
            }
            Answer::Refusal(refusal) => Err(refusal.into_error(WHAT)),
        }
    }

    /// The token of who signed in came over TLS from the token endpoint itself, which stands for its signature
    /// (OpenID Connect Core, 3.1.3.7); that it belongs to this sign-in is to be seen.
    fn check_id_token(
        &self,
        request: &TokenRequest,
        tokens: &Tokens,
        now: OffsetDateTime,
    ) -> Result<(), AuthError> {
        let wrong = |message: &'static str| Err(AuthError::new(AuthErrorKind::Malformed, message));
        let Some(claims) = tokens.id_token.as_ref().and_then(read_claims) else {
            return wrong("the identity provider did not say who signed in");
        };
        if !claims.aud.contains(&request.client_id) {
            return wrong("the identity provider's answer is for another application");
        }
        let nonce = claims.nonce.unwrap_or_default();
        if !equal(nonce.as_bytes(), self.nonce.as_bytes()) {
            return wrong("the identity provider's answer belongs to another sign-in");
        }
        let exp = claims.exp.as_ref().and_then(Number::seconds).unwrap_or_default();
        if exp < (now - CLOCK_SKEW).unix_timestamp() {
            return wrong("the identity provider's answer has expired; check the clock of this machine");
        }
        let tenant = request.authority.tenant();
        match claims.tid {
            Some(tid) if is_guid(tenant) && !tid.eq_ignore_ascii_case(tenant) => Err(AuthError::new(
                AuthErrorKind::Rejected,
                format!("the account belongs to tenant {tid}, not to {tenant}; sign in with another account"),
            )),
            _ => Ok(()),
        }
    }
}

/// The browser brings the provider's own words.
fn refused(error: String, description: &str) -> AuthError {
    let code = code_in(description);
    let mut message = format!(
        "{WHAT} was refused: {}",
        one_line(description).trim_end_matches('.')
    );
    if let Some(advice) = code.as_deref().and_then(advice::of) {
        message.push_str("; ");
        message.push_str(advice);
    }
    let message = message.trim_end_matches([':', ' ']).to_owned();
    AuthError::new(AuthErrorKind::Rejected, message).with_code(Some(code.unwrap_or(error)))
}

fn read_claims(token: &Secret) -> Option<IdClaims> {
    let payload = token.expose().split('.').nth(1)?;
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(payload.trim_end_matches('='))
        .ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[derive(Deserialize)]
struct IdClaims {
    aud: Audience,
    nonce: Option<String>,
    exp: Option<Number>,
    tid: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn contains(&self, client_id: &str) -> bool {
        match self {
            Self::One(audience) => audience == client_id,
            Self::Several(audiences) => audiences.iter().any(|audience| audience == client_id),
        }
    }
}

fn is_guid(tenant: &str) -> bool {
    tenant.parse::<kusto_protocol::Guid>().is_ok()
}

/// In a time that says nothing of where the texts differ.
fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |different, (a, b)| different | (a ^ b)) == 0
}

const WHAT: &str = "the sign-in with a browser";

/// How far clocks may differ.
const CLOCK_SKEW: Duration = Duration::minutes(5);

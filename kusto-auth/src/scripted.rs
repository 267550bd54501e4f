//! For tests: an HTTP client that answers from a script and remembers what it was asked, and a credential that counts.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request};
use azure_core::time::{Duration, OffsetDateTime};

use crate::credential::Credential;

#[derive(Debug, Default)]
pub(crate) struct Scripted {
    script: Mutex<VecDeque<Answer>>,
    seen: Mutex<Vec<Seen>>,
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) url: String,
    pub(crate) body: String,
}

pub(crate) type Answer = (u16, Vec<(&'static str, String)>, String);

pub(crate) fn answer(status: u16, body: impl Into<String>) -> Answer {
    (status, Vec::new(), body.into())
}

impl Scripted {
    /// After the last answer there is no connection any more.
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Arc<Self> {
        crate::listen::listen();
        Arc::new(Self {
            script: Mutex::new(answers.into_iter().collect()),
            seen: Mutex::default(),
        })
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

#[async_trait::async_trait]
impl HttpClient for Scripted {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let body = match request.body() {
            Body::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            _ => String::new(),
        };
        let url = request.url().to_string();
        self.seen.lock().unwrap().push(Seen { url, body });
        let next = self.script.lock().unwrap().pop_front();
        let Some((status, headers, body)) = next else {
            return Err(Error::with_message(ErrorKind::Connection, "no answer is left"));
        };
        let mut map = Headers::new();
        for (name, value) in headers {
            map.insert(name, value);
        }
        // Others get their turn, as with a network.
        tokio::task::yield_now().await;
        Ok(AsyncRawResponse::from_bytes(status.into(), map, body))
    }
}

/// Gives `t1`, `t2`, …, each for an hour from the epoch on.
pub(crate) fn counting() -> Credential {
    Credential::token_credential(Arc::new(Counting::default()))
}

#[derive(Debug, Default)]
struct Counting(AtomicUsize);

#[async_trait::async_trait]
impl TokenCredential for Counting {
    async fn get_token(
        &self,
        _: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        let expires_on = OffsetDateTime::UNIX_EPOCH + Duration::hours(1);
        Ok(AccessToken::new(format!("t{number}"), expires_on))
    }
}

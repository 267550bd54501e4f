//! An HTTP client in memory: it answers from a script and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::Headers;
use azure_core::http::response::PinnedStream;
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request};
use bytes::Bytes;
use futures::{StreamExt, stream};

#[derive(Debug, Default)]
pub(crate) struct Scripted {
    script: Mutex<VecDeque<Act>>,
    seen: Mutex<Vec<Seen>>,
}

/// What to do with the next request.
#[derive(Debug)]
pub(crate) enum Act {
    Answer(Answer),
    /// No connection: nothing was sent.
    Refuse,
    /// The connection breaks before an answer.
    Break,
    /// No answer, ever.
    Hang,
}

#[derive(Debug)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    chunks: Vec<Bytes>,
    end: End,
    delay: Duration,
}

#[derive(Debug)]
enum End {
    Clean,
    Broken,
    Silent,
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) url: String,
    pub(crate) body: String,
    #[allow(dead_code, reason = "not all tests that share this file look at it")]
    pub(crate) bytes: Bytes,
    headers: Vec<(String, String)>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

pub(crate) fn answer(status: u16, body: impl Into<Bytes>) -> Answer {
    Answer {
        status,
        headers: Vec::new(),
        chunks: vec![body.into()],
        end: End::Clean,
        delay: Duration::ZERO,
    }
}

impl Answer {
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Cuts the body into chunks of this many bytes.
    pub(crate) fn in_chunks(mut self, size: usize) -> Self {
        let body = self.chunks.concat();
        self.chunks = body.chunks(size).map(Bytes::copy_from_slice).collect();
        self
    }

    /// Lets the answer begin after so much time.
    #[allow(dead_code, reason = "not all tests that share this file need it")]
    pub(crate) fn late(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The connection breaks after the body.
    pub(crate) fn then_broken(mut self) -> Self {
        self.end = End::Broken;
        self
    }

    /// Nothing comes after the body, not even its end.
    pub(crate) fn then_silent(mut self) -> Self {
        self.end = End::Silent;
        self
    }

    fn into_response(self) -> AsyncRawResponse {
        let mut headers = Headers::new();
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        let chunks = stream::iter(self.chunks.into_iter().map(Ok));
        let body: PinnedStream = match self.end {
            End::Clean => chunks.boxed(),
            End::Broken => chunks
                .chain(stream::iter([Err(Error::with_message(ErrorKind::Io, "reset"))]))
                .boxed(),
            End::Silent => chunks.chain(stream::pending()).boxed(),
        };
        AsyncRawResponse::new(self.status.into(), headers, body)
    }
}

impl From<Answer> for Act {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

impl Scripted {
    pub(crate) fn new(script: impl IntoIterator<Item = Act>) -> Arc<Self> {
        crate::listen::listen();
        Arc::new(Self {
            script: Mutex::new(script.into_iter().collect()),
            seen: Mutex::default(),
        })
    }

    /// The requests that arrived so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

#[async_trait::async_trait]
impl HttpClient for Scripted {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let bytes = match request.body() {
            Body::Bytes(bytes) => bytes.clone(),
            Body::SeekableStream(_) => panic!("bodies are bytes"),
        };
        let headers = request.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.as_str().to_owned(), value.as_str().to_owned()))
            .collect();
        self.seen.lock().unwrap().push(Seen {
            url: request.url().to_string(),
            body: String::from_utf8_lossy(&bytes).into_owned(),
            bytes,
            headers,
        });
        let act = self.script.lock().unwrap().pop_front();
        match act.unwrap_or_else(|| panic!("the script has no answer to {}", request.url())) {
            Act::Answer(answer) => {
                if !answer.delay.is_zero() {
                    tokio::time::sleep(answer.delay).await;
                }
                Ok(answer.into_response())
            }
            Act::Refuse => Err(Error::with_message(ErrorKind::Connection, "refused")),
            Act::Break => Err(Error::with_message(ErrorKind::Io, "reset")),
            Act::Hang => futures::future::pending().await,
        }
    }
}

//! The requests that a service received: the latest ones, in memory, and all of them in a file if one is wanted.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, StatusCode, Uri, Version};
use kusto_protocol::DateTime;
use serde_json::json;

/// A request as the service received it.
///
/// Debug does not show the token in `Authorization`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReceivedRequest {
    /// When its body had been read.
    pub received: SystemTime,
    /// The HTTP method.
    pub method: Method,
    /// Path and query.
    pub uri: Uri,
    /// The version of HTTP.
    pub version: Version,
    /// All headers.
    pub headers: HeaderMap,
    /// The body without compression, at most 16 KiB of it.
    pub body: Bytes,
    /// How long the body is without compression, in bytes.
    pub body_len: u64,
    /// The id that the client gave it, or one made up (`x-ms-client-request-id`).
    pub client_request_id: String,
    /// The id that the service gave it (`x-ms-activity-id`).
    pub activity_id: String,
    /// The status of the answer; `None` before the answer begins, and if the connection was dropped.
    pub status: Option<StatusCode>,
}

impl ReceivedRequest {
    /// One line of JSON, without the token.
    fn to_json(&self) -> String {
        let headers: serde_json::Map<_, _> = self
            .headers
            .iter()
            .filter(|(name, _)| *name != AUTHORIZATION)
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
            .collect();
        json!({
            "received": DateTime::from(self.received).to_string(),
            "method": self.method.as_str(),
            "uri": self.uri.to_string(),
            "version": format!("{:?}", self.version),
            "status": self.status.map(|status| status.as_u16()),
            "client_request_id": self.client_request_id,
            "activity_id": self.activity_id,
            "has_authorization": self.headers.contains_key(AUTHORIZATION),
            "headers": headers,
            "body": String::from_utf8_lossy(&self.body),
            "body_len": self.body_len,
        })
        .to_string()
    }
}

/// The journal of a service.
#[derive(Debug)]
pub(crate) struct Journal {
    entries: Mutex<Entries>,
    max_requests: usize,
    file: Option<Mutex<File>>,
}

#[derive(Debug, Default)]
struct Entries {
    requests: VecDeque<ReceivedRequest>,
    /// How many have been left out at the front.
    dropped: u64,
}

/// A request that has no answer yet.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its place among all that were ever noted.
    number: u64,
    /// What the file is to say of it, if there is one.
    line: Option<Box<ReceivedRequest>>,
}

impl Journal {
    /// A journal of at most so many requests in memory.
    pub(crate) fn new(max_requests: usize, file: Option<File>) -> Self {
        Self {
            entries: Mutex::default(),
            max_requests,
            file: file.map(Mutex::new),
        }
    }

    /// The latest requests, earliest first.
    pub(crate) fn requests(&self) -> Vec<ReceivedRequest> {
        self.entries().requests.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        let mut entries = self.entries();
        entries.dropped += entries.requests.len() as u64;
        entries.requests.clear();
    }

    /// Notes a request that has no answer yet.
    pub(crate) fn note(&self, mut request: ReceivedRequest) -> Entry {
        request.body.truncate(MAX_BODY);
        // A slice would hold on to the whole.
        request.body = Bytes::copy_from_slice(&request.body);
        if let Some(token) = request.headers.get_mut(AUTHORIZATION) {
            token.set_sensitive(true);
        }
        let line = self.file.is_some().then(|| Box::new(request.clone()));
        let mut entries = self.entries();
        let number = entries.dropped + entries.requests.len() as u64;
        entries.requests.push_back(request);
        while entries.requests.len() > self.max_requests {
            entries.requests.pop_front();
            entries.dropped += 1;
        }
        Entry { number, line }
    }

    /// Notes how a request ended: the status of its answer, or none.
    pub(crate) fn answered(&self, entry: Entry, status: Option<StatusCode>) {
        let mut entries = self.entries();
        let place = entry.number.checked_sub(entries.dropped);
        let place = place.and_then(|place| usize::try_from(place).ok());
        if let Some(request) = place.and_then(|place| entries.requests.get_mut(place)) {
            request.status = status;
        }
        drop(entries);
        if let (Some(file), Some(mut request)) = (&self.file, entry.line) {
            request.status = status;
            let line = request.to_json() + "\n";
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            // A full disk must not stop the service; the file is then short.
            let _ = file.write_all(line.as_bytes());
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much of a body is kept, in bytes.
const MAX_BODY: usize = 16 << 10;

/// How many requests are kept if nothing else is said.
pub(crate) const MAX_REQUESTS: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn request(path: &'static str, body: &[u8]) -> ReceivedRequest {
        ReceivedRequest {
            received: SystemTime::UNIX_EPOCH,
            method: Method::POST,
            uri: Uri::from_static(path),
            version: Version::HTTP_11,
            headers: HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("Bearer secret"))]),
            body: Bytes::copy_from_slice(body),
            body_len: body.len() as u64,
            client_request_id: "id".to_owned(),
            activity_id: "activity".to_owned(),
            status: None,
        }
    }

    #[test]
    fn the_latest_requests_are_kept_with_their_answers() {
        let journal = Journal::new(2, None);
        for path in ["/a", "/b", "/c"] {
            let entry = journal.note(request(path, b""));
            journal.answered(entry, Some(StatusCode::OK));
        }
        let kept = journal.requests();
        let paths: Vec<_> = kept.iter().map(|request| request.uri.path()).collect();
        assert_eq!(paths, ["/b", "/c"]);
        assert!(kept.iter().all(|request| request.status == Some(StatusCode::OK)));
        let unanswered = journal.note(request("/d", b""));
        journal.clear();
        journal.answered(unanswered, None);
        assert!(journal.requests().is_empty());
    }

    #[test]
    fn long_bodies_are_cut_and_tokens_are_not_shown() {
        let journal = Journal::new(1, None);
        journal.note(request("/a", &[b'x'; MAX_BODY + 1]));
        let kept = &journal.requests()[0];
        assert_eq!((kept.body.len(), kept.body_len), (MAX_BODY, MAX_BODY as u64 + 1));
        assert!(!format!("{kept:?}").contains("secret"));
        assert!(!kept.to_json().contains("secret"));
        assert_eq!(kept.headers[AUTHORIZATION], "Bearer secret");
    }
}

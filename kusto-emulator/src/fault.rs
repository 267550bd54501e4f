//! Scripted faults: what goes wrong with which answers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};
use kusto_protocol::OneApiError;
use serde::Deserialize;

use crate::emulator::EmulatorError;

/// Something that goes wrong with answers, for tests of how clients bear it.
///
/// [`path`](Self::path) and [`text`](Self::text) say which requests it is for, [`skip`](Self::skip) and
/// [`times`](Self::times) how many of them; without these it is for all. The rest says what goes wrong, and may be
/// combined: an answer can be late and cut. Of several faults that fit a request, the one given first has its way.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use kusto_emulator::{Emulator, Fault};
///
/// let busy = Fault::new().path("/v2/rest/query").times(2).status(429).retry_after(Duration::from_secs(1));
/// let torn = Fault::new().text("Storms").cut(100);
/// let emulator = Emulator::builder().fault(busy).fault(torn).start().await?;
/// # Ok(())
/// # }
/// ```
///
/// `kusto serve` reads faults from a file: a JSON list of objects, whose members have the names of the methods here
/// (and of the units they are in, as in `delay_ms`).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct Fault {
    path: Option<String>,
    text: Option<String>,
    skip: u64,
    times: Option<u64>,
    delay_ms: u64,
    status: Option<u16>,
    retry_after_s: Option<u64>,
    headers: Vec<(String, String)>,
    body: Option<String>,
    drop_connection: bool,
    cut: Option<u64>,
    chunk: Option<usize>,
    drip_ms: u64,
    content_length: Option<u64>,
    in_data_error: Option<InDataError>,
}

/// An error that stands in the middle of an answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InDataError {
    /// How many rows of the first result come before it.
    pub(crate) after_rows: u64,
    pub(crate) error: OneApiError,
}

impl Fault {
    /// A fault that does nothing yet, to any request.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only requests whose path begins so: `/v1/rest/mgmt`.
    pub fn path(mut self, prefix: impl Into<String>) -> Self {
        self.path = Some(prefix.into());
        self
    }

    /// Only requests with this text somewhere in their body.
    pub fn text(mut self, part: impl Into<String>) -> Self {
        self.text = Some(part.into());
        self
    }

    /// Spares so many requests at first.
    pub fn skip(mut self, requests: u64) -> Self {
        self.skip = requests;
        self
    }

    /// Ends after so many requests.
    pub fn times(mut self, requests: u64) -> Self {
        self.times = Some(requests);
        self
    }

    /// The answer begins later by this, in milliseconds (`delay_ms`).
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay_ms = millis(delay);
        self
    }

    /// The answer is this status with an error in place of what was asked for. Nothing is run.
    ///
    /// # Panics
    ///
    /// When the number is no status: not between 100 and 999.
    pub fn status(mut self, status: u16) -> Self {
        assert!((100..1000).contains(&status), "{status} is no HTTP status");
        self.status = Some(status);
        self
    }

    /// Adds `Retry-After`, in whole seconds (`retry_after_s`).
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after_s = Some(after.as_secs());
        self
    }

    /// Adds a header, or replaces the one of that name. One that HTTP does not allow is left out.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The body that goes with [`status`](Self::status), in place of an error in JSON.
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// The connection ends without an answer. Nothing is run.
    pub fn drop_connection(mut self) -> Self {
        self.drop_connection = true;
        self
    }

    /// The connection ends after so many bytes of the answer's body, as it is sent.
    pub fn cut(mut self, bytes: u64) -> Self {
        self.cut = Some(bytes);
        self
    }

    /// The body is sent in pieces of at most so many bytes.
    pub fn chunk(mut self, bytes: usize) -> Self {
        self.chunk = Some(bytes.max(1));
        self
    }

    /// A pause before each piece of the body, in milliseconds (`drip_ms`).
    pub fn drip(mut self, pause: Duration) -> Self {
        self.drip_ms = millis(pause);
        self
    }

    /// A `Content-Length` whatever the body is. A body that is longer ends there; after one that is shorter the
    /// connection ends.
    pub fn content_length(mut self, bytes: u64) -> Self {
        self.content_length = Some(bytes);
        self
    }

    /// The first result of a query ends with an error after so many rows, wherever the request wants errors to be.
    /// In JSON: `{"after_rows": 3, "error": {"code": …, "message": …}}`.
    pub fn in_data_error(mut self, after_rows: u64, error: OneApiError) -> Self {
        self.in_data_error = Some(InDataError { after_rows, error });
        self
    }

    /// Reads a list of faults from JSON.
    ///
    /// # Errors
    ///
    /// When the text is not a list of faults; the message says where and why.
    pub fn list_from_json(text: &str) -> Result<Vec<Self>, EmulatorError> {
        let refused = |reason: String| EmulatorError::fault(format!("this is no list of faults: {reason}"));
        let faults: Vec<Self> = serde_json::from_str(text).map_err(|error| refused(error.to_string()))?;
        let mut statuses = faults.iter().filter_map(|fault| fault.status);
        match statuses.find(|status| !(100..1000).contains(status)) {
            Some(status) => Err(refused(format!("{status} is no HTTP status"))),
            None => Ok(faults),
        }
    }

    pub(crate) const fn wait(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    pub(crate) const fn pause(&self) -> Duration {
        Duration::from_millis(self.drip_ms)
    }

    pub(crate) const fn drops_connection(&self) -> bool {
        self.drop_connection
    }

    /// The status and the body in place of the answer.
    pub(crate) fn refusal(&self) -> Option<(StatusCode, Option<&str>)> {
        let status = StatusCode::from_u16(self.status?).ok()?;
        Some((status, self.body.as_deref()))
    }

    /// The headers that are added.
    pub(crate) fn added_headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let after = self
            .retry_after_s
            .map(|seconds| ("retry-after".to_owned(), seconds.to_string()));
        let pairs = self.headers.iter().cloned().chain(after);
        pairs.filter_map(|(name, value)| Some((name.parse().ok()?, value.parse().ok()?)))
    }

    /// What happens to the body; `None` if nothing does.
    pub(crate) fn distortion(&self) -> Option<Distortion> {
        let is_distorted =
            self.cut.is_some() || self.chunk.is_some() || self.drip_ms > 0 || self.content_length.is_some();
        is_distorted.then(|| Distortion {
            left: self.cut,
            max_piece: self.chunk.unwrap_or(usize::MAX),
            pause: self.pause(),
            content_length: self.content_length,
        })
    }

    pub(crate) const fn error(&self) -> Option<&InDataError> {
        self.in_data_error.as_ref()
    }

    fn fits(&self, path: &str, body: &[u8]) -> bool {
        let has = |text: &String| memchr::memmem::find(body, text.as_bytes()).is_some();
        self.path.as_ref().is_none_or(|prefix| path.starts_with(prefix)) && self.text.as_ref().is_none_or(has)
    }
}

/// What happens to the body of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Distortion {
    /// How many bytes may still be sent.
    pub(crate) left: Option<u64>,
    pub(crate) max_piece: usize,
    pub(crate) pause: Duration,
    pub(crate) content_length: Option<u64>,
}

/// The faults of a service.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Scheduled>>);

#[derive(Debug)]
struct Scheduled {
    fault: Arc<Fault>,
    /// How many requests it has fitted so far.
    seen: u64,
}

impl Faults {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        let script = Self::default();
        faults.into_iter().for_each(|fault| script.add(fault));
        script
    }

    pub(crate) fn add(&self, fault: Fault) {
        let fault = Arc::new(fault);
        self.scheduled().push(Scheduled { fault, seen: 0 });
    }

    pub(crate) fn clear(&self) {
        self.scheduled().clear();
    }

    /// The fault for a request, which is then counted.
    pub(crate) fn next(&self, path: &str, body: &[u8]) -> Option<Arc<Fault>> {
        self.scheduled()
            .iter_mut()
            .find_map(|scheduled| scheduled.take(path, body))
    }

    fn scheduled(&self) -> std::sync::MutexGuard<'_, Vec<Scheduled>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Scheduled {
    fn take(&mut self, path: &str, body: &[u8]) -> Option<Arc<Fault>> {
        let fault = &self.fault;
        let end = fault.times.map(|times| fault.skip.saturating_add(times));
        if end.is_some_and(|end| self.seen >= end) || !fault.fits(path, body) {
            return None;
        }
        self.seen += 1;
        (self.seen > fault.skip).then(|| Arc::clone(fault))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_for_the_requests_that_it_names() {
        let faults = Faults::new(vec![
            Fault::new()
                .path("/v2")
                .text("Storms")
                .skip(1)
                .times(2)
                .status(429),
            Fault::new().path("/v1").status(503),
        ]);
        let status = |path: &str, body: &str| {
            let fault = faults.next(path, body.as_bytes());
            fault.and_then(|fault| fault.refusal().map(|(status, _)| status.as_u16()))
        };
        let query = || status("/v2/rest/query", "Storms | count");
        assert_eq!(
            [query(), query(), query(), query()],
            [None, Some(429), Some(429), None]
        );
        assert_eq!(status("/v2/rest/query", "print 1"), None);
        assert_eq!(status("/v1/rest/mgmt", ".show tables"), Some(503));
        faults.clear();
        assert_eq!(status("/v1/rest/mgmt", ".show tables"), None);
    }

    #[test]
    fn faults_read_from_json_as_they_are_built() {
        let text = r#"[{"path": "/v2", "times": 1, "delay_ms": 5, "status": 503, "retry_after_s": 2,
                        "headers": [["x-note", "b"], ["no header", "c"]]},
                       {"cut": 10, "chunk": 3, "drip_ms": 1, "content_length": 99},
                       {"in_data_error": {"after_rows": 2, "error": {"code": "X", "message": "m"}}}]"#;
        let faults = Fault::list_from_json(text).unwrap();
        assert_eq!(faults[0].wait(), Duration::from_millis(5));
        let headers: Vec<_> = faults[0]
            .added_headers()
            .map(|(name, _)| name.to_string())
            .collect();
        assert_eq!(headers, ["x-note", "retry-after"]);
        let distortion = faults[1].distortion().unwrap();
        assert_eq!((distortion.left, distortion.max_piece), (Some(10), 3));
        assert_eq!(faults[2].error().unwrap().after_rows, 2);
        assert!(faults[2].distortion().is_none());
    }

    #[test]
    fn a_list_that_reads_wrong_says_why() {
        let refused = |text: &str| Fault::list_from_json(text).unwrap_err().to_string();
        assert!(refused(r#"[{"dealy_ms": 5}]"#).contains("dealy_ms"));
        assert!(refused(r#"[{"status": 7}]"#).contains('7'));
        assert!(refused("{}").contains("line 1"));
    }
}

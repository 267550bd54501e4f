//! Azure Storage: blobs and queues through its official crates, and the few requests that a status table needs.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use azure_core::http::headers::{HeaderName, RETRY_AFTER};
use azure_core::http::{
    Body, ClientOptions, HttpClient, Method, Request, RetryOptions, StatusCode, Transport, Url,
};
use azure_storage_blob::models::{BlockBlobClientUploadOptions, BlockLookupList};
use azure_storage_blob::{BlockBlobClient, BlockBlobClientOptions};
use azure_storage_queue::models::QueueMessage;
use azure_storage_queue::{QueueClient, QueueClientOptions};
use bytes::Bytes;
use futures::future::{Either, select};
use futures::stream::{FuturesUnordered, StreamExt};
use kusto_protocol::IngestionReport;

use crate::blocks::Blocks;
use crate::error::{IngestError, IngestErrorKind};
use crate::progress::Meter;
use crate::source_id::jitter;
use crate::storage_root::StorageRoot;
use crate::timer::sleep;

/// Storage over the HTTP client that everything else uses.
#[derive(Clone, Debug)]
pub(crate) struct Storage {
    http_client: Arc<dyn HttpClient>,
}

/// A request that storage did not grant.
#[derive(Debug)]
pub(crate) struct StorageError {
    status: Option<StatusCode>,
    retry_after: Option<Duration>,
    /// Without addresses: they carry signatures.
    message: String,
}

/// Blocks on their way into one blob, which may have to begin again in another container.
pub(crate) struct Upload {
    blocks: Blocks,
    /// The first blocks, as long as there are no others.
    held: Vec<Bytes>,
    /// How many blocks were taken out of `blocks`.
    taken: usize,
    is_complete: bool,
}

/// Why a blob was not written.
#[derive(Debug)]
pub(crate) enum UploadError {
    /// The data cannot be read: no other container helps.
    Source(IngestError),
    Storage(StorageError),
}

impl Storage {
    pub(crate) fn new(http_client: Arc<dyn HttpClient>) -> Self {
        Self { http_client }
    }

    /// Writes a blob. Blocks go in parallel, and one that fails is sent again on its own. The blob is there once all is;
    /// before, there is nothing.
    pub(crate) async fn upload(
        &self,
        blob: Url,
        upload: &mut Upload,
        meter: &Meter,
    ) -> Result<(), UploadError> {
        let options = BlockBlobClientOptions {
            client_options: self.options(),
            ..Default::default()
        };
        let client = BlockBlobClient::new(blob, None, Some(options)).map_err(StorageError::from)?;
        while upload.held.len() < HELD_BLOCKS && !upload.is_complete {
            upload.take().await?;
        }
        if let ([block], true) = (&upload.held[..], upload.is_complete) {
            self.again(meter, || {
                let options = BlockBlobClientUploadOptions {
                    partition_size: std::num::NonZeroU64::new(block.len().max(1) as u64),
                    ..Default::default()
                };
                client.upload(block.clone().into(), Some(options))
            })
            .await?;
            meter.uploaded(block.len(), &upload.blocks);
            return Ok(());
        }
        let (client, storage) = (&client, self);
        let stage = |index: usize, block: Bytes| async move {
            let id = block_id(index);
            let send = || client.stage_block(&id, block.len() as u64, block.clone().into(), None);
            storage.again(meter, send).await?;
            Ok::<_, StorageError>(block.len())
        };
        let mut staging: FuturesUnordered<_> = upload
            .held
            .iter()
            .cloned()
            .enumerate()
            .map(|(index, block)| stage(index, block))
            .collect();
        while !(upload.is_complete && staging.is_empty()) {
            // Reading and sending go on beside each other, whichever is slower.
            let next = if upload.is_complete || staging.len() == PARALLEL_BLOCKS {
                Either::Right(staging.next().await)
            } else if staging.is_empty() {
                Either::Left(upload.take().await?)
            } else {
                match select(std::pin::pin!(upload.take()), staging.next()).await {
                    Either::Left((block, _)) => Either::Left(block?),
                    Either::Right((staged, _)) => Either::Right(staged),
                }
            };
            match next {
                Either::Left(Some(block)) => staging.push(stage(upload.taken - 1, block)),
                Either::Right(Some(staged)) => meter.uploaded(staged?, &upload.blocks),
                Either::Left(None) | Either::Right(None) => {}
            }
        }
        let list = BlockLookupList {
            latest: Some((0..upload.taken).map(|index| block_id(index).to_vec()).collect()),
            ..Default::default()
        };
        self.again(meter, || {
            let list = list.clone();
            async move { client.commit_block_list(list.try_into()?, None).await }
        })
        .await?;
        Ok(())
    }

    /// Puts a message into a queue.
    pub(crate) async fn post(&self, queue: &StorageRoot, text: &str) -> Result<(), StorageError> {
        let client = self.queue(queue)?;
        let message = QueueMessage {
            message_text: Some(text.to_owned()),
        };
        within(REQUEST_LIMIT, client.send_message(message.try_into()?, None)).await?;
        Ok(())
    }

    pub(crate) fn queue(&self, queue: &StorageRoot) -> Result<QueueClient, StorageError> {
        let options = QueueClientOptions {
            client_options: self.options(),
            ..Default::default()
        };
        Ok(QueueClient::new(queue.url().clone(), None, Some(options))?)
    }

    /// Writes a row of a status table, over the one that is there, if one is.
    pub(crate) async fn put_entity(&self, entity: Url, row: &serde_json::Value) -> Result<(), StorageError> {
        let mut request = table_request(entity, Method::Put);
        request.insert_header("content-type", "application/json");
        request.set_body(Body::Bytes(row.to_string().into()));
        self.send(&request).await.map(drop)
    }

    /// Reads the row of an ingestion; `None` if it is not there.
    pub(crate) async fn report(&self, entity: Url) -> Result<Option<IngestionReport>, StorageError> {
        let body = match self.send(&table_request(entity, Method::Get)).await {
            Err(error) if error.status == Some(StatusCode::NotFound) => return Ok(None),
            outcome => outcome?,
        };
        let report = serde_json::from_slice(&body);
        report.map(Some).map_err(|error| StorageError {
            status: None,
            retry_after: None,
            message: format!("the row of the status table cannot be read: {error}"),
        })
    }

    async fn send(&self, request: &Request) -> Result<Bytes, StorageError> {
        let exchange = async {
            let (status, headers, body) = self.http_client.execute_request(request).await?.deconstruct();
            let body = body.collect().await?;
            if status.is_success() {
                return Ok(body);
            }
            Err(StorageError {
                status: Some(status),
                retry_after: retry_after(headers.get_optional_str(&RETRY_AFTER)),
                message: format!("status {status}"),
            })
        };
        match select(std::pin::pin!(exchange), std::pin::pin!(sleep(REQUEST_LIMIT))).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => Err(StorageError::late(REQUEST_LIMIT)),
        }
    }

    /// Our own retries count and are bounded in time; those of the Azure crates go on for a minute.
    fn options(&self) -> ClientOptions {
        ClientOptions {
            retry: RetryOptions::none(),
            transport: Some(Transport::new(Arc::clone(&self.http_client))),
            ..Default::default()
        }
    }

    /// Sends a request that may be repeated without harm, up to [`TRIES`] times.
    async fn again<T, F: Future<Output = azure_core::Result<T>>>(
        &self,
        meter: &Meter,
        mut send: impl FnMut() -> F,
    ) -> Result<T, StorageError> {
        let mut tries = 1;
        loop {
            let error = match within(BLOCK_LIMIT, send()).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let Some(wait) = error.wait(tries, jitter()) else {
                return Err(error);
            };
            meter.retried();
            sleep(wait).await;
            tries += 1;
        }
    }
}

impl Upload {
    pub(crate) fn new(blocks: Blocks) -> Self {
        Self {
            blocks,
            held: Vec::new(),
            taken: 0,
            is_complete: false,
        }
    }

    pub(crate) fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    /// Whether all that was taken is still held, so that the upload can begin again.
    pub(crate) fn can_begin_again(&self) -> bool {
        self.taken == self.held.len()
    }

    /// All of the data, if it fits into one block.
    pub(crate) async fn single_block(&mut self) -> Result<Option<Bytes>, IngestError> {
        while self.held.len() < HELD_BLOCKS && !self.is_complete {
            self.take().await?;
        }
        Ok(match (&self.held[..], self.is_complete) {
            ([block], true) => Some(block.clone()),
            _ => None,
        })
    }

    async fn take(&mut self) -> Result<Option<Bytes>, IngestError> {
        let block = self.blocks.next().await?;
        match &block {
            None => self.is_complete = true,
            Some(block) => {
                if self.can_begin_again() && self.taken < HELD_BLOCKS {
                    self.held.push(block.clone());
                } else {
                    self.held.clear();
                }
                self.taken += 1;
            }
        }
        Ok(block)
    }
}

impl StorageError {
    fn late(limit: Duration) -> Self {
        Self {
            status: None,
            retry_after: None,
            message: format!("no answer within {} s", limit.as_secs()),
        }
    }

    /// How long to wait before try `tries + 1`, if that makes sense.
    fn wait(&self, tries: u32, jitter: f64) -> Option<Duration> {
        let may_go_well = match self.status {
            Some(status) => {
                let status = u16::from(status);
                status == 408 || status == 429 || status >= 500
            }
            None => true,
        };
        if !may_go_well || tries >= TRIES {
            return None;
        }
        if let Some(wait) = self.retry_after {
            return (wait <= LONGEST_WAIT).then_some(wait);
        }
        let doubled = FIRST_WAIT * 2u32.pow(tries - 1);
        Some(doubled.mul_f64(0.5 + jitter / 2.0))
    }

    /// Whether storage does not let us in, as when a signature has expired.
    pub(crate) fn is_denied(&self) -> bool {
        matches!(self.status.map(u16::from), Some(401 | 403))
    }

    /// What failed, in an error of this crate.
    pub(crate) fn into_error(self, kind: IngestErrorKind, what: &str) -> IngestError {
        IngestError::new(kind, format!("{what}: {}", self.message))
    }
}

impl From<azure_core::Error> for StorageError {
    fn from(error: azure_core::Error) -> Self {
        let status = error.http_status();
        let (mut retry, mut message) = (None, None);
        if let azure_core::error::ErrorKind::HttpResponse {
            error_code,
            raw_response,
            ..
        } = error.kind()
        {
            let headers = raw_response.as_ref().map(|response| response.headers());
            retry = retry_after(headers.and_then(|headers| headers.get_optional_str(&RETRY_AFTER)));
            let code = error_code.as_deref().unwrap_or("no code");
            message = status.map(|status| format!("status {status}, {code}"));
        }
        let message = message.unwrap_or_else(|| {
            // The outer errors name the address with its signature; the innermost says what happened.
            let mut innermost: &dyn Error = &error;
            while let Some(source) = innermost.source() {
                innermost = source;
            }
            match std::ptr::addr_eq(innermost, &raw const error) {
                true => format!("{}", error.kind()),
                false => innermost.to_string(),
            }
        });
        Self {
            status,
            retry_after: retry,
            message,
        }
    }
}

impl From<IngestError> for UploadError {
    fn from(error: IngestError) -> Self {
        Self::Source(error)
    }
}

impl From<StorageError> for UploadError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

fn table_request(url: Url, method: Method) -> Request {
    let mut request = Request::new(url, method);
    request.insert_header("accept", "application/json;odata=nometadata");
    request.insert_header(HeaderName::from_static("x-ms-version"), "2019-02-02");
    request.insert_header(HeaderName::from_static("dataserviceversion"), "3.0");
    request
}

async fn within<T>(
    limit: Duration,
    future: impl Future<Output = azure_core::Result<T>>,
) -> Result<T, StorageError> {
    match select(std::pin::pin!(future), std::pin::pin!(sleep(limit))).await {
        Either::Left((outcome, _)) => outcome.map_err(StorageError::from),
        Either::Right(_) => Err(StorageError::late(limit)),
    }
}

fn retry_after(value: Option<&str>) -> Option<Duration> {
    value?.trim().parse().ok().map(Duration::from_secs)
}

/// All ids of a blob must have one length.
fn block_id(index: usize) -> [u8; 8] {
    (index as u64).to_be_bytes()
}

/// What memory an upload takes: these, one under construction and one ready.
const PARALLEL_BLOCKS: usize = 4;
const HELD_BLOCKS: usize = 2;
const TRIES: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// For one try with one block: 4 MiB at a quarter of a megabit a second.
const BLOCK_LIMIT: Duration = Duration::from_secs(150);
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: Option<u16>, retry_after: Option<u64>) -> StorageError {
        StorageError {
            status: status.map(StatusCode::from),
            retry_after: retry_after.map(Duration::from_secs),
            message: String::new(),
        }
    }

    #[test]
    fn what_may_go_well_is_tried_again() {
        for (status, tries, is_tried) in [
            (None, 1, true),
            (Some(429), 1, true),
            (Some(500), 3, true),
            (Some(503), 4, false),
            (Some(403), 1, false),
            (Some(404), 1, false),
        ] {
            assert_eq!(
                error(status, None).wait(tries, 0.5).is_some(),
                is_tried,
                "{status:?} {tries}"
            );
        }
        assert_eq!(
            error(Some(503), Some(7)).wait(1, 0.5),
            Some(Duration::from_secs(7))
        );
        assert_eq!(error(Some(503), Some(61)).wait(1, 0.5), None);
        assert_eq!(error(None, None).wait(2, 1.0), Some(Duration::from_secs(1)));
    }
}

//! The few requests to Azure Storage that an ingestion service makes: to containers, queues and a table of one account.
//!
//! It is meant for Azurite, Azure's own emulator of storage, so it speaks plain HTTP and no TLS.

mod account;
mod http_client;
mod signature;

use std::fmt;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderName, Method, Request, StatusCode};
use serde_json::Value;

pub(crate) use account::StorageAccount;

/// A request that the storage did not answer as hoped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StorageError {
    /// The status of the answer, if there was one.
    pub(crate) status: Option<StatusCode>,
    message: String,
}

impl StorageError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            status: None,
            message: message.into(),
        }
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StorageError {}

/// A message taken from a queue, for a while.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct QueueMessage {
    id: String,
    pop_receipt: String,
    /// The text as it was put in.
    pub(crate) text: String,
    /// How often it was taken, this time included.
    pub(crate) dequeue_count: u32,
}

/// Makes a container; one that is there stays.
pub(crate) async fn create_container(address: &str) -> Result<(), StorageError> {
    let address = with_query(address, "restype=container");
    send(Method::PUT, &address, &[], Bytes::new(), &[StatusCode::CONFLICT])
        .await
        .map(|_| ())
}

/// Makes a queue; one that is there stays.
pub(crate) async fn create_queue(address: &str) -> Result<(), StorageError> {
    send(Method::PUT, address, &[], Bytes::new(), &[StatusCode::CONFLICT])
        .await
        .map(|_| ())
}

/// Makes a table; one that is there stays.
pub(crate) async fn create_table(address: &str) -> Result<(), StorageError> {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let (account, name) = path.rsplit_once('/').unwrap_or((path, ""));
    let body = serde_json::json!({ "TableName": name }).to_string();
    let address = format!("{account}/Tables?{query}");
    send(
        Method::POST,
        &address,
        TABLE_HEADERS,
        body.into(),
        &[StatusCode::CONFLICT],
    )
    .await
    .map(|_| ())
}

/// The bytes of a blob.
pub(crate) async fn get_blob(address: &str) -> Result<Bytes, StorageError> {
    send(Method::GET, address, &[], Bytes::new(), &[]).await
}

/// Removes a blob; one that is gone is no error.
pub(crate) async fn delete_blob(address: &str) -> Result<(), StorageError> {
    send(
        Method::DELETE,
        address,
        &[],
        Bytes::new(),
        &[StatusCode::NOT_FOUND],
    )
    .await
    .map(|_| ())
}

/// Takes messages from a queue; nobody else sees them for so many seconds.
pub(crate) async fn get_messages(address: &str, seconds: u32) -> Result<Vec<QueueMessage>, StorageError> {
    let address = with_query(
        &with_path(address, "messages"),
        &format!("numofmessages=32&visibilitytimeout={seconds}"),
    );
    let list = send(Method::GET, &address, &[], Bytes::new(), &[]).await?;
    let list = String::from_utf8_lossy(&list);
    let messages = list.split("<QueueMessage>").skip(1).map(|message| {
        let element = |name: &str| {
            let (_, rest) = message.split_once(&format!("<{name}>"))?;
            rest.split_once(&format!("</{name}>"))
                .map(|(text, _)| unescape(text))
        };
        Some(QueueMessage {
            id: element("MessageId")?,
            pop_receipt: element("PopReceipt")?,
            text: element("MessageText")?,
            dequeue_count: element("DequeueCount")?.parse().ok()?,
        })
    });
    let messages: Option<Vec<_>> = messages.collect();
    messages.ok_or_else(|| StorageError::new("a list of messages does not read as one"))
}

/// Puts a text into a queue.
pub(crate) async fn put_message(address: &str, text: &str) -> Result<(), StorageError> {
    let body = format!("<QueueMessage><MessageText>{text}</MessageText></QueueMessage>");
    send(
        Method::POST,
        &with_path(address, "messages"),
        &[],
        body.into(),
        &[],
    )
    .await
    .map(|_| ())
}

/// Removes a message that was taken.
pub(crate) async fn delete_message(address: &str, message: &QueueMessage) -> Result<(), StorageError> {
    let address = with_path(address, &format!("messages/{}", message.id));
    let address = with_query(
        &address,
        &format!("popreceipt={}", signature::percent_encoded(&message.pop_receipt)),
    );
    send(
        Method::DELETE,
        &address,
        &[],
        Bytes::new(),
        &[StatusCode::NOT_FOUND],
    )
    .await
    .map(|_| ())
}

/// Sets these members of a table's entity, which is made if it is not there.
pub(crate) async fn merge_entity(
    table: &str,
    partition_key: &str,
    row_key: &str,
    members: &Value,
) -> Result<(), StorageError> {
    let (path, query) = table.split_once('?').unwrap_or((table, ""));
    let quoted = |key: &str| signature::percent_encoded(&key.replace('\'', "''"));
    let (partition_key, row_key) = (quoted(partition_key), quoted(row_key));
    let address = format!("{path}(PartitionKey='{partition_key}',RowKey='{row_key}')?{query}");
    // `MERGE` as the service has it is not a method that all HTTP libraries know; this is the same.
    let method = Method::from_bytes(b"MERGE").map_err(|error| StorageError::new(error.to_string()))?;
    send(method, &address, TABLE_HEADERS, members.to_string().into(), &[])
        .await
        .map(|_| ())
}

/// Sends a request whose address has its credential; the body of an answer that succeeded, or has one of the statuses
/// that are as good.
async fn send(
    method: Method,
    address: &str,
    headers: &[(HeaderName, &str)],
    body: Bytes,
    as_good: &[StatusCode],
) -> Result<Bytes, StorageError> {
    let mut request = Request::builder().method(method).uri(address);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request
        .body(body)
        .map_err(|error| StorageError::new(format!("an address of storage does not read as one: {error}")))?;
    let answer = http_client::send(request).await?;
    let status = answer.status();
    if status.is_success() || as_good.contains(&status) {
        return Ok(answer.into_body());
    }
    // The address may hold a secret in its query, and so may the answer.
    let place = address.split('?').next().unwrap_or_default();
    Err(StorageError {
        status: Some(status),
        message: format!("{place}: the storage answers with status {status}"),
    })
}

/// The address with more in its query.
fn with_query(address: &str, more: &str) -> String {
    let separator = if address.contains('?') { '&' } else { '?' };
    format!("{address}{separator}{more}")
}

/// The address with more in its path.
fn with_path(address: &str, more: &str) -> String {
    match address.split_once('?') {
        Some((path, query)) => format!("{path}/{more}?{query}"),
        None => format!("{address}/{more}"),
    }
}

fn unescape(text: &str) -> String {
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"");
    text.replace("&apos;", "'").replace("&amp;", "&")
}

const TABLE_HEADERS: &[(HeaderName, &str)] = &[
    (ACCEPT, "application/json;odata=nometadata"),
    (CONTENT_TYPE, "application/json"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_grow_before_their_credential() {
        assert_eq!(
            with_path("http://h/a/q?sig=s", "messages"),
            "http://h/a/q/messages?sig=s"
        );
        assert_eq!(
            with_query("http://h/a/c?sig=s", "restype=container"),
            "http://h/a/c?sig=s&restype=container"
        );
        assert_eq!(with_query("http://h/a/c", "x=1"), "http://h/a/c?x=1");
    }
}

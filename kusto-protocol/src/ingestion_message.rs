//! Messages of queued ingestion: what a client puts into a queue, and what the service reads there.

mod read;
mod write;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use crate::data_format::{DataFormat, MappingKind};
use crate::parse_error::{ParseError, ParseErrorKind};
use crate::scalar::{DateTime, Guid};
use crate::secret::Secret;

pub(crate) use read::Members;

/// A message that tells an ingestion service to load one blob into one table.
///
/// [`to_queue_text`](Self::to_queue_text) writes the text that goes into the queue,
/// [`from_queue_text`](Self::from_queue_text) reads it. As JSON it is `Serialize` and `Deserialize`. Both forms hold
/// the secrets; `Debug` does not.
///
/// Libraries disagree about spellings, so reading takes numbers and booleans as themselves or in strings, and names
/// of members in any case. Unknown members of the message are dropped, unknown properties kept.
///
/// ```
/// use kusto_protocol::{DataFormat, Guid, IngestionMapping, IngestionMessage, MappingKind};
///
/// let id: Guid = "123e27de-1e4e-49d9-b579-fe0b331d3642".parse()?;
/// let blob = "https://acct.blob.core.windows.net/c/storms.csv.gz?sv=2024&sig=s3cret";
/// let message = IngestionMessage::new(id, blob, "Samples", "StormEvents", "identity token")
///     .raw_data_size(104_857)
///     .format(DataFormat::Csv)
///     .mapping(MappingKind::Csv, IngestionMapping::Reference("storms".to_owned()))
///     .tags(["drop-by:2024".to_owned()]);
///
/// let text = message.to_queue_text()?;
/// assert_eq!(IngestionMessage::from_queue_text(&text)?, message);
/// assert!(!format!("{message:?}").contains("s3cret"));
/// # Ok::<(), kusto_protocol::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[must_use]
pub struct IngestionMessage {
    /// `Id`: the source's id, under which its outcome is reported.
    pub id: Guid,
    /// `BlobPath`: the blob's address with its credential.
    pub blob: Secret,
    /// `RawDataSize`: bytes of the data uncompressed. Without it the service looks at the blob.
    pub raw_data_size: Option<u64>,
    /// `DatabaseName`
    pub database: String,
    /// `TableName`
    pub table: String,
    /// `RetainBlobOnSuccess`: whether the blob stays when its data is in.
    pub retain_blob_on_success: bool,
    /// `FlushImmediately`: whether the data is loaded by itself, without waiting for more to load with it.
    pub flush_immediately: bool,
    /// `IgnoreSizeLimit`: whether data above the service's limit (4 GB) is loaded too.
    pub ignore_size_limit: bool,
    /// `ReportLevel`: which outcomes are reported.
    pub report_level: ReportLevel,
    /// `ReportMethod`: where they are reported.
    pub report_method: ReportMethod,
    /// `SourceMessageCreationTime`: when the message was written.
    pub source_message_creation_time: Option<DateTime>,
    /// `ApplicationForTracing`: who ingests.
    pub application: Option<String>,
    /// `ClientVersionForTracing`: the client library.
    pub client_version: Option<String>,
    /// `IngestionStatusInTable`: the row that reports to a table go to.
    pub status_row: Option<StatusRow>,
    /// `authorizationContext`: what `.get kusto identity token` gave; the service demands it.
    pub authorization_context: Secret,
    /// `format`: the format of the data.
    pub format: Option<DataFormat>,
    /// `ingestionMappingType`: the kind of the mapping.
    pub mapping_kind: Option<MappingKind>,
    /// `ingestionMapping` or `ingestionMappingReference`: how fields become columns.
    pub mapping: Option<IngestionMapping>,
    /// `tags`: tags of the extents, such as `ingest-by:…` and `drop-by:…`.
    pub tags: Vec<String>,
    /// `ingestIfNotExists`: the blob is skipped if the table has an extent with one of these `ingest-by` tags, whose
    /// prefix is left out here.
    pub ingest_if_not_exists: Vec<String>,
    /// `ignoreFirstRecord`: whether the first line is a header.
    pub ignore_first_record: bool,
    /// `creationTime`: when the extents count as created, for retention.
    pub creation_time: Option<DateTime>,
    /// `validationPolicy`: what is checked in rows of CSV, as a JSON object.
    pub validation_policy: Option<String>,
    /// All other members of `AdditionalProperties`, such as `zipPattern`. They must not repeat the ones above.
    pub extensions: Map<String, Value>,
}

/// How the fields of the data become columns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IngestionMapping {
    /// The mapping itself, as a JSON array.
    Inline(String),
    /// The name of a mapping that the table has.
    Reference(String),
}

/// Where a row that reports the outcome of one ingestion is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusRow {
    /// `TableConnectionString`: the table's address with its credential.
    pub table: Secret,
    /// `PartitionKey`
    pub partition_key: String,
    /// `RowKey`
    pub row_key: String,
}

/// Which outcomes of an ingestion are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ReportLevel {
    /// `0`: failures.
    #[default]
    Failures,
    /// `1`: none.
    None,
    /// `2`: failures and successes.
    FailuresAndSuccesses,
}

/// Where outcomes of an ingestion are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ReportMethod {
    /// `0`: to queues that all clients of the cluster share.
    #[default]
    Queue,
    /// `1`: to a row of a table.
    Table,
    /// `2`: to both.
    QueueAndTable,
}

impl IngestionMessage {
    /// The longest message as JSON, in bytes: in base64 it just fits into a message of Azure Queue Storage (64 KiB).
    pub const MAX_LENGTH: usize = 48 << 10;

    /// A message with its mandatory members. The blob is retained, failures are reported to the queue.
    pub fn new(
        id: Guid,
        blob: impl Into<Secret>,
        database: impl Into<String>,
        table: impl Into<String>,
        authorization_context: impl Into<Secret>,
    ) -> Self {
        Self {
            id,
            blob: blob.into(),
            raw_data_size: None,
            database: database.into(),
            table: table.into(),
            retain_blob_on_success: true,
            flush_immediately: false,
            ignore_size_limit: false,
            report_level: ReportLevel::default(),
            report_method: ReportMethod::default(),
            source_message_creation_time: None,
            application: None,
            client_version: None,
            status_row: None,
            authorization_context: authorization_context.into(),
            format: None,
            mapping_kind: None,
            mapping: None,
            tags: Vec::new(),
            ingest_if_not_exists: Vec::new(),
            ignore_first_record: false,
            creation_time: None,
            validation_policy: None,
            extensions: Map::new(),
        }
    }

    /// Sets the size of the data uncompressed, in bytes.
    pub fn raw_data_size(mut self, bytes: u64) -> Self {
        self.raw_data_size = Some(bytes);
        self
    }

    /// Sets the format of the data.
    pub fn format(mut self, format: DataFormat) -> Self {
        self.format = Some(format);
        self
    }

    /// Sets the mapping and its kind, which must fit the format.
    pub fn mapping(mut self, kind: MappingKind, mapping: IngestionMapping) -> Self {
        self.mapping_kind = Some(kind);
        self.mapping = Some(mapping);
        self
    }

    /// Sets the tags of the extents.
    pub fn tags(mut self, tags: impl IntoIterator<Item = String>) -> Self {
        self.tags = tags.into_iter().collect();
        self
    }

    /// Sets which outcomes are reported, and where.
    pub fn report(mut self, level: ReportLevel, method: ReportMethod) -> Self {
        self.report_level = level;
        self.report_method = method;
        self
    }

    /// Sets the row that reports to a table go to.
    pub fn status_row(mut self, row: StatusRow) -> Self {
        self.status_row = Some(row);
        self
    }

    /// Sets a property by its name on the wire. The properties that are fields of this type are set there.
    pub fn property(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extensions.insert(name.into(), value.into());
        self
    }

    /// The text for the queue: base64 of the JSON. Azure Queue Storage wants it in
    /// `<QueueMessage><MessageText>…</MessageText></QueueMessage>`.
    ///
    /// # Errors
    ///
    /// If the JSON exceeds [`MAX_LENGTH`](Self::MAX_LENGTH) ([`TooLarge`](crate::ParseErrorKind::TooLarge)). Most
    /// often an inline mapping is to blame.
    pub fn to_queue_text(&self) -> Result<String, ParseError> {
        // Strings, numbers and maps with string keys always make JSON.
        let json =
            serde_json::to_vec(self).map_err(|error| malformed(format!("cannot be written: {error}")))?;
        if json.len() > Self::MAX_LENGTH {
            let message = format!(
                "{} bytes of JSON, and a queue takes {}; create the mapping in the table and refer to it",
                json.len(),
                Self::MAX_LENGTH
            );
            return Err(ParseError::new(WHAT, ParseErrorKind::TooLarge, None, message));
        }
        Ok(BASE64.encode(json))
    }

    /// Reads the text of a queue: base64 of the JSON, or the JSON itself.
    ///
    /// # Errors
    ///
    /// If it is neither, a mandatory member is missing, or a value cannot be understood; the error names it.
    pub fn from_queue_text(text: &str) -> Result<Self, ParseError> {
        read::message(queue_json(text, WHAT)?)
    }
}

impl ReportLevel {
    /// The number in messages.
    pub const fn code(self) -> u8 {
        match self {
            Self::Failures => 0,
            Self::None => 1,
            Self::FailuresAndSuccesses => 2,
        }
    }

    /// The level of this number.
    pub const fn from_code(code: u64) -> Option<Self> {
        match code {
            0 => Some(Self::Failures),
            1 => Some(Self::None),
            2 => Some(Self::FailuresAndSuccesses),
            _ => None,
        }
    }
}

impl ReportMethod {
    /// The number in messages.
    pub const fn code(self) -> u8 {
        match self {
            Self::Queue => 0,
            Self::Table => 1,
            Self::QueueAndTable => 2,
        }
    }

    /// The method of this number.
    pub const fn from_code(code: u64) -> Option<Self> {
        match code {
            0 => Some(Self::Queue),
            1 => Some(Self::Table),
            2 => Some(Self::QueueAndTable),
            _ => None,
        }
    }
}

/// The object in the text of a queue, which is base64 of its JSON or the JSON itself.
pub(crate) fn queue_json(text: &str, what: &'static str) -> Result<Map<String, Value>, ParseError> {
    let error = |message| ParseError::new(what, ParseErrorKind::Malformed, None, message);
    let text = text.trim();
    let json = if text.starts_with('{') {
        text.as_bytes().to_vec()
    } else {
        let decoded = BASE64.decode(text);
        decoded.map_err(|_| error("neither base64 nor a JSON object".to_owned()))?
    };
    serde_json::from_slice(&json).map_err(|cause| {
        // The cause may repeat a value, and that may be a secret.
        let (line, column) = (cause.line(), cause.column());
        error(format!("not a JSON object at line {line} column {column}"))
    })
}

fn malformed(message: String) -> ParseError {
    ParseError::new(WHAT, ParseErrorKind::Malformed, None, message)
}

/// Reads with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const WHAT: &str = "ingestion message";

#[cfg(test)]
mod tests;

//! Where rows go and how they are read.

use kusto_protocol::{DataFormat, DateTime, Guid, ReportLevel, ReportMethod};
use serde_json::{Map, Value};

use crate::error::{IngestError, IngestErrorKind};
use crate::mapping::Mapping;

/// Where rows go, and how the service reads them.
///
/// ```
/// use kusto_ingest::IngestionProperties;
/// use kusto_protocol::DataFormat;
///
/// let properties = IngestionProperties::new("Samples", "StormEvents")
///     .format(DataFormat::Json)
///     .mapping_reference("storms_json")
///     .idempotency_key("storms-2026-11-22");
/// ```
///
/// Streaming ingestion knows the table, the format and the name of a mapping; the other properties are for queued
/// ingestion. What streaming cannot do is refused by it before anything is sent, and queued by managed streaming.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct IngestionProperties {
    pub(crate) database: String,
    pub(crate) table: String,
    pub(crate) format: Option<DataFormat>,
    pub(crate) mapping_reference: Option<String>,
    pub(crate) mapping: Option<Mapping>,
    pub(crate) client_request_id: Option<String>,
    pub(crate) source_id: Option<Guid>,
    pub(crate) ingest_by_tags: Vec<String>,
    pub(crate) drop_by_tags: Vec<String>,
    pub(crate) other_tags: Vec<String>,
    pub(crate) ingest_if_not_exists: Vec<String>,
    pub(crate) ignore_first_record: bool,
    pub(crate) creation_time: Option<DateTime>,
    pub(crate) validation_policy: Option<ValidationPolicy>,
    pub(crate) flush_immediately: bool,
    pub(crate) ignore_size_limit: bool,
    pub(crate) delete_on_success: bool,
    pub(crate) reporting: Reporting,
    pub(crate) zip_pattern: Option<String>,
    pub(crate) extensions: Map<String, Value>,
}

/// Who is told what became of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reporting {
    /// Nobody in particular.
    Usual,
    /// Whoever asks for the status.
    Tracked,
    /// As the caller says.
    To(ReportLevel, ReportMethod),
}

/// What the service checks of delimited rows, and what follows from a row that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ValidationPolicy {
    /// What is checked.
    pub validation: Validation,
    /// Whether rows that fail are dropped, with the others going in. Else nothing goes in.
    pub best_effort: bool,
}

/// What the service checks of delimited rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Validation {
    /// Nothing.
    None,
    /// That all rows have the same number of fields.
    ConstantColumns,
    /// That all rows have as many fields as the table has columns.
    ColumnLevel,
}

impl IngestionProperties {
    /// Rows for a table. The format is told by the file's name, unless [`format`](Self::format) says it.
    pub fn new(database: impl Into<String>, table: impl Into<String>) -> Self {
        Self {
            database: database.into(),
            table: table.into(),
            format: None,
            mapping_reference: None,
            mapping: None,
            client_request_id: None,
            source_id: None,
            ingest_by_tags: Vec::new(),
            drop_by_tags: Vec::new(),
            other_tags: Vec::new(),
            ingest_if_not_exists: Vec::new(),
            ignore_first_record: false,
            creation_time: None,
            validation_policy: None,
            flush_immediately: false,
            ignore_size_limit: false,
            delete_on_success: false,
            reporting: Reporting::Usual,
            zip_pattern: None,
            extensions: Map::new(),
        }
    }

    /// The format of the data.
    pub fn format(mut self, format: DataFormat) -> Self {
        self.format = Some(format);
        self
    }

    /// The name of a mapping that the table has, of the kind that fits the format.
    pub fn mapping_reference(mut self, name: impl Into<String>) -> Self {
        self.mapping_reference = Some(name.into());
        self
    }

    /// A mapping that goes along with the data. Queued ingestion only.
    pub fn mapping(mut self, mapping: Mapping) -> Self {
        self.mapping = Some(mapping);
        self
    }

    /// The id of the request, for finding it in the service's logs. A new one unless set.
    pub fn client_request_id(mut self, id: impl Into<String>) -> Self {
        self.client_request_id = Some(id.into());
        self
    }

    /// The id of this ingestion, by which its status and notifications are found. A new one unless set.
    pub fn source_id(mut self, id: Guid) -> Self {
        self.source_id = Some(id);
        self
    }

    /// One key for data that must not go in twice: it becomes the tag `ingest-by:<key>`, the condition
    /// [`ingest_if_not_exists`](Self::ingest_if_not_exists), and the source id (made from database, table and key), so
    /// that a repetition of the same call is seen as such by the service. Queued ingestion only.
    ///
    /// The service checks the tags of data that is in already; two copies that arrive at the same time may both go in.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        let key = key.into();
        self.source_id = Some(crate::source_id::from_key(&self.database, &self.table, &key));
        self.ingest_by_tags.push(key.clone());
        self.ingest_if_not_exists.push(key);
        self
    }

    /// A tag `ingest-by:<value>` on the data, for [`ingest_if_not_exists`](Self::ingest_if_not_exists). Queued
    /// ingestion only, as all tags are.
    pub fn ingest_by_tag(mut self, value: impl Into<String>) -> Self {
        self.ingest_by_tags.push(value.into());
        self
    }

    /// A tag `drop-by:<value>` on the data, for dropping it together later.
    pub fn drop_by_tag(mut self, value: impl Into<String>) -> Self {
        self.drop_by_tags.push(value.into());
        self
    }

    /// A tag as it is on the data.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.other_tags.push(tag.into());
        self
    }

    /// Data goes in only if the table holds nothing with the tag `ingest-by:<value>`.
    pub fn ingest_if_not_exists(mut self, value: impl Into<String>) -> Self {
        self.ingest_if_not_exists.push(value.into());
        self
    }

    /// Whether the first record of each file is a header. Delimited formats only.
    pub fn ignore_first_record(mut self, value: bool) -> Self {
        self.ignore_first_record = value;
        self
    }

    /// The time that counts as the age of the data, for retention and caching.
    pub fn creation_time(mut self, time: DateTime) -> Self {
        self.creation_time = Some(time);
        self
    }

    /// What the service checks of delimited rows.
    pub fn validation_policy(mut self, policy: ValidationPolicy) -> Self {
        self.validation_policy = Some(policy);
        self
    }

    /// Whether the service takes the data at once instead of waiting for more. Costs the cluster; for tests mostly.
    pub fn flush_immediately(mut self, value: bool) -> Self {
        self.flush_immediately = value;
        self
    }

    /// Whether the service takes more than 4 GB at once.
    pub fn ignore_size_limit(mut self, value: bool) -> Self {
        self.ignore_size_limit = value;
        self
    }

    /// Whether the service deletes the blob when its rows are in. Blobs in the service's own containers go away by
    /// themselves. Default: no.
    pub fn delete_on_success(mut self, value: bool) -> Self {
        self.delete_on_success = value;
        self
    }

    /// Whether the service keeps a status, so that [`status`](crate::QueuedIngestClient::status) knows what became of the
    /// data: an operation of its REST API, or a row in its status table. Each ingestion costs the service some requests to
    /// its storage: not for thousands an hour. Default: no.
    pub fn tracking(mut self, value: bool) -> Self {
        self.reporting = if value {
            Reporting::Tracked
        } else {
            Reporting::Usual
        };
        self
    }

    /// What the service reports, and where; in place of [`tracking`](Self::tracking). The REST API knows nothing of this,
    /// so the data goes through a queue. Default: failures, to the queue that all clients share, as far as the REST API
    /// does so.
    pub fn report(mut self, level: ReportLevel, method: ReportMethod) -> Self {
        self.reporting = Reporting::To(level, method);
        self
    }

    /// A regular expression for the entries of a zip archive that are ingested.
    pub fn zip_pattern(mut self, pattern: impl Into<String>) -> Self {
        self.zip_pattern = Some(pattern.into());
        self
    }

    /// Any other ingestion property by its name in the service's documentation, such as `extend_schema` with `true`.
    /// The service takes all of them as texts.
    pub fn property(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.extensions.insert(name.into(), value.into().into());
        self
    }

    /// All tags as the service knows them.
    pub(crate) fn tags(&self) -> Vec<String> {
        let ingest_by = self.ingest_by_tags.iter().map(|tag| format!("ingest-by:{tag}"));
        let drop_by = self.drop_by_tags.iter().map(|tag| format!("drop-by:{tag}"));
        ingest_by
            .chain(drop_by)
            .chain(self.other_tags.iter().cloned())
            .collect()
    }

    /// What a message asks the service to report, and where.
    pub(crate) fn reports(&self) -> (ReportLevel, ReportMethod) {
        match self.reporting {
            Reporting::Usual => (ReportLevel::Failures, ReportMethod::Queue),
            Reporting::Tracked => (ReportLevel::FailuresAndSuccesses, ReportMethod::Table),
            Reporting::To(level, method) => (level, method),
        }
    }

    /// Checks what can be known before anything is read or sent.
    pub(crate) fn check(&self, format: DataFormat) -> Result<(), IngestError> {
        for (what, name) in [("database", &self.database), ("table", &self.table)] {
            if name.trim().is_empty() {
                return Err(invalid(format!("the name of the {what} is missing")));
            }
        }
        if self.mapping.is_some() && self.mapping_reference.is_some() {
            return Err(invalid(
                "both a mapping and the name of a mapping are set; leave one out",
            ));
        }
        if let Some(name) = &self.mapping_reference
            && name.trim().is_empty()
        {
            return Err(invalid(
                "mapping_reference is empty; leave it out or name a mapping of the table",
            ));
        }
        if let Some(mapping) = &self.mapping {
            mapping.check_for(format)?;
        }
        if self.ignore_first_record && !is_delimited(format) {
            return Err(invalid(format!(
                "ignore_first_record is for delimited formats such as csv, not for {format}"
            )));
        }
        if self.validation_policy.is_some() && !is_delimited(format) {
            return Err(invalid(format!(
                "validation_policy is for delimited formats such as csv, not for {format}"
            )));
        }
        if let Some(value) = self
            .ingest_by_tags
            .iter()
            .chain(&self.ingest_if_not_exists)
            .find(|tag| tag.is_empty())
        {
            return Err(invalid(format!(
                "a value of ingest-by is '{value}'; it must not be empty"
            )));
        }
        if self.source_id.is_some_and(|id| id.as_bytes() == &[0; 16]) {
            return Err(invalid("the source id is all zeros; leave it out for a new one"));
        }
        Ok(())
    }

    /// The first property that streaming ingestion does not know, if one is set.
    pub(crate) fn beyond_streaming(&self) -> Option<&'static str> {
        let set = [
            (
                "mapping (create it in the table and set mapping_reference)",
                self.mapping.is_some(),
            ),
            ("tags", !self.tags().is_empty()),
            ("ingest_if_not_exists", !self.ingest_if_not_exists.is_empty()),
            ("ignore_first_record", self.ignore_first_record),
            ("creation_time", self.creation_time.is_some()),
            ("validation_policy", self.validation_policy.is_some()),
            ("zip_pattern", self.zip_pattern.is_some()),
            ("property", !self.extensions.is_empty()),
        ];
        set.into_iter().find_map(|(name, is_set)| is_set.then_some(name))
    }
}

impl ValidationPolicy {
    /// The JSON of the property `validationPolicy`.
    pub(crate) fn to_json(self) -> String {
        let options = match self.validation {
            Validation::None => 0,
            Validation::ConstantColumns => 1,
            Validation::ColumnLevel => 2,
        };
        let implications = u8::from(self.best_effort);
        format!("{{\"ValidationOptions\":{options},\"ValidationImplications\":{implications}}}")
    }
}

fn is_delimited(format: DataFormat) -> bool {
    matches!(
        format,
        DataFormat::Csv
            | DataFormat::Psv
            | DataFormat::Scsv
            | DataFormat::Sohsv
            | DataFormat::Tsv
            | DataFormat::Tsve
            | DataFormat::Txt
    )
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> IngestError {
    IngestError::new(IngestErrorKind::Properties, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::ColumnMapping;
    use kusto_protocol::MappingKind;

    fn properties() -> IngestionProperties {
        IngestionProperties::new("db", "t")
    }

    #[test]
    fn contradictions_are_found_before_anything_is_sent() {
        let mapping = || Mapping::new(MappingKind::Csv, [ColumnMapping::ordinal("a", 0)]);
        let policy = ValidationPolicy {
            validation: Validation::ColumnLevel,
            best_effort: true,
        };
        for (properties, format, words) in [
            (
                IngestionProperties::new("", "t"),
                DataFormat::Csv,
                "the name of the database",
            ),
            (
                IngestionProperties::new("db", " "),
                DataFormat::Csv,
                "the name of the table",
            ),
            (
                properties().mapping(mapping()).mapping_reference("m"),
                DataFormat::Csv,
                "leave one out",
            ),
            (
                properties().mapping_reference(""),
                DataFormat::Csv,
                "mapping_reference is empty",
            ),
            (
                properties().mapping(mapping()),
                DataFormat::Json,
                "does not suit the format json",
            ),
            (
                properties().ignore_first_record(true),
                DataFormat::Json,
                "ignore_first_record",
            ),
            (
                properties().validation_policy(policy),
                DataFormat::Parquet,
                "validation_policy",
            ),
            (
                properties().ingest_by_tag(""),
                DataFormat::Csv,
                "must not be empty",
            ),
            (
                properties().source_id(Guid::from_bytes([0; 16])),
                DataFormat::Csv,
                "all zeros",
            ),
        ] {
            let error = properties.check(format).unwrap_err();
            assert_eq!(error.kind(), IngestErrorKind::Properties);
            assert!(error.to_string().contains(words), "{error}");
        }
        let good = properties()
            .mapping(mapping())
            .ignore_first_record(true)
            .validation_policy(policy);
        assert!(good.check(DataFormat::Csv).is_ok());
        assert_eq!(
            policy.to_json(),
            r#"{"ValidationOptions":2,"ValidationImplications":1}"#
        );
    }

    #[test]
    fn an_idempotency_key_makes_tag_condition_and_id() {
        let one = properties().idempotency_key("k1").drop_by_tag("batch").tag("x");
        assert_eq!(one.tags(), ["ingest-by:k1", "drop-by:batch", "x"]);
        assert_eq!(one.ingest_if_not_exists, ["k1"]);
        assert_eq!(one.source_id, properties().idempotency_key("k1").source_id);
        assert_ne!(one.source_id, properties().idempotency_key("k2").source_id);
        assert_ne!(
            one.source_id,
            IngestionProperties::new("db", "t2")
                .idempotency_key("k1")
                .source_id
        );
    }

    #[test]
    fn what_streaming_does_not_know_is_named() {
        assert_eq!(
            properties()
                .mapping_reference("m")
                .flush_immediately(true)
                .beyond_streaming(),
            None
        );
        assert_eq!(properties().tag("x").beyond_streaming(), Some("tags"));
    }
}

//! Where rows go and how they are read.

use kusto_protocol::DataFormat;

/// Where rows go, and how the service reads them.
///
/// ```
/// use kusto_ingest::IngestionProperties;
/// use kusto_protocol::DataFormat;
///
/// let properties = IngestionProperties::new("Samples", "StormEvents")
///     .format(DataFormat::Json)
///     .mapping_reference("storms_json");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct IngestionProperties {
    pub(crate) database: String,
    pub(crate) table: String,
    pub(crate) format: Option<DataFormat>,
    pub(crate) mapping_reference: Option<String>,
    pub(crate) client_request_id: Option<String>,
}

impl IngestionProperties {
    /// Rows for a table. The format is told by the file's name, unless [`format`](Self::format) says it.
    pub fn new(database: impl Into<String>, table: impl Into<String>) -> Self {
        Self {
            database: database.into(),
            table: table.into(),
            format: None,
            mapping_reference: None,
            client_request_id: None,
        }
    }

    /// The format of the data.
    pub fn format(mut self, format: DataFormat) -> Self {
        self.format = Some(format);
        self
    }

    /// The name of a mapping that the table has, of the kind that fits the format. Streaming ingestion takes no
    /// other mappings.
    pub fn mapping_reference(mut self, name: impl Into<String>) -> Self {
        self.mapping_reference = Some(name.into());
        self
    }

    /// The id of the request, for finding it in the service's logs. A new one unless set.
    pub fn client_request_id(mut self, id: impl Into<String>) -> Self {
        self.client_request_id = Some(id.into());
        self
    }
}

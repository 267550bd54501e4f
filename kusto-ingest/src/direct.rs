//! Commands that put rows into a table, or prepare one.

use kusto_protocol::{Column, MappingKind, Value, kql_identifier, kql_string};
use kusto_transport::Pipeline;

use crate::error::{IngestError, IngestErrorKind};
use crate::mapping::Mapping;
use crate::mgmt;

/// Commands for one table, carried out by the engine while the caller waits: for tests, set-up and small amounts.
///
/// They load the cluster more than the other ways do, and what they ingest is not batched.
///
/// ```no_run
/// use kusto_ingest::DirectIngestClient;
/// use kusto_protocol::{Column, ColumnType};
/// # async fn example(pipeline: kusto_transport::Pipeline) -> Result<(), kusto_ingest::IngestError> {
/// let storms = DirectIngestClient::new(pipeline, "Samples", "Storms");
/// storms.create_table(&[Column::new("State", ColumnType::String), Column::new("n", ColumnType::Long)]).await?;
/// storms.ingest_inline("TEXAS,3\nOHIO,1").await?;
/// let rows = storms.append("Storms | project State, n = n + 1").await?;
/// assert_eq!(rows, 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct DirectIngestClient {
    pipeline: Pipeline,
    database: String,
    table: String,
}

impl DirectIngestClient {
    /// Commands for a table, over a pipeline to the engine.
    pub fn new(pipeline: Pipeline, database: impl Into<String>, table: impl Into<String>) -> Self {
        Self {
            pipeline,
            database: database.into(),
            table: table.into(),
        }
    }

    /// `.create-merge table`: makes the table, or adds the columns that it lacks.
    ///
    /// # Errors
    ///
    /// As all methods of this type: [`IngestErrorKind::Rejected`] if the service refuses the command, and
    /// [`IngestErrorKind::Transport`] if its answer did not come; the command may have been carried out then.
    pub async fn create_table(&self, columns: &[Column]) -> Result<(), IngestError> {
        let columns: Vec<String> = columns
            .iter()
            .map(|column| format!("{}:{}", kql_identifier(&column.name), column.column_type.as_str()))
            .collect();
        let command = format!(".create-merge table {} ({})", self.name(), columns.join(", "));
        self.run(&command).await.map(drop)
    }

    /// `.create-or-alter table … ingestion … mapping`: makes a mapping of the table, or replaces it.
    ///
    /// # Errors
    ///
    /// Also [`IngestErrorKind::Properties`] if the mapping breaks a rule.
    pub async fn create_mapping(&self, name: &str, mapping: &Mapping) -> Result<(), IngestError> {
        mapping.check()?;
        let kind = match mapping.kind() {
            MappingKind::ApacheAvro => "avro".to_owned(),
            kind => kind.name().to_lowercase(),
        };
        let (table, name, json) = (self.name(), kql_string(name), kql_string(&mapping.to_json()));
        let command = format!(".create-or-alter table {table} ingestion {kind} mapping {name} {json}");
        self.run(&command).await.map(drop)
    }

    /// `.ingest inline`: rows of CSV, as text.
    ///
    /// # Errors
    ///
    /// Also [`IngestErrorKind::Source`] if there are no rows.
    pub async fn ingest_inline(&self, csv: &str) -> Result<(), IngestError> {
        if csv.trim().is_empty() {
            return Err(IngestError::new(
                IngestErrorKind::Source,
                "there are no rows to ingest inline",
            ));
        }
        self.run(&format!(".ingest inline into table {} <|\n{csv}", self.name()))
            .await
            .map(drop)
    }

    /// `.set`: makes the table of a query's rows. Gives their number.
    ///
    /// # Errors
    ///
    /// The service refuses it if there is such a table.
    pub async fn set(&self, query: &str) -> Result<u64, IngestError> {
        self.ingest_query(".set", query).await
    }

    /// `.append`: adds a query's rows to the table. Gives their number.
    ///
    /// # Errors
    ///
    /// The service refuses it if there is no such table, or if types do not match by position.
    pub async fn append(&self, query: &str) -> Result<u64, IngestError> {
        self.ingest_query(".append", query).await
    }

    /// `.set-or-append`: adds a query's rows to the table, which is made if it is not there. Gives their number.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append).
    pub async fn set_or_append(&self, query: &str) -> Result<u64, IngestError> {
        self.ingest_query(".set-or-append", query).await
    }

    /// `.set-or-replace`: puts a query's rows in the place of the table's. Gives their number.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append).
    pub async fn set_or_replace(&self, query: &str) -> Result<u64, IngestError> {
        self.ingest_query(".set-or-replace", query).await
    }

    async fn ingest_query(&self, verb: &str, query: &str) -> Result<u64, IngestError> {
        let batches = self.run(&format!("{verb} {} <|\n{query}", self.name())).await?;
        let counts = batches
            .iter()
            .flat_map(|batch| batch.rows())
            .map(|row| match row.value("RowCount") {
                Some(Value::Long(count)) => count,
                Some(Value::Int(count)) => count.into(),
                _ => 0,
            });
        Ok(counts.map(i64::unsigned_abs).sum())
    }

    async fn run(&self, command: &str) -> Result<Vec<kusto_protocol::RowBatch>, IngestError> {
        mgmt::rows(&self.pipeline, &self.database, command).await
    }

    fn name(&self) -> String {
        kql_identifier(&self.table)
    }
}

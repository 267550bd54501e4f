//! How a cluster is.

use kusto_protocol::{DateTime, RowBatch, Value};

use crate::client::Client;
use crate::error::{Error, ErrorKind};

/// What `.show version` says.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ServiceVersion {
    /// The build, such as `1.0.9412.31742`.
    pub build_version: String,
    /// When it was built.
    pub build_time: Option<DateTime>,
    /// `Engine` or `DataManagement`.
    pub service_type: String,
    /// The version as users know it.
    pub product_version: String,
}

/// What `.show diagnostics` says about the whole cluster. Columns that the service leaves out are `None`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Diagnostics {
    /// Whether the cluster is healthy.
    pub is_healthy: bool,
    /// Why not.
    pub not_healthy_reason: Option<String>,
    /// Whether somebody should look after it.
    pub is_attention_required: Option<bool>,
    /// Why.
    pub attention_required_reason: Option<String>,
    /// Whether more nodes are needed.
    pub is_scale_out_required: Option<bool>,
    /// Nodes of the cluster.
    pub machines_total: Option<i64>,
    /// Nodes that do not answer.
    pub machines_offline: Option<i64>,
    /// How full the cluster is: 1 is all that it can hold hot.
    pub data_capacity_factor: Option<f64>,
    /// Ingestions that run now.
    pub ingestions_in_progress: Option<i64>,
    /// How busy ingestion is: 1 is all that it can do.
    pub ingestions_load_factor: Option<f64>,
    /// The share of ingestions that succeed, in percent.
    pub ingestions_success_rate: Option<f64>,
    /// The version as users know it.
    pub product_version: Option<String>,
    /// The one row with all its columns.
    pub row: RowBatch,
}

impl Client {
    /// Asks for a sign of life. No token is needed or sent; a proxy may answer in the service's place.
    ///
    /// # Errors
    ///
    /// If nothing answers within ten seconds, or what answers is not a Kusto service.
    pub async fn ping(&self) -> Result<(), Error> {
        let text = self.pipeline().ping().await?;
        if text.starts_with("Pong!") {
            return Ok(());
        }
        let host = self.endpoint().host();
        let message = format!("{host} answers, but not as a Kusto service does");
        Err(Error::new(ErrorKind::Decode, message))
    }

    /// Asks which version of the service runs (`.show version`).
    ///
    /// # Errors
    ///
    /// As any command; [`ErrorKind::Decode`] if the answer has no row.
    pub async fn version(&self) -> Result<ServiceVersion, Error> {
        let row = self.one_row(".show version").await?;
        let text = |column| text(&row, column).unwrap_or_default();
        Ok(ServiceVersion {
            build_version: text("BuildVersion"),
            build_time: match value(&row, "BuildTime") {
                Some(Value::DateTime(time)) => Some(time),
                _ => None,
            },
            service_type: text("ServiceType"),
            product_version: text("ProductVersion"),
        })
    }

    /// Asks how the cluster is (`.show diagnostics`).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = kusto_emulator::Emulator::start().await?;
    /// # let client = kusto_client::Client::from_connection_string(emulator.connection_string())?;
    /// let diagnostics = client.diagnostics().await?;
    /// assert!(diagnostics.is_healthy, "{:?}", diagnostics.not_healthy_reason);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As any command; [`ErrorKind::Decode`] if the answer has no row, or does not say whether the cluster is
    /// healthy.
    pub async fn diagnostics(&self) -> Result<Diagnostics, Error> {
        let row = self.one_row(".show diagnostics").await?;
        let Some(is_healthy) = flag(&row, "IsHealthy") else {
            let message = "the answer to .show diagnostics does not say whether the cluster is healthy";
            return Err(Error::new(ErrorKind::Decode, message));
        };
        Ok(Diagnostics {
            is_healthy,
            not_healthy_reason: text(&row, "NotHealthyReason"),
            is_attention_required: flag(&row, "IsAttentionRequired"),
            attention_required_reason: text(&row, "AttentionRequiredReason"),
            is_scale_out_required: flag(&row, "IsScaleOutRequired"),
            machines_total: count(&row, "MachinesTotal"),
            machines_offline: count(&row, "MachinesOffline"),
            data_capacity_factor: number(&row, "ClusterDataCapacityFactor"),
            ingestions_in_progress: count(&row, "IngestionsInProgress"),
            ingestions_load_factor: number(&row, "IngestionsLoadFactor"),
            ingestions_success_rate: number(&row, "IngestionsSuccessRate"),
            product_version: text(&row, "ProductVersion"),
            row,
        })
    }

    async fn one_row(&self, command: &str) -> Result<RowBatch, Error> {
        let mut results = self.mgmt(command).stream().await?;
        while let Some(batch) = results.next().await? {
            if batch.num_rows() > 0 {
                return Ok(batch);
            }
        }
        let message = format!("the answer to {command} has no row");
        Err(results.identify(Error::new(ErrorKind::Decode, message)))
    }
}

// The service does not promise the types of these columns: booleans come as numbers, numbers as text.

fn value<'a>(row: &'a RowBatch, column: &str) -> Option<Value<'a>> {
    row.rows().next()?.value(column)
}

fn text(row: &RowBatch, column: &str) -> Option<String> {
    match value(row, column)? {
        Value::String(text) if !text.is_empty() => Some(text.to_owned()),
        _ => None,
    }
}

fn flag(row: &RowBatch, column: &str) -> Option<bool> {
    match value(row, column)? {
        Value::Bool(flag) => Some(flag),
        Value::String(text) => text.to_ascii_lowercase().parse().ok(),
        _ => number(row, column).map(|number| number != 0.0),
    }
}

fn count(row: &RowBatch, column: &str) -> Option<i64> {
    match value(row, column)? {
        Value::Long(count) => Some(count),
        // Counts that come as another type are far below where a float loses digits.
        _ => number(row, column).map(|number| number as i64),
    }
}

fn number(row: &RowBatch, column: &str) -> Option<f64> {
    match value(row, column)? {
        Value::Int(number) => Some(number.into()),
        Value::Long(number) => Some(number as f64),
        Value::Real(number) => Some(number),
        Value::Decimal(text) | Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

//! A query or command, before it is sent.

use std::time::Duration;

use kusto_protocol::{
    ClientRequestProperties, DataSet, Literal, QueryParameters, Request, RequestKind, options,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::frames::Frames;
use crate::results::ResultStream;

/// A query or management command that was not sent yet, from [`Client::query`] or [`Client::mgmt`].
///
/// The first methods say more about it; one of the last sends it: [`fetch_all`](Self::fetch_all),
/// [`fetch_one`](Self::fetch_one), [`stream`](Self::stream), [`frames`](Self::frames),
/// [`data_set`](Self::data_set) and, with the feature `arrow`, `fetch_arrow`.
///
/// Values go in as parameters, never into the text:
///
/// ```no_run
/// # async fn example(client: kusto_client::Client) -> Result<(), kusto_client::Error> {
/// use std::time::Duration;
///
/// let states: Vec<(String, i64)> = client
///     .query("StormEvents | where State == state | summarize count() by State | take n")
///     .param("state", "FLORIDA")
///     .param("n", 10)
///     .server_timeout(Duration::from_secs(50))
///     .option("notruncation", true)
///     .fetch_all()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before fetch_all, fetch_one, stream, frames or data_set is called"]
pub struct Query {
    client: Client,
    verb: Verb,
    text: String,
    database: Option<String>,
    parameters: QueryParameters,
    properties: ClientRequestProperties,
    allow_partial: bool,
    is_idempotent: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Query,
    Mgmt,
}

impl Query {
    pub(crate) fn new(client: Client, verb: Verb, text: String) -> Self {
        Self {
            client,
            verb,
            text,
            database: None,
            parameters: QueryParameters::new(),
            properties: ClientRequestProperties::new(),
            allow_partial: false,
            is_idempotent: false,
        }
    }

    /// The database that names in the text refer to, in place of the client's.
    pub fn database(mut self, name: impl Into<String>) -> Self {
        self.database = Some(name.into());
        self
    }

    /// The value of a parameter. It is declared in front of the text, with the type of the value.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<Literal>) -> Self {
        self.parameters = self.parameters.parameter(name, value);
        self
    }

    /// A request option by its name on the wire, such as `notruncation`; [`options`] has the documented ones.
    pub fn option(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.properties = self.properties.option(name, value);
        self
    }

    /// Options, ready-made parameters, id, application and user together. What they have wins over what was said
    /// before; ready-made parameters must be declared in the text.
    pub fn properties(mut self, properties: ClientRequestProperties) -> Self {
        self.properties.options.extend(properties.options);
        self.properties.parameters.extend(properties.parameters);
        let own = &mut self.properties;
        own.client_request_id = properties
            .client_request_id
            .or_else(|| own.client_request_id.take());
        own.application = properties.application.or_else(|| own.application.take());
        own.user = properties.user.or_else(|| own.user.take());
        self
    }

    /// How long the service may work on it: one second to one hour. The service's default is 4 minutes for queries
    /// and 10 for commands. The client waits 30 seconds longer, and counts the time until the last row is there.
    pub fn server_timeout(mut self, limit: Duration) -> Self {
        self.properties = self.properties.server_timeout(limit);
        self
    }

    /// The id of the request, to find it in the service's logs or to cancel it. A new one unless set.
    pub fn client_request_id(mut self, id: impl Into<String>) -> Self {
        self.properties = self.properties.client_request_id(id);
        self
    }

    /// Takes a failure of the service after it began to answer for the end of the rows, not for an error. What
    /// failed is in [`ResultStream::errors`].
    pub fn allow_partial(mut self) -> Self {
        self.allow_partial = true;
        self
    }

    /// Says that a command may run twice without harm, so that it is sent again when a query would be: after a broken
    /// connection, or when the service is busy. Queries and commands that begin with `.show` are anyway.
    pub fn idempotent(mut self) -> Self {
        self.is_idempotent = true;
        self
    }

    /// Sends it, and gives its results as they arrive, in batches of rows.
    ///
    /// # Errors
    ///
    /// If the service does not accept it, or cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future, or the stream before its end, cancels the query on the service: see
    /// [`ClientBuilder::cancel_on_drop`](crate::ClientBuilder::cancel_on_drop).
    pub async fn stream(self) -> Result<ResultStream, Error> {
        self.results(None).await
    }

    /// The results in batches of so many bytes on the wire.
    async fn results(self, max_batch_bytes: Option<usize>) -> Result<ResultStream, Error> {
        let allow_partial = self.allow_partial;
        let frames = self.send(max_batch_bytes).await?;
        Ok(ResultStream::new(frames, allow_partial))
    }

    /// Sends it, and gives all rows of its one result as values of a type: a struct by column names, or a tuple by
    /// column order.
    ///
    /// # Errors
    ///
    /// As [`stream`](Self::stream); and if the answer ends with an error, has several results, or has a row that
    /// does not fit the type.
    pub async fn fetch_all<T: DeserializeOwned>(self) -> Result<Vec<T>, Error> {
        let mut results = self.results(Some(SHORT_BATCH)).await?.rows_only();
        let mut values = Vec::new();
        let mut table = None;
        while let Some(batch) = results.next().await? {
            one_result(&mut table, &results)?;
            let before = values.len();
            values.reserve(batch.num_rows());
            for row in batch.deserialize() {
                values.push(row.map_err(|error| results.identify(Error::conversion(error, before)))?);
            }
            results.recycle(batch);
        }
        Ok(values)
    }

    /// Sends it, and gives the one row of its one result.
    ///
    /// # Errors
    ///
    /// As [`fetch_all`](Self::fetch_all); and if there is no row, or more than one.
    pub async fn fetch_one<T: DeserializeOwned>(self) -> Result<T, Error> {
        let mut results = self.stream().await?.rows_only();
        let mut table = None;
        let mut only = None;
        let mut count = 0;
        while let Some(batch) = results.next().await? {
            one_result(&mut table, &results)?;
            count += batch.num_rows();
            if let (None, Some(row)) = (&only, batch.deserialize().next()) {
                only = Some(row.map_err(|error| results.identify(Error::conversion(error, 0)))?);
            }
        }
        match (only, count) {
            (Some(value), 1) => Ok(value),
            _ => {
                let error = Error::new(
                    ErrorKind::Conversion,
                    format!("exactly one row expected, {count} came"),
                );
                Err(results.identify(error))
            }
        }
    }

    /// Sends it, and gives its one result as Arrow record batches, at least one: it has the schema even if there
    /// are no rows.
    ///
    /// # Errors
    ///
    /// As [`fetch_all`](Self::fetch_all).
    #[cfg(feature = "arrow")]
    pub async fn fetch_arrow(self) -> Result<Vec<arrow_array::RecordBatch>, Error> {
        crate::arrow::fetch(self.stream().await?.rows_only()).await
    }

    /// Sends it, and gives every frame of the answer: progress, and rows that replace others, are there to see only
    /// here. Errors inside the answer are frames too.
    ///
    /// # Errors
    ///
    /// As [`stream`](Self::stream).
    pub async fn frames(self) -> Result<Frames, Error> {
        self.send(None).await
    }

    async fn send(self, max_batch_bytes: Option<usize>) -> Result<Frames, Error> {
        let client = self.client.clone();
        let database = self
            .database
            .as_deref()
            .or_else(|| client.database())
            .unwrap_or_default()
            .to_owned();
        let is_idempotent = self.is_idempotent || self.only_reads();
        let request = self.into_request(&database)?;
        let mut pipeline = client.pipeline().clone().idempotent(is_idempotent);
        if let Some(bytes) = max_batch_bytes {
            pipeline = pipeline.max_batch_bytes(bytes);
        }
        Ok(Frames::new(pipeline.frames(request).await?))
    }

    /// Sends it, and gives the whole answer: all results, and what the service says about them.
    ///
    /// # Errors
    ///
    /// As [`stream`](Self::stream); and if the answer ends with an error, unless
    /// [`allow_partial`](Self::allow_partial) was called.
    pub async fn data_set(self) -> Result<DataSet, Error> {
        let allow_partial = self.allow_partial;
        let mut frames = self.frames().await?;
        let mut data_set = DataSet::new();
        loop {
            let next = frames.next().await;
            let Some(frame) = next.map_err(|error| error.with_service_errors(data_set.errors()))? else {
                break;
            };
            data_set
                .push(frame)
                .map_err(|error| frames.identify(error.into()))?;
        }
        if !allow_partial && data_set.has_errors() {
            let cancelled = data_set
                .completion()
                .is_some_and(|completion| completion.cancelled);
            return Err(frames.identify(Error::partial_failure(data_set.errors(), cancelled)));
        }
        Ok(data_set)
    }

    /// Whether it is a command of the family that changes nothing.
    fn only_reads(&self) -> bool {
        let text = self.text.trim_start().as_bytes();
        self.verb == Verb::Mgmt
            && text
                .get(..6)
                .is_some_and(|start| start.eq_ignore_ascii_case(b".show "))
    }

    fn into_request(self, database: &str) -> Result<Request, Error> {
        let mut request = Request::query_or_mgmt(database, self.text);
        request.properties = self.properties.parameters(&self.parameters);
        match (&mut request.kind, self.verb) {
            (RequestKind::Mgmt { .. }, Verb::Query) => {
                return Err(Error::invalid_input(
                    "the text begins with a dot, so it is a management command; send it with mgmt()",
                ));
            }
            (RequestKind::Query { .. }, Verb::Mgmt) => {
                return Err(Error::invalid_input(
                    "the text does not begin with a dot, so it is a query; send it with query()",
                ));
            }
            (RequestKind::Query { text, .. } | RequestKind::Mgmt { text, .. }, _)
                if !self.parameters.is_empty() =>
            {
                *text = self.parameters.declare(text)?;
            }
            _ => {}
        }
        if self.verb == Verb::Query {
            streaming(&mut request.properties, self.client.query_consistency());
        }
        Ok(request)
    }
}

/// Adds the options that let rows be read as they are computed, and errors come after the rows, unless they are set.
fn streaming(properties: &mut ClientRequestProperties, consistency: Option<&str>) {
    let defaults = [
        (
            options::RESULTS_V2_FRAGMENT_PRIMARY_TABLES,
            Some(Value::from(true)),
        ),
        (
            options::RESULTS_V2_NEWLINES_BETWEEN_FRAMES,
            Some(Value::from(true)),
        ),
        (
            options::RESULTS_ERROR_REPORTING_PLACEMENT,
            Some(Value::from("end_of_table")),
        ),
        (options::QUERY_CONSISTENCY, consistency.map(Value::from)),
    ];
    for (name, value) in defaults {
        if let Some(value) = value {
            properties.options.entry(name).or_insert(value);
        }
    }
}

/// Bytes of batches that are turned into values at once. Their memory is used again and stays in the processor's caches:
/// with the allocator of glibc rows are twice as fast as in batches of 2 MiB.
const SHORT_BATCH: usize = 128 << 10;

/// Checks that all batches come from one table.
pub(crate) fn one_result(seen: &mut Option<i64>, results: &ResultStream) -> Result<(), Error> {
    let table = results.table().map(|table| table.table_id);
    if seen.is_some() && *seen != table {
        let message = "there is more than one result; read them with stream() or data_set()";
        return Err(results.identify(Error::new(ErrorKind::Conversion, message)));
    }
    *seen = table;
    Ok(())
}

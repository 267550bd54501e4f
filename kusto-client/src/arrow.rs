//! Results as Arrow record batches.

use arrow_array::RecordBatch;
use kusto_arrow::{Options, record_batch};
use kusto_protocol::{ColumnArray, RowBatch};

use crate::error::{Error, ErrorKind};
use crate::query::one_result;
use crate::results::ResultStream;

/// All rows of the one result.
pub(crate) async fn fetch(mut results: ResultStream) -> Result<Vec<RecordBatch>, Error> {
    let options = Options::default();
    let mut batches = Vec::new();
    let mut table = None;
    while let Some(rows) = results.next().await? {
        one_result(&mut table, &results)?;
        batches.push(record_batch(rows, &options).map_err(|error| results.identify(error.into()))?);
    }
    if let (true, Some(table)) = (batches.is_empty(), results.table()) {
        let arrays = table
            .columns
            .iter()
            .map(|column| ColumnArray::new(&column.column_type))
            .collect();
        if let Some(rows) = RowBatch::new(table.columns.clone(), arrays, 0) {
            batches.push(record_batch(rows, &options).map_err(|error| results.identify(error.into()))?);
        }
    }
    Ok(batches)
}

impl From<kusto_arrow::Error> for Error {
    fn from(error: kusto_arrow::Error) -> Self {
        Self::new(ErrorKind::Conversion, error.to_string())
    }
}

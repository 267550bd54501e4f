//! Extents as Parquet files: columns as the engine holds them, their Kusto types in the metadata of the fields.

use std::fs::File;
use std::path::Path;

use arrow_array::RecordBatch;
use kusto_protocol::Column;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::super::{Extent, MAX_BATCH_ROWS};
use crate::types::Batch;

/// Writes the file; when this returns, its content is on the disk.
pub(super) fn write(path: &Path, columns: &[Column], extent: &Extent) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let schema = kusto_arrow::schema(columns, &kusto_arrow::Options::LOSSLESS);
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .build();
    let file = File::create(path).map_err(|error| failed(&error))?;
    let mut writer =
        ArrowWriter::try_new(file, schema.clone(), Some(properties)).map_err(|error| failed(&error))?;
    for batch in extent.batches() {
        let batch =
            RecordBatch::try_new(schema.clone(), batch.columns().to_vec()).map_err(|error| failed(&error))?;
        writer.write(&batch).map_err(|error| failed(&error))?;
    }
    let file = writer.into_inner().map_err(|error| failed(&error))?;
    file.sync_all().map_err(|error| failed(&error))
}

/// Reads the file; whether its columns are those of the table is seen when they are appended to it.
pub(super) fn read(path: &Path, columns: &[Column]) -> Result<Vec<Batch>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(|builder| builder.with_batch_size(MAX_BATCH_ROWS).build())
        .map_err(|error| error.to_string())?;
    let mut batches = Vec::new();
    for batch in reader {
        let batch = batch.map_err(|error| error.to_string())?;
        if batch.num_columns() != columns.len() {
            return Err(format!(
                "{} columns, and the table has {}",
                batch.num_columns(),
                columns.len()
            ));
        }
        batches.push(Batch::new(batch.columns().to_vec(), batch.num_rows()));
    }
    Ok(batches)
}

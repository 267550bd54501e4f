//! Data into tables: all rows of a source, or none.

use std::io::Read;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use kusto_protocol::{Column, DataFormat, DateTime, Guid, MappingKind};

use super::properties::{ingestion_error, parsed};
use super::{IngestProperties, MappedColumns, Mapping, MappingChoice, ReadError, RowRules, Rows, gunzip};
use crate::error::EngineError;
use crate::service::Service;
use crate::storage::{Database, Extent, Table};
use crate::types::{Batch, Schema};

/// Data to ingest.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The bytes; gzip is undone.
    pub(crate) data: Bytes,
    /// Where it comes from: a path, an address without its secrets, or nothing.
    pub(crate) location: String,
    /// Whether a table or columns that are missing are made, if a mapping says their types.
    pub(crate) makes_columns: bool,
}

/// What an ingestion did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ingested {
    pub(crate) rows: u64,
    /// The extent that the rows are in, if there are any.
    pub(crate) extent: Option<Guid>,
    /// Whether the table had the data already, so that nothing was done.
    pub(crate) is_known: bool,
}

impl Service {
    /// Adds the rows of a source to a table: all of them, or none.
    ///
    /// # Errors
    ///
    /// With a code of the service's: no such database, table or mapping; properties that do not fit; data that does
    /// not read; a table that is only read.
    pub(crate) fn ingest(
        &self,
        database: &str,
        table: &str,
        source: Source,
        properties: &IngestProperties,
    ) -> Result<Ingested, EngineError> {
        let found = self.storage.database(database).ok_or_else(|| {
            let message = format!(
                "Entity not found: there is no database '{database}'; '.show databases' lists those there are"
            );
            ingestion_error("BadRequest_DatabaseNotExist", message)
        })?;
        let format = properties.format_of(&source.location);
        let mapping = mapping_for(&found, table, format, properties)?;
        let schema = schema_for(&found, table, mapping.as_ref(), source.makes_columns)?;
        let mapped = mapping.map(|mapping| MappedColumns::new(&mapping, &schema, source.location));
        if found
            .tables
            .get(table)
            .is_some_and(|table| is_known(table, properties))
        {
            return Ok(Ingested::KNOWN);
        }
        // Reading goes on without a lock; a schema that changes meanwhile makes the table refuse the rows.
        let batches = read(
            source.data,
            format,
            &schema,
            mapped,
            RowRules {
                skip_first: properties.ignore_first_record,
                validation: properties.validation,
            },
        )
        .map_err(bad_data)?;
        let rows = batches.iter().map(|batch| batch.num_rows() as u64).sum();
        self.storage.update(database, |database| {
            let found = database
                .tables
                .entry(table.to_owned())
                .or_insert_with(|| Arc::new(Table::new(table, Arc::clone(&schema))));
            if is_known(found, properties) {
                return Ok(Ingested::KNOWN);
            }
            let found = Arc::make_mut(found);
            if source.makes_columns && found.schema.len() < schema.len() {
                found.alter(Arc::clone(&schema));
                database.minor_version += 1;
            }
            Ok(Ingested {
                rows,
                extent: append(found, batches, properties)?,
                is_known: false,
            })
        })
    }
}

impl Ingested {
    const KNOWN: Self = Self {
        rows: 0,
        extent: None,
        is_known: true,
    };
}

/// Adds rows as one extent with the tags and the time that the properties say.
pub(crate) fn append(
    table: &mut Table,
    batches: Vec<Batch>,
    properties: &IngestProperties,
) -> Result<Option<Guid>, EngineError> {
    let created = properties
        .creation_time
        .unwrap_or_else(|| DateTime::from(SystemTime::now()));
    let extent = Extent::new(batches, created, properties.tags.clone());
    table
        .append_extent(extent)
        .map_err(|error| ingestion_error("General_TransientSchemaMismatch", error.to_string()))
}

/// Whether the table has an extent with one of the tags that make an ingestion unnecessary.
pub(crate) fn is_known(table: &Table, properties: &IngestProperties) -> bool {
    let is_named = |tag: &String| {
        tag.strip_prefix("ingest-by:")
            .is_some_and(|value| properties.ingest_if_not_exists.iter().any(|known| known == value))
    };
    table
        .extents()
        .iter()
        .any(|extent| extent.tags.iter().any(is_named))
}

fn mapping_for(
    database: &Database,
    table: &str,
    format: DataFormat,
    properties: &IngestProperties,
) -> Result<Option<Mapping>, EngineError> {
    let fitting = format.mapping_kind();
    let avros = [MappingKind::Avro, MappingKind::ApacheAvro];
    let kinds = if avros.contains(&fitting) {
        &avros[..]
    } else {
        &[fitting][..]
    };
    if let Some(kind) = properties.mapping_kind.filter(|kind| !kinds.contains(kind)) {
        let message = format!(
            "a mapping of kind {} does not fit the format {}",
            kind.name(),
            format.name()
        );
        return Err(ingestion_error("BadRequest_InconsistentMapping", message));
    }
    match &properties.mapping {
        None => Ok(None),
        Some(MappingChoice::Inline(json)) => parsed(fitting, json).map(Some),
        Some(MappingChoice::Named(name)) => {
            let found = kinds.iter().find_map(|kind| {
                let key = (kind.name().to_ascii_lowercase(), name.clone());
                let of_table = database
                    .tables
                    .get(table)
                    .and_then(|table| table.mappings.get(&key));
                of_table
                    .or_else(|| database.mappings.get(&key))
                    .map(|json| (*kind, json))
            });
            let (kind, json) = found.ok_or_else(|| {
                let message = format!(
                    "Entity not found: the {} ingestion mapping '{name}' was not found for the table '{table}'",
                    fitting.name()
                );
                ingestion_error("BadRequest_MappingReferenceWasNotFound", message)
            })?;
            parsed(kind, json).map(Some)
        }
    }
}

/// The columns that the data is read into.
fn schema_for(
    database: &Database,
    table: &str,
    mapping: Option<&Mapping>,
    makes_columns: bool,
) -> Result<Schema, EngineError> {
    let Some(found) = database.tables.get(table) else {
        let made = mapping.filter(|_| makes_columns).and_then(Mapping::schema);
        return made.map(Schema::from).ok_or_else(|| {
            let message = format!(
                "Entity not found: the database '{}' has no table '{table}'; '.show tables' lists those there are",
                database.name
            );
            ingestion_error("BadRequest_TableNotExist", message)
        });
    };
    found.check_writable()?;
    let mut columns = found.schema.to_vec();
    for mapped in mapping.iter().flat_map(|mapping| &mapping.columns) {
        if columns.iter().any(|column| column.name == mapped.name) {
            continue;
        }
        match &mapped.column_type {
            Some(column_type) if makes_columns => {
                columns.push(Column::new(&mapped.name, column_type.clone()))
            }
            _ => {
                let message = format!(
                    "the mapping fills a column '{}' that the table '{table}' does not have",
                    mapped.name
                );
                return Err(ingestion_error("BadRequest_InvalidMapping", message));
            }
        }
    }
    match columns.len() == found.schema.len() {
        true => Ok(Arc::clone(&found.schema)),
        false => Ok(columns.into()),
    }
}

/// The rows of a source that a query reads.
///
/// # Errors
///
/// Data that does not read; a mapping that does not fit, or is only named: names of mappings belong to tables.
pub(crate) fn read_source(
    data: Bytes,
    location: &str,
    schema: &[Column],
    properties: &IngestProperties,
) -> Result<Vec<Batch>, EngineError> {
    let format = properties.format_of(location);
    let mapped = match &properties.mapping {
        None => None,
        Some(MappingChoice::Inline(json)) => {
            let mapping = parsed(format.mapping_kind(), json)?;
            Some(MappedColumns::new(&mapping, schema, location.to_owned()))
        }
        Some(MappingChoice::Named(name)) => {
            let message = format!("the mapping '{name}' must be written into the query");
            return Err(ingestion_error("BadRequest_MappingReferenceWasNotFound", message));
        }
    };
    let rules = RowRules {
        skip_first: properties.ignore_first_record,
        validation: properties.validation,
    };
    read(data, format, schema, mapped, rules).map_err(bad_data)
}

fn read(
    data: Bytes,
    format: DataFormat,
    schema: &[Column],
    mapped: Option<MappedColumns>,
    rules: RowRules,
) -> Result<Vec<Batch>, ReadError> {
    let data = match data.starts_with(&GZIP) && !format.is_binary() {
        true => unpacked(data, MAX_UNPACKED)?,
        false => data,
    };
    let mut rows = Rows::of_body(data, format, schema, mapped, rules)?;
    let mut batches = Vec::new();
    while let Some(batch) = rows.next()? {
        batches.push(batch);
    }
    Ok(batches)
}

fn unpacked(data: Bytes, max_bytes: u64) -> Result<Bytes, ReadError> {
    let mut plain = Vec::new();
    let read = gunzip(std::io::Cursor::new(data))
        .and_then(|input| input.take(max_bytes + 1).read_to_end(&mut plain));
    read.map_err(|error| {
        ReadError::new(0, format!("the data is not gzip throughout: {error}"))
            .code("BadRequest_InvalidArchive")
    })?;
    if plain.len() as u64 > max_bytes {
        let message = format!("the data unpacks to more than {max_bytes} bytes; cut it into smaller files");
        return Err(ReadError::new(0, message).code("BadRequest_FileTooLarge"));
    }
    Ok(plain.into())
}

fn bad_data(error: ReadError) -> EngineError {
    ingestion_error(error.error_code(), error.to_string())
}

/// The most bytes that packed data may unpack to. The service takes 6 GB, but not into memory.
const MAX_UNPACKED: u64 = 2 << 30;

/// How gzip begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    #[test]
    fn data_that_unpacks_to_too_much_is_refused() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&[b'x'; 1001]).unwrap();
        let data = Bytes::from(gzip.finish().unwrap());
        assert_eq!(unpacked(data.clone(), 1001).unwrap().len(), 1001);
        let refused = unpacked(data, 1000).unwrap_err();
        assert_eq!(refused.error_code(), "BadRequest_FileTooLarge");
    }
}

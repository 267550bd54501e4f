//! Commands that bring rows in: `.ingest inline`, and `.set`, `.append` and their kin from a query.

use bytes::Bytes;
use kusto_protocol::{ColumnType, DataFormat, Guid, RowBatch, Value};

use super::change::table_mut;
use super::show::no_such_table;
use super::{CommandError, Scanner, Session, semantic, table};
use crate::engine;
use crate::service::{Service, new_guid};
use crate::storage::Table;
use crate::types::Batch;

/// What an ingestion from a query does with the table that is there, or is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IngestMode {
    /// Makes the table; it must not be there.
    Set,
    /// Adds rows; the table must be there.
    Append,
    /// Makes the table or adds rows.
    SetOrAppend,
    /// Makes the table or replaces its rows.
    SetOrReplace,
}

pub(super) const FROM_QUERY: &[(&str, IngestMode)] = &[
    (".set-or-append", IngestMode::SetOrAppend),
    (".set-or-replace", IngestMode::SetOrReplace),
    (".append", IngestMode::Append),
    (".set", IngestMode::Set),
];

/// `.ingest inline into table T [with (format = "csv", …)] <| rows`
pub(super) fn inline(
    service: &Service,
    session: &Session,
    scanner: &mut Scanner<'_>,
) -> Result<RowBatch, CommandError> {
    scanner.expect("inline")?;
    scanner.expect("into")?;
    scanner.expect("table")?;
    let name = scanner.name()?;
    let mut format = DataFormat::Csv;
    for (property, value) in scanner.properties()? {
        match property.to_ascii_lowercase().as_str() {
            "format" => format = value.parse().map_err(|error| semantic(format!("{error}")))?,
            _ => {
                return Err(semantic(format!(
                    "the property '{property}' is not supported by this service"
                )));
            }
        }
    }
    // Blanks and slashes belong to the data, so the scanner must not skip any.
    let data = scanner
        .rest()
        .strip_prefix("<|")
        .ok_or_else(|| scanner.expected("'<|'"))?;
    let data = data
        .strip_prefix("\r\n")
        .or_else(|| data.strip_prefix('\n'))
        .unwrap_or(data)
        .trim_start_matches(' ');
    let rows = service.ingest(
        &session.database,
        &name,
        format,
        Bytes::copy_from_slice(data.as_bytes()),
    )?;
    scanner.skip_all();
    extents(rows)
}

/// `.set-or-append T <| query`
pub(super) fn from_query(
    service: &Service,
    session: &Session,
    scanner: &mut Scanner<'_>,
    mode: IngestMode,
) -> Result<RowBatch, CommandError> {
    let name = scanner.name()?;
    let properties = scanner.properties()?;
    if let Some((property, _)) = properties.first() {
        return Err(semantic(format!(
            "the property '{property}' is not supported by this service"
        )));
    }
    scanner.expect("<|")?;
    let query = scanner.rest();
    scanner.skip_all();
    let database = service.database(&session.database)?;
    match (mode, database.tables.get(&name)) {
        (IngestMode::Set, Some(_)) => return Err(semantic(format!("the table '{name}' is there already"))),
        (IngestMode::Append, None) => return Err(no_such_table(&name, &database.name)),
        (_, Some(found)) => found.check_writable()?,
        (_, None) => {}
    }
    let (schema, batches) = engine::collect(&service.storage, session, query)?;
    let rows = batches.iter().map(Batch::num_rows).sum::<usize>();
    service.update(&session.database, |database| {
        let new = || Table::new(name.clone(), schema.clone());
        if mode == IngestMode::SetOrReplace {
            database.tables.insert(name.clone(), new().into());
        }
        database
            .tables
            .entry(name.clone())
            .or_insert_with(|| new().into());
        let table = table_mut(database, &name)?;
        batches
            .into_iter()
            .try_for_each(|batch| table.append(batch).map_err(|error| semantic(error.to_string())))
    })?;
    extents(rows as u64)
}

/// The extents made: one for all rows, or none.
fn extents(rows: u64) -> Result<RowBatch, CommandError> {
    let id = if rows == 0 { Guid::NIL } else { new_guid() };
    table(&[("ExtentId", ColumnType::Guid)], |table| {
        table.push_row(&[Value::Guid(id)])
    })
}

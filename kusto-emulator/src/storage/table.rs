//! Tables: their columns and their rows.

use std::sync::Arc;

use arrow_schema::ArrowError;
use kusto_protocol::{Column, DateTime, Guid};

use super::{Extent, Mappings, Policies};
use crate::attach::{self, AttachedFile};
use crate::error::{EngineError, EngineErrorKind};
use crate::ingest::ReadError;
use crate::service::new_guid;
use crate::types::{Batch, Schema, missing};

/// A table: its columns and its rows.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// What it stays under whatever its name becomes.
    pub(crate) id: Guid,
    /// The name.
    pub(crate) name: String,
    /// The columns.
    pub(crate) schema: Schema,
    /// What the table is for.
    pub(crate) docstring: String,
    /// Where clients show it.
    pub(crate) folder: String,
    /// How fields of data become columns.
    pub(crate) mappings: Mappings,
    /// Policies as JSON, by kind.
    pub(crate) policies: Policies,
    data: Data,
}

/// Where the rows of a table are.
#[derive(Clone, Debug)]
enum Data {
    /// In memory, in the order they came.
    Memory(Vec<Arc<Extent>>),
    /// In a file, which every query reads anew.
    File(AttachedFile),
}

/// The rows of a table, batch by batch: some of its columns.
pub(crate) enum Scan {
    Memory {
        batches: std::vec::IntoIter<Batch>,
        columns: Vec<usize>,
    },
    File(Box<attach::Scan>),
}

impl Iterator for Scan {
    type Item = Result<Batch, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Memory { batches, columns } => batches.next().map(|batch| Ok(batch.pick(columns))),
            Self::File(rows) => rows.next().transpose(),
        }
    }
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(name: impl Into<String>, schema: Schema) -> Self {
        Self {
            id: new_guid(),
            name: name.into(),
            schema,
            docstring: String::new(),
            folder: String::new(),
            mappings: Mappings::new(),
            policies: Policies::new(),
            data: Data::Memory(Vec::new()),
        }
    }

    /// A table whose rows are in a file.
    pub(crate) fn attached(name: impl Into<String>, file: AttachedFile) -> Self {
        Self {
            data: Data::File(file.clone()),
            ..Self::new(name, Arc::clone(file.columns()))
        }
    }

    /// Whether the rows are in a file of somebody else's.
    pub(crate) const fn is_attached(&self) -> bool {
        matches!(self.data, Data::File(_))
    }

    /// The parts that the rows are kept in; none for a table in a file.
    pub(crate) fn extents(&self) -> &[Arc<Extent>] {
        match &self.data {
            Data::Memory(extents) => extents,
            Data::File(_) => &[],
        }
    }

    /// The number of rows; `None` for a table in a file, which would have to be read.
    pub(crate) fn num_rows(&self) -> Option<u64> {
        let rows = || self.extents().iter().map(|extent| extent.num_rows()).sum();
        (!self.is_attached()).then(rows)
    }

    /// Bytes the rows take in memory: none for a table in a file.
    pub(crate) fn byte_len(&self) -> u64 {
        self.extents().iter().map(|extent| extent.byte_len()).sum()
    }

    /// The rows, in order: the columns at these places.
    pub(crate) fn scan(&self, columns: &[usize]) -> Result<Scan, ReadError> {
        Ok(match &self.data {
            Data::Memory(extents) => {
                let batches = extents.iter().flat_map(|extent| extent.batches());
                Scan::Memory {
                    batches: batches.cloned().collect::<Vec<_>>().into_iter(),
                    columns: columns.to_vec(),
                }
            }
            Data::File(file) => Scan::File(Box::new(file.scan(columns)?)),
        })
    }

    /// Whether single rows can be read without those before them. In memory that is no gain.
    pub(crate) fn can_fetch(&self) -> bool {
        match &self.data {
            Data::Memory(_) => false,
            Data::File(file) => file.can_fetch(),
        }
    }

    /// The rows with these numbers, which ascend: the columns at these places.
    pub(crate) fn fetch(&self, columns: &[usize], rows: &[u64]) -> Result<Scan, ReadError> {
        match &self.data {
            Data::File(file) => Ok(Scan::File(Box::new(file.fetch(columns, rows)?))),
            Data::Memory(_) => Err(ReadError::new(0, "rows in memory are not read one by one")),
        }
    }

    /// Whether rows can be added.
    ///
    /// # Errors
    ///
    /// A table in a file, which nothing changes but whoever owns the file.
    pub(crate) fn check_writable(&self) -> Result<(), EngineError> {
        let Data::File(file) = &self.data else {
            return Ok(());
        };
        let message = format!(
            "the table '{}' is the file {}, which is only read; ingest into a table of your own",
            self.name,
            file.path().display()
        );
        Err(EngineError::new(EngineErrorKind::Semantic, message))
    }

    /// Adds rows at the end, as if they had come now.
    ///
    /// # Errors
    ///
    /// As [`append_extent`](Self::append_extent).
    pub(crate) fn append(&mut self, batch: Batch) -> Result<(), ArrowError> {
        let now = DateTime::from(std::time::SystemTime::now());
        self.append_extent(Extent::new(vec![batch], now, Vec::new()))?;
        Ok(())
    }

    /// Adds rows at the end; gives the id of the extent they are in, unless there are none.
    ///
    /// # Errors
    ///
    /// Columns that are not of the table's types, text that does not fit into one batch, or a table in a file.
    pub(crate) fn append_extent(&mut self, extent: Extent) -> Result<Option<Guid>, ArrowError> {
        extent.batches().iter().try_for_each(|batch| self.check(batch))?;
        let Data::Memory(extents) = &mut self.data else {
            let message = format!("table '{}' is a file: rows cannot be added to it", self.name);
            return Err(ArrowError::NotYetImplemented(message));
        };
        if extent.batches().is_empty() {
            return Ok(None);
        }
        let id = extent.id;
        let joined = extents.last().map_or(Ok(None), |last| last.join(&extent))?;
        match joined {
            Some(joined) => {
                extents.pop();
                extents.push(Arc::new(joined));
            }
            None => extents.push(Arc::new(extent)),
        }
        Ok(Some(id))
    }

    /// Adds an extent that the table had before the service began.
    ///
    /// # Errors
    ///
    /// Columns that are not of the table's types.
    pub(super) fn append_kept(&mut self, extent: Extent) -> Result<(), ArrowError> {
        extent.batches().iter().try_for_each(|batch| self.check(batch))?;
        if let Data::Memory(extents) = &mut self.data {
            extents.push(Arc::new(extent));
        }
        Ok(())
    }

    /// Removes all rows. A table in a file becomes an empty one in memory; the file stays.
    pub(crate) fn clear(&mut self) {
        self.data = Data::Memory(Vec::new());
    }

    /// Gives the table other columns. Columns found by name and type keep their values, new ones are empty.
    /// Those of a table in a file do not change.
    pub(crate) fn alter(&mut self, schema: Schema) {
        let sources: Vec<Option<usize>> = schema
            .iter()
            .map(|column| self.schema.iter().position(|old| old == column))
            .collect();
        self.rearrange(schema, &sources);
    }

    /// Gives the table other columns, each with the values of the column at its place in `sources`, or none.
    pub(crate) fn rearrange(&mut self, schema: Schema, sources: &[Option<usize>]) {
        let Data::Memory(extents) = &mut self.data else {
            return;
        };
        let is_same = sources.len() == self.schema.len()
            && sources
                .iter()
                .enumerate()
                .all(|(place, source)| *source == Some(place));
        if !is_same {
            for extent in extents {
                *extent = Arc::new(rearranged(extent, &schema, sources));
            }
        }
        self.schema = schema;
    }

    fn check(&self, batch: &Batch) -> Result<(), ArrowError> {
        let fits = batch.columns().len() == self.schema.len()
            && batch
                .columns()
                .iter()
                .zip(self.schema.iter())
                .all(|(array, column)| {
                    array.len() == batch.num_rows()
                        && *array.data_type() == crate::types::data_type(&column.column_type)
                });
        if fits {
            return Ok(());
        }
        Err(ArrowError::SchemaError(format!(
            "the columns of the rows are not those of table '{}'",
            self.name
        )))
    }
}

fn rearranged(extent: &Extent, schema: &[Column], sources: &[Option<usize>]) -> Extent {
    let batches = extent.batches().iter().map(|batch| {
        let columns = schema.iter().zip(sources).map(|(column, source)| match source {
            Some(place) => Arc::clone(&batch.columns()[*place]),
            None => missing(&column.column_type, batch.num_rows()),
        });
        Batch::new(columns.collect(), batch.num_rows())
    });
    // The files of extents never change either, so this is a new one.
    Extent::new(batches.collect(), extent.created, extent.tags.clone())
}

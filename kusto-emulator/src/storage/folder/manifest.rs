//! What `database.json` says.

use std::collections::BTreeMap;
use std::sync::Arc;

use kusto_protocol::{Column, ColumnType};
use serde::{Deserialize, Serialize};

use super::super::{Database, Mappings, Policies, StoredFunction, Table};

/// A database without its rows.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    pub(super) format: u32,
    name: String,
    pretty_name: String,
    minor_version: u64,
    policies: Policies,
    mappings: Vec<MappingEntry>,
    functions: Vec<FunctionEntry>,
    pub(super) tables: Vec<TableEntry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct MappingEntry {
    kind: String,
    name: String,
    mapping: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct FunctionEntry {
    name: String,
    parameters: String,
    body: String,
    docstring: String,
    folder: String,
}

/// A table without its rows.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TableEntry {
    id: String,
    name: String,
    columns: Vec<ColumnEntry>,
    docstring: String,
    folder: String,
    policies: Policies,
    mappings: Vec<MappingEntry>,
    pub(super) extents: Vec<ExtentEntry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ColumnEntry {
    name: String,
    #[serde(rename = "type")]
    column_type: String,
}

/// What is known of an extent besides its rows.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExtentEntry {
    pub(super) id: String,
    pub(super) created_on: String,
    pub(super) tags: Vec<String>,
    pub(super) rows: u64,
}

impl Manifest {
    /// What is kept of a database: all but tables whose rows are in files of somebody else's.
    pub(super) fn of(database: &Database) -> Self {
        let tables = database.tables.values().filter(|table| !table.is_attached());
        let functions = database.functions.values().map(|function| FunctionEntry {
            name: function.name.clone(),
            parameters: function.parameters.clone(),
            body: function.body.clone(),
            docstring: function.docstring.clone(),
            folder: function.folder.clone(),
        });
        Self {
            format: FORMAT,
            name: database.name.clone(),
            pretty_name: database.pretty_name.clone(),
            minor_version: database.minor_version,
            policies: database.policies.clone(),
            mappings: mapping_entries(&database.mappings),
            functions: functions.collect(),
            tables: tables.map(|table| TableEntry::of(table)).collect(),
        }
    }

    /// The database, with these tables.
    pub(super) fn database(self, tables: Vec<Table>) -> Database {
        let functions = self.functions.into_iter().map(|entry| {
            let function = StoredFunction {
                name: entry.name,
                parameters: entry.parameters,
                body: entry.body,
                docstring: entry.docstring,
                folder: entry.folder,
            };
            (function.name.clone(), Arc::new(function))
        });
        Database {
            name: self.name,
            pretty_name: self.pretty_name,
            tables: tables
                .into_iter()
                .map(|table| (table.name.clone(), Arc::new(table)))
                .collect(),
            functions: functions.collect(),
            mappings: mappings(&self.mappings),
            policies: self.policies,
            minor_version: self.minor_version,
        }
    }
}

impl TableEntry {
    fn of(table: &Table) -> Self {
        let columns = table.schema.iter().map(|column| ColumnEntry {
            name: column.name.clone(),
            column_type: column.column_type.to_string(),
        });
        let extents = table.extents().iter().map(|extent| ExtentEntry {
            id: extent.id.to_string(),
            created_on: extent.created.to_string(),
            tags: extent.tags.clone(),
            rows: extent.num_rows(),
        });
        Self {
            id: table.id.to_string(),
            name: table.name.clone(),
            columns: columns.collect(),
            docstring: table.docstring.clone(),
            folder: table.folder.clone(),
            policies: table.policies.clone(),
            mappings: mapping_entries(&table.mappings),
            extents: extents.collect(),
        }
    }

    /// The table, without rows.
    pub(super) fn table(&self) -> Result<Table, String> {
        let columns = self.columns.iter().map(|entry| {
            let column_type = ColumnType::from_name(&entry.column_type);
            match column_type {
                ColumnType::Unknown(_) => Err(format!(
                    "the column '{}' of the table '{}' has a type that is not known, '{}'",
                    entry.name, self.name, entry.column_type
                )),
                _ => Ok(Column::new(&entry.name, column_type)),
            }
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let mut table = Table::new(&self.name, columns.into());
        table.id = self
            .id
            .parse()
            .map_err(|error| format!("the id of the table '{}': {error}", self.name))?;
        table.docstring.clone_from(&self.docstring);
        table.folder.clone_from(&self.folder);
        table.policies = self.policies.clone();
        table.mappings = mappings(&self.mappings);
        Ok(table)
    }
}

fn mapping_entries(mappings: &Mappings) -> Vec<MappingEntry> {
    let entries = mappings.iter().map(|((kind, name), mapping)| MappingEntry {
        kind: kind.clone(),
        name: name.clone(),
        mapping: mapping.clone(),
    });
    entries.collect()
}

fn mappings(entries: &[MappingEntry]) -> Mappings {
    let mappings = entries
        .iter()
        .map(|entry| ((entry.kind.clone(), entry.name.clone()), entry.mapping.clone()));
    mappings.collect::<BTreeMap<_, _>>()
}

/// The format of `database.json` and of the files it names.
pub(super) const FORMAT: u32 = 1;

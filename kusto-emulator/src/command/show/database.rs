//! `.show databases` and `.show database`, in all their forms.

use std::sync::Arc;

use kusto_protocol::{ColumnType, RowBatch, Value};

use super::super::{CommandError, Scanner, Session, mapping, policy, table};
use super::schema;
use crate::service::Service;
use crate::storage::Database;

/// `.show databases [(A, B)] [details | identity | policies | datastats | schema … | entities]`
pub(super) fn databases(
    service: &Service,
    session: &Session,
    scanner: &mut Scanner<'_>,
) -> Result<RowBatch, CommandError> {
    let mut found = service.storage.databases();
    if scanner.rest().starts_with('(') {
        let names = scanner.names()?;
        found = names
            .iter()
            .map(|name| service.database(name))
            .collect::<Result<_, _>>()?;
    }
    if let Some(result) = about(service, session, &found, scanner)? {
        return Ok(result);
    }
    list(service, session, &found, &[Part::Identity, Part::Suspension])
}

/// `.show database [D] [details | identity | policies | datastats | schema … | extents | ingestion mappings | policy …]`
pub(super) fn database(
    service: &Service,
    session: &Session,
    scanner: &mut Scanner<'_>,
) -> Result<RowBatch, CommandError> {
    let name = match scanner.is_at_end() || scanner.is_next(KEYWORDS) {
        true => session.database.clone(),
        false => scanner.name()?,
    };
    let found = service.database(&name)?;
    if scanner.eat("extents") {
        return super::table::extents(super::table::all_of(&found));
    }
    if scanner.eat("ingestion") {
        return mapping::show(&found, None, scanner);
    }
    if scanner.eat("policy") {
        return policy::show_kind(&found, policy::Scope::Database(name), scanner);
    }
    if scanner.eat("principals") || scanner.eat_all(&["principal", "roles"]) {
        return nothing(&[
            "Role",
            "PrincipalType",
            "PrincipalDisplayName",
            "PrincipalObjectId",
            "PrincipalFQN",
            "Notes",
        ]);
    }
    let found = [found];
    if let Some(result) = about(service, session, &found, scanner)? {
        return Ok(result);
    }
    list(
        service,
        session,
        &found,
        &[Part::Identity, Part::Viewer, Part::Suspension],
    )
}

/// A result without rows: this service has no such things.
pub(super) fn nothing(columns: &[&str]) -> Result<RowBatch, CommandError> {
    let columns: Vec<_> = columns.iter().map(|name| (*name, ColumnType::String)).collect();
    table(&columns, |_| Ok(()))
}

/// What can be asked about one database as well as about several.
fn about(
    service: &Service,
    session: &Session,
    found: &[Arc<Database>],
    scanner: &mut Scanner<'_>,
) -> Result<Option<RowBatch>, CommandError> {
    let listed = |parts: &[Part]| list(service, session, found, parts).map(Some);
    if scanner.eat("details") {
        return listed(&[Part::Identity, Part::Policies, Part::Size, Part::Suspension]);
    }
    if scanner.eat("identity") {
        return listed(&[Part::Identity, Part::Viewer]);
    }
    if scanner.eat("policies") {
        return listed(&[Part::Identity, Part::Policies]);
    }
    if scanner.eat("datastats") {
        return listed(&[Part::Identity, Part::Statistics]);
    }
    if scanner.eat("entities") {
        scanner.properties()?;
        return entities(found).map(Some);
    }
    let is_schema = scanner.eat("schema");
    let mut newer: Vec<&Database> = found.iter().map(AsRef::as_ref).collect();
    if !is_schema {
        return Ok(None);
    }
    scanner.eat("details");
    let as_json = scanner.eat_all(&["as", "json"]);
    if !as_json && scanner.eat_all(&["as", "csl", "script"]) {
        scanner.properties()?;
        return found
            .first()
            .map(|database| schema::csl_script(database))
            .transpose();
    }
    if scanner.eat("if_later_than") {
        let known = scanner.string()?;
        newer.retain(|database| is_later(&schema::version(database), &known));
    }
    scanner.properties()?;
    match as_json {
        // A text about no database at all would still be one row.
        true if newer.is_empty() => table(&[("DatabaseSchema", ColumnType::String)], |_| Ok(())).map(Some),
        true => schema::schema_as_json(newer.into_iter()).map(Some),
        false => schema::rows(newer.into_iter()).map(Some),
    }
}

/// Whether one version, `v1.12`, comes after another.
fn is_later(version: &str, known: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        let numbers = text.trim_start_matches(['v', '.']).split('.');
        numbers.map(|number| number.parse().unwrap_or(0)).collect()
    };
    numbers(version) > numbers(known)
}

/// A group of columns of the many lists of databases.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Identity,
    Viewer,
    Policies,
    Size,
    Statistics,
    Suspension,
}

fn list(
    service: &Service,
    session: &Session,
    found: &[Arc<Database>],
    parts: &[Part],
) -> Result<RowBatch, CommandError> {
    let rows: Vec<Vec<Cell>> = found
        .iter()
        .map(|database| cells(service, session, database, parts))
        .collect();
    // The columns are the same whichever database it is; there always is one.
    let columns: Vec<(&str, ColumnType)> = rows
        .first()
        .map(|row| {
            row.iter()
                .map(|cell| (cell.name, cell.column_type.clone()))
                .collect()
        })
        .unwrap_or_default();
    table(&columns, |batch| {
        rows.iter()
            .try_for_each(|row| batch.push_row(&row.iter().map(Cell::value).collect::<Vec<_>>()))
    })
}

/// A named value of a row.
struct Cell {
    name: &'static str,
    column_type: ColumnType,
    text: String,
    number: f64,
}

impl Cell {
    fn value(&self) -> Value<'_> {
        match self.column_type {
            ColumnType::Bool => Value::Bool(self.number != 0.0),
            ColumnType::Int => Value::Int(self.number as i32),
            ColumnType::Long => Value::Long(self.number as i64),
            ColumnType::Real => Value::Real(self.number),
            ColumnType::Guid => self.text.parse().map_or(Value::Null, Value::Guid),
            _ => Value::String(&self.text),
        }
    }
}

fn cells(service: &Service, session: &Session, database: &Database, parts: &[Part]) -> Vec<Cell> {
    let text = |name, text: &str| Cell {
        name,
        column_type: ColumnType::String,
        text: text.to_owned(),
        number: 0.0,
    };
    let number = |name, column_type, number| Cell {
        name,
        column_type,
        text: String::new(),
        number,
    };
    let id = || Cell {
        column_type: ColumnType::Guid,
        ..text("DatabaseId", &service.id_of(&database.name).to_string())
    };
    let is_current = f64::from(u8::from(database.name.eq_ignore_ascii_case(&session.database)));
    let mut cells = vec![
        text("DatabaseName", &database.name),
        text("PersistentStorage", ""),
        text("Version", &schema::version(database)),
        number("IsCurrent", ColumnType::Bool, is_current),
        text("DatabaseAccessMode", "ReadWrite"),
        text("PrettyName", &database.pretty_name),
    ];
    if parts.contains(&Part::Viewer) {
        cells.push(number("CurrentUserIsUnrestrictedViewer", ColumnType::Bool, 0.0));
    }
    if parts.contains(&Part::Policies) {
        let policy = |name, kind: &str| text(name, database.policies.get(kind).map_or("", String::as_str));
        let policies = [
            text("AuthorizedPrincipals", "[]"),
            policy("RetentionPolicy", "retention"),
            policy("MergePolicy", "merge"),
            policy("CachingPolicy", "caching"),
            policy("ShardingPolicy", "sharding"),
            policy("StreamingIngestionPolicy", "streamingingestion"),
            policy("IngestionBatchingPolicy", "ingestionbatching"),
        ];
        if parts.contains(&Part::Size) {
            cells.extend(policies);
        } else {
            cells.push(id());
            cells.extend(policies);
            return cells;
        }
    }
    let tables = || database.tables.values();
    let bytes = tables().map(|table| table.byte_len() as f64).sum::<f64>();
    if parts.contains(&Part::Size) {
        cells.push(number("TotalSize", ColumnType::Real, bytes));
    }
    cells.push(id());
    if parts.contains(&Part::Statistics) {
        let rows = tables().filter_map(|table| table.num_rows()).sum::<u64>() as f64;
        let extents = tables().map(|table| table.extents().len()).sum::<usize>() as f64;
        let (real, long) = (ColumnType::Real, ColumnType::Long);
        cells.extend([
            number("OriginalSize", real.clone(), bytes),
            number("ExtentSize", real.clone(), bytes),
            number("CompressedSize", real.clone(), bytes),
            number("IndexSize", real.clone(), 0.0),
            number("RowCount", long.clone(), rows),
            number("HotOriginalSize", real.clone(), bytes),
            number("HotExtentSize", real.clone(), bytes),
            number("HotCompressedSize", real.clone(), bytes),
            number("HotIndexSize", real, 0.0),
            number("HotRowCount", long.clone(), rows),
            number("TotalExtents", long.clone(), extents),
            number("HotExtents", long, extents),
        ]);
        return cells;
    }
    cells.push(text("InTransitionTo", ""));
    if parts.contains(&Part::Size) {
        cells.extend([
            number("NumberOfTables", ColumnType::Int, database.tables.len() as f64),
            number("NumberOfExternalTables", ColumnType::Int, 0.0),
            number("NumberOfMaterializedViews", ColumnType::Int, 0.0),
            text("EncryptionScope", ""),
        ]);
    }
    if parts.contains(&Part::Suspension) {
        cells.push(text("SuspensionState", ""));
    }
    cells
}

/// `.show databases entities`: tables and functions.
fn entities(found: &[Arc<Database>]) -> Result<RowBatch, CommandError> {
    let columns = [
        ("DatabaseName", ColumnType::String),
        ("EntityType", ColumnType::String),
        ("EntityName", ColumnType::String),
        ("DocString", ColumnType::String),
        ("Folder", ColumnType::String),
        ("CslInputSchema", ColumnType::String),
        ("Content", ColumnType::String),
        ("CslOutputSchema", ColumnType::String),
        ("Properties", ColumnType::Dynamic),
    ];
    table(&columns, |rows| {
        for database in found {
            let mut push = |kind: &str,
                            name: &str,
                            docstring: &str,
                            folder: &str,
                            input: &str,
                            content: &str,
                            output: &str| {
                rows.push_row(&[
                    Value::String(&database.name),
                    Value::String(kind),
                    Value::String(name),
                    Value::String(docstring),
                    Value::String(folder),
                    Value::String(input),
                    Value::String(content),
                    Value::String(output),
                    Value::Dynamic("{}"),
                ])
            };
            for table in database.tables.values() {
                let schema = schema::csl_schema(&table.schema);
                push(
                    "Table",
                    &table.name,
                    &table.docstring,
                    &table.folder,
                    "",
                    "",
                    &schema,
                )?;
            }
            for function in database.functions.values() {
                let (name, body) = (&function.name, &function.body);
                let (docstring, folder) = (&function.docstring, &function.folder);
                push(
                    "Function",
                    name,
                    docstring,
                    folder,
                    &function.parameters,
                    body,
                    "",
                )?;
            }
        }
        Ok(())
    })
}

/// What may stand where the name of a database is left out.
const KEYWORDS: &[&str] = &[
    "datastats",
    "details",
    "entities",
    "extents",
    "identity",
    "ingestion",
    "policies",
    "policy",
    "principal",
    "principals",
    "schema",
];

#[cfg(test)]
mod tests {
    use super::is_later;

    #[test]
    fn versions_are_numbers() {
        assert!(is_later("v1.10", "v1.9"));
        assert!(!is_later("v1.9", "v1.9"));
        assert!(is_later("v1.9", "v.1.1"));
        assert!(!is_later("v1.9", "v2.0"));
    }
}

//! `.show …`: which of them it is. Each gives the columns that the reference names, in its order.

mod database;
pub(super) mod operations;
mod queries;
mod schema;
mod service;
mod table;

pub(crate) use schema::csl_schema;
pub(super) use schema::{schemas_as_json, table_schema_as_json};
pub(super) use table::{no_such_table, tables};

use kusto_protocol::RowBatch;

use super::{CommandError, Scanner, Session, function, mapping, unsupported};
use crate::service::Service;

pub(super) fn run(
    service: &Service,
    session: &Session,
    scanner: &mut Scanner<'_>,
) -> Result<RowBatch, CommandError> {
    let start = *scanner;
    if scanner.eat("version") {
        return service::version(service);
    }
    if scanner.eat_all(&["cluster", "extents"]) {
        let databases = service.storage.databases();
        return table::extents(databases.iter().flat_map(|database| table::all_of(database)));
    }
    if scanner.eat_all(&["cluster", "databases"]) || scanner.eat("databases") {
        return database::databases(service, session, scanner);
    }
    if scanner.eat("cluster") {
        return service::cluster(service);
    }
    if scanner.eat("diagnostics") {
        return service::diagnostics(service);
    }
    if scanner.eat("capacity") {
        return service::capacity(scanner);
    }
    if scanner.eat_all(&["schema", "as", "json"]) {
        let databases = service.storage.databases();
        return schema::schema_as_json(databases.iter().map(AsRef::as_ref));
    }
    if scanner.eat("schema") {
        let databases = service.storage.databases();
        return schema::rows(databases.iter().map(AsRef::as_ref));
    }
    if scanner.eat("database") {
        return database::database(service, session, scanner);
    }
    if scanner.eat("tables") || scanner.eat("table") {
        return table::run(service, session, scanner, &start);
    }
    if scanner.eat("functions") {
        return function::show_all(service, session);
    }
    if scanner.eat("function") {
        return function::show(service, session, scanner);
    }
    if scanner.eat_all(&["ingestion", "mappings"]) {
        return mapping::show_all(service, session);
    }
    if scanner.eat_all(&["ingestion", "failures"]) {
        return operations::failures(service, scanner);
    }
    if scanner.eat_all(&["ingestion", "resources"]) {
        return super::resources::show(service);
    }
    if scanner.eat("operations") {
        return operations::all(service, scanner);
    }
    if scanner.eat("operation") {
        return operations::details(service, scanner);
    }
    if scanner.eat_all(&["running", "queries"]) {
        return queries::running(service, scanner);
    }
    if scanner.eat("queries") {
        return queries::ended(service);
    }
    if scanner.eat_all(&["external", "tables"]) {
        return database::nothing(&["TableName", "TableType", "Folder", "DocString", "Properties"]);
    }
    Err(unsupported(&start))
}

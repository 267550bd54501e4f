//! What ingestion clients ask first: where to put data, and who they are.

use kusto_protocol::{ColumnType, RowBatch, Value};

use super::{CommandError, Scanner, semantic, table, unsupported};
use crate::service::Service;

/// `.get ingestion resources`, `.get kusto identity token`
pub(super) fn get(service: &Service, scanner: &mut Scanner<'_>) -> Result<RowBatch, CommandError> {
    let start = *scanner;
    if scanner.eat_all(&["ingestion", "resources"]) {
        return show(service);
    }
    if scanner.eat_all(&["kusto", "identity", "token"]) {
        let token = service.identity_token.to_string();
        return table(&[("AuthorizationContext", ColumnType::String)], |rows| {
            rows.push_row(&[Value::String(&token)])
        });
    }
    Err(unsupported(&start))
}

/// The containers, queues and tables of the storage account, each with a signature that lets clients in.
pub(super) fn show(service: &Service) -> Result<RowBatch, CommandError> {
    let Some(queued) = &service.queued else {
        let message = "this service has no storage account, so there is no queued ingestion; stream instead";
        return Err(semantic(message.to_owned()));
    };
    let columns = [
        ("ResourceTypeName", ColumnType::String),
        ("StorageRoot", ColumnType::String),
    ];
    table(&columns, |rows| {
        for (kind, address) in queued.resources() {
            rows.push_row(&[Value::String(kind), Value::String(&address)])?;
        }
        Ok(())
    })
}

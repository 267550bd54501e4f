//! What ingestion clients ask first: where to put data, and who they are.

use kusto_protocol::{ColumnType, RowBatch, Value};

use super::{CommandError, Scanner, semantic, table, unsupported};
use crate::service::Service;

/// `.get ingestion resources`, `.get kusto identity token`
pub(super) fn get(service: &Service, scanner: &mut Scanner<'_>) -> Result<RowBatch, CommandError> {
    let start = *scanner;
    if scanner.eat_all(&["ingestion", "resources"]) {
        return show();
    }
    if scanner.eat_all(&["kusto", "identity", "token"]) {
        let token = service.identity_token.to_string();
        return table(&[("AuthorizationContext", ColumnType::String)], |rows| {
            rows.push_row(&[Value::String(&token)])
        });
    }
    Err(unsupported(&start))
}

/// The containers, queues and tables of the storage account.
pub(super) fn show() -> Result<RowBatch, CommandError> {
    let message = "this service has no storage account, so there is no queued ingestion; stream instead";
    Err(semantic(message.to_owned()))
}

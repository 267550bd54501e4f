//! Management commands that ingestion needs, and the rows they answer with.

use kusto_protocol::{DataSet, Request, RowBatch, Value};
use kusto_transport::Pipeline;

use crate::error::{IngestError, IngestErrorKind};

/// Runs a command and gives the rows of its first table.
pub(crate) async fn rows(
    pipeline: &Pipeline,
    database: &str,
    text: &str,
) -> Result<Vec<RowBatch>, IngestError> {
    let mut frames = pipeline.frames(Request::mgmt(database, text)).await?;
    let mut data_set = DataSet::new();
    while let Some(frame) = frames.next().await? {
        data_set
            .push(frame)
            .map_err(|error| unexpected(text, &error.to_string()))?;
    }
    if let Some(error) = data_set.errors().first() {
        return Err(unexpected(text, &error.to_string()));
    }
    let table = data_set.into_tables().into_iter().next();
    Ok(table.map(|table| table.batches().to_vec()).unwrap_or_default())
}

/// Sends a request of the REST API and gives its answer.
pub(crate) async fn json(pipeline: &Pipeline, request: Request) -> Result<Vec<u8>, IngestError> {
    let mut body = pipeline.send(request).await?;
    let mut answer = Vec::new();
    while let Some(piece) = body.next().await? {
        answer.extend_from_slice(&piece);
        if answer.len() > LONGEST_ANSWER {
            return Err(IngestError::new(
                IngestErrorKind::Resources,
                format!("the answer of the ingestion API has more than {LONGEST_ANSWER} bytes"),
            ));
        }
    }
    Ok(answer)
}

/// The texts of two columns, found by name and, failing that, by position: answers to these commands were seen with
/// other names.
pub(crate) fn texts<'a>(
    batches: &'a [RowBatch],
    names: [&'a str; 2],
) -> impl Iterator<Item = (&'a str, &'a str)> + 'a {
    batches.iter().flat_map(RowBatch::rows).filter_map(move |row| {
        let text = |index: usize| match row.value(names[index]).unwrap_or_else(|| row.get(index)) {
            Value::String(text) => Some(text),
            _ => None,
        };
        Some((text(0)?, text(1)?))
    })
}

/// The first text of a column, found as in [`texts`].
pub(crate) fn first_text(batches: &[RowBatch], name: &str) -> Option<String> {
    let row = batches.iter().flat_map(RowBatch::rows).next()?;
    match row
        .value(name)
        .or_else(|| (row.values().len() > 0).then(|| row.get(0)))?
    {
        Value::String(text) => Some(text.to_owned()),
        _ => None,
    }
}

fn unexpected(command: &str, what: &str) -> IngestError {
    IngestError::new(
        IngestErrorKind::Resources,
        format!("the answer to {command}: {what}"),
    )
}

/// Far above what one blob's status or a service's containers need.
const LONGEST_ANSWER: usize = 4 << 20;

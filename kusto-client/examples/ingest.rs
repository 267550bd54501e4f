//! Rows into a table: at once if they are few, through the queue if the service wants it so.
//!
//! ```sh
//! cargo run -p kusto-client --example ingest
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod service;

use std::error::Error;

use kusto_client::{ConnectionString, DataFormat, Ingested, IngestionProperties, Source};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (client, _emulator) = service::client().await?;
    client
        .mgmt(".create-merge table Rain (State: string, Millimetres: real)")
        .data_set()
        .await?;

    let database = client.database().unwrap_or(ConnectionString::DEFAULT_DATABASE);
    let properties = IngestionProperties::new(database, "Rain").format(DataFormat::Csv);
    let source = Source::bytes("TEXAS,7.5\nOHIO,2\n");
    match client
        .managed_streaming_ingest()
        .ingest(source, &properties)
        .await?
    {
        Ingested::Streamed(_) => println!("in: it can be queried now"),
        Ingested::Queued(operation) => println!("queued as {}", operation.source_id),
        other => println!("{other:?}"),
    }

    let (rows,): (i64,) = client.query("Rain | count").fetch_one().await?;
    println!("{rows} rows");
    Ok(())
}

#[test]
fn the_example_runs() {
    main().unwrap();
}

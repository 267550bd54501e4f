//! Rows as Arrow record batches (feature `arrow`).
//!
//! ```sh
//! cargo run -p kusto-client --features arrow --example arrow
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod service;

use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (client, _emulator) = service::client().await?;
    let batches = client.query("storms").fetch_arrow().await?;
    let rows: usize = batches.iter().map(|batch| batch.num_rows()).sum();
    if let Some(batch) = batches.first() {
        println!("{}", batch.schema());
    }
    println!("{rows} rows in {} batches", batches.len());
    assert!(rows > 0);
    Ok(())
}

#[test]
fn the_example_runs() {
    main().unwrap();
}

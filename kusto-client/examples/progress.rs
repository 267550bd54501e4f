//! The frames of an answer as they come: how far the service is, and rows that it replaces by better ones.
//!
//! ```sh
//! cargo run -p kusto-client --example progress
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod service;

use std::error::Error;

use kusto_client::{Frame, RowBatch, TableFragmentType, TableKind};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (client, _emulator) = service::client().await?;
    let mut frames = client
        .query("storms | summarize count() by State")
        .option("results_progressive_enabled", true)
        .frames()
        .await?;
    let (mut result, mut rows): (Option<i64>, Vec<RowBatch>) = (None, Vec::new());
    while let Some(frame) = frames.next().await? {
        match frame {
            Frame::TableHeader(header) if header.kind == TableKind::PrimaryResult => {
                result = Some(header.table_id)
            }
            Frame::TableFragment(fragment) if Some(fragment.table_id) == result => {
                if fragment.kind == TableFragmentType::DataReplace {
                    rows.clear();
                }
                rows.push(fragment.rows);
            }
            Frame::TableProgress(progress) => println!("{:.0} %", progress.progress),
            _ => {}
        }
    }
    let states: usize = rows.iter().map(RowBatch::num_rows).sum();
    println!("{states} states");
    assert!(states > 10);
    Ok(())
}

#[test]
fn the_example_runs() {
    main().unwrap();
}

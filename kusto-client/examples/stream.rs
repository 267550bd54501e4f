//! Rows as they arrive, borrowing from the batch they came in: memory does not grow with the answer.
//!
//! ```sh
//! cargo run -p kusto-client --example stream
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod service;

use std::collections::HashMap;
use std::error::Error;

#[derive(serde::Deserialize)]
struct Place<'a> {
    #[serde(rename = "State")]
    state: &'a str,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (client, _emulator) = service::client().await?;
    let mut storms: HashMap<String, u64> = HashMap::new();
    let mut results = client
        .query("storms")
        .option("notruncation", true)
        .stream()
        .await?;
    while let Some(batch) = results.next().await? {
        for place in batch.deserialize::<Place<'_>>() {
            let state = place?.state;
            match storms.get_mut(state) {
                Some(count) => *count += 1,
                None => {
                    storms.insert(state.to_owned(), 1);
                }
            }
        }
    }
    let summary = results.summary();
    println!("{} rows, {} states", summary.row_count, storms.len());
    assert_eq!(storms.values().sum::<u64>(), summary.row_count);
    Ok(())
}

#[test]
fn the_example_runs() {
    main().unwrap();
}

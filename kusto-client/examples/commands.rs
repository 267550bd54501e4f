//! Management commands, and a link to a query for people.
//!
//! ```sh
//! cargo run -p kusto-client --example commands
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod service;

use std::error::Error;

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Table {
    table_name: String,
    folder: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (client, _emulator) = service::client().await?;
    let tables: Vec<Table> = client.mgmt(".show tables").fetch_all().await?;
    for Table { table_name, folder } in &tables {
        println!("{}/{table_name}", folder.as_deref().unwrap_or_default());
    }
    assert!(!tables.is_empty());

    println!("{}", client.version().await?.build_version);
    println!("{}", client.deep_link("storms | take 10")?);
    Ok(())
}

#[test]
fn the_example_runs() {
    main().unwrap();
}

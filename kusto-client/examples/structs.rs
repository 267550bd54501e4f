//! Rows as structs, with the caller's values as parameters.
//!
//! ```sh
//! cargo run -p kusto-client --example structs
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod service;

use std::error::Error;
use std::time::Duration;

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Storm {
    state: String,
    event_type: String,
    damage_property: Option<i64>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (client, _emulator) = service::client().await?;
    let storms: Vec<Storm> = client
        .query("storms | where State == state and DamageProperty > least | top n by DamageProperty")
        .param("state", "FLORIDA")
        .param("least", 1_000_i64)
        .param("n", 3)
        .server_timeout(Duration::from_secs(50))
        .fetch_all()
        .await?;
    for storm in &storms {
        println!("{storm:?}");
    }
    assert!(
        storms
            .iter()
            .all(|storm| storm.state == "FLORIDA" && storm.damage_property > Some(1_000))
    );
    assert!(storms.iter().all(|storm| !storm.event_type.is_empty()));

    let (count,): (i64,) = client.query("storms | count").fetch_one().await?;
    println!("{count} storms in all");
    Ok(())
}

#[test]
fn the_example_runs() {
    main().unwrap();
}

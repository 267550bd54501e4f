//! The cluster that an example asks: the one of the connection string on its command line, or an embedded one that has
//! a table of storms.

use std::error::Error;

use kusto_client::Client;
use kusto_emulator::Emulator;

/// A client, and what has to be kept for as long as it is used.
pub(crate) async fn client() -> Result<(Client, Option<Emulator>), Box<dyn Error>> {
    if let Some(connection_string) = connection_string() {
        return Ok((Client::from_connection_string(connection_string)?, None));
    }
    let emulator = Emulator::builder().sample_storms(10_000).start().await?;
    let client = Client::from_connection_string(emulator.connection_string())?;
    Ok((client, Some(emulator)))
}

/// Run as a test, an example has the arguments of the tests on its command line.
fn connection_string() -> Option<String> {
    if cfg!(test) { None } else { std::env::args().nth(1) }
}

//! The client over an HTTP client in memory.

mod answers;
mod cancel;
mod errors;
mod health;
#[path = "../../../kusto-transport/tests/transport/listen.rs"]
mod listen;
mod requests;
mod results;
#[path = "../../../kusto-transport/tests/transport/scripted.rs"]
mod scripted;

use std::sync::Arc;

use kusto_client::{Client, ClientBuilder};
use scripted::{Act, Scripted};

/// A client of an emulator, and the script that it talks to.
fn client(script: impl IntoIterator<Item = Act>) -> (Client, Arc<Scripted>) {
    let (builder, http) = builder(script);
    (builder.build().unwrap(), http)
}

fn builder(script: impl IntoIterator<Item = Act>) -> (ClientBuilder, Arc<Scripted>) {
    let http = Scripted::new(script);
    let builder = Client::builder("http://localhost:8080/Samples").http_client(Arc::clone(&http) as _);
    (builder, http)
}

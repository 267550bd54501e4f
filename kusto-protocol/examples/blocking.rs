//! A query over a blocking HTTP client. Any other does as well: it sends bytes and gives bytes.
//!
//! ```sh
//! cargo run -p kusto-protocol --example blocking
//! cargo run -p kusto-protocol --example blocking http://localhost:8080 # an emulator
//! ```
//!
//! Without an address it starts a stand-in for a cluster. A cluster needs TLS and a token beyond what is shown here:
//! a feature of `ureq`, and one more header.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]
#![expect(
    clippy::disallowed_methods,
    reason = "the crate knows no environment; its examples do"
)]

mod service;
mod storms;

use std::error::Error;
use std::io::Read;

use kusto_protocol::{AcceptEncoding, DataSet, Endpoint, ErrorResponse, FrameDecoder, Request};

#[derive(serde::Deserialize)]
struct Row<'a> {
    #[serde(rename = "State")]
    state: &'a str,
    #[serde(rename = "Storms")]
    storms: i64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).map_or_else(service::start, Ok)?;
    query(&address.parse()?)
}

fn query(endpoint: &Endpoint) -> Result<(), Box<dyn Error>> {
    let request = Request::query(
        "Samples",
        "StormEvents | summarize Storms=count() by State | top 3 by Storms",
    )
    // The answer goes straight into the decoder; an HTTP client that decompresses may ask for gzip.
    .accept_encoding(AcceptEncoding::Identity)
    .into_http(endpoint)?;

    let config = ureq::Agent::config_builder()
        // The body of a failed request says why it failed, so a status is not an error of the client.
        .http_status_as_error(false)
        // An emulator is on this machine, where a proxy would not look.
        .proxy(None)
        .build();
    let agent = ureq::Agent::new_with_config(config);
    let mut response = agent.run(request.map(|body| body.to_vec()))?;
    let status = response.status();
    if !status.is_success() {
        let body = response.body_mut().read_to_vec()?;
        return Err(ErrorResponse::parse(status, &body).to_string().into());
    }

    let mut body = response.body_mut().as_reader();
    let mut decoder = FrameDecoder::new();
    let mut answer = DataSet::new();
    let mut chunk = vec![0; 64 << 10];
    loop {
        let len = body.read(&mut chunk)?;
        if len == 0 {
            break;
        }
        let mut input = &chunk[..len];
        while let Some(frame) = decoder.decode(&mut input)? {
            answer.push(frame)?;
        }
    }
    decoder.finish()?;
    // A query can fail after its first rows.
    if let Some(error) = answer.errors().into_iter().next() {
        return Err(error.into());
    }

    for table in answer.primary_results() {
        for row in table.deserialize() {
            let Row { state, storms } = row?;
            println!("{state:<10} {storms:>6}");
        }
    }
    Ok(())
}

#[test]
fn the_example_runs() {
    query(&service::start().unwrap().parse().unwrap()).unwrap();
}

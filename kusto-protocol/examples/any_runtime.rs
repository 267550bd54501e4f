//! A query on the smol runtime, with hyper. Any other runtime does as well.
//!
//! ```sh
//! cargo run -p kusto-protocol --example any_runtime
//! cargo run -p kusto-protocol --example any_runtime http://localhost:8080 # an emulator
//! ```
//!
//! Without an address it starts a stand-in for a cluster. A cluster needs TLS and a token beyond what is shown here.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]
#![expect(
    clippy::disallowed_methods,
    reason = "the crate knows no environment; its examples do"
)]

mod service;
mod storms;

use std::error::Error;

use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue};
use kusto_protocol::{AcceptEncoding, Endpoint, ErrorResponse, Frame, FrameDecoder, Request};
use smol_hyper::rt::FuturesIo;

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).map_or_else(service::start, Ok)?;
    smol::block_on(query(&address.parse()?))
}

async fn query(endpoint: &Endpoint) -> Result<(), Box<dyn Error>> {
    let mut request = Request::query(
        "Samples",
        "StormEvents | summarize Storms=count() by State | top 3 by Storms",
    )
    // The answer goes straight into the decoder, which reads no gzip.
    .accept_encoding(AcceptEncoding::Identity)
    .into_http(endpoint)?
    .map(Full::new);
    // What is left of HTTP at this level: the host in a header, the path alone in the address.
    let host = endpoint.authority();
    request.headers_mut().insert(HOST, HeaderValue::from_str(&host)?);
    let path = request.uri().path_and_query().map(ToString::to_string);
    *request.uri_mut() = path.unwrap_or_default().parse()?;

    let port = endpoint.port().unwrap_or(80);
    let stream = smol::net::TcpStream::connect((endpoint.host(), port)).await?;
    let (mut sender, connection) = http1::handshake(FuturesIo::new(stream)).await?;
    let connection = smol::spawn(connection);
    let response = sender.send_request(request).await?;
    let status = response.status();
    let mut body = response.into_body();
    if !status.is_success() {
        let body = body.collect().await?.to_bytes();
        return Err(ErrorResponse::parse(status, &body).to_string().into());
    }

    let mut decoder = FrameDecoder::new();
    while let Some(part) = body.frame().await {
        let part = part?;
        let Some(mut input) = part.data_ref().map(AsRef::as_ref) else {
            continue;
        };
        while let Some(frame) = decoder.decode(&mut input)? {
            print(&frame);
        }
    }
    decoder.finish()?;
    // One exchange was all; the connection ends with its task.
    drop(connection);
    Ok(())
}

/// Prints rows while the rest of the answer is still on its way.
fn print(frame: &Frame) {
    if let Frame::TableFragment(fragment) = frame {
        for row in fragment.rows.rows() {
            println!("{:?}", row.values().collect::<Vec<_>>());
        }
    }
}

#[test]
fn the_example_runs() {
    smol::block_on(query(&service::start().unwrap().parse().unwrap())).unwrap();
}

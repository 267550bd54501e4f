//! Serves files as tables: `cargo run -p kusto-emulator --example serve -- storms.csv`, then ask
//! `http://127.0.0.1:8080` with any Kusto client.

#![allow(clippy::print_stdout, reason = "an example that talks to its user")]

use kusto_emulator::Emulator;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = std::env::args_os().skip(1);
    let builder = files.fold(Emulator::builder().port(8080), |builder, file| {
        builder.attach(file)
    });
    let emulator = builder.start().await?;
    println!("listening on {}; stop with Ctrl-C", emulator.uri());
    for (name, columns) in emulator.tables() {
        println!("  {name} {columns}");
    }
    tokio::signal::ctrl_c().await?;
    emulator.stop().await;
    Ok(())
}

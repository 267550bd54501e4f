//! `kusto serve`

use std::io::Write;

use crate::args::ServeArguments;
use crate::failure::{self, Failure};
use crate::local;

pub(crate) async fn run(arguments: ServeArguments) -> Result<(), Failure> {
    let service = local::start(&arguments.files, arguments.sample, arguments.port).await?;
    let mut out = std::io::stdout();
    let mut say = |line: String| failure::unless_closed(writeln!(out, "{line}").and_then(|()| out.flush()));
    for (name, columns) in service.tables() {
        say(format!("table {name} {columns}"))?;
    }
    say(format!("listening on {}", service.uri()))?;
    tokio::signal::ctrl_c()
        .await
        .map_err(|error| Failure::io("cannot wait for Ctrl-C", &error))?;
    service.stop().await;
    Ok(())
}

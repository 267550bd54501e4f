//! `kusto link`

use std::io::Write;

use kusto_protocol::DeepLink;

use crate::args::LinkArguments;
use crate::config;
use crate::failure::{self, Failure};
use crate::text;

pub(crate) fn run(arguments: &LinkArguments) -> Result<(), Failure> {
    let file = arguments.input.file.as_deref();
    let (_, argument) = text::split(&arguments.text, false, file.is_some())?;
    let text = text::read(argument, file)?;
    let connection = config::connection(&arguments.connection)?;
    let link = DeepLink::new(connection.string.endpoint().clone())
        .database(connection.database)
        .query(text.trim());
    let url = link.to_url().map_err(|error| Failure::new(error.to_string()))?;
    failure::unless_closed(writeln!(std::io::stdout(), "{url}"))
}

//! `kusto query`

use crate::args::QueryArguments;
use crate::connect;
use crate::failure::Failure;
use crate::run::{Out, Sent};
use crate::text;

pub(crate) async fn run(arguments: QueryArguments) -> Result<(), Failure> {
    let file = arguments.input.file.as_deref();
    let (files, argument) = text::split(
        &arguments.text,
        !arguments.target.local.is_empty(),
        file.is_some(),
    )?;
    let text = text::read(argument, file)?;
    text::check(&text, false)?;
    let out = Out::choose(&arguments.output)?;
    let target = connect::target(&arguments.target, files).await?;
    let sent = Sent::new(&text, &target, &arguments.request, false);
    let query = sent.request(target.client.query(&text), arguments.request);
    sent.print(query.frames(), &out, arguments.chart.as_deref()).await
}

//! `kusto mgmt`

use crate::args::MgmtArguments;
use crate::connect;
use crate::failure::Failure;
use crate::run::{Out, Sent};
use crate::text;

pub(crate) async fn run(arguments: MgmtArguments) -> Result<(), Failure> {
    let file = arguments.input.file.as_deref();
    let (files, argument) = text::split(
        &arguments.text,
        !arguments.target.local.is_empty(),
        file.is_some(),
    )?;
    let text = text::read(argument, file)?;
    text::check(&text, true)?;
    let out = Out::choose(&arguments.output)?;
    let target = connect::target(&arguments.target, files).await?;
    let sent = Sent::new(&text, &target, &arguments.request, true);
    let command = sent.request(target.client.mgmt(text.trim()), arguments.request);
    sent.print(command.frames(), &out, None).await
}

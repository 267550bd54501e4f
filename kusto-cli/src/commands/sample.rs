//! `kusto sample`

use std::io::Write;

use crate::args::{SampleArguments, SampleKind};
use crate::failure::{self, Failure};

pub(crate) fn run(arguments: &SampleArguments) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let written = match arguments.kind {
        SampleKind::Storms => kusto_emulator::write_storm_events(&mut out, arguments.rows),
    };
    failure::unless_closed(written.and_then(|()| out.flush()))
}

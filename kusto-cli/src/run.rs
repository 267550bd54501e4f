//! Sends a query or command, and prints its answer to the end.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use kusto_client::{Frames, Query};

use crate::args::{OutputArguments, RequestArguments};
use crate::chart::TextStyle;
use crate::connect::Target;
use crate::failure::{self, Failure, words};
use crate::output::{Format, Printer, TableStyle};
use crate::place;
use crate::progress::Progress;
use crate::results::{Charts, Results};
use crate::terminal::Terminal;

/// Where the answer goes, and in which format.
pub(crate) struct Out {
    format: Format,
    file: Option<PathBuf>,
    terminal: Option<Terminal>,
    /// Nobody chose the format: what `render` asks for may be drawn instead.
    can_draw: bool,
    is_quiet: bool,
}

impl Out {
    /// Decides on the format: the one that is asked for, else the one that the name of the file says, else a table.
    ///
    /// # Errors
    ///
    /// A usage error if no format can be found, or if it does not go with a terminal.
    pub(crate) fn choose(arguments: &OutputArguments) -> Result<Self, Failure> {
        let terminal = Terminal::stdout().filter(|_| arguments.output.is_none());
        let format = match (arguments.format, &arguments.output) {
            (Some(format), _) => format,
            (None, Some(file)) => format_of(file)?,
            (None, None) => Format::Table,
        };
        if format.is_binary() && terminal.is_some() {
            return Err(Failure::usage(
                "this format is binary: send it to a file with --output FILE or > FILE",
            ));
        }
        Ok(Self {
            format,
            file: arguments.output.clone(),
            can_draw: format == Format::Table,
            terminal,
            is_quiet: arguments.quiet.quiet,
        })
    }

    fn open(&self) -> Result<Printer<Box<dyn Write + Send>>, Failure> {
        let style = self
            .terminal
            .map_or_else(TableStyle::default, Terminal::table_style);
        let out: Box<dyn Write + Send> = match &self.file {
            None => Box::new(io::stdout()),
            Some(path) => Box::new(
                File::create(path)
                    .map_err(|error| Failure::io(&format!("cannot write {}", path.display()), &error))?,
            ),
        };
        Ok(Printer::new(self.format, style, out))
    }

    fn charts(&self, file: Option<&Path>) -> Charts {
        let style = self
            .terminal
            .map_or_else(TextStyle::default, Terminal::text_style);
        Charts {
            text: self.can_draw.then_some(style),
            file: file.map(Path::to_owned),
        }
    }
}

fn format_of(file: &Path) -> Result<Format, Failure> {
    let extension = file
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    Ok(match extension.to_ascii_lowercase().as_str() {
        "csv" => Format::Csv,
        "tsv" => Format::Tsv,
        "json" | "jsonl" | "ndjson" => Format::Jsonl,
        "md" => Format::Markdown,
        "arrow" | "arrows" => Format::Arrow,
        "parquet" => Format::Parquet,
        "txt" => Format::Table,
        _ => {
            return Err(Failure::usage(format!(
                "{}: the name does not say which format; add --format",
                file.display()
            )));
        }
    })
}

/// A text on its way to the service.
pub(crate) struct Sent<'a> {
    text: &'a str,
    /// Lines that are sent before the text: declarations of parameters.
    lines_before: usize,
    target: &'a Target,
    client_request_id: String,
    allow_partial: bool,
    is_command: bool,
}

impl<'a> Sent<'a> {
    pub(crate) fn new(
        text: &'a str,
        target: &'a Target,
        request: &RequestArguments,
        is_command: bool,
    ) -> Self {
        Self {
            text,
            lines_before: usize::from(!request.parameters.is_empty()),
            target,
            client_request_id: kusto_client::new_request_id("run"),
            allow_partial: request.allow_partial,
            is_command,
        }
    }

    /// The query or command with all that the arguments say about it.
    pub(crate) fn request(&self, query: Query, arguments: RequestArguments) -> Query {
        let mut query = query
            .database(&self.target.database)
            .client_request_id(&self.client_request_id);
        for (name, value) in arguments.parameters {
            query = query.param(name, value);
        }
        for (name, value) in arguments.options {
            query = query.option(name, value);
        }
        match arguments.timeout {
            Some(timeout) => query.server_timeout(timeout),
            None => query,
        }
    }
}

impl Sent<'_> {
    /// Prints an answer to its end. Ctrl-C cancels the request on the service.
    ///
    /// # Errors
    ///
    /// What the service says, what the output returns, or that the request was cancelled.
    pub(crate) async fn print(
        &self,
        answer: impl Future<Output = Result<Frames, kusto_client::Error>>,
        out: &Out,
        chart: Option<&Path>,
    ) -> Result<(), Failure> {
        let mut progress = Progress::new(out.is_quiet);
        let printed = tokio::select! {
            printed = self.print_frames(answer, out, chart, &mut progress) => printed,
            _ = tokio::signal::ctrl_c() => Err(self.cancel().await),
        };
        match printed {
            Ok(()) => {
                progress.finish();
                Ok(())
            }
            Err(failure) => {
                progress.clear();
                Err(failure)
            }
        }
    }
}

impl Sent<'_> {
    async fn print_frames(
        &self,
        answer: impl Future<Output = Result<Frames, kusto_client::Error>>,
        out: &Out,
        chart: Option<&Path>,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let mut frames = ticking(answer, progress)
            .await
            .map_err(|error| self.failure(&error))?;
        // Only now: a query that is refused leaves the file as it was.
        let mut results = if self.is_command {
            Results::of_command(out.open()?)
        } else {
            Results::of_query(out.open()?, out.charts(chart))
        };
        while let Some(frame) = ticking(frames.next(), progress)
            .await
            .map_err(|error| self.failure(&error))?
        {
            progress.clear();
            let taken = results.frame(frame);
            progress.rows = results.rows();
            progress.bytes = frames.bytes_received();
            if let Err(error) = taken {
                return self.stopped(error).await;
            }
        }
        progress.clear();
        let summary = match results.finish() {
            Ok(summary) => summary,
            Err(error) => return self.stopped(error).await,
        };
        for note in summary.notes {
            eprintln!("note: {note}");
        }
        match summary.errors.first() {
            None => Ok(()),
            Some(error) if self.allow_partial => {
                eprintln!("warning: the query failed halfway: {}", words(error));
                Ok(())
            }
            Some(error) => {
                let message = format!(
                    "the query failed halfway, the rows are not complete: {}",
                    words(error)
                );
                Err(self.placed(Failure::new(message)))
            }
        }
    }

    /// Nobody takes the rows any more, so the service need not go on.
    async fn stopped(&self, error: io::Error) -> Result<(), Failure> {
        // Best effort: the command ends with or without it.
        let _ = self.target.client.cancel(&self.client_request_id).await;
        failure::unless_closed(Err(error))
    }

    async fn cancel(&self) -> Failure {
        match self.target.client.cancel(&self.client_request_id).await {
            Ok(_) => Failure::new("cancelled"),
            Err(error) => Failure::new(format!(
                "stopped, but the service could not be told to cancel: {error}"
            )),
        }
    }

    fn failure(&self, error: &kusto_client::Error) -> Failure {
        self.placed(Failure::of_client(error, self.target.is_local()))
    }

    /// With the place in the text that the message names.
    fn placed(&self, failure: Failure) -> Failure {
        match place::underlined(&failure.to_string(), self.text, self.lines_before) {
            Some(place) => failure.with_lines(&place),
            None => failure,
        }
    }
}

/// Waits for `future`, and shows progress meanwhile.
async fn ticking<T>(future: impl Future<Output = T>, progress: &mut Progress) -> T {
    let mut future = std::pin::pin!(future);
    loop {
        tokio::select! {
            output = &mut future => return output,
            () = tokio::time::sleep(Progress::PERIOD) => progress.tick(),
        }
    }
}

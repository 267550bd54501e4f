//! The arguments of the command, and their help.

#![allow(
    rustdoc::bare_urls,
    reason = "the comments are help texts, printed as they are"
)]

mod serve;

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use kusto_protocol::{ColumnType, DataFormat, Literal};

use crate::login::Login;
use crate::output::Format;
pub(crate) use serve::{ServeArguments, TestArguments, TokenArguments};

/// Query, load and serve Azure Data Explorer (Kusto) databases
#[derive(Debug, Parser)]
#[command(name = "kusto", version, after_help = AFTER_HELP, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Query(QueryArguments),
    Mgmt(MgmtArguments),
    Shell(ShellArguments),
    Ingest(IngestArguments),
    Serve(ServeArguments),
    Link(LinkArguments),
    Sample(SampleArguments),
    Completions(CompletionsArguments),
}

/// Run a KQL query
#[derive(Args, Debug)]
#[command(after_long_help = QUERY_EXAMPLES)]
pub(crate) struct QueryArguments {
    /// The query, in one argument; read from standard input if there is none, or if it is `-`
    ///
    /// With --local, arguments before the query are further files.
    #[arg(value_name = "QUERY")]
    pub(crate) text: Vec<String>,
    #[command(flatten)]
    pub(crate) input: TextArguments,
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    #[command(flatten)]
    pub(crate) request: RequestArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
    /// Write what `render` asks for as a picture, SVG or PNG by the name of the file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, value_parser = picture, help_heading = "Output")]
    pub(crate) chart: Option<PathBuf>,
}

/// Run a management command, such as `.show tables`
#[derive(Args, Debug)]
#[command(after_long_help = MGMT_EXAMPLES)]
pub(crate) struct MgmtArguments {
    /// The command, in one argument; read from standard input if there is none, or if it is `-`
    ///
    /// With --local, arguments before the command are further files.
    #[arg(value_name = "COMMAND")]
    pub(crate) text: Vec<String>,
    #[command(flatten)]
    pub(crate) input: TextArguments,
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    #[command(flatten)]
    pub(crate) request: RequestArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Ask one thing after the other, at a prompt
///
/// Queries and management commands, with completion, a history, and the directives of Kusto.Cli: #help lists them. From
/// a file or a pipe, blank lines separate the requests, and the first one that fails ends the shell with exit code 1.
#[derive(Args, Debug)]
#[command(after_long_help = SHELL_EXAMPLES)]
pub(crate) struct ShellArguments {
    /// Further files of --local
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, requires = "local")]
    pub(crate) files: Vec<String>,
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    #[command(flatten)]
    pub(crate) request: RequestArguments,
    /// Format of the results; table if not given
    #[arg(long, value_enum, help_heading = "Output")]
    pub(crate) format: Option<Format>,
    #[command(flatten)]
    pub(crate) quiet: QuietArguments,
}

/// Load files into a table
///
/// What fits is streamed, up to 4 MiB a file, and can be queried when the command ends; the rest is uploaded to the
/// service's storage and queued, which takes minutes. `--by` allows one way only. A file that fails does not keep the
/// others from being loaded; the exit code is 1 then.
#[derive(Args, Debug)]
#[command(after_long_help = INGEST_EXAMPLES)]
pub(crate) struct IngestArguments {
    /// Files to load, gzip-compressed or not, or patterns such as 'logs/*.csv.gz'; `-` is standard input
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// The table, which must exist
    #[arg(short, long, value_name = "NAME")]
    pub(crate) table: String,
    /// The format of the data, such as csv, json, multijson or parquet; by the name of the file if not given
    #[arg(long, value_name = "FORMAT", value_parser = data_format)]
    pub(crate) data_format: Option<DataFormat>,
    /// Leave out the first line, the names of the columns (csv, tsv and the like)
    #[arg(long)]
    pub(crate) skip_header: bool,
    /// The name of an ingestion mapping of the table
    #[arg(long, value_name = "NAME")]
    pub(crate) mapping: Option<String>,
    /// Which way the data goes
    #[arg(long, value_name = "WAY", value_enum, default_value_t = IngestWay::Managed)]
    pub(crate) by: IngestWay,
    /// Wait this long for queued data to be in, and fail if it is not
    #[arg(long, value_name = "SECONDS")]
    pub(crate) wait: Option<u64>,
    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,
    #[command(flatten)]
    pub(crate) quiet: QuietArguments,
}

/// Which way the data of `kusto ingest` goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum IngestWay {
    /// What fits is streamed, the rest is queued
    Managed,
    /// All is queued
    Queued,
    /// All is streamed, and what is too large is an error
    Streaming,
}

/// Print a link that opens a query in the web page of the service
#[derive(Args, Debug)]
#[command(after_long_help = LINK_EXAMPLES)]
pub(crate) struct LinkArguments {
    /// The query, in one argument; read from standard input if there is none, or if it is `-`
    #[arg(value_name = "QUERY")]
    pub(crate) text: Vec<String>,
    #[command(flatten)]
    pub(crate) input: TextArguments,
    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,
}

/// Write made-up data to standard output, the same for the same number of rows
#[derive(Args, Debug)]
#[command(after_long_help = SAMPLE_EXAMPLES)]
pub(crate) struct SampleArguments {
    /// What to write
    #[arg(value_enum)]
    pub(crate) kind: SampleKind,
    /// Number of rows
    #[arg(short = 'n', long, default_value_t = 100_000)]
    pub(crate) rows: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SampleKind {
    /// Storms of the year 2007, as CSV with the columns of the well-known table StormEvents
    Storms,
}

/// Print the completion script of a shell
#[derive(Args, Debug)]
#[command(after_long_help = COMPLETIONS_EXAMPLES)]
pub(crate) struct CompletionsArguments {
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// Where the text comes from if it is not an argument.
#[derive(Args, Debug)]
pub(crate) struct TextArguments {
    /// Read the text from this file
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
}

/// A service, or files on this machine.
#[derive(Args, Debug)]
pub(crate) struct TargetArguments {
    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,
    /// Ask this file instead of a service; repeat for several. Each is a table named as the file without extension
    #[arg(
        short,
        long,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        help_heading = "Connection",
        conflicts_with_all = ["cluster", "connection_string"]
    )]
    pub(crate) local: Vec<PathBuf>,
    /// Ask 100,000 invented storms, the table `storms`, instead of a service
    #[arg(long, help_heading = "Connection", conflicts_with_all = ["cluster", "connection_string"])]
    pub(crate) sample: bool,
}

/// Which service, and who asks.
#[derive(Args, Debug)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionArguments {
    /// Address of the service, such as https://help.kusto.windows.net
    #[arg(short, long, value_name = "URL", value_hint = ValueHint::Url, conflicts_with = "connection_string")]
    pub(crate) cluster: Option<String>,
    /// Database, if not the one of the connection string
    #[arg(short, long, value_name = "NAME")]
    pub(crate) database: Option<String>,
    /// Kusto connection string, with the credentials to use; KUSTO_CONNECTION_STRING if not given
    #[arg(long, value_name = "STRING")]
    pub(crate) connection_string: Option<String>,
    /// Who signs in, if not as the connection string says
    ///
    /// A person is asked once; the tokens are kept in kusto/tokens.json in the user's cache folder, for this user
    /// alone.
    #[arg(long, value_enum, value_name = "WAY")]
    pub(crate) login: Option<Login>,
    /// Configuration file, instead of kusto/config.toml in the user's configuration folder
    #[arg(long, value_name = "FILE", env = "KUSTO_CONFIG", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Host that may receive tokens, besides those of Azure; repeat for several
    #[arg(long = "trusted-host", value_name = "HOST")]
    pub(crate) trusted_hosts: Vec<String>,
}

/// What goes with the text.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Request")]
pub(crate) struct RequestArguments {
    /// Value of a query parameter, declared as string unless a type is given; repeat for several
    #[arg(long = "param", value_name = "NAME[:TYPE]=VALUE", value_parser = parameter)]
    pub(crate) parameters: Vec<(String, Literal)>,
    /// Request option, such as notruncation=true; repeat for several
    #[arg(long = "option", value_name = "NAME=VALUE", value_parser = request_option)]
    pub(crate) options: Vec<(String, serde_json::Value)>,
    /// How long the service may take, such as 30s, 5m or 1h
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// Exit with 0 even if the service reports that the query failed halfway; the rows before that are printed anyway
    #[arg(long)]
    pub(crate) allow_partial: bool,
}

/// How and where results are written.
#[derive(Args, Debug)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArguments {
    /// Format of the results; table if not given, with a chart below it where the query says `render`
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// Write the results to this file; its name chooses the format if --format does not
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) quiet: QuietArguments,
}

/// What is said besides the results.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct QuietArguments {
    /// Print neither progress nor the line of rows and seconds
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,
}

fn picture(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("svg" | "png") => Ok(path),
        _ => Err("the name must end in .svg or .png".to_owned()),
    }
}

fn data_format(text: &str) -> Result<DataFormat, String> {
    text.parse().map_err(|_| {
        let names: Vec<&str> = DataFormat::ALL.iter().map(|format| format.name()).collect();
        format!("known formats: {}", names.join(", "))
    })
}

pub(crate) fn parameter(text: &str) -> Result<(String, Literal), String> {
    let (name, value) = pair(text)?;
    let (name, column_type) = match name.split_once(':') {
        Some((name, column_type)) => (name, ColumnType::from_name(column_type)),
        None => (name, ColumnType::String),
    };
    if let ColumnType::Unknown(unknown) = column_type {
        let names: Vec<&str> = ColumnType::ALL.iter().map(ColumnType::as_str).collect();
        return Err(format!(
            "{unknown:?} is not a type; use one of {}",
            names.join(", ")
        ));
    }
    // Text stays as it is: only other types are read as literals.
    let literal = if column_type == ColumnType::String {
        Literal::from(value)
    } else {
        Literal::from_parameter(column_type, &value.into()).map_err(|error| error.to_string())?
    };
    Ok((name.to_owned(), literal))
}

/// Values that are JSON are taken as such (`true`, `5`), others as text.
pub(crate) fn request_option(text: &str) -> Result<(String, serde_json::Value), String> {
    let (name, value) = pair(text)?;
    Ok((
        name.to_owned(),
        serde_json::from_str(value).unwrap_or_else(|_| value.into()),
    ))
}

fn pair(text: &str) -> Result<(&str, &str), String> {
    text.split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| "expected a name, = and a value".to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let seconds = match &text[digits.len()..] {
        "s" | "" => 1,
        "m" => 60,
        "h" => 3600,
        _ => 0,
    };
    digits
        .parse::<NonZeroU64>()
        .ok()
        .and_then(|count| count.get().checked_mul(seconds))
        .filter(|seconds| (1..=3600).contains(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| "expected 1s to 1h, such as 30s or 5m".to_owned())
}

/// Paragraphs are single lines: they are wrapped to the terminal.
const AFTER_HELP: &str = "\
Where a query goes: to --connection-string or --cluster, else to the service of the environment variable \
KUSTO_CONNECTION_STRING, else to connection-string or cluster in kusto/config.toml of the user's configuration folder \
(~/.config). --database, or database in that file, names the database. --local and --sample ask no service at all.

Results are on standard output, everything else on standard error. Exit code: 0 if all went well, 1 if something \
failed, 2 if the arguments are wrong. NO_COLOR turns colours off.

kusto COMMAND --help has examples.";

const QUERY_EXAMPLES: &str = "\
Examples:
  Ask a file:
    kusto query --local storms.csv 'storms | summarize count() by State | top 5 by count_'
  Join two files, draw a chart on the terminal and write it as a picture:
    kusto query --local a.csv b.parquet 'a | join b on Id | summarize count() by Kind | render barchart' --chart c.svg
  Ask a service, with a parameter; the rows are CSV for the next program:
    kusto query -c https://help.kusto.windows.net -d Samples --param s=TEXAS \\
      'StormEvents | where State == s | take 10' --format csv > texas.csv
  Read the query from a file and keep the result as Parquet:
    kusto query -c https://help.kusto.windows.net -d Samples -f report.kql -o report.parquet";

const MGMT_EXAMPLES: &str = "\
Examples:
  kusto mgmt -c http://127.0.0.1:8080 '.show tables'
  kusto mgmt -c http://127.0.0.1:8080 '.create table Logs (Time: datetime, Text: string)'
  kusto mgmt --local storms.csv '.show table storms cslschema'";

const SHELL_EXAMPLES: &str = "\
Examples:
  kusto shell --sample
  kusto shell --local storms.csv rain.parquet
  kusto shell -c https://help.kusto.windows.net -d Samples
  kusto shell -c http://127.0.0.1:8080 < tables.kql";

const INGEST_EXAMPLES: &str = "\
Examples:
  kusto ingest -c http://127.0.0.1:8080 --table storms --skip-header more.csv.gz
  kusto ingest -c https://mycluster.westeurope.kusto.windows.net -d Logs -t Raw --data-format json --mapping raw -
  kusto ingest -c https://mycluster.westeurope.kusto.windows.net -d Logs -t Raw --by queued --wait 600 'logs/*.csv.gz'";

const LINK_EXAMPLES: &str = "\
Examples:
  kusto link -c https://help.kusto.windows.net -d Samples 'StormEvents | count'";

const SAMPLE_EXAMPLES: &str = "\
Examples:
  kusto sample storms --rows 1000000 > storms.csv
  kusto sample storms -n 50 | kusto ingest -c http://127.0.0.1:8080 -t storms --data-format csv --skip-header -";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  kusto completions bash > ~/.local/share/bash-completion/completions/kusto
  kusto completions zsh > ~/.zfunc/_kusto
  kusto completions fish > ~/.config/fish/completions/kusto.fish";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn parameters_are_text_unless_a_type_is_given() {
        assert_eq!(parameter("s=a=b"), Ok(("s".to_owned(), Literal::from("a=b"))));
        assert_eq!(parameter("n:long=5"), Ok(("n".to_owned(), Literal::Long(5))));
        assert_eq!(
            parameter("s=long(5)"),
            Ok(("s".to_owned(), Literal::from("long(5)")))
        );
        for wrong in ["n", "=5", "n:number=5", "n:long=five"] {
            assert!(parameter(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn options_are_json_where_they_can_be() {
        assert_eq!(request_option("a=true"), Ok(("a".to_owned(), true.into())));
        assert_eq!(
            request_option("a=00:05:00"),
            Ok(("a".to_owned(), "00:05:00".into()))
        );
    }

    #[test]
    fn times_are_from_a_second_to_an_hour() {
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        for wrong in ["", "0s", "2h", "5d", "-1s", "99999999999999999999h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn pictures_are_svg_or_png() {
        assert!(picture("a.svg").is_ok() && picture("a.b.png").is_ok());
        assert!(picture("a.jpg").is_err() && picture("svg").is_err());
    }
}

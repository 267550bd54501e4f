//! The arguments of `kusto serve`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// Serve files as a Kusto database on this machine, for any Kusto client
///
/// Each file is a table of the database NetDefaultDB, named as the file without its extension. The service listens on
/// 127.0.0.1 until Ctrl-C.
#[derive(Args, Debug)]
#[command(after_long_help = SERVE_EXAMPLES)]
pub(crate) struct ServeArguments {
    /// CSV, TSV, JSON lines or Parquet files to attach; CSV and JSON may be gzip-compressed
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// The port to listen on; 0 takes a free one
    #[arg(short, long, default_value_t = 8080)]
    pub(crate) port: u16,
    /// Also attach 100,000 invented storms as the table `storms`
    #[arg(long)]
    pub(crate) sample: bool,
    /// Keep databases in this folder, tables as Parquet files, so that they are there after a restart
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) data: Option<PathBuf>,
    /// Let `.ingest into table T ('file.csv')` read the files of this folder
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) ingest_folder: Option<PathBuf>,
    /// Offer queued ingestion through this storage account: the connection string of an Azurite
    #[arg(
        long,
        value_name = "CONNECTION STRING",
        env = "KUSTO_SERVE_STORAGE",
        hide_env_values = true
    )]
    pub(crate) storage: Option<String>,
    /// Speak TLS with a certificate made for this run, and write it to this file for clients to trust
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) tls: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) tokens: TokenArguments,
    #[command(flatten)]
    pub(crate) tests: TestArguments,
}

/// Who may ask.
#[derive(Args, Debug)]
#[command(next_help_heading = "Tokens")]
pub(crate) struct TokenArguments {
    /// Refuse requests without a bearer token; any will do
    #[arg(long)]
    pub(crate) require_token: bool,
    /// Refuse requests without this bearer token
    #[arg(
        long,
        value_name = "TOKEN",
        env = "KUSTO_SERVE_TOKEN",
        hide_env_values = true,
        conflicts_with = "require_token"
    )]
    pub(crate) token: Option<String>,
    /// Refuse requests without a token that this OpenID provider signed (RS256 or ES256)
    ///
    /// Its keys are looked up at URL/.well-known/openid-configuration, unless --issuer-keys gives them.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, conflicts_with_all = ["require_token", "token"])]
    pub(crate) issuer: Option<String>,
    /// An audience that tokens of the issuer may have; repeat for several. Without one, any will do
    #[arg(long = "audience", value_name = "AUDIENCE", requires = "issuer")]
    pub(crate) audiences: Vec<String>,
    /// The keys of the issuer, a JSON Web Key Set
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "issuer")]
    pub(crate) issuer_keys: Option<PathBuf>,
    /// The certificate to trust when the issuer is at https://, in PEM: its own, or that of who signed it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "issuer")]
    pub(crate) issuer_certificate: Option<PathBuf>,
    /// Where clients are told to get tokens; the issuer, or https://login.microsoftonline.com, if not given
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) login_endpoint: Option<String>,
}

/// What tests of clients need.
#[derive(Args, Debug)]
#[command(next_help_heading = "For tests of clients")]
pub(crate) struct TestArguments {
    /// Refuse queries with status 429 while so many are running
    #[arg(long, value_name = "NUMBER")]
    pub(crate) max_concurrent_queries: Option<usize>,
    /// Let go wrong what this file says: a JSON list of faults, see below
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) faults: Option<PathBuf>,
    /// Add each request to this file, as a line of JSON without its token
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) journal: Option<PathBuf>,
}

const SERVE_EXAMPLES: &str = "\
Examples:
  kusto serve --port 8080 storms.csv events.parquet
  kusto query -c http://127.0.0.1:8080 'storms | count'

Faults:
  A fault is for requests whose path begins with \"path\" and whose body contains \"text\"; it spares the first \
\"skip\" of them and ends after \"times\". Without these it is for all. What goes wrong:
    delay_ms          the answer begins later
    status            this status in place of the answer, with body, headers ([[name, value], ...]) and retry_after_s
    drop_connection   true: the connection ends without an answer
    cut               the connection ends after so many bytes of the body
    chunk, drip_ms    the body comes in pieces of so many bytes, with a pause before each
    content_length    this Content-Length, whatever the body is
    in_data_error     {\"after_rows\": 3, \"error\": {\"code\": \"X\", \"message\": \"...\"}}: the first result ends so
  Two requests are refused, then every answer is cut:
    [{\"path\": \"/v2/rest/query\", \"times\": 2, \"status\": 429, \"retry_after_s\": 1}, {\"cut\": 1000}]";

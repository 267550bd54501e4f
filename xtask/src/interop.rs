//! Runs other people's clients against our service, and our client against theirs. See interop/README.md.

mod proxy;
mod sign_in;

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::azurite::Azurite;
use crate::service::{self, Service};

/// The checks that there are.
const CHECKS: &[&str] = &[
    "python", "ingest", "node", "duckdb", "oracle", "arrow", "openid", "msal", "proxy",
];

/// Queries that every service here answers in the same way.
const QUERIES: &[&str] = &[
    "storms | count",
    "storms | summarize n = count() by State | order by n desc, State asc | take 10",
    "storms | where EventType == 'Tornado' | summarize Deaths = sum(DeathsDirect), n = count() by State | order by State asc",
    "storms | where State startswith 'T' and DamageProperty > 1000 | project EventId, StartTime, State, DamageProperty | order by EventId asc",
    "storms | extend Hour = bin(StartTime, 1h) | summarize n = count() by Hour | order by Hour asc | take 24",
    "storms | where EventNarrative has 'wind' | order by EventId asc | project EventId, EventNarrative | take 20",
    "storms | order by DamageProperty desc, EventId asc | take 5 | project EventId, BeginLat, BeginLon",
    "print a = 1, b = 'two', c = 3.5, d = true, e = datetime(2007-09-20T21:57:00Z)",
];

/// Further queries for clients of our service: types that the other service does not answer in full.
const ALL_TYPES: &[&str] = &[
    "print b = bool(null), i = int(7), l = 9223372036854775807, r = 0.1, s = 'é\"\\\\', t = 1d + 2h, g = guid(74be27de-1e4e-49d9-b579-fe0b331d3642), d = dynamic({'a': [1, 2]})",
    "print when = datetime(2020-03-04T14:05:01.3109965Z)",
    "storms | order by EventId asc | take 100",
];

/// Runs the interop checks named, or all.
pub(crate) fn run(names: &[String]) -> Result<(), String> {
    let wants = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    if let Some(unknown) = names.iter().find(|name| !CHECKS.contains(&name.as_str())) {
        let checks = CHECKS.join(", ");
        return Err(format!(
            "there is no interop check '{unknown}'; there are {checks}"
        ));
    }
    let folder = crate::root().join("target/interop");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    if wants("arrow") {
        arrow(&folder)?;
    }
    if wants("msal") {
        sign_in::msal(&folder)?;
    }
    if wants("proxy") {
        proxy::run(&folder)?;
    }
    // The others need our command.
    let without = ["arrow", "msal", "proxy"];
    if !names.is_empty() && names.iter().all(|name| without.contains(&name.as_str())) {
        return Ok(());
    }
    let kusto = service::build_cli()?;
    let storms = folder.join("storms.csv");
    let sample = output(Command::new(&kusto).args(["sample", "storms", "--rows", "2000"]))?;
    fs::write(&storms, sample).map_err(|error| format!("{}: {error}", storms.display()))?;

    if wants("openid") {
        sign_in::openid(&kusto, &storms)?;
    }
    let service = service::start(&kusto, &[&storms])?;
    if wants("python") || wants("node") {
        let cases = cases(&folder, &kusto, &service)?;
        if wants("python") {
            python(&folder, &service, &cases)?;
        }
        if wants("node") {
            node(&service, &cases)?;
        }
    }
    if wants("ingest") {
        ingest(&folder, &kusto)?;
    }
    if wants("oracle") {
        oracle(&service)?;
    }
    if wants("duckdb") {
        duckdb(&folder, &kusto, &service, &storms)?;
    }
    Ok(())
}

/// Other programs on Arrow read the files that our examples write.
fn arrow(folder: &Path) -> Result<(), String> {
    let files = ["ipc", "parquet"].map(|example| (example, folder.join(format!("rows.{example}"))));
    for (example, file) in &files {
        let file = file.display().to_string();
        crate::cargo(
            &[
                "run",
                "--locked",
                "--quiet",
                "--package",
                "kusto-arrow",
                "--example",
                example,
                "--",
                &file,
            ],
            &[],
        )?;
    }
    crate::run(
        Command::new(environment(folder, "arrow")?)
            .arg(crate::root().join("interop/arrow/read.py"))
            .args(files.iter().map(|(_, file)| file)),
    )
}

/// The queries, each with the rows that our own client gets: the measure for other clients.
fn cases(folder: &Path, kusto: &Path, service: &Service) -> Result<PathBuf, String> {
    let cases: Vec<Value> = QUERIES
        .iter()
        .chain(ALL_TYPES)
        .map(|query| Ok(json!({"query": query, "rows": rows(kusto, &service.uri, "NetDefaultDB", query)?})))
        .collect::<Result<_, String>>()?;
    let file = folder.join("cases.json");
    fs::write(&file, Value::Array(cases).to_string())
        .map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(file)
}

/// Microsoft's SDK for Python asks our service.
fn python(folder: &Path, service: &Service, cases: &Path) -> Result<(), String> {
    let python = environment(folder, "python")?;
    crate::run(
        Command::new(python)
            .arg(crate::root().join("interop/python/query_service.py"))
            .arg(&service.uri)
            .arg(cases),
    )
}

/// Microsoft's SDKs ingest into our service through storage that others wrote, and our command after them.
fn ingest(folder: &Path, kusto: &Path) -> Result<(), String> {
    let python = environment(folder, "python")?;
    let node = node_packages("node")?;
    let azurite = Azurite::start()?.ok_or("Azurite needs Node.js and npm")?;
    let service = service::start_with(kusto, &["--storage", &azurite.connection_string])?;
    let scripts = [
        (python, crate::root().join("interop/python/ingest_service.py")),
        (PathBuf::from("node"), node.join("ingest_service.js")),
    ];
    for (program, script) in &scripts {
        let read = folder.join("ingested.json");
        crate::run(Command::new(program).arg(script).arg(&service.uri).arg(&read))?;
        same_rows(kusto, &service.uri, &read)?;
    }
    ingest_ours(folder, kusto, &service.uri)
}

/// What an SDK read after it had ingested, a query and its rows, is what our client reads.
fn same_rows(kusto: &Path, uri: &str, read: &Path) -> Result<(), String> {
    let text = fs::read(read).map_err(|error| format!("{}: {error}", read.display()))?;
    let read: Value = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    let query = read["query"].as_str().unwrap_or_default();
    let (ours, theirs) = (rows(kusto, uri, "NetDefaultDB", query)?, &read["rows"]);
    if ours.is_empty() || theirs.as_array() != Some(&ours) {
        return Err(format!("{query}: our client reads other rows than the SDK"));
    }
    println!("our client reads the same {} rows", ours.len());
    Ok(())
}

/// Our command goes the same way: files of four formats through storage and queue, and back by a query.
fn ingest_ours(folder: &Path, kusto: &Path, uri: &str) -> Result<(), String> {
    const ROWS: u64 = 100_000;
    let ask = |command: &str, arguments: &[&str]| {
        let database = ["--quiet", "--cluster", uri, "--database", "NetDefaultDB"];
        output(Command::new(kusto).arg(command).args(database).args(arguments))
    };
    ask("mgmt", &[".create table OwnIngestion (name: string, n: long)"])?;
    let rows = format!("range n from 1 to {ROWS} step 1 | project name = strcat('row ', n), n");
    let formats = [
        ("csv", "csv"),
        ("tsv", "tsv"),
        ("jsonl", "json"),
        ("parquet", "parquet"),
    ];
    for (files, (format, extension)) in (1..).zip(formats) {
        let file = folder.join(format!("own.{extension}")).display().to_string();
        ask("query", &["--format", format, "--output", &file, &rows])?;
        let mut arguments = vec!["--table", "OwnIngestion", "--by", "queued", "--wait", "60", &file];
        if matches!(extension, "csv" | "tsv") {
            arguments.push("--skip-header");
        }
        ask("ingest", &arguments)?;
        let query = "OwnIngestion | summarize count(), sum(n), countif(name == strcat('row ', n))";
        let found = ask("query", &["--format", "csv", query])?;
        let (count, sum) = (files * ROWS, files * ROWS * (ROWS + 1) / 2);
        let expected = format!("{count},{sum},{count}");
        if found.lines().nth(1) != Some(&expected) {
            return Err(format!("after {file}: found {found}, expected {expected}"));
        }
    }
    println!("kusto ingest: csv, tsv, json and parquet, {ROWS} rows each, through storage and queue");
    Ok(())
}

/// Microsoft's SDK for Node asks our service.
fn node(service: &Service, cases: &Path) -> Result<(), String> {
    let folder = node_packages("node")?;
    crate::run(
        Command::new("node")
            .arg(folder.join("query_service.js"))
            .arg(&service.uri)
            .arg(cases),
    )
}

/// The official binder says which columns the queries of a file have; our service must agree.
fn oracle(service: &Service) -> Result<(), String> {
    let folder = node_packages("oracle")?;
    crate::run(
        Command::new("node")
            .arg(folder.join("compare.cjs"))
            .arg(&service.uri)
            .arg(folder.join("queries.kql")),
    )
}

/// A folder of scripts for Node, with the packages that its lock file pins.
fn node_packages(name: &str) -> Result<PathBuf, String> {
    let folder = crate::root().join("interop").join(name);
    crate::run(
        Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
            .current_dir(&folder),
    )?;
    Ok(folder)
}

/// Our client asks a service that others wrote, over the same file.
fn duckdb(folder: &Path, kusto: &Path, ours: &Service, storms: &Path) -> Result<(), String> {
    let python = environment(folder, "duckdb")?;
    let script = folder.join("storms.sql");
    let path = storms.display().to_string().replace('\'', "''");
    fs::write(
        &script,
        format!("CREATE TABLE storms AS SELECT * FROM read_csv('{path}', header = true);"),
    )
    .map_err(|error| format!("{}: {error}", script.display()))?;
    let port = free_port()?;
    let child = Command::new(python.with_file_name("duckdb-kql"))
        .arg("serve")
        .args(["--port", &port.to_string(), "--init"])
        .arg(&script)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|error| format!("cannot start duckdb-kql: {error}"))?;
    let theirs = Service {
        child,
        uri: format!("http://127.0.0.1:{port}"),
    };
    wait_for(port)?;
    let file = crate::root().join("interop/duckdb/queries.kql");
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let further = explained(&text);
    let (mut rows_equal, mut queries_equal, mut differ) = (0, 0, 0);
    for (query, reason) in QUERIES.iter().map(|query| (*query, None)).chain(further) {
        let expected = rows(kusto, &ours.uri, "NetDefaultDB", query)?;
        let found = rows(kusto, &theirs.uri, "memory", query);
        match (reason, found) {
            (None, Ok(found)) if found == expected => {
                queries_equal += 1;
                rows_equal += expected.len();
            }
            (None, found) => return Err(difference(query, found, &expected)),
            (Some(_), Ok(found)) if found == expected => {
                return Err(format!("{query}: no difference any more"));
            }
            (Some(reason), _) => {
                differ += 1;
                println!("differs  {query}\n         {reason}");
            }
        }
    }
    println!(
        "duckdb-kql: {queries_equal} queries, {rows_equal} rows equal to ours; {differ} differ for a reason given"
    );
    Ok(())
}

/// Queries, each with the reason why its answers differ, if they do.
fn explained(text: &str) -> Vec<(&str, Option<&str>)> {
    let mut queries = Vec::new();
    let mut reason = None;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match line.strip_prefix("// differs: ") {
            Some(given) => reason = Some(given),
            None if line.starts_with("//") => {}
            None => queries.push((line, reason.take())),
        }
    }
    queries
}

/// The first difference of two answers.
fn difference(query: &str, found: Result<Vec<Value>, String>, expected: &[Value]) -> String {
    let found = match found {
        Ok(found) => found,
        Err(error) => return format!("{query}: {error}"),
    };
    let first = found
        .iter()
        .zip(expected)
        .position(|(found, expected)| found != expected);
    match first {
        Some(row) => format!(
            "{query}: row {row}: duckdb-kql {}, ours {}",
            found[row], expected[row]
        ),
        None => format!(
            "{query}: {} rows from duckdb-kql, {} from ours",
            found.len(),
            expected.len()
        ),
    }
}

/// What our client gets for a query: one JSON object a row.
fn rows(kusto: &Path, uri: &str, database: &str, query: &str) -> Result<Vec<Value>, String> {
    let place = ["--cluster", uri, "--database", database];
    let text = output(
        Command::new(kusto)
            .arg("query")
            .args(place)
            .args(["--quiet", "--format", "jsonl", query]),
    )?;
    text.lines()
        .map(|line| serde_json::from_str(line).map_err(|error| format!("{query}: {error}: {line}")))
        .collect()
}

/// The Python of a virtual environment with the pinned packages, made when it is not there or they have changed.
pub(crate) fn environment(folder: &Path, name: &str) -> Result<PathBuf, String> {
    let requirements = crate::root().join("interop").join(name).join("requirements.txt");
    let environment = folder.join(format!("venv-{name}"));
    let python = environment.join("bin/python");
    let (stamp, wanted) = (
        environment.join("installed.txt"),
        fs::read(&requirements).map_err(|e| e.to_string())?,
    );
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    crate::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&environment),
    )?;
    crate::run(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--requirement"])
            .arg(&requirements),
    )?;
    fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(python)
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
    Ok(listener.local_addr().map_err(|error| error.to_string())?.port())
}

fn wait_for(port: u16) -> Result<(), String> {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err(format!("nothing listens on port {port} after a minute"))
}

fn output(command: &mut Command) -> Result<String, String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run {command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?} failed: {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}

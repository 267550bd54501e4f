//! The table of the guide: what the caller sees of each fault.

use std::net::SocketAddr;

use kusto_emulator::Emulator;

use crate::proxy::{End, Fault, Mark, Proxy};
use crate::{KINDS, Kind, Setting, ask, client, count};

/// A line of the table.
struct Line {
    name: &'static str,
    fault: fn(Kind, &Services) -> Fault,
    is_tls: bool,
    /// Whether it ends with the time limit.
    is_hasty: bool,
    is_refused: bool,
    /// For each kind what the caller sees if only the first try meets the fault, and if all do.
    seen: [(&'static str, &'static str); 4],
}

/// Where the services are.
struct Services {
    plain: SocketAddr,
    tls: SocketAddr,
    /// With a certificate that nobody trusts.
    foreign: SocketAddr,
}

const fn line(
    name: &'static str,
    fault: fn(Kind, &Services) -> Fault,
    seen: [(&'static str, &'static str); 4],
) -> Line {
    Line {
        name,
        fault,
        is_tls: false,
        is_hasty: false,
        is_refused: false,
        seen,
    }
}

const fn hasty(line: Line) -> Line {
    Line {
        is_hasty: true,
        ..line
    }
}

const fn tls(line: Line) -> Line {
    Line { is_tls: true, ..line }
}

/// The same for all kinds and both times.
const fn all(seen: &'static str) -> [(&'static str, &'static str); 4] {
    [(seen, seen); 4]
}

/// Tried again whatever it is.
const fn always(failure: &'static str) -> [(&'static str, &'static str); 4] {
    [("done", failure); 4]
}

/// Tried again if it may run twice.
const fn repeatable(failure: &'static str) -> [(&'static str, &'static str); 4] {
    [
        ("done", failure),
        (failure, failure),
        ("done", failure),
        (failure, failure),
    ]
}

/// As `repeatable`, of a failure that the service reports.
const fn reported(tries_again: bool) -> [(&'static str, &'static str); 4] {
    let (service, data) = ("`Service`", "`Ingest`");
    let first = if tries_again { "done" } else { service };
    [
        (first, service),
        (service, service),
        (first, service),
        (data, data),
    ]
}

const LINES: &[Line] = &[
    Line {
        is_refused: true,
        ..line("nobody listens", |_, _| Fault::None, always("`Connect`"))
    },
    tls(line(
        "the connection is reset while TLS begins",
        |_, _| Fault::Request(100, End::Reset),
        always("`Connect`"),
    )),
    tls(line(
        "the certificate is not trusted",
        |_, services| Fault::To(services.foreign),
        all("`Connect`"),
    )),
    tls(line(
        "the answer to TLS is plain text",
        |_, _| Fault::Greeting(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        all("`Connect`"),
    )),
    line(
        "the connection is reset while the request is sent",
        |_, _| Fault::Request(100, End::Reset),
        repeatable("`Interrupted`"),
    ),
    line(
        "the connection is reset before the answer",
        |_, _| Fault::Answer(Mark::Bytes(0), End::Reset),
        repeatable("`Interrupted`"),
    ),
    line(
        "the connection ends in the headers of the answer",
        |_, _| Fault::Answer(Mark::Bytes(20), End::Close),
        repeatable("`Interrupted`"),
    ),
    line(
        "the connection ends in the body, before the first row",
        |_, _| Fault::Answer(Mark::Text("\r\n\r\n", 10), End::Close),
        // The status says that data is in; nothing in the body matters then.
        [
            ("done", "`Interrupted`"),
            ("`Interrupted`", "`Interrupted`"),
            ("done", "`Interrupted`"),
            ("done", "done"),
        ],
    ),
    line(
        "the connection ends in the body, after the first rows",
        |kind, _| match kind {
            Kind::Query => Fault::Answer(Mark::Text("[2]", 0), End::Close),
            _ => Fault::Answer(Mark::Text("\"Rows\"", 0), End::Close),
        },
        [
            ("rows, `Interrupted`", "rows, `Interrupted`"),
            ("`Interrupted`", "`Interrupted`"),
            ("done", "`Interrupted`"),
            ("done", "done"),
        ],
    ),
    hasty(line(
        "the answer does not come",
        |_, _| Fault::Answer(Mark::Bytes(0), End::Silence),
        all("`Timeout`"),
    )),
    hasty(line(
        "the headers of the answer stop coming",
        |_, _| Fault::Answer(Mark::Bytes(20), End::Silence),
        all("`Timeout`"),
    )),
    hasty(line(
        "the body stops coming after the first rows",
        |kind, _| match kind {
            Kind::Query => Fault::Answer(Mark::Text("[2]", 0), End::Silence),
            _ => Fault::Answer(Mark::Text("\"Rows\"", 0), End::Silence),
        },
        [
            ("rows, `Timeout`", "rows, `Timeout`"),
            ("`Timeout`", "`Timeout`"),
            ("`Timeout`", "`Timeout`"),
            ("done", "done"),
        ],
    )),
    line(
        "the body is shorter than `Content-Length`",
        |_, _| instead("200 OK", "Content-Length: 50\r\n", "["),
        [
            ("done", "`Interrupted`"),
            ("`Interrupted`", "`Interrupted`"),
            ("done", "`Interrupted`"),
            ("done", "done"),
        ],
    ),
    line(
        "the body is longer than `Content-Length`",
        |_, _| {
            instead(
                "200 OK",
                "Content-Length: 2\r\n",
                "[{\"FrameType\":\"DataSetHeader\"}]",
            )
        },
        [
            ("done", "`Interrupted`"),
            ("`Interrupted`", "`Interrupted`"),
            ("done", "`Interrupted`"),
            ("done", "done"),
        ],
    ),
    line(
        "the body is not the gzip that it says it is",
        |_, _| instead("200 OK", "Content-Encoding: gzip\r\n", "no gzip"),
        [
            ("`Decode`", "`Decode`"),
            ("`Decode`", "`Decode`"),
            ("`Decode`", "`Decode`"),
            ("done", "done"),
        ],
    ),
    line(
        "the body is text, although the status is 200",
        |_, _| instead("200 OK", "", "General_BadRequest: no"),
        [
            ("`Service`", "`Service`"),
            ("`Service`", "`Service`"),
            ("`Service`", "`Service`"),
            ("done", "done"),
        ],
    ),
    line(
        "status 429 with `Retry-After`",
        |_, _| instead("429 Too Many Requests", "Retry-After: 0\r\n", ""),
        repeatable("`Throttled`"),
    ),
    line(
        "status 503",
        |_, _| instead("503 Service Unavailable", "", "<html>"),
        repeatable("`Throttled`"),
    ),
    line(
        "status 502",
        |_, _| instead("502 Bad Gateway", "", "<html>"),
        reported(true),
    ),
    line(
        "status 500, called transient by the service",
        |_, _| instead("500 Error", "", &service_error(false)),
        reported(true),
    ),
    line("status 500", |_, _| instead("500 Error", "", ""), reported(false)),
    line(
        "status 504",
        |_, _| instead("504 Timeout", "", &service_error(false)),
        reported(false),
    ),
    line(
        "status 400, called permanent by the service",
        |_, _| instead("400 Bad Request", "", &service_error(true)),
        reported(false),
    ),
    line(
        "status 401",
        |_, _| instead("401 Unauthorized", "", ""),
        always("`Auth`"),
    ),
    line(
        "a redirect to a host that is not trusted",
        |_, _| {
            instead(
                "307 Temporary Redirect",
                "Location: https://evil.example/v2/rest/query\r\n",
                "",
            )
        },
        all("`Untrusted`"),
    ),
];

fn instead(status: &str, headers: &str, body: &str) -> Fault {
    let length = if headers.contains("Content-Length") {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", body.len())
    };
    Fault::Instead(format!("HTTP/1.1 {status}\r\n{headers}{length}\r\n{body}").into_bytes())
}

fn service_error(permanent: bool) -> String {
    format!(r#"{{"error":{{"code":"General_Failure","message":"no","@permanent":{permanent}}}}}"#)
}

#[tokio::test]
async fn the_caller_sees_what_the_guide_says() {
    let plain = Emulator::start().await.unwrap();
    let secure = Emulator::builder().tls().start().await.unwrap();
    let foreign = Emulator::builder().tls().start().await.unwrap();
    let address = |emulator: &Emulator| emulator.uri().rsplit('/').next().unwrap().parse().unwrap();
    let services = Services {
        plain: address(&plain),
        tls: address(&secure),
        foreign: address(&foreign),
    };
    let settings = [Setting::new(None), Setting::new(secure.certificate())];
    let direct = [
        client(services.plain, &settings[0]),
        client(services.tls, &settings[1]),
    ];
    let cells = LINES.iter().enumerate().flat_map(|(number, line)| {
        KINDS.iter().enumerate().flat_map(move |(column, kind)| {
            [false, true].map(|each_time| (number, line, column, *kind, each_time))
        })
    });
    let runs = cells.map(|(number, line, column, kind, each_time)| {
        let (services, direct, settings) = (&services, &direct, &settings);
        async move {
            let direct = &direct[usize::from(line.is_tls)];
            let table = format!("T_{number}_{column}_{each_time}");
            let create = direct.mgmt(format!(".create table {table} (x: long)"));
            create.data_set().await.unwrap();
            let mut setting = settings[usize::from(line.is_tls)].clone();
            setting.is_hasty = line.is_hasty;
            setting.refused = match (line.is_refused, each_time) {
                (false, _) => 0,
                (true, false) => 1,
                (true, true) => usize::MAX,
            };
            let fault = (line.fault)(kind, services);
            let service = if line.is_tls { services.tls } else { services.plain };
            let met = move |connection| {
                if each_time || connection == 0 {
                    fault.clone()
                } else {
                    Fault::None
                }
            };
            let proxy = Proxy::start(service, met).await;
            let seen = ask(&client(proxy.address, &setting), kind, &table).await;
            let (once, always) = line.seen[column];
            let expected = if each_time { always } else { once };
            assert_eq!(seen, expected, "{}, {kind:?}, each time: {each_time}", line.name);
            let done = count(direct, &table).await;
            let most = if kind == Kind::IdempotentCommand { 4 } else { 1 };
            assert!(done <= most, "{}, {kind:?}: done {done} times", line.name);
        }
    });
    // Not more at a time than a small machine does well within the time limits.
    use futures::StreamExt;
    futures::stream::iter(runs)
        .buffer_unordered(8)
        .collect::<Vec<()>>()
        .await;
}

#[test]
fn the_guide_has_this_table() {
    let mut table =
        "| fault | query | command | idempotent command | streaming ingestion |\n|---|---|---|---|---|\n"
            .to_owned();
    for line in LINES {
        let cells = line.seen.map(|(once, always)| {
            if once == always {
                once.to_owned()
            } else {
                format!("{once}; {always}")
            }
        });
        table += &format!("| {} | {} |\n", line.name, cells.join(" | "));
    }
    let guide = include_str!("../../docs/guide/errors.md");
    assert!(
        guide.contains(&table),
        "the table in docs/guide/errors.md should be:\n{table}"
    );
}

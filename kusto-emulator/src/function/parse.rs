//! Texts taken apart: URLs, paths, CSV lines, versions, command lines.

use kusto_protocol::Decimal as DecimalValue;
use serde_json::{Map, json};

use super::encoding::percent_decoded;
use super::json::Json;
use super::kind::{self, Decimal, Text};
use super::lift::{binary, unary};
use super::{Family, Function};

pub(super) const FAMILY: Family = Family {
    name: "Parsing",
    functions: &[
        Function::new(
            "parse_command_line",
            (2, 2),
            "(text, 'windows') -> dynamic",
            |a| {
                if !a.literal_text(1)?.eq_ignore_ascii_case("windows") {
                    return Err(a.invalid(1, "'windows'"));
                }
                binary::<Text, Text, kind::Json>(a, |text, _| Some(command_line(text)))
            },
        ),
        Function::new("parse_csv", (1, 1), "(text) -> dynamic", |a| {
            unary::<Text, kind::Json>(a, |text| Some(csv_record(text)))
        }),
        Function::new("parse_path", (1, 1), "(text) -> dynamic", |a| {
            unary::<Text, kind::Json>(a, |text| Some(path(text)))
        }),
        Function::new("parse_url", (1, 1), "(text) -> dynamic", |a| {
            unary::<Text, kind::Json>(a, |text| Some(url(text)))
        }),
        Function::new("parse_urlquery", (1, 1), "(text) -> dynamic", |a| {
            unary::<Text, kind::Json>(a, |text| {
                Some(json!({ "Query Parameters": query_parameters(text) }))
            })
        }),
        Function::new("parse_version", (1, 1), "(text) -> decimal", |a| {
            unary::<Text, Decimal>(a, version)
        }),
    ],
};

/// The parts of a URL; those that are missing are empty.
fn url(text: &str) -> Json {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (username, password) = user.split_once(':').unwrap_or((user, ""));
    // The colons of an IPv6 address stand in brackets.
    let (host, port) = match host.rfind(':').filter(|at| !host[*at..].contains(']')) {
        Some(at) => (&host[..at], &host[at + 1..]),
        None => (host, ""),
    };
    json!({
        "Scheme": scheme,
        "Host": host,
        "Port": port,
        "Path": path,
        "Username": username,
        "Password": password,
        "Query Parameters": query_parameters(query),
        "Fragment": fragment,
    })
}

fn query_parameters(text: &str) -> Json {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let slots = pairs.map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decoded(key), Json::String(percent_decoded(value)))
    });
    Json::Object(slots.collect::<Map<_, _>>())
}

/// The parts of a path of Windows or Unix.
fn path(text: &str) -> Json {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let mut characters = rest.chars();
    let has_drive =
        characters.next().is_some_and(|c| c.is_ascii_alphabetic()) && characters.next() == Some(':');
    let root = if has_drive { &rest[..2] } else { "" };
    // What follows a second colon is an alternate data stream.
    let (rest, stream) = match rest[root.len()..].split_once(':') {
        Some((before, stream)) => (&rest[..root.len() + before.len()], stream),
        None => (rest, ""),
    };
    let separator = rest.rfind(['\\', '/']);
    let (directory, file) = separator.map_or(("", rest), |at| (&rest[..at], &rest[at + 1..]));
    let name = directory.rsplit(['\\', '/']).next().unwrap_or("");
    json!({
        "Scheme": scheme,
        "RootPath": root,
        "DirectoryPath": directory,
        "DirectoryName": name,
        "Filename": file,
        "Extension": file.rsplit_once('.').map_or("", |(_, extension)| extension),
        "AlternateDataStreamName": stream,
    })
}

/// The fields of the first record of a CSV text.
fn csv_record(text: &str) -> Json {
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                field.push('"');
                characters.next();
            }
            '"' if quoted => quoted = false,
            '"' if field.is_empty() => quoted = true,
            ',' if !quoted => fields.push(Json::String(std::mem::take(&mut field))),
            '\r' | '\n' if !quoted => break,
            c => field.push(c),
        }
    }
    fields.push(Json::String(field));
    Json::Array(fields)
}

/// A number that sorts as the version does: each of up to four parts has eight digits.
fn version(text: &str) -> Option<DecimalValue> {
    let mut parts = text.split('.');
    let mut total: i128 = 0;
    for _ in 0..4 {
        let part = parts.next().map_or(Some(0), |part| part.parse::<u32>().ok())?;
        total = total * 100_000_000 + i128::from(part);
    }
    parts.next().is_none().then(|| DecimalValue::new(total, 0))
}

/// The arguments of a Windows command line: parted by blanks, quotes hold blanks, `\"` is a quote.
fn command_line(text: &str) -> Json {
    let mut arguments = Vec::new();
    let mut argument: Option<String> = None;
    let mut quoted = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let slashes = rest.len() - rest.trim_start_matches('\\').len();
        if slashes > 0 {
            rest = &rest[slashes..];
            let current = argument.get_or_insert_default();
            // Backslashes are special in front of a quote only: half of them, and an odd one escapes it.
            if rest.starts_with('"') {
                current.extend(std::iter::repeat_n('\\', slashes / 2));
                if slashes % 2 == 1 {
                    current.push('"');
                    rest = &rest[1..];
                }
            } else {
                current.extend(std::iter::repeat_n('\\', slashes));
            }
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '"' => {
                quoted = !quoted;
                argument.get_or_insert_default();
            }
            ' ' | '\t' if !quoted => arguments.extend(argument.take().map(Json::String)),
            c => argument.get_or_insert_default().push(c),
        }
    }
    arguments.extend(argument.map(Json::String));
    Json::Array(arguments)
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn urls_come_apart() {
        check(
            "parse_url",
            &["scheme://username:password@host:1234/this/is/a/path?k1=v1&k2=a%20b#fragment"],
            "dynamic:{\"Scheme\":\"scheme\",\"Host\":\"host\",\"Port\":\"1234\",\"Path\":\"/this/is/a/path\",\"Username\":\"username\",\"Password\":\"password\",\"Query Parameters\":{\"k1\":\"v1\",\"k2\":\"a b\"},\"Fragment\":\"fragment\"}",
        );
        check(
            "parse_urlquery",
            &["view=vs-2019&x"],
            "dynamic:{\"Query Parameters\":{\"view\":\"vs-2019\",\"x\":\"\"}}",
        );
    }

    #[test]
    fn paths_come_apart() {
        check(
            "parse_path",
            &["C:\\temp\\file.txt:stream"],
            "dynamic:{\"Scheme\":\"\",\"RootPath\":\"C:\",\"DirectoryPath\":\"C:\\\\temp\",\"DirectoryName\":\"temp\",\"Filename\":\"file.txt\",\"Extension\":\"txt\",\"AlternateDataStreamName\":\"stream\"}",
        );
        check(
            "parse_path",
            &["string:file:///usr/bin/x"],
            "dynamic:{\"Scheme\":\"file\",\"RootPath\":\"\",\"DirectoryPath\":\"/usr/bin\",\"DirectoryName\":\"bin\",\"Filename\":\"x\",\"Extension\":\"\",\"AlternateDataStreamName\":\"\"}",
        );
    }

    #[test]
    fn csv_lines_come_apart() {
        check(
            "parse_csv",
            &["aa,\"b,\"\"b\",,\"c\nd\"\nnext,line"],
            "dynamic:[\"aa\",\"b,\\\"b\",\"\",\"c\\nd\"]",
        );
        check("parse_csv", &[""], "dynamic:[\"\"]");
    }

    #[test]
    fn versions_sort() {
        check(
            "parse_version",
            &["1.2.3.40"],
            "decimal:1000000020000000300000040",
        );
        check("parse_version", &["0.2"], "decimal:20000000000000000");
        check("parse_version", &["1.2.3.4.5"], "decimal:null");
        check("parse_version", &["1.x"], "decimal:null");
    }

    #[test]
    fn command_lines_come_apart() {
        check(
            "parse_command_line",
            &["echo \"hello world!\" a\\b \\\"q", "windows"],
            "dynamic:[\"echo\",\"hello world!\",\"a\\\\b\",\"\\\"q\"]",
        );
        check(
            "parse_command_line",
            &["  x  \"\" ", "windows"],
            "dynamic:[\"x\",\"\"]",
        );
    }
}

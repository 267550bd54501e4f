//! Reading and writing the text of a connection string.

use super::keywords::{Keyword, Kind};
use super::{ConnectionString, ConnectionStringBuilder, Value, WHAT};
use crate::parse_error::{ParseError, ParseErrorKind};
use crate::secret::{MASK, Secret};

/// Reads the pairs; whether they fit together is for [`ConnectionStringBuilder::build`] to say.
pub(super) fn read(text: &str) -> Result<ConnectionStringBuilder, ParseError> {
    let mut builder = ConnectionStringBuilder::default();
    let mut at = read_address(text, &mut builder)?;
    // A bare secret with `;` inside falls apart into segments, which must not show up in messages.
    let mut maybe_cut: Option<Keyword> = None;
    while at < text.len() {
        let rest = &text[at..];
        let segment = &rest[..rest.find(';').unwrap_or(rest.len())];
        if segment.trim().is_empty() {
            at += segment.len() + 1;
            continue;
        }
        let start = at + leading_blanks(segment);
        let Some((name, _)) = segment.split_once('=') else {
            return Err(error(ParseErrorKind::Malformed, start, without_value(maybe_cut)));
        };
        let Some(keyword) = Keyword::find(name) else {
            return Err(error(
                ParseErrorKind::Unknown,
                start,
                unknown(name.trim(), maybe_cut),
            ));
        };
        let (value, end, is_quoted) = read_value(text, at + name.len() + 1)?;
        set(&mut builder, keyword, value, start)?;
        maybe_cut = (keyword.entry().kind == Kind::Secret && !is_quoted).then_some(keyword);
        at = end + 1;
    }
    Ok(builder)
}

/// The text of a connection string, secrets masked or not.
pub(super) fn write(string: &ConnectionString, with_secrets: bool) -> String {
    let mut out = String::new();
    write_pair(Keyword::DataSource, &string.endpoint.to_string(), &mut out);
    for (&keyword, value) in &string.values {
        out.push(';');
        match value {
            Value::Bool(true) => write_pair(keyword, "True", &mut out),
            Value::Bool(false) => write_pair(keyword, "False", &mut out),
            Value::Secret(secret) if with_secrets => write_pair(keyword, secret.expose(), &mut out),
            Value::Secret(_) => write_pair(keyword, MASK, &mut out),
            Value::Text(text) => write_pair(keyword, text, &mut out),
        }
    }
    out
}

/// Reads a first segment that is an address or the `@cluster/database` shorthand; returns where the pairs begin.
fn read_address(text: &str, builder: &mut ConnectionStringBuilder) -> Result<usize, ParseError> {
    let start = text.len()
        - text
            .trim_start_matches(|c: char| c == ';' || c.is_whitespace())
            .len();
    let end = text[start..]
        .find(';')
        .map_or(text.len(), |length| start + length);
    let segment = text[start..end].trim();
    let name = segment.split('=').next().unwrap_or_default();
    if let Some(short) = segment.strip_prefix('@') {
        let (cluster, path) = short.split_at(short.find('/').unwrap_or(short.len()));
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        if cluster.is_empty() || !cluster.chars().all(is_name) {
            return Err(error(
                ParseErrorKind::Malformed,
                leading_blanks(text),
                "write @<cluster>/<database>",
            ));
        }
        let suffix = if cluster.contains(".kusto") {
            ""
        } else {
            ".kusto.windows.net"
        };
        builder.set(
            Keyword::DataSource,
            Value::Text(format!("https://{cluster}{suffix}{path}")),
        );
        builder.set(Keyword::Federated, Value::Bool(true));
    } else if !segment.is_empty() && (name.len() == segment.len() || name.contains("://")) {
        builder.set(Keyword::DataSource, Value::Text(segment.to_owned()));
    } else {
        return Ok(0);
    }
    Ok(end + 1)
}

/// Reads the value that starts at `start`; returns it, where its segment ends, and whether it was quoted.
fn read_value(text: &str, start: usize) -> Result<(String, usize, bool), ParseError> {
    let open = start + leading_blanks(&text[start..]);
    if !text[open..].starts_with('"') {
        let end = text[start..]
            .find(';')
            .map_or(text.len(), |length| start + length);
        return Ok((text[start..end].trim().to_owned(), end, false));
    }
    let mut value = String::new();
    let mut at = open + 1;
    loop {
        let Some(length) = text[at..].find('"') else {
            return Err(error(
                ParseErrorKind::Malformed,
                open,
                "a double quote opens here and is never closed",
            ));
        };
        value.push_str(&text[at..at + length]);
        at += length + 1;
        if !text[at..].starts_with('"') {
            break;
        }
        value.push('"');
        at += 1;
    }
    let end = text[at..].find(';').map_or(text.len(), |length| at + length);
    if !text[at..end].trim().is_empty() {
        let message = "text follows the closing double quote; double the quotes inside a quoted value";
        return Err(error(ParseErrorKind::Malformed, at, message));
    }
    Ok((value, end, true))
}

fn set(
    builder: &mut ConnectionStringBuilder,
    keyword: Keyword,
    value: String,
    position: usize,
) -> Result<(), ParseError> {
    let value = match keyword.entry().kind {
        Kind::Bool if value.eq_ignore_ascii_case("true") => Value::Bool(true),
        Kind::Bool if value.eq_ignore_ascii_case("false") => Value::Bool(false),
        Kind::Bool => {
            let message = format!("{} must be true or false", keyword.name());
            return Err(error(ParseErrorKind::Malformed, position, message));
        }
        Kind::Secret => Value::Secret(Secret::from(value)),
        Kind::Text => Value::Text(value),
        Kind::Unsupported(reason) => {
            let message = format!("{} is not supported: {reason}", keyword.name());
            return Err(error(ParseErrorKind::Unsupported, position, message));
        }
    };
    builder.set(keyword, value);
    Ok(())
}

fn write_pair(keyword: Keyword, value: &str, out: &mut String) {
    out.push_str(keyword.name());
    out.push('=');
    let is_bare = !value.contains([';', '\'', '"']) && value.trim().len() == value.len();
    if is_bare {
        out.push_str(value);
    } else {
        out.push('"');
        out.push_str(&value.replace('"', "\"\""));
        out.push('"');
    }
}

fn without_value(maybe_cut: Option<Keyword>) -> String {
    match maybe_cut {
        Some(secret) => format!(
            "a pair without =; if it is a part of {}, {QUOTE_IT}",
            secret.name()
        ),
        None => "a pair without =; write <keyword>=<value>".to_owned(),
    }
}

fn unknown(name: &str, maybe_cut: Option<Keyword>) -> String {
    match maybe_cut {
        Some(secret) => format!(
            "unknown keyword; if it is a part of {}, {QUOTE_IT}",
            secret.name()
        ),
        None => {
            let shown: String = name.chars().take(MAX_SHOWN_NAME).collect();
            format!("unknown keyword {shown:?}; see the connection string documentation for the list")
        }
    }
}

fn leading_blanks(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

fn error(
    kind: ParseErrorKind,
    position: usize,
    message: impl Into<std::borrow::Cow<'static, str>>,
) -> ParseError {
    ParseError::new(WHAT, kind, position, message)
}

const QUOTE_IT: &str = "put that value in double quotes";
const MAX_SHOWN_NAME: usize = 60;

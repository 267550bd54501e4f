//! Quoting: strings, names and JSON that cannot end early, whatever they hold.

use std::fmt::{self, Write};

use serde_json::Value;

/// A KQL string literal: `"…"`.
///
/// ```
/// assert_eq!(kusto_protocol::kql_string("say \"hi\"\r\n"), r#""say \"hi\"\r\n""#);
/// ```
pub fn kql_string(text: &str) -> String {
    written(|out| write_string(text, out))
}

/// A KQL string literal that logs show as asterisks: `h"…"`. For keys and signed addresses in commands.
///
/// ```
/// assert_eq!(kusto_protocol::kql_obfuscated_string("https://a/?sig=x"), "h\"https://a/?sig=x\"");
/// ```
pub fn kql_obfuscated_string(text: &str) -> String {
    format!("h{}", kql_string(text))
}

/// A KQL name of a table, column, function or database: `['…']`. Quoted always, since the words that may stand bare
/// differ from place to place.
///
/// ```
/// assert_eq!(kusto_protocol::kql_identifier("Storm's Events"), r"['Storm\'s Events']");
/// ```
pub fn kql_identifier(name: &str) -> String {
    written(|out| {
        out.write_str("['")?;
        write_escaped(name, '\'', out)?;
        out.write_str("']")
    })
}

pub(super) fn write_string(text: &str, out: &mut impl Write) -> fmt::Result {
    out.write_char('"')?;
    write_escaped(text, '"', out)?;
    out.write_char('"')
}

/// JSON as it may stand inside `dynamic(…)`: strings are escaped as in KQL, whose escapes JSON shares.
pub(super) fn write_json(value: &Value, out: &mut impl Write) -> fmt::Result {
    match value {
        Value::Null => out.write_str("null"),
        Value::Bool(value) => write!(out, "{value}"),
        Value::Number(number) => write!(out, "{number}"),
        Value::String(text) => write_string(text, out),
        Value::Array(items) => {
            out.write_char('[')?;
            for (index, item) in items.iter().enumerate() {
                out.write_str(if index == 0 { "" } else { "," })?;
                write_json(item, out)?;
            }
            out.write_char(']')
        }
        Value::Object(members) => {
            out.write_char('{')?;
            for (index, (name, member)) in members.iter().enumerate() {
                out.write_str(if index == 0 { "" } else { "," })?;
                write_string(name, out)?;
                out.write_char(':')?;
                write_json(member, out)?;
            }
            out.write_char('}')
        }
    }
}

/// Escapes the quote, the backslash, controls, and what .NET takes for a line break.
fn write_escaped(text: &str, quote: char, out: &mut impl Write) -> fmt::Result {
    for c in text.chars() {
        match c {
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            '\u{2028}' | '\u{2029}' => write!(out, "\\u{:04x}", u32::from(c))?,
            _ if c == quote => write!(out, "\\{c}")?,
            _ if c.is_control() => write!(out, "\\u{:04x}", u32::from(c))?,
            _ => out.write_char(c)?,
        }
    }
    Ok(())
}

fn written(write: impl FnOnce(&mut String) -> fmt::Result) -> String {
    let mut out = String::new();
    write(&mut out).expect("writing to a String does not fail");
    out
}

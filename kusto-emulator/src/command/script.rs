//! `.execute database script`: several commands, one after the other.

use std::sync::Arc;

use kusto_protocol::{ColumnType, RowBatch, Value};

use super::{CommandError, Scanner, Session, changes, semantic, table};
use crate::service::{Service, new_guid};

/// `.execute [database] script [with (ContinueOnErrors = true, ThrowOnErrors = true)] <| commands`
pub(super) fn execute(
    service: &Arc<Service>,
    session: &Session,
    scanner: &mut Scanner<'_>,
) -> Result<RowBatch, CommandError> {
    scanner.eat("database");
    scanner.expect("script")?;
    let properties = scanner.properties()?;
    let is_set = |wanted: &str| {
        properties
            .iter()
            .any(|(name, value)| name.eq_ignore_ascii_case(wanted) && value.eq_ignore_ascii_case("true"))
    };
    let (goes_on, throws) = (is_set("ContinueOnErrors"), is_set("ThrowOnErrors"));
    if goes_on && throws {
        return Err(semantic(
            "ContinueOnErrors and ThrowOnErrors cannot both be true".to_owned(),
        ));
    }
    scanner.expect("<|")?;
    let text = scanner.rest();
    scanner.skip_all();
    let mut done = Vec::new();
    for command in commands(text) {
        let (result, reason) = match run(service, session, command) {
            Ok(true) => ("Completed", String::new()),
            Ok(false) => ("Skipped", String::new()),
            Err(error) if throws => return Err(error),
            Err(error) => ("Failed", error.into_engine().to_string()),
        };
        done.push((command, result, reason));
        if result == "Failed" && !goes_on {
            break;
        }
    }
    let columns = [
        ("OperationId", ColumnType::Guid),
        ("CommandType", ColumnType::String),
        ("CommandText", ColumnType::String),
        ("Result", ColumnType::String),
        ("Reason", ColumnType::String),
    ];
    table(&columns, |rows| {
        for (command, result, reason) in &done {
            rows.push_row(&[
                Value::Guid(new_guid()),
                Value::String(&command_type(command)),
                Value::String(command),
                Value::String(result),
                Value::String(reason),
            ])?;
        }
        Ok(())
    })
}

/// Runs a command of a script; false if it would only read, so that nobody would see its result.
fn run(service: &Arc<Service>, session: &Session, command: &str) -> Result<bool, CommandError> {
    session.check().map_err(crate::error::EngineError::from)?;
    if !changes(command) {
        return Ok(false);
    }
    // A script in a script could go on without end.
    if Scanner::new(command).is_next(&[".execute"]) {
        return Err(semantic("a script cannot run another script".to_owned()));
    }
    let (_, end) = super::run(service, session, command)?;
    match command[end..].trim() {
        "" => Ok(true),
        rest => Err(semantic(format!(
            "a command of a script is not piped into a query, as in '{rest}'"
        ))),
    }
}

/// The commands of a script: each begins with a dot at the start of a line, outside of a text over several lines.
fn commands(text: &str) -> Vec<&str> {
    let (mut starts, mut is_text, mut position) = (Vec::new(), false, 0);
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        let is_command = line[indent..]
            .strip_prefix('.')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()));
        if is_command && !is_text {
            starts.push(position + indent);
        }
        is_text ^= line.matches("```").count() % 2 == 1;
        position += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(&start, end)| text[start..end].trim_end())
        .collect()
}

/// What sort of command it is, from its words: `TableCreateMerge`.
fn command_type(command: &str) -> String {
    let mut words = command.trim_start_matches('.').split_whitespace();
    let (verb, noun) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let noun = ["function", "database", "column"]
        .into_iter()
        .find(|known| noun.trim_end_matches('s') == *known);
    let capitalised = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    let verb: String = verb.split('-').map(capitalised).collect();
    capitalised(noun.unwrap_or("table")) + &verb
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_cut_where_commands_begin() {
        let script = "// tables\n.create table T (a: long)\n\n  .create function F() {\n    T\n    | count\n}\n\
                      .alter table T docstring ```\n.not a command\n```\n";
        let found = commands(script);
        assert_eq!(
            found,
            [
                ".create table T (a: long)",
                ".create function F() {\n    T\n    | count\n}",
                ".alter table T docstring ```\n.not a command\n```",
            ]
        );
        let types: Vec<String> = found.iter().map(|command| command_type(command)).collect();
        assert_eq!(types, ["TableCreate", "FunctionCreate", "TableAlter"]);
        assert_eq!(commands(""), Vec::<&str>::new());
        assert_eq!(command_type("."), "Table");
    }
}

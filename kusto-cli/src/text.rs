//! Where the text of a query or command comes from.

use std::io::{IsTerminal, Read};
use std::path::Path;

use crate::failure::Failure;

/// The text of the argument, of the file, or of standard input.
///
/// # Errors
///
/// A usage error if there is no text, or too many.
pub(crate) fn read(argument: Option<&str>, file: Option<&Path>) -> Result<String, Failure> {
    let text = match (argument, file) {
        (Some(_), Some(_)) => {
            return Err(Failure::usage(
                "give the text as an argument or with --file, not both",
            ));
        }
        (None, Some(path)) => std::fs::read_to_string(path)
            .map_err(|error| Failure::io(&format!("cannot read {}", path.display()), &error))?,
        (None | Some("-"), None) => from_stdin(argument.is_some())?,
        (Some(text), None) => text.to_owned(),
    };
    if text.trim().is_empty() {
        return Err(Failure::usage("the text is empty: give a query or command"));
    }
    Ok(text)
}

/// Splits the last argument, the text, from those before it, which are further files of `--local`.
///
/// With `--file` all of them are files, and without `--local` there must not be more than one.
///
/// # Errors
///
/// A usage error if a query was given without quotes.
pub(crate) fn split(
    arguments: &[String],
    is_local: bool,
    has_file: bool,
) -> Result<(&[String], Option<&str>), Failure> {
    let (files, text) = match arguments {
        files if has_file && is_local => (files, None),
        [] => (arguments, None),
        [files @ .., text] => (files, Some(text.as_str())),
    };
    if !files.is_empty() && !is_local {
        return Err(Failure::usage(
            "more than one argument: put quotes around the text, as in 'storms | count'",
        ));
    }
    Ok((files, text))
}

/// Refuses a management command where a query is wanted, and the other way round.
///
/// # Errors
///
/// A usage error that names the other command.
pub(crate) fn check(text: &str, is_command: bool) -> Result<(), Failure> {
    match (is_command, text.trim_start().starts_with('.')) {
        (false, true) => Err(Failure::usage(
            "the text begins with a dot, so it is a management command: use kusto mgmt",
        )),
        // A comment may stand before the dot.
        (true, false) if !text.trim_start().starts_with("//") => Err(Failure::usage(
            "management commands begin with a dot: use kusto query for queries",
        )),
        _ => Ok(()),
    }
}

fn from_stdin(is_asked_for: bool) -> Result<String, Failure> {
    let mut stdin = std::io::stdin();
    if stdin.is_terminal() && !is_asked_for {
        return Err(Failure::usage(
            "no text: give it as an argument, with --file, or on standard input",
        ));
    }
    let mut text = String::new();
    stdin
        .read_to_string(&mut text)
        .map_err(|error| Failure::io("cannot read standard input", &error))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split_texts(arguments: &[String], is_local: bool, has_file: bool) -> (usize, Option<&str>) {
        let (files, text) = split(arguments, is_local, has_file).unwrap();
        (files.len(), text)
    }

    #[test]
    fn the_last_argument_is_the_text_and_others_are_local_files() {
        let arguments = ["a.csv", "b.csv", "a | count"].map(str::to_owned);
        assert_eq!(split_texts(&arguments, true, false), (2, Some("a | count")));
        assert_eq!(split_texts(&arguments, true, true), (3, None));
        assert_eq!(split_texts(&arguments[2..], false, false), (0, Some("a | count")));
        assert_eq!(split_texts(&[], false, true), (0, None));
        assert_eq!(split(&arguments, false, false).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn commands_begin_with_a_dot_and_queries_do_not() {
        assert!(check("T | count", false).is_ok() && check(" .show tables", true).is_ok());
        assert!(check("// why\n.show tables", true).is_ok());
        assert_eq!(check(".show tables", false).unwrap_err().exit_code(), 2);
        assert_eq!(check("T | count", true).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn texts_come_from_one_place_only() {
        assert_eq!(read(Some("T | count"), None).unwrap(), "T | count");
        assert!(read(Some("T"), Some(Path::new("x.kql"))).is_err());
        assert_eq!(read(Some("  "), None).unwrap_err().exit_code(), 2);
        assert_eq!(
            read(None, Some(Path::new("no such file")))
                .unwrap_err()
                .exit_code(),
            1
        );
    }
}

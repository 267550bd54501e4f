//! The line that a person types.

use std::borrow::Cow;
use std::path::PathBuf;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Helper};

use super::words;
use crate::failure::Failure;

/// Reads inputs from a terminal, and remembers them in a file that only its owner may read.
pub(crate) struct Editor {
    editor: rustyline::Editor<Typing, FileHistory>,
    history: Option<PathBuf>,
}

/// What was typed.
pub(crate) enum Line {
    Text(String),
    /// Ctrl-C
    Interrupted,
    /// Ctrl-D
    End,
}

impl Editor {
    pub(crate) fn new() -> Result<Self, Failure> {
        let config = Config::builder().completion_type(CompletionType::List).build();
        let mut editor = rustyline::Editor::with_config(config)
            .map_err(|error| Failure::new(format!("no terminal: {error}")))?;
        editor.set_helper(Some(Typing::default()));
        let history = history_file();
        if let Some(file) = &history {
            // There is none before the first time.
            let _ = editor.load_history(file);
        }
        Ok(Self { editor, history })
    }

    /// Names of the database, to be completed.
    pub(crate) fn names(&mut self, names: Vec<String>) {
        if let Some(typing) = self.editor.helper_mut() {
            typing.names = names;
        }
    }

    /// Waits for a complete input.
    pub(crate) fn read(&mut self, database: &str) -> Result<Line, Failure> {
        match self.editor.readline(&format!("{database}> ")) {
            Ok(text) => {
                self.remember(&text);
                Ok(Line::Text(text))
            }
            Err(ReadlineError::Interrupted) => Ok(Line::Interrupted),
            Err(ReadlineError::Eof) => Ok(Line::End),
            Err(error) => Err(Failure::new(format!("cannot read from the terminal: {error}"))),
        }
    }

    /// A shell without a history is still a shell.
    fn remember(&mut self, text: &str) {
        if may_hold_secrets(text) || !matches!(self.editor.add_history_entry(text), Ok(true)) {
            return;
        }
        if let Some(file) = &self.history {
            if let Some(folder) = file.parent() {
                let _ = std::fs::create_dir_all(folder);
            }
            let _ = self.editor.append_history(file);
        }
    }
}

/// In the folder that `XDG_STATE_HOME` names, `~/.local/state` without it; `%LOCALAPPDATA%` on Windows.
fn history_file() -> Option<PathBuf> {
    let folder = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let folder = if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else {
        folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local").join("state")))
    };
    Some(folder?.join("kusto").join("history"))
}

/// Helps while somebody types.
#[derive(Default)]
struct Typing {
    names: Vec<String>,
}

impl Helper for Typing {}

impl Hinter for Typing {
    type Hint = String;
}

impl Highlighter for Typing {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _default: bool) -> Cow<'b, str> {
        Cow::Borrowed(prompt)
    }
}

impl Validator for Typing {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_complete(context.input()) {
            ValidationResult::Valid(None)
        } else {
            ValidationResult::Incomplete
        })
    }
}

impl Completer for Typing {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(words::complete(&line[..at], &self.names))
    }
}

/// Whether an input can be sent: whether it could not go on in the next line only.
///
/// One that cannot go on at all is sent as well: the service says best what is wrong with it.
fn is_complete(input: &str) -> bool {
    let text = input.trim();
    // A query that a bar begins goes on with the one before, whatever that was.
    let text = text
        .strip_prefix('|')
        .map_or(Cow::Borrowed(text), |rest| format!("T | {rest}").into());
    if text.is_empty() || text.starts_with('#') || text.starts_with('?') {
        return true;
    }
    if kusto_kql::is_command(&text) {
        return opened(&text) == 0;
    }
    match kusto_kql::parse(&text) {
        Ok(_) => true,
        // Nothing but the end is wrong, and a blank line was not typed to say that that is all.
        Err(error) => !(error.offset() >= text.len() && error.token().is_empty()) || input.ends_with("\n\n"),
    }
}

/// Whether a text may be a connection string, whose secrets belong into no file.
fn may_hold_secrets(text: &str) -> bool {
    text.contains(';') && text.trim_start().to_ascii_lowercase().starts_with("#connect")
}

/// Brackets of a command that are not closed. What stands in quotes counts as well: it is seldom a bracket alone.
fn opened(text: &str) -> i64 {
    let depth = |depth, character| match character {
        '(' | '[' | '{' => depth + 1,
        ')' | ']' | '}' => depth - 1,
        _ => depth,
    };
    text.chars().fold(0, depth).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_go_on_is_not_complete() {
        for text in [
            "T |",
            "T | where x ==",
            "T | summarize count() by",
            "T | where f(",
            ".create table T (a: int,",
        ] {
            assert!(!is_complete(text), "{text}");
        }
    }

    #[test]
    fn connection_strings_are_not_remembered() {
        assert!(may_hold_secrets(
            "#Connect https://help.kusto.windows.net;AppKey=hush"
        ));
        assert!(!may_hold_secrets("#connect https://help.kusto.windows.net"));
        assert!(!may_hold_secrets("let n = 1; print n"));
    }

    #[test]
    fn what_is_right_or_wrong_is_complete() {
        for text in [
            "",
            "T",
            "T | count",
            "| count",
            "T | whre x",
            "#help",
            "?",
            "q",
            ".show tables",
            "T |\n\n",
        ] {
            assert!(is_complete(text), "{text}");
        }
    }
}

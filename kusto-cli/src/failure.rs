//! Why the command ends early.

use std::error::Error;
use std::fmt;
use std::io;

use kusto_client::{ErrorKind, OneApiError};

/// One line (with its causes, and the place in the query if there is one) and an exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    exit_code: u8,
}

impl Failure {
    /// Something went wrong: exit code 1.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            exit_code: 1,
        }
    }

    /// The arguments, or what they name, are wrong: exit code 2.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            exit_code: 2,
        }
    }

    /// An error of the operating system about something the user named.
    pub(crate) fn io(what: &str, error: &io::Error) -> Self {
        Self::new(format!("{what}: {error}"))
    }

    /// An error of the client: the words of the service if it said any, and what to do about it.
    ///
    /// The ids by which the service's logs know the request are left out if it is the embedded one.
    pub(crate) fn of_client(error: &kusto_client::Error, is_local: bool) -> Self {
        let mut message = match error.service_errors().first() {
            Some(said) => words(said).replace('\n', " "),
            None => with_cause(error),
        };
        if let (false, Some(id), false) = (
            is_local,
            error.client_request_id(),
            message.contains("request id"),
        ) {
            message.push_str(&format!(" (client request id {id}"));
            if let Some(id) = error.activity_id() {
                message.push_str(&format!(", activity id {id}"));
            }
            message.push(')');
        }
        match error.kind() {
            ErrorKind::Connect => message.push_str("; check the address, and whether the service runs"),
            ErrorKind::Untrusted => message.push_str("; --trusted-host HOST trusts it"),
            _ => {}
        }
        let exit_code = if error.kind() == ErrorKind::InvalidInput {
            2
        } else {
            1
        };
        Self { message, exit_code }
    }

    /// With more lines after the first.
    pub(crate) fn with_lines(mut self, lines: &str) -> Self {
        self.message.push('\n');
        self.message.push_str(lines);
        self
    }

    pub(crate) const fn exit_code(&self) -> u8 {
        self.exit_code
    }
}

/// What an error of the service says, the fuller text if there are two.
pub(crate) fn words(error: &OneApiError) -> &str {
    error.description.as_deref().unwrap_or(&error.message)
}

/// An error and what caused it in the end, on one line.
pub(crate) fn with_cause(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut root = error;
    while let Some(cause) = root.source() {
        root = cause;
    }
    let root = root.to_string();
    if !text.contains(&root) {
        text.push_str(": ");
        text.push_str(&root);
    }
    text.replace('\n', " ")
}

/// The outcome of writing to standard output. Whoever reads it may stop, as `head` does: that is no failure.
pub(crate) fn unless_closed(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::io("cannot write", &error)),
        _ => Ok(()),
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

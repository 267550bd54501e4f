//! `kusto shell`: requests one after the other, of a person at a terminal or from standard input.

mod directive;
mod editor;
mod words;

use std::io::{IsTerminal, Read};
use std::path::PathBuf;

use crate::args::{OutputArguments, QuietArguments, RequestArguments, ShellArguments, TargetArguments};
use crate::connect::{self, Target};
use crate::failure::Failure;
use crate::output::Format;
use crate::run::{Out, Sent};
use directive::Directive;
use editor::{Editor, Line};

/// Runs the shell until its user leaves it, or its input ends.
///
/// # Errors
///
/// When there is nothing to ask; and, where nobody is there to read it, the first request that fails.
pub(crate) async fn run(arguments: ShellArguments) -> Result<(), Failure> {
    let target = connect::target(&arguments.target, &arguments.files).await?;
    let session = Session {
        target,
        connection: arguments.target,
        request: arguments.request,
        format: arguments.format,
        save: None,
        quiet: arguments.quiet,
        last_query: String::new(),
    };
    if std::io::stdin().is_terminal() {
        session.of_person().await
    } else {
        session.of_script(&standard_input()?).await
    }
}

fn standard_input() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Failure::io("cannot read standard input", &error))?;
    Ok(text)
}

/// What lasts from one request to the next.
struct Session {
    target: Target,
    connection: TargetArguments,
    request: RequestArguments,
    format: Option<Format>,
    /// Where the next result goes.
    save: Option<PathBuf>,
    quiet: QuietArguments,
    /// What an input that begins with a bar goes on with.
    last_query: String,
}

/// Whether the shell goes on.
#[derive(Debug, PartialEq)]
enum Then {
    Next,
    Quit,
}

impl Session {
    async fn of_person(mut self) -> Result<(), Failure> {
        let mut editor = Editor::new()?;
        editor.names(words::of_database(&self.target).await);
        eprintln!("{}. #help lists what can be typed.", self.place());
        loop {
            let input = match editor.read(&self.target.database)? {
                Line::Text(input) => input,
                Line::Interrupted => continue,
                Line::End => return Ok(()),
            };
            let database = self.target.database.clone();
            match self.input(&input).await {
                Ok(Then::Next) => {}
                Ok(Then::Quit) => return Ok(()),
                Err(failure) => eprintln!("error: {failure}"),
            }
            if self.target.database != database {
                editor.names(words::of_database(&self.target).await);
            }
        }
    }

    /// Inputs are separated by blank lines; directives have lines of their own.
    async fn of_script(mut self, text: &str) -> Result<(), Failure> {
        for input in inputs(text) {
            if self.input(&input).await? == Then::Quit {
                break;
            }
        }
        Ok(())
    }

    async fn input(&mut self, input: &str) -> Result<Then, Failure> {
        let input = input.trim();
        if input.is_empty() {
            return Ok(Then::Next);
        }
        match Directive::parse(input)? {
            Some(directive) => Box::pin(self.direct(directive)).await,
            None => {
                self.ask(&continued(&self.last_query, input)).await?;
                Ok(Then::Next)
            }
        }
    }

    async fn ask(&mut self, text: &str) -> Result<(), Failure> {
        let is_command = kusto_kql::is_command(text);
        let output = self.save.take();
        let format = if output.is_some() {
            Some(Format::Csv)
        } else {
            self.format
        };
        let out = Out::choose(&OutputArguments {
            format,
            output,
            quiet: self.quiet,
        })?;
        let client = &self.target.client;
        let query = if is_command {
            client.mgmt(text)
        } else {
            client.query(text)
        };
        let sent = Sent::new(text, &self.target, &self.request, is_command);
        let query = sent.request(query, self.request.clone());
        sent.print(query.frames(), &out, None).await?;
        // One that failed is no beginning of another.
        if !is_command {
            text.clone_into(&mut self.last_query);
        }
        Ok(())
    }

    async fn direct(&mut self, directive: Directive) -> Result<Then, Failure> {
        match directive {
            Directive::Help => eprint!("{}", directive::HELP),
            Directive::Quit => return Ok(Then::Quit),
            Directive::Place => eprintln!("{}", self.place()),
            Directive::Database(name) => self.target.database = name,
            Directive::Connect(place) => self.connect(&place).await?,
            Directive::Options => {
                for (name, value) in &self.request.options {
                    eprintln!("{name}={value}");
                }
            }
            Directive::Parameters => {
                for (name, value) in &self.request.parameters {
                    eprintln!("{name}={value}");
                }
            }
            Directive::Option(name, value) => set(&mut self.request.options, name, value),
            Directive::Parameter(name, value) => set(&mut self.request.parameters, name, value),
            Directive::Save(file) => self.save = Some(file),
            Directive::Script(file) => {
                let text = std::fs::read_to_string(&file)
                    .map_err(|error| Failure::io(&format!("cannot read {}", file.display()), &error))?;
                for input in inputs(&text) {
                    if self.input(&input).await? == Then::Quit {
                        return Ok(Then::Quit);
                    }
                }
            }
        }
        Ok(Then::Next)
    }

    /// Asks another service from now on.
    async fn connect(&mut self, place: &str) -> Result<(), Failure> {
        let connection = &mut self.connection.connection;
        connection.database = None;
        if place.contains(';') {
            connection.cluster = None;
            connection.connection_string = Some(place.to_owned());
        } else {
            connection.cluster = Some(place.to_owned());
            connection.connection_string = None;
        }
        self.connection.local.clear();
        self.connection.sample = false;
        self.target = connect::target(&self.connection, &[]).await?;
        eprintln!("{}", self.place());
        Ok(())
    }

    fn place(&self) -> String {
        format!(
            "{}, database {}",
            self.target.client.endpoint(),
            self.target.database
        )
    }
}

/// The inputs of a script, without those that are nothing but comments.
fn inputs(text: &str) -> Vec<String> {
    let mut inputs = vec![String::new()];
    for line in text.lines() {
        let is_alone = line.trim_start().starts_with('#');
        if line.trim().is_empty() || is_alone {
            inputs.push(String::new());
        }
        if let Some(input) = inputs.last_mut() {
            input.push_str(line);
            input.push('\n');
        }
        if is_alone {
            inputs.push(String::new());
        }
    }
    inputs.retain(|input| {
        !input
            .lines()
            .all(|line| line.trim().is_empty() || line.trim_start().starts_with("//"))
    });
    inputs
}

/// An input that begins with a bar goes on with the query before it.
fn continued(last_query: &str, input: &str) -> String {
    if input.starts_with('|') && !last_query.is_empty() {
        format!("{last_query}\n{input}")
    } else {
        input.to_owned()
    }
}

/// Sets a value by its name; without a value it is forgotten.
fn set<T>(values: &mut Vec<(String, T)>, name: String, value: Option<T>) {
    values.retain(|(known, _)| *known != name);
    if let Some(value) = value {
        values.push((name, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_and_directives_separate_the_inputs_of_a_script() {
        let text = "// a comment\n\n#qp n:long=2\nstorms\n| take n\n\n\nstorms | count\n";
        assert_eq!(
            inputs(text),
            ["#qp n:long=2\n", "storms\n| take n\n", "\nstorms | count\n"]
        );
    }

    #[test]
    fn a_bar_goes_on_with_the_query_before() {
        assert_eq!(continued("storms", "| count"), "storms\n| count");
        assert_eq!(continued("", "| count"), "| count");
        assert_eq!(continued("storms", "print 1"), "print 1");
    }

    #[test]
    fn values_are_replaced_and_forgotten_by_name() {
        let mut values = vec![("a".to_owned(), 1)];
        set(&mut values, "a".to_owned(), Some(2));
        set(&mut values, "b".to_owned(), Some(3));
        set(&mut values, "a".to_owned(), None);
        assert_eq!(values, [("b".to_owned(), 3)]);
    }
}

//! What the shell does itself, in the words of Kusto.Cli.

use std::path::PathBuf;

use kusto_protocol::Literal;

use crate::args;
use crate::failure::Failure;

/// A line that is for the shell and not for the service.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Directive {
    Help,
    Quit,
    /// Tells which service and database are asked.
    Place,
    Database(String),
    Connect(String),
    Options,
    Option(String, Option<serde_json::Value>),
    Parameters,
    Parameter(String, Option<Literal>),
    Save(PathBuf),
    Script(PathBuf),
}

impl Directive {
    /// The directive that a text is; `None` for queries and commands.
    ///
    /// # Errors
    ///
    /// If it begins with `#` and is none.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>, Failure> {
        match text {
            "?" | "help" => return Ok(Some(Self::Help)),
            "q" | "quit" | "exit" => return Ok(Some(Self::Quit)),
            _ if !text.starts_with('#') => return Ok(None),
            _ => {}
        }
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        let directive = match (word.to_ascii_lowercase().as_str(), rest) {
            ("#h" | "#help", _) => Self::Help,
            ("#quit" | "#exit", _) => Self::Quit,
            ("#connect" | "#dbcontext", "") => Self::Place,
            ("#connect", place) => Self::Connect(place.to_owned()),
            ("#dbcontext", name) => Self::Database(name.to_owned()),
            ("#crp", "") => Self::Options,
            ("#crp", text) if !text.contains('=') => Self::Option(text.to_owned(), None),
            ("#crp", text) => {
                let (name, value) = args::request_option(text).map_err(Failure::usage)?;
                Self::Option(name, Some(value))
            }
            ("#qp", "") => Self::Parameters,
            ("#qp", text) if !text.contains('=') => Self::Parameter(text.to_owned(), None),
            ("#qp", text) => {
                let (name, value) = args::parameter(text).map_err(Failure::usage)?;
                Self::Parameter(name, Some(value))
            }
            ("#save", file) if !file.is_empty() => Self::Save(file.into()),
            ("#script" | "#scriptml", file) if !file.is_empty() => Self::Script(file.into()),
            _ => {
                return Err(Failure::usage(format!(
                    "{word} is no directive, or something is missing behind it; #help lists them"
                )));
            }
        };
        Ok(Some(directive))
    }
}

pub(crate) const HELP: &str = "\
A query, or a command that begins with a dot, is sent when it is complete. While
brackets or texts are open, or a bar or comma ends the line, it goes on in the
next one. A line that begins with a bar goes on with the query before it. Tab
completes names; Ctrl-R looks in what was typed before; Ctrl-C stops a query,
Ctrl-D leaves.

#dbcontext NAME      ask this database
#connect PLACE       ask this service: address or connection string
#qp NAME[:TYPE]=TEXT a query parameter for all queries
#crp NAME=VALUE      a request option for all requests; #qp and #crp without =
                     forget it, and alone list what is set
#save FILE           write the next result to this file, as CSV
#script FILE         run the requests in this file, which blank lines separate
#quit                leave
";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Directive {
        Directive::parse(text).unwrap().unwrap()
    }

    #[test]
    fn directives_are_those_of_kusto_cli() {
        assert_eq!(parse("?"), Directive::Help);
        assert_eq!(
            parse("#dbcontext Samples"),
            Directive::Database("Samples".to_owned())
        );
        assert_eq!(parse("#DbContext"), Directive::Place);
        assert_eq!(
            parse("#crp notruncation=true"),
            Directive::Option("notruncation".to_owned(), Some(true.into()))
        );
        assert_eq!(
            parse("#crp notruncation"),
            Directive::Option("notruncation".to_owned(), None)
        );
        assert_eq!(
            parse("#qp n:long=5"),
            Directive::Parameter("n".to_owned(), Some(Literal::Long(5)))
        );
        assert_eq!(parse("#save a b.csv"), Directive::Save("a b.csv".into()));
    }

    #[test]
    fn queries_are_no_directives_and_unknown_ones_are_refused() {
        assert_eq!(Directive::parse("print 1").unwrap(), None);
        assert_eq!(Directive::parse(".show tables").unwrap(), None);
        assert!(Directive::parse("#nonsense").is_err());
        assert!(Directive::parse("#save").is_err());
    }
}

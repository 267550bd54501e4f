//! Reads the text of a management command, word by word.

use kusto_protocol::{Column, ColumnType};

/// What is left of a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scanner<'a> {
    whole: &'a str,
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut scanner = Self {
            whole: text,
            rest: text,
        };
        scanner.skip_blank();
        scanner
    }

    /// What is left, blanks and comments before it skipped.
    pub(crate) fn rest(&self) -> &'a str {
        self.rest
    }

    /// How much of the text has been read, in bytes.
    pub(crate) fn position(&self) -> usize {
        self.whole.len() - self.rest.len()
    }

    /// Reads this word, in any case, if it comes next as a whole word.
    pub(crate) fn eat(&mut self, word: &str) -> bool {
        let Some(rest) = self
            .rest
            .get(..word.len())
            .filter(|start| start.eq_ignore_ascii_case(word))
        else {
            return false;
        };
        let after = &self.rest[rest.len()..];
        if word.ends_with(is_word) && after.starts_with(is_word) {
            return false;
        }
        self.rest = after;
        self.skip_blank();
        true
    }

    /// Reads all of these words if they come next, else none of them.
    pub(crate) fn eat_all(&mut self, words: &[&str]) -> bool {
        let mut ahead = *self;
        let found = words.iter().all(|word| ahead.eat(word));
        if found {
            *self = ahead;
        }
        found
    }

    /// Reads all that is left.
    pub(crate) fn skip_all(&mut self) {
        self.rest = "";
    }

    /// Reads this word, or says that it was expected.
    pub(crate) fn expect(&mut self, word: &str) -> Result<(), ScanError> {
        if self.eat(word) {
            Ok(())
        } else {
            Err(self.expected(&format!("'{word}'")))
        }
    }

    /// Nothing may be left.
    pub(crate) fn end(&self) -> Result<(), ScanError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.expected("the end of the command"))
        }
    }

    /// Reads the name of an entity: bare, or in brackets and quotes.
    pub(crate) fn name(&mut self) -> Result<String, ScanError> {
        if self.rest.starts_with('[') {
            let mut ahead = *self;
            ahead.rest = &ahead.rest[1..];
            ahead.skip_blank();
            let name = ahead.string()?;
            ahead.expect("]")?;
            *self = ahead;
            return Ok(name);
        }
        let end = self.rest.find(|c: char| !is_word(c)).unwrap_or(self.rest.len());
        if end == 0 {
            return Err(self.expected("a name"));
        }
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.skip_blank();
        Ok(name.to_owned())
    }

    /// Reads a string literal: `"…"`, `'…'`, verbatim with `@`, obfuscated with `h`; literals side by side are one.
    pub(crate) fn string(&mut self) -> Result<String, ScanError> {
        let mut value = self.one_string()?;
        while self.rest.starts_with(['"', '\'']) {
            value.push_str(&self.one_string()?);
        }
        Ok(value)
    }

    /// Reads one string literal, whatever stands beside it.
    pub(crate) fn one_string(&mut self) -> Result<String, ScanError> {
        let text = self.rest.strip_prefix(['h', 'H']).unwrap_or(self.rest);
        if let Some(inside) = text.strip_prefix("```") {
            let end = inside
                .find("```")
                .ok_or_else(|| self.expected("closing back-ticks"))?;
            self.rest = &inside[end + 3..];
            self.skip_blank();
            return Ok(inside[..end].to_owned());
        }
        let (verbatim, text) = match text.strip_prefix('@') {
            Some(text) => (true, text),
            None => (false, text),
        };
        let quote = text
            .chars()
            .next()
            .filter(|c| matches!(c, '"' | '\''))
            .ok_or_else(|| self.expected("a string"))?;
        let (mut value, mut chars) = (String::new(), text[1..].char_indices());
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' if !verbatim => value.push(match chars.next() {
                    Some((_, 'n')) => '\n',
                    Some((_, 'r')) => '\r',
                    Some((_, 't')) => '\t',
                    Some((_, other)) => other,
                    None => break,
                }),
                c if c == quote => {
                    let after = &text[1 + at + 1..];
                    if verbatim && after.starts_with(quote) {
                        value.push(quote);
                        chars.next();
                        continue;
                    }
                    self.rest = after;
                    self.skip_blank();
                    return Ok(value);
                }
                c => value.push(c),
            }
        }
        Err(self.expected("a closing quote"))
    }

    /// Whether a string comes next.
    pub(crate) fn is_string_next(&self) -> bool {
        self.rest.starts_with(['"', '\'', '@', '`'])
            || self.rest.starts_with("h\"")
            || self.rest.starts_with("h'")
            || self.rest.starts_with("h@")
    }

    /// Whether one of these words comes next.
    pub(crate) fn is_next(&self, words: &[&str]) -> bool {
        words.iter().any(|word| Self { ..*self }.eat(word))
    }

    /// Whether the command is over: nothing is left, or only a query that it is piped into.
    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty() || self.rest.starts_with('|')
    }

    /// Reads a string, or all up to the next blank, comma, parenthesis or bar.
    pub(crate) fn word_or_string(&mut self) -> Result<String, ScanError> {
        if self.is_string_next() {
            return self.string();
        }
        let is_end = |c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')' | '|' | '=');
        let end = self.rest.find(is_end).unwrap_or(self.rest.len());
        if end == 0 {
            return Err(self.expected("a value"));
        }
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.skip_blank();
        Ok(word.to_owned())
    }

    /// Reads `(a, b, …)`: names, or strings.
    pub(crate) fn names(&mut self) -> Result<Vec<String>, ScanError> {
        self.list(|scanner| match scanner.is_string_next() {
            true => scanner.string(),
            false => scanner.name(),
        })
    }

    /// Reads `(…, …)`, at least one of them.
    pub(crate) fn list<T>(
        &mut self,
        mut one: impl FnMut(&mut Self) -> Result<T, ScanError>,
    ) -> Result<Vec<T>, ScanError> {
        self.expect("(")?;
        let mut found = vec![one(self)?];
        while self.eat(",") {
            found.push(one(self)?);
        }
        self.expect(")")?;
        Ok(found)
    }

    /// Reads `(name: type, …)`.
    pub(crate) fn columns(&mut self) -> Result<Vec<Column>, ScanError> {
        self.expect("(")?;
        let mut columns: Vec<Column> = Vec::new();
        while !self.eat(")") {
            if !columns.is_empty() {
                self.expect(",")?;
            }
            let place = *self;
            let name = self.name()?;
            self.expect(":")?;
            let type_name = self.name()?;
            let column_type = ColumnType::from_name(&type_name);
            if matches!(column_type, ColumnType::Unknown(_)) {
                return Err(place.expected(&format!("a type that exists, not '{type_name}', for the column")));
            }
            if columns.iter().any(|column| column.name == name) {
                return Err(place.expected(&format!("column names that differ, but '{name}' comes twice")));
            }
            columns.push(Column::new(name, column_type));
        }
        Ok(columns)
    }

    /// Reads `with (name = value, …)`, if it comes next; values are strings, numbers or words.
    pub(crate) fn properties(&mut self) -> Result<Vec<(String, String)>, ScanError> {
        let mut properties = Vec::new();
        if !self.eat("with") {
            return Ok(properties);
        }
        self.expect("(")?;
        while !self.eat(")") {
            if !properties.is_empty() {
                self.expect(",")?;
            }
            let name = self.name()?;
            self.expect("=")?;
            let value = self.word_or_string()?;
            properties.push((name, value));
        }
        Ok(properties)
    }

    pub(crate) fn expected(&self, what: &str) -> ScanError {
        let found: String = self
            .rest
            .chars()
            .take_while(|c| !c.is_whitespace())
            .take(20)
            .collect();
        let found = if found.is_empty() {
            "the end".to_owned()
        } else {
            format!("'{found}'")
        };
        ScanError {
            position: self.position(),
            message: format!("expected {what}, found {found}"),
        }
    }

    fn skip_blank(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            match self.rest.strip_prefix("//") {
                Some(comment) => self.rest = comment.split_once('\n').map_or("", |(_, after)| after),
                None => return,
            }
        }
    }
}

/// A command that does not read as one: where, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScanError {
    /// Byte offset into the command.
    pub(crate) position: usize,
    pub(crate) message: String,
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_whole_and_in_any_case() {
        let mut scanner = Scanner::new("  .show // a comment\n Tables_x");
        assert!(scanner.eat(".show"));
        assert!(!scanner.eat("tables"));
        assert_eq!(scanner.name().unwrap(), "Tables_x");
        assert!(scanner.end().is_ok());
    }

    #[test]
    fn names_and_strings_come_in_many_forms() {
        let mut scanner = Scanner::new(r#"['my table'] h"a\"b" 'c' @'d''\' ```e"f```"#);
        assert_eq!(scanner.name().unwrap(), "my table");
        assert_eq!(scanner.string().unwrap(), "a\"bc");
        assert_eq!(scanner.string().unwrap(), "d'\\");
        assert_eq!(scanner.string().unwrap(), "e\"f");
    }

    #[test]
    fn columns_have_types_that_exist() {
        let columns = Scanner::new("(a: long, ['b c']:string)").columns().unwrap();
        assert_eq!(
            columns,
            [
                Column::new("a", ColumnType::Long),
                Column::new("b c", ColumnType::String)
            ]
        );
        let error = Scanner::new("(a: number)").columns().unwrap_err();
        assert_eq!((error.position, error.message.contains("'number'")), (1, true));
        assert!(Scanner::new("(a: long, a: int)").columns().is_err());
        assert!(Scanner::new("(a: long").columns().is_err());
    }

    #[test]
    fn no_text_panics() {
        for text in ["", "[", "['", "h", "@", "\"\\", "```", "(é:", "with (a=", "//"] {
            let mut scanner = Scanner::new(text);
            let _ = (
                scanner.name(),
                scanner.string(),
                scanner.columns(),
                scanner.properties(),
            );
        }
    }
}

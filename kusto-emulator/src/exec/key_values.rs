//! `parse-kv`: text like `a=1, b="x y"` into a column per key.

use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray};

use super::{Operator, Result, Scope};
use crate::plan::{KeyValues, Node, PairSyntax};
use crate::types::Batch;

/// Takes texts apart, into columns behind those of the input.
pub(super) struct KeyValueParsing {
    node: Arc<Node>,
    input: Box<dyn Operator>,
    scope: Scope,
}

impl KeyValueParsing {
    pub(super) fn new(node: Arc<Node>, input: Box<dyn Operator>, scope: &Scope) -> Self {
        Self {
            node,
            input,
            scope: scope.clone(),
        }
    }

    fn parse(&self, parse: &KeyValues, batch: &Batch) -> Result<Batch> {
        let rows = batch.num_rows();
        let session = &self.scope.session;
        let texts = parse.text.evaluate(batch, session)?;
        let cells = texts.texts();
        let mut found: Vec<Vec<String>> = vec![Vec::with_capacity(rows); parse.keys.len()];
        for row in 0..rows {
            let mut pairs = pairs(cells.get(row).unwrap_or_default(), &parse.syntax);
            for (key, found) in parse.keys.iter().zip(&mut found) {
                let value = pairs.iter_mut().find(|(name, _)| *name == key.name);
                found.push(value.map(|(_, value)| value.clone()).unwrap_or_default());
            }
        }
        let mut columns = batch.columns().to_vec();
        for (found, key) in found.into_iter().zip(&parse.keys) {
            let texts: ArrayRef = Arc::new(StringArray::from(found));
            let value = key.value.evaluate(&Batch::new(vec![texts], rows), session)?;
            columns.push(value.expand(rows)?);
        }
        Ok(Batch::new(columns, rows))
    }
}

impl Operator for KeyValueParsing {
    fn next(&mut self) -> Result<Option<Batch>> {
        let node = Arc::clone(&self.node);
        let Node::KeyValues(parse) = &*node else {
            return Ok(None);
        };
        let Some(batch) = self.input.next()? else {
            return Ok(None);
        };
        self.scope.session.check()?;
        self.parse(parse, &batch).map(Some)
    }
}

/// The keys and values of a text, in order.
fn pairs(text: &str, syntax: &PairSyntax) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(syntax.pair_delimiter.as_str()) {
            rest = after;
            continue;
        }
        let (key, after_key) = token(rest, &syntax.key_delimiter, syntax);
        let (_, after_pair) = token(rest, &syntax.pair_delimiter, syntax);
        let after = after_key.strip_prefix(syntax.key_delimiter.as_str());
        // Where the next pair comes before a value does, what stands there is not a pair.
        let Some(after) = after.filter(|_| after_key.len() >= after_pair.len()) else {
            rest = after_pair;
            continue;
        };
        let (value, after) = token(after, &syntax.pair_delimiter, syntax);
        pairs.push((key.trim().to_owned(), value));
        rest = after;
    }
    pairs
}

/// A quoted text, or what stands before the delimiter; and what follows.
fn token<'a>(text: &'a str, delimiter: &str, syntax: &PairSyntax) -> (String, &'a str) {
    if let Some((open, close)) = syntax.quotes
        && let Some(inner) = text.strip_prefix(open)
    {
        let mut value = String::new();
        let mut characters = inner.char_indices();
        while let Some((at, character)) = characters.next() {
            if Some(character) == syntax.escape {
                value.extend(characters.next().map(|(_, escaped)| escaped));
            } else if character == close {
                return (value, &inner[at + close.len_utf8()..]);
            } else {
                value.push(character);
            }
        }
    }
    let end = text.find(delimiter).unwrap_or(text.len());
    (text[..end].to_owned(), &text[end..])
}

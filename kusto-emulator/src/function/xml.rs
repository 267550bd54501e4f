//! XML texts as dynamic values: `parse_xml`.
//!
//! An element becomes a slot. Its attributes become slots that begin with `@`, its text `#text`, elements of the
//! same name an array; an element that is nothing but text becomes that text, an empty one null.

use serde_json::Map;

use super::json::Json;
use super::kind::{self, Scalar};
use super::lift::unary;
use super::{Family, Function};

pub(super) const FAMILY: Family = Family {
    name: "XML",
    functions: &[Function::new("parse_xml", (1, 1), "(text) -> dynamic", |a| {
        unary::<Scalar, kind::Json>(a, parse)
    })],
};

/// The value of a document; `None` if it is not well-formed or too large.
fn parse(text: &str) -> Option<Json> {
    if text.len() > MAX_SIZE {
        return None;
    }
    let mut reader = Reader {
        rest: text.trim_start_matches('\u{feff}').trim_start(),
    };
    let mut document = Map::new();
    if let Some(declaration) = reader.rest.strip_prefix("<?xml") {
        let (attributes, rest) = declaration.split_once("?>")?;
        let mut slots = Map::new();
        let mut attributes = Reader { rest: attributes };
        attributes.attributes(&mut slots)?;
        document.insert("?xml".to_owned(), Json::Object(slots));
        reader.rest = rest;
    }
    reader.skip_misc()?;
    let (name, value) = reader.element(0)?;
    document.insert(name, value);
    reader.skip_misc()?;
    reader.rest.is_empty().then_some(Json::Object(document))
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// Reads on behind a piece of text, if it is next.
    fn eat(&mut self, text: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    /// Passes blanks, comments, instructions and the document type.
    fn skip_misc(&mut self) -> Option<()> {
        loop {
            self.rest = self.rest.trim_start();
            let (start, end) = match self.rest {
                rest if rest.starts_with("<!--") => (4, "-->"),
                rest if rest.starts_with("<?") => (2, "?>"),
                rest if rest.starts_with("<!DOCTYPE") => (9, ">"),
                _ => return Some(()),
            };
            self.rest = self.rest[start..].split_once(end)?.1;
        }
    }

    fn name(&mut self) -> Option<&'a str> {
        let is_end = |c: char| c.is_whitespace() || matches!(c, '=' | '/' | '>' | '<' | '"' | '\'');
        let end = self.rest.find(is_end).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!name.is_empty()).then_some(name)
    }

    /// The attributes up to the end of the tag.
    fn attributes(&mut self, slots: &mut Map<String, Json>) -> Option<()> {
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.is_empty() || self.rest.starts_with(['>', '/']) {
                return Some(());
            }
            let name = self.name()?;
            self.rest = self.rest.trim_start();
            self.eat("=")?;
            self.rest = self.rest.trim_start();
            let quote = self.rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (value, rest) = self.rest[1..].split_once(quote)?;
            self.rest = rest;
            slots.insert(format!("@{name}"), Json::String(unescaped(value)?));
        }
    }

    /// An element with all that is in it.
    fn element(&mut self, depth: usize) -> Option<(String, Json)> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.eat("<")?;
        let name = self.name()?;
        let mut slots = Map::new();
        self.attributes(&mut slots)?;
        if self.eat("/>").is_some() {
            let value = if slots.is_empty() {
                Json::Null
            } else {
                Json::Object(slots)
            };
            return Some((name.to_owned(), value));
        }
        self.eat(">")?;
        let mut text = String::new();
        loop {
            let tag = self.rest.find('<')?;
            text.push_str(&unescaped(&self.rest[..tag])?);
            self.rest = &self.rest[tag..];
            if self.eat("</").is_some() {
                self.eat(name)?;
                self.rest = self.rest.trim_start();
                self.eat(">")?;
                break;
            }
            if self.eat("<![CDATA[").is_some() {
                let (data, rest) = self.rest.split_once("]]>")?;
                text.push_str(data);
                self.rest = rest;
            } else if self.rest.starts_with("<!--") || self.rest.starts_with("<?") {
                self.skip_misc()?;
            } else {
                let (name, value) = self.element(depth + 1)?;
                add(&mut slots, name, value);
            }
        }
        if !slots.is_empty() && text.trim().is_empty() {
            return Some((name.to_owned(), Json::Object(slots)));
        }
        if slots.is_empty() {
            return Some((name.to_owned(), Json::String(text)));
        }
        slots.insert("#text".to_owned(), Json::String(text));
        Some((name.to_owned(), Json::Object(slots)))
    }
}

/// Adds an element; a second one of its name makes an array of both.
fn add(slots: &mut Map<String, Json>, name: String, value: Json) {
    match slots.get_mut(&name) {
        None => {
            slots.insert(name, value);
        }
        Some(Json::Array(elements)) => elements.push(value),
        Some(first) => *first = Json::Array(vec![first.take(), value]),
    }
}

/// Text with its references resolved; `None` if one is unknown.
fn unescaped(text: &str) -> Option<String> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        result.push_str(before);
        let (name, after) = after.split_once(';')?;
        result.push(match name {
            "amp" => '&',
            "apos" => '\'',
            "gt" => '>',
            "lt" => '<',
            "quot" => '"',
            _ => {
                let number = name.strip_prefix('#')?;
                char::from_u32(match number.strip_prefix('x') {
                    Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                    None => number.parse().ok()?,
                })?
            }
        });
        rest = after;
    }
    result.push_str(rest);
    Some(result)
}

/// 128 KiB: larger documents are not parsed by the service either.
const MAX_SIZE: usize = 128 << 10;
/// As deep as JSON is read back.
const MAX_DEPTH: usize = 100;

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn elements_become_slots() {
        let xml = |text, expected| check("parse_xml", &[text], expected);
        xml("<e/>", r#"dynamic:{"e":null}"#);
        xml("<e>text</e>", r#"dynamic:{"e":"text"}"#);
        xml("<e name=\"value\" />", r#"dynamic:{"e":{"@name":"value"}}"#);
        xml(
            "<e name='value'>text</e>",
            r##"dynamic:{"e":{"@name":"value","#text":"text"}}"##,
        );
        xml(
            "<e> <a>1</a>\n<b>2</b> </e>",
            r#"dynamic:{"e":{"a":"1","b":"2"}}"#,
        );
        xml(
            "<e><a>1</a><a>2</a><a>3</a></e>",
            r#"dynamic:{"e":{"a":["1","2","3"]}}"#,
        );
        xml("<e>x<a>1</a></e>", r##"dynamic:{"e":{"a":"1","#text":"x"}}"##);
        xml(
            "<?xml version=\"1.0\"?><!-- c --><e>&lt;&#65;<![CDATA[<b>]]></e>",
            r#"dynamic:{"?xml":{"@version":"1.0"},"e":"<A<b>"}"#,
        );
    }

    #[test]
    fn what_is_not_well_formed_is_null() {
        for text in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "<a b></a>",
            "<a>&x;</a>",
            "<a/><b/>",
            "<a b='1></a>",
        ] {
            check("parse_xml", &[text], "dynamic:null");
        }
    }
}

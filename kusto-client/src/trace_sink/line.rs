//! A record: an event, or a span that ended.

use std::fmt::{Debug, Write};
use std::time::SystemTime;

use kusto_protocol::DateTime;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::levels::{TraceLevel, TraceLevels};

pub(crate) struct Line {
    time: SystemTime,
    source: &'static str,
    level: TraceLevel,
    text: String,
}

/// A record in words.
pub(crate) struct Told<'a> {
    pub(crate) time: DateTime,
    pub(crate) source: &'a str,
    pub(crate) level: String,
    pub(crate) text: String,
}

/// The values of a span so far. Both sinks share them: whoever comes first keeps them.
struct Values(String);

impl Line {
    pub(crate) fn of_event(event: &Event<'_>) -> Self {
        let mut text = Text::default();
        event.record(&mut text);
        Self::new(event.metadata(), text.0)
    }

    fn new(metadata: &'static Metadata<'static>, text: String) -> Self {
        Self {
            time: SystemTime::now(),
            source: metadata.target(),
            level: TraceLevel::of(*metadata.level()),
            text,
        }
    }

    pub(crate) fn told(&self) -> Told<'_> {
        Told {
            time: self.time.into(),
            source: self.source,
            level: format!("{:?}", self.level),
            text: mask(&self.text),
        }
    }
}

pub(crate) fn begin<S: Subscriber + for<'a> LookupSpan<'a>>(
    levels: &TraceLevels,
    attributes: &Attributes<'_>,
    id: &Id,
    context: &Context<'_, S>,
) {
    let Some(span) = context.span(id).filter(|_| levels.admit(attributes.metadata())) else {
        return;
    };
    if span.extensions().get::<Values>().is_none() {
        let mut text = Text(attributes.metadata().name().to_owned());
        attributes.record(&mut text);
        span.extensions_mut().insert(Values(text.0));
    }
}

pub(crate) fn add<S: Subscriber + for<'a> LookupSpan<'a>>(
    id: &Id,
    values: &Record<'_>,
    context: &Context<'_, S>,
) {
    if let Some(span) = context.span(id)
        && let Some(Values(known)) = span.extensions_mut().get_mut()
    {
        let mut text = Text::default();
        values.record(&mut text);
        // Of two sinks the second has nothing to add.
        if !known.ends_with(&text.0) {
            let _ = write!(known, " {}", text.0);
        }
    }
}

pub(crate) fn end<S: Subscriber + for<'a> LookupSpan<'a>>(
    levels: &TraceLevels,
    id: &Id,
    context: &Context<'_, S>,
) -> Option<Line> {
    let span = context.span(id).filter(|span| levels.admit(span.metadata()))?;
    let extensions = span.extensions();
    let Values(text) = extensions.get()?;
    Some(Line::new(span.metadata(), text.clone()))
}

/// The message, then all other fields by name.
#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        // Writing into a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            name => write!(self.0, "{name}={value:?}"),
        };
    }
}

/// Puts `****` in place of what must not be written down: what follows `Bearer` or stands in `sig=…`, and the content
/// of obfuscated literals.
fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    let starts = [
        ("Bearer ", ' '),
        ("sig=", '&'),
        ("h\"", '"'),
        ("h'", '\''),
        ("H\"", '"'),
        ("H'", '\''),
    ];
    while let Some((at, start, end)) = starts
        .iter()
        .filter_map(|(start, end)| Some((rest.find(start)?, *start, *end)))
        .min()
    {
        let secret = at + start.len();
        masked.push_str(&rest[..secret]);
        masked.push_str("****");
        let is_end = |c: char| c == end || (end != '"' && end != '\'' && (c.is_whitespace() || c == '"'));
        let length = rest[secret..].find(is_end).unwrap_or(rest.len() - secret);
        rest = &rest[secret + length..];
        if rest.starts_with(['"', '\'']) {
            masked.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    masked + rest
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn secrets_in_foreign_texts_are_masked() {
        for (text, masked) in [
            ("nothing here", "nothing here"),
            ("authorization=Bearer eyJ.x y", "authorization=Bearer **** y"),
            (
                "https://a/b?sv=1&sig=abc%3D&se=2 next",
                "https://a/b?sv=1&sig=****&se=2 next",
            ),
            ("h\"https://a;key\" and h'x'", "h\"****\" and h'****'"),
            ("{\"a\":\"Bearer x\"}", "{\"a\":\"Bearer ****\"}"),
            ("sig=", "sig=****"),
        ] {
            assert_eq!(mask(text), masked);
        }
    }
}

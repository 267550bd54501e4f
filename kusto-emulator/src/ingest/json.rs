//! Rows of JSON: one object a line, objects one after the other, or an array of objects.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::io::{BufRead, BufReader, Read};

use kusto_protocol::Column;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::types::Batch;

use super::cell::CellBuilder;
use super::record::MappedColumns;
use super::{BATCH_ROWS, ReadError};

/// The members of an object in the order of the text, values unparsed.
pub(crate) struct Members<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// A member's name, borrowed where it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// Reads objects and hands their members on, one object at a time.
pub(crate) struct Objects<R> {
    input: BufReader<R>,
    layout: ObjectLayout,
    text: String,
    line: u64,
}

/// How objects follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectLayout {
    /// One to a line: read line by line, in constant memory.
    Lines,
    /// In an array, or with any white space between them, also within: the whole input is held.
    Any,
}

impl<R: Read> Objects<R> {
    pub(crate) fn new(input: R, layout: ObjectLayout) -> Self {
        Self {
            input: BufReader::with_capacity(64 * 1024, input),
            layout,
            text: String::new(),
            line: 0,
        }
    }

    /// Calls back with the members of the next objects: those of one line, or of the whole input. False at the end.
    pub(crate) fn next(
        &mut self,
        object: &mut dyn FnMut(Members<'_>) -> Result<(), ReadError>,
    ) -> Result<bool, ReadError> {
        self.text.clear();
        let read = match self.layout {
            ObjectLayout::Lines => self.input.read_line(&mut self.text),
            ObjectLayout::Any => self.input.read_to_string(&mut self.text),
        };
        let line = self.line + 1;
        self.line = line;
        if read.map_err(|error| ReadError::new(line, error.to_string()))? == 0 {
            return Ok(false);
        }
        let text = self.text.trim_start_matches('\u{feff}');
        // Errors in a text of several lines know the line themselves.
        let located = |error: &serde_json::Error| line - 1 + error.line().max(1) as u64;
        if self.layout == ObjectLayout::Any && text.trim_start().starts_with('[') {
            let mut failure = None;
            let mut deserializer = serde_json::Deserializer::from_str(text);
            let outcome = deserializer.deserialize_seq(Elements {
                object,
                failure: &mut failure,
            });
            if let Some(failure) = failure {
                return Err(failure);
            }
            outcome
                .and_then(|()| deserializer.end())
                .map_err(|error| malformed(located(&error), &error))?;
            return Ok(true);
        }
        for members in serde_json::Deserializer::from_str(text).into_iter::<Members<'_>>() {
            object(members.map_err(|error| malformed(located(&error), &error))?)?;
        }
        Ok(true)
    }
}

fn malformed(line: u64, error: &serde_json::Error) -> ReadError {
    ReadError::new(line, error.to_string()).code("BadRequest_UnexpectedCharacterInInputStream")
}

/// Walks an array of objects without holding them all.
struct Elements<'a> {
    object: &'a mut dyn FnMut(Members<'_>) -> Result<(), ReadError>,
    failure: &'a mut Option<ReadError>,
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of JSON objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(members) = elements.next_element::<Members<'de>>()? {
            if let Err(error) = (self.object)(members) {
                *self.failure = Some(error);
                return Err(serde::de::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

/// Reads objects into columns, by name or by a mapping. Members that no column takes are dropped, as Kusto does.
pub(crate) struct JsonRows<R> {
    objects: Objects<R>,
    places: HashMap<String, usize>,
    builders: Vec<CellBuilder>,
    mapped: Option<MappedColumns>,
    skip_first: bool,
    /// Objects read so far.
    records: u64,
    ended: bool,
}

impl<R: Read> JsonRows<R> {
    pub(crate) fn new(
        input: R,
        layout: ObjectLayout,
        columns: &[Column],
        mapped: Option<MappedColumns>,
        skip_first: bool,
    ) -> Self {
        let places = columns
            .iter()
            .enumerate()
            .map(|(place, column)| (column.name.clone(), place))
            .collect();
        Self {
            objects: Objects::new(input, layout),
            places,
            builders: CellBuilder::for_columns(columns),
            mapped,
            skip_first,
            records: 0,
            ended: false,
        }
    }

    /// The next rows; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Batch>, ReadError> {
        let (places, builders) = (&self.places, &mut self.builders);
        let mut rows = 0;
        let mut row: Vec<Option<Box<RawValue>>> = Vec::new();
        while rows < BATCH_ROWS && !self.ended {
            let line = match self.objects.layout {
                ObjectLayout::Lines => Some(self.objects.line + 1),
                ObjectLayout::Any => None,
            };
            self.ended = !self.objects.next(&mut |members| {
                self.records += 1;
                if std::mem::take(&mut self.skip_first) {
                    return Ok(());
                }
                rows += 1;
                if let Some(mapped) = &self.mapped {
                    // Objects that span lines are counted instead.
                    mapped.push_members(builders, &members, line.unwrap_or(self.records));
                    return Ok(());
                }
                row.clear();
                row.resize(builders.len(), None);
                for (name, value) in members.0 {
                    if let Some(place) = places.get(&*name) {
                        row[*place] = Some(value.to_owned());
                    }
                }
                for (builder, value) in builders.iter_mut().zip(&row) {
                    match value {
                        Some(value) => builder.push_json(value),
                        None => builder.push_missing(),
                    }
                }
                Ok(())
            })?;
        }
        Ok((rows > 0).then(|| Batch::new(builders.iter_mut().map(CellBuilder::finish).collect(), rows)))
    }
}

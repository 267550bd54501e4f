//! Other ways to read an answer: JSON libraries, each used as well as its interface allows.

mod arrow;
mod tables;
mod tape;
mod visit;

use kusto_protocol::{Column, ColumnType};
use visit::{LazyText, RawText, Transcoded};

use crate::rows::{batches, frames};
use crate::{TypedColumn, content_hash, typed_columns};

/// A decoder that ours is measured against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparator {
    /// arrow-json's reader, which takes the rows as one list of structs; it reads no nested dynamic values.
    ArrowJson,
    /// How the service's SDK for Rust does it: frames by their tag, rows as `serde_json::Value`s, then columns of these.
    Sdk,
    /// serde_json with visitors that fill the columns.
    SerdeJson,
    /// simd-json with the same visitors.
    SimdJson,
    /// simd-json's tape, walked.
    SimdJsonTape,
    /// sonic-rs with the same visitors.
    SonicRs,
}

impl Comparator {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::SonicRs,
        Self::SerdeJson,
        Self::SimdJson,
        Self::SimdJsonTape,
        Self::ArrowJson,
        Self::Sdk,
    ];

    /// Its name in tables and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ArrowJson => "arrow-json",
            Self::Sdk => "sdk",
            Self::SerdeJson => "serde_json",
            Self::SimdJson => "simd-json",
            Self::SimdJsonTape => "simd-json-tape",
            Self::SonicRs => "sonic-rs",
        }
    }

    /// Whether it can read the data set or shape of this name.
    #[must_use]
    pub fn reads(self, name: &str) -> bool {
        self != Self::ArrowJson || !["storm", "dynamic-small", "dynamic-large"].contains(&name)
    }

    /// Reads an answer; gives what has to be kept until the clock has stopped.
    ///
    /// `body` is changed by decoders that unescape in place. `tables` holds the columns, whose memory is used again.
    ///
    /// # Errors
    ///
    /// When the decoder refuses the answer.
    pub fn decode(self, body: &mut [u8], tables: &mut Tables) -> Result<Decoded, String> {
        tables.begin();
        match self {
            Self::ArrowJson => return arrow::decode(body).map(Decoded::Arrow),
            Self::Sdk => tables::decode(body, tables)?,
            Self::SerdeJson => {
                let mut json = serde_json::Deserializer::from_slice(body);
                visit::read::<RawText, _>(&mut json, tables).map_err(text)?;
                json.end().map_err(text)?;
            }
            Self::SimdJson => {
                let mut json = simd_json::Deserializer::from_slice(body).map_err(text)?;
                visit::read::<Transcoded, _>(&mut json, tables).map_err(text)?;
            }
            Self::SimdJsonTape => tape::decode(body, tables)?,
            Self::SonicRs => {
                let mut json = sonic_rs::serde::Deserializer::from_slice(body);
                visit::read::<LazyText, _>(&mut json, tables).map_err(text)?;
            }
        }
        Ok(Decoded::Columns)
    }
}

/// The comparators that read an answer of this name, after each has filled the same columns as our decoder.
///
/// # Errors
///
/// Which one has not.
pub fn agreed(name: &str, body: &[u8]) -> Result<Vec<Comparator>, String> {
    let columns = typed_columns(&batches(frames(body)?));
    let (rows, hash) = (
        columns.first().map_or(0, TypedColumn::len),
        content_hash(&columns),
    );
    let mut agreed: Vec<Comparator> = Comparator::ALL.to_vec();
    agreed.retain(|comparator| comparator.reads(name));
    for comparator in &agreed {
        let mut tables = Tables::default();
        let decoded = comparator.decode(&mut body.to_vec(), &mut tables);
        let theirs = decoded.and_then(|decoded| decoded.columns(body, &mut tables));
        let theirs = theirs.map_err(|error| format!("{}: {error}", comparator.name()))?;
        if theirs.first().map_or(0, TypedColumn::len) != rows || content_hash(&theirs) != hash {
            return Err(format!(
                "{name}: {} does not give the same columns",
                comparator.name()
            ));
        }
    }
    Ok(agreed)
}

/// What a decoder made of an answer.
#[derive(Debug)]
pub enum Decoded {
    /// It has filled the columns.
    Columns,
    /// Arrow arrays.
    Arrow(arrow_array::StructArray),
}

impl Decoded {
    /// The columns of the primary result, to be compared with those of the others.
    ///
    /// # Errors
    ///
    /// When a value does not fit its column.
    pub fn columns(self, body: &[u8], tables: &mut Tables) -> Result<Vec<TypedColumn>, String> {
        match self {
            Self::Columns => tables
                .take_primary()
                .ok_or_else(|| "no primary result".to_owned()),
            Self::Arrow(rows) => {
                let columns = primary_columns(body)?.iter().map(TypedColumn::new).collect();
                arrow::typed_columns(&rows, columns)
            }
        }
    }
}

/// The tables of an answer.
#[derive(Debug, Default)]
pub struct Tables {
    tables: Vec<Table>,
    used: usize,
}

#[derive(Debug, Default)]
struct Table {
    kind: String,
    columns: Vec<TypedColumn>,
}

impl Tables {
    const fn begin(&mut self) {
        self.used = 0;
    }

    /// A table whose columns come next.
    fn next(&mut self) -> &mut Table {
        if self.used == self.tables.len() {
            self.tables.push(Table::default());
        }
        self.used += 1;
        &mut self.tables[self.used - 1]
    }

    fn take_primary(&mut self) -> Option<Vec<TypedColumn>> {
        let table = self
            .tables
            .iter_mut()
            .find(|table| table.kind == "PrimaryResult")?;
        Some(std::mem::take(&mut table.columns))
    }
}

impl Table {
    /// Columns of these names and types, empty.
    fn begin(&mut self, columns: impl ExactSizeIterator<Item = Column>) {
        if self.columns.len() == columns.len() {
            self.columns.iter_mut().for_each(TypedColumn::clear);
        } else {
            self.columns = columns.map(|column| TypedColumn::new(&column)).collect();
        }
    }
}

/// The text of the rows of the primary result and what follows it.
///
/// # Errors
///
/// When there is no such table.
pub(crate) fn primary_rows(body: &[u8]) -> Result<&[u8], String> {
    let table = after(body, b"\"TableKind\":\"PrimaryResult\"")?;
    after(table, b"\"Rows\":")
}

/// The columns of the primary result.
fn primary_columns(body: &[u8]) -> Result<Vec<Column>, String> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Head {
        column_name: String,
        column_type: String,
    }

    let table = after(body, b"\"TableKind\":\"PrimaryResult\"")?;
    let mut json = serde_json::Deserializer::from_slice(after(table, b"\"Columns\":")?);
    let heads: Vec<Head> = serde::Deserialize::deserialize(&mut json).map_err(text)?;
    let column = |head: &Head| Column::new(&head.column_name, ColumnType::from_name(&head.column_type));
    Ok(heads.iter().map(column).collect())
}

fn after<'a>(body: &'a [u8], mark: &[u8]) -> Result<&'a [u8], String> {
    let at = body.windows(mark.len()).position(|window| window == mark);
    at.map(|at| &body[at + mark.len()..])
        .ok_or_else(|| format!("no {}", String::from_utf8_lossy(mark)))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DATA_SETS, answer, shapes};

    #[test]
    fn all_decoders_fill_the_same_columns() {
        for name in DATA_SETS.into_iter().chain(shapes()) {
            let agreed = agreed(name, &answer(name, 60_000).unwrap()).unwrap();
            assert!(agreed.len() >= Comparator::ALL.len() - 1, "{name}: {agreed:?}");
        }
    }
}

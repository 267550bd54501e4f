//! How fields of the data become columns of the table.

use kusto_protocol::{ColumnType, DataFormat, MappingKind};
use serde_json::{Map, Value, json};

use crate::error::{IngestError, IngestErrorKind};

/// Which field of the data goes into which column of the table, sent along with the data.
///
/// Only queued ingestion takes such a mapping. Streaming ingestion wants one that the table has, by its name:
/// [`IngestionProperties::mapping_reference`](crate::IngestionProperties::mapping_reference).
///
/// ```
/// use kusto_ingest::{ColumnMapping, Mapping, Transform};
/// use kusto_protocol::{ColumnType, MappingKind};
///
/// let mapping = Mapping::new(
///     MappingKind::Json,
///     [
///         ColumnMapping::path("ts", "$.t").column_type(ColumnType::DateTime).transform(Transform::DateTimeFromUnixMilliseconds),
///         ColumnMapping::generated("src", Transform::SourceLocation),
///         ColumnMapping::constant("origin", "import"),
///     ],
/// );
/// assert!(mapping.check().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Mapping {
    kind: MappingKind,
    columns: Vec<ColumnMapping>,
}

/// One column of a [`Mapping`]: its name, and where its values come from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct ColumnMapping {
    column: String,
    column_type: Option<ColumnType>,
    field: Field,
    transform: Option<Transform>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Field {
    /// Position in a delimited row, from 0.
    Ordinal(u32),
    /// Path into a record.
    Path(String),
    /// Name in a schema.
    Name(String),
    Constant(String),
    /// The transform makes the value.
    Generated,
}

/// What is done with a value on its way into a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transform {
    /// Bytes to base64 text (Avro).
    BytesAsBase64,
    /// A number of microseconds since 1970 to a datetime.
    DateTimeFromUnixMicroseconds,
    /// A number of milliseconds since 1970 to a datetime.
    DateTimeFromUnixMilliseconds,
    /// A number of nanoseconds since 1970 to a datetime.
    DateTimeFromUnixNanoseconds,
    /// A number of seconds since 1970 to a datetime.
    DateTimeFromUnixSeconds,
    /// An object without the members that other columns of the mapping take.
    DropMappedFields,
    /// `[{"key": k, "value": v}, …]` to `{k: v, …}`.
    PropertyBagArrayToDictionary,
    /// The number of the line or record, from 1. Takes no field.
    SourceLineNumber,
    /// The name of the blob. Takes no field.
    SourceLocation,
}

impl Mapping {
    /// A mapping of a kind, which must suit the format of the data
    /// ([`DataFormat::mapping_kind`](kusto_protocol::DataFormat::mapping_kind)).
    pub fn new(kind: MappingKind, columns: impl IntoIterator<Item = ColumnMapping>) -> Self {
        Self {
            kind,
            columns: columns.into_iter().collect(),
        }
    }

    /// The kind of the mapping.
    pub fn kind(&self) -> MappingKind {
        self.kind
    }

    /// Checks the rules that the service has for mappings of this kind.
    ///
    /// # Errors
    ///
    /// [`IngestErrorKind::Properties`]; the message names the column and the rule.
    pub fn check(&self) -> Result<(), IngestError> {
        if self.columns.is_empty() {
            return Err(invalid(format!("the {} mapping has no columns", self.kind)));
        }
        for column in &self.columns {
            let refuse =
                |rule: String| Err(invalid(format!("mapping of column '{}': {rule}", column.column)));
            if column.column.trim().is_empty() {
                return refuse("the name of the column is missing".to_owned());
            }
            if !column.field.suits(self.kind) {
                return refuse(format!(
                    "a {} mapping takes no {}",
                    self.kind,
                    column.field.describe()
                ));
            }
            let Some(transform) = column.transform else {
                continue;
            };
            if !transform.suits(self.kind) {
                return refuse(format!(
                    "a {} mapping knows no transform {}",
                    self.kind,
                    transform.as_str()
                ));
            }
            match column.field {
                Field::Constant(_) => {
                    return refuse(format!("a constant is not transformed by {}", transform.as_str()));
                }
                Field::Generated if !transform.generates() => {
                    return refuse(format!("the transform {} needs a field", transform.as_str()));
                }
                Field::Ordinal(_) | Field::Path(_) | Field::Name(_) if transform.generates() => {
                    return refuse(format!("the transform {} takes no field", transform.as_str()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The JSON that goes into a property or a command.
    pub fn to_json(&self) -> String {
        Value::Array(self.columns.iter().map(ColumnMapping::to_json).collect()).to_string()
    }

    /// As [`check`](Self::check), and against the format.
    pub(crate) fn check_for(&self, format: DataFormat) -> Result<(), IngestError> {
        self.check()?;
        if self.kind != format.mapping_kind() {
            return Err(invalid(format!(
                "a {} mapping does not suit the format {format}; it takes one of kind {}",
                self.kind,
                format.mapping_kind()
            )));
        }
        if matches!(format, DataFormat::Raw | DataFormat::Txt) {
            for column in &self.columns {
                if matches!(column.field, Field::Ordinal(ordinal) if ordinal != 0) {
                    let column = &column.column;
                    return Err(invalid(format!(
                        "mapping of column '{column}': the format {format} has one field, of ordinal 0"
                    )));
                }
            }
        }
        Ok(())
    }
}

impl ColumnMapping {
    /// The field at a position of a delimited row, from 0.
    pub fn ordinal(column: impl Into<String>, ordinal: u32) -> Self {
        Self::new(column, Field::Ordinal(ordinal))
    }

    /// What a path leads to, such as `$.user.name`; `$` is the whole record, and `$['a b']` a name that is no word.
    pub fn path(column: impl Into<String>, path: impl Into<String>) -> Self {
        Self::new(column, Field::Path(path.into()))
    }

    /// The field of a name, for formats with a schema.
    pub fn field(column: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(column, Field::Name(name.into()))
    }

    /// The same value in every row.
    pub fn constant(column: impl Into<String>, value: impl Into<String>) -> Self {
        Self::new(column, Field::Constant(value.into()))
    }

    /// What the service knows of the row: [`Transform::SourceLocation`] or [`Transform::SourceLineNumber`].
    pub fn generated(column: impl Into<String>, transform: Transform) -> Self {
        Self::new(column, Field::Generated).transform(transform)
    }

    /// The type of the column. With types on all columns, queued ingestion creates a table that is not there.
    pub fn column_type(mut self, column_type: ColumnType) -> Self {
        self.column_type = Some(column_type);
        self
    }

    /// What is done with the value.
    pub fn transform(mut self, transform: Transform) -> Self {
        self.transform = Some(transform);
        self
    }

    fn new(column: impl Into<String>, field: Field) -> Self {
        Self {
            column: column.into(),
            column_type: None,
            field,
            transform: None,
        }
    }

    fn to_json(&self) -> Value {
        let mut properties = Map::new();
        let field = match &self.field {
            // Numbers are written as strings in mappings.
            Field::Ordinal(ordinal) => Some(("Ordinal", ordinal.to_string())),
            Field::Path(path) => Some(("Path", path.clone())),
            Field::Name(name) => Some(("Field", name.clone())),
            Field::Constant(value) => Some(("ConstValue", value.clone())),
            Field::Generated => None,
        };
        if let Some((name, value)) = field {
            properties.insert(name.to_owned(), value.into());
        }
        if let Some(transform) = self.transform {
            properties.insert("Transform".to_owned(), transform.as_str().into());
        }
        let mut json = json!({"Column": self.column, "Properties": properties});
        if let Some(column_type) = &self.column_type {
            json["Datatype"] = column_type.as_str().into();
        }
        json
    }
}

impl Field {
    fn suits(&self, kind: MappingKind) -> bool {
        match self {
            Self::Constant(_) | Self::Generated => true,
            Self::Ordinal(_) => kind == MappingKind::Csv,
            Self::Path(_) => !matches!(kind, MappingKind::Csv | MappingKind::W3cLogFile),
            Self::Name(_) => !matches!(kind, MappingKind::Csv | MappingKind::Json),
        }
    }

    fn describe(&self) -> &'static str {
        match self {
            Self::Ordinal(_) => "ordinal",
            Self::Path(_) => "path",
            Self::Name(_) => "field name",
            Self::Constant(_) => "constant",
            Self::Generated => "generated value",
        }
    }
}

impl Transform {
    /// The name in a mapping.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BytesAsBase64 => "BytesAsBase64",
            Self::DateTimeFromUnixMicroseconds => "DateTimeFromUnixMicroseconds",
            Self::DateTimeFromUnixMilliseconds => "DateTimeFromUnixMilliseconds",
            Self::DateTimeFromUnixNanoseconds => "DateTimeFromUnixNanoseconds",
            Self::DateTimeFromUnixSeconds => "DateTimeFromUnixSeconds",
            Self::DropMappedFields => "DropMappedFields",
            Self::PropertyBagArrayToDictionary => "PropertyBagArrayToDictionary",
            Self::SourceLineNumber => "SourceLineNumber",
            Self::SourceLocation => "SourceLocation",
        }
    }

    fn generates(self) -> bool {
        matches!(self, Self::SourceLineNumber | Self::SourceLocation)
    }

    /// Source: the table of transforms in the service's documentation of mappings.
    fn suits(self, kind: MappingKind) -> bool {
        use MappingKind::{ApacheAvro, Avro, Csv, Json, Orc, Parquet};
        match self {
            Self::SourceLineNumber | Self::SourceLocation => true,
            Self::BytesAsBase64 => matches!(kind, Avro | ApacheAvro),
            Self::DateTimeFromUnixMicroseconds
            | Self::DateTimeFromUnixMilliseconds
            | Self::DateTimeFromUnixNanoseconds
            | Self::DateTimeFromUnixSeconds => {
                matches!(kind, Csv | Json | Avro | ApacheAvro | Orc | Parquet)
            }
            Self::DropMappedFields | Self::PropertyBagArrayToDictionary => {
                matches!(kind, Json | Avro | ApacheAvro | Orc | Parquet)
            }
        }
    }
}

fn invalid(message: String) -> IngestError {
    IngestError::new(IngestErrorKind::Properties, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_are_written_as_the_service_reads_them() {
        let mapping = Mapping::new(
            MappingKind::Json,
            [
                ColumnMapping::path("ts", "$.t")
                    .column_type(ColumnType::DateTime)
                    .transform(Transform::DateTimeFromUnixMilliseconds),
                ColumnMapping::generated("src", Transform::SourceLocation),
                ColumnMapping::constant("origin", "a\"b"),
            ],
        );
        let expected = json!([
            {"Column": "ts", "Datatype": "datetime",
             "Properties": {"Path": "$.t", "Transform": "DateTimeFromUnixMilliseconds"}},
            {"Column": "src", "Properties": {"Transform": "SourceLocation"}},
            {"Column": "origin", "Properties": {"ConstValue": "a\"b"}},
        ]);
        assert_eq!(
            serde_json::from_str::<Value>(&mapping.to_json()).unwrap(),
            expected
        );
        let csv = Mapping::new(MappingKind::Csv, [ColumnMapping::ordinal("a", 3)]);
        assert_eq!(csv.to_json(), r#"[{"Column":"a","Properties":{"Ordinal":"3"}}]"#);
    }

    #[test]
    fn rules_are_checked_before_anything_is_sent() {
        use MappingKind::{Csv, Json, Parquet, W3cLogFile};
        let drop = Transform::DropMappedFields;
        for (kind, column, words) in [
            (Csv, ColumnMapping::path("a", "$.a"), "takes no path"),
            (
                Csv,
                ColumnMapping::ordinal("a", 0).transform(drop),
                "knows no transform DropMappedFields",
            ),
            (Json, ColumnMapping::ordinal("a", 0), "takes no ordinal"),
            (Json, ColumnMapping::field("a", "a"), "takes no field name"),
            (
                Json,
                ColumnMapping::path(" ", "$"),
                "the name of the column is missing",
            ),
            (Json, ColumnMapping::generated("a", drop), "needs a field"),
            (
                Json,
                ColumnMapping::constant("a", "1").transform(drop),
                "a constant is not transformed",
            ),
            (
                Parquet,
                ColumnMapping::field("a", "a").transform(Transform::SourceLocation),
                "takes no field",
            ),
            (
                Parquet,
                ColumnMapping::field("a", "a").transform(Transform::BytesAsBase64),
                "knows no transform",
            ),
            (W3cLogFile, ColumnMapping::path("a", "$"), "takes no path"),
        ] {
            let error = Mapping::new(kind, [column]).check().unwrap_err();
            assert_eq!(error.kind(), IngestErrorKind::Properties);
            assert!(error.to_string().contains(words), "{error}");
        }
        assert!(Mapping::new(Csv, []).check().is_err());
    }

    #[test]
    fn the_format_must_suit_the_mapping() {
        let csv = |ordinal| Mapping::new(MappingKind::Csv, [ColumnMapping::ordinal("a", ordinal)]);
        for (mapping, format, is_good) in [
            (csv(1), DataFormat::Psv, true),
            (csv(0), DataFormat::Txt, true),
            (csv(1), DataFormat::Raw, false),
            (csv(0), DataFormat::Json, false),
        ] {
            assert_eq!(mapping.check_for(format).is_ok(), is_good, "{format}");
        }
    }
}

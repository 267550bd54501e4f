//! Ingestion mappings: which field of the data goes into which column.

use kusto_protocol::{Column, ColumnType, MappingKind};
use serde_json::{Map, Value};

use super::path::Path;

/// An ingestion mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub(crate) kind: MappingKind,
    pub(crate) columns: Vec<MappedColumn>,
}

/// Where one column comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MappedColumn {
    pub(crate) name: String,
    /// The type that the column is to have, should it have to be made.
    pub(crate) column_type: Option<ColumnType>,
    pub(crate) field: Field,
    pub(crate) transform: Option<Transform>,
}

/// A place in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// No place: the transform knows the value, or there is none.
    Nowhere,
    /// The cell at this place, from 0.
    Ordinal(usize),
    /// The value at the end of a path.
    Path(Path),
    /// The same text in each record.
    Constant(String),
}

/// What happens to a value on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transform {
    BytesAsBase64,
    DropMappedFields,
    PropertyBagArrayToDictionary,
    SourceLineNumber,
    SourceLocation,
    /// A number of units since 1970; so many of them in a second.
    UnixTime(i64),
}

impl Mapping {
    /// Reads a mapping from its JSON: an array of columns, in the documented or the flattened form.
    ///
    /// # Errors
    ///
    /// One line that says what is wrong with which column.
    pub(crate) fn parse(kind: MappingKind, json: &str) -> Result<Self, String> {
        let columns: Vec<Map<String, Value>> = serde_json::from_str(json)
            .map_err(|error| format!("the mapping is no JSON array of objects: {error}"))?;
        if columns.is_empty() {
            return Err("the mapping has no columns".to_owned());
        }
        let columns = columns
            .iter()
            .map(|column| parse_column(kind, column))
            .collect::<Result<Vec<_>, _>>()?;
        for (place, column) in columns.iter().enumerate() {
            if columns[..place].iter().any(|before| before.name == column.name) {
                return Err(format!("the mapping has the column '{}' twice", column.name));
            }
        }
        Ok(Self { kind, columns })
    }

    /// The columns with their types, if each of them has one.
    pub(crate) fn schema(&self) -> Option<Vec<Column>> {
        let columns = self.columns.iter();
        columns
            .map(|column| Some(Column::new(&column.name, column.column_type.clone()?)))
            .collect()
    }
}

fn parse_column(kind: MappingKind, column: &Map<String, Value>) -> Result<MappedColumn, String> {
    let name = text_of(column, &["Column", "Name"])
        .filter(|name| !name.is_empty())
        .ok_or("the mapping has a column without a name")?;
    let wrong = |what: String| format!("the mapping of the column '{name}' {what}");
    let column_type = match text_of(column, &["Datatype", "CslDataType"]) {
        Some(type_name) if !type_name.is_empty() => match ColumnType::from_name(&type_name) {
            ColumnType::Unknown(_) => {
                return Err(wrong(format!("has a type that does not exist, '{type_name}'")));
            }
            column_type => Some(column_type),
        },
        _ => None,
    };
    // Older forms have the properties beside the name.
    let properties = match member(column, "Properties") {
        Some(Value::Object(properties)) => properties,
        Some(Value::Null) | None => column,
        Some(_) => return Err(wrong("has properties that are no JSON object".to_owned())),
    };
    let transform = match text_of(properties, &["Transform"]) {
        Some(transform) if !transform.is_empty() && !transform.eq_ignore_ascii_case("none") => Some(
            parse_transform(&transform)
                .ok_or_else(|| wrong(format!("has an unknown transform, '{transform}'")))?,
        ),
        _ => None,
    };
    let is_delimited = kind == MappingKind::Csv;
    let constant = text_of(properties, &["ConstValue", "ConstantValue"]);
    let field = if let Some(constant) = constant {
        Field::Constant(constant)
    } else if is_delimited {
        match text_of(properties, &["Ordinal"]) {
            Some(ordinal) if !ordinal.is_empty() => {
                let ordinal = ordinal.parse();
                Field::Ordinal(
                    ordinal.map_err(|_| wrong("has an ordinal that is no number from 0".to_owned()))?,
                )
            }
            _ => Field::Nowhere,
        }
    } else {
        match (text_of(properties, &["Path"]), text_of(properties, &["Field"])) {
            (Some(_), Some(_)) => return Err(wrong("has both a path and a field".to_owned())),
            // Without the dollar it is no path.
            (Some(path), None) if !path.starts_with('$') && kind == MappingKind::Json => {
                Field::Constant(path)
            }
            (Some(path), None) => Field::Path(path.parse().map_err(wrong)?),
            (None, Some(field)) => Field::Path(Path::member(field)),
            (None, None) => Field::Nowhere,
        }
    };
    let knows_itself = matches!(
        transform,
        Some(Transform::SourceLineNumber | Transform::SourceLocation)
    );
    if field == Field::Nowhere && !knows_itself {
        let wanted = match is_delimited {
            true => "an Ordinal, a ConstValue or a Transform",
            false => "a Path, a Field, a ConstValue or a Transform",
        };
        return Err(wrong(format!("needs {wanted} in its properties")));
    }
    Ok(MappedColumn {
        name: name.clone(),
        column_type,
        field,
        transform,
    })
}

fn parse_transform(name: &str) -> Option<Transform> {
    Some(match name.to_ascii_lowercase().as_str() {
        "bytesasbase64" => Transform::BytesAsBase64,
        "datetimefromunixseconds" => Transform::UnixTime(1),
        "datetimefromunixmilliseconds" => Transform::UnixTime(1_000),
        "datetimefromunixmicroseconds" => Transform::UnixTime(1_000_000),
        "datetimefromunixnanoseconds" => Transform::UnixTime(1_000_000_000),
        "dropmappedfields" => Transform::DropMappedFields,
        "propertybagarraytodictionary" => Transform::PropertyBagArrayToDictionary,
        "sourcelinenumber" => Transform::SourceLineNumber,
        "sourcelocation" => Transform::SourceLocation,
        _ => return None,
    })
}

/// A member by its name in any case.
fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let mut found = object.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    found.next().map(|(_, value)| value)
}

/// The text of the first of these members that is there and not null.
fn text_of(object: &Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match member(object, name)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_mapping_are_read() {
        let documented = r#"[{"column":"a","DataType":"long","Properties":{"Ordinal":"1"}},
            {"Column":"b","Properties":{"ConstValue":"x"}},{"Column":"c","Properties":{"Transform":"SourceLocation"}}]"#;
        let mapping = Mapping::parse(MappingKind::Csv, documented).unwrap();
        assert_eq!(mapping.columns[0].field, Field::Ordinal(1));
        assert_eq!(mapping.columns[0].column_type, Some(ColumnType::Long));
        assert_eq!(mapping.columns[1].field, Field::Constant("x".to_owned()));
        assert_eq!(mapping.schema(), None);
        let flat = r#"[{"Name":"a","DataType":"","CsvDataType":null,"Ordinal":0,"ConstValue":null}]"#;
        assert_eq!(
            Mapping::parse(MappingKind::Csv, flat).unwrap().columns[0].field,
            Field::Ordinal(0)
        );
    }

    #[test]
    fn paths_and_fields_are_places_in_records() {
        let json = r#"[{"Column":"a","Properties":{"Path":"$.x.y","Transform":"DateTimeFromUnixMilliseconds"}},
            {"Column":"b","Properties":{"Path":"constant"}}]"#;
        let mapping = Mapping::parse(MappingKind::Json, json).unwrap();
        assert_eq!(mapping.columns[0].transform, Some(Transform::UnixTime(1000)));
        assert_eq!(mapping.columns[1].field, Field::Constant("constant".to_owned()));
        let field = r#"[{"Column":"a","Properties":{"Field":"x y"}}]"#;
        let mapping = Mapping::parse(MappingKind::Parquet, field).unwrap();
        assert_eq!(mapping.columns[0].field, Field::Path(Path::member("x y")));
    }

    #[test]
    fn errors_name_the_column() {
        let refused = |kind, json: &str| Mapping::parse(kind, json).unwrap_err();
        for json in [
            r#"[{"Column":"a"}]"#,
            r#"[{"Column":"a","Properties":{"Ordinal":"-1"}}]"#,
            r#"[{"Column":"a","Properties":{"Ordinal":0,"Transform":"Rot13"}}]"#,
            r#"[{"Column":"a","Datatype":"number","Properties":{"Ordinal":0}}]"#,
            r#"[{"Column":"a","Properties":{"Ordinal":0}},{"Column":"a","Properties":{"Ordinal":1}}]"#,
        ] {
            assert!(refused(MappingKind::Csv, json).contains("'a'"), "{json}");
        }
        assert!(
            refused(
                MappingKind::Json,
                r#"[{"Column":"a","Properties":{"Path":"$["}}]"#
            )
            .contains("'a'")
        );
        assert!(refused(MappingKind::Json, "{}").contains("no JSON array"));
        assert!(refused(MappingKind::Json, "[]").contains("no columns"));
    }
}

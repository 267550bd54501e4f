use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_schema::extension::EXTENSION_TYPE_NAME_KEY;
use arrow_schema::{DataType, Field, Metadata, Schema, SchemaRef, TimeUnit};
use kusto_protocol::{Column, ColumnType};

use crate::{DecimalType, Options, TimeResolution};

/// The key in a field's metadata for Kusto's name of the column's type: `datetime`.
pub const KUSTO_TYPE: &str = "kusto.type";

/// The Arrow schema of these columns. All fields may be null.
pub fn schema(columns: &[Column], options: &Options) -> SchemaRef {
    // Columns of one type have the same metadata, and share it.
    let mut shared: Vec<(&ColumnType, Metadata)> = Vec::new();
    let mut fields = Vec::with_capacity(columns.len());
    for column in columns {
        let column_type = &column.column_type;
        let known = shared.iter().position(|(other, _)| *other == column_type);
        let known = known.unwrap_or_else(|| {
            shared.push((column_type, metadata(column_type, options)));
            shared.len() - 1
        });
        let field = Field::new(&column.name, data_type(column_type, options), true);
        fields.push(field.with_metadata(shared[known].1.clone()));
    }
    Arc::new(Schema::new(fields))
}

fn metadata(column_type: &ColumnType, options: &Options) -> Metadata {
    let mut metadata = BTreeMap::from([(KUSTO_TYPE.to_owned(), column_type.as_str().to_owned())]);
    if data_type(column_type, options) == DataType::FixedSizeBinary(16) {
        metadata.insert(EXTENSION_TYPE_NAME_KEY.to_owned(), "arrow.uuid".to_owned());
    }
    metadata.into()
}

pub(crate) fn data_type(column_type: &ColumnType, options: &Options) -> DataType {
    match column_type {
        ColumnType::Bool => DataType::Boolean,
        ColumnType::DateTime => match options.datetime {
            TimeResolution::Microseconds => timestamp(TimeUnit::Microsecond),
            TimeResolution::Nanoseconds => timestamp(TimeUnit::Nanosecond),
            TimeResolution::Ticks => DataType::Int64,
        },
        ColumnType::Timespan => match options.timespan {
            TimeResolution::Microseconds => DataType::Duration(TimeUnit::Microsecond),
            TimeResolution::Nanoseconds => DataType::Duration(TimeUnit::Nanosecond),
            TimeResolution::Ticks => DataType::Int64,
        },
        ColumnType::Decimal => match options.decimal {
            DecimalType::Text => DataType::Utf8,
            DecimalType::Decimal128 { scale } => DataType::Decimal128(38, scale),
        },
        ColumnType::Guid if options.guid_as_text => DataType::Utf8,
        ColumnType::Guid => DataType::FixedSizeBinary(16),
        ColumnType::Int => DataType::Int32,
        ColumnType::Long => DataType::Int64,
        ColumnType::Real => DataType::Float64,
        _ => DataType::Utf8,
    }
}

fn timestamp(unit: TimeUnit) -> DataType {
    DataType::Timestamp(unit, Some("UTC".into()))
}

/// The Kusto type of a field: as its metadata says, else the one closest to its Arrow type.
pub(crate) fn column_type(field: &Field) -> Option<ColumnType> {
    if let Some(name) = field.metadata().get(KUSTO_TYPE) {
        return Some(ColumnType::from_name(name));
    }
    Some(match field.data_type() {
        DataType::Boolean => ColumnType::Bool,
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 => {
            ColumnType::Int
        }
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 => ColumnType::Long,
        DataType::Float32 | DataType::Float64 => ColumnType::Real,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => ColumnType::String,
        DataType::Timestamp(..) | DataType::Date32 => ColumnType::DateTime,
        DataType::Duration(_) => ColumnType::Timespan,
        DataType::FixedSizeBinary(16) => ColumnType::Guid,
        DataType::Decimal128(..) => ColumnType::Decimal,
        _ => return None,
    })
}

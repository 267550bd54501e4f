use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use arrow_schema::extension::EXTENSION_TYPE_NAME_KEY;
use arrow_schema::{DataType, Field, Fields, Metadata, Schema, SchemaRef, TimeUnit};
use kusto_protocol::{Column, ColumnType};

use crate::{DecimalType, Options, TimeResolution};

/// The key in a field's metadata for Kusto's name of the column's type: `datetime`.
pub const KUSTO_TYPE: &str = "kusto.type";

/// The Arrow schema of these columns. All fields may be null.
pub fn schema(columns: &[Column], options: &Options) -> SchemaRef {
    let field = |column: &Column| {
        let column_type = &column.column_type;
        let field = Field::new(&column.name, data_type(column_type, options), true);
        Arc::new(field.with_metadata(metadata(column_type, options)))
    };
    Arc::new(Schema::new(columns.iter().map(field).collect::<Fields>()))
}

/// What a field says of its column. The same for all columns of a type, and made once: a schema is made for each batch,
/// and would else be the most of it.
fn metadata(column_type: &ColumnType, options: &Options) -> Metadata {
    static SHARED: LazyLock<[Metadata; 10]> =
        LazyLock::new(|| ColumnType::ALL.map(|column_type| new_metadata(&column_type, &Options::default())));
    let known = ColumnType::ALL.iter().position(|known| known == column_type);
    match known {
        Some(index) if !options.guid_as_text => SHARED[index].clone(),
        _ => new_metadata(column_type, options),
    }
}

fn new_metadata(column_type: &ColumnType, options: &Options) -> Metadata {
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
    DataType::Timestamp(unit, Some(utc()))
}

/// The time zone of every `datetime`.
pub(crate) fn utc() -> Arc<str> {
    static UTC: LazyLock<Arc<str>> = LazyLock::new(|| "UTC".into());
    Arc::clone(&UTC)
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

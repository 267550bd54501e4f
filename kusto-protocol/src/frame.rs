use std::fmt;
use std::sync::Arc;

use crate::{OneApiError, RowBatch};

/// One step of an answer, in the same shape whatever form the service chose: a plain `DataTable`, a fragmented or
/// progressive table and a V1 table all come as `TableHeader`, `TableFragment`*, `TableCompletion`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Frame {
    /// The answer begins.
    DataSetHeader(DataSetHeader),
    /// A table begins.
    TableHeader(TableHeader),
    /// Rows of an open table.
    TableFragment(TableFragment),
    /// How far the service is with a table. Advisory.
    TableProgress(TableProgress),
    /// A table ends.
    TableCompletion(TableCompletion),
    /// The answer ends.
    DataSetCompletion(DataSetCompletion),
}

/// The first frame of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DataSetHeader {
    /// `v2.0`, or `v1.0` for the older layout, which has no header on the wire.
    pub version: String,
    /// Whether tables may be replaced while the query runs.
    pub is_progressive: bool,
    /// Whether primary tables come in fragments; the service says so only when it was asked to.
    pub is_fragmented: bool,
    /// Where errors inside a table are reported, when the service says so.
    pub error_reporting_placement: Option<ErrorReportingPlacement>,
}

/// Where the service reports an error that comes after the first row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ErrorReportingPlacement {
    /// As an object in place of a row. The service's default.
    #[default]
    InData,
    /// In the frame that ends the table.
    EndOfTable,
    /// In the frame that ends the answer.
    EndOfDataSet,
}

impl ErrorReportingPlacement {
    /// The spelling in a `DataSetHeader`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InData => "InData",
            Self::EndOfTable => "EndOfTable",
            Self::EndOfDataSet => "EndOfDataset",
        }
    }

    /// Reads the spelling of a frame (`EndOfTable`) or of the request option (`end_of_table`), in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        let name: String = name
            .chars()
            .filter(|c| *c != '_')
            .map(|c| c.to_ascii_lowercase())
            .collect();
        match name.as_str() {
            "indata" => Some(Self::InData),
            "endoftable" => Some(Self::EndOfTable),
            "endofdataset" => Some(Self::EndOfDataSet),
            _ => None,
        }
    }
}

/// The head of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableHeader {
    /// The number by which the frames of this table refer to it.
    pub table_id: i64,
    /// What the table is for. V1 tables are of kind `Unknown` until their table of contents has come.
    pub kind: TableKind,
    /// Its name: `PrimaryResult`, `@ExtendedProperties`, the name given by `as`.
    pub name: String,
    /// Its columns, shared with every batch of the table.
    pub columns: Arc<[Column]>,
}

/// Rows of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableFragment {
    /// The table.
    pub table_id: i64,
    /// Whether the rows come after those before them, or instead of them.
    pub kind: TableFragmentType,
    /// The rows, in columns.
    pub rows: RowBatch,
}

/// How far the service is with a table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableProgress {
    /// The table.
    pub table_id: i64,
    /// Percent: 0 to 100. May repeat.
    pub progress: f64,
}

/// The end of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableCompletion {
    /// The table.
    pub table_id: i64,
    /// The number of rows that the table ends up with: as the service says where it says so (fragmented and
    /// progressive tables), else as counted.
    pub row_count: u64,
    /// Errors of this table: objects in place of rows, and those the service lists here.
    pub errors: Vec<OneApiError>,
}

/// The last frame of an answer.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DataSetCompletion {
    /// Whether the service says that something failed. Rows before it may be incomplete.
    pub has_errors: bool,
    /// Whether the query was cancelled.
    pub cancelled: bool,
    /// What failed.
    pub errors: Vec<OneApiError>,
}

/// What a table of an answer is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum TableKind {
    /// A result of the query.
    PrimaryResult,
    /// What happened while the query ran: completion, resource use, warnings.
    QueryCompletionInformation,
    /// A trace, asked for with the option `perftrace`.
    QueryTraceLog,
    /// Performance of the query.
    QueryPerfLog,
    /// The list of the other tables (V1).
    TableOfContents,
    /// Properties of the results: visualization, cursor, cache.
    QueryProperties,
    /// The plan of the query.
    QueryPlan,
    /// The service says so, or says nothing.
    #[default]
    Unknown,
    /// A kind that this version does not know, by its name.
    Other(String),
}

impl TableKind {
    /// The name on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::PrimaryResult => "PrimaryResult",
            Self::QueryCompletionInformation => "QueryCompletionInformation",
            Self::QueryTraceLog => "QueryTraceLog",
            Self::QueryPerfLog => "QueryPerfLog",
            Self::TableOfContents => "TableOfContents",
            Self::QueryProperties => "QueryProperties",
            Self::QueryPlan => "QueryPlan",
            Self::Unknown => "Unknown",
            Self::Other(name) => name,
        }
    }

    /// Reads the name on the wire; V1's names (`QueryResult`, `QueryStatus`) give the kinds they stand for.
    pub fn from_name(name: &str) -> Self {
        match name {
            "PrimaryResult" | "QueryResult" => Self::PrimaryResult,
            "QueryCompletionInformation" | "QueryStatus" => Self::QueryCompletionInformation,
            "QueryTraceLog" => Self::QueryTraceLog,
            "QueryPerfLog" => Self::QueryPerfLog,
            "TableOfContents" => Self::TableOfContents,
            "QueryProperties" => Self::QueryProperties,
            "QueryPlan" => Self::QueryPlan,
            "Unknown" => Self::Unknown,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// How the rows of a fragment relate to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum TableFragmentType {
    /// They come after them.
    #[default]
    DataAppend,
    /// They replace all of them.
    DataReplace,
}

impl TableFragmentType {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DataAppend => "DataAppend",
            Self::DataReplace => "DataReplace",
        }
    }
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Column {
    /// The name. Not necessarily unique, and may be empty.
    pub name: String,
    /// The type.
    pub column_type: ColumnType,
}

impl Column {
    /// A column of this name and type.
    pub fn new(name: impl Into<String>, column_type: ColumnType) -> Self {
        Self {
            name: name.into(),
            column_type,
        }
    }
}

/// The type of a column.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ColumnType {
    /// `bool`
    Bool,
    /// `datetime`: ticks of 100 ns since 0001-01-01.
    DateTime,
    /// `decimal`
    Decimal,
    /// `dynamic`: any JSON value.
    Dynamic,
    /// `guid`
    Guid,
    /// `int`: 32 bits.
    Int,
    /// `long`: 64 bits.
    Long,
    /// `real`: 64 bits.
    Real,
    /// `string`
    String,
    /// `timespan`: ticks of 100 ns.
    Timespan,
    /// A type that this version does not know, by its name. Cells are kept as raw JSON text.
    Unknown(String),
}

impl ColumnType {
    /// The ten types, in alphabetical order.
    pub const ALL: [Self; 10] = [
        Self::Bool,
        Self::DateTime,
        Self::Decimal,
        Self::Dynamic,
        Self::Guid,
        Self::Int,
        Self::Long,
        Self::Real,
        Self::String,
        Self::Timespan,
    ];

    /// Kusto's name: `long`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Bool => "bool",
            Self::DateTime => "datetime",
            Self::Decimal => "decimal",
            Self::Dynamic => "dynamic",
            Self::Guid => "guid",
            Self::Int => "int",
            Self::Long => "long",
            Self::Real => "real",
            Self::String => "string",
            Self::Timespan => "timespan",
            Self::Unknown(name) => name,
        }
    }

    /// The .NET name, without its namespace, that V1 answers give as `DataType`: `Int64`.
    pub fn data_type(&self) -> &str {
        match self {
            Self::Bool => "SByte",
            Self::DateTime => "DateTime",
            Self::Decimal => "SqlDecimal",
            Self::Dynamic => "Object",
            Self::Guid => "Guid",
            Self::Int => "Int32",
            Self::Long => "Int64",
            Self::Real => "Double",
            Self::String => "String",
            Self::Timespan => "TimeSpan",
            Self::Unknown(name) => name,
        }
    }

    /// The .NET name with its namespace, as schemas give it: `System.Int64`.
    pub fn dotnet_name(&self) -> &str {
        match self {
            Self::Bool => "System.SByte",
            Self::DateTime => "System.DateTime",
            Self::Decimal => "System.Data.SqlTypes.SqlDecimal",
            Self::Dynamic => "System.Object",
            Self::Guid => "System.Guid",
            Self::Int => "System.Int32",
            Self::Long => "System.Int64",
            Self::Real => "System.Double",
            Self::String => "System.String",
            Self::Timespan => "System.TimeSpan",
            Self::Unknown(name) => name,
        }
    }

    /// Reads Kusto's names, their aliases (`date`, `double`, `int64`, `uniqueid`) and .NET names, in any case.
    ///
    /// ```
    /// use kusto_protocol::ColumnType;
    ///
    /// assert_eq!(ColumnType::from_name("System.Int64"), ColumnType::Long);
    /// assert_eq!(ColumnType::from_name("Double"), ColumnType::Real);
    /// assert_eq!(ColumnType::from_name("vector"), ColumnType::Unknown("vector".to_owned()));
    /// ```
    pub fn from_name(name: &str) -> Self {
        // As the service writes them, without a copy in lower case.
        let known = Self::from_lower_case(name);
        let known = known.or_else(|| {
            let lower = name.to_ascii_lowercase();
            Self::from_lower_case(lower.strip_prefix("system.").unwrap_or(&lower))
        });
        known.unwrap_or_else(|| Self::Unknown(name.to_owned()))
    }

    fn from_lower_case(name: &str) -> Option<Self> {
        Some(match name {
            "bool" | "boolean" | "sbyte" => Self::Bool,
            "datetime" | "date" => Self::DateTime,
            "decimal" | "sqldecimal" | "data.sqltypes.sqldecimal" => Self::Decimal,
            "dynamic" | "object" => Self::Dynamic,
            "newtonsoft.json.linq.jtoken"
            | "newtonsoft.json.linq.jobject"
            | "newtonsoft.json.linq.jarray" => Self::Dynamic,
            "guid" | "uuid" | "uniqueid" => Self::Guid,
            "int" | "int32" => Self::Int,
            "long" | "int64" => Self::Long,
            "real" | "double" | "float" | "single" => Self::Real,
            "string" => Self::String,
            "timespan" | "time" => Self::Timespan,
            _ => return None,
        })
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_read_back_from_each_of_its_names() {
        for column_type in ColumnType::ALL {
            for name in [
                column_type.as_str(),
                column_type.data_type(),
                column_type.dotnet_name(),
            ] {
                assert_eq!(ColumnType::from_name(name), column_type, "{name}");
                assert_eq!(ColumnType::from_name(&name.to_uppercase()), column_type, "{name}");
            }
        }
    }

    #[test]
    fn an_unknown_kind_keeps_its_name() {
        assert_eq!(TableKind::from_name("Novel").as_str(), "Novel");
    }

    #[test]
    fn placements_are_read_in_both_spellings() {
        for placement in [
            ErrorReportingPlacement::InData,
            ErrorReportingPlacement::EndOfTable,
            ErrorReportingPlacement::EndOfDataSet,
        ] {
            assert_eq!(
                ErrorReportingPlacement::from_name(placement.as_str()),
                Some(placement)
            );
        }
        assert_eq!(
            ErrorReportingPlacement::from_name("end_of_dataset"),
            Some(ErrorReportingPlacement::EndOfDataSet)
        );
        assert_eq!(ErrorReportingPlacement::from_name("nowhere"), None);
    }
}

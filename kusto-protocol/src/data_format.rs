//! The formats in which data can be ingested.

use std::fmt;
use std::str::FromStr;

use crate::parse_error::{ParseError, ParseErrorKind};

/// A format of data to ingest.
///
/// ```
/// use kusto_protocol::{DataFormat, MappingKind};
///
/// let format = DataFormat::from_file_name("storms.2024.csv.gz").unwrap();
/// assert_eq!(format, DataFormat::Csv);
/// assert_eq!((format.name(), format.mapping_kind()), ("csv", MappingKind::Csv));
/// assert!(format.is_compressible());
/// assert_eq!("MultiJSON".parse(), Ok(DataFormat::MultiJson));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DataFormat {
    /// Avro, read by the service's own reader.
    Avro,
    /// Avro with its logical types.
    ApacheAvro,
    /// Comma-separated values (RFC 4180).
    Csv,
    /// One JSON object a line.
    Json,
    /// JSON objects over several lines, one after the other or in an array.
    MultiJson,
    /// ORC.
    Orc,
    /// Parquet.
    Parquet,
    /// Values separated by `|`.
    Psv,
    /// The whole file is one text value.
    Raw,
    /// Values separated by `;`.
    Scsv,
    /// One JSON object a file.
    SingleJson,
    /// Values separated by U+0001.
    Sohsv,
    /// A format internal to Microsoft.
    SStream,
    /// Values separated by tabs.
    Tsv,
    /// Values separated by tabs, with backslash escapes.
    Tsve,
    /// One text value a line.
    Txt,
    /// W3C extended log files.
    W3cLogFile,
}

/// The kind of mapping that relates the fields of a format to columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MappingKind {
    /// Avro, by field or path.
    Avro,
    /// Avro with logical types, by field or path.
    ApacheAvro,
    /// Delimited text, by ordinal.
    Csv,
    /// JSON, by path.
    Json,
    /// ORC, by field or path.
    Orc,
    /// Parquet, by field or path.
    Parquet,
    /// SStream, by field or path.
    SStream,
    /// W3C extended log files, by field.
    W3cLogFile,
}

impl DataFormat {
    /// All formats.
    pub const ALL: [Self; 17] = [
        Self::Avro,
        Self::ApacheAvro,
        Self::Csv,
        Self::Json,
        Self::MultiJson,
        Self::Orc,
        Self::Parquet,
        Self::Psv,
        Self::Raw,
        Self::Scsv,
        Self::SingleJson,
        Self::Sohsv,
        Self::SStream,
        Self::Tsv,
        Self::Tsve,
        Self::Txt,
        Self::W3cLogFile,
    ];

    /// The format that a file name suggests: by its extension, an outer `.gz` or `.zip` aside. `.avro` is taken for
    /// [`Avro`](Self::Avro), `.tsv` for [`Tsv`](Self::Tsv), `.json` for [`Json`](Self::Json).
    pub fn from_file_name(name: &str) -> Option<Self> {
        let name = name.rsplit(['/', '\\']).next()?.to_ascii_lowercase();
        let name = OUTER_COMPRESSIONS
            .iter()
            .find_map(|suffix| name.strip_suffix(suffix))
            .unwrap_or(&name);
        let (_, extension) = name.rsplit_once('.')?;
        // Of the formats that share an extension the usual one comes first.
        Self::ALL
            .into_iter()
            .find(|format| format.file_extension() == extension)
    }

    /// The name in requests and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Avro => "avro",
            Self::ApacheAvro => "apacheavro",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::MultiJson => "multijson",
            Self::Orc => "orc",
            Self::Parquet => "parquet",
            Self::Psv => "psv",
            Self::Raw => "raw",
            Self::Scsv => "scsv",
            Self::SingleJson => "singlejson",
            Self::Sohsv => "sohsv",
            Self::SStream => "sstream",
            Self::Tsv => "tsv",
            Self::Tsve => "tsve",
            Self::Txt => "txt",
            Self::W3cLogFile => "w3clogfile",
        }
    }

    /// The usual extension of files, without the dot. Single JSON objects have none of their own and share `json`.
    pub const fn file_extension(self) -> &'static str {
        match self {
            Self::ApacheAvro => "avro",
            Self::SingleJson => "json",
            Self::SStream => "ss",
            Self::Tsve => "tsv",
            Self::W3cLogFile => "log",
            _ => self.name(),
        }
    }

    /// Whether the format is not text.
    pub const fn is_binary(self) -> bool {
        matches!(
            self,
            Self::Avro | Self::ApacheAvro | Self::Orc | Self::Parquet | Self::SStream
        )
    }

    /// Whether data should be compressed on its way to the service: text should, binary formats compress
    /// themselves.
    pub const fn is_compressible(self) -> bool {
        !self.is_binary()
    }

    /// The kind of mapping that fits.
    pub const fn mapping_kind(self) -> MappingKind {
        match self {
            Self::Avro => MappingKind::Avro,
            Self::ApacheAvro => MappingKind::ApacheAvro,
            Self::Json | Self::MultiJson | Self::SingleJson => MappingKind::Json,
            Self::Orc => MappingKind::Orc,
            Self::Parquet => MappingKind::Parquet,
            Self::SStream => MappingKind::SStream,
            Self::W3cLogFile => MappingKind::W3cLogFile,
            Self::Csv
            | Self::Psv
            | Self::Raw
            | Self::Scsv
            | Self::Sohsv
            | Self::Tsv
            | Self::Tsve
            | Self::Txt => MappingKind::Csv,
        }
    }
}

impl MappingKind {
    /// The name in ingestion properties; commands take it in any case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Avro => "Avro",
            Self::ApacheAvro => "ApacheAvro",
            Self::Csv => "Csv",
            Self::Json => "Json",
            Self::Orc => "Orc",
            Self::Parquet => "Parquet",
            Self::SStream => "SStream",
            Self::W3cLogFile => "W3CLogFile",
        }
    }
}

impl fmt::Display for DataFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for MappingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DataFormat {
    type Err = ParseError;

    /// Reads a name in any case.
    fn from_str(name: &str) -> Result<Self, ParseError> {
        let found = Self::ALL
            .into_iter()
            .find(|format| format.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            let message = "unknown format; csv, json, multijson, parquet, avro and others are documented";
            ParseError::new("data format", ParseErrorKind::Unknown, None, message)
        })
    }
}

impl FromStr for MappingKind {
    type Err = ParseError;

    /// Reads a name in any case.
    fn from_str(name: &str) -> Result<Self, ParseError> {
        let kinds = DataFormat::ALL.into_iter().map(DataFormat::mapping_kind);
        kinds.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name)).ok_or_else(|| {
            let message = "unknown mapping kind; csv, json, avro, apacheavro, parquet, orc, sstream, w3clogfile exist";
            ParseError::new("mapping kind", ParseErrorKind::Unknown, None, message)
        })
    }
}

const OUTER_COMPRESSIONS: [&str; 2] = [".gz", ".zip"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_in_any_case() {
        for format in DataFormat::ALL {
            assert_eq!(format.name().parse(), Ok(format));
            assert_eq!(format.name().to_uppercase().parse(), Ok(format));
            let kind = format.mapping_kind();
            assert_eq!(kind.name().to_lowercase().parse(), Ok(kind));
        }
        assert_eq!(
            "xlsx".parse::<DataFormat>().unwrap_err().kind(),
            ParseErrorKind::Unknown
        );
    }

    #[test]
    fn file_names_suggest_formats() {
        for (name, format) in [
            ("a.csv", Some(DataFormat::Csv)),
            ("dir.v1/A.B.TSV.GZ", Some(DataFormat::Tsv)),
            ("c:\\x\\a.json.zip", Some(DataFormat::Json)),
            ("x.snappy.parquet", Some(DataFormat::Parquet)),
            ("x.avro", Some(DataFormat::Avro)),
            ("u_ex.log", Some(DataFormat::W3cLogFile)),
            ("x.multijson", Some(DataFormat::MultiJson)),
            ("x.gz", None),
            ("dir.csv/x", None),
            ("csv", None),
            ("", None),
        ] {
            assert_eq!(DataFormat::from_file_name(name), format, "{name}");
        }
    }

    #[test]
    fn only_text_is_worth_compressing() {
        let binary: Vec<_> = DataFormat::ALL
            .into_iter()
            .filter(|format| !format.is_compressible())
            .collect();
        let expected = [
            DataFormat::Avro,
            DataFormat::ApacheAvro,
            DataFormat::Orc,
            DataFormat::Parquet,
            DataFormat::SStream,
        ];
        assert_eq!(binary, expected);
    }
}

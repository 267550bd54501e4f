//! Everything Azure Data Explorer (Kusto) says on the wire, without I/O.
//!
//! This crate turns bytes into frames and back. It opens no sockets, reads no files, knows no clock, no threads and
//! no async runtime, so it fits into a proxy, a worker, a blocking tool or any runtime.

#![deny(unsafe_code)]

mod batch;
mod completion;
mod connection_string;
mod conversion_error;
mod data_format;
mod dataset;
mod decode;
mod deep_link;
mod encode;
mod endpoint;
mod error_response;
mod frame;
mod ingestion_message;
mod literal;
mod one_api_error;
mod parse_error;
mod percent;
mod properties;
mod request;
mod scalar;
mod secret;

pub use batch::{
    Bitmap, BoolArray, ColumnArray, PrimitiveArray, Row, RowBatch, RowBatchBuilder, TextArray, Validity,
    Value,
};
pub use completion::{
    CacheStatistics, CompletionEvent, QueryProperty, QueryStatistics, ResultsCacheOrigin, ServerCache,
    TableStatistics, Visualization,
};
pub use connection_string::{Authentication, Certificate, ConnectionString, ConnectionStringBuilder};
pub use conversion_error::ConversionError;
pub use data_format::{DataFormat, MappingKind};
pub use dataset::{DataSet, DataSetError, DataSetErrorKind, Table};
pub use decode::{DecodeError, DecodeErrorKind, DecoderConfig, FrameDecoder};
pub use deep_link::{DeepLink, DeepLinkTarget, QueryEncoding};
pub use encode::{EncodeError, EncodeErrorKind, FrameEncoder, Layout};
pub use endpoint::Endpoint;
pub use error_response::{ErrorBody, ErrorResponse};
pub use frame::{
    Column, ColumnType, DataSetCompletion, DataSetHeader, ErrorReportingPlacement, Frame, TableCompletion,
    TableFragment, TableFragmentType, TableHeader, TableKind, TableProgress,
};
pub use ingestion_message::{IngestionMapping, IngestionMessage, ReportLevel, ReportMethod, StatusRow};
pub use literal::{Literal, QueryParameters, kql_identifier, kql_obfuscated_string, kql_string};
pub use one_api_error::{OneApiError, OneApiErrorContext};
pub use parse_error::{ParseError, ParseErrorKind};
pub use properties::{ClientRequestProperties, DataScope, QueryConsistency, QueryLanguage, options};
pub use request::{AcceptEncoding, QueryVersion, Request, RequestKind, StreamingSource, tracing_value};
pub use scalar::{DateTime, Decimal, Dynamic, Guid, Timespan};
pub use secret::Secret;

//! Everything Azure Data Explorer (Kusto) says on the wire, without I/O.
//!
//! Requests become HTTP and answers become rows, and both the other way round: for a client under any HTTP library
//! and runtime, for a proxy, a recorder, a service of one's own. The crate opens no sockets and no files, knows no
//! clock, no threads and no async runtime.
//!
//! ```
//! use kusto_protocol::{Frame, FrameDecoder};
//!
//! # let chunks = [&br#"{"Tables":[{"TableName":"Table_0","Columns":[{"ColumnName":"State","ColumnType":"string"},"#[..],
//! #     br#"{"ColumnName":"Storms","ColumnType":"long"}],"Rows":[["TEXAS",4701],["IOWA",2337]]}]}"#];
//! let mut storms: Vec<(String, i64)> = Vec::new();
//! let mut decoder = FrameDecoder::new();
//! for mut chunk in chunks { // as they come from the network, cut anywhere
//!     while let Some(frame) = decoder.decode(&mut chunk)? {
//!         if let Frame::TableFragment(fragment) = frame {
//!             storms.extend(fragment.rows.deserialize::<(String, i64)>().collect::<Result<Vec<_>, _>>()?);
//!         }
//!     }
//! }
//! decoder.finish()?; // or the answer was cut off
//! assert_eq!(storms, [("TEXAS".to_owned(), 4701), ("IOWA".to_owned(), 2337)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The folder `examples` has whole programs: `in_memory`, `blocking` (under `ureq`) and `any_runtime` (under smol and
//! hyper). Who wants a client that is ready to use wants the crate `kusto-client`.
//!
//! # Contents
//!
//! | What | Types | From bytes or text | To bytes or text |
//! |---|---|---|---|
//! | Requests | [`Request`], [`ClientRequestProperties`], [`options`], [`QueryParameters`] | [`Request::from_http`] | [`Request::into_http`] |
//! | Answers, a piece at a time | [`Frame`] and its parts, [`Layout`] | [`FrameDecoder`] | [`FrameEncoder`] |
//! | Answers, whole | [`DataSet`], [`Table`], [`CompletionEvent`], [`Visualization`] | [`DataSet::push`] | |
//! | Rows, by several threads | [`RowsDecoder`], [`DecodedRows`] | [`RowsDecoder::decode`] | |
//! | Rows | [`RowBatch`], [`ColumnArray`], [`Row`], [`Value`] | [`RowBatch::deserialize`] | [`RowBatchBuilder`] |
//! | Scalars | [`DateTime`], [`Timespan`], [`Decimal`], [`Guid`], [`Dynamic`] | `FromStr` | `Display` |
//! | KQL | [`Literal`], [`kql_string`], [`kql_identifier`], [`kql_obfuscated_string`] | [`Literal`]: `FromStr` | `Display` |
//! | Failures of the service | [`ErrorResponse`], [`OneApiError`], [`ErrorPlace`] | [`ErrorResponse::parse`] | serde |
//! | Where a service is | [`Endpoint`], [`ConnectionString`], [`DeepLink`] | `FromStr` | [`ConnectionString`]: `Display`, [`DeepLink::to_url`] |
//! | Ingestion | [`DataFormat`], [`MappingKind`], [`IngestionMessage`] | [`IngestionMessage::from_queue_text`] | [`IngestionMessage::to_queue_text`] |
//! | Outcome of ingestions | [`IngestionReport`], [`IngestionState`] | [`IngestionReport::from_queue_text`], serde | |
//! | Queued ingestion over REST | [`IngestionConfiguration`], [`AcceptedIngestion`], [`IngestionOperationStatus`] | `from_json` of each | |
//!
//! # How they relate
//!
//! A [`Request`] for an [`Endpoint`] becomes an [`http::Request`], to which the caller adds a token. The body of the
//! response goes through a [`FrameDecoder`] if the status is a success, else to [`ErrorResponse::parse`]. The decoder
//! gives [`Frame`]s: the head of a table, fragments with a [`RowBatch`] each, the table's end. Both layouts of the wire
//! give the same frames. A [`DataSet`] folds them into tables, for answers that fit into memory. An answer may fail
//! after its rows have begun; then the errors stand in [`TableCompletion::errors`] and [`DataSetCompletion::errors`],
//! and [`DataSet::errors`] collects them.
//!
//! A [`RowBatch`] holds columns in Arrow's physical layout. [`RowBatch::deserialize`] turns rows into structs,
//! [`Row::values`] gives the cells of one row as [`Value`]s, [`RowBatch::array`] a whole column.
//!
//! A [`Secret`] is printed nowhere, neither by the types that hold one nor by errors.
//!
//! # Limits and memory
//!
//! The decoder holds at most one row that is cut by the end of a chunk, 160 KiB of small chunks, one batch under
//! construction, and the heads of open tables, however long the answer is. [`DecoderConfig`] bounds each of them, the
//! nesting of values and the number of columns. The encoder holds no rows. The nesting of input is bounded everywhere,
//! and no input makes the crate panic: what cannot be read is an error that says where, a [`DecodeError`] for answers,
//! a [`ParseError`] for texts, a [`ConversionError`] for cells.
//!
//! # Not supported
//!
//! Sending, tokens and decompression: `kusto-transport` and `kusto-auth` do that. SQL Server's protocol (TDS), which
//! the service also speaks. What KQL means: `kusto-kql` reads it. Deep links into Fabric workspaces.
//!
//! # Features
//!
//! None. Instruction sets are chosen when the program runs.

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
mod ingestion_report;
mod literal;
mod one_api_error;
mod parse_error;
mod percent;
mod properties;
mod queued_ingestion;
mod request;
mod scalar;
mod secret;
#[expect(
    unsafe_code,
    reason = "kernels for instruction sets, each block with its proof"
)]
mod simd;

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
pub use decode::{DecodeError, DecodeErrorKind, DecodedRows, DecoderConfig, FrameDecoder, RowsDecoder};
pub use deep_link::{DeepLink, DeepLinkTarget, QueryEncoding};
pub use encode::{EncodeError, EncodeErrorKind, FrameEncoder, Layout};
pub use endpoint::Endpoint;
pub use error_response::{ErrorBody, ErrorResponse};
pub use frame::{
    Column, ColumnType, DataSetCompletion, DataSetHeader, ErrorReportingPlacement, Frame, TableCompletion,
    TableFragment, TableFragmentType, TableHeader, TableKind, TableProgress,
};
pub use ingestion_message::{IngestionMapping, IngestionMessage, ReportLevel, ReportMethod, StatusRow};
pub use ingestion_report::{FailureStatus, IngestionReport, IngestionState};
pub use literal::{Literal, QueryParameters, kql_identifier, kql_obfuscated_string, kql_string};
pub use one_api_error::{ErrorPlace, OneApiError, OneApiErrorContext};
pub use parse_error::{ParseError, ParseErrorKind};
pub use properties::{ClientRequestProperties, DataScope, QueryConsistency, QueryLanguage, options};
pub use queued_ingestion::{
    AcceptedIngestion, IngestionConfiguration, IngestionOperationStatus, UploadMethod,
};
pub use request::{AcceptEncoding, QueryVersion, Request, RequestKind, StreamingSource, tracing_value};
pub use scalar::{DateTime, Decimal, Dynamic, Guid, Timespan};
pub use secret::Secret;
pub use simd::Isa;

//! Row batches of Kusto as Arrow record batches, and back.
//!
//! A [`RowBatch`](kusto_protocol::RowBatch) has Arrow's physical layout already, so most columns are moved, not copied.
//!
//! ```
//! use kusto_arrow::{Options, record_batch, row_batch};
//! use kusto_protocol::{Column, ColumnType, RowBatchBuilder, Value};
//!
//! let columns = [Column::new("State", ColumnType::String), Column::new("Deaths", ColumnType::Long)];
//! let mut builder = RowBatchBuilder::new(columns.into());
//! builder.push_row(&[Value::String("TEXAS"), Value::Long(3)])?;
//! let rows = builder.finish();
//!
//! let arrow = record_batch(rows.clone(), &Options::default())?;
//! assert_eq!(arrow.num_rows(), 1);
//! assert_eq!(arrow.schema().field(1).name(), "Deaths");
//! assert_eq!(row_batch(&arrow)?, rows);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Types
//!
//! | Kusto | Arrow | other choices in [`Options`] |
//! |---|---|---|
//! | `bool` | `Boolean` | |
//! | `int` | `Int32` | |
//! | `long` | `Int64` | |
//! | `real` | `Float64` | |
//! | `datetime` | `Timestamp(µs, UTC)`, rounded down from 100 ns | `Timestamp(ns, UTC)`, `Int64` of ticks |
//! | `timespan` | `Duration(µs)`, rounded towards zero from 100 ns | `Duration(ns)`, `Int64` of ticks |
//! | `guid` | `FixedSizeBinary(16)` as `arrow.uuid` | `Utf8` |
//! | `string` | `Utf8` | |
//! | `decimal` | `Utf8`, the service's text | `Decimal128(38, scale)` |
//! | `dynamic` | `Utf8`: JSON, or a plain string | |
//! | unknown | `Utf8` of JSON | |
//!
//! Arrow has no unit of 100 ns. Microseconds reach over all of Kusto's range and lose the seventh digit of a second;
//! nanoseconds lose nothing but reach from 1677 to 2262 (a span: 292 years) only, and what lies outside is an error,
//! never a null. Ticks lose nothing and reach everywhere, but other programs do not know what they count.
//!
//! Every field keeps Kusto's name of its type in its metadata under [`KUSTO_TYPE`]; [`row_batch`] goes by it, and by
//! the Arrow type where there is none.
//!
//! The examples `ipc` and `parquet` write files, which Polars and DataFusion read; `cargo xtask interop arrow` shows it.
//!
//! # Cost
//!
//! Buffers are moved, texts without reading them again; times in other units than ticks are converted in their place.
//! That is 1 to 3 % of the time that decoding the same rows takes. `Decimal128` and guids as text are made anew.
//!
//! # What it does not do
//!
//! Dynamic values are not marked as `arrow.json`: a dynamic value may be a plain string, which is no JSON text.
//! Nested Arrow types (lists, structs, maps) are not turned into dynamic values.

#![deny(unsafe_code)]

mod error;
mod options;
mod record_batch;
mod row_batch;
mod schema;
#[expect(unsafe_code, reason = "texts are moved without a second check; see the file")]
mod text;

pub use error::{Error, ErrorKind};
pub use options::{DecimalType, Options, TimeResolution};
pub use record_batch::record_batch;
pub use row_batch::{row_batch, row_batch_of};
pub use schema::{KUSTO_TYPE, schema};

//! Writes rows of every type as Parquet.
//!
//! ```sh
//! cargo run -p kusto-arrow --example parquet -- rows.parquet
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod rows;

use std::error::Error;
use std::fs::File;
use std::path::Path;

use kusto_arrow::{DecimalType, Options, TimeResolution, record_batch, row_batch};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("which file?")?;
    write(Path::new(&path))
}

fn write(path: &Path) -> Result<(), Box<dyn Error>> {
    let rows = rows::rows()?;
    let mut options = Options::default();
    options.decimal = DecimalType::Decimal128 { scale: 9 };
    // Parquet has no type for spans of time.
    options.timespan = TimeResolution::Ticks;
    let batch = record_batch(rows.clone(), &options)?;

    let mut writer = ArrowWriter::try_new(File::create(path)?, batch.schema(), None)?;
    writer.write(&batch)?;
    writer.close()?;
    println!("{} rows in {}", batch.num_rows(), path.display());

    let mut reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?.build()?;
    let again = row_batch(&reader.next().ok_or("no batch in the file")??)?;
    assert_eq!(again.columns(), rows.columns());
    assert_eq!(again.num_rows(), rows.num_rows());
    Ok(())
}

#[test]
fn the_example_runs() {
    let path = std::env::temp_dir().join(format!("kusto-rows-{}.parquet", std::process::id()));
    write(&path).unwrap();
    std::fs::remove_file(path).unwrap();
}

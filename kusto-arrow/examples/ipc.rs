//! Writes rows of every type as Arrow's IPC file, which Polars, DataFusion, pandas and many others read.
//!
//! ```sh
//! cargo run -p kusto-arrow --example ipc -- rows.arrow
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod rows;

use std::error::Error;
use std::fs::File;
use std::path::Path;

use arrow_ipc::reader::FileReader;
use arrow_ipc::writer::FileWriter;
use kusto_arrow::{Options, TimeResolution, record_batch, row_batch};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("which file?")?;
    write(Path::new(&path))
}

fn write(path: &Path) -> Result<(), Box<dyn Error>> {
    let rows = rows::rows()?;
    let mut options = Options::default();
    // Arrow counts spans in units that do not reach both ends of Kusto's range and keep 100 ns: ticks do.
    options.timespan = TimeResolution::Ticks;
    let batch = record_batch(rows.clone(), &options)?;

    let mut writer = FileWriter::try_new(File::create(path)?, &batch.schema())?;
    writer.write(&batch)?;
    writer.finish()?;
    println!("{} rows in {}", batch.num_rows(), path.display());

    let mut reader = FileReader::try_new(File::open(path)?, None)?;
    let again = row_batch(&reader.next().ok_or("no batch in the file")??)?;
    assert_eq!(again.columns(), rows.columns());
    // All but the dates come back as they were; these lost their seventh digit to microseconds.
    for (index, column) in rows.columns().iter().enumerate() {
        assert_eq!(
            again.array(index) == rows.array(index),
            column.name != "at",
            "{}",
            column.name
        );
    }
    Ok(())
}

#[test]
fn the_example_runs() {
    let path = std::env::temp_dir().join(format!("kusto-rows-{}.arrow", std::process::id()));
    write(&path).unwrap();
    std::fs::remove_file(path).unwrap();
}

//! Files as tables: their format, their schema, and a scan that reads them anew for each query.

mod infer;

use std::collections::HashSet;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kusto_protocol::{Column, ColumnType, DataFormat};

use crate::ingest::{
    ColumnarRows, Objects, ReadError, Records, RowRules, Rows, delimiter, gunzip, object_layout,
    parquet_columns,
};
use crate::types::Batch;
use infer::Inference;

/// A file that stands for a table. Nothing of it is kept in memory but its schema.
#[derive(Clone, Debug)]
pub(crate) struct AttachedFile {
    path: PathBuf,
    format: DataFormat,
    columns: Arc<[Column]>,
    has_header: bool,
}

impl AttachedFile {
    /// Finds out the format (from the name), whether there is a header line, and the type of each column (from all
    /// values). Compression with gzip is seen from the content.
    ///
    /// # Errors
    ///
    /// One line that begins with the path and says what to do.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let located = |message: String| format!("{}: {message}", path.display());
        let format = format_of(path).ok_or_else(|| {
            located("the format cannot be told from the name; name the file .csv, .tsv, .psv, .json, .jsonl or .parquet (and .gz after it if compressed)".to_owned())
        })?;
        let mut attached = Self {
            path: path.to_owned(),
            format,
            columns: Arc::new([]),
            has_header: false,
        };
        attached.infer().map_err(|error| located(error.to_string()))?;
        if attached.columns.is_empty() {
            return Err(located("the file is empty, so it has no columns".to_owned()));
        }
        Ok(attached)
    }

    /// The name of the table: the file's name without its extensions, with `_` for what a name cannot hold.
    pub(crate) fn table_name(path: &Path) -> String {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let stem = name.split('.').find(|part| !part.is_empty()).unwrap_or("table");
        let clean: String = stem
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { '_' })
            .collect();
        if clean.starts_with(|c: char| c.is_ascii_digit()) {
            format!("_{clean}")
        } else {
            clean
        }
    }

    pub(crate) fn columns(&self) -> &Arc<[Column]> {
        &self.columns
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the columns at these places, from the file's beginning.
    pub(crate) fn scan(&self, places: &[usize]) -> Result<Scan, ReadError> {
        let file = File::open(&self.path).map_err(|error| self.failed(error.to_string()))?;
        let (rows, places) = if self.format == DataFormat::Parquet {
            let columns: Vec<_> = places.iter().map(|&place| self.columns[place].clone()).collect();
            let rows = ColumnarRows::of_parquet(file, &columns, None)?;
            (Rows::Columnar(Box::new(rows)), None)
        } else {
            let input = gunzip(file).map_err(|error| self.failed(error.to_string()))?;
            let rows = Rows::of_text(
                input,
                self.format,
                &self.columns,
                None,
                RowRules::header(self.has_header),
            )?;
            (rows, Some(places.to_vec()))
        };
        Ok(Scan {
            rows,
            places,
            path: self.path.clone(),
        })
    }

    /// Whether single rows can be read without those before them.
    pub(crate) fn can_fetch(&self) -> bool {
        self.format == DataFormat::Parquet
    }

    /// Reads the rows with these numbers, which ascend, of a file that [can do so](Self::can_fetch).
    pub(crate) fn fetch(&self, places: &[usize], numbers: &[u64]) -> Result<Scan, ReadError> {
        let file = File::open(&self.path).map_err(|error| self.failed(error.to_string()))?;
        let columns: Vec<_> = places.iter().map(|&place| self.columns[place].clone()).collect();
        let rows = ColumnarRows::rows_of_parquet(file, &columns, numbers)?;
        Ok(Scan {
            rows: Rows::Columnar(Box::new(rows)),
            places: None,
            path: self.path.clone(),
        })
    }

    fn failed(&self, message: String) -> ReadError {
        ReadError::new(0, format!("{}: {message}", self.path.display()))
    }

    fn infer(&mut self) -> Result<(), ReadError> {
        let file = File::open(&self.path)
            .map_err(|error| ReadError::new(0, format!("cannot be opened: {error}; check the path")))?;
        let columns = if self.format == DataFormat::Parquet {
            parquet_columns(file)?
        } else {
            let input = gunzip(BufReader::new(file)).map_err(|error| ReadError::new(0, error.to_string()))?;
            match (delimiter(self.format), object_layout(self.format)) {
                (Some(delimiter), _) => self.infer_delimited(Records::new(input, delimiter))?,
                (None, Some(layout)) => infer_json(Objects::new(input, layout))?,
                (None, None) => {
                    return Err(ReadError::new(
                        0,
                        format!("the format {} is not supported", self.format.name()),
                    ));
                }
            }
        };
        self.columns = columns.into();
        Ok(())
    }

    fn infer_delimited<R: std::io::Read>(
        &mut self,
        mut records: Records<R>,
    ) -> Result<Vec<Column>, ReadError> {
        let mut first: Vec<String> = Vec::new();
        if let Some((record, _)) = records.next()? {
            first = record
                .iter()
                .map(|cell| String::from_utf8_lossy(cell).into_owned())
                .collect();
        }
        if let Some(cell) = first.first_mut()
            && let Some(text) = cell.strip_prefix('\u{feff}')
        {
            *cell = text.to_owned();
        }
        let mut columns = vec![Inference::default(); first.len()];
        self.has_header = is_header(&first);
        if !self.has_header {
            columns
                .iter_mut()
                .zip(&first)
                .for_each(|(column, cell)| column.text(cell));
        }
        while let Some((record, line)) = records.next()? {
            if record.len() > columns.len() {
                let message = format!("{} cells, but the first line has {}", record.len(), columns.len());
                return Err(ReadError::new(line, message));
            }
            for (column, cell) in columns.iter_mut().zip(record) {
                column.text(&String::from_utf8_lossy(cell));
            }
        }
        let names = if self.has_header {
            first
        } else {
            vec![String::new(); columns.len()]
        };
        Ok(name_columns(
            names.into_iter().zip(columns.iter().map(Inference::column_type)),
        ))
    }
}

/// A file being read.
pub(crate) struct Scan {
    rows: Rows,
    /// Which of the columns that are read are wanted, if not all.
    places: Option<Vec<usize>>,
    path: PathBuf,
}

impl Scan {
    /// The next rows; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Batch>, ReadError> {
        let rows = self.rows.next();
        let rows = rows.map_err(|error| ReadError::new(0, format!("{}, {error}", self.path.display())))?;
        Ok(match &self.places {
            Some(places) => rows.map(|batch| batch.pick(places)),
            None => rows,
        })
    }
}

/// The format that a file's name tells, without the extension of its compression.
fn format_of(path: &Path) -> Option<DataFormat> {
    let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    match name.rsplit_once('.')?.1 {
        "csv" => Some(DataFormat::Csv),
        "tsv" => Some(DataFormat::Tsv),
        "psv" => Some(DataFormat::Psv),
        "scsv" => Some(DataFormat::Scsv),
        "sohsv" => Some(DataFormat::Sohsv),
        "jsonl" | "ndjson" => Some(DataFormat::Json),
        "json" | "multijson" => Some(DataFormat::MultiJson),
        "parquet" => Some(DataFormat::Parquet),
        _ => None,
    }
}

/// Whether a first line names the columns: every cell has text that is no number, date or other value.
fn is_header(cells: &[String]) -> bool {
    !cells.is_empty()
        && cells.iter().all(|cell| {
            let mut inference = Inference::default();
            inference.text(cell);
            !cell.trim().is_empty()
                && inference.column_type() == ColumnType::String
                && !cell.starts_with(|c: char| c.is_ascii_digit())
        })
}

/// Gives each column a name of its own: `Column1` where there is none, a number after one that was there before.
fn name_columns(columns: impl Iterator<Item = (String, ColumnType)>) -> Vec<Column> {
    let mut taken = HashSet::new();
    columns
        .enumerate()
        .map(|(index, (name, column_type))| {
            let name = match name.trim() {
                "" => format!("Column{}", index + 1),
                name => name.to_owned(),
            };
            let mut unique = name.clone();
            for number in 1.. {
                if taken.insert(unique.clone()) {
                    break;
                }
                unique = format!("{name}{number}");
            }
            Column::new(unique, column_type)
        })
        .collect()
}

fn infer_json<R: std::io::Read>(mut objects: Objects<R>) -> Result<Vec<Column>, ReadError> {
    let mut names: Vec<String> = Vec::new();
    let mut columns: Vec<Inference> = Vec::new();
    let mut places = std::collections::HashMap::new();
    while objects.next(&mut |members| {
        for (name, value) in members.0 {
            let place = match places.get(&*name) {
                Some(place) => *place,
                None => {
                    places.insert(name.to_string(), columns.len());
                    names.push(name.into_owned());
                    columns.push(Inference::default());
                    columns.len() - 1
                }
            };
            columns[place].json(value);
        }
        Ok(())
    })? {}
    Ok(name_columns(
        names.into_iter().zip(columns.iter().map(Inference::column_type)),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn attach(name: &str, content: &[u8]) -> Result<(Vec<String>, usize), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let attached = AttachedFile::open(&path)?;
        let columns = attached
            .columns()
            .iter()
            .map(|c| format!("{}:{}", c.name, c.column_type))
            .collect();
        let (mut scan, mut rows) = (attached.scan(&[0]).unwrap(), 0);
        while let Some(columns) = scan.next().map_err(|error| error.to_string())? {
            rows += columns.num_rows();
        }
        Ok((columns, rows))
    }

    #[test]
    fn a_csv_file_with_a_header_quoted_lines_and_gzip() {
        let text =
            "State,At,n,Narrative\nTEXAS,2007-01-01T00:00:00Z,3,\"two\nlines, \"\"quoted\"\"\"\nOHIO,,4,x\n";
        let columns = ["State:string", "At:datetime", "n:long", "Narrative:string"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(attach("storms.csv", text.as_bytes()), Ok((columns.clone(), 2)));
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        assert_eq!(attach("storms.csv.gz", &gzip.finish().unwrap()), Ok((columns, 2)));
    }

    #[test]
    fn a_csv_file_without_a_header() {
        let columns = ["Column1:string", "Column2:long"].map(str::to_owned).to_vec();
        assert_eq!(attach("x.csv", b"a,1\nb,2\n"), Ok((columns, 2)));
    }

    #[test]
    fn names_that_come_twice_are_told_apart() {
        let columns = ["a:long", "a1:long"].map(str::to_owned).to_vec();
        assert_eq!(attach("x.csv", b"a,a\n1,2\n"), Ok((columns, 1)));
    }

    #[test]
    fn json_lines_and_arrays_have_the_members_of_all_objects() {
        let columns = ["a:long", "b:dynamic", "c:real"].map(str::to_owned).to_vec();
        assert_eq!(
            attach("x.jsonl", b"{\"a\":1,\"b\":{}}\n\n{\"c\":1.5,\"a\":null}\n"),
            Ok((columns.clone(), 2))
        );
        assert_eq!(
            attach("x.json", b"[{\"a\":1,\"b\":{}},\n{\"c\":1.5}]"),
            Ok((columns, 2))
        );
    }

    #[test]
    fn errors_say_where_and_what_to_do() {
        let error = |name: &str, content: &[u8]| attach(name, content).unwrap_err();
        assert!(error("x.doc", b"").contains("the format cannot be told from the name"));
        assert!(error("x.csv", b"").ends_with("the file is empty, so it has no columns"));
        assert!(error("x.csv", b"a,b\n1,2\n1,2,3\n").ends_with("line 3: 3 cells, but the first line has 2"));
        assert!(error("x.jsonl", b"{\"a\":1}\n[2]\n").contains("line 2"));
        assert!(error("x.parquet", b"nonsense").contains("x.parquet"));
    }

    #[test]
    fn a_table_is_named_after_its_file() {
        let name = |path: &str| AttachedFile::table_name(Path::new(path));
        assert_eq!(
            name("data/noaa-storm-events-2019q1.csv.gz"),
            "noaa_storm_events_2019q1"
        );
        assert_eq!(name("2019.csv"), "_2019");
        assert_eq!(name(".csv"), "csv");
    }
}

//! From the frames of an answer to what is printed and drawn.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use kusto_protocol::{
    Column, DataSet, Frame, OneApiError, RowBatch, TableFragmentType, TableHeader, TableKind, Value,
    Visualization,
};

use crate::chart::{self, ChartData, TextStyle};
use crate::output::Printer;

/// Where charts go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Charts {
    /// Drawn in characters below the table.
    pub(crate) text: Option<TextStyle>,
    /// Written as a picture, besides the table.
    pub(crate) file: Option<PathBuf>,
}

/// Takes the frames of an answer, and prints its primary results while they arrive.
///
/// Results that are drawn, and progressive ones, which may be replaced, wait for their last row.
pub(crate) struct Results<W: Write + Send> {
    printer: Printer<W>,
    /// The whole answer, of a command.
    command: Option<DataSet>,
    charts: Charts,
    is_progressive: bool,
    visualizations: HashMap<i64, Visualization>,
    tables: HashMap<i64, Table>,
    rows: u64,
    errors: Vec<OneApiError>,
    /// What the user should know, besides errors.
    notes: Vec<String>,
    has_chart: bool,
}

struct Table {
    kind: TableKind,
    columns: Arc<[Column]>,
    /// Rows that wait, if they do.
    kept: Option<Vec<RowBatch>>,
}

/// What remains to be said when all frames have been taken.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) errors: Vec<OneApiError>,
    pub(crate) notes: Vec<String>,
}

impl<W: Write + Send> Results<W> {
    /// For the answer of a query.
    pub(crate) fn of_query(printer: Printer<W>, charts: Charts) -> Self {
        Self {
            printer,
            command: None,
            charts,
            is_progressive: false,
            visualizations: HashMap::new(),
            tables: HashMap::new(),
            rows: 0,
            errors: Vec::new(),
            notes: Vec::new(),
            has_chart: false,
        }
    }

    /// For the answer of a management command: which of its tables are results is known at its end only.
    pub(crate) fn of_command(printer: Printer<W>) -> Self {
        Self {
            command: Some(DataSet::new()),
            ..Self::of_query(printer, Charts::default())
        }
    }

    /// Rows printed, or waiting.
    pub(crate) fn rows(&self) -> u64 {
        let of_command = |answer: &DataSet| {
            answer
                .primary_results()
                .map(|table| table.num_rows() as u64)
                .sum()
        };
        self.command.as_ref().map_or(self.rows, of_command)
    }

    /// Takes the next frame.
    ///
    /// # Errors
    ///
    /// What the output or the file of the chart returns.
    pub(crate) fn frame(&mut self, frame: Frame) -> io::Result<()> {
        if let Some(answer) = &mut self.command {
            return answer.push(frame).map_err(io::Error::other);
        }
        match frame {
            Frame::DataSetHeader(header) => self.is_progressive = header.is_progressive,
            Frame::TableHeader(header) => self.begin(header)?,
            Frame::TableFragment(fragment) => {
                let is_replaced = fragment.kind == TableFragmentType::DataReplace;
                self.batch(fragment.table_id, fragment.rows, is_replaced)?;
            }
            Frame::TableCompletion(completion) => {
                self.errors.extend(completion.errors);
                self.end(completion.table_id)?;
            }
            // Errors at the end repeat those of the tables.
            Frame::DataSetCompletion(completion) if self.errors.is_empty() => self.errors = completion.errors,
            _ => {}
        }
        Ok(())
    }

    /// Ends the output, and tells what remains to be said.
    ///
    /// # Errors
    ///
    /// What the output returns.
    pub(crate) fn finish(mut self) -> io::Result<Summary> {
        if let Some(answer) = self.command.take() {
            for table in answer.primary_results() {
                self.printer.begin(table.columns())?;
                table
                    .batches()
                    .iter()
                    .try_for_each(|batch| self.printer.rows(batch.clone()))?;
            }
            self.errors = answer.errors();
        }
        let left_out = self.printer.finish()?;
        if left_out > 0 {
            self.notes.push(format!(
                "{left_out} columns found no room; a --format for programs has them all"
            ));
        }
        if let Some(file) = self.charts.file.filter(|_| !self.has_chart) {
            self.notes.push(format!(
                "{} was not written: the query has no chart to draw",
                file.display()
            ));
        }
        Ok(Summary {
            errors: self.errors,
            notes: self.notes,
        })
    }

    fn begin(&mut self, header: TableHeader) -> io::Result<()> {
        let can_be_drawn = self
            .visualizations
            .get(&header.table_id)
            .is_some_and(chart::is_drawn);
        let waits =
            self.is_progressive || can_be_drawn && (self.charts.text.is_some() || self.charts.file.is_some());
        let is_secondary = header.kind != TableKind::PrimaryResult;
        if !waits && !is_secondary {
            self.printer.begin(&header.columns)?;
        }
        let kept = (waits || is_secondary).then(Vec::new);
        self.tables.insert(
            header.table_id,
            Table {
                kind: header.kind,
                columns: header.columns,
                kept,
            },
        );
        Ok(())
    }

    fn batch(&mut self, table_id: i64, rows: RowBatch, is_replaced: bool) -> io::Result<()> {
        let Some(table) = self.tables.get_mut(&table_id) else {
            return Ok(());
        };
        if table.kind == TableKind::PrimaryResult {
            let replaced: usize = match &table.kept {
                Some(kept) if is_replaced => kept.iter().map(RowBatch::num_rows).sum(),
                _ => 0,
            };
            self.rows = self.rows + rows.num_rows() as u64 - replaced as u64;
        }
        match &mut table.kept {
            Some(kept) => {
                if is_replaced {
                    kept.clear();
                }
                kept.push(rows);
                Ok(())
            }
            None => self.printer.rows(rows),
        }
    }

    fn end(&mut self, table_id: i64) -> io::Result<()> {
        let Some(table) = self.tables.remove(&table_id) else {
            return Ok(());
        };
        let Some(batches) = table.kept else { return Ok(()) };
        match table.kind {
            TableKind::QueryProperties => self.properties(&batches),
            TableKind::PrimaryResult => return self.waited(table_id, &table.columns, batches),
            _ => {}
        }
        Ok(())
    }

    /// Prints a result that waited, and draws it below.
    fn waited(&mut self, table_id: i64, columns: &Arc<[Column]>, batches: Vec<RowBatch>) -> io::Result<()> {
        let visualization = self.visualizations.remove(&table_id).unwrap_or_default();
        let drawn = chart::chart_data(&visualization, &batches);
        if let Some((_, left_out @ 1..)) = &drawn {
            self.notes.push(format!(
                "the chart shows the first series only; {left_out} more are left out"
            ));
        }
        self.printer.begin(columns)?;
        batches
            .into_iter()
            .try_for_each(|batch| self.printer.rows(batch))?;
        let Some((data, _)) = drawn else { return Ok(()) };
        if let Some(style) = self.charts.text {
            self.printer.text(&chart::draw_text(&data, style))?;
        }
        self.picture(&data)
    }

    /// Writes the first chart of the answer as a picture, if that was asked for.
    fn picture(&mut self, data: &ChartData) -> io::Result<()> {
        let Some(path) = self.charts.file.as_ref().filter(|_| !self.has_chart) else {
            return Ok(());
        };
        self.has_chart = true;
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let scene = chart::scene(data);
        let mut file = BufWriter::new(File::create(path).map_err(named)?);
        let is_png = path.extension().is_some_and(|extension| extension == "png");
        let written = if is_png {
            chart::write_png(&scene, &mut file)
        } else {
            chart::write_svg(&scene, &mut file)
        };
        written.and_then(|()| file.flush()).map_err(named)
    }

    /// Remembers what `render` asked for: rows of table id, key and JSON.
    fn properties(&mut self, batches: &[RowBatch]) {
        for row in batches.iter().flat_map(RowBatch::rows) {
            let table_id = match row.get(0) {
                Value::Int(table_id) => table_id.into(),
                Value::Long(table_id) => table_id,
                _ => continue,
            };
            if row.get(1) != Value::String("Visualization") {
                continue;
            }
            let Some(visualization) = Visualization::from_json(&row.get(2).to_string()) else {
                continue;
            };
            self.visualizations.insert(table_id, visualization);
        }
    }
}

#[cfg(test)]
mod tests {
    use kusto_protocol::{
        ColumnType, DataSetCompletion, DataSetHeader, RowBatchBuilder, TableCompletion, TableFragment,
    };

    use super::*;
    use crate::output::{Format, TableStyle};

    const RENDER: &str = r#"{"Visualization":"barchart"}"#;

    fn table(table_id: i64, kind: TableKind, columns: &[Column], rows: &[&[Value<'_>]]) -> Vec<Frame> {
        let columns: Arc<[Column]> = columns.into();
        let mut builder = RowBatchBuilder::new(Arc::clone(&columns));
        for row in rows {
            builder.push_row(row).unwrap();
        }
        let fragment = TableFragment {
            table_id,
            kind: TableFragmentType::DataAppend,
            rows: builder.finish(),
        };
        let completion = TableCompletion {
            table_id,
            row_count: rows.len() as u64,
            errors: Vec::new(),
        };
        vec![
            Frame::TableHeader(TableHeader {
                table_id,
                kind,
                name: String::new(),
                columns,
            }),
            Frame::TableFragment(fragment),
            Frame::TableCompletion(completion),
        ]
    }

    fn properties(visualization: &str) -> Vec<Frame> {
        let columns = [
            Column::new("TableId", ColumnType::Int),
            Column::new("Key", ColumnType::String),
            Column::new("Value", ColumnType::Dynamic),
        ];
        let row = [
            Value::Int(1),
            Value::String("Visualization"),
            Value::Dynamic(visualization),
        ];
        table(0, TableKind::QueryProperties, &columns, &[&row])
    }

    fn storms(table_id: i64) -> Vec<Frame> {
        let columns = [
            Column::new("State", ColumnType::String),
            Column::new("n", ColumnType::Long),
        ];
        let rows: [&[Value<'_>]; 2] = [
            &[Value::String("TEXAS"), Value::Long(2)],
            &[Value::String("IOWA"), Value::Long(1)],
        ];
        table(table_id, TableKind::PrimaryResult, &columns, &rows)
    }

    fn run(frames: Vec<Frame>, charts: Charts) -> (String, u64, Summary) {
        let mut bytes = Vec::new();
        let printer = Printer::new(Format::Csv, TableStyle::default(), &mut bytes);
        let mut results = Results::of_query(printer, charts);
        for frame in frames {
            results.frame(frame).unwrap();
        }
        let rows = results.rows();
        let summary = results.finish().unwrap();
        (String::from_utf8(bytes).unwrap(), rows, summary)
    }

    #[test]
    fn primary_results_are_printed_and_others_are_not() {
        let frames = [properties(RENDER), storms(1), storms(2)].concat();
        let (text, rows, _) = run(frames, Charts::default());
        assert_eq!(text, "State,n\nTEXAS,2\nIOWA,1\n\nState,n\nTEXAS,2\nIOWA,1\n");
        assert_eq!(rows, 4);
    }

    #[test]
    fn a_rendered_result_is_drawn_below_its_table() {
        let style = TextStyle {
            width: 40,
            height: 10,
            color: false,
        };
        let charts = Charts {
            text: Some(style),
            file: None,
        };
        let (text, ..) = run([properties(RENDER), storms(1)].concat(), charts.clone());
        assert_eq!(
            text,
            "State,n\nTEXAS,2\nIOWA,1\n\nTEXAS ████████████████████████████████ 2\nIOWA  ████████████████ 1\n"
        );
        let (text, ..) = run(
            [properties(r#"{"Visualization":"treemap"}"#), storms(1)].concat(),
            charts,
        );
        assert_eq!(text, "State,n\nTEXAS,2\nIOWA,1\n");
    }

    #[test]
    fn a_picture_is_written_besides_the_rows() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("chart.svg");
        let charts = Charts {
            text: None,
            file: Some(file.clone()),
        };
        let (text, ..) = run([properties(RENDER), storms(1)].concat(), charts.clone());
        assert_eq!(text, "State,n\nTEXAS,2\nIOWA,1\n");
        assert!(std::fs::read_to_string(&file).unwrap().contains(">TEXAS</text>"));
        let (_, _, summary) = run(storms(1), charts);
        assert!(summary.notes[0].ends_with("chart.svg was not written: the query has no chart to draw"));
    }

    #[test]
    fn replaced_rows_of_progressive_results_are_not_printed() {
        let mut frames = vec![Frame::DataSetHeader(DataSetHeader {
            version: "v2.0".to_owned(),
            is_progressive: true,
            is_fragmented: false,
            error_reporting_placement: None,
        })];
        let mut rows = storms(1);
        let Frame::TableFragment(mut replacing) = rows[1].clone() else {
            unreachable!()
        };
        replacing.kind = TableFragmentType::DataReplace;
        rows.insert(2, Frame::TableFragment(replacing));
        frames.extend(rows);
        let (text, rows, _) = run(frames, Charts::default());
        assert_eq!((text.as_str(), rows), ("State,n\nTEXAS,2\nIOWA,1\n", 2));
    }

    #[test]
    fn errors_are_reported_once_after_the_rows() {
        let error = OneApiError::new("LimitsExceeded", "too many rows");
        let mut frames = storms(1);
        let Some(Frame::TableCompletion(completion)) = frames.last_mut() else {
            unreachable!()
        };
        completion.errors.push(error.clone());
        frames.push(Frame::DataSetCompletion(DataSetCompletion {
            has_errors: true,
            cancelled: false,
            errors: vec![error],
        }));
        let (_, rows, summary) = run(frames, Charts::default());
        assert_eq!((rows, summary.errors.len()), (2, 1));
    }
}

//! A small answer, as frames.

use kusto_protocol::{
    Column, ColumnType, ConversionError, DataSetCompletion, DataSetHeader, Frame, RowBatchBuilder,
    TableCompletion, TableFragment, TableFragmentType, TableHeader, TableKind, Value,
};

/// Storms by state, in the order in which a service sends frames.
pub(crate) fn frames() -> Result<Vec<Frame>, ConversionError> {
    let columns = [
        Column::new("State", ColumnType::String),
        Column::new("Storms", ColumnType::Long),
    ];
    let mut rows = RowBatchBuilder::new(columns.into());
    for (state, storms) in [("TEXAS", 4701), ("KANSAS", 3166), ("IOWA", 2337)] {
        rows.push_row(&[Value::String(state), Value::Long(storms)])?;
    }
    let rows = rows.finish();
    Ok(vec![
        Frame::DataSetHeader(DataSetHeader::default()),
        Frame::TableHeader(TableHeader {
            table_id: 0,
            kind: TableKind::PrimaryResult,
            name: "PrimaryResult".to_owned(),
            columns: rows.columns().clone(),
        }),
        Frame::TableFragment(TableFragment {
            table_id: 0,
            kind: TableFragmentType::DataAppend,
            rows,
        }),
        Frame::TableCompletion(TableCompletion {
            table_id: 0,
            row_count: 3,
            errors: Vec::new(),
        }),
        Frame::DataSetCompletion(DataSetCompletion::default()),
    ])
}

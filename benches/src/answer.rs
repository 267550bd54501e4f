//! Answers as the service sends them, made up: the same bytes on every machine.

mod bad;
mod logs;
mod numeric;
mod random;
mod shape;
mod storm;
mod text;

pub use bad::{BAD_ANSWERS, bad_answer};

use kusto_protocol::{Column, ColumnType};
use random::Random;
use text::push;

/// The three sets that stand for what people query.
pub const DATA_SETS: [&str; 3] = ["storm", "logs", "numeric"];

/// The names of the answers of one type each, and of unusual width.
pub fn shapes() -> impl Iterator<Item = &'static str> {
    shape::SHAPES.iter().map(|shape| shape.name)
}

/// An answer (V2, whole tables) of the data set or shape of this name, at least so many bytes long and at most one
/// row longer; `None` if there is no such name.
///
/// Of no bytes it has one row.
#[must_use]
pub fn answer(name: &str, bytes: usize) -> Option<Vec<u8>> {
    let mut rows = Rows::new(name)?;
    let mut out = Vec::with_capacity(bytes + (16 << 10));
    out.extend_from_slice(BEFORE.as_bytes());
    for (index, column) in columns(name)?.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let (name, column_type) = (&column.name, &column.column_type);
        push(
            &mut out,
            format_args!("{comma}{{\"ColumnName\":\"{name}\",\"ColumnType\":\"{column_type}\"}}"),
        );
    }
    out.extend_from_slice(b"],\"Rows\":[");
    loop {
        rows.push_row(&mut out);
        if out.len() + AFTER.len() >= bytes {
            break;
        }
        out.push(b',');
    }
    out.extend_from_slice(AFTER.as_bytes());
    Some(out)
}

/// The columns of the data set or shape of this name.
#[must_use]
pub fn columns(name: &str) -> Option<Vec<Column>> {
    let text = match name {
        "storm" => storm::COLUMNS,
        "logs" => logs::COLUMNS,
        "numeric" => numeric::COLUMNS,
        _ => {
            let shape = shape::SHAPES.iter().find(|shape| shape.name == name)?;
            let column = |index| Column::new(format!("c{index}"), ColumnType::from_name(shape.column_type));
            return Some((0..shape.columns).map(column).collect());
        }
    };
    let columns = text.split(',').filter_map(|column| column.split_once(':'));
    Some(
        columns
            .map(|(name, column_type)| Column::new(name, ColumnType::from_name(column_type)))
            .collect(),
    )
}

enum Rows {
    Storm(storm::Storms),
    Logs(logs::Logs),
    Numeric(numeric::Numbers),
    Shape(&'static shape::Shape, Random),
}

impl Rows {
    fn new(name: &str) -> Option<Self> {
        Some(match name {
            "storm" => Self::Storm(storm::Storms::new()),
            "logs" => Self::Logs(logs::Logs::new()),
            "numeric" => Self::Numeric(numeric::Numbers::new()),
            _ => Self::Shape(
                shape::SHAPES.iter().find(|shape| shape.name == name)?,
                Random::new(1),
            ),
        })
    }

    fn push_row(&mut self, out: &mut Vec<u8>) {
        match self {
            Self::Storm(storms) => storms.push_row(out),
            Self::Logs(logs) => logs.push_row(out),
            Self::Numeric(numbers) => numbers.push_row(out),
            Self::Shape(shape, random) => shape.push_row(random, out),
        }
    }
}

const BEFORE: &str = concat!(
    r#"[{"FrameType":"DataSetHeader","IsProgressive":false,"Version":"v2.0"},"#,
    "\r\n",
    r#"{"FrameType":"DataTable","TableId":0,"TableKind":"QueryProperties","TableName":"@ExtendedProperties","#,
    r#""Columns":[{"ColumnName":"TableId","ColumnType":"int"},{"ColumnName":"Key","ColumnType":"string"},"#,
    r#"{"ColumnName":"Value","ColumnType":"dynamic"}],"#,
    r#""Rows":[[1,"Visualization","{\"Visualization\":null,\"Title\":null}"]]},"#,
    "\r\n",
    r#"{"FrameType":"DataTable","TableId":1,"TableKind":"PrimaryResult","TableName":"PrimaryResult","Columns":["#,
);
const AFTER: &str = concat!(
    "]},\r\n",
    r#"{"FrameType":"DataTable","TableId":2,"TableKind":"QueryCompletionInformation","#,
    r#""TableName":"QueryCompletionInformation","Columns":[{"ColumnName":"Timestamp","ColumnType":"datetime"},"#,
    r#"{"ColumnName":"Level","ColumnType":"int"},{"ColumnName":"Payload","ColumnType":"string"}],"#,
    r#""Rows":[["2024-01-01T00:00:00.1234567Z",4,"{\"QueryResourceConsumption\":{}}"]]},"#,
    "\r\n",
    r#"{"FrameType":"DataSetCompletion","HasErrors":false,"Cancelled":false}]"#,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_the_same_every_time_and_as_long_as_asked() {
        for name in DATA_SETS.into_iter().chain(shapes()) {
            let first = answer(name, 50_000).unwrap();
            assert_eq!(first, answer(name, 50_000).unwrap(), "{name}");
            assert!((50_000..60_000).contains(&first.len()), "{name}: {}", first.len());
        }
        assert_eq!(answer("other", 1), None);
    }

    #[test]
    fn the_bytes_of_the_data_sets_have_not_changed() {
        let sums: Vec<u32> = DATA_SETS
            .iter()
            .map(|name| {
                let bytes = answer(name, 100_000).unwrap();
                bytes.iter().fold(0_u32, |sum, byte| {
                    sum.wrapping_mul(31).wrapping_add(u32::from(*byte))
                })
            })
            .collect();
        assert_eq!(sums, [963_456_238, 78_433_680, 1_534_003_526]);
    }
}

//! Chooses what to draw from the columns of a result.
//!
//! As the service's own web page does: x is the first column, numeric columns are the lines, and columns of text after
//! x split them into one line for each text. `xcolumn`, `ycolumns` and `series` name others. Columns of arrays, as
//! `make-series` returns them, are unfolded: each row is then a line.

use kusto_protocol::{Column, ColumnType, DateTime, Decimal, RowBatch, Value, Visualization};
use serde_json::Value as Json;

use super::points::{Place, Points};
use super::{ChartData, ChartKind, Series, Stacking};

/// The chart of a result, and the number of series that are left out because there are too many to tell apart;
/// `None` if the kind is not drawn here or nothing in the result can be.
pub(crate) fn chart_data(visualization: &Visualization, batches: &[RowBatch]) -> Option<(ChartData, usize)> {
    let (kind, stacking) = kind(visualization)?;
    let columns = batches.first()?.columns();
    let roles = Roles::choose(visualization, kind, batches)?;
    let names: Vec<&str> = roles.y.iter().map(|y| columns[*y].name.as_str()).collect();
    let mut points = Points::default();
    for row in batches.iter().flat_map(RowBatch::rows) {
        let split: Vec<String> = roles
            .split
            .iter()
            .map(|index| row.get(*index).to_string())
            .collect();
        let names = series_names(&names, &split.join(", "));
        if roles.is_unfolded {
            let x = roles.x.map(|x| array(row.get(x))).unwrap_or_default();
            for (name, y) in names.iter().zip(&roles.y) {
                for (index, y) in array(row.get(*y)).iter().enumerate() {
                    let at = x
                        .get(index)
                        .map_or_else(|| Some(Place::number(index as f64)), json_place);
                    points.push(at, name, y.as_f64());
                }
            }
        } else {
            let at = roles
                .x
                .map_or(Some(Place::Text(String::new())), |x| place(row.get(x)));
            for (name, y) in names.iter().zip(&roles.y) {
                points.push(at.clone(), name, number(row.get(*y)));
            }
        }
    }
    let left_out = points.left_out.len();
    let (x, mut series) = points.finish()?;
    if visualization.accumulate {
        series.iter_mut().for_each(accumulate);
    }
    let or_name = |title: &Option<String>, column: Option<usize>| {
        title
            .clone()
            .or_else(|| Some(columns[column?].name.clone()))
            .unwrap_or_default()
    };
    let only_y = roles.y.first().copied().filter(|_| roles.y.len() == 1);
    let is_log = |axis: &Option<String>| {
        axis.as_deref()
            .is_some_and(|axis| axis.eq_ignore_ascii_case("log"))
    };
    let mut data = ChartData::new(kind, x, series);
    data.stacking = stacking;
    data.title = visualization.title.clone().unwrap_or_default();
    data.x_title = or_name(&visualization.x_title, roles.x);
    data.y_title = or_name(&visualization.y_title, only_y);
    data.legend = visualization.legend.as_deref() != Some("hidden");
    data.x_log = is_log(&visualization.x_axis);
    data.y_log = is_log(&visualization.y_axis);
    data.y_range = (visualization.y_min, visualization.y_max);
    Some((data, left_out))
}

/// Whether the kind is drawn at all; others (`treemap`, `graph`, …) are printed as tables.
pub(crate) fn is_drawn(visualization: &Visualization) -> bool {
    kind(visualization).is_some()
}

fn kind(visualization: &Visualization) -> Option<(ChartKind, Stacking)> {
    let name = visualization.visualization.as_deref()?.to_ascii_lowercase();
    let kind = match name.as_str() {
        "areachart" | "stackedareachart" => ChartKind::Area,
        "barchart" => ChartKind::Bar,
        "card" => ChartKind::Card,
        "columnchart" => ChartKind::Column,
        "anomalychart" | "linechart" | "timechart" => ChartKind::Line,
        "piechart" => ChartKind::Pie,
        "scatterchart" => ChartKind::Scatter,
        _ => return None,
    };
    let can_stack = matches!(kind, ChartKind::Area | ChartKind::Bar | ChartKind::Column);
    let stacking = match visualization.kind.as_deref().unwrap_or("default") {
        "stacked" if can_stack => Stacking::Stacked,
        "stacked100" if can_stack => Stacking::Percent,
        "default" if name == "stackedareachart" => Stacking::Stacked,
        _ => Stacking::None,
    };
    Some((kind, stacking))
}

/// Adds to each value those before it.
fn accumulate(series: &mut Series) {
    let mut sum = 0.0;
    for value in series.values.iter_mut().flatten() {
        sum += *value;
        *value = sum;
    }
}

/// Which columns are what, by their places in the result.
struct Roles {
    /// Absent for cards.
    x: Option<usize>,
    y: Vec<usize>,
    split: Vec<usize>,
    /// The cells of x and y are arrays.
    is_unfolded: bool,
}

impl Roles {
    fn choose(visualization: &Visualization, kind: ChartKind, batches: &[RowBatch]) -> Option<Self> {
        let columns = batches.first()?.columns();
        let named = |name: &String| columns.iter().position(|column| column.name == *name);
        let is_time_chart = visualization.visualization.as_deref() == Some("timechart");
        let arrays: Vec<bool> = (0..columns.len())
            .map(|index| holds_arrays(batches, index))
            .collect();
        let is_unfolded = arrays.contains(&true) && kind != ChartKind::Card;
        let first_time = || {
            columns
                .iter()
                .position(|column| column.column_type == ColumnType::DateTime)
        };
        let x = match kind {
            ChartKind::Card => None,
            _ => visualization
                .x_column
                .as_ref()
                .and_then(named)
                .or_else(|| {
                    is_unfolded.then(|| {
                        (0..columns.len()).find(|index| arrays[*index] && holds_times(batches, *index))
                    })?
                })
                .or_else(|| if is_time_chart { first_time() } else { None })
                .or(Some(0)),
        };
        let can_be_y = |index: &usize| {
            Some(*index) != x
                && if is_unfolded {
                    arrays[*index]
                } else {
                    is_number(&columns[*index])
                }
        };
        let mut y: Vec<usize> = visualization
            .y_columns
            .iter()
            .filter_map(named)
            .filter(can_be_y)
            .collect();
        if y.is_empty() {
            y = (0..columns.len()).filter(can_be_y).collect();
        }
        if kind == ChartKind::Pie {
            y.truncate(1);
        }
        let mut split: Vec<usize> = visualization.series.iter().filter_map(named).collect();
        if split.is_empty() && !matches!(kind, ChartKind::Pie | ChartKind::Card) {
            let is_text = |index: &usize| {
                let is_name = matches!(
                    columns[*index].column_type,
                    ColumnType::String | ColumnType::Guid | ColumnType::Bool | ColumnType::Dynamic
                );
                is_name && Some(*index) != x && !arrays[*index]
            };
            split = (0..columns.len()).filter(is_text).collect();
        }
        (!y.is_empty()).then_some(Self {
            x,
            y,
            split,
            is_unfolded,
        })
    }
}

fn is_number(column: &Column) -> bool {
    matches!(
        column.column_type,
        ColumnType::Decimal | ColumnType::Int | ColumnType::Long | ColumnType::Real
    )
}

/// Whether the first value of a dynamic column is an array.
fn holds_arrays(batches: &[RowBatch], column: usize) -> bool {
    first_text(batches, column).is_some_and(|text| text.trim_start().starts_with('['))
}

fn holds_times(batches: &[RowBatch], column: usize) -> bool {
    let items: Vec<Json> = first_text(batches, column).map(items).unwrap_or_default();
    matches!(items.first().and_then(json_place), Some(Place::Time(_)))
}

fn first_text(batches: &[RowBatch], column: usize) -> Option<&str> {
    batches
        .iter()
        .flat_map(RowBatch::rows)
        .find_map(|row| match row.get(column) {
            Value::Dynamic(text) => Some(text),
            _ => None,
        })
}

/// One name for each y column: its own, the text that splits it, or both.
fn series_names(y: &[&str], split: &str) -> Vec<String> {
    y.iter()
        .map(|name| match (split, y.len()) {
            ("", _) => (*name).to_owned(),
            (split, 1) => split.to_owned(),
            (split, _) => format!("{split}: {name}"),
        })
        .collect()
}

/// `None` for numbers and times that are null, which have no place.
fn place(value: Value<'_>) -> Option<Place> {
    match value {
        Value::DateTime(at) => Some(Place::Time(at.ticks())),
        Value::Int(_) | Value::Long(_) | Value::Real(_) | Value::Decimal(_) => {
            number(value).map(Place::number)
        }
        Value::Null => None,
        other => Some(Place::Text(other.to_string())),
    }
}

fn json_place(json: &Json) -> Option<Place> {
    match json {
        Json::Number(number) => number.as_f64().map(Place::number),
        Json::String(text) => match text.parse::<DateTime>() {
            Ok(at) => Some(Place::Time(at.ticks())),
            Err(_) => Some(Place::Text(text.clone())),
        },
        _ => None,
    }
}

fn number(value: Value<'_>) -> Option<f64> {
    let number = match value {
        Value::Int(number) => f64::from(number),
        Value::Long(number) => number as f64,
        Value::Real(number) => number,
        Value::Decimal(text) => text.parse::<Decimal>().ok()?.to_f64(),
        _ => return None,
    };
    number.is_finite().then_some(number)
}

fn array(value: Value<'_>) -> Vec<Json> {
    match value {
        Value::Dynamic(text) => items(text),
        _ => Vec::new(),
    }
}

fn items(text: &str) -> Vec<Json> {
    serde_json::from_str(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use kusto_protocol::RowBatchBuilder;

    use super::super::X;
    use super::*;

    fn batch(columns: &[(&str, ColumnType)], rows: &[&[Value<'_>]]) -> Vec<RowBatch> {
        let columns: Vec<Column> = columns
            .iter()
            .map(|(name, column_type)| Column::new(*name, column_type.clone()))
            .collect();
        let mut builder = RowBatchBuilder::new(columns.into());
        for row in rows {
            builder.push_row(row).unwrap();
        }
        vec![builder.finish()]
    }

    fn named(name: &str) -> Visualization {
        let mut visualization = Visualization::default();
        visualization.visualization = Some(name.to_owned());
        visualization
    }

    fn time(text: &str) -> Value<'static> {
        Value::DateTime(text.parse().unwrap())
    }

    fn series(data: &ChartData) -> Vec<(&str, Vec<Option<f64>>)> {
        data.series
            .iter()
            .map(|series| (series.name.as_str(), series.values.clone()))
            .collect()
    }

    #[test]
    fn first_column_is_x_and_numbers_are_series() {
        let columns = [
            ("State", ColumnType::String),
            ("n", ColumnType::Long),
            ("share", ColumnType::Real),
        ];
        let rows: [&[Value<'_>]; 2] = [
            &[Value::String("TEXAS"), Value::Long(3), Value::Real(0.5)],
            &[Value::String("IOWA"), Value::Null, Value::Real(0.25)],
        ];
        let (data, _) = chart_data(&named("columnchart"), &batch(&columns, &rows)).unwrap();
        assert_eq!(data.x, X::Labels(vec!["TEXAS".to_owned(), "IOWA".to_owned()]));
        assert_eq!(
            series(&data),
            [
                ("n", vec![Some(3.0), None]),
                ("share", vec![Some(0.5), Some(0.25)])
            ]
        );
        assert_eq!((data.x_title.as_str(), data.y_title.as_str()), ("State", ""));
    }

    #[test]
    fn text_after_x_splits_into_series_and_times_are_put_in_order() {
        let columns = [
            ("at", ColumnType::DateTime),
            ("State", ColumnType::String),
            ("n", ColumnType::Long),
        ];
        let rows: [&[Value<'_>]; 3] = [
            &[time("2007-01-02"), Value::String("TEXAS"), Value::Long(3)],
            &[time("2007-01-01"), Value::String("IOWA"), Value::Long(1)],
            &[time("2007-01-01"), Value::String("TEXAS"), Value::Long(2)],
        ];
        let (data, left_out) = chart_data(&named("timechart"), &batch(&columns, &rows)).unwrap();
        assert_eq!(
            series(&data),
            [
                ("TEXAS", vec![Some(2.0), Some(3.0)]),
                ("IOWA", vec![Some(1.0), None])
            ]
        );
        assert_eq!((data.y_title.as_str(), left_out), ("n", 0));
    }

    #[test]
    fn named_columns_win() {
        let columns = [
            ("n", ColumnType::Long),
            ("x", ColumnType::Long),
            ("m", ColumnType::Long),
        ];
        let rows: [&[Value<'_>]; 1] = [&[Value::Long(1), Value::Long(2), Value::Long(3)]];
        let mut visualization = named("linechart");
        visualization.x_column = Some("x".to_owned());
        visualization.y_columns = vec!["m".to_owned()];
        let (data, _) = chart_data(&visualization, &batch(&columns, &rows)).unwrap();
        assert_eq!(
            (data.x.clone(), series(&data)),
            (X::Numbers(vec![2.0]), vec![("m", vec![Some(3.0)])])
        );
    }

    #[test]
    fn points_of_a_scatter_chart_may_share_an_x() {
        let columns = [("x", ColumnType::Long), ("y", ColumnType::Long)];
        let rows: [&[Value<'_>]; 2] = [
            &[Value::Long(1), Value::Long(2)],
            &[Value::Long(1), Value::Long(3)],
        ];
        let (data, _) = chart_data(&named("scatterchart"), &batch(&columns, &rows)).unwrap();
        assert_eq!(data.x, X::Numbers(vec![1.0, 1.0]));
        assert_eq!(series(&data), [("y", vec![Some(2.0), Some(3.0)])]);
    }

    #[test]
    fn arrays_of_make_series_are_unfolded() {
        let columns = [
            ("State", ColumnType::String),
            ("n", ColumnType::Dynamic),
            ("at", ColumnType::Dynamic),
        ];
        let times = r#"["2007-01-01T00:00:00.0000000Z","2007-01-02T00:00:00.0000000Z"]"#;
        let rows: [&[Value<'_>]; 2] = [
            &[
                Value::String("TEXAS"),
                Value::Dynamic("[1,2]"),
                Value::Dynamic(times),
            ],
            &[
                Value::String("IOWA"),
                Value::Dynamic("[3,null]"),
                Value::Dynamic(times),
            ],
        ];
        let (data, _) = chart_data(&named("timechart"), &batch(&columns, &rows)).unwrap();
        assert_eq!(data.x.len(), 2);
        assert_eq!(
            series(&data),
            [
                ("TEXAS", vec![Some(1.0), Some(2.0)]),
                ("IOWA", vec![Some(3.0), None])
            ]
        );
    }

    #[test]
    fn too_many_series_are_left_out_and_counted() {
        let columns = [
            ("x", ColumnType::Long),
            ("name", ColumnType::String),
            ("y", ColumnType::Long),
        ];
        let names: Vec<String> = (0..50).map(|index| index.to_string()).collect();
        let rows: Vec<Vec<Value<'_>>> = names
            .iter()
            .map(|name| vec![Value::Long(1), Value::String(name), Value::Long(1)])
            .collect();
        let rows: Vec<&[Value<'_>]> = rows.iter().map(Vec::as_slice).collect();
        let (data, left_out) = chart_data(&named("linechart"), &batch(&columns, &rows)).unwrap();
        assert_eq!((data.series.len(), left_out), (40, 10));
    }

    #[test]
    fn what_cannot_be_drawn_is_no_chart() {
        let texts = batch(&[("a", ColumnType::String)], &[&[Value::String("x")]]);
        assert!(chart_data(&named("barchart"), &texts).is_none());
        assert!(chart_data(&named("table"), &texts).is_none());
        assert!(chart_data(&named("barchart"), &[]).is_none());
        let empty = batch(&[("a", ColumnType::String), ("n", ColumnType::Long)], &[]);
        assert!(chart_data(&named("barchart"), &empty).is_none());
    }
}

//! Charts of `render`: what is drawn, apart from where.
//!
//! [`ChartData`] is chosen from a result (`columns`), then drawn as characters on a terminal (`text`) or laid out as
//! shapes (`layout`, `marks`) that are written as SVG or painted as PNG.

mod calendar;
mod color;
mod columns;
mod font;
mod layout;
mod legend;
mod marks;
mod pie;
mod png;
mod points;
mod scale;
mod scene;
mod svg;
mod text;

pub(crate) use columns::{chart_data, is_drawn};
pub(crate) use layout::scene;
pub(crate) use png::write_png;
pub(crate) use svg::write_svg;
pub(crate) use text::{TextStyle, draw_text};

/// The shapes a chart can take here; `render` has more names than that, see the `columns` module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChartKind {
    Area,
    /// Horizontal bars.
    Bar,
    /// Large numbers without axes.
    Card,
    /// Vertical bars.
    Column,
    Line,
    Pie,
    Scatter,
}

/// How several series share one x.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stacking {
    /// Beside each other (bars, columns) or over each other (areas).
    #[default]
    None,
    /// On top of each other.
    Stacked,
    /// On top of each other, as shares of a hundred.
    Percent,
}

/// The places along x, one for each value of every series. Numbers are finite.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum X {
    Labels(Vec<String>),
    Numbers(Vec<f64>),
    /// Ticks of 100 ns since 0001-01-01.
    Times(Vec<i64>),
}

impl X {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Labels(labels) => labels.len(),
            Self::Numbers(numbers) => numbers.len(),
            Self::Times(ticks) => ticks.len(),
        }
    }

    /// One text for each place, for charts that give each place a row or a slot.
    fn labels(&self) -> Vec<String> {
        match self {
            Self::Labels(labels) => labels.clone(),
            Self::Numbers(numbers) => numbers.iter().map(f64::to_string).collect(),
            Self::Times(ticks) => calendar::labels(ticks),
        }
    }

    /// Places on a line: labels count 0, 1, 2, …
    fn position(&self, index: usize) -> f64 {
        match self {
            Self::Labels(_) => index as f64,
            Self::Numbers(numbers) => numbers[index],
            Self::Times(ticks) => ticks[index] as f64,
        }
    }
}

/// One named line, or one colour of bars. `None` is a place without a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) values: Vec<Option<f64>>,
}

/// Everything a drawing needs to know. Every series has as many values as `x` has places.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ChartData {
    pub(crate) kind: ChartKind,
    pub(crate) stacking: Stacking,
    pub(crate) title: String,
    pub(crate) x_title: String,
    pub(crate) y_title: String,
    pub(crate) x: X,
    pub(crate) series: Vec<Series>,
    /// Show the names of the series. Charts of one series show none.
    pub(crate) legend: bool,
    pub(crate) x_log: bool,
    pub(crate) y_log: bool,
    /// Fixed ends of the y axis.
    pub(crate) y_range: (Option<f64>, Option<f64>),
}

impl ChartData {
    pub(crate) fn new(kind: ChartKind, x: X, series: Vec<Series>) -> Self {
        Self {
            kind,
            stacking: Stacking::None,
            title: String::new(),
            x_title: String::new(),
            y_title: String::new(),
            x,
            series,
            legend: true,
            x_log: false,
            y_log: false,
            y_range: (None, None),
        }
    }

    /// Where each mark begins and ends along y: `[series][place]`, with stacking applied.
    ///
    /// Marks begin at zero unless they are stacked. Negative values stack downwards on their own.
    fn spans(&self) -> Vec<Vec<Option<(f64, f64)>>> {
        let mut tops = vec![(0.0, 0.0); self.x.len()];
        let totals: Vec<f64> = (0..self.x.len()).map(|place| self.total(place)).collect();
        self.series
            .iter()
            .map(|series| {
                let place_span = |(place, value): (usize, &Option<f64>)| {
                    let value = value.filter(|value| value.is_finite())?;
                    if self.stacking == Stacking::None {
                        return Some((0.0, value));
                    }
                    let whole = if self.stacking == Stacking::Percent {
                        totals[place] / 100.0
                    } else {
                        1.0
                    };
                    let size = if whole == 0.0 { 0.0 } else { value / whole };
                    let (up, down): &mut (f64, f64) = &mut tops[place];
                    let end = if size < 0.0 { down } else { up };
                    let begin = *end;
                    *end += size;
                    Some((begin, *end))
                };
                series.values.iter().enumerate().map(place_span).collect()
            })
            .collect()
    }

    fn total(&self, place: usize) -> f64 {
        self.series
            .iter()
            .filter_map(|series| series.values[place].filter(|value| value.is_finite()))
            .map(f64::abs)
            .sum()
    }

    /// The y axis: from zero for marks that have an area, else from the least value.
    fn y_scale(&self, about: usize) -> scale::Scale {
        let spans = self.spans();
        let from_zero = matches!(self.kind, ChartKind::Area | ChartKind::Bar | ChartKind::Column);
        let ends = spans.iter().flatten().flatten().flat_map(|(begin, end)| {
            let begin = from_zero.then_some(*begin);
            begin.into_iter().chain([*end])
        });
        let (mut low, mut high) = scale::range(ends).unwrap_or((0.0, 1.0));
        low = self.y_range.0.unwrap_or(low);
        high = self.y_range.1.unwrap_or(high);
        if self.y_log {
            // Zero has no place on this axis: it begins at the least positive value.
            let positive = spans
                .iter()
                .flatten()
                .flatten()
                .map(|span| span.1)
                .filter(|end| *end > 0.0);
            if let Some((least, most)) = scale::range(positive) {
                return scale::Scale::log(self.y_range.0.unwrap_or(least), self.y_range.1.unwrap_or(most));
            }
        }
        scale::Scale::linear(low, high, about)
    }

    /// The x axis of charts that have a continuous one.
    fn x_scale(&self, about: usize) -> scale::Scale {
        match &self.x {
            X::Times(ticks) => {
                let low = ticks.iter().copied().min().unwrap_or(0);
                let high = ticks.iter().copied().max().unwrap_or(0);
                scale::Scale::time(low, high, about)
            }
            X::Numbers(numbers) => {
                let (low, high) = scale::range(numbers.iter().copied()).unwrap_or((0.0, 1.0));
                if self.x_log && low > 0.0 {
                    scale::Scale::log(low, high)
                } else if self.kind == ChartKind::Scatter {
                    scale::Scale::linear(low, high, about)
                } else {
                    scale::Scale::exact(low, high, about)
                }
            }
            X::Labels(labels) => scale::Scale::labels(labels, about),
        }
    }

    /// Indices of the places in order of x, so that lines run from left to right.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.x.len()).collect();
        order.sort_by(|a, b| self.x.position(*a).total_cmp(&self.x.position(*b)));
        order
    }

    fn has_legend(&self) -> bool {
        self.legend && self.series.len() > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn series(name: &str, values: &[f64]) -> Series {
        Series {
            name: name.into(),
            values: values.iter().map(|value| Some(*value)).collect(),
        }
    }

    fn stacked(stacking: Stacking) -> ChartData {
        let x = X::Labels(vec!["a".into(), "b".into()]);
        let series = vec![series("one", &[1.0, -2.0]), series("two", &[3.0, 2.0])];
        ChartData {
            stacking,
            ..ChartData::new(ChartKind::Column, x, series)
        }
    }

    #[test]
    fn unstacked_marks_begin_at_zero() {
        assert_eq!(
            stacked(Stacking::None).spans()[1],
            [Some((0.0, 3.0)), Some((0.0, 2.0))]
        );
    }

    #[test]
    fn stacked_marks_begin_where_the_one_below_ends_and_signs_stack_apart() {
        assert_eq!(
            stacked(Stacking::Stacked).spans()[1],
            [Some((1.0, 4.0)), Some((0.0, 2.0))]
        );
    }

    #[test]
    fn percent_marks_share_a_hundred() {
        assert_eq!(
            stacked(Stacking::Percent).spans()[1],
            [Some((25.0, 100.0)), Some((0.0, 50.0))]
        );
    }

    #[test]
    fn lines_run_in_order_of_x() {
        let x = X::Numbers(vec![3.0, 1.0, 2.0]);
        let data = ChartData::new(ChartKind::Line, x, vec![series("y", &[0.0, 0.0, 0.0])]);
        assert_eq!(data.order(), [1, 2, 0]);
    }
}

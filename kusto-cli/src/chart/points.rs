//! Points as they come row by row, and the columns of a chart that they become.

use std::collections::{HashMap, HashSet};
use std::mem::discriminant;

use super::{Series, X};

/// Where on the x axis a value belongs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// The bits of a finite number, so that it can be looked up.
    Number(u64),
    Text(String),
    /// Ticks of 100 ns since 0001-01-01.
    Time(i64),
}

impl Place {
    pub(super) const fn number(number: f64) -> Self {
        Self::Number(number.to_bits())
    }
}

/// Points as they come, until they are columns of a chart.
#[derive(Default)]
pub(super) struct Points {
    places: Vec<Place>,
    /// The indices in `places` of each place: several if a series has several values there.
    indices: HashMap<Place, Vec<usize>>,
    /// How many of the indices of a place a series has used.
    used: HashMap<(usize, Place), usize>,
    series: Vec<Series>,
    by_name: HashMap<String, usize>,
    pub(super) left_out: HashSet<String>,
}

impl Points {
    pub(super) fn push(&mut self, at: Option<Place>, name: &str, value: Option<f64>) {
        let Some(at) = at else { return };
        let series = match self.by_name.get(name) {
            Some(series) => *series,
            None if self.series.len() == MOST_SERIES => {
                self.left_out.insert(name.to_owned());
                return;
            }
            None => {
                self.by_name.insert(name.to_owned(), self.series.len());
                self.series.push(Series {
                    name: name.to_owned(),
                    values: Vec::new(),
                });
                self.series.len() - 1
            }
        };
        // Places of one kind only: an axis is of numbers or of times or of labels.
        if self
            .places
            .first()
            .is_some_and(|first| discriminant(first) != discriminant(&at))
        {
            return;
        }
        let indices = self.indices.entry(at.clone()).or_default();
        let used = self.used.entry((series, at.clone())).or_default();
        if *used == indices.len() {
            indices.push(self.places.len());
            self.places.push(at);
        }
        let index = indices[*used];
        *used += 1;
        let values = &mut self.series[series].values;
        if values.len() <= index {
            values.resize(index + 1, None);
        }
        values[index] = value;
    }

    /// Times in order; labels and numbers in the order of the result. `None` if there is no point at all.
    pub(super) fn finish(mut self) -> Option<(X, Vec<Series>)> {
        for series in &mut self.series {
            series.values.resize(self.places.len(), None);
        }
        let x = match self.places.first()? {
            Place::Time(_) => {
                let time = |place: &Place| if let Place::Time(ticks) = place { *ticks } else { 0 };
                let mut order: Vec<usize> = (0..self.places.len()).collect();
                order.sort_by_key(|index| time(&self.places[*index]));
                for series in &mut self.series {
                    series.values = order.iter().map(|index| series.values[*index]).collect();
                }
                X::Times(order.iter().map(|index| time(&self.places[*index])).collect())
            }
            Place::Number(_) => {
                let bits = |place: &Place| if let Place::Number(bits) = place { *bits } else { 0 };
                X::Numbers(
                    self.places
                        .iter()
                        .map(|place| f64::from_bits(bits(place)))
                        .collect(),
                )
            }
            Place::Text(_) => {
                let text = |place: Place| {
                    if let Place::Text(text) = place {
                        text
                    } else {
                        String::new()
                    }
                };
                X::Labels(self.places.into_iter().map(text).collect())
            }
        };
        Some((x, self.series))
    }
}

/// More lines than this cannot be told apart, and would take memory for each place.
const MOST_SERIES: usize = 40;

//! Series as a whole: lines through them, filters over them.

use kusto_protocol::Value;
use serde_json::json;

use super::arguments::{Arguments, converted};
use super::json::{self, Json};
use super::kind::{self, AnyJson, Bool, Input, Nullable};
use super::lift::{collect, ternary, unary};
use super::series::{dot, mean, numbers, spread};
use super::{Call, Family, Function};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "Series as a whole",
    functions: &[
        Function::new(
            "series_fill_linear",
            (1, 4),
            "(series, [gap], [fill edges: bool], [edge value]) -> dynamic",
            fill_linear,
        ),
        Function::new(
            "series_fir",
            (2, 4),
            "(series, filter, [normalize: bool], [center: bool]) -> dynamic",
            fir,
        ),
        Function::new("series_fit_2lines_dynamic", (1, 1), "(series) -> dynamic", |a| {
            unary::<kind::Json, kind::Json>(a, |series| fit_2lines(&numbers(&series)?))
        }),
        Function::new("series_fit_line_dynamic", (1, 1), "(series) -> dynamic", |a| {
            unary::<kind::Json, kind::Json>(a, |series| {
                let series = numbers(&series)?;
                let line = Line::through(&series, 0)?;
                let mut figures = line.figures();
                figures["line_fit"] = reals(&line.values(series.len()));
                Some(figures)
            })
        }),
        Function::new(
            "series_iir",
            (3, 3),
            "(series, numerators, denominators) -> dynamic",
            |a| {
                ternary::<kind::Json, kind::Json, kind::Json, kind::Json>(a, |series, above, below| {
                    iir(&numbers(&series)?, &numbers(&above)?, &numbers(&below)?)
                })
            },
        ),
    ],
};

/// The straight line nearest to a series, by least squares over the places of its elements.
struct Line {
    slope: f64,
    interception: f64,
    /// The place of the first element.
    start: usize,
    rsquare: f64,
    variance: f64,
    rvariance: f64,
    /// The sum of the squares of what the line leaves over.
    residue: f64,
}

impl Line {
    fn through(series: &[f64], start: usize) -> Option<Self> {
        if series.len() < 2 {
            return None;
        }
        let places: Vec<f64> = (start..start + series.len()).map(|place| place as f64).collect();
        let slope = spread(&places, series) / spread(&places, &places);
        let interception = mean(series) - slope * mean(&places);
        let mut line = Self {
            slope,
            interception,
            start,
            rsquare: 0.0,
            variance: 0.0,
            rvariance: 0.0,
            residue: 0.0,
        };
        let fit = line.values(series.len());
        let residues: Vec<f64> = series.iter().zip(&fit).map(|(value, fit)| value - fit).collect();
        let freedom = (series.len() - 1) as f64;
        line.residue = dot(&residues, &residues);
        line.variance = spread(series, series) / freedom;
        line.rvariance = line.residue / freedom;
        line.rsquare = 1.0 - line.rvariance / line.variance;
        Some(line)
    }

    /// The line at the places of so many elements.
    fn values(&self, len: usize) -> Vec<f64> {
        let places = (self.start..self.start + len).map(|place| place as f64);
        places
            .map(|place| self.slope.mul_add(place, self.interception))
            .collect()
    }

    fn figures(&self) -> Json {
        json!({
            "rsquare": json::from_real(self.rsquare),
            "slope": json::from_real(self.slope),
            "variance": json::from_real(self.variance),
            "rvariance": json::from_real(self.rvariance),
            "interception": json::from_real(self.interception),
        })
    }
}

/// Two lines, split where they leave least over.
fn fit_2lines(series: &[f64]) -> Option<Json> {
    let whole = Line::through(series, 0)?;
    let splits = 2..series.len().saturating_sub(1);
    let mut best: Option<(f64, usize, Line, Line)> = None;
    for split in splits {
        let (left, right) = series.split_at(split);
        let (left, right) = (Line::through(left, 0)?, Line::through(right, split)?);
        let residue = left.residue + right.residue;
        if best.as_ref().is_none_or(|(least, ..)| residue < *least) {
            best = Some((residue, split, left, right));
        }
    }
    let (residue, split, left, right) = best?;
    let rvariance = residue / (series.len() - 1) as f64;
    let mut fit = left.values(split);
    fit.extend(right.values(series.len() - split));
    Some(json!({
        "rsquare": json::from_real(1.0 - rvariance / whole.variance),
        "split_idx": split,
        "variance": json::from_real(whole.variance),
        "rvariance": json::from_real(rvariance),
        "line_fit": reals(&fit),
        "right": right.figures(),
        "left": left.figures(),
    }))
}

fn reals(values: &[f64]) -> Json {
    values.iter().copied().map(json::from_real).collect()
}

/// What comes out of a filter whose output feeds back into it.
fn iir(series: &[f64], above: &[f64], below: &[f64]) -> Option<Json> {
    let first = *below.first().filter(|first| **first != 0.0)?;
    let mut out: Vec<f64> = Vec::with_capacity(series.len());
    for place in 0..series.len() {
        let forward = above.iter().zip(series[..=place].iter().rev());
        let back = below[1..].iter().zip(out.iter().rev());
        let forward: f64 = forward.map(|(weight, value)| weight * value).sum();
        let back: f64 = back.map(|(weight, value)| weight * value).sum();
        out.push((forward - back) / first);
    }
    Some(reals(&out))
}

/// Weighted sums over each element and those before it, or around it. Before the first there are zeros.
fn fir(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    let (series, filter) = (
        arguments.target::<kind::Json>(0)?,
        arguments.target::<kind::Json>(1)?,
    );
    let options = [arguments.target::<Bool>(2)?, arguments.target::<Bool>(3)?];
    Ok(Call::new(kind::Json::TYPE, move |vectors, rows, _| {
        let (series, filter) = (converted(vectors, 0, &series)?, converted(vectors, 1, &filter)?);
        let (series, filter) = (kind::Json::read(&series), kind::Json::read(&filter));
        let (normalize, center) = (
            converted(vectors, 2, &options[0])?,
            converted(vectors, 3, &options[1])?,
        );
        let (normalize, center) = (Bool::read(&normalize), Bool::read(&center));
        collect::<kind::Json>(vectors, rows, |row| {
            let (series, mut filter) = (numbers(&*series(row)?)?, numbers(&*filter(row)?)?);
            let is_positive = filter.iter().all(|weight| *weight >= 0.0);
            let total: f64 = filter.iter().sum();
            // Left out, it is done where it has a meaning.
            if normalize(row).unwrap_or(is_positive) && total != 0.0 {
                filter.iter_mut().for_each(|weight| *weight /= total);
            }
            let ahead = match center(row) {
                Some(true) => filter.len() / 2,
                _ => 0,
            };
            let at = |place: usize, back: usize| {
                let place = (place + ahead).checked_sub(back)?;
                series.get(place)
            };
            let sums = (0..series.len()).map(|place| {
                let terms = filter.iter().enumerate();
                terms
                    .filter_map(|(back, weight)| Some(weight * at(place, back)?))
                    .sum::<f64>()
            });
            Some(sums.map(json::from_real).collect())
        })
    }))
}

/// Gaps between two values lie on the line between them; those at an edge take the nearest value.
fn fill_linear(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    let series = arguments.target::<kind::Json>(0)?;
    let targets = [
        arguments.target::<Nullable<AnyJson>>(1)?,
        arguments.target::<Bool>(2)?,
        arguments.target::<Nullable<AnyJson>>(3)?,
    ];
    Ok(Call::new(kind::Json::TYPE, move |vectors, rows, _| {
        let series = converted(vectors, 0, &series)?;
        let (gap, edges) = (
            converted(vectors, 1, &targets[0])?,
            converted(vectors, 2, &targets[1])?,
        );
        let filler = converted(vectors, 3, &targets[2])?;
        let (series, edges) = (kind::Json::read(&series), Bool::read(&edges));
        collect::<kind::Json>(vectors, rows, |row| {
            let gap = Some(gap.value(row)).filter(|gap| *gap != Value::Null);
            let gap = gap.map(json::from_value);
            let series = series(row)?;
            let values = series.as_array()?.iter().map(|value| {
                let is_gap = gap.as_ref().is_some_and(|gap| json::equal(value, gap));
                value.as_f64().filter(|_| !is_gap)
            });
            let mut values: Vec<Option<f64>> = values.collect();
            let filler = json::from_value(filler.value(row)).as_f64();
            fill_between(&mut values, edges(row).unwrap_or(true), filler);
            let filled = values.into_iter();
            Some(
                filled
                    .map(|value| value.map_or(Json::Null, json::from_real))
                    .collect(),
            )
        })
    }))
}

fn fill_between(values: &mut [Option<f64>], fill_edges: bool, filler: Option<f64>) {
    let known: Vec<usize> = (0..values.len())
        .filter(|&place| values[place].is_some())
        .collect();
    let (Some(&first), Some(&last)) = (known.first(), known.last()) else {
        if let Some(filler) = filler {
            values.fill(Some(filler));
        }
        return;
    };
    for pair in known.windows(2) {
        let (Some(from), Some(to)) = (values[pair[0]], values[pair[1]]) else {
            continue;
        };
        let width = (pair[1] - pair[0]) as f64;
        for (step, value) in values[pair[0] + 1..pair[1]].iter_mut().enumerate() {
            *value = Some(from + (to - from) * (step + 1) as f64 / width);
        }
    }
    if fill_edges {
        let (start, end) = (values[first], values[last]);
        values[..first].fill(start);
        values[last + 1..].fill(end);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn lines_are_fitted() {
        check(
            "series_fit_line_dynamic",
            &["dynamic:[1,3,5]"],
            "dynamic:{\"rsquare\":1.0,\"slope\":2.0,\"variance\":4.0,\"rvariance\":0.0,\"interception\":1.0,\"line_fit\":[1.0,3.0,5.0]}",
        );
        check(
            "series_fit_2lines_dynamic",
            &["dynamic:[0,1,2,9,8,7]"],
            "dynamic:{\"rsquare\":1.0,\"split_idx\":3,\"variance\":15.5,\"rvariance\":0.0,\"line_fit\":[0.0,1.0,2.0,9.0,8.0,7.0],\
             \"right\":{\"rsquare\":1.0,\"slope\":-1.0,\"variance\":1.0,\"rvariance\":0.0,\"interception\":12.0},\
             \"left\":{\"rsquare\":1.0,\"slope\":1.0,\"variance\":1.0,\"rvariance\":0.0,\"interception\":0.0}}",
        );
    }

    #[test]
    fn filters_run_over_a_series() {
        check(
            "series_iir",
            &["dynamic:[1,2,3]", "dynamic:[1]", "dynamic:[1,-1]"],
            "dynamic:[1.0,3.0,6.0]",
        );
        check(
            "series_fir",
            &["dynamic:[2,4,6]", "dynamic:[1,1]"],
            "dynamic:[1.0,3.0,5.0]",
        );
        check(
            "series_fir",
            &["dynamic:[1,2,4]", "dynamic:[1,-1]", "bool:false"],
            "dynamic:[1.0,1.0,2.0]",
        );
        check(
            "series_fir",
            &["dynamic:[3,6,9]", "dynamic:[1,1,1]", "bool:true", "bool:true"],
            "dynamic:[3.0,6.0,5.0]",
        );
    }

    #[test]
    fn gaps_are_filled_along_a_line() {
        let series = "dynamic:[null,1,null,3,null]";
        check("series_fill_linear", &[series], "dynamic:[1.0,1.0,2.0,3.0,3.0]");
        check(
            "series_fill_linear",
            &["dynamic:[0,2,0,6]", "long:0", "bool:false"],
            "dynamic:[null,2.0,4.0,6.0]",
        );
        check(
            "series_fill_linear",
            &["dynamic:[null]", "long:null", "bool:true", "real:7"],
            "dynamic:[7.0]",
        );
    }
}

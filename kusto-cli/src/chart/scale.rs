//! Axes: from values to positions between 0 and 1, with marks at round values.

use super::calendar;

/// A labelled mark on an axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    pub(super) at: f64,
    pub(super) label: String,
    /// What the label leaves out (the day of an hour, the year of a month), where it changes; else empty.
    pub(super) context: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    is_log: bool,
    pub(super) marks: Vec<Mark>,
}

impl Scale {
    /// An axis that ends at round values, with about so many steps.
    pub(super) fn linear(low: f64, high: f64, about: usize) -> Self {
        let (low, high) = widened(low, high);
        let step = round_step((high - low) / about.max(1) as f64);
        let (low, high) = ((low / step).floor() * step, (high / step).ceil() * step);
        Self {
            low,
            high,
            is_log: false,
            marks: linear_marks(low, high, step),
        }
    }

    /// An axis that ends where the values end.
    pub(super) fn exact(low: f64, high: f64, about: usize) -> Self {
        let (low, high) = widened(low, high);
        let step = round_step((high - low) / about.max(1) as f64);
        Self {
            low,
            high,
            is_log: false,
            marks: linear_marks(low, high, step),
        }
    }

    /// A logarithmic axis from one power of ten to another; both ends must be positive.
    pub(super) fn log(low: f64, high: f64) -> Self {
        let first = low.max(f64::MIN_POSITIVE).log10().floor();
        let last = high
            .max(low)
            .max(f64::MIN_POSITIVE)
            .log10()
            .ceil()
            .max(first + 1.0);
        let every = ((last - first) / 10.0).ceil().max(1.0) as usize;
        let marks = (first as i32..=last as i32)
            .step_by(every)
            .map(|power| {
                let at = 10_f64.powi(power);
                Mark {
                    at,
                    label: compact(at, at),
                    context: String::new(),
                }
            })
            .collect();
        Self {
            low: 10_f64.powf(first),
            high: 10_f64.powf(last),
            is_log: true,
            marks,
        }
    }

    /// A time axis, in ticks of 100 ns, that ends where the values end.
    pub(super) fn time(low: i64, high: i64, about: usize) -> Self {
        let high = if high > low {
            high
        } else {
            low.saturating_add(calendar::SECOND)
        };
        let marks = calendar::marks(low, high, about);
        Self {
            low: low as f64,
            high: high as f64,
            is_log: false,
            marks,
        }
    }

    /// Places 0, 1, 2, … with a label each, or each so many that there are at most `about` labels.
    pub(super) fn labels(labels: &[String], about: usize) -> Self {
        let every = labels.len().div_ceil(about.max(1)).max(1);
        let marks = labels
            .iter()
            .enumerate()
            .step_by(every)
            .map(|(index, label)| Mark {
                at: index as f64,
                label: label.clone(),
                context: String::new(),
            })
            .collect();
        Self {
            low: 0.0,
            high: labels.len().saturating_sub(1).max(1) as f64,
            is_log: false,
            marks,
        }
    }

    /// Where a value lies: 0 at the low end, 1 at the high end, cut at both.
    pub(super) fn position(&self, value: f64) -> f64 {
        let (low, high, value) = if self.is_log {
            (self.low.log10(), self.high.log10(), value.max(self.low).log10())
        } else {
            (self.low, self.high, value)
        };
        ((value - low) / (high - low)).clamp(0.0, 1.0)
    }
}

/// Least and greatest of the finite values.
pub(super) fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values
        .filter(|value| value.is_finite())
        .fold(None, |range, value| match range {
            None => Some((value, value)),
            Some((low, high)) => Some((low.min(value), high.max(value))),
        })
}

/// A range that is not empty.
fn widened(low: f64, high: f64) -> (f64, f64) {
    // Far from zero a difference of one may vanish in rounding.
    let room = (low.abs() * 1e-9).max(f64::MIN_POSITIVE);
    if high - low > room {
        return (low, high);
    }
    if low > 0.0 {
        (0.0, low)
    } else if low < 0.0 {
        (low, 0.0)
    } else {
        (0.0, 1.0)
    }
}

/// The next 1, 2, 5 or 10 times a power of ten.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|factor| factor * power >= least * 0.999_999);
    factor.unwrap_or(10.0) * power
}

fn linear_marks(low: f64, high: f64, step: f64) -> Vec<Mark> {
    let first = (low / step - 1e-6).ceil();
    let last = (high / step + 1e-6).floor();
    // Steps come from the range, so there are a few dozen at most.
    let count = (last - first).clamp(0.0, 1000.0) as usize;
    (0..=count)
        .map(|index| {
            let at = (first + index as f64) * step;
            Mark {
                at,
                label: compact(at, step),
                context: String::new(),
            }
        })
        .collect()
}

/// A number for an axis: short, with a letter for thousands (k), millions (M), billions (B), trillions (T).
fn compact(value: f64, step: f64) -> String {
    let size = value.abs().max(step.abs());
    if size != 0.0 && !(1e-4..1e15).contains(&size) {
        return if value == 0.0 {
            "0".into()
        } else {
            format!("{value:e}")
        };
    }
    let letters = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")];
    // Four digits read well as they are.
    let (unit, letter) = if size < 10_000.0 {
        (1.0, "")
    } else {
        letters
            .into_iter()
            .find(|(unit, _)| size >= *unit)
            .unwrap_or((1.0, ""))
    };
    if value == 0.0 {
        return "0".into();
    }
    format!("{}{letter}", trimmed(value / unit, decimals(step / unit)))
}

/// Digits after the point that tell apart values one step from each other.
fn decimals(step: f64) -> usize {
    if step <= 0.0 {
        return 0;
    }
    (-step.log10().floor()).clamp(0.0, 12.0) as usize
}

fn trimmed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A number in full, with commas between thousands and at most three digits after the point.
pub(super) fn exact(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    if value != 0.0 && !(1e-3..1e15).contains(&value.abs()) {
        return format!("{value:.3e}");
    }
    let text = trimmed(value, 3);
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, fraction) = digits
        .find('.')
        .map_or((digits, ""), |point| digits.split_at(point));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &Scale) -> Vec<&str> {
        scale.marks.iter().map(|mark| mark.label.as_str()).collect()
    }

    #[test]
    fn linear_axes_end_at_round_values() {
        let scale = Scale::linear(0.0, 4701.0, 5);
        assert_eq!((scale.low, scale.high), (0.0, 5000.0));
        assert_eq!(labels(&scale), ["0", "1000", "2000", "3000", "4000", "5000"]);
    }

    #[test]
    fn labels_are_as_exact_as_the_step() {
        assert_eq!(
            labels(&Scale::linear(0.0, 0.5, 5)),
            ["0", "0.1", "0.2", "0.3", "0.4", "0.5"]
        );
        assert_eq!(
            labels(&Scale::linear(-1e6, 1e6, 4)),
            ["-1M", "-500k", "0", "500k", "1M"]
        );
        assert_eq!(
            labels(&Scale::linear(0.0, 3.2e7, 4)),
            ["0", "10M", "20M", "30M", "40M"]
        );
    }

    #[test]
    fn equal_values_still_make_an_axis() {
        for (low, high) in [
            (0.0, 0.0),
            (7.0, 7.0),
            (-7.0, -7.0),
            (1e300, 1e300),
            (1e15, 1e15 + 1e-3),
        ] {
            let scale = Scale::linear(low, high, 5);
            assert!(scale.high > scale.low, "{low} to {high}");
            assert!(scale.position(low).is_finite());
            assert!(scale.marks.len() < 20);
        }
    }

    #[test]
    fn log_axes_have_a_mark_for_each_power_of_ten() {
        let scale = Scale::log(3.0, 70_000.0);
        assert_eq!(labels(&scale), ["1", "10", "100", "1000", "10k", "100k"]);
        assert!((scale.position(1000.0) - 0.6).abs() < 1e-9);
        assert_eq!(scale.position(0.0), 0.0);
    }

    #[test]
    fn positions_outside_are_cut_at_the_ends() {
        let scale = Scale::linear(0.0, 10.0, 5);
        assert_eq!(
            [scale.position(-5.0), scale.position(2.5), scale.position(50.0)],
            [0.0, 0.25, 1.0]
        );
    }

    #[test]
    fn exact_numbers_have_commas_and_a_short_fraction() {
        for (value, expected) in [
            (0.0, "0"),
            (999.0, "999"),
            (1_234_567.0, "1,234,567"),
            (-1234.5, "-1,234.5"),
            (0.333_333, "0.333"),
            (1e-9, "1.000e-9"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(exact(value), expected);
        }
    }
}

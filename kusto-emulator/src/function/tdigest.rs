//! Digests of values for percentiles, as `tdigest()` gathers them.
//!
//! A digest holds values with weights, `[[7],[value, …],[weight, …]]` for whole numbers. Up to a thousand different
//! values it is exact; beyond, neighbours are joined, finely at both ends of the values, under the one in their middle.

use kusto_protocol::{ColumnType, DateTime, Timespan, Value};

use super::arguments::{Arguments, converted};
use super::conversion;
use super::json::{self, Json};
use super::kind::{self, AnyJson, Input, Real};
use super::lift::{binary, collect, variadic};
use super::{Call, Family, Function, MANY};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "Digests for percentiles",
    functions: &[
        Function::new(
            "merge_tdigest",
            (2, MANY),
            "(digest: dynamic, …) -> dynamic",
            merge,
        ),
        Function::new(
            "percentile_tdigest",
            (2, 3),
            "(digest: dynamic, percentile, [typeof]) -> dynamic, or of the type",
            percentile,
        ),
        Function::new(
            "percentiles_array_tdigest",
            (2, MANY),
            "(digest: dynamic, percentile, … or array) -> dynamic",
            percentiles,
        ),
        Function::new(
            "percentrank_tdigest",
            (2, 2),
            "(digest: dynamic, value) -> real",
            |a| rank(a, |rank, total| 100.0 * rank / total),
        ),
        Function::new("rank_tdigest", (2, 2), "(digest: dynamic, value) -> real", |a| {
            rank(a, |rank, _| rank)
        }),
        Function::new(
            "tdigest_merge",
            (2, MANY),
            "(digest: dynamic, …) -> dynamic",
            merge,
        ),
    ],
};

fn merge(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    variadic::<kind::Json, kind::Json>(arguments, |digests| {
        let mut merged = TDigest::default();
        for digest in digests.iter().flatten() {
            merged.merge(TDigest::parse(digest)?);
        }
        Some(merged.json())
    })
}

fn percentile(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    if arguments.len() == 2 {
        return binary::<kind::Json, Real, kind::Json>(arguments, |digest, percentile| {
            let digest = TDigest::parse(&digest)?;
            Some(digest.json_of(digest.percentile(percentile)?))
        });
    }
    let ty = ColumnType::from_name(&arguments.literal_text(2)?);
    let (json, real) = (arguments.target::<kind::Json>(0)?, arguments.target::<Real>(1)?);
    Ok(Call::new(ty.clone(), move |vectors, rows, _| {
        let digests = converted(vectors, 0, &json)?;
        let percentiles = converted(vectors, 1, &real)?;
        let (digests, percentiles) = (kind::Json::read(&digests), Real::read(&percentiles));
        let found = collect::<kind::Json>(&vectors[..2], rows, |row| {
            let json = digests(row)?;
            let digest = TDigest::parse(&json)?;
            Some(digest.json_of(digest.percentile(percentiles(row)?)?))
        })?;
        conversion::cast(&found, &ty)
    }))
}

fn percentiles(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    variadic::<AnyJson, kind::Json>(arguments, |values| {
        let (digest, wanted) = values.split_first()?;
        let digest = TDigest::parse(digest.as_ref()?)?;
        let wanted = wanted.iter().flatten().flat_map(|wanted| json::list(wanted));
        wanted
            .map(|percentile| Some(digest.json_of(digest.percentile(percentile.as_f64()?)?)))
            .collect()
    })
}

/// How many of the values are at most as large.
fn rank(arguments: &Arguments<'_>, scale: fn(f64, f64) -> f64) -> Result<Call, BindError> {
    binary::<kind::Json, kind::Any, Real>(arguments, move |digest, value| {
        let digest = TDigest::parse(&digest)?;
        let value = digest.bits_of(value)?;
        let below = digest.points.iter().take_while(|(point, _)| *point <= value);
        let rank: i64 = below.map(|(_, weight)| weight).sum();
        Some(scale(rank as f64, digest.total() as f64))
    })
}

/// Values with weights, in order.
#[derive(Clone, Default)]
pub(crate) struct TDigest {
    /// What the values are; `None` while there are none.
    ty: Option<ColumnType>,
    /// The values, as bits that sort as they do, and how many each stands for.
    points: Vec<(i64, i64)>,
    /// How many of the points are in order.
    sorted: usize,
}

impl TDigest {
    /// Adds a value so many times; null is none.
    pub(crate) fn add(&mut self, value: Value<'_>, weight: i64) {
        let (ty, bits) = match value {
            Value::Int(value) => (ColumnType::Long, i64::from(value)),
            Value::Long(value) => (ColumnType::Long, value),
            Value::DateTime(value) => (ColumnType::DateTime, value.ticks()),
            Value::Timespan(value) => (ColumnType::Timespan, value.ticks()),
            Value::Real(value) if !value.is_nan() => (ColumnType::Real, ordered(value)),
            _ => return,
        };
        if weight <= 0 {
            return;
        }
        self.ty.get_or_insert(ty);
        self.points.push((bits, weight));
        if self.points.len() - self.sorted > MAX_POINTS {
            self.settle();
        }
    }

    /// Adds the values of another digest. Digests of different types do not mix: the first decides.
    pub(crate) fn merge(&mut self, other: Self) {
        match (&self.ty, &other.ty) {
            (None, _) => *self = other,
            (Some(own), Some(ty)) if own == ty => {
                self.points.extend(other.points);
                self.settle();
            }
            _ => {}
        }
    }

    /// Brings the points into order, and joins neighbours if there are too many.
    pub(crate) fn settle(&mut self) {
        self.points.sort_unstable();
        self.points.dedup_by(|next, kept| {
            let is_same = next.0 == kept.0;
            kept.1 += if is_same { next.1 } else { 0 };
            is_same
        });
        if self.points.len() > MAX_POINTS {
            self.points = joined(&self.points);
        }
        self.sorted = self.points.len();
    }

    fn total(&self) -> i64 {
        self.points.iter().map(|(_, weight)| weight).sum()
    }

    /// The first value at which the given share of all is reached.
    fn percentile(&self, percentile: f64) -> Option<i64> {
        if !(0.0..=100.0).contains(&percentile) {
            return None;
        }
        let wanted = ((percentile / 100.0 * self.total() as f64).ceil() as i64).max(1);
        let mut reached = 0;
        let found = self.points.iter().find(|(_, weight)| {
            reached += weight;
            reached >= wanted
        });
        found.map(|(value, _)| *value)
    }

    /// The bits of a value that may stand beside the digest's.
    fn bits_of(&self, value: Value<'_>) -> Option<i64> {
        match (self.ty.as_ref()?, value) {
            (ColumnType::DateTime, Value::DateTime(value)) => Some(value.ticks()),
            (ColumnType::Timespan, Value::Timespan(value)) => Some(value.ticks()),
            (ColumnType::Real, Value::Real(value)) => Some(ordered(value)),
            (ColumnType::Real, Value::Int(value)) => Some(ordered(value.into())),
            (ColumnType::Real, Value::Long(value)) => Some(ordered(value as f64)),
            (ColumnType::Long, Value::Int(value)) => Some(value.into()),
            (ColumnType::Long, Value::Long(value)) => Some(value),
            // Whole numbers up to a real are those up to the next whole one below.
            (ColumnType::Long, Value::Real(value)) => Some(value.floor() as i64),
            _ => None,
        }
    }

    fn json_of(&self, bits: i64) -> Json {
        json::from_value(match &self.ty {
            Some(ColumnType::DateTime) => Value::DateTime(DateTime::from_ticks(bits)),
            Some(ColumnType::Timespan) => Value::Timespan(Timespan::from_ticks(bits)),
            Some(ColumnType::Real) => Value::Real(unordered(bits)),
            _ => Value::Long(bits),
        })
    }

    /// The digest as a `dynamic`; null for no values. It must be settled.
    pub(crate) fn json(&self) -> Json {
        let head = match &self.ty {
            None => return Json::Null,
            Some(ColumnType::Long) => Json::from(WHOLE),
            Some(ty) => Json::from(ty.as_str()),
        };
        Json::Array(vec![
            Json::Array(vec![head]),
            self.points
                .iter()
                .map(|(value, _)| self.json_of(*value))
                .collect(),
            self.points
                .iter()
                .map(|(_, weight)| Json::from(*weight))
                .collect(),
        ])
    }

    /// The digest of a `dynamic`; `None` if it is none.
    pub(crate) fn parse(json: &Json) -> Option<Self> {
        let [head, values, weights] = json.as_array()?.as_slice() else {
            return None;
        };
        let ty = match head.get(0)? {
            Json::String(name) => ColumnType::from_name(name),
            _ => ColumnType::Long,
        };
        let mut digest = Self {
            ty: Some(ty.clone()),
            ..Self::default()
        };
        for (value, weight) in values.as_array()?.iter().zip(weights.as_array()?) {
            let bits = match (&ty, value) {
                (ColumnType::Long, value) => value.as_i64()?,
                (ColumnType::Real, value) => ordered(value.as_f64()?),
                (ColumnType::DateTime, Json::String(text)) => {
                    conversion::datetime(Value::String(text))?.ticks()
                }
                (ColumnType::Timespan, Json::String(text)) => {
                    conversion::timespan(Value::String(text))?.ticks()
                }
                _ => return None,
            };
            digest
                .points
                .push((bits, weight.as_i64().filter(|weight| *weight > 0)?));
        }
        digest.settle();
        Some(digest)
    }
}

/// Fewer points for the same values: each stands for a share of them that grows towards the middle.
fn joined(points: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let total: i64 = points.iter().map(|(_, weight)| weight).sum();
    let mut joined = Vec::with_capacity(MAX_POINTS);
    let (mut start, mut before, mut weight) = (0, 0_i64, 0_i64);
    for (index, (_, own)) in points.iter().enumerate() {
        let share = (before as f64 + (weight + own) as f64 / 2.0) / total as f64;
        let limit = 8.0 * total as f64 * (share * (1.0 - share)).sqrt() / MAX_POINTS as f64;
        if weight > 0 && (weight + own) as f64 > limit {
            joined.push((middle(&points[start..index], weight), weight));
            (start, before, weight) = (index, before + weight, 0);
        }
        weight += own;
    }
    joined.push((middle(&points[start..], weight), weight));
    // The least and the largest value are kept as they are.
    if let ([first, .., last], [least, .., most]) = (joined.as_mut_slice(), points) {
        (first.0, last.0) = (least.0, most.0);
    }
    joined
}

/// The value in the middle of neighbours.
fn middle(points: &[(i64, i64)], weight: i64) -> i64 {
    let mut reached = 0;
    let found = points.iter().find(|(_, own)| {
        reached += own;
        reached * 2 >= weight
    });
    found.map_or(0, |(value, _)| *value)
}

/// The bits of a real so that they sort as the reals do.
pub(crate) const fn ordered(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

/// The inverse of [`ordered`], which changes no sign.
pub(crate) const fn unordered(bits: i64) -> f64 {
    f64::from_bits((bits ^ ((bits >> 63) as u64 >> 1) as i64) as u64)
}

/// What the service writes at the head of a digest of whole numbers.
const WHOLE: i64 = 7;

/// How many different values a digest holds exactly.
const MAX_POINTS: usize = 1000;

#[cfg(test)]
mod tests {
    use kusto_protocol::Value;

    use super::super::tests::check;
    use super::TDigest;

    fn of(values: impl Iterator<Item = i64>) -> TDigest {
        let mut digest = TDigest::default();
        values.for_each(|value| digest.add(Value::Long(value), 1));
        digest.settle();
        digest
    }

    #[test]
    fn few_values_are_kept_as_they_are() {
        assert_eq!(of([3, 1, 3].into_iter()).json().to_string(), "[[7],[1,3],[1,2]]");
        assert!(of(std::iter::empty()).json().is_null());
        let digest = "dynamic:[[7],[1,3],[1,2]]";
        check("percentile_tdigest", &[digest, "long:50"], "dynamic:3");
        check("percentile_tdigest", &[digest, "long:50", "real"], "real:3");
        check("percentile_tdigest", &[digest, "long:101"], "dynamic:null");
        check(
            "percentiles_array_tdigest",
            &[digest, "long:0", "long:100"],
            "dynamic:[1,3]",
        );
        check("rank_tdigest", &[digest, "long:2"], "real:1");
        check("percentrank_tdigest", &[digest, "real:3.5"], "real:100");
        check(
            "tdigest_merge",
            &[digest, "dynamic:[[7],[2],[5]]"],
            "dynamic:[[7],[1,2,3],[1,5,2]]",
        );
        check("merge_tdigest", &["dynamic:{}", digest], "dynamic:null");
    }

    #[test]
    fn times_keep_their_type() {
        let digest = r#"dynamic:[["datetime"],["2024-01-01T00:00:00.0000001Z"],[1]]"#;
        check(
            "percentile_tdigest",
            &[digest, "long:50"],
            r#"dynamic:"2024-01-01T00:00:00.0000001Z""#,
        );
        check(
            "percentile_tdigest",
            &[digest, "long:50", "datetime"],
            "datetime:2024-01-01T00:00:00.0000001Z",
        );
    }

    #[test]
    fn many_values_are_joined_and_stay_close() {
        let digest = of((0..100_000).map(|n| n * 7919 % 100_000));
        assert!(digest.points.len() <= super::MAX_POINTS);
        for percentile in [0.1, 1.0, 25.0, 50.0, 90.0, 99.9] {
            let found = digest.percentile(percentile).unwrap() as f64 / 1000.0;
            assert!((found - percentile).abs() < 0.5, "{percentile} {found}");
        }
        assert_eq!(digest.percentile(100.0), Some(99_999));
        assert_eq!(digest.total(), 100_000);
    }
}

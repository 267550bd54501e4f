//! Sketches of distinct values: HyperLogLog, as `hll()` gathers them.
//!
//! Up to 1024 hashes are kept as they are, in the service's own form: `[[1024,14],["hash", …],[]]`. Larger ones are
//! registers, whose form the service does not document.

use std::collections::BTreeSet;

use kusto_protocol::Value;

use super::arguments::Arguments;
use super::hash::value_hash;
use super::json::Json;
use super::kind::{self, Long};
use super::lift::{unary, variadic};
use super::{Call, Family, Function, MANY};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "Sketches of distinct values",
    functions: &[
        Function::new("dcount_hll", (1, 1), "(hll: dynamic) -> long", |a| {
            unary::<kind::Json, Long>(a, |json| Some(Hll::parse(&json)?.count()))
        }),
        Function::new("hll_merge", (2, MANY), "(hll: dynamic, …) -> dynamic", merge),
    ],
};

fn merge(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    variadic::<kind::Json, kind::Json>(arguments, |sketches| {
        let mut merged: Option<Hll> = None;
        for sketch in sketches.iter().flatten() {
            let sketch = Hll::parse(sketch)?;
            match &mut merged {
                None => merged = Some(sketch),
                Some(merged) => merged.merge(&sketch),
            }
        }
        merged.map(|merged| merged.json())
    })
}

/// A sketch of a set of values.
#[derive(Clone)]
pub(crate) struct Hll {
    /// How many bits of a hash say the register.
    bits: u32,
    /// The hashes, as long as there are few.
    hashes: BTreeSet<u64>,
    /// For each register the longest run of zeros seen, and one; empty while there are few hashes.
    registers: Vec<u8>,
}

impl Hll {
    /// An empty sketch; the accuracy from 0 to 4 is `hll()`'s: 1.6 %, 0.8 %, 0.4 %, 0.28 %, 0.2 %.
    pub(crate) fn new(accuracy: usize) -> Option<Self> {
        Some(Self {
            bits: *[12, 14, 16, 17, 18].get(accuracy)?,
            hashes: BTreeSet::new(),
            registers: Vec::new(),
        })
    }

    /// Adds a value; null is none.
    pub(crate) fn add(&mut self, value: Value<'_>) {
        let hash = match value {
            Value::Null => return,
            // Whole numbers of both sizes are one.
            Value::Int(value) => value_hash(Value::Long(value.into())),
            value => value_hash(value),
        };
        self.add_hash(hash);
    }

    fn add_hash(&mut self, hash: u64) {
        if self.registers.is_empty() {
            self.hashes.insert(hash);
            if self.hashes.len() > MAX_HASHES {
                self.spread();
            }
            return;
        }
        let register = (hash >> (64 - self.bits)) as usize;
        // A run ends where the hash does.
        let run = (hash << self.bits).leading_zeros().min(64 - self.bits) as u8 + 1;
        self.registers[register] = self.registers[register].max(run);
    }

    /// From hashes to registers.
    fn spread(&mut self) {
        self.registers = vec![0; 1 << self.bits];
        for hash in std::mem::take(&mut self.hashes) {
            self.add_hash(hash);
        }
    }

    /// Adds the values of another sketch. The less accurate of the two decides.
    pub(crate) fn merge(&mut self, other: &Self) {
        if self.bits > other.bits {
            let own = std::mem::replace(self, other.clone());
            return self.merge(&own);
        }
        if !other.registers.is_empty() && self.registers.is_empty() {
            self.spread();
        }
        let shift = other.bits - self.bits;
        for (index, &run) in other.registers.iter().enumerate().filter(|(_, run)| **run > 0) {
            // What said the register at the higher accuracy is the beginning of the run at the lower one.
            let rest = index as u32 & ((1 << shift) - 1);
            let run = match rest {
                0 => run + shift as u8,
                rest => (shift - (32 - rest.leading_zeros())) as u8 + 1,
            };
            let register = &mut self.registers[index >> shift];
            *register = run.max(*register);
        }
        for &hash in &other.hashes {
            self.add_hash(hash);
        }
    }

    /// The number of distinct values: exact for hashes, else Ertl's estimate, which needs no corrections.
    pub(crate) fn count(&self) -> i64 {
        if self.registers.is_empty() {
            return self.hashes.len() as i64;
        }
        let longest = (64 - self.bits + 1) as usize;
        let mut counts = vec![0.0; longest + 1];
        for &run in &self.registers {
            counts[usize::from(run)] += 1.0;
        }
        let registers = self.registers.len() as f64;
        let mut sum = registers * tau(1.0 - counts[longest] / registers);
        for count in counts[1..longest].iter().rev() {
            sum = 0.5 * (sum + count);
        }
        sum += registers * sigma(counts[0] / registers);
        (registers * registers / (2.0 * std::f64::consts::LN_2 * sum)).round() as i64
    }

    /// The sketch as a `dynamic`; null for no values.
    pub(crate) fn json(&self) -> Json {
        if self.hashes.is_empty() && self.registers.is_empty() {
            return Json::Null;
        }
        let hashes: Json = self
            .hashes
            .iter()
            .map(|hash| Json::String((*hash as i64).to_string()))
            .collect();
        let registers: Json = self.registers.iter().copied().map(Json::from).collect();
        Json::Array(vec![
            Json::Array(vec![MAX_HASHES.into(), self.bits.into()]),
            hashes,
            registers,
        ])
    }

    /// The sketch of a `dynamic`; `None` if it is none.
    pub(crate) fn parse(json: &Json) -> Option<Self> {
        let [head, hashes, registers] = json.as_array()?.as_slice() else {
            return None;
        };
        let bits = u32::try_from(head.get(1)?.as_u64()?).ok()?;
        let hash = |text: &Json| Some(text.as_str()?.parse::<i64>().ok()? as u64);
        let run = |run: &Json| {
            u8::try_from(run.as_u64()?)
                .ok()
                .filter(|run| u32::from(*run) <= 65 - bits)
        };
        let sketch = Self {
            bits: (4..=18).contains(&bits).then_some(bits)?,
            hashes: hashes.as_array()?.iter().map(hash).collect::<Option<_>>()?,
            registers: registers.as_array()?.iter().map(run).collect::<Option<_>>()?,
        };
        let is_whole =
            sketch.registers.is_empty() || (sketch.registers.len() == 1 << bits && sketch.hashes.is_empty());
        is_whole.then_some(sketch)
    }
}

/// The share of registers that are still 0, corrected for those that only seem so.
fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

/// The same for registers that can grow no more.
fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x).powi(2) * y;
        if z == before {
            return z / 3.0;
        }
    }
}

/// How many hashes are kept as they are.
const MAX_HASHES: usize = 1024;

#[cfg(test)]
mod tests {
    use kusto_protocol::Value;

    use super::Hll;

    fn of(accuracy: usize, values: std::ops::Range<i64>) -> Hll {
        let mut sketch = Hll::new(accuracy).unwrap();
        values.for_each(|value| sketch.add(Value::Long(value)));
        sketch
    }

    #[test]
    fn few_values_are_counted_exactly_in_the_form_of_the_service() {
        assert_eq!(
            of(1, 0..1).json().to_string(),
            r#"[[1024,14],["3803688792395291579"],[]]"#
        );
        assert_eq!(of(1, 0..1000).count(), 1000);
        assert!(of(1, 0..0).json().is_null());
    }

    #[test]
    fn many_values_are_estimated_within_the_accuracy() {
        for (accuracy, error) in [(0, 0.016), (1, 0.008), (2, 0.004), (3, 0.0028), (4, 0.002)] {
            for size in [2_000, 30_000, 300_000] {
                let off = of(accuracy, 0..size).count() as f64 / size as f64 - 1.0;
                assert!(off.abs() < 3.0 * error, "{accuracy} {size} {off}");
            }
        }
    }

    #[test]
    fn merged_sketches_are_those_of_all_values() {
        for (left, right) in [(1, 1), (0, 4), (4, 0)] {
            for (a, b) in [
                (0..10, 5..20),
                (0..5_000, 2_000..9_000),
                (0..10, 0..5_000),
                (0..5_000, 4_990..5_010),
            ] {
                let mut merged = of(left, a.clone());
                merged.merge(&of(right, b.clone()));
                let whole = of(left.min(right), a.start..b.end.max(a.end));
                assert_eq!(merged.count(), whole.count(), "{left} {right} {a:?} {b:?}");
                let read = Hll::parse(&merged.json()).unwrap();
                assert_eq!(read.count(), merged.count());
            }
        }
    }
}

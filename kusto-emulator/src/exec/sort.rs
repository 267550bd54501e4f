//! `sort`, `top`, `sample`.

use std::collections::BinaryHeap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, Scalar, StringArray, UInt32Array};
use arrow_ord::cmp::{gt_eq, lt_eq};
use arrow_row::{OwnedRow, RowConverter, Rows, SortField};
use arrow_schema::SortOptions;
use arrow_select::interleave::interleave;
use arrow_select::take::take;
use kusto_protocol::{ColumnType, Decimal};

use super::aggregate::columns;
use super::{Operator, Result, Scope};
use crate::plan::{Node, SortKey};
use crate::storage::MAX_BATCH_ROWS;
use crate::types::{Batch, data_type};

/// All rows in order, or the first of them. Rows whose keys are equal stay in the order they came.
pub(super) struct Sort {
    node: Arc<Node>,
    input: Option<Box<dyn Operator>>,
    limit: Option<u64>,
    scope: Scope,
    sorted: Sorted,
}

/// Rows to be given out: where each of them is.
#[derive(Default)]
pub(super) struct Sorted {
    batches: Vec<Batch>,
    /// Batch and row, in the order they come out.
    places: Vec<(usize, usize)>,
    out: usize,
}

impl Sorted {
    pub(super) const fn new(batches: Vec<Batch>, places: Vec<(usize, usize)>) -> Self {
        Self {
            batches,
            places,
            out: 0,
        }
    }

    /// The next rows.
    pub(super) fn next(&mut self) -> Result<Option<Batch>> {
        let end = self.places.len().min(self.out + MAX_BATCH_ROWS);
        let places = &self.places[self.out..end];
        if places.is_empty() {
            return Ok(None);
        }
        self.out = end;
        let width = self.batches.first().map_or(0, |batch| batch.columns().len());
        let mut gathered: Vec<ArrayRef> = Vec::with_capacity(width);
        for index in 0..width {
            let column: Vec<_> = self
                .batches
                .iter()
                .map(|batch| batch.columns()[index].as_ref())
                .collect();
            gathered.push(interleave(&column, places)?);
        }
        Ok(Some(Batch::new(gathered, places.len())))
    }
}

impl Sort {
    pub(super) fn new(node: Arc<Node>, input: Box<dyn Operator>, limit: Option<u64>, scope: &Scope) -> Self {
        Self {
            node,
            input: Some(input),
            limit,
            scope: scope.clone(),
            sorted: Sorted::default(),
        }
    }

    fn run(&self, mut input: Box<dyn Operator>) -> Result<Sorted> {
        let Node::Sort { keys, .. } = &*self.node else {
            return Ok(Sorted::default());
        };
        let values: Vec<_> = keys.iter().map(|key| key.value.clone()).collect();
        let converter = RowConverter::new(keys.iter().map(sort_field).collect())?;
        let encode = |batch: &Batch| -> Result<Rows> {
            Ok(converter.convert_columns(&ordered(&values, batch, &self.scope)?)?)
        };
        let limit = self.limit.and_then(|limit| usize::try_from(limit).ok());
        if let Some(limit) = limit {
            let mut top = Top::new(limit, &converter, &keys[0]);
            while let Some(batch) = input.next()? {
                self.scope.session.check()?;
                let keys = ordered(&values, &batch, &self.scope)?;
                top.add(batch, &keys)?;
            }
            return Ok(top.finish());
        }
        let batches = super::drain(input, &self.scope)?;
        let rows = batches.iter().map(encode).collect::<Result<Vec<_>>>()?;
        let mut places: Vec<(usize, usize)> = Vec::new();
        for (number, rows) in rows.iter().enumerate() {
            places.extend((0..rows.num_rows()).map(|row| (number, row)));
        }
        self.scope.session.check()?;
        // Stable: rows whose keys are equal stay in their order.
        places.sort_by(|a, b| rows[a.0].row(a.1).cmp(&rows[b.0].row(b.1)));
        Ok(Sorted::new(batches, places))
    }
}

/// The keys in a form whose order is that of their values: the text of a decimal is not.
fn ordered(values: &[crate::plan::Scalar], batch: &Batch, scope: &Scope) -> Result<Vec<ArrayRef>> {
    let mut keys = columns(values, batch, scope)?;
    for (value, key) in values.iter().zip(&mut keys) {
        if *value.ty() == ColumnType::Decimal {
            let texts = key.as_string::<i32>().iter();
            let texts = texts.map(|text| Some(decimal_order(&text?.parse().ok()?)));
            *key = Arc::new(texts.collect::<StringArray>());
        }
    }
    Ok(keys)
}

/// A text that is ordered as the decimal is: its sign, its power of ten, its digits. Of negative ones the last two are
/// turned around.
fn decimal_order(value: &Decimal) -> String {
    let coefficient = value.coefficient();
    if coefficient == 0 {
        return "1".to_owned();
    }
    let digits = coefficient.unsigned_abs().to_string();
    let power = digits.len() as i32 + i32::from(value.exponent());
    let digits = digits.trim_end_matches('0');
    // 16 bits hold the exponent, two digits more the length.
    if coefficient > 0 {
        return format!("2{:05}{digits}", power + 40_000);
    }
    let turned = digits.bytes().map(|digit| char::from(b'0' + b'9' - digit));
    format!("0{:05}{}~", 99_999 - (power + 40_000), turned.collect::<String>())
}

/// The first rows seen so far.
struct Top<'a> {
    limit: usize,
    converter: &'a RowConverter,
    /// The first key decides about most rows, before the others are looked at.
    key: &'a SortKey,
    /// The first key of the last of the first rows, once there are enough of them.
    bar: Option<ArrayRef>,
    /// The last of the first rows on top. The key, then the place breaks ties by the order the rows came.
    heap: BinaryHeap<(OwnedRow, usize, usize)>,
    batches: Vec<Batch>,
    /// Rows in `batches`, wanted or not.
    num_rows: usize,
}

impl<'a> Top<'a> {
    const fn new(limit: usize, converter: &'a RowConverter, key: &'a SortKey) -> Self {
        Self {
            limit,
            converter,
            key,
            bar: None,
            heap: BinaryHeap::new(),
            batches: Vec::new(),
            num_rows: 0,
        }
    }

    fn add(&mut self, batch: Batch, keys: &[ArrayRef]) -> Result<()> {
        let number = self.batches.len();
        let candidates = self.candidates(&keys[0])?;
        let rows = match &candidates {
            Some(candidates) if candidates.is_empty() => return Ok(()),
            Some(candidates) => {
                let keys: std::result::Result<Vec<_>, _> =
                    keys.iter().map(|key| take(key, candidates, None)).collect();
                self.converter.convert_columns(&keys?)?
            }
            None => self.converter.convert_columns(keys)?,
        };
        let mut is_wanted = false;
        for (index, row) in rows.iter().enumerate() {
            if self.heap.len() >= self.limit {
                match self.heap.peek() {
                    Some((last, ..)) if row < last.row() => self.heap.pop(),
                    _ => continue,
                };
            }
            let place = candidates
                .as_ref()
                .map_or(index, |candidates| candidates.value(index) as usize);
            self.heap.push((row.owned(), number, place));
            is_wanted = true;
        }
        if is_wanted {
            self.num_rows += batch.num_rows();
            self.batches.push(batch);
            if self.heap.len() >= self.limit
                && let Some((last, ..)) = self.heap.peek()
            {
                let mut keys = self.converter.convert_rows([last.row()])?;
                self.bar = Some(keys.swap_remove(0));
            }
        }
        if self.num_rows > 4 * (self.limit + MAX_BATCH_ROWS) {
            self.compact()?;
        }
        Ok(())
    }

    /// The rows whose first key may bring them among the first; `None` if that is any.
    fn candidates(&self, keys: &ArrayRef) -> Result<Option<UInt32Array>> {
        let Some(bar) = &self.bar else {
            return Ok(None);
        };
        if bar.is_null(0) {
            return Ok(None);
        }
        let bar = Scalar::new(bar);
        let mask = match self.key.descending {
            true => gt_eq(keys, &bar)?,
            false => lt_eq(keys, &bar)?,
        };
        let mut values = mask.values().clone();
        if let Some(nulls) = mask.nulls() {
            values = match self.key.nulls_first {
                true => &values | &!nulls.inner(),
                false => &values & nulls.inner(),
            };
        }
        let places = values.set_indices_u32();
        Ok(Some(places.collect::<Vec<u32>>().into()))
    }

    /// Moves the wanted rows into batches of their own, so that the others can go.
    fn compact(&mut self) -> Result<()> {
        let mut rows = std::mem::take(&mut self.heap).into_vec();
        // In the order they came, so that ties are still broken by it.
        rows.sort_by_key(|(_, batch, row)| (*batch, *row));
        let places = rows.iter().map(|(_, batch, row)| (*batch, *row)).collect();
        let mut kept = Sorted::new(std::mem::take(&mut self.batches), places);
        while let Some(batch) = kept.next()? {
            self.batches.push(batch);
        }
        for (index, (_, batch, row)) in rows.iter_mut().enumerate() {
            (*batch, *row) = (index / MAX_BATCH_ROWS, index % MAX_BATCH_ROWS);
        }
        self.num_rows = rows.len();
        self.heap = rows.into();
        Ok(())
    }

    fn finish(self) -> Sorted {
        let rows = self.heap.into_sorted_vec();
        Sorted::new(
            self.batches,
            rows.into_iter().map(|(_, batch, row)| (batch, row)).collect(),
        )
    }
}

fn sort_field(key: &SortKey) -> SortField {
    SortField::new_with_options(
        data_type(key.value.ty()),
        SortOptions {
            descending: key.descending,
            nulls_first: key.nulls_first,
        },
    )
}

impl Operator for Sort {
    fn next(&mut self) -> Result<Option<Batch>> {
        if let Some(input) = self.input.take() {
            self.sorted = self.run(input)?;
        }
        self.sorted.next()
    }
}

/// `sample`: so many rows, each as likely as any other.
pub(super) struct Sample {
    input: Option<Box<dyn Operator>>,
    count: u64,
    scope: Scope,
    picked: Sorted,
}

impl Sample {
    pub(super) fn new(input: Box<dyn Operator>, count: u64, scope: &Scope) -> Self {
        Self {
            input: Some(input),
            count,
            scope: scope.clone(),
            picked: Sorted::default(),
        }
    }
}

impl Operator for Sample {
    fn next(&mut self) -> Result<Option<Batch>> {
        if let Some(input) = self.input.take() {
            let batches = super::drain(input, &self.scope)?;
            let total: usize = batches.iter().map(Batch::num_rows).sum();
            let mut left = usize::try_from(self.count).unwrap_or(usize::MAX).min(total);
            let mut unseen = total;
            let mut places = Vec::with_capacity(left);
            for (number, batch) in batches.iter().enumerate() {
                for row in 0..batch.num_rows() {
                    // Each row is taken with the probability that fills the sample exactly.
                    if fastrand::usize(..unseen) < left {
                        places.push((number, row));
                        left -= 1;
                    }
                    unseen -= 1;
                }
            }
            self.picked = Sorted::new(batches, places);
        }
        self.picked.next()
    }
}

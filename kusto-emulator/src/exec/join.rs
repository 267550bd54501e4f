//! `join` and `lookup`: the right side is kept by key, the left side is looked up batch by batch.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, UInt32Array};
use arrow_buffer::NullBuffer;
use arrow_select::concat::concat;
use arrow_select::take::take;

use super::aggregate::key_columns;
use super::group::{Groups, NONE};
use super::{Operator, Result, Scope};
use crate::plan::{Join, JoinKind, Node};
use crate::storage::MAX_BATCH_ROWS;
use crate::types::{Batch, Schema, data_type, missing};

/// Starts a join.
pub(super) fn open(node: Arc<Node>, join: &Join, scope: &Scope) -> Result<Box<dyn Operator>> {
    Ok(Box::new(HashJoin {
        left: super::open(&join.left, scope)?,
        right: Some(super::open(&join.right, scope)?),
        node,
        scope: scope.clone(),
        built: None,
        seen_left: None,
        pending: None,
        left_done: false,
    }))
}

/// The side that is kept.
struct Built {
    /// All rows in one batch.
    batch: Batch,
    groups: Groups,
    /// The first row of each group, and for each row the next of its group; `NONE` ends a chain.
    first: Vec<u32>,
    next: Vec<u32>,
    /// Whether a row has found a partner: for joins that give the right side's rows without one.
    matched: Vec<bool>,
}

struct HashJoin {
    node: Arc<Node>,
    left: Box<dyn Operator>,
    right: Option<Box<dyn Operator>>,
    scope: Scope,
    built: Option<Built>,
    /// The keys of the left side so far, for `innerunique`.
    seen_left: Option<Groups>,
    /// Pairs of rows found and not yet given out.
    pending: Option<Pending>,
    left_done: bool,
}

/// Pairs found for one batch of the left side: rows of both sides, [`NONE`] where a side has no partner.
struct Pending {
    left: Batch,
    pairs: Pairs,
    out: usize,
}

#[derive(Default)]
struct Pairs {
    left: Vec<u32>,
    right: Vec<u32>,
    /// Whether there is a pair without a partner.
    is_partial: bool,
}

impl Pairs {
    fn with_capacity(rows: usize) -> Self {
        Self {
            left: Vec::with_capacity(rows),
            right: Vec::with_capacity(rows),
            is_partial: false,
        }
    }

    fn push(&mut self, left: u32, right: u32) {
        self.left.push(left);
        self.right.push(right);
    }

    fn push_partial(&mut self, left: u32, right: u32) {
        self.is_partial = true;
        self.push(left, right);
    }
}

impl HashJoin {
    fn build(&mut self, join: &Join) -> Result<()> {
        let Some(right) = self.right.take() else {
            return Ok(());
        };
        let batches = super::drain(right, &self.scope)?;
        let batch = concat_all(&batches, &join.right.schema)?;
        drop(batches);
        let mut groups = Groups::new(&key_types(join))?;
        let keys = key_columns(&join.right_keys, &batch, &self.scope)?;
        let mut numbers = Vec::new();
        groups.assign(&keys, batch.num_rows(), &mut numbers)?;
        let mut first = vec![NONE; groups.len()];
        let mut next = vec![NONE; batch.num_rows()];
        // From the last to the first, so that chains run in the order the rows came. A null equals nothing.
        for row in (0..batch.num_rows()).rev() {
            if keys.iter().any(|key| key.is_null(row)) {
                continue;
            }
            let group = numbers[row] as usize;
            next[row] = first[group];
            first[group] = row as u32;
        }
        self.built = Some(Built {
            matched: vec![false; batch.num_rows()],
            batch,
            groups,
            first,
            next,
        });
        if join.kind == JoinKind::InnerUnique {
            self.seen_left = Some(Groups::new(&key_types(join))?);
        }
        Ok(())
    }

    /// The pairs of a batch of the left side.
    fn probe(&mut self, join: &Join, left: &Batch) -> Result<Pairs> {
        let Some(built) = &mut self.built else {
            return Ok(Pairs::default());
        };
        let keys = key_columns(&join.left_keys, left, &self.scope)?;
        let rows = left.num_rows();
        let mut found = built.groups.find(&keys, rows)?;
        for nulls in keys.iter().filter_map(|key| key.nulls()) {
            // A null equals nothing, not even a null.
            let found = found.iter_mut().zip(nulls);
            found
                .filter(|(_, is_valid)| !is_valid)
                .for_each(|(group, _)| *group = NONE);
        }
        let first = |group: u32| match group {
            NONE => NONE,
            group => built.first[group as usize],
        };
        let mut pairs = Pairs::with_capacity(rows);
        let numbered = || found.iter().enumerate().map(|(row, &group)| (row as u32, group));
        match join.kind {
            JoinKind::LeftSemi | JoinKind::LeftAnti => {
                let is_semi = join.kind == JoinKind::LeftSemi;
                for (row, group) in numbered() {
                    if (first(group) != NONE) == is_semi {
                        pairs.push_partial(row, NONE);
                    }
                }
            }
            JoinKind::RightSemi | JoinKind::RightAnti => {
                for (_, group) in numbered() {
                    let mut partner = first(group);
                    while partner != NONE {
                        built.matched[partner as usize] = true;
                        partner = built.next[partner as usize];
                    }
                }
            }
            JoinKind::Inner | JoinKind::InnerUnique => {
                let seen = self.seen_left.as_mut();
                let repeated = seen.map(|seen| repeated(seen, &keys, rows)).transpose()?;
                let is_repeated = |row: u32| match &repeated {
                    Some(repeated) => repeated[row as usize],
                    None => false,
                };
                for (row, group) in numbered() {
                    let mut partner = first(group);
                    if partner == NONE || is_repeated(row) {
                        continue;
                    }
                    while partner != NONE {
                        pairs.push(row, partner);
                        partner = built.next[partner as usize];
                    }
                }
            }
            JoinKind::LeftOuter | JoinKind::RightOuter | JoinKind::FullOuter => {
                for (row, group) in numbered() {
                    let mut partner = first(group);
                    if partner == NONE && join.kind != JoinKind::RightOuter {
                        pairs.push_partial(row, NONE);
                    }
                    while partner != NONE {
                        built.matched[partner as usize] = true;
                        pairs.push(row, partner);
                        partner = built.next[partner as usize];
                    }
                }
            }
        }
        Ok(pairs)
    }

    /// What is left of the right side once the left one is through.
    fn rest(&self, join: &Join) -> Option<Pending> {
        let built = self.built.as_ref()?;
        let wanted = match join.kind {
            JoinKind::RightOuter | JoinKind::FullOuter | JoinKind::RightAnti => false,
            JoinKind::RightSemi => true,
            _ => return None,
        };
        let mut pairs = Pairs::default();
        for row in (0..built.matched.len()).filter(|&row| built.matched[row] == wanted) {
            pairs.push_partial(NONE, row as u32);
        }
        let columns = join
            .left
            .schema
            .iter()
            .map(|column| missing(&column.column_type, 0));
        Some(Pending {
            left: Batch::new(columns.collect(), 0),
            pairs,
            out: 0,
        })
    }

    fn give(&self, join: &Join, pending: &mut Pending) -> Result<Option<Batch>> {
        let start = pending.out;
        let end = pending.pairs.left.len().min(start + MAX_BATCH_ROWS);
        let Some(built) = self.built.as_ref().filter(|_| start < end) else {
            return Ok(None);
        };
        pending.out = end;
        let is_partial = pending.pairs.is_partial;
        let mut gathered: Vec<ArrayRef> =
            Vec::with_capacity(join.left_columns.len() + join.right_columns.len());
        let rows = &pending.pairs.left[start..end];
        if rows.len() == pending.left.num_rows() && rows.iter().copied().eq(0..rows.len() as u32) {
            // Each row has one partner, as a look-up has it: the columns are there already.
            let columns = join.left_columns.iter();
            gathered.extend(columns.map(|&index| Arc::clone(&pending.left.columns()[index])));
        } else if !join.left_columns.is_empty() {
            let rows = indices(rows, is_partial);
            for &index in &join.left_columns {
                let ty = &join.left.schema[index].column_type;
                gathered.push(gather(&pending.left.columns()[index], &rows, ty)?);
            }
        }
        if !join.right_columns.is_empty() {
            let rows = indices(&pending.pairs.right[start..end], is_partial);
            for &index in &join.right_columns {
                let ty = &join.right.schema[index].column_type;
                gathered.push(gather(&built.batch.columns()[index], &rows, ty)?);
            }
        }
        Ok(Some(Batch::new(gathered, end - start)))
    }
}

/// Rows as a kernel takes them: null for [`NONE`].
fn indices(rows: &[u32], is_partial: bool) -> UInt32Array {
    let nulls = is_partial.then(|| rows.iter().map(|&row| row != NONE).collect::<NullBuffer>());
    UInt32Array::new(rows.to_vec().into(), nulls)
}

/// Which rows have a key that a row before them had.
fn repeated(seen: &mut Groups, keys: &[ArrayRef], rows: usize) -> Result<Vec<bool>> {
    let mut newest = seen.len() as u32;
    let mut numbers = Vec::new();
    seen.assign(keys, rows, &mut numbers)?;
    let is_repeated = |number: u32| {
        let is_new = number == newest;
        newest += u32::from(is_new);
        !is_new
    };
    Ok(numbers.into_iter().map(is_repeated).collect())
}

impl Operator for HashJoin {
    fn next(&mut self) -> Result<Option<Batch>> {
        let node = Arc::clone(&self.node);
        let Node::Join(join) = &*node else {
            return Ok(None);
        };
        self.build(join)?;
        loop {
            if let Some(mut pending) = self.pending.take()
                && let Some(batch) = self.give(join, &mut pending)?
            {
                self.pending = Some(pending);
                return Ok(Some(batch));
            }
            if self.left_done {
                return Ok(None);
            }
            self.scope.session.check()?;
            self.pending = match self.left.next()? {
                Some(left) => {
                    let pairs = self.probe(join, &left)?;
                    Some(Pending { left, pairs, out: 0 })
                }
                None => {
                    self.left_done = true;
                    self.rest(join)
                }
            };
        }
    }
}

/// The values at these rows. A missing row gives a null, or an empty text.
fn gather(values: &ArrayRef, rows: &UInt32Array, ty: &kusto_protocol::ColumnType) -> Result<ArrayRef> {
    if values.is_empty() {
        return Ok(missing(ty, rows.len()));
    }
    let taken = take(values, rows, None)?;
    if *ty == kusto_protocol::ColumnType::String && taken.null_count() > 0 {
        return Ok(crate::vector::without_nulls(&taken));
    }
    Ok(taken)
}

fn key_types(join: &Join) -> Vec<arrow_schema::DataType> {
    join.left_keys.iter().map(|key| data_type(key.ty())).collect()
}

/// All rows in one batch.
pub(super) fn concat_all(batches: &[Batch], schema: &Schema) -> Result<Batch> {
    let rows = batches.iter().map(Batch::num_rows).sum();
    if let [only] = batches {
        return Ok(only.clone());
    }
    let mut joined = Vec::with_capacity(schema.len());
    for (index, column) in schema.iter().enumerate() {
        if batches.is_empty() {
            joined.push(missing(&column.column_type, 0));
            continue;
        }
        let arrays: Vec<_> = batches
            .iter()
            .map(|batch| batch.columns()[index].as_ref())
            .collect();
        joined.push(concat(&arrays)?);
    }
    Ok(Batch::new(joined, rows))
}

//! `join` and `lookup`: the right side is kept by key, the left side is looked up batch by batch.

use std::sync::Arc;

use arrow_array::{ArrayRef, UInt64Array};
use arrow_select::concat::concat;
use arrow_select::take::take;

use super::aggregate::columns;
use super::group::Groups;
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

/// Pairs found for one batch of the left side.
struct Pending {
    left: Batch,
    /// Rows of both sides; `NONE` where a side has no partner.
    pairs: Vec<(u32, u32)>,
    out: usize,
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
        let keys = columns(&join.right_keys, &batch, &self.scope)?;
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
    fn probe(&mut self, join: &Join, left: &Batch) -> Result<Vec<(u32, u32)>> {
        let Some(built) = &mut self.built else {
            return Ok(Vec::new());
        };
        let keys = columns(&join.left_keys, left, &self.scope)?;
        let rows = left.num_rows();
        let found = built.groups.find(&keys, rows)?;
        let is_null = |row: usize| keys.iter().any(|key| key.is_null(row));
        let mut is_repeated: Vec<bool> = Vec::new();
        if let Some(seen) = &mut self.seen_left {
            let before = seen.len();
            let mut numbers = Vec::new();
            seen.assign(&keys, rows, &mut numbers)?;
            let mut newest = before;
            is_repeated = numbers
                .iter()
                .map(|&number| {
                    let is_new = number as usize == newest;
                    newest += usize::from(is_new);
                    !is_new
                })
                .collect();
        }
        let mut pairs = Vec::with_capacity(rows);
        for row in 0..rows {
            let group = found[row].filter(|_| !is_null(row));
            let mut partner = group.map_or(NONE, |group| built.first[group as usize]);
            let left_row = row as u32;
            match join.kind {
                JoinKind::LeftSemi if partner != NONE => pairs.push((left_row, NONE)),
                JoinKind::LeftAnti if partner == NONE => pairs.push((left_row, NONE)),
                JoinKind::LeftSemi | JoinKind::LeftAnti => {}
                JoinKind::RightSemi | JoinKind::RightAnti => {
                    while partner != NONE {
                        built.matched[partner as usize] = true;
                        partner = built.next[partner as usize];
                    }
                }
                JoinKind::InnerUnique if is_repeated[row] => {}
                _ => {
                    if partner == NONE && matches!(join.kind, JoinKind::LeftOuter | JoinKind::FullOuter) {
                        pairs.push((left_row, NONE));
                    }
                    while partner != NONE {
                        built.matched[partner as usize] = true;
                        pairs.push((left_row, partner));
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
        let rows = (0..built.matched.len()).filter(|&row| built.matched[row] == wanted);
        let columns = join
            .left
            .schema
            .iter()
            .map(|column| missing(&column.column_type, 0));
        Some(Pending {
            left: Batch::new(columns.collect(), 0),
            pairs: rows.map(|row| (NONE, row as u32)).collect(),
            out: 0,
        })
    }

    fn give(&self, join: &Join, pending: &mut Pending) -> Result<Option<Batch>> {
        let end = pending.pairs.len().min(pending.out + MAX_BATCH_ROWS);
        let pairs = &pending.pairs[pending.out..end];
        let Some(built) = self.built.as_ref().filter(|_| !pairs.is_empty()) else {
            return Ok(None);
        };
        pending.out = end;
        let indices = |side: fn(&(u32, u32)) -> u32| -> UInt64Array {
            pairs
                .iter()
                .map(|pair| Some(side(pair)).filter(|&row| row != NONE).map(u64::from))
                .collect()
        };
        let mut gathered: Vec<ArrayRef> =
            Vec::with_capacity(join.left_columns.len() + join.right_columns.len());
        if !join.left_columns.is_empty() {
            let left = indices(|pair| pair.0);
            for &index in &join.left_columns {
                let ty = &join.left.schema[index].column_type;
                gathered.push(gather(&pending.left.columns()[index], &left, ty)?);
            }
        }
        if !join.right_columns.is_empty() {
            let right = indices(|pair| pair.1);
            for &index in &join.right_columns {
                let ty = &join.right.schema[index].column_type;
                gathered.push(gather(&built.batch.columns()[index], &right, ty)?);
            }
        }
        Ok(Some(Batch::new(gathered, pairs.len())))
    }
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
fn gather(values: &ArrayRef, rows: &UInt64Array, ty: &kusto_protocol::ColumnType) -> Result<ArrayRef> {
    use arrow_array::Array;
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

const NONE: u32 = u32::MAX;

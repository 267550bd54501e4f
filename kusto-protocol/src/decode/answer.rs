//! What the objects of an answer mean: which frames they become, which tables are open, what may come next.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;
use std::{iter, mem};

use serde_json::Value;

use super::head::{FrameType, Head};
use super::rows::{Memory, RowsEvent};
use super::rows_decoder::{DecodedRows, RowsDecoder};
use super::table::{Current, Table};
use super::{DecodeError, DecodeErrorKind, DecoderConfig, Source};
use crate::{
    DataSetCompletion, DataSetHeader, ErrorPlace, Frame, OneApiError, RowBatch, TableFragmentType,
    TableHeader, TableKind, TableProgress,
};

/// The two forms of an answer, told apart by their first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// An object with `Tables`.
    V1,
    /// An array of frames.
    V2,
}

/// An answer, as far as it has come.
#[derive(Debug)]
pub(super) struct Answer {
    version: Version,
    progress: Progress,
    /// Tables whose rows come in frames of their own. The one being read is not among them.
    open: Vec<Table>,
    current: Option<Current>,
    /// Of the table before; the table that is being read has it.
    memory: Option<Box<Memory>>,
    /// V1 tables have no id on the wire; they get their ordinal.
    next_ordinal: i64,
    /// V1: errors in place of rows, for the completion that V1 has not on the wire.
    row_errors: Vec<OneApiError>,
    /// Bytes on the wire of all errors in place of rows.
    error_bytes: usize,
    pending: VecDeque<Frame>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Progress {
    Nothing,
    Header,
    Completion,
}

/// What to do with the `Rows` of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowsFate {
    /// They can be read.
    Read,
    /// What is needed to read them has not come yet.
    Buffer,
    /// They belong to a frame of a type that is not known, or that has no rows.
    Skip,
}

/// How far the reading of rows came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowsRead {
    /// To the end of the source.
    More,
    /// To the end of a batch.
    Batch,
    /// To the end of the rows.
    End,
}

impl Answer {
    pub(super) const fn new(version: Version) -> Self {
        Self {
            version,
            progress: Progress::Nothing,
            open: Vec::new(),
            current: None,
            memory: None,
            next_ordinal: 0,
            row_errors: Vec::new(),
            error_bytes: 0,
            pending: VecDeque::new(),
        }
    }

    /// The beginning of another answer, in the memory of this one.
    pub(super) fn take_memory_for(&mut self, version: Version, config: &DecoderConfig) -> Self {
        let memory = self.current.take().map(|current| current.rows.into_memory());
        let mut memory = memory.unwrap_or_else(|| self.take_memory(config));
        memory.shrink();
        let (mut open, mut pending) = (mem::take(&mut self.open), mem::take(&mut self.pending));
        open.clear();
        pending.clear();
        Self {
            open,
            memory: Some(memory),
            pending,
            ..Self::new(version)
        }
    }

    /// Takes frames that are to be given out before all others.
    pub(super) fn put_back(&mut self, mut frames: VecDeque<Frame>) {
        frames.append(&mut self.pending);
        self.pending = frames;
    }

    /// A frame that is ready.
    pub(super) fn next_frame(&mut self) -> Option<Frame> {
        self.pending.pop_front()
    }

    pub(super) fn is_complete(&self) -> bool {
        self.progress == Progress::Completion
    }

    /// V1 has no header on the wire.
    pub(super) fn begin_v1(&mut self, offset: u64) -> Result<(), DecodeError> {
        if self.progress != Progress::Nothing {
            return Err(unexpected(offset, "Tables came twice"));
        }
        self.progress = Progress::Header;
        let header = DataSetHeader {
            version: "v1.0".to_owned(),
            ..DataSetHeader::default()
        };
        self.pending.push_back(Frame::DataSetHeader(header));
        Ok(())
    }

    /// V1 has no completion on the wire; it is made from what was seen.
    pub(super) fn end_v1(&mut self, head: &Head) -> Result<(), DecodeError> {
        check_members(head)?;
        if self.progress == Progress::Nothing {
            return Err(unexpected(head.offset, "an object with neither Tables nor error"));
        }
        let row_errors = mem::take(&mut self.row_errors);
        let errors = Some(exceptions(head)).filter(|errors| !errors.is_empty());
        self.complete_v1(errors.unwrap_or(row_errors));
        Ok(())
    }

    fn complete_v1(&mut self, errors: Vec<OneApiError>) {
        self.progress = Progress::Completion;
        self.pending
            .push_back(Frame::DataSetCompletion(DataSetCompletion {
                has_errors: !errors.is_empty(),
                cancelled: false,
                errors,
            }));
    }

    /// Whether rows of the object were read, or are about to be.
    pub(super) const fn has_rows(&self) -> bool {
        self.current.is_some()
    }

    /// Gets ready for the rows of the object whose head this is, if that is possible. `is_whole` says that no more
    /// of the head will come.
    pub(super) fn begin_rows(
        &mut self,
        head: &mut Head,
        is_whole: bool,
        config: &DecoderConfig,
    ) -> Result<RowsFate, DecodeError> {
        let frame_type = match self.version {
            Version::V1 => Some(FrameType::DataTable),
            Version::V2 => {
                check_type(head)?;
                head.members.frame_type
            }
        };
        let is_fragment = match frame_type {
            Some(FrameType::DataTable) => false,
            Some(FrameType::TableFragment) => true,
            None if !is_whole => return Ok(RowsFate::Buffer),
            _ => return Ok(RowsFate::Skip),
        };
        check_members(head)?;
        let members = &head.members;
        let is_v1 = self.version == Version::V1;
        let is_ready = if is_fragment {
            members.table_id.is_some() && members.table_fragment_type.is_some()
        } else {
            let has_id = members.table_id.is_some() && members.table_kind.is_some();
            members.columns.is_some() && members.table_name.is_some() && (has_id || is_v1)
        };
        if !is_ready && !is_whole {
            return Ok(RowsFate::Buffer);
        }
        if is_fragment {
            self.begin_fragment(head, config)?;
        } else {
            let table = self.new_table(head, config)?;
            self.current = Some(Current::new(
                table,
                TableFragmentType::DataAppend,
                false,
                self.take_memory(config),
                config,
            ));
        }
        Ok(RowsFate::Read)
    }

    /// Reads rows up to the next batch, which is then among the frames that are ready.
    pub(super) fn read_rows(
        &mut self,
        source: &mut Source<'_>,
        config: &DecoderConfig,
    ) -> Result<RowsRead, DecodeError> {
        let Some(current) = &mut self.current else {
            return Ok(RowsRead::End);
        };
        loop {
            let event = current.rows.read(source, config);
            match event.map_err(|fault| current.table.row_error(fault))? {
                RowsEvent::More => return Ok(RowsRead::More),
                RowsEvent::Batch(batch) => {
                    self.pending.push_back(current.fragment(batch));
                    return Ok(RowsRead::Batch);
                }
                RowsEvent::Error(object) => {
                    self.error_bytes += object.text.len();
                    let errors = current.table.row_errors(&object, self.error_bytes, config)?;
                    if self.version == Version::V1 {
                        self.row_errors.extend(errors.iter().cloned());
                    }
                    current.table.errors.extend(errors);
                    current.has_error = true;
                }
                RowsEvent::End(batch) => {
                    self.pending.extend(current.last_fragment(batch));
                    return Ok(RowsRead::End);
                }
            }
        }
    }

    /// The object is complete, its rows included.
    pub(super) fn end_object(&mut self, head: &mut Head, config: &DecoderConfig) -> Result<(), DecodeError> {
        let offset = head.offset;
        if self.version == Version::V1 {
            check_members(head)?;
            return self.end_table(head, config);
        }
        check_type(head)?;
        let Some(frame_type) = head.members.frame_type else {
            return Err(match &head.members.error {
                Some(error) => service_error(offset, error),
                None => unexpected(offset, "a frame without FrameType"),
            });
        };
        match (self.progress, frame_type) {
            (Progress::Header, FrameType::DataSetHeader) => {
                return Err(unexpected(offset, "a second DataSetHeader"));
            }
            (Progress::Header, _) | (Progress::Nothing, FrameType::DataSetHeader) => {}
            (Progress::Nothing, _) => {
                return Err(unexpected(offset, "the first frame must be DataSetHeader"));
            }
            (Progress::Completion, _) => return Err(unexpected(offset, "a frame after DataSetCompletion")),
        }
        if frame_type != FrameType::Other {
            check_members(head)?;
        }
        match frame_type {
            FrameType::DataSetHeader => self.begin_v2(head),
            FrameType::DataTable => self.end_table(head, config)?,
            FrameType::TableHeader => self.open_table(head, config)?,
            FrameType::TableFragment => self.end_fragment(head, config)?,
            FrameType::TableProgress => self.table_progress(head)?,
            FrameType::TableCompletion => self.complete_table(head)?,
            FrameType::DataSetCompletion => self.end_v2(head)?,
            FrameType::Other => {}
        }
        Ok(())
    }

    /// What is wrong with the row in which the body ended, if more than that it ended.
    pub(super) fn finish(&mut self, config: &DecoderConfig) -> Result<(), DecodeError> {
        match &mut self.current {
            Some(current) => current
                .rows
                .finish(config)
                .map_err(|fault| current.table.row_error(fault)),
            None => Ok(()),
        }
    }

    /// Says in which table the body ended.
    pub(super) fn locate(&self, error: DecodeError) -> DecodeError {
        match &self.current {
            Some(current) => error.in_table(current.table.table_id),
            None => error,
        }
    }

    /// Takes the errors out of an object of which the end is missing: the head of a frame, or of the V1 object.
    pub(super) fn end_cut_object(&mut self, head: &mut Head, is_outer: bool, config: &DecoderConfig) {
        if self.progress != Progress::Header || head.check_members().is_err() {
            return;
        }
        if is_outer {
            let errors = exceptions(head);
            if !errors.is_empty() {
                self.complete_v1(errors);
            }
        } else if !head.members.errors().is_empty() {
            // Whatever is wrong with it, the answer has failed for another reason already.
            let _ = self.end_object(head, config);
        }
    }

    /// All that was read and not given out: what is ready, the rows since the last full batch, and the errors in
    /// place of rows.
    pub(super) fn remainder(&mut self) -> VecDeque<Frame> {
        // An error in what follows the rows of a frame may come while their fragment still waits.
        let mut frames = mem::take(&mut self.pending);
        if let Some(mut current) = self.current.take() {
            let rows = current.rows.take_batch();
            if rows.num_rows() > 0 {
                frames.push_back(current.fragment(rows));
            }
            self.open.push(current.table);
        }
        self.open.sort_by_key(|table| table.table_id);
        let failed = self.open.drain(..).filter(|table| !table.errors.is_empty());
        frames.extend(failed.map(Table::completion));
        frames
    }

    /// A reader for rows of the table that is being read.
    pub(super) fn rows_decoder(&self, config: &DecoderConfig) -> Option<RowsDecoder> {
        let table = &self.current.as_ref()?.table;
        Some(RowsDecoder::new(table.table_id, &table.columns, config))
    }

    /// Takes rows that were read elsewhere, if they are the next ones, and says how many bytes they were.
    pub(super) fn accept(&mut self, decoded: DecodedRows) -> usize {
        let Some(current) = &mut self.current else {
            return 0;
        };
        let table = &current.table;
        let is_next = current.rows.is_at_row()
            && table.table_id == decoded.table_id
            && Arc::ptr_eq(&table.columns, &decoded.columns);
        if !is_next || decoded.used == 0 {
            return 0;
        }
        let before = current.rows.take_full_batch();
        for batch in iter::once(before).chain(decoded.batches) {
            if batch.num_rows() > 0 {
                self.pending.push_back(current.fragment(batch));
            }
        }
        current.rows.skip_rows(decoded.expects_row);
        decoded.used
    }

    /// Takes the memory of a batch for the rows to come.
    pub(super) fn recycle(&mut self, batch: RowBatch, config: &DecoderConfig) {
        match &mut self.current {
            Some(current) => current.rows.recycle(batch),
            None => {
                let mut memory = self.take_memory(config);
                memory.spare = Some(batch);
                self.memory = Some(memory);
            }
        }
    }

    fn take_memory(&mut self, config: &DecoderConfig) -> Box<Memory> {
        self.memory
            .take()
            .unwrap_or_else(|| Box::new(Memory::new(config)))
    }

    /// About how many bytes of rows may come before there is a batch of them; see [`Rows::room`](super::rows::Rows::room).
    pub(super) fn room(&self, config: &DecoderConfig) -> usize {
        self.current
            .as_ref()
            .map_or(0, |current| current.rows.room(config))
    }

    /// Bytes held for rows.
    pub(super) fn buffered_bytes(&self) -> usize {
        self.current
            .as_ref()
            .map_or(0, |current| current.rows.buffered_bytes())
    }

    /// Takes the table's name and columns out of the head.
    fn new_table(&mut self, head: &mut Head, config: &DecoderConfig) -> Result<Table, DecodeError> {
        let (offset, members) = (head.offset, &mut head.members);
        if self.progress != Progress::Header {
            return Err(unexpected(
                offset,
                "a table outside of DataSetHeader and DataSetCompletion",
            ));
        }
        let table_id = match (self.version, members.table_id) {
            (Version::V1, _) => self.next_ordinal,
            (Version::V2, Some(table_id)) => table_id,
            (Version::V2, None) => return Err(unexpected(offset, "a table without TableId")),
        };
        let Some(columns) = members.columns.take() else {
            return Err(unexpected(offset, "a table without Columns").in_table(table_id));
        };
        if columns.len() > config.max_columns {
            let message = format!(
                "{} columns, more than max_columns ({})",
                columns.len(),
                config.max_columns
            );
            return Err(DecodeError::new(DecodeErrorKind::TooLarge, offset, message).in_table(table_id));
        }
        if self.open.iter().any(|open| open.table_id == table_id) {
            let error = unexpected(offset, "a table with the id of another that is not complete");
            return Err(error.in_table(table_id));
        }
        let kind = match members.table_kind.take() {
            Some(kind) if self.version == Version::V2 => kind,
            _ => TableKind::Unknown,
        };
        let table = Table {
            table_id,
            columns: Arc::clone(&columns),
            row_count: 0,
            errors: Vec::new(),
        };
        self.next_ordinal += 1;
        self.pending.push_back(Frame::TableHeader(TableHeader {
            table_id,
            kind,
            name: members.table_name.take().unwrap_or_default(),
            columns,
        }));
        Ok(table)
    }

    /// Ends the table of which rows were read, or one without `Rows`.
    fn end_table(&mut self, head: &mut Head, config: &DecoderConfig) -> Result<(), DecodeError> {
        let table = match self.current.take() {
            Some(current) => {
                self.memory = Some(current.rows.into_memory());
                current.table
            }
            None => self.new_table(head, config)?,
        };
        self.pending.push_back(table.completion());
        Ok(())
    }

    /// A table whose rows come in frames of their own.
    fn open_table(&mut self, head: &mut Head, config: &DecoderConfig) -> Result<(), DecodeError> {
        if self.open.len() == config.max_open_tables {
            let message = format!(
                "more than max_open_tables ({}) tables are open",
                config.max_open_tables
            );
            return Err(DecodeError::new(DecodeErrorKind::TooLarge, head.offset, message));
        }
        let table = self.new_table(head, config)?;
        self.open.push(table);
        Ok(())
    }

    fn begin_fragment(&mut self, head: &Head, config: &DecoderConfig) -> Result<(), DecodeError> {
        let (offset, members) = (head.offset, &head.members);
        let mut table = self.take_open(members.table_id, offset)?;
        let kind = match members.table_fragment_type.as_deref() {
            Some("DataAppend") => TableFragmentType::DataAppend,
            Some("DataReplace") => TableFragmentType::DataReplace,
            _ => {
                let error = unexpected(offset, "TableFragmentType is neither DataAppend nor DataReplace");
                return Err(error.in_table(table.table_id));
            }
        };
        if kind == TableFragmentType::DataReplace {
            table.row_count = 0;
        }
        let memory = self.take_memory(config);
        self.current = Some(Current::new(table, kind, true, memory, config));
        Ok(())
    }

    fn end_fragment(&mut self, head: &Head, config: &DecoderConfig) -> Result<(), DecodeError> {
        let (offset, members) = (head.offset, &head.members);
        if self.current.is_none() {
            // No `Rows` at all.
            self.begin_fragment(head, config)?;
            self.read_rows(&mut Source { bytes: b"[]", offset }, config)?;
        }
        let Some(Current { table, rows, .. }) = self.current.take() else {
            return Ok(());
        };
        self.memory = Some(rows.into_memory());
        if members
            .field_count
            .is_some_and(|count| count != table.columns.len())
        {
            let error = unexpected(offset, "FieldCount is not the number of columns");
            return Err(error.in_table(table.table_id));
        }
        self.open.push(table);
        Ok(())
    }

    /// Takes an open table out of the list.
    fn take_open(&mut self, table_id: Option<i64>, offset: u64) -> Result<Table, DecodeError> {
        let Some(table_id) = table_id else {
            return Err(unexpected(offset, "a frame of a table without TableId"));
        };
        match self.open.iter().position(|table| table.table_id == table_id) {
            Some(index) => Ok(self.open.remove(index)),
            None => Err(unexpected(offset, "a frame of a table that is not open").in_table(table_id)),
        }
    }

    fn table_progress(&mut self, head: &Head) -> Result<(), DecodeError> {
        let (offset, members) = (head.offset, &head.members);
        // Seen for tables that are not open; it is advisory, so it goes through.
        let Some(table_id) = members.table_id else {
            return Err(unexpected(offset, "a frame of a table without TableId"));
        };
        let progress = members.table_progress.unwrap_or_default();
        self.pending
            .push_back(Frame::TableProgress(TableProgress { table_id, progress }));
        Ok(())
    }

    fn complete_table(&mut self, head: &Head) -> Result<(), DecodeError> {
        let (offset, members) = (head.offset, &head.members);
        let mut table = self.take_open(members.table_id, offset)?;
        let place = ErrorPlace::TableCompletion {
            table_id: table.table_id,
        };
        table
            .errors
            .extend(members.errors().into_iter().map(|error| error.at(place)));
        table.row_count = members.row_count.unwrap_or(table.row_count);
        self.pending.push_back(table.completion());
        Ok(())
    }

    fn begin_v2(&mut self, head: &mut Head) {
        let members = &mut head.members;
        self.progress = Progress::Header;
        self.pending.push_back(Frame::DataSetHeader(DataSetHeader {
            version: members.version.take().unwrap_or_default(),
            is_progressive: members.is_progressive.unwrap_or_default(),
            is_fragmented: members.is_fragmented.unwrap_or_default(),
            error_reporting_placement: members.error_reporting_placement.flatten(),
        }));
    }

    fn end_v2(&mut self, head: &Head) -> Result<(), DecodeError> {
        let (offset, members) = (head.offset, &head.members);
        let errors = members.errors().into_iter();
        let completion = DataSetCompletion {
            has_errors: members.has_errors.unwrap_or_default(),
            cancelled: members.cancelled.unwrap_or_default(),
            errors: errors
                .map(|error| error.at(ErrorPlace::DataSetCompletion))
                .collect(),
        };
        let has_failed = completion.has_errors || completion.cancelled || !completion.errors.is_empty();
        self.open.sort_by_key(|table| table.table_id);
        for table in mem::take(&mut self.open) {
            // A query that failed may end without completing its tables; their errors must not be lost.
            if !has_failed {
                let error = unexpected(offset, "DataSetCompletion came before the table was complete");
                return Err(error.in_table(table.table_id));
            }
            self.pending.push_back(table.completion());
        }
        self.progress = Progress::Completion;
        self.pending.push_back(Frame::DataSetCompletion(completion));
        Ok(())
    }
}

/// The error that the service gave in place of an answer.
pub(super) fn service_error(offset: u64, error: &Value) -> DecodeError {
    let wrapper = serde_json::json!({ "error": error });
    match OneApiError::list(&wrapper).pop() {
        Some(error) => DecodeError::service(offset, error.at(ErrorPlace::Body)),
        None => unexpected(offset, "error is not an object"),
    }
}

/// The errors beside the tables of a V1 answer.
fn exceptions(head: &Head) -> Vec<OneApiError> {
    let errors = head.members.outer_errors().into_iter();
    errors.map(|error| error.at(ErrorPlace::Exceptions)).collect()
}

pub(super) fn unexpected(offset: u64, message: impl Into<Cow<'static, str>>) -> DecodeError {
    DecodeError::new(DecodeErrorKind::UnexpectedFrame, offset, message)
}

fn check_type(head: &Head) -> Result<(), DecodeError> {
    head.check_type()
        .map_err(|message| unexpected(head.offset, message))
}

fn check_members(head: &Head) -> Result<(), DecodeError> {
    head.check_members()
        .map_err(|message| unexpected(head.offset, message))
}

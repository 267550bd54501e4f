//! The syntax around the rows: brackets, names, colons and commas of both layouts, one state at a time.
//!
//! Every state is entered and left between two bytes, so an answer may be cut anywhere. What the objects mean is
//! [`Answer`]'s business.

use std::collections::VecDeque;
use std::mem;

use super::answer::{Answer, RowsFate, RowsRead, Version, service_error, unexpected};
use super::head::{Head, Member};
use super::json::{Fault, Stop, Validator, is_white_space, quote_end};
use super::rows::MAX_KEPT;
use super::rows_decoder::{DecodedRows, RowsDecoder};
use super::string::unescape;
use super::value::parse_value;
use super::{DecodeError, DecodeErrorKind, DecoderConfig, Source};
use crate::{Frame, RowBatch};

#[derive(Debug)]
pub(super) struct Envelope {
    version: Version,
    answer: Answer,
    expect: Expect,
    level: Level,
    /// The member being read.
    member: Member,
    /// Its name with the quotes or its value, as far as it came, if it was cut.
    text: Vec<u8>,
    value: Validator,
    keep: Keep,
    /// Of the V1 object around the tables; V2 has none.
    outer: Option<Box<Head>>,
    /// Of the frame or table.
    head: Head,
    /// Whether the `Rows` of the object are in the buffer.
    has_buffered_rows: bool,
    /// `Rows` that came before what is needed to read them.
    buffer: Buffer,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Expect {
    FirstElement,
    Element,
    AfterElement,
    FirstName,
    Name,
    NameText,
    Colon,
    Value,
    ValueText,
    AfterMember,
    Rows,
    /// Nothing to read: the buffered rows are next, then the object ends.
    Replay,
    /// White space.
    End,
}

/// In which object we are.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Level {
    /// The V1 object around the tables.
    Outer,
    /// A frame or a V1 table.
    Item,
}

/// Where the value of a member goes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Keep {
    Nothing,
    Head,
    Error,
    Rows,
}

#[derive(Debug, Default)]
struct Buffer {
    bytes: Vec<u8>,
    /// Offset in the stream of the first byte.
    offset: u64,
    /// How many of them have been replayed.
    at: usize,
}

impl Envelope {
    /// The first bracket has been read.
    pub(super) fn new(version: Version, offset: u64, config: &DecoderConfig) -> Self {
        let answer = Answer::new(version);
        Self::with_memory(version, offset, config, answer, Head::default(), Vec::new())
    }

    /// The first bracket of another answer has been read.
    pub(super) fn restart(&mut self, version: Version, offset: u64, config: &DecoderConfig) {
        let answer = self.answer.take_memory_for(version, config);
        let mut head = mem::take(&mut self.head);
        head.lists.remembers = true;
        let mut text = mem::take(&mut self.text);
        text.clear();
        text.shrink_to(MAX_KEPT);
        *self = Self::with_memory(version, offset, config, answer, head, text);
    }

    fn with_memory(
        version: Version,
        offset: u64,
        config: &DecoderConfig,
        answer: Answer,
        mut head: Head,
        text: Vec<u8>,
    ) -> Self {
        head.begin(offset);
        let (expect, level, outer) = match version {
            Version::V1 => {
                let mut outer = Box::<Head>::default();
                outer.begin(offset);
                (Expect::FirstName, Level::Outer, Some(outer))
            }
            Version::V2 => (Expect::FirstElement, Level::Item, None),
        };
        Self {
            version,
            answer,
            expect,
            level,
            member: Member::Other,
            text,
            value: Validator::new(config.max_depth),
            keep: Keep::Nothing,
            outer,
            head,
            has_buffered_rows: false,
            buffer: Buffer::default(),
        }
    }

    /// Reads on to the next frame; none when the source is used up.
    pub(super) fn read(
        &mut self,
        source: &mut Source<'_>,
        config: &DecoderConfig,
    ) -> Result<Option<Frame>, DecodeError> {
        loop {
            if let Some(frame) = self.answer.next_frame() {
                return Ok(Some(frame));
            }
            match self.expect {
                Expect::Rows => match self.answer.read_rows(source, config)? {
                    RowsRead::More => return Ok(None),
                    RowsRead::Batch => {}
                    RowsRead::End => self.expect = Expect::AfterMember,
                },
                Expect::Replay => self.replay(config)?,
                Expect::NameText | Expect::ValueText => {
                    if source.bytes.is_empty() {
                        return Ok(None);
                    }
                    if self.expect == Expect::NameText {
                        self.read_name(source, config)?;
                    } else {
                        self.read_value(source, config)?;
                    }
                }
                _ => {
                    source.skip_white_space();
                    let Some(byte) = source.peek() else {
                        return Ok(None);
                    };
                    self.step(byte, source, config)?;
                }
            }
        }
    }

    /// About how many bytes can be read without a frame; none where no rows are.
    pub(super) fn room(&self, config: &DecoderConfig) -> usize {
        if self.expect == Expect::Rows {
            self.answer.room(config)
        } else {
            0
        }
    }

    /// Takes frames that are to be given out before all others.
    pub(super) fn put_back(&mut self, frames: VecDeque<Frame>) {
        self.answer.put_back(frames);
    }

    /// The body has ended.
    pub(super) fn finish(&mut self, offset: u64, config: &DecoderConfig) -> Result<(), DecodeError> {
        if self.expect == Expect::End {
            return Ok(());
        }
        self.answer.finish(config)?;
        let message = "the body ended before the answer did";
        let error = DecodeError::new(DecodeErrorKind::Truncated, offset, message);
        Err(self.answer.locate(error))
    }

    /// A frame that is ready.
    pub(super) fn next_frame(&mut self) -> Option<Frame> {
        self.answer.next_frame()
    }

    /// All that was read and not given out, when no more will come.
    pub(super) fn remainder(&mut self, config: &DecoderConfig) -> VecDeque<Frame> {
        if self.level == Level::Item && self.has_buffered_rows && self.expect != Expect::Replay {
            self.replay_cut_object(config);
        }
        if self.level == Level::Item && self.expect == Expect::AfterMember {
            self.answer.end_cut_object(&mut self.head, false, config);
        }
        let mut frames = self.answer.remainder();
        if let Some(outer) = &mut self.outer {
            self.answer.end_cut_object(outer, true, config);
            frames.extend(self.answer.next_frame());
        }
        frames
    }

    /// Reads the rows that were held back, if what is needed for that has come by now.
    fn replay_cut_object(&mut self, config: &DecoderConfig) {
        if self.answer.begin_rows(&mut self.head, true, config) == Ok(RowsFate::Read) {
            let (bytes, offset) = (&self.buffer.bytes[..], self.buffer.offset);
            let mut source = Source { bytes, offset };
            while self.answer.read_rows(&mut source, config) == Ok(RowsRead::Batch) {}
        }
    }

    /// A reader for rows like those that are next.
    pub(super) fn rows_decoder(&self, config: &DecoderConfig) -> Option<RowsDecoder> {
        (self.expect == Expect::Rows).then(|| self.answer.rows_decoder(config))?
    }

    /// Takes rows that were read elsewhere, if they are the next ones, and says how many bytes they were.
    pub(super) fn accept(&mut self, decoded: DecodedRows) -> usize {
        if self.expect == Expect::Rows {
            self.answer.accept(decoded)
        } else {
            0
        }
    }

    /// Takes the memory of a batch for the rows to come.
    pub(super) fn recycle(&mut self, batch: RowBatch, config: &DecoderConfig) {
        self.answer.recycle(batch, config);
    }

    /// Bytes held, apart from the headers of open tables.
    pub(super) fn buffered_bytes(&self) -> usize {
        self.answer.buffered_bytes()
            + self.outer.as_ref().map_or(0, |outer| outer.len())
            + self.head.len()
            + self.text.capacity()
            + self.buffer.bytes.capacity()
    }

    /// One byte that is not white space, where a bracket, a name, a colon, a comma or a value may begin.
    fn step(&mut self, byte: u8, source: &mut Source<'_>, config: &DecoderConfig) -> Result<(), DecodeError> {
        let offset = source.offset;
        match (self.expect, byte) {
            (Expect::FirstElement | Expect::Element, b'{') => {
                source.advance(1);
                self.head.begin(offset);
                self.has_buffered_rows = false;
                self.level = Level::Item;
                self.expect = Expect::FirstName;
                if self.version == Version::V2
                    && let Some(len) = self.head.set_short_table(source.bytes, config)
                {
                    source.advance(len);
                    self.member = Member::Rows;
                    self.expect = Expect::Value;
                }
            }
            (Expect::AfterElement, b',') => {
                source.advance(1);
                self.expect = Expect::Element;
            }
            (Expect::FirstElement | Expect::AfterElement, b']') => {
                source.advance(1);
                self.end_array(offset)?;
            }
            (Expect::FirstName | Expect::Name, b'"') => self.read_members(source, config)?,
            (Expect::AfterMember, b',') => {
                source.advance(1);
                self.expect = Expect::Name;
            }
            (Expect::FirstName | Expect::AfterMember, b'}') => {
                source.advance(1);
                self.end_object(config)?;
            }
            (Expect::Colon, b':') => {
                source.advance(1);
                self.expect = Expect::Value;
            }
            (Expect::Value, _) => self.begin_value(byte, source, config)?,
            (expect, _) => return Err(syntax(offset, expected(expect))),
        }
        Ok(())
    }

    /// `]` of the frames or of the V1 tables.
    fn end_array(&mut self, offset: u64) -> Result<(), DecodeError> {
        if self.version == Version::V1 {
            self.level = Level::Outer;
            self.expect = Expect::AfterMember;
            return Ok(());
        }
        if !self.answer.is_complete() {
            let message = "the frames end without DataSetCompletion";
            return Err(DecodeError::new(
                DecodeErrorKind::UnexpectedFrame,
                offset,
                message,
            ));
        }
        self.expect = Expect::End;
        Ok(())
    }

    /// `}` of a frame, of a V1 table or of the V1 object.
    fn end_object(&mut self, config: &DecoderConfig) -> Result<(), DecodeError> {
        if let (Some(outer), Level::Outer) = (&self.outer, self.level) {
            self.expect = Expect::End;
            return self.answer.end_v1(outer);
        }
        if self.has_buffered_rows && self.answer.begin_rows(&mut self.head, true, config)? == RowsFate::Read {
            self.expect = Expect::Replay;
            return Ok(());
        }
        self.expect = Expect::AfterElement;
        self.answer.end_object(&mut self.head, config)
    }

    /// Reads members from the first one's quote on, as far as they are in the compact form that the service writes; or
    /// begins to read a name of another form.
    fn read_members(&mut self, source: &mut Source<'_>, config: &DecoderConfig) -> Result<(), DecodeError> {
        loop {
            let Some((member, len)) = short_name(source.bytes, config.max_head_bytes) else {
                self.text.clear();
                self.value.reset();
                self.expect = Expect::NameText;
                return Ok(());
            };
            self.member = member;
            source.advance(len);
            self.expect = Expect::Value;
            let Some(byte) = source.peek().filter(|byte| !is_white_space(*byte)) else {
                return Ok(());
            };
            self.begin_value(byte, source, config)?;
            if self.expect != Expect::AfterMember || !source.bytes.starts_with(b",\"") {
                return Ok(());
            }
            source.advance(1);
        }
    }

    /// Reads a name, which begins at its quote.
    fn read_name(&mut self, source: &mut Source<'_>, config: &DecoderConfig) -> Result<(), DecodeError> {
        let room = config.max_head_bytes.saturating_sub(self.text.len());
        if feed(&mut self.value, source, room, Some(&mut self.text))? {
            let mut name = String::new();
            // The validator has seen it.
            let _ = unescape(&self.text, 0, &mut name, &mut Vec::new());
            self.member = Member::from_name(name.as_bytes());
            self.expect = Expect::Colon;
        } else if self.text.len() >= config.max_head_bytes {
            return Err(self.head_too_large(config));
        }
        Ok(())
    }

    /// Decides by the name of the member what becomes of its value, whose first byte this is, and reads the value if
    /// that is short.
    fn begin_value(
        &mut self,
        byte: u8,
        source: &mut Source<'_>,
        config: &DecoderConfig,
    ) -> Result<(), DecodeError> {
        self.expect = Expect::ValueText;
        self.value.reset();
        self.text.clear();
        self.keep = Keep::Nothing;
        match (self.level, self.member) {
            (_, Member::Other) | (Level::Item, Member::Tables | Member::Exceptions) => {}
            (Level::Outer, Member::Tables) => {
                if byte != b'[' {
                    return Err(syntax(source.offset, "expected the array of tables"));
                }
                self.answer.begin_v1(source.offset)?;
                source.advance(1);
                self.expect = Expect::FirstElement;
            }
            (Level::Outer, Member::Error) => {
                self.keep = Keep::Error;
                self.buffer.begin(source.offset);
            }
            (Level::Outer, Member::Exceptions | Member::OneApiErrors) => {
                self.keep = Keep::Head;
                let member = self.member;
                self.head_of_level().begin_member(member);
            }
            (Level::Outer, _) => {}
            (Level::Item, member) => {
                if self.head.has(member) && self.answer.has_rows() {
                    let name = member.name();
                    let message = format!("{name} came twice, the second time after rows that it may change");
                    return Err(unexpected(source.offset, message));
                }
                self.head.begin_member(member);
                self.keep = Keep::Head;
                // A null counts as no rows.
                if member == Member::Rows {
                    self.has_buffered_rows = false;
                    if byte != b'n' {
                        return self.begin_rows(source.offset, config);
                    }
                }
                let room = config.max_head_bytes.saturating_sub(self.head.len());
                // Columns are nested.
                if config.max_depth > 1
                    && let Some(len) = self.head.set_short(member, source.bytes, room)
                {
                    source.advance(len);
                    self.expect = Expect::AfterMember;
                }
            }
        }
        Ok(())
    }

    fn begin_rows(&mut self, offset: u64, config: &DecoderConfig) -> Result<(), DecodeError> {
        self.keep = Keep::Nothing;
        match self.answer.begin_rows(&mut self.head, false, config)? {
            RowsFate::Read => self.expect = Expect::Rows,
            RowsFate::Skip => {}
            RowsFate::Buffer => {
                self.has_buffered_rows = true;
                self.keep = Keep::Rows;
                self.buffer.begin(offset);
            }
        }
        Ok(())
    }

    fn read_value(&mut self, source: &mut Source<'_>, config: &DecoderConfig) -> Result<(), DecodeError> {
        let (max, kept) = match self.keep {
            Keep::Nothing => (usize::MAX, None),
            Keep::Head => {
                let head = self.head_of_level().len();
                (config.max_head_bytes.saturating_sub(head), Some(&mut self.text))
            }
            Keep::Error => (config.max_head_bytes, Some(&mut self.buffer.bytes)),
            Keep::Rows => (config.max_buffered_frame, Some(&mut self.buffer.bytes)),
        };
        let room = max.saturating_sub(kept.as_ref().map_or(0, |kept| kept.len()));
        let ended = feed(&mut self.value, source, room, kept)?;
        if ended {
            self.expect = Expect::AfterMember;
            match self.keep {
                Keep::Nothing | Keep::Rows => {}
                Keep::Head => {
                    let text = mem::take(&mut self.text);
                    let member = self.member;
                    self.head_of_level().set(member, &text);
                    self.text = text;
                }
                Keep::Error => {
                    let error = parse_value(&self.buffer.bytes).unwrap_or_default();
                    return Err(service_error(self.buffer.offset, &error));
                }
            }
            return Ok(());
        }
        match self.keep {
            Keep::Head if self.text.len() >= max => Err(self.head_too_large(config)),
            Keep::Error if self.buffer.bytes.len() >= max => Err(self.head_too_large(config)),
            Keep::Rows if self.buffer.bytes.len() >= max => {
                let message =
                    format!("Rows before Columns or TableId, longer than max_buffered_frame ({max})");
                Err(DecodeError::new(
                    DecodeErrorKind::TooLarge,
                    self.buffer.offset,
                    message,
                ))
            }
            _ => Ok(()),
        }
    }

    /// Reads from the buffered rows on to the next batch, or ends the object they belong to.
    fn replay(&mut self, config: &DecoderConfig) -> Result<(), DecodeError> {
        let buffer = &mut self.buffer;
        let offset = buffer.offset + buffer.at as u64;
        let mut source = Source {
            bytes: &buffer.bytes[buffer.at..],
            offset,
        };
        let read = self.answer.read_rows(&mut source, config)?;
        buffer.at = buffer.bytes.len() - source.bytes.len();
        if read == RowsRead::Batch {
            return Ok(());
        }
        // The rows may have been large; the next object will hardly need as much.
        self.buffer = Buffer::default();
        self.expect = Expect::AfterElement;
        self.answer.end_object(&mut self.head, config)
    }

    fn head_of_level(&mut self) -> &mut Head {
        match (&mut self.outer, self.level) {
            (Some(outer), Level::Outer) => outer,
            _ => &mut self.head,
        }
    }

    fn head_too_large(&mut self, config: &DecoderConfig) -> DecodeError {
        let offset = self.head_of_level().offset;
        let message = format!(
            "a frame without its rows is longer than max_head_bytes ({})",
            config.max_head_bytes
        );
        DecodeError::new(DecodeErrorKind::TooLarge, offset, message)
    }
}

impl Buffer {
    fn begin(&mut self, offset: u64) {
        self.bytes.clear();
        self.offset = offset;
        self.at = 0;
    }
}

/// The member whose name is at the front, with quotes and a colon around it, and the length of all that; if it is one
/// of those that are known, without escapes, and with its quotes at most so long.
#[inline]
fn short_name(bytes: &[u8], max: usize) -> Option<(Member, usize)> {
    let end = quote_end(bytes, 1);
    let member = Member::from_name(bytes.get(1..end)?);
    let is_short = member != Member::Other && end < max && bytes.get(end + 1) == Some(&b':');
    is_short.then_some((member, end + 2))
}

/// Feeds the validator with at most `room` bytes, keeps them, and says whether the value has ended.
fn feed(
    validator: &mut Validator,
    source: &mut Source<'_>,
    room: usize,
    kept: Option<&mut Vec<u8>>,
) -> Result<bool, DecodeError> {
    let window = &source.bytes[..source.bytes.len().min(room)];
    let (len, ended) = match validator.feed(window) {
        Ok(len) => (len, true),
        Err(Stop::More) => (window.len(), false),
        Err(Stop::Fault(Fault { kind, at, message })) => {
            // What stands before it may be of use.
            if let Some(kept) = kept {
                kept.extend_from_slice(&window[..at]);
            }
            return Err(DecodeError::new(kind, source.offset + at as u64, message));
        }
    };
    if let Some(kept) = kept {
        kept.extend_from_slice(&window[..len]);
    }
    source.advance(len);
    Ok(ended)
}

const fn expected(expect: Expect) -> &'static str {
    match expect {
        Expect::FirstElement => "expected a frame, a table or the closing bracket",
        Expect::Element => "expected a frame or a table",
        Expect::AfterElement => "expected a comma or the closing bracket",
        Expect::FirstName => "expected the name of a member or the closing brace",
        Expect::Name => "expected the name of a member",
        Expect::Colon => "expected a colon",
        Expect::AfterMember => "expected a comma or the closing brace",
        Expect::End => "expected nothing after the end of the answer",
        Expect::NameText | Expect::Value | Expect::ValueText | Expect::Rows | Expect::Replay => {
            "expected a value"
        }
    }
}

fn syntax(offset: u64, message: &'static str) -> DecodeError {
    DecodeError::new(DecodeErrorKind::Syntax, offset, message)
}

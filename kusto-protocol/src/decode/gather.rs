//! Small chunks among rows, put together before they are read.
//!
//! At the end of a chunk a row is cut, and the rows before it are too few to be read many at a time. That costs as much
//! as to read some kilobytes: small chunks are faster to read from a copy of many of them.

use super::Source;

/// Bytes that are to be read together. They never are the last ones of an answer, so that all its frames come without
/// more bytes.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    bytes: Vec<u8>,
    /// Offset in the stream of the first byte.
    offset: u64,
    /// How many of them have been read.
    read: usize,
    /// Whether they are to be read before more are taken.
    is_due: bool,
}

impl Gathered {
    pub(super) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether there is anything to do with such a chunk.
    pub(super) const fn concerns(&self, chunk: &[u8]) -> bool {
        !self.is_empty() || matches!(chunk.len(), SMALLEST..LARGE)
    }

    /// Takes all of the source, if there is room for it, and says whether no more can be read before the next chunk.
    pub(super) fn take(&mut self, source: &mut Source<'_>, room: usize) -> bool {
        if self.is_due {
            return false;
        }
        let chunk = source.bytes;
        let len = self.bytes.len() + chunk.len();
        if chunk.len() >= LARGE || len > room || may_be_last(chunk) {
            self.end();
            return false;
        }
        if self.is_empty() {
            self.offset = source.offset;
        }
        self.bytes.extend_from_slice(chunk);
        source.advance(chunk.len());
        self.is_due = len >= ENOUGH;
        !self.is_due
    }

    /// Takes no more until all is read.
    pub(super) const fn end(&mut self) {
        self.is_due = !self.is_empty();
    }

    /// What is still to be read.
    pub(super) fn source(&self) -> Source<'_> {
        Source {
            bytes: &self.bytes[self.read..],
            offset: self.offset + self.read as u64,
        }
    }

    /// Notes how many bytes are still to be read.
    pub(super) fn keep(&mut self, left: usize) {
        self.read = self.bytes.len() - left;
        if left == 0 {
            self.bytes.clear();
            self.read = 0;
            self.is_due = false;
        }
    }

    pub(super) const fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}

/// Whether an answer, or a frame with the comma after it, may end with this chunk: what the service sends by itself is not
/// to wait for what comes next.
fn may_be_last(chunk: &[u8]) -> bool {
    let chunk = chunk.trim_ascii_end();
    let chunk = chunk.strip_suffix(b",").unwrap_or(chunk);
    matches!(chunk.trim_ascii_end().last(), Some(b']' | b'}'))
}

/// Chunks of fewer bytes come so slowly that it is no use to let them wait.
const SMALLEST: usize = 1 << 10;

/// Chunks of so many bytes are read where they are.
const LARGE: usize = 32 << 10;

/// More bytes are not read faster.
const ENOUGH: usize = 128 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// Offers chunks one after the other, and gives how many of them were taken before one was not, or there was enough.
    fn taken(gathered: &mut Gathered, chunks: &[&[u8]], room: usize) -> usize {
        let mut offset = 7;
        for (index, chunk) in chunks.iter().enumerate() {
            let mut source = Source { bytes: chunk, offset };
            offset += chunk.len() as u64;
            if !gathered.take(&mut source, room) {
                return index + usize::from(source.bytes.is_empty());
            }
        }
        chunks.len()
    }

    #[test]
    fn enough_is_read_from_its_first_byte_on() {
        let mut gathered = Gathered::default();
        assert_eq!(taken(&mut gathered, &[&[b'1'; 20_000][..]; 9], usize::MAX), 7);
        assert_eq!(
            (gathered.source().bytes.len(), gathered.source().offset),
            (140_000, 7)
        );
        gathered.keep(500);
        assert_eq!(gathered.source().offset, 139_507);
        assert_eq!(
            taken(&mut gathered, &[&b"1"[..]], usize::MAX),
            0,
            "what is due comes first"
        );
        gathered.keep(0);
        assert!(gathered.is_empty());
        assert_eq!(taken(&mut gathered, &[&b"1"[..]], usize::MAX), 1);
    }

    #[test]
    fn some_chunks_are_left_where_they_are() {
        let last: [&[u8]; 6] = [b"1]", b"1}", b"]\r\n", b"} ", b"},", b"}\r\n,"];
        for chunk in last.into_iter().chain([&[b'1'; LARGE][..], &[b'1'; 51]]) {
            let mut gathered = Gathered::default();
            assert_eq!(taken(&mut gathered, &[chunk], 50), 0);
            assert_eq!(taken(&mut gathered, &[&b"1,2 "[..], chunk], 50), 1);
            assert_eq!(gathered.source().bytes, b"1,2 ");
        }
    }
}

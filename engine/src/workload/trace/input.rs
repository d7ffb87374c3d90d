//! A file as lines or as records of fixed length, decompressed on the way.

use super::TraceError;
use super::zstd::{Frames, is_compressed, read_up_to};
use std::io::{self, BufReader, Chain, Cursor, Read};

/// Read at a time. Large enough to make calls cheap, small enough for the processor's cache.
const CHUNK: usize = 1 << 18;

/// No line of a trace is longer; keys are at most 250 bytes in Memcached, and a few hundred in practice elsewhere.
const MAX_LINE: usize = 1 << 16;

/// A source that counts the bytes taken from it.
struct Counted<R> {
    inner: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        self.bytes += n as u64;
        Ok(n)
    }
}

/// The bytes read to recognise compression, then the rest.
type Whole<R> = Chain<Cursor<Vec<u8>>, Counted<R>>;

enum Source<R> {
    Plain(Whole<R>),
    Zstd(Box<Frames<BufReader<Whole<R>>>>),
}

/// A line as it stands in the file, without its end.
pub(super) enum Line<'a> {
    /// Its bytes, a carriage return at the end possibly among them.
    Text(&'a [u8]),
    /// It is longer than any line of a trace.
    TooLong,
}

impl<'a> Line<'a> {
    fn of(text: &'a [u8]) -> Self {
        if text.len() > MAX_LINE {
            Self::TooLong
        } else {
            Self::Text(text)
        }
    }
}

/// The content of a file.
pub(super) struct Input<R> {
    source: Source<R>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
}

impl<R: Read> Input<R> {
    pub(super) fn new(read: R) -> Result<Self, TraceError> {
        let mut counted = Counted {
            inner: read,
            bytes: 0,
        };
        let mut head = vec![0; 4];
        let found = read_up_to(&mut counted, &mut head)?;
        head.truncate(found);
        let compressed = is_compressed(&head);
        let whole = Cursor::new(head).chain(counted);
        let source = if compressed {
            Source::Zstd(Box::new(Frames::new(BufReader::with_capacity(CHUNK, whole))))
        } else {
            Source::Plain(whole)
        };
        Ok(Self {
            source,
            buffer: vec![0; CHUNK],
            start: 0,
            end: 0,
            ended: false,
        })
    }

    /// Bytes taken from the file so far, compressed ones if it is compressed.
    pub(super) fn bytes_consumed(&self) -> u64 {
        let whole = match &self.source {
            Source::Plain(whole) => whole,
            Source::Zstd(frames) => frames.source().get_ref(),
        };
        whole.get_ref().1.bytes
    }

    /// The next `wanted` bytes without taking them, or more; fewer at the end of the file.
    pub(super) fn peek(&mut self, wanted: usize) -> Result<&[u8], TraceError> {
        while self.end - self.start < wanted && !self.ended {
            self.more()?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// Takes up to `n` bytes that were peeked at.
    pub(super) fn consume(&mut self, n: usize) {
        self.start = (self.start + n).min(self.end);
    }

    /// The next line; `None` at the end of the file.
    pub(super) fn line(&mut self) -> Result<Option<Line<'_>>, TraceError> {
        let mut searched = 0;
        loop {
            let rest = &self.buffer[self.start + searched..self.end];
            if let Some(at) = memchr::memchr(b'\n', rest) {
                let line = self.start..self.start + searched + at;
                self.start = line.end + 1;
                return Ok(Some(Line::of(&self.buffer[line])));
            }
            if self.ended {
                let line = self.start..self.end;
                self.start = self.end;
                return Ok((!line.is_empty()).then(|| Line::of(&self.buffer[line])));
            }
            if self.end - self.start > MAX_LINE {
                self.skip_line()?;
                return Ok(Some(Line::TooLong));
            }
            searched = self.end - self.start;
            self.more()?;
        }
    }

    fn skip_line(&mut self) -> Result<(), TraceError> {
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[self.start..self.end]) {
                self.start += at + 1;
                return Ok(());
            }
            self.start = self.end;
            if self.ended {
                return Ok(());
            }
            self.more()?;
        }
    }

    /// Reads on behind what is still to be taken.
    fn more(&mut self) -> Result<(), TraceError> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            self.buffer.resize(self.end * 2, 0);
        }
        let free = &mut self.buffer[self.end..];
        let n = match &mut self.source {
            Source::Plain(whole) => loop {
                match whole.read(free) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => break result.map_err(|error| TraceError::from(&error))?,
                }
            },
            Source::Zstd(frames) => frames.read(free)?,
        };
        self.end += n;
        self.ended = n == 0;
        Ok(())
    }
}

//! What can be wrong with a trace file.

use crate::policy::KeyId;
use std::fmt;
use std::io;

/// Lines that are told apart; further ones are only counted.
const KEPT: usize = 20;

/// Most characters of a file that an error repeats.
const QUOTED: usize = 40;

/// Why a file is no trace.
#[derive(Clone, Debug, PartialEq)]
pub enum TraceError {
    /// Reading failed; what the system says.
    Io(io::ErrorKind, String),
    /// There is nothing in it.
    Empty,
    /// No known format fits its content.
    UnknownFormat,
    /// The first line does not name the columns; that line.
    NoHeader(String),
    /// The header names no column for this.
    MissingColumn(&'static str),
    /// It is compressed and ends before its end.
    CompressedCut,
    /// It is compressed and cannot be decompressed; what the decompressor says.
    Compressed(String),
    /// A line that cannot be read, when such lines are refused.
    BadLine(BadLine),
    /// Not one line can be read.
    NothingUsable(Problems),
    /// More distinct keys than can be numbered.
    TooManyObjects {
        /// So many can.
        limit: KeyId,
    },
}

/// A line or record that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, from 1: of the line in a text file, the header included; of the record in a binary file.
    pub line: u64,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What is wrong with a line or record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Too few or too many columns.
    Columns {
        /// So many.
        found: usize,
        /// In place of so many.
        expected: usize,
    },
    /// A column that cannot be understood.
    Column {
        /// What it should hold.
        name: &'static str,
        /// What it holds, shortened.
        text: String,
    },
    /// Longer than any line of a trace.
    TooLong,
    /// The file ends in the middle of a record.
    Cut {
        /// Bytes that are there.
        bytes: usize,
        /// Bytes of a record.
        of: usize,
    },
}

impl Reason {
    pub(super) fn column(name: &'static str, text: &[u8]) -> Self {
        Self::Column {
            name,
            text: quote(text),
        }
    }
}

/// The beginning of a text that may be anything.
pub(super) fn quote(text: &[u8]) -> String {
    let shown: String = String::from_utf8_lossy(text).chars().take(QUOTED).collect();
    let more = text.len() > shown.len();
    let plain = shown.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
    plain.chain(more.then_some('…')).collect()
}

/// The lines of a file that were left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    first: Vec<BadLine>,
    count: u64,
}

impl Problems {
    /// The first 20 of them.
    pub fn first(&self) -> &[BadLine] {
        &self.first
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn push(&mut self, bad: BadLine) {
        self.count += 1;
        if self.first.len() < KEPT {
            self.first.push(bad);
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Columns { found, expected } => write!(f, "{found} columns in place of {expected}"),
            Self::Column { name, text } if text.is_empty() => write!(f, "the {name} is missing"),
            Self::Column { name, text } => write!(f, "“{text}” is no {name}"),
            Self::TooLong => f.write_str("longer than any line of a trace"),
            Self::Cut { bytes, of } => write!(f, "the file ends after {bytes} of the {of} bytes of a record"),
        }
    }
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_, message) => write!(f, "reading failed: {message}"),
            Self::Empty => f.write_str("the file is empty"),
            Self::UnknownFormat => f.write_str(
                "the file is in none of the known formats: libCacheSim oracleGeneral, Twitter CSV, or CSV with a header",
            ),
            Self::NoHeader(line) => write!(
                f,
                "the first line must name the columns, such as “time,key,size”; it is “{line}”"
            ),
            Self::MissingColumn(name) => write!(f, "the header names no column for the {name}"),
            Self::CompressedCut => {
                f.write_str("the compressed file ends before its end; it was not copied completely")
            }
            Self::Compressed(message) => write!(f, "the file cannot be decompressed: {message}"),
            Self::BadLine(bad) => bad.fmt(f),
            Self::NothingUsable(problems) => {
                write!(f, "none of the {} lines can be read", problems.count)?;
                problems.first.first().map_or(Ok(()), |bad| write!(f, "; {bad}"))
            }
            Self::TooManyObjects { limit } => write!(f, "the trace has more than {limit} distinct keys"),
        }
    }
}

impl std::error::Error for TraceError {}

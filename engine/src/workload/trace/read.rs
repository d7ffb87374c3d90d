//! The reader: a file in, a trace out, piece by piece.

use super::builder::{Builder, Record};
use super::error::{BadLine, Problems, Reason, TraceError};
use super::input::{Input, Line};
use super::{Trace, csv, detect, oracle, twitter};
use std::io::Read;

/// How a trace is written down. Each may be compressed with Zstandard, which is recognised by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Whichever the content looks like.
    #[default]
    Auto,
    /// libCacheSim's binary records with the number of the next access.
    OracleGeneral,
    /// Seven columns without a header, as Twitter published.
    TwitterCsv,
    /// Columns named by the first line.
    Csv,
}

/// What to do about lines and records that cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BadLines {
    /// Leave them out and report them.
    #[default]
    Skip,
    /// Stop at the first.
    Refuse,
}

/// How to read a file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What it is.
    pub format: Format,
    /// What to do about bad lines.
    pub bad_lines: BadLines,
    /// Its name, which helps to recognise the format; may be empty.
    pub name: String,
}

/// How far a reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// There may be more.
    More,
    /// The file is read.
    End,
}

impl Status {
    /// Whether there may be more.
    pub fn more(self) -> bool {
        self == Self::More
    }
}

enum Layout {
    Oracle,
    Twitter,
    Columns(csv::Columns),
}

/// Reads a trace from anywhere, so many records at a time.
pub struct Reader<R> {
    input: Input<R>,
    layout: Layout,
    builder: Builder,
    bad_lines: BadLines,
    problems: Problems,
    /// Lines or records so far, the header included.
    line: u64,
    ended: bool,
}

impl<R: Read> Reader<R> {
    /// A reader at the first record.
    ///
    /// # Errors
    /// When reading fails, there is nothing to read, the format is unknown or the header is no header.
    pub fn new(read: R, options: &Options) -> Result<Self, TraceError> {
        let mut input = Input::new(read)?;
        let head = input.peek(detect::HEAD)?;
        if head.iter().all(u8::is_ascii_whitespace) && head.len() < detect::HEAD {
            return Err(TraceError::Empty);
        }
        let format = match options.format {
            Format::Auto => detect::format(head, &options.name)?,
            format => format,
        };
        let mut line = 0;
        let layout = match format {
            Format::OracleGeneral => Layout::Oracle,
            Format::TwitterCsv => Layout::Twitter,
            Format::Auto | Format::Csv => Layout::Columns(header(&mut input, &mut line)?),
        };
        Ok(Self {
            input,
            layout,
            builder: Builder::new(),
            bad_lines: options.bad_lines,
            problems: Problems::default(),
            line,
            ended: false,
        })
    }

    /// Reads up to so many further records.
    ///
    /// # Errors
    /// When reading or decompressing fails, at a bad line if they are refused, and when there are more distinct keys
    /// than numbers. What was read before remains, and [`finish`](Self::finish) must not be called.
    pub fn read_some(&mut self, max_records: usize) -> Result<Status, TraceError> {
        let mut left = max_records;
        while left > 0 && !self.ended {
            let step = match &mut self.layout {
                Layout::Oracle => step_binary(&mut self.input, &mut self.builder, left)?,
                Layout::Twitter => step_text(&mut self.input, &mut self.builder, twitter::record)?,
                Layout::Columns(columns) => {
                    step_text(&mut self.input, &mut self.builder, |line| columns.record(line))?
                }
            };
            let lines = if let Step::Read(records) = step {
                records
            } else {
                1
            };
            self.line += lines as u64;
            left -= lines;
            match step {
                Step::Read(_) | Step::Blank => {}
                Step::End => self.ended = true,
                Step::Bad(reason) => self.bad(reason)?,
            }
        }
        Ok(if self.ended { Status::End } else { Status::More })
    }

    /// Bytes taken from the file so far; compressed ones, if it is compressed.
    pub fn bytes_consumed(&self) -> u64 {
        self.input.bytes_consumed()
    }

    /// Requests read so far.
    pub fn requests(&self) -> usize {
        self.builder.requests()
    }

    /// The format, found or given.
    pub fn format(&self) -> Format {
        match self.layout {
            Layout::Oracle => Format::OracleGeneral,
            Layout::Twitter => Format::TwitterCsv,
            Layout::Columns(_) => Format::Csv,
        }
    }

    /// Reads what is left and returns the trace.
    ///
    /// # Errors
    /// Those of [`read_some`](Self::read_some), and when not one request could be read.
    pub fn finish(mut self) -> Result<Trace, TraceError> {
        while self.read_some(usize::MAX)?.more() {}
        if self.builder.requests() == 0 {
            return Err(match self.problems.count() {
                0 => TraceError::Empty,
                _ => TraceError::NothingUsable(self.problems),
            });
        }
        let mut trace = self.builder.finish();
        trace.problems = self.problems;
        Ok(trace)
    }

    fn bad(&mut self, reason: Reason) -> Result<(), TraceError> {
        let bad = BadLine {
            line: self.line,
            reason,
        };
        match self.bad_lines {
            BadLines::Refuse => Err(TraceError::BadLine(bad)),
            BadLines::Skip => {
                self.problems.push(bad);
                Ok(())
            }
        }
    }
}

/// Records of a binary file that are read together.
const BATCH: usize = 64;

/// What came of a line or some records.
enum Step {
    /// So many requests were read.
    Read(usize),
    Blank,
    Bad(Reason),
    End,
}

/// The columns that the first line with anything on it names.
fn header<R: Read>(input: &mut Input<R>, line: &mut u64) -> Result<csv::Columns, TraceError> {
    loop {
        *line += 1;
        match input.line()? {
            None => return Err(TraceError::Empty),
            Some(Line::TooLong) => return Err(TraceError::UnknownFormat),
            Some(Line::Text(text)) if text.trim_ascii().is_empty() => {}
            Some(Line::Text(text)) => return csv::Columns::of(text),
        }
    }
}

fn step_text<R: Read>(
    input: &mut Input<R>,
    builder: &mut Builder,
    parse: impl FnOnce(&[u8]) -> Result<Record<'_>, Reason>,
) -> Result<Step, TraceError> {
    Ok(match input.line()? {
        None => Step::End,
        Some(Line::TooLong) => Step::Bad(Reason::TooLong),
        Some(Line::Text(text)) if text.trim_ascii().is_empty() => Step::Blank,
        Some(Line::Text(text)) => match parse(text) {
            Ok(record) => {
                builder.push(&record)?;
                Step::Read(1)
            }
            Err(reason) => Step::Bad(reason),
        },
    })
}

fn step_binary<R: Read>(
    input: &mut Input<R>,
    builder: &mut Builder,
    max_records: usize,
) -> Result<Step, TraceError> {
    let bytes = input.peek(oracle::RECORD)?;
    let (records, rest) = bytes.as_chunks();
    let batch = records.get(..max_records.min(BATCH)).unwrap_or(records);
    if batch.is_empty() {
        let left = rest.len();
        input.consume(left);
        return Ok(match left {
            0 => Step::End,
            bytes => Step::Bad(Reason::Cut {
                bytes,
                of: oracle::RECORD,
            }),
        });
    }
    builder.look_ahead(batch.iter().map(oracle::record));
    for record in batch {
        builder.push(&oracle::record(record))?;
    }
    let read = batch.len();
    input.consume(read * oracle::RECORD);
    Ok(Step::Read(read))
}

//! CSV whose first line names the columns, in any order and among others.
//!
//! Columns are separated by commas, tabs or semicolons, whichever the header has; a field is what stands between two
//! of them, without blanks and double quotes around it. Fields do not contain separators: traces hold numbers and
//! anonymised names, and a stray quotation mark must not swallow the lines after it.

use super::Command;
use super::builder::Record;
use super::error::{Reason, TraceError, quote};
use super::intern::Name;

/// Columns of a header, by place.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    separator: u8,
    count: usize,
    time: usize,
    key: usize,
    size: Option<usize>,
    key_bytes: Option<usize>,
    op: Option<usize>,
    ttl: Option<usize>,
    /// Recorded time units of a second; known once a line was read.
    per_second: Option<u64>,
}

const TIME: &[&str] = &["time", "timestamp", "ts", "time_s", "seconds"];
const KEY: &[&str] = &[
    "object",
    "key",
    "id",
    "lbn",
    "lba",
    "obj",
    "obj_id",
    "object_id",
    "anonymized_key",
    "anonymised_key",
];
const SIZE: &[&str] = &["size", "value_size", "obj_size", "object_size", "bytes", "length"];
const KEY_BYTES: &[&str] = &["key_size", "key_bytes", "key_length"];
const OP: &[&str] = &["op", "operation", "command"];
const TTL: &[&str] = &["ttl", "ttl_s"];

impl Columns {
    /// The columns that a first line names, possibly after a `#`.
    pub(super) fn of(header: &[u8]) -> Result<Self, TraceError> {
        // Some programs begin text files with a byte order mark.
        let header = header
            .strip_prefix("\u{feff}".as_bytes())
            .unwrap_or(header)
            .trim_ascii();
        let header = header.strip_prefix(b"#").unwrap_or(header);
        let separator = [b',', b'\t', b';'].into_iter().find(|byte| header.contains(byte));
        let separator = separator.ok_or_else(|| TraceError::NoHeader(quote(header)))?;
        let names: Vec<String> = fields(header, separator)
            .map(|field| {
                String::from_utf8_lossy(field)
                    .to_ascii_lowercase()
                    .replace([' ', '-'], "_")
            })
            .collect();
        let find = |known: &[&str]| names.iter().position(|name| known.contains(&name.as_str()));
        let all = [TIME, KEY, SIZE, KEY_BYTES, OP, TTL];
        if all.into_iter().all(|known| find(known).is_none()) {
            return Err(TraceError::NoHeader(quote(header)));
        }
        Ok(Self {
            separator,
            count: names.len(),
            time: find(TIME).ok_or(TraceError::MissingColumn("time"))?,
            key: find(KEY).ok_or(TraceError::MissingColumn("key"))?,
            size: find(SIZE),
            key_bytes: find(KEY_BYTES),
            op: find(OP),
            ttl: find(TTL),
            per_second: None,
        })
    }

    /// The request in a line.
    pub(super) fn record<'a>(&mut self, line: &'a [u8]) -> Result<Record<'a>, Reason> {
        let (mut time, mut key, mut size): (&[u8], &[u8], &[u8]) = (b"", b"", b"0");
        let (mut key_bytes, mut op, mut ttl): (Option<&[u8]>, &[u8], &[u8]) = (None, b"", b"");
        let mut found = 0;
        for field in fields(line, self.separator) {
            let here = Some(found);
            if found == self.time {
                time = field;
            } else if found == self.key {
                key = field;
            } else if here == self.size {
                size = field;
            } else if here == self.op {
                op = field;
            } else if here == self.ttl {
                ttl = field;
            } else if here == self.key_bytes {
                key_bytes = Some(field);
            }
            found += 1;
        }
        if found != self.count {
            return Err(Reason::Columns {
                found,
                expected: self.count,
            });
        }
        if key.is_empty() {
            return Err(Reason::column("key", key));
        }
        let units = whole_part(time).ok_or_else(|| Reason::column("time", time))?;
        let length = key_bytes.map(|field| bytes("key size", field)).transpose()?;
        let record = Record {
            second: 0,
            name: Name::of(key),
            size: bytes("size", size)?,
            command: operation(op).ok_or_else(|| Reason::column("operation", op))?,
            ttl: ttl_seconds(ttl).ok_or_else(|| Reason::column("TTL", ttl))?,
            key_bytes: length,
        };
        let per_second = *self.per_second.get_or_insert_with(|| units_per_second(units));
        Ok(Record {
            second: units / per_second,
            ..record
        })
    }
}

/// Whether the first good line counts seconds, milli-, micro- or nanoseconds. Counted from 1970, these are told
/// apart by their size; counted from the start of the recording they are seconds.
fn units_per_second(first: u64) -> u64 {
    match first {
        0..100_000_000_000 => 1,
        100_000_000_000..100_000_000_000_000 => 1_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000_000,
        _ => 1_000_000_000,
    }
}

/// The fields of a line, without what surrounds them.
pub(super) fn fields(line: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    line.split(move |byte| *byte == separator).map(|field| {
        let field = field.trim_ascii();
        let inner = field
            .strip_prefix(b"\"")
            .and_then(|field| field.strip_suffix(b"\""));
        inner.unwrap_or(field)
    })
}

/// A decimal number without sign.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        sum.checked_mul(10)?.checked_add(digit.into())
    })
}

/// The whole part of a decimal number without sign.
pub(super) fn whole_part(text: &[u8]) -> Option<u64> {
    let dot = memchr::memchr(b'.', text);
    let (whole, fraction) = text.split_at(dot.unwrap_or(text.len()));
    let digits = fraction.iter().skip(1).all(u8::is_ascii_digit);
    number(whole).filter(|_| digits)
}

/// A number of bytes.
pub(super) fn bytes(name: &'static str, text: &[u8]) -> Result<u32, Reason> {
    let number = number(text).and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| Reason::column(name, text))
}

/// A TTL; nothing, 0 and negative ones mean none, longer ones than 136 years are that long.
pub(super) fn ttl_seconds(text: &[u8]) -> Option<u32> {
    match text {
        [] => Some(0),
        [b'-', rest @ ..] => whole_part(rest).map(|_| 0),
        _ => whole_part(text).map(|ttl| u32::try_from(ttl).unwrap_or(u32::MAX)),
    }
}

/// An operation by its name, or a SCSI operation code in hexadecimal (READ and WRITE with 6 to 16 bytes, SBC-3).
pub(super) fn operation(text: &[u8]) -> Option<Command> {
    const NAMES: [(&str, Command); 27] = [
        ("get", Command::Get),
        ("gets", Command::Gets),
        ("set", Command::Set),
        ("add", Command::Add),
        ("replace", Command::Replace),
        ("cas", Command::Cas),
        ("append", Command::Append),
        ("prepend", Command::Prepend),
        ("delete", Command::Delete),
        ("incr", Command::Incr),
        ("decr", Command::Decr),
        ("read", Command::Get),
        ("r", Command::Get),
        ("write", Command::Set),
        ("w", Command::Set),
        ("put", Command::Set),
        ("update", Command::Set),
        ("del", Command::Delete),
        ("08", Command::Get),
        ("28", Command::Get),
        ("88", Command::Get),
        ("a8", Command::Get),
        ("0a", Command::Set),
        ("2a", Command::Set),
        ("8a", Command::Set),
        ("aa", Command::Set),
        ("", Command::Get),
    ];
    let found = NAMES
        .iter()
        .find(|(name, _)| text.eq_ignore_ascii_case(name.as_bytes()));
    found.map(|(_, op)| *op)
}

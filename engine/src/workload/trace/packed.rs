//! A trace as bytes, for programs of the same version to hand to each other: read from its file once, it goes to whoever
//! simulates it in a form that takes neither a decompressor nor a parser.
//!
//! Parts follow one another, numbers are little-endian:
//!
//! ```text
//! header         u64 each       fingerprint, requests, objects, runs, clamped times, columns
//! keys           u32 a request
//! sizes          u32 a key
//! key bytes      u32 a key      where bit 0 of columns is set
//! request sizes  u32 a request  where bit 1 is
//! TTLs           u32 a request  where bit 2 is
//! commands       u8 a request   where bit 3 is
//! runs           u64, u64 each  second, number of its first request
//! checksum       u64            of all before it
//! ```
//!
//! The checksum goes over the 64-bit words of each part, the last filled up with zeros. [`Problems`](super::Problems) are
//! those of the file and stay behind.

use super::{Command, Run, Trace};
use crate::policy::KeyId;
use crate::random::mix64;
use std::fmt;
use std::io::{self, Read, Write};

/// Bytes read or written at a time. Of whole words, so that the checksum does not depend on it.
const CHUNK: usize = 1 << 18;

/// Numbers of the header.
const HEADER: usize = 6;

const WORD: usize = size_of::<u64>();

const KEY_BYTES: u64 = 1;
const REQUEST_SIZES: u64 = 1 << 1;
const TTLS: u64 = 1 << 2;
const COMMANDS: u64 = 1 << 3;
const ALL_COLUMNS: u64 = KEY_BYTES | REQUEST_SIZES | TTLS | COMMANDS;

/// By code.
const ALL_COMMANDS: [Command; 11] = [
    Command::Get,
    Command::Gets,
    Command::Set,
    Command::Add,
    Command::Replace,
    Command::Cas,
    Command::Append,
    Command::Prepend,
    Command::Delete,
    Command::Incr,
    Command::Decr,
];

/// Why bytes are no trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackedError {
    /// Reading failed; what the system says.
    Io(io::ErrorKind, String),
    /// There are more or fewer bytes than the header tells.
    Length,
    /// Bytes were changed on the way.
    Checksum,
    /// What they say contradicts itself, or is nothing that a trace can hold.
    Content,
    /// The trace does not fit into memory.
    Memory,
}

impl From<io::Error> for PackedError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Length,
            kind => Self::Io(kind, error.to_string()),
        }
    }
}

impl fmt::Display for PackedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Io(_, message) => return write!(f, "reading failed: {message}"),
            Self::Length => "bytes are missing or too many",
            Self::Checksum => "bytes were changed",
            Self::Content => "its parts contradict each other",
            Self::Memory => "it does not fit into memory",
        })
    }
}

impl std::error::Error for PackedError {}

impl Trace {
    /// Writes the trace as bytes that [`unpack`](Self::unpack) reads.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn pack(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut out = Packer {
            out,
            checksum: 0,
            chunk: Vec::with_capacity(CHUNK),
        };
        let columns = [
            (KEY_BYTES, self.key_bytes.is_some()),
            (REQUEST_SIZES, self.request_sizes.is_some()),
            (TTLS, self.ttls.is_some()),
            (COMMANDS, self.commands.is_some()),
        ];
        let header: [u64; HEADER] = [
            self.fingerprint,
            self.keys.len() as u64,
            self.sizes.len() as u64,
            self.runs.len() as u64,
            self.clamped_times,
            columns
                .iter()
                .map(|(bit, is_there)| bit * u64::from(*is_there))
                .sum(),
        ];
        out.words(&header)?;
        out.column(&self.keys)?;
        out.column(&self.sizes)?;
        for column in [&self.key_bytes, &self.request_sizes, &self.ttls] {
            out.column(column.as_deref().unwrap_or_default())?;
        }
        for commands in self.commands.as_deref().unwrap_or_default().chunks(CHUNK) {
            out.chunk.extend(commands.iter().map(|command| *command as u8));
            out.flush()?;
        }
        for runs in self.runs.chunks(CHUNK / (2 * WORD)) {
            for run in runs {
                out.chunk.extend_from_slice(&run.second.to_le_bytes());
                out.chunk.extend_from_slice(&(run.first as u64).to_le_bytes());
            }
            out.flush()?;
        }
        let checksum = out.checksum;
        out.words(&[checksum])
    }

    /// Reads what [`pack`](Self::pack) wrote, which is so many `bytes`. The trace equals the one that was written, but
    /// for its problems, of which it has none.
    ///
    /// # Errors
    /// When reading fails, these are other bytes, or there is too little memory.
    pub fn unpack(read: &mut dyn Read, bytes: u64) -> Result<Self, PackedError> {
        let mut input = Unpacker {
            read,
            checksum: 0,
            chunk: vec![0; CHUNK],
        };
        let [fingerprint, requests, objects, runs, clamped_times, columns] = input.words()?;
        if packed_length(requests, objects, runs, columns) != Some(bytes) {
            return Err(PackedError::Length);
        }
        // What is not longer than these bytes are takes no more memory than they do.
        let count = |count: u64| usize::try_from(count).map_err(|_| PackedError::Memory);
        let (requests, objects, runs) = (count(requests)?, count(objects)?, count(runs)?);
        let has = |column| columns & column != 0;
        let mut trace = Self {
            keys: input.column(requests)?,
            sizes: input.column(objects)?,
            fingerprint,
            clamped_times,
            ..Self::default()
        };
        if has(KEY_BYTES) {
            trace.key_bytes = Some(input.column(objects)?);
        }
        if has(REQUEST_SIZES) {
            trace.request_sizes = Some(input.column(requests)?);
        }
        if has(TTLS) {
            trace.ttls = Some(input.column(requests)?);
        }
        if has(COMMANDS) {
            trace.commands = Some(input.commands(requests)?);
        }
        trace.runs = input.runs(runs)?;
        let computed = input.checksum;
        let [written] = input.words()?;
        if computed != written {
            return Err(PackedError::Checksum);
        }
        if trace.is_consistent() {
            Ok(trace)
        } else {
            Err(PackedError::Content)
        }
    }

    /// Whether it is as a reader makes it: keys numbered in the order of their first request, time that only goes on,
    /// and no request without a time.
    fn is_consistent(&self) -> bool {
        let mut numbered: KeyId = 0;
        for &key in &self.keys {
            if key > numbered {
                return false;
            }
            numbered += KeyId::from(key == numbered && key < KeyId::MAX);
        }
        let in_order = |pair: &[Run]| match pair {
            [before, after] => before.second < after.second && before.first < after.first,
            _ => true,
        };
        self.fingerprint != 0
            && numbered as usize == self.sizes.len()
            && self.runs.first().is_some_and(|run| run.first == 0)
            && self.runs.last().is_some_and(|run| run.first < self.keys.len())
            && self.runs.windows(2).all(in_order)
    }
}

/// Bytes of a packed trace; `None` when no trace is so long or has such columns.
fn packed_length(requests: u64, objects: u64, runs: u64, columns: u64) -> Option<u64> {
    if columns & !ALL_COLUMNS != 0 {
        return None;
    }
    let when = |column, bytes: u64| if columns & column != 0 { bytes } else { 0 };
    let by_request = 4 + when(REQUEST_SIZES, 4) + when(TTLS, 4) + when(COMMANDS, 1);
    let by_key = 4 + when(KEY_BYTES, 4);
    ((HEADER + 1) as u64 * WORD as u64)
        .checked_add(requests.checked_mul(by_request)?)?
        .checked_add(objects.checked_mul(by_key)?)?
        .checked_add(runs.checked_mul(2 * WORD as u64)?)
}

/// The checksum of what came before and of further bytes.
fn checksum(before: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<WORD>();
    let sum = words
        .iter()
        .fold(before, |sum, word| mix64(sum ^ u64::from_le_bytes(*word)));
    if rest.is_empty() {
        return sum;
    }
    let last = rest
        .iter()
        .rev()
        .fold(0, |word, byte| word << 8 | u64::from(*byte));
    mix64(sum ^ last)
}

struct Packer<'a> {
    out: &'a mut dyn Write,
    checksum: u64,
    /// What is to be written next.
    chunk: Vec<u8>,
}

impl Packer<'_> {
    fn words(&mut self, words: &[u64]) -> io::Result<()> {
        self.chunk
            .extend(words.iter().flat_map(|word| word.to_le_bytes()));
        self.flush()
    }

    fn column(&mut self, values: &[u32]) -> io::Result<()> {
        for values in values.chunks(CHUNK / size_of::<u32>()) {
            self.chunk
                .extend(values.iter().flat_map(|value| value.to_le_bytes()));
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.checksum = checksum(self.checksum, &self.chunk);
        self.out.write_all(&self.chunk)?;
        self.chunk.clear();
        Ok(())
    }
}

struct Unpacker<'a> {
    read: &'a mut dyn Read,
    checksum: u64,
    /// As long as a chunk, to be read into.
    chunk: Vec<u8>,
}

impl Unpacker<'_> {
    fn words<const N: usize>(&mut self) -> Result<[u64; N], PackedError> {
        let (words, _) = self.next(N * WORD)?.as_chunks::<WORD>();
        let mut numbers = [0; N];
        for (number, word) in numbers.iter_mut().zip(words) {
            *number = u64::from_le_bytes(*word);
        }
        Ok(numbers)
    }

    fn column(&mut self, count: usize) -> Result<Vec<u32>, PackedError> {
        let mut values = with_room(count)?;
        while values.len() < count {
            let bytes = self.next((count - values.len()).saturating_mul(size_of::<u32>()))?;
            values.extend(bytes.as_chunks().0.iter().map(|value| u32::from_le_bytes(*value)));
        }
        Ok(values)
    }

    fn commands(&mut self, count: usize) -> Result<Vec<Command>, PackedError> {
        let mut commands = with_room(count)?;
        while commands.len() < count {
            for &code in self.next(count - commands.len())? {
                let command = ALL_COMMANDS.get(usize::from(code));
                commands.push(*command.ok_or(PackedError::Content)?);
            }
        }
        Ok(commands)
    }

    fn runs(&mut self, count: usize) -> Result<Vec<Run>, PackedError> {
        let mut runs = with_room(count)?;
        while runs.len() < count {
            let words = self.next((count - runs.len()).saturating_mul(2 * WORD))?;
            for [second, first] in words.as_chunks::<WORD>().0.as_chunks::<2>().0 {
                let first = u64::from_le_bytes(*first);
                runs.push(Run {
                    second: u64::from_le_bytes(*second),
                    first: usize::try_from(first).map_err(|_| PackedError::Content)?,
                });
            }
        }
        Ok(runs)
    }

    /// The next so many bytes, or the next chunk of them.
    fn next(&mut self, bytes: usize) -> Result<&[u8], PackedError> {
        let length = bytes.min(self.chunk.len());
        let (chunk, _) = self.chunk.split_at_mut(length);
        self.read.read_exact(chunk)?;
        self.checksum = checksum(self.checksum, chunk);
        Ok(chunk)
    }
}

fn with_room<T>(count: usize) -> Result<Vec<T>, PackedError> {
    let mut values = Vec::new();
    values.try_reserve_exact(count).map_err(|_| PackedError::Memory)?;
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::super::{Options, Reader};
    use super::*;

    fn read(file: &str) -> Trace {
        Reader::new(file.as_bytes(), &Options::default())
            .unwrap()
            .finish()
            .unwrap()
    }

    /// Only times, keys and sizes.
    fn plain() -> Trace {
        read("time,key,size\n5,a,100\n5,b,200\n7,a,100\n6,c,0\n9,a,100\n")
    }

    /// With all that a trace can have.
    fn full() -> Trace {
        // Second, key, key size, value size, client, operation, TTL.
        let trace =
            read("5,a,1,100,1,get,0\n5,bb,2,200,1,set,60\n7,a,1,110,1,delete,0\n7,ccc,3,9,1,decr,0\n");
        assert!(trace.key_bytes.is_some() && trace.request_sizes.is_some());
        assert!(trace.ttls.is_some() && trace.commands.is_some());
        trace
    }

    fn packed(trace: &Trace) -> Vec<u8> {
        let mut bytes = Vec::new();
        trace.pack(&mut bytes).unwrap();
        bytes
    }

    fn unpacked(bytes: &[u8]) -> Result<Trace, PackedError> {
        Trace::unpack(&mut &bytes[..], bytes.len() as u64)
    }

    #[test]
    fn a_trace_survives_with_its_fingerprint() {
        for trace in [plain(), full()] {
            let copy = unpacked(&packed(&trace)).unwrap();
            assert_ne!(copy.fingerprint(), 0);
            assert_eq!(format!("{copy:?}"), format!("{trace:?}"));
        }
    }

    #[test]
    fn a_trace_of_many_chunks_survives() {
        let requests = (0..200_001_u32).map(|i| format!("{},{},{}\n", i / 3, i % 70_003, i % 11));
        let file: String = std::iter::once("time,key,size\n".to_owned())
            .chain(requests)
            .collect();
        let trace = read(&file);
        assert!(trace.runs.len() * 2 * WORD > CHUNK && trace.keys.len() * 4 > 2 * CHUNK);
        let copy = unpacked(&packed(&trace)).unwrap();
        assert_eq!(format!("{copy:?}"), format!("{trace:?}"));
    }

    #[test]
    fn problems_stay_behind() {
        let trace = read("time,key,size\n5,a,100\nx,a,100\n");
        assert_eq!(trace.problems().count(), 1);
        let copy = unpacked(&packed(&trace)).unwrap();
        assert_eq!(
            (copy.problems().count(), copy.fingerprint()),
            (0, trace.fingerprint())
        );
    }

    #[test]
    fn every_change_of_a_byte_is_noticed() {
        for trace in [plain(), full()] {
            let bytes = packed(&trace);
            for at in 0..bytes.len() {
                for change in [1, 0x80, 0xFF] {
                    let mut damaged = bytes.clone();
                    damaged[at] ^= change;
                    assert!(unpacked(&damaged).is_err(), "byte {at} changed by {change}");
                }
            }
        }
    }

    #[test]
    fn missing_and_further_bytes_are_noticed() {
        let bytes = packed(&full());
        for length in 0..bytes.len() {
            assert_eq!(
                unpacked(&bytes[..length]).unwrap_err(),
                PackedError::Length,
                "{length} bytes"
            );
            let promised = Trace::unpack(&mut &bytes[..length], bytes.len() as u64);
            assert_eq!(
                promised.unwrap_err(),
                PackedError::Length,
                "{length} bytes in place of all"
            );
        }
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(unpacked(&longer).unwrap_err(), PackedError::Length);
    }

    #[test]
    fn a_header_of_huge_counts_takes_no_memory() {
        let mut bytes = packed(&plain());
        for number in 1..4 {
            bytes[number * WORD..][..WORD].fill(0xFF);
            assert_eq!(unpacked(&bytes).unwrap_err(), PackedError::Length);
        }
    }

    #[test]
    fn what_no_reader_makes_is_refused_though_its_checksum_holds() {
        let changes: [fn(&mut Trace); 9] = [
            |trace| trace.keys[0] = 1,
            |trace| trace.keys[3] = KeyId::MAX,
            |trace| trace.sizes.push(1),
            |trace| trace.fingerprint = 0,
            |trace| trace.runs.clear(),
            |trace| trace.runs[0].first = 1,
            |trace| trace.runs[1].second = trace.runs[0].second,
            |trace| trace.runs.swap(0, 1),
            |trace| trace.runs[1].first = trace.keys.len(),
        ];
        for (number, change) in changes.iter().enumerate() {
            let mut trace = plain();
            change(&mut trace);
            assert_eq!(
                unpacked(&packed(&trace)).unwrap_err(),
                PackedError::Content,
                "change {number}"
            );
        }
        assert_eq!(
            unpacked(&packed(&Trace::default())).unwrap_err(),
            PackedError::Content
        );
    }

    #[test]
    fn every_command_has_its_code() {
        for (code, command) in ALL_COMMANDS.iter().enumerate() {
            assert_eq!(*command as usize, code);
        }
        assert_eq!(ALL_COMMANDS.len(), Command::Decr as usize + 1);
    }
}

//! Collects records into a [`Trace`].

use super::intern::{Interner, Name};
use super::{Command, Run, Trace, TraceError};
use crate::policy::KeyId;
use crate::random::mix64;
use std::hint::black_box;

/// One request as a file tells it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    /// Whole seconds on the recorder's clock.
    pub(super) second: u64,
    pub(super) name: Name<'a>,
    /// Bytes; 0 when not told.
    pub(super) size: u32,
    pub(super) command: Command,
    /// Seconds; 0 for none.
    pub(super) ttl: u32,
    /// Length of the key's name, where the format tells.
    pub(super) key_bytes: Option<u32>,
}

/// A trace in the making.
#[derive(Clone, Debug)]
pub(super) struct Builder {
    trace: Trace,
    interner: Interner,
    hash: u64,
}

impl Builder {
    pub(super) fn new() -> Self {
        // One less than there are numbers, since policies mark absence by the largest.
        Self::with_limit(KeyId::MAX)
    }

    fn with_limit(limit: KeyId) -> Self {
        Self {
            trace: Trace::default(),
            interner: Interner::new(limit),
            hash: 0,
        }
    }

    /// Requests so far.
    pub(super) fn requests(&self) -> usize {
        self.trace.keys.len()
    }

    /// Has what pushing these records will look at read already, while nothing waits for it.
    pub(super) fn look_ahead<'a>(&self, records: impl Iterator<Item = Record<'a>>) {
        let reads = records.map(|record| match record.name {
            Name::Number(name) => {
                let key = self.interner.look_ahead(name);
                self.trace.sizes.get(key as usize).copied().unwrap_or_default()
            }
            Name::Text(_) => 0,
        });
        black_box(reads.fold(0, |sum, read| sum ^ read));
    }

    /// Appends a request.
    ///
    /// # Errors
    /// When there are more distinct keys than numbers for them.
    pub(super) fn push(&mut self, record: &Record<'_>) -> Result<(), TraceError> {
        let key = self.interner.number(record.name)?;
        let trace = &mut self.trace;
        let at = trace.keys.len();

        // Where a column first says something, the requests before it get what its silence meant.
        if let Some(length) = record.key_bytes {
            let lengths = trace.key_bytes.get_or_insert_with(|| vec![0; trace.sizes.len()]);
            if key as usize == lengths.len() {
                lengths.push(length);
            }
        }
        match trace.sizes.get_mut(key as usize) {
            None => trace.sizes.push(record.size),
            Some(size) if *size == 0 => *size = record.size,
            Some(&mut size) if size != record.size && record.size != 0 && trace.request_sizes.is_none() => {
                let before = trace.keys.iter();
                let known = before.map(|&key| trace.sizes.get(key as usize).copied().unwrap_or(0));
                trace.request_sizes = Some(known.collect());
            }
            Some(_) => {}
        }
        if let Some(sizes) = &mut trace.request_sizes {
            let known = trace.sizes.get(key as usize).copied().unwrap_or(0);
            sizes.push(if record.size == 0 { known } else { record.size });
        }
        append(&mut trace.commands, record.command, at);
        append(&mut trace.ttls, record.ttl, at);

        let last = trace.runs.last().map(|run| run.second);
        let second = last.map_or(record.second, |last| last.max(record.second));
        if last != Some(second) {
            trace.runs.push(Run { second, first: at });
        }
        trace.clamped_times += u64::from(second != record.second);
        trace.keys.push(key);

        let what = u64::from(key) | u64::from(record.size) << 32;
        let how = u64::from(record.ttl) | (record.command as u64) << 32;
        let length = record.key_bytes.map_or(0, |length| mix64(length.into()));
        self.hash = mix64(mix64(self.hash ^ what) ^ second.wrapping_add(mix64(how)) ^ length);
        Ok(())
    }

    /// The trace of what was pushed.
    pub(super) fn finish(self) -> Trace {
        let mut trace = self.trace;
        trace.fingerprint = mix64(self.hash ^ trace.keys.len() as u64).max(1);
        trace
    }
}

/// Appends to a column that exists only once something else than the default stands in it.
fn append<T: Copy + Default + PartialEq>(column: &mut Option<Vec<T>>, value: T, at: usize) {
    if let Some(column) = column {
        column.push(value);
    } else if value != T::default() {
        let mut values = vec![T::default(); at];
        values.push(value);
        *column = Some(values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(second: u64, number: u64, size: u32) -> Record<'static> {
        Record {
            second,
            name: Name::Number(number),
            size,
            command: Command::Get,
            ttl: 0,
            key_bytes: None,
        }
    }

    fn build(records: &[Record<'_>]) -> Trace {
        let mut builder = Builder::new();
        for record in records {
            builder.push(record).unwrap();
        }
        builder.finish()
    }

    #[test]
    fn keys_are_numbered_in_order_of_appearance() {
        let trace = build(&[record(5, 900, 10), record(5, 7, 20), record(6, 900, 10)]);
        assert_eq!(trace.keys(), [0, 1, 0]);
        assert_eq!(trace.sizes(), [10, 20]);
        assert_eq!(trace.bytes().0, 30);
        assert!(trace.request_sizes.is_none() && trace.commands.is_none() && trace.ttls.is_none());
    }

    #[test]
    fn sizes_by_request_are_kept_once_they_differ() {
        let trace = build(&[
            record(0, 1, 10),
            record(0, 2, 20),
            record(0, 1, 11),
            record(0, 2, 20),
        ]);
        assert_eq!(trace.sizes(), [10, 20]);
        let sizes: Vec<u32> = (0..4).filter_map(|i| trace.request_size(i)).collect();
        assert_eq!(sizes, [10, 20, 11, 20]);
    }

    #[test]
    fn a_size_of_zero_gives_way_to_the_first_real_one() {
        let trace = build(&[record(0, 1, 0), record(0, 1, 12), record(0, 1, 0)]);
        assert_eq!(trace.sizes(), [12]);
        assert!(trace.request_sizes.is_none());
    }

    #[test]
    fn operations_and_ttls_appear_late() {
        let mut write = record(0, 2, 1);
        (write.command, write.ttl) = (Command::Set, 60);
        let trace = build(&[record(0, 1, 1), write, record(0, 1, 1)]);
        assert_eq!(
            trace.commands,
            Some(vec![Command::Get, Command::Set, Command::Get])
        );
        assert_eq!(trace.ttls, Some(vec![0, 60, 0]));
        assert_eq!(trace.ttl(1).map(|ttl| ttl.0), Some(60));
        assert_eq!(trace.ttl(0), None);
    }

    #[test]
    fn requests_of_a_second_are_spread_over_it() {
        let trace = build(&[
            record(10, 1, 1),
            record(10, 2, 1),
            record(10, 3, 1),
            record(10, 4, 1),
            record(13, 1, 1),
            record(12, 1, 1),
        ]);
        let times: Vec<u64> = (0..6).map(|i| trace.time(i).0).collect();
        assert_eq!(times, [0, 250_000, 500_000, 750_000, 3_000_000, 3_500_000]);
        let mut clock = super::super::Clock::default();
        let clocked: Vec<u64> = (0..6).map(|i| clock.time(&trace, i).0).collect();
        assert_eq!(clocked, times);
        assert_eq!(trace.clamped_times(), 1);
        assert_eq!(trace.duration().0, 4_000_000);
        assert_eq!(trace.start().0, 10);
    }

    #[test]
    fn the_fingerprint_is_of_all_content() {
        let base = [record(0, 5, 1), record(0, 6, 2)];
        let of = |change: &dyn Fn(&mut [Record<'static>; 2])| {
            let mut records = base;
            change(&mut records);
            build(&records).fingerprint()
        };
        let same = of(&|_| {});
        assert_eq!(
            same,
            of(&|r| r[0].name = Name::Number(77)),
            "names do not count, only which keys are equal"
        );
        let others = [
            of(&|r| r[1].name = Name::Number(5)),
            of(&|r| r[1].size = 3),
            of(&|r| r[1].second = 1),
            of(&|r| r[1].command = Command::Set),
            of(&|r| r[1].ttl = 1),
            of(&|r| r[1].key_bytes = Some(9)),
        ];
        for (i, other) in others.iter().enumerate() {
            assert_ne!(same, *other);
            assert!(!others[..i].contains(other));
        }
        assert_eq!(
            same, 1_939_189_839_014_893_735,
            "links made with an earlier version refer to this value"
        );
    }

    #[test]
    fn more_keys_than_numbers_is_an_error() {
        let mut builder = Builder::with_limit(2);
        builder.push(&record(0, 1, 1)).unwrap();
        builder.push(&record(0, 2, 1)).unwrap();
        builder.push(&record(0, 1, 1)).unwrap();
        let full = Err(TraceError::TooManyObjects { limit: 2 });
        assert_eq!(builder.push(&record(0, 3, 1)), full);
        let mut text = record(0, 0, 1);
        text.name = Name::Text(b"x");
        assert_eq!(builder.push(&text), full);
        assert_eq!(builder.requests(), 3);
    }
}

//! The reading of a trace file, cut into slices.

use super::messages::{Cause, Event, Failure, TraceInfo};
use super::pace::{Pace, Words};
use cacheplan_engine::workload::trace::{Options, Reader, Status, Trace, TraceError};
use std::io::Read;

/// A trace file being read.
pub struct Reading<R> {
    name: String,
    /// Bytes of the file.
    size: f64,
    reader: Reader<R>,
    pace: Pace,
    words: Words,
}

impl<R: Read> Reading<R> {
    /// A reading at its start. Lines that cannot be read will be left out and counted.
    ///
    /// # Errors
    /// When the file is no trace.
    pub fn new(source: R, name: String, size: f64) -> Result<Self, Failure> {
        let options = Options {
            name: name.clone(),
            ..Options::default()
        };
        Ok(Self {
            reader: Reader::new(source, &options).map_err(|error| unreadable(&error))?,
            name,
            size,
            pace: Pace::default(),
            words: Words::default(),
        })
    }

    /// File name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Works for about 16 ms by `clock`, which tells milliseconds.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub fn slice(&mut self, clock: &dyn Fn() -> f64) -> Result<(Status, Option<Event>), Failure> {
        let started = clock();
        let status = self
            .reader
            .read_some(self.pace.budget() as usize)
            .map_err(|error| unreadable(&error))?;
        let now = clock();
        self.pace.took(now - started);
        if !self.words.due(now) {
            return Ok((status, None));
        }
        self.words.told(now, now);
        // The size of an empty or unknown file is 0: the share is then 1 rather than NaN.
        let share = (self.reader.bytes_consumed() as f64 / self.size.max(1.0)).min(1.0);
        Ok((status, Some(Event::Reading { share })))
    }

    /// The trace, once all is read.
    ///
    /// # Errors
    /// When not one request could be read.
    pub fn finish(self) -> Result<Trace, Failure> {
        self.reader.finish().map_err(|error| unreadable(&error))
    }
}

fn unreadable(error: &TraceError) -> Failure {
    Failure::new(Cause::Input, error.to_string())
}

/// What is in a trace.
pub fn info_of(trace: &Trace, name: &str) -> TraceInfo {
    TraceInfo {
        name: name.to_owned(),
        fingerprint: trace.fingerprint(),
        requests: trace.requests() as u64,
        objects: trace.objects() as u64,
        bytes: trace.bytes().0,
        // Traces are recorded by the second.
        seconds: trace.duration().as_secs() as u64,
        clamped_times: trace.clamped_times(),
        skipped: trace.problems().count(),
        problems: trace.problems().first().iter().map(ToString::to_string).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::pace::tests::clock;
    use super::*;

    /// So many requests for ten keys in turn, as a CSV file.
    fn csv(requests: usize) -> String {
        let lines = (0..requests).map(|i| format!("{},key{},100\n", i / 100, i % 10));
        std::iter::once("time,key,size\n".to_owned())
            .chain(lines)
            .collect()
    }

    #[test]
    fn a_trace_is_read_in_slices_and_tells_how_far_it_is() {
        let file = csv(20_000);
        let clock = clock(50.0);
        let mut reading = Reading::new(file.as_bytes(), "t.csv".into(), file.len() as f64).unwrap();
        let mut shares = Vec::new();
        loop {
            let (status, event) = reading.slice(&clock).unwrap();
            if let Some(Event::Reading { share }) = event {
                shares.push(share);
            }
            if !status.more() {
                break;
            }
        }
        assert!(
            shares.len() > 1 && shares.is_sorted() && shares.iter().all(|share| (0.0..=1.0).contains(share))
        );
        let info = info_of(&reading.finish().unwrap(), "t.csv");
        assert_eq!(
            (info.requests, info.objects, info.bytes, info.seconds),
            (20_000, 10, 1_000, 200)
        );
    }

    #[test]
    fn bad_lines_are_counted_and_told_by_number() {
        let file = csv(3) + "x,y\n";
        let mut reading = Reading::new(file.as_bytes(), "t.csv".into(), 1.0).unwrap();
        while reading.slice(&clock(1.0)).unwrap().0.more() {}
        let info = info_of(&reading.finish().unwrap(), "t.csv");
        assert_eq!((info.requests, info.skipped), (3, 1));
        assert!(info.problems[0].starts_with("line 5:"), "{:?}", info.problems);
    }

    #[test]
    fn a_file_that_is_no_trace_says_so() {
        let failure = Reading::new(&b"\0\0\0"[..], "photo.jpg".into(), 3.0)
            .err()
            .unwrap();
        assert_eq!(failure.cause, Cause::Input);
        assert!(failure.message.contains("format"), "{}", failure.message);
    }
}

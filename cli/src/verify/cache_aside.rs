//! Cache-aside in batches over one connection, as the recorded runs did it.
//!
//! A batch carries the SETs for what the batch before missed, then its own GETs. A second miss of a key within a
//! batch counts as a hit and is not stored again.

use cacheplan_engine::units::Micros;
use serde::Deserialize;

/// What the requests of a batch are put to: a simulated store, a real server.
pub(crate) trait Target {
    /// Why a batch could not be carried out.
    type Error;

    /// Stores the keys of `sets`, then reads those of `gets`; pushes onto `hits` whether each was there. `number` is
    /// that of the batch's first request.
    fn batch(
        &mut self,
        number: u64,
        sets: &[u32],
        gets: &[u32],
        hits: &mut Vec<bool>,
    ) -> Result<(), Self::Error>;
}

/// Hits of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// All requests.
    pub(crate) requests: u64,
    /// Those that found the key, or whose key was about to be stored.
    pub(crate) hits: u64,
    /// Hits of the latter kind.
    pub(crate) coalesced: u64,
    /// Values stored.
    pub(crate) sets: u64,
    /// Requests of the last half.
    late_requests: u64,
    late_hits: u64,
}

impl Tally {
    /// Hits per request.
    pub(crate) fn hit_ratio(&self) -> f64 {
        self.hits as f64 / self.requests.max(1) as f64
    }

    /// Hits per request over the last half of the run.
    pub(crate) fn hit_ratio_last_half(&self) -> f64 {
        self.late_hits as f64 / self.late_requests.max(1) as f64
    }
}

/// Puts `count` requests to a target, `batch` at a time. `after` is told how many are done after each batch.
pub(crate) fn replay<T: Target>(
    mut requests: impl Iterator<Item = u32>,
    count: u64,
    batch: usize,
    target: &mut T,
    mut after: impl FnMut(&mut T, &Tally) -> Result<(), T::Error>,
) -> Result<Tally, T::Error> {
    let mut tally = Tally::default();
    let (mut sets, mut gets, mut hits) = (Vec::new(), Vec::new(), Vec::new());
    while tally.requests < count {
        let first = tally.requests;
        let size = (batch.max(1) as u64).min(count - first);
        gets.clear();
        gets.extend(requests.by_ref().take(size as usize));
        hits.clear();
        target.batch(first, &sets, &gets, &mut hits)?;
        tally.sets += sets.len() as u64;
        sets.clear();
        for (place, (key, &found)) in gets.iter().zip(&hits).enumerate() {
            let coalesced = !found && sets.contains(key);
            if !found && !coalesced {
                sets.push(*key);
            }
            let hit = u64::from(found || coalesced);
            tally.hits += hit;
            tally.coalesced += u64::from(coalesced);
            if first + place as u64 >= count / 2 {
                tally.late_requests += 1;
                tally.late_hits += hit;
            }
        }
        tally.requests += size;
        after(target, &tally)?;
    }
    Ok(tally)
}

/// State of a run at the end of one of its equal parts.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Window {
    /// Requests so far.
    pub(crate) req: u64,
    /// Seconds since the start.
    pub(crate) t: f64,
}

/// When the requests of a recorded run were sent, between the times that are known.
pub(crate) struct Clock {
    windows: Vec<Window>,
    requests_per_s: f64,
}

impl Clock {
    /// The times at the ends of the parts, or an even rate where none are told.
    pub(crate) fn new(windows: &[Window], requests_per_s: f64) -> Self {
        let mut known = vec![Window { req: 0, t: 0.0 }];
        known.extend(windows);
        Self {
            windows: known,
            requests_per_s,
        }
    }

    /// When a request was sent, counted from the start of the run.
    pub(crate) fn at(&self, request: u64) -> Micros {
        let next = self.windows.partition_point(|window| window.req <= request);
        let before = self.windows.get(next.wrapping_sub(1)).copied();
        let before = before.unwrap_or(Window { req: 0, t: 0.0 });
        let beyond = (request - before.req) as f64;
        let seconds = match self.windows.get(next) {
            Some(after) => before.t + (after.t - before.t) * beyond / (after.req - before.req) as f64,
            None => before.t + beyond / self.requests_per_s.max(1.0),
        };
        Micros((seconds.max(0.0) * 1e6) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    /// Remembers everything, and what it was asked.
    #[derive(Default)]
    struct Unbounded {
        stored: Vec<u32>,
        log: Vec<String>,
    }

    impl Target for Unbounded {
        type Error = Infallible;

        fn batch(
            &mut self,
            number: u64,
            sets: &[u32],
            gets: &[u32],
            hits: &mut Vec<bool>,
        ) -> Result<(), Infallible> {
            self.log.push(format!("{number}: set {sets:?} get {gets:?}"));
            self.stored.extend(sets);
            hits.extend(gets.iter().map(|key| self.stored.contains(key)));
            Ok(())
        }
    }

    #[test]
    fn a_batch_stores_what_the_one_before_missed() {
        let mut target = Unbounded::default();
        let requests = [1, 2, 1, 3, 1, 9].into_iter();
        let mut ends = Vec::new();
        let tally = replay(requests, 6, 3, &mut target, |_, tally| {
            ends.push(tally.requests);
            Ok(())
        })
        .expect("infallible");
        assert_eq!(
            target.log,
            ["0: set [] get [1, 2, 1]", "3: set [1, 2] get [3, 1, 9]"]
        );
        assert_eq!(ends, [3, 6]);
        assert_eq!((tally.hits, tally.coalesced, tally.sets), (2, 1, 2));
        assert!((tally.hit_ratio() - 2.0 / 6.0).abs() < 1e-12);
        assert!((tally.hit_ratio_last_half() - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn time_runs_between_the_ends_of_windows() {
        let windows = [Window { req: 100, t: 1.0 }, Window { req: 200, t: 3.0 }];
        let clock = Clock::new(&windows, 50.0);
        assert_eq!(clock.at(50), Micros(500_000));
        assert_eq!(clock.at(100), Micros(1_000_000));
        assert_eq!(clock.at(150), Micros(2_000_000));
        assert_eq!(clock.at(250), Micros(4_000_000));
        assert_eq!(Clock::new(&[], 50.0).at(100), Micros(2_000_000));
    }
}

//! How long a slice of work is, and how often a worker tells how far it is. Times are in milliseconds.

/// What a slice should take: short enough that a cancel is obeyed at once, long enough that the pauses between
/// slices cost little.
pub(super) const SLICE_MS: f64 = 16.0;

/// Requests or records of the first slice, before the speed is known.
const FIRST_BUDGET: u64 = 2_000;

/// How often a run tells how far it is.
const WORD_EVERY_MS: f64 = 200.0;

/// Telling may take this part of the time, so that large reports are told less often.
const WORD_SHARE: f64 = 0.1;

/// Adapts the size of slices to how long they take.
#[derive(Debug)]
pub(super) struct Pace {
    budget: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { budget: FIRST_BUDGET }
    }
}

impl Pace {
    /// Units of work for the next slice.
    pub(super) fn budget(&self) -> u64 {
        self.budget
    }

    /// Learns that a slice of [`budget`](Self::budget) took so long. A slice too short for the clock counts as
    /// a quarter of what it should take; one hiccup does not undo what was learnt.
    pub(super) fn took(&mut self, ms: f64) {
        let factor = (SLICE_MS / ms.max(SLICE_MS / 4.0)).max(0.25);
        self.budget = ((self.budget as f64 * factor) as u64).clamp(100, 1 << 30);
    }
}

/// When a run may tell how far it is.
#[derive(Debug, Default)]
pub(super) struct Words {
    next_at: Option<f64>,
}

impl Words {
    /// Whether it may at this time.
    pub(super) fn due(&mut self, now: f64) -> bool {
        now >= *self.next_at.get_or_insert(now + WORD_EVERY_MS)
    }

    /// It told something, which took from one time to the other.
    pub(super) fn told(&mut self, from: f64, to: f64) {
        self.next_at = Some(to + WORD_EVERY_MS.max((to - from) / WORD_SHARE));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::cell::Cell;

    /// Tells a time that goes on by so many milliseconds with every look.
    pub(in super::super) fn clock(step: f64) -> impl Fn() -> f64 {
        let now = Cell::new(0.0);
        move || {
            now.set(now.get() + step);
            now.get()
        }
    }

    #[test]
    fn the_pace_settles_at_the_length_of_a_slice() {
        let mut pace = Pace::default();
        let units_per_ms = 5_000.0;
        for _ in 0..20 {
            pace.took(pace.budget() as f64 / units_per_ms);
        }
        let ms = pace.budget() as f64 / units_per_ms;
        assert!((10.0..30.0).contains(&ms), "{ms}");
        pace.took(10_000.0);
        assert!(pace.budget() as f64 / units_per_ms > 3.0, "one hiccup undoes it");
    }
}

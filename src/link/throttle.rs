//! Spaces out something that may be wanted more often than it may be done.

use cacheplan_engine::units::within;

/// Lets something happen at once when it has not happened for a while, and as soon as it may otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Throttle {
    interval_ms: f64,
    last_at: Option<f64>,
}

impl Throttle {
    /// At most once in `interval_ms`.
    pub const fn new(interval_ms: f64) -> Self {
        Self {
            interval_ms,
            last_at: None,
        }
    }

    /// Milliseconds to wait from `now` until it may happen; 0 when it may at once.
    pub fn wait(&self, now: f64) -> f64 {
        self.last_at.map_or(0.0, |last| {
            within(last + self.interval_ms - now, 0.0, self.interval_ms)
        })
    }

    /// It happened.
    pub fn done(&mut self, now: f64) {
        self.last_at = Some(now);
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "sums of whole milliseconds are exact")]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_immediate_and_the_next_waits_for_the_rest() {
        let mut throttle = Throttle::new(400.0);
        assert_eq!(throttle.wait(1_000.0), 0.0);
        throttle.done(1_000.0);
        assert_eq!(throttle.wait(1_100.0), 300.0);
        assert_eq!(throttle.wait(1_400.0), 0.0);
        assert_eq!(throttle.wait(9_000.0), 0.0);
    }

    #[test]
    fn a_clock_set_back_delays_by_one_interval_at_most() {
        let mut throttle = Throttle::new(400.0);
        throttle.done(1_000.0);
        assert_eq!(throttle.wait(0.0), 400.0);
    }
}

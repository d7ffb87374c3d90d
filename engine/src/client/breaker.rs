//! A circuit breaker: after failures in a row nothing is asked for a while, then one request tries again.

use crate::scenario::Breaker as Settings;
use crate::units::Micros;

/// The breaker of one shard, for all processes together: they see the same failures within milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Breaker {
    most: f64,
    open: Micros,
    /// Failures since the last success.
    failures: f64,
    /// Until when nothing is asked.
    closed_until: Option<Micros>,
}

impl Breaker {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            most: f64::from(settings.failures),
            open: Micros(u64::from(settings.open_ms) * 1_000),
            failures: 0.0,
            closed_until: None,
        }
    }

    /// Whether the last request succeeded: another that does changes nothing.
    pub(crate) fn is_calm(&self) -> bool {
        self.failures <= 0.0 && self.closed_until.is_none()
    }

    /// Whether a request may try at this time.
    pub(crate) fn allows(&mut self, now: Micros) -> bool {
        match self.closed_until {
            Some(until) if now < until => false,
            Some(_) => {
                // This one tries; the others wait for what becomes of it.
                self.closed_until = Some(Micros(now.0 + self.open.0));
                true
            }
            None => true,
        }
    }

    /// So many requests failed.
    pub(crate) fn failed(&mut self, now: Micros, weight: f64) {
        self.failures += weight;
        if self.failures >= self.most {
            self.closed_until = Some(Micros(now.0 + self.open.0));
        }
    }

    /// A request succeeded.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0.0;
        self.closed_until = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_tries_once_a_while() {
        let mut breaker = Breaker::new(Settings {
            failures: 3,
            open_ms: 1,
        });
        breaker.failed(Micros(0), 2.0);
        breaker.succeeded();
        breaker.failed(Micros(10), 2.0);
        assert!(breaker.allows(Micros(20)));
        breaker.failed(Micros(20), 1.0);
        assert!(!breaker.allows(Micros(1_019)));
        assert!(breaker.allows(Micros(1_020)));
        assert!(!breaker.allows(Micros(1_021)), "only one tries");
        breaker.succeeded();
        assert!(breaker.allows(Micros(1_022)));
    }
}

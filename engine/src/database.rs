//! The store of record behind the cache, as the application meets it: with a queue, a patience and further tries.

use crate::queue::{Queue, Service};
use crate::random::Stream;
use crate::scenario::{Database as Settings, ServiceTime};
use crate::units::Micros;

/// Seconds of queries that the retry budget remembers.
const BUDGET_S: f64 = 10.0;

/// What became of a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    /// It was served.
    Served {
        /// Microseconds until a server took it: what it read is as old as that moment.
        wait: f64,
        /// Microseconds until the answer.
        sojourn: f64,
        /// Microseconds that what it read was behind then: a replica's lag.
        behind: f64,
    },
    /// The database refused it at once.
    Refused,
    /// The application gave it up.
    GivenUp {
        /// Microseconds after it was asked.
        after: f64,
    },
}

/// The store of record.
pub struct Database {
    /// The primary, or all there is.
    queue: Queue,
    /// The read replicas; in a sampled run one that stands for all.
    readers: Vec<Queue>,
    /// Part of its queries that a read adds to the queue it goes to.
    reader_share: f64,
    lag_us: f64,
    /// Most queries that may wait.
    bound: f64,
    /// Microseconds after which the application gives up.
    patience: f64,
    cancels: bool,
    down: bool,
    retries: u32,
    backoff_us: f64,
    budget: Option<Budget>,
}

/// A bucket of tokens that queries fill and retries empty.
struct Budget {
    share: f64,
    tokens: f64,
    most: f64,
}

impl Database {
    /// An idle database: as many parallel servers as complete its capacity when each takes the mean latency. In a
    /// `sampled` run one query may stand for several.
    pub fn new(settings: &Settings, sampled: bool) -> Self {
        let capacity = settings.capacity_per_s.0;
        let mean = f64::from(settings.latency_us) * 1e-6;
        let service = match settings.service {
            ServiceTime::Exponential => Service::Exponential,
            ServiceTime::Fixed => Service::Fixed,
            ServiceTime::Lognormal { sigma } => Service::Lognormal(sigma),
        };
        let make = if sampled { Queue::sampled } else { Queue::exact };
        let replicas = f64::from(settings.replicas);
        let readers = if sampled {
            settings.replicas.min(1)
        } else {
            settings.replicas
        };
        Self {
            queue: make(capacity, mean, service),
            readers: (0..readers).map(|_| make(capacity, mean, service)).collect(),
            reader_share: f64::from(readers) / replicas.max(1.0),
            lag_us: f64::from(settings.replica_lag_ms) * 1e3,
            bound: settings.queue.map_or(f64::INFINITY, f64::from),
            patience: settings
                .timeout_ms
                .map_or(f64::INFINITY, |timeout| f64::from(timeout) * 1e3),
            cancels: settings.cancels,
            down: false,
            retries: settings.retries,
            backoff_us: f64::from(settings.backoff_ms) * 1e3,
            budget: settings.retry_budget.map(|share| Budget {
                share: share.0,
                tokens: 0.0,
                most: share.0 * capacity * (1.0 + replicas) * BUDGET_S,
            }),
        }
    }

    /// Whether reads go to replicas.
    pub fn has_replicas(&self) -> bool {
        !self.readers.is_empty()
    }

    /// Reads per second that it completes at its present speed.
    pub fn reads_per_s(&self) -> f64 {
        match self.readers.first() {
            Some(reader) => reader.rate() * self.readers.len() as f64 / self.reader_share,
            None => self.queue.rate(),
        }
    }

    /// Asks `weight` queries at this time, which `read` or write.
    pub fn query(&mut self, now: Micros, weight: f64, read: bool, random: &mut Stream) -> Answer {
        if let Some(budget) = &mut self.budget {
            budget.tokens = (budget.tokens + weight * budget.share).min(budget.most);
        }
        let reader = match self.readers.len() {
            _ if !read => None,
            0 => None,
            1 => self.readers.first_mut(),
            several => self.readers.get_mut(random.below(several as u32) as usize),
        };
        let (queue, weight, behind) = match reader {
            Some(reader) => (reader, weight * self.reader_share, self.lag_us),
            None => (&mut self.queue, weight, 0.0),
        };
        let turn = queue.turn(now, 1.0, random);
        // Those who wait are served at the database's rate, one after the other; the first of them takes the place of one
        // that is served.
        let waiting = || libm::round(turn.wait * 1e-6 * queue.rate()) - 1.0;
        if self.down || (turn.wait > 0.0 && waiting() >= self.bound) {
            return Answer::Refused;
        }
        let given_up = turn.sojourn() > self.patience;
        let cut = given_up && self.cancels;
        if !cut || turn.wait < self.patience {
            let (mut taken, mut work) = (turn, 1.0);
            if cut {
                taken.service = self.patience - turn.wait;
                work = taken.service / turn.service;
            }
            queue.join(taken, weight, work);
        }
        if given_up {
            Answer::GivenUp { after: self.patience }
        } else {
            Answer::Served {
                wait: turn.wait,
                sojourn: turn.sojourn(),
                behind,
            }
        }
    }

    /// Microseconds until a query is tried again that has failed `tries` times; `None` when the application gives it
    /// up for good.
    pub fn retry(&mut self, tries: u32, weight: f64, random: &mut Stream) -> Option<f64> {
        if tries > self.retries {
            return None;
        }
        if let Some(budget) = &mut self.budget {
            if budget.tokens < weight {
                return None;
            }
            budget.tokens -= weight;
        }
        // Exponential backoff with full jitter.
        let mean = self.backoff_us * libm::exp2(f64::from(tries.saturating_sub(1)));
        Some(2.0 * mean * random.unit())
    }

    /// Refuses everything from now on, or no longer.
    pub fn set_down(&mut self, down: bool) {
        self.down = down;
    }

    /// Makes queries take so many times as long as usual from now on. Answers that were told already stay as they are.
    pub fn slow_down(&mut self, now: Micros, slowness: f64) {
        for queue in self.all() {
            queue.change_speed(now, slowness);
        }
    }

    fn all(&mut self) -> impl Iterator<Item = &mut Queue> {
        core::iter::once(&mut self.queue).chain(&mut self.readers)
    }

    /// Ends a window of so many seconds: see [`Queue::end_window`].
    pub fn end_window(&mut self, seconds: f64) {
        for queue in self.all() {
            queue.end_window(seconds);
        }
    }

    /// Time that a query arriving now has to wait, where that is longest.
    pub fn wait(&self, now: Micros) -> Micros {
        let readers = self.readers.iter().map(|reader| reader.backlog_wait(now));
        readers.fold(self.queue.backlog_wait(now), Micros::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::ServiceTime;
    use crate::units::{PerSecond, Share};

    fn settings() -> Settings {
        Settings {
            latency_us: 10_000,
            service: ServiceTime::Fixed,
            capacity_per_s: PerSecond(100.0),
            ..Settings::default()
        }
    }

    #[test]
    fn what_exceeds_the_queue_is_refused() {
        let mut database = Database::new(
            &Settings {
                queue: Some(3),
                ..settings()
            },
            false,
        );
        let mut random = Stream::new(1, 1);
        let answers: Vec<Answer> = (0..6)
            .map(|_| database.query(Micros(0), 1.0, true, &mut random))
            .collect();
        let served = |answer: &&Answer| matches!(answer, Answer::Served { .. });
        // One is served at once, three wait.
        assert_eq!(answers.iter().filter(served).count(), 4, "{answers:?}");
        assert_eq!(answers[4..], [Answer::Refused; 2]);
    }

    #[test]
    fn work_on_what_was_given_up_is_lost_unless_cancelled() {
        let mut random = Stream::new(1, 1);
        for (cancels, wait) in [(false, 200_000), (true, 25_000)] {
            let mut database = Database::new(
                &Settings {
                    timeout_ms: Some(25),
                    cancels,
                    ..settings()
                },
                false,
            );
            let given_up = (0..20)
                .filter(|_| {
                    database.query(Micros(0), 1.0, true, &mut random) == Answer::GivenUp { after: 25_000.0 }
                })
                .count();
            assert_eq!(given_up, 18);
            assert!(database.wait(Micros(0)).0.abs_diff(wait) < 2);
        }
    }

    #[test]
    fn reads_are_spread_over_the_replicas_and_writes_wait_for_the_primary() {
        let mut random = Stream::new(1, 1);
        // 300 reads at once, a third of them for each replica, at 10 ms each; one that stands for all says the same.
        for (sampled, off) in [(false, 400_000), (true, 1_000_000)] {
            let replicated = Settings {
                replicas: 3,
                replica_lag_ms: 50,
                ..settings()
            };
            let mut database = Database::new(&replicated, sampled);
            for _ in 0..1_200 {
                let answer = database.query(Micros(0), 1.0, true, &mut random);
                assert!(matches!(answer, Answer::Served { behind: 50_000.0, .. }));
            }
            database.end_window(1e-6);
            assert!(database.wait(Micros(0)).0.abs_diff(4_000_000) < off);
            let written = database.query(Micros(0), 1.0, false, &mut random);
            let alone = matches!(written, Answer::Served { wait, behind: 0.0, .. } if wait < 1.0);
            assert!(alone, "{written:?}");
            assert!((database.reads_per_s() - 300.0).abs() < 1e-9);
        }
    }

    #[test]
    fn retries_end_with_their_number_or_their_budget() {
        let mut random = Stream::new(1, 1);
        let mut database = Database::new(
            &Settings {
                retries: 2,
                backoff_ms: 100,
                ..settings()
            },
            false,
        );
        let waits: Vec<Option<f64>> = (1..=3)
            .map(|tries| database.retry(tries, 1.0, &mut random))
            .collect();
        assert!(waits[0].is_some_and(|us| us < 200_000.0) && waits[1].is_some_and(|us| us < 400_000.0));
        assert_eq!(waits[2], None);
        let mut database = Database::new(
            &Settings {
                retries: 10,
                retry_budget: Some(Share(0.125)),
                ..settings()
            },
            false,
        );
        for _ in 0..50 {
            database.query(Micros(0), 1.0, true, &mut random);
        }
        let allowed = (0..50)
            .filter(|_| database.retry(1, 1.0, &mut random).is_some())
            .count();
        assert_eq!(allowed, 6);
    }
}

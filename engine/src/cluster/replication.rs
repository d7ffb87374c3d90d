//! How far replicas are behind, and what it takes to bring one up to date (`reference/servers.md` sections 4.6 and 7).

use crate::units::{Bytes, Micros};

/// Lag of a replica that keeps up: the way, the primary's queue and service before the write goes out, and the same at
/// the replica before it shows.
///
/// Both queue as M/M/1 with a mean service time of `service_s`: S / (1 - utilisation). Beyond 99 % utilisation, bytes wait
/// instead, which [`Feed`] counts.
pub fn base_lag(one_way: Micros, service_s: f64, primary: f64, replica: f64) -> Micros {
    let sojourn = |utilisation: f64| service_s / (1.0 - utilisation.clamp(0.0, 0.99));
    Micros(one_way.0 + ((sojourn(primary) + sojourn(replica)) * 1e6) as u64)
}

/// Bounds on what may wait for a replica: `client-output-buffer-limit replica`.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes beyond which the replica is dropped at once; 0 for no bound.
    pub hard: Bytes,
    /// Bytes that may be exceeded for a time; 0 for no bound.
    pub soft: Bytes,
    /// That time.
    pub soft_for: Micros,
    /// `repl-backlog-size`: a smaller hard limit counts as this (`checkClientOutputBufferLimits`).
    pub backlog: Bytes,
}

impl Limits {
    fn hard(&self) -> f64 {
        match self.hard.0 {
            0 => f64::INFINITY,
            hard => hard.max(self.backlog.0) as f64,
        }
    }

    fn soft(&self) -> f64 {
        match self.soft.0 {
            0 => f64::INFINITY,
            soft => soft as f64,
        }
    }
}

/// Bytes per second of a replication stream.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// Written on the primary.
    pub written: f64,
    /// What the network between the two carries.
    pub link: f64,
    /// What the replica applies.
    pub apply: f64,
}

impl Flow {
    /// What reaches the data of the replica.
    fn drained(&self) -> f64 {
        self.link.min(self.apply)
    }
}

/// The stream to one replica that is in step: what waits for it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Feed {
    waiting: f64,
    above_soft_s: f64,
}

impl Feed {
    /// Lets time pass. Returns whether the primary drops the replica, which then needs a [full](Resync::Full)
    /// synchronisation or a partial one.
    pub fn advance(&mut self, seconds: f64, flow: &Flow, limits: &Limits) -> bool {
        let growth = (flow.written - flow.drained()) * seconds;
        self.waiting = (self.waiting + growth).max(0.0);
        self.above_soft_s = if self.waiting >= limits.soft() {
            self.above_soft_s + seconds
        } else {
            0.0
        };
        self.waiting >= limits.hard() || self.above_soft_s > limits.soft_for.as_secs()
    }

    /// Bytes that wait at the primary.
    pub fn waiting(&self) -> Bytes {
        Bytes(self.waiting as u64)
    }

    /// How far the replica is behind: [`base_lag`] and the time that the waiting bytes need.
    pub fn lag(&self, base: Micros, flow: &Flow) -> Micros {
        Micros(
            base.0
                .saturating_add((self.waiting / flow.drained() * 1e6) as u64),
        )
    }
}

/// How a replica that was away comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resync {
    /// From the backlog: what it missed is sent.
    Partial,
    /// From a snapshot.
    Full,
}

impl Resync {
    /// The backlog suffices when the replica knows the primary's history (its own primary's, or that of the one before
    /// the last failover) and missed no more than the backlog holds. At 10 MB/s of writes, 1 MiB lasts 0.1 s.
    pub fn of(missed: Bytes, backlog: Bytes, same_history: bool) -> Self {
        if same_history && missed <= backlog {
            Self::Partial
        } else {
            Self::Full
        }
    }
}

/// Memory of a primary's stream to its replicas, who share it with the backlog: what waits for the slowest, or the
/// backlog as far as it was written.
pub fn stream_memory(waiting: Bytes, written: Bytes, backlog: Bytes) -> Bytes {
    waiting.max(written.min(backlog))
}

/// A full synchronisation.
#[derive(Clone, Copy, Debug)]
pub struct FullSync {
    /// `repl-diskless-sync-delay`.
    pub delay: Micros,
    /// Pause of the fork.
    pub fork: Micros,
    /// The snapshot before compression.
    pub raw: Bytes,
    /// The snapshot as it is sent.
    pub sent: Bytes,
    /// Bytes of the snapshot, before compression, that the primary's child writes a second.
    pub save: f64,
    /// Bytes of the snapshot, before compression, that the replica loads a second.
    pub load: f64,
    /// Whether it loads them while they arrive (`repl-diskless-load`), and not from its disk after.
    pub diskless_load: bool,
    /// Whether writes made meanwhile wait at the replica (`dual-channel-replication-enabled`).
    pub dual_channel: bool,
    /// The writes meanwhile.
    pub flow: Flow,
    /// What may wait for the replica.
    pub limits: Limits,
}

/// How long each phase of a full synchronisation takes, and how it ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Phases {
    /// Until the fork.
    pub wait: Micros,
    /// The fork: the primary stands still.
    pub fork: Micros,
    /// The snapshot on its way.
    pub transfer: Micros,
    /// The replica loads it and answers nobody.
    pub load: Micros,
    /// The replica applies what was written meanwhile.
    pub catch_up: Micros,
    /// Most bytes of it that wait.
    pub buffered: Bytes,
    /// How it ends.
    pub outcome: Outcome,
}

/// How a full synchronisation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The replica is in step.
    Done,
    /// The primary drops the replica so long after the fork, as too much waits for it. It asks again, and unless writes
    /// become fewer the same happens for ever.
    Dropped {
        /// Since the fork.
        after: Micros,
    },
    /// More is written than the replica applies.
    NeverCatchesUp,
}

impl FullSync {
    /// How it goes while the writes stay as they are.
    ///
    /// A primary looks at waiting replicas once a second and counts whole seconds, so that the fork comes half a second
    /// after the delay, on average. From then on writes wait until the replica has loaded the snapshot.
    pub fn phases(&self) -> Phases {
        let raw = self.raw.0 as f64;
        let load = raw / self.load;
        let transfer = (raw / self.save).max(self.sent.0 as f64 / self.flow.link);
        let (transfer, load) = if self.diskless_load {
            (transfer.max(load), 0.0)
        } else {
            (transfer, load)
        };
        let away = transfer + load;
        let written = self.flow.written;
        let buffered = written * away;
        let spare = self.flow.drained() - written;
        let catch_up = if buffered > 0.0 { buffered / spare } else { 0.0 };
        let dropped = if self.dual_channel {
            None
        } else {
            self.dropped(away, buffered, spare)
        };
        let outcome = match dropped {
            Some(after) => Outcome::Dropped { after: micros(after) },
            None if buffered > 0.0 && spare <= 0.0 => Outcome::NeverCatchesUp,
            None => Outcome::Done,
        };
        Phases {
            wait: Micros(self.delay.0 + 500_000),
            fork: self.fork,
            transfer: micros(transfer),
            load: micros(load),
            catch_up: micros(if outcome == Outcome::Done { catch_up } else { 0.0 }),
            buffered: Bytes(buffered as u64),
            outcome,
        }
    }

    /// Time since the fork after which the primary drops the replica, when `buffered` bytes wait once it was `away` and
    /// go at a rate of `spare`.
    fn dropped(&self, away: f64, buffered: f64, spare: f64) -> Option<f64> {
        let (hard, soft) = (self.limits.hard(), self.limits.soft());
        // Where the replica does not keep up, what waits goes on growing.
        let for_ever = spare <= 0.0 && buffered > 0.0;
        let reaches = |bytes: f64| {
            if buffered >= bytes {
                Some(bytes / self.flow.written)
            } else if for_ever && bytes.is_finite() && spare < 0.0 {
                Some(away + (bytes - buffered) / -spare)
            } else {
                None
            }
        };
        let by_soft = reaches(soft).and_then(|from| {
            let until = if for_ever {
                f64::INFINITY
            } else {
                away + (buffered - soft) / spare
            };
            let patience = self.limits.soft_for.as_secs();
            (until - from > patience).then_some(from + patience)
        });
        match (reaches(hard), by_soft) {
            (Some(hard), Some(soft)) => Some(hard.min(soft)),
            (hard, soft) => hard.or(soft),
        }
    }
}

impl Phases {
    /// From the replica's request to its being in step, if it ever is.
    pub fn total(&self) -> Micros {
        Micros(self.wait.0 + self.fork.0 + self.transfer.0 + self.load.0 + self.catch_up.0)
    }
}

fn micros(seconds: f64) -> Micros {
    Micros((seconds * 1e6) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        hard: Bytes::mib(256),
        soft: Bytes::mib(64),
        soft_for: Micros(60_000_000),
        backlog: Bytes::mib(10),
    };

    fn flow(written: f64) -> Flow {
        Flow {
            written,
            link: 100e6,
            apply: 80e6,
        }
    }

    fn sync(gb: f64, written: f64) -> FullSync {
        let raw = Bytes((gb * 1e9) as u64);
        FullSync {
            delay: Micros(5_000_000),
            fork: Micros(12_000),
            raw,
            sent: raw,
            save: 200e6,
            load: 250e6,
            diskless_load: false,
            dual_channel: false,
            flow: flow(written),
            limits: LIMITS,
        }
    }

    #[test]
    fn lag_is_the_way_and_both_queues() {
        assert_eq!(base_lag(Micros(400), 5e-6, 0.0, 0.5), Micros(415));
        assert_eq!(base_lag(Micros(150), 4e-6, 2.0, 0.0).0 / 10, (150 + 404) / 10);
    }

    #[test]
    fn a_feed_falls_behind_when_more_is_written_than_applied() {
        let mut feed = Feed::default();
        assert!(!feed.advance(10.0, &flow(70e6), &LIMITS));
        assert_eq!(feed.lag(Micros(300), &flow(70e6)), Micros(300));
        // 20 MB/s too much: 64 MiB wait after 3.4 s, 256 MiB after 13.4 s.
        let mut dropped_after = 0.0;
        while !feed.advance(0.1, &flow(100e6), &LIMITS) {
            dropped_after += 0.1;
        }
        assert!((dropped_after - 13.4f64).abs() < 0.2, "{dropped_after}");
        assert_eq!(
            feed.lag(Micros(0), &flow(100e6)).0 / 100_000,
            feed.waiting().0 / 8_000_000
        );
        // A little too much: the soft limit after 60 s.
        let mut slow = Feed::default();
        let mut seconds: f64 = 0.0;
        while !slow.advance(0.5, &flow(81e6), &LIMITS) {
            seconds += 0.5;
        }
        assert!((seconds - (67.1 + 60.0)).abs() < 1.1, "{seconds}");
    }

    #[test]
    fn a_short_absence_is_made_up_from_the_backlog() {
        let backlog = Bytes::mib(1);
        assert_eq!(Resync::of(Bytes(1_000_000), backlog, true), Resync::Partial);
        assert_eq!(Resync::of(Bytes(1_100_000), backlog, true), Resync::Full);
        assert_eq!(Resync::of(Bytes(1), backlog, false), Resync::Full);
        assert_eq!(stream_memory(Bytes(5), Bytes(30), Bytes(20)), Bytes(20));
        assert_eq!(stream_memory(Bytes(25), Bytes(30), Bytes(20)), Bytes(25));
    }

    #[test]
    fn a_full_synchronisation_goes_through_its_phases() {
        let phases = sync(2.0, 10e6).phases();
        // 2 GB at the 100 MB/s of the link, then 8 s to load: 280 MB wait, and go at 70 MB/s.
        assert_eq!(phases.transfer, Micros(20_000_000));
        assert_eq!(phases.load, Micros(8_000_000));
        assert_eq!(phases.buffered, Bytes(280_000_000));
        assert_eq!(
            phases.outcome,
            Outcome::Dropped {
                after: Micros(26_843_545)
            }
        );
        let free = FullSync {
            dual_channel: true,
            ..sync(2.0, 10e6)
        };
        assert_eq!(free.phases().outcome, Outcome::Done);
        assert_eq!(free.phases().catch_up, Micros(4_000_000));
        assert_eq!(
            free.phases().total(),
            Micros(5_500_000 + 12_000 + 20_000_000 + 8_000_000 + 4_000_000)
        );
        let streamed = FullSync {
            diskless_load: true,
            ..sync(2.0, 0.0)
        };
        assert_eq!(streamed.phases().load, Micros(0));
        assert_eq!(streamed.phases().outcome, Outcome::Done);
    }

    #[test]
    fn the_soft_limit_and_a_replica_that_never_catches_up() {
        // 1.5 MB/s over 100 s to transfer and 40 s to load: 64 MiB wait after 45 s, and still do at 105 s.
        assert_eq!(
            sync(10.0, 1.5e6).phases().outcome,
            Outcome::Dropped {
                after: Micros(104_739_242)
            }
        );
        let unlimited = Limits {
            hard: Bytes(0),
            soft: Bytes(0),
            ..LIMITS
        };
        let endless = FullSync {
            limits: unlimited,
            ..sync(1.0, 90e6)
        };
        assert_eq!(endless.phases().outcome, Outcome::NeverCatchesUp);
        let slow = sync(0.1, 90e6);
        assert!(matches!(slow.phases().outcome, Outcome::Dropped { .. }));
    }
}

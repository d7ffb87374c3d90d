//! How long a shard is without a primary: failure detection and election on the cluster bus of Redis and Valkey
//! (`reference/servers.md` sections 4.4 and 4.5).
//!
//! Each primary suspects the silent node by itself (PFAIL), a majority of them makes it a failure (FAIL), and a replica
//! waits for a delay that depends on version and rank before it asks the primaries for their votes.

use crate::catalog::Engine;
use crate::order::sort_by;
use crate::random::Stream;
use crate::units::{Micros, within};

/// How long a replica waits before its election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Election {
    /// Redis 7 and 8, Valkey 7.2 and 8.0: 500 ms, up to 500 ms at random, 1 s for each better replica.
    Fixed,
    /// Valkey 8.1: the same, and 500 ms for each other failed primary that comes first.
    Ranked,
    /// Valkey 9.0: all of these in proportion to the node timeout, up to the same.
    Scaled,
    /// Valkey 9.1: the same, but nothing for the best replica of the first failed primary.
    Immediate,
}

impl From<Engine> for Election {
    /// The rule of an engine. Memcached, which has no elections, counts as the oldest.
    fn from(engine: Engine) -> Self {
        match engine {
            Engine::RedisOss7 | Engine::Valkey72 | Engine::Valkey80 | Engine::Memcached16 => Self::Fixed,
            Engine::Valkey81 => Self::Ranked,
            Engine::Valkey90 => Self::Scaled,
            Engine::Valkey91 => Self::Immediate,
        }
    }
}

/// A primary that stops answering, and who is there to notice.
#[derive(Clone, Copy, Debug)]
pub struct Incident {
    /// How replicas wait.
    pub election: Election,
    /// `cluster-node-timeout`.
    pub node_timeout: Micros,
    /// Primaries with slots, those that failed included.
    pub primaries: u32,
    /// How many of them fail at the same time, this one included.
    pub failed: u32,
    /// How many of those come before this one in the order of node identifiers.
    pub failed_rank: u32,
    /// Replicas of this shard that are alive.
    pub replicas: u32,
    /// How many of them hold more of the primary's writes than the one that is elected: 0 for the best.
    pub rank: u32,
    /// Round trip between nodes.
    pub round_trip: Micros,
}

/// What follows, in time since the failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failover {
    /// The first primary suspects the node (PFAIL).
    pub suspected: Micros,
    /// A majority does, and all nodes hear of it (FAIL); `None` when no majority is left.
    pub failed: Option<Micros>,
    /// A replica asks for votes; `None` when there is none or it cannot win.
    pub election: Option<Micros>,
    /// It is the primary.
    pub promoted: Option<Micros>,
}

/// Time for which every shard refuses keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Since the failure.
    pub from: Micros,
    /// `None` when it lasts until the failed nodes are back.
    pub until: Option<Micros>,
}

/// `clusterCron` runs this often: what it notices, it notices at its next run.
const TICK_S: f64 = 0.1;
/// How far the suspicions of primaries lie apart, as a part of the node timeout: in the recordings one of two was up to
/// 2.5 s before the failure was declared with a timeout of 15 s, and up to 1.1 s with one of 5 s, gossip included.
const SPREAD: f64 = 0.1;
/// Time for the reports of a majority to meet at one primary once they are there: messages between nodes carry them
/// (section 4.4).
const GOSSIP_S: (f64, f64) = (0.1, 1.0);
/// Mean time that primaries take to answer a request for votes beyond the round trip, exponential: that of the elections
/// which the recorded replicas logged, on a busy machine (3 ms to 1.1 s).
const VOTE_S: f64 = 0.14;
/// Fixed and random part of a replica's delay before Valkey 9.0.
const DELAY_S: f64 = 0.5;
/// From Valkey 9.0 on it is the node timeout divided by this, up to [`DELAY_S`].
const TIMEOUTS_PER_DELAY: f64 = 30.0;

impl Incident {
    /// Primaries whose word makes a suspicion a failure, and whose votes make a replica a primary: more than half of
    /// all, those that failed counted among them.
    pub fn majority(&self) -> u32 {
        self.primaries / 2 + 1
    }

    /// Whether those that are alive are a majority.
    pub fn has_majority(&self) -> bool {
        self.primaries.saturating_sub(self.failed) >= self.majority()
    }

    /// Draws what follows.
    ///
    /// A primary suspects the node one timeout after the first ping that stays without an answer. It sends that ping
    /// half a timeout after the last answer that it knows of; when the failure comes in between is uniform. All know of
    /// nearly the same answer, since gossip carries its time, so that they suspect the node at nearly the same time.
    pub fn draw(&self, stream: &mut Stream) -> Failover {
        let timeout = self.node_timeout.as_secs();
        let alive = self.primaries.saturating_sub(self.failed).max(1);
        let last = timeout / 2.0;
        let ping = stream.unit() * last;
        let mut suspicions: Vec<f64> = (0..alive)
            .map(|_| {
                let own = within(ping + (stream.unit() - 0.5) * timeout * SPREAD, 0.0, last);
                libm::ceil((timeout + own) / TICK_S) * TICK_S
            })
            .collect();
        // Times that are not negative are in the order of their bits.
        sort_by(&mut suspicions, |at| at.to_bits());
        let mut failover = Failover {
            suspected: micros(suspicions.first().copied().unwrap_or(timeout)),
            failed: None,
            election: None,
            promoted: None,
        };
        let decisive = suspicions.get(self.majority().saturating_sub(1) as usize);
        let Some(decisive) = decisive.filter(|_| self.has_majority()) else {
            return failover;
        };
        let failed = decisive + GOSSIP_S.0 + (GOSSIP_S.1 - GOSSIP_S.0) * stream.unit();
        failover.failed = Some(micros(failed));
        if self.replicas == 0 {
            return failover;
        }
        let heard = failed + self.round_trip.as_secs() / 2.0;
        let election = heard + self.delay_s(stream);
        let promoted = election + self.round_trip.as_secs() + VOTE_S * stream.exponential();
        failover.election = Some(micros(election));
        failover.promoted = Some(micros(promoted));
        failover
    }

    /// From the replica's hearing of the failure to its election.
    fn delay_s(&self, stream: &mut Stream) -> f64 {
        let (rank, failed_rank) = (f64::from(self.rank), f64::from(self.failed_rank));
        let (step, rank_step, failed_step) = match self.election {
            Election::Fixed => (DELAY_S, 1.0, 0.0),
            Election::Ranked => (DELAY_S, 1.0, DELAY_S),
            Election::Immediate if self.rank == 0 && self.failed_rank == 0 => {
                // Its siblings have to agree, which they say half a round trip later.
                let siblings = self.replicas > 1;
                return if siblings {
                    self.round_trip.as_secs() / 2.0
                } else {
                    0.0
                };
            }
            Election::Scaled | Election::Immediate => {
                let step = (self.node_timeout.as_secs() / TIMEOUTS_PER_DELAY).min(DELAY_S);
                (step, 2.0 * step, step)
            }
        };
        let delay = step * (1.0 + stream.unit()) + rank_step * rank + failed_step * failed_rank;
        delay + TICK_S * stream.unit()
    }
}

impl Failover {
    /// When all shards refuse keys, and not only this one: from FAIL to promotion if `full_coverage`
    /// (`cluster-require-full-coverage`) says so, and without a majority from the suspicion on.
    pub fn refusal(&self, full_coverage: bool) -> Option<Refusal> {
        match self.failed {
            None => Some(Refusal {
                from: self.suspected,
                until: None,
            }),
            Some(from) => full_coverage.then_some(Refusal {
                from,
                until: self.promoted,
            }),
        }
    }
}

/// How long a primary that was cut off from the majority waits before it takes keys again once it is back: the node
/// timeout, within 0.5 to 5 s (section 4.5).
pub fn rejoin_delay(node_timeout: Micros) -> Micros {
    Micros(node_timeout.0.clamp(500_000, 5_000_000))
}

fn micros(seconds: f64) -> Micros {
    Micros((seconds * 1e6) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Incident = Incident {
        election: Election::Ranked,
        node_timeout: Micros(15_000_000),
        primaries: 3,
        failed: 1,
        failed_rank: 0,
        replicas: 1,
        rank: 0,
        round_trip: Micros(300),
    };

    fn draws(incident: Incident) -> Vec<Failover> {
        let mut stream = Stream::new(1, 7);
        (0..1_000).map(|_| incident.draw(&mut stream)).collect()
    }

    /// Shortest, mean and longest time to the promotion, in seconds.
    fn promotion(incident: Incident) -> (f64, f64, f64) {
        let draws = draws(incident);
        let times: Vec<f64> = draws
            .iter()
            .map(|failover| failover.promoted.unwrap().as_secs())
            .collect();
        let mean = times.iter().sum::<f64>() / times.len() as f64;
        let shortest = times.iter().copied().fold(f64::MAX, f64::min);
        (shortest, mean, times.iter().copied().fold(0.0, f64::max))
    }

    #[test]
    fn a_new_primary_comes_within_the_recorded_times() {
        // servers.md section 4.5: 16 to 24 s at a timeout of 15 s, 6 to 9 s at 5 s. Kills of a primary among three took
        // 16.6 to 22.9 s and 6.9 to 9.4 s to the first accepted write, 6.4 s with Valkey 9.1.
        for election in [Election::Fixed, Election::Ranked, Election::Scaled] {
            let (shortest, mean, longest) = promotion(Incident { election, ..USUAL });
            assert!((15.6..16.6).contains(&shortest), "{shortest}");
            assert!((20.0..21.0).contains(&mean), "{mean}");
            assert!((23.2..25.5).contains(&longest), "{longest}");
        }
        let quick = Incident {
            node_timeout: Micros(5_000_000),
            ..USUAL
        };
        let (shortest, mean, longest) = promotion(quick);
        assert!((5.6..6.9).contains(&shortest), "{shortest}");
        assert!((7.4..8.2).contains(&mean), "{mean}");
        assert!((9.4..10.5).contains(&longest), "{longest}");
        let immediate = Incident {
            election: Election::Immediate,
            ..quick
        };
        assert!((promotion(immediate).1 - (mean - 0.8)).abs() < 0.1);
    }

    #[test]
    fn what_happens_happens_in_order() {
        for failover in draws(USUAL) {
            let order = [
                Some(failover.suspected),
                failover.failed,
                failover.election,
                failover.promoted,
            ];
            assert!(
                order.is_sorted() && order.iter().all(Option::is_some),
                "{order:?}"
            );
            let refusal = failover.refusal(true).unwrap();
            assert_eq!(
                (Some(refusal.from), refusal.until),
                (failover.failed, failover.promoted)
            );
            assert_eq!(failover.refusal(false), None);
        }
    }

    #[test]
    fn without_a_majority_nobody_is_elected_and_all_refuse() {
        for (primaries, failed) in [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)] {
            let incident = Incident {
                primaries,
                failed,
                ..USUAL
            };
            let failover = incident.draw(&mut Stream::new(1, 7));
            assert!(!incident.has_majority());
            assert_eq!((failover.failed, failover.promoted), (None, None));
            let refusal = failover.refusal(false).unwrap();
            assert_eq!((refusal.from, refusal.until), (failover.suspected, None));
        }
    }

    #[test]
    fn without_a_replica_a_failure_is_found_and_stays() {
        let alone = Incident { replicas: 0, ..USUAL };
        let failover = alone.draw(&mut Stream::new(1, 7));
        assert!(failover.failed.is_some() && failover.promoted.is_none());
        assert_eq!(failover.refusal(true).unwrap().until, None);
    }

    #[test]
    fn the_next_replica_and_the_next_shard_wait_as_their_version_has_it() {
        let of = |election, rank, failed_rank| {
            promotion(Incident {
                election,
                rank,
                failed_rank,
                primaries: 9,
                failed: 2,
                replicas: 2,
                ..USUAL
            })
            .1
        };
        for (election, rank, failed_rank) in [
            (Election::Fixed, 1.0, 0.0),
            (Election::Ranked, 1.0, 0.5),
            (Election::Scaled, 1.0, 0.5),
        ] {
            let best = of(election, 0, 0);
            assert!((of(election, 1, 0) - best - rank).abs() < 0.01);
            assert!((of(election, 0, 1) - best - failed_rank).abs() < 0.01);
        }
        assert!(of(Election::Immediate, 0, 1) - of(Election::Immediate, 0, 0) > 1.0);
    }

    #[test]
    fn a_primary_that_was_cut_off_waits() {
        let wait = |ms: u64| rejoin_delay(Micros(ms * 1_000)).0 / 1_000;
        assert_eq!([100, 2_000, 15_000].map(wait), [500, 2_000, 5_000]);
    }
}

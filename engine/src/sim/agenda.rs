//! What is due at a later time: values on their way into the cache, further tries, users who think.

use crate::places;
use crate::units::Micros;
use crate::workload::Request;
use core::cmp::Reverse;
use std::collections::BinaryHeap;

/// Something that is due.
#[derive(Clone, Copy, Debug)]
pub(super) enum Due {
    /// A value reaches the cache.
    Fill(Fill),
    /// A value is deleted from the cache.
    Drop {
        /// Its key.
        key: u32,
    },
    /// The database is asked again.
    Retry(Retry),
    /// Gathered writes of a key go to the database.
    Flush {
        /// The key.
        key: u32,
        /// When the first of them was made.
        since: Micros,
    },
    /// A reader looks again whether somebody else has rebuilt the value.
    Poll(Poll),
    /// A user asks again.
    User(u32),
    /// A node that failed is replaced by a replica.
    Promote {
        /// Its shard.
        shard: u16,
    },
    /// A secondary region takes the place of the primary one.
    PromoteRegion {
        /// Number of the happening that took that.
        happening: u16,
    },
    /// A region that was lost follows the primary one again.
    RegionJoined {
        /// Number of the happening that took it.
        happening: u16,
    },
    /// All shards refuse keys from now on.
    Refuse {
        /// Until then.
        until: Micros,
    },
    /// They may take keys again.
    Accept,
    /// Near caches drop a value.
    Forget {
        /// Its key.
        key: u32,
    },
    /// Snapshots are due.
    Snapshot,
    /// The primary of a shard forks for a replica that comes into step.
    Fork {
        shard: u16,
        node: u32,
        /// Number of the replica's attempt.
        attempt: u32,
    },
    /// That attempt ends.
    Synced {
        shard: u16,
        node: u32,
        attempt: u32,
        /// Whether the replica is in step then.
        done: bool,
        /// Bytes per second that it took of the primary's bandwidth.
        outflow: f64,
    },
    /// The cluster looks whether it is to scale by itself.
    Track,
    /// It has so many shards or replicas from now on.
    Scale { count: u32 },
    /// A slot has moved to another shard.
    SlotMoved,
    /// A node that rebooted has loaded what was on its disk.
    Loaded { shard: u16, node: u32 },
    /// The next key is loaded into a cache that is empty.
    Warm {
        /// Number of the warming: an earlier one is over.
        warming: u32,
    },
    /// A slow command begins.
    Stall {
        /// Number of the happening.
        happening: u16,
    },
}

/// A value on its way into the cache.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fill {
    pub(super) request: Request,
    /// Values stored in a sampled run.
    pub(super) weight: f64,
    /// When the database was read or written: what changes later makes the value stale.
    pub(super) version: Micros,
    /// What it ends; `None` for a write.
    pub(super) rebuild: Option<Errand>,
}

/// Something asked of the database.
#[derive(Clone, Copy, Debug)]
pub(super) struct Query<'a> {
    pub(super) request: &'a Request,
    /// What it is for.
    pub(super) errand: Errand,
    /// Queries that it stands for.
    pub(super) weight: f64,
    /// Microseconds from now until it reaches the database, as far as the answer is concerned.
    pub(super) after: f64,
    /// Which try it is: from 1.
    pub(super) tries: u32,
    /// Processes that ask at the same time.
    pub(super) processes: u32,
}

impl<'a> Query<'a> {
    /// The first try, by one process.
    pub(super) fn first(request: &'a Request, errand: Errand, weight: f64, after: f64) -> Self {
        Self {
            request,
            errand,
            weight,
            after,
            tries: 1,
            processes: 1,
        }
    }
}

/// A query that failed and is tried again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retry {
    pub(super) request: Request,
    pub(super) errand: Errand,
    pub(super) weight: f64,
    /// Which try it is.
    pub(super) tries: u32,
    /// Who waits for it, if users are simulated.
    pub(super) user: Option<u32>,
}

/// A reader who waits for the lock's holder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Poll {
    pub(super) request: Request,
    /// Readers that it stands for.
    pub(super) weight: f64,
    pub(super) user: Option<u32>,
}

/// What a query is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    /// A reader waits for a value that is not in the cache.
    Rebuild,
    /// Nobody waits for the value.
    Refresh,
    /// A reader waits who does not store the value: no cache can be reached, or the holder of the lock will.
    Bypass,
    /// A writer waits.
    Write,
    /// An empty cache is filled.
    Warm,
    /// Something else was read.
    Prefetch,
}

impl Errand {
    /// Whether the value goes into the cache.
    pub(super) fn rebuilds(self) -> bool {
        !matches!(self, Self::Bypass | Self::Write)
    }

    /// Whether somebody waits for the answer.
    pub(super) fn waits(self) -> bool {
        matches!(self, Self::Rebuild | Self::Bypass | Self::Write)
    }

    /// Whether nobody has asked for the value yet.
    pub(super) fn is_ahead(self) -> bool {
        matches!(self, Self::Warm | Self::Prefetch)
    }
}

/// Bits of an [`Entry`] that number it, and that tell its place.
const NUMBER_BITS: u32 = 48;
const PLACE_BITS: u32 = 32;

/// When something is due, the number under which it was noted and its place beside the heap, from the highest bits to the
/// lowest: small to move, and compared without a jump. Things due at the same time so happen in the order in which they were
/// noted.
///
/// There is room for nine years of simulated time and more things than a run could note.
type Entry = Reverse<u128>;

/// What is due, in order of time.
#[derive(Default)]
pub(super) struct Agenda {
    heap: BinaryHeap<Entry>,
    things: Vec<Due>,
    free: Vec<u32>,
    noted: u64,
}

impl Agenda {
    /// Notes something.
    pub(super) fn add(&mut self, at: Micros, due: Due) {
        let place = places::put(&mut self.things, &mut self.free, due);
        let noted = u128::from(at.0) << NUMBER_BITS | u128::from(self.noted);
        self.noted += 1;
        self.heap.push(Reverse(noted << PLACE_BITS | u128::from(place)));
    }

    /// When the next thing is due; never when nothing is.
    pub(super) fn next(&self) -> Micros {
        let Some(Reverse(entry)) = self.heap.peek() else {
            return Micros(u64::MAX);
        };
        Micros((entry >> (NUMBER_BITS + PLACE_BITS)) as u64)
    }

    /// Takes the next thing.
    pub(super) fn take(&mut self) -> Option<Due> {
        let Reverse(entry) = self.heap.pop()?;
        let place = entry as u32;
        self.free.push(place);
        self.things.get(place as usize).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_come_in_order_of_time_and_then_of_noting() {
        let mut agenda = Agenda::default();
        for (at, user) in [(5, 0), (3, 1), (5, 2), (1, 3), (3, 4)] {
            agenda.add(Micros(at), Due::User(user));
        }
        assert_eq!(agenda.next(), Micros(1));
        let users: Vec<u32> = std::iter::from_fn(|| agenda.take())
            .map(|due| match due {
                Due::User(user) => user,
                _ => u32::MAX,
            })
            .collect();
        assert_eq!(users, [3, 1, 4, 0, 2]);
        assert_eq!(agenda.next(), Micros(u64::MAX));
    }
}

//! Values that go into the cache before anybody asks for them: warming and prefetch.

use super::agenda::{Due, Errand, Query};
use super::shard::{Health, Shard};
use super::{Sim, Source};
use crate::scenario::Warming as Settings;
use crate::units::Micros;
use crate::workload::{Key, Operation, Request, Told};

/// The loading of an empty cache, as far as it is.
#[derive(Default)]
pub(super) struct Warming {
    /// Its number: those before it are over.
    number: u32,
    /// The next place of each class.
    next: Vec<u32>,
    /// Places of each class.
    places: Vec<u32>,
    /// The shards that are filled, and the keys that had been evicted there when it began: one that evicts is full.
    shards: Vec<Option<u64>>,
    /// When the next key is loaded, microseconds.
    due: f64,
}

/// A request that nobody has made.
fn unasked(key: u32, at: Micros) -> Request {
    Request {
        at,
        key,
        operation: Operation::Read,
        told: Told::NOTHING,
        cost: 1.0,
        continues: false,
    }
}

impl Warming {
    /// The next place: of the class of which the smallest part is done.
    fn step(&mut self) -> Option<(usize, u32)> {
        let done = |class: &usize| {
            let next = self.next.get(*class).copied().unwrap_or(0);
            f64::from(next) / f64::from(self.places.get(*class).copied().unwrap_or(0))
        };
        let left = (0..self.next.len()).filter(|class| self.next.get(*class) < self.places.get(*class));
        let class = left.min_by(|a, b| done(a).total_cmp(&done(b)))?;
        let next = self.next.get_mut(class)?;
        *next += 1;
        Some((class, *next - 1))
    }
}

impl Sim {
    /// Begins to load a shard that is empty, or all of them, if the application does so: anew from the most popular keys
    /// on where it is at it already.
    #[inline(never)]
    pub(super) fn begin_warming(&mut self, shard: Option<u16>) {
        let Source::Synthetic(source) = &self.source else {
            return;
        };
        if self.plan.scenario().client.warming == Settings::None {
            return;
        }
        let places = (0..source.classes()).map(|class| source.places(class)).collect();
        self.warming.number += 1;
        self.warming.next = vec![0; source.classes()];
        self.warming.places = places;
        self.warming.shards.resize(self.shards.len(), None);
        for (number, (of_shard, filled)) in self.shards.iter().zip(&mut self.warming.shards).enumerate() {
            if shard.is_none_or(|shard| usize::from(shard) == number) {
                *filled = Some(of_shard.evicted());
            }
        }
        self.warming.due = self.now.0 as f64;
        let warming = self.warming.number;
        self.note(self.now, Due::Warm { warming });
    }

    /// Loads what is due by now, and notes when to go on.
    #[inline(never)]
    pub(super) fn warm(&mut self, warming: u32) {
        if warming != self.warming.number {
            return;
        }
        let per_s = match self.plan.scenario().client.warming {
            Settings::None => return,
            Settings::Throttled { keys_per_s } => keys_per_s.0,
            Settings::Greedy => self.database.reads_per_s(),
        };
        while self.warming.due < self.now.0 as f64 + 1.0 {
            let Some((class, place)) = self.warming.step() else {
                self.warming.shards.fill(None);
                return;
            };
            let Source::Synthetic(source) = &mut self.source else {
                return;
            };
            let Some(number) = source.key_at(class, place, self.now) else {
                continue;
            };
            let key = self.keys.get(number);
            let at = usize::from(key.shard);
            let wanted = match (self.warming.shards.get(at), self.shards.get(at)) {
                (Some(Some(before)), Some(shard)) => shard.evicted() <= *before,
                _ => false,
            };
            if wanted && self.load(number, &key, Errand::Warm) {
                self.warming.due += f64::from(key.keys) * 1e6 / per_s;
            }
        }
        self.note(Micros(self.warming.due as u64), Due::Warm { warming });
    }

    /// Loads a value that nobody has asked for; false when it is there or on its way, or its node does not answer.
    fn load(&mut self, number: u32, key: &Key, errand: Errand) -> bool {
        let Some(shard) = self.shards.get(usize::from(key.shard)) else {
            return false;
        };
        // A node that expires values when they are read may have some that are past their time.
        let there = shard.store.glance(key.local) && self.keys.fresh_until(number) > self.now;
        if there || shard.health() != Health::Up || self.flights.get(number).is_some() {
            return false;
        }
        let request = unasked(number, self.now);
        self.ask(key, &Query::first(&request, errand, f64::from(key.keys), 0.0));
        true
    }

    /// Loads what a read makes likely to be read next. The read stands for several in a sampled run: the chances are that
    /// any of them leads to it.
    #[inline(never)]
    pub(super) fn prefetch(&mut self, request: &Request, key: &Key, reads: f64) {
        let Some(settings) = self.plan.scenario().client.prefetch else {
            return;
        };
        let leader = usize::from(key.class);
        let place = (request.key, self.keys.first_of_place(request.key));
        let own = f64::from(key.keys);
        // How many readers of one key the read stands for.
        let readers = reads / own;
        let accuracy = settings.accuracy.0.min(1.0 - 1e-12);
        for which in 0.. {
            let Source::Synthetic(source) = &mut self.source else {
                return;
            };
            let Some(follower) = source.followers(leader).nth(which) else {
                return;
            };
            let next = source.following(leader, place, follower, self.now, &mut self.behaviour);
            let right = self.behaviour.unit() < -libm::expm1(readers * libm::log1p(-accuracy));
            if let (Some(next), true) = (next, right) {
                // Each key that the leader stands for has one that follows it, of those that the follower stands for.
                let of = f64::from(self.keys.get(next).keys);
                if of <= own || self.behaviour.unit() * of < own {
                    self.prefetch_key(next);
                }
            }
            let wrong = if readers > 1.0 {
                reads * (1.0 - accuracy)
            } else if right {
                0.0
            } else {
                reads
            };
            let mut others = wrong + reads * f64::from(settings.depth.saturating_sub(1));
            while others > 0.0 {
                let Source::Synthetic(source) = &mut self.source else {
                    return;
                };
                let Some(any) = source.any(follower, self.now, &mut self.behaviour) else {
                    return;
                };
                let weight = f64::from(self.keys.get(any).keys);
                if others < weight && self.behaviour.unit() * weight >= others {
                    break;
                }
                others -= weight;
                self.prefetch_key(any);
            }
        }
    }

    /// Has a key looked up, one of a pipeline behind the reader's back, and loaded if it is not there.
    fn prefetch_key(&mut self, number: u32) {
        let key = self.keys.get(number);
        let up = |shard: &Shard| shard.health() == Health::Up;
        if self.shards.get(usize::from(key.shard)).is_some_and(up) {
            let weight = f64::from(key.keys);
            self.recorder
                .count(key.shard, key.class, |tally| tally.extra_commands += weight);
            let request = Request {
                continues: true,
                ..unasked(number, self.now)
            };
            self.command(&request, key.shard, weight, 1.0, 0.0);
        }
        self.load(number, &key, Errand::Prefetch);
    }

    /// A key was not there, or is stored anew: what was prefetched of it was for nothing if nobody has read it.
    pub(super) fn gone_unread(&mut self, number: u32, key: &Key) {
        if self.features.prefetch && self.keys.set_unread(number, false) {
            let keys = f64::from(key.keys);
            self.recorder
                .count(key.shard, key.class, |tally| tally.prefetched_wasted += keys);
        }
    }

    /// A key was found: what was prefetched of it was of use.
    pub(super) fn found_prefetched(&mut self, number: u32, key: &Key) {
        if self.keys.set_unread(number, false) {
            let keys = f64::from(key.keys);
            self.recorder
                .count(key.shard, key.class, |tally| tally.prefetched_used += keys);
        }
    }

    /// At the end of the run, what was prefetched and is neither read nor there any more shows.
    pub(super) fn look_for_unread(&mut self) {
        if !self.features.prefetch {
            return;
        }
        for number in 0..self.keys.len() as u32 {
            let key = self.keys.get(number);
            let shard = self.shards.get(usize::from(key.shard));
            let there = shard.is_some_and(|shard| shard.store.glance(key.local))
                && self.keys.fresh_until(number) > self.now;
            if !there {
                self.gone_unread(number, &key);
            }
        }
    }
}

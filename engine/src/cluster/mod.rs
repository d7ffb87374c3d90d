//! Nodes together: who holds which keys, how replicas follow, what a failure leads to, and what a node can take.
//!
//! [`Topology`] divides keys. The models beside it are pure: they take plain figures, draw from the caller's stream
//! where real servers draw, and hold no state but what their types show.

pub mod capacity;
pub mod failover;
pub mod persistence;
pub mod replication;
pub mod resharding;
pub mod ring;
pub mod serverless;
pub mod slots;
pub mod wire;

use ring::Ring;
use slots::SLOTS;

/// Which shard owns which keys.
///
/// Redis and Valkey divide hash slots, of which [`shard_of`](Self::shard_of) gives the owner. Clients of Memcached may
/// divide names instead: [`shard_of_name`](Self::shard_of_name) answers for both.
#[derive(Clone, Debug)]
pub struct Topology {
    division: Division,
    shards: u16,
}

#[derive(Clone, Debug)]
enum Division {
    /// Owner of every slot.
    Slots(Vec<u16>),
    Ring(Ring),
    Modulo,
}

/// A slot that changes its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Which slot.
    pub slot: u16,
    /// The shard that gives it.
    pub from: u16,
    /// The shard that takes it.
    pub to: u16,
}

impl Topology {
    /// Slots divided evenly: shard i of S owns `i * 16384 / S .. (i + 1) * 16384 / S` (`reference/servers.md`
    /// section 4.1). At least one shard, at most one per slot.
    pub fn even(shards: u32) -> Self {
        Self::weighted(&vec![1; clamped(shards).into()])
    }

    /// Slots divided in proportion to weights, one for each shard, in ranges one after the other. A shard whose weight
    /// is too small for a slot of its own gets none.
    pub fn weighted(weights: &[u32]) -> Self {
        let shards = clamped(weights.len() as u32);
        let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
        let mut owner = Vec::with_capacity(SLOTS.into());
        let mut sum = 0;
        for (shard, weight) in (0..shards).zip(weights) {
            sum += u64::from(*weight);
            let end = (sum * u64::from(SLOTS)).checked_div(total).unwrap_or(0);
            owner.resize(end as usize, shard);
        }
        // Weights that are all zero divide nothing.
        owner.resize(SLOTS.into(), 0);
        Self {
            division: Division::Slots(owner),
            shards,
        }
    }

    /// Names divided by a [`Ring`] of so many nodes, as most clients of Memcached do.
    pub fn ketama(nodes: u32) -> Self {
        let shards = clamped(nodes);
        Self {
            division: Division::Ring(Ring::new(shards)),
            shards,
        }
    }

    /// Names divided by [`ring::modulo_hash`] modulo the number of nodes.
    pub fn modulo(nodes: u32) -> Self {
        Self {
            division: Division::Modulo,
            shards: clamped(nodes),
        }
    }

    /// The same way of dividing with another number of shards.
    ///
    /// Slots move as an online resharding moves them: shards that go, and then those with more than their part, give
    /// their last slots to those with less, so that no more slots move than must. Rings and moduli divide anew.
    pub fn resized(&self, shards: u32) -> Self {
        let owner = match &self.division {
            Division::Slots(owner) => owner,
            Division::Ring(_) => return Self::ketama(shards),
            Division::Modulo => return Self::modulo(shards),
        };
        let shards = clamped(shards);
        let even = Self::even(shards.into());
        let mut resized = Self {
            division: Division::Slots(owner.clone()),
            shards,
        };
        let mut surplus: Vec<i64> = (0..shards)
            .map(|shard| i64::from(self.slots_owned(shard)) - i64::from(even.slots_owned(shard)))
            .collect();
        let mut taker = 0;
        for slot in (0..SLOTS).rev() {
            let from = resized.shard_of(slot);
            let gives = match surplus.get_mut(usize::from(from)) {
                None => true,
                Some(more) if *more > 0 => {
                    *more -= 1;
                    true
                }
                Some(_) => false,
            };
            if !gives {
                continue;
            }
            while surplus.get(taker).is_some_and(|more| *more >= 0) {
                taker += 1;
            }
            if let Some(more) = surplus.get_mut(taker) {
                *more += 1;
                resized.assign(slot, taker as u16);
            }
        }
        resized
    }

    /// Has at least so many shards; those that are new own nothing yet.
    pub fn widen(&mut self, shards: u32) {
        self.shards = self.shards.max(clamped(shards));
    }

    /// Gives a slot to a shard; a slot or a shard that is not there changes nothing.
    pub fn assign(&mut self, slot: u16, shard: u16) {
        if let Division::Slots(owner) = &mut self.division
            && shard < self.shards
            && let Some(owner) = owner.get_mut(usize::from(slot))
        {
            *owner = shard;
        }
    }

    /// Slots that have another owner in `to`, in ascending order; none where names are divided.
    pub fn moves(&self, to: &Self) -> impl Iterator<Item = Move> {
        let slots = matches!(
            (&self.division, &to.division),
            (Division::Slots(_), Division::Slots(_))
        );
        (0..if slots { SLOTS } else { 0 }).filter_map(move |slot| {
            let (from, to) = (self.shard_of(slot), to.shard_of(slot));
            (from != to).then_some(Move { slot, from, to })
        })
    }

    /// Number of shards.
    pub fn shards(&self) -> usize {
        usize::from(self.shards)
    }

    /// Whether slots are divided, and not names.
    pub fn has_slots(&self) -> bool {
        matches!(self.division, Division::Slots(_))
    }

    /// The shard that owns a slot below [`SLOTS`]; 0 where names are divided.
    pub fn shard_of(&self, slot: u16) -> u16 {
        match &self.division {
            Division::Slots(owner) => owner.get(usize::from(slot % SLOTS)).copied().unwrap_or(0),
            Division::Ring(_) | Division::Modulo => 0,
        }
    }

    /// The shard that owns the key of this name.
    pub fn shard_of_name(&self, name: &[u8]) -> u16 {
        self.shard_of_place(self.place_of_name(name))
    }

    /// What decides which shard owns the key of this name, however many there are: its slot or its hash.
    pub fn place_of_name(&self, name: &[u8]) -> u32 {
        match &self.division {
            Division::Slots(_) => slots::slot(name).into(),
            Division::Ring(_) => ring::hash(name),
            Division::Modulo => ring::modulo_hash(name),
        }
    }

    /// The place of a key whose hash, or slot, lies so far from the first to the last of all: 0 to 1. Of a modulus it is
    /// that of its remainders.
    pub fn place_at(&self, part: f64) -> u32 {
        match &self.division {
            Division::Slots(_) => (part * f64::from(SLOTS)) as u32,
            Division::Ring(_) => (part * 4_294_967_296.0) as u32,
            Division::Modulo => {
                let shards = f64::from(self.shards);
                let remainder = (part * shards) as u32;
                let times =
                    (part * shards - f64::from(remainder)) * (f64::from(ring::MODULO_HASHES) / shards);
                times as u32 * u32::from(self.shards) + remainder
            }
        }
    }

    /// The shard that owns the keys of a place.
    pub fn shard_of_place(&self, place: u32) -> u16 {
        match &self.division {
            Division::Slots(_) => self.shard_of(place as u16),
            Division::Ring(ring) => ring.node_at(place),
            Division::Modulo => (place % u32::from(self.shards)) as u16,
        }
    }

    /// First and last slot of a shard; (0, 0) of one without slots.
    pub fn slots_of(&self, shard: u16) -> (u16, u16) {
        let Division::Slots(owner) = &self.division else {
            return (0, 0);
        };
        let owned = |owner: &u16| *owner == shard;
        let first = owner.iter().position(owned).unwrap_or(0);
        (first as u16, owner.iter().rposition(owned).unwrap_or(0) as u16)
    }

    /// How many slots a shard owns.
    pub fn slots_owned(&self, shard: u16) -> u32 {
        match &self.division {
            Division::Slots(owner) => owner.iter().filter(|owner| **owner == shard).count() as u32,
            Division::Ring(_) | Division::Modulo => 0,
        }
    }
}

/// A number of shards that slots suffice for.
fn clamped(shards: u32) -> u16 {
    shards.clamp(1, u32::from(SLOTS)) as u16
}

/// The zone, counted from 0, of a node of a shard: number 0 is the primary, 1 its first replica.
///
/// Primaries take turns in the zones, and each replica lies one zone further, so that a shard has nodes in as many
/// zones as it can.
pub fn zone_of(shard: u16, node: u32, zones: u32) -> u32 {
    (u32::from(shard) + node) % zones.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_has_the_owner_of_its_range() {
        for shards in [1, 2, 3, 7, 500] {
            let topology = Topology::even(shards);
            let mut next = 0;
            for shard in 0..shards as u16 {
                let (first, last) = topology.slots_of(shard);
                assert_eq!(first, next);
                assert_eq!(u32::from(first), u32::from(shard) * u32::from(SLOTS) / shards);
                assert!((first..=last).all(|slot| topology.shard_of(slot) == shard));
                assert_eq!(topology.slots_owned(shard), u32::from(last - first) + 1);
                next = last + 1;
            }
            assert_eq!(next, SLOTS);
        }
    }

    #[test]
    fn weights_divide_in_proportion() {
        let topology = Topology::weighted(&[1, 2, 1]);
        let owned: Vec<u32> = (0..3).map(|shard| topology.slots_owned(shard)).collect();
        assert_eq!(owned, [4_096, 8_192, 4_096]);
        assert_eq!(topology.slots_of(1), (4_096, 12_287));
        assert_eq!(Topology::weighted(&[0, 0]).slots_owned(0), 16_384);
    }

    #[test]
    fn parts_of_all_hashes_belong_to_shards_as_keys_do() {
        for topology in [
            Topology::weighted(&[1, 2, 3]),
            Topology::ketama(3),
            Topology::modulo(3),
        ] {
            let (mut keys, mut parts) = ([0i32; 3], [0i32; 3]);
            for number in 0..30_000 {
                keys[usize::from(topology.shard_of_name(format!("key:{number}").as_bytes()))] += 1;
                parts[usize::from(
                    topology.shard_of_place(topology.place_at(f64::from(number) / 30_000.0)),
                )] += 1;
            }
            for (keys, parts) in keys.iter().zip(parts) {
                assert!((keys - parts).abs() < 400, "{keys} {parts}");
            }
        }
    }

    #[test]
    fn resizing_moves_no_more_than_it_must_and_ends_even() {
        for (from, to) in [(3, 4), (4, 3), (1, 5), (500, 90), (7, 7)] {
            let before = Topology::even(from);
            let after = before.resized(to);
            for shard in 0..to as u16 {
                let part = u32::from(SLOTS) / to;
                assert!(
                    (part..=part + 1).contains(&after.slots_owned(shard)),
                    "{from} {to}"
                );
            }
            let least: u32 = (0..from.max(to) as u16)
                .map(|shard| before.slots_owned(shard).saturating_sub(after.slots_owned(shard)))
                .sum();
            let moves: Vec<Move> = before.moves(&after).collect();
            assert_eq!(moves.len() as u32, least, "{from} {to}");
            let mut moved = Topology {
                shards: after.shards.max(before.shards),
                ..before
            };
            for step in moves {
                assert_eq!(moved.shard_of(step.slot), step.from);
                moved.assign(step.slot, step.to);
            }
            assert!((0..SLOTS).all(|slot| moved.shard_of(slot) == after.shard_of(slot)));
        }
    }

    #[test]
    fn names_go_where_their_slot_or_their_hash_says() {
        let names: Vec<String> = (0..20_000).map(|number| format!("key:{number}")).collect();
        let moved = |from: &Topology, to: &Topology| {
            let moved = names
                .iter()
                .filter(|name| from.shard_of_name(name.as_bytes()) != to.shard_of_name(name.as_bytes()));
            moved.count() as f64 / names.len() as f64
        };
        let even = Topology::even(5);
        assert!(
            names.iter().all(
                |name| even.shard_of_name(name.as_bytes()) == even.shard_of(slots::slot(name.as_bytes()))
            )
        );
        // servers.md section 6.6: a new node takes 1 / (n + 1) of a ring, and n / (n + 1) of a modulus move.
        let ketama = Topology::ketama(5);
        assert!((moved(&ketama, &ketama.resized(6)) - 1.0 / 6.0).abs() < 0.03);
        let modulo = Topology::modulo(5);
        assert!((moved(&modulo, &modulo.resized(6)) - 5.0 / 6.0).abs() < 0.03);
        assert!(ketama.moves(&ketama.resized(6)).next().is_none() && !ketama.has_slots());
    }

    #[test]
    fn the_nodes_of_a_shard_lie_in_different_zones() {
        assert_eq!([0, 1, 2, 3].map(|node| zone_of(1, node, 3)), [1, 2, 0, 1]);
        assert_eq!([0, 1].map(|node| zone_of(5, node, 1)), [0, 0]);
    }
}

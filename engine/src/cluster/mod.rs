//! Where keys live: hash slots and the shards that own them.

pub mod slots;

use slots::SLOTS;

/// Which shard owns which slots.
#[derive(Clone, Debug)]
pub struct Topology {
    owner: Vec<u16>,
    shards: u16,
}

impl Topology {
    /// Slots divided evenly: shard i of S owns `i * 16384 / S .. (i + 1) * 16384 / S` (`reference/servers.md`
    /// section 4.1). At least one shard, at most one per slot.
    pub fn even(shards: u32) -> Self {
        let shards = shards.clamp(1, u32::from(SLOTS)) as u16;
        let mut owner = vec![0; usize::from(SLOTS)];
        for shard in 0..shards {
            let (first, last) = Self::range(shard, shards);
            owner[usize::from(first)..=usize::from(last)].fill(shard);
        }
        Self { owner, shards }
    }

    fn range(shard: u16, shards: u16) -> (u16, u16) {
        let bound = |i: u16| (u32::from(i) * u32::from(SLOTS) / u32::from(shards)) as u16;
        (bound(shard), bound(shard + 1) - 1)
    }

    /// Number of shards.
    pub fn shards(&self) -> usize {
        usize::from(self.shards)
    }

    /// The shard that owns a slot below [`SLOTS`].
    pub fn shard_of(&self, slot: u16) -> u16 {
        self.owner[usize::from(slot % SLOTS)]
    }

    /// First and last slot of a shard.
    pub fn slots_of(&self, shard: u16) -> (u16, u16) {
        Self::range(shard.min(self.shards - 1), self.shards)
    }
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
                assert!((first..=last).all(|slot| topology.shard_of(slot) == shard));
                next = last + 1;
            }
            assert_eq!(next, SLOTS);
        }
    }
}

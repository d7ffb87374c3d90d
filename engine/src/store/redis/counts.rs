//! How many keys each hash slot has, and slots drawn in proportion to it.

use crate::random::Stream;

/// Slots whose keys are counted together, too.
const GROUP: usize = 64;
/// Slots that are drawn and refused before one is looked for: where no slot has far more keys than most, two or three are
/// enough.
const TRIES: u32 = 16;

/// Keys per slot.
#[derive(Clone)]
pub(super) struct Counts {
    keys: Vec<u32>,
    /// Keys of each [`GROUP`] of slots.
    groups: Vec<u32>,
    /// At least as many as any slot has.
    most: u32,
}

impl Counts {
    /// So many slots without keys.
    pub(super) fn new(slots: u32) -> Self {
        Self {
            keys: vec![0; slots as usize],
            groups: vec![0; (slots as usize).div_ceil(GROUP)],
            most: 0,
        }
    }

    pub(super) fn slots(&self) -> u32 {
        self.keys.len() as u32
    }

    /// Keys of a slot.
    pub(super) fn of(&self, slot: u32) -> u32 {
        self.keys.get(slot as usize).copied().unwrap_or(0)
    }

    /// Counts keys of a slot in or out.
    pub(super) fn change(&mut self, slot: u32, by: i32) {
        if let Some(keys) = self.keys.get_mut(slot as usize) {
            *keys = keys.wrapping_add_signed(by);
            self.most = self.most.max(*keys);
        }
        if let Some(sum) = self.groups.get_mut(slot as usize / GROUP) {
            *sum = sum.wrapping_add_signed(by);
        }
    }

    /// Forgets how many keys slots once had.
    pub(super) fn forget(&mut self) {
        self.most = self.keys.iter().copied().max().unwrap_or(0);
    }

    /// A slot drawn with a chance in proportion to its keys, of which there are `total`.
    pub(super) fn draw(&self, total: u32, random: &mut Stream) -> u32 {
        for _ in 0..TRIES {
            let slot = random.below(self.slots());
            if random.below(self.most) < self.of(slot) {
                return slot;
            }
        }
        self.owner(random.below(total))
    }

    /// The slot of the key with this number, counted from 0 over all slots.
    fn owner(&self, number: u32) -> u32 {
        let (group, left) = find(&self.groups, number);
        let first = group * GROUP;
        let (slot, _) = find(self.keys.get(first..).unwrap_or(&[]), left);
        (first + slot) as u32
    }

    /// The first slot from this one on that has keys.
    pub(super) fn at_or_after(&self, slot: u32) -> Option<u32> {
        let rest = self.keys.get(slot as usize..)?;
        let skipped = rest.iter().position(|keys| *keys > 0)?;
        Some(slot + skipped as u32)
    }
}

/// Which of these has the key with this number, counted from 0 over all, and its number there.
fn find(counts: &[u32], number: u32) -> (usize, u32) {
    let mut left = number;
    for (place, count) in counts.iter().enumerate() {
        if left < *count {
            return (place, left);
        }
        left -= count;
    }
    (0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_owns_as_many_numbers_as_it_has_keys() {
        let mut counts = Counts::new(200);
        for (slot, keys) in [(0, 2), (63, 1), (64, 3), (199, 4)] {
            counts.change(slot, keys);
        }
        let owners: Vec<u32> = (0..10).map(|number| counts.owner(number)).collect();
        assert_eq!(owners, [0, 0, 63, 64, 64, 64, 199, 199, 199, 199]);
    }

    #[test]
    fn slots_are_drawn_in_proportion_to_their_keys() {
        // With few refusals, and with nothing else than those.
        for others in [1, 90] {
            let mut counts = Counts::new(1 + others);
            counts.change(0, 90);
            for slot in 1..=others {
                counts.change(slot, 90 / others as i32);
            }
            let mut random = Stream::new(6, 0);
            let draws = (0..10_000).filter(|_| counts.draw(180, &mut random) == 0);
            let of_first = draws.count();
            assert!(
                (4_800..5_200).contains(&of_first),
                "{of_first} with {others} others"
            );
        }
    }
}

//! LIRS, low inter-reference recency set.
//!
//! A key's rank is the number of other keys used between its last two uses. 99 % of the capacity is for keys of low
//! rank (LIR), which never leave directly; the rest is a queue Q of keys of high rank (HIR), from whose back keys go.
//! A stack S holds keys by their last use, down to the LIR key used the longest time ago: LIR keys, HIR keys, and HIR
//! keys that have left. A HIR key that is used, or stored again, while it is in S has the lower rank and becomes LIR;
//! the LIR key at the bottom of S becomes HIR in exchange and enters Q. A HIR key used when it is not in S enters S.
//! Until the LIR keys fill their share, every new key is LIR.
//!
//! Source: Jiang and Zhang, "LIRS: an efficient low inter-reference recency set replacement policy to improve buffer
//! cache performance", SIGMETRICS 2002.
//!
//! Reference: libCacheSim 0.3.5 `LIRS`, within 0.02 points. As there, S holds keys worth twice the capacity, the ones
//! longest gone being forgotten first, and an object larger than Q is not stored. Chosen differences: a use of a key
//! that is in Q alone demotes no LIR key, as in the paper, where the reference demotes one, and where Q holds but one
//! object then goes on counting hits of the key that it pushed out; and a cache of one object stores it.
//!
//! S is a log: a use appends the key and leaves its older entry behind, which counts no more because the key's place
//! is another. With 8 bytes an entry and no more than a third of the log out of date before it is tidied, S takes less
//! for each resident key than a linked list of two keys would, and a use touches nothing but the end of it.

use super::index::MarkedIndex;
use super::queue::{Queues, growth};
use super::room::Room;
use super::{Access, KeyId, Policy, Setup};

/// The share of Q: 1 % in the paper.
const QUEUE_SHARE: f64 = 0.01;
/// What S holds at most, in capacities.
const STACK_LIMIT: u64 = 2;

/// A key's mark.
mod state {
    /// Resident, of low rank. Its place is in S.
    pub(super) const LIR: u32 = 0;
    /// Resident, of high rank. Its place is in Q, which knows the one in S.
    pub(super) const HIR: u32 = 1;
    /// Not resident. Its place is in S.
    pub(super) const GONE: u32 = 2;
}

/// The only order in Q.
const ALL: usize = 0;
/// Place in S of a key that is in Q alone.
const NOWHERE: u32 = u32::MAX;

/// What Q knows of a key.
#[derive(Clone, Copy, Debug, Default)]
struct Hir {
    size: u32,
    in_stack: u32,
}

/// An entry of S.
#[derive(Clone, Copy, Debug)]
struct Use {
    key: KeyId,
    size: u32,
}

/// Low inter-reference recency set.
#[derive(Clone, Debug)]
pub struct Lirs {
    /// Marks tell the state.
    index: MarkedIndex<2>,
    /// S, the latest use last.
    stack: Vec<Use>,
    /// Keys in S.
    stack_len: usize,
    stack_bytes: u64,
    /// A place in S below which there is no key.
    bottom: u32,
    /// A place in S below which no key has left. HIR keys leave in the order of their last use, which is that of S, so
    /// the one longest gone is the next above.
    hand: u32,
    /// Q.
    queue: Queues<Hir, 1>,
    lir_bytes: u64,
    hir_bytes: u64,
    lir_limit: u64,
    hir_limit: u64,
    room: Room,
    /// A key that has left, was moved up in S, and is about to be stored again.
    returning: Option<KeyId>,
    len: usize,
}

impl Lirs {
    fn divide(&mut self) {
        self.hir_limit = self.room.share(QUEUE_SHARE);
        self.lir_limit = self.room.capacity().saturating_sub(self.hir_limit);
    }

    /// What lies at a place in S, with the key's state and its place in Q or else in S; `None` where the entry is out
    /// of date.
    #[inline(always)]
    fn at(&self, in_stack: u32) -> Option<(Use, u32, u32)> {
        let entry = *self.stack.get(in_stack as usize)?;
        let (place, state) = self.index.get(entry.key)?;
        let current = match state {
            state::HIR => self.queue.data(place).in_stack,
            _ => place,
        };
        (current == in_stack).then_some((entry, place, state))
    }

    /// Puts a key that is not in S on top of it and returns its place.
    #[inline(always)]
    fn put_on_stack(&mut self, key: KeyId, size: u32) -> u32 {
        self.stack_len += 1;
        self.stack_bytes += u64::from(size);
        self.append(key, size)
    }

    /// Counts a key out that has been in S.
    #[inline(always)]
    fn take_off_stack(&mut self, size: u32) {
        self.stack_len -= 1;
        self.stack_bytes -= u64::from(size);
    }

    /// Appends an entry and returns its place, which is the key's when it is told so. Other places in S may change.
    #[inline(always)]
    fn append(&mut self, key: KeyId, size: u32) -> u32 {
        if self.stack.len() == self.stack.capacity() {
            self.make_room_in_stack();
        }
        let in_stack = self.stack.len() as u32;
        self.stack.push(Use { key, size });
        in_stack
    }

    /// Drops entries that are out of date, if they are a third, or else lets S grow.
    #[cold]
    fn make_room_in_stack(&mut self) {
        if self.stack_len * 3 > self.stack.len() * 2 {
            self.stack.reserve_exact(growth(self.stack.len(), usize::MAX));
            return;
        }
        let (mut to, mut hand) = (0, 0);
        for from in self.bottom..self.stack.len() as u32 {
            let Some((entry, place, state)) = self.at(from) else {
                continue;
            };
            self.stack[to as usize] = entry;
            match state {
                state::HIR => self.queue.data_mut(place).in_stack = to,
                _ => self.index.set(entry.key, to, state),
            }
            to += 1;
            if from < self.hand {
                hand = to;
            }
        }
        self.stack.truncate(to as usize);
        (self.bottom, self.hand) = (0, hand);
    }

    /// Drops all that lies in S below the lowest LIR key.
    #[inline(always)]
    fn prune(&mut self) {
        while (self.bottom as usize) < self.stack.len() {
            if let Some((entry, place, state)) = self.at(self.bottom) {
                if state == state::LIR || self.stack_len == 1 {
                    return;
                }
                self.take_off_stack(entry.size);
                if state == state::GONE {
                    self.index.take(entry.key);
                } else {
                    self.queue.data_mut(place).in_stack = NOWHERE;
                }
            }
            self.bottom += 1;
        }
    }

    /// Turns the LIR key at the bottom of S into a HIR key in Q; false if there is none.
    #[inline(always)]
    fn demote(&mut self) -> bool {
        self.prune();
        let Some((Use { key, size }, _, state::LIR)) = self.at(self.bottom) else {
            return false;
        };
        self.lir_bytes -= u64::from(size);
        self.take_off_stack(size);
        self.enter_queue(key, size, NOWHERE);
        self.prune();
        true
    }

    /// Demotes LIR keys until one more of so many bytes fits.
    #[inline(always)]
    fn make_room_for_lir(&mut self, size: u64) {
        while self.lir_bytes + size > self.lir_limit && self.demote() {}
    }

    /// Makes a key HIR.
    #[inline(always)]
    fn enter_queue(&mut self, key: KeyId, size: u32, in_stack: u32) {
        self.hir_bytes += u64::from(size);
        let place = self.queue.push_front(ALL, key, Hir { size, in_stack });
        self.index.set(key, place, state::HIR);
    }

    /// Takes the HIR key at a place in Q out of it.
    #[inline(always)]
    fn leave_queue(&mut self, place: u32) -> Hir {
        let hir = self.queue.data(place);
        self.queue.remove(place);
        self.hir_bytes -= u64::from(hir.size);
        hir
    }

    /// Evicts the key at the back of Q, which stays known if it is in S.
    #[inline(always)]
    fn evict_hir(&mut self) -> Option<KeyId> {
        let place = self.queue.back(ALL)?;
        let key = self.queue.key(place);
        match self.leave_queue(place).in_stack {
            NOWHERE => {
                self.index.take(key);
            }
            in_stack => self.index.set(key, in_stack, state::GONE),
        }
        self.len -= 1;
        Some(key)
    }

    /// The lowest place in S, from this one up, of a key that has left.
    #[inline(always)]
    fn gone_from(&self, from: u32) -> Option<(u32, Use)> {
        (from..self.stack.len() as u32).find_map(|place| match self.at(place) {
            Some((entry, _, state::GONE)) => Some((place, entry)),
            _ => None,
        })
    }

    /// Forgets keys that have left until S is no larger than it may be.
    #[inline(always)]
    fn limit_stack(&mut self) {
        while self.stack_bytes > STACK_LIMIT * self.room.capacity() {
            // A key that was moved up to return and was then refused lies above those that leave after it, and when it
            // is forgotten the hand does.
            let next = self.gone_from(self.hand.max(self.bottom));
            let Some((place, entry)) = next.or_else(|| self.gone_from(self.bottom)) else {
                return;
            };
            self.hand = place + 1;
            self.index.take(entry.key);
            self.take_off_stack(entry.size);
        }
    }

    /// Moves a key to be stored up in S, if it is there, before anything leaves for its sake.
    #[inline(always)]
    fn announce(&mut self, key: KeyId) {
        if self.returning == Some(key) {
            return;
        }
        if let Some((place, state::GONE)) = self.index.get(key) {
            self.returning = Some(key);
            let size = self.stack[place as usize].size;
            let in_stack = self.append(key, size);
            self.index.set(key, in_stack, state::GONE);
            self.make_room_for_lir(size.into());
        }
    }

    #[inline(always)]
    fn resident_bytes(&self) -> u64 {
        self.lir_bytes + self.hir_bytes
    }
}

impl Policy for Lirs {
    fn new(setup: Setup) -> Self {
        let mut new = Self {
            index: MarkedIndex::new(setup.keys),
            stack: Vec::new(),
            stack_len: 0,
            stack_bytes: 0,
            bottom: 0,
            hand: 0,
            queue: Queues::new(0),
            lir_bytes: 0,
            hir_bytes: 0,
            lir_limit: 0,
            hir_limit: 0,
            room: Room::new(setup.capacity),
            returning: None,
            len: 0,
        };
        new.divide();
        // And one that enters before another leaves.
        new.queue = Queues::new(new.hir_limit.saturating_add(1));
        new
    }

    #[inline(always)]
    fn touch(&mut self, access: Access) -> bool {
        let key = access.key;
        let Some((place, state)) = self.index.get(key) else {
            return false;
        };
        match state {
            state::LIR => {
                if place as usize + 1 < self.stack.len() {
                    let in_stack = self.append(key, self.stack[place as usize].size);
                    self.index.set(key, in_stack, state::LIR);
                    self.prune();
                }
            }
            state::HIR => {
                let Hir { size, in_stack } = self.queue.data(place);
                if in_stack == NOWHERE {
                    let in_stack = self.put_on_stack(key, size);
                    self.queue.data_mut(place).in_stack = in_stack;
                    self.queue.move_front(ALL, place);
                    self.limit_stack();
                } else {
                    let in_stack = self.append(key, size);
                    self.leave_queue(place);
                    self.lir_bytes += u64::from(size);
                    self.index.set(key, in_stack, state::LIR);
                    self.make_room_for_lir(0);
                }
            }
            _ => return false,
        }
        true
    }

    fn admits(&self, access: Access) -> bool {
        u64::from(access.size) <= self.hir_limit
    }

    #[inline(always)]
    fn insert(&mut self, access: Access) {
        let Access { key, size, .. } = access;
        let bytes = u64::from(size);
        self.announce(key);
        self.returning = None;
        self.len += 1;
        if let Some((in_stack, _)) = self.index.get(key) {
            let known = std::mem::replace(&mut self.stack[in_stack as usize].size, size);
            self.stack_bytes = self.stack_bytes - u64::from(known) + bytes;
            self.lir_bytes += bytes;
            self.index.set(key, in_stack, state::LIR);
        } else {
            let in_stack = self.put_on_stack(key, size);
            if self.lir_bytes + bytes <= self.lir_limit {
                self.lir_bytes += bytes;
                self.index.set(key, in_stack, state::LIR);
            } else {
                self.enter_queue(key, size, in_stack);
            }
        }
        if self.room.holds(self.resident_bytes()) {
            self.divide();
        }
        self.limit_stack();
    }

    #[inline(always)]
    fn evict(&mut self, incoming: Access) -> Option<KeyId> {
        self.announce(incoming.key);
        if self.room.lacks(self.resident_bytes() + u64::from(incoming.size)) {
            self.divide();
            self.make_room_for_lir(0);
        }
        if self.queue.back(ALL).is_none() {
            self.demote();
        }
        self.evict_hir()
    }

    #[inline(always)]
    fn overflow(&mut self) -> Option<KeyId> {
        if self.hir_bytes <= self.hir_limit || self.queue.back(ALL) == self.queue.front(ALL) {
            return None;
        }
        let key = self.evict_hir();
        self.limit_stack();
        key
    }

    fn remove(&mut self, key: KeyId) -> bool {
        let Some((place, state)) = self.index.get(key) else {
            return false;
        };
        match state {
            state::GONE => return false,
            state::LIR => {
                let size = self.stack[place as usize].size;
                self.lir_bytes -= u64::from(size);
                self.take_off_stack(size);
            }
            _ => {
                let Hir { size, in_stack } = self.leave_queue(place);
                if in_stack != NOWHERE {
                    self.take_off_stack(size);
                }
            }
        }
        self.index.take(key);
        self.prune();
        self.len -= 1;
        true
    }

    #[inline(always)]
    fn contains(&self, key: KeyId) -> bool {
        self.index.get(key).is_some_and(|(_, state)| state != state::GONE)
    }

    #[inline(always)]
    fn look_ahead(&self, key: KeyId) -> u32 {
        self.index.peek(key)
    }

    #[inline(always)]
    fn len(&self) -> usize {
        self.len
    }
}

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

use super::index::MarkedIndex;
use super::queue::Queues;
use super::room::Room;
use super::{Access, KeyId, Policy, Setup};

/// The share of Q: 1 % in the paper.
const QUEUE_SHARE: f64 = 0.01;
/// What S holds at most, in capacities.
const STACK_LIMIT: u64 = 2;

/// A key's mark.
mod state {
    /// Resident, of low rank, in S.
    pub(super) const LIR: u32 = 0;
    /// Resident, of high rank, in Q and in S.
    pub(super) const HIR: u32 = 1;
    /// Resident, of high rank, in Q alone.
    pub(super) const HIR_OFF_STACK: u32 = 2;
    /// Not resident, in S.
    pub(super) const GONE: u32 = 3;
}

/// The stack S, among the places.
const STACK: usize = 0;
/// Not in S.
const OFF_STACK: usize = 1;
/// The queue Q, among the orders.
const QUEUE: usize = 0;
/// Keys that have left, by when they did.
const DEPARTED: usize = 1;

/// Low inter-reference recency set.
#[derive(Clone, Debug)]
pub struct Lirs {
    /// Marks tell the state.
    index: MarkedIndex<2>,
    /// The place and size of every key known.
    stack: Queues<u32, 2>,
    /// Second places in queues, by the numbers of the first: of resident HIR keys and of those that have left.
    order: Queues<(), 2>,
    lir_bytes: u64,
    hir_bytes: u64,
    stack_bytes: u64,
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

    #[inline(always)]
    fn state(&self, place: u32) -> (KeyId, u32) {
        let key = self.stack.key(place);
        let state = self.index.get(key).map_or(state::GONE, |(_, state)| state);
        (key, state)
    }

    #[inline(always)]
    fn size(&self, place: u32) -> u64 {
        self.stack.data(place).into()
    }

    /// Drops all that lies in S below the lowest LIR key.
    #[inline(always)]
    fn prune(&mut self) {
        while let Some(place) = self.stack.back(STACK) {
            let (key, state) = self.state(place);
            if state == state::LIR || self.stack.front(STACK) == Some(place) {
                return;
            }
            if state == state::GONE {
                self.order.leave(place);
                self.forget(key, place);
            } else {
                self.stack_bytes -= self.size(place);
                self.stack.move_front(OFF_STACK, place);
                self.index.set(key, place, state::HIR_OFF_STACK);
            }
        }
    }

    /// Takes a key that is in S and in no other queue out of the books.
    #[inline(always)]
    fn forget(&mut self, key: KeyId, place: u32) {
        self.stack_bytes -= self.size(place);
        self.index.take(key);
        self.stack.remove(place);
    }

    /// Turns the LIR key at the bottom of S into a HIR key in Q; false if there is none.
    #[inline(always)]
    fn demote(&mut self) -> bool {
        self.prune();
        let Some(place) = self.stack.back(STACK) else {
            return false;
        };
        let (key, state) = self.state(place);
        if state != state::LIR {
            return false;
        }
        let size = self.size(place);
        self.lir_bytes -= size;
        self.hir_bytes += size;
        self.stack_bytes -= size;
        self.stack.move_front(OFF_STACK, place);
        self.order.enter(QUEUE, place);
        self.index.set(key, place, state::HIR_OFF_STACK);
        self.prune();
        true
    }

    /// Demotes LIR keys until one more of so many bytes fits.
    #[inline(always)]
    fn make_room_for_lir(&mut self, size: u64) {
        while self.lir_bytes + size > self.lir_limit && self.demote() {}
    }

    /// Evicts the key at the back of Q, which stays known if it is in S.
    #[inline(always)]
    fn evict_hir(&mut self) -> Option<KeyId> {
        let place = self.order.back(QUEUE)?;
        let (key, state) = self.state(place);
        self.order.leave(place);
        self.hir_bytes -= self.size(place);
        self.len -= 1;
        if state == state::HIR {
            self.order.enter(DEPARTED, place);
            self.index.set(key, place, state::GONE);
        } else {
            self.index.take(key);
            self.stack.remove(place);
        }
        Some(key)
    }

    /// Forgets keys that have left until S is no larger than it may be.
    #[inline(always)]
    fn limit_stack(&mut self) {
        while self.stack_bytes > STACK_LIMIT * self.room.capacity()
            && let Some(place) = self.order.back(DEPARTED)
        {
            self.order.leave(place);
            self.forget(self.stack.key(place), place);
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
            self.stack.move_front(STACK, place);
            self.make_room_for_lir(self.size(place));
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
            stack: Queues::new(setup.capacity.saturating_mul(2)),
            order: Queues::new(setup.capacity.saturating_mul(2)),
            lir_bytes: 0,
            hir_bytes: 0,
            stack_bytes: 0,
            lir_limit: 0,
            hir_limit: 0,
            room: Room::new(setup.capacity),
            returning: None,
            len: 0,
        };
        new.divide();
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
                self.stack.move_front(STACK, place);
                self.prune();
            }
            state::HIR => {
                let size = self.size(place);
                self.stack.move_front(STACK, place);
                self.order.leave(place);
                self.hir_bytes -= size;
                self.make_room_for_lir(size);
                self.lir_bytes += size;
                self.index.set(key, place, state::LIR);
            }
            state::HIR_OFF_STACK => {
                self.order.leave(place);
                self.order.enter(QUEUE, place);
                self.stack.move_front(STACK, place);
                self.stack_bytes += self.size(place);
                self.index.set(key, place, state::HIR);
                self.limit_stack();
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
        if let Some((place, _)) = self.index.get(key) {
            self.order.leave(place);
            self.stack_bytes = self.stack_bytes - self.size(place) + bytes;
            *self.stack.data_mut(place) = size;
            self.lir_bytes += bytes;
            self.index.set(key, place, state::LIR);
        } else {
            let place = self.stack.push_front(STACK, key, size);
            self.stack_bytes += bytes;
            if self.lir_bytes + bytes <= self.lir_limit {
                self.lir_bytes += bytes;
                self.index.set(key, place, state::LIR);
            } else {
                self.hir_bytes += bytes;
                self.order.enter(QUEUE, place);
                self.index.set(key, place, state::HIR);
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
        if self.order.back(QUEUE).is_none() {
            self.demote();
        }
        self.evict_hir()
    }

    #[inline(always)]
    fn overflow(&mut self) -> Option<KeyId> {
        if self.hir_bytes <= self.hir_limit || self.order.back(QUEUE) == self.order.front(QUEUE) {
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
        let size = self.size(place);
        match state {
            state::LIR => self.lir_bytes -= size,
            state::GONE => return false,
            _ => {
                self.hir_bytes -= size;
                self.order.leave(place);
            }
        }
        if state != state::HIR_OFF_STACK {
            self.stack_bytes -= size;
        }
        self.index.take(key);
        self.stack.remove(place);
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

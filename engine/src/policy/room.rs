//! How much a policy that divides its capacity may count on.
//!
//! A replay gives a policy all the capacity that it was made with. The store of a server does not: tables and the
//! server itself share the memory with the keys, and how much they take changes. But a store asks for room only when
//! what is resident and the incoming key do not both fit. So that much is more than there is, and less than a key
//! more; queues that are shares of the capacity are shares of this.

/// The capacity as far as it is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// What the policy was made with.
    bound: u64,
    capacity: u64,
}

impl Room {
    pub(super) fn new(capacity: u64) -> Self {
        Self {
            bound: capacity,
            capacity,
        }
    }

    pub(super) fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Notes that the store cannot hold `wanted`, resident and incoming keys together. Whether that was news.
    #[inline(always)]
    pub(super) fn lacks(&mut self, wanted: u64) -> bool {
        self.learn(wanted.min(self.bound))
    }

    /// Notes that the store holds `resident`. Whether that was news.
    #[inline(always)]
    pub(super) fn holds(&mut self, resident: u64) -> bool {
        resident > self.capacity && self.learn(resident.min(self.bound))
    }

    #[inline(always)]
    fn learn(&mut self, capacity: u64) -> bool {
        let news = capacity != self.capacity;
        self.capacity = capacity;
        news
    }

    /// A share of the capacity, rounded down but never less than one: a cache of few objects has queues for them too.
    pub(super) fn share(&self, of_one: f64) -> u64 {
        ((self.capacity as f64 * of_one) as u64).max(1)
    }
}

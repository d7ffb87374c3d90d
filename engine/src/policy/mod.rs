//! Eviction policies: which key goes when memory is full.
//!
//! A policy keeps the order of the resident keys and nothing else: it knows no bytes in use, no TTL, no cluster.
//! The store above it decides *that* something must go, the policy *what*. One policy is one file; the
//! [registry](REGISTRY) is the only list of them.

mod index;
mod lru;
mod random;
mod replay;

pub use lru::Lru;
pub use random::Random;
pub use replay::{Limit, Replay};

use crate::units::Micros;

/// Number of a key within one store. Keys are numbered densely from 0, so that state per key is an array.
pub type KeyId = u32;

/// One request as a policy sees it.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    /// Which key.
    pub key: KeyId,
    /// Bytes that the entry takes or would take; 1 where capacity counts objects.
    pub size: u32,
    /// When, in simulated time.
    pub now: Micros,
}

/// What a policy may know when it is made.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Capacity in the unit of [`Access::size`].
    pub capacity: u64,
    /// Upper bound of the key numbers to expect. Larger ones are accepted and cost a reallocation.
    pub keys: u32,
    /// Seed for policies that draw lots.
    pub seed: u64,
}

/// The order in which resident keys leave.
///
/// A key is *resident* from `insert` until `evict` returns it or `remove` takes it. The store calls, for a read:
/// `touch`; if that is false and the value is then stored: `evict` as often as room is needed, then `insert`.
/// Implementations never allocate per request beyond the amortised growth of their arrays.
pub trait Policy {
    /// A policy that holds nothing.
    fn new(setup: Setup) -> Self
    where
        Self: Sized;

    /// Whether the key is resident; if it is, this counts as a use of it. When a write changes the size of a
    /// resident entry, `access` carries the new one.
    fn touch(&mut self, access: Access) -> bool;

    /// Makes a key resident. It is not resident before; `touch` has just said so.
    fn insert(&mut self, access: Access);

    /// Chooses a resident key to go, removes it from the order and returns it; `None` when no key may go, because
    /// none is resident or the policy protects those that are. The store then refuses `incoming`, the access
    /// that needs the room, which some policies take into account.
    fn evict(&mut self, incoming: Access) -> Option<KeyId>;

    /// Removes a key that was deleted or has expired; false if it is not resident.
    fn remove(&mut self, key: KeyId) -> bool;

    /// Whether the key is resident; not a use of it.
    fn contains(&self, key: KeyId) -> bool;

    /// Number of resident keys.
    fn len(&self) -> usize;

    /// Reads what a request for the key will look at first, so that it lies in the processor's cache when the request
    /// comes. The number depends on what was read, lest the read be optimised away, and means nothing.
    fn look_ahead(&self, _key: KeyId) -> u32 {
        0
    }

    /// Whether nothing is resident.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A policy as the registry lists it.
pub struct Entry {
    /// Its name in scenarios and on the command line.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    build: fn(Setup) -> Box<dyn Policy + Send>,
    replay: fn(Limit, Setup) -> Box<dyn Replay + Send>,
}

impl Entry {
    const fn of<P: Policy + Send + 'static>(
        name: &'static str,
        label: &'static str,
        summary: &'static str,
    ) -> Self {
        Self {
            name,
            label,
            summary,
            build: |setup| Box::new(P::new(setup)),
            replay: |limit, setup| replay::boxed::<P>(limit, setup),
        }
    }

    /// An empty policy for a store of the cluster simulation.
    pub fn build(&self, setup: Setup) -> Box<dyn Policy + Send> {
        (self.build)(setup)
    }

    /// An empty cache of this policy alone, to replay a trace through at full speed.
    pub fn replay(&self, limit: Limit, setup: Setup) -> Box<dyn Replay + Send> {
        (self.replay)(limit, setup)
    }
}

/// Every policy there is.
pub static REGISTRY: &[Entry] = &[
    Entry::of::<Lru>(
        "lru",
        "LRU",
        "evicts the key that was not used for the longest time",
    ),
    Entry::of::<Random>("random", "Random", "evicts a key drawn at random"),
];

/// The registry's entry of this name.
pub fn find(name: &str) -> Option<&'static Entry> {
    REGISTRY.iter().find(|entry| entry.name == name)
}

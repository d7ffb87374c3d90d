//! Eviction policies: which key goes when memory is full.
//!
//! A policy keeps the order of the resident keys and nothing else: it knows no bytes in use, no TTL, no cluster.
//! The store above it decides *that* something must go, the policy *what*. One policy is one file; the
//! [registry](REGISTRY) is the only list of them. The feature `library` brings those beyond the servers' own, to
//! compare with; the browser's worker goes without them, because everyone who opens the app downloads it, except the one
//! that is built for benches.

#[cfg(feature = "library")]
mod arc;
#[cfg(feature = "library")]
mod belady;
#[cfg(feature = "library")]
mod clock;
#[cfg(feature = "library")]
mod counts;
#[cfg(feature = "library")]
mod fifo;
#[cfg(feature = "library")]
mod gdsf;
#[cfg(feature = "library")]
mod heap;
#[cfg(feature = "library")]
mod hyperbolic;
#[cfg_attr(
    not(feature = "library"),
    allow(dead_code, reason = "the library uses all of it")
)]
mod index;
#[cfg(feature = "library")]
mod lfu;
#[cfg(feature = "library")]
mod lirs;
mod lru;
#[cfg_attr(
    not(feature = "library"),
    allow(dead_code, reason = "the library uses all of it")
)]
mod queue;
mod random;
mod replay;
#[cfg(feature = "library")]
mod room;
#[cfg(feature = "library")]
mod s3_fifo;
#[cfg(feature = "library")]
mod sieve;
#[cfg(feature = "library")]
mod slru;
#[cfg(feature = "library")]
mod two_q;
#[cfg(feature = "library")]
mod w_tiny_lfu;

#[cfg(feature = "library")]
pub use arc::Arc;
#[cfg(feature = "library")]
pub use belady::Belady;
#[cfg(feature = "library")]
pub use clock::Clock;
#[cfg(feature = "library")]
pub use fifo::Fifo;
#[cfg(feature = "library")]
pub use gdsf::Gdsf;
#[cfg(feature = "library")]
pub use hyperbolic::Hyperbolic;
#[cfg(feature = "library")]
pub use lfu::Lfu;
#[cfg(feature = "library")]
pub use lirs::Lirs;
pub use lru::Lru;
pub use random::Random;
pub use replay::{Limit, Replay, next_requests};
#[cfg(feature = "library")]
pub use s3_fifo::S3Fifo;
#[cfg(feature = "library")]
pub use sieve::Sieve;
#[cfg(feature = "library")]
pub use slru::Slru;
#[cfg(feature = "library")]
pub use two_q::TwoQ;
#[cfg(feature = "library")]
pub use w_tiny_lfu::WTinyLfu;

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
    /// Number of the next request for the same key; [`NEVER`] if there is none, or where the future is not known.
    pub next: u64,
}

/// [`Access::next`] of a key that is not asked for again.
pub const NEVER: u64 = u64::MAX;

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
/// `touch`; if that is false and the value is then stored: `admits`, `evict` as often as room is needed, then `insert`.
/// After a `touch` that was true and after `insert`, it calls `overflow` until that is `None`. `touch` may be called
/// more than once for the same miss, so a policy learns from a miss when the value is about to be stored.
///
/// What an entry takes does not change while it is resident: a store removes and inserts one whose size changes.
/// Implementations never allocate per request beyond the amortised growth of their arrays.
pub trait Policy {
    /// A policy that holds nothing.
    fn new(setup: Setup) -> Self
    where
        Self: Sized;

    /// Whether the policy can only choose well if [`Access::next`] tells the future.
    fn needs_future() -> bool
    where
        Self: Sized,
    {
        false
    }

    /// Whether the key is resident; if it is, this counts as a use of it.
    fn touch(&mut self, access: Access) -> bool;

    /// Whether the policy has a place for an entry of this size. One that is inserted all the same is resident like
    /// any other.
    fn admits(&self, _access: Access) -> bool {
        true
    }

    /// Makes a key resident. It is not resident before; `touch` has just said so.
    fn insert(&mut self, access: Access);

    /// Chooses a resident key to go, removes it from the order and returns it; `None` when no key may go, because
    /// none is resident or the policy prefers those that are. The store then refuses `incoming`, the access that
    /// needs the room, which some policies take into account.
    fn evict(&mut self, incoming: Access) -> Option<KeyId>;

    /// Chooses a resident key to go because a part of the cache holds more than the policy allots to it, removes it
    /// from the order and returns it; `None` when every part is within its bounds. A key that is not asked for here
    /// stays resident.
    fn overflow(&mut self) -> Option<KeyId> {
        None
    }

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
    kind: Kind,
}

impl Entry {
    /// Whether it must be told the future, so that only a recorded trace can be replayed through it.
    pub fn needs_future(&self) -> bool {
        self.kind.needs_future()
    }

    /// An empty policy for a store of the cluster simulation.
    pub fn build(&self, setup: Setup) -> Box<dyn Policy + Send> {
        self.kind.build(setup)
    }

    /// An empty cache of this policy alone, to replay a trace through at full speed.
    pub fn replay(&self, limit: Limit, setup: Setup) -> Box<dyn Replay + Send> {
        self.kind.replay(limit, setup)
    }
}

/// Lists the policies once, for those who read about them and for those who make them. The two are kept apart: a
/// program that only shows names, as the app's page is, then does not carry the policies themselves.
macro_rules! registry {
    ($($(#[$when:meta])* $kind:ident: $name:literal, $label:literal, $summary:literal;)*) => {
        #[derive(Clone, Copy)]
        enum Kind {
            $($(#[$when])* $kind,)*
        }

        impl Kind {
            fn build(self, setup: Setup) -> Box<dyn Policy + Send> {
                match self {
                    $($(#[$when])* Self::$kind => Box::new($kind::new(setup)),)*
                }
            }

            fn replay(self, limit: Limit, setup: Setup) -> Box<dyn Replay + Send> {
                match self {
                    $($(#[$when])* Self::$kind => replay::cache_of::<$kind>(limit, setup),)*
                }
            }

            fn needs_future(self) -> bool {
                match self {
                    $($(#[$when])* Self::$kind => $kind::needs_future(),)*
                }
            }
        }

        /// Every policy there is, the well-known ones first.
        pub static REGISTRY: &[Entry] = &[
            $($(#[$when])* Entry { name: $name, label: $label, summary: $summary, kind: Kind::$kind },)*
        ];
    };
}

registry! {
    Lru: "lru", "LRU", "evicts the key that was not used for the longest time";
    #[cfg(feature = "library")]
    Fifo: "fifo", "FIFO", "evicts the key that was stored the longest time ago";
    #[cfg(feature = "library")]
    Clock: "clock", "CLOCK",
        "evicts the oldest key, except that a key used since it was last looked at stays for another round";
    #[cfg(feature = "library")]
    Sieve: "sieve", "SIEVE",
        "sifts out keys that were not used since a hand last passed them; used keys stay where they are";
    #[cfg(feature = "library")]
    S3Fifo: "s3-fifo", "S3-FIFO", "tries new keys in a small queue and keeps those used again in a large one";
    #[cfg(feature = "library")]
    Slru: "slru", "SLRU", "LRU in four segments: each use lifts a key to the next";
    #[cfg(feature = "library")]
    TwoQ: "2q", "2Q", "FIFO for new keys, LRU for those asked for again soon after they left";
    #[cfg(feature = "library")]
    Arc: "arc", "ARC", "balances recent against frequent keys, learning from those evicted too early";
    #[cfg(feature = "library")]
    Lirs: "lirs", "LIRS", "keeps keys whose last two uses lie close together";
    #[cfg(feature = "library")]
    Lfu: "lfu", "LFU", "evicts the key used least often since it was stored";
    #[cfg(feature = "library")]
    WTinyLfu: "w-tinylfu", "W-TinyLFU",
        "admits a new key only if it was asked for more often lately than the one it replaces";
    #[cfg(feature = "library")]
    Gdsf: "gdsf", "GDSF", "evicts the key with the fewest uses per byte, aged; prefers small values";
    #[cfg(feature = "library")]
    Hyperbolic: "hyperbolic", "Hyperbolic",
        "evicts the key used at the lowest rate since it was stored, among 64 drawn at random";
    Random: "random", "Random", "evicts a key drawn at random";
    #[cfg(feature = "library")]
    Belady: "belady", "Belady's optimum",
        "evicts the key that is needed again last; only for a recorded trace, whose future is known";
}

/// The registry's entry of this name.
pub fn find(name: &str) -> Option<&'static Entry> {
    REGISTRY.iter().find(|entry| entry.name == name)
}

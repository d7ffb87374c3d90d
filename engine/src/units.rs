//! Named units. A bare number crosses no border of a module: it is bytes, microseconds, a rate or money.

use serde::{Deserialize, Serialize};

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident($inner:ty) $(derive $derived:ident)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, $($derived,)* Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl From<$inner> for $name {
            fn from(value: $inner) -> Self {
                Self(value)
            }
        }
    };
}

unit! {
    /// A number of bytes.
    Bytes(u64) derive Eq derive Ord derive Hash
}
unit! {
    /// Simulated time or a span of it, in microseconds.
    Micros(u64) derive Eq derive Ord derive Hash
}
unit! {
    /// A number of whole seconds.
    Seconds(u64) derive Eq derive Ord derive Hash
}
unit! {
    /// Events per second.
    PerSecond(f64)
}
unit! {
    /// A part of a whole, from 0 to 1.
    Share(f64)
}
unit! {
    /// United States dollars.
    Usd(f64)
}

impl Bytes {
    /// So many kibibytes (1,024 bytes).
    pub const fn kib(n: u64) -> Self {
        Self(n << 10)
    }
    /// So many mebibytes (1,024 KiB).
    pub const fn mib(n: u64) -> Self {
        Self(n << 20)
    }
    /// So many gibibytes (1,024 MiB).
    pub const fn gib(n: u64) -> Self {
        Self(n << 30)
    }
}

impl Micros {
    /// The span in seconds.
    pub fn as_secs(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl Seconds {
    /// The same span in microseconds; saturates after half a million years.
    pub const fn micros(self) -> Micros {
        Micros(self.0.saturating_mul(1_000_000))
    }
}

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

/// The number that digits with at most one point write, such as `0.1752`; `None` when the text is anything else.
///
/// Up to 15 digits it is the same number as that of `str::parse`; later digits count as zeros. The standard library's
/// way takes any length and brings 10 KB of powers of ten along, which every visitor of the app would download.
pub fn decimal(text: &str) -> Option<f64> {
    /// Beyond it another digit might not fit into 53 bits.
    const FULL: u64 = 100_000_000_000_000;
    /// 10 to this power is the largest that an `f64` holds exactly.
    const EXACT: u32 = 22;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (mut value, mut zeros, mut places) = (0u64, 0, 0);
    for (digit, below) in whole
        .bytes()
        .map(|b| (b, false))
        .chain(fraction.bytes().map(|b| (b, true)))
    {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        if value < FULL {
            value = value * 10 + u64::from(digit);
            places += u32::from(below);
        } else {
            zeros += u32::from(!below);
        }
    }
    let power = |exponent: u32| (0..exponent).fold(1.0, |power, _| power * 10.0);
    match (zeros, places) {
        (0, places) if places <= EXACT => Some(value as f64 / power(places)),
        (zeros, 0) if zeros <= EXACT => Some(value as f64 * power(zeros)),
        _ => Some(0.0).filter(|_| value == 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_read_as_the_standard_library_reads_them() {
        for text in [
            "0",
            "1",
            "0.1752",
            "3.75",
            "12.5",
            "6224640",
            "0.0000001",
            ".5",
            "7.",
            "123456789.012345",
            "00.10",
        ] {
            let expected: f64 = text.parse().unwrap();
            assert_eq!(
                decimal(text).map(f64::to_bits),
                Some(expected.to_bits()),
                "{text}"
            );
        }
        for text in ["", ".", "1e3", "-1", "1,0", "1.2.3", "inf", " 1"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }
}

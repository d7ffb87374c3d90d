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
    /// The whole ones in so many microseconds; none in less than 0, at most 2^63 - 1.
    ///
    /// By way of a signed number: processors convert those from and to floating point in one instruction, others in six
    /// to thirteen.
    pub(crate) fn whole(microseconds: f64) -> Self {
        Self((microseconds as i64).max(0) as u64)
    }

    /// The span, below 2^63, in microseconds; by the same way.
    pub(crate) fn as_micros(self) -> f64 {
        self.0 as i64 as f64
    }

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

/// The number between two others that is nearest to this one; the lower of them for NaN.
///
/// Unlike [`f64::clamp`] it never panics, for which that brings along the formatting of its message.
#[allow(clippy::manual_clamp, reason = "see above")]
pub fn within(value: f64, low: f64, high: f64) -> f64 {
    value.max(low).min(high)
}

/// A number with so many decimals, rounded half up; fewer where the number has no such digits, and `m.mmmen` from 10^18
/// on.
///
/// The standard library's formatting of floating-point numbers is exact for all of them and takes twelve kilobytes of
/// code, which every page load would pay for.
pub fn decimals(value: f64, places: u32) -> String {
    const MOST: f64 = 1e18;
    if value.is_nan() {
        return "NaN".into();
    }
    let sign = if value < 0.0 { "-" } else { "" };
    if value.is_infinite() {
        return format!("{sign}inf");
    }
    let power = |exponent: u32| (0..exponent).fold(1.0, |power, _| power * 10.0);
    let size = value.abs();
    if size >= MOST {
        let mut exponent = 0;
        let mut left = size;
        while left >= 10.0 {
            left /= 10.0;
            exponent += 1;
        }
        return format!("{sign}{}e{exponent}", decimals(left, 3));
    }
    let mut places = places;
    while places > 0 && size * power(places) >= MOST {
        places -= 1;
    }
    let scaled = libm::floor(size * power(places) + 0.5) as u64;
    let sign = if scaled == 0 { "" } else { sign };
    let places = places as usize;
    let digits = format!("{scaled:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_standard_library_writes_them() {
        for value in [0.0, 0.125, 1.5, 9.996, 0.004, 123_456.789, 1e8, 0.1 + 0.2, 7e-9] {
            for places in [0, 1, 3, 9] {
                assert_eq!(
                    decimals(value, places),
                    format!("{value:.0$}", places as usize),
                    "{value} {places}"
                );
            }
        }
        assert_eq!(decimals(1e15, 9), "1000000000000000.00");
        assert_eq!(decimals(-2.345, 1), "-2.3");
        assert_eq!(decimals(-0.01, 1), "0.0");
        assert_eq!(decimals(1.5, 0), "2");
        assert_eq!(decimals(6.02e23, 2), "6.020e23");
        assert_eq!(decimals(f64::NAN, 2), "NaN");
        assert_eq!(decimals(f64::NEG_INFINITY, 2), "-inf");
    }

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

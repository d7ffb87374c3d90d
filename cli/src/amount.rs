//! Capacities as people write them: `5000`, `64MiB`, `1.5GB`, `0.1%`.

use std::str::FromStr;

/// A capacity, absolute or as a part of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    /// So many objects or bytes.
    Number(u64),
    /// So many bytes, written with a unit.
    Bytes(u64),
    /// A part of all objects or bytes.
    Percent(Decimal),
}

/// A decimal number without sign: `digits` / 10^`places`. Exact, so that 10 % of 30 is 3 and not 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    digits: u128,
    places: u32,
}

/// Units of bytes: decimal ones as by SI, binary ones as by IEC 80000-13.
const UNITS: [(&str, u64); 10] = [
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("", 1),
];

impl Amount {
    /// The amount where all there is comes to `whole`; rounded down.
    pub(crate) fn of(&self, whole: u64) -> u64 {
        match self {
            Self::Number(n) | Self::Bytes(n) => *n,
            Self::Percent(percent) => percent.times(whole, 100).unwrap_or(u64::MAX),
        }
    }
}

impl Decimal {
    /// `self * factor / divisor`, rounded down; `None` if it exceeds 64 bits.
    fn times(&self, factor: u64, divisor: u128) -> Option<u64> {
        let scale = 10_u128.checked_pow(self.places)?.checked_mul(divisor)?;
        let product = self.digits.checked_mul(factor.into())?;
        u64::try_from(product / scale).ok()
    }
}

impl FromStr for Decimal {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = format!("{whole}{fraction}");
        let plain =
            !digits.is_empty() && digits.len() <= 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
        match digits.parse() {
            Ok(digits) if plain => Ok(Self {
                digits,
                places: fraction.len() as u32,
            }),
            _ => Err(()),
        }
    }
}

impl FromStr for Amount {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected a number such as 5000, 64MiB or 10%";
        let text = text.trim();
        if let Some(number) = text.strip_suffix('%') {
            return number.trim().parse().map(Self::Percent).map_err(|()| EXPECTED);
        }
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let unit = unit.trim().to_ascii_lowercase();
        let number: Decimal = number.parse().map_err(|()| EXPECTED)?;
        let (_, bytes) = UNITS.iter().find(|known| known.0 == unit).ok_or(EXPECTED)?;
        if unit.is_empty() && number.places > 0 {
            return Err(EXPECTED);
        }
        let n = number.times(*bytes, 1).ok_or("larger than any memory")?;
        Ok(if unit.is_empty() {
            Self::Number(n)
        } else {
            Self::Bytes(n)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, whole: u64) -> u64 {
        let amount: Result<Amount, _> = text.parse();
        amount.map_or_else(|error| panic!("{text}: {error}"), |amount| amount.of(whole))
    }

    #[test]
    fn numbers_units_and_percentages() {
        assert_eq!(of("5000", 9), 5_000);
        assert_eq!(of("64MiB", 9), 64 << 20);
        assert_eq!(of("1.5 GB", 9), 1_500_000_000);
        assert_eq!(of("7kb", 9), 7_000);
        assert_eq!(of("10%", 30), 3);
        assert_eq!(of("0.1%", 48_974), 48);
        assert_eq!(of("100%", u64::MAX), u64::MAX);
        assert_eq!(of("400%", u64::MAX), u64::MAX);
        assert_eq!("5000".parse(), Ok(Amount::Number(5_000)));
        assert_eq!("5000B".parse(), Ok(Amount::Bytes(5_000)));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "",
            "%",
            ".",
            "-1",
            "1.5",
            "5 objects",
            "1e3",
            "10%%",
            "999999999999TiB",
            "1.2.3",
            "0x10",
        ] {
            assert!(text.parse::<Amount>().is_err(), "{text}");
        }
    }
}

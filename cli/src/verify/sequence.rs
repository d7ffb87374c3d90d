//! The known sequences that servers were given: `README.md` of the recordings, section "The generator".

use cacheplan_engine::random::{mix64, unit_f64};
use serde::Deserialize;

/// Marks of the hash that decides a key's size ("SIZE"), whether it has a TTL ("TTLP") and which ("TTLV").
const SIZE: u64 = 0x5349_5A45 << 32;
const HAS_TTL: u64 = 0x5454_4C50 << 32;
const TTL: u64 = 0x5454_4C56 << 32;

/// SplitMix64.
struct SplitMix(u64);

impl SplitMix {
    fn bits(&mut self) -> u64 {
        let bits = mix64(self.0);
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        bits
    }
}

/// Zipf's law over the keys 0..n, the first being the hottest; shared by all rows with the same exponent.
pub(crate) struct Zipf {
    cumulative: Vec<f64>,
    /// Where to begin the search, by the upper bits of the uniform number.
    first: Vec<u32>,
}

/// Parts of the unit interval in which a search begins near its end.
const PARTS: usize = 1 << 14;

impl Zipf {
    /// The law with this exponent.
    pub(crate) fn new(keys: u32, alpha: f64) -> Self {
        let mut sum = 0.0;
        let cumulative: Vec<f64> = (1..=keys)
            .map(|rank| {
                sum += 1.0 / f64::from(rank).powf(alpha);
                sum
            })
            .collect();
        let first = (0..=PARTS)
            .map(|part| cumulative.partition_point(|c| *c <= part as f64 / PARTS as f64 * sum) as u32)
            .collect();
        Self { cumulative, first }
    }

    /// Number of keys.
    pub(crate) fn keys(&self) -> u32 {
        self.cumulative.len() as u32
    }

    /// The smallest key whose cumulated weight exceeds this part of all weight.
    fn key(&self, unit: f64) -> u32 {
        let total = self.cumulative.last().copied().unwrap_or(0.0);
        let target = unit * total;
        let part = (unit * PARTS as f64) as usize;
        let bound = |part: usize| self.first.get(part).copied().unwrap_or(0) as usize;
        // The bounds of a part were rounded as the target is, so the key lies between them; one more to either side
        // makes that certain.
        let low = bound(part).saturating_sub(1);
        let high = (bound(part + 1) + 1).min(self.cumulative.len());
        let inside = self.cumulative.get(low..high).unwrap_or(&[]);
        let key = low + inside.partition_point(|c| *c <= target);
        (key as u32).min(self.keys().saturating_sub(1))
    }
}

/// A shift of popularity: from request `at` on, every key is `by` further (modulo the number of keys).
#[derive(Clone, Copy, Default)]
pub(crate) struct Shift {
    /// First request that is shifted.
    pub(crate) at: u64,
    /// Keys to shift by; 0 for none.
    pub(crate) by: u64,
}

/// The keys of a run's requests in their order, without end.
pub(crate) struct Requests<'a> {
    zipf: &'a Zipf,
    random: SplitMix,
    shift: Shift,
    number: u64,
}

impl<'a> Requests<'a> {
    /// The sequence of this seed.
    pub(crate) fn new(zipf: &'a Zipf, seed: u64, shift: Shift) -> Self {
        Self {
            zipf,
            random: SplitMix(seed),
            shift,
            number: 0,
        }
    }
}

impl Iterator for Requests<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let rank = self.zipf.key(unit_f64(self.random.bits()));
        let shifted = self.shift.by != 0 && self.number >= self.shift.at;
        self.number += 1;
        Some(if shifted {
            ((u64::from(rank) + self.shift.by) % u64::from(self.zipf.keys().max(1))) as u32
        } else {
            rank
        })
    }
}

/// What a recorded run asked for, as its row tells.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Sequence {
    pub(crate) alpha: f64,
    pub(crate) nkeys: u32,
    pub(crate) nreqs: u64,
    pub(crate) seed: u64,
    pub(crate) value_size: String,
    pub(crate) ttl: String,
    pub(crate) batch: usize,
    #[serde(default)]
    pub(crate) shift_at: u64,
    #[serde(default)]
    pub(crate) shift_by: u64,
}

impl Sequence {
    /// The keys of its requests. `zipf` is the law that it names.
    pub(crate) fn requests<'a>(&self, zipf: &'a Zipf) -> Requests<'a> {
        let shift = Shift {
            at: self.shift_at,
            by: self.shift_by,
        };
        Requests::new(zipf, self.seed, shift)
    }
}

/// Sizes of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueSize {
    /// All alike.
    Fixed(u32),
    /// One of seven, by key.
    Mixed7,
}

impl ValueSize {
    /// Reads `fixed:N` or `mixed7`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("fixed:") {
            Some(bytes) => bytes.parse().ok().map(Self::Fixed),
            None => (text == "mixed7").then_some(Self::Mixed7),
        }
    }

    /// Bytes of a key's value.
    pub(crate) fn of(self, key: u32) -> u32 {
        const MIXED7: [u32; 7] = [32, 64, 100, 200, 500, 1_000, 4_000];
        match self {
            Self::Fixed(bytes) => bytes,
            Self::Mixed7 => {
                let drawn = mix64(u64::from(key) ^ SIZE) % MIXED7.len() as u64;
                MIXED7.get(drawn as usize).copied().unwrap_or(0)
            }
        }
    }
}

/// TTLs that values are stored with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ttl {
    /// None.
    None,
    /// Half of the keys: hours.
    Half,
    /// All keys: hours.
    All,
    /// Uniform between two bounds, milliseconds.
    Uniform(u64, u64),
    /// All alike, milliseconds.
    Fixed(u64),
    /// A time of day, Unix seconds.
    At(u64),
}

impl Ttl {
    /// Reads `none`, `half`, `all`, `pxu:LO:HI`, `ex:N` or `exat:T`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let kind = parts.next()?;
        let mut number = || parts.next()?.parse::<u64>().ok();
        match kind {
            "none" => Some(Self::None),
            "half" => Some(Self::Half),
            "all" => Some(Self::All),
            "pxu" => {
                let (low, high) = (number()?, number()?);
                (low <= high).then_some(Self::Uniform(low, high))
            }
            "ex" => Some(Self::Fixed(number()?.saturating_mul(1_000))),
            "exat" => number().map(Self::At),
            _ => None,
        }
    }

    /// Milliseconds that a key lives from when it is stored; none without TTL, or when it is not the key that decides.
    pub(crate) fn of(self, key: u32) -> Option<u64> {
        let long = || (3_600 + mix64(u64::from(key) ^ TTL) % 86_400) * 1_000;
        match self {
            Self::None | Self::At(_) => None,
            Self::Half => (mix64(u64::from(key) ^ HAS_TTL) & 1 == 1).then(long),
            Self::All => Some(long()),
            Self::Uniform(low, high) => Some(low + mix64(u64::from(key) ^ TTL) % (high - low + 1)),
            Self::Fixed(ms) => Some(ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    fn fingerprint(keys: impl Iterator<Item = u32>) -> (u64, u64) {
        keys.fold((0xCBF2_9CE4_8422_2325, 0), |(hash, sum), key| {
            let hash = key.to_le_bytes().iter().fold(hash, |hash: u64, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
            });
            (hash, sum + u64::from(key))
        })
    }

    #[test]
    fn the_first_keys_are_those_of_the_test_vectors() {
        let zipf = Zipf::new(100_000, 0.7);
        let first: Vec<u32> = Requests::new(&zipf, 1, Shift::default()).take(5).collect();
        assert_eq!(first, [16_083, 38_754, 90_895, 7_459, 7_454]);
        let shift = Shift { at: 2, by: 50_000 };
        let shifted: Vec<u32> = Requests::new(&zipf, 1, shift).take(4).collect();
        assert_eq!(shifted, [16_083, 38_754, 40_895, 57_459]);
        let sizes: Vec<u32> = (0..6).map(|key| ValueSize::Mixed7.of(key)).collect();
        assert_eq!(sizes, [100, 100, 32, 1_000, 200, 4_000]);
        let half: Vec<_> = (0..5).map(|key| Ttl::Half.of(key)).collect();
        assert_eq!(half, [Some(23_649_000), None, None, None, Some(86_850_000)]);
        let uniform: Vec<_> = (0..3).map(|key| Ttl::Uniform(1_000, 60_000).of(key)).collect();
        assert_eq!(uniform, [Some(38_767), Some(2_889), Some(56_889)]);
    }

    #[test]
    fn specifications_are_read() {
        assert_eq!(ValueSize::parse("fixed:100"), Some(ValueSize::Fixed(100)));
        assert_eq!(ValueSize::parse("fixed:x"), None);
        assert_eq!(Ttl::parse("pxu:1000:60000"), Some(Ttl::Uniform(1_000, 60_000)));
        assert_eq!(Ttl::parse("ex:10"), Some(Ttl::Fixed(10_000)));
        assert_eq!(Ttl::parse("exat:17"), Some(Ttl::At(17)));
        assert_eq!(
            [Ttl::parse("pxu:9:1"), Ttl::parse("pxu:9"), Ttl::parse("")],
            [None; 3]
        );
    }

    #[test]
    fn whole_streams_match_their_fingerprints() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/truth/testvectors.json");
        let Ok(text) = fs::read_to_string(&path) else {
            eprintln!("skipped: {} is not there", path.display());
            return;
        };
        let vectors: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        for stream in vectors["streams"].as_array().expect("streams") {
            let number = |name: &str| stream[name].as_u64().expect(name);
            let alpha = stream["alpha"].as_f64().expect("alpha");
            let zipf = Zipf::new(number("nkeys") as u32, alpha);
            let requests = Requests::new(&zipf, number("seed"), Shift::default());
            let (hash, sum) = fingerprint(requests.take(number("reqs") as usize));
            assert_eq!(
                (format!("{hash:#018x}").as_str(), sum),
                (
                    stream["fnv1a64_ids_u32le"].as_str().expect("hash"),
                    number("sum_ids")
                ),
            );
        }
    }
}

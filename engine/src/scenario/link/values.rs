//! The laws of key classes as both forms of links hold them. New variants come last; `s1.` knows the first two.

use super::code::Code;
use crate::scenario::{Popularity, Rate, RatePoint, SizeShare, Ttl, ValueSize};
use crate::units::{Bytes, PerSecond, Seconds, Share};

/// How unevenly requests fall, of the first so many laws.
pub(super) fn popularity(code: &mut Code<'_>, value: &mut Popularity, known: usize) {
    let kind = match value {
        Popularity::Zipf { .. } => 0,
        Popularity::Uniform => 1,
        Popularity::HotSet { .. } => 2,
        Popularity::Latest { .. } => 3,
        Popularity::Scan => 4,
    };
    let kind = code.one_of(kind, known);
    if code.reads() {
        let (exponent, keys, traffic) = (0.0, Share(0.0), Share(0.0));
        *value = match kind {
            0 => Popularity::Zipf { exponent },
            1 => Popularity::Uniform,
            2 => Popularity::HotSet { keys, traffic },
            3 => Popularity::Latest { exponent },
            _ => Popularity::Scan,
        };
    }
    match value {
        Popularity::Zipf { exponent } | Popularity::Latest { exponent } => code.f64(exponent),
        Popularity::HotSet { keys, traffic } => {
            code.f64(&mut keys.0);
            code.f64(&mut traffic.0);
        }
        Popularity::Uniform | Popularity::Scan => {}
    }
}

/// Sizes, of the first so many laws.
pub(super) fn value_size(code: &mut Code<'_>, value: &mut ValueSize, known: usize) {
    let kind = match value {
        ValueSize::Fixed { .. } => 0,
        ValueSize::Lognormal { .. } => 1,
        ValueSize::Choice { .. } => 2,
    };
    let kind = code.one_of(kind, known);
    if code.reads() {
        let (bytes, median_bytes) = (Bytes(0), Bytes(0));
        *value = match kind {
            0 => ValueSize::Fixed { bytes },
            1 => ValueSize::Lognormal {
                median_bytes,
                sigma: 0.0,
            },
            _ => ValueSize::Choice { sizes: Vec::new() },
        };
    }
    match value {
        ValueSize::Fixed { bytes } => code.u64(&mut bytes.0),
        ValueSize::Lognormal { median_bytes, sigma } => {
            code.u64(&mut median_bytes.0);
            code.f64(sigma);
        }
        ValueSize::Choice { sizes } => {
            let mut pairs = sizes.iter().map(|size| (size.bytes.0, size.share.0)).collect();
            code.list(&mut pairs, |code, (bytes, share)| {
                code.u64(bytes);
                code.f64(share);
            });
            let sizes_of = |(bytes, share): (u64, f64)| SizeShare {
                bytes: Bytes(bytes),
                share: Share(share),
            };
            *sizes = pairs.into_iter().map(sizes_of).collect();
        }
    }
}

/// Requests over time, of the first so many laws.
pub(super) fn rate(code: &mut Code<'_>, value: &mut Rate, known: usize) {
    let kind = match value {
        Rate::Constant { .. } => 0,
        Rate::Diurnal { .. } => 1,
        Rate::Ramp { .. } => 2,
        Rate::Curve { .. } => 3,
    };
    let kind = code.one_of(kind, known);
    if code.reads() {
        let (zero, start) = (PerSecond(0.0), Seconds(0));
        *value = match kind {
            0 => Rate::Constant { per_s: zero },
            1 => Rate::Diurnal {
                mean_per_s: zero,
                peak_to_mean: 0.0,
                peak_hour: 0.0,
            },
            2 => Rate::Ramp {
                from_per_s: zero,
                to_per_s: zero,
                start_s: start,
                duration_s: start,
            },
            _ => Rate::Curve { points: Vec::new() },
        };
    }
    match value {
        Rate::Constant { per_s } => code.f64(&mut per_s.0),
        Rate::Diurnal {
            mean_per_s,
            peak_to_mean,
            peak_hour,
        } => {
            code.f64(&mut mean_per_s.0);
            code.f64(peak_to_mean);
            code.f64(peak_hour);
        }
        Rate::Ramp {
            from_per_s,
            to_per_s,
            start_s,
            duration_s,
        } => {
            code.f64(&mut from_per_s.0);
            code.f64(&mut to_per_s.0);
            code.u64(&mut start_s.0);
            code.u64(&mut duration_s.0);
        }
        Rate::Curve { points } => {
            let mut pairs = points.iter().map(|point| (point.at_s.0, point.per_s.0)).collect();
            code.list(&mut pairs, |code, (at, per_s)| {
                code.u64(at);
                code.f64(per_s);
            });
            let point = |(at, per_s): (u64, f64)| RatePoint {
                at_s: Seconds(at),
                per_s: PerSecond(per_s),
            };
            *points = pairs.into_iter().map(point).collect();
        }
    }
}

/// How long values stay valid.
pub(super) fn ttl(code: &mut Code<'_>, value: &mut Ttl) {
    let kind = code.one_of(usize::from(*value != Ttl::None), 2);
    if code.reads() {
        *value = match kind {
            0 => Ttl::None,
            _ => Ttl::Fixed {
                seconds: Seconds(0),
                jitter: Share(0.0),
            },
        };
    }
    if let Ttl::Fixed { seconds, jitter } = value {
        code.u64(&mut seconds.0);
        code.f64(&mut jitter.0);
    }
}

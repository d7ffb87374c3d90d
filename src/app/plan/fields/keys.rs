//! What is asked for: keys, their popularity and the sizes of their values.

use super::{Choice, Field, Number, Slider, change_class, class, options};
use crate::app::quantity::Unit;
use cacheplan_engine::scenario::{Popularity, ValueSize, limits};
use cacheplan_engine::units::Bytes;

/// What is asked for.
pub const KEYS: &[Field] = &[
    Field::Number(Number {
        path: "workload.classes[].keys",
        label: "Keys",
        hint: "Number of distinct keys",
        unit: Unit::Count,
        limit: limits::KEYS,
        whole: true,
        slider: Slider::Log(1_000.0, 1e9),
        get: |s, at| class(s, at).map(|c| c.keys as f64),
        set: |s, at, value| change_class(s, at, |c| c.keys = value as u64),
    }),
    Field::Choice(Choice {
        path: "workload.classes[].popularity",
        label: "Popularity",
        hint: "How unevenly requests fall on the keys",
        options: |_| options(&[("zipf", "Zipf, skewed"), ("uniform", "Uniform")]),
        get: |s, at| {
            class(s, at).map(|c| match c.popularity {
                Popularity::Zipf { .. } => "zipf".into(),
                Popularity::Uniform => "uniform".into(),
            })
        },
        set: |s, at, value| {
            change_class(s, at, |c| {
                c.popularity = match value {
                    "uniform" => Popularity::Uniform,
                    _ => Popularity::Zipf { exponent: 0.9 },
                };
            });
        },
    }),
    Field::Number(Number {
        path: "workload.classes[].popularity.exponent",
        label: "Zipf exponent",
        hint: "0 is uniform; web and key-value workloads lie between 0.6 and 1.2",
        unit: Unit::Number,
        limit: limits::ZIPF_EXPONENT,
        whole: false,
        slider: Slider::Linear(0.0, 2.0, 0.01),
        get: |s, at| match class(s, at)?.popularity {
            Popularity::Zipf { exponent } => Some(exponent),
            Popularity::Uniform => None,
        },
        set: |s, at, value| {
            change_class(s, at, |c| {
                if let Popularity::Zipf { exponent } = &mut c.popularity {
                    *exponent = value;
                }
            });
        },
    }),
    Field::Choice(Choice {
        path: "workload.classes[].value_size",
        label: "Value sizes",
        hint: "Whether all values are of one size or vary",
        options: |_| options(&[("fixed", "All alike"), ("lognormal", "Lognormal")]),
        get: |s, at| {
            class(s, at).map(|c| match c.value_size {
                ValueSize::Fixed { .. } => "fixed".into(),
                ValueSize::Lognormal { .. } => "lognormal".into(),
            })
        },
        set: |s, at, value| {
            change_class(s, at, |c| {
                let middle = match c.value_size {
                    ValueSize::Fixed { bytes } => bytes,
                    ValueSize::Lognormal { median_bytes, .. } => median_bytes,
                };
                c.value_size = if value == "lognormal" {
                    ValueSize::Lognormal {
                        median_bytes: Bytes(middle.0.min(16 << 20)),
                        sigma: 1.0,
                    }
                } else {
                    ValueSize::Fixed { bytes: middle }
                };
            });
        },
    }),
    Field::Number(Number {
        path: "workload.classes[].value_size.bytes",
        label: "Value size",
        hint: "Size of every value",
        unit: Unit::Bytes,
        limit: limits::VALUE_BYTES,
        whole: true,
        slider: Slider::Log(10.0, 1e6),
        get: |s, at| match class(s, at)?.value_size {
            ValueSize::Fixed { bytes } => Some(bytes.0 as f64),
            ValueSize::Lognormal { .. } => None,
        },
        set: |s, at, value| {
            change_class(s, at, |c| {
                if let ValueSize::Fixed { bytes } = &mut c.value_size {
                    *bytes = Bytes(value as u64);
                }
            });
        },
    }),
    Field::Number(Number {
        path: "workload.classes[].value_size.median_bytes",
        label: "Median value",
        hint: "Half of the values are smaller",
        unit: Unit::Bytes,
        limit: limits::MEDIAN_BYTES,
        whole: true,
        slider: Slider::Log(10.0, 1e6),
        get: |s, at| match class(s, at)?.value_size {
            ValueSize::Lognormal { median_bytes, .. } => Some(median_bytes.0 as f64),
            ValueSize::Fixed { .. } => None,
        },
        set: |s, at, value| {
            change_class(s, at, |c| {
                if let ValueSize::Lognormal { median_bytes, .. } = &mut c.value_size {
                    *median_bytes = Bytes(value as u64);
                }
            });
        },
    }),
    Field::Number(Number {
        path: "workload.classes[].value_size.sigma",
        label: "Spread",
        hint: "Standard deviation of the logarithm of the size; 1 puts 95 % within a factor of 7",
        unit: Unit::Number,
        limit: limits::SIGMA,
        whole: false,
        slider: Slider::Linear(0.0, 3.0, 0.05),
        get: |s, at| match class(s, at)?.value_size {
            ValueSize::Lognormal { sigma, .. } => Some(sigma),
            ValueSize::Fixed { .. } => None,
        },
        set: |s, at, value| {
            change_class(s, at, |c| {
                if let ValueSize::Lognormal { sigma, .. } = &mut c.value_size {
                    *sigma = value;
                }
            });
        },
    }),
    Field::Number(Number {
        path: "workload.classes[].key_bytes",
        label: "Key length",
        hint: "Bytes of a key's name",
        unit: Unit::Bytes,
        limit: limits::KEY_BYTES,
        whole: true,
        slider: Slider::Log(1.0, 1_024.0),
        get: |s, at| class(s, at).map(|c| f64::from(c.key_bytes)),
        set: |s, at, value| change_class(s, at, |c| c.key_bytes = value as u32),
    }),
];

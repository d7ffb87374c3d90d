//! What is asked for: keys, their popularity and the sizes of their values.

use super::{Choice, Field, LIST_LENGTH, Number, Slider, Text, change_class, class, list, options, pairs};
use crate::app::quantity::Unit;
use cacheplan_engine::scenario::limits::{self, Limit};
use cacheplan_engine::scenario::{Popularity, SizeShare, ValueSize};
use cacheplan_engine::units::{Bytes, Share};

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
        options: |_| {
            options(&[
                ("zipf", "Zipf, skewed"),
                ("uniform", "Uniform"),
                ("hot_set", "Hot set"),
                ("latest", "Newest first"),
                ("scan", "In turn, a scan"),
            ])
        },
        get: |s, at| {
            let name = match class(s, at)?.popularity {
                Popularity::Zipf { .. } => "zipf",
                Popularity::Uniform => "uniform",
                Popularity::HotSet { .. } => "hot_set",
                Popularity::Latest { .. } => "latest",
                Popularity::Scan => "scan",
            };
            Some(name.into())
        },
        set: |s, at, value| {
            change_class(s, at, |c| {
                c.popularity = match value {
                    "uniform" => Popularity::Uniform,
                    "hot_set" => Popularity::HotSet {
                        keys: Share(0.2),
                        traffic: Share(0.8),
                    },
                    "latest" => Popularity::Latest { exponent: 0.9 },
                    "scan" => Popularity::Scan,
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
            Popularity::Zipf { exponent } | Popularity::Latest { exponent } => Some(exponent),
            _ => None,
        },
        set: |s, at, value| {
            change_class(s, at, |c| {
                if let Popularity::Zipf { exponent } | Popularity::Latest { exponent } = &mut c.popularity {
                    *exponent = value;
                }
            });
        },
    }),
    Field::Number(Number {
        path: "workload.classes[].popularity.keys",
        label: "Hot keys",
        hint: "Part of the keys that are hot",
        unit: Unit::Percent,
        limit: limits::HOT_KEYS,
        whole: false,
        slider: Slider::Linear(0.0, 1.0, 0.01),
        get: |s, at| match class(s, at)?.popularity {
            Popularity::HotSet { keys, .. } => Some(keys.0),
            _ => None,
        },
        set: |s, at, value| {
            change_class(s, at, |c| {
                if let Popularity::HotSet { keys, .. } = &mut c.popularity {
                    *keys = Share(value);
                }
            });
        },
    }),
    Field::Number(Number {
        path: "workload.classes[].popularity.traffic",
        label: "Hot traffic",
        hint: "Part of the requests that go to the hot keys",
        unit: Unit::Percent,
        limit: limits::HOT_TRAFFIC,
        whole: false,
        slider: Slider::Linear(0.0, 1.0, 0.01),
        get: |s, at| match class(s, at)?.popularity {
            Popularity::HotSet { traffic, .. } => Some(traffic.0),
            _ => None,
        },
        set: |s, at, value| {
            change_class(s, at, |c| {
                if let Popularity::HotSet { traffic, .. } = &mut c.popularity {
                    *traffic = Share(value);
                }
            });
        },
    }),
    Field::Number(Number {
        path: "workload.classes[].absent",
        label: "Absent keys",
        hint: "Part of the keys, and about of the requests, that the database does not have",
        unit: Unit::Percent,
        limit: limits::SHARE,
        whole: false,
        slider: Slider::Linear(0.0, 1.0, 0.01),
        get: |s, at| class(s, at).map(|c| c.absent.0),
        set: |s, at, value| change_class(s, at, |c| c.absent = Share(value)),
    }),
    Field::Number(Number {
        path: "workload.classes[].churn_per_day",
        label: "New keys a day",
        hint: "Keys replaced by new ones each day, as a part of all; 200 % replaces each twice",
        unit: Unit::Percent,
        limit: limits::CHURN_PER_DAY,
        whole: false,
        slider: Slider::Linear(0.0, 2.0, 0.01),
        get: |s, at| class(s, at).map(|c| c.churn_per_day),
        set: |s, at, value| change_class(s, at, |c| c.churn_per_day = value),
    }),
    Field::Number(Number {
        path: "workload.classes[].drift_per_day",
        label: "Drift a day",
        hint: "Keys that change places in popularity with others each day, as a part of all",
        unit: Unit::Percent,
        limit: limits::DRIFT_PER_DAY,
        whole: false,
        slider: Slider::Linear(0.0, 2.0, 0.01),
        get: |s, at| class(s, at).map(|c| c.drift_per_day),
        set: |s, at, value| change_class(s, at, |c| c.drift_per_day = value),
    }),
    Field::Choice(Choice {
        path: "workload.classes[].value_size",
        label: "Value sizes",
        hint: "Whether all values are of one size or vary",
        options: |_| {
            options(&[
                ("fixed", "All alike"),
                ("lognormal", "Lognormal"),
                ("choice", "A list"),
            ])
        },
        get: |s, at| {
            let name = match class(s, at)?.value_size {
                ValueSize::Fixed { .. } => "fixed",
                ValueSize::Lognormal { .. } => "lognormal",
                ValueSize::Choice { .. } => "choice",
            };
            Some(name.into())
        },
        set: |s, at, value| {
            change_class(s, at, |c| {
                let middle = match c.value_size {
                    ValueSize::Lognormal { median_bytes, .. } => median_bytes,
                    _ => Bytes(c.value_size.mean() as u64),
                };
                c.value_size = match value {
                    "lognormal" => ValueSize::Lognormal {
                        median_bytes: Bytes(middle.0.min(16 << 20)),
                        sigma: 1.0,
                    },
                    "choice" => ValueSize::Choice {
                        sizes: vec![SizeShare {
                            bytes: middle,
                            share: Share(1.0),
                        }],
                    },
                    _ => ValueSize::Fixed { bytes: middle },
                };
            });
        },
    }),
    Field::Text(Text {
        path: "workload.classes[].value_size.sizes",
        label: "Sizes",
        hint: "Sizes and the share of the values that have them, such as 200 B: 75 %; 4 KB: 25 %",
        longest: LIST_LENGTH,
        get: |s, at| match &class(s, at)?.value_size {
            ValueSize::Choice { sizes } => Some(list(
                sizes.iter().map(|size| (size.bytes.0 as f64, size.share.0)),
                SIZES,
            )),
            _ => None,
        },
        set: |s, at, text| {
            change_class(s, at, |c| {
                if let (ValueSize::Choice { sizes }, Some(pairs)) = (&mut c.value_size, pairs(text, SIZES)) {
                    let size = |(bytes, share)| SizeShare {
                        bytes: Bytes(bytes as u64),
                        share: Share(share),
                    };
                    *sizes = pairs.into_iter().map(size).collect();
                }
            });
        },
        check: |text| {
            pairs(text, SIZES)
                .is_none()
                .then_some("Write it like 200 B: 75 %; 4 KB: 25 %")
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
            _ => None,
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
            _ => None,
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
            _ => None,
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
    Field::Number(Number {
        path: "workload.classes[].hash_tags",
        label: "Hash tags",
        hint: "The keys of a tag share a slot and so a shard; 0 gives every key a slot of its own",
        unit: Unit::Count,
        limit: Limit {
            min: 0.0,
            ..limits::HASH_TAGS
        },
        whole: true,
        slider: Slider::Linear(0.0, 16_384.0, 64.0),
        get: |s, at| class(s, at).map(|c| f64::from(c.hash_tags.unwrap_or(0))),
        set: |s, at, value| change_class(s, at, |c| c.hash_tags = (value >= 1.0).then_some(value as u32)),
    }),
];

/// Units of a size and its share.
const SIZES: (Unit, Unit) = (Unit::Bytes, Unit::Percent);

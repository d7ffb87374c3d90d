//! How much is asked for: the traffic of a key class.

use super::{Choice, Field, Number, Slider, Text, change_class, class, options};
use crate::app::quantity::Unit;
use cacheplan_engine::scenario::{Rate, limits};
use cacheplan_engine::units::{PerSecond, Share};

/// How much is asked for.
pub const TRAFFIC: &[Field] = &[
    Field::Text(Text {
        path: "workload.classes[].name",
        label: "Name",
        hint: "What the keys of this class hold",
        longest: limits::CLASS_NAME_LENGTH,
        get: |s, at| class(s, at).map(|c| c.name.clone()),
        set: |s, at, text| change_class(s, at, |c| c.name = text.into()),
        check: |text| text.trim().is_empty().then_some("A class needs a name"),
    }),
    Field::Number(Number {
        path: "workload.classes[].rate.per_s|workload.classes[].rate.mean_per_s",
        label: "Requests",
        hint: "Reads and writes a second; with a daily rhythm, their mean over the day",
        unit: Unit::PerSecond,
        limit: limits::RATE_PER_S,
        whole: false,
        slider: Slider::Log(10.0, 10_000_000.0),
        get: |s, at| {
            class(s, at).map(|c| match c.rate {
                Rate::Constant { per_s } => per_s.0,
                Rate::Diurnal { mean_per_s, .. } => mean_per_s.0,
            })
        },
        set: |s, at, value| {
            change_class(s, at, |c| match &mut c.rate {
                Rate::Constant { per_s } => *per_s = PerSecond(value),
                Rate::Diurnal { mean_per_s, .. } => *mean_per_s = PerSecond(value),
            });
        },
    }),
    Field::Choice(Choice {
        path: "workload.classes[].rate",
        label: "Rhythm",
        hint: "Whether the rate stays the same or follows the day as a sine",
        options: |_| options(&[("constant", "Constant"), ("diurnal", "Daily")]),
        get: |s, at| {
            class(s, at).map(|c| match c.rate {
                Rate::Constant { .. } => "constant".into(),
                Rate::Diurnal { .. } => "diurnal".into(),
            })
        },
        set: |s, at, value| {
            change_class(s, at, |c| {
                let mean = match c.rate {
                    Rate::Constant { per_s } => per_s,
                    Rate::Diurnal { mean_per_s, .. } => mean_per_s,
                };
                c.rate = if value == "diurnal" {
                    Rate::Diurnal {
                        mean_per_s: mean,
                        peak_to_mean: 1.5,
                        peak_hour: 20.0,
                    }
                } else {
                    Rate::Constant { per_s: mean }
                };
            });
        },
    }),
    Field::Number(Number {
        path: "workload.classes[].rate.peak_to_mean",
        label: "Peak to mean",
        hint: "Highest rate of the day divided by its mean",
        unit: Unit::Number,
        limit: limits::PEAK_TO_MEAN,
        whole: false,
        slider: Slider::Linear(1.0, 2.0, 0.05),
        get: |s, at| match class(s, at)?.rate {
            Rate::Diurnal { peak_to_mean, .. } => Some(peak_to_mean),
            Rate::Constant { .. } => None,
        },
        set: |s, at, value| {
            change_class(s, at, |c| {
                if let Rate::Diurnal { peak_to_mean, .. } = &mut c.rate {
                    *peak_to_mean = value;
                }
            });
        },
    }),
    Field::Number(Number {
        path: "workload.classes[].rate.peak_hour",
        label: "Peak at",
        hint: "Time of day of the highest rate",
        unit: Unit::Hour,
        limit: limits::PEAK_HOUR,
        whole: false,
        slider: Slider::Linear(0.0, 24.0, 0.5),
        get: |s, at| match class(s, at)?.rate {
            Rate::Diurnal { peak_hour, .. } => Some(peak_hour),
            Rate::Constant { .. } => None,
        },
        set: |s, at, value| {
            change_class(s, at, |c| {
                if let Rate::Diurnal { peak_hour, .. } = &mut c.rate {
                    *peak_hour = value;
                }
            });
        },
    }),
    Field::Number(Number {
        path: "workload.classes[].writes",
        label: "Writes",
        hint: "Part of the requests that write; the rest read",
        unit: Unit::Percent,
        limit: limits::WRITES,
        whole: false,
        slider: Slider::Linear(0.0, 1.0, 0.01),
        get: |s, at| class(s, at).map(|c| c.writes.0),
        set: |s, at, value| change_class(s, at, |c| c.writes = Share(value)),
    }),
];

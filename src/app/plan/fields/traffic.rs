//! How much is asked for: the traffic of a key class.

use super::{Choice, Field, LIST_LENGTH, Number, Slider, Text, change_class, class, list, options, pairs};
use crate::app::quantity::Unit;
use cacheplan_engine::scenario::limits::{self, Limit};
use cacheplan_engine::scenario::{Follow, Rate, RatePoint, Scenario, Workload};
use cacheplan_engine::units::{PerSecond, Seconds, Share};

/// How much is asked for.
pub const TRAFFIC: &[Field] = &[
    Field::Text(Text {
        path: "workload.classes[].name",
        label: "Name",
        hint: "What the keys of this class hold",
        longest: limits::CLASS_NAME_LENGTH,
        get: |s, at| class(s, at).map(|c| c.name.clone()),
        set: rename,
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
        get: |s, at| match class(s, at)?.rate {
            Rate::Constant { per_s: rate } | Rate::Diurnal { mean_per_s: rate, .. } => Some(rate.0),
            _ => None,
        },
        set: |s, at, value| {
            change_class(s, at, |c| {
                if let Rate::Constant { per_s: rate } | Rate::Diurnal { mean_per_s: rate, .. } = &mut c.rate {
                    *rate = PerSecond(value);
                }
            });
        },
    }),
    Field::Choice(Choice {
        path: "workload.classes[].rate",
        label: "Rhythm",
        hint: "How the rate changes over time",
        options: |_| {
            options(&[
                ("constant", "Constant"),
                ("diurnal", "Daily, a sine"),
                ("ramp", "A ramp"),
                ("curve", "A curve through points"),
            ])
        },
        get: |s, at| {
            let name = match class(s, at)?.rate {
                Rate::Constant { .. } => "constant",
                Rate::Diurnal { .. } => "diurnal",
                Rate::Ramp { .. } => "ramp",
                Rate::Curve { .. } => "curve",
            };
            Some(name.into())
        },
        set: |s, at, value| {
            let seconds = s.run.duration_s.0;
            change_class(s, at, |c| {
                let mean = PerSecond(limits::RATE_PER_S.clamp(c.rate.mean(seconds as f64)));
                c.rate = match value {
                    "diurnal" => Rate::Diurnal {
                        mean_per_s: mean,
                        peak_to_mean: 1.5,
                        peak_hour: 20.0,
                    },
                    "ramp" => Rate::Ramp {
                        from_per_s: mean,
                        to_per_s: PerSecond(limits::CURVE_PER_S.clamp(mean.0 * 2.0)),
                        start_s: Seconds(seconds / 2),
                        duration_s: Seconds(seconds / 8),
                    },
                    "curve" => Rate::Curve {
                        points: vec![RatePoint {
                            at_s: Seconds(0),
                            per_s: mean,
                        }],
                    },
                    _ => Rate::Constant { per_s: mean },
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
            _ => None,
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
            _ => None,
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
        path: "workload.classes[].rate.from_per_s",
        label: "From",
        hint: "Requests a second before the ramp",
        unit: Unit::PerSecond,
        limit: limits::CURVE_PER_S,
        whole: false,
        slider: Slider::Log(10.0, 10_000_000.0),
        get: |s, at| match class(s, at)?.rate {
            Rate::Ramp { from_per_s, .. } => Some(from_per_s.0),
            _ => None,
        },
        set: |s, at, value| {
            change_class(s, at, |c| {
                if let Rate::Ramp { from_per_s, .. } = &mut c.rate {
                    *from_per_s = PerSecond(value);
                }
            });
        },
    }),
    Field::Number(Number {
        path: "workload.classes[].rate.to_per_s",
        label: "To",
        hint: "Requests a second after the ramp",
        unit: Unit::PerSecond,
        limit: limits::CURVE_PER_S,
        whole: false,
        slider: Slider::Log(10.0, 10_000_000.0),
        get: |s, at| match class(s, at)?.rate {
            Rate::Ramp { to_per_s, .. } => Some(to_per_s.0),
            _ => None,
        },
        set: |s, at, value| {
            change_class(s, at, |c| {
                if let Rate::Ramp { to_per_s, .. } = &mut c.rate {
                    *to_per_s = PerSecond(value);
                }
            });
        },
    }),
    Field::Number(Number {
        path: "workload.classes[].rate.start_s",
        label: "Starts",
        hint: "When the rate starts to change",
        unit: Unit::Seconds,
        limit: limits::CURVE_S,
        whole: true,
        slider: Slider::Log(1.0, 2_592_000.0),
        get: |s, at| match class(s, at)?.rate {
            Rate::Ramp { start_s, .. } => Some(start_s.0 as f64),
            _ => None,
        },
        set: |s, at, value| {
            change_class(s, at, |c| {
                if let Rate::Ramp { start_s, .. } = &mut c.rate {
                    *start_s = Seconds(value as u64);
                }
            });
        },
    }),
    Field::Number(Number {
        path: "workload.classes[].rate.duration_s",
        label: "Lasts",
        hint: "How long the rate changes; 0 is a step",
        unit: Unit::Seconds,
        limit: limits::CURVE_S,
        whole: true,
        slider: Slider::Log(1.0, 2_592_000.0),
        get: |s, at| match class(s, at)?.rate {
            Rate::Ramp { duration_s, .. } => Some(duration_s.0 as f64),
            _ => None,
        },
        set: |s, at, value| {
            change_class(s, at, |c| {
                if let Rate::Ramp { duration_s, .. } = &mut c.rate {
                    *duration_s = Seconds(value as u64);
                }
            });
        },
    }),
    Field::Text(Text {
        path: "workload.classes[].rate.points",
        label: "Points",
        hint: "Times since the start and rates, joined by straight lines, such as 0 s: 500/s; 2 h: 2 K/s",
        longest: LIST_LENGTH,
        get: |s, at| match &class(s, at)?.rate {
            Rate::Curve { points } => Some(list(
                points.iter().map(|point| (point.at_s.0 as f64, point.per_s.0)),
                POINTS,
            )),
            _ => None,
        },
        set: |s, at, text| {
            change_class(s, at, |c| {
                if let (Rate::Curve { points }, Some(pairs)) = (&mut c.rate, pairs(text, POINTS)) {
                    let point = |(at, per_s)| RatePoint {
                        at_s: Seconds(at as u64),
                        per_s: PerSecond(per_s),
                    };
                    *points = pairs.into_iter().map(point).collect();
                }
            });
        },
        check: |text| {
            pairs(text, POINTS)
                .is_none()
                .then_some("Write it like 0 s: 500/s; 2 h: 2 K/s")
        },
    }),
    Field::Number(Number {
        path: "workload.classes[].writes",
        label: "Writes",
        hint: "Part of the requests that write; what neither writes nor deletes reads",
        unit: Unit::Percent,
        limit: limits::WRITES,
        whole: false,
        slider: Slider::Linear(0.0, 1.0, 0.01),
        get: |s, at| class(s, at).map(|c| c.writes.0),
        set: |s, at, value| change_class(s, at, |c| c.writes = Share(value)),
    }),
    Field::Number(Number {
        path: "workload.classes[].deletes",
        label: "Deletes",
        hint: "Part of the requests that delete",
        unit: Unit::Percent,
        limit: limits::DELETES,
        whole: false,
        slider: Slider::Linear(0.0, 1.0, 0.01),
        get: |s, at| class(s, at).map(|c| c.deletes.0),
        set: |s, at, value| change_class(s, at, |c| c.deletes = Share(value)),
    }),
    Field::Number(Number {
        path: "workload.classes[].multi_get",
        label: "Keys per read",
        hint: "Keys that one read asks for, as MGET does",
        unit: Unit::Count,
        limit: limits::MULTI_GET,
        whole: true,
        slider: Slider::Linear(1.0, 100.0, 1.0),
        get: |s, at| class(s, at).map(|c| f64::from(c.multi_get)),
        set: |s, at, value| change_class(s, at, |c| c.multi_get = value as u32),
    }),
    Field::Number(Number {
        path: "workload.classes[].heavy.share",
        label: "Heavy reads",
        hint: "Part of the reads that are costly commands such as HGETALL",
        unit: Unit::Percent,
        limit: limits::HEAVY_SHARE,
        whole: false,
        slider: Slider::Linear(0.0, 1.0, 0.01),
        get: |s, at| class(s, at).map(|c| c.heavy.share.0),
        set: |s, at, value| change_class(s, at, |c| c.heavy.share = Share(value)),
    }),
    Field::Number(Number {
        path: "workload.classes[].heavy.cost",
        label: "Their cost",
        hint: "Time on the engine thread, as a multiple of a simple command’s",
        unit: Unit::Number,
        limit: limits::HEAVY_COST,
        whole: false,
        slider: Slider::Log(1.0, 10_000.0),
        get: |s, at| class(s, at).map(|c| c.heavy.cost),
        set: |s, at, value| change_class(s, at, |c| c.heavy.cost = value),
    }),
    Field::Choice(Choice {
        path: "workload.classes[].follows|workload.classes[].follows.class",
        label: "Follows",
        hint: "After reads of another class, reads of the same rank of this one come on top of its own requests",
        options: |s| {
            let mut all = options(&[("", "No other class")]);
            if let Workload::Synthetic { classes } = &s.workload {
                all.extend(classes.iter().map(|c| (c.name.clone(), c.name.clone())));
            }
            all
        },
        get: |s, at| class(s, at).map(|c| c.follows.as_ref().map_or(String::new(), |f| f.class.clone())),
        set: |s, at, value| {
            change_class(s, at, |c| {
                c.follows = (!value.is_empty()).then(|| Follow {
                    class: value.into(),
                    ..c.follows.take().unwrap_or_default()
                });
            });
        },
    }),
    Field::Number(Number {
        path: "workload.classes[].follows.probability",
        label: "Followed",
        hint: "Part of the reads that are followed",
        unit: Unit::Percent,
        limit: limits::FOLLOW_PROBABILITY,
        whole: false,
        slider: Slider::Linear(0.0, 1.0, 0.01),
        get: |s, at| class(s, at)?.follows.as_ref().map(|f| f.probability.0),
        set: |s, at, value| {
            change_class(s, at, |c| {
                if let Some(f) = &mut c.follows {
                    f.probability = Share(value);
                }
            });
        },
    }),
    Field::Number(Number {
        path: "workload.classes[].follows.delay_ms",
        label: "After",
        hint: "Mean time until the read that follows",
        unit: Unit::Micros,
        limit: FOLLOW_DELAY,
        whole: true,
        slider: Slider::Log(1e3, 6e7),
        get: |s, at| {
            class(s, at)?
                .follows
                .as_ref()
                .map(|f| f64::from(f.delay_ms) * 1e3)
        },
        set: |s, at, value| {
            change_class(s, at, |c| {
                if let Some(f) = &mut c.follows {
                    f.delay_ms = (value / 1e3).round() as u32;
                }
            });
        },
    }),
];

/// Units of a point of a curve.
const POINTS: (Unit, Unit) = (Unit::Seconds, Unit::PerSecond);

/// The bounds of the delay in microseconds.
const FOLLOW_DELAY: Limit = Limit {
    min: limits::FOLLOW_DELAY_MS.min * 1e3,
    max: limits::FOLLOW_DELAY_MS.max * 1e3,
    unit: "µs",
};

/// Classes that follow the one renamed keep following it.
fn rename(scenario: &mut Scenario, at: usize, name: &str) {
    let Workload::Synthetic { classes } = &mut scenario.workload else {
        return;
    };
    let before = match classes.get_mut(at) {
        Some(class) => core::mem::replace(&mut class.name, name.into()),
        None => return,
    };
    for follow in classes.iter_mut().filter_map(|class| class.follows.as_mut()) {
        if follow.class == before {
            follow.class = name.into();
        }
    }
}

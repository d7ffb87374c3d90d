//! How long a stored value stays valid: the TTL of a key class, or of the values of a trace.

use super::{Choice, Field, Number, Slider, options};
use crate::app::quantity::Unit;
use cacheplan_engine::scenario::{Scenario, Ttl, Workload, limits};
use cacheplan_engine::units::{Seconds, Share};

/// The TTL of the open class, or of a trace's values.
fn ttl(scenario: &Scenario, at: usize) -> Option<&Ttl> {
    match &scenario.workload {
        Workload::Synthetic { classes } => classes.get(at).map(|class| &class.ttl),
        Workload::Trace(trace) => Some(&trace.ttl),
    }
}

fn change_ttl(scenario: &mut Scenario, at: usize, change: impl FnOnce(&mut Ttl)) {
    match &mut scenario.workload {
        Workload::Synthetic { classes } => {
            if let Some(class) = classes.get_mut(at) {
                change(&mut class.ttl);
            }
        }
        Workload::Trace(trace) => change(&mut trace.ttl),
    }
}

/// How long a stored value stays valid.
pub const TIME_TO_LIVE: &[Field] = &[
    Field::Choice(Choice {
        path: "workload.classes[].ttl|workload.ttl",
        label: "Expiry",
        hint: "Whether a stored value runs out; in a trace, this holds for requests that carry no TTL",
        options: |_| {
            options(&[
                ("none", "Never"),
                ("fixed", "After a time"),
                ("sliding", "A time after the last read"),
            ])
        },
        get: |s, at| {
            ttl(s, at).map(|ttl| match ttl {
                Ttl::None => "none".into(),
                Ttl::Fixed { .. } => "fixed".into(),
                Ttl::Sliding { .. } => "sliding".into(),
            })
        },
        set: |s, at, value| {
            change_ttl(s, at, |ttl| {
                let seconds = ttl.seconds().unwrap_or(Seconds(3_600));
                *ttl = match value {
                    "fixed" => Ttl::Fixed {
                        seconds,
                        jitter: Share(0.1),
                    },
                    "sliding" => Ttl::Sliding { seconds },
                    _ => Ttl::None,
                };
            });
        },
    }),
    Field::Number(Number {
        path: "workload.classes[].ttl.seconds|workload.ttl.seconds",
        label: "TTL",
        hint: "Time from storing a value, or last reading it if it slides, to its expiry",
        unit: Unit::Seconds,
        limit: limits::TTL_S,
        whole: true,
        slider: Slider::Log(1.0, 2_592_000.0),
        get: |s, at| ttl(s, at)?.seconds().map(|seconds| seconds.0 as f64),
        set: |s, at, value| {
            change_ttl(s, at, |ttl| {
                if let Ttl::Fixed { seconds, .. } | Ttl::Sliding { seconds } = ttl {
                    *seconds = Seconds(value as u64);
                }
            });
        },
    }),
    Field::Number(Number {
        path: "workload.classes[].ttl.jitter|workload.ttl.jitter",
        label: "Jitter",
        hint: "Each TTL is drawn within this share above and below, so that values stored together do not expire together",
        unit: Unit::Percent,
        limit: limits::TTL_JITTER,
        whole: false,
        slider: Slider::Linear(0.0, 0.9, 0.01),
        get: |s, at| match ttl(s, at)? {
            Ttl::Fixed { jitter, .. } => Some(jitter.0),
            Ttl::None | Ttl::Sliding { .. } => None,
        },
        set: |s, at, value| {
            change_ttl(s, at, |ttl| {
                if let Ttl::Fixed { jitter, .. } = ttl {
                    *jitter = Share(value);
                }
            });
        },
    }),
];

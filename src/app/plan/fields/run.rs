//! How long and how finely to simulate, and how a trace is replayed.

use super::{Field, Number, Pick, Slider, Text};
use crate::app::quantity::Unit;
use cacheplan_engine::scenario::limits::{self, Limit};
use cacheplan_engine::scenario::{Scenario, TraceWorkload, Workload};
use cacheplan_engine::units::Seconds;

/// Less than the duration, whose bounds follow it.
const WARM_UP_S: Limit = Limit {
    min: 0.0,
    max: limits::DURATION_S.max - 1.0,
    unit: "s",
};
/// Digits of the largest seed.
const SEED_LENGTH: Limit = Limit {
    min: 1.0,
    max: 20.0,
    unit: "digits",
};

fn trace(scenario: &Scenario) -> Option<&TraceWorkload> {
    match &scenario.workload {
        Workload::Trace(trace) => Some(trace),
        Workload::Synthetic { .. } => None,
    }
}

fn change_trace(scenario: &mut Scenario, change: impl FnOnce(&mut TraceWorkload)) {
    if let Workload::Trace(trace) = &mut scenario.workload {
        change(trace);
    }
}

/// How a trace is replayed.
pub const TRACE: &[Field] = &[
    Field::Number(Number {
        path: "workload.speed",
        label: "Speed",
        hint: "2 replays an hour of the recording in half an hour of simulated time, at twice the rate",
        unit: Unit::Number,
        limit: limits::TRACE_SPEED,
        whole: false,
        slider: Slider::Log(0.01, 1_000.0),
        get: |s, _| trace(s).map(|t| t.speed),
        set: |s, _, value| change_trace(s, |t| t.speed = value),
    }),
    Field::Number(Number {
        path: "workload.key_bytes",
        label: "Key length",
        hint: "Bytes of a key's name where the trace does not tell",
        unit: Unit::Bytes,
        limit: limits::KEY_BYTES,
        whole: true,
        slider: Slider::Log(1.0, 1_024.0),
        get: |s, _| trace(s).map(|t| f64::from(t.key_bytes)),
        set: |s, _, value| change_trace(s, |t| t.key_bytes = value as u32),
    }),
];

/// How long and how finely to simulate.
pub const RUN: &[Field] = &[
    Field::Number(Number {
        path: "run.duration_s",
        label: "Duration",
        hint: "Simulated time; a trace ends earlier if it is shorter",
        unit: Unit::Seconds,
        limit: limits::DURATION_S,
        whole: true,
        slider: Slider::Log(60.0, 2_592_000.0),
        get: |s, _| Some(s.run.duration_s.0 as f64),
        set: |s, _, value| s.run.duration_s = Seconds(value as u64),
    }),
    Field::Number(Number {
        path: "run.warm_up_s",
        label: "Warm-up",
        hint: "Time at the start that the headline figures leave out, while the empty cache fills",
        unit: Unit::Seconds,
        limit: WARM_UP_S,
        whole: true,
        slider: Slider::Linear(0.0, 86_400.0, 900.0),
        get: |s, _| Some(s.run.warm_up_s.0 as f64),
        set: |s, _, value| {
            s.run.warm_up_s = Seconds((value as u64).min(s.run.duration_s.0.saturating_sub(1)));
        },
    }),
    Field::Number(Number {
        path: "run.request_budget",
        label: "Budget",
        hint: "Most requests to simulate one by one; beyond it one key stands for several",
        unit: Unit::Count,
        limit: limits::REQUEST_BUDGET,
        whole: true,
        slider: Slider::Log(10_000.0, 100_000_000.0),
        get: |s, _| Some(s.run.request_budget as f64),
        set: |s, _, value| s.run.request_budget = value as u64,
    }),
    Field::Pick(Pick {
        path: "run.warm_start",
        label: "At the start",
        hint: "Whether every key of the classes is in the cache at the start, as far as it fits",
        labels: &["The cache is empty", "The cache is warm"],
        get: |s, _| {
            let synthetic = matches!(s.workload, Workload::Synthetic { .. });
            synthetic.then_some(usize::from(s.run.warm_start))
        },
        set: |s, _, at| s.run.warm_start = at == 1,
    }),
    Field::Text(Text {
        path: "seed",
        label: "Seed",
        hint: "A whole number; the same seed gives the same numbers",
        longest: SEED_LENGTH,
        get: |s, _| Some(s.seed.to_string()),
        set: |s, _, text| {
            if let Ok(seed) = text.trim().parse() {
                s.seed = seed;
            }
        },
        check: |text| {
            let whole: Result<u64, _> = text.trim().parse();
            whole
                .is_err()
                .then_some("A seed is a whole number from 0 to 18,446,744,073,709,551,615")
        },
    }),
];

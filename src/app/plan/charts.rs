//! The figures over time.

use super::answer::Answer;
use super::fields::happening_name;
use crate::app::quantity::Unit;
use crate::app::ui::{memo, shown};
use crate::chart::{Axis, Data, Line, Mark, Range, Side, Spec, TimeChart};
use cacheplan_engine::report::{Event, Metric, Report};
use cacheplan_engine::scenario::Scenario;
use leptos::prelude::*;
use std::sync::Arc;

const fn line(label: &'static str, color: &'static str, side: Side) -> Line {
    Line {
        label,
        color,
        width: if matches!(side, Side::Left) { 2.0 } else { 1.5 },
        dashed: false,
        side,
    }
}

const fn axis(unit: Unit, range: Range) -> Axis {
    Axis { unit, range }
}

static LOAD: Spec = Spec {
    id: "hit-rate",
    title: "Hit rate and database load",
    height: 216.0,
    left: axis(Unit::Percent, Range::Near),
    right: Some(axis(Unit::PerSecond, Range::FromZero)),
    lines: &[
        line("hit rate", "--c1", Side::Left),
        line("database", "--c2", Side::Right),
    ],
};
static LOAD_METRICS: &[Metric] = &[Metric::HitRatio, Metric::DatabasePerS];

static MEMORY: Spec = Spec {
    id: "memory",
    title: "Memory and evictions",
    height: 176.0,
    left: axis(Unit::Percent, Range::Whole),
    right: Some(axis(Unit::PerSecond, Range::FromZero)),
    lines: &[
        line("used", "--c3", Side::Left),
        line("evictions", "--c4", Side::Right),
    ],
};
static MEMORY_METRICS: &[Metric] = &[Metric::MemoryShare, Metric::EvictionsPerS];

static LATENCY: Spec = Spec {
    id: "latency",
    title: "Latency",
    height: 176.0,
    left: axis(Unit::Micros, Range::Log),
    right: None,
    lines: &[line("p50", "--c1", Side::Left), line("p99", "--c2", Side::Left)],
};
static LATENCY_METRICS: &[Metric] = &[Metric::P50Us, Metric::P99Us];

static CPU: Spec = Spec {
    id: "cpu",
    title: "Engine CPU and requests",
    height: 176.0,
    left: axis(Unit::Percent, Range::Demand),
    right: Some(axis(Unit::PerSecond, Range::FromZero)),
    lines: &[
        line("CPU", "--c3", Side::Left),
        line("requests", "--c4", Side::Right),
    ],
};
static CPU_METRICS: &[Metric] = &[Metric::EngineCpu, Metric::RequestsPerS];

static TROUBLE: Spec = Spec {
    id: "trouble",
    title: "Failures, retries and stale reads",
    height: 176.0,
    left: axis(Unit::PerSecond, Range::FromZero),
    right: None,
    lines: &[
        line("failed", "--c2", Side::Left),
        line("retries", "--c4", Side::Left),
        line("stale", "--c1", Side::Left),
    ],
};
static TROUBLE_METRICS: &[Metric] = &[Metric::FailedPerS, Metric::RetriesPerS, Metric::StalePerS];

static ECPU: Spec = Spec {
    id: "ecpu",
    title: "ECPUs and throttled commands",
    height: 176.0,
    left: axis(Unit::PerSecond, Range::FromZero),
    right: None,
    lines: &[
        line("used", "--c3", Side::Left),
        line("capacity", "--c1", Side::Left),
        line("throttled", "--c2", Side::Left),
    ],
};
static ECPU_METRICS: &[Metric] = &[Metric::EcpuPerS, Metric::CapacityPerS, Metric::ThrottledPerS];

/// Part of the time axis from which on a mark has room for its label.
const LABEL_ROOM: f64 = 0.15;

/// The log of the run as marks, named where there is room.
fn marks(scenario: &Scenario, report: &Report, end: f64) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    let mut named = f64::NEG_INFINITY;
    for entry in &report.log {
        let at = entry.at.as_secs();
        let label = match entry.event {
            Event::Begins { happening } if at - named >= LABEL_ROOM * end => {
                named = at;
                scenario
                    .timeline
                    .get(usize::from(happening))
                    .map_or("", happening_name)
            }
            _ => "",
        };
        marks.push(Mark { at, label });
    }
    marks
}

/// The columns of a chart, with those of the baseline over the same intervals.
fn data(metrics: &[Metric], scenario: &Scenario, report: &Report, baseline: Option<&Report>) -> Data {
    let series = &report.series;
    let interval = series.interval.as_secs();
    let lines: Vec<Vec<f64>> = metrics
        .iter()
        .map(|metric| series.cluster(*metric).unwrap_or_default().to_vec())
        .collect();
    let length = series.len();
    let baseline = baseline.map_or_else(Vec::new, |baseline| {
        let step = baseline.series.interval.as_secs();
        metrics
            .iter()
            .map(|metric| {
                let column = baseline.series.cluster(*metric).unwrap_or_default();
                let at = |index: usize| {
                    let time = (index as f64 + 0.5) * interval;
                    column.get((time / step) as usize).copied().unwrap_or(f64::NAN)
                };
                (0..length).map(at).collect()
            })
            .collect()
    });
    // A run under way has recorded its beginning only; the axis shows what is to come.
    let recorded = length as f64 * interval;
    let end = if report.progress.0 >= 1.0 {
        recorded
    } else {
        recorded / report.progress.0.max(1e-3)
    };
    let warm_up = scenario.run.warm_up_s.0 as f64;
    let mut marks = marks(scenario, report, end);
    if let Some(since) = report.summary.memory.evicting_since
        && metrics.contains(&Metric::MemoryShare)
    {
        marks.push(Mark {
            at: since.as_secs(),
            label: "full",
        });
    }
    Data {
        interval: if interval > 0.0 { interval } else { 1.0 },
        end,
        warm_up,
        marks,
        lines,
        baseline,
    }
}

/// The charts, with the drawing of the cluster after the first.
#[component]
pub fn Charts(answer: Answer, children: Children) -> impl IntoView {
    let columns = |metrics: &'static [Metric]| {
        memo(move || {
            let Some(report) = answer.report.get() else {
                return Arc::default();
            };
            let baseline = answer.baseline.get();
            let baseline = baseline.as_ref().map(|baseline| baseline.report.as_ref());
            Arc::new(
                answer
                    .scenario
                    .with(|scenario| data(metrics, scenario, &report, baseline)),
            )
        })
    };
    let Answer { cursor, look, .. } = answer;
    let trouble = columns(TROUBLE_METRICS);
    let ecpu = columns(ECPU_METRICS);
    let has = |data: Memo<Arc<Data>>| {
        move || data.with(|data| data.lines.iter().flatten().any(|value| *value > 0.0))
    };
    view! {
        <TimeChart spec=&LOAD data=columns(LOAD_METRICS) cursor look class="figure full" />
        {children()}
        <TimeChart spec=&MEMORY data=columns(MEMORY_METRICS) cursor look />
        <TimeChart spec=&LATENCY data=columns(LATENCY_METRICS) cursor look />
        <TimeChart spec=&CPU data=columns(CPU_METRICS) cursor look />
        {shown(has(ecpu), move || view! {
            <TimeChart spec=&ECPU data=ecpu cursor look />
        })}
        {shown(has(trouble), move || view! {
            <TimeChart spec=&TROUBLE data=trouble cursor look />
        })}
    }
}

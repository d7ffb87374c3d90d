//! The cluster as a drawing: shards by zones, each node a vessel that memory fills and engine CPU colours.

use super::answer::Answer;
use crate::app::quantity::{clock, percent_level};
use crate::app::ui::resized;
use cacheplan_engine::report::{Metric, Report};
use leptos::html;
use leptos::prelude::*;

/// Up to so many shards each get a row with their replicas; more are drawn as a field of primaries.
const ROWS: usize = 12;
/// ElastiCache spreads the nodes of a shard over the zones it is given; three are usual.
const ZONES: usize = 3;
const LABEL_WIDTH: f64 = 92.0;
/// Narrower drawings leave the slots to the table.
const NARROW: f64 = 360.0;
const NARROW_LABEL_WIDTH: f64 = 56.0;
const ROW_HEIGHT: f64 = 44.0;
const NODE_HEIGHT: f64 = 36.0;
const HEAD_HEIGHT: f64 = 20.0;
const GAP: f64 = 8.0;

/// What decides where things are drawn.
#[derive(Clone, PartialEq)]
struct Shape {
    replicas: usize,
    width: f64,
    region: String,
    /// First and last slot of each shard.
    slots: Vec<(u16, u16)>,
}

/// Memory and engine CPU of a primary, 0 to 1.
#[derive(Clone, Copy, Default, PartialEq)]
struct Level {
    memory: f64,
    cpu: f64,
}

impl Level {
    /// Class of the CPU, which sets colour and hatching.
    fn heat(self) -> &'static str {
        match self.cpu {
            cpu if cpu >= 0.8 => "hot",
            cpu if cpu >= 0.5 => "warm",
            _ => "cool",
        }
    }
}

/// The levels at a time, else over the whole run: memory at its end, CPU in the mean.
fn levels(report: &Report, at: Option<f64>) -> Vec<Level> {
    let interval = report.series.interval.as_secs();
    let index = at.map(|at| (at / interval) as usize);
    let read = |metric: Metric, shard: usize| {
        let column = report.series.shard(metric, u16::try_from(shard).ok()?)?;
        column.get(index?).copied().filter(|value| value.is_finite())
    };
    let shards = report.shards.iter().enumerate();
    shards
        .map(|(number, shard)| Level {
            memory: read(Metric::MemoryShare, number)
                .unwrap_or_else(|| shard.used.0 as f64 / (shard.maxmemory.0 as f64).max(1.0)),
            cpu: read(Metric::EngineCpu, number).unwrap_or(shard.engine_cpu.0),
        })
        .collect()
}

/// The drawing, following the time cursor.
#[component]
pub fn ClusterDrawing(answer: Answer) -> impl IntoView {
    let host = NodeRef::<html::Div>::new();
    let width = RwSignal::new(0.0);
    Effect::new(move |_| {
        if let Some(host) = host.get() {
            resized(&host, move |now| width.set(now.floor()));
        }
    });
    let shape = Memo::new(move |_| {
        let report = answer.report.get()?;
        let width = width.get();
        (width > 0.0).then(|| {
            answer.scenario.with(|scenario| Shape {
                replicas: scenario.cluster.replicas as usize,
                width,
                region: scenario.prices.region.clone(),
                slots: report
                    .shards
                    .iter()
                    .map(|shard| (shard.first_slot, shard.last_slot))
                    .collect(),
            })
        })
    });
    let now = Memo::new(move |_| {
        let at = answer.cursor.get();
        answer
            .report
            .with(|report| report.as_ref().map_or_else(Vec::new, |report| levels(report, at)))
    });
    let title = move || match answer.cursor.get() {
        Some(at) => {
            let interval = answer.report.with(|report| {
                report
                    .as_ref()
                    .map_or(1.0, |report| report.series.interval.as_secs())
            });
            format!("Cluster at {}", clock((at / interval).floor() * interval))
        }
        None => "Cluster at the end".into(),
    };
    let said = move || {
        now.with(|levels| {
            let most = |of: fn(&Level) -> f64| levels.iter().map(of).fold(0.0, f64::max);
            format!(
                "{} shards; fullest {} % of memory, busiest {} % of its engine CPU",
                levels.len(),
                percent_level(most(|level| level.memory)),
                percent_level(most(|level| level.cpu))
            )
        })
    };
    view! {
        <figure class="figure" data-chart="cluster">
            <figcaption>
                <h3>{title}</h3>
                <span class="keys">
                    <span class="swatch cool">"CPU under 50 %"</span>
                    <span class="swatch warm">"to 80 %"</span>
                    <span class="swatch hot">"above"</span>
                </span>
            </figcaption>
            <div class="drawing" node_ref=host role="img" aria-label=said>
                {move || {
                    shape
                        .get()
                        .map(|shape| {
                            if shape.slots.len() <= ROWS {
                                view! { <Rows shape now /> }.into_any()
                            } else {
                                view! { <Field shape now /> }.into_any()
                            }
                        })
                }}
            </div>
        </figure>
    }
}

/// Lines over the fill of warm and hot nodes: the cue beside the colour.
#[component]
fn Hatches() -> impl IntoView {
    view! {
        <defs>
            <pattern id="hatch-warm" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                <path d="M0 0V8" class="hatch" />
            </pattern>
            <pattern id="hatch-hot" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                <path d="M0 0V4" class="hatch" />
            </pattern>
        </defs>
    }
}

/// One row a shard, one column a zone.
#[component]
fn Rows(shape: Shape, now: Memo<Vec<Level>>) -> impl IntoView {
    // Strokes stand half outside their shapes.
    let height = HEAD_HEIGHT + ROW_HEIGHT * shape.slots.len() as f64 - GAP + 1.0;
    let narrow = shape.width < NARROW;
    let label_width = if narrow { NARROW_LABEL_WIDTH } else { LABEL_WIDTH };
    let zone_width = (shape.width - 1.0 - label_width - GAP * (ZONES as f64 - 1.0)) / ZONES as f64;
    let left_of = move |zone: usize| label_width + zone as f64 * (zone_width + GAP);
    let heads = ["a", "b", "c"]
        .iter()
        .enumerate()
        .map(|(zone, letter)| {
            let name = if zone_width > 84.0 {
                shape.region.clone() + letter
            } else {
                format!("zone {letter}")
            };
            view! {
                <text x=left_of(zone) y="11" class="zone">
                    {name}
                </text>
            }
        })
        .collect_view();
    let rows = shape
        .slots
        .iter()
        .enumerate()
        .map(|(shard, (first, last))| {
            let top = HEAD_HEIGHT + ROW_HEIGHT * shard as f64;
            let mut seats = [0usize; ZONES];
            let count = |zone: usize| {
                (0..=shape.replicas)
                    .filter(|node| (shard + node) % ZONES == zone)
                    .count()
            };
            let nodes = (0..=shape.replicas)
                .filter_map(|node| {
                    let zone = (shard + node) % ZONES;
                    let in_zone = count(zone) as f64;
                    let width = (zone_width - 4.0 * (in_zone - 1.0)) / in_zone;
                    let seat = seats.get_mut(zone)?;
                    let x = left_of(zone) + *seat as f64 * (width + 4.0);
                    *seat += 1;
                    Some(view! { <Node shard primary=node == 0 x y=top width now /> })
                })
                .collect_view();
            view! {
                <text x="0" y=top + 15.0 class="shard">
                    {format!("shard {}", shard + 1)}
                </text>
                <text x="0" y=top + 30.0>
                    {(!narrow).then(|| format!("{first}–{last}"))}
                </text>
                {nodes}
            }
        })
        .collect_view();
    view! {
        <svg width=shape.width height=height viewBox=format!("0 0 {} {height}", shape.width) aria-hidden="true">
            <Hatches />
            {heads}
            {rows}
        </svg>
    }
}

/// A vessel lying on its side. Replicas hold copies: they fill like their primary, and their CPU is not modelled.
#[component]
fn Node(shard: usize, primary: bool, x: f64, y: f64, width: f64, now: Memo<Vec<Level>>) -> impl IntoView {
    let level = move || now.with(|levels| levels.get(shard).copied().unwrap_or_default());
    let fill = move || (width - 4.0) * level().memory.clamp(0.0, 1.0);
    let heat = move || if primary { level().heat() } else { "copy" };
    let label = move || {
        let memory = percent_level(level().memory);
        match (primary, width > 104.0) {
            (true, true) => format!("primary {memory} %"),
            (true, false) => format!("{memory} %"),
            (false, true) => "replica".into(),
            (false, false) => "copy".into(),
        }
    };
    let cpu = move || primary.then(|| format!("CPU {} %", percent_level(level().cpu)));
    view! {
        <g class=move || format!("node {}", heat())>
            <rect class="vessel" class:primary=primary x=x y=y width=width height=NODE_HEIGHT rx="4" />
            <rect class="fill" x=x + 2.0 y=y + 2.0 width=fill height=NODE_HEIGHT - 4.0 rx="2" />
            <rect class="over" x=x y=y width=width height=NODE_HEIGHT rx="4" />
            <text x=x + 8.0 y=y + if primary { 15.0 } else { 22.0 } class="name">
                {label}
            </text>
            <text x=x + 8.0 y=y + 29.0>
                {cpu}
            </text>
        </g>
    }
}

/// A cell for each primary.
#[component]
fn Field(shape: Shape, now: Memo<Vec<Level>>) -> impl IntoView {
    let count = shape.slots.len();
    let side = if count > 120 { 16.0 } else { 26.0 };
    let step = side + 4.0;
    let columns = ((shape.width + 4.0) / step).floor().max(1.0) as usize;
    let height = count.div_ceil(columns) as f64 * step;
    let cells = (0..count)
        .map(|shard| {
            let (x, y) = ((shard % columns) as f64 * step, (shard / columns) as f64 * step);
            let level = move || now.with(|levels| levels.get(shard).copied().unwrap_or_default());
            let full = move || (side - 4.0) * level().memory.clamp(0.0, 1.0);
            let top = move || y + side - 2.0 - full();
            view! {
                <g class=move || format!("node {}", level().heat())>
                    <rect class="vessel" x=x y=y width=side height=side rx="3" />
                    <rect class="fill" x=x + 2.0 y=top width=side - 4.0 height=full />
                    <rect class="over" x=x y=y width=side height=side rx="3" />
                </g>
            }
        })
        .collect_view();
    let note = match shape.replicas {
        0 => format!("{count} primaries, in slot order, without replicas"),
        1 => format!("{count} primaries, in slot order; the replica of each is not drawn"),
        replicas => {
            format!("{count} primaries, in slot order; the {replicas} replicas of each are not drawn")
        }
    };
    view! {
        <svg width=shape.width height=height viewBox=format!("0 0 {} {height}", shape.width) aria-hidden="true">
            <Hatches />
            {cells}
        </svg>
        <p class="quiet">{note}</p>
    }
}

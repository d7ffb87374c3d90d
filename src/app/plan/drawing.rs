//! The cluster as a drawing: shards by zones, each node a vessel that memory fills and engine CPU colours.

use super::answer::Answer;
use crate::app::quantity::{clock, percent_level};
use crate::app::ui::{attr, effect, live, resized};
use cacheplan_engine::cluster::zone_of;
use cacheplan_engine::report::{Metric, Report};
use cacheplan_engine::units::{decimals, within};
use leptos::html;
use leptos::prelude::*;

/// Up to so many shards each get a row with their replicas; more are drawn as a field of primaries.
const ROWS: usize = 12;
/// Letters of zones: a cluster lies in as many as it has letters, at most.
const ZONES: [&str; 3] = ["a", "b", "c"];
const LABEL_WIDTH: f64 = 92.0;
/// Narrower drawings leave the slots to the table.
const NARROW: f64 = 360.0;
const NARROW_LABEL_WIDTH: f64 = 56.0;
const ROW_HEIGHT: f64 = 44.0;
const NODE_HEIGHT: f64 = 36.0;
const HEAD_HEIGHT: f64 = 20.0;
const GAP: f64 = 8.0;

/// What decides where things are drawn.
struct Shape {
    zones: usize,
    replicas: usize,
    width: f64,
    region: String,
    /// First and last slot of each shard.
    slots: Vec<(u16, u16)>,
}

/// Memory and engine CPU of a primary, 0 to 1.
#[derive(Clone, Copy, Default)]
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
    effect(move || {
        if let Some(host) = host.get() {
            resized(&host, move |now| width.set(now.floor()));
        }
    });
    let shape = move || {
        let report = answer.report.get()?;
        let slots = report
            .shards
            .iter()
            .map(|shard| (shard.first_slot, shard.last_slot))
            .collect();
        answer.scenario.with_untracked(|scenario| {
            Some(Shape {
                zones: (scenario.cluster.zones as usize).clamp(1, ZONES.len()),
                replicas: scenario.cluster.replicas as usize,
                width: width.get(),
                region: scenario.prices.region.clone(),
                slots,
            })
        })
    };
    let now = move || {
        let at = answer.cursor.get();
        answer
            .report
            .with(|report| report.as_ref().map_or_else(Vec::new, |report| levels(report, at)))
    };
    let svg = move || {
        let shape = shape().filter(|shape| shape.width > 0.0);
        shape.map_or_else(String::new, |shape| draw(&shape, &now()))
    };
    // Nobody sees its nodes.
    let serverless = move || {
        answer
            .report
            .with(|report| report.as_ref().is_some_and(|report| report.serverless.is_some()))
    };
    let noted = move || shape().as_ref().map_or_else(String::new, note);
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
        let levels = now();
        let most = |of: fn(&Level) -> f64| levels.iter().map(of).fold(0.0, f64::max);
        format!(
            "{} shards; fullest {} % of memory, busiest {} % of its engine CPU",
            levels.len(),
            percent_level(most(|level| level.memory)),
            percent_level(most(|level| level.cpu))
        )
    };
    view! {
        <figure class="figure" data-chart="cluster" {..attr("hidden", live(serverless))}>
            <figcaption>
                <h3>{live(title)}</h3>
                <span class="keys">
                    <span class="swatch cool">"CPU under 50 %"</span>
                    <span class="swatch warm">"to 80 %"</span>
                    <span class="swatch hot">"above"</span>
                </span>
            </figcaption>
            <div class="drawing" {..attr("role", "img")} {..attr("aria-label", live(said))} node_ref=host inner_html=live(svg)></div>
            <p class="quiet">{live(noted)}</p>
        </figure>
    }
}

/// Lines over warm and hot nodes: the cue beside the colour.
const HATCHES: &str = "<defs>\
<pattern id=\"hatch-warm\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
<path d=\"M0 0V8\" class=\"hatch\"/></pattern>\
<pattern id=\"hatch-hot\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
<path d=\"M0 0V4\" class=\"hatch\"/></pattern></defs>";

/// SVG in the making. Text goes through [`Svg::text`], which escapes it.
struct Svg(String);

impl Svg {
    fn new(width: f64, height: f64) -> Self {
        let (width, height) = (decimals(width, 0), decimals(height, 0));
        Self(format!(
            "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" aria-hidden=\"true\">{HATCHES}"
        ))
    }

    fn rect(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        let [x, y, width, height] = [x, y, width, height].map(|length| decimals(length, 1));
        self.0 += &format!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"3\"/>"
        );
    }

    fn text(&mut self, class: &str, x: f64, y: f64, text: &str) {
        let [x, y] = [x, y].map(|length| decimals(length, 1));
        self.0 += &format!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\">");
        for c in text.chars() {
            match c {
                '<' => self.0 += "&lt;",
                '&' => self.0 += "&amp;",
                c => self.0.push(c),
            }
        }
        self.0 += "</text>";
    }

    fn open(&mut self, heat: &str) {
        self.0 += &format!("<g class=\"node {heat}\">");
    }

    fn close(&mut self) {
        self.0 += "</g>";
    }

    fn finish(mut self) -> String {
        self.0 += "</svg>";
        self.0
    }
}

/// The drawing as SVG.
fn draw(shape: &Shape, levels: &[Level]) -> String {
    if shape.slots.len() <= ROWS {
        rows(shape, levels)
    } else {
        field(shape, levels)
    }
}

/// One row a shard, one column a zone.
fn rows(shape: &Shape, levels: &[Level]) -> String {
    // Strokes stand half outside their shapes.
    let height = HEAD_HEIGHT + ROW_HEIGHT * shape.slots.len() as f64 - GAP + 1.0;
    let narrow = shape.width < NARROW;
    let label_width = if narrow { NARROW_LABEL_WIDTH } else { LABEL_WIDTH };
    let zone_width =
        (shape.width - 1.0 - label_width - GAP * (shape.zones as f64 - 1.0)) / shape.zones as f64;
    let left_of = |zone: usize| label_width + zone as f64 * (zone_width + GAP);
    let mut svg = Svg::new(shape.width, height);
    for (zone, letter) in ZONES.into_iter().take(shape.zones).enumerate() {
        let region = if zone_width > 84.0 {
            shape.region.as_str()
        } else {
            "zone "
        };
        svg.text("zone", left_of(zone), 11.0, &format!("{region}{letter}"));
    }
    for (shard, (first, last)) in shape.slots.iter().enumerate() {
        let top = HEAD_HEIGHT + ROW_HEIGHT * shard as f64;
        svg.text("shard", 0.0, top + 15.0, &format!("shard {}", shard + 1));
        if !narrow {
            svg.text("", 0.0, top + 30.0, &format!("{first}–{last}"));
        }
        let level = levels.get(shard).copied().unwrap_or_default();
        for zone in 0..shape.zones {
            let seated = || {
                let lies = |node: &usize| zone_of(shard as u16, *node as u32, shape.zones as u32);
                (0..=shape.replicas).filter(move |node| lies(node) as usize == zone)
            };
            let count = seated().count() as f64;
            let width = (zone_width - 4.0 * (count - 1.0)) / count;
            for (seat, node) in seated().enumerate() {
                let x = left_of(zone) + seat as f64 * (width + 4.0);
                vessel(&mut svg, level, node == 0, (x, top), width);
            }
        }
    }
    svg.finish()
}

/// A vessel lying on its side. Replicas hold copies: they fill like their primary, and their CPU is not modelled.
fn vessel(svg: &mut Svg, level: Level, primary: bool, (x, y): (f64, f64), width: f64) {
    let memory = percent_level(level.memory);
    let wide = width > 104.0;
    let name = match (primary, wide) {
        (true, true) => format!("primary {memory} %"),
        (true, false) => format!("{memory} %"),
        (false, true) => "replica".into(),
        (false, false) => "copy".into(),
    };
    svg.open(if primary { level.heat() } else { "copy" });
    svg.rect(
        if primary { "vessel primary" } else { "vessel" },
        x,
        y,
        width,
        NODE_HEIGHT,
    );
    let fill = (width - 4.0) * within(level.memory, 0.0, 1.0);
    svg.rect("fill", x + 2.0, y + 2.0, fill, NODE_HEIGHT - 4.0);
    svg.rect("over", x, y, width, NODE_HEIGHT);
    if primary {
        svg.text("name", x + 8.0, y + 15.0, &name);
        svg.text(
            "",
            x + 8.0,
            y + 29.0,
            &format!("CPU {} %", percent_level(level.cpu)),
        );
    } else {
        svg.text("name", x + 8.0, y + 22.0, &name);
    }
    svg.close();
}

/// A cell for each primary.
fn field(shape: &Shape, levels: &[Level]) -> String {
    let count = shape.slots.len();
    let side = if count > 120 { 16.0 } else { 26.0 };
    let step = side + 4.0;
    let columns = ((shape.width + 4.0) / step).floor().max(1.0) as usize;
    let mut svg = Svg::new(shape.width, count.div_ceil(columns) as f64 * step);
    for shard in 0..count {
        let level = levels.get(shard).copied().unwrap_or_default();
        let (x, y) = (
            (shard % columns) as f64 * step + 1.0,
            (shard / columns) as f64 * step + 1.0,
        );
        let fill = (side - 4.0) * within(level.memory, 0.0, 1.0);
        svg.open(level.heat());
        svg.rect("vessel primary", x, y, side, side);
        svg.rect("fill", x + 2.0, y + side - 2.0 - fill, side - 4.0, fill);
        svg.rect("over", x, y, side, side);
        svg.close();
    }
    svg.finish()
}

/// What the drawing leaves out.
fn note(shape: &Shape) -> String {
    let count = shape.slots.len();
    if count <= ROWS {
        return String::new();
    }
    let replicas = match shape.replicas {
        0 => String::new(),
        1 => "; the replica of each is not drawn".into(),
        replicas => format!("; the {replicas} replicas of each are not drawn"),
    };
    format!("{count} primaries, in slot order{replicas}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(shards: usize, replicas: usize) -> Shape {
        Shape {
            zones: 3,
            replicas,
            width: 400.0,
            region: "<b>&".into(),
            slots: vec![(0, 1); shards],
        }
    }

    #[test]
    fn every_node_is_drawn_once() {
        let svg = draw(&shape(3, 5), &[Level::default(); 3]);
        assert_eq!(svg.matches("class=\"node").count(), 18);
        assert_eq!(svg.matches("vessel primary").count(), 3);
        let many = draw(&shape(40, 1), &[Level::default(); 40]);
        assert_eq!(many.matches("class=\"node").count(), 40);
    }

    #[test]
    fn hot_nodes_look_hot_and_names_are_text() {
        let hot = Level {
            memory: 0.5,
            cpu: 0.9,
        };
        let svg = draw(&shape(1, 0), &[hot]);
        assert!(svg.contains("node hot") && svg.contains("CPU 90 %"), "{svg}");
        assert!(svg.contains("&lt;b>&amp;a") && !svg.contains("<b>"), "{svg}");
    }
}

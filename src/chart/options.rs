//! A chart of the library: its options, its data, and the closures that live as long as it.

use super::data::{Axis, Data, Line, Range, Side, Spec};
use super::uplot::{Plot, array, column, object, property};
use crate::app::quantity::{clock, exact};
use cacheplan_engine::units::{decimals, within};
use js_sys::Array;
use leptos::prelude::*;
use leptos::web_sys::{HtmlElement, Window};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// Steps between the marks of the time axis, seconds.
const TIME_STEPS: [f64; 18] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0,
    21_600.0, 43_200.0, 86_400.0,
];
const FONT: &str = "11px \"Inter Variable\", system-ui, sans-serif";
/// Width of the axes of values; the same everywhere, so that charts above one another line up.
const AXIS_WIDTH: f64 = 52.0;

/// What the callbacks of a chart read.
#[derive(Default)]
struct State {
    interval: f64,
    end: f64,
    left: (f64, f64),
    right: (f64, f64),
}

impl State {
    fn bounds(&self, side: Side) -> (f64, f64) {
        match side {
            Side::Left => self.left,
            Side::Right => self.right,
        }
    }
}

type Shared = Rc<RefCell<State>>;

/// A chart on the page; gone from it when dropped.
pub struct Chart {
    plot: Plot,
    state: Shared,
}

impl Drop for Chart {
    fn drop(&mut self) {
        self.plot.destroy();
    }
}

impl Chart {
    /// Draws a chart.
    ///
    /// # Errors
    /// When the library was not loaded.
    pub fn new(
        spec: &'static Spec,
        data: &Data,
        width: f64,
        host: &HtmlElement,
        cursor: RwSignal<Option<f64>>,
    ) -> Result<Self, JsValue> {
        let colors = Colors::of_page();
        let state = Shared::default();
        update(&state, spec, data);
        let (time_scale, time_axis) = time(&colors, &state);
        let mut scales = vec![("x", time_scale)];
        let mut axes = vec![time_axis];
        for (side, shown) in [(Side::Left, Some(spec.left)), (Side::Right, spec.right)] {
            if let Some(shown) = shown {
                let (scale, axis) = values(&colors, &state, side, shown);
                scales.push((scale_name(side), scale));
                axes.push(axis);
            }
        }
        let mut series = vec![object(&[])];
        series.extend(spec.lines.iter().map(|line| stroke(&colors, line, true)));
        series.extend(spec.lines.iter().map(|line| stroke(&colors, line, false)));
        let pointed = {
            let state = Rc::clone(&state);
            Closure::<dyn Fn(Plot)>::new(move |plot: Plot| {
                let index = property(&plot.cursor(), "idx").as_f64();
                let time = index.map(|index| (index + 0.5) * state.borrow().interval);
                let _ = cursor.try_set(time);
            })
        };
        let no_drag = object(&[("x", false.into()), ("y", false.into())]);
        let pointer = object(&[
            ("y", false.into()),
            ("drag", no_drag),
            ("points", object(&[("size", point_size(spec.lines.len()))])),
        ]);
        let right_padding = if spec.right.is_some() {
            JsValue::NULL
        } else {
            16.into()
        };
        let options = object(&[
            ("width", width.into()),
            ("height", spec.height.into()),
            (
                "padding",
                array([10.into(), right_padding, 0.into(), JsValue::NULL]),
            ),
            ("legend", object(&[("show", false.into())])),
            ("cursor", pointer),
            ("scales", object(&scales)),
            ("axes", array(axes)),
            ("series", array(series)),
            (
                "hooks",
                object(&[("setCursor", array([pointed.into_js_value()]))]),
            ),
        ]);
        let plot = Plot::new(&options, &columns(spec, data), host)?;
        shade(&plot, data);
        Ok(Self { plot, state })
    }

    /// Shows other data.
    pub fn show(&self, spec: &Spec, data: &Data) {
        update(&self.state, spec, data);
        self.plot.set_data(&columns(spec, data));
        shade(&self.plot, data);
    }

    /// Takes another size.
    pub fn resize(&self, width: f64, height: f64) {
        self.plot
            .set_size(&object(&[("width", width.into()), ("height", height.into())]));
    }

    /// Puts the cursor on a time, or takes it away.
    pub fn point(&self, at: Option<f64>) {
        let left = at.map_or(-10.0, |at| self.plot.position(at, "x"));
        let top = if at.is_some() { 0.0 } else { -10.0 };
        self.plot
            .set_cursor(&object(&[("left", left.into()), ("top", top.into())]), false);
    }
}

/// A function that the library calls for two bounds or a list of positions. It lives as long as the library refers to
/// it.
fn answers(answer: impl Fn() -> JsValue + 'static) -> JsValue {
    Closure::<dyn Fn() -> JsValue>::new(answer).into_js_value()
}

/// A function that writes the positions on an axis as text.
fn labels(write: impl Fn(f64) -> String + 'static) -> JsValue {
    Closure::<dyn Fn(JsValue, Array) -> JsValue>::new(move |_: JsValue, splits: Array| {
        array(
            splits
                .iter()
                .map(|at| at.as_f64().map_or(JsValue::NULL, |at| write(at).into())),
        )
    })
    .into_js_value()
}

/// Size of the point on a line under the cursor, CSS pixels; the lines of the baseline, which come last, have none.
fn point_size(lines: usize) -> JsValue {
    let size = move |_: JsValue, series: f64| if series > lines as f64 { 0.0 } else { 7.0 };
    Closure::<dyn Fn(JsValue, f64) -> f64>::new(size).into_js_value()
}

/// Scale and axis of time.
fn time(colors: &Colors, state: &Shared) -> (JsValue, JsValue) {
    let state = Rc::clone(state);
    let whole = answers(move || pair(0.0, state.borrow().end));
    let axis = axis(
        colors,
        &[
            ("incrs", array(TIME_STEPS.iter().map(|step| (*step).into()))),
            ("values", labels(clock)),
            ("space", 64.into()),
            ("size", 26.into()),
        ],
    );
    (object(&[("time", false.into()), ("range", whole)]), axis)
}

/// Scale and axis of values.
fn values(colors: &Colors, state: &Shared, side: Side, Axis { unit, range }: Axis) -> (JsValue, JsValue) {
    let limits = {
        let state = Rc::clone(state);
        answers(move || {
            let (low, high) = state.borrow().bounds(side);
            pair(low, high)
        })
    };
    let log = range == Range::Log;
    let distribution = if log { 3 } else { 1 };
    let grid = [
        ("show", (side == Side::Left).into()),
        ("stroke", (&colors.grid).into()),
        ("width", 1.into()),
    ];
    let mut properties = vec![
        ("scale", scale_name(side).into()),
        ("side", if side == Side::Left { 3 } else { 1 }.into()),
        ("values", labels(move |value| exact(value, unit))),
        ("size", AXIS_WIDTH.into()),
        ("space", 32.into()),
        ("grid", object(&grid)),
    ];
    if log {
        // The library would draw a line for every digit of a decade.
        let state = Rc::clone(state);
        let powers = answers(move || {
            let (low, high) = state.borrow().bounds(side);
            let decades = within((high / low).log10().round(), 1.0, 12.0) as i32;
            array((0..=decades).map(|power| (low * 10f64.powi(power)).into()))
        });
        properties.push(("splits", powers));
    }
    (
        object(&[("distr", distribution.into()), ("range", limits)]),
        axis(colors, &properties),
    )
}

fn scale_name(side: Side) -> &'static str {
    match side {
        Side::Left => "left",
        Side::Right => "right",
    }
}

fn pair(low: f64, high: f64) -> JsValue {
    array([low.into(), high.into()])
}

fn update(state: &Shared, spec: &Spec, data: &Data) {
    let bounds =
        |side, axis: Option<Axis>| axis.map_or((0.0, 1.0), |axis| data.bounds(spec, side, axis.range));
    *state.borrow_mut() = State {
        interval: data.interval,
        end: data.end.max(1.0),
        left: bounds(Side::Left, Some(spec.left)),
        right: bounds(Side::Right, spec.right),
    };
}

/// Times, lines, lines of the baseline.
fn columns(spec: &Spec, data: &Data) -> JsValue {
    let length = data.len();
    let gaps = Vec::new();
    let lines = |columns: &[Vec<f64>]| -> Vec<JsValue> {
        let padded = |at: usize| {
            let values = columns.get(at).unwrap_or(&gaps);
            column((0..length).map(|i| values.get(i).copied().unwrap_or(f64::NAN)))
        };
        (0..spec.lines.len()).map(padded).collect()
    };
    let mut columns = vec![column((0..length).map(|index| data.time(index)))];
    columns.extend(lines(&data.lines));
    columns.extend(lines(&data.baseline));
    array(columns)
}

fn axis(colors: &Colors, more: &[(&str, JsValue)]) -> JsValue {
    let line = object(&[("stroke", (&colors.grid).into()), ("width", 1.into())]);
    let mut properties = vec![
        ("stroke", (&colors.text).into()),
        ("font", FONT.into()),
        ("grid", line),
        ("ticks", object(&[("show", false.into())])),
        ("gap", 6.into()),
    ];
    properties.extend(more.iter().cloned());
    object(&properties)
}

/// A line, or its counterpart of the baseline: thinner, paler and dashed.
fn stroke(colors: &Colors, line: &Line, current: bool) -> JsValue {
    let mut properties = vec![
        ("scale", scale_name(line.side).into()),
        ("stroke", colors.get(line.color).into()),
        ("width", if current { line.width } else { 1.0 }.into()),
        ("points", object(&[("show", false.into())])),
    ];
    if !current {
        properties.push(("alpha", 0.75.into()));
    }
    let dash = if current {
        line.dashed.then_some([7, 3])
    } else {
        Some([3, 4])
    };
    if let Some([on, off]) = dash {
        properties.push(("dash", array([on.into(), off.into()])));
    }
    object(&properties)
}

/// Shades the warm-up and marks moments, under the lines.
fn shade(plot: &Plot, data: &Data) {
    let under = plot.under();
    under.set_inner_html("");
    let place = |class: &str, style: String, label: &str| {
        if let Ok(element) = document().create_element("div") {
            element.set_class_name(class);
            let _ = element.set_attribute("style", &style);
            let _ = element.set_attribute("data-label", label);
            let _ = under.append_child(&element);
        }
    };
    let share = |at: f64| at / data.end.max(1.0) * 100.0;
    if data.warm_up > 0.0 && data.warm_up < data.end {
        place(
            "warm-up",
            format!("width:{}%", decimals(share(data.warm_up), 2)),
            "warm-up",
        );
    }
    for mark in &data.marks {
        let class = if share(mark.at) > 60.0 {
            "moment before"
        } else {
            "moment"
        };
        place(
            class,
            format!("left:{}%", decimals(share(mark.at), 2)),
            mark.label,
        );
    }
}

/// The page's colours, for the canvas, which knows no custom properties.
struct Colors {
    text: String,
    grid: String,
    style: Option<leptos::web_sys::CssStyleDeclaration>,
}

impl Colors {
    fn of_page() -> Self {
        let window: Window = window();
        let root = document().document_element();
        let style = root.and_then(|root| window.get_computed_style(&root).ok().flatten());
        let mut colors = Self {
            text: String::new(),
            grid: String::new(),
            style,
        };
        colors.text = colors.get("--ink3");
        colors.grid = colors.get("--grid");
        colors
    }

    fn get(&self, name: &str) -> String {
        let value = self
            .style
            .as_ref()
            .and_then(|style| style.get_property_value(name).ok());
        value.map_or_else(|| "gray".into(), |value| value.trim().to_string())
    }
}

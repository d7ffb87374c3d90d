//! Charts over time: the only place that touches the chart library.
//!
//! [`TimeChart`] draws columns of equal intervals with one or two axes. Charts given the same cursor signal share it:
//! pointing at one, or moving along it with the arrow keys, moves all. Behind every chart stands its table.

// The component macro makes public what belongs to a component, whatever the component's own visibility.
#![allow(unreachable_pub)]

mod data;
mod options;
mod table;
mod uplot;

pub use data::{Axis, Data, Line, Mark, Range, Side, Spec};

use crate::app::quantity::{clock, text};
use crate::app::ui::{attr, effect, live, live_view, memo, on, resized, shown};
use cacheplan_engine::units::decimals;
use leptos::html;
use leptos::prelude::*;
use leptos::web_sys::HtmlElement;
use options::Chart;
use std::sync::Arc;
use table::Table;

/// A chart of columns over time.
#[component]
pub fn TimeChart(
    /// What it shows and how.
    spec: &'static Spec,
    /// The columns.
    data: Memo<Arc<Data>>,
    /// Simulated time under the cursor, seconds.
    cursor: RwSignal<Option<f64>>,
    /// Changes when the page's colours do.
    look: Signal<(bool, bool)>,
    /// Classes of the figure.
    #[prop(default = "figure")]
    class: &'static str,
) -> impl IntoView {
    let host = NodeRef::<html::Div>::new();
    let as_table = RwSignal::new(false);
    let failed = RwSignal::new(false);
    let chart = StoredValue::new_local(None::<Chart>);
    let width = RwSignal::new(0.0);

    effect(move || {
        if let Some(host) = host.get() {
            resized(&host, move |now| {
                // A hidden chart has no width and keeps the one it had.
                if now >= 1.0 {
                    width.set(now.floor());
                }
            });
        }
    });
    let draw = move |host: &HtmlElement, width: f64| {
        chart.update_value(|chart| {
            drop(chart.take());
            *chart = data
                .with_untracked(|data| Chart::new(spec, data, width, host, cursor))
                .ok();
            failed.set(chart.is_none());
        });
    };
    Effect::new(move |drawn: Option<bool>| {
        look.track();
        let ready = width.with(|width| *width > 0.0);
        if let Some(host) = host.get_untracked().filter(|_| ready) {
            // The colours of a new theme are in force from the next frame on.
            if drawn == Some(true) {
                request_animation_frame(move || draw(&host, width.get_untracked()));
            } else {
                draw(&host, width.get_untracked());
            }
        }
        ready
    });
    effect(move || {
        let width = width.get();
        chart.with_value(|chart| {
            if let Some(chart) = chart {
                chart.resize(width, spec.height);
            }
        });
    });
    effect(move || {
        let data = data.get();
        chart.with_value(|chart| {
            if let Some(chart) = chart {
                chart.show(spec, &data);
            }
        });
    });
    effect(move || {
        let at = cursor.get();
        chart.with_value(|chart| {
            if let Some(chart) = chart {
                chart.point(at);
            }
        });
    });
    on_cleanup(move || {
        let _ = chart.try_update_value(Option::take);
    });

    // What the lines read under the cursor: the time, then a text for each line.
    let reading = memo(move || {
        let at = cursor.get()?;
        data.with(|data| {
            let index = data.index(at)?;
            let values = spec.lines.iter().zip(&data.lines).map(|(line, column)| {
                let value = column.get(index).copied().filter(|value| value.is_finite());
                value.map_or_else(|| "–".to_string(), |value| text(value, spec.unit(line.side)))
            });
            Some((clock(data.start(index)), values.collect::<Vec<_>>()))
        })
    });
    let said = move || {
        let Some((time, values)) = reading.get() else {
            return "no time chosen".to_string();
        };
        let lines = spec.lines.iter().zip(values);
        lines.fold(time, |said, (line, value)| {
            format!("{said}, {} {value}", line.label)
        })
    };
    let has_baseline = memo(move || data.with(|data| !data.baseline.is_empty()));
    view! {
        <figure class=class data-chart=spec.id>
            <figcaption>
                <h3>{spec.title}</h3>
                <span class="now">{live_view(move || reading.with(|reading| Some(reading.as_ref()?.0.clone())))}</span>
                <span class="keys">
                    {spec
                        .lines
                        .iter()
                        .enumerate()
                        .map(|(at, line)| {
                            let style = format!("--k:var({});--w:{}px", line.color, decimals(line.width, 1));
                            view! {
                                <span class="key" class:dashed=line.dashed style=style>
                                    {line.label}
                                    <span class="reading">{live_view(move || {
                                            reading.with(|reading| reading.as_ref()?.1.get(at).cloned())
                                        })}</span>
                                </span>
                            }
                        })
                        .collect_view()}
                    {shown(move || has_baseline.get(), move || view! {
                        <span class="key dashed" style="--k:var(--ink3);--w:1.5px">
                            "baseline"
                        </span>
                    })}
                </span>
                <button
                    {..attr("type", "button")}
                    class="btn quiet small"
                    {..attr("aria-pressed", live(move || as_table.get().to_string()))}
                    {..attr("aria-label", format!("{}: table", spec.title))}
                    on:click=on(move |_| as_table.update(|shown| *shown = !*shown))
                >
                    {live_view(move || if as_table.get() { "Chart" } else { "Table" })}
                </button>
            </figcaption>
            <div
                class="plot"
                {..attr("hidden", live(move || as_table.get()))}
                style=format!("height:{}px", decimals(spec.height, 0))
                {..attr("role", "slider")}
                {..attr("tabindex", "0")}
                {..attr("aria-label", format!("{}, time cursor", spec.title))}
                {..attr("aria-valuemax", live(move || decimals(data.with(|data| data.end), 0)))}
                {..attr("aria-valuenow", live(move || decimals(cursor.get().unwrap_or_else(|| data.with(|data| data.end)), 0)))}
                {..attr("aria-valuetext", live(said))}
                on:keydown=on(move |event: leptos::ev::KeyboardEvent| {
                    let steps = match event.key().as_str() {
                        "ArrowLeft" | "ArrowDown" => -1.0,
                        "ArrowRight" | "ArrowUp" => 1.0,
                        "PageUp" => 10.0,
                        "PageDown" => -10.0,
                        "Home" => f64::NEG_INFINITY,
                        "End" => f64::INFINITY,
                        "Escape" => {
                            cursor.set(None);
                            return;
                        }
                        _ => return,
                    };
                    event.prevent_default();
                    let moved = data.with_untracked(|data| data.moved(cursor.get_untracked(), steps));
                    cursor.set(moved);
                })
            >
                <div class="plot-host" node_ref=host></div>
                {shown(move || failed.get(), move || view! {
                    <p class="empty">"The chart could not be drawn; the table has its figures"</p>
                })}
            </div>
            {shown(move || as_table.get(), move || view! {
                <Table spec data />
            })}
        </figure>
    }
}

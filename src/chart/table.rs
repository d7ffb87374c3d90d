//! The table behind a chart.

use super::data::{Data, Spec};
use crate::app::quantity::Unit;
use crate::app::quantity::{clock, exact, text};
use crate::app::ui::attr;
use cacheplan_engine::units::decimals;
use leptos::prelude::*;
use std::sync::Arc;

/// Rows that a table shows at most; beyond it every so many intervals.
const ROWS: usize = 96;

/// The values that the chart draws, at equal distances in time.
#[component]
pub fn Table(spec: &'static Spec, data: Memo<Arc<Data>>) -> impl IntoView {
    move || {
        let data = data.get();
        let every = data.len().div_ceil(ROWS).max(1);
        let baseline = !data.baseline.is_empty();
        let interval = exact(data.interval, Unit::Seconds);
        let note = match every {
            1 => format!("Every interval of {interval}"),
            _ => format!("One in {every} intervals of {interval}"),
        };
        let rows = (0..data.len())
            .step_by(every)
            .map(|index| {
                let cells = spec.lines.iter().enumerate().flat_map(|(at, line)| {
                    let read = |columns: &[Vec<f64>]| {
                        let value = columns.get(at).and_then(|column| column.get(index)).copied();
                        let value = value.filter(|value| value.is_finite());
                        value.map_or_else(|| "–".to_string(), |value| text(value, spec.unit(line.side)))
                    };
                    let now = read(&data.lines);
                    let before = baseline.then(|| read(&data.baseline));
                    std::iter::once(now).chain(before)
                });
                let cells = cells.map(|cell| view! { <td>{cell}</td> }).collect_view();
                view! {
                    <tr>
                        <th scope="row">{clock(data.start(index))}</th>
                        {cells}
                    </tr>
                }
            })
            .collect_view();
        let heads = spec.lines.iter().map(|line| {
            let before = baseline.then(|| view! { <th scope="col">{line.label}", baseline"</th> });
            view! {
                <th scope="col">{line.label}</th>
                {before}
            }
        });
        view! {
            <div class="table-box" {..attr("tabindex", "0")} {..attr("role", "region")} {..attr("aria-label", format!("{}, table", spec.title))} style=format!("height:{}px", decimals(spec.height, 0))>
                <table>
                    <caption>{note}</caption>
                    <thead>
                        <tr>
                            <th scope="col">"From"</th>
                            {heads.collect_view()}
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
    }
}

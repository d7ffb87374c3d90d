//! The shards as a table.

use super::answer::Answer;
use crate::app::quantity::{Unit, percent, text};
use crate::app::ui::live_view;
use leptos::prelude::*;

/// One row for each primary, over the time after the warm-up.
#[component]
pub fn ShardTable(answer: Answer) -> impl IntoView {
    let rows = answer.derive(|_, report, _| {
        let seconds = report.summary.seconds.max(1e-9);
        let shards = report.shards.iter().enumerate();
        shards
            .map(|(number, shard)| {
                let share = |value: f64| percent(value) + " %";
                [
                    (number + 1).to_string(),
                    format!("{}–{}", shard.first_slot, shard.last_slot),
                    text(shard.keys as f64, Unit::Count),
                    share(shard.used.0 as f64 / (shard.maxmemory.0 as f64).max(1.0)),
                    text(shard.operations_per_s.0, Unit::PerSecond),
                    share(shard.counts.hit_ratio()),
                    text(shard.counts.evictions as f64 / seconds, Unit::PerSecond),
                    share(shard.engine_cpu.0),
                    share(shard.hottest_key_share.0),
                ]
            })
            .collect::<Vec<_>>()
    });
    view! {
        <figure class="figure wide" data-table="shards">
            <figcaption>
                <h3>"Shards"</h3>
            </figcaption>
            <div class="table-box" tabindex="0" role="region" aria-label="Shards">
                <table>
                    <thead>
                        <tr>
                            {["Shard", "Slots", "Keys", "Memory", "Requests", "Hit rate", "Evictions", "CPU", "Busiest key"]
                                .map(|head| view! { <th scope="col">{head}</th> })
                                .into_iter()
                                .collect_view()}
                        </tr>
                    </thead>
                    <tbody>
                        {live_view(move || {
                            rows()
                                .unwrap_or_default()
                                .into_iter()
                                .map(|cells| {
                                    view! {
                                        <tr>{cells.into_iter().map(|cell| view! { <td>{cell}</td> }).collect_view()}</tr>
                                    }
                                })
                                .collect_view()
                        })}
                    </tbody>
                </table>
            </div>
        </figure>
    }
}

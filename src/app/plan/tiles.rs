//! The headline figures.

use super::answer::Answer;
use super::figures::{Delta, Tile, tiles};
use crate::app::ui::Bubble;
use leptos::prelude::*;

/// Ids of the tiles in order, and their headings.
const TILES: [(&str, &str); 6] = [
    ("hit-rate", "Hit rate"),
    ("p99", "User p99"),
    ("database-saved", "Database load saved"),
    ("memory", "Memory"),
    ("evictions", "Evictions"),
    ("cost", "Monthly cost"),
];

/// All tiles.
#[component]
pub fn Tiles(answer: Answer) -> impl IntoView {
    let all = answer.derive(tiles);
    view! {
        <div class="tiles">
            {TILES
                .iter()
                .enumerate()
                .map(|(at, &(id, title))| {
                    let tile = Memo::new(move |_| all.with(|all| all.as_ref()?.get(at).cloned()));
                    view! { <TileView id title tile /> }
                })
                .collect_view()}
        </div>
    }
}

#[component]
fn TileView(id: &'static str, title: &'static str, tile: Memo<Option<Tile>>) -> impl IntoView {
    let value = move || {
        tile.with(|tile| {
            tile.as_ref()
                .map_or_else(|| "–".into(), |tile| tile.value.clone())
        })
    };
    let unit = move || tile.with(|tile| tile.as_ref().map(|tile| tile.unit.clone()));
    let raw = move || tile.with(|tile| tile.as_ref().map(|tile| tile.raw.to_string()));
    let origin = Memo::new(move |_| tile.with(|tile| tile.as_ref().map(|tile| tile.origin.clone())));
    view! {
            <div class="tile explained" data-tile=id data-value=raw>
                <h3>{title}</h3>
                <Show when=move || origin.with(Option::is_some)>
    <Bubble about=title>
                    {move || {
                        origin
                            .get()
                            .map(|origin| {
                                view! {
                                    <dl>
                                        <dt>"Formula"</dt>
                                        <dd>{origin.formula}</dd>
                                        <dt>"Here"</dt>
                                        <dd>{origin.numbers}</dd>
                                        <dt>"Assumes"</dt>
                                        <dd>{origin.assumption}</dd>
                                        <dt>"Measure it"</dt>
                                        <dd>{origin.measure}</dd>
                                    </dl>
                                }
                            })
                    }}
                </Bubble></Show>
                <p class="value">
                    <span>{value}</span>
                    <i>{unit}</i>
                </p>
                <p class="note">
                    {move || {
                        tile.with(|tile| {
                            let tile = tile.as_ref()?;
                            Some(match &tile.delta {
                                Some(delta) => view! { <DeltaView delta=delta.clone() /> }.into_any(),
                                None => view! { <span>{tile.note.clone()}</span> }.into_any(),
                            })
                        })
                    }}
                </p>
            </div>
        }
}

/// A change: arrow, sign, amount; coloured when it is good or bad.
#[component]
fn DeltaView(delta: Delta) -> impl IntoView {
    let class = match delta.good {
        Some(true) => "good",
        Some(false) => "bad",
        None => "same",
    };
    let arrow = match delta.rises {
        Some(true) => "▲ ",
        Some(false) => "▼ ",
        None => "",
    };
    let judged = match delta.good {
        Some(true) => " better than the baseline",
        Some(false) => " worse than the baseline",
        None => "",
    };
    view! {
        <span class=class data-delta=class>
            <span aria-hidden="true">{arrow}</span>
            {delta.text}
            <span class="unseen">{judged}</span>
        </span>
    }
}

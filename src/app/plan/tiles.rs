//! The headline figures.

use super::answer::Answer;
use super::figures::{Tile, tiles};
use crate::app::ui::{Bubble, live, memo};
use cacheplan_engine::units::decimals;
use leptos::prelude::*;

/// Ids of the tiles in order, and their headings.
const TILES: [(&str, &str); 7] = [
    ("hit-rate", "Hit rate"),
    ("p99", "User p99"),
    ("database-saved", "Database load saved"),
    ("memory", "Memory"),
    ("evictions", "Evictions"),
    ("cost", "Monthly cost"),
    ("objectives", "Objectives met"),
];

/// All tiles.
#[component]
pub fn Tiles(answer: Answer) -> impl IntoView {
    let made = answer.derive(tiles);
    let all = memo(move || made().unwrap_or_default());
    view! {
        <div class="tiles">
            {TILES
                .iter()
                .enumerate()
                .map(|(at, &(id, title))| view! { <TileView id title at all /> })
                .collect_view()}
        </div>
    }
}

/// The tile at a place of the list; without a figure until there is one.
#[component]
fn TileView(id: &'static str, title: &'static str, at: usize, all: Memo<Vec<Tile>>) -> impl IntoView {
    let show =
        move |of: fn(&Tile) -> String| live(move || all.with(|all| all.get(at).map(of).unwrap_or_default()));
    let raw = move || all.with(|all| all.get(at).map(|tile| decimals(tile.raw, 9)));
    view! {
        <div class="tile explained" data-tile=id data-value=live(raw)>
            <h3>{title}</h3>
            <p class="value">
                <span class="figure-value">{show(|tile| tile.value.clone())}</span>
                <span class="unit">{show(|tile| tile.unit.clone())}</span>
            </p>
            <p class="note">
                <span class=show(tone)>
                    <span aria-hidden="true">{show(arrow)}</span>
                    {show(|tile| tile.delta.as_ref().map_or(&tile.note, |delta| &delta.text).clone())}
                    <span class="unseen">{show(judgement)}</span>
                </span>
            </p>
            <Bubble about=title>
                <dl>
                    <dt>"Formula"</dt>
                    <dd>{show(|tile| tile.origin.formula.into())}</dd>
                    <dt>"Here"</dt>
                    <dd>{show(|tile| tile.origin.numbers.clone())}</dd>
                    <dt>"Assumes"</dt>
                    <dd>{show(|tile| tile.origin.assumption.clone())}</dd>
                    <dt>"Measure it"</dt>
                    <dd>{show(|tile| tile.origin.measure.into())}</dd>
                </dl>
            </Bubble>
        </div>
    }
}

/// Class of the change: coloured when it is good or bad.
fn tone(tile: &Tile) -> String {
    match tile.delta.as_ref().and_then(|delta| delta.good) {
        Some(true) => "good",
        Some(false) => "bad",
        None => "same",
    }
    .into()
}

fn arrow(tile: &Tile) -> String {
    match tile.delta.as_ref().and_then(|delta| delta.rises) {
        Some(true) => "▲ ",
        Some(false) => "▼ ",
        None => "",
    }
    .into()
}

/// The colour of the change in words.
fn judgement(tile: &Tile) -> String {
    match tile.delta.as_ref().and_then(|delta| delta.good) {
        Some(true) => " better than the baseline",
        Some(false) => " worse than the baseline",
        None => "",
    }
    .into()
}

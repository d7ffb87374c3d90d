//! The month's bill.

use super::answer::Answer;
use crate::app::quantity::{Unit, exact, fixed};
use crate::app::ui::live_view;
use cacheplan_engine::cost::{Bill, Line, LineKind};
use leptos::prelude::*;

/// A line as it is shown.
struct Shown {
    what: String,
    reckoned: String,
    amount: String,
}

/// Everything that the table shows.
struct Shape {
    cache: Vec<Shown>,
    total: String,
    others: Vec<Shown>,
    sources: Vec<String>,
}

/// Dollars and cents.
fn cents(value: f64) -> String {
    fixed(value, 2)
}

impl Shown {
    fn new(line: &Line) -> Self {
        let sign = if line.kind == LineKind::DatabaseAvoided {
            -1.0
        } else {
            1.0
        };
        let quantity = fixed(line.quantity, if line.quantity < 100.0 { 1 } else { 0 });
        Self {
            what: line.what.clone(),
            reckoned: format!(
                "{quantity} {} × {}",
                line.unit,
                exact(line.unit_price.0, Unit::Usd)
            ),
            amount: cents(sign * line.amount().0.abs()),
        }
    }
}

impl Shape {
    fn new(bill: &Bill) -> Self {
        let lines = |cache: bool| {
            let chosen = bill
                .lines
                .iter()
                .filter(|line| (line.kind == LineKind::Cache) == cache);
            chosen.map(Shown::new).collect()
        };
        let mut sources: Vec<String> = Vec::new();
        for line in &bill.lines {
            if !line.source.is_empty() && !sources.contains(&line.source) {
                sources.push(line.source.clone());
            }
        }
        Self {
            cache: lines(true),
            total: cents(bill.total(LineKind::Cache).0),
            others: lines(false),
            sources,
        }
    }
}

fn rows(lines: Vec<Shown>) -> impl IntoView {
    lines
        .into_iter()
        .map(|line| {
            view! {
                <tr>
                    <th scope="row">
                        {line.what} <span class="quiet">" "{line.reckoned}</span>
                    </th>
                    <td>{line.amount}</td>
                </tr>
            }
        })
        .collect_view()
}

/// What a month costs, line by line, and where the prices are from.
#[component]
pub fn BillTable(answer: Answer) -> impl IntoView {
    let shape = answer.derive(|_, report, _| Shape::new(&report.bill));
    view! {
        <figure class="figure wide bill" data-table="bill">
            <figcaption>
                <h3>"Month’s bill"</h3>
                <span class="now">"without tax"</span>
            </figcaption>
            {live_view(move || {
                shape()
                    .map(|shape| {
                        let others = !shape.others.is_empty();
                        view! {
                            <div class="table-box" tabindex="0" role="region" aria-label="Month’s bill">
                                <table>
                                    <thead>
                                        <tr>
                                            <th scope="col">"Line"</th>
                                            <th scope="col">"USD"</th>
                                        </tr>
                                    </thead>
                                    <tbody>
                                        {rows(shape.cache)} <tr class="total">
                                            <th scope="row">"Cache"</th>
                                            <td>{shape.total}</td>
                                        </tr>
                                    </tbody>
                                    {others
                                        .then(|| {
                                            view! {
                                                <tbody class="beside">
                                                    <tr>
                                                        <th scope="rowgroup" colspan="2">
                                                            "Beside it, at the database"
                                                        </th>
                                                    </tr>
                                                    {rows(shape.others)}
                                                </tbody>
                                            }
                                        })}
                                </table>
                            </div>
                            <div class="sources">
                                {shape.sources.into_iter().map(|source| view! { <p>{source}</p> }).collect_view()}
                            </div>
                        }
                    })
            })}
        </figure>
    }
}

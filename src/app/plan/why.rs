//! "Why" and "Sure of it?": what the report says in words, and how far to trust it.

use super::answer::Answer;
use super::figures::sampled;
use crate::app::ui::{attr, live_view, on};
use cacheplan_engine::report::{Finding, Step, Tone, sentence};
use leptos::prelude::*;

/// What the model leaves out, so that nobody reads it into the figures.
const NOT_MODELLED: &str = "Not modelled yet: fragmentation";

/// Findings, most pressing first; then how they came about.
#[component]
pub fn Why(answer: Answer) -> impl IntoView {
    let found = answer.derive(|_, report, _| report.findings.clone());
    let sampling = answer.derive(|_, report, _| (sampled(&report.sampling), report.engine_version.clone()));
    view! {
            <div class="why">
                <h2>"Why"</h2>
                {live_view(move || match found() {
                    Some(found) => {
                        found.into_iter().map(|finding| view! { <Item answer finding /> }).collect_view().into_any()
                    }
                    None => view! { <p class="item quiet">"No answer yet"</p> }.into_any(),
                })}
                <h2>"Sure of it?"</h2>
                <div class="item" data-finding="sampling">
                    <p>
                        {live_view(move || {
                            sampling()
                                .map(|(sampled, version)| {
                                    let said = sentence(&sampled);
    format!("{said}. Same scenario, same numbers on any machine: engine {version}.")
                                })
                        })}
                    </p>
                    <p>{NOT_MODELLED}"."</p>
                </div>
            </div>
        }
}

#[component]
fn Item(answer: Answer, finding: Finding) -> impl IntoView {
    let class = match finding.tone {
        Tone::Bad => "tag bad",
        Tone::Warning => "tag warn",
        Tone::Plain => "tag",
    };
    let session = answer.session;
    view! {
        <div class="item" data-finding=finding.id>
            <h3>
                <span class=class>{finding.tag}</span>
                {finding.title}
            </h3>
            <p>{finding.text}</p>
            {finding
                .step
                .map(|Step { label, change }| {
                    view! {
                        <button {..attr("type", "button")} class="act" on:click=on(move |_| session.edit(change.path(), move |scenario| change.apply(scenario)))>
                            {label}
                        </button>
                    }
                })}
        </div>
    }
}

//! The answer: what the report on screen is, and the parts that show it.

use super::bill::BillTable;
use super::charts::Charts;
use super::drawing::ClusterDrawing;
use super::rows::RowTables;
use super::tiles::Tiles;
use super::trace::TraceBar;
use super::why::Why;
use crate::app::ui::{attr, live, memo, shown};
use crate::session::{Baseline, Session};
use cacheplan_engine::report::Report;
use cacheplan_engine::scenario::Scenario;
use leptos::prelude::*;
use std::sync::Arc;

/// What the parts of the answer read.
#[derive(Clone, Copy)]
pub struct Answer {
    /// For changes that a part proposes.
    pub session: Session,
    /// The open scenario.
    pub scenario: Signal<Arc<Scenario>>,
    /// The report on screen.
    pub report: Signal<Option<Arc<Report>>>,
    /// What it is compared with.
    pub baseline: Signal<Option<Arc<Baseline>>>,
    /// Simulated time under the cursor that the charts share, seconds.
    pub cursor: RwSignal<Option<f64>>,
    /// Changes when the page's colours do.
    pub look: Signal<(bool, bool)>,
}

impl Answer {
    /// What the session knows.
    pub fn new(session: Session, look: Signal<(bool, bool)>) -> Self {
        Self {
            session,
            scenario: session.scenario(),
            report: session.report(),
            baseline: session.baseline(),
            cursor: RwSignal::new(None),
            look,
        }
    }

    /// Something made from the report, the scenario that it answers, and the baseline, once there is a report.
    pub fn derive<T>(
        self,
        make: impl Fn(&Scenario, &Report, Option<&Baseline>) -> T + Send + Sync + 'static,
    ) -> impl Fn() -> Option<T> + Send + Sync + 'static {
        move || {
            let report = self.report.get()?;
            let baseline = self.baseline.get();
            // An edit of the scenario brings a report of its own.
            Some(
                self.scenario
                    .with_untracked(|scenario| make(scenario, &report, baseline.as_deref())),
            )
        }
    }
}

/// The answer, top to bottom.
#[component]
pub fn AnswerView(
    answer: Answer,
    /// Whether "Why" has a column of its own elsewhere.
    why_apart: Signal<bool>,
) -> impl IntoView {
    let issues = answer.session.issues();
    let troubled =
        memo(move || issues.with(|issues| !issues.is_empty()) && answer.report.with(Option::is_some));
    let nothing = move || answer.report.with(Option::is_none);
    view! {
        <section class="answer" aria-label="Projection">
            <h2 class="unseen">"Projection"</h2>
            <TraceBar session=answer.session />
            {shown(move || troubled.get(), move || view! {
                <p class="stale">"Not run: the scenario has a problem. The figures are those of the last run"</p>
            })}
            <Tiles answer />
            {shown(move || !why_apart.get(), move || view! {
                <Why answer />
            })}
            <div class="figures" {..attr("hidden", live(nothing))}>
                <Charts answer>
                    <ClusterDrawing answer />
                </Charts>
                <RowTables answer />
                <BillTable answer />
            </div>
        </section>
    }
}

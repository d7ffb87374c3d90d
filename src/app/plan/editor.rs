//! The editor: the scenario in sections that fold.

use super::classes::{CLASSES, HAPPENINGS, Picker};
use super::editing::{Editing, explain};
use super::field::Control;
use super::fields::{self, Field, short_name};
use super::trace::TraceSource;
use crate::app::quantity::{Unit, exact, text};
use crate::app::ui::{attr, live, live_view, memo, on, shown};
use cacheplan_engine::scenario::{KeyClass, Objective, Scenario, Ttl, Workload};
use leptos::prelude::*;

/// A section: heading, fields, which open at first, and what it says while it is folded.
struct Section {
    /// For tests and links within the page.
    id: &'static str,
    title: &'static str,
    open: bool,
    fields: &'static [Field],
    summary: fn(&Scenario, usize) -> String,
}

const SECTIONS: [Section; 12] = [
    Section {
        id: "workload",
        title: "Workload",
        open: true,
        fields: fields::TRAFFIC,
        summary: traffic_summary,
    },
    Section {
        id: "keys",
        title: "Keys and sizes",
        open: true,
        fields: fields::KEYS,
        summary: keys_summary,
    },
    Section {
        id: "ttl",
        title: "Time to live",
        open: true,
        fields: fields::TIME_TO_LIVE,
        summary: ttl_summary,
    },
    Section {
        id: "cluster",
        title: "Cluster",
        open: true,
        fields: fields::CLUSTER,
        summary: |s, _| {
            if s.cluster.serverless.is_some() {
                return "Serverless".into();
            }
            let nodes = s.cluster.shards * (1 + s.cluster.replicas);
            format!("{nodes} × {}", short_name(&s.cluster.node_type))
        },
    },
    Section {
        id: "nodes",
        title: "Replicas and failover",
        open: false,
        fields: fields::NODES,
        summary: |s, _| match s.cluster.zones {
            1 => "1 zone".into(),
            zones => format!("{zones} zones"),
        },
    },
    Section {
        id: "server",
        title: "Server settings",
        open: false,
        fields: fields::SERVER,
        summary: |s, _| fields::server_summary(s).into(),
    },
    Section {
        id: "client",
        title: "Client",
        open: false,
        fields: fields::CLIENT,
        summary: |s, _| text(f64::from(s.client.round_trip_us), Unit::Micros) + " away",
    },
    Section {
        id: "database",
        title: "Database",
        open: false,
        fields: fields::DATABASE,
        summary: |s, _| {
            let capacity = text(s.database.capacity_per_s.0, Unit::PerSecond);
            format!(
                "{capacity}, {}",
                text(f64::from(s.database.latency_us), Unit::Micros)
            )
        },
    },
    Section {
        id: "timeline",
        title: "What happens",
        open: false,
        fields: fields::TIMELINE,
        summary: |s, _| match s.timeline.as_slice() {
            [] => "nothing".into(),
            [only] => fields::happening_name(only).into(),
            several => format!("{} things", several.len()),
        },
    },
    Section {
        id: "objectives",
        title: "Objectives",
        open: false,
        fields: fields::OBJECTIVES,
        summary: |s, _| {
            let asked = Objective::ALL
                .iter()
                .filter(|one| s.objectives.target(**one).is_some());
            asked.count().to_string()
        },
    },
    Section {
        id: "run",
        title: "Run",
        open: false,
        fields: fields::RUN,
        summary: |s, _| exact(s.run.duration_s.0 as f64, Unit::Seconds),
    },
    Section {
        id: "prices",
        title: "Prices",
        open: false,
        fields: fields::PRICES,
        summary: |s, _| match s.prices.node_usd_per_hour {
            Some(own) => exact(own.0, Unit::Usd) + " per node-hour",
            None => s.prices.region.clone(),
        },
    },
];

fn open_class(scenario: &Scenario, at: usize) -> Option<&KeyClass> {
    match &scenario.workload {
        Workload::Synthetic { classes } => classes.get(at),
        Workload::Trace(_) => None,
    }
}

fn traffic_summary(scenario: &Scenario, _: usize) -> String {
    match &scenario.workload {
        Workload::Trace(trace) => text(trace.requests as f64, Unit::Count) + " requests, trace",
        Workload::Synthetic { classes } => {
            let peak: f64 = classes.iter().map(|class| class.rate.peak()).sum();
            text(peak, Unit::PerSecond) + " at peak"
        }
    }
}

fn keys_summary(scenario: &Scenario, _: usize) -> String {
    match &scenario.workload {
        Workload::Trace(trace) => text(trace.objects as f64, Unit::Count) + " keys",
        Workload::Synthetic { classes } => {
            text(classes.iter().map(|class| class.keys as f64).sum(), Unit::Count) + " keys"
        }
    }
}

fn ttl_summary(scenario: &Scenario, at: usize) -> String {
    let ttl = match &scenario.workload {
        Workload::Trace(trace) => Some(trace.ttl),
        Workload::Synthetic { .. } => open_class(scenario, at).map(|class| class.ttl),
    };
    match ttl {
        Some(Ttl::Fixed { seconds, jitter }) => {
            let time = exact(seconds.0 as f64, Unit::Seconds);
            if jitter.0 > 0.0 {
                format!("{time} ± {}", exact(jitter.0, Unit::Percent))
            } else {
                time
            }
        }
        Some(Ttl::Sliding { seconds }) => exact(seconds.0 as f64, Unit::Seconds) + ", sliding",
        _ => "none".into(),
    }
}

/// All sections, and what is wrong that no field shows.
#[component]
pub fn Editor(editing: Editing) -> impl IntoView {
    let issues = editing.session.issues();
    view! {
        <div class="editor">
            <h2 class="unseen">"Scenario"</h2>
            {live_view(move || {
                let issues = issues.get();
                (!issues.is_empty())
                    .then(|| {
                        view! {
                            <div class="issues" role="alert">
                                <strong>"Not run: "</strong>
                                {issues
                                    .iter()
                                    .map(|issue| {
                                        view! { <p><strong>{issue.path.clone()}</strong>" "{explain(issue)}</p> }
                                    })
                                    .collect_view()}
                            </div>
                        }
                    })
            })}
            {SECTIONS.iter().map(|section| view! { <SectionView section editing /> }).collect_view()}
        </div>
    }
}

#[component]
fn SectionView(section: &'static Section, mut editing: Editing) -> impl IntoView {
    let scenario = editing.session.scenario();
    if section.id == "timeline" {
        // Here the happening that is open takes the place of the class.
        editing.class = RwSignal::new(0);
    }
    let is_trace = memo(move || scenario.with(|s| matches!(s.workload, Workload::Trace(_))));
    let summary = memo(move || scenario.with(|s| (section.summary)(s, editing.class.get())));
    let serverless = memo(move || scenario.with(|s| s.cluster.serverless.is_some()));
    // Traces bring their keys with them, and Serverless decides about its nodes itself.
    let hidden = move || match section.id {
        "keys" => is_trace.get(),
        "nodes" | "server" => serverless.get(),
        _ => false,
    };
    let class_name = memo(move || {
        scenario.with(|s| match &s.workload {
            Workload::Synthetic { classes } if classes.len() > 1 => {
                classes.get(editing.class.get()).map(|class| class.name.clone())
            }
            _ => None,
        })
    });
    let of_class = matches!(section.id, "keys" | "ttl");
    // What is folded makes its fields when it is first opened: half of the page would wait for nobody.
    let opened = RwSignal::new(section.open);
    view! {
        <details
            class="section"
            {..attr("id", format!("section-{}", section.id))}
            {..attr("open", section.open)}
            {..attr("hidden", live(hidden))}
            on:toggle=on(move |_| opened.set(true))
        >
            <summary>
                <h3>{section.title}</h3>
                {live_view(move || {
                    class_name
                        .get()
                        .filter(|_| of_class)
                        .map(|name| view! { <span class="of-class">{name}</span> })
                })}
                <span class="summary">{live_view(move || summary.get())}</span>
            </summary>
            {shown(move || opened.get(), move || view! { <Fields section editing is_trace /> })}
        </details>
    }
}

#[component]
fn Fields(section: &'static Section, editing: Editing, is_trace: Memo<bool>) -> impl IntoView {
    view! {
        <div class="fields">
            {(section.id == "timeline").then(|| view! { <Picker things=&HAPPENINGS editing /> })}
            {(section.id == "workload")
                .then(|| {
                    view! {
                        {live_view(move || {
                            if is_trace.get() {
                                view! { <TraceSource session=editing.session /> }.into_any()
                            } else {
                                view! { <Picker things=&CLASSES editing /> }.into_any()
                            }
                        })}
                        {fields::TRACE.iter().map(|field| view! { <Control field editing /> }).collect_view()}
                    }
                })}
            {section.fields.iter().map(|field| view! { <Control field editing /> }).collect_view()}
        </div>
    }
}

//! Figures that are tables: shards, key classes, what went wrong, and the log.

use super::answer::Answer;
use super::fields::happening_name;
use crate::app::quantity::{Unit, clock, digits3, grouped, percent, text};
use crate::app::ui::{attr, live, live_view, memo};
use cacheplan_engine::report::{
    Alarm, Budget, ClassSummary, Event, HotKey, Logged, Outcome, Report, Severity, Verdict, figure_text,
};
use cacheplan_engine::scenario::Scenario;
use cacheplan_engine::units::{Bytes, Micros, PerSecond};
use leptos::prelude::*;

type Rows = Vec<Vec<String>>;

/// A table of the report.
struct Shape {
    /// For tests.
    id: &'static str,
    title: &'static str,
    heads: &'static [&'static str],
    /// Its rows; without any it is not shown.
    rows: fn(&Scenario, &Report) -> Rows,
}

static SHAPES: [Shape; 8] = [
    Shape {
        id: "objectives",
        title: "Objectives",
        heads: &[
            "Objective",
            "Target",
            "Measured",
            "Verdict",
            "Of",
            "Outside",
            "Since",
            "Budget used",
            "Worst burn",
        ],
        rows: |_, report| report.objectives.iter().map(verdict).collect(),
    },
    Shape {
        id: "alarms",
        title: "Alarms",
        heads: &["From", "Until", "Call", "Alarm"],
        rows: |_, report| report.alarms.iter().map(alarm).collect(),
    },
    Shape {
        id: "log",
        title: "What happened",
        heads: &["Time", "Event"],
        rows: log,
    },
    Shape {
        id: "outcomes",
        title: "Beyond hits and misses",
        heads: &["What", "Count", "Of all"],
        rows: |_, report| outcomes(report),
    },
    Shape {
        id: "classes",
        title: "Key classes",
        heads: &[
            "Class",
            "Reads",
            "Hit rate",
            "Cold",
            "Evicted",
            "Expired",
            "Invalidated",
            "Lost",
            "Found nothing",
        ],
        rows: |_, report| classes(report),
    },
    Shape {
        id: "deployment",
        title: "Deployment",
        heads: &["What", "Figure"],
        rows: |_, report| deployment(report),
    },
    Shape {
        id: "shards",
        title: "Shards",
        heads: &[
            "Shard",
            "Slots",
            "Keys",
            "Memory",
            "Requests",
            "Hit rate",
            "Evictions",
            "Of mean",
            "CPU",
            "Connections",
            "Network",
            "Busiest key",
        ],
        rows: |_, report| shards(report),
    },
    Shape {
        id: "hot-keys",
        title: "Hot keys",
        heads: &["Class", "Number", "Shard", "Of all requests", "Of its shard’s"],
        rows: |_, report| report.hot.keys.iter().map(hot_key).collect(),
    },
];

fn share(value: f64) -> String {
    percent(value) + " %"
}

fn count(value: u64) -> String {
    text(value as f64, Unit::Count)
}

/// An event in words.
pub fn event_name(scenario: &Scenario, event: Event) -> String {
    let name = |number: u16| {
        scenario
            .timeline
            .get(usize::from(number))
            .map_or("Happening", happening_name)
    };
    match event {
        Event::Begins { happening } => name(happening).into(),
        Event::Ends { happening } => format!("{} is over", name(happening)),
        Event::Promoted { shard } => format!("A replica of shard {} takes over", shard + 1),
        Event::Emptied { shard } => format!("Shard {} lost its values", shard + 1),
        Event::Refuses => "All shards refuse keys".into(),
        Event::Accepts => "All shards take keys again".into(),
        Event::Snapshot => "Snapshots begin".into(),
        Event::ReplicaLost { shard } => format!("Shard {} lost a replica", shard + 1),
        Event::SyncBegins { shard } => format!("Shard {} forks to bring a replica up to date", shard + 1),
        Event::SyncFails { shard } => format!("Shard {} drops a replica that falls behind", shard + 1),
        Event::Synced { shard } => format!("A replica of shard {} is in step", shard + 1),
        Event::Reshards { shards } => format!("Keys begin to move: {shards} shards"),
        Event::Resharded { shards } => format!("{shards} shards hold all keys"),
        Event::ScaleRefused => "The number of shards cannot change now".into(),
        Event::Replicas { replicas } => format!("Replicas of each shard: {replicas}"),
        Event::Replaced { shard } => format!("Other nodes took over shard {}", shard + 1),
        Event::Restored { shard } => format!("Shard {} has loaded its values", shard + 1),
        Event::Failed { shard } => format!("The primary of shard {} dies", shard + 1),
    }
}

fn log(scenario: &Scenario, report: &Report) -> Rows {
    let row = |entry: &Logged| vec![clock(entry.at.as_secs()), event_name(scenario, entry.event)];
    report.log.iter().map(row).collect()
}

fn verdict(verdict: &Verdict) -> Vec<String> {
    let objective = verdict.objective;
    let bound = if objective.is_least() { "≥ " } else { "≤ " };
    let budget = |of: fn(&Budget) -> String| verdict.budget.as_ref().map(of).unwrap_or_default();
    vec![
        objective.label().into(),
        bound.to_string() + &figure_text(objective, verdict.target),
        verdict
            .measured
            .map(|figure| figure_text(objective, figure))
            .unwrap_or_default(),
        match verdict.outcome {
            Outcome::Met => "met",
            Outcome::Missed => "missed",
            Outcome::NotMeasured => "not measured",
        }
        .into(),
        verdict.note.clone(),
        share(verdict.outside.0),
        verdict
            .first_outside
            .map(|at| clock(at.as_secs()))
            .unwrap_or_default(),
        budget(|budget| share(budget.used)),
        budget(|budget| {
            let window = text(budget.window.as_secs(), Unit::Seconds);
            format!("{} × in {window}", digits3(budget.worst_burn))
        }),
    ]
}

fn alarm(alarm: &Alarm) -> Vec<String> {
    let time = |at: Micros| clock(at.as_secs());
    vec![
        time(alarm.from),
        alarm.until.map_or_else(|| "the end".into(), time),
        match alarm.severity {
            Severity::Page => "page",
            Severity::Ticket => "ticket",
        }
        .into(),
        alarm.text.clone(),
    ]
}

fn hot_key(key: &HotKey) -> Vec<String> {
    vec![
        key.class.clone(),
        grouped(key.number as f64),
        (key.shard + 1).to_string(),
        share(key.of_all.0),
        share(key.of_shard.0),
    ]
}

/// What the counts say beside hits and misses, where there is any.
fn outcomes(report: &Report) -> Rows {
    let counts = &report.summary.counts;
    let (requests, reads, queries) = (counts.requests(), counts.reads, counts.queries);
    let stale = format!(
        "Stale reads, {} old on average",
        text(report.summary.stale_age.0 as f64, Unit::Micros)
    );
    let rows = [
        ("Failed requests", counts.failed, requests),
        ("Requests turned away", counts.shed, requests + counts.shed),
        ("Reads that found no node", counts.unreachable, reads),
        (stale.as_str(), counts.stale, reads),
        ("Stale reads from near caches", counts.stale_near, reads),
        ("Near hits", counts.near_hits, reads),
        ("Reads past the TTL, on purpose", counts.past_ttl, reads),
        ("Waits for another’s rebuild", counts.waited, reads),
        ("Queries tried again", counts.retries, queries),
        ("Queries refused", counts.queries_refused, queries),
        ("Queries given up", counts.queries_given_up, queries),
        ("Misses after a write", counts.misses_invalidated, reads),
        ("Misses of lost values", counts.misses_lost, reads),
        ("Writes lost", counts.lost_writes, counts.writes),
        ("Values stored out of date", counts.stale_fills, queries),
        ("Hits that say nothing is there", counts.negative_hits, reads),
        ("Queries that found nothing", counts.queries_absent, queries),
        ("Queries to replicas", counts.queries_replicas, queries),
        ("Queries of warming and prefetch", counts.queries_ahead, queries),
        ("Values warmed", counts.warmed, counts.queries_ahead),
        ("Values prefetched", counts.prefetched, counts.queries_ahead),
        ("Prefetched and read", counts.prefetched_used, counts.prefetched),
        (
            "Prefetched for nothing",
            counts.prefetched_wasted,
            counts.prefetched,
        ),
        ("Waits for a connection", counts.pool_waits, requests),
        ("No connection in time", counts.pool_timeouts, requests),
    ];
    rows.into_iter()
        .filter(|(_, value, _)| *value > 0)
        .map(|(what, value, of)| vec![what.into(), count(value), share(value as f64 / of.max(1) as f64)])
        .collect()
}

fn classes(report: &Report) -> Rows {
    let row = |class: &ClassSummary| {
        let counts = &class.counts;
        let causes = [
            counts.misses_cold,
            counts.misses_evicted,
            counts.misses_expired,
            counts.misses_invalidated,
            counts.misses_lost,
            counts.negative_hits + counts.queries_absent,
        ];
        let head = [class.name.clone(), count(counts.reads), share(counts.hit_ratio())];
        head.into_iter().chain(causes.map(count)).collect()
    };
    report.classes.iter().map(row).collect()
}

/// What only secondary regions, Serverless caches or nodes with an SSD have.
fn deployment(report: &Report) -> Rows {
    if let Some(of) = &report.secondary {
        let part = |part: u64, of: u64| share(part as f64 / of.max(1) as f64);
        let replicated = text(of.replicated_per_s, Unit::Bytes) + "/s";
        return [
            ("Reads in secondary regions", count(of.reads)),
            ("Answered there", part(of.hits, of.reads)),
            ("Of these stale", part(of.stale, of.hits)),
            ("Sent to them", replicated),
        ]
        .map(|(what, figure)| vec![what.into(), figure])
        .into();
    }
    if let Some(of) = &report.tiering {
        let hits = report.summary.counts.hits.max(1) as f64;
        let size = |bytes: Bytes| text(bytes.0 as f64, Unit::Bytes);
        return [
            (
                "Hits read from SSD",
                format!("{}, {}", count(of.from_ssd), share(of.from_ssd as f64 / hits)),
            ),
            (
                "On SSD in the end",
                format!("{} of {}", size(of.on_ssd), size(of.ssd)),
            ),
        ]
        .map(|(what, figure)| vec![what.into(), figure])
        .into();
    }
    let Some(of) = &report.serverless else {
        return Rows::new();
    };
    let per_s = |value: PerSecond| text(value.0, Unit::PerSecond);
    [
        ("ECPUs, mean", per_s(of.ecpu_per_s)),
        ("ECPUs, busiest interval", per_s(of.peak_ecpu_per_s)),
        ("ECPUs it takes in the end", per_s(of.capacity_per_s)),
        ("Throttled commands", count(of.throttled)),
        (
            "Busiest slot",
            format!("{}: {}", of.busiest_slot, per_s(of.busiest_slot_per_s)),
        ),
        ("Data, mean", text(of.data.0 as f64, Unit::Bytes)),
    ]
    .map(|(what, figure)| vec![what.into(), figure])
    .into()
}

/// One row for each primary, over the time after the warm-up.
fn shards(report: &Report) -> Rows {
    let seconds = report.summary.seconds.max(1e-9);
    let operations = report.shards.iter().map(|shard| shard.operations_per_s.0);
    let mean = operations.sum::<f64>() / report.shards.len().max(1) as f64;
    let shards = report.shards.iter().enumerate();
    shards
        .map(|(number, shard)| {
            vec![
                (number + 1).to_string(),
                format!("{}–{}", shard.first_slot, shard.last_slot),
                count(shard.keys),
                share(shard.used.0 as f64 / (shard.maxmemory.0 as f64).max(1.0)),
                text(shard.operations_per_s.0, Unit::PerSecond),
                share(shard.counts.hit_ratio()),
                text(shard.counts.evictions as f64 / seconds, Unit::PerSecond),
                text(shard.operations_per_s.0 / mean.max(1e-9), Unit::Number),
                share(shard.engine_cpu.0),
                share(shard.connections.0),
                share(shard.network.0),
                share(shard.hottest_key_share.0),
            ]
        })
        .collect()
}

/// All tables that have rows.
#[component]
pub fn RowTables(answer: Answer) -> impl IntoView {
    SHAPES
        .iter()
        .map(|shape| view! { <RowTable shape answer /> })
        .collect_view()
}

#[component]
fn RowTable(shape: &'static Shape, answer: Answer) -> impl IntoView {
    let made = answer.derive(move |scenario, report, _| (shape.rows)(scenario, report));
    let rows = memo(move || made().unwrap_or_default());
    view! {
        <figure class="figure wide" data-table=shape.id {..attr("hidden", live(move || rows.with(Vec::is_empty)))}>
            <figcaption>
                <h3>{shape.title}</h3>
            </figcaption>
            <div class="table-box" {..attr("tabindex", "0")} {..attr("role", "region")} {..attr("aria-label", shape.title)}>
                <table>
                    <thead>
                        <tr>{shape.heads.iter().map(|head| view! { <th scope="col">{*head}</th> }).collect_view()}</tr>
                    </thead>
                    <tbody>
                        {live_view(move || {
                            rows.get()
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

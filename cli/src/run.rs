//! `cacheplan run`.

use crate::args::RunArgs;
use crate::error::Error;
use crate::progress::Progress;
use crate::{scenario, table, text, trace};
use cacheplan_engine::cost::LineKind;
use cacheplan_engine::report::{
    Event, Finding, Latencies, Limit, Outcome, Report, ServerlessSummary, Severity, Tone, figure_text,
};
use cacheplan_engine::scenario::{RecordedTrace, Scenario, Workload};
use cacheplan_engine::sim::Sim;
use cacheplan_engine::units::{PerSecond, Seconds};
use cacheplan_engine::workload::trace::Trace;
use std::path::Path;
use std::sync::Arc;

/// Requests between two looks at the progress; a few hundredths of a second of work.
const STEP: u64 = 100_000;

/// Parts that the progress bar counts.
const PARTS: u64 = 1_000;

/// Simulates a scenario.
pub(crate) fn run(args: &RunArgs) -> Result<String, Error> {
    let mut scenario = scenario::load(&args.scenario)?;
    scenario.seed = args.seed.unwrap_or(scenario.seed);
    scenario.run.request_budget = args.budget.unwrap_or(scenario.run.request_budget);
    let trace = match &args.trace {
        None => None,
        Some(path) => {
            let trace = trace::read(path, &args.reading)?;
            bring_in(&mut scenario, path, &trace);
            Some(Arc::new(trace))
        }
    };
    let plan = scenario.plan().map_err(|error| Error::Input(error.to_string()))?;
    let mut sim = Sim::new(plan, trace).map_err(|error| Error::Input(error.to_string()))?;
    let progress = Progress::new("simulating", PARTS);
    loop {
        let now = sim.advance(STEP);
        progress.set((now.done.0 * PARTS as f64) as u64);
        if now.complete {
            break;
        }
    }
    drop(progress);
    let report = Report::of(&sim);
    if args.json {
        let text = serde_json::to_string_pretty(&report);
        return text
            .map(|text| text + "\n")
            .map_err(|error| Error::Failure(error.to_string()));
    }
    Ok(summary(&scenario, &report))
}

/// Makes a given trace the workload, unless the scenario asks for a trace of its own: the simulation then refuses
/// another one.
fn bring_in(scenario: &mut Scenario, path: &Path, trace: &Trace) {
    if matches!(&scenario.workload, Workload::Trace(asked) if asked.fingerprint != 0) {
        return;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    scenario.take_trace(RecordedTrace {
        name: name.into_owned(),
        fingerprint: trace.fingerprint(),
        requests: trace.requests() as u64,
        objects: trace.objects() as u64,
        duration: Seconds(trace.duration().as_secs().ceil() as u64),
    });
}

fn summary(scenario: &Scenario, report: &Report) -> String {
    let mut parts = vec![
        format!("{}\n\n{}", scenario.name, headlines(scenario, report)),
        format!("Per shard\n{}", shards(report)),
        format!("Hot keys\n{}", hot_keys(report)),
        format!("Per month\n{}", bill(report)),
    ];
    if let Some(of) = &report.serverless {
        parts.insert(1, format!("Serverless\n{}", serverless(report, of)));
    }
    // What is seldom there stands behind the headlines where it is.
    for (title, text) in [
        ("Log", log(scenario, report)),
        ("Alarms", alarms(report)),
        ("Objectives", objectives(report)),
        ("Findings", findings(report)),
        ("Trouble", trouble(report)),
    ] {
        if !text.is_empty() {
            parts.insert(1, format!("{title}\n{text}"));
        }
    }
    parts.join("\n")
}

fn headlines(scenario: &Scenario, report: &Report) -> String {
    let summary = &report.summary;
    let (counts, database, memory) = (&summary.counts, &summary.database, &summary.memory);
    let capacity = scenario.database.capacity_per_s.0;
    let latency = |all: &Latencies| {
        let [mean, p50, p99, p999] = [all.mean, all.p50, all.p99, all.p999].map(|us| text::span(us.0));
        format!("{mean} mean, {p50} p50, {p99} p99, {p999} p99.9")
    };
    let per_s = |x: f64| format!("{}/s", text::amount(x));
    let evicting = memory.evicting_since.map_or_else(
        || "no evictions".into(),
        |since| {
            format!(
                "{} evictions, the first after {}",
                text::number(counts.evictions),
                text::span(since.0)
            )
        },
    );
    let sampling = &report.sampling;
    let simulated = match sampling.one_in {
        0 | 1 => "all of them".into(),
        n => format!(
            "{} of them, one key of the tail in {n}",
            text::number(sampling.requests)
        ),
    };
    let mut rows = vec![
        (
            "hit rate",
            format!(
                "{} of {} reads in {}",
                text::percent(summary.hit_ratio()),
                text::number(counts.reads),
                text::span((summary.seconds * 1e6) as u64)
            ),
        ),
        (
            "misses",
            format!(
                "{} cold, {} evicted, {} expired, {} deleted, {} lost by a node",
                text::number(counts.misses_cold),
                text::number(counts.misses_evicted),
                text::number(counts.misses_expired),
                text::number(counts.misses_invalidated),
                text::number(counts.misses_lost)
            ),
        ),
        (
            "database",
            format!(
                "{} mean, {} peak, {} of its {}; {} without the cache",
                per_s(database.mean_per_s.0),
                per_s(database.peak_per_s.0),
                text::percent(database.peak_utilisation),
                per_s(capacity),
                per_s(database.without_cache_per_s.0)
            ),
        ),
        ("latency", latency(&summary.latency)),
        ("  of hits", latency(&summary.hit_latency)),
        ("  of misses", latency(&summary.miss_latency)),
        (
            "memory",
            format!(
                "{} of {} at its peak; all keys would take {}",
                text::bytes(memory.peak_used.0),
                text::bytes(memory.maxmemory.0),
                text::bytes(memory.working_set.0)
            ),
        ),
        ("eviction", evicting),
    ];
    if let Some(of) = &report.secondary {
        rows.push((
            "other regions",
            format!(
                "{} of {} reads answered there, {} of these stale; {}/s sent to them",
                text::number(of.hits),
                text::number(of.reads),
                text::number(of.stale),
                text::bytes(of.replicated_per_s as u64)
            ),
        ));
    }
    if let Some(of) = &report.tiering {
        rows.push((
            "data tiering",
            format!(
                "{} of {} hits read from SSD; {} of {} on it in the end",
                text::number(of.from_ssd),
                text::number(counts.hits),
                text::bytes(of.on_ssd.0),
                text::bytes(of.ssd.0)
            ),
        ));
    }
    rows.extend([
        (
            "simulated",
            format!(
                "{} requests, {simulated}{}",
                text::number(sampling.requests_represented),
                match sampling.hit_ratio_error.0 {
                    0.0 => String::new(),
                    error => format!("; hit ratio ± {:.2} points", error * 100.0),
                }
            ),
        ),
        ("cost", format!("{} a month", text::usd(cache_cost(report)))),
    ]);
    table::list(&rows)
}

fn serverless(report: &Report, of: &ServerlessSummary) -> String {
    let per_s = |x: PerSecond| format!("{}/s", text::amount(x.0));
    let binding = match report.shards.first().and_then(|shard| shard.binding) {
        Some(Limit::SlotRate) => "what one hash slot gets",
        Some(Limit::MaximumRate) => "the most ECPUs that are set, or that the service gives",
        Some(Limit::Memory) => "the most data",
        _ => "what it has scaled to",
    };
    table::list(&[
        (
            "ECPUs",
            format!(
                "{} mean, {} peak; it takes {} in the end",
                per_s(of.ecpu_per_s),
                per_s(of.peak_ecpu_per_s),
                per_s(of.capacity_per_s)
            ),
        ),
        ("throttled", format!("{} commands", text::number(of.throttled))),
        (
            "busiest slot",
            format!("{}, asked for {}", of.busiest_slot, per_s(of.busiest_slot_per_s)),
        ),
        ("data", format!("{} in the mean", text::bytes(of.data.0))),
        ("nearest limit", binding.into()),
    ])
}

/// What went wrong, or was kept from it, and what was done ahead of readers; empty when nothing of it happened.
fn trouble(report: &Report) -> String {
    let counts = &report.summary.counts;
    let rows: Vec<(&str, String)> = [
        ("no answer", counts.failed),
        ("no node to ask", counts.unreachable),
        ("turned away", counts.shed),
        ("waited for a rebuild", counts.waited),
        ("further tries", counts.retries),
        ("queries refused", counts.queries_refused),
        ("queries given up", counts.queries_given_up),
        ("stale reads", counts.stale),
        ("served past its TTL", counts.past_ttl),
        ("writes lost", counts.lost_writes),
        ("stored out of date", counts.stale_fills),
        ("hits that found nothing", counts.negative_hits),
        ("queries that found nothing", counts.queries_absent),
        ("queries to replicas", counts.queries_replicas),
        ("values warmed", counts.warmed),
        ("values prefetched", counts.prefetched),
        ("  of them read", counts.prefetched_used),
        ("  of them for nothing", counts.prefetched_wasted),
        ("waits for a connection", counts.pool_waits),
        ("no connection in time", counts.pool_timeouts),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .map(|(what, count)| (what, text::number(count)))
    .collect();
    if rows.is_empty() {
        String::new()
    } else {
        table::list(&rows)
    }
}

/// The objectives and what became of them; empty when there are none.
fn objectives(report: &Report) -> String {
    if report.objectives.is_empty() {
        return String::new();
    }
    let rows: Vec<Vec<String>> = report
        .objectives
        .iter()
        .map(|verdict| {
            let of = verdict.objective;
            let bound = if of.is_least() { "≥" } else { "≤" };
            let measured = verdict.measured.map(|figure| figure_text(of, figure));
            let budget = verdict.budget.map(|budget| text::percent(budget.used));
            let burn = verdict.budget.map(|budget| {
                let window = text::span(budget.window.0);
                format!("{} × in {window}", text::amount(budget.worst_burn))
            });
            vec![
                of.label().into(),
                format!("{bound} {}", figure_text(of, verdict.target)),
                measured.unwrap_or_default(),
                match verdict.outcome {
                    Outcome::Met => "met",
                    Outcome::Missed => "MISSED",
                    Outcome::NotMeasured => "not measured",
                }
                .into(),
                text::percent(verdict.outside.0),
                budget.unwrap_or_default(),
                burn.unwrap_or_default(),
                verdict.note.clone(),
            ]
        })
        .collect();
    table::table(
        &[
            "objective",
            "target",
            "measured",
            "verdict",
            "outside",
            "budget used",
            "worst burn",
            "of",
        ],
        &rows,
    )
}

/// What would have called somebody; empty when nothing would.
fn alarms(report: &Report) -> String {
    if report.alarms.is_empty() {
        return String::new();
    }
    let rows: Vec<Vec<String>> = report
        .alarms
        .iter()
        .map(|alarm| {
            let call = match alarm.severity {
                Severity::Page => "page",
                Severity::Ticket => "ticket",
            };
            let until = alarm
                .until
                .map_or_else(|| "the end".into(), |at| text::span(at.0));
            vec![call.into(), text::span(alarm.from.0), until, alarm.text.clone()]
        })
        .collect();
    table::table(&["call", "from", "until", "alarm"], &rows)
}

/// What the figures mean, most pressing first.
fn findings(report: &Report) -> String {
    let line = |finding: &Finding| {
        let mark = match finding.tone {
            Tone::Bad => "!!",
            Tone::Warning => "! ",
            Tone::Plain => "  ",
        };
        let step = finding.step.as_ref();
        let step = step.map_or_else(String::new, |step| format!(" {}.", step.label));
        format!("{mark} {}: {}{step}\n", finding.title, finding.text)
    };
    report.findings.iter().map(line).collect()
}

/// The keys that are asked for most.
fn hot_keys(report: &Report) -> String {
    let rows: Vec<Vec<String>> = report
        .hot
        .keys
        .iter()
        .map(|key| {
            vec![
                key.class.clone(),
                text::number(key.number),
                (key.shard + 1).to_string(),
                text::percent(key.of_all.0),
                text::percent(key.of_shard.0),
            ]
        })
        .collect();
    let table = table::table(
        &["class", "number", "shard", "of all requests", "of its shard's"],
        &rows,
    );
    let (shard, ratio) = (report.hot.shard + 1, text::amount(report.hot.shard_ratio));
    format!("{table}Shard {shard} gets most operations, {ratio} times the mean.\n")
}

/// What happened when; empty when nothing did.
fn log(scenario: &Scenario, report: &Report) -> String {
    if report.log.is_empty() {
        return String::new();
    }
    let rows: Vec<Vec<String>> = report
        .log
        .iter()
        .map(|logged| {
            let of = |number: u16| {
                let happening = scenario.timeline.get(usize::from(number));
                happening.map_or("something", |happening| happening.what.name())
            };
            let what = match logged.event {
                Event::Begins { happening } => format!("{} begins", of(happening)),
                Event::Ends { happening } => format!("{} ends", of(happening)),
                Event::Promoted { shard } => format!("a replica of shard {} takes over", shard + 1),
                Event::Emptied { shard } => format!("shard {} has lost all values", shard + 1),
                Event::Snapshot => "every shard writes a snapshot".into(),
                Event::Refuses => "all shards refuse keys".into(),
                Event::Accepts => "all shards take keys again".into(),
                Event::ReplicaLost { shard } => format!("shard {} has lost a replica", shard + 1),
                Event::SyncBegins { shard } => {
                    format!("shard {} forks to bring a replica up to date", shard + 1)
                }
                Event::SyncFails { shard } => {
                    format!(
                        "shard {} drops a replica that falls behind, again and again",
                        shard + 1
                    )
                }
                Event::Synced { shard } => format!("a replica of shard {} is in step", shard + 1),
                Event::Restored { shard } => format!("shard {} has loaded its values", shard + 1),
                Event::Failed { shard } => format!("the primary of shard {} dies", shard + 1),
                Event::Reshards { shards } => format!("keys begin to move to {shards} shards"),
                Event::Resharded { shards } => format!("{shards} shards hold all keys"),
                Event::ScaleRefused => {
                    "the number of shards stays: it is being changed, or memory does not suffice".into()
                }
                Event::Replicas { replicas } => format!("each shard is to have {replicas} replicas"),
                Event::Replaced { shard } => {
                    format!("nodes of another type take over shard {}", shard + 1)
                }
            };
            vec![text::span(logged.at.0), what]
        })
        .collect();
    table::table(&["after", "what happened"], &rows)
}

fn shards(report: &Report) -> String {
    let rows: Vec<Vec<String>> = report
        .shards
        .iter()
        .map(|shard| {
            vec![
                format!("{}-{}", shard.first_slot, shard.last_slot),
                text::percent(shard.counts.hit_ratio()),
                text::amount(shard.operations_per_s.0),
                text::percent(shard.engine_cpu.0),
                text::bytes(shard.used.0),
                text::number(shard.keys),
                text::number(shard.counts.evictions),
                text::percent(shard.hottest_key_share.0),
            ]
        })
        .collect();
    table::table(
        &[
            "slots",
            "hit rate",
            "operations/s",
            "engine CPU",
            "memory",
            "keys",
            "evictions",
            "hottest key",
        ],
        &rows,
    )
}

fn bill(report: &Report) -> String {
    let mut rows: Vec<Vec<String>> = report
        .bill
        .lines
        .iter()
        .map(|line| {
            vec![
                line.what.clone(),
                format!("{} {}", text::amount(line.quantity), line.unit),
                format!("${}", line.unit_price.0),
                text::usd(line.amount().0),
            ]
        })
        .collect();
    rows.push(vec![
        "Cache, all in all".into(),
        String::new(),
        String::new(),
        text::usd(cache_cost(report)),
    ]);
    let mut sources: Vec<&str> = Vec::new();
    for line in &report.bill.lines {
        if !sources.contains(&line.source.as_str()) {
            sources.push(&line.source);
        }
    }
    let table = table::table(&["what", "quantity", "unit price", "amount"], &rows);
    format!("{table}Prices: {}\n", sources.join("; "))
}

/// The lines that are paid for the cache itself.
fn cache_cost(report: &Report) -> f64 {
    let lines = report
        .bill
        .lines
        .iter()
        .filter(|line| line.kind == LineKind::Cache);
    lines.map(|line| line.amount().0).sum()
}

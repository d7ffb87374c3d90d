//! `cacheplan replay` and `cacheplan policies`.

use crate::amount::Amount;
use crate::args::ReplayArgs;
use crate::error::Error;
use crate::progress::Progress;
use crate::{table, text, trace};
use cacheplan_engine::policy::{Entry, Limit, REGISTRY, Setup, find, next_requests};
use cacheplan_engine::workload::trace::Trace;
use serde::Serialize;
use std::time::Instant;

/// Requests between two looks at the progress; a hundredth of a second of work.
const STEP: usize = 1 << 20;

/// What a replay found. The fields of the JSON form.
#[derive(Debug, Serialize)]
struct Outcome {
    policy: &'static str,
    mode: &'static str,
    capacity: u64,
    requests: u64,
    objects: u64,
    misses: u64,
    miss_ratio: f64,
    /// Reading, decompressing and interning.
    read_seconds: f64,
    /// Replaying alone: the median where it was repeated.
    simulate_seconds: f64,
    simulate_seconds_best: f64,
    skipped_lines: u64,
}

/// Replays a trace through one policy.
pub(crate) fn replay(args: &ReplayArgs) -> Result<String, Error> {
    let entry = find(&args.policy).ok_or_else(|| Error::Input(format!("{}: no such policy", args.policy)))?;
    if matches!(args.capacity, Amount::Bytes(_)) && !args.bytes {
        return Err(Error::Input(
            "a capacity in bytes needs --bytes; without it, objects are counted".into(),
        ));
    }
    let start = Instant::now();
    let trace = trace::read(&args.trace, &args.reading)?;
    let read_seconds = start.elapsed().as_secs_f64();
    let outcome = measure(entry, &trace, args, read_seconds)?;
    Ok(if args.json {
        json(&outcome)?
    } else {
        outcome.table()
    })
}

fn measure(entry: &Entry, trace: &Trace, args: &ReplayArgs, read_seconds: f64) -> Result<Outcome, Error> {
    let (mode, limit, whole) = if args.bytes {
        let whole = trace.bytes().0;
        if whole == 0 {
            return Err(Error::Input(
                "the trace tells no sizes; without --bytes, objects are counted".into(),
            ));
        }
        ("bytes", Limit::Bytes as fn(u64) -> Limit, whole)
    } else {
        (
            "objects",
            Limit::Objects as fn(u64) -> Limit,
            trace.objects() as u64,
        )
    };
    let capacity = args.capacity.of(whole);
    let setup = Setup {
        capacity,
        keys: trace.objects() as u32,
        seed: args.seed,
    };
    let sizes = trace.object_bytes();
    let future = if entry.needs_future() {
        next_requests(trace.keys(), trace.objects())
    } else {
        Vec::new()
    };
    let rounds = u64::from(args.repeat);
    let requests = trace.requests() as u64;
    let progress = Progress::new("replaying", rounds * requests);
    let mut misses = 0;
    let mut seconds = Vec::new();
    for round in 0..rounds {
        let mut cache = entry.replay(limit(capacity), setup);
        misses = 0;
        let mut done = round * requests;
        let start = Instant::now();
        let mut next = future.chunks(STEP);
        for keys in trace.keys().chunks(STEP) {
            misses += cache.advance_knowing(keys, &sizes, next.next().unwrap_or_default());
            done += keys.len() as u64;
            progress.set(done);
        }
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    Ok(Outcome {
        policy: entry.name,
        mode,
        capacity,
        requests,
        objects: trace.objects() as u64,
        misses,
        miss_ratio: misses as f64 / requests as f64,
        read_seconds,
        simulate_seconds: seconds.get(seconds.len() / 2).copied().unwrap_or_default(),
        simulate_seconds_best: seconds.first().copied().unwrap_or_default(),
        skipped_lines: trace.problems().count(),
    })
}

fn json(outcome: &Outcome) -> Result<String, Error> {
    let text = serde_json::to_string_pretty(outcome);
    text.map(|text| text + "\n")
        .map_err(|error| Error::Failure(error.to_string()))
}

impl Outcome {
    fn table(&self) -> String {
        let capacity = match self.mode {
            "bytes" => text::bytes(self.capacity),
            _ => text::count(self.capacity, "object"),
        };
        let speed = self.requests as f64 / self.simulate_seconds.max(1e-9) / 1e6;
        table::list(&[
            ("policy", self.policy.into()),
            ("capacity", capacity),
            ("requests", text::number(self.requests)),
            ("objects", text::number(self.objects)),
            ("misses", text::number(self.misses)),
            ("miss ratio", text::percent(self.miss_ratio)),
            ("reading", format!("{:.3} s", self.read_seconds)),
            (
                "replaying",
                format!("{:.3} s, {speed:.1} million requests/s", self.simulate_seconds),
            ),
        ])
    }
}

/// The policies, one a line.
pub(crate) fn list_policies() -> String {
    let rows: Vec<_> = REGISTRY
        .iter()
        .map(|entry| (entry.name, format!("{}: {}", entry.label, entry.summary)))
        .collect();
    table::list(&rows)
}

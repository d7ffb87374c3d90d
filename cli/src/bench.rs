//! `cacheplan bench`: how fast the policies replay on this machine, and what they take per key.
//!
//! Each policy runs in turn with the [probe](probe::Lru), round after round, and its speed is the median of the ratios:
//! what slows the machine for a while slows both.

mod probe;

use crate::args::BenchArgs;
use crate::error::Error;
use crate::progress::Progress;
use crate::verify::sequence::{Requests, Shift, Zipf};
use crate::{ALLOCATOR, table, text, trace};
use cacheplan_engine::policy::{Entry, KeyId, Limit, REGISTRY, Setup, next_requests};
use cacheplan_engine::random::mix64;
use serde::Serialize;
use std::time::Instant;

/// Objects of the generated stream.
const OBJECTS: u32 = 1_000_000;

/// Seed of the generated stream and of policies that draw lots.
const SEED: u64 = 42;

/// The fields of the JSON form.
#[derive(Debug, Serialize)]
struct Outcome {
    requests: u64,
    objects: u64,
    capacity: u64,
    rounds: u32,
    probe: Speed,
    policies: Vec<Row>,
}

/// The fields of the JSON form.
#[derive(Debug, Serialize)]
struct Row {
    policy: &'static str,
    #[serde(flatten)]
    speed: Speed,
    /// Requests per second over those of the probe: the median of the rounds.
    probe_ratio: f64,
    /// Bytes that are held for each resident key, with those for keys that are remembered and for growth.
    bytes_per_resident_key: f64,
    /// Bytes that are held for each key of the trace from the start, resident or not.
    bytes_per_known_key: f64,
}

/// Medians of the rounds.
#[derive(Debug, Serialize)]
struct Speed {
    misses: u64,
    seconds: f64,
    requests_per_s: f64,
    ns_per_request: f64,
}

/// What all contestants replay.
struct Stage {
    /// Keys, numbered in the order in which they appear.
    keys: Vec<KeyId>,
    objects: usize,
    /// The same as hashed ids, as the probe takes them.
    ids: Vec<u64>,
    capacity: u64,
    setup: Setup,
}

/// The measurements of one contestant.
#[derive(Default)]
struct Rounds {
    misses: u64,
    seconds: Vec<f64>,
}

/// What a policy holds.
#[derive(Clone, Copy, Default)]
struct Memory {
    /// Bytes at the end of the stream for each resident key.
    per_resident_key: f64,
    /// Bytes from the start for each known key.
    per_known_key: f64,
}

/// The measurements of one policy.
#[derive(Default)]
struct Measured {
    own: Rounds,
    /// Speed over that of the probe.
    ratios: Vec<f64>,
    /// The same in every round.
    memory: Memory,
}

/// Measures policies.
pub(crate) fn bench(args: &BenchArgs) -> Result<String, Error> {
    let chosen = |entry: &&Entry| args.policy.is_empty() || args.policy.iter().any(|name| name == entry.name);
    let entries: Vec<&Entry> = REGISTRY.iter().filter(chosen).collect();
    let (keys, objects) = match &args.trace {
        Some(file) => {
            let trace = trace::read(file, &args.reading)?;
            (trace.keys().to_vec(), trace.objects())
        }
        None => zipf(args.requests as usize),
    };
    if keys.is_empty() {
        return Err(Error::Input("there is no request to replay".into()));
    }
    let outcome = Stage::new(keys, objects, args.capacity.of(objects as u64)).measure(&entries, args.rounds);
    Ok(if args.json {
        outcome.json()?
    } else {
        outcome.table()
    })
}

/// Keys drawn by Zipf's law with exponent 1, numbered in the order in which they appear; and how many there are. The
/// first 20 million are those of the trace that libCacheSim's speeds were recorded with.
fn zipf(requests: usize) -> (Vec<KeyId>, usize) {
    let law = Zipf::new(OBJECTS, 1.0);
    let mut numbers = vec![KeyId::MAX; OBJECTS as usize];
    let mut objects = 0;
    let number = |rank: u32| {
        let number = numbers.get_mut(rank as usize)?;
        if *number == KeyId::MAX {
            *number = objects;
            objects += 1;
        }
        Some(*number)
    };
    let ranks = Requests::new(&law, SEED, Shift::default()).take(requests);
    let keys = ranks.filter_map(number).collect();
    (keys, objects as usize)
}

impl Stage {
    fn new(keys: Vec<KeyId>, objects: usize, capacity: u64) -> Self {
        let ids = keys.iter().map(|key| mix64(u64::from(*key))).collect();
        let setup = Setup {
            capacity,
            keys: objects as u32,
            seed: SEED,
        };
        Self {
            keys,
            objects,
            ids,
            capacity,
            setup,
        }
    }

    fn measure(&self, entries: &[&'static Entry], rounds: u32) -> Outcome {
        let needs_future = entries.iter().any(|entry| entry.needs_future());
        let future = if needs_future {
            next_requests(&self.keys, self.objects)
        } else {
            Vec::new()
        };
        let mut probes = Rounds::default();
        let mut policies: Vec<Measured> = entries.iter().map(|_| Measured::default()).collect();
        let progress = Progress::new("measuring", u64::from(rounds) * entries.len() as u64);
        for round in 0..u64::from(rounds) {
            for (number, (entry, measured)) in (0..).zip(entries.iter().zip(&mut policies)) {
                let probe = probes.add(|| self.probe());
                let policy = measured
                    .own
                    .add(|| self.replay(entry, &future, &mut measured.memory));
                measured.ratios.push(probe / policy);
                progress.set(round * entries.len() as u64 + number + 1);
            }
        }
        drop(progress);
        let requests = self.keys.len() as u64;
        let row = |(entry, measured): (&&'static Entry, Measured)| Row {
            policy: entry.name,
            speed: measured.own.speed(requests),
            probe_ratio: median(measured.ratios),
            bytes_per_resident_key: measured.memory.per_resident_key,
            bytes_per_known_key: measured.memory.per_known_key,
        };
        Outcome {
            requests,
            objects: self.objects as u64,
            capacity: self.capacity,
            rounds,
            policies: entries.iter().zip(policies).map(row).collect(),
            probe: probes.speed(requests),
        }
    }

    /// Replays through the probe: misses, and seconds.
    fn probe(&self) -> (u64, f64) {
        let mut lru = probe::Lru::new(self.capacity.max(1) as usize);
        let start = Instant::now();
        let misses = self.ids.iter().filter(|id| !lru.access(**id)).count() as u64;
        (misses, start.elapsed().as_secs_f64())
    }

    /// Replays through a policy: misses, and seconds; and what the policy held.
    fn replay(&self, entry: &Entry, future: &[u64], memory: &mut Memory) -> (u64, f64) {
        let before = ALLOCATOR.allocated();
        let mut cache = entry.replay(Limit::Objects(self.capacity), self.setup);
        let empty = ALLOCATOR.allocated();
        let start = Instant::now();
        let misses = cache.advance_knowing(&self.keys, &[], future);
        let seconds = start.elapsed().as_secs_f64();
        let full = ALLOCATOR.allocated();
        *memory = Memory {
            per_resident_key: full.saturating_sub(empty) as f64 / cache.used().max(1) as f64,
            per_known_key: empty.saturating_sub(before) as f64 / self.objects.max(1) as f64,
        };
        (misses, seconds)
    }
}

impl Rounds {
    /// Adds a round and returns its seconds.
    fn add(&mut self, round: impl FnOnce() -> (u64, f64)) -> f64 {
        let (misses, seconds) = round();
        // A clock too coarse for a tiny trace tells zero.
        let seconds = seconds.max(1e-9);
        self.misses = misses;
        self.seconds.push(seconds);
        seconds
    }

    fn speed(self, requests: u64) -> Speed {
        let seconds = median(self.seconds);
        Speed {
            misses: self.misses,
            seconds,
            requests_per_s: requests as f64 / seconds,
            ns_per_request: seconds * 1e9 / requests as f64,
        }
    }
}

/// The middle value, the upper of two; zero when there is none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

impl Outcome {
    fn json(&self) -> Result<String, Error> {
        let text = serde_json::to_string_pretty(self);
        text.map(|text| text + "\n")
            .map_err(|error| Error::Failure(error.to_string()))
    }

    fn table(&self) -> String {
        let cells = |name: &str, speed: &Speed| {
            vec![
                name.into(),
                format!("{:.1}", speed.requests_per_s / 1e6),
                format!("{:.1}", speed.ns_per_request),
                text::percent(speed.misses as f64 / self.requests as f64),
            ]
        };
        let mut rows = vec![cells("(probe)", &self.probe)];
        rows.extend(self.policies.iter().map(|row| {
            let mut cells = cells(row.policy, &row.speed);
            cells.push(format!("{:.2}", row.probe_ratio));
            cells.push(format!("{:.1}", row.bytes_per_resident_key));
            cells.push(format!("{:.1}", row.bytes_per_known_key));
            cells
        }));
        let heading = [
            "policy",
            "M requests/s",
            "ns/request",
            "miss ratio",
            "probes",
            "bytes/resident key",
            "bytes/known key",
        ];
        format!(
            "{} for {}, of which {} fit; medians of {}\n\n{}",
            text::count(self.requests, "request"),
            text::count(self.objects, "object"),
            text::number(self.capacity),
            text::count(self.rounds.into(), "round"),
            table::table(&heading, &rows)
        )
    }
}

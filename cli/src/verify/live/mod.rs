//! `cacheplan verify --live`: a known sequence of requests, put to a real server.
//!
//! The run is recorded in the form of the recordings and then verified like one of them. A server is left as it was:
//! its configuration is read and not changed, and the keys of the run, which carry a random prefix, are deleted at
//! the end. The load is bounded in requests, rate, data and time.
//!
//! The protocols are spoken over plain sockets rather than through client libraries: a batch goes out in one write,
//! as in the recordings, and five commands of either protocol are all there is to it.

mod connection;
mod memcached;
mod redis;

use super::cache_aside::{self, Tally, Target};
use super::check::Check;
use super::recordings::Recordings;
use super::sequence::{Requests, Shift, Ttl, ValueSize, Zipf};
use crate::args::LiveArgs;
use crate::error::Error;
use crate::{table, text};
use cacheplan_engine::random::mix64;
use connection::{Endpoint, Protocol};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Requests per batch, as in the recordings.
const BATCH: usize = 16;
/// Equal parts at whose ends the server is asked for its state.
const WINDOWS: u64 = 10;
/// Most bytes of all keys and values of a run together.
const LARGEST_DATA: u64 = 1 << 30;
/// Keys deleted at a time.
const DELETED_AT_ONCE: usize = 500;

/// Whether a server may be used that holds keys.
#[derive(Clone, Copy)]
struct Guard {
    allow_data: bool,
}

impl Guard {
    fn check(self, keys: u64) -> Result<(), Error> {
        if keys == 0 || self.allow_data {
            return Ok(());
        }
        Err(Error::Input(
            "the server holds keys; a live check may push them out, and they spoil the comparison. Use an empty test \
             server, or add --allow-data"
                .into(),
        ))
    }
}

/// Names and values of a run's keys.
struct Keys {
    /// Eight characters that no other run has.
    prefix: String,
    sizes: ValueSize,
    ttl: Ttl,
    /// As long as the longest value.
    filler: Vec<u8>,
}

impl Keys {
    fn new(sizes: ValueSize, ttl: Ttl) -> Self {
        // Not random numbers of the run: two runs with one seed differ here.
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let random = mix64(clock.as_nanos() as u64 ^ u64::from(std::process::id()) << 32);
        let longest = match sizes {
            ValueSize::Fixed(bytes) => bytes,
            ValueSize::Mixed7 => 4_000,
        };
        Self {
            prefix: format!("cp{:05x}:", random & 0xF_FFFF),
            sizes,
            ttl,
            filler: vec![b'x'; longest as usize],
        }
    }

    /// Sixteen bytes, as in the recordings.
    fn name(&self, key: u32) -> String {
        format!("{}{key:08}", self.prefix)
    }

    fn value(&self, key: u32) -> &[u8] {
        self.filler
            .get(..self.sizes.of(key) as usize)
            .unwrap_or(&self.filler)
    }
}

/// What came of the SETs of a batch.
#[derive(Clone, Copy, Default)]
struct State {
    /// Refused for want of memory.
    refused: u64,
}

/// State of a server at some moment; counters from the start of the run.
struct Sample {
    keys: u64,
    used_memory: u64,
    evicted: u64,
    expired: u64,
}

/// A server, whichever protocol it speaks.
trait Node {
    /// File whose rows the run has the form of.
    fn file(&self) -> &'static str;
    /// What it is and how it is set up.
    fn describe(&self) -> String;
    /// Whether values of these sizes and TTLs can be stored.
    fn takes(&self, sizes: ValueSize, ttl: Ttl) -> bool;
    /// Carries a batch out.
    fn batch(
        &mut self,
        keys: &Keys,
        sets: &[u32],
        gets: &[u32],
        hits: &mut Vec<bool>,
    ) -> Result<State, Error>;
    /// Its state.
    fn sample(&mut self) -> Result<Sample, Error>;
    /// What it says after a run over so many keys, as fields of a row.
    fn row(&mut self, nkeys: u32) -> Result<Map<String, Value>, Error>;
    /// Deletes keys.
    fn delete(&mut self, names: &[String]) -> Result<(), Error>;
}

/// A run under way.
struct Run<'a> {
    node: &'a mut dyn Node,
    keys: &'a Keys,
    rate: f64,
    start: Instant,
    deadline: Duration,
    /// Keys that were stored.
    stored: BTreeSet<u32>,
    /// Keys that were asked for.
    asked: BTreeSet<u32>,
    refused: u64,
    windows: Vec<Value>,
    /// Requests and hits at the end of the last window.
    window: (u64, u64),
}

impl Target for Run<'_> {
    type Error = Error;

    fn batch(&mut self, number: u64, sets: &[u32], gets: &[u32], hits: &mut Vec<bool>) -> Result<(), Error> {
        let due = Duration::from_secs_f64(number as f64 / self.rate);
        let elapsed = self.start.elapsed();
        if elapsed > self.deadline {
            return Err(Error::Failure(format!(
                "the server carried out {number} requests in {:.0} s, which is too slow for the rate: lower --rate or \
                 --requests",
                elapsed.as_secs_f64()
            )));
        }
        thread::sleep(due.saturating_sub(elapsed));
        // Noted before they are sent, so that they are deleted even when the answer does not arrive.
        self.stored.extend(sets);
        self.asked.extend(gets);
        self.refused += self.node.batch(self.keys, sets, gets, hits)?.refused;
        Ok(())
    }
}

impl Run<'_> {
    /// Notes the state at the end of a window.
    fn end_window(&mut self, tally: &Tally) -> Result<(), Error> {
        let sample = self.node.sample()?;
        let (requests, hits) = (tally.requests - self.window.0, tally.hits - self.window.1);
        self.window = (tally.requests, tally.hits);
        self.windows.push(json!({
            "req": tally.requests,
            "t": self.start.elapsed().as_secs_f64(),
            "hit_ratio": hits as f64 / requests.max(1) as f64,
            "dbsize": sample.keys,
            "used_memory": sample.used_memory,
            "evicted": sample.evicted,
            "expired": sample.expired,
        }));
        Ok(())
    }

    /// The row of a run that is through.
    fn row(&mut self, tally: &Tally, args: &LiveArgs) -> Result<Map<String, Value>, Error> {
        let wall = self.start.elapsed().as_secs_f64();
        let mut row = self.node.row(args.keys)?;
        row.extend(object(json!({
            "alpha": args.alpha,
            "nkeys": args.keys,
            "nreqs": args.requests,
            "seed": args.seed,
            "value_size": args.value_size,
            "ttl": args.ttl,
            "batch": BATCH,
            "rate_target": args.rate,
            "shift_at": 0,
            "shift_by": 0,
            "wall_s": wall,
            "req_per_s": tally.requests as f64 / wall,
            "hits": tally.hits,
            "misses": tally.requests - tally.hits,
            "hit_ratio": tally.hit_ratio(),
            "hit_ratio_last_half": tally.hit_ratio_last_half(),
            "coalesced_dups": tally.coalesced,
            "oom_errors": self.refused,
            "other_errors": 0,
            "sets": tally.sets,
            "unique_keys": self.asked.len(),
            "windows": self.windows,
        })));
        Ok(row)
    }
}

/// Runs the sequence against the server and returns the recording, which is also appended to a file where one is
/// asked for.
///
/// # Errors
/// When the server is refused (it holds keys, is not on this machine, is of no known version), the sequence is past
/// its bounds, or the connection breaks; the keys of the run are deleted first.
pub(super) fn record(url: &str, args: &LiveArgs) -> Result<Recordings, Error> {
    let endpoint = Endpoint::parse(url)?;
    let sizes = ValueSize::parse(&args.value_size).ok_or_else(|| {
        Error::Input(format!(
            "--value-size {}: write fixed:BYTES or mixed7",
            args.value_size
        ))
    })?;
    let ttl = Ttl::parse(&args.ttl).ok_or_else(|| {
        Error::Input(format!(
            "--ttl {}: write none, half, all, ex:SECONDS or pxu:MS:MS",
            args.ttl
        ))
    })?;
    let largest = match sizes {
        ValueSize::Fixed(bytes) => u64::from(bytes),
        ValueSize::Mixed7 => 1_000,
    };
    if u64::from(args.keys) * (largest + 16) > LARGEST_DATA {
        return Err(Error::Input(format!(
            "all keys and values together exceed {LARGEST_DATA} bytes: lower --keys or --value-size"
        )));
    }
    let guard = Guard {
        allow_data: args.allow_data,
    };
    let mut node = open(&endpoint, args.allow_remote, guard)?;
    if !node.takes(sizes, ttl) {
        return Err(Error::Input(
            "this server takes no values of this size or TTL".into(),
        ));
    }
    let keys = Keys::new(sizes, ttl);
    eprintln!("{}: {}", endpoint.name, node.describe());
    eprintln!(
        "{} requests at {} a second; keys {}* are deleted at the end",
        args.requests, args.rate, keys.prefix
    );
    let (stored, row) = run(node.as_mut(), &keys, args);
    let cleaned = clean_up(&endpoint, &keys, &stored);
    let row = row?;
    cleaned.map_err(|error| {
        Error::Failure(format!(
            "the run is through, but its keys {}* could not all be deleted: {error}",
            keys.prefix
        ))
    })?;
    let text = Value::Object(row).to_string() + "\n";
    if let Some(path) = &args.record {
        append(path, &text)?;
        if path.file_name().is_none_or(|name| name != node.file()) {
            eprintln!(
                "cacheplan verify DIR reads such rows from a file named {}",
                node.file()
            );
        }
    }
    Ok(Recordings::held(node.file(), text))
}

fn open(endpoint: &Endpoint, remote: bool, guard: Guard) -> Result<Box<dyn Node>, Error> {
    Ok(match endpoint.protocol {
        Protocol::Redis => Box::new(redis::Redis::open(&|| endpoint.connect(remote), guard)?),
        Protocol::Memcached => Box::new(memcached::Memcached::open(endpoint.connect(remote)?, guard)?),
    })
}

/// Puts the sequence to the server. Returns the keys that may have been stored, whatever came of the run, and its row.
fn run(
    node: &mut dyn Node,
    keys: &Keys,
    args: &LiveArgs,
) -> (BTreeSet<u32>, Result<Map<String, Value>, Error>) {
    let zipf = Zipf::new(args.keys, args.alpha);
    let expected = Duration::from_secs_f64(args.requests as f64 / f64::from(args.rate));
    let mut run = Run {
        node,
        keys,
        rate: f64::from(args.rate),
        start: Instant::now(),
        deadline: expected * 2 + Duration::from_secs(30),
        stored: BTreeSet::new(),
        asked: BTreeSet::new(),
        refused: 0,
        windows: Vec::new(),
        window: (0, 0),
    };
    let requests = Requests::new(&zipf, args.seed, Shift::default());
    let outcome = cache_aside::replay(requests, args.requests, BATCH, &mut run, |run, tally| {
        let parts = run.windows.len() as u64 + 1;
        if tally.requests >= parts * args.requests / WINDOWS {
            run.end_window(tally)?;
        }
        Ok(())
    });
    let row = outcome.and_then(|tally| run.row(&tally, args));
    (run.stored, row)
}

/// Deletes the keys of a run over a connection of its own: the run's may be in the middle of an answer.
fn clean_up(endpoint: &Endpoint, keys: &Keys, stored: &BTreeSet<u32>) -> Result<(), Error> {
    let mut node = open(endpoint, true, Guard { allow_data: true })?;
    let names: Vec<String> = stored.iter().map(|key| keys.name(*key)).collect();
    names
        .chunks(DELETED_AT_ONCE)
        .try_for_each(|names| node.delete(names))
}

/// The checks of a run: what was measured, what was projected, and how far apart they may be.
pub(super) fn table(checks: &[Check]) -> String {
    let mut rows = Vec::new();
    for check in checks {
        let unit = check.error.unit();
        let summary = check.summary();
        for point in &check.points {
            rows.push(vec![
                check.name.into(),
                figure(point.measured),
                figure(point.projected),
                format!("{:.3}{unit}", summary.worst_error),
                summary
                    .worst_bound
                    .map_or_else(|| "-".into(), |bound| format!("{bound}{unit}")),
                if check.holds() { "holds" } else { "PAST BOUND" }.into(),
            ]);
        }
    }
    let heading = ["check", "measured", "projected", "error", "bound", "verdict"];
    table::table(&heading, &rows)
}

/// A share with its digits, a number of keys without.
fn figure(x: f64) -> String {
    if x.fract() == 0.0 {
        text::number(x as u64)
    } else {
        format!("{x:.4}")
    }
}

/// The fields of a JSON object.
fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn append(path: &Path, text: &str) -> Result<(), Error> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| Error::Failure(format!("{}: {error}", path.display())))
}

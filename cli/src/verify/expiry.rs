//! How long expired keys stay when nobody reads them.

use super::check::{Check, ErrorKind};
use super::parallel;
use super::recordings::Recordings;
use super::sequence::{Ttl, ValueSize};
use super::server::Server;
use crate::error::Error;
use cacheplan_engine::catalog::Engine;
use cacheplan_engine::scenario::parameters::redis::Redis;
use cacheplan_engine::store::{Costs, NEVER, RedisSetup, RedisStore, Slots, Value};
use cacheplan_engine::units::{Bytes, Micros};
use serde::Deserialize;

/// Curves of resident keys over time.
pub(crate) const FILE: &str = "d_expiry.jsonl";

const KEY_BYTES: u32 = 16;
/// Simulated servers per curve. Stale keys pile up until a sweep gains speed, and then are gone within a second or
/// two. When it does is chance, by some two seconds among servers that differ in their hash seeds alone.
const SERVERS: u64 = 11;
/// Samples of the first seconds are taken while keys are still being stored.
const FIRST_SECONDS: f64 = 5.0;
/// Simulated time of the instant at which the keys of a `samesecond` curve expire; its clock is 0 then.
const COMMON_INSTANT_S: f64 = 60.0;

#[derive(Deserialize)]
struct Row {
    server: String,
    kind: String,
    effort: u32,
    hz: u32,
    n: u32,
    value_size: u32,
    ttl: String,
    load_s: f64,
    #[serde(default)]
    note: String,
    columns: Vec<String>,
    points: Vec<Vec<f64>>,
}

impl Row {
    fn label(&self) -> String {
        format!("{}, effort {}, hz {}", self.kind, self.effort, self.hz)
    }

    /// The samples of a column beside their times.
    fn column(&self, name: &str) -> Option<Vec<(f64, f64)>> {
        let place = |name: &str| self.columns.iter().position(|column| column == name);
        let (time, column) = (place("t")?, place(name)?);
        let pairs = self
            .points
            .iter()
            .map(|point| Some((*point.get(time)?, *point.get(column)?)));
        pairs.collect()
    }

    /// What the machine took to expire a key, from the time that the server's cycles used.
    fn expire_us(&self) -> Option<f64> {
        let last = |name| self.column(name)?.last().map(|(_, value)| *value);
        let (ms, expired) = (last("expire_cycle_cpu_ms")?, last("expired_keys")?);
        (ms > 0.0 && expired > 0.0).then(|| ms * 1e3 / expired)
    }

    fn is_quiet(&self) -> bool {
        self.note.starts_with("serial rerun")
    }

    fn is_same_second(&self) -> bool {
        self.kind == "samesecond"
    }
}

/// A key without TTL counts as alive for ever.
struct Life {
    stored: Micros,
    expires: Micros,
}

/// Stale keys as a share of those with a TTL that were stored, within 3 points of the range that simulated servers
/// span from the sample before to the sample after, at every sample after the first 5 s; the time until 99 % of the keys that expire in the same second are
/// gone, within 30 % of the median server.
///
/// The speed of the machine is no property of a server: what a cycle takes per key is read from the recording.
pub(crate) fn checks(recordings: &Recordings) -> Result<Vec<Check>, Error> {
    let mut rows: Vec<Row> = recordings.rows(FILE)?;
    // Where a drain was recorded once more on a quieter machine, that one counts.
    let quiet: Vec<(String, String)> = rows
        .iter()
        .filter(|row| row.is_quiet())
        .map(|row| (row.server.clone(), row.label()))
        .collect();
    rows.retain(|row| row.is_quiet() || !quiet.contains(&(row.server.clone(), row.label())));
    let curves = parallel::map(&rows, |row| {
        let servers: Option<Vec<_>> = (0..SERVERS).map(|seed| project(row, seed)).collect();
        combine(servers?)
    });
    let mut stale = Check::new("stale keys", ErrorKind::Points, "share");
    let mut drain = Check::new("drain time", ErrorKind::Percent, "s");
    for (row, curves) in rows.iter().zip(curves) {
        let curves =
            curves.ok_or_else(|| Error::Input(format!("{FILE}: {}: not a known curve", row.label())))?;
        let times = || curves.measured.iter().map(|(t, _)| *t);
        if row.is_same_second() {
            let mut ends: Vec<f64> = curves
                .projected
                .iter()
                .filter_map(|keys| drained(times().zip(keys.iter().copied()), row.n))
                .collect();
            ends.sort_by(f64::total_cmp);
            // One that is not drained when the recording ends has no time.
            let middle = ends.get(SERVERS as usize / 2).copied().unwrap_or(f64::INFINITY);
            if let Some(measured) = drained(curves.measured.iter().copied(), row.n) {
                drain.push(&row.server, row.label(), (measured, middle), Some(30.0));
            }
            continue;
        }
        for (place, ((t, keys), alive)) in curves.measured.iter().zip(&curves.alive).enumerate() {
            if *t < FIRST_SECONDS {
                continue;
            }
            let share = |keys: f64, alive: f64| (keys - alive).max(0.0) / f64::from(row.n);
            let (low, high) = curves
                .projected
                .iter()
                .flat_map(|keys| {
                    keys.iter()
                        .zip(&curves.alive)
                        .skip(place.saturating_sub(1))
                        .take(3)
                })
                .map(|(keys, alive)| share(*keys, *alive))
                .fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), share| {
                    (low.min(share), high.max(share))
                });
            let measured = share(*keys, *alive);
            let label = format!("{} at {t:.1} s", row.label());
            stale.push(
                &row.server,
                label,
                (measured, measured.max(low).min(high)),
                Some(3.0),
            );
        }
    }
    Ok(vec![stale, drain])
}

/// When a hundredth of the keys is left for the first time after the common instant. How long the last ones stay
/// depends on where the sweep began.
fn drained(mut curve: impl Iterator<Item = (f64, f64)>, keys: u32) -> Option<f64> {
    let left = f64::from(keys) / 100.0;
    curve.find(|(t, keys)| *t > 0.0 && *keys <= left).map(|(t, _)| t)
}

/// What is compared for one row.
struct Curves {
    /// Time and resident keys of every sample.
    measured: Vec<(f64, f64)>,
    /// Resident keys of every simulated server at each.
    projected: Vec<Vec<f64>>,
    /// Keys that have not expired at each.
    alive: Vec<f64>,
}

/// The curve of one simulated server, beside what was measured and, for the first one, what is alive.
fn project(row: &Row, seed: u64) -> Option<Curves> {
    let server = Server::parse(&row.server)?;
    let ttl = Ttl::parse(&row.ttl)?;
    let measured = row.column("dbsize")?;
    let mut parameters = Redis::open_source(Engine::Valkey81);
    parameters.allocator = server.allocator;
    parameters.hz = row.hz;
    parameters.active_expire_effort = row.effort;
    let mut costs = Costs::default();
    if let Some(us) = row.expire_us() {
        costs.expire_us = us;
    }
    // As many keys without TTL follow where half are persistent.
    let persistent = if row.kind.ends_with("half_persistent") {
        row.n
    } else {
        0
    };
    let all = row.n + persistent;
    let mut store = RedisStore::new(&RedisSetup {
        version: server.version,
        parameters: &parameters,
        maxmemory: Bytes(u64::MAX),
        keys: all,
        slots: Slots::Standalone,
        clients: 1,
        costs,
        seed,
    });
    let zero_s = if row.is_same_second() {
        COMMON_INSTANT_S
    } else {
        0.0
    };
    let micros = |seconds: f64| Micros(((seconds + zero_s).max(0.0) * 1e6) as u64);
    let start_s = if row.is_same_second() {
        measured.first()?.0 - row.load_s
    } else {
        0.0
    };
    let mut lives = Vec::with_capacity(all as usize);
    for key in 0..all {
        let stored = micros(start_s + row.load_s * f64::from(key) / f64::from(all));
        let expires = match ttl {
            _ if key >= row.n => NEVER,
            Ttl::At(_) => micros(0.0),
            other => other.of(key).map_or(NEVER, |ms| Micros(stored.0 + ms * 1_000)),
        };
        let value = Value {
            key_bytes: KEY_BYTES,
            value_bytes: ValueSize::Fixed(row.value_size).of(key),
            expires,
            keys: 1,
        };
        store.write(key, value, stored);
        lives.push(Life { stored, expires });
    }
    let mut projected = Vec::new();
    let mut alive = Vec::new();
    for (t, _) in &measured {
        let now = micros(*t);
        store.pass_time(now);
        projected.push(store.keys() as f64);
        // The same for every server.
        if seed == 0 {
            let living = lives
                .iter()
                .filter(|life| life.stored <= now && life.expires >= now)
                .count();
            alive.push(living as f64);
        }
    }
    Some(Curves {
        measured,
        projected: vec![projected],
        alive,
    })
}

/// One set of curves of several servers.
fn combine(servers: Vec<Curves>) -> Option<Curves> {
    servers.into_iter().reduce(|mut all, one| {
        all.projected.extend(one.projected);
        all
    })
}

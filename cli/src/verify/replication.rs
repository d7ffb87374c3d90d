//! Snapshots, full synchronisations and the migration of keys.
//!
//! Sizes, memory and copied pages are projected from the number of keys, their sizes and the writes. Durations depend on
//! the machine: rates are read from the recordings (a row's fastest snapshot and its load for a synchronisation, the
//! costs of a call and of a key for `MIGRATE`), and what follows from them is projected. Single forks, snapshots and
//! calls of one machine differ by a factor of two and more from one to the next, so that means over all rows are
//! compared.

use super::check::{Check, ErrorKind};
use super::recordings::Recordings;
use super::server::Server;
use crate::error::Error;
use cacheplan_engine::catalog::Engine;
use cacheplan_engine::cluster::persistence::{
    Dataset, SNAPSHOT_FRAME, Saved, child_memory, copied, fork_pause,
};
use cacheplan_engine::cluster::replication::{Flow, FullSync, Limits, stream_memory};
use cacheplan_engine::cluster::resharding::Migrate;
use cacheplan_engine::cluster::wire;
use cacheplan_engine::store::{MemoryModel, Version};
use cacheplan_engine::units::{Bytes, Micros, Share};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// Servers with keys of one size, saved, loaded, replicated and migrated.
pub(crate) const FILE: &str = "h_replication.jsonl";

/// Percent by which figures may differ.
const BOUND: f64 = 30.0;
/// Rows from which on sums over all of them are bounded.
const FEWEST_ROWS: usize = 3;
const KEY_BYTES: u32 = 16;
/// The best that LZF does: 264 equal bytes in 3.
const LZF_BEST: f64 = 3.0 / 264.0;
/// Both servers ran on one machine, where the network is no limit and a replica applies more than is written.
const LOOPBACK: f64 = 1e9;

#[derive(Deserialize)]
struct Row {
    server: String,
    nkeys: u32,
    /// Such as `fixed:1000`.
    value_size: String,
    /// Content of the values: `rand`, which does not compress, or else one letter again and again.
    fill: Option<String>,
    rdbcompression: Option<String>,
    used_memory_empty: u64,
    rdb_restart_load_s: Option<f64>,
    /// `bgsave_2000wps` and the like, by writes a second.
    #[serde(flatten)]
    more: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Snapshot {
    wall_s: f64,
    rdb_bytes: u64,
    latest_fork_usec: u64,
    rdb_last_cow_size: u64,
    writes_during: f64,
}

#[derive(Deserialize)]
struct Sync {
    wall_s: f64,
    latest_fork_usec: u64,
    writes_during: f64,
    replica_used: u64,
    peak: Peak,
    /// The directive and its value, in seconds.
    diskless_delay: (String, String),
    backlog: String,
}

#[derive(Deserialize)]
struct Peak {
    primary_used: u64,
}

#[derive(Deserialize)]
struct Calls {
    keys_per_s: f64,
}

/// A row with what follows from its keys alone.
struct Loaded {
    row: Row,
    engine: Engine,
    value_bytes: u32,
    dataset: Dataset,
    /// The snapshot, and before compression.
    snapshot: Bytes,
    raw: Bytes,
}

impl Loaded {
    fn of(row: Row) -> Result<Self, Error> {
        let wrong = |what: &str| Error::Input(format!("{FILE}: {}: {what}", row.server));
        let server = Server::parse(&row.server).ok_or_else(|| wrong("no such server is known"))?;
        let value_bytes = row.value_size.strip_prefix("fixed:");
        let value_bytes: u32 = value_bytes
            .and_then(|bytes| bytes.parse().ok())
            .ok_or_else(|| wrong("value_size is not fixed:BYTES"))?;
        let mut model = MemoryModel::with(server.version, server.allocator, 0);
        model.load(0, u64::from(row.nkeys), 0);
        let tables = model.overhead_bytes() - model.empty_bytes();
        let item = |value| u64::from(model.item_bytes(KEY_BYTES, value, false)) * u64::from(row.nkeys);
        let plain = row.rdbcompression.as_deref() == Some("no") || row.fill.as_deref() == Some("rand");
        let saved = Saved {
            key_bytes: KEY_BYTES,
            value_bytes,
            ttl: false,
            compressed: Share(if plain { 1.0 } else { LZF_BEST }),
        };
        let all = |bytes: Bytes| Bytes(bytes.0 * u64::from(row.nkeys) + SNAPSHOT_FRAME.0);
        Ok(Self {
            engine: match server.version {
                Version::Redis7 | Version::Redis8 => Engine::RedisOss7,
                Version::Valkey80 => Engine::Valkey80,
                Version::Valkey81 => Engine::Valkey81,
                Version::Valkey91 => Engine::Valkey91,
            },
            value_bytes,
            dataset: Dataset {
                bytes: Bytes(tables + item(value_bytes)),
                value_bytes: Bytes(item(value_bytes) - item(0)),
            },
            snapshot: all(saved.bytes()),
            raw: all(saved.raw_bytes()),
            row,
        })
    }

    /// Memory of the server.
    fn used(&self) -> u64 {
        self.row.used_memory_empty + self.dataset.bytes.0
    }

    /// Parts of the row that are called `PREFIX...SUFFIX`, with the number between.
    fn parts<T: DeserializeOwned>(&self, prefix: &str, suffix: &str) -> Result<Vec<(u64, T)>, Error> {
        let mut parts = Vec::new();
        for (name, value) in &self.row.more {
            let number = name
                .strip_prefix(prefix)
                .and_then(|name| name.strip_suffix(suffix));
            let Some(number) = number.and_then(|number| number.parse().ok()) else {
                continue;
            };
            let part = serde_json::from_value(value.clone())
                .map_err(|error| Error::Input(format!("{FILE}: {}: {name}: {error}", self.row.server)))?;
            parts.push((number, part));
        }
        parts.sort_by_key(|(number, _)| *number);
        Ok(parts)
    }

    fn label(&self, what: &str) -> String {
        let row = &self.row;
        format!(
            "{what}, {} keys of {} B, fill {}, compression {}",
            row.nkeys,
            self.value_bytes,
            row.fill.as_deref().unwrap_or("x"),
            row.rdbcompression.as_deref().unwrap_or("yes"),
        )
    }
}

/// Sums over all rows, measured and projected.
#[derive(Default)]
struct Sums {
    measured: f64,
    projected: f64,
    rows: usize,
}

impl Sums {
    fn push(self, check: &mut Check, label: &str) {
        if self.rows > 0 {
            let bound = (self.rows >= FEWEST_ROWS).then_some(BOUND);
            let rows = self.rows as f64;
            let pair = (self.measured / rows, self.projected / rows);
            check.push("all", format!("{label}, mean of {rows} rows"), pair, bound);
        }
    }
}

/// Everything within 30 %.
pub(crate) fn checks(recordings: &Recordings) -> Result<Vec<Check>, Error> {
    let mut size = Check::new("snapshot size", ErrorKind::Percent, "bytes");
    let mut copied_bytes = Check::new("copy-on-write of a snapshot", ErrorKind::Percent, "bytes");
    let mut pauses = Check::new("fork and duration of a snapshot", ErrorKind::Percent, "s");
    let mut syncs = Check::new("full synchronisation", ErrorKind::Percent, "s");
    let mut memory = Check::new("memory of primary and replica", ErrorKind::Percent, "bytes");
    let mut migrations = Check::new("keys migrated by call size", ErrorKind::Percent, "keys/s");
    let (mut forks, mut saves) = (Sums::default(), Sums::default());
    let mut calls: BTreeMap<u32, Sums> = BTreeMap::new();
    for row in recordings.rows::<Row>(FILE)? {
        let loaded = Loaded::of(row)?;
        let server = loaded.row.server.clone();
        let snapshots: Vec<(u64, Snapshot)> = loaded.parts("bgsave_", "wps")?;
        for (rate, snapshot) in &snapshots {
            let label = loaded.label(&format!("{rate} writes/s"));
            let pair = (snapshot.rdb_bytes as f64, loaded.snapshot.0 as f64);
            size.push(&server, label.clone(), pair, Some(BOUND));
            let written = copied(&loaded.dataset, snapshot.writes_during, loaded.value_bytes.into());
            let projected = child_memory(loaded.engine).0 + written.0;
            let pair = (snapshot.rdb_last_cow_size as f64, projected as f64);
            copied_bytes.push(&server, label, pair, Some(BOUND));
        }
        let full: Vec<(u64, Sync)> = loaded.parts("fullsync_", "wps")?;
        for (rate, sync) in &full {
            let Some(phases) = phases(&loaded, &snapshots, sync) else {
                continue;
            };
            let label = loaded.label(&format!("{rate} writes/s"));
            let pair = (sync.wall_s, phases.total);
            syncs.push(&server, label.clone(), pair, Some(BOUND));
            let primary = (
                sync.peak.primary_used as f64,
                (loaded.used() + phases.stream.0) as f64,
            );
            memory.push(&server, format!("primary, {label}"), primary, Some(BOUND));
            let replica = (sync.replica_used as f64, loaded.used() as f64);
            memory.push(&server, format!("replica, {label}"), replica, Some(BOUND));
        }
        add_calls(&mut calls, &loaded)?;
        add_forks(&mut forks, &loaded, &snapshots, &full);
        add_saves(&mut saves, &snapshots);
    }
    forks.push(
        &mut pauses,
        "fork of a synchronisation at the rate of forks of snapshots",
    );
    saves.push(&mut pauses, "snapshot under writes at the speed of one without");
    migrate(&mut migrations, &calls);
    Ok(vec![size, copied_bytes, pauses, syncs, memory, migrations])
}

/// Forks of synchronisations against those of snapshots, as both copy the page table of the same memory.
fn add_forks(sums: &mut Sums, loaded: &Loaded, snapshots: &[(u64, Snapshot)], full: &[(u64, Sync)]) {
    if snapshots.is_empty() || full.is_empty() {
        return;
    }
    let mean = |micros: &mut dyn Iterator<Item = u64>| {
        let micros: Vec<u64> = micros.collect();
        micros.iter().sum::<u64>() as f64 / micros.len() as f64
    };
    let of_snapshots = mean(&mut snapshots.iter().map(|(_, snapshot)| snapshot.latest_fork_usec));
    let memory = Bytes(loaded.used());
    let ms_per_gb = of_snapshots / 1e3 / (memory.0 as f64 / 1e9);
    sums.measured += mean(&mut full.iter().map(|(_, sync)| sync.latest_fork_usec)) / 1e6;
    sums.projected += fork_pause(memory, ms_per_gb).as_secs();
    sums.rows += 1;
}

/// Snapshots under writes against the one without: writes do not slow the child down.
fn add_saves(sums: &mut Sums, snapshots: &[(u64, Snapshot)]) {
    let undisturbed = snapshots.iter().find(|(rate, _)| *rate == 0);
    let disturbed: Vec<f64> = snapshots
        .iter()
        .filter(|(rate, _)| *rate > 0)
        .map(|(_, snapshot)| snapshot.wall_s)
        .collect();
    if let Some((_, undisturbed)) = undisturbed.filter(|_| !disturbed.is_empty()) {
        sums.measured += disturbed.iter().sum::<f64>() / disturbed.len() as f64;
        sums.projected += undisturbed.wall_s;
        sums.rows += 1;
    }
}

/// What is projected of a synchronisation.
struct Projected {
    /// Seconds.
    total: f64,
    /// Memory of the stream at the end.
    stream: Bytes,
}

/// `None` where the row tells no rates.
fn phases(loaded: &Loaded, snapshots: &[(u64, Snapshot)], sync: &Sync) -> Option<Projected> {
    let raw = loaded.raw.0 as f64;
    let fastest = snapshots
        .iter()
        .map(|(_, snapshot)| snapshot.wall_s)
        .min_by(f64::total_cmp)?;
    let delay_s: u64 = sync.diskless_delay.1.parse().ok()?;
    let backlog = Bytes(sync.backlog.parse().ok()?);
    let request = wire::write(false, KEY_BYTES, loaded.value_bytes, None).replicated;
    let written = sync.writes_during * request as f64;
    let phases = FullSync {
        delay: Micros(delay_s * 1_000_000),
        fork: Micros(sync.latest_fork_usec),
        raw: loaded.raw,
        sent: loaded.snapshot,
        save: raw / fastest,
        load: raw / loaded.row.rdb_restart_load_s?,
        diskless_load: false,
        dual_channel: false,
        flow: Flow {
            written: written / sync.wall_s,
            link: LOOPBACK,
            apply: LOOPBACK,
        },
        limits: Limits {
            hard: Bytes::mib(256),
            soft: Bytes::mib(64),
            soft_for: Micros(60_000_000),
            backlog,
        },
    }
    .phases();
    Some(Projected {
        total: phases.total().as_secs(),
        stream: stream_memory(phases.buffered, Bytes(written as u64), backlog),
    })
}

/// Seconds of a `MIGRATE` call by the number of its keys.
fn add_calls(sums: &mut BTreeMap<u32, Sums>, loaded: &Loaded) -> Result<(), Error> {
    for (_, calls) in loaded.parts::<BTreeMap<String, Calls>>("migrate_value", "")? {
        for (keys, calls) in calls {
            if let Ok(keys) = keys.parse() {
                let sum = sums.entry(keys).or_default();
                sum.measured += f64::from(keys) / calls.keys_per_s;
                sum.rows += 1;
            }
        }
    }
    Ok(())
}

/// Throughput of calls of every size from a cost for the call and one for the key, which are fitted to all sizes.
fn migrate(check: &mut Check, sums: &BTreeMap<u32, Sums>) {
    let measured: Vec<(f64, f64)> = sums
        .iter()
        .map(|(keys, sum)| {
            (
                f64::from(*keys),
                f64::from(*keys) * sum.rows as f64 / sum.measured,
            )
        })
        .collect();
    // Two costs go through any two points.
    if measured.len() < 3 {
        return;
    }
    let costs = fitted(&measured);
    for ((keys, keys_per_s), sum) in measured.into_iter().zip(sums.values()) {
        let label = format!(
            "{keys} keys a call, mean of {} rows, costs of call and key fitted",
            sum.rows
        );
        let bound = (sum.rows >= FEWEST_ROWS).then_some(BOUND);
        check.push("all", label, (keys_per_s, costs.keys_per_s(keys)), bound);
    }
}

/// The costs with the least squares of relative errors in throughput, of pairs of keys a call and keys a second: least
/// squares of the time of a call, weighted by what the last round made of it.
fn fitted(measured: &[(f64, f64)]) -> Migrate {
    const ROUNDS: usize = 50;
    let mut costs = Migrate {
        call_s: 0.0,
        key_s: 0.0,
    };
    let mut expected: Vec<f64> = measured.iter().map(|(batch, rate)| batch / rate).collect();
    for _ in 0..ROUNDS {
        let (mut w, mut wx, mut wxx, mut wy, mut wxy) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for ((batch, rate), expected) in measured.iter().zip(&expected) {
            let weight = 1.0 / (expected * expected);
            let call = batch / rate;
            w += weight;
            wx += weight * batch;
            wxx += weight * batch * batch;
            wy += weight * call;
            wxy += weight * batch * call;
        }
        let key_s = (w * wxy - wx * wy) / (w * wxx - wx * wx);
        costs = Migrate {
            call_s: (wy - key_s * wx) / w,
            key_s,
        };
        expected = measured.iter().map(|(batch, _)| costs.call(*batch)).collect();
    }
    costs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A made-up row of a server that behaves as the model has it, but for the factor.
    fn row(factor: f64) -> String {
        let part = |seconds: f64, cow: f64, writes: f64| {
            format!(
                "{{\"wall_s\":{seconds},\"rdb_bytes\":{},\"latest_fork_usec\":3000,\"rdb_last_cow_size\":{},\
                 \"writes_during\":{writes}}}",
                (204_000_098.0 * factor) as u64,
                (cow * factor) as u64,
            )
        };
        let migrate =
            |batch: f64| format!("\"{batch}\":{{\"keys_per_s\":{}}}", batch / (3e-4 + 2e-5 * batch));
        format!(
            "{{\"server\":\"redis-7.0.15\",\"nkeys\":200000,\"value_size\":\"fixed:1000\",\"fill\":\"rand\",\
             \"used_memory_empty\":900000,\"rdb_restart_load_s\":1.0,\"bgsave_0wps\":{},\"bgsave_2000wps\":{},\
             \"fullsync_0wps\":{{\"wall_s\":{},\"latest_fork_usec\":3000,\"writes_during\":0,\
             \"replica_used\":{used},\"peak\":{{\"primary_used\":{used}}},\"backlog\":\"1048576\",\
             \"diskless_delay\":[\"repl-diskless-sync-delay\",\"5\"]}},\
             \"migrate_value1000\":{{{},{},{}}}}}\n",
            part(2.0, 1_048_576.0, 0.0),
            part(2.0, 55e6, 11_460.0),
            8.5 * factor,
            migrate(1.0),
            migrate(10.0),
            migrate(100.0),
            used = (218e6 * factor) as u64,
        )
    }

    #[test]
    fn a_server_like_the_model_holds_and_another_does_not() {
        let verdicts = |factor: f64| -> Vec<bool> {
            let checks = checks(&Recordings::held(FILE, row(factor).repeat(3))).unwrap();
            assert!(checks.iter().all(|check| !check.points.is_empty()));
            checks.iter().map(Check::holds).collect()
        };
        assert_eq!(verdicts(1.0), [true; 6]);
        // The factor does not touch forks, durations and calls.
        assert_eq!(verdicts(1.6), [false, false, true, false, false, true]);
    }

    #[test]
    fn sums_of_few_rows_are_shown_without_a_bound() {
        let slow = row(1.0).replacen("\"wall_s\":2", "\"wall_s\":20", 1);
        let of = |rows: &str| checks(&Recordings::held(FILE, rows.into())).unwrap()[2].holds();
        assert!(of(&slow) && !of(&slow.repeat(3)));
    }

    #[test]
    fn costs_are_found_again() {
        let costs = Migrate {
            call_s: 3e-4,
            key_s: 2e-5,
        };
        let measured = [1.0, 10.0, 100.0, 1_000.0].map(|batch| (batch, costs.keys_per_s(batch)));
        let fitted = fitted(&measured);
        assert!((fitted.call_s / 3e-4 - 1.0).abs() < 1e-9 && (fitted.key_s / 2e-5 - 1.0).abs() < 1e-9);
    }
}

//! Bytes per key after a load.

use super::check::{Check, ErrorKind};
use super::parallel;
use super::recordings::Recordings;
use super::server::{Server, slot_counts};
use crate::error::Error;
use cacheplan_engine::cluster::slots::SLOTS;
use cacheplan_engine::store::{MemoryModel, Version};
use serde::Deserialize;

/// Loads of a server on its own.
pub(crate) const STANDALONE: &str = "b_memory.jsonl";
/// Loads of a node in cluster mode that owns every slot.
pub(crate) const CLUSTER: &str = "b_memory_cluster.jsonl";

/// Loads of fewer keys carry noise of the client's buffers of the order of the bound.
const FEWEST_KEYS: u32 = 10_000;

#[derive(Deserialize)]
struct Row {
    server: String,
    n: u32,
    key_len: u32,
    value_size: u32,
    ttl: String,
    bytes_per_key: f64,
}

impl Row {
    /// Whether the load fills the tables exactly, upon which the background task of Redis 7.4 and Valkey 8.0 grows them:
    /// the measurement finds the old table beside the new one or no longer, as chance will have it.
    fn ends_in_a_resize(&self, server: Server) -> bool {
        let tended = matches!(server.version, Version::Redis8 | Version::Valkey80);
        tended && !server.cluster && self.n.is_power_of_two()
    }
}

/// Bytes per key of a full table: a pointer for each.
const OLD_TABLE_BYTES: f64 = 8.0;

/// Bytes per key within 3 % on its own and 5 % in cluster mode; 0.5 % on average on its own.
pub(crate) fn checks(recordings: &Recordings) -> Result<Vec<Check>, Error> {
    let mut standalone = Check::new("bytes per key", ErrorKind::Percent, "bytes").mean_within(0.5);
    for (row, server, projected) in project(recordings, STANDALONE, "")? {
        let tables = if row.ttl == "none" { 1 } else { 2 };
        let old = if row.ends_in_a_resize(server) { tables } else { 0 };
        // Of what may be found, what comes nearest.
        let off = |projected: &f64| (projected - row.bytes_per_key).abs();
        let found = (0..=old)
            .map(|tables| projected + f64::from(tables) * OLD_TABLE_BYTES)
            .min_by(|a, b| off(a).total_cmp(&off(b)));
        push(&mut standalone, &row, found.unwrap_or(projected), 3.0);
    }
    let mut cluster = Check::new("bytes per key, cluster mode", ErrorKind::Percent, "bytes");
    for (row, _, projected) in project(recordings, CLUSTER, "+cluster")? {
        push(&mut cluster, &row, projected, 5.0);
    }
    Ok(vec![standalone, cluster])
}

fn push(check: &mut Check, row: &Row, projected: f64, bound: f64) {
    let label = format!(
        "{} keys, key {} B, value {} B, TTL {}",
        row.n, row.key_len, row.value_size, row.ttl
    );
    check.push(&row.server, label, (row.bytes_per_key, projected), Some(bound));
}

/// The rows of a file with the bytes per key to expect.
fn project(recordings: &Recordings, file: &str, mode: &str) -> Result<Vec<(Row, Server, f64)>, Error> {
    let rows: Vec<Row> = recordings.rows(file)?;
    let rows: Vec<(Row, Server)> = rows
        .into_iter()
        .filter(|row| row.n >= FEWEST_KEYS)
        .map(|row| {
            let server = Server::parse(&format!("{}{mode}", row.server))
                .ok_or_else(|| Error::Input(format!("{file}: {}: no such server is known", row.server)))?;
            Ok((row, server))
        })
        .collect::<Result<_, Error>>()?;
    let projected = parallel::map(&rows, |(row, server)| bytes_per_key(row, *server));
    Ok(rows
        .into_iter()
        .zip(projected)
        .map(|((row, server), projected)| (row, server, projected))
        .collect())
}

fn bytes_per_key(row: &Row, server: Server) -> f64 {
    let ttl = row.ttl != "none";
    let with_ttl = |keys| if ttl { keys } else { 0 };
    let model = if server.cluster {
        let mut model = MemoryModel::with_slots(server.version, server.allocator, u32::from(SLOTS));
        if server.version == Version::Redis7 {
            model.load(0, u64::from(row.n), with_ttl(u64::from(row.n)));
        } else {
            for (slot, keys) in (0..).zip(slot_counts(row.n, row.key_len)) {
                model.load(slot, u64::from(keys), with_ttl(u64::from(keys)));
            }
        }
        model
    } else {
        let mut model = MemoryModel::with(server.version, server.allocator, 0);
        model.load(0, u64::from(row.n), with_ttl(u64::from(row.n)));
        model
    };
    let tables = (model.overhead_bytes() - model.empty_bytes()) as f64;
    tables / f64::from(row.n) + f64::from(model.item_bytes(row.key_len, row.value_size, ttl))
}

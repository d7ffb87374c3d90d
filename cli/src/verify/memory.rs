//! Bytes per key after a load.

use super::check::{Check, ErrorKind};
use super::parallel;
use super::recordings::Recordings;
use super::server::Server;
use crate::error::Error;
use cacheplan_engine::store::MemoryModel;
use serde::Deserialize;

/// Loads of a server on its own.
pub(crate) const STANDALONE: &str = "b_memory.jsonl";
/// Loads of a node in cluster mode that owns every slot.
pub(crate) const CLUSTER: &str = "b_memory_cluster.jsonl";

/// Loads of fewer keys carry noise of the client's buffers of the order of the bound.
const FEWEST_KEYS: u64 = 10_000;

#[derive(Deserialize)]
struct Row {
    server: String,
    n: u64,
    key_len: u32,
    value_size: u32,
    ttl: String,
    bytes_per_key: f64,
}

/// Bytes per key within 3 % on its own and 5 % in cluster mode; 0.5 % on average on its own.
pub(crate) fn checks(recordings: &Recordings) -> Result<Vec<Check>, Error> {
    let mut standalone = Check::new("bytes per key", ErrorKind::Percent, "bytes").mean_within(0.5);
    add(&mut standalone, recordings, STANDALONE, "", 3.0)?;
    let mut cluster = Check::new("bytes per key, cluster mode", ErrorKind::Percent, "bytes");
    add(&mut cluster, recordings, CLUSTER, "+cluster", 5.0)?;
    Ok(vec![standalone, cluster])
}

fn add(check: &mut Check, recordings: &Recordings, file: &str, mode: &str, bound: f64) -> Result<(), Error> {
    let mut rows: Vec<Row> = recordings.rows(file)?;
    rows.retain(|row| row.n >= FEWEST_KEYS);
    let projected = parallel::map(&rows, |row| project(row, mode));
    for (row, projected) in rows.iter().zip(projected) {
        let projected = projected
            .ok_or_else(|| Error::Input(format!("{file}: no server like {:?} is known", row.server)))?;
        let label = format!(
            "{} keys, key {} B, value {} B, TTL {}",
            row.n, row.key_len, row.value_size, row.ttl
        );
        check.push(&row.server, label, (row.bytes_per_key, projected), Some(bound));
    }
    Ok(())
}

fn project(row: &Row, mode: &str) -> Option<f64> {
    let server = Server::parse(&format!("{}{mode}", row.server))?;
    let model = MemoryModel::new(server.engine, server.slots);
    let ttl = row.ttl != "none";
    let items = row.n * u64::from(model.item_bytes(row.key_len, row.value_size, ttl));
    let all = model.projected_bytes(row.n, if ttl { row.n } else { 0 }, items);
    Some((all - model.empty_bytes()) as f64 / row.n as f64)
}

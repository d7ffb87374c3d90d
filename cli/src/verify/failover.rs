//! Time to a new primary after one was killed, against the range of the model.

use super::check::{Check, ErrorKind};
use super::recordings::Recordings;
use super::server::Server;
use crate::error::Error;
use cacheplan_engine::cluster::failover::{Election, Incident};
use cacheplan_engine::random::Stream;
use cacheplan_engine::store::Version;
use cacheplan_engine::units::Micros;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Kills of one primary of three, each with a replica.
pub(crate) const FILE: &str = "g_failover.jsonl";

/// Draws of the model for each row: what all of them span is its range.
const DRAWS: usize = 1_000;
/// Standard errors within which means agree.
const ERRORS: f64 = 4.0;
/// All nodes ran on one machine.
const ROUND_TRIP: Micros = Micros(100);

#[derive(Deserialize)]
struct Row {
    server: String,
    cluster_node_timeout_ms: u64,
    /// Clients tried every 20 ms.
    kill_to_first_accepted_write_s: Option<f64>,
    /// The same of the recordings with one pipelining client.
    kill_to_promoted_s: Option<f64>,
}

impl Row {
    fn measured(&self) -> Option<f64> {
        self.kill_to_first_accepted_write_s.or(self.kill_to_promoted_s)
    }
}

/// Times to a new primary, in seconds, in ascending order.
struct Range(Vec<f64>);

impl Range {
    fn of(election: Election, timeout_ms: u64) -> Self {
        let incident = Incident {
            election,
            node_timeout: Micros(timeout_ms * 1_000),
            primaries: 3,
            failed: 1,
            failed_rank: 0,
            replicas: 1,
            rank: 0,
            round_trip: ROUND_TRIP,
        };
        let mut stream = Stream::new(1, timeout_ms);
        let mut times: Vec<f64> = (0..DRAWS)
            .filter_map(|_| incident.draw(&mut stream).promoted)
            .map(Micros::as_secs)
            .collect();
        times.sort_unstable_by(f64::total_cmp);
        Self(times)
    }

    fn least(&self) -> f64 {
        self.0.first().copied().unwrap_or(f64::NAN)
    }

    fn median(&self) -> f64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn most(&self) -> f64 {
        self.0.last().copied().unwrap_or(f64::NAN)
    }

    fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len() as f64
    }

    fn variance(&self) -> f64 {
        let mean = self.mean();
        self.0
            .iter()
            .map(|time| (time - mean) * (time - mean))
            .sum::<f64>()
            / self.0.len() as f64
    }

    /// Percent by which the median may differ from a figure that lies within.
    fn bound(&self, figure: f64) -> f64 {
        tenths(if figure > self.median() {
            1.0 - self.median() / self.most()
        } else {
            self.median() / self.least() - 1.0
        })
    }
}

/// A bound as percent, to the next tenth.
fn tenths(share: f64) -> f64 {
    (share * 1_000.0).ceil() / 10.0
}

/// The rule of a server as a recording names it.
fn election(name: &str) -> Option<Election> {
    let server = Server::parse(name)?;
    Some(match server.version {
        Version::Redis7 | Version::Redis8 | Version::Valkey80 => Election::Fixed,
        // Stored alike, but elected by other rules.
        Version::Valkey81 if name.starts_with("valkey-9") => Election::Scaled,
        Version::Valkey81 => Election::Ranked,
        Version::Valkey91 => Election::Immediate,
    })
}

/// Every time lies within the range that the model's draws span, shown by their median; and means agree, so that a model
/// whose range is merely wide does not pass.
pub(crate) fn checks(recordings: &Recordings) -> Result<Vec<Check>, Error> {
    let mut within = Check::new(
        "time to a new primary, in the model's range",
        ErrorKind::Percent,
        "s",
    );
    let mut means = Check::new("time to a new primary, mean", ErrorKind::Percent, "s");
    let mut by_timeout: BTreeMap<u64, Vec<(f64, Range)>> = BTreeMap::new();
    for row in recordings.rows::<Row>(FILE)? {
        let election = election(&row.server)
            .ok_or_else(|| Error::Input(format!("{FILE}: {}: no such server is known", row.server)))?;
        let Some(measured) = row.measured() else { continue };
        let timeout = row.cluster_node_timeout_ms;
        let range = Range::of(election, timeout);
        let label = format!(
            "node timeout {} s, range {:.1} to {:.1} s",
            timeout as f64 / 1e3,
            range.least(),
            range.most()
        );
        let pair = (measured, range.median());
        within.push(&row.server, label, pair, Some(range.bound(measured)));
        by_timeout.entry(timeout).or_default().push((measured, range));
    }
    for (timeout, rows) in by_timeout {
        let count = rows.len() as f64;
        let measured = rows.iter().map(|(measured, _)| measured).sum::<f64>() / count;
        let projected = rows.iter().map(|(_, range)| range.mean()).sum::<f64>() / count;
        let variance: f64 = rows.iter().map(|(_, range)| range.variance()).sum();
        let bound = tenths(ERRORS * variance.sqrt() / count / measured);
        let label = format!(
            "node timeout {} s, mean of {count} rows, within {ERRORS} standard errors",
            timeout as f64 / 1e3
        );
        means.push("all", label, (measured, projected), Some(bound));
    }
    Ok(vec![within, means])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(server: &str, seconds: f64) -> [bool; 2] {
        let row = format!(
            "{{\"server\":\"{server}\",\"cluster_node_timeout_ms\":5000,\"kill_to_promoted_s\":{seconds}}}\n"
        );
        let checks = checks(&Recordings::held(FILE, row)).unwrap();
        [checks[0].holds(), checks[1].holds()]
    }

    #[test]
    fn a_time_outside_of_the_range_is_past_its_bound() {
        assert_eq!(verdicts("valkey-8.1.1", 7.4), [true, true]);
        assert_eq!(verdicts("valkey-8.1.1", 5.2), [false, true]);
        assert_eq!(verdicts("valkey-8.1.1", 11.5), [false, false]);
        assert_eq!(verdicts("redis-8.0.6", 4.0), [false, false]);
    }

    #[test]
    fn versions_wait_by_their_own_rules() {
        assert_eq!(election("redis-7.0.15-deb"), Some(Election::Fixed));
        assert_eq!(election("valkey-8.1.1"), Some(Election::Ranked));
        assert_eq!(election("valkey-9.0.0"), Some(Election::Scaled));
        assert_eq!(election("valkey-9.1.2"), Some(Election::Immediate));
        assert_eq!(election("memcached-1.6.45"), None);
    }
}

//! Queries that reach the database when hot keys expire, with every guard, against recorded stampedes.
//!
//! A row is re-created as a closed loop of as many users. All its times are stretched: the queue, the guards and the
//! users' behaviour do not care, and what took a tenth of a second spans an interval of the report, fine enough to
//! tell bursts apart as the recording does.
//!
//! The recorded clients shared one busy event loop. Where it kept them from asking as often as their think time says,
//! the rate at which they did ask is taken from the recording. So is the time of a rebuild, which the loop made longer
//! than the database's: see [`rebuild_s`].

use super::check::{Check, ErrorKind};
use super::parallel;
use super::recordings::Recordings;
use crate::error::Error;
use cacheplan_engine::report::{Metric, Report};
use cacheplan_engine::scenario::{
    Database, Guard, KeyClass, Popularity, Rate, RunSettings, Scenario, ServiceTime, Ttl, Users, ValueSize,
    Workload, Writes,
};
use cacheplan_engine::sim::Sim;
use cacheplan_engine::units::{Bytes, PerSecond, Seconds, Share};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Runs of closed-loop clients against one server.
pub(crate) const FILE: &str = "f_stampede.json";

/// How many times as long everything takes as in the recording: an interval of the report is a tenth of a second of
/// it.
const STRETCH: f64 = 10.0;
/// Intervals without queries that part two bursts: 0.3 s in the recording.
const GAP: usize = 3;
/// Runs that are averaged, as one has few bursts.
const SEEDS: u64 = 10;
/// How many times as often as those recorded users may ask before the recorded ones count as limited by their loop.
const LIMITED: f64 = 1.15;
/// Runs that look for the think time at which users ask as often as those recorded.
const FITS: u32 = 4;
/// Percent by which queries of a mode and rate may differ.
const QUERIES_WITHIN: f64 = 15.0;
/// Times by which stale reads may differ: an order of magnitude.
const STALE_WITHIN: f64 = 3.0;
/// How often the recorded clients look whether a lock's holder is done: 10 ms.
const POLL_S: f64 = 0.01;
/// How long past its TTL a recorded value lives for stale-while-revalidate.
const GRACE_S: f64 = 10.0;
/// `jitter`: TTLs are drawn between 0.8 and 1.2 of theirs.
const JITTER: f64 = 0.2;
/// Round trip on the recording machine's loopback.
const ROUND_TRIP_S: f64 = 200e-6;

#[derive(Clone, Debug, Deserialize)]
struct Row {
    server: String,
    mode: String,
    duration_s: f64,
    clients: u32,
    hot_keys: u64,
    hot_requests: f64,
    hot_probability: f64,
    think_mean_s: f64,
    hot_ttl_ms: f64,
    db_latency_s: f64,
    db_concurrency: f64,
    requests: f64,
    db_hot_queries: f64,
    hot_db_queries_per_burst: Vec<f64>,
    stale_served: f64,
    seed: u64,
    /// Whether the hot keys were stored just before the start; otherwise it begins with a stampede.
    #[serde(default)]
    prewarmed_hot: bool,
    /// When the first hot values were stored, seconds since the start.
    #[serde(default)]
    hot_sets_first50: Vec<f64>,
}

/// What a run of a row did, ours or the recorded one.
#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    requests: f64,
    /// Queries per expiry of a hot key.
    queries: f64,
    /// Reads past the TTL.
    stale: f64,
}

impl Row {
    /// Queries per expiry. Bursts of several keys run into each other, so that those are told by all queries of the
    /// run over the expiries that a rebuild without delay would leave time for.
    fn queries(&self, all: f64, bursts: &[f64]) -> f64 {
        if self.hot_keys == 1 {
            bursts.iter().sum::<f64>() / bursts.len().max(1) as f64
        } else {
            all / self.expiries()
        }
    }

    /// Expiries in the recording.
    fn expiries(&self) -> f64 {
        if self.hot_keys == 1 {
            self.bursts().len() as f64
        } else {
            self.hot_keys as f64 * self.duration_s / (self.hot_ttl_ms * 1e-3)
        }
    }

    /// Recorded bursts of queries, the one on the empty cache left out.
    fn bursts(&self) -> &[f64] {
        let first = usize::from(!self.prewarmed_hot);
        self.hot_db_queries_per_burst.get(first..).unwrap_or_default()
    }

    fn recorded(&self) -> Figures {
        Figures {
            requests: self.requests,
            queries: self.queries(self.db_hot_queries, self.bursts()),
            stale: self.stale_served,
        }
    }

    /// Seconds of the run that its figures leave out: those of the stampede on the empty cache at its start, where
    /// the recording has none. The first values expire no earlier.
    fn warm_up_s(&self) -> f64 {
        if self.prewarmed_hot {
            (1.0 - JITTER) * self.hot_ttl_ms * 1e-3
        } else {
            0.0
        }
    }

    fn scenario(&self, think_s: f64, rebuild_s: f64, seed: u64) -> Result<Scenario, Error> {
        let stretched = |seconds: f64| seconds * STRETCH;
        let whole = |seconds: f64| Seconds(stretched(seconds).round() as u64);
        let milliseconds = |seconds: f64| (stretched(seconds) * 1e3).round().max(1.0) as u32;
        let (guard, jitter) = match self.mode.as_str() {
            "none" => (Guard::None, 0.0),
            "jitter" => (Guard::None, JITTER),
            "lock" => {
                let poll_ms = milliseconds(POLL_S);
                (Guard::Lock { poll_ms }, 0.0)
            }
            "swr" => {
                let grace_s = whole(GRACE_S);
                (Guard::StaleWhileRevalidate { grace_s }, 0.0)
            }
            other => return Err(Error::Input(format!("{FILE}: unknown mode \"{other}\""))),
        };
        let class = |name: &str, keys, ttl, share: f64| KeyClass {
            name: name.into(),
            keys,
            popularity: Popularity::Uniform,
            value_size: ValueSize::Fixed { bytes: Bytes(100) },
            rate: Rate::Constant {
                per_s: PerSecond(share),
            },
            writes: Share(0.0),
            ttl,
            ..KeyClass::default()
        };
        let hot = Ttl::Fixed {
            seconds: whole(self.hot_ttl_ms * 1e-3),
            jitter: Share(jitter),
        };
        let mut classes = vec![class("hot", self.hot_keys, hot, self.hot_probability)];
        if self.hot_probability < 1.0 {
            // Stored before the start in the recording: one key takes one rebuild to be there.
            classes.push(class("cold", 1, Ttl::None, 1.0 - self.hot_probability));
        }
        let mut scenario = Scenario {
            seed,
            run: RunSettings {
                duration_s: whole(self.duration_s),
                warm_up_s: whole(self.warm_up_s()),
                ..RunSettings::default()
            },
            workload: Workload::Synthetic { classes },
            database: Database {
                latency_us: (stretched(rebuild_s) * 1e6) as u32,
                service: ServiceTime::Fixed,
                capacity_per_s: PerSecond(self.db_concurrency / stretched(rebuild_s)),
                ..Database::default()
            },
            ..Scenario::default()
        };
        scenario.cluster.shards = 1;
        scenario.client.users = Some(Users {
            count: self.clients,
            think_ms: milliseconds(think_s),
        });
        scenario.client.guard = guard;
        scenario.client.round_trip_us = (stretched(ROUND_TRIP_S) * 1e6) as u32;
        scenario.client.writes = Writes::Invalidate;
        Ok(scenario)
    }

    fn run(&self, think_s: f64, rebuild_s: f64, seed: u64) -> Result<Figures, Error> {
        let plan = self
            .scenario(think_s, rebuild_s, seed)?
            .plan()
            .map_err(|error| Error::Input(format!("{FILE}: {}: {error}", self.label())))?;
        let mut sim = Sim::new(plan, None).map_err(|error| Error::Failure(error.to_string()))?;
        while !sim.advance(100_000).complete {}
        let report = Report::of(&sim);
        let hot = report
            .classes
            .first()
            .map(|class| class.counts)
            .unwrap_or_default();
        let load = report.series.cluster(Metric::DatabasePerS).unwrap_or_default();
        let interval = report.series.interval.as_secs();
        let bursts = bursts(&load.iter().map(|rate| rate * interval).collect::<Vec<_>>());
        Ok(Figures {
            requests: sim.requests() as f64,
            // The first is the empty cache's.
            queries: self.queries(hot.queries as f64, bursts.get(1..).unwrap_or_default()),
            stale: hot.past_ttl as f64,
        })
    }

    fn projected(&self, rebuild_s: f64) -> Result<Figures, Error> {
        // Little's law: a cycle of a user is clients * duration / requests long.
        let cycle = |requests: f64| f64::from(self.clients) * self.duration_s / requests;
        let mut think_s = self.think_mean_s;
        for _ in 0..FITS {
            let found = self.run(think_s, rebuild_s, 1)?;
            if think_s <= self.think_mean_s && found.requests <= self.requests * LIMITED {
                break;
            }
            think_s = (think_s + cycle(self.requests) - cycle(found.requests)).max(1e-4);
        }
        let mut mean = Figures::default();
        for seed in 1..=SEEDS {
            let found = self.run(think_s, rebuild_s, seed)?;
            mean.requests += found.requests / SEEDS as f64;
            mean.queries += found.queries / SEEDS as f64;
            mean.stale += found.stale / SEEDS as f64;
        }
        Ok(mean)
    }

    /// Times from an expiry of the only hot key to its value being stored again, where these can be told: one rebuild
    /// at a time, and nothing else that varies.
    fn rebuilds(&self) -> Vec<f64> {
        let ttl = self.hot_ttl_ms * 1e-3;
        let guarded = matches!(self.mode.as_str(), "lock" | "swr");
        if !guarded || self.hot_keys != 1 || self.hot_requests < 1.0 {
            return Vec::new();
        }
        // The first reader comes by chance.
        let met = self.duration_s / self.hot_requests;
        let gaps = self
            .hot_sets_first50
            .iter()
            .zip(self.hot_sets_first50.iter().skip(1));
        // Stored again sooner is a second rebuild of the same expiry.
        gaps.map(|(from, to)| to - from - ttl - met)
            .filter(|rebuild| *rebuild >= self.db_latency_s)
            .collect()
    }

    /// Guard and rate: rows that have both in common tell one figure, as one of them may have three bursts.
    fn rate(&self) -> String {
        let keys = if self.hot_keys == 1 { "key" } else { "keys" };
        format!(
            "{}, {} hot {keys} with {} % of the requests, think time {} ms",
            self.mode,
            self.hot_keys,
            self.hot_probability * 100.0,
            self.think_mean_s * 1e3,
        )
    }

    fn label(&self) -> String {
        let ttl = self.hot_ttl_ms * 1e-3;
        let warm = if self.prewarmed_hot { "warm, " } else { "" };
        format!("{}, TTL {ttl} s, {warm}seed {}", self.rate(), self.seed)
    }
}

/// Sums of runs of intervals with queries that are at least [`GAP`] intervals apart.
fn bursts(queries: &[f64]) -> Vec<f64> {
    let mut bursts = Vec::new();
    let mut quiet = GAP;
    for &count in queries {
        if count < 0.5 {
            quiet += 1;
            continue;
        }
        match bursts.last_mut() {
            Some(last) if quiet < GAP => *last += count,
            _ => bursts.push(count),
        }
        quiet = 0;
    }
    bursts
}

/// How long a rebuild took: the median over the rows with this latency of the database that tell, and the latency
/// itself where none does. Loaded beyond its capacity, the recorded database completed as many fewer queries.
fn rebuild_s(rows: &[Row], of: &Row) -> f64 {
    let alike = rows
        .iter()
        .filter(|row| (row.db_latency_s - of.db_latency_s).abs() < 1e-9);
    let mut times: Vec<f64> = alike.flat_map(Row::rebuilds).collect();
    times.sort_unstable_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(of.db_latency_s)
}

/// Queries per expiry and stale reads, row by row. Rows that never ask for a hot key have neither.
pub(crate) fn checks(recordings: &Recordings) -> Result<Vec<Check>, Error> {
    let rows: Vec<Row> = recordings.document(FILE)?.unwrap_or_default();
    Ok(compare(&rows, |row| row.projected(rebuild_s(&rows, row)))?.into())
}

fn compare(
    rows: &[Row],
    project: impl Fn(&Row) -> Result<Figures, Error> + Sync,
) -> Result<[Check; 2], Error> {
    let rows: Vec<&Row> = rows.iter().filter(|row| row.hot_probability > 0.0).collect();
    let mut stale = Check::new("stale reads while revalidating", ErrorKind::Percent, "reads");
    // Expiries of each mode and rate, and queries of all of them, recorded and projected.
    let mut rates: BTreeMap<String, (&str, f64, f64, f64)> = BTreeMap::new();
    for (row, projected) in rows.iter().zip(parallel::map(&rows, |row| project(row))) {
        let (recorded, projected) = (row.recorded(), projected?);
        let expiries = row.expiries();
        if expiries > 0.0 {
            let rate = rates.entry(row.rate()).or_insert((&row.server, 0.0, 0.0, 0.0));
            rate.1 += expiries;
            rate.2 += recorded.queries * expiries;
            rate.3 += projected.queries * expiries;
        }
        if row.mode == "swr" {
            let bound = if projected.stale < recorded.stale {
                1.0 - 1.0 / STALE_WITHIN
            } else {
                STALE_WITHIN - 1.0
            };
            let pair = (recorded.stale, projected.stale);
            stale.push(&row.server, row.label(), pair, Some((bound * 100.0).round()));
        }
    }
    let mut queries = Check::new("database queries per expiry", ErrorKind::Percent, "queries");
    for (label, (server, expiries, recorded, projected)) in rates {
        let pair = (recorded / expiries, projected / expiries);
        queries.push(server, label, pair, Some(QUERIES_WITHIN));
    }
    Ok([queries, stale])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(mode: &str) -> Row {
        Row {
            server: "valkey-8.1.1".into(),
            mode: mode.into(),
            duration_s: 10.0,
            clients: 200,
            hot_keys: 1,
            hot_requests: 15_200.0,
            hot_probability: 0.8,
            think_mean_s: 0.1,
            hot_ttl_ms: 1_000.0,
            db_latency_s: 0.05,
            db_concurrency: 20.0,
            requests: 19_000.0,
            db_hot_queries: 500.0,
            hot_db_queries_per_burst: vec![110.0, 70.0, 70.0, 70.0],
            stale_served: 0.0,
            seed: 1,
            prewarmed_hot: false,
            hot_sets_first50: Vec::new(),
        }
    }

    #[test]
    fn queries_that_come_close_together_are_one_burst() {
        let quiet = [0.0; GAP];
        let mut queries = vec![5.0, 0.0, 2.0];
        queries.extend(quiet);
        queries.extend([1.0, 1.0]);
        queries.extend(quiet);
        assert_eq!(bursts(&queries), [7.0, 2.0]);
        assert!(bursts(&quiet).is_empty());
    }

    #[test]
    fn the_time_of_a_rebuild_is_that_between_expiry_and_store() {
        let mut lock = row("lock");
        lock.hot_requests = 10_000.0;
        // The third is a second rebuild of the second expiry.
        lock.hot_sets_first50 = vec![0.060, 1.115, 1.168, 2.225];
        let rebuilds = lock.rebuilds();
        assert!(matches!(rebuilds[..], [a, b] if (a - 0.054).abs() < 1e-9 && (b - 0.056).abs() < 1e-9));
        let rows = [row("none"), lock];
        assert!((rebuild_s(&rows, &rows[0]) - 0.056).abs() < 1e-9);
        assert!((rebuild_s(&rows[..1], &rows[0]) - 0.05).abs() < 1e-9);
    }

    #[test]
    fn a_row_that_did_something_else_is_past_its_bound() {
        let figures = |queries: f64, stale: f64| {
            move |_: &Row| {
                Ok(Figures {
                    requests: 19_000.0,
                    queries,
                    stale,
                })
            }
        };
        let mut swr = row("swr");
        swr.stale_served = 300.0;
        let rows = [swr];
        let holds = |queries, stale| {
            compare(&rows, figures(queries, stale))
                .map(|checks| checks.each_ref().map(Check::holds))
                .unwrap_or_default()
        };
        assert_eq!(holds(75.0, 800.0), [true, true]);
        assert_eq!(holds(90.0, 95.0), [false, false]);
        assert_eq!(holds(f64::NAN, 901.0), [false, false]);
        assert_eq!(holds(70.0, 0.0), [true, false]);
    }

    #[test]
    fn rows_without_hot_requests_have_nothing_to_compare() {
        let cold = Row {
            hot_probability: 0.0,
            ..row("none")
        };
        let checks = compare(&[cold], |row| row.projected(0.05)).unwrap_or_else(|error| panic!("{error}"));
        assert!(checks.iter().all(|check| check.points.is_empty()));
        assert!(row("other").projected(0.05).is_err());
    }

    #[test]
    fn guards_do_in_the_model_what_they_did_on_the_server() {
        let project = |mode| {
            row(mode)
                .projected(0.05)
                .unwrap_or_else(|error| panic!("{error}"))
        };
        // Readers of the 50 ms that a rebuild takes, and of the wait that they cause each other.
        let none = project("none");
        assert!((60.0..90.0).contains(&none.queries), "{none:?}");
        assert!((none.requests / 19_000.0 - 1.0).abs() < 0.03, "{none:?}");
        for mode in ["lock", "swr"] {
            let guarded = project(mode);
            assert!((1.0..1.3).contains(&guarded.queries), "{mode}: {guarded:?}");
            assert_eq!(guarded.stale > 0.0, mode == "swr");
        }
    }
}

//! The store of record behind the cache, and how the application asks it.

use super::{Field, Number, Pick, Slider, millis, of_millis};
use crate::app::quantity::Unit;
use cacheplan_engine::scenario::{ServiceTime, limits};
use cacheplan_engine::units::{PerSecond, Share, Usd};

/// The store of record behind the cache.
pub const DATABASE: &[Field] = &[
    Field::Number(Number {
        path: "database.latency_us",
        label: "Query time",
        hint: "Mean time to serve one query when nobody waits",
        unit: Unit::Micros,
        limit: limits::DATABASE_LATENCY_US,
        whole: true,
        slider: Slider::Log(100.0, 1_000_000.0),
        get: |s, _| Some(f64::from(s.database.latency_us)),
        set: |s, _, value| s.database.latency_us = value as u32,
    }),
    Field::Pick(Pick {
        path: "database.service",
        label: "Query times are",
        hint: "How they vary about their mean",
        labels: &["Exponential", "All alike", "Lognormal"],
        get: |s, _| {
            Some(match s.database.service {
                ServiceTime::Exponential => 0,
                ServiceTime::Fixed => 1,
                ServiceTime::Lognormal { .. } => 2,
            })
        },
        set: |s, _, at| {
            s.database.service = match at {
                0 => ServiceTime::Exponential,
                1 => ServiceTime::Fixed,
                _ => ServiceTime::Lognormal { sigma: 1.0 },
            };
        },
    }),
    Field::Number(Number {
        path: "database.service.sigma",
        label: "Sigma",
        hint: "Standard deviation of the logarithm of query times",
        unit: Unit::Number,
        limit: limits::SIGMA,
        whole: false,
        slider: Slider::Linear(0.0, 3.0, 0.05),
        get: |s, _| match s.database.service {
            ServiceTime::Lognormal { sigma } => Some(sigma),
            _ => None,
        },
        set: |s, _, value| s.database.service = ServiceTime::Lognormal { sigma: value },
    }),
    Field::Number(Number {
        path: "database.capacity_per_s",
        label: "Capacity",
        hint: "Most queries that it completes in a second; beyond it they queue",
        unit: Unit::PerSecond,
        limit: limits::DATABASE_CAPACITY_PER_S,
        whole: false,
        slider: Slider::Log(10.0, 1_000_000.0),
        get: |s, _| Some(s.database.capacity_per_s.0),
        set: |s, _, value| s.database.capacity_per_s = PerSecond(value),
    }),
    Field::Pick(Pick {
        path: "database.queue_bound",
        label: "Queue",
        hint: "Queries that may wait; further ones are refused at once",
        labels: &["Any number waits", "Bounded"],
        get: |s, _| Some(usize::from(s.database.queue.is_some())),
        set: |s, _, at| s.database.queue = (at == 1).then_some(1_000),
    }),
    Field::Number(Number {
        path: "database.queue",
        label: "Waiting",
        hint: "Most queries that may wait",
        unit: Unit::Count,
        limit: limits::DATABASE_QUEUE,
        whole: true,
        slider: Slider::Log(1.0, 1e7),
        get: |s, _| s.database.queue.map(f64::from),
        set: |s, _, value| s.database.queue = Some(value as u32),
    }),
    Field::Pick(Pick {
        path: "database.gives_up",
        label: "Timeout",
        hint: "Whether the application gives a query up that takes long",
        labels: &["None", "Give up after", "Give up and cancel after"],
        get: |s, _| {
            Some(match (s.database.timeout_ms, s.database.cancels) {
                (None, _) => 0,
                (Some(_), false) => 1,
                (Some(_), true) => 2,
            })
        },
        set: |s, _, at| {
            s.database.cancels = at == 2;
            s.database.timeout_ms = match at {
                0 => None,
                _ => s.database.timeout_ms.or(Some(1_000)),
            };
        },
    }),
    Field::Number(Number {
        path: "database.timeout_ms",
        label: "Gives up after",
        hint: "Without cancelling, the query still takes its turn at the database",
        unit: Unit::Micros,
        limit: millis(limits::TIMEOUT_MS),
        whole: true,
        slider: Slider::Log(1e3, 6e8),
        get: |s, _| s.database.timeout_ms.map(|ms| f64::from(ms) * 1e3),
        set: |s, _, value| s.database.timeout_ms = Some(of_millis(value)),
    }),
    Field::Number(Number {
        path: "database.retries",
        label: "Retries",
        hint: "How often a query is tried again that was refused or given up",
        unit: Unit::Count,
        limit: limits::RETRIES,
        whole: true,
        slider: Slider::Linear(0.0, 10.0, 1.0),
        get: |s, _| Some(f64::from(s.database.retries)),
        set: |s, _, value| s.database.retries = value as u32,
    }),
    Field::Number(Number {
        path: "database.backoff_ms",
        label: "Backoff",
        hint: "Mean wait before the first retry; it doubles with each",
        unit: Unit::Micros,
        limit: millis(limits::BACKOFF_MS),
        whole: true,
        slider: Slider::Linear(0.0, 1e6, 1e4),
        get: |s, _| (s.database.retries > 0).then(|| f64::from(s.database.backoff_ms) * 1e3),
        set: |s, _, value| s.database.backoff_ms = of_millis(value),
    }),
    Field::Pick(Pick {
        path: "database.retry_budgeted",
        label: "Retry budget",
        hint: "Whether retries are bounded by a share of the queries of the last ten seconds",
        labels: &["None", "A share of the queries"],
        get: |s, _| (s.database.retries > 0).then(|| usize::from(s.database.retry_budget.is_some())),
        set: |s, _, at| s.database.retry_budget = (at == 1).then_some(Share(0.1)),
    }),
    Field::Number(Number {
        path: "database.retry_budget",
        label: "Retries at most",
        hint: "Of the queries of the last ten seconds",
        unit: Unit::Percent,
        limit: limits::SHARE,
        whole: false,
        slider: Slider::Linear(0.0, 1.0, 0.01),
        get: |s, _| {
            s.database
                .retry_budget
                .filter(|_| s.database.retries > 0)
                .map(|share| share.0)
        },
        set: |s, _, value| s.database.retry_budget = Some(Share(value)),
    }),
    Field::Number(Number {
        path: "database.replicas",
        label: "Read replicas",
        hint: "Reads go to them, evenly, and writes to the primary; each is as fast as the primary",
        unit: Unit::Count,
        limit: limits::DATABASE_REPLICAS,
        whole: true,
        slider: Slider::Linear(0.0, 15.0, 1.0),
        get: |s, _| Some(f64::from(s.database.replicas)),
        set: |s, _, value| s.database.replicas = value as u32,
    }),
    Field::Number(Number {
        path: "database.replica_lag_ms",
        label: "Replica lag",
        hint: "How far they are behind: what is read there may be that old",
        unit: Unit::Micros,
        limit: millis(limits::REPLICA_LAG_MS),
        whole: true,
        slider: Slider::Linear(0.0, 1e7, 1e4),
        get: |s, _| (s.database.replicas > 0).then(|| f64::from(s.database.replica_lag_ms) * 1e3),
        set: |s, _, value| s.database.replica_lag_ms = of_millis(value),
    }),
    Field::Number(Number {
        path: "database.usd_per_million_reads",
        label: "Million reads",
        hint: "Price of a million reads; 0 when they are not billed by the request",
        unit: Unit::Usd,
        limit: limits::USD_PER_MILLION_READS,
        whole: false,
        slider: Slider::Linear(0.0, 2.0, 0.005),
        get: |s, _| Some(s.database.usd_per_million_reads.0),
        set: |s, _, value| s.database.usd_per_million_reads = Usd(value),
    }),
];

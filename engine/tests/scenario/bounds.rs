//! The bounds of single fields.

use super::*;

/// Sets a field to a number, as far as its type can hold it.
type Set = fn(&mut Scenario, &mut KeyClass, f64);

#[test]
fn every_number_is_accepted_at_its_limits_and_refused_beyond() {
    let fields: [(&str, limits::Limit, Set); 51] = [
        ("run.duration_s", limits::DURATION_S, |s, _, v| {
            s.run.duration_s = Seconds(v as u64);
            s.run.warm_up_s = Seconds(0);
        }),
        ("run.request_budget", limits::REQUEST_BUDGET, |s, _, v| {
            s.run.request_budget = v as u64;
        }),
        ("workload.classes[0].keys", limits::KEYS, |_, c, v| {
            c.keys = v as u64;
        }),
        ("workload.classes[0].key_bytes", limits::KEY_BYTES, |_, c, v| {
            c.key_bytes = v as u32;
        }),
        (
            "workload.classes[0].popularity.exponent",
            limits::ZIPF_EXPONENT,
            |_, c, v| {
                c.popularity = Popularity::Zipf { exponent: v };
            },
        ),
        (
            "workload.classes[0].popularity.keys",
            limits::HOT_KEYS,
            |_, c, v| {
                c.popularity = Popularity::HotSet {
                    keys: Share(v),
                    traffic: Share(0.5),
                };
            },
        ),
        (
            "workload.classes[0].popularity.traffic",
            limits::HOT_TRAFFIC,
            |_, c, v| {
                c.popularity = Popularity::HotSet {
                    keys: Share(0.1),
                    traffic: Share(v),
                };
            },
        ),
        (
            "workload.classes[0].churn_per_day",
            limits::CHURN_PER_DAY,
            |_, c, v| {
                c.churn_per_day = v;
            },
        ),
        (
            "workload.classes[0].drift_per_day",
            limits::DRIFT_PER_DAY,
            |_, c, v| {
                c.drift_per_day = v;
            },
        ),
        (
            "workload.classes[0].value_size.sizes[1].bytes",
            limits::VALUE_BYTES,
            |_, c, v| {
                c.value_size = sizes([(10, 0.5), (v as u64, 0.5)]);
            },
        ),
        (
            "workload.classes[0].value_size.sizes[1].share",
            limits::SIZE_SHARE,
            |_, c, v| {
                c.value_size = sizes([(10, 0.5), (20, v)]);
            },
        ),
        (
            "workload.classes[0].rate.from_per_s",
            limits::CURVE_PER_S,
            |s, c, v| {
                s.run.request_budget = 1_000_000_000;
                c.rate = ramp(v, 1.0, 10, 10);
            },
        ),
        (
            "workload.classes[0].rate.to_per_s",
            limits::CURVE_PER_S,
            |s, c, v| {
                s.run.request_budget = 1_000_000_000;
                c.rate = ramp(1.0, v, 10, 10);
            },
        ),
        ("workload.classes[0].rate.start_s", limits::CURVE_S, |_, c, v| {
            c.rate = ramp(1.0, 2.0, v as u64, 10);
        }),
        (
            "workload.classes[0].rate.duration_s",
            limits::CURVE_S,
            |_, c, v| {
                c.rate = ramp(1.0, 2.0, 10, v as u64);
            },
        ),
        (
            "workload.classes[0].rate.points[0].at_s",
            limits::CURVE_S,
            |_, c, v| {
                c.rate = curve([(v as u64, 1.0)]);
            },
        ),
        (
            "workload.classes[0].rate.points[1].per_s",
            limits::CURVE_PER_S,
            |s, c, v| {
                s.run.request_budget = 1_000_000_000;
                c.rate = curve([(10, 1.0), (20, v)]);
            },
        ),
        ("workload.classes[0].deletes", limits::DELETES, |_, c, v| {
            c.writes = Share(0.0);
            c.deletes = Share(v);
        }),
        ("workload.classes[0].multi_get", limits::MULTI_GET, |_, c, v| {
            c.multi_get = v as u32;
        }),
        (
            "workload.classes[0].heavy.share",
            limits::HEAVY_SHARE,
            |_, c, v| {
                c.heavy.share = Share(v);
            },
        ),
        ("workload.classes[0].heavy.cost", limits::HEAVY_COST, |_, c, v| {
            c.heavy.cost = v;
        }),
        ("workload.classes[0].hash_tags", limits::HASH_TAGS, |_, c, v| {
            c.hash_tags = Some(v as u32);
        }),
        (
            "workload.classes[0].value_size.bytes",
            limits::VALUE_BYTES,
            |_, c, v| {
                c.value_size = ValueSize::Fixed {
                    bytes: Bytes(v as u64),
                };
            },
        ),
        (
            "workload.classes[0].value_size.median_bytes",
            limits::MEDIAN_BYTES,
            |_, c, v| {
                c.value_size = ValueSize::Lognormal {
                    median_bytes: Bytes(v as u64),
                    sigma: 1.0,
                };
            },
        ),
        (
            "workload.classes[0].value_size.sigma",
            limits::SIGMA,
            |_, c, v| {
                c.value_size = ValueSize::Lognormal {
                    median_bytes: Bytes(1_000),
                    sigma: v,
                };
            },
        ),
        ("workload.classes[0].rate.per_s", limits::RATE_PER_S, |s, c, v| {
            s.run.request_budget = 1_000_000_000;
            c.rate = Rate::Constant { per_s: PerSecond(v) };
        }),
        (
            "workload.classes[0].rate.mean_per_s",
            limits::RATE_PER_S,
            |s, c, v| {
                s.run.request_budget = 1_000_000_000;
                c.rate = Rate::Diurnal {
                    mean_per_s: PerSecond(v),
                    peak_to_mean: 1.5,
                    peak_hour: 12.0,
                };
            },
        ),
        (
            "workload.classes[0].rate.peak_to_mean",
            limits::PEAK_TO_MEAN,
            |_, c, v| {
                c.rate = Rate::Diurnal {
                    mean_per_s: PerSecond(1.0),
                    peak_to_mean: v,
                    peak_hour: 12.0,
                };
            },
        ),
        (
            "workload.classes[0].rate.peak_hour",
            limits::PEAK_HOUR,
            |_, c, v| {
                c.rate = Rate::Diurnal {
                    mean_per_s: PerSecond(1.0),
                    peak_to_mean: 1.5,
                    peak_hour: v,
                };
            },
        ),
        ("workload.classes[0].writes", limits::WRITES, |_, c, v| {
            c.writes = Share(v);
        }),
        ("workload.classes[0].ttl.seconds", limits::TTL_S, |_, c, v| {
            c.ttl = Ttl::Fixed {
                seconds: Seconds(v as u64),
                jitter: Share(0.1),
            };
        }),
        ("workload.classes[0].ttl.jitter", limits::TTL_JITTER, |_, c, v| {
            c.ttl = Ttl::Fixed {
                seconds: Seconds(60),
                jitter: Share(v),
            };
        }),
        ("cluster.shards", limits::SHARDS, |s, _, v| {
            s.cluster.shards = v as u32;
            s.cluster.replicas = 0;
        }),
        ("cluster.replicas", limits::REPLICAS, |s, _, v| {
            s.cluster.replicas = v as u32;
        }),
        ("cluster.reserved_memory", limits::RESERVED_MEMORY, |s, _, v| {
            s.cluster.reserved_memory = Share(v);
        }),
        ("cluster.maxmemory_bytes", limits::MAXMEMORY_BYTES, |s, _, v| {
            s.cluster.maxmemory_bytes = Some(Bytes(v as u64));
        }),
        ("cluster.zones", limits::ZONES, |s, _, v| {
            s.cluster.zones = v as u32;
        }),
        ("cluster.slots[0]", limits::SLOT_WEIGHT, |s, _, v| {
            s.cluster.slots = Some(vec![v as u32, 2, 2]);
        }),
        ("cluster.node_timeout_ms", limits::NODE_TIMEOUT_MS, |s, _, v| {
            s.cluster.node_timeout_ms = v as u32;
        }),
        (
            "cluster.service_failover_s",
            limits::SERVICE_FAILOVER_S,
            |s, _, v| {
                s.cluster.service_failover_s = Some(Seconds(v as u64));
            },
        ),
        ("cluster.replication.one_way_us", limits::ONE_WAY_US, |s, _, v| {
            s.cluster.replication.one_way_us = v as u32;
        }),
        (
            "cluster.replication.output_limit_bytes",
            limits::OUTPUT_LIMIT_BYTES,
            |s, _, v| {
                s.cluster.replication.output_limit_bytes = Bytes(v as u64);
            },
        ),
        (
            "cluster.persistence.snapshots.every_h",
            limits::SNAPSHOT_EVERY_H,
            |s, _, v| {
                s.cluster.persistence.snapshots = Some(Snapshots {
                    hour: 3,
                    every_h: v as u32,
                });
            },
        ),
        (
            "cluster.persistence.fork_ms_per_gb",
            limits::FORK_MS_PER_GB,
            |s, _, v| {
                s.cluster.persistence.fork_ms_per_gb = v;
            },
        ),
        (
            "cluster.persistence.load_mb_per_s",
            limits::RDB_MB_PER_S,
            |s, _, v| {
                s.cluster.persistence.load_mb_per_s = v;
            },
        ),
        (
            "cluster.persistence.rdb_compressed",
            limits::RDB_COMPRESSED,
            |s, _, v| {
                s.cluster.persistence.rdb_compressed = Share(v);
            },
        ),
        ("cluster.persistence.fsync_us", limits::FSYNC_US, |s, _, v| {
            s.cluster.persistence.fsync_us = v as u32;
        }),
        ("client.round_trip_us", limits::ROUND_TRIP_US, |s, _, v| {
            s.client.round_trip_us = v as u32;
        }),
        ("database.latency_us", limits::DATABASE_LATENCY_US, |s, _, v| {
            s.database.latency_us = v as u32;
        }),
        (
            "database.usd_per_million_reads",
            limits::USD_PER_MILLION_READS,
            |s, _, v| {
                s.database.usd_per_million_reads = Usd(v);
            },
        ),
        (
            "prices.node_usd_per_hour",
            limits::NODE_USD_PER_HOUR,
            |s, _, v| {
                s.prices.node_usd_per_hour = Some(Usd(v));
            },
        ),
    ];
    let with = |set: Set, value: f64| {
        let (mut scenario, mut class) = (Scenario::default(), KeyClass::default());
        set(&mut scenario, &mut class, value);
        scenario.workload = Workload::Synthetic { classes: vec![class] };
        scenario.issues()
    };
    for (path, limit, set) in fields {
        assert_eq!(with(set, limit.min), [], "{path} at its smallest");
        assert_eq!(with(set, limit.max), [], "{path} at its largest");
        // A step that changes integers too; a number below zero wraps no unsigned field since casts saturate.
        let mut beyond = vec![limit.max + limit.max.max(1.0)];
        if limit.min > 0.0 {
            beyond.push(limit.min / 2.0);
        }
        for value in beyond {
            let paths: Vec<String> = with(set, value).into_iter().map(|issue| issue.path).collect();
            assert_eq!(paths, [path], "{path} = {value}");
        }
    }
}

#[test]
fn every_target_is_accepted_at_its_limits_and_refused_beyond() {
    for objective in Objective::ALL {
        let (limit, path) = (objective.limit(), format!("objectives.{}", objective.field()));
        let with = |target: Option<f64>| {
            let issues = issues_after(|s| *s.objectives.target_mut(objective) = target);
            issues.into_iter().map(|issue| issue.path).collect::<Vec<_>>()
        };
        for target in [None, Some(limit.min), Some(limit.max)] {
            assert_eq!(with(target), [""; 0], "{path} {target:?}");
        }
        for target in [limit.max * 1.01, limit.min - 0.01, f64::NAN] {
            assert_eq!(with(Some(target)), [path.as_str()], "{target}");
        }
    }
}

#[test]
fn limits_clamp_to_what_they_accept() {
    assert_eq!(limits::SHARDS.clamp(1e9), 500.0);
    assert_eq!(limits::SHARDS.clamp(-1.0), 1.0);
    assert_eq!(limits::SHARDS.clamp(f64::NAN), 1.0);
    assert_eq!(limits::SHARDS.clamp(7.0), 7.0);
}

//! The scenario document: what is checked, how it is told, what a plan resolves.

// Numbers pass through unchanged: they are compared exactly.
#![allow(clippy::float_cmp)]

mod bounds;

use cacheplan_engine::catalog::{Engine, node_type};
use cacheplan_engine::scenario::parameters::redis::MaxmemoryPolicy;
use cacheplan_engine::scenario::{
    Aof, Bounds, ClusterMode, Distribution, Follow, Issue, KeyClass, Objective, Popularity, Rate, RatePoint,
    Scenario, SizeShare, Snapshots, TraceWorkload, Ttl, ValueSize, Workload, accesses_per_s, limits, presets,
};
use cacheplan_engine::units::{Bytes, PerSecond, Seconds, Share, Usd};

/// The issues of the default scenario after an edit.
fn issues_after(edit: impl FnOnce(&mut Scenario)) -> Vec<Issue> {
    let mut scenario = Scenario::default();
    edit(&mut scenario);
    scenario.issues()
}

/// The same for an edit of its key class.
fn issues_of_class(edit: impl FnOnce(&mut KeyClass)) -> Vec<Issue> {
    let mut class = KeyClass::default();
    edit(&mut class);
    issues_after(|s| s.workload = Workload::Synthetic { classes: vec![class] })
}

fn sentences(issues: &[Issue]) -> Vec<String> {
    issues.iter().map(ToString::to_string).collect()
}

#[test]
fn the_default_and_the_presets_are_valid() {
    assert_eq!(Scenario::default().issues(), []);
    for preset in presets() {
        assert_eq!(preset.scenario.issues(), [], "{}", preset.id);
        assert!(preset.scenario.plan().is_ok());
    }
}

#[test]
fn presets_have_ids_and_names_of_their_own() {
    let presets = presets();
    // As many as the use cases to offer, and one that changes engines.
    assert_eq!(presets.len(), 13);
    for (index, preset) in presets.iter().enumerate() {
        assert!(preset.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
        assert!(!preset.summary.is_empty());
        for other in &presets[..index] {
            assert_ne!(preset.id, other.id);
            assert_ne!(preset.scenario.name, other.scenario.name);
        }
    }
}

fn sizes<const N: usize>(sizes: [(u64, f64); N]) -> ValueSize {
    ValueSize::Choice {
        sizes: sizes
            .map(|(bytes, share)| SizeShare {
                bytes: Bytes(bytes),
                share: Share(share),
            })
            .to_vec(),
    }
}

fn ramp(from: f64, to: f64, start: u64, duration: u64) -> Rate {
    Rate::Ramp {
        from_per_s: PerSecond(from),
        to_per_s: PerSecond(to),
        start_s: Seconds(start),
        duration_s: Seconds(duration),
    }
}

fn curve<const N: usize>(points: [(u64, f64); N]) -> Rate {
    Rate::Curve {
        points: points
            .map(|(at, per_s)| RatePoint {
                at_s: Seconds(at),
                per_s: PerSecond(per_s),
            })
            .to_vec(),
    }
}

/// A class of this name that follows another.
fn following(name: &str, class: &str) -> KeyClass {
    KeyClass {
        name: name.into(),
        follows: Some(Follow {
            class: class.into(),
            ..Follow::default()
        }),
        ..KeyClass::default()
    }
}

#[test]
fn an_issue_of_a_class_names_what_does_not_go_together() {
    let of_classes = |classes: Vec<KeyClass>| {
        issues_after(|s| {
            s.run.request_budget = 1_000_000_000;
            s.workload = Workload::Synthetic { classes };
        })
    };
    let at = "workload.classes[0]";
    let cases = [
        (
            issues_of_class(|c| {
                c.writes = Share(0.7);
                c.deletes = Share(0.5);
            }),
            format!("{at}.deletes is 0.5; it must be at most 0.3, what the writes leave of all requests"),
        ),
        (
            issues_of_class(|c| c.value_size = sizes([])),
            format!("{at}.value_size.sizes is 0; it must be between 1 and 32 sizes"),
        ),
        (
            issues_of_class(|c| c.value_size = sizes([(1, 0.0), (2, 0.0)])),
            format!("{at}.value_size.sizes[0].share is 0; it must be above 0 for one size at least"),
        ),
        (
            issues_of_class(|c| c.rate = ramp(0.0, 0.0, 1, 1)),
            format!("{at}.rate.to_per_s is 0; it must be above 0, as the rate is 0 before"),
        ),
        (
            issues_of_class(|c| c.rate = curve([])),
            format!("{at}.rate.points is 0; it must be between 1 and 500 points"),
        ),
        (
            issues_of_class(|c| c.rate = curve([(1, 0.0), (2, 0.0)])),
            format!("{at}.rate.points[0].per_s is 0; it must be above 0 at one point at least"),
        ),
        (
            issues_of_class(|c| c.rate = curve([(60, 1.0), (5_000, 2.0), (5_000, 3.0)])),
            format!("{at}.rate.points[2].at_s is 5,000; it must be after the point before, 5,000 s"),
        ),
        (
            issues_of_class(|c| {
                c.keys = 1_000_000_000;
                c.churn_per_day = 99.0;
            }),
            String::new(),
        ),
        (
            of_classes(vec![
                KeyClass::default(),
                following("b", "nobody"),
                following("c", "b"),
            ]),
            "workload.classes[1].follows.class is \"nobody\"; it must be one of objects, c".into(),
        ),
        (
            of_classes(vec![following("a", "a")]),
            format!("{at}.follows.class is \"a\"; it must be a class that does not follow this one in turn"),
        ),
    ];
    for (issues, expected) in cases {
        let expected: Vec<String> = (!expected.is_empty()).then_some(expected).into_iter().collect();
        assert_eq!(sentences(&issues), expected);
    }
    let circle = of_classes(vec![
        following("a", "c"),
        following("b", "a"),
        following("c", "b"),
        following("d", "c"),
    ]);
    let paths: Vec<&str> = circle.iter().map(|issue| issue.path.as_str()).collect();
    assert_eq!(
        paths,
        [0, 1, 2].map(|at| format!("workload.classes[{at}].follows.class"))
    );
    let born = issues_after(|s| {
        s.run.duration_s = Seconds(30 * 86_400);
        let class = |name: &str| KeyClass {
            name: name.into(),
            keys: 1_000_000_000,
            churn_per_day: 6.0,
            ..KeyClass::default()
        };
        s.workload = Workload::Synthetic {
            classes: vec![class("a"), class("b"), class("c")],
        };
    });
    assert_eq!(
        sentences(&born),
        [
            "workload.classes[1].churn_per_day is 6; it must be less, as up to this class 360,000,000,000 keys are born in \
             the run and it may have 250,000,000,000"
        ]
    );
}

#[test]
fn followers_and_keys_of_a_read_count_as_accesses() {
    let leader = KeyClass {
        name: "a".into(),
        multi_get: 10,
        writes: Share(0.5),
        rate: ramp(0.0, 200.0, 0, 100),
        ..KeyClass::default()
    };
    let mut follower = following("b", "a");
    follower.rate = curve([(0, 10.0)]);
    let rates = accesses_per_s(&[leader, follower], 100.0);
    // A mean of 100 requests/s, half of which read 10 keys; half of those reads are followed.
    assert!((rates[0] - 550.0).abs() < 1e-9, "{rates:?}");
    assert!((rates[1] - 260.0).abs() < 1e-9, "{rates:?}");
}

#[test]
fn an_issue_names_field_value_and_bounds() {
    let cases: [(Vec<Issue>, &str); 12] = [
        (
            issues_of_class(|c| c.keys = 0),
            "workload.classes[0].keys is 0; it must be between 1 and 1,000,000,000",
        ),
        (
            issues_after(|s| s.run.duration_s = Seconds(3_000_000)),
            "run.duration_s is 3,000,000; it must be between 10 and 2,678,400 s",
        ),
        (
            issues_after(|s| s.run.warm_up_s = Seconds(86_400)),
            "run.warm_up_s is 86,400; it must be less than run.duration_s, 86,400 s",
        ),
        (
            issues_after(|s| s.cluster.reserved_memory = Share(f64::NAN)),
            "cluster.reserved_memory is NaN; it must be between 0 and 0.9",
        ),
        (
            issues_after(|s| s.cluster.node_type = "cache.r7g.larg".into()),
            "cluster.node_type is \"cache.r7g.larg\"; it must be one of 80 names such as cache.r7g.large, \
             cache.r7g.xlarge, cache.r7g.2xlarge, cache.r7g.4xlarge, cache.r7g.8xlarge, cache.r7g.12xlarge, \
             cache.r7g.16xlarge, cache.r8g.large",
        ),
        (
            issues_after(|s| {
                s.cluster.node_type = "cache.r8g.large".into();
                s.cluster.engine = Engine::RedisOss7;
            }),
            "cluster.node_type is \"cache.r8g.large\"; it must be a type that runs Redis OSS 7.1",
        ),
        (
            issues_after(|s| {
                s.cluster.shards = 84;
                s.cluster.replicas = 5;
            }),
            "cluster.shards is 84; it must be at most 83 with 5 replicas each, as a cluster has up to 500 nodes",
        ),
        (
            issues_after(|s| s.prices.region = "mars-1".into()),
            "prices.region is \"mars-1\"; it must be one of us-east-1",
        ),
        (
            issues_after(|s| s.name = "x".repeat(121)),
            "name is \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…\"; it must be at most 120 characters long and not 121",
        ),
        (
            issues_after(|s| s.workload = Workload::Synthetic { classes: vec![] }),
            "workload.classes is 0; it must be between 1 and 16 classes",
        ),
        (
            issues_after(|s| {
                s.workload = Workload::Synthetic {
                    classes: vec![KeyClass::default(), KeyClass::default()],
                };
            }),
            "workload.classes[1].name is \"objects\"; it must be different from workload.classes[0].name",
        ),
        (
            issues_of_class(|c| {
                c.rate = Rate::Constant {
                    per_s: PerSecond(1e8),
                };
            }),
            "run.request_budget is 1,000,000; it must be at least 8,640,000, as the workload makes \
             8,640,000,000,000 requests and one simulated request may stand for 1,000,000 at most",
        ),
    ];
    for (issues, expected) in cases {
        assert_eq!(sentences(&issues), [expected]);
    }
}

#[test]
fn a_policy_that_does_not_exist_is_told_with_those_that_do() {
    let issues = issues_after(|s| s.cluster.policy = "psychic".into());
    assert_eq!(issues.len(), 1);
    let Bounds::OneOf(accepted) = &issues[0].bounds else {
        panic!("{issues:?}");
    };
    assert!(accepted.iter().any(|name| name == "lru"));
}

#[test]
fn numbers_that_are_not_finite_are_refused() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let issues = issues_after(|s| {
            s.database.capacity_per_s = PerSecond(bad);
            s.database.usd_per_million_reads = Usd(bad);
            s.prices.node_usd_per_hour = Some(Usd(bad));
            s.workload = Workload::Trace(TraceWorkload {
                speed: bad,
                ..TraceWorkload::default()
            });
        });
        let paths: Vec<&str> = issues.iter().map(|issue| issue.path.as_str()).collect();
        let expected = [
            "workload.speed",
            "database.capacity_per_s",
            "database.usd_per_million_reads",
            "prices.node_usd_per_hour",
        ];
        assert_eq!(paths, expected, "{bad}");
    }
}

#[test]
fn a_price_set_by_hand_needs_no_region_of_the_catalogue() {
    let issues = issues_after(|s| {
        s.prices.region = "our own data centre".into();
        s.prices.node_usd_per_hour = Some(Usd(0.1));
    });
    assert_eq!(issues, []);
}

#[test]
fn a_plan_resolves_node_memory_and_throughput() {
    let mut scenario = Scenario::default();
    let plan = scenario.plan().unwrap();
    let node = node_type("cache.r7g.large").unwrap();
    assert_eq!(plan.node(), node);
    assert!(plan.policy().is_none(), "the server evicts as it is set up");
    assert_eq!(plan.maxmemory(), Bytes(node.maxmemory.0 / 4 * 3 + 1));
    assert_eq!(plan.peak_ops(), PerSecond(180_000.0));
    scenario.cluster.maxmemory_bytes = Some(Bytes::gib(4));
    assert_eq!(scenario.plan().unwrap().maxmemory(), Bytes::gib(4));
}

#[test]
fn a_plan_is_refused_with_every_problem() {
    let mut scenario = Scenario::default();
    scenario.cluster.shards = 0;
    scenario.database.latency_us = 0;
    let error = scenario.plan().unwrap_err();
    assert_eq!(error.0, scenario.issues());
    assert_eq!(
        error.to_string(),
        "cluster.shards is 0; it must be between 1 and 500 shards\n\
         database.latency_us is 0; it must be between 1 and 60,000,000 µs"
    );
}

#[test]
fn what_a_server_has_not_is_refused() {
    let issues = issues_after(|s| {
        s.cluster.cluster_mode = ClusterMode::Disabled;
        s.cluster.distribution = Distribution::Ketama;
    });
    let texts: Vec<String> = issues.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "cluster.cluster_mode is disabled; it must be auto or enabled, as there is one shard with cluster mode \
             disabled",
            "cluster.distribution is \"ketama\"; it must be \"slots\", as Valkey 8.1 divides keys by hash slot",
        ]
    );
    let issues = issues_after(|s| {
        s.cluster.engine = Engine::Memcached16;
        s.cluster.replicas = 0;
        s.cluster.cluster_mode = ClusterMode::Enabled;
        s.cluster.distribution = Distribution::Modulo;
        s.cluster.slots = Some(vec![1, 1, 1]);
        s.cluster.persistence.snapshots = Some(Snapshots { hour: 0, every_h: 24 });
        s.cluster.persistence.aof = Aof::Always;
    });
    let paths: Vec<&str> = issues.iter().map(|issue| issue.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "cluster.cluster_mode",
            "cluster.slots",
            "cluster.persistence.snapshots",
            "cluster.persistence.aof",
        ]
    );
}

#[test]
fn features_of_node_types_and_versions_are_checked() {
    let texts = |change: fn(&mut Scenario)| {
        let issues = issues_after(change);
        issues.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    for policy in MaxmemoryPolicy::ALL {
        let mut scenario = Scenario::default();
        scenario.cluster.node_type = "cache.r6gd.xlarge".into();
        scenario.cluster.redis.maxmemory_policy = policy;
        let tiered = matches!(
            policy.label(),
            "volatile-lru" | "allkeys-lru" | "volatile-lfu" | "allkeys-lfu" | "noeviction"
        );
        assert_eq!(scenario.issues().is_empty(), tiered, "{}", policy.label());
    }
    assert_eq!(
        texts(|s| {
            s.cluster.node_type = "cache.r6gd.xlarge".into();
            s.cluster.policy = "sieve".into();
        }),
        [
            "cluster.policy is \"sieve\"; it must be by LRU, LFU or none at all, as cache.r6gd.xlarge has data tiering"
        ]
    );
    assert_eq!(
        texts(|s| {
            s.cluster.engine = Engine::Valkey72;
            s.cluster.replication.dual_channel = true;
        }),
        ["cluster.replication.dual_channel is true; it must be false, as dual channels came with Valkey 8.0"]
    );
    assert_eq!(texts(|s| s.cluster.replication.dual_channel = true), [""; 0]);
}

#[test]
fn every_shard_needs_a_slot() {
    let of = |weights: &[u32]| {
        let issues = issues_after(|s| s.cluster.slots = Some(weights.to_vec()));
        issues.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(of(&[1, 2, 16_000]), [""; 0]);
    assert_eq!(
        of(&[1, 2]),
        ["cluster.slots is 2 weights; it must be one weight for each of the 3 shards"]
    );
    assert_eq!(
        of(&[1, 16_384, 16_384]),
        ["cluster.slots[0] is 1; it must be at least 3, for a slot of its own"]
    );
}

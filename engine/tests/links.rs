//! Links: the corpus that must open for ever, round trips, and damage that must not go unnoticed.

// A corpus that cannot be read is a failed test.
#![allow(clippy::expect_used, clippy::panic)]

use cacheplan_engine::scenario::link::{LinkError, decode, encode, from_bytes, to_bytes};
use cacheplan_engine::scenario::parameters::redis::MaxmemoryPolicy;
use cacheplan_engine::scenario::{
    Aof, AutoScaling, Breaker, Client, Cluster, ClusterMode, Database, Distribution, Engine, Follow,
    GlobalDatastore, Guard, Happening, Heavy, Invalidation, KeyClass, Memcached, Near, Objective, Objectives,
    OnCacheError, Persistence, Pool, Popularity, Prefetch, Prices, Rate, RatePoint, ReadFrom, Reads, Redis,
    Replication, RunSettings, ScaledBy, Scales, Scenario, Serverless, ServiceTime, SizeShare, Snapshots,
    TraceWorkload, Ttl, Users, ValueSize, Warming, What, Workload, Writes, presets,
};
use cacheplan_engine::units::{Bytes, PerSecond, Seconds, Share, Usd};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::path::{Path, PathBuf};

fn corpus() -> Vec<(String, Scenario, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/links");
    let read =
        |path: &PathBuf| std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut links: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("tests/links exists")
        .map(|entry| entry.expect("tests/links can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    links.sort();
    links
        .iter()
        .map(|path| {
            let json = read(&path.with_extension("json"));
            let expected = Scenario::from_json(&json).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            (read(path), expected, name)
        })
        .collect()
}

#[test]
fn links_of_the_corpus_open_as_the_scenarios_beside_them() {
    let corpus = corpus();
    assert!(corpus.len() >= 9);
    for (link, expected, name) in &corpus {
        assert_eq!(decode(link).as_ref(), Ok(expected), "{name}");
    }
    for preset in presets() {
        assert!(
            corpus.iter().any(|(_, _, name)| name == preset.id),
            "no link of {}",
            preset.id
        );
    }
}

#[test]
fn a_link_opens_in_every_shape_it_is_passed_on_in() {
    let scenario = &presets()[0].scenario;
    let link = encode(scenario);
    assert!(link.starts_with("s1."));
    let half = link.len() / 2;
    for text in [
        link.clone(),
        format!("#{link}"),
        format!("https://cacheplan.example/plan?theme=dark#{link}"),
        format!("  \n{link}\r\n"),
        format!("{}\n{}", &link[..half], &link[half..]),
    ] {
        assert_eq!(decode(&text).as_ref(), Ok(scenario), "{text}");
    }
}

#[test]
fn what_is_no_link_is_told_apart() {
    for text in [
        "",
        "#",
        "hello",
        "https://cacheplan.example/",
        "s",
        "s.",
        "sx.AAAA",
        "s01.AAAA",
        "s+1.AA",
        "S1.AAAA",
    ] {
        assert_eq!(decode(text), Err(LinkError::NotALink), "{text}");
    }
    assert_eq!(decode("#s3.whatever"), Err(LinkError::Newer(3)));
    assert_eq!(decode("s1.é"), Err(LinkError::Damaged));
    assert_eq!(decode("s1.abcé"), Err(LinkError::Damaged));
    assert_eq!(decode("s1.AAAA="), Err(LinkError::Damaged));
}

#[test]
fn every_cut_is_told_as_one() {
    for (link, _, name) in corpus() {
        let link = link.trim();
        for end in 2..link.len() {
            assert_eq!(
                decode(&link[..end]),
                Err(LinkError::Cut),
                "{name} cut to {end} characters"
            );
        }
    }
}

/// All characters of a link, and a few that are none.
const CHARACTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ é";

#[test]
fn every_change_of_a_character_is_noticed() {
    for (link, _, name) in corpus() {
        let characters: Vec<char> = link.trim().chars().collect();
        for at in 0..characters.len() {
            for other in CHARACTERS.chars().filter(|c| *c != characters[at]) {
                let mut changed = characters.clone();
                changed[at] = other;
                let changed: String = changed.into_iter().collect();
                assert!(
                    decode(&changed).is_err(),
                    "{name}: {other} at {at} went unnoticed"
                );
            }
            let mut removed = characters.clone();
            removed.remove(at);
            assert!(
                decode(&String::from_iter(removed)).is_err(),
                "{name}: loss at {at} went unnoticed"
            );
            let mut doubled = characters.clone();
            doubled.insert(at, characters[at]);
            assert!(
                decode(&String::from_iter(doubled)).is_err(),
                "{name}: double at {at} went unnoticed"
            );
        }
    }
}

#[test]
fn a_link_that_inflates_without_end_is_refused() {
    let scenario = Scenario {
        name: "x".repeat(4 << 20),
        ..Scenario::default()
    };
    let link = encode(&scenario);
    assert!(link.len() < 40_000);
    assert_eq!(decode(&link), Err(LinkError::Damaged));
}

#[test]
fn values_that_no_run_accepts_survive_for_validation_to_tell() {
    let mut scenario = Scenario::default();
    scenario.cluster.reserved_memory = Share(f64::INFINITY);
    scenario.database.capacity_per_s = PerSecond(-0.0);
    scenario.database.usd_per_million_reads = Usd(f64::NAN);
    let opened = decode(&encode(&scenario)).expect("the link is whole");
    assert_eq!(opened.cluster.reserved_memory, scenario.cluster.reserved_memory);
    assert!(opened.database.capacity_per_s.0.is_sign_negative());
    assert!(opened.database.usd_per_million_reads.0.is_nan());
    assert_eq!(opened.issues().len(), 3);
}

#[test]
fn errors_say_what_to_do() {
    assert!(LinkError::Cut.to_string().contains("missing at its end"));
    assert!(LinkError::Damaged.to_string().contains("Copy it again"));
    assert!(LinkError::Newer(7).to_string().contains("its form is 7"));
    assert!(LinkError::NotALink.to_string().contains("#s1."));
}

/// Numbers as people enter them, and as arithmetic leaves them.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        (0_u32..1_000_000).prop_map(|n| f64::from(n) / 1_000.0),
        prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO,
    ]
}

fn ttl() -> impl Strategy<Value = Ttl> {
    prop_oneof![
        Just(Ttl::None),
        (any::<u64>(), number()).prop_map(|(seconds, jitter)| Ttl::Fixed {
            seconds: Seconds(seconds),
            jitter: Share(jitter)
        }),
        any::<u64>().prop_map(|seconds| Ttl::Sliding {
            seconds: Seconds(seconds)
        }),
    ]
}

fn per_s() -> impl Strategy<Value = PerSecond> {
    number().prop_map(PerSecond)
}

fn popularity() -> impl Strategy<Value = Popularity> {
    prop_oneof![
        Just(Popularity::Uniform),
        Just(Popularity::Scan),
        number().prop_map(|exponent| Popularity::Zipf { exponent }),
        number().prop_map(|exponent| Popularity::Latest { exponent }),
        (number(), number()).prop_map(|(keys, traffic)| Popularity::HotSet {
            keys: Share(keys),
            traffic: Share(traffic)
        }),
    ]
}

fn value_size() -> impl Strategy<Value = ValueSize> {
    let size = (any::<u64>(), number()).prop_map(|(bytes, share)| SizeShare {
        bytes: Bytes(bytes),
        share: Share(share),
    });
    prop_oneof![
        any::<u64>().prop_map(|bytes| ValueSize::Fixed { bytes: Bytes(bytes) }),
        (any::<u64>(), number()).prop_map(|(bytes, sigma)| ValueSize::Lognormal {
            median_bytes: Bytes(bytes),
            sigma
        }),
        vec(size, 0..5).prop_map(|sizes| ValueSize::Choice { sizes }),
    ]
}

fn rate() -> impl Strategy<Value = Rate> {
    let point = (any::<u64>(), per_s()).prop_map(|(at, per_s)| RatePoint {
        at_s: Seconds(at),
        per_s,
    });
    prop_oneof![
        per_s().prop_map(|per_s| Rate::Constant { per_s }),
        (per_s(), number(), number()).prop_map(|(mean_per_s, peak_to_mean, peak_hour)| Rate::Diurnal {
            mean_per_s,
            peak_to_mean,
            peak_hour
        }),
        (per_s(), per_s(), any::<[u32; 2]>()).prop_map(|(from_per_s, to_per_s, [start, duration])| {
            Rate::Ramp {
                from_per_s,
                to_per_s,
                start_s: Seconds(start.into()),
                duration_s: Seconds(duration.into()),
            }
        }),
        vec(point, 0..5).prop_map(|points| Rate::Curve { points }),
    ]
}

/// What the first form of links does not know of a class; half of the time as it is without.
fn of_new_classes() -> impl Strategy<Value = KeyClass> {
    let follow = (".{0,12}", number(), any::<u32>()).prop_map(|(class, probability, delay_ms)| Follow {
        class,
        probability: Share(probability),
        delay_ms,
    });
    let new = (
        [number(), number(), number(), number(), number()],
        any::<u32>(),
        option::of(any::<u32>()),
        option::of(follow),
    )
        .prop_map(
            |([churn, drift, deletes, share, cost], multi_get, hash_tags, follows)| KeyClass {
                absent: Share(if multi_get % 2 == 0 { share } else { 0.0 }),
                churn_per_day: churn,
                drift_per_day: drift,
                deletes: Share(deletes),
                multi_get,
                heavy: Heavy {
                    share: Share(share),
                    cost,
                },
                hash_tags,
                follows,
                ..KeyClass::default()
            },
        );
    prop_oneof![Just(KeyClass::default()), new]
}

fn key_class() -> impl Strategy<Value = KeyClass> {
    (
        (".{0,12}", any::<u64>(), any::<u32>()),
        popularity(),
        value_size(),
        rate(),
        number(),
        ttl(),
        of_new_classes(),
    )
        .prop_map(
            |((name, keys, key_bytes), popularity, value_size, rate, writes, ttl, new)| KeyClass {
                name,
                keys,
                key_bytes,
                popularity,
                value_size,
                rate,
                writes: Share(writes),
                ttl,
                ..new
            },
        )
}

fn workload() -> impl Strategy<Value = Workload> {
    let trace = (".{0,20}", any::<[u64; 3]>(), any::<u32>(), number(), ttl()).prop_map(
        |(name, [fingerprint, requests, objects], key_bytes, speed, ttl)| {
            Workload::Trace(TraceWorkload {
                name,
                fingerprint,
                requests,
                objects,
                key_bytes,
                speed,
                ttl,
            })
        },
    );
    prop_oneof![
        vec(key_class(), 0..17).prop_map(|classes| Workload::Synthetic { classes }),
        trace
    ]
}

fn client() -> impl Strategy<Value = Client> {
    let reads = prop_oneof![
        Just(Reads::Aside),
        Just(Reads::Through),
        number().prop_map(|after| Reads::RefreshAhead { after: Share(after) }),
    ];
    let writes = prop_oneof![
        Just(Writes::Through),
        Just(Writes::Invalidate),
        Just(Writes::Around),
        any::<u32>().prop_map(|flush_ms| Writes::Behind { flush_ms }),
    ];
    let guard = prop_oneof![
        Just(Guard::None),
        any::<u32>().prop_map(|poll_ms| Guard::Lock { poll_ms }),
        Just(Guard::Coalesce),
        any::<u64>().prop_map(|grace| Guard::StaleWhileRevalidate {
            grace_s: Seconds(grace)
        }),
        number().prop_map(|beta| Guard::Early { beta }),
    ];
    let rare = (
        option::of(any::<[u32; 2]>()),
        option::of(any::<(u64, u32)>()),
        option::of(any::<[u32; 2]>()),
        option::of((any::<[u32; 2]>(), any::<u64>(), number())),
    );
    (any::<[u32; 4]>(), reads, writes, guard, rare).prop_map(
        |(
            [round_trip_us, connections, instances, timeout_ms],
            reads,
            writes,
            guard,
            (users, near, breaker, ahead),
        )| {
            Client {
                pool: ahead.map(|([size, wait_ms], _, _)| Pool { size, wait_ms }),
                negative_ttl_s: ahead.map(|(_, seconds, _)| Seconds(seconds)),
                warming: match ahead {
                    None => Warming::None,
                    Some((_, seconds, _)) if seconds % 2 == 0 => Warming::Greedy,
                    Some((_, _, number)) => Warming::Throttled {
                        keys_per_s: PerSecond(number),
                    },
                },
                prefetch: ahead.map(|([depth, _], _, number)| Prefetch {
                    accuracy: Share(number),
                    depth,
                }),
                round_trip_us,
                connections,
                new_connections: Share(f64::from(connections) / 7.0),
                read_from: ReadFrom::Replicas,
                instances,
                users: users.map(|[count, think_ms]| Users { count, think_ms }),
                reads,
                writes,
                guard,
                near: near.map(|(keys, ttl_ms)| Near {
                    keys,
                    ttl_ms,
                    invalidation: Invalidation::Tracking,
                }),
                timeout_ms,
                on_cache_error: OnCacheError::Fail,
                breaker: breaker.map(|[failures, open_ms]| Breaker { failures, open_ms }),
            }
        },
    )
}

fn happening() -> impl Strategy<Value = Happening> {
    let shard = || option::of(any::<u32>());
    let class = || option::of(".{0,8}");
    let what = prop_oneof![
        (class(), number()).prop_map(|(class, factor)| What::Load { class, factor }),
        (class(), number(), option::of(any::<u64>())).prop_map(|(class, value_factor, ttl)| What::Deploy {
            class,
            value_factor,
            ttl_s: ttl.map(Seconds),
        }),
        any::<u32>().prop_map(|shard| What::NodeFailure { shard }),
        any::<u32>().prop_map(|shard| What::Partition { shard }),
        (shard(), number()).prop_map(|(shard, factor)| What::SlowNode { shard, factor }),
        (shard(), any::<u32>(), any::<u64>()).prop_map(|(shard, milliseconds, every)| What::SlowCommand {
            shard,
            milliseconds,
            every_s: Seconds(every),
        }),
        shard().prop_map(|shard| What::Flush { shard }),
        number().prop_map(|factor| What::DatabaseSlow { factor }),
        Just(What::DatabaseDown),
        number().prop_map(|share| What::LoadShedding { share: Share(share) }),
        number().prop_map(|share| What::LostInvalidations { share: Share(share) }),
        number().prop_map(|share| What::AuthFailures { share: Share(share) }),
        any::<u32>().prop_map(|zone| What::ZoneLoss { zone }),
        any::<u32>().prop_map(|shard| What::ReplicaFailure { shard }),
        any::<u32>().prop_map(|shard| What::ReplicaPartition { shard }),
        shard().prop_map(|shard| What::Restart { shard }),
        any::<u32>().prop_map(|count| What::Connections { count }),
        number().prop_map(|share| What::WrongShard { share: Share(share) }),
        Just(What::Snapshot),
        any::<u32>().prop_map(|shards| What::Reshard { shards }),
        any::<u32>().prop_map(|replicas| What::Replicas { replicas }),
        ".{0,20}".prop_map(|node_type| What::NodeType { node_type }),
        any::<u64>().prop_map(|seconds| What::RegionLoss {
            promotion_s: Seconds(seconds),
        }),
    ];
    (any::<[u64; 2]>(), what).prop_map(|([at, duration], what)| Happening {
        at_s: Seconds(at),
        duration_s: Seconds(duration),
        what,
    })
}

fn serverless() -> impl Strategy<Value = Serverless> {
    (
        per_s(),
        option::of(per_s()),
        any::<u64>(),
        option::of(any::<u64>()),
    )
        .prop_map(
            |(min_ecpu_per_s, max_ecpu_per_s, min_bytes, max_bytes)| Serverless {
                min_ecpu_per_s,
                max_ecpu_per_s,
                min_bytes: Bytes(min_bytes),
                max_bytes: max_bytes.map(Bytes),
            },
        )
}

/// Half of the time as it is without.
fn objectives() -> impl Strategy<Value = Objectives> {
    let targets = vec(option::of(number()), Objective::ALL.len()).prop_map(|targets| {
        let mut objectives = Objectives::default();
        for (objective, target) in Objective::ALL.into_iter().zip(targets) {
            *objectives.target_mut(objective) = target;
        }
        objectives
    });
    prop_oneof![Just(Objectives::default()), targets]
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let run =
        (any::<[u64; 3]>(), any::<bool>()).prop_map(|([duration, warm_up, request_budget], warm_start)| {
            RunSettings {
                duration_s: Seconds(duration),
                warm_up_s: Seconds(warm_up),
                request_budget,
                warm_start,
            }
        });
    let engine = prop::sample::select(&Engine::ALL[..]);
    let cluster = (
        engine,
        ".{0,20}",
        any::<[u32; 2]>(),
        ".{0,8}",
        number(),
        option::of(any::<u64>()),
        option::of((any::<[u32; 3]>(), number(), any::<bool>())),
        option::of((
            option::of(vec(any::<u32>(), 0..5)),
            any::<[u32; 4]>(),
            any::<[u64; 3]>(),
            number(),
        )),
        option::of((serverless(), any::<[u32; 3]>(), number())),
    )
        .prop_map(
            |(engine, node_type, [shards, replicas], policy, reserved, maxmemory, servers, nodes, new)| {
                Cluster {
                    engine,
                    serverless: new.map(|(serverless, _, _)| serverless),
                    global: new.map(
                        |(_, [secondaries, lag_ms, round_trip_ms], share)| GlobalDatastore {
                            secondaries,
                            share: Share(share),
                            lag_ms,
                            round_trip_ms,
                        },
                    ),
                    node_type,
                    shards,
                    replicas,
                    policy,
                    reserved_memory: Share(reserved),
                    maxmemory_bytes: maxmemory.map(Bytes),
                    redis: servers.map_or_else(Redis::default, |([samples, hz, decay], _, _)| Redis {
                        maxmemory_policy: MaxmemoryPolicy::VolatileTtl,
                        maxmemory_samples: samples,
                        lfu_decay_time_min: decay,
                        hz,
                        ..Redis::default()
                    }),
                    memcached: servers.map_or_else(Memcached::default, |(_, growth_factor, cas)| Memcached {
                        growth_factor,
                        cas,
                        ..Memcached::default()
                    }),
                    ..nodes.map_or_else(
                        Cluster::default,
                        |(slots, [zones, timeout, hour, us], [s, limit, wait], mb)| Cluster {
                            cluster_mode: ClusterMode::Enabled,
                            distribution: Distribution::Ketama,
                            slots,
                            zones,
                            tls: true,
                            node_timeout_ms: timeout,
                            require_full_coverage: true,
                            service_failover_s: (s % 2 == 0).then_some(Seconds(s)),
                            replication: Replication {
                                one_way_us: us,
                                output_limit_bytes: Bytes(limit),
                                output_soft_s: Seconds(wait),
                                ..Replication::default()
                            },
                            persistence: Persistence {
                                snapshots: Some(Snapshots { hour, every_h: us }),
                                aof: Aof::Everysec,
                                rdb_mb_per_s: mb,
                                ..Persistence::default()
                            },
                            auto_scaling: (s % 3 == 0).then(|| AutoScaling {
                                scales: Scales::Replicas,
                                by: ScaledBy::Memory,
                                target: Share(mb),
                                least: hour,
                                most: us,
                                in_cooldown_s: Seconds(wait),
                                ..AutoScaling::default()
                            }),
                            ..Cluster::default()
                        },
                    )
                }
            },
        );
    let service = prop_oneof![
        Just(ServiceTime::Exponential),
        Just(ServiceTime::Fixed),
        number().prop_map(|sigma| ServiceTime::Lognormal { sigma }),
    ];
    let database = (
        any::<[u32; 3]>(),
        number(),
        number(),
        service,
        option::of((any::<[u32; 2]>(), number())),
    )
        .prop_map(
            |([latency_us, retries, backoff_ms], capacity, usd, service, limits)| Database {
                latency_us,
                service,
                capacity_per_s: PerSecond(capacity),
                queue: limits.map(|([queue, _], _)| queue),
                timeout_ms: limits.map(|([_, timeout], _)| timeout),
                cancels: retries % 2 == 0,
                retries,
                backoff_ms,
                retry_budget: limits.map(|(_, share)| Share(share)),
                replicas: retries % 16,
                replica_lag_ms: backoff_ms / 2,
                usd_per_million_reads: Usd(usd),
            },
        );
    let prices = (".{0,12}", option::of(number())).prop_map(|(region, usd)| Prices {
        region,
        node_usd_per_hour: usd.map(Usd),
    });
    (
        ".{0,40}",
        any::<u64>(),
        run,
        workload(),
        cluster,
        client(),
        database,
        vec(happening(), 0..4),
        (prices, objectives()),
    )
        .prop_map(
            |(name, seed, run, workload, cluster, client, database, timeline, (prices, objectives))| {
                Scenario {
                    name,
                    seed,
                    run,
                    workload,
                    cluster,
                    client,
                    database,
                    timeline,
                    prices,
                    objectives,
                    ..Scenario::default()
                }
            },
        )
}

proptest! {
    #[test]
    fn any_scenario_survives_a_link(scenario in scenario()) {
        prop_assert_eq!(from_bytes(&to_bytes(&scenario)), Ok(scenario.clone()));
        prop_assert_eq!(decode(&encode(&scenario)), Ok(scenario));
    }

    #[test]
    fn any_scenario_survives_a_file(scenario in scenario()) {
        let text = scenario.to_json();
        prop_assert_eq!(Scenario::from_json(&text), Ok(scenario.clone()));
        prop_assert_eq!(scenario.to_json(), text);
    }

    #[test]
    fn text_of_any_kind_never_opens_as_a_scenario(text in "(s1\\.)?.{0,60}") {
        prop_assert!(decode(&text).is_err());
    }

    #[test]
    fn a_changed_character_of_any_link_is_noticed(scenario in scenario(), at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_-]") {
        let link = encode(&scenario);
        let at = at.index(link.len());
        prop_assume!(link[at..=at] != to);
        let changed = format!("{}{to}{}", &link[..at], &link[at + 1..]);
        prop_assert!(decode(&changed).is_err());
    }
}

/// What the app fetches in place of building all presets itself; `CACHEPLAN_BLESS=1` writes it anew.
#[test]
fn the_file_of_presets_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../public/presets.txt");
    let lines = presets().into_iter().map(|preset| {
        assert!(!preset.summary.contains(['\t', '\n']));
        format!(
            "{}\t{}\t{}\n",
            preset.id,
            preset.summary,
            encode(&preset.scenario)
        )
    });
    let expected: String = lines.collect();
    if std::env::var_os("CACHEPLAN_BLESS").is_some() {
        std::fs::write(&path, &expected).expect("public/ can be written");
    }
    let file = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(
        file == expected,
        "public/presets.txt is out of date: CACHEPLAN_BLESS=1 cargo test --test links"
    );
}

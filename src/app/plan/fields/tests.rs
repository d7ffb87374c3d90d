use super::*;
use cacheplan_engine::scenario::{Memcached, limits};
use cacheplan_engine::units::Seconds;

fn all() -> Vec<&'static Field> {
    [
        TRAFFIC,
        KEYS,
        TIME_TO_LIVE,
        TRACE,
        CLUSTER,
        NODES,
        SERVER,
        CLIENT,
        DATABASE,
        TIMELINE,
        OBJECTIVES,
        RUN,
        PRICES,
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn choose_engine(scenario: &mut Scenario, name: &str) {
    let engine = CLUSTER.iter().find_map(|field| match field {
        Field::Choice(choice) if choice.path == "cluster.engine" => Some(choice),
        _ => None,
    });
    (engine.unwrap().set)(scenario, 0, name);
}

/// Memcached has nodes of its own kind: no replicas, fewer of them, and other settings.
fn memcached() -> Scenario {
    let mut scenario = Scenario::default();
    choose_engine(&mut scenario, "memcached-1.6");
    scenario
}

#[test]
fn another_engine_brings_its_settings_along() {
    let mut scenario = memcached();
    assert!(scenario.issues().is_empty());
    assert_eq!(scenario.cluster.replicas, 0);
    choose_engine(&mut scenario, "redis-oss-7.1");
    assert!(scenario.issues().is_empty());
    assert_eq!(server_summary(&scenario), "ElastiCache's defaults");
    assert!(scenario.cluster.redis.connection_bytes > Scenario::default().cluster.redis.connection_bytes);
}

#[test]
fn every_setting_of_memcached_is_within_its_bounds_and_can_be_set() {
    let mut scenario = memcached();
    // Of ElastiCache's defaults some settings are without effect.
    scenario.cluster.memcached = Memcached::open_source();
    let mut numbers = 0;
    for field in SERVER {
        let Field::Number(number) = field else { continue };
        let Some(value) = (number.get)(&scenario, 0) else {
            continue;
        };
        numbers += 1;
        assert!(number.limit.contains(value), "{}: {value}", number.path);
        for bound in [number.limit.min, number.limit.max] {
            let mut changed = scenario.clone();
            (number.set)(&mut changed, 0, bound);
            assert_eq!((number.get)(&changed, 0), Some(bound), "{}", number.path);
        }
    }
    assert!(numbers >= 5);
}

/// A cache without nodes.
fn serverless() -> Scenario {
    let mut scenario = Scenario::default();
    scenario.cluster.serverless = Some(Default::default());
    scenario.cluster.global = Some(Default::default());
    scenario
}

#[test]
fn every_number_is_within_its_bounds_and_can_be_set() {
    let scenarios = [Scenario::default(), serverless()];
    for (scenario, field) in scenarios
        .iter()
        .flat_map(|s| all().into_iter().map(move |f| (s, f)))
    {
        let Field::Number(number) = field else { continue };
        let Some(value) = (number.get)(scenario, 0) else {
            continue;
        };
        assert!(number.limit.contains(value), "{}: {value}", number.path);
        for bound in [number.limit.min, number.limit.max] {
            // Bounds that follow other fields are at their widest.
            let mut changed = scenario.clone();
            changed.run.duration_s = Seconds(limits::DURATION_S.max as u64);
            if number.path == "cluster.shards" {
                changed.cluster.replicas = 0;
            }
            (number.set)(&mut changed, 0, bound);
            assert_eq!((number.get)(&changed, 0), Some(bound), "{}", number.path);
        }
    }
}

#[test]
fn every_choice_can_be_taken() {
    let scenarios = [Scenario::default(), memcached(), serverless()];
    for (scenario, field) in scenarios
        .iter()
        .flat_map(|s| all().into_iter().map(move |f| (s, f)))
    {
        let Field::Choice(choice) = field else { continue };
        let Some(value) = (choice.get)(scenario, 0) else {
            continue;
        };
        let options = (choice.options)(scenario);
        assert!(
            options.iter().any(|(option, _)| *option == value),
            "{}: {value}",
            choice.path
        );
        for (option, _) in options {
            let mut changed = scenario.clone();
            (choice.set)(&mut changed, 0, &option);
            assert_eq!((choice.get)(&changed, 0), Some(option), "{}", choice.path);
        }
    }
}

#[test]
fn every_pick_can_be_taken() {
    for scenario in [Scenario::default(), memcached(), serverless()] {
        for field in all() {
            let Field::Pick(pick) = field else { continue };
            let Some(value) = (pick.get)(&scenario, 0) else {
                continue;
            };
            assert!(value < pick.labels.len(), "{}", pick.path);
            for at in 0..pick.labels.len() {
                let mut changed = scenario.clone();
                (pick.set)(&mut changed, 0, at);
                assert_eq!((pick.get)(&changed, 0), Some(at), "{}", pick.path);
            }
        }
    }
}

/// Every kind of happening, as it is when it is chosen, is one that can be simulated and whose fields can be set.
#[test]
fn every_happening_can_be_simulated_and_set() {
    let mut scenario = Scenario::default();
    // Where there is a region that can be lost.
    scenario.cluster.global = Some(Default::default());
    scenario.timeline.push(usual_happening(&scenario));
    let kind = TIMELINE.iter().find_map(|field| match field {
        Field::Pick(pick) if pick.path == "timeline[].what" => Some(pick),
        _ => None,
    });
    let kind = kind.unwrap();
    for at in 0..kind.labels.len() {
        (kind.set)(&mut scenario, 0, at);
        assert_eq!(happening_name(&scenario.timeline[0]), kind.labels[at]);
        assert!(scenario.issues().is_empty(), "{}", kind.labels[at]);
        for field in TIMELINE {
            let Field::Number(number) = field else { continue };
            let Some(value) = (number.get)(&scenario, 0) else {
                continue;
            };
            assert!(number.limit.contains(value), "{}: {value}", number.path);
            let mut changed = scenario.clone();
            (number.set)(&mut changed, 0, number.limit.max);
            assert_eq!(
                (number.get)(&changed, 0),
                Some(number.limit.max),
                "{}",
                number.path
            );
        }
    }
}

#[test]
fn element_ids_differ() {
    let ids: std::collections::BTreeSet<_> = all().iter().map(|field| element_id(field.path())).collect();
    assert_eq!(ids.len(), all().len());
}

#[test]
fn sliders_reach_both_ends_and_come_back_to_the_step() {
    for field in all() {
        let Field::Number(Number {
            slider,
            unit,
            path,
            limit,
            ..
        }) = field
        else {
            continue;
        };
        let (from, to) = match *slider {
            Slider::Linear(from, to, _) | Slider::Log(from, to) => (from, to),
        };
        assert!(
            limit.contains(from) && limit.contains(to),
            "{path}: the slider leaves the bounds"
        );
        for (position, end) in [(0.0, from), (slider.steps(), to)] {
            let value = slider.value(position, *unit);
            assert!(
                (value - end).abs() <= end.abs() * 0.01,
                "{path}: {value} instead of {end}"
            );
        }
    }
}

#[test]
fn issues_find_their_field() {
    assert!(concerns("cluster.shards", 0, "cluster.shards"));
    assert!(concerns("workload.classes[].keys", 2, "workload.classes[2].keys"));
    assert!(!concerns(
        "workload.classes[].keys",
        1,
        "workload.classes[2].keys"
    ));
    assert!(concerns(
        "a.b|workload.classes[].rate.per_s",
        0,
        "workload.classes[0].rate.per_s"
    ));
    assert!(!concerns("cluster.shards", 0, "cluster.shards.x"));
}

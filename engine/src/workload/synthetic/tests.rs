//! Whether what is drawn follows the laws of its class.

use super::*;
use crate::scenario::{Follow, Heavy, Rate};
use crate::units::{PerSecond, Seconds, Share};
use std::collections::{BTreeMap, BTreeSet};

const DAY: f64 = 86_400.0;

fn class(keys: u64, per_s: f64, popularity: Popularity) -> KeyClass {
    KeyClass {
        keys,
        popularity,
        rate: Rate::Constant {
            per_s: PerSecond(per_s),
        },
        writes: Share(0.0),
        ..KeyClass::default()
    }
}

fn build(classes: &[KeyClass], seconds: f64, thinning: &Thinning) -> (Synthetic, KeyTable) {
    Synthetic::new(
        classes,
        seconds,
        thinning,
        &Topology::even(4),
        11,
        KeyTable::new(4, false),
    )
}

fn all(stream: &mut Synthetic) -> Vec<Request> {
    let mut batch = Vec::new();
    stream.fill(&mut batch, usize::MAX >> 1, Micros(u64::MAX));
    batch
}

fn draw(classes: &[KeyClass], seconds: f64) -> (Vec<Request>, KeyTable) {
    let (mut stream, table) = build(classes, seconds, &Thinning::none(classes.len()));
    (all(&mut stream), table)
}

/// Whether a count is what chance leaves of a binomial with this mean.
fn close(count: usize, expected: f64) -> bool {
    (count as f64 - expected).abs() <= 5.0 * expected.max(1.0).sqrt()
}

/// Two classes that use all that a class can.
fn everything() -> Vec<KeyClass> {
    let first = KeyClass {
        name: "first".into(),
        churn_per_day: 40.0,
        drift_per_day: 60.0,
        writes: Share(0.2),
        deletes: Share(0.1),
        multi_get: 4,
        heavy: Heavy {
            share: Share(0.3),
            cost: 7.0,
        },
        rate: Rate::Ramp {
            from_per_s: PerSecond(5.0),
            to_per_s: PerSecond(40.0),
            start_s: Seconds(200),
            duration_s: Seconds(300),
        },
        ..class(2_000, 1.0, Popularity::Zipf { exponent: 0.9 })
    };
    let second = KeyClass {
        name: "second".into(),
        churn_per_day: 30.0,
        follows: Some(Follow {
            class: "first".into(),
            probability: Share(0.4),
            delay_ms: 2_000,
        }),
        ..class(500, 10.0, Popularity::Latest { exponent: 0.7 })
    };
    vec![first, second]
}

#[test]
fn the_sequence_does_not_depend_on_how_it_is_divided() {
    let told = |request: &Request| {
        let Request {
            at,
            key,
            operation,
            cost,
            continues,
            ..
        } = *request;
        (at, key, operation, cost.to_bits(), continues)
    };
    for classes in [everything(), everything()[..1].to_vec()] {
        let whole: Vec<_> = draw(&classes, 900.0).0.iter().map(told).collect();
        assert!(whole.len() > 20_000);
        for (count, step) in [
            (1, 900_000_000),
            (256, 900_000_000),
            (97, 1_234_567),
            (1_000_000, 7_000_001),
        ] {
            let (mut stream, _) = build(&classes, 900.0, &Thinning::none(classes.len()));
            let mut found = Vec::new();
            let mut limit = 0;
            while limit < 900_000_000 {
                limit += step;
                loop {
                    let mut batch = Vec::new();
                    stream.fill(&mut batch, count, Micros(limit));
                    assert!(batch.iter().all(|request| request.at < Micros(limit)));
                    found.extend(batch.iter().map(told));
                    if batch.len() < count {
                        break;
                    }
                }
            }
            assert_eq!(found, whole, "{count} at a time up to steps of {step} us");
        }
    }
}

#[test]
fn requests_come_in_order_and_ask_for_keys_of_the_table() {
    let (requests, table) = draw(&everything(), 900.0);
    assert!(requests.windows(2).all(|pair| pair[0].at <= pair[1].at));
    assert!(
        requests
            .iter()
            .all(|request| (request.key as usize) < table.len())
    );
}

#[test]
fn a_sampled_stream_stands_for_all_requests() {
    for classes in [
        vec![class(40_000, 400.0, Popularity::Scan)],
        vec![class(
            40_000,
            400.0,
            Popularity::HotSet {
                keys: Share(0.1),
                traffic: Share(0.8),
            },
        )],
        vec![KeyClass {
            churn_per_day: 20.0,
            ..class(40_000, 400.0, Popularity::Latest { exponent: 0.9 })
        }],
        vec![KeyClass {
            churn_per_day: 5.0,
            drift_per_day: 9.0,
            ..class(40_000, 400.0, Popularity::Zipf { exponent: 0.9 })
        }],
        vec![
            KeyClass {
                name: "leader".into(),
                multi_get: 3,
                ..class(40_000, 100.0, Popularity::Zipf { exponent: 0.9 })
            },
            KeyClass {
                follows: Some(Follow {
                    class: "leader".into(),
                    probability: Share(0.5),
                    delay_ms: 100,
                }),
                ..class(3_000, 50.0, Popularity::Uniform)
            },
        ],
    ] {
        let seconds = 3_600.0;
        let thinning = Thinning::choose(&classes, seconds, 10_000.0, 100_000);
        assert!(thinning.one_in > 1);
        let (mut stream, table) = build(&classes, seconds, &thinning);
        let requests = all(&mut stream);
        assert!(requests.len() < 140_000, "{classes:?}: {}", requests.len());
        let mut found = vec![(0.0, 0.0); classes.len()];
        for request in &requests {
            let key = table.get(request.key);
            let weight = table.weight(request.key, key).requests;
            let (sum, squares) = &mut found[usize::from(key.class)];
            *sum += weight;
            *squares += weight * weight;
        }
        let expected = crate::scenario::accesses_per_s(&classes, seconds);
        for ((sum, squares), per_s) in found.into_iter().zip(expected) {
            // Multi-gets and followers come in groups, which triples the variance.
            let deviation = f64::sqrt(3.0 * squares);
            assert!(
                (sum - per_s * seconds).abs() < 5.0 * deviation,
                "{classes:?}: {sum} of {per_s}/s"
            );
            assert!(deviation < 0.03 * sum, "{classes:?}: too few to tell");
        }
        let keys: u64 = table.iter().map(|key| u64::from(key.keys)).sum();
        assert_eq!(keys, classes.iter().map(|class| class.keys).sum::<u64>());
    }
}

#[test]
fn operations_come_in_their_shares() {
    let mixed = KeyClass {
        writes: Share(0.3),
        deletes: Share(0.2),
        multi_get: 5,
        heavy: Heavy {
            share: Share(0.25),
            cost: 40.0,
        },
        ..class(1_000, 100.0, Popularity::Uniform)
    };
    let (requests, _) = draw(&[mixed], 1_000.0);
    let groups: Vec<&[Request]> = requests.chunk_by(|_, next| next.continues).collect();
    let of = |operation: Operation| groups.iter().filter(move |group| group[0].operation == operation);
    assert!(close(groups.len(), 100_000.0));
    assert!(close(of(Operation::Write).count(), 30_000.0));
    assert!(close(of(Operation::Delete).count(), 20_000.0));
    for group in &groups {
        let reads = group[0].operation == Operation::Read;
        assert_eq!(group.len(), if reads { 5 } else { 1 });
        assert!(
            group
                .iter()
                .all(|r| r.at == group[0].at && r.operation == group[0].operation)
        );
        assert!(reads || group[0].cost < 1.5);
    }
    let heavy = of(Operation::Read).filter(|group| group[0].cost > 39.0).count();
    assert!(close(heavy, 12_500.0), "{heavy}");
}

#[test]
fn a_hot_set_is_asked_for_its_share() {
    let law = Popularity::HotSet {
        keys: Share(0.1),
        traffic: Share(0.7),
    };
    let (requests, _) = draw(&[class(1_000, 100.0, law)], 1_000.0);
    let mut counts = vec![0usize; 1_000];
    for request in &requests {
        counts[request.key as usize] += 1;
    }
    assert!(close(counts[..100].iter().sum(), 70_000.0));
    assert!(counts[..100].iter().all(|count| close(*count, 700.0)));
    assert!(counts[100..].iter().all(|count| close(*count, 30_000.0 / 900.0)));
}

#[test]
fn a_scan_asks_for_every_key_in_turn() {
    let (requests, _) = draw(&[class(700, 10.0, Popularity::Scan)], 600.0);
    assert!(close(requests.len(), 6_000.0));
    assert!(
        requests
            .iter()
            .enumerate()
            .all(|(at, request)| request.key as usize == at % 700)
    );
}

#[test]
fn the_newest_key_is_the_hottest_where_age_decides() {
    let popularity = Popularity::Latest { exponent: 1.0 };
    let masses = Masses::new(&popularity, 200);
    let newest_first = KeyClass {
        churn_per_day: 10.0,
        ..class(200, 2.0, popularity)
    };
    let (requests, table) = draw(&[newest_first], DAY);
    assert_eq!(table.len(), 200 + 2_000);
    let mut counts = vec![0usize; 201];
    for request in &requests {
        // A key is born every 43.2 s, the first after half of that.
        let born = (request.at.as_secs() / 43.2 + 0.5).floor() as i64;
        // From the newest of the first keys, number 0, back to number 199; then those born, from 200 on.
        let age = match request.key {
            key @ ..200 => born + i64::from(key),
            key => born - 1 - i64::from(key - 200),
        };
        assert!((0..200).contains(&age), "{request:?}");
        counts[age as usize + 1] += 1;
    }
    for rank in [1, 2, 5, 50, 200] {
        let expected = requests.len() as f64 * masses.of(rank);
        assert!(
            close(counts[rank as usize], expected),
            "{rank}: {}",
            counts[rank as usize]
        );
    }
}

#[test]
fn churn_replaces_its_share_of_the_keys_for_good() {
    let churning = KeyClass {
        churn_per_day: 0.5,
        ..class(1_000, 5.0, Popularity::Uniform)
    };
    let (requests, table) = draw(&[churning], 2.0 * DAY);
    assert_eq!(table.len(), 2_000);
    assert_eq!(table.iter().count(), 1_000);
    let mut lives: BTreeMap<u32, (Micros, Micros)> = BTreeMap::new();
    for request in &requests {
        lives.entry(request.key).or_insert((request.at, request.at)).1 = request.at;
    }
    let interval = 2.0 * DAY / 1_000.0;
    let mut alive = 0;
    for (key, (first, last)) in &lives {
        if let Some(number) = key.checked_sub(1_000) {
            assert!(
                first.as_secs() >= (f64::from(number) + 0.5) * interval,
                "{key} asked before birth"
            );
        } else if last.as_secs() > 1.9 * DAY {
            alive += 1;
        }
    }
    // Each birth takes a place at random: of the first keys a part of exp(-1) is left after two days.
    let expected = 1_000.0 * (-0.95f64).exp();
    assert!(
        (f64::from(alive) - expected).abs() < 60.0,
        "{alive} of {expected}"
    );
    // Of all keys ever alive few died unasked.
    assert!(lives.len() > 1_980, "{}", lives.len());
}

#[test]
fn drift_moves_its_share_of_the_keys_and_keeps_the_law() {
    let popularity = Popularity::Zipf { exponent: 1.0 };
    let masses = Masses::new(&popularity, 1_000);
    let drifting = KeyClass {
        drift_per_day: 0.6,
        ..class(1_000, 20.0, popularity)
    };
    let (requests, table) = draw(core::slice::from_ref(&drifting), DAY);
    assert_eq!(table.len(), 1_000, "no key is born");
    // In any hour the counts by rank are those of the law, whichever keys have the ranks.
    let hour = requests.iter().filter(|request| request.at.as_secs() < 3_600.0);
    let first = hour.filter(|request| request.key == 0).count();
    assert!(first as f64 > 0.5 * 72_000.0 * masses.of(1));
    let layout = Thinning::none(1).layout(&drifting);
    let mut motion = Motion::new(&drifting, &layout, 0, 0, 11, 0).expect("keys that move");
    let end = Micros(86_400_000_000);
    let keys: Vec<u32> = (0..1_000).map(|place| motion.key(end, place)).collect();
    let distinct: BTreeSet<u32> = keys.iter().copied().collect();
    assert_eq!(distinct.len(), 1_000, "places are exchanged");
    let moved = keys
        .iter()
        .enumerate()
        .filter(|(place, key)| *place as u32 != **key)
        .count();
    let expected = 1_000.0 * (1.0 - (-0.6f64).exp());
    assert!((moved as f64 - expected).abs() < 80.0, "{moved} of {expected}");
}

#[test]
fn a_sampled_class_drifts_among_its_cold_keys_and_renews_its_hot_ones() {
    let drifting = KeyClass {
        drift_per_day: 0.5,
        ..class(1_000_000, 1_000.0, Popularity::Zipf { exponent: 0.9 })
    };
    let thinning = Thinning::choose(core::slice::from_ref(&drifting), DAY, 50_000.0, 200_000);
    let layout = thinning.layout(&drifting);
    let (_, table) = build(&[drifting], DAY, &thinning);
    let born = table.len() as f64 - layout.places() as f64;
    let expected = layout.hot as f64 * 0.5;
    assert!(
        layout.hot > 20 && (born - expected).abs() <= 0.01 * expected + 1.0,
        "{born} of {expected}"
    );
}

#[test]
fn followers_come_as_often_and_as_late_as_they_should() {
    let leader = KeyClass {
        name: "leader".into(),
        writes: Share(0.5),
        ..class(1_000, 100.0, Popularity::Zipf { exponent: 0.8 })
    };
    let follower = KeyClass {
        follows: Some(Follow {
            class: "leader".into(),
            probability: Share(0.3),
            delay_ms: 4_000,
        }),
        ..class(400, 0.001, Popularity::Uniform)
    };
    let seconds = 2_000.0;
    let (requests, _) = draw(&[leader, follower], seconds);
    let mut reads: Vec<Vec<f64>> = vec![Vec::new(); 400];
    let (mut led, mut followed, mut waits) = (0, 0, 0.0);
    for request in &requests {
        let at = request.at.as_secs();
        match request.key.checked_sub(1_000) {
            None if request.operation == Operation::Read => {
                let rank = request.key as usize % 400;
                reads[rank].push(at);
                led += 1;
            }
            None => {}
            Some(rank) => {
                assert_eq!(request.operation, Operation::Read);
                assert!(!reads[rank as usize].is_empty(), "none to follow");
                followed += 1;
                waits += at;
            }
        }
    }
    // All but those that would come after the end.
    assert!(close(followed, 0.3 * f64::from(led)), "{followed} of {led}");
    // Followers in time have the leaders' mean time and the delay on top, up to what the end cuts.
    let mean_of_leaders = reads.iter().flatten().sum::<f64>() / f64::from(led);
    let delay = waits / followed as f64 - mean_of_leaders;
    let deviation = seconds / 12f64.sqrt() / (followed as f64).sqrt();
    assert!((delay - 4.0).abs() < 5.0 * deviation, "{delay}");
    // Of the rarest ranks each reader can be told: the delay to it is exponential.
    let rare: Vec<f64> = requests
        .iter()
        .filter(|request| request.key >= 1_350)
        .filter_map(|request| {
            let at = request.at.as_secs();
            let of_rank = &reads[(request.key - 1_000) as usize];
            of_rank.iter().rev().find(|led| **led <= at).map(|led| at - led)
        })
        .collect();
    assert!(rare.len() > 300, "{}", rare.len());
    let mean = rare.iter().sum::<f64>() / rare.len() as f64;
    assert!((2.5..4.8).contains(&mean), "{mean}");
}

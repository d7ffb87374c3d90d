//! Laws of the eviction policies: what must hold for any sequence of calls and requests.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

use cacheplan_engine::policy::{Access, Entry, KeyId, Limit, REGISTRY, Setup, find};
use cacheplan_engine::random::Stream;
use cacheplan_engine::units::Micros;
use proptest::prelude::*;
use std::collections::{BTreeSet, VecDeque};

fn setup(capacity: u64) -> Setup {
    Setup {
        capacity,
        keys: 4,
        seed: 7,
    }
}

fn access(key: KeyId) -> Access {
    Access {
        key,
        size: 1,
        now: Micros(0),
    }
}

/// LRU as a list that is searched: the definition, at the speed of a definition.
#[derive(Default)]
struct ListLru(Vec<(KeyId, u32)>);

impl ListLru {
    fn miss(&mut self, key: KeyId, size: u32, capacity: u64) -> bool {
        if let Some(at) = self.0.iter().position(|entry| entry.0 == key) {
            let entry = self.0.remove(at);
            self.0.push(entry);
            return false;
        }
        if u64::from(size) <= capacity {
            while self.0.iter().map(|entry| u64::from(entry.1)).sum::<u64>() + u64::from(size) > capacity {
                self.0.remove(0);
            }
            self.0.push((key, size));
        }
        true
    }
}

fn misses(entry: &Entry, limit: Limit, keys: &[KeyId], sizes: &[u32]) -> u64 {
    let capacity = match limit {
        Limit::Objects(n) | Limit::Bytes(n) => n,
    };
    entry.replay(limit, setup(capacity)).advance(keys, sizes)
}

fn lru() -> &'static Entry {
    find("lru").expect("LRU is a policy")
}

#[derive(Clone, Copy, Debug)]
enum Call {
    Request(KeyId),
    Evict,
    Remove(KeyId),
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let key = 0..24_u32;
    let call = prop_oneof![
        6 => key.clone().prop_map(Call::Request),
        2 => Just(Call::Evict),
        1 => key.prop_map(Call::Remove),
    ];
    proptest::collection::vec(call, 0..400)
}

fn requests() -> impl Strategy<Value = Vec<KeyId>> {
    proptest::collection::vec(0..40_u32, 0..600)
}

fn sizes() -> impl Strategy<Value = Vec<u32>> {
    proptest::collection::vec(0..30_u32, 40)
}

proptest! {
    #[test]
    fn every_policy_keeps_exactly_the_keys_that_it_was_given(calls in calls()) {
        for entry in REGISTRY {
            let mut policy = entry.build(setup(16));
            let mut resident = BTreeSet::new();
            for &call in &calls {
                match call {
                    Call::Request(key) => {
                        prop_assert_eq!(policy.touch(access(key)), resident.contains(&key), "{}", entry.name);
                        if resident.insert(key) {
                            policy.insert(access(key));
                        }
                    }
                    Call::Evict => match policy.evict(access(99)) {
                        Some(key) => prop_assert!(resident.remove(&key), "{} evicted {key}", entry.name),
                        None => prop_assert!(resident.is_empty(), "{}", entry.name),
                    },
                    Call::Remove(key) => prop_assert_eq!(policy.remove(key), resident.remove(&key)),
                }
                prop_assert_eq!(policy.len(), resident.len());
                prop_assert_eq!(policy.is_empty(), resident.is_empty());
                for key in 0..24 {
                    prop_assert_eq!(policy.contains(key), resident.contains(&key), "{}", entry.name);
                }
            }
        }
    }

    #[test]
    fn every_policy_stays_within_its_capacity(
        keys in requests(), sizes in sizes(), capacity in 0..120_u64, cut in 0..600_usize,
    ) {
        for entry in REGISTRY {
            for limit in [Limit::Objects(capacity), Limit::Bytes(capacity)] {
                let mut stepwise = entry.replay(limit, setup(capacity));
                let mut sum = 0;
                for key in &keys {
                    sum += stepwise.advance(&[*key], &sizes);
                    prop_assert!(stepwise.used() <= capacity, "{} {limit:?}", entry.name);
                }
                let (head, tail) = keys.split_at(cut.min(keys.len()));
                let mut halves = entry.replay(limit, setup(capacity));
                let halved = halves.advance(head, &sizes) + halves.advance(tail, &sizes);
                prop_assert_eq!(sum, halved, "the pieces that a replay is done in must not show");
                prop_assert_eq!(sum, misses(entry, limit, &keys, &sizes));
                let distinct = keys.iter().collect::<BTreeSet<_>>().len() as u64;
                prop_assert!(sum >= distinct && sum <= keys.len() as u64);
            }
        }
    }

    #[test]
    fn lru_is_what_its_definition_says(keys in requests(), sizes in sizes(), capacity in 0..120_u64) {
        let mut by_objects = ListLru::default();
        let expected = keys.iter().filter(|key| by_objects.miss(**key, 1, capacity)).count() as u64;
        prop_assert_eq!(misses(lru(), Limit::Objects(capacity), &keys, &[]), expected);

        let mut by_bytes = ListLru::default();
        let size = |key: KeyId| sizes[key as usize];
        let expected = keys.iter().filter(|key| by_bytes.miss(**key, size(**key), capacity)).count() as u64;
        prop_assert_eq!(misses(lru(), Limit::Bytes(capacity), &keys, &sizes), expected);
    }

    #[test]
    fn lru_is_a_stack_algorithm(keys in requests()) {
        let mut last = keys.len() as u64;
        for capacity in 0..42 {
            let now = misses(lru(), Limit::Objects(capacity), &keys, &[]);
            prop_assert!(now <= last, "{now} misses with {capacity} objects, {last} with one less");
            last = now;
        }
        let distinct = keys.iter().collect::<BTreeSet<_>>().len() as u64;
        prop_assert_eq!(last, distinct, "with room for all, only the first request of each misses");
    }

    #[test]
    fn lru_evicts_in_order_of_last_use(order in Just((0..20_u32).collect::<Vec<_>>()).prop_shuffle()) {
        let mut policy = lru().build(setup(20));
        for key in 0..20 {
            policy.insert(access(key));
        }
        for &key in &order {
            prop_assert!(policy.touch(access(key)));
        }
        let evicted: Vec<_> = std::iter::from_fn(|| policy.evict(access(99))).collect();
        prop_assert_eq!(evicted, order);
    }
}

#[test]
fn random_draws_every_resident_key_equally_often() {
    const KEYS: u32 = 10;
    const ROUNDS: u32 = 20_000;
    let mut policy = find("random").expect("random is a policy").build(setup(10));
    (0..KEYS).for_each(|key| policy.insert(access(key)));
    let mut drawn = [0_u32; KEYS as usize];
    for _ in 0..ROUNDS {
        let key = policy.evict(access(99)).expect("ten keys are resident");
        drawn[key as usize] += 1;
        policy.insert(access(key));
    }
    // Five standard deviations of a binomial count with p = 1/10.
    let (mean, bound) = (f64::from(ROUNDS) / 10.0, 5.0 * (f64::from(ROUNDS) * 0.09).sqrt());
    assert!(
        drawn.iter().all(|n| (f64::from(*n) - mean).abs() < bound),
        "{drawn:?}"
    );
}

/// With requests independent of each other, random eviction and first-in-first-out have the same hit ratio
/// (Gelenbe, "A unified approach to the evaluation of a class of replacement algorithms", 1973).
#[test]
fn random_hits_as_often_as_fifo_when_requests_are_independent() {
    const CAPACITY: usize = 100;
    let mut stream = Stream::new(1, 0);
    let skewed = |u: f64| (u * u * u * 2_000.0) as KeyId;
    let keys: Vec<KeyId> = (0..400_000).map(|_| skewed(stream.unit())).collect();
    let mut queue = VecDeque::new();
    let mut stored = BTreeSet::new();
    let mut expected = 0;
    for key in &keys {
        if stored.insert(*key) {
            expected += 1;
            queue.push_back(*key);
            if queue.len() > CAPACITY {
                queue.pop_front().map(|oldest| stored.remove(&oldest));
            }
        }
    }
    let random = find("random").expect("random is a policy");
    let found = misses(random, Limit::Objects(CAPACITY as u64), &keys, &[]);
    let difference = (found as f64 - f64::from(expected)) / keys.len() as f64;
    assert!(difference.abs() < 0.003, "{difference}");
}

#[test]
fn the_same_seed_draws_the_same_victims() {
    let entry = find("random").expect("random is a policy");
    let victims = |seed| {
        let mut policy = entry.build(Setup { seed, ..setup(100) });
        (0..100).for_each(|key| policy.insert(access(key)));
        std::iter::from_fn(|| policy.evict(access(999))).collect::<Vec<_>>()
    };
    assert_eq!(victims(1), victims(1));
    assert_ne!(victims(1), victims(2));
}

#[test]
fn names_in_the_registry_are_unique_and_found() {
    for entry in REGISTRY {
        assert_eq!(find(entry.name).map(|found| found.label), Some(entry.label));
        assert!(
            entry
                .name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        );
    }
    let names: BTreeSet<_> = REGISTRY.iter().map(|entry| entry.name).collect();
    assert_eq!(names.len(), REGISTRY.len());
    assert!(find("fifa").is_none());
}

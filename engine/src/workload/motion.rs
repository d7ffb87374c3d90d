//! Which key has which place of popularity, as keys are born and change places.
//!
//! Births come at even intervals: how many there are is known before the run, so that every key is numbered densely and
//! stores are sized once. Places, one for each simulated key that is alive, are those of
//! [`Layout`](super::sampling::Layout).

use super::sampling::Layout;
use crate::random::Stream;
use crate::scenario::{KeyClass, Popularity};
use crate::units::Micros;

const DAY_US: f64 = 86_400e6;

/// Instants at even intervals, the first after half of one.
#[derive(Clone)]
struct Ticks {
    /// Microseconds; infinite if there are none.
    interval: f64,
    passed: f64,
}

impl Ticks {
    fn new(per_day: f64) -> Self {
        Self {
            interval: if per_day > 0.0 {
                DAY_US / per_day
            } else {
                f64::INFINITY
            },
            passed: 0.0,
        }
    }

    fn next(&self) -> f64 {
        (self.passed + 0.5) * self.interval
    }
}

/// The places in which keys are born, in order of time.
#[derive(Clone)]
pub(crate) struct Births {
    /// By churn, in any place.
    churn: Ticks,
    /// By drift, in hot places whose new key was not simulated before.
    moves: Ticks,
    places: u32,
    /// Hot places that change only by births, and those that change among themselves as well.
    fixed: f64,
    moving: f64,
    /// Part of the changes of the latter that are births.
    born: f64,
    random: Stream,
}

impl Births {
    /// The place of the next birth before this time.
    pub(crate) fn next(&mut self, before: Micros) -> Option<u32> {
        let (churn, moves) = (self.churn.next(), self.moves.next());
        if churn.min(moves) >= before.0 as f64 {
            return None;
        }
        if churn <= moves {
            self.churn.passed += 1.0;
            return Some(self.random.below(self.places));
        }
        self.moves.passed += 1.0;
        let mark = self.random.unit() * (self.fixed + self.moving * self.born);
        Some(if mark < self.fixed {
            mark as u32
        } else {
            let place = self.fixed + (mark - self.fixed) / self.born;
            place.min(self.fixed + self.moving - 1.0) as u32
        })
    }
}

/// Who is where.
#[derive(Clone)]
enum Order {
    /// By age: the key of place 0 is the newest, and each birth makes all others older by a place.
    Age { born: u32 },
    /// The key of each place.
    Places(Vec<u32>),
}

/// The keys of a class in motion.
#[derive(Clone)]
pub(crate) struct Motion {
    order: Order,
    /// Number of the class's first key, and of the first that is born.
    first: u32,
    first_born: u32,
    /// Number of the next key to be born.
    next_born: u32,
    births: Births,
    swaps: Ticks,
    random: Stream,
    places: u32,
    fixed: u32,
    hot: u32,
    keys: f64,
}

impl Motion {
    /// That of a class whose first keys, `fixed` of them, stand for several requests each; `None` if none of its keys
    /// ever moves. `first` is its first key.
    pub(crate) fn new(
        class: &KeyClass,
        layout: &Layout,
        fixed: u32,
        first: u32,
        seed: u64,
        number: u8,
    ) -> Option<Self> {
        let by_age = matches!(class.popularity, Popularity::Latest { .. });
        let drift = match class.popularity {
            Popularity::Zipf { .. } | Popularity::HotSet { .. } => class.drift_per_day,
            Popularity::Uniform | Popularity::Latest { .. } | Popularity::Scan => 0.0,
        };
        if class.churn_per_day <= 0.0 && drift <= 0.0 {
            return None;
        }
        let places = layout.places() as u32;
        let hot = layout.hot as u32;
        let keys = class.keys as f64;
        let moving = f64::from(hot - fixed);
        // Of the partners of a change some are among those simulated one by one, with which to change places.
        let born = 1.0 - moving / keys;
        let moves = (f64::from(fixed) + moving * born) * drift;
        let births = Births {
            churn: Ticks::new(f64::from(places) * class.churn_per_day),
            moves: Ticks::new(moves),
            places,
            fixed: f64::from(fixed),
            moving,
            born,
            random: Stream::new(seed, 0x4249_5254 ^ u64::from(number)),
        };
        Some(Self {
            order: if by_age {
                Order::Age { born: 0 }
            } else {
                Order::Places((first..first + places).collect())
            },
            first,
            first_born: first,
            next_born: first,
            births,
            swaps: Ticks::new(f64::from(places) * drift),
            random: Stream::new(seed, 0x5357_4150 ^ u64::from(number)),
            places,
            fixed,
            hot,
            keys,
        })
    }

    /// The births of the run, from its start.
    pub(crate) fn births(&self) -> Births {
        self.births.clone()
    }

    /// Says which key is born first; further ones follow it.
    pub(crate) fn set_first_born(&mut self, key: u32) {
        self.first_born = key;
        self.next_born = key;
    }

    /// The key of a place at this time, which never goes back.
    pub(crate) fn key(&mut self, at: Micros, place: u32) -> u32 {
        // A birth at the very instant comes after.
        while let Some(place) = self.births.next(at) {
            match &mut self.order {
                Order::Age { born } => *born += 1,
                Order::Places(keys) => {
                    if let Some(key) = keys.get_mut(place as usize) {
                        *key = self.next_born;
                    }
                }
            }
            self.next_born += 1;
        }
        while self.swaps.next() < at.0 as f64 {
            self.swaps.passed += 1.0;
            self.swap();
        }
        match &self.order {
            Order::Age { born } if place < *born => self.first_born + (born - 1 - place),
            Order::Age { born } => self.first + (place - born),
            Order::Places(keys) => keys.get(place as usize).copied().unwrap_or(self.first),
        }
    }

    /// The place of a key as of the last call of [`key`](Self::key), where its age tells it.
    pub(crate) fn place_by_age(&self, key: u32) -> Option<u32> {
        let Order::Age { born } = &self.order else {
            return None;
        };
        match key.checked_sub(self.first_born) {
            Some(number) => born.checked_sub(number + 1),
            None => Some(born + (key - self.first)),
        }
    }

    /// A place changes with another, both drawn evenly from all ranks, if both are of those that may. Each pair is drawn
    /// in either order, and counts in one.
    fn swap(&mut self) {
        let one = self.random.below(self.places);
        let mark = self.random.unit() * self.keys;
        let other = if mark < f64::from(self.hot) {
            mark as u32
        } else {
            self.hot + self.random.below(self.places - self.hot)
        };
        let hot = |place: u32| place < self.hot;
        if other < one
            && other >= self.fixed
            && hot(one) == hot(other)
            && let Order::Places(keys) = &mut self.order
            && (one as usize) < keys.len()
        {
            keys.swap(one as usize, other as usize);
        }
    }
}

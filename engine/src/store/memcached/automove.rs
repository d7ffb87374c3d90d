//! Pages that move between classes (`slab_automove.c`, `slabs_mover.c`; section 6.5).
//!
//! A page moves at once. Its items are not known, for pages have no identity here: in 1.6.34 and later that makes no
//! difference, as the coldest items of the class make room for them; before, items drawn at random stand for those
//! of the page, which had been filled first but whose chunks have been handed out anew since.

use super::Memcached;
use super::queues::Queue;
use super::slabs::{CLASSES, Class};
use crate::scenario::parameters::memcached::Version;
use crate::store::Cause;
use crate::units::Seconds;

/// A class gives pages when it has more than so many (`MIN_PAGES_FOR_SOURCE`).
const SOURCE_PAGES: u32 = 2;
/// Pages of free chunks beyond which a quiet class gives one to the pool (`MIN_PAGES_FOR_RECLAIM`).
const SPARE_PAGES: f64 = 2.5;
/// Part of all evictions beyond which a class may get a page.
const MANY_EVICTIONS: f64 = 0.25;

/// Time that a page takes, in microseconds, when each eviction asks for one: an assumption.
const MOVE: u64 = 1_000;

/// What was seen of a class in a second.
#[derive(Clone, Copy, Debug, Default)]
struct Observation {
    /// Age of the oldest item of COLD, in seconds.
    age: u32,
    /// Whether it evicted, refused to store or got a page.
    dirty: bool,
    evicted: bool,
    /// Its part of all evictions.
    evicted_share: f64,
}

/// What it knew of a class a second ago.
#[derive(Clone, Copy, Debug, Default)]
struct Before {
    evicted: u64,
    out_of_memory: u64,
    pages: u32,
}

/// The automover's window.
pub(super) struct Automover {
    /// `window` observations of each class, by number of the observation modulo `window`.
    observations: Vec<Observation>,
    window: usize,
    /// Observations so far.
    number: usize,
    before: [Before; CLASSES],
    /// Class that evicted since the last page was moved because of an eviction.
    asked: Option<usize>,
    /// When the mover is through with that page, in microseconds.
    ready: u64,
    /// Class that last gave a page because another asked.
    giver: usize,
    moved: u64,
}

impl Automover {
    pub(super) fn new(window: Seconds) -> Self {
        let window = window.0.clamp(1, 1_800) as usize;
        Self {
            observations: vec![Observation::default(); window * CLASSES],
            window,
            number: 0,
            before: [Before::default(); CLASSES],
            asked: None,
            ready: 0,
            giver: 0,
            moved: 0,
        }
    }

    /// Notes that a class evicted and wants a page. One request is kept: the mover moves one page at a time.
    pub(super) fn ask(&mut self, class: usize) {
        self.asked = Some(class);
    }

    /// The request, which is then forgotten, once the mover is free.
    pub(super) fn asked(&mut self, now: u64) -> Option<usize> {
        let class = self.asked.filter(|_| now >= self.ready)?;
        self.asked = None;
        self.ready = now + MOVE;
        Some(class)
    }

    /// Pages moved so far.
    pub(super) fn moved(&self) -> u64 {
        self.moved
    }
}

/// From which class to which; 0 is the pool.
struct Move {
    from: usize,
    to: usize,
}

impl Memcached {
    /// Observes all classes, and moves a page when they say so.
    pub(super) fn automove(&mut self, now: u32) {
        if let Some(Move { from, to }) = self.decide(now) {
            self.move_page(from, to, now);
        }
    }

    /// `slab_automove_run`.
    fn decide(&mut self, now: u32) -> Option<Move> {
        let classes = 1..=self.slabs.largest();
        let window = self.automover.window;
        self.automover.number += 1;
        let place = self.automover.number % window;
        let (mut total_before, mut total) = (0, 0);
        for number in classes.clone() {
            total += self.tally(number).evicted;
            total_before += self.before(number).evicted;
        }
        let mut oldest = (0, 0);
        let mut youngest: Option<(u32, usize, bool)> = None;
        let mut reclaimed = None;
        for number in classes {
            let class = self.slabs.class(number);
            if class.pages == 0 {
                continue;
            }
            let seen = self.observe(number, class, total - total_before, now);
            let first = number * window;
            let Some(observed) = self.automover.observations.get_mut(first..first + window) else {
                continue;
            };
            if let Some(slot) = observed.get_mut(place) {
                *slot = seen;
            }
            if reclaimed.is_some() {
                continue;
            }
            let age = (observed.iter().map(|o| u64::from(o.age)).sum::<u64>() / window as u64) as u32;
            let dirty = observed.iter().any(|o| o.dirty);
            let evicting = observed.iter().filter(|o| o.evicted).count();
            let share = observed.iter().map(|o| o.evicted_share).sum::<f64>() / window as f64;
            let spare = class.free as f64 > f64::from(class.per_page) * SPARE_PAGES;
            let wanted = self.options.version == Version::V160 || self.slabs.limit_reached();
            if spare && !dirty && wanted {
                reclaimed = Some(Move { from: number, to: 0 });
            }
            if age > oldest.0 && class.pages > SOURCE_PAGES {
                oldest = (age, number);
            }
            let younger = youngest.is_none_or(|(youngest, ..)| age < youngest);
            if younger && (evicting > window / 2 || share > MANY_EVICTIONS) {
                youngest = Some((age, number, seen.evicted));
            }
        }
        if reclaimed.is_some() {
            return reclaimed;
        }
        let (young, to, evicting) = youngest?;
        let (old, from) = oldest;
        let apart = f64::from(young) < f64::from(old) * self.options.automove_ratio.0;
        (self.automover.number > window && apart && evicting && from != to).then_some(Move { from, to })
    }

    /// What is to be seen of a class, with its part of `evicted` evictions of all classes.
    fn observe(&mut self, number: usize, class: Class, evicted: u64, now: u32) -> Observation {
        let before = self.before(number);
        let tally = self.tally(number);
        let lately = tally.evicted - before.evicted;
        if let Some(slot) = self.automover.before.get_mut(number) {
            *slot = Before {
                evicted: tally.evicted,
                out_of_memory: tally.out_of_memory,
                pages: class.pages,
            };
        }
        Observation {
            age: self.items.tail_age(number, Queue::Cold, now),
            dirty: lately > 0 || tally.out_of_memory > before.out_of_memory || class.pages > before.pages,
            evicted: lately > 0,
            evicted_share: if lately > 0 {
                lately as f64 / evicted as f64
            } else {
                0.0
            },
        }
    }

    fn tally(&self, class: usize) -> super::Tally {
        self.tallies.get(class).copied().unwrap_or_default()
    }

    fn before(&self, class: usize) -> Before {
        self.automover.before.get(class).copied().unwrap_or_default()
    }

    /// Moves a page to a class from whichever is next in turn to give one (`slabs_pick_any_for_reassign`).
    pub(super) fn move_any_page(&mut self, to: usize, now: u32) {
        for _ in 1..CLASSES {
            self.automover.giver = self.automover.giver % (CLASSES - 1) + 1;
            let from = self.automover.giver;
            if from != to && self.slabs.class(from).pages > 1 {
                return self.move_page(from, to, now);
            }
        }
    }

    /// Moves a page once its chunks are free; leaves it when they cannot be freed.
    fn move_page(&mut self, from: usize, to: usize, now: u32) {
        if self.slabs.class(from).pages > 1 && self.free_page(from, now) {
            self.slabs.move_page(from, to);
            self.automover.moved += 1;
        }
    }

    /// Frees as many chunks of a class as a page has.
    fn free_page(&mut self, number: usize, now: u32) -> bool {
        let class = self.slabs.class(number);
        let page = u64::from(class.per_page);
        let enough = |store: &Self| store.slabs.class(number).free >= page;
        if self.options.version == Version::V160 {
            // On average one draw in `keys / items` meets an item of the class; four times as many will do.
            let mut draws = 4 * u64::from(self.items.len()) / u64::from(class.pages);
            while !enough(self) && draws > 0 {
                draws -= 1;
                let key = self.random.below(self.items.len());
                if self.items.item(key).resident() && usize::from(self.items.item(key).class) == number {
                    self.evicted += u64::from(self.forget(key, Cause::Evicted));
                }
            }
        } else if self.slabs.limit_reached() && self.slabs.class(0).pages == 0 {
            let mut tries = 2 * page;
            while !enough(self) && tries > 0 && self.evict_tail(number, now) {
                tries -= 1;
            }
        }
        enough(self)
    }
}

//! The pool of candidates for eviction: `reference/servers.md` section 1.5.

/// Candidates that the pool holds.
const SIZE: usize = 16;

#[derive(Clone, Copy, Default)]
struct Candidate {
    /// Greater is evicted first; as it was when the key was sampled.
    score: u64,
    key: u32,
}

/// Sampled keys in ascending order of their scores.
///
/// It lives on between commands. Scores are not refreshed, and a key that has gone in the meantime stays as a ghost
/// until its turn comes.
#[derive(Clone, Default)]
pub(super) struct Pool {
    /// A ring: the highest leave at its end, and most new ones belong near its start, so that few have to move.
    candidates: [Candidate; SIZE],
    /// Place of the lowest.
    start: usize,
    length: usize,
}

impl Pool {
    /// Offers a sampled key. Among equal scores the new one comes first, and is thus evicted last.
    pub(super) fn offer(&mut self, key: u32, score: u64) {
        if self.length < SIZE {
            self.start = self.start.wrapping_sub(1);
            self.length += 1;
        } else if self.nth(0).score >= score {
            return;
        }
        // The first place is free, or that of the lowest, which makes room.
        let mut place = 0;
        while place + 1 < self.length && self.nth(place + 1).score < score {
            self.put(place, self.nth(place + 1));
            place += 1;
        }
        self.put(place, Candidate { score, key });
    }

    /// The candidate with so many below it.
    fn nth(&self, place: usize) -> Candidate {
        self.candidates[self.start.wrapping_add(place) % SIZE]
    }

    fn put(&mut self, place: usize, new: Candidate) {
        self.candidates[self.start.wrapping_add(place) % SIZE] = new;
    }

    /// The candidates in descending order of their scores.
    pub(super) fn best(&self) -> impl Iterator<Item = u32> {
        (0..self.length).rev().map(|place| self.nth(place).key)
    }

    /// Takes the candidate with the highest score.
    pub(super) fn take(&mut self) -> Option<u32> {
        let best = self.best().next()?;
        self.length -= 1;
        Some(best)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(pool: &mut Pool) -> Vec<u32> {
        core::iter::from_fn(|| pool.take()).collect()
    }

    #[test]
    fn the_highest_score_goes_first_and_incumbents_win_ties() {
        let mut pool = Pool::default();
        for (key, score) in [(1, 5), (2, 9), (3, 5), (4, 1)] {
            pool.offer(key, score);
        }
        assert_eq!(drain(&mut pool), [2, 1, 3, 4]);
    }

    #[test]
    fn a_full_pool_drops_the_lowest_and_refuses_what_is_not_above_it() {
        let mut pool = Pool::default();
        for key in 0..16 {
            pool.offer(key, 10 + u64::from(key));
        }
        pool.offer(100, 10);
        pool.offer(101, 9);
        pool.offer(102, 18);
        let order = drain(&mut pool);
        assert_eq!(order, [15, 14, 13, 12, 11, 10, 9, 8, 102, 7, 6, 5, 4, 3, 2, 1]);
    }

    #[test]
    fn it_keeps_its_candidates_in_order_whatever_is_offered() {
        let mut random = crate::random::Stream::new(1, 0);
        let mut pool = Pool::default();
        for _ in 0..10_000 {
            pool.offer(random.below(100), u64::from(random.below(20)));
            if random.below(3) == 0 {
                pool.take();
            }
            let scores: Vec<u64> = (0..pool.length).map(|place| pool.nth(place).score).collect();
            assert!(scores.is_sorted());
        }
    }
}

//! Poisson arrivals of several classes with rates that change over time.

use crate::random::Stream;
use crate::scenario::Rate;
use crate::units::Micros;

/// Length of the pieces on which a changing rate is held constant. A minute of a diurnal sine changes it by
/// less than 0.5 % of its amplitude.
const PIECE_S: f64 = 60.0;

struct Class {
    rate: Rate,
    /// Part of the rate that is simulated, and the factor that events put on it.
    part: f64,
    factor: f64,
    /// Simulated requests per second of this class and all before it at the start of this piece, and their slope.
    sum: f64,
    slopes: f64,
}

/// The merged arrivals of all classes, in order of time.
pub(crate) struct Arrivals {
    classes: Vec<Class>,
    random: Stream,
    /// Seconds since the start.
    now: f64,
    end: f64,
    piece_start: f64,
    piece_end: f64,
    /// Sum of all classes' simulated rates at the start of this piece.
    total: f64,
    /// Sum of their slopes, and whether there are any.
    slope: f64,
    sloped: bool,
    /// Work left at `now` until the next arrival, if it was drawn already.
    pending: Option<f64>,
}

impl Arrivals {
    pub(crate) fn new(classes: Vec<(Rate, f64)>, end: f64, random: Stream) -> Self {
        let classes = classes.into_iter().map(|(rate, part)| Class {
            rate,
            part,
            factor: 1.0,
            sum: 0.0,
            slopes: 0.0,
        });
        let mut arrivals = Self {
            classes: classes.collect(),
            random,
            now: 0.0,
            end,
            piece_start: 0.0,
            piece_end: 0.0,
            total: 0.0,
            slope: 0.0,
            sloped: false,
            pending: None,
        };
        arrivals.start_piece();
        arrivals
    }

    /// A piece is as long as all rates are straight lines, a daily one taken to be constant for [`PIECE_S`].
    fn start_piece(&mut self) {
        let curved = self.classes.iter().any(|class| class.rate.is_curved());
        let length = if curved { PIECE_S } else { self.end };
        self.piece_start = self.now;
        self.piece_end = (self.now + length).min(self.end);
        for class in &self.classes {
            self.piece_end = self.piece_end.min(class.rate.line(self.now).until);
        }
        let middle = (self.now + self.piece_end) / 2.0;
        (self.total, self.slope, self.sloped) = (0.0, 0.0, false);
        for class in &mut self.classes {
            let (per_s, slope) = if class.rate.is_curved() {
                (class.rate.at(middle), 0.0)
            } else {
                let line = class.rate.line(self.now);
                (line.per_s, line.slope)
            };
            self.total += per_s.max(0.0) * class.part * class.factor;
            self.slope += slope * class.part * class.factor;
            self.sloped |= slope != 0.0;
            (class.sum, class.slopes) = (self.total, self.slope);
        }
    }

    /// Requests per second now.
    fn rate(&self) -> f64 {
        if self.sloped {
            (self.total + self.slope * (self.now - self.piece_start)).max(0.0)
        } else {
            self.total
        }
    }

    /// Expected requests, the "work", from now to a time in this piece.
    fn work(&self, to: f64) -> f64 {
        let length = to - self.now;
        if self.sloped {
            ((self.rate() + self.slope * length / 2.0) * length).max(0.0)
        } else {
            length * self.total
        }
    }

    /// Seconds in which so much work arrives, in this piece.
    fn wait(&self, work: f64) -> f64 {
        if self.sloped {
            // The smaller root of rate * x + slope * x^2 / 2 = work, in the form that loses no digits.
            let rate = self.rate();
            let root = libm::sqrt((rate * rate + 2.0 * self.slope * work).max(0.0));
            2.0 * work / (rate + root)
        } else {
            work / self.total
        }
    }

    /// Multiplies the rate of a class, or of all, by a factor from this time on, in place of the one before. No arrival
    /// behind it may have been returned.
    ///
    /// Exact: what is left of the exponential work that was drawn is spread over the new rates.
    pub(crate) fn set_factor(&mut self, from: Micros, class: Option<usize>, factor: f64) {
        let from = from.as_secs().min(self.end);
        while self.now < from {
            let to = self.piece_end.min(from);
            let passed = self.work(to);
            self.pending = self.pending.map(|work| (work - passed).max(0.0));
            self.now = to;
            if to < from {
                self.start_piece();
            }
        }
        for (number, own) in self.classes.iter_mut().enumerate() {
            if class.is_none_or(|class| class == number) {
                own.factor = factor;
            }
        }
        self.start_piece();
    }

    /// The class of a request made at this time by somebody who makes so many: drawn in proportion to the rates.
    pub(crate) fn draw_class(&mut self, at: Micros) -> usize {
        let seconds = at.as_secs();
        let rates = || {
            self.classes
                .iter()
                .map(|class| class.rate.at(seconds).max(0.0) * class.part * class.factor)
        };
        let total: f64 = rates().sum();
        let mut mark = self.random.unit() * total;
        let of_mark = rates().position(|rate| {
            mark -= rate;
            mark < 0.0
        });
        of_mark.unwrap_or(self.classes.len() - 1)
    }

    /// Time and class of the next arrival; `None` when it is not before `until`, or the time is over.
    ///
    /// An arrival that is not before `until` stays pending: limits change nothing in the sequence.
    // Called once or more per request: what a function of its own saves and returns through memory would cost as much as its work.
    #[inline(always)]
    pub(crate) fn next(&mut self, until: Micros) -> Option<(Micros, usize)> {
        let mut work = match self.pending.take() {
            Some(work) => work,
            None => self.random.exponential(),
        };
        if work >= self.work(self.piece_end) {
            work = self.pass_pieces(work, until)?;
        }
        let next = self.now + self.wait(work);
        let at = Micros((next * 1e6) as u64);
        if at >= until {
            self.pending = Some(work);
            return None;
        }
        self.now = next;
        let class = if self.classes.len() == 1 {
            0
        } else {
            let mark = self.random.unit() * self.rate();
            let before = if self.sloped {
                let passed = self.now - self.piece_start;
                let reached = |class: &Class| mark < class.sum + class.slopes * passed;
                self.classes.iter().position(reached).unwrap_or(usize::MAX)
            } else {
                // Counted and not looked for: which class it is cannot be foreseen, and each jump would be.
                self.classes.iter().filter(|class| class.sum <= mark).count()
            };
            before.min(self.classes.len() - 1)
        };
        Some((at, class))
    }

    /// Spends unit-rate exponential work on the rest of this piece and on those after it, up to the one it ends in: exact
    /// for a rate of straight lines. Returns what is left for that; `None` when it is not before `until`, or the time is
    /// over.
    #[cold]
    fn pass_pieces(&mut self, mut work: f64, until: Micros) -> Option<f64> {
        loop {
            let room = self.work(self.piece_end);
            if work < room {
                return Some(work);
            }
            if self.piece_end >= self.end || self.piece_end >= until.as_secs() {
                self.pending = Some(work);
                return None;
            }
            work -= room;
            self.now = self.piece_end;
            self.start_piece();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{PerSecond, Seconds};

    #[test]
    fn counts_follow_the_rates() {
        let diurnal = Rate::Diurnal {
            mean_per_s: PerSecond(3.0),
            peak_to_mean: 1.8,
            peak_hour: 20.0,
        };
        let constant = Rate::Constant {
            per_s: PerSecond(1.0),
        };
        let mut arrivals = Arrivals::new(
            vec![(diurnal.clone(), 1.0), (constant, 0.5)],
            86_400.0,
            Stream::new(3, 0),
        );
        let (mut counts, mut evening, mut last) = ([0u32; 2], 0u32, Micros(0));
        while let Some((at, class)) = arrivals.next(Micros(u64::MAX)) {
            assert!(at >= last);
            last = at;
            counts[class] += 1;
            evening += u32::from(class == 0 && (19.0..21.0).contains(&(at.as_secs() / 3_600.0)));
        }
        let close = |count: u32, expected: f64| (f64::from(count) - expected).abs() < 5.0 * expected.sqrt();
        assert!(close(counts[0], diurnal.expected(86_400.0)), "{counts:?}");
        assert!(close(counts[1], 43_200.0), "{counts:?}");
        assert!(
            close(evening, diurnal.expected(75_600.0) - diurnal.expected(68_400.0)),
            "{evening}"
        );
    }

    #[test]
    fn arrivals_follow_a_ramp_beside_a_constant_rate() {
        let ramp = Rate::Ramp {
            from_per_s: PerSecond(0.0),
            to_per_s: PerSecond(100.0),
            start_s: Seconds(100),
            duration_s: Seconds(800),
        };
        let constant = Rate::Constant {
            per_s: PerSecond(20.0),
        };
        let mut arrivals = Arrivals::new(
            vec![(ramp.clone(), 0.5), (constant, 1.0)],
            1_000.0,
            Stream::new(4, 0),
        );
        let mut counts = [[0u32; 2]; 10];
        while let Some((at, class)) = arrivals.next(Micros(u64::MAX)) {
            counts[(at.as_secs() / 100.0) as usize][class] += 1;
        }
        for (hundred, [ramped, steady]) in counts.into_iter().enumerate() {
            let (from, to) = (hundred as f64 * 100.0, (hundred + 1) as f64 * 100.0);
            let expected = 0.5 * (ramp.expected(to) - ramp.expected(from));
            assert!(
                (f64::from(ramped) - expected).abs() <= 5.0 * expected.sqrt(),
                "{counts:?}"
            );
            assert!(
                (f64::from(steady) - 2_000.0).abs() <= 5.0 * 2_000f64.sqrt(),
                "{counts:?}"
            );
        }
    }

    #[test]
    fn limits_change_nothing_and_factors_change_the_rate_at_their_instant() {
        let rates = || {
            let diurnal = Rate::Diurnal {
                mean_per_s: PerSecond(2.0),
                peak_to_mean: 1.5,
                peak_hour: 0.0,
            };
            let ramp = Rate::Ramp {
                from_per_s: PerSecond(1.0),
                to_per_s: PerSecond(9.0),
                start_s: Seconds(50),
                duration_s: Seconds(400),
            };
            vec![(diurnal, 1.0), (ramp, 1.0)]
        };
        let mut whole = Arrivals::new(rates(), 1_000.0, Stream::new(5, 0));
        let all: Vec<_> = core::iter::from_fn(|| whole.next(Micros(u64::MAX))).collect();
        let mut cut = Arrivals::new(rates(), 1_000.0, Stream::new(5, 0));
        let mut found = Vec::new();
        for limit in (0..=1_000_000_000).step_by(7_777_777).chain([1_000_000_000]) {
            while let Some(arrival) = cut.next(Micros(limit)) {
                assert!(arrival.0 < Micros(limit));
                found.push(arrival);
            }
        }
        assert_eq!(found, all);

        let constant = Rate::Constant {
            per_s: PerSecond(50.0),
        };
        let mut arrivals = Arrivals::new(
            vec![(constant.clone(), 1.0), (constant, 1.0)],
            600.0,
            Stream::new(6, 0),
        );
        let mut counts = [[0u32; 2]; 3];
        for (part, factor) in [1.0, 4.0, 0.0].into_iter().enumerate() {
            arrivals.set_factor(Micros(part as u64 * 200_000_000), Some(0), factor);
            while let Some((at, class)) = arrivals.next(Micros((part as u64 + 1) * 200_000_000)) {
                assert_eq!((at.as_secs() / 200.0) as usize, part);
                counts[part][class] += 1;
            }
        }
        for (part, factor) in [1.0, 4.0, 0.0].into_iter().enumerate() {
            for (class, factor) in [factor, 1.0].into_iter().enumerate() {
                let expected = 10_000.0 * factor;
                let off = (f64::from(counts[part][class]) - expected).abs();
                assert!(off <= 5.0 * f64::sqrt(expected), "{counts:?}");
            }
        }
    }
}

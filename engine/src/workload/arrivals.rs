//! Poisson arrivals of several classes with rates that change over time.

use crate::random::Stream;
use crate::scenario::Rate;
use crate::units::Micros;

/// Length of the pieces on which a changing rate is held constant. A minute of a diurnal sine changes it by
/// less than 0.5 % of its amplitude.
const PIECE_S: f64 = 60.0;

impl Rate {
    /// Requests per second at this many seconds after the start.
    pub fn at(&self, seconds: f64) -> f64 {
        match *self {
            Self::Constant { per_s } => per_s.0,
            Self::Diurnal {
                mean_per_s,
                peak_to_mean,
                peak_hour,
            } => {
                let hours = seconds / 3_600.0 - peak_hour;
                let phase = libm::cos(hours / 24.0 * core::f64::consts::TAU);
                mean_per_s.0 * (1.0 + (peak_to_mean - 1.0) * phase)
            }
        }
    }

    /// Highest rate at any time.
    pub fn peak(&self) -> f64 {
        match *self {
            Self::Constant { per_s } => per_s.0,
            Self::Diurnal {
                mean_per_s,
                peak_to_mean,
                ..
            } => mean_per_s.0 * peak_to_mean,
        }
    }

    /// Expected requests in the first so many seconds.
    pub fn expected(&self, seconds: f64) -> f64 {
        match *self {
            Self::Constant { per_s } => per_s.0 * seconds,
            Self::Diurnal {
                mean_per_s,
                peak_to_mean,
                peak_hour,
            } => {
                let turn = core::f64::consts::TAU / 86_400.0;
                let from = -peak_hour * 3_600.0 * turn;
                let wave = libm::sin(seconds * turn + from) - libm::sin(from);
                mean_per_s.0 * (seconds + (peak_to_mean - 1.0) * wave / turn)
            }
        }
    }

    fn is_constant(&self) -> bool {
        matches!(self, Self::Constant { .. })
    }
}

/// The merged arrivals of all classes, in order of time.
pub(crate) struct Arrivals {
    /// Each class's rate and the part of it that is simulated.
    classes: Vec<(Rate, f64)>,
    /// What each class's rate is multiplied by from now on.
    factors: Vec<f64>,
    random: Stream,
    /// Seconds since the start.
    now: f64,
    end: f64,
    /// Work left at `now` until the next arrival, when it was drawn and lies behind the last limit.
    pending: Option<f64>,
    /// The last limit, seconds since the start.
    limit: f64,
    piece_end: f64,
    /// Running sums of the classes' simulated rates in this piece.
    rates: Vec<f64>,
    total: f64,
}

impl Arrivals {
    pub(crate) fn new(classes: Vec<(Rate, f64)>, end: f64, random: Stream) -> Self {
        let rates = vec![0.0; classes.len()];
        let mut arrivals = Self {
            factors: vec![1.0; classes.len()],
            classes,
            random,
            now: 0.0,
            end,
            pending: None,
            limit: 0.0,
            piece_end: 0.0,
            rates,
            total: 0.0,
        };
        arrivals.start_piece();
        arrivals
    }

    fn start_piece(&mut self) {
        let varies = self.classes.iter().any(|(rate, _)| !rate.is_constant());
        let length = if varies { PIECE_S } else { self.end };
        self.piece_end = (self.now + length).min(self.end);
        let middle = (self.now + self.piece_end) / 2.0;
        self.total = 0.0;
        for (((rate, part), factor), sum) in self.classes.iter().zip(&self.factors).zip(&mut self.rates) {
            self.total += rate.at(middle).max(0.0) * part * factor;
            *sum = self.total;
        }
    }

    /// Multiplies the rates of a class, or of all, from the last limit of [`next`](Self::next) on.
    ///
    /// Exact: what is left of the exponential work that was drawn is spread over the new rates.
    pub(crate) fn set_factor(&mut self, class: Option<usize>, factor: f64) {
        let from = self.limit.min(self.end);
        while self.now < from {
            let to = self.piece_end.min(from);
            let passed = (to - self.now) * self.total;
            self.pending = self.pending.map(|work| (work - passed).max(0.0));
            self.now = to;
            if to < from {
                self.start_piece();
            }
        }
        for (number, own) in self.factors.iter_mut().enumerate() {
            if class.is_none_or(|class| class == number) {
                *own = factor;
            }
        }
        self.start_piece();
    }

    /// Time and class of the next arrival; `None` when it is not before `until`, or the time is over.
    ///
    /// An arrival that is not before `until` stays pending: limits change nothing in the sequence.
    pub(crate) fn next(&mut self, until: Micros) -> Option<(Micros, usize)> {
        self.limit = until.as_secs();
        // Unit-rate exponential "work" is spread over the pieces: exact for a piecewise constant rate.
        let mut work = match self.pending.take() {
            Some(work) => work,
            None => self.random.exponential(),
        };
        let at = loop {
            let room = (self.piece_end - self.now) * self.total;
            if work < room {
                let at = self.now + work / self.total;
                if Micros((at * 1e6) as u64) >= until {
                    self.pending = Some(work);
                    return None;
                }
                break at;
            }
            if self.piece_end >= self.end || self.piece_end >= self.limit {
                self.pending = Some(work);
                return None;
            }
            work -= room;
            self.now = self.piece_end;
            self.start_piece();
        };
        self.now = at;
        let class = if self.classes.len() == 1 {
            0
        } else {
            let mark = self.random.unit() * self.total;
            self.rates
                .iter()
                .position(|sum| mark < *sum)
                .unwrap_or(self.classes.len() - 1)
        };
        Some((Micros((self.now * 1e6) as u64), class))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::PerSecond;

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
        let mut arrivals = Arrivals::new(vec![(diurnal, 1.0), (constant, 0.5)], 86_400.0, Stream::new(3, 0));
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
    fn expected_is_the_integral() {
        let rate = Rate::Diurnal {
            mean_per_s: PerSecond(5.0),
            peak_to_mean: 1.5,
            peak_hour: 3.0,
        };
        let sum: f64 = (0..10_000).map(|s| rate.at(f64::from(s) + 0.5)).sum();
        assert!((rate.expected(10_000.0) / sum - 1.0).abs() < 1e-6);
    }
}

//! Requests over time.

use crate::units::{PerSecond, Seconds};
use serde::{Deserialize, Serialize};

/// Requests over time. Arrivals are Poisson at this rate.
// Links hold this type: variants and fields keep their order, new variants come last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Rate {
    /// The same at all times.
    Constant {
        /// 0.001 to 100,000,000 requests/s.
        per_s: PerSecond,
    },
    /// A sine over 24 hours.
    Diurnal {
        /// Mean over a day: 0.001 to 100,000,000 requests/s.
        mean_per_s: PerSecond,
        /// Highest rate divided by the mean: 1 to 2.
        peak_to_mean: f64,
        /// Hour of the simulated day (which starts at 0) of the peak: 0 to 24.
        peak_hour: f64,
    },
    /// From one rate to another in a straight line.
    Ramp {
        /// Rate before: 0 to 100,000,000 requests/s.
        from_per_s: PerSecond,
        /// Rate after: 0 to 100,000,000 requests/s, not 0 too.
        to_per_s: PerSecond,
        /// When it starts to change: up to 31 days.
        start_s: Seconds,
        /// How long it changes: up to 31 days; 0 is a step.
        duration_s: Seconds,
    },
    /// Straight lines between points; before the first and after the last the rate stays as it is there.
    Curve {
        /// 1 to 500 points in order of time, no two at the same, not all of rate 0.
        points: Vec<RatePoint>,
    },
}

/// A point of [`Rate::Curve`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatePoint {
    /// Time since the start of the run: up to 31 days.
    pub at_s: Seconds,
    /// Rate at that time: 0 to 100,000,000 requests/s.
    pub per_s: PerSecond,
}

/// A rate while it changes in a straight line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Line {
    /// Requests per second at its start.
    pub(crate) per_s: f64,
    /// Requests per second by which it changes each second.
    pub(crate) slope: f64,
    /// Seconds since the start of the run at which it ends.
    pub(crate) until: f64,
}

impl Rate {
    /// Requests per second at this many seconds after the start.
    pub fn at(&self, seconds: f64) -> f64 {
        match *self {
            Self::Diurnal {
                mean_per_s,
                peak_to_mean,
                peak_hour,
            } => {
                let hours = seconds / 3_600.0 - peak_hour;
                let phase = libm::cos(hours / 24.0 * core::f64::consts::TAU);
                mean_per_s.0 * (1.0 + (peak_to_mean - 1.0) * phase)
            }
            _ => self.line(seconds).per_s,
        }
    }

    /// Highest rate at any time.
    pub fn peak(&self) -> f64 {
        match self {
            Self::Constant { per_s } => per_s.0,
            Self::Diurnal {
                mean_per_s,
                peak_to_mean,
                ..
            } => mean_per_s.0 * peak_to_mean,
            Self::Ramp {
                from_per_s, to_per_s, ..
            } => from_per_s.0.max(to_per_s.0),
            Self::Curve { points } => points.iter().map(|point| point.per_s.0).fold(0.0, f64::max),
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
            Self::Ramp { .. } | Self::Curve { .. } => {
                let (mut now, mut sum) = (0.0, 0.0);
                while now < seconds {
                    let line = self.line(now);
                    let length = line.until.min(seconds) - now;
                    sum += (line.per_s + line.slope * length / 2.0) * length;
                    now = line.until;
                }
                sum
            }
        }
    }

    /// Mean requests per second: of a daily rhythm over whole days, of other rates over the first so many seconds.
    pub fn mean(&self, seconds: f64) -> f64 {
        match self {
            Self::Constant { per_s } => per_s.0,
            Self::Diurnal { mean_per_s, .. } => mean_per_s.0,
            Self::Ramp { .. } | Self::Curve { .. } => self.expected(seconds) / seconds,
        }
    }

    /// Whether the rate follows no straight line but the day.
    pub(crate) fn is_curved(&self) -> bool {
        matches!(self, Self::Diurnal { .. })
    }

    /// The straight line that starts at this many seconds after the start; of a daily rhythm that of its mean.
    pub(crate) fn line(&self, seconds: f64) -> Line {
        let flat = |per_s: PerSecond, until: f64| Line {
            per_s: per_s.0,
            slope: 0.0,
            until,
        };
        let between = |(from, from_s): (PerSecond, f64), (to, to_s): (PerSecond, f64)| {
            let slope = (to.0 - from.0) / (to_s - from_s);
            Line {
                per_s: from.0 + slope * (seconds - from_s),
                slope,
                until: to_s,
            }
        };
        match self {
            Self::Constant { per_s } => flat(*per_s, f64::INFINITY),
            Self::Diurnal { mean_per_s, .. } => flat(*mean_per_s, f64::INFINITY),
            Self::Ramp {
                from_per_s,
                to_per_s,
                start_s,
                duration_s,
            } => {
                let (start, end) = (start_s.0 as f64, (start_s.0 + duration_s.0) as f64);
                if seconds < start {
                    flat(*from_per_s, start)
                } else if seconds < end {
                    between((*from_per_s, start), (*to_per_s, end))
                } else {
                    flat(*to_per_s, f64::INFINITY)
                }
            }
            Self::Curve { points } => {
                let next = points.partition_point(|point| point.at_s.0 as f64 <= seconds);
                let before = next.checked_sub(1).and_then(|before| points.get(before));
                match (before, points.get(next)) {
                    (Some(from), Some(to)) => {
                        between((from.per_s, from.at_s.0 as f64), (to.per_s, to.at_s.0 as f64))
                    }
                    (None, Some(first)) => flat(first.per_s, first.at_s.0 as f64),
                    (Some(last), None) => flat(last.per_s, f64::INFINITY),
                    (None, None) => flat(PerSecond(0.0), f64::INFINITY),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_requests_of_a_day_are_the_integral_of_its_rhythm() {
        let rate = Rate::Diurnal {
            mean_per_s: PerSecond(5.0),
            peak_to_mean: 1.5,
            peak_hour: 3.0,
        };
        let sum: f64 = (0..10_000).map(|s| rate.at(f64::from(s) + 0.5)).sum();
        assert!((rate.expected(10_000.0) / sum - 1.0).abs() < 1e-6);
    }

    fn straight() -> impl Strategy<Value = Rate> {
        let per_s = || (0_u32..1_000).prop_map(|tenths| PerSecond(f64::from(tenths) / 10.0));
        let ramp =
            (per_s(), per_s(), 0_u64..300, 0_u64..300).prop_map(|(from, to, start, duration)| Rate::Ramp {
                from_per_s: from,
                to_per_s: to,
                start_s: Seconds(start),
                duration_s: Seconds(duration),
            });
        let points = prop::collection::btree_map(0_u64..600, per_s(), 1..12);
        let curve = points.prop_map(|points| Rate::Curve {
            points: points
                .into_iter()
                .map(|(at, per_s)| RatePoint {
                    at_s: Seconds(at),
                    per_s,
                })
                .collect(),
        });
        prop_oneof![ramp, curve]
    }

    proptest! {
        #[test]
        fn expected_is_the_integral_of_at_and_no_rate_exceeds_the_peak(rate in straight(), seconds in 1_u32..700) {
            // Lines bend at whole seconds only: between them the rate at the middle is the mean.
            let rates: Vec<f64> = (0..seconds).map(|s| rate.at(f64::from(s) + 0.5)).collect();
            let sum: f64 = rates.iter().sum();
            let seconds = f64::from(seconds);
            prop_assert!((rate.expected(seconds) - sum).abs() <= 1e-6 * (1.0 + sum));
            prop_assert!((rate.mean(seconds) * seconds - sum).abs() <= 1e-6 * (1.0 + sum));
            prop_assert!(rates.iter().all(|at| *at <= rate.peak() + 1e-9));
        }
    }
}

//! What a chart shows, without knowledge of the chart library.

use crate::app::quantity::Unit;
use cacheplan_engine::units::within;

/// A chart: its axes and lines.
#[derive(Debug)]
pub struct Spec {
    /// For tests.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// Height of the drawing, CSS pixels.
    pub height: f64,
    /// The axis on the left.
    pub left: Axis,
    /// The axis on the right, if any.
    pub right: Option<Axis>,
    /// The lines, in the order of the columns; later ones lie on top.
    pub lines: &'static [Line],
}

/// An axis of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// What the values measure.
    pub unit: Unit,
    /// Which of them it covers.
    pub range: Range,
}

/// Which values an axis covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// From 0 to the largest.
    FromZero,
    /// From 0 to 1.
    Whole,
    /// From 0 to 1, or to the largest where more is asked than there is.
    Demand,
    /// What the values after the warm-up span, within 0 to 1.
    Near,
    /// Powers of ten around the values.
    Log,
}

/// On which side the axis of a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// On the left.
    Left,
    /// On the right.
    Right,
}

/// A line of a chart.
#[derive(Debug)]
pub struct Line {
    /// What it shows.
    pub label: &'static str,
    /// CSS custom property of its colour.
    pub color: &'static str,
    /// Its width, CSS pixels.
    pub width: f64,
    /// Drawn in dashes: the second cue beside the colour.
    pub dashed: bool,
    /// Its axis.
    pub side: Side,
}

/// Columns over a common axis of equal intervals.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// Length of an interval, seconds.
    pub interval: f64,
    /// End of the time axis, seconds.
    pub end: f64,
    /// End of the warm-up, seconds.
    pub warm_up: f64,
    /// Moments worth a mark.
    pub marks: Vec<Mark>,
    /// One column for each line of the chart; NaN is a gap.
    pub lines: Vec<Vec<f64>>,
    /// The same of the baseline, over the same intervals; empty when there is none.
    pub baseline: Vec<Vec<f64>>,
}

/// A moment worth a mark.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// When, seconds.
    pub at: f64,
    /// What happened.
    pub label: &'static str,
}

impl Spec {
    /// What the values of a line on this side measure.
    pub fn unit(&self, side: Side) -> Unit {
        match (side, self.right) {
            (Side::Right, Some(axis)) => axis.unit,
            _ => self.left.unit,
        }
    }
}

impl Data {
    /// Number of intervals.
    pub fn len(&self) -> usize {
        self.lines.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Start of an interval, by which people call it, seconds.
    pub fn start(&self, index: usize) -> f64 {
        index as f64 * self.interval
    }

    /// Where the value of an interval is drawn: its middle, seconds.
    pub fn time(&self, index: usize) -> f64 {
        (index as f64 + 0.5) * self.interval
    }

    /// The interval that holds a time.
    pub fn index(&self, time: f64) -> Option<usize> {
        let index = (time / self.interval).floor();
        (index >= 0.0 && index < self.len() as f64).then_some(index as usize)
    }

    /// The time so many intervals on from another, within the data; from no time on it starts at the near end.
    pub fn moved(&self, from: Option<f64>, steps: f64) -> Option<f64> {
        let last = self.len().checked_sub(1)? as f64;
        let start = from.and_then(|time| self.index(time)).map(|index| index as f64);
        let to = match start {
            Some(start) => start + steps,
            None if steps < 0.0 => last,
            None => 0.0,
        };
        Some(self.time(within(to, 0.0, last) as usize))
    }

    /// Smallest and largest value that an axis shows.
    pub fn bounds(&self, spec: &Spec, side: Side, range: Range) -> (f64, f64) {
        let warm = if self.warm_up < self.end {
            (self.warm_up / self.interval).ceil() as usize
        } else {
            0
        };
        let from = if range == Range::Near && warm < self.len() {
            warm
        } else {
            0
        };
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for columns in [&self.lines, &self.baseline] {
            for (line, column) in spec.lines.iter().zip(columns) {
                if line.side == side {
                    for value in column.iter().skip(from).filter(|value| value.is_finite()) {
                        low = low.min(*value);
                        high = high.max(*value);
                    }
                }
            }
        }
        match range {
            Range::Whole => (0.0, 1.0),
            Range::Demand => (0.0, if high > 1.0 { nice(high) } else { 1.0 }),
            _ if low > high => (if range == Range::Log { 0.1 } else { 0.0 }, 1.0),
            Range::FromZero => (0.0, nice(high * 1.05)),
            Range::Near => {
                let margin = ((high - low) * 0.2).max(0.01);
                let step = if high - low > 0.2 { 0.1 } else { 0.02 };
                let down = |value: f64| (value / step).floor() * step;
                ((down(low - margin)).max(0.0), (-down(-high - margin)).min(1.0))
            }
            Range::Log => {
                let down = |value: f64| 10f64.powi(value.max(1e-3).log10().floor() as i32);
                (down(low), (down(high * 0.999_999) * 10.0).max(down(low) * 10.0))
            }
        }
    }
}

/// The next larger number of few digits.
fn nice(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powi(value.log10().floor() as i32);
    [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0]
        .iter()
        .map(|step| step * power)
        .find(|step| *step >= value)
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: Spec = Spec {
        id: "x",
        title: "x",
        height: 100.0,
        left: Axis {
            unit: Unit::Percent,
            range: Range::Near,
        },
        right: None,
        lines: &[Line {
            label: "x",
            color: "--c1",
            width: 1.0,
            dashed: false,
            side: Side::Left,
        }],
    };

    fn data(column: &[f64]) -> Data {
        Data {
            interval: 10.0,
            end: 100.0,
            warm_up: 20.0,
            lines: vec![column.to_vec()],
            ..Data::default()
        }
    }

    #[track_caller]
    fn bounds(column: &[f64], range: Range, low: f64, high: f64) {
        let got = data(column).bounds(&SPEC, Side::Left, range);
        assert!(
            (got.0 - low).abs() < 1e-9 && (got.1 - high).abs() < 1e-9,
            "{got:?}"
        );
    }

    #[test]
    fn the_warm_up_does_not_flatten_the_rest() {
        bounds(&[0.0, 0.4, 0.90, 0.92], Range::Near, 0.88, 0.94);
    }

    #[test]
    fn axes_hold_their_values() {
        bounds(&[0.0, 4_100.0], Range::FromZero, 0.0, 5_000.0);
        bounds(&[420.0, 11_000.0], Range::Log, 100.0, 100_000.0);
        bounds(&[1_000.0, 1_000.0], Range::Log, 1_000.0, 10_000.0);
        bounds(&[f64::NAN], Range::FromZero, 0.0, 1.0);
        bounds(&[0.3], Range::Whole, 0.0, 1.0);
        bounds(&[0.3], Range::Demand, 0.0, 1.0);
        bounds(&[0.3, 4.02], Range::Demand, 0.0, 5.0);
    }

    #[test]
    fn the_cursor_moves_by_intervals_and_stays_within() {
        let data = data(&[1.0, 2.0, 3.0]);
        assert_eq!(data.moved(None, 1.0), Some(5.0));
        assert_eq!(data.moved(None, -1.0), Some(25.0));
        assert_eq!(data.moved(Some(5.0), 1.0), Some(15.0));
        assert_eq!(data.moved(Some(5.0), f64::INFINITY), Some(25.0));
        assert_eq!(data.moved(Some(15.0), f64::NEG_INFINITY), Some(5.0));
        assert_eq!(Data::default().moved(None, 1.0), None);
    }
}

//! Measured against projected, and how far apart the two may be.

use serde::Serialize;

/// How the error of a pair is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// Difference of two shares, in percentage points.
    #[allow(dead_code, reason = "hit ratios are told so")]
    Points,
    /// Difference relative to the measured figure, in percent.
    Percent,
    /// 0 when the two are equal and 1 otherwise.
    Exact,
}

impl ErrorKind {
    /// The error of a pair.
    fn of(self, measured: f64, projected: f64) -> f64 {
        let difference = (projected - measured).abs();
        match self {
            Self::Points => difference * 100.0,
            // NaN, which is below nothing, stays NaN or counts as different.
            Self::Percent | Self::Exact if difference <= 0.0 => 0.0,
            Self::Percent => difference / measured.abs().max(f64::MIN_POSITIVE) * 100.0,
            Self::Exact => 1.0,
        }
    }

    /// What follows a figure of this kind.
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::Points => " pt",
            Self::Percent => " %",
            Self::Exact => "",
        }
    }
}

/// One figure of one row.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Point {
    /// Server and version, as the recording names it.
    pub(crate) server: String,
    /// Which row, in a few words.
    pub(crate) label: String,
    /// What the server did.
    pub(crate) measured: f64,
    /// What the engine says.
    pub(crate) projected: f64,
    /// Unit of both.
    pub(crate) unit: &'static str,
    /// How far apart they are, in the unit of the check's errors.
    error: f64,
    /// How far apart they may be; absent where the check bounds the mean alone.
    bound: Option<f64>,
}

impl Point {
    /// The error as a part of its bound, by which the worst row is chosen.
    pub(crate) fn strain(&self) -> f64 {
        match self.bound {
            Some(bound) if bound > 0.0 => self.error / bound,
            _ => self.error,
        }
    }

    /// How far apart the two are, in the unit of the check's errors.
    pub(crate) fn error(&self) -> f64 {
        self.error
    }

    fn holds(&self) -> bool {
        self.error.is_finite() && self.bound.is_none_or(|bound| self.error <= bound)
    }
}

/// Figures of one kind over all rows that tell them.
pub(crate) struct Check {
    /// What is compared.
    pub(crate) name: &'static str,
    /// How the error is told.
    pub(crate) error: ErrorKind,
    /// Unit of the figures: `share`, `bytes`, ...
    unit: &'static str,
    /// Bound on the mean of all errors.
    pub(crate) mean_bound: Option<f64>,
    /// The pairs.
    pub(crate) points: Vec<Point>,
}

impl Check {
    /// A check without rows yet.
    pub(crate) fn new(name: &'static str, error: ErrorKind, unit: &'static str) -> Self {
        Self {
            name,
            error,
            unit,
            mean_bound: None,
            points: Vec::new(),
        }
    }

    /// Bounds the mean error.
    pub(crate) fn mean_within(mut self, bound: f64) -> Self {
        self.mean_bound = Some(bound);
        self
    }

    /// Adds a pair. `bound` is the largest error it may have.
    pub(crate) fn push(
        &mut self,
        server: &str,
        label: String,
        (measured, projected): (f64, f64),
        bound: Option<f64>,
    ) {
        self.points.push(Point {
            server: server.into(),
            label,
            measured,
            projected,
            unit: self.unit,
            error: self.error.of(measured, projected),
            bound,
        });
    }

    /// Whether every bound is kept.
    pub(crate) fn holds(&self) -> bool {
        self.mean_bound.is_none_or(|bound| self.mean_error() <= bound) && self.points.iter().all(Point::holds)
    }

    fn mean_error(&self) -> f64 {
        self.points.iter().map(|point| point.error).sum::<f64>() / self.points.len().max(1) as f64
    }

    /// The row that is nearest to its bound or furthest past it.
    fn worst(&self) -> Option<&Point> {
        self.points
            .iter()
            .max_by(|a, b| a.strain().total_cmp(&b.strain()))
    }

    /// What `--json` prints of it.
    pub(crate) fn summary(&self) -> Summary<'_> {
        let worst = self.worst();
        Summary {
            check: self.name,
            rows: self.points.len(),
            error_unit: self.error.unit().trim_start(),
            mean_error: self.mean_error(),
            mean_bound: self.mean_bound,
            worst_error: worst.map_or(0.0, |point| point.error),
            worst_bound: worst.and_then(|point| point.bound),
            worst: worst.map_or_else(String::new, |point| format!("{}, {}", point.server, point.label)),
            holds: self.holds(),
            points: &self.points,
        }
    }
}

/// A check as `--json` prints it.
#[derive(Serialize)]
pub(crate) struct Summary<'a> {
    check: &'static str,
    rows: usize,
    error_unit: &'static str,
    pub(crate) mean_error: f64,
    mean_bound: Option<f64>,
    /// Error and bound of the row nearest to its bound, or furthest past it.
    pub(crate) worst_error: f64,
    pub(crate) worst_bound: Option<f64>,
    pub(crate) worst: String,
    holds: bool,
    points: &'a [Point],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_and_verdicts() {
        let mut check = Check::new("test", ErrorKind::Points, "share").mean_within(0.16);
        check.push("a", "1".into(), (0.5, 0.501), Some(0.6));
        check.push("b", "2".into(), (0.5, 0.502), Some(0.6));
        assert!(check.holds());
        assert!((check.summary().mean_error - 0.15).abs() < 1e-9);
        assert_eq!(check.summary().worst, "b, 2");
        check.push("c", "3".into(), (0.5, 0.507), Some(1.0));
        assert!(!check.holds(), "the mean is past its bound");
        assert!(ErrorKind::Percent.of(200.0, 199.0) > 0.499 && ErrorKind::Percent.of(0.0, 0.0) == 0.0);
        assert!(ErrorKind::Exact.of(7.0, 7.0) < 0.5 && ErrorKind::Exact.of(7.0, 8.0) > 0.5);
        let mut broken = Check::new("test", ErrorKind::Percent, "keys");
        broken.push("a", "1".into(), (1.0, f64::NAN), None);
        assert!(!broken.holds(), "an error that is no number is past any bound");
        assert!(ErrorKind::Exact.of(7.0, f64::NAN) > 0.5);
    }

    #[test]
    fn the_worst_row_is_the_one_nearest_to_its_own_bound() {
        let mut check = Check::new("test", ErrorKind::Percent, "keys");
        check.push("a", "loose".into(), (100.0, 103.0), Some(5.0));
        check.push("b", "tight".into(), (100.0, 102.0), Some(1.0));
        assert_eq!(check.summary().worst, "b, tight");
        assert!(!check.holds());
    }
}

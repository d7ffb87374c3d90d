//! Bills: lists of lines, each with quantity, unit price, source and date. Totals are sums of lines.

use crate::units::Usd;
use serde::{Deserialize, Serialize};

/// What a month of the deployment costs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bill {
    /// The lines; amounts are what they say, totals are sums of them.
    pub lines: Vec<Line>,
}

/// One line of a bill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// What is paid for.
    pub what: String,
    /// Whether it is paid for the cache, or is a cost of the database that the cache leaves or avoids.
    pub kind: LineKind,
    /// How much of it a month.
    pub quantity: f64,
    /// Unit of the quantity, such as `node-hours`.
    pub unit: String,
    /// Price of one unit.
    pub unit_price: Usd,
    /// Where the price is from, with its date.
    pub source: String,
}

/// What a line is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// The cache itself; the lines of this kind make the headline cost.
    Cache,
    /// Database work that remains.
    Database,
    /// Database work that the cache saved; informative, not part of a total to pay.
    DatabaseAvoided,
}

impl Line {
    /// Quantity times unit price.
    pub fn amount(&self) -> Usd {
        Usd(self.quantity * self.unit_price.0)
    }
}

impl Bill {
    /// Sum of the lines of one kind.
    pub fn total(&self, kind: LineKind) -> Usd {
        Usd(self
            .lines
            .iter()
            .filter(|line| line.kind == kind)
            .map(|line| line.amount().0)
            .sum())
    }
}

//! Quantities as people write them: forgiving parsing, exact text for editors, rounded text for answers.
//!
//! A quantity is an `f64` in the base unit that [`Unit`] names; 53 bits hold every count and size the scenario
//! allows exactly.

mod parse;
mod show;
#[cfg(test)]
mod tests;

pub use parse::{QuantityError, parse};
pub use show::{clock, digits3, exact, fixed, grouped, percent, percent_level, short, text, usd};

/// What a number measures, and so how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A whole number of things.
    Count,
    /// Bytes. `KB` is 1,000 of them, `KiB` is 1,024.
    Bytes,
    /// Events per second.
    PerSecond,
    /// Seconds.
    Seconds,
    /// Microseconds; a number without a unit is read as milliseconds, the way latencies are spoken of.
    Micros,
    /// A part of a whole, 0 to 1, written in percent.
    Percent,
    /// Hour of the day, 0 to 24, written as a clock does.
    Hour,
    /// United States dollars.
    Usd,
    /// A pure number.
    Number,
}

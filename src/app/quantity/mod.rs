//! Quantities as people write them: forgiving parsing. How they are shown stands in the engine, whose diagnosis tells
//! them too.

mod parse;
#[cfg(test)]
mod tests;

pub use cacheplan_engine::quantity::{
    Unit, clock, digits3, exact, fixed, grouped, percent, percent_level, short, text, usd,
};
pub use parse::{QuantityError, parse};

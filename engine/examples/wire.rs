//! What tests in a browser tell a worker, and what it answers, in the form that people read:
//!
//! ```text
//! wire scenario < SCENARIO.json > BYTES      the bytes of the question
//! wire report < BYTES > REPORT.json          the text of the answer, as `cacheplan run --json` prints it
//! ```

use cacheplan_engine::report::Report;
use cacheplan_engine::scenario::{Scenario, link};
use std::error::Error;
use std::io::{Read, Write, stdin, stdout};

fn main() -> Result<(), Box<dyn Error>> {
    let mut input = Vec::new();
    stdin().read_to_end(&mut input)?;
    let output = match std::env::args().nth(1).as_deref() {
        Some("scenario") => link::to_bytes(&Scenario::from_json(&String::from_utf8(input)?)?),
        Some("report") => serde_json::to_vec_pretty(&postcard::from_bytes::<Report>(&input)?)?,
        _ => return Err("say what is to be translated: scenario or report".into()),
    };
    Ok(stdout().write_all(&output)?)
}

//! A cache without nodes.

use super::super::code::Code;
use crate::scenario::{Scenario, Serverless};
use crate::units::{Bytes, PerSecond};

/// Whether there are none, and the bounds of what the cache takes then.
pub(super) fn serverless(code: &mut Code<'_>, scenario: &mut Scenario) {
    code.option(
        &mut scenario.cluster.serverless,
        |code, serverless: &mut Serverless| {
            code.f64(&mut serverless.min_ecpu_per_s.0);
            code.option(&mut serverless.max_ecpu_per_s, |code, most: &mut PerSecond| {
                code.f64(&mut most.0);
            });
            code.u64(&mut serverless.min_bytes.0);
            code.option(&mut serverless.max_bytes, |code, most: &mut Bytes| {
                code.u64(&mut most.0);
            });
        },
    );
}

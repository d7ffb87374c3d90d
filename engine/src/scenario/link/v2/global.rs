//! Secondary regions.

use super::super::code::Code;
use crate::scenario::{GlobalDatastore, Scenario};

/// Whether there are any, and how far away they are.
pub(super) fn global(code: &mut Code<'_>, scenario: &mut Scenario) {
    code.option(
        &mut scenario.cluster.global,
        |code, global: &mut GlobalDatastore| {
            code.u32(&mut global.secondaries);
            code.f64(&mut global.share.0);
            code.u32(&mut global.lag_ms);
            code.u32(&mut global.round_trip_ms);
        },
    );
}

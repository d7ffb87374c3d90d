//! What `v1` does not hold of the key classes, and their laws in full.

use super::super::code::Code;
use super::super::values;
use crate::scenario::{Follow, KeyClass, Scenario, Workload};

/// One for each class, in the order of the `v1` form, which has the rest. A trace has none.
pub(super) fn classes(code: &mut Code<'_>, scenario: &mut Scenario) {
    let Workload::Synthetic { classes } = &mut scenario.workload else {
        // Nobody writes one for a trace.
        if code.reads() {
            code.fail();
        }
        return;
    };
    if code.length(classes.len()) != classes.len() {
        return code.fail();
    }
    for each in classes {
        class(code, each);
    }
}

fn class(code: &mut Code<'_>, class: &mut KeyClass) {
    values::popularity(code, &mut class.popularity, 5);
    code.f64(&mut class.churn_per_day);
    code.f64(&mut class.drift_per_day);
    values::value_size(code, &mut class.value_size, 3);
    values::rate(code, &mut class.rate, 4);
    code.f64(&mut class.deletes.0);
    code.u32(&mut class.multi_get);
    code.f64(&mut class.heavy.share.0);
    code.f64(&mut class.heavy.cost);
    code.option(&mut class.hash_tags, Code::u32);
    code.option(&mut class.follows, |code, follow: &mut Follow| {
        code.text(&mut follow.class);
        code.f64(&mut follow.probability.0);
        code.u32(&mut follow.delay_ms);
    });
}

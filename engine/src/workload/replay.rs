//! Requests replayed from a recorded trace.

use super::keys::{Homes, KeyTable, NewKey};
use super::trace::{Clock, Trace};
use super::{Request, Told};
use crate::cluster::Topology;
use crate::scenario::TraceWorkload;
use crate::units::Micros;
use std::sync::Arc;

/// A trace on its way through a run.
pub(crate) struct TraceSource {
    trace: Arc<Trace>,
    clock: Clock,
    speed: f64,
    next: usize,
    requests: usize,
    end: Micros,
}

impl TraceSource {
    /// The requests of a trace up to `limit` of simulated time, and the table of its keys, which is empty before.
    ///
    /// A key lives where one of the name `key:<number of first appearance>` does: traces carry anonymised names.
    pub(crate) fn new(
        trace: Arc<Trace>,
        workload: &TraceWorkload,
        topology: &Topology,
        limit: Micros,
        mut table: KeyTable,
    ) -> (Self, KeyTable) {
        let scaled = |us: Micros| Micros((us.0 as f64 / workload.speed) as u64);
        let all = trace.requests();
        let duration = scaled(trace.duration());
        let (requests, end) = if duration <= limit {
            (all, duration)
        } else {
            let (mut low, mut high) = (0, all);
            while low < high {
                let middle = usize::midpoint(low, high);
                if scaled(trace.time(middle)) < limit {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            (low, limit)
        };
        let mut counts = vec![0u32; trace.objects()];
        for key in trace.keys().iter().take(requests) {
            if let Some(count) = counts.get_mut(*key as usize) {
                *count += 1;
            }
        }
        let seconds = end.as_secs().max(1e-6);
        let mut homes = Homes::named("key:", topology);
        table.reserve(trace.objects());
        for (object, (count, size)) in counts.iter().zip(trace.sizes()).enumerate() {
            let key = NewKey {
                value_bytes: *size,
                keys: 1,
                class: 0,
                thinned: false,
                rate: f64::from(*count) / seconds,
                number: object as u64,
            };
            table.push(homes.of(object as u64), key);
        }
        let source = Self {
            trace,
            clock: Clock::default(),
            speed: workload.speed,
            next: 0,
            requests,
            end,
        };
        (source, table)
    }

    /// When the run is over.
    pub(crate) fn end(&self) -> Micros {
        self.end
    }

    /// Requests of the run.
    pub(crate) fn requests(&self) -> usize {
        self.requests
    }

    /// Adds up to `count` further requests to `batch`; fewer when all are done.
    pub(crate) fn fill(&mut self, batch: &mut Vec<Request>, count: usize) {
        batch.extend(core::iter::from_fn(|| self.next()).take(count));
    }

    fn next(&mut self) -> Option<Request> {
        if self.next >= self.requests {
            return None;
        }
        let at = self.next;
        self.next += 1;
        let trace = &self.trace;
        let key = *trace.keys().get(at)?;
        let key_bytes = trace.key_bytes().and_then(|lengths| lengths.get(key as usize));
        let time = (self.clock.time(trace, at).0 as f64 / self.speed) as u64;
        Some(Request {
            // The end is exclusive, so that the last request falls into the last interval.
            at: Micros(time.min(self.end.0.saturating_sub(1))),
            key,
            operation: trace.operation(at),
            told: Told::new(key_bytes.copied(), trace.request_size(at), trace.ttl(at)),
            cost: 1.0,
            continues: false,
        })
    }
}

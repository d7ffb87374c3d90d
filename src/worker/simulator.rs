//! The worker that simulates. It knows neither files nor JSON: this keeps small what must be there before the first
//! answer.

use super::blob::BlobReader;
use super::messages::{Failure, Job};
use super::questions::golden;
use super::serve::{self, Clock, Word, Work, blob_of, unusable};
use super::simulation::Simulation;
use cacheplan_engine::scenario::{Scenario, Workload, link};
use cacheplan_engine::workload::trace::Trace;
use js_sys::{Array, Uint8Array};
use std::sync::Arc;
use wasm_bindgen::JsValue;

/// Makes this worker one that simulates. To be called once, first thing.
///
/// # Errors
/// When this is no worker, or the browser lacks what a worker needs.
pub fn start() -> Result<(), JsValue> {
    serve::start(Box::new(Simulator::default()))
}

#[derive(Default)]
struct Simulator {
    task: Option<Task>,
    /// The trace read last, for the next run of it.
    trace: Option<Arc<Trace>>,
}

enum Task {
    /// Take over the trace that a scenario replays, then run it.
    Unpack(web_sys::Blob, Box<Scenario>),
    Simulate(Box<Simulation>),
}

impl Simulator {
    /// Whether a scenario needs no trace but what is here.
    fn has_trace_of(&self, scenario: &Scenario) -> bool {
        match (&scenario.workload, &self.trace) {
            (Workload::Synthetic { .. }, _) => true,
            (Workload::Trace(wanted), Some(trace)) => trace.fingerprint() == wanted.fingerprint,
            (Workload::Trace(_), None) => false,
        }
    }

    fn simulate(&mut self, scenario: Box<Scenario>) {
        let simulation = Simulation::new(scenario, self.trace.clone());
        self.task = Some(Task::Simulate(Box::new(simulation)));
    }
}

impl Work for Simulator {
    fn take_on(&mut self, job: Job, attachment: &JsValue) -> Result<(), Failure> {
        self.task = None;
        let Job::Run { scenario } = job else {
            return Err(unusable("this worker has nothing to do with files"));
        };
        let scenario = link::from_bytes(&scenario).map_err(|error| unusable(&error))?;
        let scenario = Box::new(scenario);
        if self.has_trace_of(&scenario) {
            self.simulate(scenario);
        } else {
            self.task = Some(Task::Unpack(blob_of(attachment)?, scenario));
        }
        Ok(())
    }

    fn drop_job(&mut self) {
        self.task = None;
    }

    fn slice(&mut self, clock: Clock<'_>) -> Result<Option<Word>, Failure> {
        match self.task.take() {
            None => Ok(None),
            Some(Task::Unpack(blob, scenario)) => {
                // Two large traces may not fit into memory together.
                self.trace = None;
                self.trace = Some(Arc::new(unpack(blob)?));
                self.simulate(scenario);
                Ok(None)
            }
            Some(Task::Simulate(mut simulation)) => {
                let event = simulation.slice(clock);
                self.task = Some(Task::Simulate(simulation));
                Ok(event.map(Word::from))
            }
        }
    }

    fn answer(&mut self, question: &str, about: &Array, _clock: Clock<'_>) -> Result<Array, String> {
        match question {
            "golden" => {
                let report = golden(&Uint8Array::new(&about.get(1)).to_vec())?;
                Ok(Array::of2(&about.get(0), &Uint8Array::from(report.as_slice())))
            }
            #[cfg(feature = "bench")]
            "replay" => self.replay(about, _clock),
            _ => Err(format!("{question}: no such question")),
        }
    }
}

/// Takes a packed trace over, in one go: it takes a fraction of a second.
fn unpack(blob: web_sys::Blob) -> Result<Trace, Failure> {
    let bytes = blob.size() as u64;
    let mut reader = BlobReader::new(blob).map_err(|error| unusable(&error))?;
    Trace::unpack(&mut reader, bytes).map_err(|error| unusable(&format!("the trace is not at hand: {error}")))
}

#[cfg(feature = "bench")]
impl Simulator {
    fn replay(&mut self, about: &Array, clock: Clock<'_>) -> Result<Array, String> {
        let [policy, capacity, repeat, source] = [1, 2, 3, 4].map(|at| about.get(at));
        if !source.is_undefined() {
            self.trace = None;
            self.trace = Some(Arc::new(recorded(&source)?));
        }
        let trace = self.trace.as_ref().ok_or("no trace was given")?;
        let policy = policy.as_string().ok_or("no policy was given")?;
        let number = |value: &JsValue| value.as_f64().ok_or("a number is missing");
        let (capacity, repeat) = (number(&capacity)? as u64, number(&repeat)? as u32);
        let times = super::questions::replay_bench(trace, &policy, capacity, repeat, clock)?;
        let misses = JsValue::from_f64(times.misses as f64);
        Ok(Array::of3(&about.get(0), &misses, &times.seconds.into()))
    }
}

/// The trace in a `File`, `Blob`, `ArrayBuffer` or typed array.
#[cfg(feature = "bench")]
fn recorded(source: &JsValue) -> Result<Trace, String> {
    use cacheplan_engine::workload::trace::{Options, Reader};
    let blob = web_sys::Blob::new_with_u8_array_sequence(&Array::of1(source))
        .map_err(|error| super::wire::describe(&error))?;
    let reader = BlobReader::new(blob).map_err(|error| error.to_string())?;
    Reader::new(reader, &Options::default())
        .and_then(Reader::finish)
        .map_err(|error| error.to_string())
}

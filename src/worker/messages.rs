//! What page and worker say to each other.
//!
//! A message is a JavaScript array. Its first element is the bytes of [`ToWorker`] or [`FromWorker`] in postcard: page
//! and simulating worker then go without JSON, which takes far more code. Attachments follow: a `File` or `Blob` to read,
//! or a `Float64Array` for each column of a report's series, handed over rather than copied.
//!
//! Tests and benchmarks, which have no postcard, put the name of a question in place of the bytes, followed by what it is
//! about, and are answered in the same way, or with `"error"` and a text; the page never asks so. Workers that simulate
//! know these:
//!
//! ```text
//! "golden", scenario                                 ->  "golden", report
//! "replay", policy, capacity, repeat [, oracleGeneral]  ->  "replay", misses, seconds
//! ```
//!
//! `golden` runs a scenario in one go, its bytes being [`ScenarioBytes`], and tells the whole report in postcard. `replay`
//! is there in builds with the feature `bench` only: it replays a trace through a policy with room for so many objects,
//! and tells the median of the times. The trace is a `File`, `Blob`, `ArrayBuffer` or typed array; without, it is the one
//! given last.
//!
//! Page and workers are of the same build, so the form has no versions; the [`Ready`](FromWorker::Ready) that a
//! worker starts with says of which build it is.

use super::schedule::JobId;
use cacheplan_engine::report::Report;
use serde::{Deserialize, Serialize};

/// Most requests of a [`Stage::Coarse`] run: what simulates within 100 ms of an edit.
pub const COARSE_REQUESTS: u64 = 100_000;

/// Most requests of a run that has no coarse stage: that would take a third of the time that the whole answer does.
pub const SMALL_REQUESTS: u64 = 3 * COARSE_REQUESTS;

/// A scenario as [`link::to_bytes`](cacheplan_engine::scenario::link::to_bytes) writes it: the page has what that
/// takes already, for its links.
pub type ScenarioBytes = Vec<u8>;

/// From the page to a worker. A worker does one job at a time; a new one takes the place of the old.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ToWorker {
    /// Start a job. What it reads is attached.
    Start {
        /// Goes into every message about it.
        id: JobId,
        /// What to do.
        job: Job,
    },
    /// Drop a job.
    Cancel {
        /// Which.
        id: JobId,
    },
}

/// Work for a worker: the first for one that simulates, the others for the one that reads and writes files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Job {
    /// Simulate a scenario, a large synthetic one first coarsely.
    Run {
        /// Its trace, if it has one, is attached in [packed](cacheplan_engine::workload::trace::Trace::pack) form, and
        /// read unless the worker holds it already.
        scenario: ScenarioBytes,
    },
    /// Read the trace in the attached `File`, say what is in it, and pack it for those that simulate.
    ReadTrace,
    /// Read the attached scenario file.
    ReadScenario,
    /// Write a scenario as the text of a scenario file.
    WriteScenario {
        /// The scenario.
        scenario: ScenarioBytes,
    },
}

/// From a worker to the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FromWorker {
    /// Always the first message. The page sends nothing before it and refuses another build. Stays the first
    /// variant, so that builds understand each other's.
    Ready {
        /// [`BUILD_ID`](super::BUILD_ID) of the worker.
        build_id: String,
    },
    /// The worker is about to die of a bug.
    Panicked {
        /// Message and place of the panic.
        message: String,
    },
    /// Something happens to a job.
    Job {
        /// Which.
        id: JobId,
        /// What.
        event: Event,
    },
}

/// What happens to a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// Reading a trace goes on.
    Reading {
        /// Part of the file's bytes read, 0 to 1.
        share: f64,
    },
    /// The trace is read. Attached: the trace, packed, as a `Blob`. The last event of [`Job::ReadTrace`].
    TraceRead(TraceInfo),
    /// The scenario file is read. The last event of [`Job::ReadScenario`].
    ScenarioRead {
        /// The scenario in it.
        scenario: ScenarioBytes,
    },
    /// The scenario as the text of a scenario file. The last event of [`Job::WriteScenario`].
    ScenarioWritten {
        /// Pretty-printed JSON.
        json: String,
    },
    /// A run goes on.
    Progress {
        /// Which stage.
        stage: Stage,
        /// Part of the simulated time that is done, 0 to 1.
        share: f64,
    },
    /// A report, its series thinned out. The complete one of [`Stage::Refined`] is the last event of
    /// [`Job::Run`].
    Report {
        /// Which stage it is of.
        stage: Stage,
        /// Whether the stage is done; otherwise this is what is known so far.
        complete: bool,
        /// The report. Series columns travel as attachments.
        report: Box<Report>,
    },
    /// The job will not be finished. The last event.
    Failed(Failure),
}

impl Event {
    /// Whether nothing follows.
    pub fn is_last(&self) -> bool {
        match self {
            Self::Report { stage, complete, .. } => *complete && *stage == Stage::Refined,
            Self::TraceRead(_)
            | Self::ScenarioRead { .. }
            | Self::ScenarioWritten { .. }
            | Self::Failed(_) => true,
            Self::Reading { .. } | Self::Progress { .. } => false,
        }
    }
}

/// How precise a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// A quick answer from a small sample of the keys; see [`COARSE_REQUESTS`].
    Coarse,
    /// The answer with the scenario's own budget of requests.
    Refined,
}

/// Why a job is not finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Whose fault it is.
    pub cause: Cause,
    /// What happened, for people.
    pub message: String,
}

/// Whose fault a failure is; tells what can be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// The scenario or the file cannot be used as it is.
    Input,
    /// The worker crashed and was replaced; running again may help.
    Crash,
    /// Workers do not start.
    Start,
    /// The worker's script is of another build than the page; loading the page again helps.
    OtherBuild,
}

impl Failure {
    /// A failure of this cause.
    pub fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self {
            cause,
            message: message.into(),
        }
    }
}

/// What is in a trace that was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceInfo {
    /// File name.
    pub name: String,
    /// [`Trace::fingerprint`](cacheplan_engine::workload::trace::Trace::fingerprint).
    pub fingerprint: u64,
    /// Requests in it.
    pub requests: u64,
    /// Distinct keys in it.
    pub objects: u64,
    /// Bytes that its distinct objects take together.
    pub bytes: u64,
    /// From the start of its first second to the end of its last.
    pub seconds: u64,
    /// Requests recorded earlier than their predecessor; they count as simultaneous with it.
    pub clamped_times: u64,
    /// Lines or records that could not be read and were left out.
    pub skipped: u64,
    /// The first of these, in words and with their numbers.
    pub problems: Vec<String>,
}

impl FromWorker {
    /// As bytes, and the columns that go beside them.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn encode(mut self) -> Result<(Vec<u8>, Vec<Vec<f64>>), String> {
        let columns = self.columns().map(std::mem::take).unwrap_or_default();
        let bytes = postcard::to_allocvec(&self).map_err(|error| error.to_string())?;
        Ok((bytes, columns))
    }

    /// From what [`encode`](Self::encode) made.
    ///
    /// # Errors
    /// When the bytes are no message of this build.
    pub fn decode(bytes: &[u8], columns: Vec<Vec<f64>>) -> Result<Self, String> {
        let mut message: Self = postcard::from_bytes(bytes).map_err(|error| error.to_string())?;
        if let Some(place) = message.columns() {
            *place = columns;
        }
        Ok(message)
    }

    fn columns(&mut self) -> Option<&mut Vec<Vec<f64>>> {
        match self {
            Self::Job {
                event: Event::Report { report, .. },
                ..
            } => Some(&mut report.series.columns),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cacheplan_engine::scenario::Scenario;
    use cacheplan_engine::sim::Sim;

    fn report() -> Report {
        let mut scenario = Scenario::default();
        scenario.run.request_budget = 10_000;
        let mut sim = Sim::new(scenario.plan().unwrap(), None).unwrap();
        while !sim.advance(10_000).complete {}
        Report::of(&sim)
    }

    #[test]
    fn reports_survive_the_journey_bit_for_bit_with_their_gaps() {
        let mut sent = report();
        if let Some(column) = sent.series.columns.first_mut() {
            column[0] = f64::NAN;
        }
        let report = Box::new(sent);
        let sent = FromWorker::Job {
            id: 3,
            event: Event::Report {
                stage: Stage::Refined,
                complete: true,
                report,
            },
        };
        let (bytes, columns) = sent.clone().encode().unwrap();
        assert!(!columns.is_empty());
        let received = FromWorker::decode(&bytes, columns).unwrap();
        // NaN is not equal to itself, but written the same.
        assert_eq!(format!("{received:?}"), format!("{sent:?}"));
    }

    #[test]
    fn bytes_of_something_else_are_no_message() {
        assert!(FromWorker::decode(&[1, 99, 0], vec![]).is_err());
    }

    #[test]
    fn only_the_complete_refined_report_ends_a_run() {
        let event = |stage, complete| Event::Report {
            stage,
            complete,
            report: Box::new(report()),
        };
        assert!(event(Stage::Refined, true).is_last());
        assert!(!event(Stage::Refined, false).is_last());
        assert!(!event(Stage::Coarse, true).is_last());
    }
}

//! The worker that reads and writes files: recorded traces in any form, scenarios as JSON. What that takes is a third of
//! all code that could be in a worker, and most visits need none of it.

use super::blob::{self, BlobReader};
use super::messages::{Event, Failure, Job};
use super::reading::{Reading, info_of};
use super::serve::{self, Clock, Word, Work, blob_of, unusable};
use cacheplan_engine::scenario::{Scenario, link};
use wasm_bindgen::{JsCast, JsValue};

/// Makes this worker the one that reads and writes files. To be called once, first thing.
///
/// # Errors
/// When this is no worker, or the browser lacks what a worker needs.
pub fn start() -> Result<(), JsValue> {
    serve::start(Box::new(Files::default()))
}

#[derive(Default)]
struct Files {
    task: Option<Task>,
}

enum Task {
    ReadTrace(Box<Reading<BlobReader>>),
    ReadScenario(web_sys::Blob),
    WriteScenario(Vec<u8>),
}

impl Work for Files {
    fn take_on(&mut self, job: Job, attachment: &JsValue) -> Result<(), Failure> {
        self.task = None;
        self.task = Some(match job {
            Job::ReadTrace => Task::ReadTrace(Box::new(read(attachment)?)),
            Job::ReadScenario => Task::ReadScenario(blob_of(attachment)?),
            Job::WriteScenario { scenario } => Task::WriteScenario(scenario),
            Job::Run { .. } => return Err(unusable("this worker does not simulate")),
        });
        Ok(())
    }

    fn drop_job(&mut self) {
        self.task = None;
    }

    fn slice(&mut self, clock: Clock<'_>) -> Result<Option<Word>, Failure> {
        match self.task.take() {
            None => Ok(None),
            Some(Task::ReadTrace(mut reading)) => {
                let (status, event) = reading.slice(clock)?;
                if status.more() {
                    self.task = Some(Task::ReadTrace(reading));
                    return Ok(event.map(Word::from));
                }
                pack(*reading).map(Some)
            }
            Some(Task::ReadScenario(blob)) => {
                let text = blob::text(&blob).map_err(|error| unusable(&error))?;
                let scenario = Scenario::from_json(&text).map_err(|error| unusable(&error))?;
                let scenario = link::to_bytes(&scenario);
                Ok(Some(Event::ScenarioRead { scenario }.into()))
            }
            Some(Task::WriteScenario(scenario)) => {
                let scenario = link::from_bytes(&scenario).map_err(|error| unusable(&error))?;
                let json = scenario.to_json();
                Ok(Some(Event::ScenarioWritten { json }.into()))
            }
        }
    }
}

/// Begins to read a trace file.
fn read(file: &JsValue) -> Result<Reading<BlobReader>, Failure> {
    let blob = blob_of(file)?;
    let name = file
        .dyn_ref::<web_sys::File>()
        .map(web_sys::File::name)
        .unwrap_or_default();
    let size = blob.size();
    let reader = BlobReader::new(blob).map_err(|error| unusable(&error))?;
    Reading::new(reader, name, size)
}

/// What is in a trace that was read, and the trace as a blob: any number of workers can read one, and the browser keeps
/// it outside of the page's memory.
fn pack(reading: Reading<BlobReader>) -> Result<Word, Failure> {
    let name = reading.name().to_owned();
    let trace = reading.finish()?;
    let mut writer = blob::BlobWriter::default();
    let packed = trace.pack(&mut writer).and_then(|()| writer.finish());
    Ok(Word {
        event: Event::TraceRead(info_of(&trace, &name)),
        attachment: Some(packed.map_err(|error| unusable(&error))?),
    })
}

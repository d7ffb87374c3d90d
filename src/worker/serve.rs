//! The worker's side: an inbox, and a job done in slices between looks into it.

use super::BUILD_ID;
use super::blob::{self, BlobReader};
use super::messages::{Answer, Cause, Event, Failure, FromWorker, Job, Question, ToWorker};
use super::schedule::JobId;
use super::task::{Reading, Simulation, golden, info_of};
use super::wire::{self, Incoming, Outgoing};
use cacheplan_engine::scenario::{Scenario, Workload, link};
use cacheplan_engine::workload::trace::Trace;
use std::cell::RefCell;
use std::sync::Arc;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

/// What a worker has. It lives as long as the worker, and so do its handlers.
struct Server {
    scope: web_sys::DedicatedWorkerGlobalScope,
    performance: web_sys::Performance,
    /// Posting to itself lets messages in between two slices; a timer would do, but browsers make repeated
    /// timers wait 4 ms.
    wake: web_sys::MessagePort,
    awake: bool,
    task: Option<(JobId, Task)>,
    /// The trace read last, for the next run of it.
    trace: Option<Arc<Trace>>,
}

enum Task {
    Read {
        reading: Box<Reading<BlobReader>>,
        /// The run that it is read for, if any.
        then: Option<Box<Scenario>>,
    },
    ReadScenario(web_sys::Blob),
    WriteScenario(Box<Scenario>),
    Simulate(Box<Simulation>),
}

thread_local! {
    static SERVER: RefCell<Option<Server>> = const { RefCell::new(None) };
}

/// Makes this worker serve. To be called once, first thing.
///
/// # Errors
/// When this is no worker, or the browser lacks what a worker needs.
pub fn start() -> Result<(), JsValue> {
    let scope: web_sys::DedicatedWorkerGlobalScope = js_sys::global().dyn_into()?;
    std::panic::set_hook(Box::new(report_panic));
    let channel = web_sys::MessageChannel::new()?;
    let tick = Closure::<dyn FnMut()>::new(|| with_server(Server::tick));
    channel.port1().set_onmessage(Some(tick.as_ref().unchecked_ref()));
    tick.forget();
    let inbox = Closure::<dyn FnMut(web_sys::MessageEvent)>::new(|event: web_sys::MessageEvent| {
        with_server(|server| server.receive(&event.data()));
    });
    scope.set_onmessage(Some(inbox.as_ref().unchecked_ref()));
    inbox.forget();
    let server = Server {
        performance: scope.performance().ok_or("the worker has no clock")?,
        scope,
        wake: channel.port2(),
        awake: false,
        task: None,
        trace: None,
    };
    let build_id = BUILD_ID.to_owned();
    server.post(wire::pack(FromWorker::Ready { build_id }));
    SERVER.set(Some(server));
    Ok(())
}

fn with_server(act: impl FnOnce(&mut Server)) {
    SERVER.with_borrow_mut(|server| {
        if let Some(server) = server {
            act(server);
        }
    });
}

/// A panic ends the worker. The page is told first, and replaces it.
fn report_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let message = panic.to_string();
    let scope = js_sys::global().dyn_into::<web_sys::DedicatedWorkerGlobalScope>();
    if let (Ok(scope), Ok(outgoing)) = (scope, wire::pack(FromWorker::Panicked { message })) {
        scope.post_message(&outgoing.array).ok();
    }
    console_error_panic_hook::hook(panic);
}

impl Server {
    fn receive(&mut self, data: &JsValue) {
        let (message, attachment) = match wire::unpack_in_worker(data) {
            Ok(unpacked) => unpacked,
            // The page and this worker have agreed on the build: only a stranger writes so.
            Err(error) => return self.post(wire::pack(FromWorker::Panicked { message: error })),
        };
        match message {
            Incoming::FromPage(ToWorker::Start { id, job }) => {
                self.task = None;
                match self.take_on(job, &attachment) {
                    Ok(task) => self.task = Some((id, task)),
                    Err(failure) => self.tell(id, Event::Failed(failure)),
                }
            }
            Incoming::FromPage(ToWorker::Cancel { id }) => {
                self.task.take_if(|(current, _)| *current == id);
            }
            Incoming::FromTest(Question::Golden { scenario_json }) => {
                let report_json = golden(&scenario_json);
                self.post(wire::pack_answer(&Answer::Golden { report_json }));
            }
            #[cfg(any(feature = "bench", test))]
            Incoming::FromTest(Question::ReplayBench {
                policy,
                capacity,
                repeat,
            }) => {
                let times = self.bench(&attachment, &policy, capacity, repeat);
                self.post(wire::pack_answer(&Answer::ReplayBench(times)));
            }
        }
        self.wake_up();
    }

    fn take_on(&mut self, job: Job, file: &JsValue) -> Result<Task, Failure> {
        match job {
            Job::ReadTrace => self.begin_reading(file, None),
            Job::ReadScenario => Ok(Task::ReadScenario(blob_of(file)?)),
            Job::WriteScenario { scenario } => Ok(Task::WriteScenario(scenario_of(&scenario)?)),
            Job::Run { scenario } => {
                let scenario = scenario_of(&scenario)?;
                if self.has_trace_of(&scenario) {
                    Ok(self.simulate(scenario))
                } else {
                    self.begin_reading(file, Some(scenario))
                }
            }
        }
    }

    /// Whether a scenario needs no trace but what is here.
    fn has_trace_of(&self, scenario: &Scenario) -> bool {
        match (&scenario.workload, &self.trace) {
            (Workload::Synthetic { .. }, _) => true,
            (Workload::Trace(wanted), Some(trace)) => trace.fingerprint() == wanted.fingerprint,
            (Workload::Trace(_), None) => false,
        }
    }

    fn begin_reading(&mut self, file: &JsValue, then: Option<Box<Scenario>>) -> Result<Task, Failure> {
        // Two large traces may not fit into memory together.
        self.trace = None;
        let reading = Box::new(read(file)?);
        Ok(Task::Read { reading, then })
    }

    fn simulate(&self, scenario: Box<Scenario>) -> Task {
        Task::Simulate(Box::new(Simulation::new(scenario, self.trace.clone())))
    }

    /// One slice of the task at hand.
    fn tick(&mut self) {
        self.awake = false;
        let Some((id, task)) = self.task.take() else {
            return;
        };
        match self.slice(id, task) {
            Ok(rest) => self.task = rest.map(|task| (id, task)),
            Err(failure) => self.tell(id, Event::Failed(failure)),
        }
        self.wake_up();
    }

    /// Works on a task and tells about it; returns what is left of it.
    fn slice(&mut self, id: JobId, task: Task) -> Result<Option<Task>, Failure> {
        let performance = self.performance.clone();
        let clock = move || performance.now();
        match task {
            Task::Read { mut reading, then } => {
                let (status, event) = reading.slice(&clock)?;
                if let Some(event) = event {
                    self.tell(id, event);
                }
                if status.more() {
                    return Ok(Some(Task::Read { reading, then }));
                }
                let name = reading.name().to_owned();
                let trace = Arc::new(reading.finish()?);
                let info = info_of(&trace, &name);
                self.trace = Some(trace);
                match then {
                    Some(scenario) => Ok(Some(self.simulate(scenario))),
                    None => {
                        self.tell(id, Event::TraceRead(info));
                        Ok(None)
                    }
                }
            }
            Task::ReadScenario(blob) => {
                let text = blob::text(&blob).map_err(|error| unusable(&error))?;
                let scenario = Scenario::from_json(&text).map_err(|error| unusable(&error))?;
                let scenario = link::to_bytes(&scenario);
                self.tell(id, Event::ScenarioRead { scenario });
                Ok(None)
            }
            Task::WriteScenario(scenario) => {
                let json = scenario.to_json();
                self.tell(id, Event::ScenarioWritten { json });
                Ok(None)
            }
            Task::Simulate(mut simulation) => match simulation.slice(&clock) {
                None => Ok(Some(Task::Simulate(simulation))),
                Some(event) => {
                    let last = event.is_last();
                    self.tell(id, event);
                    Ok((!last).then_some(Task::Simulate(simulation)))
                }
            },
        }
    }

    #[cfg(any(feature = "bench", test))]
    fn bench(
        &mut self,
        file: &JsValue,
        policy: &str,
        capacity: u64,
        repeat: u32,
    ) -> Result<super::messages::ReplayTimes, String> {
        if !file.is_undefined() {
            self.trace = None;
            let reading = read(file).map_err(|failure| failure.message)?;
            self.trace = Some(Arc::new(reading.finish().map_err(|failure| failure.message)?));
        }
        let trace = self.trace.as_ref().ok_or("no trace was given")?;
        super::task::replay_bench(trace, policy, capacity, repeat, &|| self.performance.now())
    }

    /// Asks for a tick once the messages that are already here have been received.
    fn wake_up(&mut self) {
        if self.task.is_some() && !self.awake {
            self.awake = self.wake.post_message(&JsValue::NULL).is_ok();
        }
    }

    fn tell(&self, id: JobId, event: Event) {
        self.post(wire::pack(FromWorker::Job { id, event }));
    }

    fn post(&self, message: Result<Outgoing, String>) {
        let posted = message
            .map_err(JsValue::from)
            .and_then(|Outgoing { array, transfer }| {
                self.scope.post_message_with_transfer(&array, &transfer)
            });
        // The page would wait for ever; an exception that nobody catches reaches its error handler.
        if let Err(error) = posted {
            wasm_bindgen::throw_val(error);
        }
    }
}

fn scenario_of(bytes: &[u8]) -> Result<Box<Scenario>, Failure> {
    link::from_bytes(bytes)
        .map(Box::new)
        .map_err(|error| unusable(&error))
}

/// Begins to read an attached trace.
fn read(source: &JsValue) -> Result<Reading<BlobReader>, Failure> {
    let name = source
        .dyn_ref::<web_sys::File>()
        .map(web_sys::File::name)
        .unwrap_or_default();
    let blob = blob_of(source)?;
    let size = blob.size();
    Reading::new(
        BlobReader::new(blob).map_err(|error| unusable(&error))?,
        name,
        size,
    )
}

/// An attachment: a `File` or `Blob`, or bytes, which become one.
fn blob_of(source: &JsValue) -> Result<web_sys::Blob, Failure> {
    if let Some(blob) = source.dyn_ref::<web_sys::Blob>() {
        return Ok(blob.clone());
    }
    if source.is_undefined() {
        return Err(unusable("the file is not at hand"));
    }
    web_sys::Blob::new_with_u8_array_sequence(&js_sys::Array::of1(source))
        .map_err(|error| unusable(&wire::describe(&error)))
}

fn unusable(error: &(impl ToString + ?Sized)) -> Failure {
    Failure::new(Cause::Input, error.to_string())
}

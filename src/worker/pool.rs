//! The page's side: starts workers, hands them jobs, replaces those that die.

use super::BUILD_ID;
use super::messages::{Cause, Event, Failure, FromWorker, Job, ToWorker};
use super::schedule::{Action, JobId, Schedule};
use super::wire;
use cacheplan_engine::units::within;
use gloo::timers::callback::Timeout;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

/// Scripts that load the workers, as the build names them, beside the page.
const SIMULATOR: &str = "worker_loader.js";
const FILES: &str = "files_loader.js";

/// What `index.html` calls the simulator that it has started.
const EARLY: &str = "early";

/// A worker that is not ready after so long will not be. Covers a download over a slow line.
const START_DEADLINE_MS: u32 = 30_000;

type Listener = Rc<dyn Fn(JobId, Event, JsValue)>;

/// A few workers of one kind that share the jobs. Cloning gives another handle to the same.
#[derive(Clone)]
pub struct Pool(Rc<Inner>);

struct Inner {
    script: &'static str,
    schedule: RefCell<Schedule<Assignment>>,
    /// By place. There are few, and few jobs at a time.
    workers: RefCell<Vec<Option<Running>>>,
    listeners: RefCell<Vec<(JobId, Listener)>>,
}

struct Assignment {
    job: Job,
    attachment: JsValue,
}

/// A started worker. Dropping it ends the worker.
struct Running {
    worker: web_sys::Worker,
    _on_message: Closure<dyn FnMut(web_sys::MessageEvent)>,
    _on_error: Closure<dyn FnMut(web_sys::Event)>,
    deadline: Option<Timeout>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

impl Pool {
    /// Workers that simulate, up to four, which leave one core to the page. The first starts at once, so that it is there
    /// when the first job comes.
    pub fn simulators() -> Self {
        let cores = web_sys::window().map_or(1.0, |window| window.navigator().hardware_concurrency());
        let most = within(cores - 1.0, 1.0, 4.0) as usize;
        let pool = Self::of(SIMULATOR, Schedule::new(most));
        let actions = pool.0.schedule.borrow_mut().warm_up();
        pool.perform(actions);
        pool
    }

    /// The worker that reads and writes files. It is loaded with the first job, and ends when there is none left:
    /// WebAssembly never gives memory back otherwise, and reading a trace takes several times what the trace does.
    pub fn files() -> Self {
        Self::of(FILES, Schedule::on_demand())
    }

    fn of(script: &'static str, schedule: Schedule<Assignment>) -> Self {
        Self(Rc::new(Inner {
            script,
            schedule: RefCell::new(schedule),
            workers: RefCell::default(),
            listeners: RefCell::default(),
        }))
    }

    /// Has a job done. `attachment` is what it reads, undefined for nothing; `trace` the fingerprint of the trace that it needs, if any.
    /// Events, with what is attached to them, come after this returns, the last being one that [`Event::is_last`].
    pub fn submit(
        &self,
        job: Job,
        attachment: JsValue,
        trace: Option<u64>,
        listener: impl Fn(JobId, Event, JsValue) + 'static,
    ) -> JobId {
        self.take_on(Assignment { job, attachment }, trace, Rc::new(listener))
    }

    fn take_on(&self, assignment: Assignment, trace: Option<u64>, listener: Listener) -> JobId {
        let (id, actions) = self.0.schedule.borrow_mut().submit(assignment, trace);
        self.0.listeners.borrow_mut().push((id, listener));
        self.perform(actions);
        id
    }

    /// Drops a job; no event of it follows.
    pub fn cancel(&self, id: JobId) {
        self.0.listeners.borrow_mut().retain(|(of, _)| *of != id);
        let actions = self.0.schedule.borrow_mut().cancel(id);
        self.perform(actions);
    }

    fn perform(&self, actions: Vec<Action<Assignment>>) {
        let mut actions = VecDeque::from(actions);
        while let Some(action) = actions.pop_front() {
            match action {
                Action::Start(at) => {
                    if let Err(error) = self.start_worker(at) {
                        actions.extend(self.0.schedule.borrow_mut().died(at, &wire::describe(&error)));
                    }
                }
                Action::Send(at, id, Assignment { job, attachment }) => {
                    if let Err(error) = self.send(at, &ToWorker::Start { id, job }, &attachment) {
                        self.tell_later(id, Event::Failed(Failure::new(Cause::Input, error)));
                        actions.extend(self.0.schedule.borrow_mut().finished(at, id));
                    }
                }
                Action::Cancel(at, id) => {
                    if let Err(error) = self.send(at, &ToWorker::Cancel { id }, &JsValue::UNDEFINED) {
                        actions.extend(self.0.schedule.borrow_mut().died(at, &error));
                    }
                }
                Action::Fail(id, failure) => self.tell_later(id, Event::Failed(failure)),
                Action::End(at) => retire(self.put(at, None)),
            }
        }
    }

    fn send(&self, at: usize, message: &ToWorker, attachment: &JsValue) -> Result<(), String> {
        let workers = self.0.workers.borrow();
        let running = (workers.get(at))
            .and_then(Option::as_ref)
            .ok_or("the worker is gone")?;
        let outgoing = wire::pack_for_worker(message)?;
        outgoing.attach(attachment);
        running
            .worker
            .post_message(&outgoing.array)
            .map_err(|error| wire::describe(&error))
    }

    fn start_worker(&self, at: usize) -> Result<(), JsValue> {
        let script = self.0.script;
        let early = if script == SIMULATOR { take_early() } else { None };
        let (worker, messages) = match early {
            Some(early) => early,
            None => {
                let options = web_sys::WorkerOptions::new();
                options.set_type(web_sys::WorkerType::Module);
                (
                    web_sys::Worker::new_with_options(script, &options)?,
                    js_sys::Array::new(),
                )
            }
        };
        let pool = self.clone();
        let on_message = Closure::new(move |event: web_sys::MessageEvent| pool.on_message(at, &event.data()));
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        let pool = self.clone();
        let on_error = Closure::new(move |event: web_sys::Event| {
            event.prevent_default();
            // A script that does not load gives an event without a message.
            let message = js_sys::Reflect::get(&event, &JsValue::from_str("message"))
                .ok()
                .and_then(|message| message.as_string())
                .unwrap_or_else(|| format!("{script} did not load"));
            pool.died(at, &message);
        });
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        let pool = self.clone();
        let deadline = Timeout::new(START_DEADLINE_MS, move || {
            let seconds = START_DEADLINE_MS / 1_000;
            pool.died(at, &format!("{script} gave no sign of life for {seconds} s"));
        });
        let running = Running {
            worker,
            _on_message: on_message,
            _on_error: on_error,
            deadline: Some(deadline),
        };
        retire(self.put(at, Some(running)));
        for message in messages {
            self.on_message(at, &message);
        }
        Ok(())
    }

    fn died(&self, at: usize, message: &str) {
        retire(self.put(at, None));
        let actions = self.0.schedule.borrow_mut().died(at, message);
        self.perform(actions);
    }

    /// Puts a worker, or none, in a place and returns the one that was there.
    fn put(&self, at: usize, running: Option<Running>) -> Option<Running> {
        let mut workers = self.0.workers.borrow_mut();
        if workers.len() <= at {
            workers.resize_with(at + 1, || None);
        }
        workers
            .get_mut(at)
            .and_then(|place| std::mem::replace(place, running))
    }

    fn on_message(&self, at: usize, data: &JsValue) {
        match wire::unpack(data) {
            Ok((FromWorker::Job { id, event }, attachment)) => self.on_event(at, id, event, attachment),
            Ok((FromWorker::Ready { build_id }, _)) if build_id == BUILD_ID => {
                if let Some(Some(running)) = self.0.workers.borrow_mut().get_mut(at) {
                    running.deadline = None;
                }
                let actions = self.0.schedule.borrow_mut().ready(at);
                self.perform(actions);
            }
            Ok((FromWorker::Ready { build_id }, _)) => {
                self.refuse_build(&format!("page {BUILD_ID}, worker {build_id}"));
            }
            Ok((FromWorker::Panicked { message }, _)) => self.died(at, &message),
            Err(error) => self.refuse_build(&error),
        }
    }

    fn on_event(&self, at: usize, id: JobId, event: Event, attachment: JsValue) {
        if !self.0.schedule.borrow().is_current(at, id) {
            return;
        }
        let last = event.is_last();
        self.tell(id, event, attachment);
        if last {
            let actions = self.0.schedule.borrow_mut().finished(at, id);
            self.perform(actions);
        }
    }

    fn refuse_build(&self, detail: &str) {
        let workers = std::mem::take(&mut *self.0.workers.borrow_mut());
        workers.into_iter().for_each(retire);
        let failure = Failure::new(
            Cause::OtherBuild,
            format!("the page and its workers are of different versions ({detail})"),
        );
        let actions = self.0.schedule.borrow_mut().refuse(&failure);
        self.perform(actions);
    }

    fn tell(&self, id: JobId, event: Event, attachment: JsValue) {
        let mut listeners = self.0.listeners.borrow_mut();
        let at = listeners.iter().position(|(of, _)| *of == id);
        let listener = at.map(|at| match event.is_last() {
            true => listeners.swap_remove(at).1,
            false => Rc::clone(&listeners[at].1),
        });
        // It may submit another job.
        drop(listeners);
        if let Some(listener) = listener {
            listener(id, event, attachment);
        }
    }

    /// Events that come up while the page is calling in are told once it is done, so that the caller knows the
    /// job's number and holds no borrow.
    fn tell_later(&self, id: JobId, event: Event) {
        let pool = self.clone();
        wasm_bindgen_futures::spawn_local(async move { pool.tell(id, event, JsValue::UNDEFINED) });
    }
}

/// Whether the simulator that `index.html` has started, if there is one, has said that it is ready.
pub fn early_is_ready() -> bool {
    early().is_none_or(|(_, messages)| messages.length() > 0)
}

/// The simulator that `index.html` has started and nobody has taken yet, with the messages that it has posted.
fn early() -> Option<(web_sys::Worker, js_sys::Array)> {
    let window = web_sys::window()?;
    let early = js_sys::Reflect::get(&window, &JsValue::from_str(EARLY)).ok()?;
    let early: js_sys::Array = early.dyn_into().ok()?;
    Some((early.get(0).dyn_into().ok()?, early.get(1).dyn_into().ok()?))
}

fn take_early() -> Option<(web_sys::Worker, js_sys::Array)> {
    let (early, window) = (early()?, web_sys::window()?);
    js_sys::Reflect::delete_property(&window, &JsValue::from_str(EARLY)).ok()?;
    Some(early)
}

/// Ends a worker, and frees its handlers only after the one that is running has returned.
fn retire(running: Option<Running>) {
    if let Some(running) = running {
        wasm_bindgen_futures::spawn_local(async move { drop(running) });
    }
}

//! The workers' side: an inbox, and a job done in slices between looks into it.

use super::BUILD_ID;
use super::messages::{Cause, Event, Failure, FromWorker, Job, ToWorker};
use super::schedule::JobId;
use super::wire::{self, Outgoing};
use js_sys::{Array, JsString, Uint8Array};
use std::cell::RefCell;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

/// Tells milliseconds.
pub(super) type Clock<'a> = &'a dyn Fn() -> f64;

/// What a kind of worker does.
pub(super) trait Work {
    /// Takes a job on, in place of the one at hand; `attachment` is undefined where there is none.
    ///
    /// # Errors
    /// Why it cannot be done.
    fn take_on(&mut self, job: Job, attachment: &JsValue) -> Result<(), Failure>;

    /// Drops the job at hand.
    fn drop_job(&mut self);

    /// Works on the job at hand for about 16 ms, and returns what there is to tell. Not called after the last event.
    ///
    /// # Errors
    /// Why the job ends here.
    fn slice(&mut self, clock: Clock<'_>) -> Result<Option<Word>, Failure>;

    /// Answers a test or a benchmark; see [`messages`](super::messages).
    ///
    /// # Errors
    /// Why there is no answer.
    fn answer(&mut self, question: &str, _about: &Array, _clock: Clock<'_>) -> Result<Array, String> {
        Err(format!("{question}: no such question"))
    }
}

/// What there is to tell about a job.
pub(super) struct Word {
    pub(super) event: Event,
    pub(super) attachment: Option<web_sys::Blob>,
}

impl From<Event> for Word {
    fn from(event: Event) -> Self {
        Self {
            event,
            attachment: None,
        }
    }
}

/// What a worker has. It lives as long as the worker, and so do its handlers.
struct Server {
    scope: web_sys::DedicatedWorkerGlobalScope,
    performance: web_sys::Performance,
    /// Posting to itself lets messages in between two slices; a timer would do, but browsers make repeated
    /// timers wait 4 ms.
    wake: web_sys::MessagePort,
    awake: bool,
    work: Box<dyn Work>,
    /// The job at hand.
    job: Option<JobId>,
}

thread_local! {
    static SERVER: RefCell<Option<Server>> = const { RefCell::new(None) };
}

/// Makes this worker serve. To be called once, first thing.
///
/// # Errors
/// When this is no worker, or the browser lacks what a worker needs.
pub(super) fn start(work: Box<dyn Work>) -> Result<(), JsValue> {
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
        work,
        job: None,
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
        if let Err(error) = self.understand(data) {
            // The page and this worker have agreed on the build: only a stranger writes so.
            self.post(wire::pack(FromWorker::Panicked { message: error }));
        }
        self.wake_up();
    }

    fn understand(&mut self, data: &JsValue) -> Result<(), String> {
        let message = wire::array(data)?;
        let first = message.get(0);
        if let Some(bytes) = first.dyn_ref::<Uint8Array>() {
            self.obey(wire::unpack_in_worker(bytes)?, &message.get(1));
            return Ok(());
        }
        let question: &JsString = first.dyn_ref().ok_or("a message is neither bytes nor text")?;
        let performance = self.performance.clone();
        let question = String::from(question);
        let answer = self.work.answer(&question, message, &|| performance.now());
        let array = answer.unwrap_or_else(|error| Array::of2(&"error".into(), &error.into()));
        self.post(Ok(Outgoing {
            array,
            ..Outgoing::default()
        }));
        Ok(())
    }

    fn obey(&mut self, message: ToWorker, attachment: &JsValue) {
        match message {
            ToWorker::Start { id, job } => {
                self.job = Some(id);
                if let Err(failure) = self.work.take_on(job, attachment) {
                    self.tell(id, Event::Failed(failure).into());
                }
            }
            ToWorker::Cancel { id } => {
                if self.job.take_if(|current| *current == id).is_some() {
                    self.work.drop_job();
                }
            }
        }
    }

    /// One slice of the job at hand.
    fn tick(&mut self) {
        self.awake = false;
        let Some(id) = self.job else {
            return;
        };
        let performance = self.performance.clone();
        match self.work.slice(&|| performance.now()) {
            Ok(None) => {}
            Ok(Some(word)) => self.tell(id, word),
            Err(failure) => self.tell(id, Event::Failed(failure).into()),
        }
        self.wake_up();
    }

    /// Asks for a tick once the messages that are already here have been received.
    fn wake_up(&mut self) {
        if self.job.is_some() && !self.awake {
            self.awake = self.wake.post_message(&JsValue::NULL).is_ok();
        }
    }

    /// Tells about a job, and is done with it after the last event.
    fn tell(&mut self, id: JobId, word: Word) {
        let Word { event, attachment } = word;
        if event.is_last() {
            self.job = None;
            self.work.drop_job();
        }
        let outgoing = wire::pack(FromWorker::Job { id, event });
        if let (Ok(outgoing), Some(blob)) = (&outgoing, &attachment) {
            outgoing.attach(blob);
        }
        self.post(outgoing);
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

/// An attached `File` or `Blob`.
///
/// # Errors
/// When there is none.
pub(super) fn blob_of(attachment: &JsValue) -> Result<web_sys::Blob, Failure> {
    let blob = attachment.dyn_ref::<web_sys::Blob>().cloned();
    blob.ok_or_else(|| unusable("the file is not at hand"))
}

/// The failure of a job that cannot be done with what was given.
pub(super) fn unusable(error: &(impl ToString + ?Sized)) -> Failure {
    Failure::new(Cause::Input, error.to_string())
}

//! Which worker gets which job: bookkeeping without a browser.

use super::messages::{Cause, Failure};
use std::collections::VecDeque;

/// Number of a job; never used twice by a pool.
pub type JobId = u64;

/// A worker that fails so often before it is ready will not start the next time either.
const START_ATTEMPTS: u32 = 2;

/// What the pool has to do after a change.
#[derive(Debug, PartialEq)]
pub enum Action<J> {
    /// Start a worker in this place, in place of the one that may be there.
    Start(usize),
    /// Send a job to the worker in this place.
    Send(usize, JobId, J),
    /// Tell the worker in this place to drop a job.
    Cancel(usize, JobId),
    /// Tell whoever asked for the job that it will not be finished.
    Fail(JobId, Failure),
    /// End the worker in this place.
    End(usize),
}

#[derive(Debug, PartialEq)]
enum State {
    /// Started, and sent nothing before it says that it is ready.
    Starting,
    Idle,
    Busy(JobId),
    /// Gave up; see [`START_ATTEMPTS`].
    Broken,
}

#[derive(Debug)]
struct Place {
    state: State,
    /// Fingerprint of the trace that its worker holds in memory.
    trace: Option<u64>,
    failed_starts: u32,
}

#[derive(Debug)]
struct Waiting<J> {
    id: JobId,
    trace: Option<u64>,
    job: J,
}

/// Places for workers, jobs under way and jobs that wait.
#[derive(Debug)]
pub struct Schedule<J> {
    places: Vec<Place>,
    most: usize,
    /// Whether workers stay when there is nothing to do.
    stay: bool,
    waiting: VecDeque<Waiting<J>>,
    next: JobId,
    refused: Option<Failure>,
}

impl<J> Schedule<J> {
    /// No worker yet, and never more than `most`.
    pub fn new(most: usize) -> Self {
        Self {
            places: Vec::new(),
            most: most.max(1),
            stay: true,
            waiting: VecDeque::new(),
            next: 1,
            refused: None,
        }
    }

    /// One worker, which is there only while there is something to do: it starts with a job and ends when none is left.
    /// When it does not start, that is for the jobs that wait; the next one tries again.
    pub fn on_demand() -> Self {
        Self {
            stay: false,
            ..Self::new(1)
        }
    }

    /// Takes a job on. `trace` is the fingerprint of the trace that it needs: a worker that holds it is
    /// preferred.
    pub fn submit(&mut self, job: J, trace: Option<u64>) -> (JobId, Vec<Action<J>>) {
        let id = self.next;
        self.next += 1;
        if let Some(failure) = &self.refused {
            return (id, vec![Action::Fail(id, failure.clone())]);
        }
        self.waiting.push_back(Waiting { id, trace, job });
        (id, self.dispatch())
    }

    /// Starts the first worker before there is a job for it.
    pub fn warm_up(&mut self) -> Vec<Action<J>> {
        if self.places.is_empty() {
            vec![self.start_another()]
        } else {
            Vec::new()
        }
    }

    /// Drops a job, waiting or under way. Its worker is free at once: messages arrive in order, so it drops the
    /// old job before it sees a new one.
    pub fn cancel(&mut self, id: JobId) -> Vec<Action<J>> {
        self.waiting.retain(|waiting| waiting.id != id);
        let mut actions = Vec::new();
        if let Some(at) = self
            .places
            .iter()
            .position(|place| place.state == State::Busy(id))
        {
            self.set(at, State::Idle);
            actions.push(Action::Cancel(at, id));
        }
        actions.extend(self.dispatch());
        actions
    }

    /// The worker in this place is ready.
    pub fn ready(&mut self, at: usize) -> Vec<Action<J>> {
        if let Some(place) = self.places.get_mut(at)
            && place.state == State::Starting
        {
            place.state = State::Idle;
            place.failed_starts = 0;
        }
        self.dispatch()
    }

    /// Whether a message about a job from the worker in this place still counts. Those of jobs that were
    /// cancelled meanwhile do not.
    pub fn is_current(&self, at: usize, id: JobId) -> bool {
        self.places
            .get(at)
            .is_some_and(|place| place.state == State::Busy(id))
    }

    /// The worker in this place will hold a trace.
    fn holds_trace(&mut self, at: usize, fingerprint: u64) {
        if let Some(place) = self.places.get_mut(at) {
            place.trace = Some(fingerprint);
        }
    }

    /// A job is done or has failed in good order; its worker is free.
    pub fn finished(&mut self, at: usize, id: JobId) -> Vec<Action<J>> {
        if self.is_current(at, id) {
            self.set(at, State::Idle);
        }
        self.dispatch()
    }

    /// The worker in this place died: its job fails, another worker takes its place.
    pub fn died(&mut self, at: usize, message: &str) -> Vec<Action<J>> {
        let Some(place) = self.places.get_mut(at) else {
            return Vec::new();
        };
        let mut actions = Vec::new();
        place.trace = None;
        match place.state {
            State::Starting => {
                place.failed_starts += 1;
                if place.failed_starts >= START_ATTEMPTS {
                    place.state = State::Broken;
                    if self.places.iter().all(|place| place.state == State::Broken) {
                        let actions = self.refuse(&Failure::new(Cause::Start, message));
                        if !self.stay {
                            self.refused = None;
                            self.places.clear();
                        }
                        return actions;
                    }
                    return self.dispatch();
                }
            }
            State::Busy(id) => actions.push(Action::Fail(id, Failure::new(Cause::Crash, message))),
            State::Idle => {}
            State::Broken => return Vec::new(),
        }
        if !self.stay && self.waiting.is_empty() {
            self.places.clear();
            return actions;
        }
        self.set(at, State::Starting);
        actions.push(Action::Start(at));
        actions
    }

    /// No job can be done any more, nor any that comes: all fail for this reason.
    pub fn refuse(&mut self, failure: &Failure) -> Vec<Action<J>> {
        let under_way = self.places.iter_mut().filter_map(|place| {
            match std::mem::replace(&mut place.state, State::Broken) {
                State::Busy(id) => Some(id),
                _ => None,
            }
        });
        let ids: Vec<_> = under_way
            .chain(self.waiting.drain(..).map(|waiting| waiting.id))
            .collect();
        self.refused = Some(failure.clone());
        ids.into_iter()
            .map(|id| Action::Fail(id, failure.clone()))
            .collect()
    }

    fn set(&mut self, at: usize, state: State) {
        if let Some(place) = self.places.get_mut(at) {
            place.state = state;
        }
    }

    fn start_another(&mut self) -> Action<J> {
        self.places.push(Place {
            state: State::Starting,
            trace: None,
            failed_starts: 0,
        });
        Action::Start(self.places.len() - 1)
    }

    /// Hands waiting jobs to idle workers, first come first served, and starts workers for those left over.
    fn dispatch(&mut self) -> Vec<Action<J>> {
        let mut actions = Vec::new();
        while let Some(waiting) = self.waiting.front() {
            let idle = |place: &&Place| place.state == State::Idle;
            let holds = |place: &Place| waiting.trace.is_some() && place.trace == waiting.trace;
            let Some(at) = (self.places.iter())
                .position(|place| idle(&place) && holds(place))
                .or_else(|| self.places.iter().position(|place| idle(&place)))
            else {
                break;
            };
            if let Some(Waiting { id, trace, job }) = self.waiting.pop_front() {
                self.set(at, State::Busy(id));
                if let Some(fingerprint) = trace {
                    self.holds_trace(at, fingerprint);
                }
                actions.push(Action::Send(at, id, job));
            }
        }
        let starting = |place: &&Place| place.state == State::Starting;
        while self.places.len() < self.most
            && self.places.iter().filter(starting).count() < self.waiting.len()
        {
            actions.push(self.start_another());
        }
        if !self.stay && self.places.iter().all(|place| place.state == State::Idle) {
            actions.extend((0..self.places.len()).map(Action::End));
            self.places.clear();
        }
        actions
    }
}

#[cfg(test)]
mod tests {
    use super::Action::{Cancel, End, Fail, Send, Start};
    use super::*;

    fn crash(message: &str) -> Failure {
        Failure::new(Cause::Crash, message)
    }

    #[test]
    fn a_worker_gets_nothing_before_it_is_ready() {
        let mut schedule = Schedule::new(1);
        assert_eq!(schedule.submit("a", None), (1, vec![Start(0)]));
        assert_eq!(schedule.submit("b", None), (2, vec![]));
        assert_eq!(schedule.ready(0), vec![Send(0, 1, "a")]);
        assert_eq!(schedule.ready(0), vec![], "a second greeting changes nothing");
        assert_eq!(schedule.finished(0, 1), vec![Send(0, 2, "b")]);
    }

    #[test]
    fn workers_start_as_jobs_need_them_up_to_the_limit() {
        let mut schedule = Schedule::new(2);
        assert_eq!(schedule.warm_up(), vec![Start(0)]);
        assert_eq!(schedule.warm_up(), vec![]);
        assert_eq!(
            schedule.submit("a", None).1,
            vec![],
            "the warmed-up worker will take it"
        );
        assert_eq!(schedule.submit("b", None).1, vec![Start(1)]);
        assert_eq!(schedule.submit("c", None).1, vec![]);
        assert_eq!(schedule.ready(1), vec![Send(1, 1, "a")]);
        assert_eq!(schedule.ready(0), vec![Send(0, 2, "b")]);
        assert_eq!(schedule.finished(1, 1), vec![Send(1, 3, "c")]);
    }

    #[test]
    fn a_cancelled_job_frees_its_worker_and_its_messages_are_stale() {
        let mut schedule = Schedule::new(1);
        schedule.submit("old", None);
        schedule.ready(0);
        assert!(schedule.is_current(0, 1));
        assert_eq!(schedule.cancel(1), vec![Cancel(0, 1)]);
        assert!(!schedule.is_current(0, 1));
        assert_eq!(schedule.submit("new", None).1, vec![Send(0, 2, "new")]);
        assert_eq!(
            schedule.finished(0, 1),
            vec![],
            "the old job's end is not the new one's"
        );
        assert!(schedule.is_current(0, 2));
    }

    #[test]
    fn a_waiting_job_can_be_cancelled() {
        let mut schedule = Schedule::new(1);
        schedule.submit("a", None);
        schedule.submit("b", None);
        assert_eq!(schedule.cancel(1), vec![]);
        assert_eq!(schedule.ready(0), vec![Send(0, 2, "b")]);
    }

    #[test]
    fn a_dead_worker_is_replaced_and_only_its_job_fails() {
        let mut schedule = Schedule::new(2);
        schedule.submit("a", None);
        schedule.submit("b", None);
        schedule.ready(0);
        schedule.ready(1);
        assert_eq!(schedule.died(0, "boom"), vec![Fail(1, crash("boom")), Start(0)]);
        assert!(schedule.is_current(1, 2));
        assert_eq!(schedule.ready(0), vec![]);
        assert_eq!(schedule.submit("c", None).1, vec![Send(0, 3, "c")]);
    }

    #[test]
    fn workers_that_never_start_are_given_up() {
        let mut schedule = Schedule::new(1);
        schedule.submit("a", None);
        assert_eq!(schedule.died(0, "404"), vec![Start(0)]);
        let refused = Failure::new(Cause::Start, "404");
        assert_eq!(schedule.died(0, "404"), vec![Fail(1, refused.clone())]);
        assert_eq!(schedule.submit("b", None), (2, vec![Fail(2, refused)]));
    }

    #[test]
    fn one_that_never_starts_leaves_the_work_to_the_others() {
        let mut schedule = Schedule::new(2);
        schedule.submit("a", None);
        schedule.submit("b", None);
        schedule.ready(0);
        schedule.died(1, "no memory");
        assert_eq!(schedule.died(1, "no memory"), vec![]);
        assert_eq!(schedule.finished(0, 1), vec![Send(0, 2, "b")]);
    }

    #[test]
    fn refusing_fails_everything() {
        let mut schedule = Schedule::new(1);
        schedule.submit("a", None);
        schedule.submit("b", None);
        schedule.ready(0);
        let failure = Failure::new(Cause::OtherBuild, "reload");
        assert_eq!(
            schedule.refuse(&failure),
            vec![Fail(1, failure.clone()), Fail(2, failure.clone())]
        );
        assert_eq!(schedule.submit("c", None).1, vec![Fail(3, failure)]);
    }

    #[test]
    fn a_job_goes_where_its_trace_is() {
        let mut schedule = Schedule::new(2);
        schedule.submit("a", None);
        schedule.submit("b", Some(7));
        schedule.ready(0);
        schedule.ready(1);
        schedule.finished(0, 1);
        schedule.finished(1, 2);
        assert_eq!(schedule.submit("replay", Some(7)).1, vec![Send(1, 3, "replay")]);
        assert_eq!(schedule.submit("other", Some(8)).1, vec![Send(0, 4, "other")]);
    }

    #[test]
    fn a_worker_on_demand_is_there_while_there_is_something_to_do() {
        let mut schedule = Schedule::on_demand();
        assert_eq!(schedule.submit("a", None), (1, vec![Start(0)]));
        assert_eq!(schedule.submit("b", None).1, vec![]);
        assert_eq!(schedule.ready(0), vec![Send(0, 1, "a")]);
        assert_eq!(schedule.finished(0, 1), vec![Send(0, 2, "b")]);
        assert_eq!(schedule.finished(0, 2), vec![End(0)]);
        assert_eq!(schedule.submit("c", None), (3, vec![Start(0)]));
        schedule.ready(0);
        assert_eq!(schedule.cancel(3), vec![Cancel(0, 3), End(0)]);
        assert!(!schedule.is_current(0, 3));
    }

    #[test]
    fn a_worker_on_demand_whose_job_is_cancelled_while_it_starts_ends_when_it_has() {
        let mut schedule = Schedule::on_demand();
        schedule.submit("a", None);
        assert_eq!(schedule.cancel(1), vec![]);
        assert_eq!(schedule.ready(0), vec![End(0)]);
    }

    #[test]
    fn a_worker_on_demand_that_died_is_replaced_for_the_jobs_that_wait() {
        let mut schedule = Schedule::on_demand();
        schedule.submit("a", None);
        schedule.submit("b", None);
        schedule.ready(0);
        assert_eq!(schedule.died(0, "boom"), vec![Fail(1, crash("boom")), Start(0)]);
        assert_eq!(schedule.ready(0), vec![Send(0, 2, "b")]);
        assert_eq!(schedule.died(0, "boom"), vec![Fail(2, crash("boom"))]);
        assert_eq!(schedule.submit("c", None), (3, vec![Start(0)]));
    }

    #[test]
    fn a_worker_on_demand_that_did_not_start_is_tried_again_with_the_next_job() {
        let mut schedule = Schedule::on_demand();
        schedule.submit("a", None);
        assert_eq!(schedule.died(0, "offline"), vec![Start(0)]);
        let failure = Failure::new(Cause::Start, "offline");
        assert_eq!(schedule.died(0, "offline"), vec![Fail(1, failure)]);
        assert_eq!(schedule.submit("b", None), (2, vec![Start(0)]));
        assert_eq!(schedule.ready(0), vec![Send(0, 2, "b")]);
    }
}

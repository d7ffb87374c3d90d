//! Undo and redo.

use std::borrow::Cow;
use std::collections::VecDeque;

/// Most steps that can be taken back.
const STEPS: usize = 200;

/// Edits of one field that follow each other this closely are one step.
const MERGE_MS: f64 = 1_000.0;

/// The states before and after the present one, which is kept elsewhere.
#[derive(Debug)]
pub(super) struct History<T> {
    past: VecDeque<T>,
    future: Vec<T>,
    last: Option<LastEdit>,
}

#[derive(Debug)]
struct LastEdit {
    field: Cow<'static, str>,
    at_ms: f64,
}

impl<T> Default for History<T> {
    fn default() -> Self {
        Self {
            past: VecDeque::new(),
            future: Vec::new(),
            last: None,
        }
    }
}

impl<T> History<T> {
    /// The state was `before`, and has just changed. An edit of a single field says which: it joins the step
    /// before if that was of the same field, within a second.
    pub(super) fn record(&mut self, before: T, field: Option<Cow<'static, str>>, now_ms: f64) {
        self.future.clear();
        let joins = match (&self.last, &field) {
            (Some(last), Some(field)) => last.field == *field && now_ms - last.at_ms <= MERGE_MS,
            _ => false,
        };
        self.last = field.map(|field| LastEdit { field, at_ms: now_ms });
        if joins && !self.past.is_empty() {
            return;
        }
        if self.past.len() == STEPS {
            self.past.pop_front();
        }
        self.past.push_back(before);
    }

    /// The state before the latest step, in exchange for the present one; gives that back when there is none.
    ///
    /// # Errors
    /// The present state, when there is no step to take back.
    pub(super) fn undo(&mut self, present: T) -> Result<T, T> {
        self.last = None;
        match self.past.pop_back() {
            Some(before) => {
                self.future.push(present);
                Ok(before)
            }
            None => Err(present),
        }
    }

    /// The state after the step taken back last, in exchange for the present one.
    ///
    /// # Errors
    /// The present state, when no step was taken back.
    pub(super) fn redo(&mut self, present: T) -> Result<T, T> {
        self.last = None;
        match self.future.pop() {
            Some(after) => {
                self.past.push_back(present);
                Ok(after)
            }
            None => Err(present),
        }
    }

    /// Whether there is a step to take back.
    pub(super) fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    /// Whether there is a step to do again.
    pub(super) fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &'static str) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed(name))
    }

    #[test]
    fn steps_are_taken_back_and_done_again_in_order() {
        let mut history = History::default();
        history.record(1, field("a"), 0.0);
        history.record(2, field("b"), 10.0);
        assert_eq!(history.undo(3), Ok(2));
        assert_eq!(history.undo(2), Ok(1));
        assert_eq!(history.undo(1), Err(1));
        assert_eq!(history.redo(1), Ok(2));
        assert_eq!(history.redo(2), Ok(3));
        assert_eq!(history.redo(3), Err(3));
    }

    #[test]
    fn edits_of_one_field_within_a_second_are_one_step() {
        let mut history = History::default();
        history.record(1, field("a"), 0.0);
        history.record(2, field("a"), 900.0);
        history.record(3, field("a"), 1_800.0);
        assert_eq!(history.undo(4), Ok(1));
        assert!(!history.can_undo());
    }

    #[test]
    fn a_pause_another_field_or_a_whole_replacement_begin_a_step() {
        let mut history = History::default();
        history.record(1, field("a"), 0.0);
        history.record(2, field("a"), 1_001.0);
        history.record(3, field("b"), 1_002.0);
        history.record(4, None, 1_003.0);
        history.record(5, None, 1_004.0);
        let mut present = 6;
        let mut steps = 0;
        while let Ok(before) = history.undo(present) {
            present = before;
            steps += 1;
        }
        assert_eq!((present, steps), (1, 5));
    }

    #[test]
    fn an_edit_after_undo_forgets_what_was_taken_back_and_begins_a_step() {
        let mut history = History::default();
        history.record(1, field("a"), 0.0);
        history.record(2, field("b"), 0.0);
        assert_eq!(history.undo(3), Ok(2));
        history.record(2, field("a"), 1.0);
        assert!(!history.can_redo());
        assert_eq!(history.undo(4), Ok(2));
        assert_eq!(history.undo(2), Ok(1));
    }

    #[test]
    fn the_oldest_steps_are_forgotten() {
        let mut history = History::default();
        for state in 0..STEPS + 10 {
            history.record(state, None, 0.0);
        }
        let mut present = STEPS + 10;
        while let Ok(before) = history.undo(present) {
            present = before;
        }
        assert_eq!(present, 10);
    }
}

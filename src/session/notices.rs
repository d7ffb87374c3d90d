//! Notices: what happened, what was kept, what can be done.

use super::Session;
use gloo::timers::callback::Timeout;
use leptos::prelude::*;

/// How long a notice that asks for nothing stays.
const INFO_MS: u32 = 8_000;

/// Something to tell the user.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Unique within the session; see [`Session::dismiss`] and [`Session::act`].
    pub id: u32,
    /// How much it matters.
    pub kind: NoticeKind,
    /// What happened, what was kept, what to do.
    pub text: String,
    /// Ways on, to be shown as buttons in this order; often none.
    pub actions: Vec<NoticeAction>,
    topic: Topic,
}

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Something was done; goes away by itself.
    Info,
    /// Something is not as the user may expect.
    Warning,
    /// Something failed.
    Error,
}

/// A way on that a notice offers; [`Session::act`] takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeAction {
    /// Go on with the preset that is shown in place of a link that does not open.
    OpenPreset,
    /// Open what this browser kept, in place of a link that does not open.
    OpenSaved,
    /// Go on with the scenario that was open before a link that does not open.
    KeepScenario,
    /// Take back the latest change.
    Undo,
    /// Run the open scenario again.
    Rerun,
    /// Load the page again.
    Reload,
}

impl NoticeAction {
    /// Text of the button.
    pub fn label(self) -> &'static str {
        match self {
            Self::OpenPreset => "Continue with the example",
            Self::OpenSaved => "Open my last scenario",
            Self::KeepScenario => "Keep my scenario",
            Self::Undo => "Undo",
            Self::Rerun => "Run again",
            Self::Reload => "Reload",
        }
    }
}

/// What a notice is about. A newer one takes the place of the older about the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    Baseline,
    Clipboard,
    File,
    Link,
    Run,
    Storage,
    Trace,
}

impl Session {
    /// What to tell the user, oldest first.
    pub fn notices(self) -> Signal<Vec<Notice>> {
        self.notices.into()
    }

    /// Takes a notice off.
    pub fn dismiss(self, id: u32) {
        self.drop_notices(|notice| notice.id == id);
    }

    /// Takes a way on that a notice offers, and takes the notice off.
    pub fn act(self, id: u32, action: NoticeAction) {
        self.dismiss(id);
        match action {
            NoticeAction::OpenPreset | NoticeAction::KeepScenario => self.release(),
            NoticeAction::OpenSaved => {
                if let Some(saved) = self.with(|state| state.saved.take()).flatten() {
                    self.replace(saved);
                }
                self.release();
            }
            NoticeAction::Undo => self.undo(),
            NoticeAction::Rerun => self.rerun(),
            // Not refused: a page may always load itself again.
            NoticeAction::Reload => drop(window().location().reload()),
        }
    }

    pub(super) fn notify(
        self,
        topic: Topic,
        kind: NoticeKind,
        text: impl Into<String>,
        actions: &[NoticeAction],
    ) {
        let id = self.with(|state| {
            state.last_notice += 1;
            state.last_notice
        });
        let Some(id) = id else {
            return;
        };
        let notice = Notice {
            id,
            kind,
            text: text.into(),
            actions: actions.to_vec(),
            topic,
        };
        self.notices.update(|notices| {
            notices.retain(|notice| notice.topic != topic);
            notices.push(notice);
        });
        if kind == NoticeKind::Info && actions.is_empty() {
            Timeout::new(INFO_MS, move || self.dismiss(id)).forget();
        }
    }

    /// Takes off what is about this.
    pub(super) fn drop_notice(self, topic: Topic) {
        self.drop_notices(|notice| notice.topic == topic);
    }

    /// Takes off what a change of the scenario settles: trouble with a link, and offers to undo another change.
    pub(super) fn drop_settled_notices(self) {
        self.drop_notices(|notice| {
            notice.topic == Topic::Link || notice.actions.contains(&NoticeAction::Undo)
        });
    }

    fn drop_notices(self, dropped: impl Fn(&Notice) -> bool) {
        if self
            .notices
            .with_untracked(|notices| notices.iter().any(&dropped))
        {
            self.notices
                .update(|notices| notices.retain(|notice| !dropped(notice)));
        }
    }
}

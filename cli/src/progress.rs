//! A progress bar on standard error, where that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far a piece of work is.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A bar for work of this `length`, with what is being done before it.
    pub(crate) fn new(what: &'static str, length: u64) -> Self {
        // Ten times a second is smooth; indicatif draws nothing when standard error is no terminal.
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(10));
        let style = ProgressStyle::with_template("{msg:10} {wide_bar} {percent:>3} %  {eta:>4} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(what);
        Self(bar)
    }

    /// So much is done.
    pub(crate) fn set(&self, position: u64) {
        self.0.set_position(position);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

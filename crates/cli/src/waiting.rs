//! Something to look at while something takes its time.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::{Instant, interval, timeout_at};

use crate::output::colours;

const FRAMES: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME: Duration = Duration::from_millis(90);

/// Waits for `future`, at most for `limit`, with a spinner on standard error if that is a terminal. `None`: too long.
pub(crate) async fn wait<T>(quiet: bool, message: &str, limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    if quiet || !colours(io::stderr().is_terminal()) {
        return timeout_at(deadline, future).await.ok();
    }
    let mut frames = FRAMES.iter().cycle();
    let mut ticks = interval(FRAME);
    tokio::pin!(future);
    let outcome = loop {
        tokio::select! {
            outcome = timeout_at(deadline, &mut future) => break outcome.ok(),
            _ = ticks.tick() => draw(&format!("\r{} {message}", frames.next().unwrap_or(&""))),
        }
    };
    // Back to the start of the line, and clear it (ECMA-48, EL).
    draw("\r\u{1b}[K");
    outcome
}

/// How far something is, on standard error if that is a terminal.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn new(quiet: bool, name: &str) -> Self {
        let is_seen = !quiet && io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(
            None,
            if is_seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() },
        );
        let template = "{msg}  {wide_bar} {binary_bytes} of {binary_total_bytes}  {binary_bytes_per_sec}  {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
        }
        bar.set_message(name.to_owned());
        Self(bar)
    }

    pub(crate) fn name(&mut self, name: &str) {
        self.0.set_message(name.to_owned());
    }

    pub(crate) fn show(&self, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
    }

    /// Says something above the bar, and where no bar is seen, too.
    pub(crate) fn say(&self, line: &str) {
        self.aside(|| draw(&format!("{line}\n")));
    }

    /// Does something that prints, with the bar out of its way.
    pub(crate) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }

    /// Nothing is known of it at the moment.
    pub(crate) fn wait(&self) {
        self.0.tick();
    }

    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

fn draw(text: &str) {
    let mut stderr = io::stderr().lock();
    // A spinner that cannot be seen is no loss.
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

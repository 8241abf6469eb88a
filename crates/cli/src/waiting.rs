//! Something to look at while something takes its time.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

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

fn draw(text: &str) {
    let mut stderr = io::stderr().lock();
    // A spinner that cannot be seen is no loss.
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

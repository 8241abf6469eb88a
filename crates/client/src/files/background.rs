//! Threads that do what is much and not urgent.

use std::thread;

use tokio::sync::oneshot;

/// How much less of a processor a thread gets than one that is not so nice, if there are too few for both: about a tenth.
#[cfg(any(target_os = "linux", target_os = "android"))]
const NICE: i32 = 10;

/// Does `work` on a thread of its own that gives way to those that carry messages. `None` if it panicked, or there are
/// too many threads.
pub(super) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, result) = oneshot::channel();
    let thread = thread::Builder::new().name("file".to_owned()).spawn(move || {
        give_way();
        // If nobody waits for it any more, nobody needs to know.
        let _ = done.send(work());
    });
    match thread {
        Ok(_) => result.await.ok(),
        Err(_) => None,
    }
}

/// Lets all other threads go before this one.
pub(super) fn give_way() {
    // There it holds for one thread; elsewhere for the whole program, and so is left alone.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "a thread stays as urgent as the others");
    }
}

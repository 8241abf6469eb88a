use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{
    Answer, Pending, Refusal, Sender, Service, Target,
    rounds::{Rounds, Tried},
};

/// Wakes devices that somebody asked to be woken: each at most once in a while, and so many at once.
///
/// Dropping it ends all that is under way. What waits is in memory only: who is not woken fetches what there is when they
/// come by themselves, or is woken for what comes next.
pub struct Alarm<K> {
    shared: Arc<Shared<K>>,
    _task: JoinSet<()>,
}

/// Who has which target.
pub trait Book<K>: Send + Sync + 'static {
    /// The target of a device, or `None` if it named none, or is awake.
    fn target<'a>(&'a self, who: &'a K) -> Pending<'a, Option<Target>>;

    /// There is no such target any more: it is to be forgotten, unless the device has named another by now.
    fn gone<'a>(&'a self, who: &'a K, target: &'a Target) -> Pending<'a, ()>;

    /// What became of a try, for counts.
    fn tried(&self, service: Service, answer: Answer);
}

struct Shared<K> {
    rounds: Mutex<Rounds<K>>,
    asked: Notify,
}

impl<K: Clone + Ord + Send + Sync + 'static> Alarm<K> {
    /// Begins on the current tokio runtime.
    pub fn start(sender: Arc<dyn Sender>, book: Arc<dyn Book<K>>) -> Self {
        let shared = Arc::new(Shared { rounds: Mutex::new(Rounds::new()), asked: Notify::new() });
        let mut task = JoinSet::new();
        task.spawn(run(shared.clone(), sender, book));
        Self { shared, _task: task }
    }

    /// A device is to be woken; soon, if it was not just now. `false`: more than may wait do, and this one is not woken.
    pub fn wake(&self, who: K) -> bool {
        let is_taken = self.shared.rounds().ask(who, Instant::now());
        self.shared.asked.notify_one();
        is_taken
    }

    /// A device is awake: what was asked for before needs no wake any more.
    pub fn came(&self, who: &K) {
        self.shared.rounds().came(who);
    }
}

impl<K> core::fmt::Debug for Alarm<K> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Alarm(…)")
    }
}

impl<K> Shared<K> {
    fn rounds(&self) -> MutexGuard<'_, Rounds<K>> {
        self.rounds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn run<K: Clone + Ord + Send + Sync + 'static>(
    shared: Arc<Shared<K>>,
    sender: Arc<dyn Sender>,
    book: Arc<dyn Book<K>>,
) {
    let mut under_way = JoinSet::new();
    loop {
        // As many as there are turns.
        loop {
            let next = shared.rounds().take(Instant::now());
            let Some(who) = next else { break };
            under_way.spawn(one(shared.clone(), sender.clone(), book.clone(), who));
        }
        let next = shared.rounds().next();
        tokio::select! {
            () = shared.asked.notified() => {}
            Some(_) = under_way.join_next() => {}
            () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {}
        }
    }
}

async fn one<K: Clone + Ord + 'static>(
    shared: Arc<Shared<K>>,
    sender: Arc<dyn Sender>,
    book: Arc<dyn Book<K>>,
    who: K,
) {
    let tried = match book.target(&who).await {
        Some(target) => {
            let answer = sender.wake(&target).await;
            log(target.service(), answer);
            book.tried(target.service(), answer);
            if answer == Answer::Gone {
                book.gone(&who, &target).await;
            }
            Tried::Asked(answer)
        }
        None => Tried::Nobody,
    };
    shared.rounds().tried(&who, tried, Instant::now(), chance());
}

/// For the operator, and without whom it was about.
fn log(service: Service, answer: Answer) {
    let service = service.name();
    match answer {
        Answer::Refused(refusal @ (Refusal::Unauthorised(_) | Refusal::Other(_) | Refusal::Sealing)) => {
            tracing::warn!(service, %refusal, "a device was not woken");
        }
        // That is the device's doing.
        Answer::Refused(refusal) => tracing::debug!(service, %refusal, "a device was not woken"),
        Answer::Later { cause, .. } => tracing::debug!(service, %cause, "a device is woken later"),
        Answer::Delivered | Answer::Gone => {}
    }
}

/// Anything from 0 to 1. Without randomness all of it: the pause is then only a longer one.
fn chance() -> f64 {
    let mut bytes = [0xFF; 4];
    // What a failed call leaves behind is a chance as good as any.
    let _ = getrandom::fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests;

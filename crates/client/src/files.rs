//! Files between disk and lanes, beside the driver: what it says is to be fetched or served is done here.

mod background;
mod fetch;
mod folder;
mod prepare;
mod progress;
mod serve;
mod steady;
mod tidy;
mod turns;

use std::{collections::BTreeMap, sync::Arc};

use lamplit_blob::{ASK_BYTES, Ask, Reply};
use lamplit_node::{AskId, FetchError, FileJob, NotServed};
use lamplit_transport::{Lane, Lanes};
use lamplit_types::{BlobId, LinkId};
use tokio::{
    io::AsyncReadExt,
    sync::{mpsc, oneshot},
    task::{AbortHandle, JoinSet, spawn_blocking},
    time::timeout,
};

pub use folder::Folder;
pub use prepare::{Manner, PrepareError, Prepared, prepare};
pub use progress::{Doing, Transfer, Transfers};
pub(crate) use tidy::Tidy;

use self::{serve::ServeError, turns::Turns};
use crate::{driver::Incident, limits};

/// What is under way.
pub(crate) struct Files {
    folder: Folder,
    transfers: Transfers,
    inbox: mpsc::Sender<Incident>,
    /// Lanes that wait for the device's word.
    asked: BTreeMap<AskId, (Ask, Lane)>,
    last_ask: u64,
    last_fetch: u64,
    /// By the number of the try, with the size of the file.
    fetching: BTreeMap<BlobId, (u64, u64, AbortHandle)>,
    /// Each ends when its sender is dropped.
    serving: BTreeMap<AskId, (BlobId, oneshot::Sender<()>)>,
    turns: Turns,
    /// Ends everything with this.
    tasks: JoinSet<()>,
}

impl Files {
    pub(crate) fn new(folder: Folder, transfers: Transfers, inbox: mpsc::Sender<Incident>) -> Self {
        Self {
            folder,
            transfers,
            inbox,
            asked: BTreeMap::new(),
            last_ask: 0,
            last_fetch: 0,
            fetching: BTreeMap::new(),
            serving: BTreeMap::new(),
            turns: Turns::default(),
            tasks: JoinSet::new(),
        }
    }

    /// Takes the lanes that the other end of a link opens.
    pub(crate) fn allow(&mut self, link: LinkId, lanes: Arc<dyn Lanes>) {
        self.sweep();
        lanes.allow();
        self.tasks.spawn(accept(link, lanes, self.inbox.clone()));
    }

    /// Keeps a lane until the device has said what to answer; the number it knows it by.
    pub(crate) fn wait_for_word(&mut self, ask: Ask, lane: Lane) -> AskId {
        self.last_ask = self.last_ask.saturating_add(1);
        let id = AskId(self.last_ask);
        self.asked.insert(id, (ask, lane));
        id
    }

    /// The device says whether to serve what was asked for.
    pub(crate) fn serve(&mut self, id: AskId, job: Result<FileJob, NotServed>) {
        let Some((ask, lane)) = self.asked.remove(&id) else { return };
        self.sweep();
        let blob = ask.blob;
        let job = match job {
            Ok(_) if self.serving.len() >= limits::SERVED => Err(Reply::Busy),
            Ok(job) => Ok(job),
            Err(NotServed::Busy) => Err(Reply::Busy),
            Err(NotServed::NotHere) => Err(Reply::NotHere),
        };
        let (folder, inbox, transfers) = (self.folder.clone(), self.inbox.clone(), self.transfers.clone());
        let (goes_on, stopped) = oneshot::channel();
        self.tasks.spawn(async move {
            let served = tokio::select! {
                served = serve::run(job, ask, lane, &folder, &transfers) => served,
                _ = stopped => Ok(()),
            };
            // If nobody listens any more, nobody needs to know.
            match served {
                Ok(()) => {}
                Err(ServeError::Lost) => {
                    let _ = inbox.send(Incident::FileLost(blob)).await;
                }
                Err(ServeError::Unreadable(error)) => {
                    tracing::warn!(%error, "a file that somebody asks for cannot be read");
                }
            }
            let _ = inbox.send(Incident::Served(id)).await;
        });
        self.serving.insert(id, (blob, goes_on));
    }

    /// Fetches a file, in place of an earlier try.
    pub(crate) fn fetch(&mut self, lanes: Option<Arc<dyn Lanes>>, job: FileJob) {
        self.sweep();
        let blob = job.blob;
        let (folder, inbox, transfers) = (self.folder.clone(), self.inbox.clone(), self.transfers.clone());
        if let Some((.., earlier)) = self.fetching.remove(&blob) {
            earlier.abort();
        }
        self.last_fetch = self.last_fetch.saturating_add(1);
        let (number, size) = (self.last_fetch, job.size.bytes());
        let place = self.turns.stand(blob);
        let task = self.tasks.spawn(async move {
            let turn = place.turn().await;
            let result = match lanes {
                Some(lanes) => fetch::run(&job, &*lanes, &folder, &transfers, turn).await,
                None => Err(FetchError::Broken),
            };
            let result = result.map(|path| path.to_string_lossy().into_owned());
            let _ = inbox.send(Incident::Fetched { blob, number, result }).await;
        });
        self.fetching.insert(blob, (number, size, task));
    }

    /// Whether what came of a try still counts: it may have been stopped after it told.
    pub(crate) fn ended(&mut self, blob: BlobId, number: u64, result: &Result<String, FetchError>) -> bool {
        let counts = self.fetching.get(&blob).is_some_and(|(current, ..)| *current == number);
        let Some((_, size, _)) = counts.then(|| self.fetching.remove(&blob)).flatten() else { return false };
        match result {
            Ok(_) => self.transfers.forget(blob),
            Err(error) => self.transfers.failed(blob, size, error.to_string()),
        }
        true
    }

    /// A file that came is known to be here.
    pub(crate) fn kept(&mut self, blob: BlobId) {
        self.in_turn(blob, |folder, name| folder.settle(&name));
    }

    /// Stops fetching and serving a file, and throws away the part of it that came.
    pub(crate) fn stop(&mut self, blob: BlobId) {
        self.transfers.forget(blob);
        if let Some((.., task)) = self.fetching.remove(&blob) {
            task.abort();
        }
        self.serving.retain(|_, (served, _)| *served != blob);
        self.in_turn(blob, |folder, name| folder.throw_away(&name));
    }

    /// Stops answering one who asked.
    pub(crate) fn stop_serving(&mut self, ask: AskId) {
        self.serving.remove(&ask);
    }

    /// Does something to what is here of a file once nobody else is at it. It is not given up: it takes no longer than
    /// what was begun before it.
    fn in_turn(&mut self, blob: BlobId, work: impl FnOnce(Folder, String) + Send + 'static) {
        self.sweep();
        let (folder, place) = (self.folder.clone(), self.turns.stand(blob));
        self.tasks.spawn(async move {
            let turn = place.turn().await;
            let done = spawn_blocking(move || {
                work(folder, blob.to_string());
                drop(turn);
            });
            // What a thread that panicked left is found when the device starts.
            let _ = done.await;
        });
    }

    /// What was asked is forgotten with the step that was undone: those who asked see their lane end and ask again.
    pub(crate) fn undo(&mut self) {
        self.asked.clear();
    }

    fn sweep(&mut self) {
        while self.tasks.try_join_next().is_some() {}
        self.serving.retain(|_, (_, goes_on)| !goes_on.is_closed());
        self.turns.sweep();
    }
}

/// Hears what is asked on the lanes of a link, each for itself, so that one that says nothing holds up no other.
async fn accept(link: LinkId, lanes: Arc<dyn Lanes>, inbox: mpsc::Sender<Incident>) {
    let mut asking = JoinSet::new();
    while let Some(mut lane) = lanes.accept().await {
        while asking.try_join_next().is_some() {}
        let inbox = inbox.clone();
        asking.spawn(async move {
            let mut bytes = [0; ASK_BYTES];
            let heard = timeout(limits::ASKED_WITHIN, lane.reader.read_exact(&mut bytes)).await;
            if let (Ok(Ok(_)), Ok(ask)) = (heard, Ask::parse(&bytes)) {
                let _ = inbox.send(Incident::Asked(link, ask, lane)).await;
            }
        });
    }
}

#[cfg(test)]
mod tests;

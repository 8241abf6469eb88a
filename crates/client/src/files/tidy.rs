//! Keeps what is said of files true to the disk: those that came and were deleted, and parts that nobody wants any more.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use lamplit_node::{
    ReadError,
    view::{self, FileStand, MessageWhat},
};
use lamplit_store::Store;
use lamplit_types::{BlobId, DeviceId};
use tokio::{sync::mpsc, task::spawn_blocking, time::sleep};

use super::{Folder, folder::is_gone};
use crate::{driver::Incident, limits};

/// What is looked after.
pub(crate) struct Tidy {
    store: Arc<Store>,
    folder: Folder,
    device: DeviceId,
    /// Files of which there was something apart when the device started: a crash may have left it.
    left: BTreeSet<String>,
}

impl Tidy {
    /// Must be made before anything is fetched or sent.
    pub(crate) fn new(store: Arc<Store>, folder: Folder, device: DeviceId) -> Self {
        let left = folder.all_apart();
        Self { store, folder, device, left }
    }

    /// Looks now and then, until nobody listens any more.
    pub(crate) async fn run(mut self, inbox: mpsc::Sender<Incident>) {
        loop {
            let looked = spawn_blocking(move || {
                let gone = self.look();
                (self, gone)
            });
            let Ok((tidy, gone)) = looked.await else { return };
            self = tidy;
            match gone {
                Ok(gone) => {
                    for blob in gone {
                        if inbox.send(Incident::FileLost(blob)).await.is_err() {
                            return;
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "it could not be looked which files are here"),
            }
            tokio::select! {
                () = inbox.closed() => return,
                () = sleep(limits::TIDY) => {}
            }
        }
    }

    /// The files that are said to have come and be here, and are not. Throws away what was left.
    fn look(&mut self) -> Result<Vec<BlobId>, ReadError> {
        let mut left = self.left.clone();
        let mut gone = Vec::new();
        let mut after = None;
        loop {
            let page = view::files(&self.store.snapshot()?, after, limits::TIDY_PAGE)?;
            let files = page.iter().filter_map(|message| match &message.what {
                MessageWhat::File(file) => Some((message.from_device, file)),
                MessageWhat::Text(_) => None,
            });
            after = None;
            for (from, file) in files {
                after = Some(file.blob);
                match &file.state {
                    FileStand::Here { place } => {
                        if left.remove(&file.blob.to_string()) {
                            self.folder.settle(&file.blob.to_string());
                        }
                        if from != self.device && is_gone(Path::new(place)) {
                            gone.push(file.blob);
                        }
                    }
                    FileStand::Wanted => {
                        left.remove(&file.blob.to_string());
                    }
                    FileStand::Offered | FileStand::Declined | FileStand::Withdrawn => {}
                }
            }
            if after.is_none() || page.len() < limits::TIDY_PAGE {
                break;
            }
        }
        for name in left {
            self.folder.throw_away(&name);
        }
        self.left.clear();
        Ok(gone)
    }
}

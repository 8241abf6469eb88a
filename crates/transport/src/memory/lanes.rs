use std::sync::Arc;

use tokio::{
    io::{copy_bidirectional, duplex, split},
    sync::{Mutex, Semaphore, mpsc, watch},
};

use super::{End, PORTION_BYTES};
use crate::{LANES, Lane, Lanes, Pending, SendError};

/// One end's lanes: it hands the other's half over.
struct MemoryLanes {
    end: Arc<End>,
    /// Whether this side lets the other open lanes.
    allows: watch::Sender<bool>,
    allowed: watch::Receiver<bool>,
    opened: mpsc::Sender<Lane>,
    /// One for each lane that this side may have open.
    places: Arc<Semaphore>,
    accepted: Arc<Mutex<mpsc::Receiver<Lane>>>,
}

/// What a connection is given.
type OneEnd = Option<Arc<dyn Lanes>>;

/// The lanes of both ends of one pipe.
pub(super) fn pair(end: &Arc<End>) -> (OneEnd, OneEnd) {
    let [(near_opened, far_accepted), (far_opened, near_accepted)] = [(); 2].map(|()| mpsc::channel(LANES as usize));
    let [(near_allows, far_allowed), (far_allows, near_allowed)] = [(); 2].map(|()| watch::channel(false));
    let one = |allows, allowed, opened, accepted| -> OneEnd {
        let accepted = Arc::new(Mutex::new(accepted));
        let places = Arc::new(Semaphore::new(LANES as usize));
        Some(Arc::new(MemoryLanes { end: end.clone(), allows, allowed, opened, places, accepted }))
    };
    (one(near_allows, near_allowed, near_opened, near_accepted), one(far_allows, far_allowed, far_opened, far_accepted))
}

impl Lanes for MemoryLanes {
    fn allow(&self) {
        self.allows.send_replace(true);
    }

    fn open(&self) -> Pending<'static, Result<Lane, SendError>> {
        let (mut allowed, opened, end) = (self.allowed.clone(), self.opened.clone(), self.end.clone());
        let places = self.places.clone();
        Box::pin(async move {
            let open = async {
                allowed.wait_for(|&allowed| allowed).await.map_err(|_| SendError::Closed)?;
                let place = places.acquire_owned().await.map_err(|_| SendError::Closed)?;
                let ((near, mut near_end), (far, mut far_end)) = (duplex(PORTION_BYTES), duplex(PORTION_BYTES));
                let until = end.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        () = until.closed() => {}
                        _ = copy_bidirectional(&mut near_end, &mut far_end) => {}
                    }
                    drop(place);
                });
                opened.send(lane(far)).await.map_err(|_| SendError::Closed)?;
                Ok(lane(near))
            };
            tokio::select! {
                biased;
                () = end.closed() => Err(SendError::Closed),
                opened = open => opened,
            }
        })
    }

    fn accept(&self) -> Pending<'static, Option<Lane>> {
        let (accepted, end) = (self.accepted.clone(), self.end.clone());
        Box::pin(async move {
            let mut accepted = accepted.lock().await;
            tokio::select! {
                biased;
                () = end.closed() => None,
                lane = accepted.recv() => lane,
            }
        })
    }
}

fn lane(stream: tokio::io::DuplexStream) -> Lane {
    let (reader, writer) = split(stream);
    Lane { reader: Box::new(reader), writer: Box::new(writer) }
}

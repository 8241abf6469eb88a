use core::future::pending;

use tokio::time::{Instant, sleep_until};

use crate::limits::LOOKS;

/// Whether packets of a connection may have been lost: QUIC knows how many of its own were, and not what was in them. Looked at a while
/// after some were sent, and not otherwise.
pub(crate) struct Losses {
    connection: quinn::Connection,
    /// How many were lost when it was looked last. What was lost before anything was sent counts too: to say once too often what the
    /// last number is costs little.
    before: u64,
    /// When it is looked next, and how often it was since some were sent.
    next: Option<(Instant, usize)>,
}

impl Losses {
    pub(crate) const fn of(connection: quinn::Connection) -> Self {
        Self { connection, before: 0, next: None }
    }

    /// A packet was sent.
    pub(crate) fn watch(&mut self) {
        match &mut self.next {
            // Who is sent more all the time is looked at all the same.
            Some((_, looks)) => *looks = 0,
            None => self.plan(0),
        }
    }

    /// Returns when it is time to look.
    pub(crate) async fn due(&self) {
        match self.next {
            Some((at, _)) => sleep_until(at).await,
            None => pending().await,
        }
    }

    /// Whether more are lost than before.
    pub(crate) fn look(&mut self) -> bool {
        let looks = self.next.take().map_or(0, |(_, looks)| looks);
        self.plan(looks.saturating_add(1));
        let lost = self.lost();
        core::mem::replace(&mut self.before, lost) < lost
    }

    fn plan(&mut self, looks: usize) {
        self.next = LOOKS.get(looks).map(|wait| (Instant::now() + *wait, looks));
    }

    fn lost(&self) -> u64 {
        self.connection.stats().path.lost_packets
    }
}

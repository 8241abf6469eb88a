//! The loop that drives a node: take what came, let the node handle it, commit once, then tell.
//!
//! It has a thread of its own, because a commit waits for the disk. Everything else runs elsewhere and reaches it
//! through one bounded inbox.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use lamplit_blob::Ask;
use lamplit_node::{Answer, AskId, Command, CommandError, DialId, Event, FetchError, Input, Node, Outputs, Transmit};
use lamplit_store::{Snapshot, Store};
use lamplit_transport::{Connection, Lane, TransportEvent};
use lamplit_types::{Beacon, BlobId, Channel, LinkId};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep_until},
};

use crate::{
    clock::{Clock, Leaps},
    dialler::Dialler,
    files::Files,
    handle::{CommandFailed, Reach},
    limits,
    links::Links,
    random::Random,
    screen::Screen,
};

/// What can come to the driver.
pub(crate) enum Incident {
    Command(Command, Reply),
    Transport(TransportEvent),
    Dialled(DialId, Option<Connection>),
    Received(LinkId, Channel, Vec<u8>),
    Ended(LinkId),
    Asked(LinkId, Ask, Lane),
    Fetched { blob: BlobId, number: u64, result: Result<String, FetchError> },
    Served(AskId),
    FileLost(BlobId),
}

/// Where the answer to a command goes.
pub(crate) type Reply = oneshot::Sender<Result<Answer, CommandFailed>>;

/// Why a client ended by itself. What was committed is safe.
#[derive(Debug, thiserror::Error)]
#[error("the database failed and the device cannot go on: {0}")]
pub struct Fatal(String);

impl Fatal {
    /// The loop itself died.
    pub(crate) fn from_join(error: &tokio::task::JoinError) -> Self {
        Self(error.to_string())
    }
}

pub(crate) struct Driver {
    pub(crate) node: Node,
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) inbox: mpsc::Receiver<Incident>,
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) links: Links,
    pub(crate) dialler: Dialler,
    pub(crate) screen: Screen,
    pub(crate) files: Files,
    pub(crate) asked: BTreeMap<u64, Reply>,
    pub(crate) last_asked: u64,
    /// Beacons that are shown nearby.
    pub(crate) sighted: BTreeSet<Beacon>,
    /// Sightings that came while nothing could be kept. A transport tells of each once.
    pub(crate) held: Vec<Input>,
    /// Why the batch at hand cannot be kept.
    pub(crate) broken: Option<String>,
    /// When changes are committed at the latest that nothing waits for.
    pub(crate) silent_until: Option<Instant>,
    pub(crate) leaps: Leaps,
}

impl Driver {
    pub(crate) async fn run(mut self) -> Result<(), Fatal> {
        let mut batch = Vec::with_capacity(limits::BATCH);
        self.settle().await?;
        while self.gather(&mut batch).await {
            self.random.reseed();
            match self.store.snapshot() {
                Ok(read) => {
                    batch.drain(..).for_each(|incident| self.take(&read, incident));
                    self.tick(&read);
                    // Given back first: what it shows could not be used again by the commit.
                    drop(read);
                    if !self.may_wait() {
                        self.settle().await?;
                    }
                }
                Err(error) => {
                    let reason = error.to_string();
                    batch.drain(..).for_each(|incident| self.turn_away(incident, &reason));
                    self.undo(reason).await?;
                }
            }
        }
        self.settle().await?;
        self.say_goodbye().await;
        Ok(())
    }

    /// Whether the changes at hand may wait for the next ones: nobody is to be told of them, as after an acknowledgement.
    fn may_wait(&mut self) -> bool {
        if self.broken.is_some() || !self.node.is_silent() || !self.node.has_changes() {
            return false;
        }
        let now = Instant::now();
        *self.silent_until.get_or_insert(now + limits::SILENT) > now
    }

    /// Waits until something is to be done and takes what came, up to a limit. False at the end.
    async fn gather(&mut self, batch: &mut Vec<Incident>) -> bool {
        let deadline = self.node.deadline().map(|deadline| self.clock.instant(deadline));
        let deadline = deadline.into_iter().chain(self.silent_until).fold(self.leaps.next(), Instant::min);
        tokio::select! {
            biased;
            () = asked_to_stop(&mut self.stop) => false,
            taken = self.inbox.recv_many(batch, limits::BATCH) => taken > 0,
            () = sleep_until(deadline) => true,
        }
    }

    /// Commits what the node wants kept, and only then does and tells what it says.
    async fn settle(&mut self) -> Result<(), Fatal> {
        self.silent_until = None;
        if let Some(reason) = self.broken.take() {
            return self.undo(reason).await;
        }
        let writes = self.node.take_writes();
        if !writes.is_empty() {
            if let Err(error) = self.store.commit(writes) {
                return self.undo(error.to_string()).await;
            }
            self.screen.storage_works();
        }
        let Outputs { transmits, events } = self.node.committed();
        // To wake somebody takes a while: a screen before a peer that waits for an acknowledgement, and whoever asked last.
        let (answers, events): (Vec<_>, Vec<_>) =
            events.into_iter().partition(|event| matches!(event, Event::Answer(..)));
        events.into_iter().for_each(|event| self.tell(event));
        self.screen.caught_up(&self.node);
        transmits.into_iter().for_each(|transmit| self.carry_out(transmit));
        answers.into_iter().for_each(|answer| self.tell(answer));
        Ok(())
    }

    /// Goes back to what is committed. Every link closes, so the peers send again what they hear no answer to.
    async fn undo(&mut self, reason: String) -> Result<(), Fatal> {
        tracing::error!(%reason, "nothing can be kept: the last step was undone");
        self.screen.storage_fails(reason.clone());
        for (_, reply) in core::mem::take(&mut self.asked) {
            let _ = reply.send(Err(CommandError::Storage(reason.clone()).into()));
        }
        self.links.close_all();
        self.files.undo();
        let Some(read) = self.sit_out(&reason).await else { return Ok(()) };
        let now = self.clock.now();
        let transmits =
            self.node.rolled_back(&read, now, self.random.rng()).map_err(|error| Fatal(error.to_string()))?;
        transmits.into_iter().for_each(|transmit| self.carry_out(transmit));
        self.screen.begin_again(&self.node);
        for input in core::mem::take(&mut self.held) {
            self.handle(&read, input);
        }
        // What comes of them is done at once.
        self.silent_until = Some(Instant::now());
        Ok(())
    }

    /// Waits a while, and then until the database can be read, and turns away what comes meanwhile. `None` at the end.
    async fn sit_out(&mut self, reason: &str) -> Option<Snapshot> {
        let mut again = Instant::now() + limits::PAUSE;
        loop {
            tokio::select! {
                biased;
                () = asked_to_stop(&mut self.stop) => return None,
                () = sleep_until(again) => match self.store.snapshot() {
                    Ok(read) => return Some(read),
                    Err(_) => again = Instant::now() + limits::PAUSE,
                },
                incident = self.inbox.recv() => self.turn_away(incident?, reason),
            }
        }
    }

    /// What is dropped here was not acknowledged: it is sent again. A connection that is dropped ends.
    fn turn_away(&mut self, incident: Incident, reason: &str) {
        match incident {
            Incident::Command(_, reply) => {
                let _ = reply.send(Err(CommandError::Storage(reason.to_owned()).into()));
            }
            Incident::Dialled(..) => self.dialler.done(),
            Incident::Transport(event) => {
                if let Some(input) = self.sighting(event) {
                    self.hold(input);
                }
            }
            // What was fetched is asked for again.
            Incident::Received(..)
            | Incident::Ended(_)
            | Incident::Asked(..)
            | Incident::Fetched { .. }
            | Incident::Served(_)
            | Incident::FileLost(_) => {}
        }
    }

    fn take(&mut self, read: &Snapshot, incident: Incident) {
        match incident {
            Incident::Command(command, reply) => {
                self.last_asked = self.last_asked.saturating_add(1);
                self.asked.insert(self.last_asked, reply);
                self.handle(read, Input::Command(self.last_asked, command));
            }
            Incident::Transport(TransportEvent::Incoming(connection)) => self.connected(read, connection, None),
            Incident::Transport(event) => {
                if let Some(input) = self.sighting(event) {
                    self.handle(read, input);
                }
            }
            Incident::Dialled(dial, connection) => {
                self.dialler.done();
                match connection {
                    Some(connection) => self.connected(read, connection, Some(dial)),
                    None => self.dial_failed(read, dial),
                }
            }
            Incident::Received(link, channel, bytes) if self.links.is_open(link) => {
                self.handle(read, Input::Received { link, channel, bytes });
            }
            Incident::Ended(link) if self.links.ended(link) => {
                self.handle(read, Input::Disconnected(link));
            }
            Incident::Received(..) | Incident::Ended(_) => {}
            Incident::Asked(link, ask, lane) => {
                let blob = ask.blob;
                let ask = self.files.wait_for_word(ask, lane);
                self.handle(read, Input::Asked { link, ask, blob });
            }
            Incident::Fetched { blob, number, result } if self.files.ended(blob, number, &result) => {
                self.handle(read, Input::Fetched { blob, result });
            }
            Incident::Fetched { .. } => {}
            Incident::Served(ask) => self.handle(read, Input::Served(ask)),
            Incident::FileLost(blob) => self.handle(read, Input::FileLost(blob)),
        }
    }

    /// What a transport saw, for the node.
    fn sighting(&mut self, event: TransportEvent) -> Option<Input> {
        match event {
            TransportEvent::Sighted { beacon, address } => {
                if self.sighted.len() < limits::SIGHTED && self.sighted.insert(beacon) {
                    self.count_strangers();
                }
                let address = lamplit_node::Address(address.as_str().to_owned());
                Some(Input::Sighted { beacon, address })
            }
            TransportEvent::Lost { beacon } => {
                if self.sighted.remove(&beacon) {
                    self.count_strangers();
                }
                Some(Input::Lost(beacon))
            }
            TransportEvent::Incoming(_) => None,
        }
    }

    /// Keeps a sighting until the node can take it. What is beyond the limit is seen again with its next name.
    fn hold(&mut self, input: Input) {
        if matches!(input, Input::Sighted { .. } | Input::Lost(_)) && self.held.len() < limits::SIGHTED {
            self.held.push(input);
        }
    }

    fn connected(&mut self, read: &Snapshot, connection: Connection, dial: Option<DialId>) {
        match (self.links.open(connection), dial) {
            (Some((link, pipe)), dial) => self.handle(read, Input::Connected { link, pipe, dial }),
            (None, Some(dial)) => self.dial_failed(read, dial),
            (None, None) => {}
        }
    }

    fn dial_failed(&mut self, read: &Snapshot, dial: DialId) {
        self.handle(read, Input::DialFailed(dial));
    }

    fn tick(&mut self, read: &Snapshot) {
        let now = self.clock.now();
        let is_due = self.node.deadline().is_some_and(|deadline| deadline <= now.mono);
        if self.leaps.look(now) || is_due {
            self.handle(read, Input::Tick);
        }
    }

    fn handle(&mut self, read: &Snapshot, input: Input) {
        // After a failure nothing of the batch may be kept, so the rest of it is not worth handling.
        if self.broken.is_some() {
            return self.hold(input);
        }
        let now = self.clock.now();
        self.broken = self.node.handle(now, self.random.rng(), read, input).err().map(|error| error.to_string());
    }

    fn carry_out(&mut self, transmit: Transmit) {
        match transmit {
            Transmit::Send { link, channel, bytes } => self.links.send(link, channel, bytes),
            Transmit::Close(link) => self.links.close(link),
            Transmit::Dial { dial, address } => self.dialler.dial(dial, address),
            Transmit::Advertise(beacon) => self.dialler.advertise(beacon),
            Transmit::AllowLanes(link) => {
                if let Some(lanes) = self.links.lanes(link) {
                    self.files.allow(link, lanes);
                }
            }
            Transmit::Fetch { link, file } => self.files.fetch(self.links.lanes(link), file),
            Transmit::StopFile(blob) => self.files.stop(blob),
            Transmit::FileKept(blob) => self.files.kept(blob),
            Transmit::Serve { ask, file } => self.files.serve(ask, file),
            Transmit::StopServing(ask) => self.files.stop_serving(ask),
        }
    }

    fn tell(&mut self, event: Event) {
        match event {
            Event::Answer(number, result) => {
                self.screen.own_lit(&self.node);
                if let Some(reply) = self.asked.remove(&number) {
                    // Whoever asked may have gone.
                    let _ = reply.send(result.map_err(CommandFailed::Refused));
                }
            }
            event => {
                let reach = self.reach(&event);
                // Who became a contact shows what was a stranger's before.
                let known = matches!(event, Event::ContactAdded(_) | Event::ContactChanged(_) | Event::Near { .. });
                self.screen.show(event, &self.node, reach);
                if known {
                    self.count_strangers();
                }
            }
        }
    }

    /// How the device of an event is reached.
    fn reach(&self, event: &Event) -> Option<Reach> {
        let Event::Near { device, reachable: true, .. } = event else { return None };
        let way = self.links.way(self.node.link_to(device)?)?;
        Some(Reach { since: self.clock.now().wall, kind: way.kind, address: way.address.clone() })
    }

    fn count_strangers(&self) {
        let strangers = self.sighted.iter().filter(|beacon| !self.node.recognises(**beacon)).count();
        self.screen.strangers(strangers);
    }

    async fn say_goodbye(&mut self) {
        self.links.close_all();
        self.dialler.shutdown().await;
    }
}

/// Returns when somebody asks the driver to stop, or nobody is left who could.
async fn asked_to_stop(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|&stop| stop).await;
}

//! Devices whose programs do not keep to the rules: what they say is put where their nodes take it from.

use lamplit_node::{Order, Read, Table};
use lamplit_seal::{Row, StorageKey};
use lamplit_sync::inbox::Inbox;
use lamplit_types::{ConversationId, EnvelopeId, Hlc, Incarnation, Wall, limits::DAY_MS};
use lamplit_wire::{Body, Envelope, Mark, Received, server::Epoch};
use serde::{Deserialize, Serialize};

use crate::world::{START, World};

/// A row of the outbox.
#[derive(Serialize, Deserialize)]
pub(crate) struct Outgoing {
    pub(crate) conversation: ConversationId,
    sent: Hlc,
    pub(crate) body: Body,
    expires: Wall,
    envelope: Option<Envelope>,
    was_sealed: bool,
    mark: Option<Mark>,
}

/// What was sent to and received from a device.
#[derive(Default, Serialize, Deserialize)]
struct Peer {
    last: u64,
    inbox: Inbox,
    mark: Option<(Incarnation, u64, Mark)>,
    address: Option<String>,
    holds: u32,
    kept: Option<(Epoch, u64)>,
}

/// What a device is to be told.
#[derive(Serialize)]
struct Owed {
    number: u64,
    heard: bool,
    lacks: bool,
    unreadable: Vec<EnvelopeId>,
}

impl World {
    fn peer(&self, at: usize, of: usize) -> Peer {
        let row = self.devices[at].store.get(Table::Peers, &self.id(of)).unwrap();
        row.map(|row| postcard::from_bytes(&row).unwrap()).unwrap_or_default()
    }

    fn put_peer(&mut self, at: usize, of: usize, peer: &Peer) {
        let key = (Table::Peers, self.id(of).to_vec());
        self.devices[at].store.0.insert(key, postcard::to_extend(peer, Vec::new()).unwrap());
    }

    fn id(&self, at: usize) -> [u8; 32] {
        *self.devices[at].node.as_ref().unwrap().device().as_bytes()
    }

    fn vault(&self, at: usize) -> StorageKey {
        StorageKey::from_bytes(*self.devices[at].secrets.last_chunk::<32>().unwrap())
    }

    fn put_outgoing(&mut self, at: usize, key: Vec<u8>, outgoing: &Outgoing) {
        let row = Row { table: Table::Outbox.name(), key: &key };
        let plain = postcard::to_extend(outgoing, Vec::new()).unwrap();
        let sealed = self.vault(at).seal(&mut self.rng, row, &plain).unwrap();
        self.devices[at].store.0.insert((Table::Outbox, key), sealed);
    }

    /// How much waits at a device for another one.
    pub(crate) fn waiting(&self, at: usize, to: usize) -> usize {
        self.devices[at].store.scan(Table::Outbox, &self.id(to), None, Order::Up, usize::MAX).unwrap().len()
    }

    /// What was sealed of that.
    pub(crate) fn envelopes(&mut self, at: usize, to: usize) -> Vec<EnvelopeId> {
        let mut ids = Vec::new();
        self.rewrite(at, to, |outgoing| ids.extend(outgoing.envelope.as_ref().map(|envelope| envelope.id)));
        ids
    }

    /// Changes what waits at a device for another one.
    pub(crate) fn rewrite(&mut self, at: usize, to: usize, mut change: impl FnMut(&mut Outgoing)) {
        let rows = self.devices[at].store.scan(Table::Outbox, &self.id(to), None, Order::Up, usize::MAX).unwrap();
        for (key, sealed) in rows {
            let row = Row { table: Table::Outbox.name(), key: &key };
            let plain = self.vault(at).open(row, &sealed).unwrap();
            let mut outgoing = postcard::from_bytes(&plain).unwrap();
            change(&mut outgoing);
            self.put_outgoing(at, key, &outgoing);
        }
    }

    /// Puts last into a device's outbox what its program would not say. It leaves with the next message.
    pub(crate) fn slip(&mut self, at: usize, to: usize, conversation: ConversationId, body: Body) {
        let mut peer = self.peer(at, to);
        peer.last += 1;
        let wall = Wall(START + self.now);
        let (sent, expires) = (Hlc { wall, count: 0 }, wall.plus(DAY_MS));
        let outgoing = Outgoing { conversation, sent, body, expires, envelope: None, was_sealed: false, mark: None };
        let key = [self.id(to).as_slice(), &peer.last.to_be_bytes()].concat();
        self.put_outgoing(at, key, &outgoing);
        self.put_peer(at, to, &peer);
    }

    /// What a device has of what another one sent to it, as it would say.
    pub(crate) fn received(&self, at: usize, from: usize) -> Received {
        let peer = self.peer(at, from);
        let (incarnation, seq) = peer.inbox.received().unwrap();
        let (_, highest, mark) = peer.mark.unwrap();
        Received { incarnation, seq, highest, mark }
    }

    /// A device takes this for what it has of what another one sent to it, and says so with its next letter.
    pub(crate) fn believe(&mut self, at: usize, of: usize, received: &Received) {
        let mut inbox = Inbox::default();
        inbox.advance(received.incarnation, received.seq.saturating_add(1));
        let mark = Some((received.incarnation, received.highest, received.mark));
        let before = self.peer(at, of);
        self.put_peer(at, of, &Peer { inbox, mark, ..before });
    }

    /// The next letter of a device says that these envelopes could not be read; or, if there are none, that some may not have
    /// come.
    pub(crate) fn complain(&mut self, at: usize, to: usize, unreadable: Vec<EnvelopeId>) {
        let owed = Owed { number: u64::MAX, heard: true, lacks: true, unreadable };
        let key = (Table::Owed, self.id(to).to_vec());
        self.devices[at].store.0.insert(key, postcard::to_extend(&owed, Vec::new()).unwrap());
    }
}

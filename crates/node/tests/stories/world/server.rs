//! The server in its world: the real services over a store in memory, who reaches it, and what befalls it.

use std::collections::{BTreeMap, VecDeque};

use futures_util::FutureExt;
use lamplit_node::{Address, Command, Input};
use lamplit_service::{CodeKey, Sent, Service, Session, Settings, Store as _, Text, Turn, memory::Memory};
use lamplit_types::{Channel, Class, DeviceId, LinkId};
use lamplit_wire::{
    FrameBuffer, LogEntry,
    bounded::List,
    server::{AppendOutcome, Appended, Down, Epoch, Goodbye, Item, Lamp, Outcome, Piece, Post, Posted, Up},
};
use zeroize::Zeroizing;

use super::{Flight, World};

/// What stands for the server where a device has its number.
pub(crate) const SERVER: usize = usize::MAX - 1;
/// What devices dial.
pub(crate) const SERVER_ADDRESS: &str = "server:key@stories:1";

/// The server.
pub(crate) struct Server {
    service: Service<Memory>,
    /// Connections, by their ends here.
    talks: BTreeMap<LinkId, Talk>,
    pub(crate) is_on: bool,
    /// What everybody who comes is told, and nothing else.
    pub(crate) goodbye: Option<Goodbye>,
    /// Of each two devices the first has as much lying here for the second as it may.
    pub(crate) full: Vec<(usize, usize)>,
    /// So many envelopes more it has no time for.
    pub(crate) busy: usize,
    /// It says of all records that others took their place.
    pub(crate) hides: bool,
    /// What it has to tell of records is gone, and it says so.
    pub(crate) forgets: bool,
    /// So many packets more are lost.
    pub(crate) loses: usize,
    /// The packets that it sent.
    pub(crate) kept: Vec<Vec<u8>>,
    /// It answers nothing.
    pub(crate) is_mute: bool,
    /// What becomes of pieces, of which none is kept.
    pub(crate) pieces: Option<AppendOutcome>,
    /// How many pieces came, wishes to bring a set anew, and parts of lists of members.
    pub(crate) brought: usize,
    pub(crate) anew: usize,
    pub(crate) members: usize,
    /// Codes that it sent.
    pub(crate) texts: Vec<Text>,
    /// Which device came, and when.
    pub(crate) came: Vec<(usize, u64)>,
}

/// One connection.
struct Talk {
    at: usize,
    session: Session,
    buffer: FrameBuffer,
    is_known: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            service: service(7),
            talks: BTreeMap::new(),
            is_on: false,
            goodbye: None,
            full: Vec::new(),
            busy: 0,
            hides: false,
            forgets: false,
            loses: 0,
            kept: Vec::new(),
            is_mute: false,
            pieces: None,
            brought: 0,
            anew: 0,
            members: 0,
            texts: Vec::new(),
            came: Vec::new(),
        }
    }
}

/// The services over an empty store of a life.
fn service(epoch: u8) -> Service<Memory> {
    let codes = Some(CodeKey::from_bytes(Zeroizing::new([7; 32])));
    Service::new(Memory::new(Epoch([epoch; 8])), Settings { codes, ..Settings::default() })
}

/// What a server says of a piece that it does not keep.
fn unkept(piece: &Piece, outcome: AppendOutcome) -> Turn {
    let Piece { delta, .. } = piece;
    let appended = Appended { set: delta.set, author: delta.author, head: delta.after, outcome };
    Turn { down: vec![Down::Appended(appended)], ..Turn::default() }
}

fn refusal(post: &Post, outcome: Outcome) -> Turn {
    Turn { down: vec![Down::Posted(Posted { id: post.envelope.id, outcome })], ..Turn::default() }
}

/// What a server says that would have nobody know of any record.
fn hidden(down: Down) -> Down {
    let hide = |mut piece: Box<Piece>| {
        let entries = piece.delta.entries.iter().map(|entry| match entry {
            LogEntry::Live(record) => LogEntry::Replaced { seq: record.body.seq, chain: record.body.chain },
            LogEntry::Replaced { seq, chain } => LogEntry::Replaced { seq: *seq, chain: *chain },
        });
        piece.delta.entries = List::try_from(entries.collect::<Vec<_>>()).unwrap();
        piece
    };
    match down {
        Down::Piece(piece) => Down::Piece(hide(piece)),
        Down::Feed(mut feed) => {
            let items = feed.items.into_vec().into_iter().map(|item| match item {
                Item::Piece(piece) => Item::Piece(hide(piece)),
                other => other,
            });
            feed.items = List::try_from(items.collect::<Vec<_>>()).unwrap();
            Down::Feed(feed)
        }
        other => other,
    }
}

/// What a server says that dropped all word of records.
fn forgotten(down: Down) -> Down {
    let Down::Feed(mut feed) = down else { return down };
    let mut items = feed.items.into_vec();
    let before = items.len();
    items.retain(|item| !matches!(item, Item::Piece(_)));
    feed.gap |= items.len() < before;
    feed.items = List::try_from(items).unwrap();
    Down::Feed(feed)
}

impl World {
    /// Some devices use the server from now on, which is on.
    pub(crate) fn use_server(&mut self, devices: &[usize]) {
        self.server.is_on = true;
        for at in devices {
            self.command(*at, Command::UseServer(Some(Address(SERVER_ADDRESS.to_owned())))).unwrap();
        }
        self.settle();
    }

    /// The server is off. It keeps what it has.
    pub(crate) fn stop_server(&mut self) {
        self.server.is_on = false;
        for link in core::mem::take(&mut self.server.talks).into_keys() {
            self.cut(link);
        }
        self.settle();
    }

    /// The server comes back without all that it ever kept.
    pub(crate) fn lose_server(&mut self, epoch: u8) {
        self.stop_server();
        self.server.service = service(epoch);
        self.server.is_on = true;
    }

    /// Nobody is near anybody: they reach the server and nothing else.
    pub(crate) fn part_all(&mut self) {
        for at in 0..self.devices.len() {
            for other in 0..at {
                self.apart.push((at, other));
                self.cut_between(at, other);
            }
        }
        self.settle();
    }

    /// All who were parted can be near each other again. Who does not reach the server still does not.
    pub(crate) fn meet_all(&mut self) {
        self.apart.retain(|(_, other)| *other == SERVER);
    }

    /// A device reaches the server no more.
    pub(crate) fn go_offline(&mut self, at: usize) {
        self.apart.push((at, SERVER));
        self.cut_between(at, SERVER);
        self.settle();
    }

    /// A device reaches the server again.
    pub(crate) fn go_online(&mut self, at: usize) {
        self.apart.retain(|pair| *pair != (at, SERVER));
    }

    /// What a device of no account says to the server in one connection, and what it hears.
    pub(crate) fn stranger_says(&mut self, device: DeviceId, up: Up) -> (Vec<Down>, Vec<Text>) {
        let now = self.clock(SERVER);
        let mut session = Session::new(device);
        let turn = session.take(&self.server.service, now, vec![up]).now_or_never();
        let turn = turn.expect("memory is there at once");
        (turn.down, turn.texts)
    }

    /// All that the server keeps.
    pub(crate) fn server_keeps(&self) -> Vec<Vec<u8>> {
        let store = self.server.service.store();
        let partitions = store.partitions(None, usize::MAX).now_or_never().unwrap().unwrap();
        let rows = |partition| store.scan(&partition, b"", None, usize::MAX).now_or_never().unwrap().unwrap();
        partitions.into_iter().flat_map(rows).map(|(_, value)| value).collect()
    }

    /// Something comes to the server.
    pub(super) fn server_takes(&mut self, input: Input) {
        match input {
            Input::Connected { link, .. } => self.server_reached(link),
            Input::Disconnected(link) => {
                self.server.talks.remove(&link);
            }
            Input::Received { link, bytes, .. } => self.server_hears(link, &bytes),
            other => panic!("nobody sends a server {other:?}"),
        }
    }

    fn server_reached(&mut self, link: LinkId) {
        let Some((_, at, _)) = self.pipes.get(&link).copied() else { return };
        let Some(device) = self.devices[at].node.as_ref().map(lamplit_node::Node::device) else { return };
        self.server.came.push((at, self.now));
        let talk = Talk { at, session: Session::new(device), buffer: FrameBuffer::default(), is_known: false };
        self.server.talks.insert(link, talk);
    }

    fn server_hears(&mut self, link: LinkId, bytes: &[u8]) {
        let now = self.clock(SERVER);
        let Some(talk) = self.server.talks.get_mut(&link) else { return };
        if let Some(goodbye) = self.server.goodbye {
            return self.server_says(link, Turn { down: vec![Down::Goodbye(goodbye)], ends: true, ..Turn::default() });
        }
        talk.buffer.push(bytes);
        let at = talk.at;
        while let Some(talk) = self.server.talks.get_mut(&link) {
            let Some(frame) = talk.buffer.pop::<Up>().expect("devices say what can be read") else { return };
            self.server.brought += usize::from(matches!(frame, Up::Append(_)));
            self.server.anew += usize::from(matches!(frame, Up::Anew(_)));
            self.server.members += usize::from(matches!(frame, Up::Members(_)));
            let turn = match &frame {
                Up::Append(piece) if self.server.pieces.is_some() => unkept(piece, self.server.pieces.unwrap()),
                Up::Post(post) if self.is_full(at, post) => refusal(post, Outcome::Full),
                Up::Post(post) if self.server.busy > 0 => {
                    self.server.busy -= 1;
                    refusal(post, Outcome::Busy)
                }
                _ => {
                    let Server { service, talks, .. } = &mut self.server;
                    let talk = talks.get_mut(&link).expect("it was there a moment ago");
                    talk.session.take(service, now, vec![frame]).now_or_never().expect("memory is there at once")
                }
            };
            self.server_says(link, turn);
        }
    }

    /// Sends devices their packets.
    fn server_lights(&mut self, lamps: Vec<(DeviceId, Lamp)>) {
        for (device, lamp) in lamps {
            let mut talks = self.server.talks.iter().filter(|(_, talk)| talk.is_known);
            let found = talks.find(|(_, talk)| talk.session.device() == device);
            let Some((to, near)) = found.and_then(|(link, _)| self.pipes.get(link)).map(|(_, at, near)| (*at, *near))
            else {
                continue;
            };
            let bytes = Down::Lamp(Box::new(lamp)).encode().unwrap();
            self.server.kept.push(bytes.clone());
            if self.server.loses > 0 {
                self.server.loses -= 1;
                continue;
            }
            self.flights
                .push_back(Flight { to, input: Input::Received { link: near, channel: Channel::Packet, bytes } });
        }
    }

    /// The server finds that packets to a device may have been lost.
    pub(crate) fn packets_were_lost(&mut self, at: usize) {
        let talk = self.server.talks.iter().find(|(_, talk)| talk.is_known && talk.at == at);
        let (link, turn) = talk.map(|(link, talk)| (*link, talk.session.packets_lost())).expect("it is connected");
        self.server_says(link, turn);
        self.settle();
    }

    fn is_full(&self, from: usize, post: &Post) -> bool {
        let is_for = |to: usize| self.devices[to].node.as_ref().is_some_and(|node| node.device() == post.envelope.to);
        self.server.full.iter().any(|(full, to)| *full == from && is_for(*to))
    }

    /// What the server has to say goes out, and whoever there is something new for hears of it.
    fn server_says(&mut self, link: LinkId, turn: Turn) {
        let now = self.clock(SERVER);
        let mut turns = VecDeque::from([(link, turn)]);
        while let Some((link, turn)) = turns.pop_front() {
            let Server { service, talks, texts, .. } = &mut self.server;
            let Some(talk) = talks.get_mut(&link) else { continue };
            talk.is_known |= turn.welcomed;
            for text in turn.texts {
                texts.push(text);
                turns.push_back((link, talk.session.text_sent(text.number, Sent::Taken)));
            }
            let device = talk.session.device();
            for (other, talk) in talks.iter_mut().filter(|(_, talk)| talk.is_known) {
                if turn.wake.contains(&talk.session.device()) {
                    let more = talk.session.pump(service, now).now_or_never();
                    turns.push_back((*other, more.expect("memory is there at once")));
                }
                if turn.welcomed && *other != link && talk.session.device() == device {
                    turns.push_back((*other, talk.session.newer()));
                }
            }
            self.server_lights(turn.lamps);
            let to = self.pipes.get(&link).map(|(_, at, near)| (*at, *near));
            let said = if self.server.is_mute { Vec::new() } else { turn.down };
            for (down, (to, near)) in said.into_iter().zip(to.into_iter().cycle()) {
                let down = if self.server.hides { hidden(down) } else { down };
                let down = if self.server.forgets { forgotten(down) } else { down };
                let bytes = down.encode().unwrap();
                let input = Input::Received { link: near, channel: Channel::Stream(Class::Control), bytes };
                self.flights.push_back(Flight { to, input });
            }
            if turn.ends {
                self.server.talks.remove(&link);
                self.cut(link);
            }
        }
    }
}

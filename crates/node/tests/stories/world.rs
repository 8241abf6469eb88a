//! A few devices and the pipes between them, in virtual time: enough to tell a story in a test.

mod server;

use std::{
    collections::{BTreeMap, VecDeque},
    convert::Infallible,
};

use chacha20::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng, TryCryptoRng, TryRng},
};
use lamplit_identity::{Cost, Invite, LinkCode, Phrase};
use lamplit_node::{
    Address, Answer, AskId, Command, CommandError, DialId, Event, FetchError, FileJob, Input, JoinError, Joiner, Node,
    NotServed, Order, Read, ReadError, ReopenError, Row, Table, Transmit, Write, setup, view,
};
use lamplit_types::{
    AccountId, AppId, Beacon, BlobId, Channel, GroupId, LinkId, MessageId, Mono, Name, Now, Pipe, Text, Wall,
};
use lamplit_wire::server::Opening;

use self::server::Server;
pub(crate) use self::server::{SERVER, SERVER_ADDRESS};

/// What stretching a phrase costs in tests.
pub(crate) const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
pub(crate) const START: u64 = 1_800_000_000_000;

/// A database in memory.
#[derive(Clone, Default)]
pub(crate) struct Store(pub(crate) BTreeMap<(Table, Vec<u8>), Vec<u8>>);

impl Store {
    pub(crate) fn commit(&mut self, writes: Vec<Write>) {
        for Write { table, key, value } in writes {
            match value {
                Some(value) => self.0.insert((table, key), value),
                None => self.0.remove(&(table, key)),
            };
        }
    }
}

impl Read for Store {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.0.get(&(table, key.to_vec())).cloned())
    }

    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        from: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, ReadError> {
        let rows = self.0.range((table, prefix.to_vec())..);
        let rows = rows.take_while(|((at, key), _)| *at == table && key.starts_with(prefix));
        let rows = rows.filter(|((_, key), _)| match (from, order) {
            (None, _) => true,
            (Some(from), Order::Up) => key.as_slice() > from,
            (Some(from), Order::Down) => key.as_slice() < from,
        });
        let rows: Vec<Row> = rows.map(|((_, key), value)| (key.clone(), value.clone())).collect();
        Ok(match order {
            Order::Up => rows.into_iter().take(limit).collect(),
            Order::Down => rows.into_iter().rev().take(limit).collect(),
        })
    }
}

/// A database that cannot be read.
struct Broken;

impl Read for Broken {
    fn get(&self, _: Table, _: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        Err(ReadError::Storage("it cannot be read".to_owned()))
    }

    fn scan(&self, _: Table, _: &[u8], _: Option<&[u8]>, _: Order, _: usize) -> Result<Vec<Row>, ReadError> {
        Err(ReadError::Storage("it cannot be read".to_owned()))
    }
}

/// One device with its database.
pub(crate) struct Device {
    pub(crate) node: Option<Node>,
    pub(crate) secrets: Vec<u8>,
    pub(crate) store: Store,
    pub(crate) events: Vec<Event>,
    pub(crate) beacon: Option<Beacon>,
    /// How far its wall clock is off.
    pub(crate) skew: i64,
    /// The next commits that fail.
    pub(crate) failing_commits: u32,
    answers: BTreeMap<u64, Result<Answer, CommandError>>,
    /// Files whose fetching or serving is to end.
    pub(crate) stopped: Vec<BlobId>,
    /// Asks that are not to be answered to their end.
    pub(crate) stopped_serving: Vec<AskId>,
    pub(crate) account: AccountId,
}

/// Bytes on their way.
struct Flight {
    to: usize,
    input: Input,
}

/// Draws these bytes first, and goes on at random.
struct Given<'r> {
    first: Option<[u8; 16]>,
    rest: &'r mut ChaCha20Rng,
}

impl TryRng for Given<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.rest.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.rest.next_u64())
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        match self.first.take() {
            Some(first) => to.copy_from_slice(&first),
            None => self.rest.fill_bytes(to),
        }
        Ok(())
    }
}

impl TryCryptoRng for Given<'_> {}

/// Devices and what is between them.
pub(crate) struct World {
    pub(crate) devices: Vec<Device>,
    pub(crate) now: u64,
    pub(crate) rng: ChaCha20Rng,
    flights: VecDeque<Flight>,
    /// Both ends of a pipe.
    pipes: BTreeMap<LinkId, (usize, usize, LinkId)>,
    next_link: u64,
    next_command: u64,
    /// Who asked for which file.
    asks: Vec<(usize, FileJob)>,
    /// Devices whose files come so slowly that they never come.
    pub(crate) slow: Vec<usize>,
    /// Whom they serve, and what.
    pub(crate) slowly: Vec<(usize, BlobId)>,
    /// Pairs of devices that cannot reach each other; one of them may be the server.
    pub(crate) apart: Vec<(usize, usize)>,
    /// What people wrote on paper.
    pub(crate) phrases: BTreeMap<AccountId, Phrase>,
    /// The beacon that the first last saw the second show.
    seen: BTreeMap<(usize, usize), Option<Beacon>>,
    /// Nobody sees anybody's beacon.
    pub(crate) blind: bool,
    pub(crate) mtu: Option<usize>,
    /// How long deletions are remembered, if not as long as usual.
    pub(crate) keep_deletions: Option<u64>,
    /// What happens to the bytes for a device on their way.
    pub(crate) tamper: Option<Tamper>,
    pub(crate) server: Server,
}

/// Changes what is on its way to a device.
pub(crate) type Tamper = fn(usize, Channel, Vec<u8>) -> Vec<u8>;

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub(crate) fn text(words: &str) -> Text {
    Text::parse(words).unwrap()
}

pub(crate) fn app(id: &str) -> AppId {
    AppId::parse(id).unwrap()
}

impl World {
    pub(crate) fn new(seed: u8) -> Self {
        Self {
            devices: Vec::new(),
            now: 0,
            rng: ChaCha20Rng::from_seed([seed; 32]),
            flights: VecDeque::new(),
            pipes: BTreeMap::new(),
            next_link: 0,
            next_command: 0,
            asks: Vec::new(),
            slow: Vec::new(),
            slowly: Vec::new(),
            apart: Vec::new(),
            phrases: BTreeMap::new(),
            seen: BTreeMap::new(),
            blind: false,
            mtu: None,
            keep_deletions: None,
            tamper: None,
            server: Server::default(),
        }
    }

    pub(crate) fn clock(&self, at: usize) -> Now {
        let skew = self.devices.get(at).map_or(0, |device| device.skew);
        Now { mono: Mono(self.now), wall: Wall((START + self.now).saturating_add_signed(skew)) }
    }

    /// Somebody new with a first device.
    pub(crate) fn person(&mut self, called: &str) -> usize {
        let (made, phrase) = setup::first_device(&mut self.rng, Wall(START + self.now), name(called), CHEAP).unwrap();
        self.phrases.insert(made.account, phrase);
        self.install(made)
    }

    /// Somebody new, with keys of their own, under the account of somebody else.
    pub(crate) fn impostor(&mut self, of: usize, called: &str) -> usize {
        let first = Some(*self.devices[of].account.as_bytes());
        let mut rng = Given { first, rest: &mut self.rng };
        let (made, _) = setup::first_device(&mut rng, Wall(START + self.now), name(called), CHEAP).unwrap();
        assert_eq!(made.account, self.devices[of].account);
        self.install(made)
    }

    /// A link code that a device shows.
    pub(crate) fn link_code(&mut self, at: usize) -> LinkCode {
        let addresses = vec![format!("10.0.0.1:{}", 1000 + at).parse().unwrap()];
        match self.command(at, Command::LinkDevice { addresses }) {
            Ok(Answer::Linking(code)) => *code,
            other => panic!("{other:?}"),
        }
    }

    /// A new device that is to join by a code; it dials when it is told to.
    pub(crate) fn newcomer(&mut self, code: &LinkCode, called: &str) -> usize {
        let made = setup::joining_device(&mut self.rng, code, name(called)).unwrap();
        let mut store = Store::default();
        store.commit(made.writes);
        self.devices.push(Device {
            node: None,
            secrets: made.secrets.to_bytes().to_vec(),
            store,
            events: Vec::new(),
            beacon: None,
            skew: 0,
            failing_commits: 0,
            answers: BTreeMap::new(),
            stopped: Vec::new(),
            stopped_serving: Vec::new(),
            account: made.account,
        });
        self.devices.len() - 1
    }

    /// Lets a new device ask at one of the addresses in its code; a part of what is said may arrive. Starts it if all did.
    pub(crate) fn join(&mut self, at: usize, host: usize, steps: usize) -> Result<bool, JoinError> {
        let now = self.clock(at);
        let secrets = setup::DeviceSecrets::from_bytes(&self.devices[at].secrets).unwrap();
        let mut joiner = Joiner::open(secrets, &self.devices[at].store)?.expect("it has not joined yet");
        let (near, far) = (LinkId(self.next_link), LinkId(self.next_link + 1));
        self.next_link += 2;
        self.pipes.insert(far, (host, at, near));
        self.pipes.insert(near, (at, host, far));
        let binding = [u8::try_from(near.0 % 251).unwrap(); 32];
        let pipe = Pipe::Streams { binding, packet: 1200 };
        self.input(host, Input::Connected { link: far, pipe, dial: None });
        let mut joined = joiner.connected(now, &mut self.rng, pipe, address(host))?;
        for _ in 0..steps {
            for (channel, bytes) in core::mem::take(&mut joined.send) {
                self.input(host, Input::Received { link: far, channel, bytes });
            }
            let mine = |flight: &Flight| flight.to == at;
            let Some(next) = self.flights.iter().position(mine).and_then(|next| self.flights.remove(next)) else {
                break;
            };
            match next.input {
                Input::Received { channel, bytes, .. } => {
                    joined = joiner.received(now, &mut self.rng, channel, &bytes)?;
                }
                _ => break,
            }
            if let Some(writes) = joined.writes.take() {
                self.devices[at].store.commit(writes);
                self.cut(near);
                self.start(at);
                return Ok(true);
            }
        }
        self.cut(near);
        self.settle();
        Ok(false)
    }

    /// A further device of somebody, linked by a code that one of theirs shows.
    pub(crate) fn link(&mut self, of: usize, called: &str) -> usize {
        let code = self.link_code(of);
        let at = self.newcomer(&code, called);
        assert!(self.join(at, of, usize::MAX).unwrap(), "it joins");
        at
    }

    /// A further device of somebody.
    pub(crate) fn sibling(&mut self, of: usize) -> usize {
        let secrets = setup::DeviceSecrets::from_bytes(&self.devices[of].secrets).unwrap();
        let made =
            setup::further_device(&mut self.rng, Wall(START + self.now), &secrets, &self.devices[of].store).unwrap();
        self.crash(of);
        self.devices[of].store.commit(made.sibling_writes.clone());
        self.start(of);
        self.install(made)
    }

    fn install(&mut self, made: setup::NewDevice) -> usize {
        let mut store = Store::default();
        store.commit(made.writes);
        self.devices.push(Device {
            node: None,
            secrets: made.secrets.to_bytes().to_vec(),
            store,
            events: Vec::new(),
            beacon: None,
            skew: 0,
            failing_commits: 0,
            answers: BTreeMap::new(),
            stopped: Vec::new(),
            stopped_serving: Vec::new(),
            account: made.account,
        });
        let at = self.devices.len() - 1;
        self.start(at);
        at
    }

    /// A new device of somebody, opened with a phrase, a code and what the server keeps.
    pub(crate) fn reopen(
        &mut self,
        secrets: setup::DeviceSecrets,
        phrase: &Phrase,
        opening: &Opening,
    ) -> Result<usize, ReopenError> {
        let (now, root) = (Wall(START + self.now), phrase.root_key(CHEAP).unwrap());
        let to = (Address(SERVER_ADDRESS.to_owned()), name("new"));
        let reopened = lamplit_node::reopen(&mut self.rng, now, &secrets, &root, opening, to)?;
        let (account, device) = (reopened.account, secrets.device());
        let writes = reopened.writes;
        Ok(self.install(setup::NewDevice { secrets, writes, account, device, sibling_writes: Vec::new() }))
    }

    /// Starts a device from its database.
    pub(crate) fn start(&mut self, at: usize) {
        let now = self.clock(at);
        let device = &mut self.devices[at];
        let secrets = setup::DeviceSecrets::from_bytes(&device.secrets).unwrap();
        let mut node = Node::open(secrets, &device.store, now, &mut self.rng).unwrap();
        if let Some(keep) = self.keep_deletions {
            node = node.keeping_deletions(keep);
        }
        device.node = Some(node);
        self.commit(at);
    }

    /// Stops a device as a power cut would.
    pub(crate) fn crash(&mut self, at: usize) {
        self.devices[at].node = None;
        self.devices[at].beacon = None;
        let links: Vec<LinkId> = self.pipes.iter().filter(|(_, ends)| ends.0 == at).map(|(link, _)| *link).collect();
        for link in links {
            self.cut(link);
        }
        self.flights.retain(|flight| flight.to != at);
    }

    fn cut(&mut self, link: LinkId) {
        if let Some((_, other, far)) = self.pipes.remove(&link) {
            self.pipes.remove(&far);
            self.flights.push_back(Flight { to: other, input: Input::Disconnected(far) });
        }
    }

    /// Cuts all pipes between two devices.
    pub(crate) fn cut_between(&mut self, a: usize, b: usize) {
        let between = self.pipes.iter().filter(|(_, (at, other, _))| *at == a && *other == b);
        for link in between.map(|(link, _)| *link).collect::<Vec<_>>() {
            self.cut(link);
            self.flights.push_back(Flight { to: a, input: Input::Disconnected(link) });
        }
    }

    /// A link of one device to another.
    pub(crate) fn link_between(&self, a: usize, b: usize) -> Option<LinkId> {
        self.pipes.iter().find(|(_, (at, other, _))| *at == a && *other == b).map(|(link, _)| *link)
    }

    /// How many links there are between two devices.
    pub(crate) fn links_between(&self, a: usize, b: usize) -> usize {
        self.pipes.values().filter(|(at, other, _)| *at == a && *other == b).count()
    }

    pub(crate) fn input(&mut self, at: usize, input: Input) {
        if at == SERVER {
            return self.server_takes(input);
        }
        let now = self.clock(at);
        let Some(device) = self.devices.get_mut(at) else { return };
        let Some(node) = device.node.as_mut() else { return };
        node.handle(now, &mut self.rng, &device.store, input).unwrap();
        self.commit(at);
    }

    fn commit(&mut self, at: usize) {
        let now = self.clock(at);
        let device = &mut self.devices[at];
        let Some(node) = device.node.as_mut() else { return };
        let writes = node.take_writes();
        if device.failing_commits > 0 && !writes.is_empty() {
            device.failing_commits -= 1;
            let closes = node.rolled_back(&device.store, now, &mut self.rng).unwrap();
            for transmit in closes {
                self.carry(at, transmit);
            }
            return self.commit(at);
        }
        device.store.commit(writes);
        let outputs = node.committed();
        for event in outputs.events {
            if let Event::Answer(number, answer) = &event {
                device.answers.insert(*number, answer.clone());
            }
            device.events.push(event);
        }
        for transmit in outputs.transmits {
            self.carry(at, transmit);
        }
    }

    fn can_reach(&self, a: usize, b: usize) -> bool {
        let is_on = if b == SERVER { self.server.is_on } else { self.devices[b].node.is_some() };
        is_on && !self.apart.contains(&(a, b)) && !self.apart.contains(&(b, a))
    }

    fn carry(&mut self, at: usize, transmit: Transmit) {
        match transmit {
            Transmit::Send { link, channel, bytes } => {
                if let Some((_, other, far)) = self.pipes.get(&link).copied() {
                    let bytes = match self.tamper {
                        Some(tamper) => tamper(other, channel, bytes),
                        None => bytes,
                    };
                    self.flights.push_back(Flight { to: other, input: Input::Received { link: far, channel, bytes } });
                }
            }
            Transmit::Close(link) => self.cut(link),
            Transmit::Advertise(beacon) => self.devices[at].beacon = Some(beacon),
            Transmit::Dial { dial, address } => self.dial(at, dial, &address),
            Transmit::AllowLanes(_) => {}
            Transmit::Fetch { link, file } => match self.pipes.get(&link).copied() {
                Some((_, other, far)) => {
                    self.asks.push((at, file.clone()));
                    let ask = AskId(self.asks.len() as u64 - 1);
                    let input = Input::Asked { link: far, ask, blob: file.blob };
                    self.flights.push_back(Flight { to: other, input });
                }
                None => {
                    let input = Input::Fetched { blob: file.blob, result: Err(FetchError::Broken) };
                    self.flights.push_back(Flight { to: at, input });
                }
            },
            Transmit::Serve { ask, file } => {
                let (to, asked) = self.asks[usize::try_from(ask.0).unwrap()].clone();
                if file.is_ok() && self.slow.contains(&at) {
                    return self.slowly.push((to, asked.blob));
                }
                let result = match file {
                    Ok(file) if (file.key, file.hash, file.size) == (asked.key, asked.hash, asked.size) => {
                        Ok(format!("/{}", asked.name))
                    }
                    Ok(_) => Err(FetchError::Lied),
                    Err(NotServed::NotHere) => Err(FetchError::NotThere),
                    Err(NotServed::Busy) => Err(FetchError::Busy),
                };
                self.flights.push_back(Flight { to, input: Input::Fetched { blob: asked.blob, result } });
                self.flights.push_back(Flight { to: at, input: Input::Served(ask) });
            }
            Transmit::StopFile(blob) => self.devices[at].stopped.push(blob),
            Transmit::FileKept(_) => {}
            Transmit::StopServing(ask) => self.devices[at].stopped_serving.push(ask),
        }
    }

    /// Something comes, and what is to be kept of it cannot be.
    pub(crate) fn undone(&mut self, at: usize, input: Input) {
        let now = self.clock(at);
        let device = &mut self.devices[at];
        let node = device.node.as_mut().unwrap();
        node.handle(now, &mut self.rng, &device.store, input).unwrap();
        for close in node.rolled_back(&device.store, now, &mut self.rng).unwrap() {
            self.carry(at, close);
        }
    }

    /// Something comes while the database cannot be read.
    pub(crate) fn fails(&mut self, at: usize, input: Input) {
        let now = self.clock(at);
        let device = &mut self.devices[at];
        let node = device.node.as_mut().unwrap();
        node.handle(now, &mut self.rng, &Broken, input).unwrap_err();
        for close in node.rolled_back(&device.store, now, &mut self.rng).unwrap() {
            self.carry(at, close);
        }
    }

    pub(crate) fn own_lit(&self, at: usize) -> Vec<String> {
        let own = self.devices[at].node.as_ref().map(Node::own_lit).unwrap_or_default();
        own.iter().map(|lit| lit.app.as_str().to_owned()).collect()
    }

    /// Somebody asks for a file over a link; at whose end of it, if that is served.
    pub(crate) fn asks_for(&mut self, at: usize, link: LinkId, ask: AskId, blob: BlobId) -> Option<usize> {
        let other = self.pipes.get(&link).filter(|(own, ..)| *own == at).map(|(_, other, _)| *other)?;
        let now = self.clock(at);
        let device = &mut self.devices[at];
        let node = device.node.as_mut()?;
        node.handle(now, &mut self.rng, &device.store, Input::Asked { link, ask, blob }).unwrap();
        device.store.commit(node.take_writes());
        let outputs = node.committed();
        let served = |transmit: &Transmit| matches!(transmit, Transmit::Serve { ask: answered, file: Ok(_) } if *answered == ask);
        outputs.transmits.iter().any(served).then_some(other)
    }

    fn dial(&mut self, at: usize, dial: DialId, address: &Address) {
        let other = match address.0.as_str() {
            SERVER_ADDRESS => Some(SERVER),
            address => parse_address(address).filter(|other| *other < self.devices.len()),
        };
        let Some(other) = other.filter(|other| self.can_reach(at, *other)) else {
            self.flights.push_back(Flight { to: at, input: Input::DialFailed(dial) });
            return;
        };
        let (near, far) = (LinkId(self.next_link), LinkId(self.next_link + 1));
        self.next_link += 2;
        self.pipes.insert(near, (at, other, far));
        self.pipes.insert(far, (other, at, near));
        let binding = [u8::try_from(near.0 % 251).unwrap(); 32];
        let pipe = match self.mtu {
            Some(mtu) => Pipe::Packets { mtu },
            None => Pipe::Streams { binding, packet: 1200 },
        };
        self.flights.push_back(Flight { to: other, input: Input::Connected { link: far, pipe, dial: None } });
        self.flights.push_back(Flight { to: at, input: Input::Connected { link: near, pipe, dial: Some(dial) } });
    }

    /// Lets everything that is under way arrive.
    pub(crate) fn settle(&mut self) {
        for _ in 0..200_000 {
            let Some(flight) = self.flights.pop_front() else { return };
            self.input(flight.to, flight.input);
        }
        panic!("the world does not come to rest");
    }

    /// Lets a few things arrive.
    pub(crate) fn settle_some(&mut self, many: usize) {
        for _ in 0..many {
            let Some(flight) = self.flights.pop_front() else { return };
            self.input(flight.to, flight.input);
        }
    }

    /// Lets time pass, in steps in which every device does what is due and sees who is near.
    pub(crate) fn pass(&mut self, millis: u64) {
        let end = self.now + millis;
        while self.now < end {
            self.now += 250.min(end - self.now);
            self.look_around();
            for at in 0..self.devices.len() {
                let due = self.devices[at].node.as_ref().and_then(Node::deadline).is_some_and(|due| due.0 <= self.now);
                if due {
                    self.input(at, Input::Tick);
                }
            }
            self.settle();
        }
    }

    /// Lets time pass, and nothing arrive.
    pub(crate) fn pass_quietly(&mut self, millis: u64) {
        self.now += millis;
        self.look_around();
        for at in 0..self.devices.len() {
            let due = self.devices[at].node.as_ref().and_then(Node::deadline).is_some_and(|due| due.0 <= self.now);
            if due {
                self.input(at, Input::Tick);
            }
        }
    }

    fn look_around(&mut self) {
        if self.blind {
            return;
        }
        for at in 0..self.devices.len() {
            for other in 0..self.devices.len() {
                let beacon = self.devices[other].beacon;
                let sees = at != other && self.devices[at].node.is_some() && self.can_reach(at, other);
                let shown = beacon.filter(|_| sees);
                if let Some(beacon) = shown {
                    self.input(at, Input::Sighted { beacon, address: address(other) });
                }
                let before = core::mem::replace(self.seen.entry((at, other)).or_default(), shown);
                if let Some(before) = before.filter(|before| shown != Some(*before)) {
                    self.input(at, Input::Lost(before));
                }
            }
        }
    }

    /// Gives a command and returns its answer.
    pub(crate) fn command(&mut self, at: usize, command: Command) -> Result<Answer, CommandError> {
        self.next_command += 1;
        let number = self.next_command;
        self.input(at, Input::Command(number, command));
        self.devices[at].answers.remove(&number).expect("every command is answered")
    }

    pub(crate) fn invite(&mut self, at: usize) -> Invite {
        let addresses = vec![format!("10.0.0.1:{}", 1000 + at).parse().unwrap()];
        match self.command(at, Command::Invite { addresses }) {
            Ok(Answer::Invited(invite)) => *invite,
            other => panic!("{other:?}"),
        }
    }

    /// Makes two people contacts.
    pub(crate) fn befriend(&mut self, host: usize, guest: usize) {
        let invite = self.invite(host);
        self.command(guest, Command::Accept(Box::new(invite))).unwrap();
        self.settle();
    }

    pub(crate) fn say(&mut self, from: usize, to: usize, words: &str) -> MessageId {
        let to = self.devices[to].account;
        match self.command(from, Command::Say { to: to.into(), text: text(words) }) {
            Ok(Answer::Saying(id)) => id,
            other => panic!("{other:?}"),
        }
    }

    /// Founds a group.
    pub(crate) fn found(&mut self, at: usize, called: &str, members: &[usize]) -> GroupId {
        let members = members.iter().map(|member| self.devices[*member].account).collect();
        match self.command(at, Command::CreateGroup { name: name(called), members }) {
            Ok(Answer::Founded(group)) => group,
            other => panic!("{other:?}"),
        }
    }

    /// Says something in a group.
    pub(crate) fn call_out(&mut self, from: usize, group: GroupId, words: &str) -> MessageId {
        match self.command(from, Command::Say { to: group.into(), text: text(words) }) {
            Ok(Answer::Saying(id)) => id,
            other => panic!("{other:?}"),
        }
    }

    /// A group as a device has it.
    pub(crate) fn group(&self, at: usize, group: GroupId) -> Option<view::GroupView> {
        view::group(&self.devices[at].store, group).unwrap()
    }

    /// What the members of a group are called at a device, by name.
    pub(crate) fn members(&self, at: usize, group: GroupId) -> Vec<String> {
        let view = self.group(at, group).unwrap();
        let mut names: Vec<String> = view.members.iter().map(|member| member.name.to_string()).collect();
        names.sort();
        names
    }

    /// What a device shows of a group's conversation, oldest first.
    pub(crate) fn group_history(&self, at: usize, group: GroupId) -> Vec<String> {
        let rows = view::history(&self.devices[at].store, group.into(), None, 100_000).unwrap();
        rows.into_iter().rev().map(|message| message.text().to_owned()).collect()
    }

    /// What a device shows of a conversation, oldest first.
    pub(crate) fn history(&self, at: usize, with: usize) -> Vec<String> {
        let rows = view::history(&self.devices[at].store, self.devices[with].account.into(), None, 100_000).unwrap();
        rows.into_iter().rev().map(|message| message.text().to_owned()).collect()
    }

    pub(crate) fn contact(&self, at: usize, who: usize) -> Option<view::ContactView> {
        view::contact(&self.devices[at].store, self.devices[who].account).unwrap()
    }

    pub(crate) fn message(&self, at: usize, id: MessageId) -> Option<view::MessageView> {
        view::message(&self.devices[at].store, id).unwrap()
    }

    pub(crate) fn lit(&self, at: usize, who: usize) -> Vec<String> {
        let lit = self.devices[at].node.as_ref().unwrap().lit(self.devices[who].account);
        lit.iter().flat_map(|lit| lit.apps.iter().map(|app| app.app.as_str().to_owned())).collect()
    }

    /// Feeds bytes to a device over its pipe to another one, as that one might.
    pub(crate) fn bytes_between(&mut self, from: usize, to: usize, channel: Channel, bytes: Vec<u8>) {
        let link = self.pipes.iter().find(|(_, (at, other, _))| *at == to && *other == from).map(|(link, _)| *link);
        self.input(to, Input::Received { link: link.expect("the two are linked"), channel, bytes });
        self.settle();
    }

    /// The packets that are on their way to a device.
    pub(crate) fn packets_for(&self, to: usize) -> Vec<Vec<u8>> {
        let mine = self.flights.iter().filter(|flight| flight.to == to);
        mine.filter_map(|flight| match &flight.input {
            Input::Received { channel: Channel::Packet, bytes, .. } => Some(bytes.clone()),
            _ => None,
        })
        .collect()
    }

    /// A new pipe to a device, whose other end is nobody's; the device's name for it.
    pub(crate) fn pipe_to(&mut self, to: usize, pipe: Pipe) -> LinkId {
        let link = LinkId(self.next_link);
        self.next_link += 2;
        self.pipes.insert(link, (to, usize::MAX, LinkId(link.0 + 1)));
        self.input(to, Input::Connected { link, pipe, dial: None });
        link
    }

    /// Whether a pipe is open.
    pub(crate) fn has_pipe(&self, link: LinkId) -> bool {
        self.pipes.contains_key(&link)
    }

    /// What is on its way to nobody.
    pub(crate) fn for_nobody(&mut self) -> Vec<(Channel, Vec<u8>)> {
        let all = core::mem::take(&mut self.flights);
        let (nobodys, others): (VecDeque<_>, _) = all.into_iter().partition(|flight| flight.to == usize::MAX);
        self.flights = others;
        let said = nobodys.into_iter().filter_map(|flight| match flight.input {
            Input::Received { channel, bytes, .. } => Some((channel, bytes)),
            _ => None,
        });
        said.collect()
    }

    /// Feeds packets to a device over a new pipe; whether it answers anything.
    pub(crate) fn answers_packets(&mut self, to: usize, packets: &[Vec<u8>]) -> bool {
        let link = self.pipe_to(to, Pipe::Packets { mtu: self.mtu.unwrap() });
        for packet in packets {
            self.input(to, Input::Received { link, channel: Channel::Packet, bytes: packet.clone() });
        }
        !self.for_nobody().is_empty()
    }

    /// Feeds bytes to a device over a new pipe, as a stranger would.
    pub(crate) fn strange_bytes(&mut self, to: usize, pieces: &[(Channel, Vec<u8>)]) {
        let link = LinkId(self.next_link);
        self.next_link += 2;
        self.input(to, Input::Connected { link, pipe: Pipe::Streams { binding: [0; 32], packet: 1200 }, dial: None });
        for (channel, bytes) in pieces {
            self.input(to, Input::Received { link, channel: *channel, bytes: bytes.clone() });
        }
        self.settle();
    }
}

pub(crate) fn address(of: usize) -> Address {
    Address(format!("udp:10.0.0.1:{}", 1000 + of))
}

fn parse_address(text: &str) -> Option<usize> {
    text.rsplit_once(':')?.1.parse::<usize>().ok()?.checked_sub(1000)
}

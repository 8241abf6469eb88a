//! Nodes in one process and the pipes between them, without sockets or clocks: what goes in and out is at hand.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use chacha20::{ChaCha20Rng, rand_core::SeedableRng};
use lamplit_identity::Cost;
use lamplit_node::{
    Address, Answer, Command, DialId, Event, Input, Node, Order, Outputs, Read, ReadError, Row, Table, Transmit, Write,
    setup::{self, DeviceSecrets},
};
use lamplit_store::Store;
use lamplit_types::{Beacon, LinkId, Mono, Name, Now, Pipe, Wall};
use zeroize::Zeroizing;

/// Nobody attacks these phrases.
const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };
const START: u64 = 1_800_000_000_000;
/// What a QUIC pipe offers for packets, in bytes.
const PACKET: usize = 1100;
/// Inputs that may follow from one another before something is wrong.
const RESTLESS: usize = 1_000_000;

/// Where a device keeps its rows.
pub(crate) enum Disk {
    /// As a client does.
    Store(Store),
    /// In memory, for the devices that are not measured.
    Rows(Rows),
}

/// Rows in memory.
#[derive(Default)]
pub(crate) struct Rows(pub(crate) BTreeMap<(Table, Vec<u8>), Vec<u8>>);

impl Disk {
    fn view(&self) -> Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::Store(store) => Box::new(store.snapshot()?),
            Self::Rows(rows) => Box::new(rows),
        })
    }

    fn commit(&mut self, writes: Vec<Write>) -> Result<()> {
        match self {
            Self::Store(store) => store.commit(writes)?,
            Self::Rows(rows) => rows.commit(writes),
        }
        Ok(())
    }
}

impl Rows {
    fn commit(&mut self, writes: Vec<Write>) {
        for Write { table, key, value } in writes {
            match value {
                Some(value) => self.0.insert((table, key), value),
                None => self.0.remove(&(table, key)),
            };
        }
    }
}

impl Read for Rows {
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
        let mut rows: Vec<Row> = rows.map(|((_, key), value)| (key.clone(), value.clone())).collect();
        if order == Order::Down {
            rows.reverse();
        }
        rows.truncate(limit);
        Ok(rows)
    }
}

/// A device.
pub(crate) struct Device {
    pub(crate) node: Node,
    pub(crate) secrets: Zeroizing<Vec<u8>>,
    pub(crate) disk: Disk,
    pub(crate) beacon: Option<Beacon>,
}

/// What one commit was made of and led to.
pub(crate) struct Commit {
    pub(crate) writes: Vec<Write>,
    pub(crate) transmits: Vec<Transmit>,
    pub(crate) events: Vec<Event>,
}

/// Devices, by number, and what is between them.
pub(crate) struct Devices {
    pub(crate) all: BTreeMap<usize, Device>,
    pub(crate) millis: u64,
    rng: ChaCha20Rng,
    flights: VecDeque<(usize, Input)>,
    /// Each end of a pipe: whose it is, whose the other is, and that one's end.
    pipes: BTreeMap<LinkId, (usize, usize, LinkId)>,
    last: u64,
}

/// A new device's keys and first rows.
pub(crate) fn made(rng: &mut ChaCha20Rng, now: Wall, name: &str) -> Result<(DeviceSecrets, Vec<Write>)> {
    let (new, _) = setup::first_device(rng, now, Name::parse(name)?, CHEAP)?;
    Ok((new.secrets, new.writes))
}

/// Where the device of that number is dialled.
pub(crate) fn address(of: usize) -> Address {
    Address(format!("udp:10.0.0.1:{}", of + 1000))
}

impl Devices {
    pub(crate) fn new(seed: u8) -> Self {
        Self {
            all: BTreeMap::new(),
            millis: 0,
            rng: ChaCha20Rng::from_seed([seed; 32]),
            flights: VecDeque::new(),
            pipes: BTreeMap::new(),
            last: 0,
        }
    }

    fn now(&self) -> Now {
        Now { mono: Mono(self.millis), wall: Wall(START + self.millis) }
    }

    /// A new device's keys and first rows.
    pub(crate) fn made(&mut self, name: &str) -> Result<(DeviceSecrets, Vec<Write>)> {
        made(&mut self.rng, Wall(START), name)
    }

    /// A new device with its rows in memory. Returns what they began with.
    pub(crate) fn join(&mut self, at: usize, name: &str) -> Result<Vec<Write>> {
        let (secrets, writes) = self.made(name)?;
        let mut rows = Rows::default();
        rows.commit(writes.clone());
        self.open(at, secrets, Disk::Rows(rows))?;
        Ok(writes)
    }

    /// Starts a device from its rows.
    pub(crate) fn open(&mut self, at: usize, secrets: DeviceSecrets, disk: Disk) -> Result<()> {
        let now = self.now();
        let kept = secrets.to_bytes();
        let node = {
            let view = disk.view()?;
            let read: &dyn Read = &*view;
            Node::open(secrets, &read, now, &mut self.rng)?
        };
        self.all.insert(at, Device { node, secrets: kept, disk, beacon: None });
        let commit = self.commit(at)?;
        self.carry(at, commit.transmits)
    }

    /// Hands inputs to a device, commits once, and gives back what came of it.
    pub(crate) fn step(&mut self, at: usize, inputs: Vec<Input>) -> Result<Commit> {
        let mut spent = Duration::ZERO;
        self.timed(at, inputs, &mut spent)
    }

    /// The same; the time that the node took, without the commit, is added to `spent`.
    pub(crate) fn timed(&mut self, at: usize, inputs: Vec<Input>, spent: &mut Duration) -> Result<Commit> {
        let now = self.now();
        let device = self.all.get_mut(&at).context("no such device")?;
        let view = device.disk.view()?;
        let read: &dyn Read = &*view;
        let start = Instant::now();
        for input in inputs {
            device.node.handle(now, &mut self.rng, &read, input)?;
        }
        *spent += start.elapsed();
        drop(view);
        self.commit(at)
    }

    fn commit(&mut self, at: usize) -> Result<Commit> {
        let device = self.all.get_mut(&at).context("no such device")?;
        let writes = device.node.take_writes();
        device.disk.commit(writes.clone())?;
        let Outputs { transmits, events } = device.node.committed();
        Ok(Commit { writes, transmits, events })
    }

    /// Takes what a device wants done on its way.
    pub(crate) fn carry(&mut self, at: usize, transmits: Vec<Transmit>) -> Result<()> {
        for transmit in transmits {
            match transmit {
                Transmit::Send { link, channel, bytes } => {
                    if let Some((_, other, far)) = self.pipes.get(&link).copied() {
                        self.flights.push_back((other, Input::Received { link: far, channel, bytes }));
                    }
                }
                Transmit::Close(link) => {
                    if let Some((_, other, far)) = self.pipes.remove(&link) {
                        self.pipes.remove(&far);
                        self.flights.push_back((other, Input::Disconnected(far)));
                    }
                }
                Transmit::Advertise(beacon) => {
                    self.all.get_mut(&at).context("no such device")?.beacon = Some(beacon);
                }
                // No file is sent here.
                Transmit::AllowLanes(_)
                | Transmit::Fetch { .. }
                | Transmit::StopFile(_)
                | Transmit::FileKept(_)
                | Transmit::Serve { .. }
                | Transmit::StopServing(_) => {}
                Transmit::Dial { dial, address } => self.dial(at, dial, &address)?,
            }
        }
        Ok(())
    }

    fn dial(&mut self, at: usize, dial: DialId, address: &Address) -> Result<()> {
        let port = address.0.rsplit_once(':').and_then(|(_, port)| port.parse::<usize>().ok());
        let other = port.and_then(|port| port.checked_sub(1000)).context("an address of another kind")?;
        if !self.all.contains_key(&other) {
            self.flights.push_back((at, Input::DialFailed(dial)));
            return Ok(());
        }
        let (near, far) = (LinkId(self.last + 1), LinkId(self.last + 2));
        self.last += 2;
        self.pipes.insert(near, (at, other, far));
        self.pipes.insert(far, (other, at, near));
        let [low, high] = [near.0, 0].map(|number| [number.to_be_bytes(); 2].concat());
        let binding = <[u8; 32]>::try_from([low, high].concat().as_slice())?;
        let pipe = Pipe::Streams { binding, packet: PACKET };
        self.flights.push_back((other, Input::Connected { link: far, pipe, dial: None }));
        self.flights.push_back((at, Input::Connected { link: near, pipe, dial: Some(dial) }));
        Ok(())
    }

    /// Lets everything arrive, but keeps back what comes to `held`, if anybody.
    pub(crate) fn settle(&mut self, held: Option<usize>) -> Result<Vec<Input>> {
        let mut kept = Vec::new();
        for _ in 0..RESTLESS {
            match self.flights.pop_front() {
                None => return Ok(kept),
                Some((to, input)) if Some(to) == held => kept.push(input),
                Some((to, _)) if !self.all.contains_key(&to) => {}
                Some((to, input)) => {
                    let commit = self.step(to, vec![input])?;
                    self.carry(to, commit.transmits)?;
                }
            }
        }
        bail!("the devices find no rest")
    }

    /// Puts on their way again what was kept back.
    pub(crate) fn put_back(&mut self, at: usize, inputs: Vec<Input>) {
        self.flights.extend(inputs.into_iter().map(|input| (at, input)));
    }

    /// Gives a command; what follows from it is on its way.
    pub(crate) fn command(&mut self, at: usize, command: Command) -> Result<Answer> {
        let commit = self.step(at, vec![Input::Command(0, command)])?;
        self.carry(at, commit.transmits)?;
        let answer = commit.events.into_iter().find_map(|event| match event {
            Event::Answer(_, answer) => Some(answer),
            _ => None,
        });
        Ok(answer.context("a command is answered")??)
    }

    /// Makes two people contacts and links them.
    pub(crate) fn befriend(&mut self, host: usize, guest: usize) -> Result<()> {
        let port = u16::try_from(host + 1000).context("too many devices")?;
        let addresses = vec![([10, 0, 0, 1], port).into()];
        let Answer::Invited(invite) = self.command(host, Command::Invite { addresses })? else {
            bail!("an invite was asked for")
        };
        self.command(guest, Command::Accept(invite))?;
        self.settle(None)?;
        if self.node(host)?.near().is_empty() {
            bail!("two devices did not meet")
        }
        Ok(())
    }

    pub(crate) fn node(&self, at: usize) -> Result<&Node> {
        Ok(&self.all.get(&at).context("no such device")?.node)
    }
}

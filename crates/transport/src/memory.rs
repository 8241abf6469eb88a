mod lanes;

use core::fmt;
use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use lamplit_types::{Beacon, Channel, Class, Pipe};
use tokio::sync::{mpsc, watch};

use crate::{
    Address, Connection, DialError, EVENTS, LinkKind, Pending, PipeReceiver, PipeSender, SendError, Transport,
    TransportEvent,
};

const SCHEME: &str = "memory";
/// Portions that wait in one channel. When they are as many, a stream's sender waits and a packet is lost.
const QUEUE: usize = 16;
/// The largest portion, in bytes; more is split.
const PORTION_BYTES: usize = 64 * 1024;
/// Largest packet beside streams, in bytes.
const PACKET_BYTES: usize = 1024;
/// How long a dial waits for somebody who reads no events.
const DIAL_SECONDS: u64 = 5;

/// A network in memory, for tests: everybody on it sees everybody, nothing is lost and nothing is secret.
#[derive(Clone)]
pub struct MemoryNetwork {
    pipe: MemoryPipe,
    state: Arc<Mutex<State>>,
}

/// What the pipes of a [`MemoryNetwork`] are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryPipe {
    /// A stream for each class, and packets beside them.
    Streams,
    /// Packets and nothing else.
    Packets {
        /// Bytes of the largest.
        mtu: usize,
    },
}

/// One device on a [`MemoryNetwork`].
pub struct MemoryTransport {
    me: u64,
    network: MemoryNetwork,
}

#[derive(Default)]
struct State {
    joined: u64,
    dialled: u64,
    members: BTreeMap<u64, Member>,
}

struct Member {
    events: mpsc::Sender<TransportEvent>,
    beacon: Option<Beacon>,
    /// Pipes that end when this member leaves.
    pipes: Vec<Weak<End>>,
}

impl MemoryNetwork {
    /// A network with nobody on it.
    pub fn new(pipe: MemoryPipe) -> Self {
        Self { pipe, state: Arc::default() }
    }

    /// Puts one more device on the network and returns what it hears. A device that does not read its events misses
    /// sightings.
    pub fn join(&self) -> (MemoryTransport, mpsc::Receiver<TransportEvent>) {
        let (events, heard) = mpsc::channel(EVENTS);
        let mut state = self.lock();
        for (&other, member) in &state.members {
            if let Some(beacon) = member.beacon {
                let _ = events.try_send(TransportEvent::Sighted { beacon, address: Address::in_memory(other) });
            }
        }
        state.joined += 1;
        let me = state.joined;
        state.members.insert(me, Member { events, beacon: None, pipes: Vec::new() });
        drop(state);
        (MemoryTransport { me, network: self.clone() }, heard)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leave(&self, me: u64) {
        let left = self.lock().members.remove(&me);
        for end in left.into_iter().flat_map(|member| member.pipes).filter_map(|end| end.upgrade()) {
            end.close();
        }
    }

    /// Makes a pipe between two members: the dialler's end, the other's, and where the other hears of it.
    fn connect(&self, from: u64, to: u64) -> Option<(Connection, Connection, mpsc::Sender<TransportEvent>)> {
        let mut state = self.lock();
        state.dialled += 1;
        let pipe = self.pipe.describe(state.dialled);
        let end = Arc::new(End(watch::Sender::new(false)));
        for member in [from, to] {
            let member = state.members.get_mut(&member)?;
            member.pipes.retain(|end| end.strong_count() > 0);
            member.pipes.push(Arc::downgrade(&end));
        }
        let events = state.members.get(&to)?.events.clone();
        let (near_sender, far_receiver) = half(pipe, &end);
        let (far_sender, near_receiver) = half(pipe, &end);
        let (near_lanes, far_lanes) = match self.pipe {
            MemoryPipe::Streams => lanes::pair(&end),
            MemoryPipe::Packets { .. } => (None, None),
        };
        let kind = LinkKind::Lan;
        let near =
            Connection { pipe, kind, peer: None, sender: near_sender, receiver: near_receiver, lanes: near_lanes };
        let far = Connection { pipe, kind, peer: None, sender: far_sender, receiver: far_receiver, lanes: far_lanes };
        Some((near, far, events))
    }
}

impl MemoryPipe {
    fn describe(self, number: u64) -> Pipe {
        match self {
            Self::Packets { mtu } => Pipe::Packets { mtu },
            Self::Streams => {
                // Different for every pipe and known to both ends, which is all that a test needs.
                let mut binding = [0; 32];
                binding.iter_mut().zip(number.to_be_bytes()).for_each(|(byte, from)| *byte = from);
                Pipe::Streams { binding, packet: PACKET_BYTES }
            }
        }
    }
}

impl Transport for MemoryTransport {
    fn scheme(&self) -> &'static str {
        SCHEME
    }

    fn advertise(&self, beacon: Option<Beacon>) {
        let mut state = self.network.lock();
        let Some(me) = state.members.get_mut(&self.me) else { return };
        let before = core::mem::replace(&mut me.beacon, beacon);
        if before == beacon {
            return;
        }
        for (_, member) in state.members.iter().filter(|&(&other, _)| other != self.me) {
            if let Some(beacon) = before {
                let _ = member.events.try_send(TransportEvent::Lost { beacon });
            }
            if let Some(beacon) = beacon {
                let address = Address::in_memory(self.me);
                let _ = member.events.try_send(TransportEvent::Sighted { beacon, address });
            }
        }
    }

    fn dial(&self, address: Address) -> Pending<'static, Result<Connection, DialError>> {
        let (network, me) = (self.network.clone(), self.me);
        Box::pin(async move {
            let to = (address.scheme() == SCHEME).then(|| address.rest().parse().ok()).flatten();
            let Some(to) = to else {
                let why = "here it is \"memory:\" and a number".to_owned();
                return Err(DialError::Address { address, why });
            };
            if !network.lock().members.contains_key(&me) {
                return Err(DialError::ShutDown);
            }
            let Some((near, far, events)) = network.connect(me, to) else {
                return Err(DialError::Unreachable { address, why: "nobody has this number".to_owned() });
            };
            let told = events.send(TransportEvent::Incoming(far));
            match tokio::time::timeout(Duration::from_secs(DIAL_SECONDS), told).await {
                Ok(Ok(())) => Ok(near),
                _ => Err(DialError::Silent { address, seconds: DIAL_SECONDS }),
            }
        })
    }

    fn addresses(&self) -> Vec<Address> {
        vec![Address::in_memory(self.me)]
    }

    fn shutdown(&self) -> Pending<'static, ()> {
        self.advertise(None);
        self.network.leave(self.me);
        Box::pin(async {})
    }
}

impl Drop for MemoryTransport {
    fn drop(&mut self) {
        self.advertise(None);
        self.network.leave(self.me);
    }
}

impl fmt::Debug for MemoryTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryTransport({})", self.me)
    }
}

/// Whether one pipe has ended; both its ends share it.
struct End(watch::Sender<bool>);

impl End {
    fn close(&self) {
        self.0.send_replace(true);
    }

    fn is_closed(&self) -> bool {
        *self.0.borrow()
    }

    async fn closed(&self) {
        // The sender lives in `self`, so this can't fail.
        let _ = self.0.subscribe().wait_for(|&ended| ended).await;
    }
}

/// One direction of a pipe.
fn half(pipe: Pipe, end: &Arc<End>) -> (Arc<dyn PipeSender>, Box<dyn PipeReceiver>) {
    let (streams, packet) = match pipe {
        Pipe::Streams { packet, .. } => (Class::ALL.as_slice(), packet),
        Pipe::Packets { mtu } => ([].as_slice(), mtu),
    };
    let mut queues = BTreeMap::new();
    let mut fetches = Vec::new();
    for channel in [Channel::Packet].into_iter().chain(streams.iter().map(|&class| Channel::Stream(class))) {
        let (queue, fetch) = mpsc::channel(QUEUE);
        queues.insert(channel, queue);
        fetches.push((channel, fetch));
    }
    let sender = MemorySender { queues, packet, end: end.clone() };
    (Arc::new(sender), Box::new(MemoryReceiver { fetches, end: end.clone() }))
}

struct MemorySender {
    queues: BTreeMap<Channel, mpsc::Sender<Vec<u8>>>,
    packet: usize,
    end: Arc<End>,
}

impl MemorySender {
    async fn send(&self, channel: Channel, bytes: Vec<u8>) -> Result<(), SendError> {
        let queue = self.queues.get(&channel).ok_or(SendError::NoChannel(channel))?;
        if channel == Channel::Packet && bytes.len() > self.packet {
            return Err(SendError::TooLarge { found: bytes.len(), max: self.packet });
        }
        if self.end.is_closed() {
            return Err(SendError::Closed);
        }
        if channel == Channel::Packet {
            // No room: lost, as on the air.
            let _ = queue.try_send(bytes);
            return Ok(());
        }
        for portion in bytes.chunks(PORTION_BYTES) {
            tokio::select! {
                biased;
                () = self.end.closed() => return Err(SendError::Closed),
                room = queue.reserve() => room.map_err(|_| SendError::Closed)?.send(portion.to_vec()),
            }
        }
        Ok(())
    }
}

impl PipeSender for MemorySender {
    fn send(&self, channel: Channel, bytes: Vec<u8>) -> Pending<'_, Result<(), SendError>> {
        Box::pin(self.send(channel, bytes))
    }

    fn close(&self) {
        self.end.close();
    }
}

impl Drop for MemorySender {
    fn drop(&mut self) {
        self.end.close();
    }
}

struct MemoryReceiver {
    /// The more urgent first.
    fetches: Vec<(Channel, mpsc::Receiver<Vec<u8>>)>,
    end: Arc<End>,
}

impl PipeReceiver for MemoryReceiver {
    fn receive(&mut self) -> Pending<'_, Option<(Channel, Vec<u8>)>> {
        let Self { fetches, end } = self;
        let fetch = poll_fn(move |context| {
            for (channel, queue) in fetches.iter_mut() {
                if let Poll::Ready(Some(bytes)) = queue.poll_recv(context) {
                    return Poll::Ready((*channel, bytes));
                }
            }
            Poll::Pending
        });
        Box::pin(async move {
            tokio::select! {
                biased;
                fetched = fetch => Some(fetched),
                () = end.closed() => None,
            }
        })
    }
}

impl Drop for MemoryReceiver {
    fn drop(&mut self) {
        self.end.close();
    }
}

#[cfg(test)]
mod tests;

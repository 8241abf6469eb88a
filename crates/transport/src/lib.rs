//! Whatever can carry bytes between two devices, and one carrier that does so in memory.
//!
//! A [`Transport`] shows this device to those nearby, says whom it sees, and makes [`Connection`]s, dialled or
//! accepted. It moves bytes and judges none of them: framing, authentication and reliability over poor pipes belong
//! to the link above. To add a transport, implement three small traits: [`Transport`], [`PipeSender`] and
//! [`PipeReceiver`]; then run the `suite` (a feature of this crate) over it.
//!
//! ```
//! use lamplit_transport::{MemoryNetwork, MemoryPipe, Transport, TransportEvent};
//! use lamplit_types::{Channel, Class};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let network = MemoryNetwork::new(MemoryPipe::Streams);
//! let (alice, _alice_hears) = network.join();
//! let (bob, mut bob_hears) = network.join();
//!
//! let address = bob.addresses().remove(0);
//! let near = alice.dial(address).await.unwrap();
//! let Some(TransportEvent::Incoming(mut far)) = bob_hears.recv().await else { panic!("bob was dialled") };
//!
//! near.sender.send(Channel::Stream(Class::Message), b"good evening".to_vec()).await.unwrap();
//! let heard = far.receiver.receive().await.unwrap();
//! assert_eq!(heard, (Channel::Stream(Class::Message), b"good evening".to_vec()));
//! # });
//! ```

mod address;
mod lane;
mod memory;
mod pipe;
#[cfg(any(test, feature = "suite"))]
pub mod suite;

use core::pin::Pin;

use lamplit_types::Beacon;

pub use address::{ADDRESS_BYTES, Address, AddressError};
pub use lane::{LANES, Lane, Lanes};
pub use memory::{MemoryNetwork, MemoryPipe, MemoryTransport};
pub use pipe::{Connection, LinkKind, PipeReceiver, PipeSender, SendError};

/// A boxed future, so that the traits here can be used as objects.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Happenings that may wait to be read from a transport. When they are as many, the transport waits: it accepts no
/// further connection and reports no further sighting until one was read.
pub const EVENTS: usize = 64;

/// Carries bytes between this device and others.
///
/// Its constructor also returns a `tokio::sync::mpsc::Receiver<TransportEvent>` that holds up to [`EVENTS`] and ends
/// when the transport is shut down. A transport that is dropped shuts down without waiting for anything.
pub trait Transport: Send + Sync {
    /// The scheme that begins every [`Address`] of this transport, such as `udp`.
    fn scheme(&self) -> &'static str;

    /// Shows `beacon` to those nearby in place of the one shown before, or nothing. Returns at once.
    fn advertise(&self, beacon: Option<Beacon>);

    /// Connects to whoever is at `address`; who that really is, the handshake above finds out.
    fn dial(&self, address: Address) -> Pending<'static, Result<Connection, DialError>>;

    /// Where this device can be dialled, the likeliest first, for an invitation.
    fn addresses(&self) -> Vec<Address>;

    /// What is heard of others who show themselves. A transport that cannot tell says [`Hearing::Off`].
    fn hearing(&self) -> Hearing {
        Hearing::Off
    }

    /// Takes the beacon away, ends every connection and lets the other sides know.
    fn shutdown(&self) -> Pending<'static, ()>;
}

/// Whether devices can find each other by themselves, as far as a transport can tell. The later, the better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hearing {
    /// Nobody looks.
    #[default]
    Off,
    /// There is no network to look on: what stays on this machine, as loopback does, tells nothing of others.
    NoNetwork,
    /// Not even what this device itself shows comes back to it on any network: something stops it.
    Blocked,
    /// It is too early to say.
    Untested,
    /// Only this machine itself is heard. Nobody else is there, or the network keeps devices apart.
    Alone,
    /// Other machines are heard.
    Others,
}

/// What a transport tells.
#[derive(Debug)]
pub enum TransportEvent {
    /// Somebody nearby shows `beacon` and can be dialled at `address`. A hint that anybody can forge, and that may
    /// come more than once.
    Sighted {
        /// What is shown.
        beacon: Beacon,
        /// Where from.
        address: Address,
    },
    /// A beacon is shown no longer, or was not shown again for a while.
    Lost {
        /// What was shown.
        beacon: Beacon,
    },
    /// Somebody has dialled this device.
    Incoming(Connection),
}

/// Why a dial led nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// The address is none of this transport's.
    #[error("{address} is no address to dial: {why}")]
    Address {
        /// What was to be dialled.
        address: Address,
        /// What is wrong with it.
        why: String,
    },
    /// This device has no way there.
    #[error("there is no way to {address}: {why}; check that both devices are on one network")]
    Unreachable {
        /// What was dialled.
        address: Address,
        /// What the system said.
        why: String,
    },
    /// Nobody answered.
    #[error(
        "nobody answered at {address} within {seconds} s; check that lamplit runs there and that no firewall stops it"
    )]
    Silent {
        /// What was dialled.
        address: Address,
        /// How long we waited.
        seconds: u64,
    },
    /// Somebody answered and would not talk.
    #[error("{address} takes no connection now; try again in a while")]
    Refused {
        /// What was dialled.
        address: Address,
    },
    /// Somebody answered who does not speak our protocol.
    #[error("what answers at {address} does not speak lamplit's protocol: {why}; check the address and both versions")]
    Foreign {
        /// What was dialled.
        address: Address,
        /// Where understanding ended.
        why: String,
    },
    /// Dialled after [`Transport::shutdown`].
    #[error("this transport was shut down; start it again to dial")]
    ShutDown,
}

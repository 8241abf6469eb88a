//! Drives a node with tokio: commands go in, events come out, the database is committed in between.
//!
//! A [`Client`] owns one device. Whoever uses it holds a [`Handle`]: [`Handle::command`] changes something and returns
//! once that is committed; [`Handle::state`] has what is true just now; [`Handle::events`] tells what happens, in a
//! queue with a bottom; [`Handle::read`] asks the database for pages. [`account`] makes and opens accounts.

pub mod account;
mod caller;
mod client;
mod clock;
mod dialler;
mod driver;
pub mod files;
mod handle;
mod join;
pub mod limits;
mod links;
mod outlet;
mod random;
mod reopen;
mod screen;
mod sends;

pub use client::{Carrier, Client, Network, Parts, StartError};
pub use driver::Fatal;
pub use handle::{CommandFailed, Events, Handle, Missed, Reach, SendFailed, Server, State, Storage};
pub use join::{JoinFailed, join};
pub use lamplit_identity as identity;
pub use lamplit_node::{
    Answer, ClockStand, Command, CommandError, Compared, Event, Lit, NumberStage, NumberState, ReadError, ReopenError,
    Reopened, ServerState, text, view,
};
pub use lamplit_store::Snapshot;
pub use lamplit_transport::{Hearing, LinkKind};
pub use lamplit_transport_quic::{ServerAddress, ServerAddressError, StartError as NetworkError};
pub use lamplit_wire::{AppPresence, FileNote, Media, Progress, Source, server::Opening};
pub use reopen::{CodeAsked, ReopenFailed, ReopenedAccount, Reopening};

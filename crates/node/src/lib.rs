//! A device as a pure state machine: inputs go in, writes, transmissions and events come out.
//!
//! The machine owns no socket, no thread and no clock. Whoever drives it does this, over and over:
//!
//! 1. hand it inputs with [`Node::handle`], each with the time, a source of randomness and a view of the database;
//! 2. take the changes with [`Node::take_writes`] and commit them, all or none;
//! 3. call [`Node::committed`] and carry out what it returns, or [`Node::rolled_back`] if the commit failed.
//!
//! Nothing can be sent or told before it is committed, because nothing comes out before step 3.
//!
//! Inside, a file tells one thing: `links` how links come and go, `talk` what two devices that know each other say,
//! `pairing` how strangers become contacts, `compared` whether their safety code was compared, `mail` and `inbox` how
//! messages leave and arrive, `exchange` and `replica` how records are kept the same, `linking` and `joining` how a
//! device comes to an account, `kit` and `reopening` how one does where all others are lost, `past` how it learns what was said before, `devices` and `removal` what the account's
//! devices are, `audience` who holds which key, `lamps` who is on what, `dial` whom to call, `server` what goes
//! through the account's server, `files` and `fetches` what is sent as a file, `life` what a device does by itself.

mod audience;
mod card;
mod clocks;
mod command;
mod compared;
mod conversation;
mod db;
mod devices;
mod dial;
mod estranged;
mod exchange;
mod fetches;
mod files;
mod groups;
mod inbox;
mod io;
mod joining;
mod kit;
mod lamps;
mod life;
pub mod limits;
mod line;
mod linking;
mod links;
mod mail;
mod node;
mod opened;
mod pairing;
mod pairs;
mod past;
mod people;
mod ratchets;
mod receipts;
mod removal;
mod reopening;
mod replica;
mod rest;
mod rows;
pub mod sabotage;
mod server;
pub mod setup;
mod sightings;
mod step;
mod table;
mod talk;
pub mod text;
pub mod view;

pub use clocks::{ClockStand, Clocks};
pub use io::{
    AcceptError, Address, Answer, AskId, Command, CommandError, Compared, DialId, Event, FetchError, FileJob, Input,
    Lit, NewFile, NotServed, ServerState, Transmit, Warning,
};
pub use joining::{JoinError, Joined, Joiner};
pub use node::{Node, OpenError};
pub use reopening::{ReopenError, Reopened, reopen};
pub use server::number::{NumberState, Stage as NumberStage};
pub use step::{HandleError, Outputs};
pub use table::{Order, Read, ReadError, Row, Table, Write};

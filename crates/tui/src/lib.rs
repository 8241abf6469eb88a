//! The daemon's terminal view: people, chat, nearby.
//!
//! A pure model takes in what happens and says what is to be done (`state`); another part says what it looks like
//! (`draw`); a thin shell around both has the terminal, the clock and the daemon ([`View`]). So tests play the keyboard
//! and the daemon, and read the screen.

pub mod bytes;
mod calls;
mod command;
mod composer;
mod daemon;
mod draw;
pub mod hearing;
mod help;
mod keys;
mod limits;
mod nearby;
mod obey;
mod panes;
mod peer;
mod people;
pub mod reach;
mod rows;
mod shell;
mod state;
mod talk;
mod text;
mod theme;
pub mod time;
pub mod words;

pub use shell::{View, keys};

//! Replicated records and delivered messages: the decisions, without the database.
//!
//! Each module answers one question from plain values: which of two values wins ([`merge`]), what the other
//! lacks ([`plan`]), whether a piece of a log fits ([`log`]), what an old replica may still say ([`horizon`]),
//! whether a record's time has come ([`quarantine`]), which of a group's statements count ([`charter`]), whether a message
//! is new and whose turn it is ([`inbox`]), and how much may be under way ([`outbox`]). The node keeps the rows and asks.

pub mod charter;
pub mod horizon;
pub mod inbox;
pub mod log;
pub mod merge;
pub mod outbox;
pub mod plan;
pub mod quarantine;

#[cfg(test)]
mod fixture;

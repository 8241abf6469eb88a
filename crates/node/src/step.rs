//! What one input has at hand, and what it leaves behind.

use lamplit_types::Now;
use rand_core::CryptoRng;

use crate::{
    db::Db,
    io::{Event, Transmit},
    table::ReadError,
};

/// What may leave the device once the writes before it are committed.
#[derive(Debug, Default)]
pub struct Outputs {
    /// For the transports, in order.
    pub transmits: Vec<Transmit>,
    /// For screens, in order.
    pub events: Vec<Event>,
}

/// What one input has at hand.
pub(crate) struct Step<'a> {
    pub(crate) now: Now,
    pub(crate) rng: &'a mut dyn CryptoRng,
    pub(crate) db: Db<'a>,
    pub(crate) out: Outputs,
}

impl Step<'_> {
    pub(crate) fn tell(&mut self, event: Event) {
        self.out.events.push(event);
    }

    pub(crate) fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }
}

/// The step cannot go on: the database failed. Everything of the batch is given up.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct HandleError(#[from] ReadError);

pub(crate) type Stepped<T = ()> = Result<T, ReadError>;

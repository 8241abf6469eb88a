//! An hour of ordinary life, to measure with.

use lamplit_node::Command;

use crate::{
    failure::{Done, Failure},
    world::World,
};

/// How often somebody says something, in milliseconds.
const CHATTER_MS: u64 = 10_000;
const HOUR_MS: u64 = 60 * 60_000;

impl World {
    /// Everybody's lamps are on; every ten seconds somebody says something, and now and then edits a contact.
    pub(crate) fn live_an_hour(&mut self) -> Done {
        self.tally = crate::tally::Tally::default();
        for at in 0..self.devices.len() {
            let app = lamplit_types::AppId::parse("qq").map_err(Failure::simulation)?;
            self.order(at, Command::Light { app, on: true })?;
        }
        for _ in 0..HOUR_MS / CHATTER_MS {
            self.chat()?;
            self.pass(CHATTER_MS)?;
        }
        Ok(())
    }
}

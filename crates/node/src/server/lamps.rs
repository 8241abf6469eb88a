//! Who is on what, as the server hands it on: what this device's user is on goes there, and what others show comes back, in packets that
//! may be lost.

use std::collections::BTreeSet;

use lamplit_types::{AccountId, Mono, Wall, limits::CLOCK_DRIFT_MS};
use lamplit_wire::{
    Decoded, SealedPresence, decode,
    server::{Down, Lamp, Lamps, Shown, Up},
};

use crate::{
    Node,
    lamps::Path,
    limits,
    step::{Step, Stepped},
};

/// Which packets of a connection have come.
#[derive(Default)]
pub(super) struct Packets {
    /// All up to this number.
    have: u64,
    /// And these behind one that has not.
    ahead: BTreeSet<u64>,
    /// When what is missing is asked for: until then it may be late.
    asks: Option<Mono>,
    /// It was asked for, and the answer has not come.
    is_asked: bool,
    /// From then on it may be asked for again.
    again: Mono,
}

impl Packets {
    /// When there is something to ask for.
    pub(super) fn deadline(&self) -> Option<Mono> {
        self.asks.filter(|_| !self.is_asked)
    }

    fn came(&mut self, number: u64, now: Mono) {
        if number > self.have && self.ahead.len() < limits::PACKETS_AHEAD {
            self.ahead.insert(number);
        }
        self.close_up(now);
    }

    /// All up to a number have come, or what they told has.
    fn all_came(&mut self, upto: u64, now: Mono) {
        self.have = self.have.max(upto);
        self.ahead = self.ahead.split_off(&self.have.saturating_add(1));
        self.asks = None;
        self.is_asked = false;
        self.close_up(now);
    }

    /// So many were sent.
    fn were_sent(&mut self, number: u64, now: Mono) {
        if number > self.have {
            self.asks = Some(now.max(self.again));
        }
    }

    fn close_up(&mut self, now: Mono) {
        while self.ahead.remove(&self.have.saturating_add(1)) {
            self.have = self.have.saturating_add(1);
        }
        match self.ahead.is_empty() {
            true => self.asks = None,
            false => drop(self.asks.get_or_insert(now.plus(limits::PACKET_LATE_MS).max(self.again))),
        }
    }
}

impl Node {
    /// Shows the server what this device's user is on, for those who may see it.
    pub(crate) fn light_there(&self, step: &mut Step<'_>, presence: SealedPresence) {
        if self.server.line.as_ref().is_some_and(|line| line.open.is_some()) {
            self.up(step, &Up::Light(Box::new(presence)));
        }
    }

    /// The same again, where it may not be known or may be seen by others than before.
    pub(super) fn light_there_again(&mut self, step: &mut Step<'_>) -> Stepped {
        // Also that it is dark, where something else may still be believed.
        if self.lamps.is_believed(step.now.mono)
            && let Some(presence) = self.sealed_presence(step)?
        {
            self.light_there(step, presence);
        }
        Ok(())
    }

    /// A packet came from the server. One that cannot be read is passed over: it may be of a later version.
    pub(crate) fn server_packet(&mut self, step: &mut Step<'_>, mut bytes: &[u8]) -> Stepped {
        let Ok(Some(Decoded::Frame(frame))) = decode::<Down>(&mut bytes) else { return Ok(()) };
        let Down::Lamp(lamp) = *frame else { return Ok(()) };
        let Lamp { number, shown } = *lamp;
        let Some(line) = self.server.line.as_mut().filter(|line| line.open.is_some()) else { return Ok(()) };
        line.packets.came(number, step.now.mono);
        self.shown_there(step, &shown)
    }

    /// What others show, on the stream.
    pub(super) fn lamps_came(&mut self, step: &mut Step<'_>, lamps: Lamps) -> Stepped {
        for shown in lamps.shown {
            self.shown_there(step, &shown)?;
        }
        if let (Some(line), Some(upto)) = (&mut self.server.line, lamps.upto) {
            line.packets.all_came(upto, step.now.mono);
        }
        Ok(())
    }

    /// The server says how many packets it sent.
    pub(super) fn lamps_at(&mut self, step: &mut Step<'_>, number: u64) {
        if let Some(line) = &mut self.server.line {
            line.packets.were_sent(number, step.now.mono);
        }
        self.ask_for_packets(step);
    }

    /// Asks for what is missing, if it is time.
    pub(super) fn ask_for_packets(&mut self, step: &mut Step<'_>) {
        let Some(line) = &mut self.server.line else { return };
        if line.packets.deadline().is_none_or(|at| at > step.now.mono) {
            return;
        }
        line.packets.is_asked = true;
        line.packets.again = step.now.mono.plus(limits::PACKETS_PAUSE_MS);
        let have = line.packets.have;
        self.up(step, &Up::WantLamps(have));
    }

    /// Asks for the list of somebody who has a device that is not known, now and then.
    fn ask_for_list(&mut self, step: &mut Step<'_>, account: AccountId) {
        let now = step.now.mono;
        let Some(line) = &mut self.server.line else { return };
        line.lists.retain(|_, asked| now.since(*asked) < limits::LIST_PAUSE_MS);
        if line.lists.len() < limits::LISTS_ASKED && !line.lists.contains_key(&account) {
            line.lists.insert(account, now);
            self.up(step, &Up::WantList(account));
        }
    }

    /// The server says what somebody's device shows. It could say once more what was true before: so what is too old by its own
    /// word is passed over.
    fn shown_there(&mut self, step: &mut Step<'_>, shown: &Shown) -> Stepped {
        let Shown { account, device, said, presence } = shown;
        if !self.is_friend(*account) && *account != self.device.account {
            return Ok(());
        }
        match self.people.account_of(device) {
            Some(owner) if owner == *account && self.people.is_valid(device, step.now.wall) => {}
            Some(_) => return Ok(()),
            // It may be new there. Once it is known it is believed when it says it again.
            None => {
                self.ask_for_list(step, *account);
                return Ok(());
            }
        }
        // By the server's clock, which also tells how long this was under way.
        let Some(line) = &self.server.line else { return Ok(()) };
        let age = line.time(step.now.mono).0.saturating_sub(said.0);
        let earliest = Wall(step.now.wall.0.saturating_sub(CLOCK_DRIFT_MS));
        self.presence_shown(step, (*account, *device), presence, Path::Server { age, earliest })
    }
}

#[cfg(test)]
mod tests;

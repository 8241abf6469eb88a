//! Presence is true for as long as it is believed, and nobody but contacts has it.

use std::collections::BTreeSet;

use lamplit_node::{Lit, Node, limits::PRESENCE_TTL_MS};
use lamplit_types::AccountId;

use crate::{
    device::Device,
    failure::{Done, Failure, Rule},
    world::World,
};

/// How long a presence may be under way, beside how long it is believed, in milliseconds.
const UNDER_WAY_MS: u64 = 30_000;

/// What a device says its user is on.
pub(crate) fn lit_by(node: &Node) -> BTreeSet<String> {
    node.own_lit().iter().map(|lit| lit.app.as_str().to_owned()).collect()
}

impl World {
    /// Writes down what a device says its user is on, and said meanwhile, if that changed.
    pub(crate) fn note_lit(&mut self, at: usize) -> Done {
        let now = self.queue.now();
        let device = self.device_mut(at)?;
        let Some(running) = &mut device.running else { return Ok(()) };
        let meanwhile = std::mem::take(&mut running.glimmers);
        for lit in meanwhile.into_iter().chain([lit_by(&running.node)]) {
            if device.lit.last().is_none_or(|(_, last)| *last != lit) {
                device.lit.push((now, lit));
            }
        }
        Ok(())
    }

    /// Holds everything that every device believes against the truth.
    pub(crate) fn check_all_lit(&mut self) -> Done {
        self.note_absences();
        let accounts: BTreeSet<AccountId> = self.devices.iter().map(|device| device.account).collect();
        for at in 0..self.devices.len() {
            for account in &accounts {
                self.check_lit(at, *account)?;
            }
        }
        Ok(())
    }

    /// Holds what a device believes about an account against the truth.
    pub(crate) fn check_lit(&self, at: usize, account: AccountId) -> Done {
        let device = self.device(at)?;
        let Some(running) = &device.running else { return Ok(()) };
        if account == device.account {
            return Ok(());
        }
        for lit in running.node.lit(account) {
            self.check_one(device, account, &lit)?;
        }
        Ok(())
    }

    fn check_one(&self, device: &Device, account: AccountId, lit: &Lit) -> Done {
        let broken = |what: &str| Err(Failure::broken(Rule::Presence, format!("{} {what}", device.name)));
        if !device.knows(account) {
            return broken("sees the lamps of somebody who is no contact");
        }
        let other = self.whose(&lit.device).and_then(|other| self.devices.get(other));
        let Some(other) = other.filter(|other| other.account == account) else {
            return broken("sees the lamps of a device of somebody else");
        };
        // Whom it still sees, and who still sees it, have not heard yet.
        if device.is_removed || other.is_removed {
            return Ok(());
        }
        let now = self.queue.now();
        let earliest = now.saturating_sub(PRESENCE_TTL_MS + UNDER_WAY_MS);
        let still_known = self
            .devices_of(other.person)
            .any(|at| self.devices.get(at).is_some_and(|theirs| theirs.knows(device.account)));
        let forgotten = self.model.forgot(other.person, device.person);
        if !still_known && forgotten.is_none_or(|at| at < earliest) {
            return broken("sees the lamps of somebody who does not know its account");
        }
        let apps: BTreeSet<String> = lit.apps.iter().map(|app| app.app.as_str().to_owned()).collect();
        let nothing = (0, BTreeSet::new());
        let before = core::iter::once(&nothing).chain(&other.lit);
        let ends = other.lit.iter().skip(1).map(|(since, _)| *since).chain([now]);
        // Several changes of one batch are told one after the other, so what was in between is true as well.
        let was_true = before.zip(&other.lit).zip(ends).any(|(((_, was), (_, is)), until)| {
            until >= earliest && apps.is_subset(&(was | is)) && (was & is).is_subset(&apps)
        });
        if was_true {
            Ok(())
        } else {
            broken(&format!(
                "sees {apps:?} of {}, which are not lit at {now}: {:?}",
                other.name,
                other.lit.iter().rev().take(4).collect::<Vec<_>>()
            ))
        }
    }
}

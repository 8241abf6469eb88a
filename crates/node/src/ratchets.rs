//! Olm sessions in use: read once, kept at hand while devices talk, and written once for each input that changed them.

use std::collections::BTreeMap;

use lamplit_seal::{OlmAccount, Sessions};
use lamplit_types::DeviceId;

use crate::{
    Node,
    db::open_bytes,
    limits,
    rows::key,
    step::{Step, Stepped},
    table::{Read, ReadError, Table},
};

/// Sessions at hand, by the device they are with.
#[derive(Default)]
pub(crate) struct Ratchets {
    at_hand: BTreeMap<DeviceId, AtHand>,
    uses: u64,
}

struct AtHand {
    sessions: Sessions,
    /// Whether the database lacks what they have become.
    changed: bool,
    /// When they were last of use, as a count.
    used: u64,
}

impl Ratchets {
    fn get(&mut self, device: &DeviceId) -> Option<&mut AtHand> {
        self.uses = self.uses.saturating_add(1);
        let at_hand = self.at_hand.get_mut(device)?;
        at_hand.used = self.uses;
        Some(at_hand)
    }

    /// Takes sessions at hand. Those that were of no use for longest are let go of.
    fn put(&mut self, device: DeviceId, sessions: Sessions, changed: bool) {
        self.uses = self.uses.saturating_add(1);
        self.at_hand.insert(device, AtHand { sessions, changed, used: self.uses });
        let spare = self.at_hand.iter().filter(|(_, at_hand)| !at_hand.changed);
        let oldest = spare.min_by_key(|(_, at_hand)| at_hand.used).map(|(device, _)| *device);
        if self.at_hand.len() > limits::SESSIONS_AT_HAND
            && let Some(oldest) = oldest
        {
            self.at_hand.remove(&oldest);
        }
    }

    fn forget(&mut self, device: &DeviceId) {
        self.at_hand.remove(device);
    }

    /// Lets go of all.
    pub(crate) fn forget_all(&mut self) {
        self.at_hand.clear();
    }
}

impl Node {
    /// Does something with the sessions with a device, and notes that they changed if anything comes of it.
    pub(crate) fn with_sessions<T>(
        &mut self,
        step: &Step<'_>,
        device: &DeviceId,
        work: impl FnOnce(&mut Sessions) -> Option<T>,
    ) -> Stepped<Option<T>> {
        self.bring_to_hand(step, device)?;
        let Some(at_hand) = self.ratchets.get(device) else { return Ok(None) };
        let result = work(&mut at_hand.sessions);
        at_hand.changed |= result.is_some();
        Ok(result)
    }

    /// A copy of the sessions with a device, to try something on.
    pub(crate) fn copy_of_sessions(&mut self, step: &Step<'_>, device: &DeviceId) -> Stepped<Sessions> {
        self.bring_to_hand(step, device)?;
        Ok(self.ratchets.get(device).map(|at_hand| at_hand.sessions.copy()).unwrap_or_default())
    }

    /// What the sessions with a device have become.
    pub(crate) fn keep_sessions(&mut self, device: DeviceId, sessions: Sessions) {
        self.ratchets.put(device, sessions, true);
    }

    /// The sessions with a device end.
    pub(crate) fn forget_sessions(&mut self, step: &mut Step<'_>, device: &DeviceId) {
        self.ratchets.forget(device);
        step.db.remove(Table::Sessions, device.as_bytes());
    }

    fn bring_to_hand(&mut self, step: &Step<'_>, device: &DeviceId) -> Stepped {
        if self.ratchets.get(device).is_some() {
            return Ok(());
        }
        let at = device.as_bytes();
        let Some(sealed) = step.db.get(Table::Sessions, at)? else { return Ok(()) };
        let bytes = open_bytes(&self.secrets.vault, Table::Sessions, at, &sealed)?;
        let sessions = Sessions::from_bytes(&bytes).map_err(|_| ReadError::Corrupt { table: Table::Sessions })?;
        self.ratchets.put(*device, sessions, false);
        Ok(())
    }

    /// Writes down the sessions that changed.
    pub(crate) fn write_sessions(&mut self, step: &mut Step<'_>) -> Stepped {
        for (device, at_hand) in self.ratchets.at_hand.iter_mut().filter(|(_, at_hand)| at_hand.changed) {
            let unwritable = ReadError::Unwritable { table: Table::Sessions };
            let bytes = at_hand.sessions.to_bytes().map_err(|_| unwritable)?;
            step.db.put_sealed_bytes(&self.secrets.vault, step.rng, Table::Sessions, device.as_bytes(), &bytes)?;
            at_hand.changed = false;
        }
        Ok(())
    }

    pub(crate) fn olm_account(&self, step: &Step<'_>) -> Stepped<OlmAccount> {
        let corrupt = ReadError::Corrupt { table: Table::Secrets };
        let Some(sealed) = step.db.get(Table::Secrets, key::OLM)? else { return Err(corrupt) };
        let bytes = open_bytes(&self.secrets.vault, Table::Secrets, key::OLM, &sealed)?;
        OlmAccount::from_bytes(&bytes).map_err(|_| corrupt)
    }

    pub(crate) fn put_olm_account(&self, step: &mut Step<'_>, account: &OlmAccount) -> Stepped {
        let bytes = account.to_bytes().map_err(|_| ReadError::Unwritable { table: Table::Secrets })?;
        step.db.put_sealed_bytes(&self.secrets.vault, step.rng, Table::Secrets, key::OLM, &bytes)
    }
}

//! Devices of contacts that may not find this one, nor this one them: each side took a turn of its beacon key while the
//! other was away, and neither recognises what the other shows. Each removal of a device makes all of its contacts take
//! one, so this comes to two who did nothing but hear of it.
//!
//! Any of them may stand behind a beacon that means nothing here, so whoever shows one is called as each of them. A
//! stranger learns no more than a tag from it, and says nothing.

use std::collections::BTreeSet;

use lamplit_types::DeviceId;

use crate::{
    Node,
    db::Typed,
    dial::Target,
    io::Address,
    limits,
    people::People,
    rows::Peer,
    step::{Step, Stepped},
    table::{Read, Table},
};

/// The contacts' devices that hold the key to the beacons of a generation, as far as is known.
pub(crate) fn load_familiar(read: &impl Read, people: &People, generation: u32) -> Stepped<BTreeSet<DeviceId>> {
    let mut familiar = BTreeSet::new();
    for device in people.devices_of_contacts() {
        let peer: Option<Peer> = read.row(Table::Peers, device.as_bytes())?;
        if peer.is_some_and(|peer| peer.holds == generation) {
            familiar.insert(device);
        }
    }
    Ok(familiar)
}

impl Node {
    /// A contact's device holds the key of a generation, and so recognises this one by its beacon.
    pub(crate) fn note_familiar(&mut self, step: &mut Step<'_>, device: DeviceId, generation: u32) -> Stepped {
        if generation != self.friends_generation(step)? || !self.familiar.insert(device) {
            return Ok(());
        }
        let peer: Peer = step.db.row(Table::Peers, device.as_bytes())?.unwrap_or_default();
        step.db.put(Table::Peers, device.as_bytes(), &Peer { holds: generation, ..peer })
    }

    /// Somebody shows a beacon that means nothing here: any of the devices may do so that may not find this one.
    pub(crate) fn look_behind(&mut self, step: &mut Step<'_>, address: &Address) {
        let away = |device: &DeviceId| {
            let here = self.near.contains_key(device) || self.resting.contains_key(device) || self.dialer.sees(device);
            !here && !self.familiar.contains(device)
        };
        let away: BTreeSet<DeviceId> = self.people.devices_of_contacts().filter(away).collect();
        // Others each time, if there are too many.
        let from = DeviceId::from_bytes(step.random());
        let in_turn = away.range(from..).chain(away.range(..from));
        for device in in_turn.take(limits::LOOKED_FOR).copied().collect::<Vec<_>>() {
            self.dialer.seen(step.now.mono, Target::Device(device), address.clone(), self.yields_to(&device));
        }
    }
}

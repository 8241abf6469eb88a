//! Beacons that transports see: whose they are, and those that are nobody's who is known yet.

use std::collections::BTreeMap;

use lamplit_types::{Beacon, Mono};

use crate::{Node, dial::Target, io::Address, limits, step::Step};

/// Beacons that mean nothing here, and where each was seen last. A transport shows a beacon once, and who shows it may
/// be known only later: by the badge of a group, or a key that is still on its way.
#[derive(Default)]
pub(crate) struct Strange(BTreeMap<Beacon, (Address, Mono)>);

impl Strange {
    /// At the limit the one that was seen longest ago is forgotten.
    fn put(&mut self, beacon: Beacon, address: Address, now: Mono) {
        if self.0.len() >= limits::STRANGE && !self.0.contains_key(&beacon) {
            let oldest = self.0.iter().min_by_key(|(_, (_, seen))| *seen).map(|(beacon, _)| *beacon);
            oldest.and_then(|oldest| self.0.remove(&oldest));
        }
        self.0.insert(beacon, (address, now));
    }

    fn forget(&mut self, beacon: &Beacon) {
        self.0.remove(beacon);
    }
}

impl Node {
    /// A transport saw a beacon.
    pub(crate) fn sighted(&mut self, step: &mut Step<'_>, beacon: Beacon, address: Address) {
        if address.0.len() > limits::ADDRESS_BYTES {
            return;
        }
        let Some(device) = self.people.recognise(beacon) else {
            self.strange.put(beacon, address.clone(), step.now.mono);
            return self.look_behind(step, &address);
        };
        self.strange.forget(&beacon);
        if device == self.device.device {
            return;
        }
        let wait = self.yields_to(&device);
        let is_due = self.dialer.is_planned(&device);
        self.dialer.seen(step.now.mono, Target::Device(device), address, wait);
        self.dialer.shows(&device, beacon);
        if self.link_to(&device).is_some() || self.resting.contains_key(&device) && !is_due {
            self.dialer.stay(&device);
        }
    }

    /// Other beacons are known than before: some that meant nothing may be among them.
    pub(crate) fn look_again(&mut self, step: &mut Step<'_>) {
        let known = self.strange.0.iter().filter(|(beacon, _)| self.people.recognise(**beacon).is_some());
        let known: Vec<_> = known.map(|(beacon, (address, _))| (*beacon, address.clone())).collect();
        for (beacon, address) in known {
            self.sighted(step, beacon, address);
        }
    }

    /// A beacon is seen no longer: whoever showed it is not near, unless a link says otherwise. It is called, too: it may
    /// show a beacon that means nothing to this device any more.
    pub(crate) fn lost_sight(&mut self, step: &mut Step<'_>, beacon: Beacon) {
        self.strange.forget(&beacon);
        let Some(device) = self.dialer.lost_sight(beacon) else { return };
        if self.resting.contains_key(&device) {
            self.is_away(step, device);
            self.dialer.lost(step.now.mono, device);
        }
    }
}

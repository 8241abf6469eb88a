//! Beacons that transports see: whose they are, and those that are nobody's who is known yet.

use std::collections::BTreeMap;

use lamplit_types::{Beacon, Mono};

use crate::{Node, dial::Target, io::Address, limits, step::Step};

/// Beacons that mean nothing here. A transport tells of a beacon once for each address, and who shows it may be known only
/// later: by an invite, the badge of a group, or a key that is still on its way.
#[derive(Default)]
pub(crate) struct Strange(BTreeMap<Beacon, Seen>);

/// Where a beacon was seen, the latest place last, and when.
struct Seen {
    addresses: Vec<Address>,
    at: Mono,
}

impl Strange {
    /// At the limit the one that was seen longest ago is forgotten.
    fn put(&mut self, beacon: Beacon, address: Address, now: Mono) {
        if self.0.len() >= limits::STRANGE && !self.0.contains_key(&beacon) {
            let oldest = self.0.iter().min_by_key(|(_, seen)| seen.at).map(|(beacon, _)| *beacon);
            oldest.and_then(|oldest| self.0.remove(&oldest));
        }
        let seen = self.0.entry(beacon).or_insert_with(|| Seen { addresses: Vec::new(), at: now });
        seen.at = now;
        seen.addresses.retain(|known| *known != address);
        seen.addresses.push(address);
        if seen.addresses.len() > limits::ADDRESSES {
            seen.addresses.remove(0);
        }
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
        let known: Vec<_> = known.map(|(beacon, seen)| (*beacon, seen.addresses.clone())).collect();
        for (beacon, addresses) in known {
            for address in addresses {
                self.sighted(step, beacon, address);
            }
        }
    }

    /// A beacon is seen no longer: whoever showed it is not near, unless a link says otherwise. It is called, too: it may
    /// show a beacon that means nothing to this device any more.
    pub(crate) fn lost_sight(&mut self, step: &mut Step<'_>, beacon: Beacon) {
        self.strange.forget(&beacon);
        let Some(device) = self.dialer.lost_sight(beacon) else { return };
        if self.resting.contains_key(&device) {
            self.is_away(step, device);
            self.dialer.lost(step.now.mono, Target::Device(device));
        }
    }
}

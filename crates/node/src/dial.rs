//! Whom to dial, when, and when again.

use std::collections::BTreeMap;

use lamplit_types::{Beacon, DeviceId, InviteId, Mono};

use crate::{
    Node,
    db::Typed,
    io::{Address, DialId, Transmit},
    limits,
    rows::Peer,
    step::{Step, Stepped},
    table::Table,
};

/// Whom a dial is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// A device that is known.
    Device(DeviceId),
    /// Whoever made an invite.
    Invite(InviteId),
    /// The server that the account uses.
    Server,
}

/// Somebody who may be reached.
#[derive(Clone, Debug)]
struct Known {
    /// Where, and which is tried next. Never empty.
    places: Vec<Place>,
    next_place: usize,
    /// Dials that came to nothing since the last that did not.
    tries: u32,
    /// When to dial next; `None` while a dial is under way, or a link is there or rests.
    next: Option<Mono>,
    /// The beacon it shows, as long as it is seen.
    beacon: Option<Beacon>,
}

/// An address at which somebody may be reached.
#[derive(Clone, Debug)]
struct Place {
    address: Address,
    /// When it was last shown.
    seen: Mono,
    /// Whether it was given by hand and so does not go stale.
    fixed: bool,
}

/// Dials that are planned and under way.
#[derive(Default)]
pub(crate) struct Dialer {
    last: u64,
    under_way: BTreeMap<DialId, (Target, Address)>,
    known: BTreeMap<Target, Known>,
}

impl Known {
    /// Adds an address, or takes it as new. At the limit the one that was shown longest ago goes.
    fn put(&mut self, place: Place) -> bool {
        if let Some(known) = self.places.iter_mut().find(|known| known.address == place.address) {
            known.seen = place.seen;
            known.fixed |= place.fixed;
            return false;
        }
        if self.places.len() >= limits::ADDRESSES {
            let oldest = (0..self.places.len()).min_by_key(|at| self.places.get(*at).map(|old| (old.fixed, old.seen)));
            self.places.swap_remove(oldest.unwrap_or(0));
        }
        self.next_place = self.places.len();
        self.places.push(place);
        true
    }

    /// The address whose turn it is; the one after it is next.
    fn take(&mut self) -> Option<Address> {
        let many = self.places.len();
        let at = self.next_place.checked_rem(many)?;
        self.next_place = at.saturating_add(1);
        self.places.get(at).map(|place| place.address.clone())
    }

    /// When to try again: the next address soon, and all of them later each time.
    fn wait(&self) -> u64 {
        let many = u32::try_from(self.places.len()).unwrap_or(1).max(1);
        if self.tries.is_multiple_of(many) { back_off(self.tries / many) } else { limits::NEXT_ADDRESS_MS }
    }
}

impl Dialer {
    /// An address was seen. Both sides see each other: the one with the smaller id dials at once, the other a little
    /// later, if nothing came by then.
    pub(crate) fn seen(&mut self, now: Mono, target: Target, address: Address, wait_ms: u64) {
        self.add(now, target, Place { address, seen: now, fixed: false }, wait_ms);
    }

    /// An address was given by hand: it is tried at once.
    pub(crate) fn fix(&mut self, now: Mono, target: Target, address: Address) {
        self.add(now, target, Place { address: address.clone(), seen: now, fixed: true }, 0);
        if let Some(known) = self.known.get_mut(&target) {
            known.next_place = known.places.iter().position(|place| place.address == address).unwrap_or(0);
            known.tries = 0;
            known.next = Some(now);
        }
    }

    fn add(&mut self, now: Mono, target: Target, place: Place, wait_ms: u64) {
        let first = now.plus(wait_ms);
        let is_under_way = self.under_way.values().any(|(other, _)| *other == target);
        let has_room = self.known.len() < limits::REACHABLE;
        let known = match self.known.get_mut(&target) {
            Some(known) => known,
            None if has_room => self.known.entry(target).or_insert_with(|| Known {
                places: Vec::new(),
                next_place: 0,
                tries: 0,
                next: None,
                beacon: None,
            }),
            None => return,
        };
        // A new address is worth a try, whatever became of the others.
        if known.put(place) && !is_under_way {
            known.next = Some(known.next.map_or(first, |next| next.min(first)));
        }
    }

    /// Addresses in the order in which they are to be tried.
    pub(crate) fn try_in_order(&mut self, now: Mono, target: Target, addresses: impl Iterator<Item = Address>) {
        for address in addresses {
            self.seen(now, target, address, 0);
        }
        if let Some(known) = self.known.get_mut(&target) {
            known.next_place = 0;
        }
    }

    /// A dial was answered by an open pipe.
    pub(crate) fn answered(&mut self, dial: DialId) -> Option<(Target, Address)> {
        self.under_way.remove(&dial)
    }

    /// A dial came to nothing, or the pipe to no link: tries again later. Returns how often that happened in a row.
    pub(crate) fn failed(&mut self, now: Mono, target: Target) -> u32 {
        let Some(known) = self.known.get_mut(&target) else { return u32::MAX };
        known.tries = known.tries.saturating_add(1);
        known.places.retain(|place| place.fixed || now.since(place.seen) <= limits::SIGHTING_MS);
        if known.places.is_empty() {
            self.known.remove(&target);
            return u32::MAX;
        }
        known.next = Some(now.plus(known.wait()));
        known.tries
    }

    /// How often all addresses of somebody were tried in vain since one last was not.
    pub(crate) fn rounds(&self, target: &Target) -> u32 {
        self.known.get(target).map_or(0, |known| {
            let many = u32::try_from(known.places.len()).unwrap_or(1).max(1);
            known.tries / many
        })
    }

    /// Whether an address was given by hand.
    fn is_fixed(&self, target: &Target, address: &Address) -> bool {
        let mut places = self.known.get(target).into_iter().flat_map(|known| &known.places);
        places.any(|place| place.fixed && place.address == *address)
    }

    /// There is a link: no dial is needed.
    pub(crate) fn reached(&mut self, target: Target) {
        if let Some(known) = self.known.get_mut(&target) {
            known.tries = 0;
            known.next = None;
        }
    }

    /// The link is gone: dial again soon.
    pub(crate) fn lost(&mut self, now: Mono, target: Target) {
        self.dial_at(now.plus(limits::REDIAL_MS), target);
    }

    /// A dial that is planned is made a while later.
    pub(crate) fn put_off(&mut self, target: Target, millis: u64) {
        if let Some(known) = self.known.get_mut(&target) {
            known.next = known.next.map(|next| next.plus(millis));
        }
    }

    /// A device that rests is to be dialled now.
    pub(crate) fn wake(&mut self, now: Mono, device: DeviceId) {
        let target = Target::Device(device);
        if !self.under_way.values().any(|(other, _)| *other == target) {
            self.dial_at(now, target);
        }
    }

    /// Where it was seen last is likeliest: the ports before it go.
    fn dial_at(&mut self, at: Mono, target: Target) {
        if let Some(known) = self.known.get_mut(&target) {
            let latest = (0..known.places.len()).max_by_key(|at| known.places.get(*at).map(|place| place.seen));
            known.next_place = latest.unwrap_or(0);
            known.next = Some(known.next.map_or(at, |next| next.min(at)));
        }
    }

    /// A device is not to be dialled just because it was seen.
    pub(crate) fn stay(&mut self, device: &DeviceId) {
        if let Some(known) = self.known.get_mut(&Target::Device(*device)) {
            known.next = None;
        }
    }

    /// Whether a device is to be dialled.
    pub(crate) fn is_planned(&self, device: &DeviceId) -> bool {
        self.known.get(&Target::Device(*device)).is_some_and(|known| known.next.is_some())
    }

    /// A device shows a beacon.
    pub(crate) fn shows(&mut self, device: &DeviceId, beacon: Beacon) {
        if let Some(known) = self.known.get_mut(&Target::Device(*device)) {
            known.beacon = Some(beacon);
        }
    }

    /// Whether a device's beacon is seen.
    pub(crate) fn sees(&self, device: &DeviceId) -> bool {
        self.known.get(&Target::Device(*device)).is_some_and(|known| known.beacon.is_some())
    }

    /// The device whose beacon is seen no longer, if that was its latest.
    pub(crate) fn lost_sight(&mut self, beacon: Beacon) -> Option<DeviceId> {
        let mut known = self.known.iter_mut();
        let (target, known) = known.find(|(_, known)| known.beacon == Some(beacon))?;
        known.beacon = None;
        match target {
            Target::Device(device) => Some(*device),
            Target::Invite(_) | Target::Server => None,
        }
    }

    /// The same addresses, after all dials and links were given up.
    pub(crate) fn restarted(mut self, now: Mono) -> Self {
        self.under_way.clear();
        for known in self.known.values_mut() {
            known.next = Some(now.plus(limits::REDIAL_MS));
        }
        self
    }

    pub(crate) fn forget(&mut self, target: Target) {
        self.known.remove(&target);
    }

    pub(crate) fn deadline(&self) -> Option<Mono> {
        self.known.values().filter_map(|known| known.next).min()
    }

    /// Dials whose time has come.
    fn due(&mut self, now: Mono) -> Vec<(DialId, Target, Address)> {
        let mut due = Vec::new();
        for (target, known) in &mut self.known {
            if known.next.is_none_or(|next| next > now) {
                continue;
            }
            if self.under_way.len() >= limits::DIALS {
                known.next = Some(now.plus(limits::REDIAL_MS));
                continue;
            }
            known.next = None;
            let Some(address) = known.take() else { continue };
            self.last = self.last.saturating_add(1);
            self.under_way.insert(DialId(self.last), (*target, address.clone()));
            due.push((DialId(self.last), *target, address));
        }
        due
    }
}

/// How long to wait after so many failures: 1 s, doubled each time, at most a minute.
fn back_off(tries: u32) -> u64 {
    let doublings = tries.saturating_sub(1).min(6);
    limits::REDIAL_MS.saturating_mul(1 << doublings).min(limits::REDIAL_MAX_MS)
}

impl Node {
    /// How long to wait for a device to dial first.
    pub(crate) fn yields_to(&self, device: &DeviceId) -> u64 {
        if self.device.device < *device { 0 } else { limits::YIELD_MS }
    }

    /// Dials whose time has come.
    pub(crate) fn dial_due(&mut self, step: &mut Step<'_>) {
        for (dial, target, address) in self.dialer.due(step.now.mono) {
            let linked = match target {
                Target::Device(device) => self.link_to(&device).is_some(),
                Target::Invite(_) => false,
                Target::Server => self.server.is_linked(),
            };
            if linked {
                self.dialer.answered(dial);
            } else {
                step.out.transmits.push(Transmit::Dial { dial, address });
            }
        }
    }

    /// A dial came to nothing.
    pub(crate) fn dial_failed(&mut self, step: &mut Step<'_>, target: Target) -> Stepped {
        let tries = self.dialer.failed(step.now.mono, target);
        match target {
            Target::Invite(invite) => self.accept_failed_once(step, invite, tries),
            Target::Device(device) => {
                self.is_away(step, device);
                Ok(())
            }
            Target::Server => {
                self.put_off_server(step);
                Ok(())
            }
        }
    }

    /// An address that was given by hand is tried. It is kept if it leads to the device, or if there is no other.
    pub(crate) fn try_address(&mut self, step: &mut Step<'_>, device: DeviceId, address: &Address) -> Stepped {
        let peer: Option<Peer> = step.db.row(Table::Peers, device.as_bytes())?;
        if peer.is_none_or(|peer| peer.address.is_none()) {
            return self.keep_address(step, device, address);
        }
        self.dialer.fix(step.now.mono, Target::Device(device), address.clone());
        Ok(())
    }

    /// A device answered at an address that may have been given by hand.
    pub(crate) fn was_reached_at(&mut self, step: &mut Step<'_>, device: DeviceId, address: &Address) -> Stepped {
        let mut peer: Peer = step.db.row(Table::Peers, device.as_bytes())?.unwrap_or_default();
        if self.dialer.is_fixed(&Target::Device(device), address) && peer.address.as_ref() != Some(&address.0) {
            peer.address = Some(address.0.clone());
            step.db.put(Table::Peers, device.as_bytes(), &peer)?;
        }
        Ok(())
    }

    /// An address that was given by hand is kept, so that the device is found again where multicast is blocked.
    pub(crate) fn keep_address(&mut self, step: &mut Step<'_>, device: DeviceId, address: &Address) -> Stepped {
        let mut peer: Peer = step.db.row(Table::Peers, device.as_bytes())?.unwrap_or_default();
        peer.address = Some(address.0.clone());
        step.db.put(Table::Peers, device.as_bytes(), &peer)?;
        self.dialer.fix(step.now.mono, Target::Device(device), address.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests;

//! Whom to dial, when, and when again.

use std::collections::BTreeMap;

use lamplit_types::{DeviceId, InviteId, Mono};

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
}

/// Somebody who may be reached.
#[derive(Clone, Debug)]
struct Known {
    address: Address,
    /// When the address was last shown.
    seen: Mono,
    /// Whether it was given by hand and so does not go stale.
    fixed: bool,
    tries: u32,
    /// When to dial next; `None` while a dial is under way or a link is there.
    next: Option<Mono>,
}

/// Dials that are planned and under way.
#[derive(Default)]
pub(crate) struct Dialer {
    last: u64,
    under_way: BTreeMap<DialId, Target>,
    known: BTreeMap<Target, Known>,
}

impl Dialer {
    /// An address was seen. Both sides see each other: the one with the smaller id dials at once, the other a little
    /// later, if nothing came by then.
    pub(crate) fn seen(&mut self, now: Mono, target: Target, address: Address, wait_ms: u64) {
        if !self.known.contains_key(&target) && self.known.len() >= limits::REACHABLE {
            return;
        }
        let is_under_way = self.under_way.values().any(|other| *other == target);
        let known = self.known.entry(target).or_insert_with(|| Known {
            address: address.clone(),
            seen: now,
            fixed: false,
            tries: 0,
            next: Some(now.plus(wait_ms)),
        });
        known.seen = now;
        if known.address != address {
            known.address = address;
            known.tries = 0;
            if !is_under_way {
                known.next = Some(known.next.map_or(now.plus(wait_ms), |next| next.min(now.plus(wait_ms))));
            }
        }
    }

    /// An address was given by hand.
    pub(crate) fn fix(&mut self, now: Mono, target: Target, address: Address) {
        if self.known.contains_key(&target) || self.known.len() < limits::REACHABLE {
            self.known.insert(target, Known { address, seen: now, fixed: true, tries: 0, next: Some(now) });
        }
    }

    /// A dial was answered by an open pipe.
    pub(crate) fn answered(&mut self, dial: DialId) -> Option<Target> {
        self.under_way.remove(&dial)
    }

    /// A dial came to nothing, or the pipe to no link: tries again later, and later each time.
    pub(crate) fn failed(&mut self, now: Mono, target: Target) -> u32 {
        let Some(known) = self.known.get_mut(&target) else { return u32::MAX };
        known.tries = known.tries.saturating_add(1);
        let stale = !known.fixed && now.since(known.seen) > limits::SIGHTING_MS;
        if stale {
            self.known.remove(&target);
            return u32::MAX;
        }
        known.next = Some(now.plus(back_off(known.tries)));
        known.tries
    }

    /// How often dialling somebody came to nothing since it last did not.
    pub(crate) fn tries(&self, target: &Target) -> u32 {
        self.known.get(target).map_or(0, |known| known.tries)
    }

    /// There is a link to a device: no dial is needed.
    pub(crate) fn reached(&mut self, device: &DeviceId) {
        if let Some(known) = self.known.get_mut(&Target::Device(*device)) {
            known.tries = 0;
            known.next = None;
        }
    }

    /// The link to a device is gone: dial again soon.
    pub(crate) fn lost(&mut self, now: Mono, device: DeviceId) {
        if let Some(known) = self.known.get_mut(&Target::Device(device)) {
            known.next = Some(now.plus(limits::REDIAL_MS));
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
            self.last = self.last.saturating_add(1);
            self.under_way.insert(DialId(self.last), *target);
            due.push((DialId(self.last), *target, known.address.clone()));
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
    /// A transport saw a beacon.
    pub(crate) fn sighted(&mut self, step: &mut Step<'_>, beacon: lamplit_types::Beacon, address: Address) {
        let Some(device) = self.people.recognise(beacon) else { return };
        if device == self.device.device || address.0.len() > limits::ADDRESS_BYTES {
            return;
        }
        let wait = if self.device.device < device { 0 } else { limits::YIELD_MS };
        self.dialer.seen(step.now.mono, Target::Device(device), address, wait);
        if self.link_to(&device).is_some() {
            self.dialer.reached(&device);
        }
    }

    /// Dials whose time has come.
    pub(crate) fn dial_due(&mut self, step: &mut Step<'_>) {
        for (dial, target, address) in self.dialer.due(step.now.mono) {
            let linked = matches!(target, Target::Device(device) if self.link_to(&device).is_some());
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
            Target::Device(_) => Ok(()),
        }
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

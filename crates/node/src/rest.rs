//! Links that rest: ended because neither side has anything to say, between devices that can find each other again.
//!
//! Whoever was dialled ends the link, and only if it sees the other's beacon: then the one has shown that it knows where
//! the other is, and the other knows it too. A device that rests stays near as long as its beacon is seen. It is dialled
//! when something is due to it, and not because its beacon is seen again.

use std::collections::BTreeSet;

use lamplit_types::{AccountId, DeviceId, LinkId, Mono};
use lamplit_wire::CloseReason;

use crate::{
    Node,
    dial::Target,
    io::Event,
    limits,
    line::{Line, Stage, Talk},
    step::{Step, Stepped},
};

/// A device that rests.
pub(crate) struct Resting {
    account: AccountId,
    /// Whether the user was told that it is near: companions in a group are nobody to tell of.
    shown_near: bool,
}

impl Talk {
    /// Whether nothing is under way that an answer is awaited for.
    pub(crate) fn is_quiet(&self) -> bool {
        let quiet = self.sets.values().all(|set| !set.busy && set.sending.is_none() && set.taking_anew.is_none());
        let parts = self.telling.is_some() || self.coming_group.is_some();
        self.heard && self.serving.is_empty() && !self.asked_for_key && !parts && self.open.is_empty() && quiet
    }
}

impl Node {
    /// When the next link may rest.
    pub(crate) fn rest_deadline(&self) -> Option<Mono> {
        self.links.values().filter_map(|line| self.rests_at(line)).min()
    }

    fn rests_at(&self, line: &Line) -> Option<Mono> {
        let Stage::Known(talk) = &line.stage else { return None };
        let may = line.dialled.is_none() && line.link.queued() == 0 && self.is_quiet(line.id, talk);
        (may && self.dialer.sees(&talk.device)).then(|| line.spoke.plus(limits::REST_MS))
    }

    /// Whether nobody waits for anything over a link.
    fn is_quiet(&self, link: LinkId, talk: &Talk) -> bool {
        let recalls = self.lacking.is_some() && talk.account == self.device.account;
        talk.is_quiet() && !recalls && !self.is_fetching_over(link)
    }

    /// Ends the links that nobody needs now.
    pub(crate) fn let_rest(&mut self, step: &mut Step<'_>) -> Stepped {
        let now = step.now.mono;
        let idle = self.links.values().filter(|line| self.rests_at(line).is_some_and(|at| at <= now));
        for id in idle.map(|line| line.id).collect::<Vec<_>>() {
            if let Some(Line { stage: Stage::Known(talk), .. }) = self.links.get_mut(&id) {
                talk.rests = true;
            }
            self.end_link(step, id, Some(CloseReason::Done))?;
        }
        Ok(())
    }

    /// A link to a device is gone. Whether it only rests, so that the device is as near as before.
    pub(crate) fn goes_to_rest(&mut self, link: LinkId, talk: &Talk) -> bool {
        let rests = talk.rests && self.is_quiet(link, talk) && self.people.account_of(&talk.device).is_some();
        if rests {
            let Talk { account, shown_near, .. } = *talk;
            self.resting.insert(talk.device, Resting { account, shown_near });
            self.dialer.reached(Target::Device(talk.device));
        }
        rests
    }

    /// Something is due to a device. If it rests it is dialled.
    pub(crate) fn wake(&mut self, now: Mono, device: DeviceId) {
        if self.resting.contains_key(&device) {
            self.dialer.wake(now, device);
        }
    }

    /// Something is due to every device.
    pub(crate) fn wake_all(&mut self, now: Mono) {
        self.wake_those(now, &self.resting_accounts());
    }

    /// Whose devices rest.
    pub(crate) fn resting_accounts(&self) -> BTreeSet<AccountId> {
        self.resting.values().map(|resting| resting.account).collect()
    }

    /// Something is due to the devices of some accounts.
    pub(crate) fn wake_those(&mut self, now: Mono, accounts: &BTreeSet<AccountId>) {
        for (device, resting) in &self.resting {
            if accounts.contains(&resting.account) {
                self.dialer.wake(now, *device);
            }
        }
    }

    /// A device that rested cannot be reached after all.
    pub(crate) fn is_away(&mut self, step: &mut Step<'_>, device: DeviceId) {
        if let Some(Resting { account, shown_near: true }) = self.resting.remove(&device) {
            step.tell(Event::Near { account, device, reachable: false });
        }
        self.posted.insert(device);
    }
}

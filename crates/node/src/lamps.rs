//! Presence: which apps this device's user is on, and which apps others say they are on. Held in memory only.

use std::collections::BTreeMap;

use lamplit_identity::verify;
use lamplit_link::Link;
use lamplit_types::{
    AccountId, AppId, DeviceId, LinkId, Mono, Wall,
    limits::{CLOCK_DRIFT_MS, PRESENCE_APPS, PRESENCE_BYTES},
};
use lamplit_wire::{
    AppPresence, AppState, Frame, KeyId, Presence, SealedPresence, SignedPresence, Source,
    bounded::{Bytes, List},
};

use crate::{
    Node,
    audience::present_key,
    io::{CommandError, Event, Lit},
    limits,
    line::{Flow, Stage, Talk, send},
    replica::set_of,
    step::{Step, Stepped},
    table::{ReadError, Table},
};

/// What this device knows about who is on what.
#[derive(Default)]
pub(crate) struct Lamps {
    own: BTreeMap<AppId, AppPresence>,
    /// What they were when the last step was kept: a step that is undone lights nothing.
    kept: Option<BTreeMap<AppId, AppPresence>>,
    counter: u64,
    /// When the contacts were last told.
    told: Option<Mono>,
    /// Something changed that the contacts were not told.
    changed: bool,
    others: BTreeMap<DeviceId, Shown>,
}

struct Shown {
    account: AccountId,
    counter: u64,
    /// What the device says over a link counts whatever it counted before.
    is_anew: bool,
    apps: Vec<AppPresence>,
    until: Mono,
    expires: Wall,
}

/// How what a device says came here.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Path {
    /// Over a link to the device itself.
    Link,
    /// By a server, which could say once more what was true before.
    Server {
        /// How long ago it was said, in milliseconds.
        age: u64,
        /// What was to be believed no more by then is passed over.
        earliest: Wall,
    },
}

impl Lamps {
    /// What another account's devices say.
    pub(crate) fn of(&self, account: AccountId) -> Vec<Lit> {
        let shown = self.others.iter().filter(|(_, shown)| shown.account == account && !shown.apps.is_empty());
        shown.map(|(device, shown)| Lit { device: *device, apps: shown.apps.clone(), expires: shown.expires }).collect()
    }

    /// What was done is kept.
    pub(crate) fn committed(&mut self) {
        self.kept = None;
    }

    /// What was done is undone, so what is lit is told anew.
    pub(crate) fn rolled_back(mut self) -> Self {
        if let Some(kept) = self.kept.take() {
            self.own = kept;
            self.changed = true;
        }
        self
    }

    /// What this device says.
    pub(crate) fn own(&self) -> Vec<AppPresence> {
        self.own.values().cloned().collect()
    }

    /// A link to a device is new: what it counts begins anew too, or a clock that was set back would hide it for long.
    pub(crate) fn count_anew(&mut self, device: &DeviceId) {
        if let Some(shown) = self.others.get_mut(device) {
            shown.is_anew = true;
        }
    }

    /// What a device counted last. Once all that it said before is too old to be believed from anybody, it may have begun anew, as with a
    /// clock that was set back; over a new link it may at once.
    fn last_counter(&self, device: &DeviceId, path: Path, now: Mono) -> u64 {
        let shown = self.others.get(device).filter(|shown| shown.until.plus(CLOCK_DRIFT_MS) > now);
        let shown = shown.filter(|shown| !(shown.is_anew && matches!(path, Path::Link)));
        shown.map_or(0, |shown| shown.counter)
    }

    /// Whether others may believe something of this device: it is on something, or was told to be.
    pub(crate) fn is_believed(&self, now: Mono) -> bool {
        !self.own.is_empty() || self.told.is_some_and(|told| now.since(told) < limits::PRESENCE_TTL_MS)
    }

    pub(crate) fn forget(&mut self, device: &DeviceId) {
        self.others.remove(device);
    }

    /// When there is something to tell or to put out.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        let put_out = self.others.values().filter(|shown| !shown.apps.is_empty()).map(|shown| shown.until).min();
        [put_out, self.tell_at()].into_iter().flatten().min()
    }

    /// When the contacts are told next.
    fn tell_at(&self) -> Option<Mono> {
        match (self.changed, self.told) {
            (true, None) => Some(Mono(0)),
            (true, Some(told)) => Some(told.plus(limits::PRESENCE_GAP_MS)),
            (false, Some(told)) if !self.own.is_empty() => Some(told.plus(limits::PRESENCE_AGAIN_MS)),
            (false, _) => None,
        }
    }

    fn next_counter(&mut self, now: Wall) -> u64 {
        // The wall clock keeps it rising over a restart.
        self.counter = self.counter.saturating_add(1).max(now.0);
        self.counter
    }
}

impl Node {
    /// The user lights an app, or lets it go dark.
    pub(crate) fn light(&mut self, step: &mut Step<'_>, app: AppId, on: bool) -> Stepped<Result<(), CommandError>> {
        let before = self.lamps.own.clone();
        // Kept before anything changes: the step may fail at any point.
        self.lamps.kept.get_or_insert_with(|| before.clone());
        if on {
            let since = step.now.wall;
            let lit = AppPresence { app: app.clone(), state: AppState::On, source: Source::Hand, since };
            self.lamps.own.entry(app).or_insert(lit);
        } else {
            self.lamps.own.remove(&app);
        }
        if self.lamps.own == before {
            return Ok(Ok(()));
        }
        if self.lamps.own.len() > PRESENCE_APPS || self.sealed_presence(step)?.is_none() {
            self.lamps.own = before;
            return Ok(Err(CommandError::TooManyApps));
        }
        self.lamps.changed = true;
        self.tell_presence(step)?;
        Ok(Ok(()))
    }

    /// Tells the contacts, if it is time.
    pub(crate) fn tell_presence(&mut self, step: &mut Step<'_>) -> Stepped {
        if self.lamps.tell_at().is_none_or(|at| at > step.now.mono) {
            return Ok(());
        }
        self.lamps.changed = false;
        self.lamps.told = Some(step.now.mono);
        let Some(presence) = self.sealed_presence(step)? else { return Ok(()) };
        self.light_there(step, presence.clone());
        let frame = Frame::Presence(presence);
        let mut ended = Vec::new();
        for id in self.near.values().copied().collect::<Vec<LinkId>>() {
            let is_friend = |account| account == self.device.account || self.people.contact(account).is_some();
            let Some(line) = self.links.get_mut(&id) else { continue };
            if matches!(&line.stage, Stage::Known(talk) if talk.heard && !talk.expired && is_friend(talk.account))
                && send(&mut line.link, step.now, &frame) == Flow::End
            {
                ended.push(id);
            }
            self.touched.insert(id);
        }
        for id in ended {
            self.end_link(step, id, None)?;
        }
        if !self.lamps.own.is_empty() {
            // Companions in a group are told nothing of it.
            let mut friends = self.resting_accounts();
            friends.retain(|account| self.is_friend(*account));
            self.wake_those(step.now.mono, &friends);
        }
        Ok(())
    }

    /// Tells one device, when its link is new.
    pub(crate) fn show_lit_to(&mut self, step: &mut Step<'_>, link: &mut Link) -> Stepped<Flow> {
        if self.lamps.own.is_empty() {
            return Ok(Flow::Go);
        }
        match self.sealed_presence(step)? {
            Some(presence) => Ok(send(link, step.now, &Frame::Presence(presence))),
            None => Ok(Flow::Go),
        }
    }

    /// This device's presence, sealed; `None` if it does not fit.
    pub(crate) fn sealed_presence(&mut self, step: &mut Step<'_>) -> Stepped<Option<SealedPresence>> {
        let audience = self.device.friends;
        let day = step.now.wall.day();
        let key = present_key(&step.db, &self.secrets.vault, audience, day)?
            .ok_or(ReadError::Corrupt { table: Table::Audiences })?;
        let Ok(apps) = List::try_from(self.lamps.own()) else { return Ok(None) };
        let presence = Presence {
            device: self.device.device,
            counter: self.lamps.next_counter(step.now.wall),
            expires: step.now.wall.plus(limits::PRESENCE_TTL_MS),
            apps,
        };
        let Ok(signed) = self.secrets.keys.sign(presence) else { return Ok(None) };
        let plain = crate::db::encode(&signed, Table::Device)?;
        let key_id = KeyId { generation: key.generation(), day: key.day() };
        let sealed = key.seal_fixed(step.rng, &context(audience.as_bytes(), key_id), &plain, PRESENCE_BYTES).ok();
        Ok(sealed.and_then(|sealed| Bytes::try_from(sealed).ok()).map(|sealed| SealedPresence {
            audience,
            key: key_id,
            sealed,
        }))
    }

    /// A device says over a link what its user is on.
    pub(crate) fn presence_came(&mut self, step: &mut Step<'_>, talk: &Talk, sealed: &SealedPresence) -> Stepped<Flow> {
        self.presence_shown(step, (talk.account, talk.device), sealed, Path::Link)?;
        Ok(Flow::Go)
    }

    /// A device says what its user is on. What cannot be opened, is not signed by that very device, or is too old, is passed over.
    pub(crate) fn presence_shown(
        &mut self,
        step: &mut Step<'_>,
        (account, device): (AccountId, DeviceId),
        sealed: &SealedPresence,
        path: Path,
    ) -> Stepped {
        // To open one of a far day takes a step for each day in between.
        if sealed.key.day > step.now.wall.day().saturating_add(limits::GRANT_DAYS) {
            return Ok(());
        }
        let set = set_of(account, sealed.audience);
        let Some(key) = self.key_ring().find(&step.db, &set, sealed.key)? else { return Ok(()) };
        let opened = key.open_fixed(&context(sealed.audience.as_bytes(), sealed.key), &sealed.sealed).ok();
        let signed = opened.and_then(|plain| postcard::from_bytes::<SignedPresence>(&plain).ok());
        let Some(signed) = signed.filter(|signed| verify(signed, device.as_bytes()).is_ok()) else { return Ok(()) };
        let presence = signed.body;
        let (age, earliest) = match path {
            Path::Link => (0, Wall(0)),
            Path::Server { age, earliest } => (age, earliest),
        };
        let left = limits::PRESENCE_TTL_MS.saturating_sub(age);
        let last = self.lamps.last_counter(&device, path, step.now.mono);
        if presence.device != device || presence.counter <= last || presence.expires < earliest || left == 0 {
            return Ok(());
        }
        self.clock_shown(step, account, Some(Wall(presence.expires.0.saturating_sub(left))));
        let apps = presence.apps.into_vec();
        let changed = self.lamps.others.get(&device).is_none_or(|shown| shown.apps != apps);
        // How long to believe it counts by this device's own clock, so that a wrong one elsewhere does no harm.
        let shown = Shown {
            account,
            counter: presence.counter,
            // What a server said before the link was there it could say once more.
            is_anew: false,
            apps,
            until: step.now.mono.plus(left),
            expires: step.now.wall.plus(left),
        };
        self.lamps.others.insert(device, shown);
        if changed {
            step.tell(Event::Presence(account));
        }
        Ok(())
    }

    /// Puts out what nobody has confirmed for too long.
    pub(crate) fn put_out_stale(&mut self, step: &mut Step<'_>) {
        for shown in self.lamps.others.values_mut() {
            if shown.until <= step.now.mono && !shown.apps.is_empty() {
                shown.apps.clear();
                step.out.events.push(Event::Presence(shown.account));
            }
        }
    }
}

fn context(audience: &[u8; 16], key: KeyId) -> Vec<u8> {
    let numbers = [key.generation.to_le_bytes(), key.day.to_le_bytes()].concat();
    [b"lamplit/1/presence\0".as_slice(), audience, &numbers].concat()
}

//! Mail that goes through the server: for each device that is not near, what waits in its outbox is posted in order, until the
//! addressee itself says that it has it. What the server keeps is posted once in each life of its store.

use std::collections::BTreeSet;

use lamplit_sync::outbox::Window;
use lamplit_types::{DeviceId, EnvelopeId, Mono};
use lamplit_wire::{
    Envelope,
    server::{Epoch, Found, KeyFor, ListMark, Outcome, Post, Posted, Up, WantKey},
};

use super::ServerLine;
use crate::{
    Node,
    db::{Typed, open_row},
    limits,
    mail::first_waiting,
    rows::{Outgoing, Peer, key},
    step::{Step, Stepped},
    table::{Order, Read, Table},
};

/// Where the mail for one device is.
#[derive(Default)]
pub(crate) struct Way {
    window: Window,
    /// What was sent and not answered.
    open: BTreeSet<u64>,
    /// A key to start a session with was asked for.
    pub(super) asked_for_key: bool,
    /// Not to be tried before then: the server could not take more, had no key, or knows no such device.
    wait: Option<Mono>,
    /// How often the device could not read what was sent, since it was last given time.
    refusals: u32,
}

/// What was posted and is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// A message with a number of the outbox of that device.
    Mail(DeviceId, u64),
    /// A letter to that device, which tells what was owed it up to that number.
    Letter(DeviceId, u64),
}

impl Way {
    pub(super) const fn deadline(&self) -> Option<Mono> {
        self.wait
    }

    fn may(&self) -> bool {
        !self.asked_for_key && self.wait.is_none()
    }

    /// Up to which number all is answered, if anything was sent.
    fn answered_up_to(&self) -> u64 {
        let (sent, _) = self.window.room();
        self.open.first().map_or(sent, |first| first.saturating_sub(1))
    }
}

impl Node {
    /// Posts what waits for a device that is not near, as far as may be under way.
    pub(crate) fn post_by_server(&mut self, step: &mut Step<'_>, device: DeviceId) -> Stepped {
        // If it rests it is being dialled: this comes again if that leads nowhere.
        if self.link_to(&device).is_some() || self.resting.contains_key(&device) {
            return Ok(());
        }
        let Some(account) = self.people.account_of(&device) else { return Ok(()) };
        let Some(list) = self.people.get(account).map(|person| ListMark::from(person.list.head())) else {
            return Ok(());
        };
        let Some(line) = &mut self.server.line else { return Ok(()) };
        let Some(epoch) = line.open else { return Ok(()) };
        let way = line.ways.entry(device).or_default();
        if !way.may() {
            return Ok(());
        }
        let peer: Peer = step.db.row(Table::Peers, device.as_bytes())?.unwrap_or_default();
        let kept = peer.kept.filter(|(life, _)| *life == epoch).map_or(0, |(_, kept)| kept);
        let (sent, room) = way.window.room();
        let left = limits::POSTS.saturating_sub(line.posts.len());
        if left < room {
            line.held_back.insert(device);
        }
        let room = room.min(left);
        let from = key::numbered(device.as_bytes(), sent.max(kept));
        let rows = step.db.scan(Table::Outbox, device.as_bytes(), Some(&from), Order::Up, room)?;
        let base = first_waiting(step, &device)?.unwrap_or(u64::MAX);
        for (at, sealed) in rows {
            let Some((seq, mut envelope)) = self.envelope_of(step, &device, base, (&at, &sealed))? else {
                self.want_key(step, device);
                return Ok(());
            };
            let Some(line) = &mut self.server.line else { return Ok(()) };
            // It was written by a clock that was behind, or is no longer good and not given up.
            let there = line.time(step.now.mono);
            if envelope.expires <= there {
                envelope.expires = there.plus(limits::ENVELOPE_MS);
            }
            let way = line.ways.entry(device).or_default();
            way.window.sent(seq);
            way.open.insert(seq);
            line.posts.insert(envelope.id, Sent::Mail(device, seq));
            self.up(step, &Up::Post(Box::new(Post { account, list, envelope })));
        }
        Ok(())
    }

    /// Posts a letter: nobody waits for it.
    pub(super) fn post_letter(&mut self, step: &mut Step<'_>, device: DeviceId, envelope: Envelope, number: u64) {
        let Some(account) = self.people.account_of(&device) else { return };
        let Some(list) = self.people.get(account).map(|person| ListMark::from(person.list.head())) else { return };
        let Some(line) = &mut self.server.line else { return };
        line.posts.insert(envelope.id, Sent::Letter(device, number));
        self.up(step, &Up::Post(Box::new(Post { account, list, envelope })));
    }

    /// Asks for a key to start a session with a device.
    pub(super) fn want_key(&mut self, step: &mut Step<'_>, device: DeviceId) {
        let Some(account) = self.people.account_of(&device) else { return };
        let Some(line) = &mut self.server.line else { return };
        let way = line.ways.entry(device).or_default();
        if !core::mem::replace(&mut way.asked_for_key, true) {
            self.up(step, &Up::WantKey(WantKey { account, device }));
        }
    }

    /// A key that was asked for, or none.
    pub(super) fn key_found(&mut self, step: &mut Step<'_>, KeyFor { device, found }: &KeyFor) -> Stepped {
        let Some(line) = &mut self.server.line else { return Ok(()) };
        let Some(way) = line.ways.get_mut(device) else { return Ok(()) };
        if !core::mem::replace(&mut way.asked_for_key, false) {
            return Ok(());
        }
        let pause = match found {
            Found::Key(key) if self.start_session(step, device, key)? => None,
            Found::Key(_) | Found::Nothing => Some(limits::NOBODY_PAUSE_MS),
            Found::Busy => Some(limits::POST_PAUSE_MS),
        };
        if let Some(pause) = pause {
            if let Some(way) = self.server.line.as_mut().and_then(|line| line.ways.get_mut(device)) {
                way.wait = Some(step.now.mono.plus(pause));
            }
            return self.put_off_letter(step, device, pause);
        }
        self.letter_has_session(step, device)?;
        self.post_by_server(step, *device)
    }

    /// What became of something that was posted.
    pub(super) fn posted_there(&mut self, step: &mut Step<'_>, epoch: Epoch, posted: Posted) -> Stepped {
        let sent = self.server.line.as_mut().and_then(|line| line.posts.remove(&posted.id));
        match sent {
            None => Ok(()),
            Some(Sent::Letter(device, number)) => {
                self.letter_posted(step, device, number, posted.outcome)?;
                self.post_more(step)
            }
            Some(Sent::Mail(device, seq)) => {
                self.mail_posted(step, epoch, (device, seq), posted.outcome)?;
                self.post_by_server(step, device)?;
                self.post_more(step)
            }
        }
    }

    fn mail_posted(
        &mut self,
        step: &mut Step<'_>,
        epoch: Epoch,
        (device, seq): (DeviceId, u64),
        outcome: Outcome,
    ) -> Stepped {
        let Some(line) = &mut self.server.line else { return Ok(()) };
        let way = line.ways.entry(device).or_default();
        // It may have been decided since that all goes again.
        if !way.open.remove(&seq) {
            return Ok(());
        }
        way.window.acknowledged(seq);
        match outcome {
            Outcome::Kept => {}
            Outcome::Nobody => line.try_again(&device, seq, step.now.mono.plus(limits::NOBODY_PAUSE_MS)),
            Outcome::Full | Outcome::Busy | Outcome::Failed | Outcome::Expired => {
                line.try_again(&device, seq, step.now.mono.plus(limits::POST_PAUSE_MS));
            }
        }
        let up_to = line.ways.get(&device).map_or(0, Way::answered_up_to);
        let mut peer: Peer = step.db.row(Table::Peers, device.as_bytes())?.unwrap_or_default();
        let before = peer.kept.filter(|(life, _)| *life == epoch).map_or(0, |(_, kept)| kept);
        if up_to > before {
            peer.kept = Some((epoch, up_to));
            step.db.put(Table::Peers, device.as_bytes(), &peer)?;
        }
        Ok(())
    }

    /// There is room again for what others have waiting.
    fn post_more(&mut self, step: &mut Step<'_>) -> Stepped {
        let Some(line) = &mut self.server.line else { return Ok(()) };
        if line.posts.len() >= limits::POSTS / 2 {
            return Ok(());
        }
        for device in core::mem::take(&mut line.held_back) {
            self.post_by_server(step, device)?;
        }
        self.send_letters(step)
    }

    /// All that waits for anybody who is not near is posted, as far as the server does not keep it.
    pub(super) fn post_all_by_server(&mut self, step: &mut Step<'_>) -> Stepped {
        let mut after: Option<Vec<u8>> = None;
        while let Some((at, _)) = step.db.scan(Table::Outbox, &[], after.as_deref(), Order::Up, 1)?.pop() {
            let Some(device) = at.first_chunk::<32>().map(|bytes| DeviceId::from_bytes(*bytes)) else { break };
            // Beyond all rows of that device.
            after = Some(key::numbered(device.as_bytes(), u64::MAX));
            self.post_by_server(step, device)?;
        }
        Ok(())
    }

    /// What waits for a device goes to the server again.
    pub(crate) fn post_all_again(&mut self, step: &mut Step<'_>, device: DeviceId) -> Stepped {
        if let Some(peer) = step.db.row::<Peer>(Table::Peers, device.as_bytes())?.filter(|peer| peer.kept.is_some()) {
            step.db.put(Table::Peers, device.as_bytes(), &Peer { kept: None, ..peer })?;
        }
        if let Some(line) = &mut self.server.line {
            line.send_again_from(&device, 0);
        }
        self.posted.insert(device);
        Ok(())
    }

    /// A device could not read what was sent. One that says so again and again is not kept busy with.
    pub(super) fn refused_there(&mut self, now: Mono, device: DeviceId) {
        let Some(line) = &mut self.server.line else { return };
        let way = line.ways.entry(device).or_default();
        way.refusals = way.refusals.saturating_add(1);
        if way.refusals > limits::REFUSALS_A_LINK {
            way.refusals = 0;
            way.wait = Some(now.plus(limits::NOBODY_PAUSE_MS));
        }
    }

    /// An account's list is another one than before: a device that the server did not know may be one that it knows.
    pub(super) fn try_way_again(&mut self, device: &DeviceId) {
        if let Some(way) = self.server.line.as_mut().and_then(|line| line.ways.get_mut(device)) {
            way.wait = None;
        }
    }

    /// Ways that had to wait, and need no longer.
    pub(super) fn resume_ways(&mut self, step: &mut Step<'_>) -> Stepped {
        let now = step.now.mono;
        let Some(line) = &mut self.server.line else { return Ok(()) };
        let mut due = Vec::new();
        for (device, way) in &mut line.ways {
            if way.wait.is_some_and(|until| until <= now) {
                way.wait = None;
                due.push(*device);
            }
        }
        for device in due {
            self.post_by_server(step, device)?;
        }
        Ok(())
    }
}

impl ServerLine {
    /// What could not be kept, and all after it, goes to a device again at some time.
    fn try_again(&mut self, device: &DeviceId, seq: u64, at: Mono) {
        self.ways.entry(*device).or_default().wait = Some(at);
        self.send_again_from(device, seq);
    }

    /// Everything from `seq` on goes again. What is answered of it now says nothing of what it is sealed into then.
    fn send_again_from(&mut self, device: &DeviceId, seq: u64) {
        if let Some(way) = self.ways.get_mut(device) {
            way.window.again_from(seq);
            way.open.split_off(&seq);
        }
        let stays = |sent: &Sent| !matches!(sent, Sent::Mail(to, number) if to == device && *number >= seq);
        self.posts.retain(|_, sent| stays(sent));
    }
}

/// The number of the message in a device's outbox that was sealed into one of these envelopes.
pub(super) fn number_of_one(
    node: &Node,
    step: &Step<'_>,
    device: &DeviceId,
    ids: &[EnvelopeId],
) -> Stepped<Option<u64>> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let rows = step.db.scan(Table::Outbox, device.as_bytes(), after.as_deref(), Order::Up, limits::BATCH)?;
        let Some((last, _)) = rows.last() else { return Ok(None) };
        after = Some(last.clone());
        for (at, sealed) in rows {
            let outgoing: Outgoing = open_row(&node.secrets.vault, Table::Outbox, &at, &sealed)?;
            if outgoing.envelope.is_some_and(|envelope| ids.contains(&envelope.id)) {
                return Ok(key::number_of(&at));
            }
        }
    }
}

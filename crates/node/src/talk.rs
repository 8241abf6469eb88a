//! What two devices that know each other say on a link: the greeting, device lists, and everything that follows it.

use lamplit_identity::{ListError, MergeError, MergeOutcome, VerifiedList};
use lamplit_link::Link;
use lamplit_types::{AccountId, DeviceId};
use lamplit_wire::{
    CloseReason, Frame, Hello, Received,
    bounded::List,
    credential::{DeviceList, ListHead},
};

use crate::{
    Node,
    db::Typed,
    dial::Target,
    io::{Event, Transmit, Warning},
    line::{Flow, Line, Stage, Talk, send},
    mail,
    replica::OWN_SECRETS,
    rows::Peer,
    sabotage::Sabotage,
    step::{Step, Stepped},
    table::{Read, Table},
};

/// What became of a device list that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Merged {
    /// It is taken in, or was known.
    Taken,
    /// It does not hold, or is nobody's.
    Refused,
    /// It holds, and so does another of the same generation.
    Conflict,
}

impl Node {
    /// The first frame on a link to a device that is known.
    pub(crate) fn greet(&mut self, step: &mut Step<'_>, line: &mut Line) -> Stepped<Flow> {
        let Stage::Known(talk) = &line.stage else { return Ok(Flow::End) };
        let peer: Peer = step.db.row(Table::Peers, talk.device.as_bytes())?.unwrap_or_default();
        let Some(person) = self.people.get(talk.account) else { return Ok(Flow::End) };
        let hello = Hello {
            list: self.own_head(),
            your_list: person.list.head(),
            incarnation: self.device.life,
            received: peer.received(),
            has_session: step.db.get(Table::Sessions, talk.device.as_bytes())?.is_some(),
            grants: List::try_from(self.grants_of(step, talk.account)?).unwrap_or_default(),
            groups: self.group_heads(talk.account),
        };
        Ok(send(&mut line.link, step.now, &Frame::Hello(hello)))
    }

    pub(crate) fn own_head(&self) -> ListHead {
        self.people.me().list.head()
    }

    /// A frame from a device that is known.
    pub(crate) fn known_frame(
        &mut self,
        step: &mut Step<'_>,
        link: &mut Link,
        talk: &mut Talk,
        frame: Frame,
    ) -> Stepped<Flow> {
        match frame {
            Frame::Hello(hello) => self.hello(step, link, talk, &hello),
            Frame::Removed(removed) => self.removed_came(step, &removed),
            Frame::Close(reason) => {
                match reason {
                    // The list that the other could not take was this account's own.
                    CloseReason::ListConflict => step.tell(Event::Warning(Warning::OwnListConflict)),
                    CloseReason::Done => talk.rests = true,
                    _ => {}
                }
                Ok(Flow::End)
            }
            // Before the greeting nothing else may come.
            _ if !talk.heard => Ok(Flow::End),
            Frame::List(list) => self.their_list(step, link, talk, list),
            _ if talk.expired => Ok(Flow::End),
            Frame::KeyRequest => self.key_requested(step, link, talk),
            Frame::Key(key) => self.key_came(step, link, talk, &key),
            Frame::Envelope(envelope) => self.envelope_came(step, link, talk, envelope),
            Frame::Ack(id) => self.acknowledged(step, link, talk, id),
            Frame::Refuse(id) => self.refused(step, link, talk, id),
            Frame::Group(part) => self.group_came(step, talk, part),
            // Those who share a group and are no contacts have nothing else to say to each other.
            _ if !self.is_friend(talk.account) => Ok(Flow::Go),
            Frame::Presence(presence) => self.presence_came(step, talk, &presence),
            Frame::Offer(offer) => self.offer_came(step, link, talk, offer),
            Frame::Delta(delta) => self.delta_came(step, link, talk, delta),
            Frame::Have(have) => self.have_came(step, link, talk, have),
            Frame::Whole(whole) => self.whole_came(step, link, talk, whole),
            Frame::Recall(recall) => self.recall_came(step, link, talk, &recall),
            Frame::Past(past) => self.past_came(step, link, talk, past),
            Frame::Knock(_)
            | Frame::Introduce(_)
            | Frame::Welcome
            | Frame::Join(_)
            | Frame::Vouch(_)
            | Frame::Claim(_)
            | Frame::Admit(_) => Ok(Flow::End),
        }
    }

    fn hello(&mut self, step: &mut Step<'_>, link: &mut Link, talk: &mut Talk, hello: &Hello) -> Stepped<Flow> {
        if talk.heard {
            return Ok(Flow::End);
        }
        talk.heard = true;
        talk.life = hello.incarnation;
        self.lamps.count_anew(&talk.device);
        talk.grants = hello.grants.iter().copied().collect();
        talk.groups = hello.groups.iter().map(|head| (head.group, head.hash)).collect();
        if let Some(received) = &hello.received
            && self.shows_restoration(step, &talk.device, received)?
        {
            self.be_reborn(step, &[received.incarnation])?;
            return Ok(Flow::End);
        }
        let mine = self.own_head();
        let lacking = self.lacking_at(step, hello.your_list)?;
        if lacking.is_empty() {
            self.behind.remove(&talk.device);
        } else {
            self.behind.insert(talk.device, lacking);
        }
        if hello.your_list != mine {
            let list = self.people.me().list.wire().clone();
            if send(link, step.now, &Frame::List(list)) == Flow::End {
                return Ok(Flow::End);
            }
        }
        if talk.expired {
            return Ok(self.wait_for_list(step, talk, hello));
        }
        if !hello.has_session {
            // What was sealed with a session that the other has lost cannot be opened.
            self.drop_sessions(step, talk.device)?;
        }
        if let Some(received) = &hello.received {
            self.received_up_to(step, &talk.device, received)?;
        }
        self.close_gap(step, talk.device, hello.received.as_ref())?;
        self.begin(step, link, talk)
    }

    /// The certificate known here ran out; the other sends its list if that is another one.
    fn wait_for_list(&mut self, step: &mut Step<'_>, talk: &Talk, hello: &Hello) -> Flow {
        let known = self.people.get(talk.account).map(|person| person.list.head());
        if known != Some(hello.list) {
            return Flow::Go;
        }
        self.certificate_fails(step, talk);
        Flow::End
    }

    fn certificate_fails(&mut self, step: &mut Step<'_>, talk: &Talk) {
        let person = self.people.get(talk.account);
        let error = person.and_then(|person| person.list.valid_device(&talk.device, step.now.wall).err());
        if let Some(error) = error {
            self.certificate_dated(step, talk.account, &error);
        }
        step.tell(Event::Warning(Warning::CertificateExpired(talk.device)));
    }

    /// Both have greeted: everything that waits goes on its way.
    fn begin(&mut self, step: &mut Step<'_>, link: &mut Link, talk: &mut Talk) -> Stepped<Flow> {
        if let Some(id) = self.link_to(&talk.device) {
            step.out.transmits.push(Transmit::AllowLanes(id));
        }
        self.fetches.came_near(talk.account, self.device.account);
        if self.is_friend(talk.account) {
            if self.show_lit_to(step, link)? == Flow::End {
                return Ok(Flow::End);
            }
            if self.offer_sets(step, link, talk)? == Flow::End {
                return Ok(Flow::End);
            }
            if talk.account != self.device.account {
                self.grant_lacking(step, talk.account, talk.device, &mut talk.grants)?;
            }
        }
        if self.greet_groups(step, link, talk)? == Flow::End {
            return Ok(Flow::End);
        }
        if self.recall(step, link, talk)? == Flow::End {
            return Ok(Flow::End);
        }
        if talk.account == self.device.account {
            let has = talk.grants.iter().find(|held| held.audience == OWN_SECRETS);
            let has = has.map_or(0, |held| held.key.generation);
            self.hand_keys_lacking(step, talk.device, has)?;
        }
        self.pump_outbox(step, link, talk)
    }

    /// Whether a device proves that it has received more from this one than this one remembers sending.
    pub(crate) fn shows_restoration(&self, step: &Step<'_>, device: &DeviceId, received: &Received) -> Stepped<bool> {
        let Received { incarnation: life, highest, mark, .. } = received;
        // Without this device's own mark it is a claim, and who believed it could be made to begin anew at will.
        if !self.secrets.keys.is_mark(device, *life, *highest, mark) {
            return Ok(false);
        }
        if *life == self.device.life {
            let peer: Peer = step.db.row(Table::Peers, device.as_bytes())?.unwrap_or_default();
            // A number that the other has received and that was never sent in this past belongs to another one, and so does one
            // under which it has received something else: through the server this device may have spoken before it heard.
            let vault = &self.secrets.vault;
            return Ok(*highest > peer.last
                || mail::holds_unsent(step, vault, device, *highest)?
                || mail::is_another(step, vault, device, (*highest, *mark))?);
        }
        Ok(!self.device.past_lives.contains(life))
    }

    /// The other's device list is not the one this device holds.
    fn their_list(&mut self, step: &mut Step<'_>, link: &mut Link, talk: &mut Talk, list: DeviceList) -> Stepped<Flow> {
        if list.generation.body.account != talk.account {
            return Ok(Flow::End);
        }
        match self.merge_list(step, talk.account, list)? {
            Merged::Taken => {}
            Merged::Refused => return Ok(Flow::End),
            Merged::Conflict => {
                send(link, step.now, &Frame::Close(CloseReason::ListConflict));
                return Ok(Flow::End);
            }
        }
        if talk.expired {
            talk.expired = !self.people.is_valid(&talk.device, step.now.wall);
            if talk.expired {
                self.certificate_fails(step, talk);
                return Ok(Flow::End);
            }
            return self.begin(step, link, talk);
        }
        if !self.is_friend(talk.account) {
            return Ok(Flow::Go);
        }
        if talk.account != self.device.account {
            // If the list made this account take a turn, that passed over the link on which it came.
            self.grant_lacking(step, talk.account, talk.device, &mut talk.grants)?;
        }
        // Records of devices that were not known before may have been refused.
        self.offer_sets(step, link, talk)
    }

    /// Takes in a device list of somebody known. A device that is no longer on it loses its links.
    pub(crate) fn merge_list(&mut self, step: &mut Step<'_>, account: AccountId, list: DeviceList) -> Stepped<Merged> {
        let Some(person) = self.people.get(account) else { return Ok(Merged::Refused) };
        let pinned = person.list.root_hash();
        let merged = match VerifiedList::verify(list, Some(pinned)) {
            Ok(other) => {
                let merged = person.list.merge(&other);
                if let Err(error) = &merged {
                    self.note_fork(step, error, &other)?;
                }
                merged
            }
            Err(ListError::WrongRoot { .. }) => Err(MergeError::OtherRoot),
            Err(_) => return Ok(Merged::Refused),
        };
        let list = match merged {
            Ok(MergeOutcome::Same | MergeOutcome::Older) => return Ok(Merged::Taken),
            Ok(MergeOutcome::Grew(list) | MergeOutcome::Newer(list)) => list,
            Err(error) if error.is_alarm() => {
                step.tell(Event::Warning(match account == self.device.account {
                    true => Warning::OwnListConflict,
                    false => Warning::ListConflict(account),
                }));
                return Ok(Merged::Conflict);
            }
            Err(_) => return Ok(Merged::Refused),
        };
        let before = self.people.devices_of(account);
        if account == self.device.account {
            self.take_own_list(step, list)?;
        } else {
            let old = self.people.get(account).map(|person| person.list.clone());
            self.save_list(step, account, &list)?;
            if self.has_bug(Sabotage::KeepRemoved) {
                return Ok(Merged::Taken);
            }
            self.people.set_list(account, list.clone());
            if let Some(old) = old {
                self.remember_departed(step, &old, &list)?;
            }
            self.tell_groups_of_list(step, account, &list)?;
            self.greet_devices(step, account, &before)?;
            if self.part_with_devices(step, account, &before)? {
                // The removed device holds what this account shares with theirs, beacon keys among it.
                self.rekey_friends(step)?;
            }
        }
        Ok(Merged::Taken)
    }

    /// Nothing more is sent to a device, and nothing of it is kept.
    pub(crate) fn forget_device(&mut self, step: &mut Step<'_>, device: DeviceId) -> Stepped {
        self.end_link_to(step, device)?;
        self.drop_mail(step, device)
    }

    /// The link to a device ends, and what its owner was on is forgotten.
    pub(crate) fn end_link_to(&mut self, step: &mut Step<'_>, device: DeviceId) -> Stepped {
        if let Some(link) = self.link_to(&device) {
            self.part_from(step, link, &device)?;
        } else if self.resting.contains_key(&device) {
            self.is_away(step, device);
            self.dialer.lost(step.now.mono, Target::Device(device));
        }
        self.lamps.forget(&device);
        Ok(())
    }
}

#[cfg(test)]
mod tests;

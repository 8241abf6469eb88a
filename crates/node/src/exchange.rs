//! Bringing the sets that two devices share to the same state, one unanswered frame a set at a time.

use std::collections::{BTreeMap, BTreeSet};

use lamplit_link::Link;
use lamplit_sync::{
    horizon::was_away_too_long,
    log::follow,
    plan::{self, Step as Plan},
};
use lamplit_types::{AccountId, Author, Incarnation, LinkId};
use lamplit_wire::{Delta, Frame, Have, Head, LogEntry, Offer, SetId, Wants, Whole, bounded::List};

use crate::{
    Node,
    db::Typed,
    io::{Event, Warning},
    limits,
    line::{Flow, SetTalk, Stage, Talk, send},
    replica::{
        Anew, Cursor, DeltaOutcome, OWN_DATA, OWN_SECRETS, Refusal, chain_at, delta_after, heads, next_part, owner_of,
        set_of, shows_my_future,
    },
    rows::{SetRow, key},
    step::{Step, Stepped},
    table::{ReadError, Table},
};

impl Node {
    /// The sets that a device of `account` and this one may both read.
    fn shared_sets(&self, account: AccountId) -> BTreeSet<SetId> {
        let me = self.device.account;
        let memberships = self.memberships.iter().map(|(audience, owner)| set_of(*owner, *audience));
        if account == me {
            return memberships.chain([set_of(me, OWN_DATA), set_of(me, OWN_SECRETS)]).collect();
        }
        if self.people.contact(account).is_none() {
            return BTreeSet::new();
        }
        let friends = set_of(me, self.device.friends);
        memberships.filter(|set| owner_of(set) == account || *set == friends).collect()
    }

    fn shares(&self, account: AccountId, set: &SetId) -> bool {
        let own_two = matches!(set.audience, OWN_DATA | OWN_SECRETS);
        let owner = owner_of(set);
        if own_two {
            return owner == account && account == self.device.account;
        }
        let member = self.memberships.get(&set.audience) == Some(&owner);
        self.is_friend(account)
            && member
            && (account == self.device.account || owner == account || owner == self.device.account)
    }

    /// Says how far this device is in every set the two share.
    pub(crate) fn offer_sets(&mut self, step: &mut Step<'_>, link: &mut Link, talk: &mut Talk) -> Stepped<Flow> {
        for set in self.shared_sets(talk.account) {
            talk.sets.entry(set).or_default();
            if self.offer(step, link, &set, Wants::Nothing)? == Flow::End {
                return Ok(Flow::End);
            }
        }
        Ok(Flow::Go)
    }

    fn offer(&self, step: &mut Step<'_>, link: &mut Link, set: &SetId, wants: Wants) -> Stepped<Flow> {
        let all: Vec<(Author, Head)> = heads(&step.db, set)?.into_iter().collect();
        let Ok(all) = List::try_from(all) else { return Err(ReadError::Corrupt { table: Table::Heads }) };
        let row: SetRow = step.db.row(Table::Sets, &key::set(set))?.unwrap_or_default();
        let offer = Offer { set: *set, heads: all, horizon: row.horizon, wants };
        Ok(send(link, step.now, &Frame::Offer(offer)))
    }

    pub(crate) fn offer_came(
        &mut self,
        step: &mut Step<'_>,
        link: &mut Link,
        talk: &mut Talk,
        offer: Offer,
    ) -> Stepped<Flow> {
        // A set that the other may have and this device not, yet: its key is still under way.
        if !self.shares(talk.account, &offer.set) {
            return Ok(Flow::Go);
        }
        // Anybody can claim to have seen a later past of this device. Its own other devices are believed, contacts only when
        // they show what it signed.
        if talk.account == self.device.account
            && let Some(lives) = self.learn_of_own_past(step, &offer)?
        {
            self.be_reborn(step, &lives)?;
            return Ok(Flow::End);
        }
        let new = !talk.sets.contains_key(&offer.set);
        let row: SetRow = step.db.row(Table::Sets, &key::set(&offer.set))?.unwrap_or_default();
        // Others than the owner could make this device forget what is the owner's.
        let owners = talk.account == self.device.account || talk.account == owner_of(&offer.set);
        let anew = owners && row.complete.0 != 0 && was_away_too_long(row.complete, offer.horizon);
        let entry = talk.sets.entry(offer.set).or_default();
        entry.theirs = Some(offer.heads.iter().copied().collect());
        entry.busy = false;
        entry.refused.clear();
        if offer.wants == Wants::Whole {
            entry.sending = Some(Cursor::default());
        }
        let asks_already = entry.taking_anew.is_some();
        if anew && !asks_already {
            entry.taking_anew = Some(Anew::default());
            if self.offer(step, link, &offer.set, Wants::Whole)? == Flow::End {
                return Ok(Flow::End);
            }
            return self.pump_set(step, link, talk, &offer.set);
        }
        if (new || offer.wants == Wants::Offer) && self.offer(step, link, &offer.set, Wants::Nothing)? == Flow::End {
            return Ok(Flow::End);
        }
        self.note_complete(step, &offer.set, talk)?;
        self.pump_set(step, link, talk, &offer.set)
    }

    /// The lives of this very device that an offer speaks of, if it speaks of a past the device does not know.
    fn learn_of_own_past(&self, step: &Step<'_>, offer: &Offer) -> Stepped<Option<Vec<Incarnation>>> {
        let mine: Vec<_> = offer.heads.iter().filter(|(author, _)| author.device == self.device.device).collect();
        let mut restored = false;
        for (author, theirs) in &mine {
            restored |= match author.incarnation == self.device.life {
                true => shows_my_future(&step.db, &offer.set, author, *theirs)?,
                false => !self.device.past_lives.contains(&author.incarnation),
            };
        }
        Ok(restored.then(|| mine.iter().map(|(author, _)| author.incarnation).collect()))
    }

    /// This replica has all that another one has: it was not away for longer than since now.
    fn note_complete(&self, step: &mut Step<'_>, set: &SetId, talk: &Talk) -> Stepped {
        let Some(SetTalk { theirs: Some(theirs), taking_anew: None, .. }) = talk.sets.get(set) else { return Ok(()) };
        let mine = heads(&step.db, set)?;
        let all = theirs.iter().all(|(author, theirs)| mine.get(author).is_some_and(|mine| mine.seq >= theirs.seq));
        if all {
            let row: SetRow = step.db.row(Table::Sets, &key::set(set))?.unwrap_or_default();
            step.db.put(Table::Sets, &key::set(set), &SetRow { complete: step.now.wall, ..row })?;
        }
        Ok(())
    }

    /// Sends the next thing the other lacks in a set, if the one before was answered.
    pub(crate) fn pump_set(
        &mut self,
        step: &mut Step<'_>,
        link: &mut Link,
        talk: &mut Talk,
        set: &SetId,
    ) -> Stepped<Flow> {
        let Some(set_talk) = talk.sets.get_mut(set) else { return Ok(Flow::Go) };
        // Who takes the set anew says nothing of it, but for all of it to another who does so too.
        let is_mute = set_talk.taking_anew.is_some() && set_talk.sending.is_none();
        if set_talk.busy || is_mute || link.queued() > limits::PUMP_BYTES {
            return Ok(Flow::Go);
        }
        let Some(frame) = next_frame(step, set, set_talk)? else { return Ok(Flow::Go) };
        set_talk.busy = true;
        Ok(send(link, step.now, &frame))
    }

    /// Sends on whatever changed in some sets to every link that shares them.
    pub(crate) fn pump_dirty(&mut self, step: &mut Step<'_>) -> Stepped {
        let dirty = core::mem::take(&mut self.dirty);
        if dirty.is_empty() {
            return Ok(());
        }
        self.bring_dirty(step, &dirty)?;
        for id in self.near.values().copied().collect::<Vec<LinkId>>() {
            let Some(mut line) = self.links.remove(&id) else { continue };
            let mut flow = Flow::Go;
            if let Stage::Known(talk) = &mut line.stage {
                for set in &dirty {
                    if flow == Flow::Go && talk.heard && !talk.expired && self.shares(talk.account, set) {
                        flow = match talk.sets.get_mut(set) {
                            Some(known) if known.has_refused => {
                                known.has_refused = false;
                                self.offer(step, &mut line.link, set, Wants::Offer)?
                            }
                            Some(_) => self.pump_set(step, &mut line.link, talk, set)?,
                            None => {
                                talk.sets.insert(*set, SetTalk::default());
                                self.offer(step, &mut line.link, set, Wants::Offer)?
                            }
                        };
                    }
                }
            }
            self.touched.insert(id);
            self.links.insert(id, line);
            if flow == Flow::End {
                self.end_link(step, id, None)?;
            }
        }
        let mut concerned = self.resting_accounts();
        concerned.retain(|account| dirty.iter().any(|set| self.shares(*account, set)));
        self.wake_those(step.now.mono, &concerned);
        Ok(())
    }

    pub(crate) fn delta_came(
        &mut self,
        step: &mut Step<'_>,
        link: &mut Link,
        talk: &mut Talk,
        delta: Delta,
    ) -> Stepped<Flow> {
        let (set, author) = (delta.set, delta.author);
        if !self.shares(talk.account, &set) {
            return Ok(Flow::End);
        }
        if author.device == self.device.device {
            let records = delta.entries.iter().filter_map(LogEntry::record);
            if self.begin_anew_if_restored(step, records)? {
                return Ok(Flow::End);
            }
            if author.incarnation == self.device.life {
                // Nobody else writes this log, and what is not signed proves nothing: there is nothing to take from it.
                let Ok(head) = follow(delta.after, &delta) else { return Ok(Flow::End) };
                return Ok(send(link, step.now, &Frame::Have(Have::Delta { set, author, head })));
            }
        }
        let outcome = self.take_delta(step, delta)?;
        let set_talk = talk.sets.entry(set).or_default();
        match outcome {
            DeltaOutcome::Taken(now_at) => {
                if let Some(theirs) = &mut set_talk.theirs {
                    let known = theirs.entry(author).or_default();
                    if known.seq < now_at.seq {
                        *known = now_at;
                    }
                }
                self.note_complete(step, &set, talk)?;
                Ok(send(link, step.now, &Frame::Have(Have::Delta { set, author, head: now_at })))
            }
            DeltaOutcome::Resync => self.offer(step, link, &set, Wants::Nothing),
            DeltaOutcome::Forked => {
                if set_talk.sent_whole.insert(author) && set_talk.sending.is_none() {
                    set_talk.sending = Some(Cursor::of(author, true));
                }
                set_talk.busy = false;
                self.pump_set(step, link, talk, &set)
            }
            // The certificate may be on its way: the set is offered again when it is there. The rest of it need not wait.
            DeltaOutcome::Refused(Refusal::Author) => {
                set_talk.has_refused = true;
                Ok(send(link, step.now, &Frame::Have(Have::Refused { set, author })))
            }
            // As soon as one that waits is let through, the set is offered again.
            DeltaOutcome::Refused(Refusal::Full) => {
                step.tell(Event::Warning(Warning::QuarantineFull));
                talk.sets.remove(&set);
                Ok(Flow::Go)
            }
            DeltaOutcome::Refused(Refusal::Forged) => Ok(Flow::End),
        }
    }

    pub(crate) fn have_came(
        &mut self,
        step: &mut Step<'_>,
        link: &mut Link,
        talk: &mut Talk,
        have: Have,
    ) -> Stepped<Flow> {
        let set = match have {
            Have::Delta { set, author, head } => {
                if let Some(SetTalk { theirs: Some(theirs), .. }) = talk.sets.get_mut(&set) {
                    theirs.insert(author, head);
                }
                set
            }
            Have::Whole { set, .. } => set,
            Have::Refused { set, author } => {
                if let Some(set_talk) = talk.sets.get_mut(&set) {
                    set_talk.refused.insert(author);
                }
                set
            }
        };
        let Some(set_talk) = talk.sets.get_mut(&set) else { return Ok(Flow::Go) };
        set_talk.busy = false;
        self.pump_set(step, link, talk, &set)
    }

    pub(crate) fn whole_came(
        &mut self,
        step: &mut Step<'_>,
        link: &mut Link,
        talk: &mut Talk,
        whole: Whole,
    ) -> Stepped<Flow> {
        let (set, author) = (whole.set, whole.author);
        if !self.shares(talk.account, &set) {
            return Ok(Flow::End);
        }
        if self.begin_anew_if_restored(step, whole.records.iter())? {
            return Ok(Flow::End);
        }
        if let Some(author) = author.filter(|author| !self.is_listed(&set, author))
            && self.taken_up_to(step, &set, &author.device, author.incarnation)? == 0
        {
            return Ok(send(link, step.now, &Frame::Have(Have::Refused { set, author })));
        }
        let (last, wants_reply) = (whole.last, whole.wants_reply);
        let set_talk = talk.sets.entry(set).or_default();
        let mut anew = if author.is_none() { set_talk.taking_anew.take() } else { None };
        if author.is_none() && anew.is_none() {
            // Everybody's records are only taken when they were asked for.
            return Ok(Flow::End);
        }
        if anew.as_ref().is_some_and(|anew| anew.len() > limits::WHOLE_SET) {
            return Ok(Flow::End);
        }
        // Others than the owner could make this device pass over what is the owner's.
        let owners = talk.account == self.device.account || talk.account == owner_of(&set);
        let reached = if owners && author.is_some() { whole.heads.to_vec() } else { Vec::new() };
        if !self.take_whole(step, whole, anew.as_mut())? {
            return Ok(Flow::End);
        }
        self.adopt_heads(step, &set, &reached)?;
        let set_talk = talk.sets.entry(set).or_default();
        if !last {
            set_talk.taking_anew = anew;
        }
        if last
            && wants_reply
            && let Some(author) = author
            && set_talk.sent_whole.insert(author)
        {
            set_talk.sending = Some(Cursor::of(author, false));
        }
        if send(link, step.now, &Frame::Have(Have::Whole { set, author })) == Flow::End {
            return Ok(Flow::End);
        }
        if last && author.is_none() {
            self.note_complete(step, &set, talk)?;
        }
        self.pump_set(step, link, talk, &set)
    }
}

/// What goes next in a set: a part of a whole one that is under way, a delta, or the beginning of a whole one.
fn next_frame(step: &Step<'_>, set: &SetId, talk: &mut SetTalk) -> Stepped<Option<Frame>> {
    if let Some(cursor) = &mut talk.sending {
        let part = next_part(&step.db, set, cursor)?;
        if part.last {
            talk.sending = None;
        }
        return Ok(Some(Frame::Whole(part)));
    }
    let Some(theirs) = &talk.theirs else { return Ok(None) };
    let mine: BTreeMap<Author, Head> = heads(&step.db, set)?;
    let steps = plan::answer(&mine, theirs, |author, seq| chain_at(&step.db, set, author, seq))?;
    for planned in steps {
        let (Plan::Send { author, .. } | Plan::Whole { author }) = planned;
        if talk.refused.contains(&author) {
            continue;
        }
        match planned {
            Plan::Send { author, after } => {
                if let Some(delta) = delta_after(&step.db, set, &author, after)? {
                    return Ok(Some(Frame::Delta(delta)));
                }
                // This replica took the set whole once, and has no log that goes back so far.
                if let Some(part) = begin_whole(step, set, talk, author, Cursor::beyond(author, after.seq))? {
                    return Ok(Some(part));
                }
            }
            Plan::Whole { author } => {
                if let Some(part) = begin_whole(step, set, talk, author, Cursor::of(author, true))? {
                    return Ok(Some(part));
                }
            }
        }
    }
    Ok(None)
}

/// The first part of an author's records, unless they went over this link before.
fn begin_whole(
    step: &Step<'_>,
    set: &SetId,
    talk: &mut SetTalk,
    author: Author,
    mut cursor: Cursor,
) -> Stepped<Option<Frame>> {
    if !talk.sent_whole.insert(author) {
        return Ok(None);
    }
    let part = next_part(&step.db, set, &mut cursor)?;
    talk.sending = (!part.last).then_some(cursor);
    Ok(Some(Frame::Whole(part)))
}

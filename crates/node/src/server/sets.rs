//! Records by the server (P8): the logs of this account's sets are brought there, and what its other devices and its contacts added
//! comes from there.
//!
//! The server is a replica that cannot read. It is asked for the account's own sets with each connection, since the answer says too
//! what it lacks; for a contact's set only if the feed does not tell all of it ([`Table::Sought`]).

use std::collections::{BTreeMap, BTreeSet};

use lamplit_identity::verify;
use lamplit_types::{AccountId, Author, Mono, limits::VECTOR_AUTHORS};
use lamplit_wire::{
    Delta, Head, LogEntry, SetId,
    bounded::List,
    server::{AppendOutcome, Appended, MembersMark, Piece, SetAt, Tally, Up, WantSet, live},
};

use super::Flow;
use crate::{
    Node,
    io::{Event, Warning},
    limits,
    replica::{DeltaOutcome, OWN_DATA, OWN_SECRETS, Refusal, chain_at, delta_after, head, heads, owner_of, set_of},
    rows::key,
    step::{Step, Stepped},
    table::{Order, Read, ReadError, Table},
};

/// How the sets stand at the server, over one connection.
#[derive(Default)]
pub(crate) struct Sets {
    /// The account's own, once the server said how far they reach there.
    own: BTreeMap<SetId, There>,
    /// Those that were asked for and not answered to the end.
    asked: BTreeSet<SetId>,
    /// How often it was asked on, since there was more.
    asks: usize,
    /// Those that were asked for in vain: not again over this connection.
    vain: BTreeSet<SetId>,
    /// Those that wait for somebody's device list.
    unlisted: BTreeMap<AccountId, BTreeSet<SetId>>,
    /// Up to where logs came of which another history is here.
    seen: BTreeMap<(SetId, Author), Head>,
    /// Own ones whose logs are to begin anew, once what was asked for is answered.
    outworn: BTreeSet<SetId>,
    /// Own ones whose logs begin anew now.
    renewing: BTreeSet<SetId>,
    /// Whom the server takes for members.
    pub(super) members: Option<MembersMark>,
    /// Nothing is brought before.
    pause: Option<Mono>,
}

/// How one of the account's own sets stands there.
#[derive(Default)]
struct There {
    heads: BTreeMap<Author, Head>,
    /// A piece was brought and not answered.
    busy: bool,
    /// Authors of whom the server has another history, or this device not all of it: nothing of theirs is brought.
    apart: BTreeSet<Author>,
}

impl Sets {
    /// When there is something to bring again.
    pub(super) const fn deadline(&self) -> Option<Mono> {
        self.pause
    }

    /// Whether the server has said how far a set reaches there, and nothing of it is under way or waits.
    pub(super) fn is_settled(&self, set: &SetId) -> bool {
        let is_under_way = self.own.get(set).is_none_or(|there| there.busy) || self.asked.contains(set);
        self.pause.is_none() && !is_under_way
    }
}

impl Node {
    /// The sets that are the account's own.
    pub(super) fn own_sets(&self) -> [SetId; 3] {
        let me = self.device.account;
        [OWN_DATA, OWN_SECRETS, self.device.friends].map(|audience| set_of(me, audience))
    }

    fn is_own(&self, set: &SetId) -> bool {
        self.own_sets().contains(set)
    }

    /// The server welcomed this device. `all`: it cannot tell what is new.
    pub(super) fn greet_sets(&mut self, step: &mut Step<'_>, all: bool) -> Stepped {
        for set in self.own_sets() {
            if step.db.get(Table::Sought, &key::set(&set))?.is_some() {
                self.bring_anew(step, set);
            } else {
                self.want(step, set)?;
            }
        }
        if all { self.seek_all(step) } else { self.ask_sought(step) }
    }

    /// What is new cannot be told from the feed: each set is asked for, also the account's own.
    pub(crate) fn seek_all(&mut self, step: &mut Step<'_>) -> Stepped {
        let me = self.device.account;
        for set in self.own_sets() {
            self.want(step, set)?;
        }
        for (audience, owner) in self.memberships.clone() {
            if owner != me {
                step.db.put(Table::Sought, &key::set(&set_of(owner, audience)), &())?;
            }
        }
        self.ask_sought(step)
    }

    /// A set is to be asked for, over this connection or the next.
    pub(crate) fn seek(&mut self, step: &mut Step<'_>, set: SetId) -> Stepped {
        if !self.has_server() {
            return Ok(());
        }
        if self.is_own(&set) {
            return self.want(step, set).map(|_| ());
        }
        if self.memberships.get(&set.audience) != Some(&owner_of(&set)) {
            // The server may name what it likes. What this device cannot read yet is asked for once its key is here.
            return Ok(());
        }
        step.db.put(Table::Sought, &key::set(&set), &())?;
        self.ask_sought(step)
    }

    /// Asks for as many of the sought sets as may be under way.
    pub(crate) fn ask_sought(&mut self, step: &mut Step<'_>) -> Stepped {
        let Some(sets) = self.open_sets() else { return Ok(()) };
        let room = limits::SETS_ASKED.saturating_sub(sets.asked.len());
        if room == 0 {
            return Ok(());
        }
        let mut asked = 0;
        let mut after: Option<Vec<u8>> = None;
        while asked < room {
            let rows = step.db.scan(Table::Sought, &[], after.as_deref(), Order::Up, limits::BATCH)?;
            let Some((last, _)) = rows.last() else { break };
            after = Some(last.clone());
            for (at, _) in rows {
                let set = key::set_in(&at).ok_or(ReadError::Corrupt { table: Table::Sought })?;
                if !self.is_own(&set) && self.memberships.get(&set.audience) != Some(&owner_of(&set)) {
                    // Of somebody who is a contact no more.
                    step.db.remove(Table::Sought, &at);
                } else if asked < room && self.may_ask(&set) && self.want(step, set)? {
                    asked = asked.saturating_add(1);
                }
            }
        }
        Ok(())
    }

    /// Whether a set of somebody else can be asked for now.
    fn may_ask(&mut self, set: &SetId) -> bool {
        !self.is_own(set) && self.is_shared(set) && self.open_sets().is_some_and(|sets| !sets.vain.contains(set))
    }

    /// Asks for a set, unless that is under way.
    fn want(&mut self, step: &mut Step<'_>, set: SetId) -> Stepped<bool> {
        let Some(sets) = self.open_sets() else { return Ok(false) };
        if !sets.asked.insert(set) {
            return Ok(false);
        }
        self.want_on(step, set)?;
        Ok(true)
    }

    fn want_on(&mut self, step: &mut Step<'_>, set: SetId) -> Stepped {
        let mut mine = heads(&step.db, &set)?;
        if let Some(sets) = self.open_sets() {
            for ((_, author), seen) in sets.seen.iter().filter(|((of, _), _)| *of == set) {
                if mine.contains_key(author) || mine.len() < VECTOR_AUTHORS {
                    mine.insert(*author, *seen);
                }
            }
        }
        let heads = List::try_from(mine.into_iter().collect::<Vec<_>>());
        let Ok(heads) = heads else { return Err(ReadError::Corrupt { table: Table::Heads }) };
        self.up(step, &Up::WantSet(Box::new(WantSet { set, heads })));
        Ok(())
    }

    fn open_sets(&mut self) -> Option<&mut Sets> {
        self.server.line.as_mut().filter(|line| line.open.is_some()).map(|line| &mut line.sets)
    }

    /// Whether this account may have a set.
    fn is_shared(&self, set: &SetId) -> bool {
        let owner = owner_of(set);
        if owner == self.device.account {
            return self.is_own(set);
        }
        self.people.contact(owner).is_some() && self.memberships.get(&set.audience) == Some(&owner)
    }

    /// How far a set reaches at the server: all that was asked for came before, unless there is more.
    pub(super) fn set_at(&mut self, step: &mut Step<'_>, at: SetAt) -> Stepped<Flow> {
        let set = at.set;
        let is_own = self.is_own(&set);
        let Some(sets) = self.open_sets() else { return Ok(Flow::Go) };
        if !sets.asked.contains(&set) {
            return Ok(Flow::End);
        }
        if sets.outworn.remove(&set) {
            sets.renewing.insert(set);
            self.up(step, &Up::Anew(set));
            return Ok(Flow::Go);
        }
        if at.more {
            sets.asks = sets.asks.saturating_add(1);
            if sets.asks > limits::SET_ASKS {
                return Ok(Flow::End);
            }
            self.want_on(step, set)?;
            return Ok(Flow::Go);
        }
        if !is_own {
            sets.asked.remove(&set);
            if !sets.vain.contains(&set) {
                step.db.remove(Table::Sought, &key::set(&set));
            }
            self.ask_sought(step)?;
            return Ok(Flow::Go);
        }
        let there: BTreeMap<Author, Head> = at.heads.iter().copied().collect();
        let mut apart = BTreeSet::new();
        for (author, theirs) in &there {
            if self.differs(step, &set, author, *theirs)? {
                apart.insert(*author);
            }
        }
        let Some(sets) = self.open_sets() else { return Ok(Flow::Go) };
        if sets.own.get(&set).is_none_or(|known| !apart.is_subset(&known.apart)) && !apart.is_empty() {
            // One of the two histories is of a device that was restored from a backup: what the other has counts as well.
            sets.own.entry(set).or_default().apart.extend(apart.iter().copied());
            for author in apart {
                sets.seen.entry((set, author)).or_default();
            }
            self.want_on(step, set)?;
            return Ok(Flow::Go);
        }
        sets.asked.remove(&set);
        if sets.renewing.remove(&set) {
            step.db.remove(Table::Sought, &key::set(&set));
        }
        let known = sets.own.entry(set).or_default();
        known.heads = there;
        known.busy = false;
        if set.audience == self.device.friends
            && let Some(sets) = self.open_sets()
        {
            sets.members = at.members.or(sets.members);
        }
        self.bring(step, &set)?;
        self.tell_members(step)?;
        Ok(Flow::Go)
    }

    /// Whether the server has another history of a log than this device.
    fn differs(&self, step: &Step<'_>, set: &SetId, author: &Author, theirs: Head) -> Stepped<bool> {
        if theirs.seq == 0 || theirs.seq > head(&step.db, set, author)?.seq {
            return Ok(false);
        }
        Ok(chain_at(&step.db, set, author, theirs.seq)?.is_some_and(|chain| chain != theirs.chain))
    }

    /// A piece of a set, asked for or from the feed.
    pub(super) fn piece_came(&mut self, step: &mut Step<'_>, piece: &Piece) -> Stepped {
        let Piece { delta, tally } = piece;
        let (set, author) = (delta.set, delta.author);
        // Nobody's log has a number 0.
        let last = last_of(delta).filter(|last| last.seq > 0 && self.is_shared(&set));
        let Some(last) = last else { return Ok(()) };
        let records = delta.entries.iter().filter_map(LogEntry::record);
        if author.device == self.device.device {
            if self.begin_anew_if_restored(step, records)? {
                return Ok(());
            }
            if author.incarnation == self.device.life {
                // Nobody else writes this log.
                return Ok(());
            }
        }
        let here = head(&step.db, &set, &author)?;
        let is_apart = self.open_sets().is_some_and(|sets| sets.seen.contains_key(&(set, author)));
        if last.seq <= here.seq && !is_apart {
            self.note_there(&set, author, last);
            return Ok(());
        }
        match self.counts_all(delta, tally.as_ref()) {
            Ok(()) => {}
            Err(Untold::Forged) => return Ok(()),
            Err(Untold::Unlisted) => return self.await_list_of(step, set),
        }
        if is_apart {
            return self.take_apart(step, delta, last);
        }
        let Some(rest) = beyond(delta, here) else { return self.seek(step, set) };
        match self.take_delta(step, rest)? {
            DeltaOutcome::Taken(_) => {
                self.note_there(&set, author, last);
                Ok(())
            }
            DeltaOutcome::Resync | DeltaOutcome::Refused(Refusal::Forged) => Ok(()),
            DeltaOutcome::Forked => self.take_apart(step, delta, last),
            DeltaOutcome::Refused(Refusal::Author) => self.await_list_of(step, set),
            DeltaOutcome::Refused(Refusal::Full) => {
                step.tell(Event::Warning(Warning::QuarantineFull));
                self.ask_in_vain(step, set)
            }
        }
    }

    /// The server has an author's log up to there.
    fn note_there(&mut self, set: &SetId, author: Author, last: Head) {
        if let Some(there) = self.open_sets().and_then(|sets| sets.own.get_mut(set)) {
            let known = there.heads.entry(author).or_default();
            if known.seq < last.seq {
                *known = last;
            }
        }
    }

    /// Whether a piece says of each entry whether it counts, by the word of one of the owner's devices.
    fn counts_all(&self, delta: &Delta, tally: Option<&lamplit_wire::credential::Signed<Tally>>) -> Result<(), Untold> {
        if delta.entries.iter().all(|entry| entry.record().is_some()) {
            return Ok(());
        }
        let tally = tally.ok_or(Untold::Forged)?;
        let expected = Tally {
            set: delta.set,
            author: delta.author,
            after: delta.after,
            to: last_of(delta).ok_or(Untold::Forged)?,
            live: live(delta),
            device: tally.device,
        };
        if tally.body != expected || verify(tally, tally.device.as_bytes()).is_err() {
            return Err(Untold::Forged);
        }
        let owner = self.people.get(owner_of(&delta.set)).ok_or(Untold::Forged)?;
        owner.list.device(&tally.device).map(|_| ()).ok_or(Untold::Unlisted)
    }

    /// What is of another history than the one here counts beside it, and has no place in a log.
    fn take_apart(&mut self, step: &mut Step<'_>, delta: &Delta, last: Head) -> Stepped {
        let (set, author) = (delta.set, delta.author);
        let records = delta.entries.iter().filter_map(LogEntry::record);
        let all = records
            .clone()
            .all(|record| record.body.set == set && record.body.author == author && crate::replica::is_genuine(record));
        if !all {
            return Ok(());
        }
        if self.quarantine_is_full(step, &set, records.clone())? {
            step.tell(Event::Warning(Warning::QuarantineFull));
            return self.ask_in_vain(step, set);
        }
        for record in records {
            if self.may_be_written(step, &set, &author, record.body.seq)? {
                self.admit(step, record.clone(), false)?;
            }
        }
        self.dirty.insert(set);
        if let Some(sets) = self.open_sets() {
            sets.seen.insert((set, author), last);
        }
        Ok(())
    }

    /// A set is not asked for again over this connection, unless a later list of its owner comes.
    fn ask_in_vain(&mut self, step: &mut Step<'_>, set: SetId) -> Stepped {
        if let Some(sets) = self.open_sets() {
            sets.vain.insert(set);
        }
        if self.is_own(&set) { Ok(()) } else { step.db.put(Table::Sought, &key::set(&set), &()) }
    }

    /// A device of the owner is not known yet: their list may tell.
    fn await_list_of(&mut self, step: &mut Step<'_>, set: SetId) -> Stepped {
        let owner = owner_of(&set);
        let Some(sets) = self.open_sets() else { return Ok(()) };
        if sets.vain.contains(&set) {
            return Ok(());
        }
        let waiting = sets.unlisted.entry(owner).or_default();
        let is_first = waiting.is_empty();
        waiting.insert(set);
        if is_first {
            self.up(step, &Up::WantList(owner));
        }
        self.ask_in_vain(step, set)
    }

    /// Somebody's list is here, a later one or the same, or there is none: their sets are asked for once more.
    pub(super) fn sets_are_listed(&mut self, step: &mut Step<'_>, account: AccountId, is_later: bool) -> Stepped {
        let Some(sets) = self.open_sets() else { return Ok(()) };
        let unlisted = sets.unlisted.remove(&account).unwrap_or_default();
        if is_later {
            sets.vain.retain(|set| !unlisted.contains(set));
        }
        for set in unlisted {
            // What is refused by the same list again waits for the next connection.
            self.want(step, set)?;
        }
        Ok(())
    }

    /// Brings what changed of the account's own sets, and says who is a contact now.
    pub(crate) fn bring_dirty(&mut self, step: &mut Step<'_>, dirty: &BTreeSet<SetId>) -> Stepped {
        for set in self.own_sets() {
            if dirty.contains(&set) {
                self.bring(step, &set)?;
            }
        }
        // A set that can be read only now may have been here for long.
        self.tell_members(step)
    }

    /// Brings the next piece that the server lacks of an own set, if the one before was answered.
    fn bring(&mut self, step: &mut Step<'_>, set: &SetId) -> Stepped {
        let now = step.now.mono;
        let mine = heads(&step.db, set)?;
        let Some(sets) = self.open_sets() else { return Ok(()) };
        if sets.pause.is_some_and(|until| until > now) || sets.asked.contains(set) {
            return Ok(());
        }
        let Some(there) = sets.own.get_mut(set).filter(|there| !there.busy) else { return Ok(()) };
        for (author, here) in mine {
            let theirs = there.heads.get(&author).copied().unwrap_or_default();
            if here.seq <= theirs.seq || there.apart.contains(&author) {
                continue;
            }
            let joins = theirs.seq == 0 || chain_at(&step.db, set, &author, theirs.seq)? == Some(theirs.chain);
            let delta = if joins { delta_after(&step.db, set, &author, theirs)? } else { None };
            let Some(delta) = delta else {
                // Who took a set whole has heads without a log below them: the author's own devices have it.
                there.apart.insert(author);
                continue;
            };
            there.busy = true;
            let Some(piece) = self.piece(delta) else { return Ok(()) };
            self.up(step, &Up::Append(Box::new(piece)));
            return Ok(());
        }
        Ok(())
    }

    fn piece(&self, delta: Delta) -> Option<Piece> {
        let tally = if delta.entries.iter().all(|entry| entry.record().is_some()) {
            None
        } else {
            let (set, author, after, to) = (delta.set, delta.author, delta.after, last_of(&delta)?);
            let body = Tally { set, author, after, to, live: live(&delta), device: self.device.device };
            Some(self.secrets.keys.sign(body).ok()?)
        };
        Some(Piece { delta, tally })
    }

    /// What became of a piece.
    pub(super) fn appended(&mut self, step: &mut Step<'_>, appended: Appended) -> Stepped<Flow> {
        let Appended { set, author, head, outcome } = appended;
        let now = step.now.mono;
        let crowded = self.server.crowded.get(&set).copied();
        let Some(sets) = self.open_sets() else { return Ok(Flow::Go) };
        // Meanwhile the set may be on its way anew.
        let Some(there) = sets.own.get_mut(&set).filter(|there| there.busy) else { return Ok(Flow::Go) };
        there.busy = false;
        let before = there.heads.insert(author, head).unwrap_or_default();
        match outcome {
            AppendOutcome::Kept => {}
            AppendOutcome::Elsewhere if before != head => {}
            // It does not join, and nothing else is known of why.
            AppendOutcome::Elsewhere => {
                there.apart.insert(author);
            }
            AppendOutcome::Full if crowded.is_none_or(|last| now.since(last) >= limits::ANEW_PAUSE_MS) => {
                // Most of what lies there may count no more.
                self.server.crowded.insert(set, now);
                self.bring_anew(step, set);
                return Ok(Flow::Go);
            }
            AppendOutcome::Full => {
                sets.pause = Some(now.plus(limits::FULL_PAUSE_MS));
                step.tell(Event::Warning(Warning::ServerFull));
                return Ok(Flow::Go);
            }
            AppendOutcome::Busy | AppendOutcome::Failed => {
                sets.pause = Some(now.plus(limits::POST_PAUSE_MS));
                return Ok(Flow::Go);
            }
        }
        self.bring(step, &set)?;
        self.tell_members(step)?;
        Ok(Flow::Go)
    }

    /// The logs of an own set are to begin anew at the server.
    fn bring_anew(&mut self, step: &mut Step<'_>, set: SetId) {
        let Some(sets) = self.open_sets() else { return };
        sets.own.remove(&set);
        if sets.asked.insert(set) {
            sets.renewing.insert(set);
            self.up(step, &Up::Anew(set));
        } else {
            sets.outworn.insert(set);
        }
    }

    /// The same over this connection or the next: one of the account's devices was removed, and its word counts no more.
    pub(crate) fn renew_sets(&mut self, step: &mut Step<'_>) -> Stepped {
        if !self.has_server() {
            return Ok(());
        }
        for set in self.own_sets() {
            step.db.put(Table::Sought, &key::set(&set), &())?;
            self.bring_anew(step, set);
        }
        Ok(())
    }

    /// Goes on with what the server had no time for.
    pub(super) fn bring_paused(&mut self, step: &mut Step<'_>) -> Stepped {
        let now = step.now.mono;
        let Some(sets) = self.open_sets() else { return Ok(()) };
        if sets.pause.is_none_or(|until| until > now) {
            return Ok(());
        }
        sets.pause = None;
        for set in self.own_sets() {
            self.bring(step, &set)?;
        }
        // If there is nothing left to bring, nobody else would.
        self.tell_members(step)
    }
}

/// Why a piece is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Untold {
    /// Nobody says which entries count.
    Forged,
    /// A device says so that is not on the list.
    Unlisted,
}

/// Where a piece ends; `None` if nothing is in it.
fn last_of(delta: &Delta) -> Option<Head> {
    delta.entries.last().map(LogEntry::head)
}

/// What a piece has beyond a place; `None` if it begins only behind it.
fn beyond(delta: &Delta, here: Head) -> Option<Delta> {
    let known = usize::try_from(here.seq.checked_sub(delta.after.seq)?).ok()?;
    if known == 0 {
        return Some(delta.clone());
    }
    let before = delta.entries.get(known.checked_sub(1)?)?.head();
    let rest: Vec<LogEntry> = delta.entries.iter().skip(known).cloned().collect();
    Some(Delta { after: before, entries: List::try_from(rest).unwrap_or_default(), ..delta.clone() })
}

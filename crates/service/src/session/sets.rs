//! What a device says of records.

use lamplit_types::{AccountId, AudienceId, Now, SpaceId};
use lamplit_wire::{
    Head, SetId,
    bounded::List,
    server::{AppendOutcome, Appended, Down, Goodbye, Members, MembersMark, Piece, SetAt, WantSet},
};

use super::{Session, Stage, Turn};
use crate::{
    limits::{HANDED_BYTES, MEMBERS, WANT_BYTES},
    members,
    rates::What,
    service::{Failed, Service},
    sets::{self, Found, Taken},
    store::{Store, StoreError},
    telling::Teller,
};

/// Parts of a list of members, as far as they have come.
#[derive(Debug)]
pub(super) struct Gathered {
    audience: AudienceId,
    accounts: Vec<AccountId>,
}

impl Session {
    pub(super) async fn append<S: Store>(&mut self, service: &Service<S>, now: Now, piece: &Piece, turn: &mut Turn) {
        let Stage::Known(known) = &mut self.stage else { return };
        let (set, author) = (piece.delta.set, piece.delta.author);
        let answer = |head, outcome| Down::Appended(Appended { set, author, head, outcome });
        let begins = piece.delta.after;
        if !service.rates().take(self.device, What::Append, now.mono) {
            turn.say(answer(begins, AppendOutcome::Busy));
            return;
        }
        match sets::append(service.store(), (known.account, self.device), piece).await {
            Ok(Taken::Kept { head, siblings, owes }) => {
                known.owes |= owes;
                turn.wake.extend(siblings);
                turn.say(answer(head, AppendOutcome::Kept));
            }
            Ok(Taken::Elsewhere(head)) => turn.say(answer(head, AppendOutcome::Elsewhere)),
            Ok(Taken::Full(head)) => turn.say(answer(head, AppendOutcome::Full)),
            Ok(Taken::Refused) => turn.end(Goodbye::Rules),
            Err(_) => turn.say(answer(begins, AppendOutcome::Failed)),
        }
    }

    pub(super) async fn want_set<S: Store>(
        &mut self,
        service: &Service<S>,
        now: Now,
        want: &WantSet,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        let Stage::Known(known) = &mut self.stage else { return Ok(()) };
        if !service.rates().take(self.device, What::WantSet, now.mono) {
            turn.end(Goodbye::Busy);
            return Ok(());
        }
        let (store, account) = (service.store(), known.account);
        let found = match members::may_have(store, account, &want.set).await? {
            true => {
                let room = HANDED_BYTES.saturating_sub(known.handed).min(WANT_BYTES);
                sets::find(store, account, want, room).await?
            }
            false => Found::default(),
        };
        known.handed = known.handed.saturating_add(found.bytes);
        let members = mark(store, account, &want.set).await?;
        for piece in found.pieces {
            turn.say(Down::Piece(Box::new(piece)));
        }
        turn.say(set_at(want.set, found.heads, found.more, members)?);
        Ok(())
    }

    pub(super) async fn anew<S: Store>(
        &mut self,
        service: &Service<S>,
        now: Now,
        set: SetId,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        let Stage::Known(known) = &mut self.stage else { return Ok(()) };
        if set.space != SpaceId::Account(known.account) {
            turn.end(Goodbye::Rules);
            return Ok(());
        }
        if !service.rates().take(self.device, What::Anew, now.mono) {
            turn.end(Goodbye::Busy);
            return Ok(());
        }
        let (store, account) = (service.store(), known.account);
        sets::begin_anew(store, account, &set.audience).await?;
        let members = mark(store, account, &set).await?;
        turn.say(set_at(set, Vec::new(), false, members)?);
        Ok(())
    }

    pub(super) async fn members<S: Store>(
        &mut self,
        service: &Service<S>,
        now: Now,
        part: Members,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        let Stage::Known(known) = &mut self.stage else { return Ok(()) };
        if !service.rates().take(self.device, What::Members, now.mono) {
            turn.end(Goodbye::Busy);
            return Ok(());
        }
        let is_last = part.last;
        let Some(gathered) = Gathered::with(known.gathered.take(), known.account, part) else {
            turn.end(Goodbye::Rules);
            return Ok(());
        };
        if !is_last {
            known.gathered = Some(gathered);
            return Ok(());
        }
        match members::put(service.store(), known.account, gathered.audience, gathered.accounts).await? {
            Some(owes) => known.owes |= owes,
            None => turn.end(Goodbye::Rules),
        }
        service.lamps().named(known.account, members::named(service.store(), known.account).await?);
        Ok(())
    }

    /// Tells members what they are owed, if there is something new or there are words for what waited. If that fails it stays, and is done
    /// later.
    pub(super) async fn tell_members<S: Store>(&mut self, service: &Service<S>, now: Now, turn: &mut Turn) {
        let Stage::Known(known) = &mut self.stage else { return };
        if known.owes || known.tell_at.is_some_and(|at| at <= now.mono) {
            let (store, rates) = (service.store(), service.rates());
            let result = Teller { store, rates, account: known.account, now: now.mono }.tell(&mut turn.wake).await;
            known.owes = result.is_err();
            known.tell_at = result.ok().filter(|wait| *wait > 0).map(|wait| now.mono.plus(wait));
        }
        turn.again = known.tell_at.map(|at| at.since(now.mono));
    }
}

impl Gathered {
    /// A list with a further part; `None` if that does not follow.
    fn with(before: Option<Self>, owner: AccountId, part: Members) -> Option<Self> {
        let mut list = match part.first {
            true => Self { audience: part.audience, accounts: Vec::new() },
            false => before.filter(|before| before.audience == part.audience)?,
        };
        for account in part.accounts {
            let follows = list.accounts.last().is_none_or(|last| *last < account);
            if !follows || account == owner || list.accounts.len() == MEMBERS {
                return None;
            }
            list.accounts.push(account);
        }
        Some(list)
    }
}

/// The mark of the members of a set, if it is the account's own.
async fn mark(store: &impl Store, account: AccountId, set: &SetId) -> Result<Option<MembersMark>, Failed> {
    if set.space != SpaceId::Account(account) {
        return Ok(None);
    }
    Ok(Some(MembersMark::of(&members::of(store, account, &set.audience).await?)))
}

fn set_at(
    set: SetId,
    heads: Vec<(lamplit_types::Author, Head)>,
    more: bool,
    members: Option<MembersMark>,
) -> Result<Down, Failed> {
    let heads = List::try_from(heads).map_err(|_| StoreError::Corrupt)?;
    Ok(Down::SetAt(Box::new(SetAt { set, heads, more, members })))
}

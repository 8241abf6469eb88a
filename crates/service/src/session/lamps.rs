//! What a device says and hears of who is on what.

use std::collections::BTreeMap;

use lamplit_types::{Now, limits::LAMPS};
use lamplit_wire::{
    SealedPresence,
    bounded::List,
    server::{Down, Goodbye, Lamps, Shown},
};

use super::{Session, Stage, Turn};
use crate::{
    lamps::Dark,
    members,
    rates::{Asker, What},
    service::{Failed, Service},
    store::{Store, StoreError},
};

impl Session {
    pub(super) async fn light<S: Store>(
        &mut self,
        service: &Service<S>,
        now: Now,
        presence: &SealedPresence,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        let Stage::Known(known) = &self.stage else { return Ok(()) };
        let account = known.account;
        if !service.rates().take(self.device, What::Light, now.mono) {
            turn.end(Goodbye::Busy);
            return Ok(());
        }
        let members = members::of(service.store(), account, &presence.audience).await?;
        let may_tell = |many: usize| {
            let many = u32::try_from(many).unwrap_or(u32::MAX);
            service.rates().wait_for(Asker::Account(account), &[(many, What::Lamp)], now.mono) == 0
        };
        match service.lamps().show((account, self.device), presence, &members, now, may_tell) {
            Ok(told) => turn.lamps.extend(told),
            Err(Dark::Full) => turn.end(Goodbye::Rules),
            // Whoever may see it does so with the next, or when it is believed no more.
            Err(Dark::Busy) => {}
        }
        Ok(())
    }

    /// Tells what the device may lack, where it has all packets up to a number.
    pub(super) async fn want_lamps<S: Store>(
        &mut self,
        service: &Service<S>,
        now: Now,
        have: u64,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        let Stage::Known(known) = &mut self.stage else { return Ok(()) };
        // One question is open at a time, so that answers do not pile up.
        if core::mem::replace(&mut known.told_lamps, true) {
            turn.end(Goodbye::Rules);
            return Ok(());
        }
        if !service.rates().take(self.device, What::WantLamps, now.mono) {
            turn.end(Goodbye::Busy);
            return Ok(());
        }
        self.tell_lamps(service, now, Some(have), turn).await
    }

    /// The same of a device that has just come, and has none. If there is nothing nothing is said.
    pub(super) async fn first_lamps<S: Store>(
        &mut self,
        service: &Service<S>,
        now: Now,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        self.tell_lamps(service, now, None, turn).await?;
        if let Some(Down::Lamps(lamps)) = turn.down.last()
            && lamps.shown.is_empty()
        {
            turn.down.pop();
        }
        Ok(())
    }

    async fn tell_lamps<S: Store>(
        &mut self,
        service: &Service<S>,
        now: Now,
        have: Option<u64>,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        let Stage::Known(known) = &self.stage else { return Ok(()) };
        let (store, account) = (service.store(), known.account);
        let names = members::named(store, account).await?;
        let (found, upto) = known.seat.missing(&names, have, now.mono);
        let (mut shown, mut may) = (Vec::<Shown>::new(), BTreeMap::new());
        for (set, one) in found {
            let may_have = match may.get(&set) {
                Some(known) => *known,
                None => members::may_have(store, account, &set).await?,
            };
            may.insert(set, may_have);
            if may_have {
                shown.push(one);
            }
        }
        let mut parts = shown.chunks(LAMPS).peekable();
        if parts.peek().is_none() {
            turn.say(Down::Lamps(Box::new(Lamps { shown: List::default(), upto: Some(upto) })));
        }
        while let Some(part) = parts.next() {
            let shown = List::try_from(part.to_vec()).map_err(|_| StoreError::Corrupt)?;
            let upto = parts.peek().is_none().then_some(upto);
            turn.say(Down::Lamps(Box::new(Lamps { shown, upto })));
        }
        Ok(())
    }

    /// Packets to the device may be lost: if it was sent any, it is told how many.
    pub fn packets_lost(&self) -> Turn {
        let mut turn = Turn::default();
        if let Stage::Known(known) = &self.stage
            && let sent @ 1.. = known.seat.sent()
        {
            turn.say(Down::LampsAt(sent));
        }
        turn
    }
}

//! Where a device is in its feed, and what is sent to it next.

use std::collections::VecDeque;

use lamplit_types::{AccountId, DeviceId, Now};
use lamplit_wire::{
    bounded::List,
    server::{Cursor, Down, Feed, Goodbye},
};

use super::{Session, Stage, Turn};
use crate::{
    feed,
    limits::{FEED_PARTS, FEED_PASSED},
    mail,
    service::{Failed, Service},
    store::{Store, StoreError},
    updates,
};

/// Where a device is in its feed.
#[derive(Debug)]
pub(super) struct Position {
    /// Up to where it was sent.
    sent: u64,
    /// The parts that are under way.
    open: VecDeque<Part>,
    /// Word of records since the last of them.
    passed: usize,
    /// Up to there word of records may be gone, also if all devices had it.
    lost: u64,
    /// Up to there the device was told that some is.
    told: u64,
}

/// A part that is under way.
#[derive(Debug)]
struct Part {
    /// The place after it.
    place: u64,
    /// Whether word of records is before that.
    updates: bool,
}

impl Position {
    /// That of a device which has committed all up to a place; `None` if it was not here in this life of the store.
    pub(super) async fn resumed(
        store: &impl Store,
        who: (AccountId, DeviceId),
        place: Option<u64>,
    ) -> Result<Self, Failed> {
        if let Some(place) = place {
            mail::collected(store, who, place).await?;
        }
        let lost = updates::resumed(store, who, place).await?;
        Ok(Self { sent: place.unwrap_or(0), open: VecDeque::new(), passed: 0, lost, told: 0 })
    }
}

impl Session {
    /// Sends what follows, as far as it may be under way.
    pub(super) async fn go_on<S: Store>(
        &mut self,
        service: &Service<S>,
        now: Now,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        let Stage::Known(known) = &mut self.stage else { return Ok(()) };
        let (store, at) = (service.store(), &mut known.feed);
        while at.open.len() < FEED_PARTS {
            let page = feed::feed(store, (known.account, self.device), at.sent, now.wall).await?;
            // Looked at after the page was: what was dropped in between is in neither, and is told.
            let lost = updates::dropped(store, known.account).await?.max(at.lost);
            let gap = lost > at.sent.max(at.told);
            at.sent = if gap && !page.more { page.place.max(lost) } else { page.place };
            at.passed = at.passed.saturating_add(page.updates);
            // What is not for this device it needs not hear of, but it has to be known that it lacks none of it.
            if gap || !page.items.is_empty() || at.passed >= FEED_PASSED {
                at.open.push_back(Part { place: at.sent, updates: at.passed > 0 });
                (at.passed, at.told) = (0, at.told.max(lost));
                let cursor = Cursor { epoch: store.epoch(), place: at.sent };
                let items = List::try_from(page.items).map_err(|_| StoreError::Corrupt)?;
                turn.say(Down::Feed(Feed { items, cursor, last: !page.more, gap }));
            }
            if !page.more {
                break;
            }
        }
        Ok(())
    }

    pub(super) async fn collected<S: Store>(
        &mut self,
        service: &Service<S>,
        cursor: Cursor,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        let Stage::Known(known) = &mut self.stage else { return Ok(()) };
        // Nobody can have what was not sent.
        if cursor.epoch != service.store().epoch() || cursor.place > known.feed.sent {
            turn.end(Goodbye::Rules);
            return Ok(());
        }
        let (store, who) = (service.store(), (known.account, self.device));
        let has_updates = known.feed.open.iter().any(|part| part.place <= cursor.place && part.updates);
        known.feed.open.retain(|part| part.place > cursor.place);
        mail::collected(store, who, cursor.place).await?;
        if has_updates {
            updates::collected(store, who, cursor.place).await?;
        }
        Ok(())
    }
}

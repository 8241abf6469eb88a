//! One device's connection, as the services see it: frames in, frames out.

mod feed;
mod kits;
mod lamps;
mod numbers;
mod sets;

use std::collections::BTreeSet;

use futures_util::future::join_all;
use lamplit_types::{AccountId, DeviceId, Mono, Now};
use lamplit_wire::{
    Removed,
    credential::{DeviceList, ListHead},
    server::{
        Down, Found, Goodbye, KeyFor, Lamp, ListMark, ListOf, Numbers, Outcome, Post, Posted, Resume, Stock, Up,
        WantKey, Welcome,
    },
};

use crate::{
    accounts::{self, Refused, Shown},
    lamps::Seat,
    limits::{STOCK_LOW, STOCK_TOLD_MS},
    mail, members,
    rates::{Network, What},
    service::{Failed, Service},
    stock,
    store::Store,
    texts::Text,
};
use feed::Position;
use sets::Gathered;

/// One device's connection.
#[derive(Debug)]
pub struct Session {
    device: DeviceId,
    network: Option<Network>,
    /// Which of all connections, once it has said something: a later one has a greater number.
    number: u64,
    stage: Stage,
}

/// How far a connection has come.
#[derive(Debug)]
enum Stage {
    /// Nothing was said yet.
    Fresh,
    /// The account's list was asked for.
    Unlisted(Resume),
    /// It speaks for this account.
    Known(Box<Known>),
}

/// A device that is known, and where it is in its feed.
#[derive(Debug)]
struct Known {
    account: AccountId,
    /// The list that the device has or was shown.
    head: ListHead,
    feed: Position,
    /// What it is told of who is on what.
    seat: Seat,
    /// Whether that was asked for since the device last said something.
    told_lamps: bool,
    /// A list of members of which the last part has not come.
    gathered: Option<Gathered>,
    /// Whether members are to be told of something.
    owes: bool,
    /// When there are words for more of it, if it was more than there were words for.
    tell_at: Option<Mono>,
    /// Bytes of pieces that were handed out since the device last said something.
    handed: usize,
    /// What it was last told that its account has of numbers.
    numbers: Numbers,
    /// When it was last looked whether the device has to be told how many of its keys are left.
    stock_told: Mono,
}

/// What comes of what a device said.
#[derive(Debug, Default)]
pub struct Turn {
    /// To be sent to the device, in order.
    pub down: Vec<Down>,
    /// Devices for which there is something new: their sessions are to be pumped.
    pub wake: BTreeSet<DeviceId>,
    /// To be sent to devices that are connected, each alone in a packet, as [`Down::Lamp`].
    pub lamps: Vec<(DeviceId, Lamp)>,
    /// To be sent to telephones. What becomes of each goes to [`Session::text_sent`].
    pub texts: Vec<Text>,
    /// In so many milliseconds the session is to be pumped: members are to be told of more than it may tell them now.
    pub again: Option<u64>,
    /// The device is known now. An older connection of it gets [`Goodbye::Newer`] and ends.
    pub welcomed: bool,
    /// After `down` the connection ends.
    pub ends: bool,
}

impl Turn {
    fn say(&mut self, down: Down) {
        self.down.push(down);
    }

    fn refuse(&mut self, refused: Refused) {
        match refused {
            Refused::For(goodbye) => self.end(goodbye),
            Refused::Removed(removed) => self.part(removed),
        }
    }

    fn part(&mut self, removed: Box<Removed>) {
        self.say(Down::Removed(removed));
        self.ends = true;
    }

    fn end(&mut self, goodbye: Goodbye) {
        self.say(Down::Goodbye(goodbye));
        self.ends = true;
    }
}

impl Session {
    /// A connection that was just made by the device whose key it shows.
    pub const fn new(device: DeviceId) -> Self {
        Self { device, network: None, number: 0, stage: Stage::Fresh }
    }

    /// The same, from this network.
    pub const fn from_network(mut self, network: Network) -> Self {
        self.network = Some(network);
        self
    }

    /// Which device.
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// Takes what a device said, in order, at most [`crate::limits::UPS`] frames at once. Envelopes that follow one another are kept
    /// together.
    pub async fn take<S: Store>(&mut self, service: &Service<S>, now: Now, frames: Vec<Up>) -> Turn {
        let mut turn = Turn::default();
        if self.number == 0 {
            self.number = service.lamps().number();
        }
        self.take_all(service, now, frames, &mut turn).await;
        // Also if the connection ends: what was kept is kept.
        self.tell_members(service, now, &mut turn).await;
        turn
    }

    async fn take_all<S: Store>(&mut self, service: &Service<S>, now: Now, frames: Vec<Up>, turn: &mut Turn) {
        if let Stage::Known(known) = &mut self.stage {
            known.handed = 0;
            known.told_lamps = false;
        }
        let mut posts = Vec::new();
        for frame in frames {
            if turn.ends {
                return;
            }
            if let Up::Post(post) = frame {
                posts.push(*post);
                continue;
            }
            let result = match self.post_all(service, now, core::mem::take(&mut posts), turn).await {
                Ok(()) if !turn.ends => self.one(service, now, frame, turn).await,
                result => result,
            };
            self.judge(result, turn);
        }
        if !turn.ends {
            let result = match self.post_all(service, now, posts, turn).await {
                Ok(()) => self.go_on(service, now, turn).await,
                failed => failed,
            };
            self.judge(result, turn);
        }
    }

    /// Sends what is new in the device's feed, as far as it may be under way.
    pub async fn pump<S: Store>(&mut self, service: &Service<S>, now: Now) -> Turn {
        let mut turn = Turn::default();
        let result = self.news(service, now, &mut turn).await;
        self.judge(result, &mut turn);
        self.tell_members(service, now, &mut turn).await;
        turn
    }

    async fn news<S: Store>(&mut self, service: &Service<S>, now: Now, turn: &mut Turn) -> Result<(), Failed> {
        self.look_at_list(service, now, turn).await?;
        if turn.ends {
            return Ok(());
        }
        self.look_at_numbers(service, now, turn).await?;
        self.go_on(service, now, turn).await?;
        self.tell_stock(service, now, turn).await
    }

    /// The server stops.
    pub fn stop(&self) -> Turn {
        let mut turn = Turn::default();
        turn.end(Goodbye::Stopping);
        turn
    }

    /// The device has a newer connection, which takes the place of this one.
    pub fn newer(&self) -> Turn {
        let mut turn = Turn::default();
        turn.end(Goodbye::Newer);
        turn
    }

    fn judge(&self, result: Result<(), Failed>, turn: &mut Turn) {
        if result.is_err() && !turn.ends {
            turn.end(Goodbye::Failing);
        }
    }

    async fn one<S: Store>(
        &mut self,
        service: &Service<S>,
        now: Now,
        frame: Up,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        match (frame, &self.stage) {
            (Up::Resume(resume), Stage::Fresh) => self.resume(service, now, resume, turn).await,
            (Up::List(list), Stage::Unlisted(_) | Stage::Known(_)) => self.list(service, now, list, turn).await,
            (Up::Stock(stock), Stage::Known(known)) => {
                let account = known.account;
                self.stock(service, now, account, &stock, turn).await
            }
            (Up::WantKey(want), Stage::Known(_)) => self.want_key(service, now, want, turn).await,
            (Up::WantList(account), Stage::Known(_)) => self.want_list(service, now, account, turn).await,
            // A device of no account may ask too: to open one, it shows the code.
            (Up::WantCode(number), Stage::Known(_) | Stage::Fresh) => self.want_code(service, now, number, turn).await,
            (Up::ShowCode(shown), Stage::Known(_)) => self.show_code(service, now, shown, turn).await,
            (Up::Open(shown), Stage::Fresh) => self.open_account(service, now, shown, turn).await,
            (Up::Kit(kit), Stage::Known(_)) => self.kit(service, now, *kit, turn).await,
            (Up::FreeNumber, Stage::Known(_)) => self.free_number(service, now, turn).await,
            (Up::Collected(cursor), Stage::Known(_)) => self.collected(service, cursor, turn).await,
            (Up::Append(piece), Stage::Known(_)) => {
                self.append(service, now, &piece, turn).await;
                Ok(())
            }
            (Up::WantSet(want), Stage::Known(_)) => self.want_set(service, now, &want, turn).await,
            (Up::Anew(set), Stage::Known(_)) => self.anew(service, now, set, turn).await,
            (Up::Members(members), Stage::Known(_)) => self.members(service, now, *members, turn).await,
            (Up::Light(presence), Stage::Known(_)) => self.light(service, now, &presence, turn).await,
            (Up::WantLamps(have), Stage::Known(_)) => self.want_lamps(service, now, have, turn).await,
            _ => {
                turn.end(Goodbye::Rules);
                Ok(())
            }
        }
    }

    async fn resume<S: Store>(
        &mut self,
        service: &Service<S>,
        now: Now,
        resume: Resume,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        let known = accounts::find(service.store(), resume.account).await?;
        let Some(known) = known else {
            self.stage = Stage::Unlisted(resume);
            turn.say(Down::ShowList);
            return Ok(());
        };
        match accounts::admits(&known.list, &self.device, now.wall) {
            Ok(()) if known.list.head() == resume.list => {
                self.welcome(service, now, &resume, known.list.head(), turn).await
            }
            Err(Refused::Removed(removed)) => {
                turn.part(removed);
                Ok(())
            }
            // A later list may have it, or a certificate that counts.
            _ => {
                self.stage = Stage::Unlisted(resume);
                turn.say(Down::ShowList);
                Ok(())
            }
        }
    }

    async fn list<S: Store>(
        &mut self,
        service: &Service<S>,
        now: Now,
        list: DeviceList,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        if !service.rates().take(self.device, What::List, now.mono) {
            turn.end(Goodbye::Busy);
            return Ok(());
        }
        let account = match &self.stage {
            Stage::Unlisted(resume) => resume.account,
            Stage::Known(known) => known.account,
            Stage::Fresh => return Ok(()),
        };
        let open = service.settings().open;
        let shown_head = list.head().ok();
        let taken = match accounts::show(service.store(), (account, self.device), list, open, now.wall).await? {
            Shown::Taken { list, concerned } => {
                turn.wake.extend(concerned.into_iter().filter(|other| *other != self.device));
                list
            }
            Shown::Refused(refused) => {
                turn.refuse(refused);
                return Ok(());
            }
        };
        if shown_head != Some(taken.head()) {
            turn.say(Down::List(taken.wire().clone()));
        }
        match &mut self.stage {
            Stage::Known(known) => {
                known.head = taken.head();
                Ok(())
            }
            Stage::Unlisted(resume) => {
                let resume = resume.clone();
                self.welcome(service, now, &resume, taken.head(), turn).await
            }
            Stage::Fresh => Ok(()),
        }
    }

    async fn welcome<S: Store>(
        &mut self,
        service: &Service<S>,
        now: Now,
        resume: &Resume,
        head: ListHead,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        let (store, who) = (service.store(), (resume.account, self.device));
        let epoch = store.epoch();
        let place = resume.cursor.filter(|cursor| cursor.epoch == epoch).map(|cursor| cursor.place);
        let feed = Position::resumed(store, who, place).await?;
        let stock = u16::try_from(stock::count(store, who).await?).unwrap_or(u16::MAX);
        let settled = crate::numbers::settle(store, resume.account, now.wall).await?;
        self.wake_devices(service, settled.others, turn).await?;
        let numbers = settled.numbers;
        turn.welcomed = true;
        let kit = crate::kits::find(store, resume.account).await?.map(|kit| kit.version);
        turn.say(Down::Welcome(Welcome { epoch, time: now.wall, stock, numbers, kit }));
        self.stage = Stage::Known(Box::new(Known {
            account: resume.account,
            head,
            feed,
            seat: service.lamps().sit(who, self.number, members::named(store, resume.account).await?),
            told_lamps: false,
            gathered: None,
            owes: false,
            tell_at: None,
            handed: 0,
            numbers,
            stock_told: now.mono,
        }));
        self.first_lamps(service, now, turn).await
    }

    async fn stock<S: Store>(
        &mut self,
        service: &Service<S>,
        now: Now,
        account: AccountId,
        stock: &Stock,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        if !service.rates().take(self.device, What::Stock, now.mono) {
            turn.end(Goodbye::Busy);
            return Ok(());
        }
        match stock::put(service.store(), (account, self.device), stock).await? {
            Some(count) => turn.say(Down::Stocked(u16::try_from(count).unwrap_or(u16::MAX))),
            None => turn.end(Goodbye::Rules),
        }
        Ok(())
    }

    async fn want_key<S: Store>(
        &mut self,
        service: &Service<S>,
        now: Now,
        want: WantKey,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        let device = want.device;
        if !service.rates().take(self.device, What::Key, now.mono) {
            turn.say(Down::Key(KeyFor { device, found: Found::Busy }));
            return Ok(());
        }
        let handed = stock::take(service.store(), want).await?;
        if handed.left < STOCK_LOW {
            turn.wake.insert(device);
        }
        turn.say(Down::Key(KeyFor { device, found: handed.found }));
        Ok(())
    }

    async fn post_all<S: Store>(
        &mut self,
        service: &Service<S>,
        now: Now,
        posts: Vec<Post>,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        if posts.is_empty() {
            return Ok(());
        }
        let Stage::Known(known) = &self.stage else {
            turn.end(Goodbye::Rules);
            return Ok(());
        };
        let from = (known.account, self.device);
        let mut kept = Vec::new();
        for post in posts {
            let may = service.rates().take(self.device, What::Post, now.mono);
            kept.push(async move {
                let (id, to, account, mark) = (post.envelope.id, post.envelope.to, post.account, post.list);
                let (outcome, head) = match may {
                    true => mail::post(service.store(), from, post, now.wall).await,
                    false => (Outcome::Busy, None),
                };
                let differs = head.is_some_and(|head| ListMark::from(head) != mark);
                (to, Posted { id, outcome }, differs.then_some(account))
            });
        }
        let mut other_lists = BTreeSet::new();
        for (to, posted, other_list) in join_all(kept).await {
            if posted.outcome == Outcome::Kept {
                turn.wake.insert(to);
            }
            other_lists.extend(other_list);
            turn.say(Down::Posted(posted));
        }
        for account in other_lists {
            // Nobody asked: if it is too often, the next envelope that goes by another list is answered with it.
            if !service.rates().take(self.device, What::ListOf, now.mono) {
                break;
            }
            Self::tell_list(service, account, turn).await?;
        }
        Ok(())
    }

    async fn want_list<S: Store>(
        &mut self,
        service: &Service<S>,
        now: Now,
        account: AccountId,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        // No answer says that there is none now, and without one the device would wait.
        if !service.rates().take(self.device, What::ListOf, now.mono) {
            turn.end(Goodbye::Busy);
            return Ok(());
        }
        Self::tell_list(service, account, turn).await
    }

    async fn tell_list<S: Store>(service: &Service<S>, account: AccountId, turn: &mut Turn) -> Result<(), Failed> {
        let list = accounts::list(service.store(), account).await?;
        turn.say(Down::ListOf(Box::new(ListOf { account, list })));
        Ok(())
    }

    /// Tells the device of a list that another one brought, which it may not be on any more.
    async fn look_at_list<S: Store>(&mut self, service: &Service<S>, now: Now, turn: &mut Turn) -> Result<(), Failed> {
        let Stage::Known(known) = &mut self.stage else { return Ok(()) };
        if accounts::head(service.store(), known.account).await? == Some(known.head) {
            return Ok(());
        }
        let Some(found) = accounts::find(service.store(), known.account).await? else {
            turn.end(Goodbye::NotListed);
            return Ok(());
        };
        match accounts::admits(&found.list, &self.device, now.wall) {
            Ok(()) => {
                known.head = found.list.head();
                turn.say(Down::List(found.list.wire().clone()));
            }
            Err(refused) => turn.refuse(refused),
        }
        Ok(())
    }

    async fn tell_stock<S: Store>(&mut self, service: &Service<S>, now: Now, turn: &mut Turn) -> Result<(), Failed> {
        let Stage::Known(known) = &mut self.stage else { return Ok(()) };
        if now.mono.since(known.stock_told) < STOCK_TOLD_MS {
            return Ok(());
        }
        known.stock_told = now.mono;
        let count = stock::count(service.store(), (known.account, self.device)).await?;
        if count < STOCK_LOW {
            turn.say(Down::Stocked(u16::try_from(count).unwrap_or(u16::MAX)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

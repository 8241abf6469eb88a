//! The account's server: the connection to it, and what is said first.
//!
//! It carries what cannot go directly: envelopes for devices that are not near ([`posting`]), and those that came while this device
//! was away ([`feed`]). It is told nothing that it could read, and believed nothing that is not signed by whom it is about.

mod feed;
mod kit;
mod lamps;
mod letters;
mod members;
pub(crate) mod number;
mod posting;
mod sets;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use lamplit_types::{AccountId, Channel, Class, DeviceId, EnvelopeId, LinkId, Mono, Wall, limits::STOCK_PART};
use lamplit_wire::{
    Entry, FrameBuffer, Kind, Removed, SetId, Value,
    credential::DeviceList,
    server::{Down, Epoch, Feed, Goodbye, KitVersion, ListOf, Resume, Stock, Up, Welcome},
};

use serde::{Deserialize, Serialize};

use self::number::NumberState;
pub(crate) use self::posting::Way;
use crate::{
    Node,
    db::{Typed, encode},
    dial::Target,
    io::{Address, Answer, CommandError, Event, ServerState, Transmit},
    limits,
    replica::{Change, OWN_DATA, set_of},
    rows::{self, key},
    step::{Step, Stepped},
    table::{Read, ReadError, Table},
};

/// There is one record of a server, and it has one field.
const THE_ONE: [u8; 16] = [0; 16];
const PLACE_FIELD: u8 = 1;

/// Which server the account uses, as its devices tell it to one another.
#[derive(Serialize, Deserialize)]
struct PlaceValue {
    /// Where it is and what its key is, in the words of the transport. `None`: there is none.
    address: Option<String>,
}

/// What is known of the server.
#[derive(Default)]
pub(crate) struct Server {
    place: Option<rows::Server>,
    line: Option<ServerLine>,
    /// Why the last connection ended or none came about, if the server said so.
    goodbye: Option<Goodbye>,
    /// Devices that are to be told what came from them, and when.
    letters: BTreeMap<DeviceId, Mono>,
    /// How the account stands with its number.
    number: NumberState,
    /// Own sets whose logs began anew there since there was no room, and when: that outlasts the connection, or all of it would be
    /// brought with each.
    crowded: BTreeMap<SetId, Mono>,
}

/// The connection.
pub(crate) struct ServerLine {
    link: LinkId,
    since: Mono,
    buffer: FrameBuffer,
    /// The life of the server's store, once it has welcomed this device.
    open: Option<Epoch>,
    /// How late it was at the server when this device was welcomed.
    time: (Wall, Mono),
    /// Where it is with the mail for each device.
    ways: BTreeMap<DeviceId, Way>,
    /// What was posted and not answered.
    posts: BTreeMap<EnvelopeId, posting::Sent>,
    /// Devices with more mail than may be under way.
    held_back: BTreeSet<DeviceId>,
    /// Devices with which a session was begun over this connection.
    fresh: BTreeSet<DeviceId>,
    /// Parts of the feed that wait for somebody's device list; the first for that of this account.
    stalled: VecDeque<Feed>,
    awaited: Option<AccountId>,
    /// How records stand there.
    sets: sets::Sets,
    /// Which packets have come.
    packets: lamps::Packets,
    /// Whose lists were asked for since a device of theirs that is not known shows something, and when.
    lists: BTreeMap<AccountId, Mono>,
    /// When keys were last left there.
    stocked: Option<Mono>,
    /// A kit that was brought and not answered.
    kit: Option<KitVersion>,
    /// The server said goodbye, for a reason that is still there in a moment.
    is_sent_away: bool,
}

/// Why a frame ends the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Go,
    End,
}

impl Server {
    pub(crate) fn load(read: &impl Read, now: Mono) -> Result<Self, ReadError> {
        let place = read.row(Table::Device, key::SERVER)?;
        let letters = letters::owed(read)?.into_iter().map(|device| (device, now)).collect();
        let number = NumberState { asked: number::asked(read)?, ..NumberState::default() };
        Ok(Self { place, letters, number, ..Self::default() })
    }

    /// Whether there is a connection, also one that has not been welcomed.
    pub(crate) const fn is_linked(&self) -> bool {
        self.line.is_some()
    }

    pub(crate) fn is_link(&self, link: LinkId) -> bool {
        self.link() == Some(link)
    }

    pub(crate) fn link(&self) -> Option<LinkId> {
        self.line.as_ref().map(|line| line.link)
    }

    fn state(&self) -> ServerState {
        match (&self.place, &self.line) {
            (None, _) => ServerState::None,
            (_, Some(ServerLine { open: Some(_), .. })) => ServerState::Connected,
            _ => ServerState::Away(self.goodbye),
        }
    }
}

impl ServerLine {
    /// How late it is at the server: by its clock an envelope must be good.
    fn time(&self, now: Mono) -> Wall {
        let (there, then) = self.time;
        there.plus(now.since(then))
    }

    fn deadline(&self) -> Option<Mono> {
        let greeting = self.open.is_none().then(|| self.since.plus(limits::GREETING_MS));
        let others = [greeting, self.sets.deadline(), self.packets.deadline()];
        self.ways.values().filter_map(Way::deadline).chain(others.into_iter().flatten()).min()
    }
}

impl Node {
    /// Which server the account uses, and whether it is there.
    pub fn server(&self) -> (Option<Address>, ServerState) {
        let address = self.server.place.as_ref().map(|place| Address(place.address.clone()));
        (address, self.server.state())
    }

    /// Whether the account uses one.
    pub(crate) const fn has_server(&self) -> bool {
        self.server.place.is_some()
    }

    /// When there is something to do for the server.
    pub(crate) fn server_deadline(&self) -> Option<Mono> {
        let line = self.server.line.as_ref();
        // With the next answer there is room again.
        let may_write = line.is_some_and(|line| line.open.is_some() && line.posts.len() < limits::POSTS);
        let letters = self.server.letters.values().min().copied().filter(|_| may_write);
        line.and_then(ServerLine::deadline).into_iter().chain(letters).min()
    }

    /// The account uses another server from now on, or none, on all of its devices.
    pub(crate) fn use_server(
        &mut self,
        step: &mut Step<'_>,
        address: Option<Address>,
    ) -> Stepped<Result<Answer, CommandError>> {
        let address = address.map(|address| address.0);
        if self.server.place.as_ref().map(|place| &place.address) != address.as_ref() {
            let value = encode(&PlaceValue { address }, Table::Device)?;
            let set = set_of(self.device.account, OWN_DATA);
            self.write(step, set, Change::set(Kind::Server, THE_ONE, PLACE_FIELD, value))?;
        }
        Ok(Ok(Answer::Done))
    }

    /// The record of the account's server changed.
    pub(crate) fn show_server(&mut self, step: &mut Step<'_>, entry: &Entry) -> Stepped {
        let (THE_ONE, PLACE_FIELD, Value::Set(value)) = (entry.entity, entry.field, &entry.value) else {
            return Ok(());
        };
        let Ok(PlaceValue { address }) = postcard::from_bytes(value) else { return Ok(()) };
        if self.server.place.as_ref().map(|place| &place.address) == address.as_ref() {
            return Ok(());
        }
        self.end_server_line(step)?;
        self.dialer.forget(Target::Server);
        self.server.goodbye = None;
        self.server.crowded.clear();
        self.server.place = address.map(|address| rows::Server { address, cursor: None, stocked: None });
        match &self.server.place {
            Some(place) => step.db.put(Table::Device, key::SERVER, place)?,
            None => step.db.remove(Table::Device, key::SERVER),
        }
        self.dial_server(step);
        step.tell(Event::Server(self.server.state()));
        Ok(())
    }

    /// Dials the server, if there is one to dial.
    pub(crate) fn dial_server(&mut self, step: &Step<'_>) {
        self.plan_server(step.now.mono);
    }

    /// The same at some time.
    pub(crate) fn plan_server(&mut self, at: Mono) {
        if let Some(place) = self.server.place.as_ref().filter(|_| !self.is_removed()) {
            self.dialer.fix(at, Target::Server, Address(place.address.clone()));
        }
    }

    /// A dial came to nothing, or the connection ended: not all devices come back at one moment.
    pub(crate) fn put_off_server(&mut self, step: &mut Step<'_>) {
        let jitter = u64::from(u16::from_le_bytes(step.random())) % limits::SERVER_JITTER_MS;
        self.dialer.put_off(Target::Server, jitter);
    }

    /// A connection is there, to the server at `address`.
    pub(crate) fn server_reached(&mut self, step: &mut Step<'_>, link: LinkId, address: &Address) -> Stepped {
        let waits = self.waits_for_past(step.now.mono);
        let place = self.server.place.as_ref().filter(|place| place.address == address.0);
        let Some(place) = place.filter(|_| !waits && !self.server.is_linked()) else {
            step.out.transmits.push(Transmit::Close(link));
            // Another one may have been chosen since.
            self.dialer.forget(Target::Server);
            self.dial_server(step);
            self.dialer.put_off(Target::Server, if waits { limits::PAST_PAUSE_MS } else { 0 });
            return Ok(());
        };
        let resume = Resume { account: self.device.account, list: self.own_head(), cursor: place.cursor };
        self.server.line = Some(ServerLine {
            link,
            since: step.now.mono,
            buffer: FrameBuffer::default(),
            open: None,
            time: (step.now.wall, step.now.mono),
            ways: BTreeMap::new(),
            posts: BTreeMap::new(),
            held_back: BTreeSet::new(),
            fresh: BTreeSet::new(),
            stalled: VecDeque::new(),
            awaited: None,
            sets: sets::Sets::default(),
            packets: lamps::Packets::default(),
            lists: BTreeMap::new(),
            stocked: None,
            kit: None,
            is_sent_away: false,
        });
        self.up(step, &Up::Resume(resume));
        Ok(())
    }

    /// Says something to the server. It leaves once what it speaks of is committed.
    fn up(&self, step: &mut Step<'_>, frame: &Up) {
        let (Some(link), Ok(bytes)) = (self.server.link(), frame.encode()) else { return };
        let channel = Channel::Stream(Class::Control);
        if let Some(Transmit::Send { link: last, channel: before, bytes: piece }) = step.out.transmits.last_mut()
            && (*last, *before) == (link, channel)
            && piece.len().saturating_add(bytes.len()) <= limits::PIECE_BYTES
        {
            piece.extend(bytes);
            return;
        }
        step.out.transmits.push(Transmit::Send { link, channel, bytes });
    }

    /// The server said something.
    pub(crate) fn server_said(&mut self, step: &mut Step<'_>, bytes: &[u8]) -> Stepped {
        if let Some(line) = &mut self.server.line {
            line.buffer.push(bytes);
        }
        while let Some(line) = &mut self.server.line {
            let flow = match line.buffer.pop::<Down>() {
                Ok(None) => return Ok(()),
                Ok(Some(frame)) => self.server_frame(step, frame)?,
                Err(_) => Flow::End,
            };
            if flow == Flow::End {
                self.end_server_line(step)?;
            }
        }
        Ok(())
    }

    fn server_frame(&mut self, step: &mut Step<'_>, frame: Down) -> Stepped<Flow> {
        let open = self.server.line.as_ref().and_then(|line| line.open);
        match (frame, open) {
            (Down::Welcome(welcome), None) => self.server_welcomes(step, welcome)?,
            (Down::ShowList, None) => self.up(step, &Up::List(self.people.me().list.wire().clone())),
            (Down::List(list), _) => self.own_list_shown(step, list)?,
            (Down::Removed(removed), _) => return self.told_removed(step, &removed),
            (Down::Goodbye(goodbye), _) => {
                self.server.goodbye = Some(goodbye);
                if let Some(line) = &mut self.server.line {
                    line.is_sent_away = goodbye != Goodbye::Stopping;
                }
                return Ok(Flow::End);
            }
            (Down::Feed(feed), Some(_)) => return self.feed_came(step, feed),
            (Down::Posted(posted), Some(epoch)) => self.posted_there(step, epoch, posted)?,
            (Down::Key(key), Some(_)) => self.key_found(step, &key)?,
            (Down::Stocked(left), Some(epoch)) => self.stocked_there(step, epoch, left)?,
            (Down::Code(answer), Some(_)) => self.code_answered(step, answer),
            (Down::Verdict(verdict), Some(_)) => self.code_judged(step, verdict),
            (Down::Numbers(numbers), Some(_)) => self.numbers_told(step, numbers)?,
            (Down::ListOf(shown), Some(_)) => return self.list_shown(step, *shown),
            (Down::Appended(appended), Some(_)) => return self.appended(step, appended),
            (Down::Piece(piece), Some(_)) => {
                self.piece_came(step, &piece)?;
                return Ok(if self.reborn { Flow::End } else { Flow::Go });
            }
            (Down::SetAt(at), Some(_)) => return self.set_at(step, *at),
            (Down::KitAt(there), Some(_)) => self.kit_answered(step, there)?,
            (Down::Lamps(lamps), Some(_)) => self.lamps_came(step, *lamps)?,
            (Down::LampsAt(number), Some(_)) => self.lamps_at(step, number),
            _ => return Ok(Flow::End),
        }
        Ok(Flow::Go)
    }

    fn server_welcomes(&mut self, step: &mut Step<'_>, welcome: Welcome) -> Stepped {
        let Some(place) = &mut self.server.place else { return Ok(()) };
        let is_new = place.stocked != Some(welcome.epoch);
        if is_new && place.cursor.take().is_some() {
            step.db.put(Table::Device, key::SERVER, place)?;
        }
        self.server.goodbye = None;
        if let Some(line) = &mut self.server.line {
            line.open = Some(welcome.epoch);
            line.time = (welcome.time, step.now.mono);
        }
        // Letters that waited for a key.
        for device in letters::owed(&step.db)? {
            self.server.letters.entry(device).or_insert(step.now.mono);
        }
        self.dialer.reached(Target::Server);
        step.tell(Event::Server(self.server.state()));
        if is_new {
            self.leave_keys(step, welcome.stock, true)?;
        } else {
            self.stock_up(step, welcome.stock)?;
        }
        self.numbers_told(step, welcome.numbers)?;
        self.bring_kit(step, welcome.kit)?;
        self.light_there_again(step)?;
        self.greet_sets(step, is_new)?;
        self.post_all_by_server(step)
    }

    /// The server has what was left there, or says how little of it remains.
    fn stocked_there(&mut self, step: &mut Step<'_>, epoch: Epoch, left: u16) -> Stepped {
        let has_left = self.server.line.as_ref().is_some_and(|line| line.stocked.is_some());
        // Until then the fallback key might not be there, and is left again.
        if let Some(place) = self.server.place.as_mut().filter(|place| has_left && place.stocked != Some(epoch)) {
            place.stocked = Some(epoch);
            step.db.put(Table::Device, key::SERVER, place)?;
        }
        self.stock_up(step, left)
    }

    /// So many keys of this device are left at the server.
    fn stock_up(&mut self, step: &mut Step<'_>, left: u16) -> Stepped {
        let now = step.now.mono;
        let lately = self.server.line.as_ref().and_then(|line| line.stocked);
        let lately = lately.is_some_and(|then| now.since(then) < limits::STOCK_PAUSE_MS);
        if left < limits::STOCK_LOW && !lately { self.leave_keys(step, left, false) } else { Ok(()) }
    }

    fn leave_keys(&mut self, step: &mut Step<'_>, left: u16, fallback: bool) -> Stepped {
        let mut account = self.olm_account(step)?;
        let wanted = usize::from(limits::STOCK.saturating_sub(left)).min(STOCK_PART);
        let mut stock = Stock { one_time: Default::default(), fallback: None };
        for _ in 0..wanted {
            let Ok(signed) = self.secrets.keys.sign_one_time_key(account.one_time_key()) else { break };
            if stock.one_time.push(signed).is_err() {
                break;
            }
        }
        if fallback {
            stock.fallback = self.secrets.keys.sign_one_time_key(account.rotate_fallback_key()).ok();
        }
        self.put_olm_account(step, &account)?;
        if let Some(line) = &mut self.server.line {
            line.stocked = Some(step.now.mono);
        }
        self.up(step, &Up::Stock(stock));
        Ok(())
    }

    /// The account's list as the server has it: another device brought a later one.
    fn own_list_shown(&mut self, step: &mut Step<'_>, list: DeviceList) -> Stepped {
        if list.generation.body.account != self.device.account {
            return Ok(());
        }
        self.merge_list(step, self.device.account, list).map(|_| ())
    }

    /// Somebody's list as the server has it. It is believed as far as it is signed.
    fn list_shown(&mut self, step: &mut Step<'_>, ListOf { account, list }: ListOf) -> Stepped<Flow> {
        let head = |node: &Self| node.people.get(account).map(|person| person.list.head());
        let before = head(self);
        if let Some(list) = list.filter(|list| list.generation.body.account == account) {
            self.merge_list(step, account, list)?;
        }
        let is_later = head(self) != before;
        self.sets_are_listed(step, account, is_later)?;
        self.list_answered(step, account)
    }

    /// The server says that this device is of its account no more, and shows by what.
    fn told_removed(&mut self, step: &mut Step<'_>, removed: &Removed) -> Stepped<Flow> {
        self.removed_came(step, removed)?;
        Ok(Flow::End)
    }

    /// Whether the server has all of the account's own records that are here, and this device all that are there.
    pub fn is_caught_up(&self) -> bool {
        let line = self.server.line.as_ref().filter(|line| line.open.is_some());
        line.is_some_and(|line| self.own_sets().iter().all(|set| line.sets.is_settled(set)))
    }

    /// The account's list is another one than before.
    pub(crate) fn show_server_list(&self, step: &mut Step<'_>) {
        if self.server.line.as_ref().is_some_and(|line| line.open.is_some()) {
            self.up(step, &Up::List(self.people.me().list.wire().clone()));
        }
    }

    /// Ends the connection.
    pub(crate) fn end_server_line(&mut self, step: &mut Step<'_>) -> Stepped {
        if let Some(link) = self.server.link() {
            step.out.transmits.push(Transmit::Close(link));
        }
        self.server_gone(step)
    }

    /// The connection is gone.
    pub(crate) fn server_gone(&mut self, step: &mut Step<'_>) -> Stepped {
        let Some(line) = self.server.line.take() else { return Ok(()) };
        self.number_unanswered(step);
        for sent in line.posts.values() {
            if let posting::Sent::Letter(device, _) = sent {
                self.server.letters.insert(*device, step.now.mono);
            }
        }
        if line.open.is_some() || line.is_sent_away {
            step.tell(Event::Server(self.server.state()));
        }
        if line.open.is_some() {
            self.dialer.lost(step.now.mono, Target::Server);
            self.put_off_server(step);
        } else {
            self.dial_failed(step, Target::Server)?;
        }
        if line.is_sent_away {
            self.dialer.put_off(Target::Server, limits::SENT_AWAY_MS);
        }
        if self.is_removed() {
            self.dialer.forget(Target::Server);
        }
        Ok(())
    }

    /// What is due by the clock.
    pub(crate) fn tick_server(&mut self, step: &mut Step<'_>) -> Stepped {
        let now = step.now.mono;
        let Some(line) = &self.server.line else { return Ok(()) };
        if line.open.is_none() {
            return if line.since.plus(limits::GREETING_MS) <= now { self.end_server_line(step) } else { Ok(()) };
        }
        self.ask_for_packets(step);
        self.resume_ways(step)?;
        self.bring_paused(step)?;
        self.send_letters(step)
    }
}

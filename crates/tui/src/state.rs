//! The model: everything on the screen, and how it changes. It knows no socket, no clock and no terminal.

use std::collections::{BTreeMap, VecDeque};

use jiff::tz::TimeZone;
use lamplit_rpc::api::{Contact, Event, FileSpace, Group, Invited, Message, Nearby, Safety, Status, Storage, Transfer};
use ratatui::layout::Rect;

use crate::{
    calls::{Answer, Call, Effect, Input},
    command,
    composer::Composer,
    limits,
    nearby::tamed,
    panes::{ChatParts, Focus, Panes, chat_parts, inside, panes},
    peer::{Peer, tamed_apps},
    people::People,
    talk::Talk,
    text::tame_line,
};

/// Everything on the screen.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) area: Rect,
    pub(crate) colours: bool,
    pub(crate) zone: TimeZone,
    pub(crate) now_ms: u64,
    /// Why there is no daemon, if there is none.
    pub(crate) down: Option<String>,
    pub(crate) status: Option<Status>,
    pub(crate) people: People,
    pub(crate) talk: Option<Talk>,
    pub(crate) composer: Composer,
    pub(crate) drafts: BTreeMap<String, Composer>,
    pub(crate) nearby: Option<Nearby>,
    pub(crate) nearby_top: usize,
    /// What files from other devices take here, and may take.
    pub(crate) space: Option<FileSpace>,
    /// Files that are under way.
    pub(crate) transfers: Vec<Transfer>,
    /// Files that are being sent and not announced yet.
    pub(crate) sending: usize,
    pub(crate) focus: Focus,
    pub(crate) overlay: Option<Overlay>,
    pub(crate) notice: Option<Notice>,
    /// Whether somebody looks at the terminal.
    pub(crate) watched: bool,
    /// Since when the calls wait that were not answered, the oldest first.
    waiting: VecDeque<u64>,
    fetching: bool,
    nearby_asked: Asked,
    transfers_asked: Asked,
    space_asked: Asked,
    /// Whether the pane is on the screen that shows it.
    shows_space: bool,
    asked_ms: u64,
    /// Until when nothing is asked for again that was refused.
    patient_until_ms: u64,
    last_ticket: u64,
    /// Whose invite is being accepted.
    accepting: bool,
    /// A group that was founded here, until it is told of.
    founded: Option<String>,
    /// Whether the next Ctrl-C leaves although something is typed.
    pub(crate) warned: bool,
    title: String,
    effects: Vec<Effect>,
}

/// What lies over the panes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Overlay {
    Help { top: usize },
    Invite(Option<Invited>),
    Safety { contact: String, name: String, shown: Option<Safety> },
    Forget { contact: String, name: String },
    Leave { group: String, name: String },
}

/// A word about what was done, or was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) bad: bool,
    until_ms: u64,
}

/// Something that is asked for again and again, but only once at a time.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    wanted: bool,
    under_way: bool,
}

impl State {
    pub(crate) fn new(width: u16, height: u16, now_ms: u64, zone: TimeZone, colours: bool) -> Self {
        Self {
            area: Rect::new(0, 0, width, height),
            colours,
            zone,
            now_ms,
            down: None,
            status: None,
            people: People::default(),
            talk: None,
            composer: Composer::default(),
            drafts: BTreeMap::new(),
            nearby: None,
            nearby_top: 0,
            space: None,
            transfers: Vec::new(),
            sending: 0,
            focus: Focus::default(),
            overlay: None,
            notice: None,
            watched: true,
            waiting: VecDeque::new(),
            fetching: false,
            nearby_asked: Asked::default(),
            transfers_asked: Asked::default(),
            space_asked: Asked::default(),
            shows_space: false,
            asked_ms: 0,
            patient_until_ms: 0,
            last_ticket: 0,
            accepting: false,
            founded: None,
            warned: false,
            title: String::new(),
            effects: Vec::new(),
        }
    }

    /// Takes something in. What is to be done comes out, and is done once the screen shows the rest.
    pub(crate) fn update(&mut self, input: Input) -> Vec<Effect> {
        match input {
            Input::Key(key) => self.press(key),
            Input::Paste(text) => self.paste(&text),
            Input::Resized(width, height) => self.area = Rect::new(0, 0, width, height),
            Input::Watched(watched) => self.watched = watched,
            Input::Tick(now_ms) => self.tick(now_ms),
            Input::Whole { status, contacts, groups } => self.begin(*status, contacts, groups),
            Input::Lost(reason) => self.lost(reason),
            Input::Happened(event) => self.happened(*event),
            Input::Answered(answer) => self.answered(answer),
        }
        self.settle();
        core::mem::take(&mut self.effects)
    }

    /// Where everything is; `None` if the screen is too small for anything.
    pub(crate) fn panes(&self) -> Option<Panes> {
        panes(self.area, self.focus)
    }

    /// Where the parts of the chat are.
    pub(crate) fn chat_parts(&self, pane: Rect) -> ChatParts {
        let head = match self.people.chosen() {
            Some(peer) if peer.note.is_some() => 2,
            Some(_) => 1,
            None => 0,
        };
        let width = usize::from(inside(pane).width).saturating_sub(PROMPT);
        let typed = self.composer.rows(width).rows.len();
        let hints = command::hints(&self.composer.text()).len();
        let rows = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        chat_parts(pane, head, rows(hints), rows(typed))
    }

    /// Whether the daemon takes its time.
    pub(crate) fn is_slow(&self) -> bool {
        self.waiting.front().is_some_and(|since| self.now_ms.saturating_sub(*since) >= limits::SLOW_MS)
    }

    /// How wide the line is in which is typed.
    pub(crate) fn typing_width(&self) -> usize {
        let chat = self.panes().map_or(Rect::default(), |panes| panes.chat);
        usize::from(inside(chat).width).saturating_sub(PROMPT)
    }

    pub(crate) fn call(&mut self, call: Call) {
        if matches!(call, Call::SendFile { .. }) {
            self.sending = self.sending.saturating_add(1);
        } else {
            self.waiting.push_back(self.now_ms);
        }
        self.effects.push(Effect::Call(call));
    }

    pub(crate) fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    pub(crate) fn tell(&mut self, text: impl Into<String>) {
        self.note(text.into(), false);
    }

    pub(crate) fn complain(&mut self, text: impl Into<String>) {
        self.note(text.into(), true);
    }

    fn note(&mut self, text: String, bad: bool) {
        let until_ms = self.now_ms.saturating_add(limits::NOTICE_MS);
        self.notice = Some(Notice { text: tame_line(&text), bad, until_ms });
    }

    /// A number that no other message has which is on its way.
    pub(crate) fn ticket(&mut self) -> u64 {
        self.last_ticket = self.last_ticket.saturating_add(1);
        self.last_ticket
    }

    pub(crate) fn begin_accepting(&mut self, link: String) {
        self.accepting = true;
        self.tell("Waiting for whoever made this invite…");
        self.call(Call::Accept { link });
    }

    fn tick(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
        if self.notice.as_ref().is_some_and(|notice| notice.until_ms <= now_ms) {
            self.notice = None;
        }
        // Nothing tells that somebody begins to fetch a file from here.
        let is_time = now_ms.saturating_sub(self.asked_ms) >= limits::ASK_MS;
        let awaited = self.talk.as_ref().is_some_and(Talk::awaits_a_file);
        if is_time || awaited || self.sending > 0 || !self.transfers.is_empty() {
            self.asked_ms = now_ms;
            self.transfers_asked.wanted = true;
        }
    }

    /// Takes everything anew: the daemon is there, or happenings were left out.
    fn begin(&mut self, status: Status, contacts: Vec<Contact>, groups: Vec<Group>) {
        if self.down.take().is_some() {
            self.tell("The daemon is back.");
        }
        self.set_status(status);
        self.people.set(contacts.into_iter().map(Peer::from).chain(groups.into_iter().map(Peer::from)));
        self.transfers_asked.wanted = true;
        self.space_asked.wanted = true;
        if let Some(talk) = &mut self.talk {
            talk.refresh();
        }
    }

    fn set_status(&mut self, mut status: Status) {
        status.name = tame_line(&status.name);
        status.lit = tamed_apps(status.lit);
        self.status = Some(status);
        self.nearby_asked.wanted = true;
    }

    fn lost(&mut self, reason: String) {
        self.down = Some(tame_line(&reason));
        self.nearby = None;
        self.space = None;
        self.transfers.clear();
        self.people.all_away();
    }

    fn happened(&mut self, event: Event) {
        match event {
            Event::StatusChanged { status } => self.set_status(*status),
            Event::ContactAdded { contact } => self.added(contact),
            Event::ContactChanged { contact } => {
                if let Some(shown) = self.safety_shown_of(&contact.id) {
                    shown.compared = contact.compared;
                }
                self.people.put(contact);
                self.nearby_asked.wanted = true;
            }
            Event::ContactRemoved { contact } => {
                if matches!(&self.overlay, Some(Overlay::Safety { contact: of, .. }) if *of == contact) {
                    self.overlay = None;
                }
                self.people.remove(&contact);
                self.nearby_asked.wanted = true;
            }
            Event::GroupAdded { group } => self.group_added(group),
            Event::GroupEnded { group } => {
                self.tell(format!("You are in {} no more; its messages stay.", tame_line(&group.name)));
                self.people.put(group);
            }
            Event::GroupChanged { group } => self.people.put(group),
            Event::AcceptFailed { reason, .. } => {
                self.accepting = false;
                self.complain(reason);
            }
            Event::Message { message, unread } => self.message(message, unread),
            Event::File { message } => {
                let (conversation, zone) = (message.conversation.clone(), self.zone.clone());
                if let Some(talk) = self.talk_with(&conversation) {
                    talk.changed(message, &zone);
                }
                self.transfers_asked.wanted = true;
                self.space_asked.wanted = true;
            }
            Event::Progress { conversation, id, progress } => {
                if let Some(talk) = self.talk_with(&conversation) {
                    talk.progressed(&id, progress);
                }
            }
            Event::Presence { contact, lit } => {
                self.people.set_lit(&contact, lit);
                self.nearby_asked.wanted = true;
            }
            Event::Near { contact, near } => {
                self.people.change(&contact, |contact| contact.near = near);
                self.nearby_asked.wanted = true;
            }
            // Own devices have no place in the view but where they are near.
            Event::DeviceAdded { .. } | Event::DeviceChanged { .. } | Event::DeviceRemoved { .. } => {
                self.nearby_asked.wanted = true;
            }
            Event::FileLimitChanged { .. } => self.space_asked.wanted = true,
            Event::Past { .. } => {}
            Event::Warning { text } => self.complain(text),
        }
    }

    fn added(&mut self, contact: Contact) {
        let (id, name) = (contact.id.clone(), tame_line(&contact.name));
        let first = self.people.is_empty();
        self.people.put(contact);
        self.tell(format!("{name} is a contact now."));
        if core::mem::take(&mut self.accepting) || first {
            self.people.choose(Some(id));
        }
        if matches!(self.overlay, Some(Overlay::Invite(_))) {
            self.overlay = None;
        }
    }

    fn group_added(&mut self, group: Group) {
        let id = group.id.clone();
        self.tell(format!("You are in the group {} now.", tame_line(&group.name)));
        self.people.put(group);
        if self.founded.as_ref() == Some(&id) {
            self.founded = None;
            self.people.choose(Some(id));
        }
    }

    /// A group was founded here, of which was told already or will be.
    fn founded(&mut self, id: String) {
        if self.people.get(&id).is_some() {
            self.people.choose(Some(id));
        } else {
            self.founded = Some(id);
        }
    }

    fn message(&mut self, message: Message, unread: u64) {
        self.people.change(&message.conversation, |contact| contact.unread = unread);
        let zone = self.zone.clone();
        let conversation = message.conversation.clone();
        if let Some(talk) = self.talk_with(&conversation) {
            talk.came(message, &zone);
        }
    }

    fn talk_with(&mut self, contact: &str) -> Option<&mut Talk> {
        self.talk.as_mut().filter(|talk| talk.contact == contact)
    }

    /// The safety code with a contact, if it is on the screen.
    fn safety_shown_of(&mut self, contact: &str) -> Option<&mut Safety> {
        match &mut self.overlay {
            Some(Overlay::Safety { contact: of, shown, .. }) if of.as_str() == contact => shown.as_mut(),
            _ => None,
        }
    }

    fn answered(&mut self, answer: Answer) {
        // A file takes its time, and nothing waits for it.
        if matches!(&answer, Answer::Done(Call::SendFile { .. }) | Answer::Refused(Call::SendFile { .. }, _)) {
            self.sending = self.sending.saturating_sub(1);
        } else {
            self.waiting.pop_front();
        }
        match answer {
            Answer::Nearby(nearby) => {
                self.nearby_asked.under_way = false;
                self.nearby = Some(tamed(nearby));
            }
            Answer::Transfers(transfers) => {
                self.transfers_asked.under_way = false;
                self.transfers = transfers;
            }
            Answer::FileSpace(space) => {
                self.space_asked.under_way = false;
                self.space = Some(space);
            }
            Answer::Founded(group) => self.founded(group),
            Answer::Fetched { contact, want, page } => {
                self.fetching = false;
                let unread = self.people.get(&contact).map_or(0, |contact| contact.unread);
                let zone = self.zone.clone();
                if let Some(talk) = self.talk_with(&contact) {
                    talk.fetched(want, page, unread, &zone);
                }
            }
            Answer::Said { ticket, contact, id } => {
                if let Some(talk) = self.talk_with(&contact) {
                    talk.said(ticket, id);
                }
            }
            Answer::Invited(invited) => {
                if let Some(Overlay::Invite(shown)) = &mut self.overlay {
                    *shown = Some(invited);
                }
            }
            Answer::Safety { contact, safety } => match &mut self.overlay {
                Some(Overlay::Safety { contact: of, shown, .. }) if *of == contact => *shown = Some(safety),
                _ => {}
            },
            Answer::Done(call) => self.done(call),
            Answer::Refused(call, reason) => self.refused(call, reason),
        }
    }

    fn done(&mut self, call: Call) {
        match call {
            Call::Light { app, on: true } => self.tell(format!("{app} is lit: contacts see that you are there.")),
            Call::Light { app, on: false } => self.tell(format!("{app} is dark.")),
            Call::SetName(name) => self.tell(format!("Contacts see you as {name} now.")),
            Call::Rename { name: Some(name), .. } => self.tell(format!("Called {name} now; nobody else sees that.")),
            Call::Rename { name: None, .. } => self.tell("Called what they call themselves."),
            Call::RenameGroup { name, .. } => self.tell(format!("It is called {name} now, for all its members.")),
            Call::Add { name, .. } => self.tell(format!("{name} is in the group now.")),
            Call::NameAdmin { name, admin: true, .. } => self.tell(format!("{name} is an admin of the group now.")),
            Call::NameAdmin { name, .. } => self.tell(format!("{name} is a member of the group like others.")),
            Call::Remove { name, .. } => self.tell(format!("{name} gets nothing more of this group.")),
            Call::Note { note: Some(_), .. } => self.tell("Noted; nobody else sees it."),
            Call::Note { note: None, .. } => self.tell("There is no note now."),
            Call::Forget { .. } => self.tell("Forgotten. You need a new invite to meet again."),
            Call::SendFile { conversation, .. } => {
                self.tell("The file is announced; it goes to whoever fetches it.");
                if let Some(talk) = self.talk_with(&conversation) {
                    talk.refresh();
                }
            }
            Call::FetchFile(_) => self.tell("Fetching it…"),
            Call::DeclineFile { name, .. } => self.tell(format!("{name} is declined.")),
            Call::TakeFileBack { name, .. } => self.tell(format!("{name} is taken back; whoever has it keeps it.")),
            Call::Dial { address, .. } => self.tell(format!("Dialling {address}…")),
            _ => {}
        }
    }

    fn refused(&mut self, call: Call, reason: String) {
        self.patient_until_ms = self.now_ms.saturating_add(limits::PATIENCE_MS);
        match call {
            Call::Fetch { .. } => self.fetching = false,
            Call::Say { ticket, contact, text } => self.unsaid(ticket, contact, &text),
            Call::MarkRead { contact, .. } => {
                if let Some(talk) = self.talk_with(&contact) {
                    talk.unmark();
                }
            }
            Call::Invite => self.overlay = None,
            Call::Safety { .. } | Call::MarkSafety { .. } if matches!(self.overlay, Some(Overlay::Safety { .. })) => {
                self.overlay = None;
            }
            Call::Accept { .. } => self.accepting = false,
            // They are asked for again in a while.
            Call::Nearby => return self.nearby_asked.refused(),
            Call::Transfers => return self.transfers_asked.refused(),
            Call::FileSpace => return self.space_asked.refused(),
            _ => {}
        }
        self.complain(reason);
    }

    /// What was not said is typed again.
    fn unsaid(&mut self, ticket: u64, contact: String, text: &str) {
        let put_back = |composer: &mut Composer| match composer.text() {
            typed if typed.is_empty() => composer.set(text),
            typed => composer.set(&format!("{text}\n{typed}")),
        };
        match self.talk_with(&contact).map(|talk| talk.unsaid(ticket)) {
            Some(()) => put_back(&mut self.composer),
            None => {
                let mut draft = self.drafts.remove(&contact).unwrap_or_default();
                put_back(&mut draft);
                self.keep_draft(contact, draft);
            }
        }
    }

    /// Brings everything that follows from the rest up to it.
    fn settle(&mut self) {
        self.open_chosen();
        if let Some(panes) = self.panes() {
            let history = self.chat_parts(panes.chat).history;
            if let Some(talk) = &mut self.talk {
                talk.under_way(&self.transfers);
                talk.lay(usize::from(history.width), usize::from(history.height));
            }
        }
        self.look_at_space();
        self.ask_what_is_wanted();
        self.fetch();
        self.look_at_what_is_shown();
        let title = match self.people.unread() {
            0 => "Lamplit".to_owned(),
            unread => format!("({unread}) Lamplit"),
        };
        if self.title != title {
            self.title.clone_from(&title);
            self.effects.push(Effect::Title(title));
        }
    }

    /// What files take is asked anew when the pane that shows it comes onto the screen, and when something tells of it.
    fn look_at_space(&mut self) {
        let shows = self.panes().is_some_and(|panes| !panes.nearby.is_empty());
        self.space_asked.wanted |= shows && !self.shows_space;
        self.shows_space = shows;
    }

    /// Opens the conversation with whoever the cursor is on, and keeps what was typed for the one before.
    fn open_chosen(&mut self) {
        let chosen = self.people.chosen().map(|contact| contact.id.clone());
        if self.talk.as_ref().map(|talk| &talk.contact) == chosen.as_ref() {
            return;
        }
        let typed = core::mem::take(&mut self.composer);
        let before = self.talk.take();
        self.composer = match (&chosen, before) {
            (Some(chosen), Some(before)) => {
                self.keep_draft(before.contact, typed);
                self.drafts.remove(chosen).unwrap_or_default()
            }
            (None, Some(before)) => {
                self.keep_draft(before.contact, typed);
                Composer::default()
            }
            (_, None) => typed,
        };
        self.talk = chosen.map(Talk::new);
    }

    fn keep_draft(&mut self, contact: String, draft: Composer) {
        if draft.is_empty() {
            return;
        }
        self.drafts.insert(contact.clone(), draft);
        if self.drafts.len() > limits::DRAFTS {
            let other = self.drafts.keys().find(|id| **id != contact).cloned();
            other.and_then(|id| self.drafts.remove(&id));
        }
    }

    const fn is_patient_no_more(&self) -> bool {
        self.now_ms >= self.patient_until_ms
    }

    fn ask_what_is_wanted(&mut self) {
        if self.down.is_some() || self.status.is_none() || !self.is_patient_no_more() {
            return;
        }
        if self.nearby_asked.begin() {
            self.call(Call::Nearby);
        }
        if self.transfers_asked.begin() {
            self.call(Call::Transfers);
        }
        if self.shows_space && self.space_asked.begin() {
            self.call(Call::FileSpace);
        }
    }

    fn fetch(&mut self) {
        let may = !self.fetching && self.down.is_none() && self.is_patient_no_more();
        let Some(talk) = self.talk.as_ref().filter(|_| may) else { return };
        let Some((want, before)) = talk.want() else { return };
        let contact = talk.contact.clone();
        self.fetching = true;
        self.call(Call::Fetch { contact, want, before });
    }

    /// What somebody looks at counts as read: the chat has the keyboard, nothing lies over it, the terminal is watched.
    fn look_at_what_is_shown(&mut self) {
        let looking = self.watched && self.focus == Focus::Chat && self.overlay.is_none() && self.down.is_none();
        if !looking || self.panes().is_none() || !self.is_patient_no_more() {
            return;
        }
        let Some(unread) = self.people.chosen().map(|contact| contact.unread) else { return };
        let Some(talk) = &mut self.talk else { return };
        if let Some(up_to) = talk.look(unread) {
            let contact = talk.contact.clone();
            self.call(Call::MarkRead { contact, up_to });
        }
    }

    /// What should be looked at, of the daemon's own.
    pub(crate) fn trouble(&self) -> Option<String> {
        match self.status.as_ref()? {
            Status { removed: true, .. } => Some(REMOVED.to_owned()),
            Status { storage: Storage::Failing { reason }, .. } => Some(tame_line(reason)),
            _ => None,
        }
    }
}

impl Asked {
    /// Whether it is to be asked now.
    const fn begin(&mut self) -> bool {
        let now = self.wanted && !self.under_way;
        if now {
            *self = Self { wanted: false, under_way: true };
        }
        now
    }

    const fn refused(&mut self) {
        *self = Self { wanted: true, under_way: false };
    }
}

/// What is said on a device whose owner removed it.
const REMOVED: &str = "this device was removed from its account: it hears and says nothing more";
/// Cells before what is typed.
pub(crate) const PROMPT: usize = 2;

#[cfg(test)]
pub(crate) mod tests;

//! What was said before a device joined its account: told by another device of the account, in parts.
//!
//! The one that lacks it asks with [`Recall`] and names how far it has come; each part is committed before the next is
//! asked for, so that a link may break anywhere. A few parts are under way at once. Until all is there, messages are not
//! taken in, since a conversation is in order of arrival; their senders keep them.

use std::collections::BTreeMap;

use lamplit_link::Link;
use lamplit_seal::StorageKey;
use lamplit_types::{ConversationId, DeviceId, LinkId, MessageId, Mono, limits::PAST_MESSAGES};
use lamplit_wire::{
    Body, FileCard, Frame, Past, PastContent, PastMessage, Recall,
    bounded::{Bytes, List},
};

use crate::{
    Node,
    db::{Typed, decode},
    inbox::Sender,
    io::Event,
    limits,
    line::{Flow, Stage, Talk, send},
    mail::Mail,
    rows::{self, Conversation, FileState, Message, What, key},
    step::{Step, Stepped},
    table::{Order, Read, Table},
};

/// What a device lacks of the past.
pub(crate) struct Lacking {
    row: rows::Past,
    /// How long to take no messages, for want of what was before them.
    until: Mono,
    /// Links over which messages came that were not taken.
    passed_over: bool,
}

/// How far a device has told the past to another one.
pub(crate) struct Telling {
    after: Vec<u8>,
    under_way: usize,
    told: u64,
    total: u64,
    done: bool,
}

impl Lacking {
    pub(crate) fn load(read: &impl Read, now: Mono) -> Stepped<Option<Self>> {
        let row: Option<rows::Past> = read.row(Table::Device, key::PAST)?;
        Ok(row.map(|row| Self { row, until: now.plus(limits::PAST_PATIENCE_MS), passed_over: false }))
    }

    /// When the waiting ends.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        self.passed_over.then_some(self.until)
    }
}

impl Node {
    /// Whether a message that comes has to wait until what was said before is here.
    pub(crate) fn waits_for_past(&mut self, now: Mono) -> bool {
        let Some(lacking) = self.lacking.as_mut().filter(|lacking| now < lacking.until) else { return false };
        lacking.passed_over = true;
        true
    }

    /// Asks another device of the account for the past, unless one tells it already.
    pub(crate) fn recall(&mut self, step: &mut Step<'_>, link: &mut Link, talk: &Talk) -> Stepped<Flow> {
        let Some(lacking) = &mut self.lacking else { return Ok(Flow::Go) };
        let teller = (talk.device, talk.life);
        if talk.account != self.device.account {
            return Ok(Flow::Go);
        }
        if lacking.row.from != Some(teller) {
            if lacking.row.from.is_some_and(|(device, _)| self.near.contains_key(&device)) {
                return Ok(Flow::Go);
            }
            // Each names the places of its conversations in its own way.
            lacking.row = rows::Past { from: Some(teller), ..rows::Past::default() };
            step.db.put(Table::Device, key::PAST, &lacking.row)?;
        }
        Ok(ask(step, link, &lacking.row.after))
    }

    /// Another device of the account asks for the past, or has committed a part of it.
    pub(crate) fn recall_came(
        &mut self,
        step: &mut Step<'_>,
        link: &mut Link,
        talk: &mut Talk,
        recall: &Recall,
    ) -> Stepped<Flow> {
        if talk.account != self.device.account {
            return Ok(Flow::End);
        }
        // It cannot tell what it lacks itself.
        if self.lacking.is_some() {
            return Ok(Flow::Go);
        }
        match &mut talk.telling {
            Some(telling) => telling.under_way = telling.under_way.saturating_sub(1),
            None => {
                let total = count_messages(step)?;
                let after = recall.after.to_vec();
                talk.telling = Some(Telling { after, under_way: 0, told: 0, total, done: false });
            }
        }
        tell_more(step, &self.secrets.vault, link, talk)
    }

    /// Asks whoever is there, if the device that told the past is gone.
    pub(crate) fn recall_from_any(&mut self, step: &mut Step<'_>) -> Stepped {
        let Some(lacking) = &self.lacking else { return Ok(()) };
        if lacking.row.from.is_some_and(|(device, _)| self.near.contains_key(&device)) {
            return Ok(());
        }
        let mine = |device: &DeviceId| self.people.account_of(device) == Some(self.device.account);
        let Some(id) = self.near.iter().find(|(device, _)| mine(device)).map(|(_, id)| *id) else { return Ok(()) };
        let Some(mut line) = self.links.remove(&id) else { return Ok(()) };
        let flow = match &mut line.stage {
            Stage::Known(talk) if talk.heard && !talk.expired => self.recall(step, &mut line.link, talk)?,
            _ => Flow::Go,
        };
        self.touched.insert(id);
        self.links.insert(id, line);
        if flow == Flow::End { self.end_link(step, id, None) } else { Ok(()) }
    }

    /// A part of the past came.
    pub(crate) fn past_came(&mut self, step: &mut Step<'_>, link: &mut Link, talk: &Talk, past: Past) -> Stepped<Flow> {
        if talk.account != self.device.account {
            return Ok(Flow::End);
        }
        let Some(mut lacking) = self.lacking.take() else { return Ok(Flow::Go) };
        if lacking.row.from != Some((talk.device, talk.life)) {
            self.lacking = Some(lacking);
            return Ok(Flow::Go);
        }
        let many = u64::try_from(past.messages.len()).unwrap_or(u64::MAX);
        self.keep_past(step, &past.messages)?;
        lacking.row.told = lacking.row.told.saturating_add(many);
        let (told, device) = (lacking.row.told, talk.device);
        step.tell(Event::Past { device, gives: false, told, total: past.total.max(told), last: past.last });
        if past.last {
            step.db.remove(Table::Device, key::PAST);
            self.begin_anew_after_past();
            let flow = ask(step, link, &past.after);
            return Ok(if talk.passed_over { Flow::End } else { flow });
        }
        lacking.row.after = past.after.into_vec();
        lacking.until = step.now.mono.plus(limits::PAST_PATIENCE_MS);
        step.db.put(Table::Device, key::PAST, &lacking.row)?;
        let flow = ask(step, link, &lacking.row.after);
        self.lacking = Some(lacking);
        Ok(flow)
    }

    /// It has waited long enough for the past: what is said now is taken in before it.
    pub(crate) fn stop_waiting_for_past(&mut self, step: &Step<'_>) -> Stepped {
        let Some(lacking) = &mut self.lacking else { return Ok(()) };
        if lacking.until <= step.now.mono && core::mem::take(&mut lacking.passed_over) {
            self.begin_anew_after_past();
        }
        Ok(())
    }

    /// What was not taken in comes again over new links.
    fn begin_anew_after_past(&mut self) {
        let deaf = |stage: &Stage| matches!(stage, Stage::Known(talk) if talk.passed_over);
        let links: Vec<LinkId> = self.links.iter().filter(|(_, line)| deaf(&line.stage)).map(|(id, _)| *id).collect();
        self.ending.extend(links);
    }

    /// Takes in messages of the past: those that are not here, in their order, and how far the others have come.
    fn keep_past(&mut self, step: &mut Step<'_>, messages: &[PastMessage]) -> Stepped {
        let mut changed: BTreeMap<ConversationId, Conversation> = BTreeMap::new();
        for past in messages {
            let with = past.conversation;
            let mut conversation = match changed.get(&with) {
                Some(conversation) => conversation.clone(),
                None => step.db.row(Table::Conversations, &key::conversation(with))?.unwrap_or_default(),
            };
            if let Some(at) = step.db.get(Table::MessageIndex, past.id.as_bytes())? {
                self.further(step, &at, past)?;
                continue;
            }
            conversation.last = conversation.last.saturating_add(1);
            let at = key::numbered(&key::conversation(with), conversation.last);
            if past.shown && conversation.unread == 0 {
                conversation.read = conversation.last;
            } else if past.shown {
                conversation.shown_ahead.insert(conversation.last);
            } else if past.from != self.device.account {
                conversation.unread = conversation.unread.saturating_add(1);
            }
            let what = match &past.content {
                PastContent::Text(text) => What::Text(text.clone()),
                PastContent::File(card) => {
                    self.keep_past_file(step, past, card)?;
                    What::File(card.blob)
                }
            };
            let PastMessage { id, from, device, sent, arrived, progress, .. } = *past;
            let message = Message { id, from, device, what, sent, arrived, progress };
            step.db.put(Table::Messages, &at, &message)?;
            step.db.put_bytes(Table::MessageIndex, past.id.as_bytes(), at);
            changed.insert(with, conversation);
        }
        for (with, conversation) in changed {
            step.db.put(Table::Conversations, &key::conversation(with), &conversation)?;
        }
        Ok(())
    }

    /// A file of the past is offered as any other.
    fn keep_past_file(&self, step: &mut Step<'_>, past: &PastMessage, card: &FileCard) -> Stepped {
        // An id stands for one file for good.
        if step.db.get(Table::Files, card.blob.as_bytes())?.is_some() {
            return Ok(());
        }
        self.keep_file(step, past.from, past.conversation, past.id, card, FileState::Offered)
    }

    /// A message that is here may have come further elsewhere.
    fn further(&self, step: &mut Step<'_>, at: &[u8], past: &PastMessage) -> Stepped {
        let Some(message) = step.db.row::<Message>(Table::Messages, at)? else { return Ok(()) };
        if message.progress < past.progress {
            step.db.put(Table::Messages, at, &Message { progress: past.progress, ..message })?;
            if let Some(progress) = past.progress {
                step.tell(Event::Progress { conversation: past.conversation, id: past.id, progress });
            }
        }
        Ok(())
    }

    /// Another device of the account told of one message.
    pub(crate) fn told_came(&mut self, step: &mut Step<'_>, past: &PastMessage) -> Stepped {
        let new = step.db.get(Table::MessageIndex, past.id.as_bytes())?.is_none();
        self.keep_past(step, core::slice::from_ref(past))?;
        if new {
            let PastMessage { conversation, id, from, device, .. } = *past;
            step.tell(Event::Message { conversation, id, from, device });
        }
        Ok(())
    }

    /// What a device said that does not know all of the account's devices is told to those that it does not know.
    pub(crate) fn pass_on(
        &mut self,
        step: &mut Step<'_>,
        from: Sender,
        with: ConversationId,
        id: MessageId,
    ) -> Stepped {
        let Some(lacking) = self.behind.get(&from.device).cloned() else { return Ok(()) };
        let Some(at) = step.db.get(Table::MessageIndex, id.as_bytes())? else { return Ok(()) };
        let Some(message) = step.db.row::<Message>(Table::Messages, &at)? else { return Ok(()) };
        let sent = message.sent;
        let Some(past) = past_message(&step.db, &self.secrets.vault, with, &message, false)? else { return Ok(()) };
        let body = Body::Told(past);
        let mail = Mail { conversation: with, sent, body };
        for device in lacking {
            if self.people.account_of(&device) == Some(self.device.account) && device != from.device {
                self.post_to(step, device, &mail)?;
            }
        }
        Ok(())
    }

    /// Devices that an account has now and had not before get what still waits for its others. All that was said goes to
    /// each of them in one order, so the one for which most waits lacks what any of them lacks.
    pub(crate) fn copy_mail(&mut self, step: &mut Step<'_>, new: &[DeviceId], old: &[DeviceId]) -> Stepped {
        let mut fullest: Option<(usize, DeviceId)> = None;
        for device in old.iter().filter(|device| **device != self.device.device) {
            let waiting = step.db.scan(Table::Outbox, device.as_bytes(), None, Order::Up, limits::OUTBOX_ROWS)?.len();
            if waiting > fullest.map_or(0, |(most, _)| most) {
                fullest = Some((waiting, *device));
            }
        }
        let Some((_, from)) = fullest else { return Ok(()) };
        let me = self.device.device;
        for to in new.iter().filter(|device| **device != me) {
            let mut after: Option<Vec<u8>> = None;
            loop {
                let rows = step.db.scan(Table::Outbox, from.as_bytes(), after.as_deref(), Order::Up, limits::BATCH)?;
                let Some((last, _)) = rows.last() else { break };
                after = Some(last.clone());
                for (at, sealed) in rows {
                    let waits: rows::Outgoing = crate::db::open_row(&self.secrets.vault, Table::Outbox, &at, &sealed)?;
                    if !matches!(waits.body, Body::Grant(_) | Body::Keys(_)) {
                        let mail = Mail { conversation: waits.conversation, sent: waits.sent, body: waits.body };
                        self.post_to(step, *to, &mail)?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn ask(step: &Step<'_>, link: &mut Link, after: &[u8]) -> Flow {
    let after = Bytes::try_from(after.to_vec()).unwrap_or_default();
    send(link, step.now, &Frame::Recall(Recall { after }))
}

fn count_messages(step: &Step<'_>) -> Stepped<u64> {
    let mut total = 0_u64;
    for (_, value) in step.db.scan(Table::Conversations, &[], None, Order::Up, limits::CONVERSATIONS)? {
        let conversation: Conversation = decode(Table::Conversations, &value)?;
        total = total.saturating_add(conversation.last);
    }
    Ok(total)
}

/// Sends as many parts as may be under way.
fn tell_more(step: &mut Step<'_>, vault: &StorageKey, link: &mut Link, talk: &mut Talk) -> Stepped<Flow> {
    let Some(telling) = &mut talk.telling else { return Ok(Flow::Go) };
    // One is always under way, or nothing would ask for the next.
    while !telling.done
        && telling.under_way < limits::PAST_WINDOW
        && (telling.under_way == 0 || link.queued() <= limits::PUMP_BYTES)
    {
        let (messages, after, last) = part_after(&step.db, vault, &telling.after)?;
        telling.told = telling.told.saturating_add(u64::try_from(messages.len()).unwrap_or(0));
        telling.after.clone_from(&after);
        telling.done = last;
        telling.under_way = telling.under_way.saturating_add(1);
        let (told, total) = (telling.told, telling.total.max(telling.told));
        step.tell(Event::Past { device: talk.device, gives: true, told, total, last });
        let past = Past { messages, after: Bytes::try_from(after).unwrap_or_default(), total, last };
        if send(link, step.now, &Frame::Past(past)) == Flow::End {
            return Ok(Flow::End);
        }
    }
    if telling.done && telling.under_way == 0 {
        talk.telling = None;
    }
    Ok(Flow::Go)
}

type Part = (List<PastMessage, PAST_MESSAGES>, Vec<u8>, bool);

/// The next part of all conversations, where the one after it begins, and whether it is the last.
fn part_after(db: &impl Read, vault: &StorageKey, after: &[u8]) -> Stepped<Part> {
    let mut messages = List::new();
    let mut size = 0_usize;
    let mut at_last = after.to_vec();
    let from = (!after.is_empty()).then_some(after);
    let rows = db.scan(Table::Messages, &[], from, Order::Up, PAST_MESSAGES)?;
    let is_end = rows.len() < PAST_MESSAGES;
    let mut read: Option<(ConversationId, Conversation)> = None;
    for (at, value) in rows {
        let Some(with) = key::conversation_of(&at) else { continue };
        let message: Message = decode(Table::Messages, &value)?;
        let room =
            if matches!(message.what, What::File(_)) { limits::PAST_FILE_BYTES } else { limits::PAST_FRAME_BYTES };
        size = size.saturating_add(value.len()).saturating_add(room);
        if size > limits::DELTA_BYTES && !messages.is_empty() {
            return Ok((messages, at_last, false));
        }
        let conversation = match read.take() {
            Some((of, conversation)) if of == with => conversation,
            _ => db.row::<Conversation>(Table::Conversations, &key::conversation(with))?.unwrap_or_default(),
        };
        let shown = key::number_of(&at).is_some_and(|index| conversation.has_shown(index));
        read = Some((with, conversation));
        if let Some(past) = past_message(db, vault, with, &message, shown)? {
            // There are no more rows than fit.
            let _ = messages.push(past);
        }
        at_last = at;
    }
    Ok((messages, at_last, is_end))
}

/// A message as it is told; `None` if it is a file of which nothing is known here.
fn past_message(
    db: &impl Read,
    vault: &StorageKey,
    conversation: ConversationId,
    message: &Message,
    shown: bool,
) -> Stepped<Option<PastMessage>> {
    let content = match &message.what {
        What::Text(text) => PastContent::Text(text.clone()),
        What::File(blob) => {
            let at = blob.as_bytes();
            let file: Option<rows::File> = db.row(Table::Files, at)?;
            let key: Option<[u8; 32]> = db.sealed(vault, Table::FileKeys, at)?;
            let (Some(file), Some(key)) = (file, key) else { return Ok(None) };
            let preview = Bytes::try_from(db.get(Table::Previews, at)?.unwrap_or_default()).unwrap_or_default();
            let rows::File { hash, size, name, media, caption, .. } = file;
            PastContent::File(Box::new(FileCard { blob: *blob, key, hash, size, name, media, preview, caption }))
        }
    };
    let Message { id, from, device, sent, arrived, progress, .. } = *message;
    Ok(Some(PastMessage { conversation, id, from, device, sent, arrived, progress, shown, content }))
}

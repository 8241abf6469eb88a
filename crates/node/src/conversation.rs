//! Conversations: what was said, by whom, and how far it has come.

use lamplit_types::{AccountId, ConversationId, Hlc, MessageId, Text, limits::RECEIPT_IDS};
use lamplit_wire::{Body, Progress, bounded::List};

use crate::{
    Node,
    db::Typed,
    inbox::Sender,
    io::{CommandError, Event},
    limits,
    mail::Mail,
    rows::{Conversation, Message, What, key},
    sabotage::Sabotage,
    step::{Step, Stepped},
    table::{Order, Read, ReadError, Table},
};

impl Node {
    /// The user says something.
    pub(crate) fn say(
        &mut self,
        step: &mut Step<'_>,
        to: ConversationId,
        text: Text,
    ) -> Stepped<Result<MessageId, CommandError>> {
        let Some(others) = self.others_in(to) else {
            return Ok(Err(match to {
                ConversationId::Account(_) => CommandError::UnknownContact,
                ConversationId::Group(_) => CommandError::UnknownGroup,
            }));
        };
        for other in &others {
            if !self.has_room_for(step, *other)? {
                return Ok(Err(CommandError::OutboxFull));
            }
        }
        let id = MessageId::from_bytes(step.random());
        let sent = self.tick(step)?;
        let me = self.device.account;
        let message = Message {
            id,
            from: me,
            device: self.device.device,
            what: What::Text(text.clone()),
            sent,
            arrived: step.now.wall,
            progress: None,
        };
        self.keep_message(step, to, &message)?;
        self.expect_reach(step, to, id)?;
        let mail = Mail { conversation: to, sent, body: Body::Text { id, text } };
        let others = if self.has_bug(Sabotage::WrongAudience) { self.people.contacts() } else { others };
        for to in others {
            self.post(step, to, &mail)?;
        }
        self.post(step, me, &mail)?;
        Ok(Ok(id))
    }

    /// The accounts that take part in a conversation beside this one; `None` if it is with nobody who is known.
    pub(crate) fn others_in(&self, conversation: ConversationId) -> Option<Vec<AccountId>> {
        match conversation {
            ConversationId::Account(with) => self.people.contact(with).map(|_| vec![with]),
            ConversationId::Group(group) => self.others_in_group(group),
        }
    }

    /// A message is let through, in its sender's order.
    pub(crate) fn deliver(
        &mut self,
        step: &mut Step<'_>,
        from: Sender,
        conversation: ConversationId,
        sent: Hlc,
        body: Body,
    ) -> Stepped {
        let own = from.account == self.device.account;
        match body {
            Body::Group(part) => return self.group_posted(step, from, conversation, sent, *part),
            Body::GroupWanted => return self.group_wanted(step, from, conversation),
            _ => {}
        }
        let with = match conversation {
            _ if own => conversation,
            ConversationId::Account(with) if with == self.device.account && self.is_friend(from.account) => {
                from.account.into()
            }
            ConversationId::Group(group) if self.hears_in_group(group, from.account) => conversation,
            // What came through the server may be here before the word of who is in the group.
            ConversationId::Group(group) => return self.wait_for_group(step, from, group, sent, body),
            // What somebody says in a conversation with somebody else is not for here.
            ConversationId::Account(_) => return Ok(()),
        };
        self.written_at(step, from.account, sent);
        match body {
            Body::Text { id, text } => self.text_came(step, from, with, sent, id, text),
            Body::Receipt { progress, ids } => {
                for id in ids.iter() {
                    match own {
                        true => self.shown_elsewhere(step, with, *id, progress)?,
                        false => {
                            self.progressed(step, from.account, with, *id, progress)?;
                            self.pass_on(step, from, with, *id)?;
                        }
                    }
                }
                Ok(())
            }
            Body::Grant(grant) if !own && self.is_friend(from.account) => self.keep_grant(step, from.account, &grant),
            Body::Told(past) if own => self.told_came(step, &past),
            Body::Keys(keys) if own => self.keys_came(step, &keys),
            Body::Pair(gift) if !own && self.is_friend(from.account) => self.pair_came(step, from.account, &gift),
            Body::Grant(_) | Body::Told(_) | Body::Keys(_) | Body::Pair(_) => Ok(()),
            // They come without a number, and are no part of what is said.
            Body::Heard(_) | Body::Unreadable { .. } => Ok(()),
            Body::Group(_) | Body::GroupWanted => Ok(()),
            Body::File { id, card } => self.file_came(step, from, with, sent, id, *card),
            Body::FileNote { id, note } => self.file_noted(step, from.account, with, id, note),
        }
    }

    fn text_came(
        &mut self,
        step: &mut Step<'_>,
        from: Sender,
        with: ConversationId,
        sent: Hlc,
        id: MessageId,
        text: Text,
    ) -> Stepped {
        let what = What::Text(text);
        let message =
            Message { id, from: from.account, device: from.device, what, sent, arrived: step.now.wall, progress: None };
        if !self.keep_message(step, with, &message)? {
            return Ok(());
        }
        step.tell(Event::Message { conversation: with, id, from: from.account, device: from.device });
        self.pass_on(step, from, with, id)?;
        if from.account == self.device.account {
            self.expect_reach(step, with, id)?;
            return self.receipts_that_were_early(step, id);
        }
        self.post_receipt(step, from.account, with, Progress::Delivered, &[id])
    }

    /// Adds a message to its conversation, unless it is there.
    pub(crate) fn keep_message(
        &mut self,
        step: &mut Step<'_>,
        with: ConversationId,
        message: &Message,
    ) -> Stepped<bool> {
        if step.db.get(Table::MessageIndex, message.id.as_bytes())?.is_some() && !self.has_bug(Sabotage::NoDedupe) {
            return Ok(false);
        }
        let row: Option<Conversation> = step.db.row(Table::Conversations, &key::conversation(with))?;
        let mut conversation = row.unwrap_or_default();
        conversation.last = conversation.last.saturating_add(1);
        if message.from != self.device.account {
            conversation.unread = conversation.unread.saturating_add(1);
        }
        let at = key::numbered(&key::conversation(with), conversation.last);
        step.db.put(Table::Messages, &at, message)?;
        step.db.put_bytes(Table::MessageIndex, message.id.as_bytes(), at);
        step.db.put(Table::Conversations, &key::conversation(with), &conversation)?;
        Ok(true)
    }

    pub(crate) fn post_receipt(
        &mut self,
        step: &mut Step<'_>,
        to: AccountId,
        conversation: ConversationId,
        progress: Progress,
        ids: &[MessageId],
    ) -> Stepped {
        for ids in ids.chunks(RECEIPT_IDS) {
            let Ok(ids) = List::try_from(ids.to_vec()) else { continue };
            let sent = self.device.clock;
            self.post_late(step, to, &Mail { conversation, sent, body: Body::Receipt { progress, ids } })?;
        }
        Ok(())
    }

    /// A message of another device of the account is here: how far it has come may be known already.
    pub(crate) fn receipts_that_were_early(&mut self, step: &mut Step<'_>, id: MessageId) -> Stepped {
        let (now, later) = core::mem::take(&mut self.early_receipts).into_iter().partition(|(of, ..)| *of == id);
        self.early_receipts = later;
        let now: std::collections::VecDeque<_> = now;
        for (id, by, with, progress) in now {
            self.progressed(step, by, with, id, progress)?;
        }
        Ok(())
    }

    /// Somebody told how far messages of this account have come.
    fn progressed(
        &mut self,
        step: &mut Step<'_>,
        by: AccountId,
        with: ConversationId,
        id: MessageId,
        progress: Progress,
    ) -> Stepped {
        let Some((at, message)) = self.find(step, with, id)? else {
            // What another device of the account said may come after the answer to it.
            self.early_receipts.push_back((id, by, with, progress));
            if self.early_receipts.len() > limits::EARLY_RECEIPTS {
                self.early_receipts.pop_front();
            }
            return Ok(());
        };
        if message.from != self.device.account || message.progress >= Some(progress) {
            return Ok(());
        }
        if let ConversationId::Group(_) = with {
            let Some(reached) = self.reached(step, id, by, progress)? else { return Ok(()) };
            step.tell(Event::Progress { conversation: with, id, progress });
            // As far as with all of them.
            return match reached.filter(|reached| message.progress < Some(*reached)) {
                Some(reached) => step.db.put(Table::Messages, &at, &Message { progress: Some(reached), ..message }),
                None => Ok(()),
            };
        }
        step.db.put(Table::Messages, &at, &Message { progress: Some(progress), ..message })?;
        step.tell(Event::Progress { conversation: with, id, progress });
        Ok(())
    }

    /// Another device of the owner showed messages to them.
    fn shown_elsewhere(&self, step: &mut Step<'_>, with: ConversationId, id: MessageId, progress: Progress) -> Stepped {
        let Some((at, _)) = self.find(step, with, id)? else { return Ok(()) };
        let Some(index) = key::number_of(&at).filter(|_| progress == Progress::Read) else { return Ok(()) };
        let row: Option<Conversation> = step.db.row(Table::Conversations, &key::conversation(with))?;
        let Some(mut conversation) = row.filter(|row| !row.has_shown(index)) else { return Ok(()) };
        // The two may have them in different orders: what came here before it may not have been shown there.
        conversation.shown_ahead.insert(index);
        if conversation.shown_ahead.len() > limits::SHOWN_AHEAD {
            conversation.shown_ahead.pop_first();
        }
        self.count_unread(step, with, conversation)
    }

    fn find(&self, step: &Step<'_>, with: ConversationId, id: MessageId) -> Stepped<Option<(Vec<u8>, Message)>> {
        let Some(at) = step.db.get(Table::MessageIndex, id.as_bytes())? else { return Ok(None) };
        if !at.starts_with(&key::conversation(with)) {
            return Ok(None);
        }
        let message = step.db.row(Table::Messages, &at)?.ok_or(ReadError::Corrupt { table: Table::Messages })?;
        Ok(Some((at, message)))
    }

    /// A conversation was shown to the user up to some message: its writer hears of it, and the user's other devices.
    pub(crate) fn mark_read(&mut self, step: &mut Step<'_>, with: ConversationId, up_to: u64) -> Stepped {
        let row: Option<Conversation> = step.db.row(Table::Conversations, &key::conversation(with))?;
        let Some(conversation) = row.filter(|row| row.unread > 0) else { return Ok(()) };
        let mut ids: Vec<(AccountId, MessageId)> = Vec::new();
        let mut from = key::numbered(&key::conversation(with), conversation.read);
        loop {
            let rows =
                step.db.scan(Table::Messages, &key::conversation(with), Some(&from), Order::Up, limits::BATCH)?;
            let Some((last, _)) = rows.last() else { break };
            from = last.clone();
            let beyond = key::number_of(&from).is_some_and(|index| index > up_to);
            for (at, value) in rows {
                let message: Message = crate::db::decode(Table::Messages, &value)?;
                let shown = key::number_of(&at).is_some_and(|index| index <= up_to);
                if shown && message.from != self.device.account {
                    ids.push((message.from, message.id));
                }
            }
            if beyond {
                break;
            }
        }
        self.note_read(step, with, conversation.last.min(up_to))?;
        if self.is_removed() {
            return Ok(());
        }
        for other in self.others_in(with).unwrap_or_default() {
            let theirs = ids.iter().filter(|(writer, _)| *writer == other);
            let theirs: Vec<MessageId> = theirs.map(|(_, id)| *id).collect();
            self.post_receipt(step, other, with, Progress::Read, &theirs)?;
        }
        let ids: Vec<MessageId> = ids.into_iter().map(|(_, id)| id).collect();
        self.post_receipt(step, self.device.account, with, Progress::Read, &ids)
    }

    fn note_read(&self, step: &mut Step<'_>, with: ConversationId, index: u64) -> Stepped {
        let row: Option<Conversation> = step.db.row(Table::Conversations, &key::conversation(with))?;
        let Some(mut conversation) = row.filter(|row| row.read < index) else { return Ok(()) };
        conversation.read = index;
        self.count_unread(step, with, conversation)
    }

    /// Counts what was not shown. What lies before the first of it is read as a whole.
    fn count_unread(&self, step: &mut Step<'_>, with: ConversationId, mut conversation: Conversation) -> Stepped {
        let from = key::numbered(&key::conversation(with), conversation.read);
        let mut unread = 0_u64;
        for (at, value) in
            step.db.scan(Table::Messages, &key::conversation(with), Some(&from), Order::Up, limits::UNREAD)?
        {
            let message: Message = crate::db::decode(Table::Messages, &value)?;
            let index = key::number_of(&at).unwrap_or_default();
            let is_new = message.from != self.device.account && !conversation.has_shown(index);
            unread = unread.saturating_add(u64::from(is_new));
            if unread == 0 {
                conversation.read = index;
            }
        }
        let read = conversation.read;
        conversation.shown_ahead.retain(|index| *index > read);
        conversation.unread = unread;
        step.db.put(Table::Conversations, &key::conversation(with), &conversation)?;
        step.tell(match with {
            ConversationId::Account(account) => Event::ContactChanged(account),
            ConversationId::Group(group) => Event::GroupChanged(group),
        });
        Ok(())
    }
}

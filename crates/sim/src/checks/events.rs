//! What a device tells is true, and committed.

use lamplit_node::{Answer, Command, Event, view, view::ContactView};
use lamplit_types::{AccountId, ConversationId, MessageId, Name, Text};

use crate::{
    device::Device,
    failure::{Done, Failure, Rule},
    world::World,
};

impl World {
    /// Holds what a device tells against what it has committed.
    pub(crate) fn check_events(&self, at: usize, new: &[MessageId], events: &[Event]) -> Done {
        let device = self.device(at)?;
        let mut told = Vec::new();
        for event in events {
            match event {
                Event::Message { id, .. } => told.push(*id),
                Event::Answer(number, Ok(answer)) => self.check_answer(at, *number, answer, events)?,
                Event::Progress { id, progress, .. } => {
                    let message = view::message(&device.mirror, *id).map_err(Failure::simulation)?;
                    if message.is_none_or(|message| message.progress < Some(*progress)) {
                        return broken(device, Rule::Committed, "tells of a progress that is not written down");
                    }
                }
                Event::ContactAdded(account) if !device.knows(*account) && !tells_removal(events, account) => {
                    return broken(device, Rule::Committed, "tells of a contact that is not written down");
                }
                Event::ContactRemoved(account) if device.knows(*account) && !tells_addition(events, account) => {
                    return broken(device, Rule::Committed, "tells that a contact is gone who is not");
                }
                Event::Presence(account) => self.check_lit(at, *account)?,
                _ => {}
            }
        }
        self.check_told(device, new, &told, events)
    }

    /// A device did what it answers that it did.
    fn check_answer(&self, at: usize, number: u64, answer: &Answer, events: &[Event]) -> Done {
        let device = self.device(at)?;
        if let Answer::Saying(id) = answer
            && !device.has(id)
        {
            return broken(device, Rule::Committed, "says that a message is kept, which is not");
        }
        let Some(command) = device.running.as_ref().and_then(|running| running.asked.get(&number)) else {
            return Ok(());
        };
        // Of several commands in one batch the last one of a kind is seen.
        let answers = events.iter().filter(|event| matches!(event, Event::Answer(..))).count();
        if answers > 1 {
            return Ok(());
        }
        // What another device of the account wrote, by a clock that is ahead of this one's, may have come in the same batch.
        let now = self.clock(at).wall;
        let is_later =
            |value: Option<&str>| value.and_then(|value| self.model.edit(value)).is_some_and(|edit| edit.wall > now);
        let contact = |account: AccountId| view::contact(&device.mirror, account).map_err(Failure::simulation);
        let obeyed = match command {
            Command::RenameContact { contact: who, alias } => {
                let is_it =
                    |shown: ContactView| shown.alias == *alias || is_later(shown.alias.as_ref().map(Name::as_str));
                contact(*who)?.is_none_or(is_it)
            }
            Command::SetNote { contact: who, note } => {
                let is_it = |shown: ContactView| shown.note == *note || is_later(shown.note.as_ref().map(Text::as_str));
                contact(*who)?.is_none_or(is_it)
            }
            Command::RemoveContact(who) => contact(*who)?.is_none(),
            Command::MarkRead { conversation, .. } => {
                // What came in the same batch may have come after it was read.
                let shown = conversation.account().map(contact).transpose()?.flatten();
                shown.is_none_or(|shown| shown.unread == 0 || tells_message(events, conversation))
            }
            Command::SetName(name) => {
                let shown = view::me(&device.mirror).map_err(Failure::simulation)?.name;
                shown == *name || is_later(Some(shown.as_str()))
            }
            _ => true,
        };
        if obeyed { Ok(()) } else { broken(device, Rule::Obeyed, &format!("did not do {}", words(command))) }
    }

    /// Every message that came is told of, once.
    fn check_told(&self, device: &Device, new: &[MessageId], told: &[MessageId], events: &[Event]) -> Done {
        for (place, id) in told.iter().enumerate() {
            if told.iter().take(place).any(|earlier| earlier == id) || !new.contains(id) {
                return broken(device, Rule::Once, "tells of a message that it told of before");
            }
        }
        for id in new {
            let from_here = self
                .model
                .by_id(id)
                .is_some_and(|said| self.devices.get(said.author).is_some_and(|author| author.id == device.id));
            // What was said before it joined comes in parts, and is told of as a whole.
            let of_the_past = events.iter().any(|event| matches!(event, Event::Past { gives: false, .. }));
            if !from_here && !of_the_past && !told.contains(id) {
                return broken(device, Rule::Obeyed, "does not tell of a message that came");
            }
        }
        Ok(())
    }
}

const fn words(command: &Command) -> &'static str {
    match command {
        Command::RenameContact { .. } => "rename a contact",
        Command::SetNote { .. } => "keep a note",
        Command::RemoveContact(_) => "remove a contact",
        Command::MarkRead { .. } => "mark a conversation as read",
        Command::SetName(_) => "take a name",
        _ => "what it was told",
    }
}

fn tells_removal(events: &[Event], of: &AccountId) -> bool {
    events.iter().any(|event| matches!(event, Event::ContactRemoved(account) if account == of))
}

fn tells_addition(events: &[Event], of: &AccountId) -> bool {
    events.iter().any(|event| matches!(event, Event::ContactAdded(account) if account == of))
}

fn tells_message(events: &[Event], with: &ConversationId) -> bool {
    events.iter().any(|event| matches!(event, Event::Message { conversation, .. } if conversation == with))
}

fn broken<T>(device: &Device, rule: Rule, what: &str) -> Done<T> {
    Err(Failure::broken(rule, format!("{} {what}", device.name)))
}

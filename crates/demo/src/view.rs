use lamplit_rpc::api::{Contact, FileState, Message, Status};

/// What one device shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct View {
    /// How it is; `None` while its daemon is off.
    pub(crate) status: Option<Status>,
    /// The one contact it has in this story.
    pub(crate) contact: Option<Contact>,
    /// Their conversation, oldest first.
    pub(crate) messages: Vec<Message>,
}

impl View {
    /// Where the contact is, in words.
    pub(crate) fn reach(&self) -> &'static str {
        match (&self.status, &self.contact) {
            (None, _) => "daemon off",
            (Some(_), None) => "knows nobody yet",
            (Some(_), Some(contact)) if contact.near => "linked, end-to-end encrypted",
            (Some(_), Some(_)) => "not near",
        }
    }
}

/// What a message says; of a file, its name.
pub(crate) fn words(message: &Message) -> &str {
    message.file.as_ref().map_or(&message.text, |file| &file.name)
}

/// Whether a message is a file that is here.
pub(crate) fn is_here(message: &Message) -> bool {
    message.file.as_ref().is_some_and(|file| matches!(file.state, FileState::Here { .. }))
}

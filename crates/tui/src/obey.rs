//! What is done about a line once it is typed.

use lamplit_rpc::api::{Compared, Member, Message, Role};

use crate::{
    calls::{Call, Effect},
    command::{self, Command, Typed},
    limits,
    peer::{Circle, Peer},
    state::{Overlay, State},
};

impl State {
    pub(crate) fn enter(&mut self) {
        let text = self.composer.text();
        match command::read(&text) {
            Typed::Words(words) => self.say(&words),
            Typed::Wrong(why) => self.complain(why),
            Typed::Command(command) => {
                if let Some(why) = objection(self.people.chosen(), &command) {
                    return self.complain(why);
                }
                if self.is_down() || self.sends_enough(&command) {
                    return;
                }
                self.composer.take();
                self.obey(command);
            }
        }
    }

    fn say(&mut self, words: &str) {
        if words.trim().is_empty() || self.is_down() {
            return;
        }
        let ticket = self.ticket();
        let Some(talk) = &mut self.talk else {
            return self.complain("Nobody is there to say it to: /invite makes an invite, /accept takes one");
        };
        let contact = talk.contact.clone();
        if !talk.say(ticket, words) {
            return self.complain("Too much is on its way to the daemon: wait a moment");
        }
        self.composer.take();
        self.call(Call::Say { ticket, contact, text: words.to_owned() });
    }

    /// Whether nothing can be asked for; what is typed stays.
    fn is_down(&mut self) -> bool {
        if self.down.is_some() {
            self.complain("Not now: the daemon is not running. What is typed stays here.");
        }
        self.down.is_some()
    }

    /// Whether a file is to be sent while many are; what is typed stays.
    fn sends_enough(&mut self, command: &Command) -> bool {
        let enough = matches!(command, Command::Send { .. }) && self.sending >= limits::SENDING;
        if enough {
            let sending = self.sending;
            self.complain(format!("{sending} files are being read: send this one when they are announced."));
        }
        enough
    }

    fn send_file(&mut self, conversation: String, path: &str, keep_metadata: bool) {
        // What a file manager pastes may be in quotes.
        let path = path.trim_matches(|c| matches!(c, '\'' | '"')).to_owned();
        if path.starts_with('/') {
            self.tell("The file is being read…");
            self.call(Call::SendFile { conversation, path, keep_metadata });
        } else {
            self.complain("Which file? Its whole path is needed, from / on.");
        }
    }

    fn obey(&mut self, command: Command) {
        let Some(command) = self.obey_alone(command) else { return };
        let Some(peer) = self.people.chosen().cloned() else { return };
        match peer.circle {
            Some(_) => self.obey_in_group(command, peer),
            None => self.obey_with_contact(command, peer),
        }
    }

    /// Does what needs nobody to be chosen, and hands back the rest.
    fn obey_alone(&mut self, command: Command) -> Option<Command> {
        match command {
            Command::Invite => {
                self.overlay = Some(Overlay::Invite(None));
                self.call(Call::Invite);
            }
            Command::Accept(link) => self.begin_accepting(link),
            Command::On(app) => self.call(Call::Light { app, on: true }),
            Command::Off(app) => self.call(Call::Light { app, on: false }),
            Command::Name(name) => self.call(Call::SetName(name)),
            Command::Fetch => self.with_offered(|message, _| Call::FetchFile(message)),
            Command::Decline => self.with_offered(|message, name| Call::DeclineFile { message, name }),
            Command::TakeBack(name) => self.take_file_back(name.as_deref()),
            Command::Help => self.help(),
            Command::Quit => self.effect(Effect::Leave),
            command => return Some(command),
        }
        None
    }

    fn obey_with_contact(&mut self, command: Command, Peer { id: contact, name, .. }: Peer) {
        match command {
            Command::Group(name) => self.call(Call::Found { name, contact }),
            Command::Rename(name) => self.call(Call::Rename { contact, name }),
            Command::Note(note) => self.call(Call::Note { contact, note }),
            Command::Safety(word) => self.safety(contact, name, word.as_deref()),
            Command::Send { path, keep_metadata } => self.send_file(contact, &path, keep_metadata),
            Command::Dial(address) => self.call(Call::Dial { contact, address }),
            Command::Forget => self.overlay = Some(Overlay::Forget { contact, name }),
            // Refused before.
            _ => {}
        }
    }

    /// Shows the safety code with a contact, and keeps what came of comparing it if that is said. No single key does: one that was
    /// meant for something else would make somebody trusted.
    fn safety(&mut self, contact: String, name: String, word: Option<&str>) {
        let call = match word.map(came_of_it) {
            None => Call::Safety { contact: contact.clone() },
            Some(Some(compared)) => Call::MarkSafety { contact: contact.clone(), compared },
            // Refused before.
            Some(None) => return,
        };
        self.overlay = Some(Overlay::Safety { contact, name, shown: None });
        self.call(call);
    }

    fn obey_in_group(&mut self, command: Command, Peer { id: group, name, circle, .. }: Peer) {
        match command {
            Command::Rename(Some(name)) => self.call(Call::RenameGroup { group, name }),
            Command::Send { path, keep_metadata } => self.send_file(group, &path, keep_metadata),
            Command::Add(who) => {
                match self.people.contact_named(&who).map(|contact| (contact.id.clone(), contact.name.clone())) {
                    Ok((contact, name)) => self.call(Call::Add { group, contact, name }),
                    Err(why) => self.complain(why),
                }
            }
            Command::Remove(who) => {
                self.with_member(circle, &who, |one| Call::Remove { group, member: one.id, name: one.name })
            }
            Command::Admin(who) => self.with_member(circle, &who, |one| {
                let admin = one.role == Role::Member;
                Call::NameAdmin { group, member: one.id, name: one.name, admin }
            }),
            Command::Leave => self.overlay = Some(Overlay::Leave { group, name }),
            // Refused before.
            _ => {}
        }
    }

    /// Asks for something about a member of a group.
    fn with_member(&mut self, circle: Option<Circle>, who: &str, call: impl FnOnce(Member) -> Call) {
        match circle.as_ref().map(|circle| circle.named(who)) {
            Some(Ok(member)) => self.call(call(member.clone())),
            Some(Err(why)) => self.complain(why),
            None => {}
        }
    }

    /// Asks for something about the latest file that was offered.
    fn with_offered(&mut self, call: impl FnOnce(String, String) -> Call) {
        match self.talk.as_ref().and_then(|talk| talk.offered()).map(id_and_name) {
            Some((message, name)) => self.call(call(message, name)),
            None => self.complain("No file is offered in what is at hand of this conversation."),
        }
    }

    /// Takes the latest file back that was sent, or the latest of a name.
    fn take_file_back(&mut self, name: Option<&str>) {
        match (self.talk.as_ref().and_then(|talk| talk.sent(name)).map(id_and_name), name) {
            (Some((message, name)), _) => self.call(Call::TakeFileBack { message, name }),
            (None, Some(name)) => {
                self.complain(format!(
                    "No file {name} of yours to take back is in what is at hand of this conversation."
                ));
            }
            (None, None) => self.complain("No file of yours to take back is in what is at hand of this conversation."),
        }
    }
}

/// A message that is a file, and what the file is called.
fn id_and_name(message: &Message) -> (String, String) {
    (message.id.clone(), message.file.as_ref().map(|file| file.name.clone()).unwrap_or_default())
}

/// What somebody says that came of comparing a safety code.
fn came_of_it(word: &str) -> Option<Compared> {
    match word.to_lowercase().as_str() {
        "same" => Some(Compared::Same),
        "differs" | "differ" | "different" => Some(Compared::Different),
        "forget" => Some(Compared::NotYet),
        _ => None,
    }
}

/// Why a command is not for the one who is chosen, if it is not.
fn objection(chosen: Option<&Peer>, command: &Command) -> Option<String> {
    let for_anybody = matches!(command, Command::Send { .. } | Command::Rename(Some(_)));
    let for_contacts = matches!(
        command,
        Command::Note(_)
            | Command::Safety(_)
            | Command::Dial(_)
            | Command::Forget
            | Command::Rename(None)
            | Command::Group(_)
    );
    let for_groups = matches!(command, Command::Add(_) | Command::Remove(_) | Command::Admin(_) | Command::Leave);
    match chosen {
        None if for_anybody || for_contacts || for_groups => Some("Whom? Nobody is chosen.".to_owned()),
        Some(peer) if peer.circle.is_some() && for_contacts => {
            Some(format!("{} is a group; that is for a contact: choose one first", peer.name))
        }
        Some(peer) if peer.circle.is_none() && for_groups => {
            Some(format!("{} is no group: /group NAME begins one with them", peer.name))
        }
        Some(_) if matches!(command, Command::Safety(Some(word)) if came_of_it(word).is_none()) => {
            Some("/safety shows the code; then /safety same, /safety differs or /safety forget".to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;

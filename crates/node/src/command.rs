//! What the user asks for.

use lamplit_types::{AccountId, limits::TEXT_BYTES};
use lamplit_wire::Kind;

use crate::{
    Node,
    card::{contact_field, profile_field},
    io::{Answer, Command, CommandError, Event},
    replica::{Change, OWN_DATA, set_of},
    rows::key,
    step::{Step, Stepped},
    table::Table,
};

impl Node {
    /// Carries out a command and answers it.
    pub(crate) fn command(&mut self, step: &mut Step<'_>, number: u64, command: Command) -> Stepped {
        let answer = self.obey(step, command)?;
        step.tell(Event::Answer(number, answer));
        Ok(())
    }

    fn obey(&mut self, step: &mut Step<'_>, command: Command) -> Stepped<Result<Answer, CommandError>> {
        let me = self.device.account;
        // What it has can be read.
        if self.is_removed() && !matches!(command, Command::MarkRead { .. }) {
            return Ok(Err(CommandError::Removed));
        }
        match command {
            Command::Say { to, text } => Ok(self.say(step, to, text)?.map(Answer::Saying)),
            Command::SendFile { to, file } => Ok(self.send_file(step, to, file)?.map(Answer::Saying)),
            Command::FetchFile(id) => Ok(self.fetch_file(step, id)?.map(|()| Answer::Done)),
            Command::CancelFile(id) => Ok(self.cancel_file(step, id)?.map(|()| Answer::Done)),
            Command::LimitFiles(limit) => {
                step.db.put(Table::Device, key::FILE_LIMIT, &limit)?;
                step.tell(Event::FileLimit(limit));
                Ok(Ok(Answer::Done))
            }
            Command::MarkRead { conversation, up_to } => {
                self.mark_read(step, conversation, up_to.unwrap_or(u64::MAX))?;
                Ok(Ok(Answer::Done))
            }
            Command::Invite { addresses } => {
                Ok(self.invite(step, addresses)?.map(|invite| Answer::Invited(Box::new(invite))))
            }
            Command::Accept(invite) => Ok(self.accept(step, &invite)?.map(|()| Answer::Done)),
            Command::Light { app, on } => Ok(self.light(step, app, on)?.map(|()| Answer::Done)),
            Command::SetName(name) => {
                self.device.name = name.clone();
                step.db.put(Table::Device, key::DEVICE, &self.device)?;
                let value = name.as_str().as_bytes().to_vec();
                let change = Change::set(Kind::Profile, *me.as_bytes(), profile_field::NAME, value);
                self.write(step, set_of(me, self.device.friends), change)?;
                Ok(Ok(Answer::Done))
            }
            Command::RenameContact { contact, alias } => {
                let value = alias.map(|alias| alias.as_str().as_bytes().to_vec());
                self.edit_contact(step, contact, contact_field::ALIAS, value.unwrap_or_default())
            }
            Command::SetNote { contact, note } => {
                let value = note.map(|note| note.as_str().as_bytes().to_vec()).unwrap_or_default();
                if value.len() > TEXT_BYTES.min(crate::limits::NOTE_BYTES) {
                    return Ok(Err(CommandError::NoteTooLong));
                }
                self.edit_contact(step, contact, contact_field::NOTE, value)
            }
            Command::KeepCompared { contact, root, compared } => self.keep_compared(step, contact, root, compared),
            Command::RemoveContact(contact) => self.remove_contact(step, contact),
            Command::LinkDevice { addresses } => {
                Ok(self.link_device(step, addresses)?.map(|code| Answer::Linking(Box::new(code))))
            }
            Command::EndLinking => {
                self.end_linking(step)?;
                Ok(Ok(Answer::Done))
            }
            Command::RemoveDevice { device, root } => self.remove_device(step, device, &root),
            Command::RenameDevice { device, name } => self.rename_device(step, device, name),
            Command::CreateGroup { name, members } => Ok(self.found_group(step, name, &members)?.map(Answer::Founded)),
            Command::RenameGroup { group, name } => Ok(self.rename_group(step, group, name)?.map(|()| Answer::Done)),
            Command::AddMembers { group, members } => {
                Ok(self.add_members(step, group, &members)?.map(|()| Answer::Done))
            }
            Command::RemoveMember { group, member } => {
                Ok(self.remove_member(step, group, member)?.map(|()| Answer::Done))
            }
            Command::NameAdmin { group, member, admin } => {
                Ok(self.name_admin(step, group, member, admin)?.map(|()| Answer::Done))
            }
            Command::LeaveGroup(group) => Ok(self.leave_group(step, group)?.map(|()| Answer::Done)),
            Command::AskCode(number) => self.ask_code(step, number),
            Command::ShowCode(code) => self.show_code(step, code),
            Command::FreeNumber => self.free_number(step),
            Command::UseServer(address) => self.use_server(step, address),
            Command::Dial { contact, address } => {
                let devices = self.people.devices_of(contact);
                if devices.is_empty() || contact == me {
                    return Ok(Err(CommandError::UnknownContact));
                }
                for device in devices {
                    self.try_address(step, device, &address)?;
                }
                Ok(Ok(Answer::Done))
            }
        }
    }

    /// Writes a field of a contact's record.
    pub(crate) fn edit_contact(
        &mut self,
        step: &mut Step<'_>,
        contact: AccountId,
        field: u8,
        value: Vec<u8>,
    ) -> Stepped<Result<Answer, CommandError>> {
        if self.people.contact(contact).is_none() {
            return Ok(Err(CommandError::UnknownContact));
        }
        let me = self.device.account;
        let change = Change::set(Kind::Contact, *contact.as_bytes(), field, value);
        self.write(step, set_of(me, OWN_DATA), change)?;
        Ok(Ok(Answer::Done))
    }

    fn remove_contact(&mut self, step: &mut Step<'_>, contact: AccountId) -> Stepped<Result<Answer, CommandError>> {
        let me = self.device.account;
        if self.people.contact(contact).is_none() {
            return Ok(Err(CommandError::UnknownContact));
        }
        let before = self.friends_generation(step)?;
        self.end_pairs(step, contact)?;
        self.end_memberships(step, contact)?;
        self.write(step, set_of(me, OWN_DATA), Change::delete(Kind::Contact, *contact.as_bytes()))?;
        // Another device of the account may have handed them the present key.
        if self.friends_generation(step)? == before {
            self.rekey_friends(step)?;
        }
        Ok(Ok(Answer::Done))
    }
}

//! Messages that are files: sent, offered, fetched, taken back. Their bytes never come here: they go from disk to lane
//! and from lane to disk, beside the machine.

use lamplit_types::{AccountId, BlobId, ConversationId, Hlc, LinkId, MessageId};
use lamplit_wire::{Body, FileCard, FileNote, Progress};

use crate::{
    Node,
    db::Typed,
    inbox::Sender,
    io::{AskId, CommandError, Event, FetchError, NewFile, NotServed, Transmit, Warning},
    limits,
    line::Stage,
    mail::Mail,
    rows::{File, FileState, FileTotal, Message, What, key},
    step::{Step, Stepped},
    table::{Read, ReadError, Table},
    view::FileSpace,
};

impl Node {
    /// The user sends a file.
    pub(crate) fn send_file(
        &mut self,
        step: &mut Step<'_>,
        to: ConversationId,
        file: NewFile,
    ) -> Stepped<Result<MessageId, CommandError>> {
        let me = self.device.account;
        let Some(others) = self.others_in(to) else { return Ok(Err(CommandError::UnknownContact)) };
        for other in &others {
            if !self.has_room_for(step, *other)? {
                return Ok(Err(CommandError::OutboxFull));
            }
        }
        let NewFile { card, place } = file;
        let id = MessageId::from_bytes(step.random());
        let sent = self.tick(step)?;
        let device = self.device.device;
        self.keep_file(step, me, to, id, &card, FileState::Here(place))?;
        let what = What::File(card.blob);
        let message = Message { id, from: me, device, what, sent, arrived: step.now.wall, progress: None };
        self.keep_message(step, to, &message)?;
        self.expect_reach(step, to, id)?;
        let mail = Mail { conversation: to, sent, body: Body::File { id, card } };
        for other in others {
            self.post(step, other, &mail)?;
        }
        self.post(step, me, &mail)?;
        Ok(Ok(id))
    }

    /// The user wants a file that was offered.
    pub(crate) fn fetch_file(&mut self, step: &mut Step<'_>, id: MessageId) -> Stepped<Result<(), CommandError>> {
        let Some((blob, file)) = self.file_of(step, id)? else { return Ok(Err(CommandError::UnknownFile)) };
        match file.state {
            FileState::Here(_) | FileState::Wanted => return Ok(Ok(())),
            FileState::Withdrawn => return Ok(Err(CommandError::FileWithdrawn)),
            FileState::Offered | FileState::Declined => {}
        }
        if self.fetches.is_full() {
            return Ok(Err(CommandError::TooManyWanted));
        }
        let space = self.file_space(step)?;
        if !space.has_room_for(file.size) {
            return Ok(Err(CommandError::FilesFull(file.size, space)));
        }
        self.want_file(step, blob, file)?;
        Ok(Ok(()))
    }

    /// The user takes a file back, or does not want it.
    pub(crate) fn cancel_file(&mut self, step: &mut Step<'_>, id: MessageId) -> Stepped<Result<(), CommandError>> {
        let Some((blob, file)) = self.file_of(step, id)? else { return Ok(Err(CommandError::UnknownFile)) };
        if file.from == self.device.account {
            self.withdraw(step, blob, file)?;
            return Ok(Ok(()));
        }
        // What is here stays: it is the user's now.
        if matches!(file.state, FileState::Offered | FileState::Wanted) {
            let (from, conversation) = (file.from, file.conversation);
            self.set_file_state(step, blob, file, FileState::Declined)?;
            self.post_file_note(step, from, conversation, id, FileNote::Declined)?;
        }
        Ok(Ok(()))
    }

    /// A file was announced.
    pub(crate) fn file_came(
        &mut self,
        step: &mut Step<'_>,
        from: Sender,
        with: ConversationId,
        sent: Hlc,
        id: MessageId,
        card: FileCard,
    ) -> Stepped {
        // An id stands for one file for good: who uses it again would change what others were promised.
        if step.db.get(Table::Files, card.blob.as_bytes())?.is_some() {
            return Ok(());
        }
        let what = What::File(card.blob);
        let (account, device) = (from.account, from.device);
        let message = Message { id, from: account, device, what, sent, arrived: step.now.wall, progress: None };
        if !self.keep_message(step, with, &message)? {
            return Ok(());
        }
        self.keep_file(step, account, with, id, &card, FileState::Offered)?;
        step.tell(Event::Message { conversation: with, id, from: account, device });
        self.pass_on(step, from, with, id)?;
        if account == self.device.account {
            self.expect_reach(step, with, id)?;
            return self.receipts_that_were_early(step, id);
        }
        // Whoever is known through a group alone fills no disk unasked.
        if self.is_friend(account)
            && let Some((blob, file)) = self.file_of(step, id)?
            && file.size.bytes() <= limits::FETCHED_UNASKED
            && !self.fetches.is_full()
            && !self.fetches.is_full_of(account)
            && self.file_space(step)?.has_room_for(file.size)
        {
            self.want_file(step, blob, file)?;
        }
        self.post_receipt(step, account, with, Progress::Delivered, &[id])
    }

    /// Somebody told what has become of a file.
    pub(crate) fn file_noted(
        &mut self,
        step: &mut Step<'_>,
        from: AccountId,
        with: ConversationId,
        id: MessageId,
        note: FileNote,
    ) -> Stepped {
        let Some((blob, mut file)) = self.file_of(step, id)? else { return Ok(()) };
        if file.conversation != with {
            return Ok(());
        }
        match note {
            FileNote::Withdrawn if from == file.from => match file.state {
                FileState::Here(_) | FileState::Withdrawn if from != self.device.account => Ok(()),
                _ => self.set_file_state(step, blob, file, FileState::Withdrawn),
            },
            FileNote::Fetched | FileNote::Declined if file.from == self.device.account && from != file.from => {
                file.answers.retain(|(who, _)| *who != from);
                file.answers.push((from, note));
                step.db.put(Table::Files, blob.as_bytes(), &file)?;
                step.tell(Event::File { conversation: with, id });
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Somebody asks for a file over their link.
    pub(crate) fn asked(&mut self, step: &mut Step<'_>, link: LinkId, ask: AskId, blob: BlobId) -> Stepped {
        let account = self.links.get_mut(&link).and_then(|line| match &mut line.stage {
            Stage::Known(talk) if talk.heard && !talk.expired => {
                talk.serving.insert(ask, blob);
                Some(talk.account)
            }
            _ => None,
        });
        let served = account.map_or(0, |account| self.served_to(account).count());
        let row: Option<File> = step.db.row(Table::Files, blob.as_bytes())?;
        // A file is for those whose conversation it is in, and for the account's own devices.
        let is_theirs = row.zip(account).is_some_and(|(file, account)| {
            matches!(file.state, FileState::Here(_))
                && (account == self.device.account || self.takes_part(account, file.conversation))
        });
        let file = match if is_theirs { self.file_job(step, blob)? } else { None } {
            Some(_) if served > limits::SERVED_TO_ONE => Err(NotServed::Busy),
            Some(file) => Ok(file),
            None => Err(NotServed::NotHere),
        };
        step.out.transmits.push(Transmit::Serve { ask, file });
        Ok(())
    }

    /// What the devices of an account are being served.
    fn served_to(&self, account: AccountId) -> impl Iterator<Item = (AskId, BlobId)> {
        let talks = self.links.values().filter_map(|line| match &line.stage {
            Stage::Known(talk) => Some(talk),
            _ => None,
        });
        let theirs = talks.filter(move |talk| talk.account == account);
        theirs.flat_map(|talk| talk.serving.iter().map(|(ask, blob)| (*ask, *blob)))
    }

    /// Somebody is not in a conversation any more: what they are being served of it breaks off.
    pub(crate) fn stop_serving(
        &self,
        step: &mut Step<'_>,
        account: AccountId,
        conversation: ConversationId,
    ) -> Stepped {
        for (ask, blob) in self.served_to(account).collect::<Vec<_>>() {
            let file: Option<File> = step.db.row(Table::Files, blob.as_bytes())?;
            if file.is_some_and(|file| file.conversation == conversation) {
                step.out.transmits.push(Transmit::StopServing(ask));
            }
        }
        Ok(())
    }

    /// An ask was answered, or given up.
    pub(crate) fn served(&mut self, ask: AskId) {
        for line in self.links.values_mut() {
            if let Stage::Known(talk) = &mut line.stage {
                talk.serving.remove(&ask);
            }
        }
    }

    /// What came of fetching a file.
    pub(crate) fn fetched(&mut self, step: &mut Step<'_>, blob: BlobId, result: Result<String, FetchError>) -> Stepped {
        let Some(file) = step.db.row::<File>(Table::Files, blob.as_bytes())? else { return Ok(()) };
        if !matches!(file.state, FileState::Wanted) {
            // It was taken back or declined while it came: what came of it is nobody's.
            if result.is_ok() && !matches!(file.state, FileState::Here(_)) {
                step.out.transmits.push(Transmit::StopFile(blob));
            }
            return Ok(());
        }
        let (from, conversation, id) = (file.from, file.conversation, file.message);
        let place = match result {
            Ok(place) => place,
            Err(error) => {
                self.fetches.failed(&blob, step.now.mono, &error);
                if error == FetchError::Lied {
                    step.tell(Event::Warning(Warning::FileLied(from)));
                }
                return Ok(());
            }
        };
        self.set_file_state(step, blob, file, FileState::Here(place))?;
        step.out.transmits.push(Transmit::FileKept(blob));
        if from == self.device.account {
            Ok(())
        } else {
            self.post_file_note(step, from, conversation, id, FileNote::Fetched)
        }
    }

    /// A file has changed or is gone. If it was sent from here nobody can have it any more; what came from elsewhere can
    /// be fetched again.
    pub(crate) fn file_lost(&mut self, step: &mut Step<'_>, blob: BlobId) -> Stepped {
        let row: Option<File> = step.db.row(Table::Files, blob.as_bytes())?;
        let Some(file) = row.filter(|file| matches!(file.state, FileState::Here(_))) else { return Ok(()) };
        if self.came(step, &file)? {
            return self.set_file_state(step, blob, file, FileState::Offered);
        }
        step.tell(Event::Warning(Warning::FileLost));
        self.withdraw(step, blob, file)
    }

    fn withdraw(&mut self, step: &mut Step<'_>, blob: BlobId, file: File) -> Stepped {
        let (conversation, id) = (file.conversation, file.message);
        self.set_file_state(step, blob, file, FileState::Withdrawn)?;
        for other in self.others_in(conversation).unwrap_or_default() {
            self.post_file_note(step, other, conversation, id, FileNote::Withdrawn)?;
        }
        self.post_file_note(step, self.device.account, conversation, id, FileNote::Withdrawn)
    }

    fn takes_part(&self, account: AccountId, conversation: ConversationId) -> bool {
        self.others_in(conversation).is_some_and(|others| others.contains(&account))
    }

    fn want_file(&mut self, step: &mut Step<'_>, blob: BlobId, file: File) -> Stepped {
        let (from, size) = (file.from, file.size);
        self.set_file_state(step, blob, file, FileState::Wanted)?;
        self.fetches.want(blob, from, size);
        Ok(())
    }

    /// Keeps where a file is, and all that follows from it.
    fn set_file_state(&mut self, step: &mut Step<'_>, blob: BlobId, mut file: File, state: FileState) -> Stepped {
        let is_here = |state: &FileState| matches!(state, FileState::Here(_));
        if is_here(&file.state) != is_here(&state) && self.came(step, &file)? {
            let total: FileTotal = step.db.row(Table::Device, key::FILE_TOTAL)?.unwrap_or_default();
            let total = if is_here(&state) { total.plus(file.size) } else { total.minus(file.size) };
            step.db.put(Table::Device, key::FILE_TOTAL, &total)?;
        }
        file.state = state;
        match file.state {
            FileState::Wanted => step.db.put_bytes(Table::Wanted, blob.as_bytes(), Vec::new()),
            FileState::Here(_) => self.stop_wanting(step, blob),
            FileState::Offered | FileState::Declined | FileState::Withdrawn => {
                self.stop_wanting(step, blob);
                step.out.transmits.push(Transmit::StopFile(blob));
            }
        }
        step.db.put(Table::Files, blob.as_bytes(), &file)?;
        step.tell(Event::File { conversation: file.conversation, id: file.message });
        Ok(())
    }

    fn stop_wanting(&mut self, step: &mut Step<'_>, blob: BlobId) {
        step.db.remove(Table::Wanted, blob.as_bytes());
        self.fetches.forget(&blob);
    }

    pub(crate) fn keep_file(
        &self,
        step: &mut Step<'_>,
        from: AccountId,
        conversation: ConversationId,
        message: MessageId,
        card: &FileCard,
        state: FileState,
    ) -> Stepped {
        let at = card.blob.as_bytes();
        let file = File {
            message,
            conversation,
            from,
            hash: card.hash,
            size: card.size,
            name: card.name.clone(),
            media: card.media,
            caption: card.caption.clone(),
            state,
            answers: Vec::new(),
        };
        step.db.put(Table::Files, at, &file)?;
        if !card.preview.is_empty() {
            step.db.put_bytes(Table::Previews, at, card.preview.to_vec());
        }
        step.db.put_sealed(&self.secrets.vault, step.rng, Table::FileKeys, at, &card.key)
    }

    /// What files from other devices take here, and what they may take.
    fn file_space(&self, step: &Step<'_>) -> Stepped<FileSpace> {
        FileSpace::beside(&step.db, self.fetches.bytes())
    }

    /// Whether a file was sent from another device than this.
    fn came(&self, step: &Step<'_>, file: &File) -> Stepped<bool> {
        let at = step.db.get(Table::MessageIndex, file.message.as_bytes())?;
        let message: Option<Message> = at.map(|at| step.db.row(Table::Messages, &at)).transpose()?.flatten();
        Ok(message.is_none_or(|message| message.device != self.device.device))
    }

    /// The file that a message is.
    fn file_of(&self, step: &Step<'_>, id: MessageId) -> Stepped<Option<(BlobId, File)>> {
        let Some(at) = step.db.get(Table::MessageIndex, id.as_bytes())? else { return Ok(None) };
        let message: Option<Message> = step.db.row(Table::Messages, &at)?;
        let message = message.ok_or(ReadError::Corrupt { table: Table::Messages })?;
        let What::File(blob) = message.what else { return Ok(None) };
        let file = step.db.row(Table::Files, blob.as_bytes())?;
        Ok(Some((blob, file.ok_or(ReadError::Corrupt { table: Table::Files })?)))
    }

    fn post_file_note(
        &mut self,
        step: &mut Step<'_>,
        to: AccountId,
        conversation: ConversationId,
        id: MessageId,
        note: FileNote,
    ) -> Stepped {
        let sent = self.device.clock;
        self.post(step, to, &Mail { conversation, sent, body: Body::FileNote { id, note } })
    }
}

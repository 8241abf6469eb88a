//! The outbox and what leaves it: messages to other devices, sealed one by one, kept until they are acknowledged.

use lamplit_identity::verify_one_time_key;
use lamplit_link::Link;
use lamplit_seal::{EncryptError, OlmKind, StorageKey, padding};
use lamplit_types::{AccountId, ConversationId, DeviceId, EnvelopeId, Hlc};
use lamplit_wire::{
    Body, Content, Envelope, Frame, Mark, Progress, Received, Suite,
    bounded::{Bytes, List},
    credential::SignedOneTimeKey,
};

use crate::{
    Node,
    db::{Typed, decode, encode, open_row},
    limits,
    line::{Flow, Stage, Talk, send},
    rows::{Outgoing, Peer, key},
    sabotage::Sabotage,
    step::{Step, Stepped},
    table::{Order, Read, ReadError, Table},
};

/// What is to be said, before it is addressed.
#[derive(Clone)]
pub(crate) struct Mail {
    pub(crate) conversation: ConversationId,
    pub(crate) sent: Hlc,
    pub(crate) body: Body,
}

impl Node {
    /// Whether every device of an account has room in its outbox for one more message.
    pub(crate) fn has_room_for(&self, step: &Step<'_>, account: AccountId) -> Stepped<bool> {
        for device in self.people.devices_of(account) {
            let peer: Peer = step.db.row(Table::Peers, device.as_bytes())?.unwrap_or_default();
            let first = first_waiting(step, &device)?.unwrap_or(peer.last.saturating_add(1));
            if peer.last.saturating_add(1).saturating_sub(first) >= limits::OUTBOX {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Puts a message into the outbox of every device of an account but this one.
    pub(crate) fn post(&mut self, step: &mut Step<'_>, to: AccountId, mail: &Mail) -> Stepped {
        let mut devices = self.people.devices_of(to);
        devices.retain(|device| *device != self.device.device);
        if self.has_bug(Sabotage::OneDevice) {
            devices.truncate(1);
        }
        for device in devices {
            self.post_to(step, device, mail)?;
        }
        Ok(())
    }

    pub(crate) fn post_to(&mut self, step: &mut Step<'_>, device: DeviceId, mail: &Mail) -> Stepped {
        self.put_outgoing_anew(step, device, mail)?;
        self.posted.insert(device);
        Ok(())
    }

    /// Puts a message last into a device's outbox.
    pub(crate) fn put_outgoing_anew(&self, step: &mut Step<'_>, device: DeviceId, mail: &Mail) -> Stepped {
        let mut peer: Peer = step.db.row(Table::Peers, device.as_bytes())?.unwrap_or_default();
        let used = u64::from(!self.has_bug(Sabotage::ReusedSeq) || peer.last == 0);
        peer.last = peer.last.saturating_add(used);
        let outgoing = Outgoing {
            conversation: mail.conversation,
            sent: mail.sent,
            body: mail.body.clone(),
            expires: step.now.wall.plus(limits::ENVELOPE_MS),
            envelope: None,
            was_sealed: false,
            mark: None,
        };
        self.put_outgoing(step, &device, peer.last, &outgoing)?;
        step.db.put(Table::Peers, device.as_bytes(), &peer)
    }

    pub(crate) fn put_outgoing(
        &self,
        step: &mut Step<'_>,
        device: &DeviceId,
        seq: u64,
        outgoing: &Outgoing,
    ) -> Stepped {
        let at = key::numbered(device.as_bytes(), seq);
        step.db.put_sealed(&self.secrets.vault, step.rng, Table::Outbox, &at, outgoing)
    }

    /// Sends what was posted to devices that are linked.
    pub(crate) fn pump_posted(&mut self, step: &mut Step<'_>) -> Stepped {
        for device in core::mem::take(&mut self.posted) {
            let Some(id) = self.link_to(&device) else {
                self.wake(step.now.mono, device);
                self.post_by_server(step, device)?;
                continue;
            };
            let Some(mut line) = self.links.remove(&id) else { continue };
            let flow = match &mut line.stage {
                Stage::Known(talk) => self.pump_outbox(step, &mut line.link, talk)?,
                _ => Flow::Go,
            };
            self.touched.insert(id);
            self.links.insert(id, line);
            if flow == Flow::End {
                self.end_link(step, id, None)?;
            }
        }
        Ok(())
    }

    /// Sends as much as may be under way.
    pub(crate) fn pump_outbox(&mut self, step: &mut Step<'_>, link: &mut Link, talk: &mut Talk) -> Stepped<Flow> {
        let (after, room) = talk.window.room();
        if !talk.heard || talk.expired || talk.asked_for_key || room == 0 || link.queued() > limits::PUMP_BYTES {
            return Ok(Flow::Go);
        }
        let device = talk.device;
        let from = key::numbered(device.as_bytes(), after);
        let mut rows = step.db.scan(Table::Outbox, device.as_bytes(), Some(&from), Order::Up, room)?;
        if self.has_bug(Sabotage::NoOrder) {
            rows.reverse();
        }
        let base = first_waiting(step, &device)?.unwrap_or(u64::MAX);
        for (at, sealed) in rows {
            let Some((seq, envelope)) = self.envelope_of(step, &device, base, (&at, &sealed))? else {
                return Ok(self.ask_for_key(step, link, talk));
            };
            let id = envelope.id;
            if send(link, step.now, &Frame::Envelope(envelope)) == Flow::End {
                return Ok(Flow::End);
            }
            if self.has_bug(Sabotage::OutboxDropOnSend) {
                step.db.remove(Table::Outbox, &at);
            }
            talk.window.sent(seq);
            talk.open.insert(id, seq);
        }
        Ok(Flow::Go)
    }

    /// The number of a row of the outbox and the envelope it travels in, sealed now if it was not; `None` if there is no session
    /// with the device yet.
    pub(crate) fn envelope_of(
        &mut self,
        step: &mut Step<'_>,
        device: &DeviceId,
        base: u64,
        (at, sealed): (&[u8], &[u8]),
    ) -> Stepped<Option<(u64, Envelope)>> {
        let seq = key::number_of(at).ok_or(ReadError::Corrupt { table: Table::Outbox })?;
        let mut outgoing: Outgoing = open_row(&self.secrets.vault, Table::Outbox, at, sealed)?;
        if let Some(envelope) = outgoing.envelope {
            return Ok(Some((seq, envelope)));
        }
        let Some(envelope) = self.seal_envelope(step, device, (seq, base), &mut outgoing)? else { return Ok(None) };
        outgoing.envelope = Some(envelope.clone());
        outgoing.was_sealed = true;
        self.put_outgoing(step, device, seq, &outgoing)?;
        Ok(Some((seq, envelope)))
    }

    /// Seals a message; `None` if there is no session with the device yet.
    pub(crate) fn seal_envelope(
        &mut self,
        step: &mut Step<'_>,
        device: &DeviceId,
        (seq, base): (u64, u64),
        outgoing: &mut Outgoing,
    ) -> Stepped<Option<Envelope>> {
        let salt = step.random();
        let mark = *outgoing.mark.get_or_insert_with(|| self.secrets.keys.mark(device, self.device.life, seq, salt));
        let content = Content {
            conversation: outgoing.conversation,
            incarnation: self.device.life,
            seq,
            base: base.min(seq),
            sent: outgoing.sent,
            mark,
            body: outgoing.body.clone(),
        };
        let unwritable = ReadError::Unwritable { table: Table::Outbox };
        let plain = zeroize::Zeroizing::new(encode(&content, Table::Outbox)?);
        let Ok(padded) = padding::pad(&plain) else { return Err(unwritable) };
        let message = self.with_sessions(step, device, |sessions| match sessions.encrypt(&padded) {
            Err(EncryptError::NoSession) => None,
            message => Some(message),
        })?;
        let message = match message {
            None => return Ok(None),
            Some(Ok(message)) => message,
            Some(Err(_)) => return Err(unwritable),
        };
        let suite = match message.kind() {
            OlmKind::PreKey => Suite::OlmPreKey,
            OlmKind::Normal => Suite::Olm,
        };
        let Ok(sealed) = Bytes::try_from(message.body()) else { return Err(unwritable) };
        let id = EnvelopeId::from_bytes(step.random());
        Ok(Some(Envelope { suite, to: *device, id, expires: outgoing.expires, sealed }))
    }

    fn ask_for_key(&self, step: &Step<'_>, link: &mut Link, talk: &mut Talk) -> Flow {
        if core::mem::replace(&mut talk.asked_for_key, true) {
            return Flow::Go;
        }
        send(link, step.now, &Frame::KeyRequest)
    }

    /// The other wants to start a session.
    pub(crate) fn key_requested(&mut self, step: &mut Step<'_>, link: &mut Link, talk: &mut Talk) -> Stepped<Flow> {
        talk.keys_given = talk.keys_given.saturating_add(1);
        if talk.keys_given > limits::KEYS_A_LINK {
            return Ok(Flow::End);
        }
        let mut account = self.olm_account(step)?;
        let one_time = account.one_time_key();
        self.put_olm_account(step, &account)?;
        let Ok(signed) = self.secrets.keys.sign_one_time_key(one_time) else { return Ok(Flow::End) };
        Ok(send(link, step.now, &Frame::Key(signed)))
    }

    /// A key to start a session with.
    pub(crate) fn key_came(
        &mut self,
        step: &mut Step<'_>,
        link: &mut Link,
        talk: &mut Talk,
        signed: &SignedOneTimeKey,
    ) -> Stepped<Flow> {
        if !core::mem::replace(&mut talk.asked_for_key, false) {
            return Ok(Flow::Go);
        }
        if !self.start_session(step, &talk.device, signed)? {
            return Ok(Flow::End);
        }
        self.pump_outbox(step, link, talk)
    }

    /// Starts a session with a device by a key of it. False if the key is not its own, or none.
    pub(crate) fn start_session(
        &mut self,
        step: &mut Step<'_>,
        device: &DeviceId,
        signed: &SignedOneTimeKey,
    ) -> Stepped<bool> {
        let Ok(one_time) = verify_one_time_key(signed, device) else { return Ok(false) };
        let Some(identity) = self.people.olm_identity(device) else { return Ok(false) };
        let account = self.olm_account(step)?;
        let Ok(session) = account.start(identity, one_time) else { return Ok(false) };
        let mut sessions = self.copy_of_sessions(step, device)?;
        sessions.add(session);
        self.keep_sessions(*device, sessions);
        Ok(true)
    }

    /// The other has committed an envelope.
    pub(crate) fn acknowledged(
        &mut self,
        step: &mut Step<'_>,
        link: &mut Link,
        talk: &mut Talk,
        id: EnvelopeId,
    ) -> Stepped<Flow> {
        let Some(seq) = talk.open.remove(&id) else { return Ok(Flow::Go) };
        let at = key::numbered(talk.device.as_bytes(), seq);
        let outgoing: Option<Outgoing> = step.db.sealed(&self.secrets.vault, Table::Outbox, &at)?;
        step.db.remove(Table::Outbox, &at);
        if let Some(Outgoing { body: Body::Grant(grant), .. }) = outgoing {
            self.note_familiar(step, talk.device, grant.generation)?;
        }
        talk.window.acknowledged(seq);
        self.pump_outbox(step, link, talk)
    }

    /// The other cannot open an envelope: its content is sealed anew, in a new session.
    pub(crate) fn refused(
        &mut self,
        step: &mut Step<'_>,
        link: &mut Link,
        talk: &mut Talk,
        id: EnvelopeId,
    ) -> Stepped<Flow> {
        let Some(seq) = talk.open.get(&id).copied() else { return Ok(Flow::Go) };
        talk.refusals = talk.refusals.saturating_add(1);
        if talk.refusals > limits::REFUSALS_A_LINK {
            return Ok(Flow::End);
        }
        // The old sessions stay: what the other has under way may still need them.
        self.unseal_outbox(step, talk.device)?;
        talk.send_again_from(seq);
        Ok(self.ask_for_key(step, link, talk))
    }

    /// All up to a number was received, whether its acknowledgement came through or not.
    pub(crate) fn received_up_to(&self, step: &mut Step<'_>, device: &DeviceId, received: &Received) -> Stepped {
        if received.incarnation != self.device.life {
            return Ok(());
        }
        let (device, seq) = (device.as_bytes(), received.seq);
        loop {
            let rows = step.db.scan(Table::Outbox, device, None, Order::Up, limits::BATCH)?;
            let done = rows.iter().filter(|(at, _)| key::number_of(at).is_some_and(|number| number <= seq));
            let done: Vec<Vec<u8>> = done.map(|(at, _)| at.clone()).collect();
            for at in &done {
                step.db.remove(Table::Outbox, at);
            }
            if done.len() < limits::BATCH {
                return Ok(());
            }
        }
    }

    /// What a device received it may have forgotten, in a past that it was restored to: then it holds back what comes after that. What
    /// goes to it next says that nothing before it will come; if nothing waits for it, that is said by itself.
    pub(crate) fn close_gap(&mut self, step: &mut Step<'_>, device: DeviceId, received: Option<&Received>) -> Stepped {
        let known = received.filter(|received| received.incarnation == self.device.life);
        let (seq, holds) = known.map_or((0, false), |known| (known.seq, known.highest > known.seq));
        let peer: Peer = step.db.row(Table::Peers, device.as_bytes())?.unwrap_or_default();
        let waiting = first_waiting(step, &device)?;
        let base = waiting.unwrap_or(peer.last.saturating_add(1));
        let Some(account) = self.people.account_of(&device).filter(|_| seq.saturating_add(1) < base) else {
            return Ok(());
        };
        match (waiting, holds) {
            // It was sealed before it was known that what comes before it is received.
            (Some(_), _) => self.unseal_outbox(step, device),
            (None, true) => {
                let body = Body::Receipt { progress: Progress::Delivered, ids: List::new() };
                self.post_to(step, device, &Mail { conversation: account.into(), sent: self.device.clock, body })
            }
            (None, false) => Ok(()),
        }
    }

    /// Ends all sessions with a device: what waits for it is sealed anew.
    pub(crate) fn drop_sessions(&mut self, step: &mut Step<'_>, device: DeviceId) -> Stepped {
        self.forget_sessions(step, &device);
        self.unseal_outbox(step, device)
    }

    /// What waits for a device will be sealed anew, and so has to go to the server again too.
    pub(crate) fn unseal_outbox(&mut self, step: &mut Step<'_>, device: DeviceId) -> Stepped {
        self.post_all_again(step, device)?;
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = step.db.scan(Table::Outbox, device.as_bytes(), after.as_deref(), Order::Up, limits::BATCH)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after = Some(last.clone());
            for (at, sealed) in rows {
                let mut outgoing: Outgoing = open_row(&self.secrets.vault, Table::Outbox, &at, &sealed)?;
                if outgoing.envelope.take().is_some() {
                    step.db.put_sealed(&self.secrets.vault, step.rng, Table::Outbox, &at, &outgoing)?;
                }
            }
        }
    }

    /// Nothing more goes to a device.
    pub(crate) fn drop_mail(&mut self, step: &mut Step<'_>, device: DeviceId) -> Stepped {
        self.forget_sessions(step, &device);
        // Its counters stay: no number is used twice in one life, also if the two meet again.
        if let Some(peer) = step.db.row::<Peer>(Table::Peers, device.as_bytes())? {
            step.db.put(Table::Peers, device.as_bytes(), &Peer { address: None, ..peer })?;
        }
        for table in [Table::Outbox, Table::Held, Table::Early] {
            loop {
                let rows = step.db.scan(table, device.as_bytes(), None, Order::Up, limits::BATCH)?;
                if rows.is_empty() {
                    break;
                }
                for (at, _) in rows {
                    step.db.remove(table, &at);
                }
            }
        }
        Ok(())
    }

    /// Makes some messages that wait for a device say nothing any more. Their numbers stay, or what comes after them would be
    /// waited with at the other side.
    pub(crate) fn blank_mail(
        &self,
        step: &mut Step<'_>,
        device: DeviceId,
        unwanted: impl Fn(&Outgoing) -> bool,
    ) -> Stepped {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = step.db.scan(Table::Outbox, device.as_bytes(), after.as_deref(), Order::Up, limits::BATCH)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after = Some(last.clone());
            for (at, sealed) in rows {
                let outgoing: Outgoing = open_row(&self.secrets.vault, Table::Outbox, &at, &sealed)?;
                if unwanted(&outgoing) {
                    let body = Body::Receipt { progress: Progress::Delivered, ids: List::new() };
                    let blank = Outgoing { body, envelope: None, ..outgoing };
                    step.db.put_sealed(&self.secrets.vault, step.rng, Table::Outbox, &at, &blank)?;
                }
            }
        }
    }

    /// In a new life this device numbers what it sends from 1 again; what waits is numbered and sealed anew.
    pub(crate) fn renumber_outbox(&mut self, step: &mut Step<'_>) -> Stepped {
        self.ratchets.forget_all();
        for (at, value) in step.db.scan(Table::Peers, &[], None, Order::Up, limits::PEERS)? {
            let mut peer: Peer = decode(Table::Peers, &value)?;
            let Ok(device) = <[u8; 32]>::try_from(at.as_slice()).map(DeviceId::from_bytes) else { continue };
            step.db.remove(Table::Sessions, &at);
            peer.last = 0;
            peer.kept = None;
            let mut after: Option<Vec<u8>> = None;
            loop {
                let rows = step.db.scan(Table::Outbox, &at, after.as_deref(), Order::Up, limits::BATCH)?;
                let Some((last, _)) = rows.last() else { break };
                after = Some(last.clone());
                for (row_key, sealed) in rows {
                    let outgoing: Outgoing = open_row(&self.secrets.vault, Table::Outbox, &row_key, &sealed)?;
                    step.db.remove(Table::Outbox, &row_key);
                    // Never above the old number, so nothing that is still to be read is written over.
                    peer.last = peer.last.saturating_add(1);
                    let anew = Outgoing { envelope: None, was_sealed: false, mark: None, ..outgoing };
                    self.put_outgoing(step, &device, peer.last, &anew)?;
                }
            }
            step.db.put(Table::Peers, &at, &peer)?;
        }
        Ok(())
    }

    /// Messages that nobody came for in time are given up.
    pub(crate) fn expire_outbox(&mut self, step: &mut Step<'_>) -> Stepped {
        for (at, _) in step.db.scan(Table::Peers, &[], None, Order::Up, limits::PEERS)? {
            let mut expired = false;
            // In order of number the expiries rise, so the first that is good ends the search.
            for (row_key, sealed) in step.db.scan(Table::Outbox, &at, None, Order::Up, limits::BATCH)? {
                let outgoing: Outgoing = open_row(&self.secrets.vault, Table::Outbox, &row_key, &sealed)?;
                if outgoing.expires > step.now.wall {
                    break;
                }
                step.db.remove(Table::Outbox, &row_key);
                expired = true;
            }
            // What follows was sealed with a base that waits for what is given up now.
            if let (true, Ok(device)) = (expired, <[u8; 32]>::try_from(at.as_slice())) {
                self.unseal_outbox(step, DeviceId::from_bytes(device))?;
            }
        }
        Ok(())
    }
}

/// Whether the message of a number that waits is another one than the mark says.
pub(crate) fn is_another(
    step: &Step<'_>,
    vault: &StorageKey,
    device: &DeviceId,
    (seq, mark): (u64, Mark),
) -> Stepped<bool> {
    let waiting: Option<Outgoing> = step.db.sealed(vault, Table::Outbox, &key::numbered(device.as_bytes(), seq))?;
    Ok(waiting.is_some_and(|waiting| waiting.mark != Some(mark)))
}

/// Whether a message up to a number waits that was never sent.
pub(crate) fn holds_unsent(step: &Step<'_>, vault: &StorageKey, device: &DeviceId, up_to: u64) -> Stepped<bool> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let rows = step.db.scan(Table::Outbox, device.as_bytes(), after.as_deref(), Order::Up, limits::BATCH)?;
        let Some((last, _)) = rows.last() else { return Ok(false) };
        after = Some(last.clone());
        for (at, sealed) in rows {
            if key::number_of(&at).is_none_or(|number| number > up_to) {
                return Ok(false);
            }
            let outgoing: Outgoing = open_row(vault, Table::Outbox, &at, &sealed)?;
            if !outgoing.was_sealed {
                return Ok(true);
            }
        }
    }
}

/// The lowest number that waits for a device.
pub(crate) fn first_waiting(step: &Step<'_>, device: &DeviceId) -> Stepped<Option<u64>> {
    let first = step.db.scan(Table::Outbox, device.as_bytes(), None, Order::Up, 1)?;
    Ok(first.first().and_then(|(at, _)| key::number_of(at)))
}

//! Links come, carry frames, and go.

use lamplit_link::{Link, LinkEvent, Opening};
use lamplit_types::{Channel, Class, DeviceId, LinkId, Pipe};
use lamplit_wire::{CloseReason, Decoded, Frame, decode};

use crate::{
    Node,
    dial::Target,
    io::{Address, DialId, Event, Transmit},
    limits,
    line::{Flow, Line, Stage, Talk, send},
    pairing::Pairing,
    people::Door,
    step::{Step, Stepped},
};

impl Node {
    /// A pipe is open.
    pub(crate) fn connected(&mut self, step: &mut Step<'_>, id: LinkId, pipe: Pipe, dial: Option<DialId>) -> Stepped {
        let dialled = dial.and_then(|dial| self.dialer.answered(dial));
        let unasked = dial.is_some() && dialled.is_none();
        if unasked || self.links.len() >= limits::LINKS || self.links.contains_key(&id) {
            return self.turn_away(step, id, dialled);
        }
        if let Some((Target::Server, address)) = &dialled {
            return self.server_reached(step, id, address);
        }
        let now = step.now.mono;
        let own_static = self.secrets.noise_static();
        let link = match &dialled {
            None => Some(Link::accept(now, step.rng, pipe, own_static)),
            Some((target, _)) => match self.opening(step, target)? {
                Some(opening) => Link::dial(now, step.rng, pipe, opening).ok(),
                None => None,
            },
        };
        let Some(link) = link else { return self.turn_away(step, id, dialled) };
        self.links.insert(id, Line { id, link, since: now, spoke: now, dialled, stage: Stage::Opening });
        self.touched.insert(id);
        Ok(())
    }

    /// A pipe that nothing can be done with. If it was dialled, that came to nothing, and is tried again.
    fn turn_away(&mut self, step: &mut Step<'_>, id: LinkId, dialled: Option<(Target, Address)>) -> Stepped {
        step.out.transmits.push(Transmit::Close(id));
        match dialled {
            Some((target, _)) => self.dial_failed(step, target),
            None => Ok(()),
        }
    }

    fn opening(&self, step: &Step<'_>, target: &Target) -> Stepped<Option<Opening>> {
        Ok(match target {
            // No handshake: the pipe has proved both ends.
            Target::Server => None,
            Target::Invite(_) => Some(Opening::Stranger),
            Target::Device(device) => {
                let rounds = self.dialer.rounds(target);
                self.people.opening(self.device.device, *device, rounds, &self.secrets, step.now.wall)
            }
        })
    }

    /// Bytes came over a link.
    pub(crate) fn received(&mut self, step: &mut Step<'_>, id: LinkId, channel: Channel, bytes: &[u8]) -> Stepped {
        if self.server.is_link(id) {
            return match channel {
                Channel::Stream(Class::Control) => self.server_said(step, bytes),
                Channel::Packet => self.server_packet(step, bytes),
                Channel::Stream(_) => Ok(()),
            };
        }
        let Some(mut line) = self.links.remove(&id) else { return Ok(()) };
        let open_invites =
            matches!(line.stage, Stage::Opening) && (self.invites_open(step)? || self.link_codes_open(step)?);
        let mut door = Door { people: &mut self.people, strangers: open_invites };
        line.spoke = step.now.mono;
        let result = line.link.receive(step.now.mono, step.rng, &mut door, channel, bytes);
        self.keep_opened(step);
        let flow = self.drain(step, &mut line)?;
        self.touched.insert(id);
        // What came before a fault is good: it was taken in above.
        if result.is_err() || flow == Flow::End {
            return self.hang_up(step, line);
        }
        self.links.insert(id, line);
        Ok(())
    }

    /// Works off what a link has brought.
    fn drain(&mut self, step: &mut Step<'_>, line: &mut Line) -> Stepped<Flow> {
        while let Some(event) = line.link.poll_event() {
            let flow = match event {
                LinkEvent::Established { peer, handshake_hash, .. } => {
                    self.established(step, line, peer, handshake_hash)?
                }
                LinkEvent::Frame { class, bytes } => match &mut line.stage {
                    Stage::Known(talk) if !talk.heard && class != Class::Control => talk.keep_early(bytes),
                    _ => self.frames(step, line, &bytes)?,
                },
                // Presence travels in frames for now; a lone packet is none of ours.
                LinkEvent::Packet(_) => Flow::Go,
            };
            if flow == Flow::End || self.catch_up(step, line)? == Flow::End {
                return Ok(Flow::End);
            }
        }
        Ok(Flow::Go)
    }

    /// Takes in what overtook the greeting, once that is there.
    fn catch_up(&mut self, step: &mut Step<'_>, line: &mut Line) -> Stepped<Flow> {
        let early = match &mut line.stage {
            Stage::Known(talk) if talk.heard => core::mem::take(&mut talk.early),
            _ => return Ok(Flow::Go),
        };
        for bytes in early {
            if self.frames(step, line, &bytes)? == Flow::End {
                return Ok(Flow::End);
            }
        }
        Ok(Flow::Go)
    }

    fn established(
        &mut self,
        step: &mut Step<'_>,
        line: &mut Line,
        peer: Option<DeviceId>,
        handshake: [u8; 32],
    ) -> Stepped<Flow> {
        match peer {
            Some(device) => self.recognised(step, line, device, handshake),
            None => match &line.dialled {
                Some((Target::Invite(invite), _)) => {
                    let invite = *invite;
                    self.knock(step, line, invite, handshake)
                }
                Some((Target::Device(_) | Target::Server, _)) => Ok(Flow::End),
                None => {
                    line.stage = Stage::Pairing(Box::new(Pairing::waiting(handshake)));
                    Ok(Flow::Go)
                }
            },
        }
    }

    /// The other end is a device of a contact, or of this account.
    pub(crate) fn recognised(
        &mut self,
        step: &mut Step<'_>,
        line: &mut Line,
        device: DeviceId,
        handshake: [u8; 32],
    ) -> Stepped<Flow> {
        let Some(account) = self.people.account_of(&device) else { return self.say_farewell(step, line, &device) };
        let expired = !self.people.is_valid(&device, step.now.wall);
        if let Some(other) = self.link_to(&device) {
            if self.keeps(step, other, line, handshake) {
                send(&mut line.link, step.now, &Frame::Close(CloseReason::Duplicate));
                return Ok(Flow::End);
            }
            self.end_link(step, other, Some(CloseReason::Duplicate))?;
        }
        let shown_near = self.is_friend(account);
        line.stage = Stage::Known(Box::new(Talk { shown_near, ..Talk::new(account, device, handshake, expired) }));
        self.dialer.reached(Target::Device(device));
        if let Some((Target::Device(_), address)) = &line.dialled {
            self.was_reached_at(step, device, &address.clone())?;
        }
        self.near.insert(device, line.id);
        self.resting.remove(&device);
        if shown_near {
            step.tell(Event::Near { account, device, reachable: true });
        }
        if account == self.device.account {
            self.note_seen(step, &device)?;
        }
        self.greet(step, line)
    }

    /// Of two links to one device that were made at once, both sides keep the one with the smaller handshake hash. An
    /// older one gives way: the other side may have lost it long since.
    fn keeps(&self, step: &Step<'_>, other: LinkId, line: &Line, handshake: [u8; 32]) -> bool {
        let Some(older) = self.links.get(&other) else { return false };
        let Stage::Known(talk) = &older.stage else { return false };
        let at_once = line.since.since(older.since).max(older.since.since(line.since)) < limits::AT_ONCE_MS;
        at_once && step.now.mono.since(older.since) < limits::AT_ONCE_MS * 2 && talk.handshake < handshake
    }

    /// The established link to a device.
    pub fn link_to(&self, device: &DeviceId) -> Option<LinkId> {
        self.near.get(device).copied()
    }

    /// The same, if both have greeted and the other may be asked for files.
    pub(crate) fn ready_link_to(&self, device: &DeviceId) -> Option<LinkId> {
        let id = self.link_to(device)?;
        match &self.links.get(&id)?.stage {
            Stage::Known(talk) if talk.heard && !talk.expired => Some(id),
            _ => None,
        }
    }

    fn frames(&mut self, step: &mut Step<'_>, line: &mut Line, mut bytes: &[u8]) -> Stepped<Flow> {
        loop {
            match decode(&mut bytes) {
                Ok(None) => return Ok(Flow::Go),
                Ok(Some(Decoded::Skipped { .. })) => {}
                Ok(Some(Decoded::Frame(frame))) => {
                    if self.frame(step, line, *frame)? == Flow::End {
                        return Ok(Flow::End);
                    }
                }
                Err(_) => return Ok(Flow::End),
            }
        }
    }

    fn frame(&mut self, step: &mut Step<'_>, line: &mut Line, frame: Frame) -> Stepped<Flow> {
        match &mut line.stage {
            Stage::Opening => Ok(Flow::End),
            Stage::Pairing(_) => self.pairing_frame(step, line, frame),
            Stage::Known(talk) => self.known_frame(step, &mut line.link, talk, frame),
        }
    }

    /// A pipe ended.
    pub(crate) fn disconnected(&mut self, step: &mut Step<'_>, id: LinkId) -> Stepped {
        if self.server.is_link(id) {
            return self.server_gone(step);
        }
        let Some(line) = self.links.remove(&id) else { return Ok(()) };
        self.gone(step, line)
    }

    /// Ends a link, telling the other why if there is a reason to tell.
    pub(crate) fn end_link(&mut self, step: &mut Step<'_>, id: LinkId, reason: Option<CloseReason>) -> Stepped {
        let Some(mut line) = self.links.remove(&id) else { return Ok(()) };
        if let Some(reason) = reason {
            send(&mut line.link, step.now, &Frame::Close(reason));
        }
        self.hang_up(step, line)
    }

    /// Ends the link to a device that is to be spoken to no more; one that was removed hears so.
    pub(crate) fn part_from(&mut self, step: &mut Step<'_>, id: LinkId, device: &DeviceId) -> Stepped {
        let Some(mut line) = self.links.remove(&id) else { return Ok(()) };
        self.say_farewell(step, &mut line, device)?;
        self.hang_up(step, line)
    }

    fn hang_up(&mut self, step: &mut Step<'_>, mut line: Line) -> Stepped {
        let _ = flush(step, line.id, &mut line.link);
        step.out.transmits.push(Transmit::Close(line.id));
        self.gone(step, line)
    }

    fn gone(&mut self, step: &mut Step<'_>, line: Line) -> Stepped {
        if let Stage::Known(talk) = &line.stage {
            if self.near.get(&talk.device) == Some(&line.id) {
                self.near.remove(&talk.device);
            }
            self.behind.remove(&talk.device);
            if talk.account == self.device.account {
                self.note_seen(step, &talk.device)?;
            }
            if self.goes_to_rest(line.id, talk) {
                return Ok(());
            }
            if talk.shown_near {
                step.tell(Event::Near { account: talk.account, device: talk.device, reachable: false });
            }
            self.dialer.lost(step.now.mono, Target::Device(talk.device));
            // What was under way takes another path.
            self.posted.insert(talk.device);
        } else if let Some((target, _)) = line.dialled {
            self.dial_failed(step, target)?;
        }
        Ok(())
    }

    /// Hands over what the touched links want to send.
    pub(crate) fn flush(&mut self, step: &mut Step<'_>) {
        for id in core::mem::take(&mut self.touched) {
            if let Some(line) = self.links.get_mut(&id)
                && flush(step, id, &mut line.link)
            {
                line.spoke = step.now.mono;
            }
        }
    }

    /// Links whose time has come.
    pub(crate) fn tick_links(&mut self, step: &mut Step<'_>) -> Stepped {
        let now = step.now.mono;
        let due = self.links.iter().filter(|(_, line)| line.deadline().is_some_and(|deadline| deadline <= now));
        for id in due.map(|(id, _)| *id).collect::<Vec<_>>() {
            let alive = self
                .links
                .get_mut(&id)
                .is_some_and(|line| line.greets_by().is_none_or(|by| by > now) && line.link.on_deadline(now).is_ok());
            self.touched.insert(id);
            if !alive {
                self.end_link(step, id, None)?;
            }
        }
        Ok(())
    }
}

/// Hands over what a link wants to send, and says whether that was anything.
fn flush(step: &mut Step<'_>, link: LinkId, machine: &mut Link) -> bool {
    let mut spoke = false;
    while let Some((channel, bytes)) = machine.poll_transmit(step.now.mono) {
        spoke = true;
        // What follows one another in a stream goes in one piece: so it is read, and committed, in one.
        if let (Channel::Stream(_), Some(Transmit::Send { link: last, channel: before, bytes: piece })) =
            (channel, step.out.transmits.last_mut())
            && (*last, *before) == (link, channel)
            && piece.len().saturating_add(bytes.len()) <= limits::PIECE_BYTES
        {
            piece.extend(bytes);
            continue;
        }
        step.out.transmits.push(Transmit::Send { link, channel, bytes });
    }
    spoke
}

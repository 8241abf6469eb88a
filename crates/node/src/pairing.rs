//! Two strangers become contacts by an invite.
//!
//! On a link of two throw-away keys the one who accepts proves first, with [`Knock`], that it holds the invite's secret
//! on this very link; only then does the inviter say who it is, proves the same, and the other follows. Both make the
//! same pair secret from the invite's secret and a share of each. What was agreed is kept until it is done, so that
//! either side may stop at any point and the same acceptance can be tried again; another one cannot.

use lamplit_identity::{DeviceError, Invite, InviteSecret, PairSecret, Role, VerifiedList, verify_link};
use lamplit_types::{AccountId, DeviceId, InviteId, limits::CONTACTS};
use lamplit_wire::{CloseReason, Frame, Introduce, Kind, Knock, bounded::List, credential::PairId};

use crate::{
    Node,
    card::{Trust, contact_field},
    db::{Typed, encode},
    dial::Target,
    io::{AcceptError, Address, CommandError, Event, Warning},
    limits,
    line::{Flow, Line, Stage, send},
    replica::{Change, OWN_DATA, set_of},
    rows::{Acceptance, InviteRow},
    step::{Step, Stepped},
    table::{Order, Read, ReadError, Table},
};

/// How far two strangers have come.
pub(crate) struct Pairing {
    handshake: [u8; 32],
    at: At,
}

enum At {
    /// The other has to knock.
    Waiting,
    /// The other knocked with this invite and was told who this is.
    Introduced(InviteId, [u8; 16]),
    /// The other read a link code and is about to say which keys it has.
    Vouched(InviteId, DeviceId),
    /// This device knocked.
    Knocked(InviteId),
    /// This device knows the inviter and has said who it is.
    Answered(InviteId, Box<Stranger>),
}

/// Somebody who is about to become a contact.
struct Stranger {
    list: VerifiedList,
    device: DeviceId,
    name: lamplit_types::Name,
    pair: PairSecret,
}

impl Pairing {
    /// The other end is a stranger who has to knock.
    pub(crate) const fn waiting(handshake: [u8; 32]) -> Self {
        Self { handshake, at: At::Waiting }
    }

    /// The other end is a device that joins the account, and was answered.
    pub(crate) fn vouched(handshake: [u8; 32], code: InviteId, device: DeviceId) -> Stage {
        Stage::Pairing(Box::new(Self { handshake, at: At::Vouched(code, device) }))
    }
}

impl Node {
    /// Makes an invite.
    pub(crate) fn invite(
        &mut self,
        step: &mut Step<'_>,
        addresses: Vec<core::net::SocketAddr>,
    ) -> Stepped<Result<Invite, CommandError>> {
        if self.people.count() >= CONTACTS {
            return Ok(Err(CommandError::TooManyContacts));
        }
        self.expire_invites(step)?;
        if step.db.scan(Table::Invites, &[], None, Order::Up, limits::INVITES)?.len() >= limits::INVITES {
            return Ok(Err(CommandError::TooManyInvites));
        }
        let Ok(addresses) = List::try_from(addresses) else { return Ok(Err(CommandError::TooManyAddresses)) };
        if addresses.is_empty() {
            return Ok(Err(CommandError::NoAddress));
        }
        let expires = step.now.wall.plus(lamplit_identity::INVITE_MS);
        let list = self.people.me().list;
        let invite = Invite::generate(step.rng, list, self.device.name.clone(), addresses, expires);
        let row = InviteRow { secret: *invite.secret.as_bytes(), share: step.random(), expires, used: None };
        self.put_invite(step, &invite.id, &row)?;
        Ok(Ok(invite))
    }

    fn put_invite(&self, step: &mut Step<'_>, id: &InviteId, row: &InviteRow) -> Stepped {
        step.db.put_sealed(&self.secrets.vault, step.rng, Table::Invites, id.as_bytes(), row)
    }

    /// Forgets invites that nobody can use any more.
    pub(crate) fn expire_invites(&self, step: &mut Step<'_>) -> Stepped {
        for (at, sealed) in step.db.scan(Table::Invites, &[], None, Order::Up, limits::INVITES)? {
            let row: InviteRow = crate::db::open_row(&self.secrets.vault, Table::Invites, &at, &sealed)?;
            // Kept for a while longer, so that a late guest hears why.
            if row.expires.plus(limits::INVITE_MEMORY_MS) <= step.now.wall {
                step.db.remove(Table::Invites, &at);
            }
        }
        Ok(())
    }

    /// Whether a stranger may open a link: only while an invite is out.
    pub(crate) fn invites_open(&self, step: &Step<'_>) -> Stepped<bool> {
        Ok(!step.db.scan(Table::Invites, &[], None, Order::Up, 1)?.is_empty())
    }

    /// Begins to accept an invite.
    pub(crate) fn accept(&mut self, step: &mut Step<'_>, invite: &Invite) -> Stepped<Result<(), CommandError>> {
        if invite.account == self.device.account {
            return Ok(Err(CommandError::OwnInvite));
        }
        if self.people.contact(invite.account).is_some() {
            return Ok(Err(CommandError::AlreadyContact));
        }
        if self.people.count() >= CONTACTS {
            return Ok(Err(CommandError::TooManyContacts));
        }
        if invite.expires <= step.now.wall {
            return Ok(Err(CommandError::InviteExpired(invite.expires)));
        }
        if invite.addresses.is_empty() {
            return Ok(Err(CommandError::NoAddress));
        }
        if self.acceptance(step, &invite.id)?.is_none() {
            let link = invite.to_link().map_err(|_| ReadError::Unwritable { table: Table::Acceptances })?;
            let row = Acceptance { link, token: step.random(), share: step.random() };
            let at = invite.id.as_bytes();
            step.db.put_sealed(&self.secrets.vault, step.rng, Table::Acceptances, at, &row)?;
        }
        self.dial_inviter(step, invite);
        Ok(Ok(()))
    }

    /// Goes on with what was being accepted when the device stopped.
    pub(crate) fn resume_acceptances(&mut self, step: &mut Step<'_>) -> Stepped {
        for (at, sealed) in step.db.scan(Table::Acceptances, &[], None, Order::Up, limits::INVITES)? {
            let row: Acceptance = crate::db::open_row(&self.secrets.vault, Table::Acceptances, &at, &sealed)?;
            match Invite::parse(&row.link, step.now.wall) {
                Ok(invite) => self.dial_inviter(step, &invite),
                Err(_) => step.db.remove(Table::Acceptances, &at),
            }
        }
        Ok(())
    }

    fn dial_inviter(&mut self, step: &Step<'_>, invite: &Invite) {
        let addresses = invite.addresses.iter().map(|address| Address(format!("udp:{address}")));
        self.dialer.try_in_order(step.now.mono, Target::Invite(invite.id), addresses);
    }

    /// One of the inviter's addresses did not answer. Each of them is tried a few times.
    pub(crate) fn accept_failed_once(&mut self, step: &mut Step<'_>, id: InviteId, tries: u32) -> Stepped {
        let Some((_, invite)) = self.acceptance(step, &id)? else {
            self.dialer.forget(Target::Invite(id));
            return Ok(());
        };
        let many = u32::try_from(invite.addresses.len()).unwrap_or(1);
        if tries >= many.saturating_mul(limits::INVITE_ROUNDS) {
            self.stop_accepting(step, id);
            step.tell(Event::AcceptFailed { inviter: invite.account, error: AcceptError::Unreachable });
        }
        Ok(())
    }

    fn stop_accepting(&mut self, step: &mut Step<'_>, id: InviteId) {
        self.dialer.forget(Target::Invite(id));
        step.db.remove(Table::Acceptances, id.as_bytes());
    }

    fn acceptance(&self, step: &Step<'_>, id: &InviteId) -> Stepped<Option<(Acceptance, Invite)>> {
        let row: Option<Acceptance> = step.db.sealed(&self.secrets.vault, Table::Acceptances, id.as_bytes())?;
        let invite = row.as_ref().and_then(|row| Invite::parse(&row.link, lamplit_types::Wall(0)).ok());
        Ok(row.zip(invite))
    }

    /// The link to the inviter is up: prove that the invite is here.
    pub(crate) fn knock(
        &mut self,
        step: &mut Step<'_>,
        line: &mut Line,
        id: InviteId,
        handshake: [u8; 32],
    ) -> Stepped<Flow> {
        let Some((row, invite)) = self.acceptance(step, &id)? else { return Ok(Flow::End) };
        line.stage = Stage::Pairing(Box::new(Pairing { handshake, at: At::Knocked(id) }));
        let proof = invite.secret.proof(&handshake, Role::Initiator);
        Ok(send(&mut line.link, step.now, &Frame::Knock(Knock { invite: id, token: row.token, proof })))
    }

    /// A frame between strangers.
    pub(crate) fn pairing_frame(&mut self, step: &mut Step<'_>, line: &mut Line, frame: Frame) -> Stepped<Flow> {
        let Stage::Pairing(pairing) = core::mem::replace(&mut line.stage, Stage::Opening) else {
            return Ok(Flow::End);
        };
        let Pairing { handshake, at } = *pairing;
        match (at, frame) {
            (At::Waiting, Frame::Knock(knock)) => self.knocked(step, line, handshake, &knock),
            (At::Waiting, Frame::Join(join)) => self.join_asked(step, line, handshake, &join),
            (At::Vouched(code, device), Frame::Claim(claim)) => self.claimed(step, line, (code, device), &claim),
            (At::Introduced(invite, token), Frame::Introduce(them)) => {
                self.guest_introduced(step, line, handshake, (invite, token), them)
            }
            (At::Knocked(invite), Frame::Introduce(them)) => self.host_introduced(step, line, handshake, invite, them),
            (At::Answered(invite, them), Frame::Welcome) => self.welcomed(step, line, handshake, invite, *them),
            (At::Knocked(id) | At::Answered(id, _), Frame::Close(reason)) => {
                if let Some((_, invite)) = self.acceptance(step, &id)? {
                    if reason == CloseReason::Clock {
                        self.clock_shown(step, invite.account, None);
                    }
                    step.tell(Event::AcceptFailed { inviter: invite.account, error: AcceptError::Refused(reason) });
                }
                self.stop_accepting(step, id);
                Ok(Flow::End)
            }
            _ => Ok(Flow::End),
        }
    }

    /// Somebody claims to hold an invite of ours.
    fn knocked(&mut self, step: &mut Step<'_>, line: &mut Line, handshake: [u8; 32], knock: &Knock) -> Stepped<Flow> {
        let vault = &self.secrets.vault;
        let row: Option<InviteRow> = step.db.sealed(vault, Table::Invites, knock.invite.as_bytes())?;
        let row =
            row.filter(|row| InviteSecret::from_bytes(row.secret).is_proof(&handshake, Role::Initiator, &knock.proof));
        // Without a proof nobody learns whether there is such an invite.
        let Some(row) = row else { return Ok(Flow::End) };
        let refusal = if row.used.is_some_and(|token| token != knock.token) {
            Some(CloseReason::InviteUsed)
        } else if row.used.is_none() && row.expires <= step.now.wall {
            Some(CloseReason::InviteExpired)
        } else if self.people.count() >= CONTACTS {
            Some(CloseReason::Full)
        } else {
            None
        };
        if let Some(reason) = refusal {
            send(&mut line.link, step.now, &Frame::Close(reason));
            return Ok(Flow::End);
        }
        let secret = InviteSecret::from_bytes(row.secret);
        let me = self.introduction(&secret, &handshake, Role::Responder, row.share);
        line.stage = Stage::Pairing(Box::new(Pairing { handshake, at: At::Introduced(knock.invite, knock.token) }));
        Ok(send(&mut line.link, step.now, &Frame::Introduce(me)))
    }

    fn introduction(&self, secret: &InviteSecret, handshake: &[u8; 32], role: Role, share: [u8; 32]) -> Introduce {
        Introduce {
            proof: secret.proof(handshake, role),
            list: self.people.me().list.wire().clone(),
            device: self.device.device,
            signature: self.secrets.keys.sign_link(handshake, role),
            share,
            name: self.device.name.clone(),
        }
    }

    /// The inviter says who it is; it must be the one the invite names.
    fn host_introduced(
        &mut self,
        step: &mut Step<'_>,
        line: &mut Line,
        handshake: [u8; 32],
        id: InviteId,
        them: Introduce,
    ) -> Stepped<Flow> {
        let Some((row, invite)) = self.acceptance(step, &id)? else { return Ok(Flow::End) };
        let secret = &invite.secret;
        let checked = match secret.is_proof(&handshake, Role::Responder, &them.proof) {
            true => check(&them, &handshake, Role::Responder, Some(invite.root_hash), step.now.wall),
            false => Err(Unfit::Impostor),
        };
        let list = match checked {
            Ok(list) if list.account() == invite.account && self.is_as_known(&list) => list,
            unfit => {
                self.stop_accepting(step, id);
                let error = match unfit {
                    Err(Unfit::Clock(error)) => {
                        self.certificate_dated(step, invite.account, &error);
                        AcceptError::Refused(CloseReason::Clock)
                    }
                    _ => AcceptError::Impostor,
                };
                step.tell(Event::AcceptFailed { inviter: invite.account, error });
                return Ok(Flow::End);
            }
        };
        let pair = pair_secret(&invite, (self.device.account, &row.share), (invite.account, &them.share));
        let me = self.introduction(secret, &handshake, Role::Initiator, row.share);
        let stranger = Stranger { list, device: them.device, name: them.name, pair };
        line.stage = Stage::Pairing(Box::new(Pairing { handshake, at: At::Answered(id, Box::new(stranger)) }));
        Ok(send(&mut line.link, step.now, &Frame::Introduce(me)))
    }

    /// The guest says who it is: it becomes a contact, and the invite is used.
    fn guest_introduced(
        &mut self,
        step: &mut Step<'_>,
        line: &mut Line,
        handshake: [u8; 32],
        (id, token): (InviteId, [u8; 16]),
        them: Introduce,
    ) -> Stepped<Flow> {
        let vault = &self.secrets.vault;
        let Some(mut row) = step.db.sealed::<InviteRow>(vault, Table::Invites, id.as_bytes())? else {
            return Ok(Flow::End);
        };
        let secret = InviteSecret::from_bytes(row.secret);
        if !secret.is_proof(&handshake, Role::Initiator, &them.proof) {
            return Ok(Flow::End);
        }
        if row.used.is_some_and(|used| used != token) {
            send(&mut line.link, step.now, &Frame::Close(CloseReason::InviteUsed));
            return Ok(Flow::End);
        }
        let list = match check(&them, &handshake, Role::Initiator, None, step.now.wall) {
            Ok(list) => list,
            Err(Unfit::Impostor) => return Ok(Flow::End),
            Err(Unfit::Clock(error)) => {
                self.certificate_dated(step, them.list.generation.body.account, &error);
                step.tell(Event::Warning(Warning::Clock));
                send(&mut line.link, step.now, &Frame::Close(CloseReason::Clock));
                return Ok(Flow::End);
            }
        };
        if list.account() == self.device.account {
            return Ok(Flow::End);
        }
        if !self.is_as_known(&list) {
            step.tell(Event::Warning(Warning::Impostor(list.account())));
            return Ok(Flow::End);
        }
        row.used = Some(token);
        self.put_invite(step, &id, &row)?;
        let (me, guest) = ((self.device.account, &row.share), (list.account(), &them.share));
        let pair = PairSecret::derive(pair_id(&id), &row.secret, me, guest);
        let stranger = Stranger { list, device: them.device, name: them.name, pair };
        let device = stranger.device;
        self.befriend(step, stranger)?;
        if send(&mut line.link, step.now, &Frame::Welcome) == Flow::End {
            return Ok(Flow::End);
        }
        self.recognised(step, line, device, handshake)
    }

    /// The inviter has taken this account as a contact.
    fn welcomed(
        &mut self,
        step: &mut Step<'_>,
        line: &mut Line,
        handshake: [u8; 32],
        id: InviteId,
        them: Stranger,
    ) -> Stepped<Flow> {
        let device = them.device;
        if self.acceptance(step, &id)?.is_some() {
            self.befriend(step, them)?;
        }
        self.stop_accepting(step, id);
        if let Some((_, address)) = line.dialled.take() {
            self.keep_address(step, device, &address)?;
        }
        self.recognised(step, line, device, handshake)
    }

    /// Makes somebody a contact, on all devices of the account.
    fn befriend(&mut self, step: &mut Step<'_>, them: Stranger) -> Stepped {
        let account: AccountId = them.list.account();
        // While they were asked, another device of the account may have told of the one whose account it is.
        if !self.is_as_known(&them.list) {
            return Ok(());
        }
        if self.people.contact(account).is_some() && self.has_pair(step, account, &them.pair)? {
            return Ok(());
        }
        // Somebody who is a contact already has forgotten this account, or they would not accept its invite: they get
        // a new pair secret, and the keys that they lack when they greet.
        let me = self.device.account;
        let entity = *account.as_bytes();
        let trust = Trust { root: them.list.root_hash(), list: them.list.wire().clone(), name: them.name };
        let trust = encode(&trust, Table::Contacts)?;
        self.add_pair(step, account, &them.pair)?;
        let card = Change::set(Kind::Contact, entity, contact_field::TRUST, trust);
        self.write(step, set_of(me, OWN_DATA), card)?;
        // A new member has keys from today on only: what was sealed before is sealed anew.
        self.reseal(step, set_of(me, self.device.friends))
    }

    /// Whether somebody has the root that is known of their account, if that is a contact's. Whoever could bring another one
    /// would take the contact's place on every device that is linked later: those know contacts by their records.
    fn is_as_known(&self, list: &VerifiedList) -> bool {
        let known = self.people.contact(list.account());
        known.is_none_or(|known| known.list.root_hash() == list.root_hash())
    }
}

/// Why somebody is not taken for who they say they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unfit {
    /// Something does not hold.
    Impostor,
    /// All holds, but the certificate does not count by this clock.
    Clock(DeviceError),
}

/// What somebody says about themselves, if it holds on this link.
fn check(
    them: &Introduce,
    handshake: &[u8; 32],
    role: Role,
    pinned: Option<lamplit_wire::credential::RootHash>,
    now: lamplit_types::Wall,
) -> Result<VerifiedList, Unfit> {
    let list = VerifiedList::verify(them.list.clone(), pinned).map_err(|_| Unfit::Impostor)?;
    let certificate = list.device(&them.device).ok_or(Unfit::Impostor)?;
    verify_link(certificate, handshake, role, &them.signature).map_err(|_| Unfit::Impostor)?;
    match list.valid_device(&them.device, now) {
        Ok(_) => Ok(list),
        Err(error @ (DeviceError::Expired { .. } | DeviceError::NotYetValid { .. })) => Err(Unfit::Clock(error)),
        Err(DeviceError::Unknown(_) | DeviceError::Removed(_)) => Err(Unfit::Impostor),
    }
}

fn pair_secret(invite: &Invite, me: (AccountId, &[u8; 32]), them: (AccountId, &[u8; 32])) -> PairSecret {
    PairSecret::derive(pair_id(&invite.id), invite.secret.as_bytes(), me, them)
}

/// The first secret of a pair is named by the invite it came from.
fn pair_id(invite: &InviteId) -> PairId {
    let mut id = [0; 8];
    for (into, from) in id.iter_mut().zip(invite.as_bytes()) {
        *into = *from;
    }
    PairId { generation: 1, id }
}

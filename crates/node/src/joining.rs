//! A device without an account becomes a device of one, by a link code that one of the account's devices shows.
//!
//! It is no [`Node`](crate::Node) yet: nobody is known to it. On a link of two throw-away keys it asks with [`Join`],
//! which proves that it read the code; the other proves the same, and that it is on the device list whose root the code
//! names. Only then it says which keys it has, and is told, once it is on the list, all that makes it a device. Its own
//! keys are on the disk before it asks, so that it may stop at any point and ask again as the same one.

use lamplit_identity::{LinkCode, ListKey, Role, VerifiedList, verify_link};
use lamplit_link::{Candidate, Directory, Link, LinkEvent, Opening};
use lamplit_seal::OlmAccount;
use lamplit_types::{Channel, Class, DeviceId, Name, Now, PairTag, Pipe};
use lamplit_wire::{
    Admit, Claim, CloseReason, Decoded, Frame, Join, Vouch,
    credential::{DeviceClaim, Signed},
    decode,
};
use rand_core::CryptoRng;

use crate::{
    db::{Changes, Db, Typed, open_bytes},
    io::Address,
    line::{Flow, send},
    rows::{Joining, Peer, key},
    setup::{self, DeviceSecrets},
    table::{Read, ReadError, Table, Write},
};

/// A device that joins an account.
pub struct Joiner {
    secrets: DeviceSecrets,
    code: LinkCode,
    called: Name,
    claim: Signed<DeviceClaim>,
    line: Option<Line>,
}

struct Line {
    link: Link,
    address: Address,
    at: At,
}

/// How far it has come on a link.
enum At {
    Opening,
    /// It asked, on the link with this handshake.
    Asked([u8; 32]),
    /// This device is of the account, and knows the keys of the one that joins.
    Claimed(DeviceId),
}

/// What came of some bytes.
#[derive(Debug, Default)]
pub struct Joined {
    /// To be sent.
    pub send: Vec<(Channel, Vec<u8>)>,
    /// It is a device of the account as soon as these are committed.
    pub writes: Option<Vec<Write>>,
}

/// Why a device did not join. It can be tried again, with the same code or another.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The code was used by another device.
    #[error(
        "another device has used this link code: run `lamplit link` on the other device again, and look at `lamplit devices`"
    )]
    Used,
    /// The code is past its date.
    #[error("this link code is past its time: run `lamplit link` on the other device again")]
    Expired,
    /// The account has no room.
    #[error("the account has as many devices as it can: remove one first")]
    Full,
    /// The clocks differ.
    #[error("this clock and the other device's differ by more than a day: set the clock")]
    Clock,
    /// Somebody else answered.
    #[error("somebody else answered at the address in the link code: nothing was told to them")]
    Impostor,
    /// The link broke.
    #[error("the link broke before all was said")]
    Broken,
    /// The database.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Nobody is known, and nobody is awaited.
struct Nobody;

impl Directory for Nobody {
    fn candidates(&self, _: PairTag) -> Vec<Candidate> {
        Vec::new()
    }

    fn accepts_strangers(&self) -> bool {
        false
    }

    fn first_seen(&mut self, _: PairTag, _: [u8; 32]) -> bool {
        false
    }
}

impl Joiner {
    /// The device that a database holds; `None` if it holds none that is to join an account.
    ///
    /// # Errors
    /// [`ReadError`] if the database fails, or the keys are of another one.
    pub fn open(secrets: DeviceSecrets, read: &impl Read) -> Result<Option<Self>, ReadError> {
        let corrupt = || ReadError::Corrupt { table: Table::Secrets };
        let Some(joining) = read.sealed::<Joining>(&secrets.vault, Table::Secrets, key::JOINING)? else {
            return Ok(None);
        };
        let olm = read.get(Table::Secrets, key::OLM)?.ok_or_else(corrupt)?;
        let olm = open_bytes(&secrets.vault, Table::Secrets, key::OLM, &olm)?;
        let olm = OlmAccount::from_bytes(&olm).map_err(|_| corrupt())?;
        let code = LinkCode::parse(&joining.code, lamplit_types::Wall(0)).map_err(|_| corrupt())?;
        let claim = secrets.keys.claim(code.account, olm.identity_key()).map_err(|_| corrupt())?;
        Ok(Some(Self { secrets, code, called: joining.called, claim, line: None }))
    }

    /// Where to dial, the likeliest first.
    pub fn addresses(&self) -> Vec<Address> {
        self.code.addresses.iter().map(|address| Address(format!("udp:{address}"))).collect()
    }

    /// Gives the keys back.
    pub fn into_secrets(self) -> DeviceSecrets {
        self.secrets
    }

    /// A pipe to one of the addresses is open.
    ///
    /// # Errors
    /// [`JoinError::Broken`] if no link can be made of it.
    pub fn connected(
        &mut self,
        now: Now,
        rng: &mut dyn CryptoRng,
        pipe: Pipe,
        address: Address,
    ) -> Result<Joined, JoinError> {
        let link = Link::dial(now.mono, rng, pipe, Opening::Stranger).map_err(|_| JoinError::Broken)?;
        let line = self.line.insert(Line { link, address, at: At::Opening });
        Ok(Joined { send: flush(&mut line.link, now), writes: None })
    }

    /// Bytes came over it.
    ///
    /// # Errors
    /// [`JoinError`], after which the pipe is of no further use.
    pub fn received(
        &mut self,
        now: Now,
        rng: &mut dyn CryptoRng,
        channel: Channel,
        bytes: &[u8],
    ) -> Result<Joined, JoinError> {
        let Some(mut line) = self.line.take() else { return Err(JoinError::Broken) };
        let result = line.link.receive(now.mono, rng, &mut Nobody, channel, bytes);
        let mut writes = None;
        while let Some(event) = line.link.poll_event() {
            match event {
                LinkEvent::Established { handshake_hash, .. } => self.ask(now, &mut line, handshake_hash)?,
                LinkEvent::Frame { class: Class::Control, bytes } => {
                    let mut rest = bytes.as_slice();
                    while let Some(decoded) = decode(&mut rest).map_err(|_| JoinError::Broken)? {
                        if let Decoded::Frame(frame) = decoded {
                            writes = self.frame(now, rng, &mut line, *frame)?.or(writes);
                        }
                    }
                }
                LinkEvent::Frame { .. } | LinkEvent::Packet(_) => {}
            }
        }
        result.map_err(|_| JoinError::Broken)?;
        let send = flush(&mut line.link, now);
        self.line = Some(line);
        Ok(Joined { send, writes })
    }

    fn ask(&self, now: Now, line: &mut Line, handshake: [u8; 32]) -> Result<(), JoinError> {
        let proof = self.code.secret().proof(&handshake, Role::Initiator);
        line.at = At::Asked(handshake);
        say(line, now, &Frame::Join(Join { code: self.code.id, device: self.secrets.device(), proof }))
    }

    fn frame(
        &self,
        now: Now,
        rng: &mut dyn CryptoRng,
        line: &mut Line,
        frame: Frame,
    ) -> Result<Option<Vec<Write>>, JoinError> {
        match (core::mem::replace(&mut line.at, At::Opening), frame) {
            (_, Frame::Close(reason)) => Err(refused(reason)),
            (At::Asked(handshake), Frame::Vouch(vouch)) => {
                self.check(&handshake, &vouch)?;
                line.at = At::Claimed(vouch.device);
                say(line, now, &Frame::Claim(Claim { claim: self.claim }))?;
                Ok(None)
            }
            (At::Claimed(host), Frame::Admit(admit)) => self.admitted(now, rng, host, &line.address, &admit).map(Some),
            _ => Err(JoinError::Broken),
        }
    }

    /// Whether it is a device of the account that the code names.
    fn check(&self, handshake: &[u8; 32], vouch: &Vouch) -> Result<(), JoinError> {
        if !self.code.secret().is_proof(handshake, Role::Responder, &vouch.proof) {
            return Err(JoinError::Impostor);
        }
        let list = self.verify(vouch.list.clone())?;
        let certificate = list.device(&vouch.device).ok_or(JoinError::Impostor)?;
        verify_link(certificate, handshake, Role::Responder, &vouch.signature).map_err(|_| JoinError::Impostor)
    }

    fn verify(&self, list: lamplit_wire::credential::DeviceList) -> Result<VerifiedList, JoinError> {
        let list = VerifiedList::verify(list, Some(self.code.root_hash)).map_err(|_| JoinError::Impostor)?;
        if list.account() == self.code.account { Ok(list) } else { Err(JoinError::Impostor) }
    }

    /// What the database holds from now on.
    fn admitted(
        &self,
        now: Now,
        rng: &mut dyn CryptoRng,
        host: DeviceId,
        address: &Address,
        admit: &Admit,
    ) -> Result<Vec<Write>, JoinError> {
        let list = self.verify(admit.list.clone())?;
        let device = self.secrets.device();
        let certificate = list.device(&device).ok_or(JoinError::Impostor)?;
        let key = ListKey::from_bytes(&admit.keys.list).public();
        let keys_fit = key == list.generation().list_key && admit.keys.generation == list.generation().number;
        if certificate.claim != self.claim.body || !keys_fit || admit.friends_keys.is_empty() {
            return Err(JoinError::Impostor);
        }
        if list.valid_device(&device, now.wall).is_err() {
            return Err(JoinError::Clock);
        }
        let nothing = Changes::default();
        let mut db = Db::new(&setup::Nothing, &nothing);
        setup::settle_in(&mut db, rng, &self.secrets, &list, admit)?;
        setup::call(&mut db, &device, self.called.clone())?;
        let peer = Peer { address: Some(address.0.clone()), ..Peer::default() };
        db.put(Table::Peers, host.as_bytes(), &peer)?;
        db.remove(Table::Secrets, key::JOINING);
        Ok(db.into_changes().into_writes())
    }
}

impl core::fmt::Debug for Joiner {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Joiner(…)")
    }
}

fn say(line: &mut Line, now: Now, frame: &Frame) -> Result<(), JoinError> {
    match send(&mut line.link, now, frame) {
        Flow::Go => Ok(()),
        Flow::End => Err(JoinError::Broken),
    }
}

fn flush(link: &mut Link, now: Now) -> Vec<(Channel, Vec<u8>)> {
    core::iter::from_fn(|| link.poll_transmit(now.mono)).collect()
}

const fn refused(reason: CloseReason) -> JoinError {
    match reason {
        CloseReason::InviteUsed => JoinError::Used,
        CloseReason::InviteExpired | CloseReason::InviteUnknown => JoinError::Expired,
        CloseReason::Full => JoinError::Full,
        CloseReason::Clock => JoinError::Clock,
        CloseReason::Duplicate | CloseReason::ListConflict | CloseReason::Done => JoinError::Broken,
    }
}

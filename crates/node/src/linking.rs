//! A new device is taken into the account: the side that shows the link code. The other is [`crate::Joiner`].

use lamplit_identity::{AddError, LINK_CODE_MS, LinkCode, LinkSecret, ListKey, Role, add_device};
use lamplit_types::{DeviceId, InviteId, limits::DEVICES};
use lamplit_wire::{Claim, CloseReason, Frame, Join, Vouch, bounded::List};

use crate::{
    Node,
    db::Typed,
    io::{CommandError, Event},
    limits,
    line::{Flow, Line, send},
    pairing::Pairing,
    rows::LinkCodeRow,
    setup::admission,
    step::{Step, Stepped},
    table::{Order, Read, Table},
};

impl Node {
    /// Makes a link code. The one before is good no more.
    pub(crate) fn link_device(
        &mut self,
        step: &mut Step<'_>,
        addresses: Vec<core::net::SocketAddr>,
    ) -> Stepped<Result<LinkCode, CommandError>> {
        if self.people.me().list.devices().len() >= DEVICES {
            return Ok(Err(CommandError::TooManyDevices));
        }
        let Ok(addresses) = List::try_from(addresses) else { return Ok(Err(CommandError::TooManyAddresses)) };
        if addresses.is_empty() {
            return Ok(Err(CommandError::NoAddress));
        }
        self.end_linking(step)?;
        let expires = step.now.wall.plus(LINK_CODE_MS);
        let code = LinkCode::generate(step.rng, self.people.me().list, addresses, expires);
        let row = LinkCodeRow { secret: *code.secret().as_bytes(), expires, used: None };
        self.put_link_code(step, &code.id, &row)?;
        Ok(Ok(code))
    }

    /// No device can join any more.
    pub(crate) fn end_linking(&self, step: &mut Step<'_>) -> Stepped {
        for (at, _) in step.db.scan(Table::LinkCodes, &[], None, Order::Up, limits::INVITES)? {
            step.db.remove(Table::LinkCodes, &at);
        }
        Ok(())
    }

    fn put_link_code(&self, step: &mut Step<'_>, id: &InviteId, row: &LinkCodeRow) -> Stepped {
        step.db.put_sealed(&self.secrets.vault, step.rng, Table::LinkCodes, id.as_bytes(), row)
    }

    /// Forgets a code that nobody can use any more.
    pub(crate) fn expire_link_codes(&self, step: &mut Step<'_>) -> Stepped {
        for (at, sealed) in step.db.scan(Table::LinkCodes, &[], None, Order::Up, limits::INVITES)? {
            let row: LinkCodeRow = crate::db::open_row(&self.secrets.vault, Table::LinkCodes, &at, &sealed)?;
            if row.expires.plus(limits::LINK_CODE_MEMORY_MS) <= step.now.wall {
                step.db.remove(Table::LinkCodes, &at);
            }
        }
        Ok(())
    }

    /// Whether a device may ask to join.
    pub(crate) fn link_codes_open(&self, step: &Step<'_>) -> Stepped<bool> {
        Ok(!step.db.scan(Table::LinkCodes, &[], None, Order::Up, 1)?.is_empty())
    }

    /// A device asks to be one of the account.
    pub(crate) fn join_asked(
        &mut self,
        step: &mut Step<'_>,
        line: &mut Line,
        handshake: [u8; 32],
        join: &Join,
    ) -> Stepped<Flow> {
        let vault = &self.secrets.vault;
        let row: Option<LinkCodeRow> = step.db.sealed(vault, Table::LinkCodes, join.code.as_bytes())?;
        let row =
            row.filter(|row| LinkSecret::from_bytes(row.secret).is_proof(&handshake, Role::Initiator, &join.proof));
        // Without a proof nobody learns whether there is such a code.
        let Some(row) = row else { return Ok(Flow::End) };
        let refusal = if row.used.is_some_and(|device| device != join.device) {
            Some(CloseReason::InviteUsed)
        } else if row.used.is_none() && row.expires <= step.now.wall {
            Some(CloseReason::InviteExpired)
        } else {
            None
        };
        if let Some(reason) = refusal {
            send(&mut line.link, step.now, &Frame::Close(reason));
            return Ok(Flow::End);
        }
        let vouch = Vouch {
            proof: LinkSecret::from_bytes(row.secret).proof(&handshake, Role::Responder),
            list: self.people.me().list.wire().clone(),
            device: self.device.device,
            signature: self.secrets.keys.sign_link(&handshake, Role::Responder),
        };
        line.stage = Pairing::vouched(handshake, join.code, join.device);
        Ok(send(&mut line.link, step.now, &Frame::Vouch(vouch)))
    }

    /// It says which keys it has: it is put on the list, and told what the account's devices share.
    pub(crate) fn claimed(
        &mut self,
        step: &mut Step<'_>,
        line: &mut Line,
        (code, device): (InviteId, DeviceId),
        claim: &Claim,
    ) -> Stepped<Flow> {
        let vault = &self.secrets.vault;
        let Some(mut row) = step.db.sealed::<LinkCodeRow>(vault, Table::LinkCodes, code.as_bytes())? else {
            return Ok(Flow::End);
        };
        if claim.claim.device != device || row.used.is_some_and(|used| used != device) {
            return Ok(Flow::End);
        }
        let known = self.people.me().list.device(&device).is_some_and(|known| known.claim == claim.claim.body);
        if !known {
            let key = ListKey::from_bytes(&self.keys.list);
            let list = match add_device(self.people.me().list, &key, claim.claim, None, step.now.wall) {
                Ok(list) => list,
                Err(AddError::Full) => {
                    send(&mut line.link, step.now, &Frame::Close(CloseReason::Full));
                    return Ok(Flow::End);
                }
                Err(_) => return Ok(Flow::End),
            };
            row.used = Some(device);
            self.put_link_code(step, &code, &row)?;
            self.adopt_own_list(step, list)?;
            step.tell(Event::DeviceAdded(device));
        }
        let audience = self.friends(step)?;
        let admit = admission(self.people.me().list, &self.keys, &self.device, &audience);
        Ok(send(&mut line.link, step.now, &Frame::Admit(admit)))
    }
}

//! The secrets that are shared with contacts.
//!
//! Each has a record of its own, so that of two which were made apart none takes the other's place: the devices of both
//! accounts end with the same ones, and any of them opens a link.

use lamplit_identity::PairSecret;
use lamplit_types::AccountId;
use lamplit_wire::{Entry, Kind, Value, credential::PairId};
use zeroize::Zeroizing;

use crate::{
    Node,
    db::{Typed, encode, open_row},
    limits,
    replica::{Change, OWN_SECRETS, set_of},
    rows::PairRow,
    setup::DeviceSecrets,
    step::{Step, Stepped},
    table::{Order, Read, Table},
};

/// The field of a pair-secret entity that holds the secret.
const SECRET_FIELD: u8 = 1;

impl PairRow {
    fn secret(&self) -> PairSecret {
        PairSecret::new(self.id, Zeroizing::new(self.secret))
    }

    fn entity(&self) -> [u8; 16] {
        entity(self.account, self.id)
    }
}

/// The name of a secret's record. The account is part of it: who makes an invite chooses the id.
fn entity(account: AccountId, id: PairId) -> [u8; 16] {
    let mut hash = blake3::Hasher::new();
    hash.update(b"lamplit/1/pair\0").update(account.as_bytes()).update(&id.generation.to_le_bytes()).update(&id.id);
    let mut entity = [0; 16];
    hash.finalize_xof().fill(&mut entity);
    entity
}

fn row_key(account: AccountId, entity: [u8; 16]) -> Vec<u8> {
    [*account.as_bytes(), entity].concat()
}

/// What is kept about a contact's secrets, the latest last.
fn rows_of(db: &impl Read, secrets: &DeviceSecrets, account: AccountId) -> Stepped<Vec<PairRow>> {
    let rows = db.scan(Table::Pairs, account.as_bytes(), None, Order::Up, limits::PAIRS_READ)?;
    let opened = rows.iter().map(|(at, sealed)| open_row::<PairRow>(&secrets.vault, Table::Pairs, at, sealed));
    let mut rows = opened.collect::<Stepped<Vec<_>>>()?;
    rows.sort_by_key(|row| (row.number, row.id));
    Ok(rows)
}

/// The secrets shared with a contact, the latest last.
pub(crate) fn pairs_of(db: &impl Read, secrets: &DeviceSecrets, account: AccountId) -> Stepped<Vec<PairSecret>> {
    Ok(rows_of(db, secrets, account)?.iter().map(PairRow::secret).collect())
}

impl Node {
    /// Whether a secret is one of those shared with a contact.
    pub(crate) fn has_pair(&self, step: &Step<'_>, account: AccountId, pair: &PairSecret) -> Stepped<bool> {
        let row: Option<PairRow> =
            step.db.sealed(&self.secrets.vault, Table::Pairs, &row_key(account, entity(account, pair.id())))?;
        Ok(row.is_some_and(|row| row.secret == *pair.expose()))
    }

    /// The two have paired, perhaps not for the first time. Of many secrets the oldest go.
    pub(crate) fn add_pair(&mut self, step: &mut Step<'_>, account: AccountId, pair: &PairSecret) -> Stepped {
        let known = rows_of(&step.db, &self.secrets, account)?;
        let number = known.last().map_or(1, |last| last.number.saturating_add(1));
        let set = set_of(self.device.account, OWN_SECRETS);
        let too_many = known.len().saturating_add(1).saturating_sub(limits::PAIRS);
        for oldest in known.iter().take(too_many) {
            self.write(step, set, Change::delete(Kind::PairSecret, oldest.entity()))?;
        }
        let row = PairRow { account, id: pair.id(), number, secret: *pair.expose() };
        let value = encode(&row, Table::Pairs)?;
        self.write(step, set, Change::set(Kind::PairSecret, row.entity(), SECRET_FIELD, value))
    }

    /// Somebody is to be a contact no more: their secrets end, on all devices of the account.
    pub(crate) fn end_pairs(&mut self, step: &mut Step<'_>, account: AccountId) -> Stepped {
        for row in rows_of(&step.db, &self.secrets, account)? {
            self.write(step, set_of(self.device.account, OWN_SECRETS), Change::delete(Kind::PairSecret, row.entity()))?;
        }
        Ok(())
    }

    /// A pair secret's record changed.
    pub(crate) fn show_pair(&mut self, step: &mut Step<'_>, entry: &Entry) -> Stepped {
        let Value::Set(value) = &entry.value else { return self.hide_pair(step, entry.entity) };
        let Ok(row) = postcard::from_bytes::<PairRow>(value) else { return Ok(()) };
        if entry.field != SECRET_FIELD || row.entity() != entry.entity {
            return Ok(());
        }
        step.db.put_sealed(&self.secrets.vault, step.rng, Table::Pairs, &row_key(row.account, entry.entity), &row)?;
        self.load_person(step, row.account)
    }

    /// A pair secret's record is gone.
    pub(crate) fn hide_pair(&mut self, step: &mut Step<'_>, entity: [u8; 16]) -> Stepped {
        let all = step.db.scan(Table::Pairs, &[], None, Order::Up, limits::ALL_PAIRS)?;
        let found = all.into_iter().map(|(at, _)| at).find(|at| at.ends_with(&entity));
        let Some(at) = found else { return Ok(()) };
        step.db.remove(Table::Pairs, &at);
        match at.first_chunk() {
            Some(account) => self.load_person(step, AccountId::from_bytes(*account)),
            None => Ok(()),
        }
    }
}

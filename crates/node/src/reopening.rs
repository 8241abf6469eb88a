//! A new device opens its owner's account where all others are lost: with what the server handed out for the code that came to the
//! account's number, and the root key that follows from the recovery phrase.
//!
//! The server is asked for nothing more and told nothing: the device puts itself on the list with the list key that was in the kit, and
//! shows that list when it calls as a device of the account.

use lamplit_identity::{AddError, ListError, ListKey, RootKey, VerifiedList, add_device, verify};
use lamplit_seal::OlmAccount;
use lamplit_types::{AccountId, Name, Wall};
use lamplit_wire::{
    credential::EncodeError,
    server::{Kit, KitContent, Opening},
};
use rand_core::CryptoRng;

use crate::{
    db::{Changes, Db},
    io::Address,
    kit,
    rows::{self, key},
    setup::{self, DeviceSecrets},
    table::{ReadError, Table, Write},
};

/// A device that is one of its account as soon as its keys are kept, and then its writes committed.
#[derive(Debug)]
pub struct Reopened {
    /// The account.
    pub account: AccountId,
    /// What contacts saw as its name.
    pub name: Name,
    /// What the device's database begins with.
    pub writes: Vec<Write>,
}

/// Why an account was not opened. Nothing was changed, here or at the server.
#[derive(Debug, thiserror::Error)]
pub enum ReopenError {
    /// The phrase gives another root.
    #[error(
        "this recovery phrase is not the one of the account that has this number: compare each word with what you wrote down"
    )]
    WrongPhrase,
    /// What the server has of the account is not what a device of it left.
    #[error("what the server has of this account is not what its devices left there: ask whoever runs the server")]
    Untrue,
    /// The keys changed since.
    #[error(
        "a device was removed from this account, and none of the others has left the new keys at the server yet: start one of them, or link this one with `lamplit link`"
    )]
    Stale,
    /// No room.
    #[error("the account has as many devices as it can: remove one first, on any of them")]
    Full,
    /// Something could not be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The same.
    #[error(transparent)]
    Write(#[from] ReadError),
}

/// Opens the account that the server handed out, as the device with these keys: what its database begins with. `server` is where it goes
/// on, and `called` what the account's other devices are told that it is called.
///
/// # Errors
/// See [`ReopenError`]. It can be tried again with another phrase.
pub fn reopen(
    rng: &mut dyn CryptoRng,
    now: Wall,
    secrets: &DeviceSecrets,
    root: &RootKey,
    opening: &Opening,
    (server, called): (Address, Name),
) -> Result<Reopened, ReopenError> {
    let list = check(root, opening)?;
    let content = unlock(root, &opening.kit, &list)?;
    let olm = OlmAccount::new();
    let claim = secrets.keys.claim(list.account(), olm.identity_key())?;
    let list = add_device(&list, &ListKey::from_bytes(&content.keys.list), claim, None, now).map_err(refusal)?;
    let nothing = Changes::default();
    let mut db = Db::new(&setup::Nothing, &nothing);
    setup::put_olm(&mut db, rng, secrets, &olm)?;
    setup::begin(&mut db, rng, secrets, &list, &content)?;
    setup::call(&mut db, &secrets.device(), called)?;
    let server = rows::Server { address: server.0, cursor: None, stocked: None };
    db.put(Table::Device, key::SERVER, &server)?;
    Ok(Reopened { account: list.account(), name: content.name, writes: db.into_changes().into_writes() })
}

/// Whether the list is of the phrase's root, and the kit of a device on it.
fn check(root: &RootKey, Opening { kit, list }: &Opening) -> Result<VerifiedList, ReopenError> {
    let list = VerifiedList::verify(list.clone(), Some(root.hash())).map_err(|error| match error {
        ListError::WrongRoot { .. } => ReopenError::WrongPhrase,
        _ => ReopenError::Untrue,
    })?;
    if kit.account != list.account() || kit.version.generation > list.generation().number {
        return Err(ReopenError::Untrue);
    }
    if kit.version.generation < list.generation().number {
        return Err(ReopenError::Stale);
    }
    let is_of_device = list.device(&kit.device).is_some() && verify(kit, kit.device.as_bytes()).is_ok();
    if is_of_device { Ok(list) } else { Err(ReopenError::Untrue) }
}

/// What is in the kit, if it is of the list's generation.
fn unlock(root: &RootKey, kit: &Kit, list: &VerifiedList) -> Result<KitContent, ReopenError> {
    let generation = list.generation();
    let secret = root.recovery_key(generation.number).to_bytes();
    let content = kit::open(&secret, kit).map_err(|_| ReopenError::Untrue)?;
    let fits = content.keys.generation == generation.number
        && ListKey::from_bytes(&content.keys.list).public() == generation.list_key
        && !content.friends_keys.is_empty();
    if fits { Ok(content) } else { Err(ReopenError::Untrue) }
}

fn refusal(error: AddError) -> ReopenError {
    match error {
        AddError::Full => ReopenError::Full,
        AddError::Encode(error) => ReopenError::Encode(error),
        // The device's keys were drawn for this; the list key was compared.
        AddError::Claim(_)
        | AddError::OtherAccount
        | AddError::WrongListKey { .. }
        | AddError::Removed(_)
        | AddError::Unknown(_) => ReopenError::Untrue,
    }
}

#[cfg(test)]
mod tests;

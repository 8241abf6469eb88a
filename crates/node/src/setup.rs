//! Making devices: the first one of an account, and further ones.

use lamplit_identity::{
    AddError, BeaconKey, Cost, CostError, DeviceKeys, HandshakeKey, KeyLengthError, LinkCode, ListKey, Phrase,
    PhraseError, SetUpError as ListSetUpError, VerifiedList, add_device, create_account,
};
use lamplit_link::StaticKey;
use lamplit_seal::{AudienceKey, OlmAccount, StorageKey};
use lamplit_types::{AccountId, AudienceId, DeviceId, Hlc, Incarnation, Name, Wall};
use lamplit_wire::{
    AccountSecrets, Admit, GenerationSecret, bounded::List, credential::EncodeError, server::KitContent,
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    audience::turn_of,
    db::{Changes, Db, Typed},
    rows::{AccountKeys, Audience, Device, GenerationKey, Joining, Past, Sibling, Steady, key},
    table::{Order, Read, ReadError, Row, Table, Write},
};

/// The keys that make a device this device. They lie outside the database, in the system's keyring or in a file that
/// only the owner can read.
pub struct DeviceSecrets {
    pub(crate) keys: DeviceKeys,
    pub(crate) vault: StorageKey,
}

/// Some bytes are not the keys of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these are not the keys of a device: {0}")]
pub struct SecretsError(#[from] KeyLengthError);

impl DeviceSecrets {
    /// Keys of a new device, which is none of an account's yet.
    pub fn draw(rng: &mut dyn CryptoRng) -> Self {
        Self { keys: DeviceKeys::generate(rng), vault: StorageKey::draw(rng) }
    }

    /// The keys, to be kept in a safe place: 96 bytes.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([self.keys.to_bytes().as_slice(), self.vault.as_bytes()].concat())
    }

    /// Takes keys that [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`SecretsError`] if the length is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SecretsError> {
        let wrong = KeyLengthError { expected: DeviceKeys::BYTES.saturating_add(32), found: bytes.len() };
        let (keys, vault) = bytes.split_last_chunk::<32>().ok_or(wrong)?;
        let keys = DeviceKeys::from_bytes(keys).map_err(|_| wrong)?;
        Ok(Self { keys, vault: StorageKey::from_bytes(*vault) })
    }

    /// Whose keys they are.
    pub fn device(&self) -> DeviceId {
        self.keys.id()
    }

    /// The key with which the device shows that it is itself in TLS handshakes with servers.
    pub fn handshake_key(&self) -> HandshakeKey {
        self.keys.handshake_key()
    }

    pub(crate) fn noise_static(&self) -> StaticKey {
        StaticKey::from_bytes(*self.keys.noise_private())
    }
}

impl core::fmt::Debug for DeviceSecrets {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("DeviceSecrets(…)")
    }
}

/// A device that was just made. Its keys are to be kept before its writes are committed.
#[derive(Debug)]
pub struct NewDevice {
    /// Its keys.
    pub secrets: DeviceSecrets,
    /// What its database begins with.
    pub writes: Vec<Write>,
    /// Whose it is.
    pub account: AccountId,
    /// Which it is.
    pub device: DeviceId,
    /// What the database of the device it was added by takes in, while that one is closed: the list with both.
    pub sibling_writes: Vec<Write>,
}

/// Why no device was made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The phrase.
    #[error(transparent)]
    Phrase(#[from] PhraseError),
    /// The cost of stretching it.
    #[error(transparent)]
    Cost(#[from] CostError),
    /// The first list.
    #[error(transparent)]
    List(#[from] ListSetUpError),
    /// The list with one more.
    #[error(transparent)]
    Add(#[from] AddError),
    /// Something could not be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The sibling's database.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The sibling's database holds no device, or one whose list does not hold.
    #[error("the other device is not whole: open it with Lamplit first")]
    Sibling,
}

/// Makes an account and its first device. The phrase is shown to the owner once and kept nowhere.
///
/// # Errors
/// [`SetupError`] if the cost is not possible.
pub fn first_device(
    rng: &mut dyn CryptoRng,
    now: Wall,
    name: Name,
    cost: Cost,
) -> Result<(NewDevice, Phrase), SetupError> {
    let mut drawn = [0; 16];
    rng.fill_bytes(&mut drawn);
    let account = AccountId::from_random(drawn);
    rng.fill_bytes(&mut drawn);
    let friends = AudienceId::from_bytes(drawn);
    let phrase = Phrase::generate(rng)?;
    let root = phrase.root_key(cost)?;
    let secrets = DeviceSecrets::draw(rng);
    let olm = OlmAccount::new();
    let claim = secrets.keys.claim(account, olm.identity_key())?;
    let made = create_account(rng, &root, claim, None, now)?;
    let keys = AccountKeys {
        generation: made.list.generation().number,
        list: *made.list_key.to_bytes(),
        own: draw(rng),
        index: draw(rng),
        data: draw(rng),
        secrets: draw(rng),
    };
    let key = AudienceKey::draw(rng, 1 << 16, now.day());
    let beacon = *BeaconKey::of_turn(&keys.own, account, turn_of(key.generation())).as_bytes();
    let first = GenerationKey { generation: key.generation(), day: key.day(), key: *key.as_bytes(), beacon };
    let audience = Audience { owner: account, keys: vec![first] };
    let nothing = Changes::default();
    let mut db = Db::new(&Nothing, &nothing);
    put_olm(&mut db, rng, &secrets, &olm)?;
    New { keys, friends, audience, name }.put(&mut db, rng, &secrets, &made.list)?;
    let writes = db.into_changes().into_writes();
    let device = secrets.device();
    Ok((NewDevice { secrets, writes, account, device, sibling_writes: Vec::new() }, phrase))
}

/// Makes a further device of an account, given one that is there and closed: what [`crate::Joiner`] does over a link,
/// done at one place. The account's other devices learn of it from those two.
///
/// # Errors
/// [`SetupError`] if the account has no room, or the sibling is not whole.
pub fn further_device(
    rng: &mut dyn CryptoRng,
    now: Wall,
    sibling_secrets: &DeviceSecrets,
    sibling: &impl Read,
) -> Result<NewDevice, SetupError> {
    let vault = &sibling_secrets.vault;
    let other: Device = sibling.row(Table::Device, key::DEVICE)?.ok_or(SetupError::Sibling)?;
    let keys: AccountKeys = sibling.sealed(vault, Table::Secrets, key::ACCOUNT)?.ok_or(SetupError::Sibling)?;
    let audience: Audience =
        sibling.sealed(vault, Table::Audiences, other.friends.as_bytes())?.ok_or(SetupError::Sibling)?;
    let list = VerifiedList::verify(other.list.clone(), None).map_err(|_| SetupError::Sibling)?;
    let secrets = DeviceSecrets::draw(rng);
    let olm = OlmAccount::new();
    let claim = secrets.keys.claim(other.account, olm.identity_key())?;
    let list = add_device(&list, &ListKey::from_bytes(&keys.list), claim, None, now)?;
    let admit = admission(&list, &keys, &other, &audience);
    let nothing = Changes::default();
    let mut db = Db::new(&Nothing, &nothing);
    put_olm(&mut db, rng, &secrets, &olm)?;
    settle_in(&mut db, rng, &secrets, &list, &admit)?;
    let writes = db.into_changes().into_writes();
    let mut db = Db::new(&Nothing, &nothing);
    db.put(Table::Device, key::DEVICE, &Device { list: list.wire().clone(), ..other })?;
    let sibling_writes = db.into_changes().into_writes();
    let (account, device) = (list.account(), secrets.device());
    Ok(NewDevice { secrets, writes, account, device, sibling_writes })
}

/// Makes a device without an account, which is to join that of a link code: see [`crate::Joiner`].
///
/// # Errors
/// [`SetupError`] if something cannot be written.
pub fn joining_device(rng: &mut dyn CryptoRng, code: &LinkCode, called: Name) -> Result<NewDevice, SetupError> {
    let secrets = DeviceSecrets::draw(rng);
    let nothing = Changes::default();
    let mut db = Db::new(&Nothing, &nothing);
    put_olm(&mut db, rng, &secrets, &OlmAccount::new())?;
    let joining = Joining { code: code.to_text()?, called };
    db.put_sealed(&secrets.vault, rng, Table::Secrets, key::JOINING, &joining)?;
    let writes = db.into_changes().into_writes();
    let (account, device) = (code.account, secrets.device());
    Ok(NewDevice { secrets, writes, account, device, sibling_writes: Vec::new() })
}

/// The same device without an account, which is to join that of another code.
///
/// # Errors
/// [`SetupError`] if something cannot be written.
pub fn join_by(
    rng: &mut dyn CryptoRng,
    secrets: &DeviceSecrets,
    code: &LinkCode,
    called: Name,
) -> Result<Vec<Write>, SetupError> {
    let nothing = Changes::default();
    let mut db = Db::new(&Nothing, &nothing);
    let joining = Joining { code: code.to_text()?, called };
    db.put_sealed(&secrets.vault, rng, Table::Secrets, key::JOINING, &joining)?;
    Ok(db.into_changes().into_writes())
}

impl NewDevice {
    /// The same device under a name, which the account's other devices are told.
    ///
    /// # Errors
    /// [`SetupError`] if it cannot be written.
    pub fn called(mut self, name: Name) -> Result<Self, SetupError> {
        let nothing = Changes::default();
        let mut db = Db::new(&Nothing, &nothing);
        call(&mut db, &self.device, name)?;
        self.writes.extend(db.into_changes().into_writes());
        Ok(self)
    }
}

/// What a new device is told that is on the list.
pub(crate) fn admission(list: &VerifiedList, keys: &AccountKeys, host: &Device, audience: &Audience) -> Admit {
    let friends_keys: Vec<_> = audience.keys.iter().map(GenerationSecret::from).collect();
    Admit {
        list: list.wire().clone(),
        keys: AccountSecrets::from(keys),
        name: host.name.clone(),
        friends: host.friends,
        // Kept are no more than fit.
        friends_keys: List::try_from(friends_keys).unwrap_or_default(),
    }
}

/// A device becomes one of its account: it begins with this, and lacks what was said before.
pub(crate) fn settle_in(
    db: &mut Db<'_>,
    rng: &mut dyn CryptoRng,
    secrets: &DeviceSecrets,
    list: &VerifiedList,
    admit: &Admit,
) -> Result<(), ReadError> {
    db.put(Table::Device, key::PAST, &Past::default())?;
    let (name, friends_keys) = (admit.name.clone(), admit.friends_keys.clone());
    let told = KitContent { keys: admit.keys.clone(), name, friends: admit.friends, friends_keys };
    begin(db, rng, secrets, list, &told)
}

/// The same of one that nobody tells what was said before.
pub(crate) fn begin(
    db: &mut Db<'_>,
    rng: &mut dyn CryptoRng,
    secrets: &DeviceSecrets,
    list: &VerifiedList,
    told: &KitContent,
) -> Result<(), ReadError> {
    let keys = told.friends_keys.iter().map(GenerationKey::from).collect();
    let audience = Audience { owner: list.account(), keys };
    let new = New { keys: AccountKeys::from(&told.keys), friends: told.friends, audience, name: told.name.clone() };
    new.put(db, rng, secrets, list)
}

/// The device is called so.
pub(crate) fn call(db: &mut Db<'_>, device: &DeviceId, name: Name) -> Result<(), ReadError> {
    db.put(Table::Devices, device.as_bytes(), &Sibling { name: Some(name), ..Sibling::default() })
}

pub(crate) fn put_olm(
    db: &mut Db<'_>,
    rng: &mut dyn CryptoRng,
    secrets: &DeviceSecrets,
    olm: &OlmAccount,
) -> Result<(), ReadError> {
    let bytes = olm.to_bytes().map_err(|_| ReadError::Unwritable { table: Table::Secrets })?;
    db.put_sealed_bytes(&secrets.vault, rng, Table::Secrets, key::OLM, &bytes)
}

/// What a new device begins with.
struct New {
    keys: AccountKeys,
    friends: AudienceId,
    audience: Audience,
    name: Name,
}

impl New {
    fn put(
        self,
        db: &mut Db<'_>,
        rng: &mut dyn CryptoRng,
        secrets: &DeviceSecrets,
        list: &VerifiedList,
    ) -> Result<(), ReadError> {
        let mut drawn = [0; 4];
        rng.fill_bytes(&mut drawn);
        let device = Device {
            account: list.account(),
            device: secrets.device(),
            name: self.name,
            list: list.wire().clone(),
            friends: self.friends,
            life: Incarnation((1 << 32) | u64::from(u32::from_le_bytes(drawn))),
            past_lives: Vec::new(),
            clock: Hlc::default(),
            steady: Steady::default(),
            removed: None,
            fork: None,
        };
        let vault = &secrets.vault;
        db.put(Table::Device, key::DEVICE, &device)?;
        db.put_sealed(vault, rng, Table::Secrets, key::ACCOUNT, &self.keys)?;
        db.put_sealed(vault, rng, Table::Audiences, self.friends.as_bytes(), &self.audience)
    }
}

/// A database with nothing in it.
pub(crate) struct Nothing;

impl Read for Nothing {
    fn get(&self, _: Table, _: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(None)
    }

    fn scan(&self, _: Table, _: &[u8], _: Option<&[u8]>, _: Order, _: usize) -> Result<Vec<Row>, ReadError> {
        Ok(Vec::new())
    }
}

fn draw(rng: &mut dyn CryptoRng) -> [u8; 32] {
    let mut bytes = [0; 32];
    rng.fill_bytes(&mut bytes);
    bytes
}

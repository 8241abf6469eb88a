//! Everybody this device knows, as it has to have them at hand: lists, pair secrets, and the tags and beacons that
//! follow from them. Made from the database when the device starts, and kept in step with it.

use std::collections::BTreeMap;

use lamplit_identity::{BeaconKey, BeaconTable, PairSecret, TagTable, VerifiedList, psk, tag};
use lamplit_link::{Candidate, Directory, Opening, Psk};
use lamplit_types::{AccountId, AudienceId, Beacon, DeviceId, PairTag, Wall};

use crate::{
    Node,
    audience::turn_of,
    db::Typed,
    limits,
    opened::Opened,
    pairs::pairs_of,
    rows::{AccountKeys, Audience, Contact, Departed},
    setup::DeviceSecrets,
    step::{Step, Stepped},
    table::{Read, Table},
};

/// Somebody known: a contact, or the owner.
pub(crate) struct Person {
    pub(crate) list: VerifiedList,
    /// The secrets shared with them, the latest last.
    pub(crate) pairs: Vec<PairSecret>,
    /// The keys of the beacons their devices may show.
    pub(crate) beacons: Vec<BeaconKey>,
}

/// Everybody known.
pub(crate) struct People {
    me: AccountId,
    device: DeviceId,
    persons: BTreeMap<AccountId, Person>,
    /// Those whom the owner shares a group with, contacts too.
    companions: BTreeMap<AccountId, Person>,
    devices: BTreeMap<DeviceId, AccountId>,
    tags: TagTable,
    beacons: BeaconTable,
    epoch: u64,
    /// Whether tags and beacons are others than when that was last asked.
    anew: bool,
    /// Devices that their accounts removed: they are told so, and nothing else.
    departed: BTreeMap<DeviceId, (AccountId, [u8; 32])>,
    /// First handshake messages that opened.
    pub(crate) opened: Opened,
    /// The account's own person, for those who need it always.
    own: VerifiedList,
}

/// The account itself, always there.
pub(crate) struct Me<'a> {
    pub(crate) list: &'a VerifiedList,
}

impl People {
    pub(crate) fn new(me: AccountId, device: DeviceId, own: Person, opened: Opened, now: Wall) -> Self {
        let list = own.list.clone();
        let mut people = Self {
            me,
            device,
            persons: BTreeMap::from([(me, own)]),
            companions: BTreeMap::new(),
            devices: BTreeMap::new(),
            tags: TagTable::new(device, [], 0),
            beacons: BeaconTable::new([], 0),
            epoch: now.epoch(),
            anew: false,
            departed: BTreeMap::new(),
            opened,
            own: list,
        };
        people.retag();
        people
    }

    pub(crate) fn me(&self) -> Me<'_> {
        Me { list: &self.own }
    }

    /// Somebody known: a contact, the owner, or a companion in a group.
    pub(crate) fn get(&self, account: AccountId) -> Option<&Person> {
        self.persons.get(&account).or_else(|| self.companions.get(&account))
    }

    /// A contact.
    pub(crate) fn contact(&self, account: AccountId) -> Option<&Person> {
        self.persons.get(&account).filter(|_| account != self.me)
    }

    /// Takes these for all companions; the devices that are known no more.
    pub(crate) fn set_companions(&mut self, companions: BTreeMap<AccountId, Person>) -> Vec<DeviceId> {
        let before = core::mem::replace(&mut self.companions, companions);
        self.retag();
        let devices = before.values().flat_map(|person| device_ids(&person.list));
        devices.filter(|device| *device != self.device && self.account_of(device).is_none()).collect()
    }

    /// The devices of all companions.
    pub(crate) fn devices_of_companions(&self) -> Vec<(AccountId, Vec<DeviceId>)> {
        self.companions.keys().map(|account| (*account, self.devices_of(*account))).collect()
    }

    /// How many contacts there are.
    pub(crate) fn count(&self) -> usize {
        self.persons.len().saturating_sub(1)
    }

    pub(crate) fn contacts(&self) -> Vec<AccountId> {
        self.persons.keys().copied().filter(|account| *account != self.me).collect()
    }

    /// The devices of all contacts.
    pub(crate) fn devices_of_contacts(&self) -> impl Iterator<Item = DeviceId> {
        let contacts = self.persons.iter().filter(|(account, _)| **account != self.me);
        contacts.flat_map(|(_, person)| device_ids(&person.list))
    }

    pub(crate) fn account_of(&self, device: &DeviceId) -> Option<AccountId> {
        self.devices.get(device).copied()
    }

    pub(crate) fn devices_of(&self, account: AccountId) -> Vec<DeviceId> {
        self.get(account).map(|person| device_ids(&person.list).collect()).unwrap_or_default()
    }

    /// Whether a device is on its owner's list with a certificate that counts now.
    pub(crate) fn is_valid(&self, device: &DeviceId, now: Wall) -> bool {
        let person = self.account_of(device).and_then(|account| self.get(account));
        person.is_some_and(|person| person.list.valid_device(device, now).is_ok())
    }

    pub(crate) fn olm_identity(&self, device: &DeviceId) -> Option<[u8; 32]> {
        let person = self.get(self.account_of(device)?)?;
        person.list.device(device).map(|certificate| certificate.olm_identity)
    }

    /// Adds somebody, or takes what is new about them.
    pub(crate) fn put(&mut self, account: AccountId, person: Person) {
        self.persons.insert(account, person);
        self.retag();
    }

    /// Adds many at once, before the first lookup.
    pub(crate) fn put_all(&mut self, persons: impl IntoIterator<Item = (AccountId, Person)>) {
        self.persons.extend(persons);
        self.retag();
    }

    pub(crate) fn set_list(&mut self, account: AccountId, list: VerifiedList) {
        if account == self.me {
            self.own = list.clone();
        }
        if let Some(person) = self.companions.get_mut(&account) {
            person.list = list.clone();
        }
        if let Some(person) = self.persons.get_mut(&account) {
            person.list = list;
        }
        self.retag();
    }

    pub(crate) fn set_own_beacons(&mut self, beacons: Vec<BeaconKey>) {
        if let Some(own) = self.persons.get_mut(&self.me) {
            own.beacons = beacons;
        }
        self.retag();
    }

    /// The secrets that devices of the account share.
    pub(crate) fn set_own_pairs(&mut self, pairs: Vec<PairSecret>) {
        if let Some(own) = self.persons.get_mut(&self.me) {
            own.pairs = pairs;
        }
        self.retag();
    }

    /// A device was removed by its account.
    pub(crate) fn part(&mut self, device: DeviceId, row: &Departed) {
        self.departed.insert(device, (row.account, row.noise_static));
        self.retag();
    }

    pub(crate) fn remove(&mut self, account: AccountId) {
        self.persons.remove(&account);
        self.retag();
    }

    /// Brings tags and beacons to the epoch of `now`; whether it is a new one.
    pub(crate) fn turn_to(&mut self, now: Wall) -> bool {
        if self.epoch == now.epoch() {
            return false;
        }
        self.epoch = now.epoch();
        self.opened.forget_before(self.epoch);
        self.retag();
        true
    }

    fn retag(&mut self) {
        let all = || {
            self.persons.iter().chain(&self.companions).flat_map(|(account, person)| {
                let others = device_ids(&person.list).filter(|device| *device != self.device);
                others.map(move |device| (*account, device, person))
            })
        };
        self.devices = all().map(|(account, device, _)| (device, account)).collect();
        let callers = all()
            .flat_map(|(account, device, person)| person.pairs.iter().map(move |secret| (account, device, secret)));
        let parted = self.departed.iter().filter(|(device, _)| !self.devices.contains_key(device));
        let parted = parted.filter_map(|(device, (account, _))| Some((*account, *device, self.persons.get(account)?)));
        let parted = parted
            .flat_map(|(account, device, person)| person.pairs.iter().map(move |secret| (account, device, secret)));
        self.tags = TagTable::new(self.device, callers.chain(parted), self.epoch);
        let shown =
            all().flat_map(|(account, device, person)| person.beacons.iter().map(move |key| (account, device, key)));
        self.beacons = BeaconTable::new(shown, self.epoch);
        self.anew = true;
    }

    /// Whether other beacons may be recognised than when this was last asked.
    pub(crate) fn is_anew(&mut self) -> bool {
        core::mem::take(&mut self.anew)
    }

    /// Whose device shows a beacon, if it is somebody's.
    pub(crate) fn recognise(&self, beacon: Beacon) -> Option<DeviceId> {
        self.beacons.recognise(beacon).map(|(_, device)| device)
    }

    /// How to call a device, after all its addresses were tried in vain so often: with the latest secret, and if the other does not
    /// have that yet, with the one before.
    pub(crate) fn opening(
        &self,
        me: DeviceId,
        device: DeviceId,
        rounds: u32,
        secrets: &DeviceSecrets,
        now: Wall,
    ) -> Option<Opening> {
        let account = self.account_of(&device)?;
        let person = self.get(account)?;
        let pairs: Vec<&PairSecret> = self.pairs_with(account).collect();
        let older = usize::try_from(rounds).ok()?.checked_rem(pairs.len())?;
        let pair = pairs.into_iter().nth_back(older)?;
        // One that ran out may have been renewed: the greeting tells.
        let certificate = person.list.device(&device)?;
        Some(Opening::Known {
            tag: tag(pair, &me, &device, now.epoch()),
            peer: device,
            local_static: secrets.noise_static(),
            remote_static: certificate.noise_static,
            psk: Psk::from_bytes(*psk(pair)),
        })
    }

    /// All secrets shared with somebody: those of groups first, since a contact's own is surer to be known.
    fn pairs_with(&self, account: AccountId) -> impl Iterator<Item = &PairSecret> {
        let (companion, person) = (self.companions.get(&account), self.persons.get(&account));
        companion.into_iter().chain(person).flat_map(|person| &person.pairs)
    }

    fn candidates(&self, tag: PairTag) -> Vec<Candidate> {
        let callers = self.tags.callers(tag);
        let found = callers.filter_map(|caller| {
            let person = self.get(caller.account)?;
            let parted = self.departed.get(&caller.device).map(|(_, noise_static)| *noise_static);
            let remote_static = person.list.device(&caller.device).map(|known| known.noise_static).or(parted)?;
            let secret = self.pairs_with(caller.account).find(|secret| secret.id() == caller.pair)?;
            Some(Candidate { peer: caller.device, remote_static, psk: Psk::from_bytes(*psk(secret)) })
        });
        found.collect()
    }
}

fn device_ids(list: &VerifiedList) -> impl Iterator<Item = DeviceId> {
    list.devices().map(|certificate| certificate.device)
}

/// What a link asks when somebody calls.
pub(crate) struct Door<'a> {
    pub(crate) people: &'a mut People,
    pub(crate) strangers: bool,
}

impl Directory for Door<'_> {
    fn candidates(&self, tag: PairTag) -> Vec<Candidate> {
        self.people.candidates(tag)
    }

    fn accepts_strangers(&self) -> bool {
        self.strangers
    }

    fn first_seen(&mut self, tag: PairTag, ephemeral: [u8; 32]) -> bool {
        self.people.opened.remember(self.people.epoch, tag, ephemeral)
    }
}

/// The secrets that devices of an account share: by those of earlier generations a device calls that was away.
pub(crate) fn own_pairs(keys: &AccountKeys, former: &[AccountKeys], account: AccountId) -> Vec<PairSecret> {
    let all = former.iter().chain([keys]);
    all.map(|keys| PairSecret::of_own_devices(&keys.own, account, keys.generation)).collect()
}

/// The keys of the beacons that the account's own devices may show: some may have taken more turns than this one, and
/// some fewer.
pub(crate) fn own_beacons(keys: &AccountKeys, account: AccountId, generation: u32) -> Vec<BeaconKey> {
    let turn = turn_of(generation);
    let turns = turn.saturating_sub(limits::TURNS)..=turn.saturating_add(limits::TURNS);
    turns.map(|turn| BeaconKey::of_turn(&keys.own, account, turn)).collect()
}

/// Somebody, as the database has them.
pub(crate) fn read_person(
    db: &impl Read,
    secrets: &DeviceSecrets,
    memberships: &BTreeMap<AudienceId, AccountId>,
    account: AccountId,
    contact: Contact,
) -> Stepped<Option<Person>> {
    let Ok(list) = VerifiedList::verify(contact.list, Some(contact.root)) else { return Ok(None) };
    let mut beacons = Vec::new();
    for (audience, _) in memberships.iter().filter(|(_, owner)| **owner == account) {
        let row: Option<Audience> = db.sealed(&secrets.vault, Table::Audiences, audience.as_bytes())?;
        beacons.extend(row.iter().flat_map(|row| &row.keys).map(|key| BeaconKey::from_bytes(key.beacon)));
    }
    Ok(Some(Person { list, pairs: pairs_of(db, secrets, account)?, beacons }))
}

impl Node {
    /// The keys of the beacons that the account's own devices may show, also those that have older keys than this one.
    pub(crate) fn beacons_at(&self, generation: u32) -> Vec<BeaconKey> {
        let all = self.former.iter().chain([&self.keys]);
        all.flat_map(|keys| own_beacons(keys, self.device.account, generation)).collect()
    }

    /// Takes a contact at hand as the database has them now.
    pub(crate) fn load_person(&mut self, step: &mut Step<'_>, account: AccountId) -> Stepped {
        let Some(contact) = step.db.row::<Contact>(Table::Contacts, account.as_bytes())? else {
            return Ok(());
        };
        if let Ok(list) = VerifiedList::verify(contact.list.clone(), Some(contact.root)) {
            self.tell_groups_of_list(step, account, &list)?;
        }
        let person = read_person(&step.db, &self.secrets, &self.memberships, account, contact)?;
        if let Some(person) = person {
            self.people.put(account, person);
        }
        // What the server has of theirs can be taken now.
        self.ask_sought(step)
    }

    /// Somebody is a contact no more.
    pub(crate) fn drop_person(&mut self, step: &mut Step<'_>, account: AccountId) -> Stepped {
        let devices = self.people.devices_of(account);
        self.people.remove(account);
        for device in devices {
            // In a group the two go on together, over another link and with what is said there alone.
            if self.people.account_of(&device).is_some() {
                self.end_link_to(step, device)?;
                self.blank_mail(step, device, |outgoing| outgoing.conversation == account.into())?;
            } else {
                self.forget_device(step, device)?;
            }
        }
        Ok(())
    }
}

//! A device of the account is removed: with the recovery phrase a new generation begins, in which that device has no part
//! and none of the keys.
//!
//! What it wrote up to then stays, and nothing that it writes later is taken: how far its records reach is written down
//! in each set as a *cut-off*, and the start of the generation names the hash of all of them.

use lamplit_identity::{
    ListKey, MergeError, NewGeneration, PairSecret, RemoveError, RootKey, VerifiedList, remove_devices, verify,
};
use lamplit_types::{AccountId, AudienceId, DeviceId, Incarnation};
use lamplit_wire::{
    AccountSecrets, Body, Entry, Frame, Head, Kind, PairGift, Record, Removed, SetId, Value,
    bounded::List,
    credential::{DeviceList, PairId, Removal},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    Node,
    db::{Typed, decode, encode},
    devices::entity,
    io::{Answer, CommandError, Event, Transmit, Warning},
    limits,
    line::{Flow, Line, send},
    mail::Mail,
    people::own_pairs,
    replica::{Change, OWN_DATA, OWN_SECRETS, heads, open, owner_of, set_of, stored},
    rows::{AccountKeys, Departed, FieldKey, Stored, key},
    step::{Step, Stepped},
    table::{Order, Read, Table},
};

/// The field of a cut-off entity that holds it.
const HEADS_FIELD: u8 = 1;

/// How far a removed device's records of one set reach.
#[derive(Serialize, Deserialize)]
struct CutOff {
    device: DeviceId,
    /// The last record that is taken of each of its lives.
    heads: Vec<(Incarnation, Head)>,
    /// The hashes of the cut-offs of all of the account's sets, of which this one is one.
    all: Vec<[u8; 32]>,
}

impl CutOff {
    fn hash(&self, audience: AudienceId) -> [u8; 32] {
        let mut hash = blake3::Hasher::new();
        hash.update(b"lamplit/1/cut-off\0").update(audience.as_bytes()).update(self.device.as_bytes());
        for (life, head) in &self.heads {
            hash.update(&life.0.to_le_bytes()).update(&head.seq.to_le_bytes()).update(&head.chain.0);
        }
        *hash.finalize().as_bytes()
    }
}

/// What a generation's start names.
fn hash_of(all: &[[u8; 32]]) -> [u8; 32] {
    let mut hash = blake3::Hasher::new();
    hash.update(b"lamplit/1/cut-offs\0");
    for one in all {
        hash.update(one);
    }
    *hash.finalize().as_bytes()
}

impl Node {
    /// Removes a device of the account, with the root key that follows from the phrase.
    pub(crate) fn remove_device(
        &mut self,
        step: &mut Step<'_>,
        device: DeviceId,
        root: &RootKey,
    ) -> Stepped<Result<Answer, CommandError>> {
        if device == self.device.device {
            return Ok(Err(CommandError::ThisDevice));
        }
        let before = self.people.me().list.clone();
        let cut_offs = self.cut_offs(step, device)?;
        let all: Vec<[u8; 32]> = cut_offs.iter().map(|(set, cut_off)| cut_off.hash(set.audience)).collect();
        let removals = List::one(Removal { device, cutoff: hash_of(&all) });
        // Two histories of the list can only be left behind by a generation that neither knows to follow.
        let skip = self.device.fork.take().map(|fork| (fork, before.clone()));
        let made = match &skip {
            Some((fork, _)) => settle_fork(step, &before, fork, root, &removals),
            None => remove_devices(step.rng, &before, root, removals, step.now.wall),
        };
        let NewGeneration { list, list_key } = match made {
            Ok(made) => made,
            Err(error) => {
                self.device.fork = skip.map(|(fork, _)| fork);
                return Ok(Err(refusal(&error)));
            }
        };
        // Under the keys that all of the others have: it tells them what not to take, before they take anything else.
        for (set, cut_off) in cut_offs {
            let value = encode(&CutOff { all: all.clone(), ..cut_off }, Table::Records)?;
            self.write(step, set, Change::set(Kind::CutOff, entity(&device), HEADS_FIELD, value))?;
        }
        self.write(step, set_of(self.device.account, OWN_DATA), Change::delete(Kind::Device, entity(&device)))?;
        let keys = AccountKeys {
            generation: list.generation().number,
            list: *list_key.to_bytes(),
            own: step.random(),
            index: step.random(),
            data: step.random(),
            secrets: step.random(),
        };
        self.take_own_list(step, list)?;
        self.change_keys(step, keys)?;
        for audience in [OWN_DATA, OWN_SECRETS] {
            self.reseal(step, set_of(self.device.account, audience))?;
        }
        self.rekey_friends(step)?;
        self.hand_keys_to_siblings(step)?;
        self.renew_pairs(step)?;
        Ok(Ok(Answer::Done))
    }

    /// How far a device's records reach in each of the account's sets, as far as is known here.
    fn cut_offs(&self, step: &Step<'_>, device: DeviceId) -> Stepped<Vec<(SetId, CutOff)>> {
        let mut cut_offs = Vec::new();
        for audience in [OWN_DATA, OWN_SECRETS, self.device.friends] {
            let set = set_of(self.device.account, audience);
            let heads = heads(&step.db, &set)?.into_iter().filter(|(author, _)| author.device == device);
            let heads = heads.map(|(author, head)| (author.incarnation, head)).collect();
            cut_offs.push((set, CutOff { device, heads, all: Vec::new() }));
        }
        Ok(cut_offs)
    }

    /// Up to which number a device's records of a set are taken that is on its owner's list no more; 0: none.
    pub(crate) fn taken_up_to(
        &self,
        step: &Step<'_>,
        set: &SetId,
        device: &DeviceId,
        life: Incarnation,
    ) -> Stepped<u64> {
        let field = FieldKey { kind: Kind::CutOff, entity: entity(device), field: HEADS_FIELD };
        let Some(found) = stored(&step.db, set, field)? else { return Ok(0) };
        let Some(cut_off) = self.cut_off_in(step, set, &found.record)? else { return Ok(0) };
        let mut heads = cut_off.heads.iter();
        Ok(heads.find(|(of, _)| *of == life).map_or(0, |(_, head)| head.seq))
    }

    fn cut_off_in(&self, step: &Step<'_>, set: &SetId, record: &Record) -> Stepped<Option<CutOff>> {
        let plaintext = open(&self.key_ring(), &step.db, record)?;
        let entry = plaintext.and_then(|plain| postcard::from_bytes::<Entry>(&plain).ok());
        Ok(entry.and_then(|entry| self.read_cut_off(set, &entry)))
    }

    /// A cut-off that fits what the generation names, if that is the present one.
    fn read_cut_off(&self, set: &SetId, entry: &Entry) -> Option<CutOff> {
        let (HEADS_FIELD, Value::Set(value)) = (entry.field, &entry.value) else { return None };
        let cut_off: CutOff = postcard::from_bytes(value).ok()?;
        let generation = self.people.get(owner_of(set))?.list.generation();
        let named = generation.removals.iter().find(|removal| removal.device == cut_off.device);
        let fits = named.is_none_or(|removal| removal.cutoff == hash_of(&cut_off.all))
            && cut_off.all.contains(&cut_off.hash(set.audience));
        (fits && entity(&cut_off.device) == entry.entity).then_some(cut_off)
    }

    /// A cut-off's record came: what that device wrote beyond it is dropped. What the others have in its place comes.
    pub(crate) fn show_cut_off(&mut self, step: &mut Step<'_>, set: &SetId, entry: &Entry) -> Stepped {
        let Some(cut_off) = self.read_cut_off(set, entry) else { return Ok(()) };
        let taken = |record: &Record| {
            let body = &record.body;
            let mut heads = cut_off.heads.iter();
            body.author.device != cut_off.device
                || heads.any(|(life, head)| *life == body.author.incarnation && body.seq <= head.seq)
        };
        let prefix = key::set(set);
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = step.db.scan(Table::Records, &prefix, after.as_deref(), Order::Up, limits::BATCH)?;
            let Some((last, _)) = rows.last() else { break };
            after = Some(last.clone());
            for (at, value) in rows {
                let stored: Stored = decode(Table::Records, &value)?;
                if !taken(&stored.record) {
                    step.db.remove(Table::Records, &at);
                }
            }
        }
        // Nor is it taken once its time comes, or its key.
        self.drop_waiting_unless(step, set, taken)?;
        for (author, head) in heads(&step.db, set)? {
            if author.device != cut_off.device {
                continue;
            }
            let mut reached = cut_off.heads.iter().filter(|(life, _)| *life == author.incarnation);
            match reached.next() {
                Some((_, cut)) if head.seq > cut.seq => step.db.put(Table::Heads, &key::head(set, &author), cut)?,
                Some(_) => continue,
                None => step.db.remove(Table::Heads, &key::head(set, &author)),
            }
            let from = cut_off.heads.iter().find(|(life, _)| *life == author.incarnation).map_or(0, |(_, cut)| cut.seq);
            let mut after = key::log(set, &author, from);
            loop {
                let rows =
                    step.db.scan(Table::Log, &key::head(set, &author), Some(&after), Order::Up, limits::BATCH)?;
                let Some((last, _)) = rows.last() else { break };
                after.clone_from(last);
                for (at, _) in rows {
                    step.db.remove(Table::Log, &at);
                }
            }
        }
        self.dirty.insert(*set);
        Ok(())
    }

    /// Other keys are in use from now on. The ones before still open what was sealed with them.
    fn change_keys(&mut self, step: &mut Step<'_>, keys: AccountKeys) -> Stepped {
        let generation = keys.generation;
        self.former.push(core::mem::replace(&mut self.keys, keys));
        let too_many = self.former.len().saturating_sub(limits::FORMER_KEYS);
        self.former.drain(..too_many);
        let vault = &self.secrets.vault;
        step.db.put_sealed(vault, step.rng, Table::Secrets, key::ACCOUNT, &self.keys)?;
        step.db.put_sealed(vault, step.rng, Table::Secrets, key::FORMER, &self.former)?;
        self.people.set_own_pairs(own_pairs(&self.keys, &self.former, self.device.account));
        let friends = self.friends_generation(step)?;
        self.people.set_own_beacons(self.beacons_at(friends));
        self.advertise(step)?;
        self.show_badges(step)?;
        self.release_for_key(step)?;
        let me = self.device.device;
        for audience in [OWN_DATA, OWN_SECRETS] {
            self.reseal_if(step, set_of(self.device.account, audience), |body| {
                body.author.device == me && body.key.generation < generation
            })?;
        }
        Ok(())
    }

    /// The account's other devices are to have the keys of this generation.
    fn hand_keys_to_siblings(&mut self, step: &mut Step<'_>) -> Stepped {
        let (account, sent) = (self.device.account, self.device.clock);
        let body = Body::Keys(AccountSecrets::from(&self.keys));
        self.post(step, account, &Mail { conversation: account.into(), sent, body })
    }

    /// A device of the account greeted, and has older keys than this one.
    pub(crate) fn hand_keys_lacking(&mut self, step: &mut Step<'_>, device: DeviceId, has: u32) -> Stepped {
        let list = self.people.me().list.generation().number;
        if has >= self.keys.generation || self.keys.generation != list || self.is_being_handed_keys(step, &device)? {
            return Ok(());
        }
        let (account, sent) = (self.device.account, self.device.clock);
        let body = Body::Keys(AccountSecrets::from(&self.keys));
        self.post_to(step, device, &Mail { conversation: account.into(), sent, body })
    }

    /// Another device of the account tells the keys of a generation.
    pub(crate) fn keys_came(&mut self, step: &mut Step<'_>, told: &AccountSecrets) -> Stepped {
        let keys = AccountKeys::from(told);
        step.db.put_sealed(&self.secrets.vault, step.rng, Table::Secrets, key::COMING, &keys)?;
        self.take_coming_keys(step)
    }

    /// Takes the keys that came into use, if the list is of their generation: the list may come later than they do.
    pub(crate) fn take_coming_keys(&mut self, step: &mut Step<'_>) -> Stepped {
        let coming: Option<AccountKeys> = step.db.sealed(&self.secrets.vault, Table::Secrets, key::COMING)?;
        let Some(coming) = coming else { return Ok(()) };
        let generation = self.people.me().list.generation();
        let (number, list_key) = (generation.number, generation.list_key);
        let fits = coming.generation == number && ListKey::from_bytes(&coming.list).public() == list_key;
        if coming.generation <= number {
            step.db.remove(Table::Secrets, key::COMING);
        }
        if fits && coming.generation > self.keys.generation {
            self.change_keys(step, coming)?;
        }
        Ok(())
    }

    /// Each contact is handed a new secret, since the one before was the removed device's too.
    fn renew_pairs(&mut self, step: &mut Step<'_>) -> Stepped {
        for account in self.people.contacts() {
            let latest = self.people.get(account).into_iter().flat_map(|person| &person.pairs);
            let generation = latest.map(|pair| pair.id().generation).max().unwrap_or(0).saturating_add(1);
            let gift = PairGift { id: PairId { generation, id: step.random() }, secret: step.random() };
            self.add_pair(step, account, &PairSecret::new(gift.id, Zeroizing::new(gift.secret)))?;
            let (conversation, sent) = (account.into(), self.device.clock);
            self.post(step, account, &Mail { conversation, sent, body: Body::Pair(gift) })?;
        }
        Ok(())
    }

    /// A contact drew a new secret for the two.
    pub(crate) fn pair_came(&mut self, step: &mut Step<'_>, from: AccountId, gift: &PairGift) -> Stepped {
        let pair = PairSecret::new(gift.id, Zeroizing::new(gift.secret));
        if self.people.contact(from).is_none() || self.has_pair(step, from, &pair)? {
            return Ok(());
        }
        self.add_pair(step, from, &pair)
    }

    /// Devices that a new list of somebody removed are remembered, to be told so once they call.
    pub(crate) fn remember_departed(&mut self, step: &mut Step<'_>, old: &VerifiedList, new: &VerifiedList) -> Stepped {
        let list: &DeviceList = new.wire();
        for gone in old.devices().filter(|known| new.has_removed(&known.device)) {
            let removed = Removed { root: list.root, generation: list.generation.clone() };
            let row =
                Departed { account: new.account(), noise_static: gone.noise_static, removed, since: step.now.wall };
            step.db.put(Table::Departed, gone.device.as_bytes(), &row)?;
            self.people.part(gone.device, &row);
        }
        Ok(())
    }

    /// Forgets removed devices whose certificates have ended.
    pub(crate) fn forget_departed(&mut self, step: &mut Step<'_>) -> Stepped {
        for (at, value) in step.db.scan(Table::Departed, &[], None, Order::Up, limits::DEPARTED)? {
            let row: Departed = decode(Table::Departed, &value)?;
            if row.since.plus(lamplit_identity::CERTIFICATE_MS) <= step.now.wall {
                step.db.remove(Table::Departed, &at);
            }
        }
        Ok(())
    }

    /// The last word to a removed device; [`Flow::End`].
    pub(crate) fn say_farewell(&self, step: &Step<'_>, line: &mut Line, device: &DeviceId) -> Stepped<Flow> {
        if let Some(row) = step.db.row::<Departed>(Table::Departed, device.as_bytes())? {
            send(&mut line.link, step.now, &Frame::Removed(row.removed));
        }
        Ok(Flow::End)
    }

    /// Somebody shows this device that it was removed. It is believed with the root key's signature alone.
    pub(crate) fn removed_came(&mut self, step: &mut Step<'_>, removed: &Removed) -> Stepped<Flow> {
        let mine = &self.people.me().list.wire();
        let generation = &removed.generation;
        let named = generation.removals.iter().any(|removal| removal.device == self.device.device);
        let holds = removed.root == mine.root
            && generation.account == self.device.account
            && generation.number > mine.generation.number
            && named
            && verify(generation, &removed.root).is_ok();
        if holds && self.device.removed.is_none() {
            self.device.removed = Some(generation.number);
            step.db.put(Table::Device, key::DEVICE, &self.device)?;
            step.tell(Event::Warning(Warning::Removed));
            self.reborn = true;
        }
        Ok(Flow::End)
    }

    /// Whether this device was removed from its account: then it speaks to nobody.
    pub(crate) const fn is_removed(&self) -> bool {
        self.device.removed.is_some()
    }

    /// Turns a pipe away that is of no use to a removed device.
    pub(crate) fn refuse_pipe(step: &mut Step<'_>, link: lamplit_types::LinkId) {
        step.out.transmits.push(Transmit::Close(link));
    }

    /// Another history of the account's list was shown, signed by its root: it is settled by the next removal.
    pub(crate) fn note_fork(&mut self, step: &mut Step<'_>, error: &MergeError, other: &VerifiedList) -> Stepped {
        if matches!(error, MergeError::Forked { .. }) && other.account() == self.device.account {
            self.device.fork = Some(other.wire().clone());
            step.db.put(Table::Device, key::DEVICE, &self.device)?;
        }
        Ok(())
    }
}

/// Starts a generation that takes the place of two which do not go together: without the devices that either removed, and
/// with a number that leaves a gap, so that it follows neither.
fn settle_fork(
    step: &mut Step<'_>,
    ours: &VerifiedList,
    other: &DeviceList,
    root: &RootKey,
    removals: &[Removal],
) -> Result<NewGeneration, RemoveError> {
    lamplit_identity::settle_fork(step.rng, ours, other, root, removals, step.now.wall)
}

fn refusal(error: &RemoveError) -> CommandError {
    match error {
        RemoveError::WrongRoot => CommandError::WrongPhrase,
        RemoveError::Unknown(_) => CommandError::UnknownDevice,
        RemoveError::Nothing
        | RemoveError::Twice(_)
        | RemoveError::NobodyLeft
        | RemoveError::LastGeneration
        | RemoveError::Encode(_) => CommandError::NotRemovable,
    }
}

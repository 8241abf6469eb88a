//! A device of the account is removed: with the recovery phrase a new generation begins, in which that device has no part
//! and none of the keys.
//!
//! What it wrote up to then stays, and nothing that it writes later is taken: see [`cut_off`].

mod cut_off;

use lamplit_identity::{
    ListKey, MergeError, NewGeneration, PairSecret, RemoveError, RootKey, VerifiedList, remove_devices, verify,
};
use lamplit_types::{AccountId, DeviceId};
use lamplit_wire::{
    AccountSecrets, Body, Frame, Kind, PairGift, Removed,
    bounded::List,
    credential::{DeviceList, PairId, Removal},
};
use zeroize::Zeroizing;

use crate::{
    Node,
    db::{Typed, decode},
    devices::entity,
    io::{Answer, CommandError, Event, Transmit, Warning},
    limits,
    line::{Flow, Line, send},
    mail::Mail,
    people::own_pairs,
    replica::{Change, OWN_DATA, OWN_SECRETS, set_of},
    rows::{AccountKeys, Departed, key},
    step::{Step, Stepped},
    table::{Order, Read, Table},
};

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
        let removals = List::one(Removal { device, cutoff: cut_offs.hash() });
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
        self.cut_off(step, cut_offs)?;
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
        self.renew_sets(step)?;
        Ok(Ok(Answer::Done))
    }

    /// Other keys are in use from now on. The ones before still open what was sealed with them.
    fn change_keys(&mut self, step: &mut Step<'_>, keys: AccountKeys) -> Stepped {
        let generation = keys.generation;
        self.kit_is_new = true;
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

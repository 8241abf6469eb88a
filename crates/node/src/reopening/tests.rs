#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use chacha20::{ChaCha20Rng, rand_core::SeedableRng};
use lamplit_identity::{Cost, DeviceKeys, Phrase, create_account, remove_devices};
use lamplit_types::{AudienceId, DeviceId, limits::DEVICES};
use lamplit_wire::{
    AccountSecrets, GenerationSecret,
    bounded::List,
    credential::{Removal, Signed},
    server::KitVersion,
};

use super::*;

const NOW: Wall = Wall(1_800_000_000_000);
const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);

fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

fn root(seed: u8) -> RootKey {
    Phrase::generate(&mut rng(seed)).unwrap().root_key(Cost { memory_kib: 8, passes: 1, lanes: 1 }).unwrap()
}

/// An account whose only device left a kit.
struct Account {
    keys: DeviceKeys,
    list: VerifiedList,
    list_key: ListKey,
}

impl Account {
    fn new() -> Self {
        let keys = DeviceKeys::generate(&mut rng(2));
        let claim = keys.claim(ACCOUNT, [2; 32]).unwrap();
        let made = create_account(&mut rng(3), &root(1), claim, None, NOW).unwrap();
        Self { keys, list: made.list, list_key: made.list_key }
    }

    fn add(&mut self, seed: u8) -> DeviceId {
        let keys = DeviceKeys::generate(&mut rng(seed));
        let claim = keys.claim(ACCOUNT, [seed; 32]).unwrap();
        self.list = add_device(&self.list, &self.list_key, claim, None, NOW).unwrap();
        keys.id()
    }

    fn remove(&mut self, device: DeviceId) {
        let removals = List::one(Removal { device, cutoff: [0; 32] });
        let made = remove_devices(&mut rng(4), &self.list, &root(1), removals, NOW).unwrap();
        (self.list, self.list_key) = (made.list, made.list_key);
    }

    fn content(&self) -> KitContent {
        let key = GenerationSecret { generation: 7, day: 20_833, key: [6; 32], beacon: [7; 32] };
        KitContent {
            keys: AccountSecrets {
                generation: self.list.generation().number,
                list: *self.list_key.to_bytes(),
                own: [2; 32],
                index: [3; 32],
                data: [4; 32],
                secrets: [5; 32],
            },
            name: Name::parse("Ada").unwrap(),
            friends: AudienceId::from_bytes([8; 16]),
            friends_keys: List::one(key),
        }
    }

    fn kit(&self, content: &KitContent) -> Kit {
        let generation = self.list.generation();
        let version = KitVersion { generation: generation.number, friends: 7 };
        let to = (ACCOUNT, version);
        let sealed = kit::seal(&mut rng(5), &generation.recovery_key, to, content).unwrap();
        Kit { account: ACCOUNT, version, device: self.keys.id(), sealed }
    }

    fn opening(&self) -> Opening {
        let kit = self.keys.sign(self.kit(&self.content())).unwrap();
        Opening { kit, list: self.list.wire().clone() }
    }
}

fn attempt(root: &RootKey, opening: &Opening) -> Result<Reopened, ReopenError> {
    let to = (Address("server:KEY@127.0.0.1:4433".to_owned()), Name::parse("new").unwrap());
    reopen(&mut rng(6), NOW, &DeviceSecrets::draw(&mut rng(7)), root, opening, to)
}

#[test]
fn the_phrase_opens_the_account_and_no_other_phrase_does() {
    let account = Account::new();
    let reopened = attempt(&root(1), &account.opening()).unwrap();
    assert_eq!((reopened.account, reopened.name.as_str()), (ACCOUNT, "Ada"));
    assert!(!reopened.writes.is_empty());
    let wrong = attempt(&root(9), &account.opening()).unwrap_err();
    assert!(matches!(wrong, ReopenError::WrongPhrase), "{wrong}");
    assert!(wrong.to_string().contains("recovery phrase"));
}

#[test]
fn what_no_device_of_the_account_left_is_not_believed() {
    let account = Account::new();
    let good = account.opening();
    let by_nobody = DeviceKeys::generate(&mut rng(9));
    let refused = |kit: Signed<Kit>| {
        let error = attempt(&root(1), &Opening { kit, list: good.list.clone() }).unwrap_err();
        assert!(matches!(error, ReopenError::Untrue), "{error}");
    };
    // Signed by another; of a device that is not on the list; altered; of another account.
    refused(Signed { signature: by_nobody.sign(good.kit.body.clone()).unwrap().signature, ..good.kit.clone() });
    refused(by_nobody.sign(Kit { device: by_nobody.id(), ..good.kit.body.clone() }).unwrap());
    refused(account.keys.sign(Kit { sealed: vec![0; 300].try_into().unwrap(), ..good.kit.body.clone() }).unwrap());
    refused(account.keys.sign(Kit { account: AccountId::from_bytes([2; 16]), ..good.kit.body.clone() }).unwrap());
    let ahead = KitVersion { generation: 2, friends: 7 };
    refused(account.keys.sign(Kit { version: ahead, ..good.kit.body.clone() }).unwrap());
    // Keys that are not those of the list.
    let mut content = account.content();
    content.keys.list = [9; 32];
    refused(account.keys.sign(account.kit(&content)).unwrap());
    // A list that somebody altered.
    let mut list = good.list.clone();
    list.generation.signature = by_nobody.sign(list.generation.body.clone()).unwrap().signature;
    let error = attempt(&root(1), &Opening { list, ..good.clone() }).unwrap_err();
    assert!(matches!(error, ReopenError::Untrue), "{error}");
}

#[test]
fn a_kit_of_before_a_removal_opens_nothing_and_the_one_after_does() {
    let mut account = Account::new();
    let second = account.add(8);
    let before = account.opening();
    account.remove(second);
    let stale = Opening { list: account.list.wire().clone(), ..before };
    assert!(matches!(attempt(&root(1), &stale), Err(ReopenError::Stale)));
    assert!(attempt(&root(1), &account.opening()).is_ok());
}

#[test]
fn an_account_with_as_many_devices_as_there_may_be_says_so() {
    let mut account = Account::new();
    for seed in 20..20 + u8::try_from(DEVICES).unwrap() - 1 {
        account.add(seed);
    }
    assert!(matches!(attempt(&root(1), &account.opening()), Err(ReopenError::Full)));
}

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use lamplit_identity::{Cost, DeviceKeys, Phrase, VerifiedList, create_account};
use lamplit_service::memory::Memory;
use lamplit_service::{Applied, ApplyError, Batch, Partition, Row, Session, StoreError, Turn};
use lamplit_types::limits::MEMBERS_PART;
use lamplit_types::{AccountId, AudienceId, DeviceId, Mono, Now};
use lamplit_wire::server::{Members, Resume, Up};
use tokio::time::timeout;

use super::*;
use crate::hub::Bell;

/// A store with 200 accounts, of which nothing is left but that they were there.
#[derive(Default)]
struct Accounts {
    /// How many were looked at.
    looked_at: AtomicU8,
}

impl Store for Accounts {
    fn epoch(&self) -> Epoch {
        Epoch([1; 8])
    }

    async fn get(&self, _: &Partition, _: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }

    async fn scan(&self, _: &Partition, _: &[u8], _: Option<&[u8]>, _: usize) -> Result<Vec<Row>, StoreError> {
        Ok(Vec::new())
    }

    async fn apply(&self, _: Batch) -> Result<Applied, ApplyError> {
        Err(ApplyError::Full)
    }

    async fn partitions(&self, _: Option<&Partition>, _: usize) -> Result<Vec<Partition>, StoreError> {
        let number = self.looked_at.fetch_add(1, Ordering::Relaxed);
        Ok(if number < 200 { vec![Partition::Account(AccountId::from_bytes([number; 16]))] } else { Vec::new() })
    }
}

fn shared<S>(service: Service<S>) -> Shared<S> {
    let texts = Arc::new(Texts::new(None, Arc::default()));
    Shared { service, hub: Arc::default(), clock: Clock::start(), metrics: Arc::default(), texts }
}

#[tokio::test]
async fn who_is_served_waits_for_one_account_to_be_tidied_and_a_stop_for_no_more() {
    let service = Service::new(Accounts::default(), Settings::default());
    let shared = Arc::new(shared(service));
    let looked_at = || shared.service.store().looked_at.load(Ordering::Relaxed);
    let (stopping, stops) = watch::channel(false);
    let tidying = tokio::spawn(tidy_all(shared.clone(), stops));
    for turn in 1..4 {
        yield_now().await;
        assert_eq!(looked_at(), turn);
    }
    stopping.send_replace(true);
    timeout(Duration::from_secs(60), tidying).await.unwrap().unwrap();
    assert_eq!(looked_at(), 3);
}

/// Somebody's first device, on a connection.
struct Line {
    account: AccountId,
    device: DeviceId,
    session: Session,
}

impl Line {
    /// One whose account is opened by it.
    async fn open(service: &Service<Memory>, seed: u8, now: Now) -> Self {
        let mut rng = ChaCha20Rng::from_seed([seed; 32]);
        let account = AccountId::from_random([seed; 16]);
        let cheap = Cost { memory_kib: 64, passes: 1, lanes: 1 };
        let root = Phrase::generate(&mut rng).unwrap().root_key(cheap).unwrap();
        let keys = DeviceKeys::generate(&mut rng);
        let claim = keys.claim(account, [seed; 32]).unwrap();
        let list: VerifiedList = create_account(&mut rng, &root, claim, None, now.wall).unwrap().list;
        let mut line = Self { account, device: keys.id(), session: Session::new(keys.id()) };
        let resume = Up::Resume(Resume { account, list: list.head(), cursor: None });
        let turn = line.say(service, now, vec![resume, Up::List(list.wire().clone())]).await;
        assert!(turn.welcomed, "{turn:?}");
        line
    }

    async fn say(&mut self, service: &Service<Memory>, now: Now, frames: Vec<Up>) -> Turn {
        self.session.take(service, now, frames).await
    }

    /// Names these as members of a set, the least first.
    async fn name(&mut self, service: &Service<Memory>, now: Now, accounts: &[AccountId]) -> Turn {
        let audience = AudienceId::from_bytes([1; 16]);
        let last = accounts.chunks(MEMBERS_PART).count() - 1;
        let parts = accounts.chunks(MEMBERS_PART).enumerate().map(|(at, part)| {
            let accounts = part.to_vec().try_into().unwrap();
            Up::Members(Box::new(Members { audience, accounts, first: at == 0, last: at == last }))
        });
        self.say(service, now, parts.collect()).await
    }
}

#[tokio::test]
async fn who_is_told_something_when_the_server_tidies_up_and_is_connected_is_woken() {
    let shared = shared(Service::new(Memory::new(Epoch([1; 8])), Settings::default()));
    // Long ago by the words that are used up, and just now by all else.
    let now = Now { mono: Mono(0), ..shared.clock.now() };
    let mut ada = Line::open(&shared.service, 1, now).await;
    let grace = Line::open(&shared.service, 2, now).await;
    let nobody = |list: u8, number: usize| {
        let [high, low] = u16::try_from(number).unwrap().to_be_bytes();
        AccountId::from_bytes([high, low, list, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9])
    };
    let mut rounds = 0;
    loop {
        let list: Vec<AccountId> =
            (0..lamplit_service::limits::MEMBERS).map(|number| nobody(rounds % 2, number)).collect();
        if ada.name(&shared.service, now, &list).await.again.is_some() {
            break;
        }
        rounds += 1;
    }
    let turn = ada.name(&shared.service, now, &[grace.account]).await;
    assert!(turn.again.is_some() && turn.wake.is_empty(), "there is no word left for her: {turn:?}");

    let bell = Arc::<Bell>::default();
    let _seat = shared.hub.sit(grace.device, bell.clone());
    let (_stopping, stops) = watch::channel(false);
    // A word comes back in 2 ms.
    sleep(Duration::from_millis(20)).await;
    tidy_once(&shared, &stops).await;
    timeout(Duration::from_secs(60), bell.news.notified()).await.unwrap();
}

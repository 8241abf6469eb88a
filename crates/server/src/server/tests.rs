#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use lamplit_service::{Applied, ApplyError, Batch, Partition, Row, StoreError};
use lamplit_types::AccountId;
use tokio::time::timeout;

use super::*;

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

#[tokio::test]
async fn who_is_served_waits_for_one_account_to_be_tidied_and_a_stop_for_no_more() {
    let service = Service::new(Accounts::default(), Settings::default());
    let texts = Arc::new(Texts::new(None, Arc::default()));
    let shared =
        Arc::new(Shared { service, hub: Arc::default(), clock: Clock::start(), metrics: Arc::default(), texts });
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

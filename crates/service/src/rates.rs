//! What each device has used up of what it may ask for. That outlasts its connections: who comes again does not begin anew.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use lamplit_types::{DeviceId, Mono};

use crate::{
    bucket::Bucket,
    limits::{KEYS, LISTS, POSTS, RATES, STOCKS, WANTED},
};

/// What may be asked for only so often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    Post,
    Key,
    List,
    Stock,
    ListOf,
}

impl What {
    const fn limit(self) -> (u32, u64) {
        match self {
            Self::Post => POSTS,
            Self::Key => KEYS,
            Self::List => LISTS,
            Self::Stock => STOCKS,
            Self::ListOf => WANTED,
        }
    }
}

type Used = BTreeMap<(DeviceId, What), Bucket>;

/// The buckets of all devices that took from them.
pub(crate) struct Rates(Mutex<Used>);

impl Rates {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// Whether the device may ask for it once more. If so that is counted.
    pub(crate) fn take(&self, device: DeviceId, what: What, now: Mono) -> bool {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= RATES && !used.contains_key(&(device, what)) {
            make_room(&mut used, now);
        }
        used.entry((device, what)).or_insert_with(|| Bucket::new(what.limit(), now)).take(now)
    }
}

/// Forgets the buckets that are full again, which changes nothing; if that are few, also those that will be before most others.
fn make_room(used: &mut Used, now: Mono) {
    used.retain(|_, bucket| bucket.full() > now);
    // Half of the room at a time: to look at all of them for each device that comes would take too long.
    if used.len() > RATES / 2 {
        let mut ends: Vec<Mono> = used.values().map(Bucket::full).collect();
        ends.sort_unstable();
        let middle = ends.get(ends.len() / 2).copied().unwrap_or(now);
        used.retain(|_, bucket| bucket.full() > middle);
    }
}

impl core::fmt::Debug for Rates {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Rates")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(number: usize) -> DeviceId {
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(number.to_be_bytes()).for_each(|(to, from)| *to = from);
        DeviceId::from_bytes(bytes)
    }

    fn len(rates: &Rates) -> usize {
        rates.0.lock().map_or(0, |used| used.len())
    }

    #[test]
    fn each_device_has_its_own_of_each() {
        let (rates, (many, _)) = (Rates::new(), LISTS);
        let takes = |at, what| rates.take(device(at), what, Mono(5));
        assert!((0..many).all(|_| takes(1, What::List)));
        assert!(!takes(1, What::List));
        assert!(takes(1, What::Stock) && takes(2, What::List));
    }

    #[test]
    fn who_used_up_the_most_is_remembered_the_longest_and_there_are_not_more_than_so_many() {
        let (rates, (many, _)) = (Rates::new(), LISTS);
        let now = Mono(5);
        assert!((0..many).all(|_| rates.take(device(0), What::List, now)));
        for at in 1..2 * RATES {
            assert!(rates.take(device(at), What::List, now));
            assert!(len(&rates) <= RATES);
        }
        assert!(!rates.take(device(0), What::List, now), "it does not begin anew");
    }

    #[test]
    fn what_is_full_again_makes_room_first() {
        let (rates, (_, each)) = (Rates::new(), LISTS);
        for at in 0..RATES {
            let now = if at % 2 == 0 { Mono(0) } else { Mono(each - 1) };
            assert!(rates.take(device(at), What::List, now));
        }
        assert!(rates.take(device(RATES), What::List, Mono(each)));
        assert_eq!(len(&rates), RATES / 2 + 1);
    }
}

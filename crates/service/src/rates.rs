//! What each device and each network has used up of what may be asked for. That outlasts its connections: who comes again does not begin anew.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use lamplit_types::{AccountId, DeviceId, Mono};

use crate::{
    bucket::Bucket,
    limits::{
        ANEWS, APPENDS, CODES, CODES_OF_NETWORK, KEYS, KITS, LAMPS_TOLD, LIGHTS, LISTS, MEMBERS_PARTS, POSTS, RATES,
        ROUNDS, SHOWN_CODES, STOCKS, WANTED, WANTED_LAMPS, WANTED_SETS, WORDS,
    },
};

/// What may be asked for only so often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    Post,
    Key,
    List,
    Kit,
    Stock,
    ListOf,
    Append,
    WantSet,
    Anew,
    Members,
    Round,
    Word,
    Light,
    Lamp,
    WantLamps,
    Code,
    CodeOfNetwork,
    CodeOfAll,
    CodeOfStrangers,
    ShownCode,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asker {
    Device(DeviceId),
    /// All devices of an account.
    Account(AccountId),
    Network(Network),
    All,
}

/// Where somebody calls from: what whoever pays for one address gets, an IPv4 address or an IPv6 /64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network(pub [u8; 8]);

impl What {
    const fn limit(self, codes_of_all: (u32, u64)) -> (u32, u64) {
        match self {
            Self::Post => POSTS,
            Self::Key => KEYS,
            Self::List => LISTS,
            Self::Kit => KITS,
            Self::Stock => STOCKS,
            Self::ListOf => WANTED,
            Self::Append => APPENDS,
            Self::WantSet => WANTED_SETS,
            Self::Anew => ANEWS,
            Self::Members => MEMBERS_PARTS,
            Self::Round => ROUNDS,
            Self::Word => WORDS,
            Self::Light => LIGHTS,
            Self::Lamp => LAMPS_TOLD,
            Self::WantLamps => WANTED_LAMPS,
            Self::Code => CODES,
            Self::CodeOfNetwork => CODES_OF_NETWORK,
            Self::CodeOfAll => codes_of_all,
            // Half of them are left to those who have an account.
            Self::CodeOfStrangers => (codes_of_all.0.div_ceil(2), codes_of_all.1.saturating_mul(2)),
            Self::ShownCode => SHOWN_CODES,
        }
    }
}

type Used = BTreeMap<(Asker, What), Bucket>;

/// The buckets of all who took from them.
pub(crate) struct Rates {
    used: Mutex<Used>,
    codes_of_all: (u32, u64),
}

impl Rates {
    pub(crate) const fn new(codes_of_all: (u32, u64)) -> Self {
        Self { used: Mutex::new(BTreeMap::new()), codes_of_all }
    }

    /// Whether the device may ask for it once more. If so that is counted.
    pub(crate) fn take(&self, device: DeviceId, what: What, now: Mono) -> bool {
        self.wait(Asker::Device(device), what, now) == 0
    }

    /// How long it has to be waited before it may be asked for once more, in milliseconds. If not at all, that is counted.
    pub(crate) fn wait(&self, asker: Asker, what: What, now: Mono) -> u64 {
        self.wait_for(asker, &[(1, what)], now)
    }

    /// The same for several, each so many times. Either all of it is counted or none.
    pub(crate) fn wait_for(&self, asker: Asker, wanted: &[(u32, What)], now: Mono) -> u64 {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let mut wait = 0;
        for is_counted in [false, true] {
            for (many, what) in wanted {
                let bucket = self.bucket(&mut used, (asker, *what), now);
                wait = wait.max(if is_counted { bucket.take(*many, now) } else { bucket.wait(*many, now) });
            }
            if wait > 0 {
                break;
            }
        }
        wait
    }

    fn bucket<'u>(&self, used: &'u mut Used, of: (Asker, What), now: Mono) -> &'u mut Bucket {
        if used.len() >= RATES && !used.contains_key(&of) {
            make_room(used, now);
        }
        used.entry(of).or_insert_with(|| Bucket::new(of.1.limit(self.codes_of_all), now))
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
        rates.used.lock().map_or(0, |used| used.len())
    }

    #[test]
    fn each_device_has_its_own_of_each() {
        let (rates, (many, _)) = (Rates::new(CODES), LISTS);
        let takes = |at, what| rates.take(device(at), what, Mono(5));
        assert!((0..many).all(|_| takes(1, What::List)));
        assert!(!takes(1, What::List));
        assert!(takes(1, What::Stock) && takes(2, What::List));
    }

    #[test]
    fn of_several_together_all_are_counted_or_none() {
        let rates = Rates::new(CODES);
        let asker = Asker::Account(AccountId::from_bytes([1; 16]));
        let ((words, word), (rounds, round)) = (WORDS, ROUNDS);
        let wait = |many, now| rates.wait_for(asker, &[(1, What::Round), (many, What::Word)], Mono(now));
        assert_eq!(wait(words, 0), 0);
        assert!((1..=rounds).all(|_| wait(1, 0) == word), "no round goes by without a word");
        assert_eq!(rates.wait_for(asker, &[(rounds - 1, What::Round)], Mono(0)), 0);
        assert_eq!(wait(1, word), round - word);
        assert_eq!((wait(2, round), wait(1, round)), (0, round));
    }

    #[test]
    fn who_used_up_the_most_is_remembered_the_longest_and_there_are_not_more_than_so_many() {
        let (rates, (many, _)) = (Rates::new(CODES), LISTS);
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
        let (rates, (_, each)) = (Rates::new(CODES), LISTS);
        for at in 0..RATES {
            let now = if at % 2 == 0 { Mono(0) } else { Mono(each - 1) };
            assert!(rates.take(device(at), What::List, now));
        }
        assert!(rates.take(device(RATES), What::List, Mono(each)));
        assert_eq!(len(&rates), RATES / 2 + 1);
    }
}

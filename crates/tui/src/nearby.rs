//! Who is near and where this device is, as it may be shown.

use lamplit_rpc::api::Nearby;

use crate::{
    peer::tamed_apps,
    reach::from_elsewhere,
    text::{tame, tame_line},
};

/// The same, made harmless, with the addresses alone that lead here from elsewhere.
pub(crate) fn tamed(mut nearby: Nearby) -> Nearby {
    for person in &mut nearby.people {
        person.name = tame_line(&person.name);
        person.lit = tamed_apps(core::mem::take(&mut person.lit));
    }
    nearby.addresses = from_elsewhere(nearby.addresses);
    for address in &mut nearby.addresses {
        *address = tame(address);
    }
    nearby
}

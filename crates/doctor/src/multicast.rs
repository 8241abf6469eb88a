use lamplit_transport_quic::probe::{self, Outcome, Tried};

use crate::interfaces::takes_multicast;
use crate::{Finding, Ip};

/// Tries multicast on each interface that should take it. Loopback leads to nobody and tells nothing.
pub(crate) fn attempt() -> Vec<Finding> {
    let tried: Vec<Tried> =
        probe::multicast().into_iter().filter(|one| !one.is_loopback && takes_multicast(&one.interface)).collect();
    tried.iter().map(|one| judge(one, &tried)).collect()
}

fn judge(one: &Tried, all: &[Tried]) -> Finding {
    let interface = one.interface.clone();
    let ip = if one.address.is_ipv4() { Ip::V4 } else { Ip::V6 };
    let other_works = all.iter().any(|other| {
        other.interface == one.interface
            && other.address.is_ipv4() != one.address.is_ipv4()
            && matches!(other.outcome, Outcome::Heard { .. })
    });
    match &one.outcome {
        Outcome::Heard { others } => Finding::Multicast { interface, ip, others: *others },
        Outcome::Silence => Finding::MulticastBlocked { interface, ip, refused: None, other_works },
        Outcome::Refused(why) => {
            Finding::MulticastBlocked { interface, ip, refused: Some(why.to_string()), other_works }
        }
        Outcome::NoPort(why) => Finding::MulticastPortTaken { interface, why: why.to_string() },
    }
}

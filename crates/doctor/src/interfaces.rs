use std::collections::BTreeMap;
use std::fs;

use crate::Finding;

/// The flag of an interface that takes multicast (`IFF_MULTICAST` of netdevice(7)).
const MULTICAST: u32 = 0x1000;

/// Interfaces that are up, and what is wrong with them.
pub(crate) fn look() -> Vec<Finding> {
    let all = if_addrs::get_if_addrs().unwrap_or_default();
    let mut up: BTreeMap<&str, usize> = BTreeMap::new();
    for one in all.iter().filter(|one| one.is_oper_up() && !one.is_loopback()) {
        *up.entry(&one.name).or_default() += 1;
    }
    if up.is_empty() {
        let loopback = all.iter().any(|one| one.is_oper_up() && one.is_loopback());
        return vec![if loopback { Finding::OnlyLoopback } else { Finding::NoInterface }];
    }
    let findings = up.into_iter().map(|(name, addresses)| {
        let interface = name.to_owned();
        match flags(name) {
            Some(flags) if flags & MULTICAST == 0 => Finding::NoMulticastFlag { interface },
            _ => Finding::Interface { interface, addresses },
        }
    });
    findings.collect()
}

/// The flags of an interface, where the system shows them as Linux does.
pub(crate) fn flags(name: &str) -> Option<u32> {
    let text = fs::read_to_string(format!("/sys/class/net/{name}/flags")).ok()?;
    u32::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()
}

/// Whether an interface takes multicast. Where it cannot be seen it is believed to.
pub(crate) fn takes_multicast(name: &str) -> bool {
    flags(name).is_none_or(|flags| flags & MULTICAST != 0)
}

//! The hosts' first cards: their addresses, and what goes over their cables.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{FIRST_INTERFACE, Host, Lan, ip, port, tell};
use crate::eventually;

/// What has gone over a cable: there, to the host, and back from it.
#[derive(Clone, Copy, Debug)]
pub struct Carried {
    /// Bytes to the host.
    pub bytes_there: u64,
    /// Bytes from the host.
    pub bytes_back: u64,
    /// Packets to the host.
    pub packets_there: u64,
    /// Packets from the host.
    pub packets_back: u64,
}

impl Lan {
    /// Gives a host's first card another address in place of each that it has: of Ethernet, of IPv4, and those of IPv6 that
    /// it gave itself. The cable stays plugged in all the time.
    ///
    /// # Errors
    /// If that cannot be done, or one of the addresses before is still there.
    pub fn set_address(&self, host: Host, address: &str) -> Result<()> {
        let (name, before) = (self.name(host), self.addresses(host)?);
        let last = address.rsplit('.').next().context("an address has a last number")?;
        let card = format!("02:4c:00:00:{:02x}:{:02x}", host.0, last.parse::<u8>()?);
        let set_ipv6 = |off: u8| format!("echo {off} > /proc/sys/net/ipv6/conf/{FIRST_INTERFACE}/disable_ipv6");
        self.must(host, &set_ipv6(1))?;
        ip(&["-n", &name, "-4", "address", "flush", "dev", FIRST_INTERFACE])?;
        ip(&["-n", &name, "link", "set", FIRST_INTERFACE, "address", &card])?;
        ip(&["-n", &name, "address", "add", &format!("{address}/24"), "dev", FIRST_INTERFACE])?;
        self.must(host, &set_ipv6(0))?;
        let after = eventually("the card shall give itself an address of IPv6", || {
            let after = self.addresses(host)?;
            Ok((after.len() >= before.len()).then_some(after))
        })?;
        match before.intersection(&after).next() {
            Some(kept) => bail!("{kept} is still there"),
            None => Ok(()),
        }
    }

    /// The addresses of a host's first card: of Ethernet, of IPv4 and of IPv6.
    ///
    /// # Errors
    /// If `ip` fails.
    pub fn addresses(&self, host: Host) -> Result<BTreeSet<String>> {
        let told = tell("ip", &["-n", &self.name(host), "-json", "address", "show", "dev", FIRST_INTERFACE])?;
        let told = told.get(0).context("ip tells of no card")?;
        let of_ip = told.get("addr_info").and_then(Value::as_array).into_iter().flatten();
        let all = of_ip.filter_map(|one| one.get("local")).chain(told.get("address"));
        Ok(all.filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// What has gone over a host's first cable so far, as its port at the bridge counts.
    ///
    /// # Errors
    /// If `ip` fails.
    pub fn carried(&self, host: Host) -> Result<Carried> {
        let port = port(host, FIRST_INTERFACE);
        let told = tell("ip", &["-n", &self.bridges(), "-json", "-statistics", "link", "show", "dev", &port])?;
        let count = |path: &str| {
            let count = told.get(0).and_then(|told| told.pointer(path)?.as_u64());
            count.with_context(|| format!("ip tells of no {path}"))
        };
        Ok(Carried {
            bytes_there: count("/stats64/tx/bytes")?,
            bytes_back: count("/stats64/rx/bytes")?,
            packets_there: count("/stats64/tx/packets")?,
            packets_back: count("/stats64/rx/packets")?,
        })
    }
}

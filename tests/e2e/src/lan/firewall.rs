//! What nftables drops on a host, of what comes to it.

use anyhow::{Context, Result};

use super::{FIRST_INTERFACE, Host, Lan};

/// The table of what is lost by chance.
const LOSS: &str = "loss";
/// The table of what a home's firewall drops.
const HOME: &str = "home";

/// What became of packets on their way to a host.
#[derive(Clone, Copy, Debug)]
pub struct Lost {
    /// All that came as far as there.
    pub packets: u64,
    /// Those of them that were lost.
    pub lost: u64,
}

impl Lan {
    /// Loses so many of a hundred packets on their way to each host.
    ///
    /// # Errors
    /// If `nft` fails.
    pub fn set_loss(&self, percent: u8) -> Result<()> {
        let all = format!("iif {FIRST_INTERFACE} counter");
        let lost = format!("iif {FIRST_INTERFACE} numgen random mod 100 \\< {percent} counter drop");
        self.hosts().try_for_each(|host| self.set_rules(host, LOSS, &[&all, &lost]))
    }

    /// What became of packets on their way to a host since some are lost.
    ///
    /// # Errors
    /// If `nft` fails.
    pub fn lost(&self, host: Host) -> Result<Lost> {
        let told = self.shell(host, &format!("nft list chain inet {LOSS} in"))?;
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        let mut words = told.split_whitespace();
        let mut next = || -> Result<u64> {
            words.find(|word| *word == "packets").context("nft counts nothing")?;
            words.next().context("nft counts nothing")?.parse().context("nft counts in words")
        };
        Ok(Lost { packets: next()?, lost: next()? })
    }

    /// Drops what comes to port 5353 on every host: nobody is found by DNS-SD.
    ///
    /// # Errors
    /// If `nft` fails.
    pub fn block_multicast(&self) -> Result<()> {
        self.hosts().try_for_each(|host| self.block_multicast_at(host))
    }

    /// The same on one host. The rule is `udp dport 5353 drop`, in the chain `in` of the table `inet home`.
    ///
    /// # Errors
    /// If `nft` fails.
    pub fn block_multicast_at(&self, host: Host) -> Result<()> {
        self.set_rules(host, HOME, &["udp dport 5353 drop"])
    }

    /// Drops that no more on one host.
    ///
    /// # Errors
    /// If `nft` fails, as where it was not dropped.
    pub fn allow_multicast_at(&self, host: Host) -> Result<()> {
        self.must(host, &format!("nft delete table inet {HOME}"))
    }

    /// The rules of a table for what comes in, in place of those before.
    fn set_rules(&self, host: Host, table: &str, rules: &[&str]) -> Result<()> {
        let chain = format!("nft 'add chain inet {table} in {{ type filter hook input priority 0; policy accept; }}'");
        let add = rules.iter().map(|rule| format!(" && nft add rule inet {table} in {rule}"));
        let rules = format!("nft flush chain inet {table} in{}", add.collect::<String>());
        self.must(host, &format!("nft add table inet {table} && {chain} && {rules}"))
    }
}

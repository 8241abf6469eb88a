//! First handshake messages that opened, against whoever repeats one. They are kept in the database, so that a repeated
//! one is met with silence also after a restart.

use std::collections::{BTreeMap, BTreeSet};

use lamplit_types::PairTag;

use crate::{
    Node, limits,
    step::{Step, Stepped},
    table::{Order, Read, Table},
};

/// A tag is good for the epoch it names and the ones beside it, so a message that is taken in the first of these can be
/// repeated up to two epochs later.
const EPOCHS: u64 = 2;

/// An epoch, the tag, and the ephemeral key: the key of a row.
type First = (u64, PairTag, [u8; 32]);

/// The ones that opened in this epoch and the two before it.
#[derive(Default)]
pub(crate) struct Opened {
    seen: BTreeSet<First>,
    /// How many of them have one tag: it names two devices and an epoch.
    by_tag: BTreeMap<PairTag, usize>,
    /// Those that are not in the database yet.
    new: Vec<First>,
}

impl Opened {
    /// Remembers a message, and tells whether it is new and there is room.
    pub(crate) fn remember(&mut self, epoch: u64, tag: PairTag, ephemeral: [u8; 32]) -> bool {
        let seen = (epoch.saturating_sub(EPOCHS)..=epoch).any(|epoch| self.seen.contains(&(epoch, tag, ephemeral)));
        let of_tag = self.by_tag.get(&tag).copied().unwrap_or(0);
        if seen || of_tag >= limits::OPENED_BY_ONE || self.seen.len() >= limits::OPENED {
            return false;
        }
        self.insert((epoch, tag, ephemeral));
        self.new.push((epoch, tag, ephemeral));
        true
    }

    fn insert(&mut self, first: First) {
        if self.seen.insert(first) {
            let of_tag = self.by_tag.entry(first.1).or_default();
            *of_tag = of_tag.saturating_add(1);
        }
    }

    /// Forgets what nobody can repeat any more in this epoch.
    pub(crate) fn forget_before(&mut self, epoch: u64) {
        let oldest = epoch.saturating_sub(EPOCHS);
        self.seen.retain(|(epoch, ..)| *epoch >= oldest);
        self.by_tag.clear();
        for (_, tag, _) in &self.seen {
            let of_tag = self.by_tag.entry(*tag).or_default();
            *of_tag = of_tag.saturating_add(1);
        }
    }

    /// As the database has them.
    pub(crate) fn load(read: &impl Read) -> Stepped<Self> {
        let mut opened = Self::default();
        for (at, _) in read.scan(Table::Opened, &[], None, Order::Up, limits::OPENED)? {
            if let Some(first) = first_of(&at) {
                opened.insert(first);
            }
        }
        Ok(opened)
    }
}

fn row_key((epoch, tag, ephemeral): &First) -> Vec<u8> {
    [epoch.to_be_bytes().as_slice(), tag.as_bytes(), ephemeral].concat()
}

fn first_of(at: &[u8]) -> Option<First> {
    let (epoch, rest) = at.split_first_chunk::<8>()?;
    let (tag, ephemeral) = rest.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*epoch), PairTag::from_bytes(*tag), ephemeral.try_into().ok()?))
}

impl Node {
    /// Keeps those that just opened.
    pub(crate) fn keep_opened(&mut self, step: &mut Step<'_>) {
        for first in core::mem::take(&mut self.people.opened.new) {
            step.db.put_bytes(Table::Opened, &row_key(&first), Vec::new());
        }
    }

    /// Forgets those that nobody can repeat any more.
    pub(crate) fn forget_opened(&self, step: &mut Step<'_>) -> Stepped {
        let oldest = step.now.wall.epoch().saturating_sub(EPOCHS);
        for (at, _) in step.db.scan(Table::Opened, &[], None, Order::Up, limits::OPENED)? {
            if first_of(&at).is_some_and(|(epoch, ..)| epoch >= oldest) {
                break;
            }
            step.db.remove(Table::Opened, &at);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

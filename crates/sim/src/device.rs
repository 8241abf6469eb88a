//! A simulated device: a real node over a real store on a disk that can lose its power.

use std::collections::{BTreeMap, BTreeSet};

use lamplit_node::{Command, Input, Node, Table, Write, setup::DeviceSecrets, view};
use lamplit_store::Store;
use lamplit_types::{AccountId, Beacon, DeviceId, MessageId};

use crate::{
    dice::Dice,
    disk::Disk,
    failure::{Done, Failure},
    mirror::Mirror,
};

/// A device.
pub(crate) struct Device {
    /// Whose it is.
    pub(crate) person: usize,
    pub(crate) account: AccountId,
    pub(crate) id: DeviceId,
    pub(crate) name: String,
    pub(crate) secrets: DeviceSecrets,
    /// What it draws keys with.
    pub(crate) dice: Dice,
    pub(crate) disk: Disk,
    /// Counts its starts: what was meant for an earlier one is of no use.
    pub(crate) boot: u64,
    pub(crate) running: Option<Running>,
    /// What its database should hold.
    pub(crate) mirror: Mirror,
    /// A batch of which a power cut left all or nothing.
    pub(crate) in_doubt: Option<Vec<Write>>,
    pub(crate) books: Books,
    pub(crate) backups: Vec<Backup>,
    /// How far its wall clock is off, in milliseconds.
    pub(crate) skew: i64,
    /// Devices that may be reached are on the same island.
    pub(crate) island: u64,
    /// The power goes with the next commit.
    pub(crate) doomed: bool,
    pub(crate) times_restored: u64,
    /// It was removed from its account.
    pub(crate) is_removed: bool,
    /// When the oldest backup was made that it came back as.
    pub(crate) restored_to: Option<u64>,
    pub(crate) last_wrong_clock: Option<u64>,
    /// What it says its user is on, since when.
    pub(crate) lit: Vec<(u64, BTreeSet<String>)>,
    /// Since when it sees nobody of its account, if it does not.
    pub(crate) alone_since: Option<u64>,
}

/// The part of a device that needs power.
pub(crate) struct Running {
    pub(crate) node: Node,
    pub(crate) store: Store,
    pub(crate) beacon: Option<Beacon>,
    /// What came in and was not worked off.
    pub(crate) pending: Vec<Input>,
    /// The commands among them.
    pub(crate) asked: BTreeMap<u64, Command>,
    pub(crate) is_working: bool,
    /// When changes are committed at the latest that nothing waits for.
    pub(crate) silent_until: Option<u64>,
    /// What was lit after each step of the batch that changed it: one after the other goes out once that is committed.
    pub(crate) glimmers: Vec<BTreeSet<String>>,
    /// When it is woken next.
    pub(crate) due: Option<u64>,
    /// How often in a row it was woken without any time passing.
    pub(crate) restless: (u64, u32),
}

/// An image of a device as it was.
pub(crate) struct Backup {
    pub(crate) image: Vec<u8>,
    pub(crate) mirror: Mirror,
    pub(crate) made: u64,
}

/// What the checks keep about a device's committed state.
#[derive(Clone, Default)]
pub(crate) struct Books {
    /// Which message lies in a row of the outbox; `None` if it is no text.
    pub(crate) outbox: BTreeMap<Vec<u8>, Option<MessageId>>,
    /// The same for what came before its turn.
    pub(crate) held: BTreeMap<Vec<u8>, Option<MessageId>>,
    /// Messages that it ever had, also before it was restored.
    pub(crate) ever: BTreeSet<MessageId>,
    /// The place, among all that a device said, of the last message of it to one person.
    pub(crate) last: BTreeMap<(usize, usize), u64>,
}

impl Device {
    pub(crate) const fn is_up(&self) -> bool {
        self.running.is_some()
    }

    pub(crate) fn running(&mut self) -> Done<&mut Running> {
        self.running.as_mut().ok_or_else(|| Failure::simulation("a device is asked for something while it is off"))
    }

    /// The device that a row of the outbox is for.
    pub(crate) fn addressee(row: &[u8]) -> Option<DeviceId> {
        row.first_chunk::<32>().map(|bytes| DeviceId::from_bytes(*bytes))
    }

    /// Messages of the outbox, each with the device it is for.
    pub(crate) fn waiting(&self) -> BTreeSet<(DeviceId, MessageId)> {
        let rows = self.books.outbox.iter();
        rows.filter_map(|(row, message)| Some((Self::addressee(row)?, (*message)?))).collect()
    }

    /// Whether it has a message, or had it before it was restored.
    pub(crate) fn ever_had(&self, message: &MessageId) -> bool {
        self.books.ever.contains(message) || self.books.held.values().any(|held| held.as_ref() == Some(message))
    }

    pub(crate) fn has(&self, message: &MessageId) -> bool {
        self.mirror.value(Table::MessageIndex, message.as_bytes()).is_some()
    }

    /// Whether it has changed since a backup.
    pub(crate) fn is_older(&self, backup: usize) -> bool {
        self.backups.get(backup).is_some_and(|backup| backup.mirror != self.mirror)
    }

    pub(crate) fn knows(&self, account: AccountId) -> bool {
        self.mirror.value(Table::Contacts, account.as_bytes()).is_some()
    }

    /// Whether it has the other on its owner's list, or on that of a contact.
    pub(crate) fn knows_device(&self, other: &Self) -> bool {
        view::devices_of(&self.mirror, other.account).is_ok_and(|devices| devices.contains(&other.id))
    }

    /// Which text a row is about.
    pub(crate) fn text_in(&self, table: Table, row: &[u8]) -> Done<Option<MessageId>> {
        view::text_in(&self.mirror, &self.secrets, table, row).map_err(Failure::simulation)
    }

    /// Fills the books anew from the database as it should be.
    pub(crate) fn audit_rows(&mut self) -> Done {
        for table in [Table::Outbox, Table::Held] {
            let rows: Vec<Vec<u8>> = self.mirror.rows(table, &[]).map(|(row, _)| row.to_vec()).collect();
            let mut found = BTreeMap::new();
            for row in rows {
                found.insert(row.clone(), self.text_in(table, &row)?);
            }
            match table {
                Table::Outbox => self.books.outbox = found,
                _ => self.books.held = found,
            }
        }
        Ok(())
    }
}

//! The simulated server: the real services over the real store, on a disk that can lose its power.

use std::collections::BTreeMap;

use lamplit_depot::Depot;
use lamplit_service::{Service, Session};
use lamplit_types::LinkId;
use lamplit_wire::{FrameBuffer, server::Epoch};

use crate::{
    dice::Dice,
    disk::Disk,
    failure::{Done, Failure},
};

/// What stands for the server where a device has its number.
pub(crate) const SERVER: usize = usize::MAX;
/// What devices are told to dial.
pub(crate) const ADDRESS: &str = "server:key@sim:1";
/// Images that are kept. The oldest makes room for a further one.
const BACKUPS: usize = 3;

/// The server.
pub(crate) struct Server {
    pub(crate) disk: Disk,
    pub(crate) dice: Dice,
    /// `None`: it is off.
    pub(crate) service: Option<Service<Depot>>,
    /// Counts its starts.
    pub(crate) boot: u64,
    /// Connections, by their wires.
    pub(crate) talks: BTreeMap<u64, Talk>,
    backups: Vec<Vec<u8>>,
}

/// One connection.
pub(crate) struct Talk {
    pub(crate) session: Session,
    pub(crate) buffer: FrameBuffer,
    pub(crate) link: LinkId,
    pub(crate) is_known: bool,
}

impl Server {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            disk: Disk::default(),
            dice: Dice::new(seed, u64::MAX - 1),
            service: None,
            boot: 0,
            talks: BTreeMap::new(),
            backups: Vec::new(),
        }
    }

    /// Opens the store that is on the disk. `None`: the disk is in trouble, and was mended.
    pub(crate) fn start(&mut self) -> Done<Option<()>> {
        let epoch = self.fresh();
        self.boot += 1;
        let in_trouble = self.disk.is_in_trouble();
        match Depot::on_backend(Box::new(self.disk.clone()), epoch) {
            Ok(depot) => self.service = Some(Service::new(depot, Default::default())),
            Err(_) if in_trouble => {
                self.disk.mend();
                return Ok(None);
            }
            Err(error) => return Err(Failure::simulation(format!("the server cannot start: {error}"))),
        }
        Ok(Some(()))
    }

    /// Ends at once. What it wrote and did not sync may be gone.
    pub(crate) fn power_cut(&mut self, dice: &mut Dice) -> bool {
        let (disk, lost) = self.disk.power_cut(dice);
        // What the program does when it is dropped reaches no disk any more.
        self.disk.plan(crate::disk::Trouble { after: 0, times: 0, full: false });
        self.service = None;
        self.talks.clear();
        self.disk = disk;
        lost
    }

    pub(crate) fn back_up(&mut self) {
        if self.backups.len() == BACKUPS {
            self.backups.remove(0);
        }
        self.backups.push(self.disk.synced());
    }

    /// Puts an old image in the place of what is there, as a store of a new life. Whether there is one.
    pub(crate) fn restore(&mut self) -> Done<bool> {
        let Some(image) = self.backups.first().cloned() else { return Ok(false) };
        let epoch = self.fresh();
        self.disk = Disk::of(image);
        lamplit_depot::begin_anew(Box::new(self.disk.clone()), epoch).map_err(Failure::simulation)?;
        self.backups.truncate(1);
        Ok(true)
    }

    fn fresh(&mut self) -> Epoch {
        Epoch(self.dice.below(u64::MAX).to_le_bytes())
    }
}

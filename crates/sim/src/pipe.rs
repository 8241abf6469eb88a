//! Pipes between devices, and what they do to what is sent through them.

use std::collections::{BTreeMap, VecDeque};

use lamplit_types::{Channel, Class, LinkId};

use crate::dice::Dice;

/// How a pipe behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// Milliseconds that everything takes at least.
    pub(crate) delay: u64,
    /// Milliseconds that it may take more.
    pub(crate) jitter: u64,
    /// Of a thousand packets so many are lost, or come twice.
    pub(crate) loss: u64,
    pub(crate) twice: u64,
    /// Of a thousand packets or pieces so many take very long.
    pub(crate) late: u64,
}

/// One end of a pipe.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) device: usize,
    pub(crate) boot: u64,
    pub(crate) link: LinkId,
    /// Whether the device still holds it open.
    pub(crate) is_open: bool,
    /// When the last piece of each stream arrives here.
    last: BTreeMap<Class, u64>,
    /// Bytes that are on their way here, in each stream.
    coming: BTreeMap<Class, u64>,
    /// After the pipe died: bytes that still arrive in each stream.
    still: Option<BTreeMap<Class, u64>>,
    /// What waits while the two devices are apart.
    pub(crate) stalled: VecDeque<(Channel, Vec<u8>)>,
    /// The number of the latest packet that arrived, to see one overtake another.
    pub(crate) latest_packet: u64,
}

/// A pipe.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) weather: Weather,
    pub(crate) ends: [End; 2],
    pub(crate) packets: u64,
}

impl End {
    pub(crate) fn new(device: usize, boot: u64, link: LinkId) -> Self {
        Self {
            device,
            boot,
            link,
            is_open: true,
            last: BTreeMap::new(),
            coming: BTreeMap::new(),
            still: None,
            stalled: VecDeque::new(),
            latest_packet: 0,
        }
    }

    /// Plans the arrival of a piece of a stream: not before the one before it.
    pub(crate) fn plan(&mut self, class: Class, time: u64, size: usize) -> u64 {
        let last = self.last.entry(class).or_default();
        *last = time.max(*last);
        *self.coming.entry(class).or_default() += size as u64;
        *last
    }

    /// When everything that is on its way has arrived.
    pub(crate) fn last_arrival(&self) -> u64 {
        self.last.values().copied().max().unwrap_or(0)
    }

    /// A piece arrives: what is left of it.
    pub(crate) fn arrive(&mut self, class: Class, mut bytes: Vec<u8>) -> Vec<u8> {
        let coming = self.coming.entry(class).or_default();
        *coming = coming.saturating_sub(bytes.len() as u64);
        if let Some(still) = &mut self.still {
            let left = still.entry(class).or_default();
            bytes.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left = left.saturating_sub(bytes.len() as u64);
        }
        bytes
    }

    /// The pipe dies: of what is on its way only a part arrives. Whether a frame may be cut in two by that.
    pub(crate) fn cut(&mut self, dice: &mut Dice) -> bool {
        let mut parted = false;
        let still = self.coming.iter().map(|(class, bytes)| {
            let left = dice.below(bytes.saturating_add(1));
            parted |= left < *bytes;
            (*class, left)
        });
        self.still = Some(still.collect());
        parted
    }
}

impl Wire {
    /// The end that is not `side`.
    pub(crate) const fn other(side: usize) -> usize {
        1 - side
    }

    /// How long something takes, and whether that is very long.
    pub(crate) fn travel(&self, dice: &mut Dice) -> (u64, bool) {
        let usual = self.weather.delay + dice.below(self.weather.jitter + 1);
        match dice.permille(self.weather.late) {
            true => (usual + dice.between(500, 4_000), true),
            false => (usual, false),
        }
    }
}

/// Cuts bytes into pieces at places of chance.
pub(crate) fn pieces(bytes: &[u8], dice: &mut Dice) -> Vec<Vec<u8>> {
    let mut rest = bytes;
    let mut pieces = Vec::new();
    while rest.len() > 1 && pieces.len() < 3 && dice.permille(250) {
        let cut = usize::try_from(dice.between(1, rest.len() as u64 - 1)).unwrap_or(1);
        let Some((piece, after)) = rest.split_at_checked(cut) else { break };
        pieces.push(piece.to_vec());
        rest = after;
    }
    pieces.push(rest.to_vec());
    pieces
}

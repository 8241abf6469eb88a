//! What users and the world will do in a run: a deck of actions, shuffled.

use crate::dice::Dice;

/// One thing that somebody does. Who does it to whom is drawn when it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Say,
    MarkRead,
    Rename,
    Note,
    SetName,
    Remove,
    Befriend,
    Light,
    Crash,
    TornCrash,
    Stop,
    DiskFull,
    DiskError,
    Partition,
    Isolate,
    Heal,
    Cut,
    Backup,
    Restore,
    Skew,
    YearOff,
    RightClock,
    RemoveDevice,
    CrashServer,
    TornServer,
    ServerDisk,
    BackupServer,
    RestoreServer,
}

/// How many of each there are for 2,000 steps. Those that are counted on are a little more than is asked for, since
/// one that finds nobody to do it is passed over.
const HAND: &[(Action, u64)] = &[
    (Action::Say, 215),
    (Action::MarkRead, 24),
    (Action::Rename, 50),
    (Action::Note, 48),
    (Action::SetName, 14),
    (Action::Remove, 6),
    (Action::Befriend, 10),
    (Action::Light, 30),
    (Action::Crash, 8),
    (Action::TornCrash, 6),
    (Action::Stop, 3),
    (Action::DiskFull, 5),
    (Action::DiskError, 5),
    (Action::Partition, 7),
    (Action::Isolate, 5),
    (Action::Heal, 9),
    (Action::Cut, 16),
    (Action::Backup, 6),
    (Action::Restore, 2),
    (Action::Skew, 5),
    (Action::YearOff, 1),
    (Action::RightClock, 6),
    (Action::RemoveDevice, 1),
];
/// What is added where there is a server.
const SERVER_HAND: &[(Action, u64)] = &[
    (Action::CrashServer, 4),
    (Action::TornServer, 4),
    (Action::ServerDisk, 3),
    (Action::BackupServer, 3),
    (Action::RestoreServer, 1),
];
/// The steps that a hand is for.
const HAND_STEPS: u64 = 2_000;

/// A deck for a run of so many steps.
pub(crate) fn shuffled(steps: u64, has_server: bool, dice: &mut Dice) -> Vec<Action> {
    let mut deck = Vec::new();
    let more = if has_server { SERVER_HAND } else { &[] };
    for (action, many) in HAND.iter().chain(more) {
        let many = many.saturating_mul(steps).div_ceil(HAND_STEPS);
        deck.extend((0..many).map(|_| *action));
    }
    dice.shuffle(&mut deck);
    deck
}

/// How long after one action the next comes, in milliseconds: mostly soon, now and then much later.
pub(crate) fn pause(dice: &mut Dice) -> u64 {
    match dice.below(100) {
        0..45 => dice.below(200),
        45..85 => dice.between(200, 2_500),
        85..98 => dice.between(2_500, 12_000),
        _ => dice.between(12_000, 90_000),
    }
}

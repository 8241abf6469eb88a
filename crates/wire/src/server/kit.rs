//! What opens an account on an empty device (P2): a kit, sealed to the key that follows from the recovery phrase, which the server
//! keeps for whoever reads what is sent to the account's number.
//!
//! The server cannot open it, and neither can who has the number alone: what it is sealed to has all the bits of the phrase.

use core::fmt;

use lamplit_types::{
    AccountId, AudienceId, DeviceId, Name,
    limits::{AUDIENCE_GENERATIONS, KIT_BYTES},
};
use serde::{Deserialize, Serialize};

use crate::{
    bounded::{Bytes, List},
    credential::{DeviceList, Signable, Signed},
    own::{AccountSecrets, GenerationSecret},
};

/// How new a kit is: the later takes the place of the earlier, whichever device brings it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KitVersion {
    /// The generation of the account's device list, to whose recovery key it is sealed.
    pub generation: u32,
    /// The latest generation of the key of the audience of all contacts.
    pub friends: u32,
}

/// A kit as it lies at a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kit {
    /// Whose.
    pub account: AccountId,
    /// How new it is.
    pub version: KitVersion,
    /// Which device of the account sealed it.
    pub device: DeviceId,
    /// A [`KitContent`].
    pub sealed: Bytes<KIT_BYTES>,
}

impl Signable for Kit {
    const LABEL: &'static str = "lamplit/1/kit";
}

/// What is in a kit: all that makes a device one of its account, beside the list. The rest comes as to any other device.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KitContent {
    /// What all devices of the account share.
    pub keys: AccountSecrets,
    /// What contacts saw as the account's name.
    pub name: Name,
    /// The audience of all contacts.
    pub friends: AudienceId,
    /// Its keys, the latest generation last.
    pub friends_keys: List<GenerationSecret, AUDIENCE_GENERATIONS>,
}

impl fmt::Debug for KitContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KitContent(…)")
    }
}

/// What a caller gets who read the code that came to an account's number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The kit.
    pub kit: Signed<Kit>,
    /// The account's devices.
    pub list: DeviceList,
}

#[cfg(test)]
mod tests;

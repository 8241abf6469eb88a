//! What becomes of two lists of one account when they meet.

use std::collections::BTreeMap;

use lamplit_types::{DeviceId, limits};
use lamplit_wire::credential::{Certificate, CertificateBody, DeviceList, EncodeError};

use super::VerifiedList;

/// How another list of the same account compares with ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergeOutcome {
    /// They say the same.
    Same,
    /// The other knew certificates of this generation that ours did not. This is both together; the other should be
    /// shown it if its head differs.
    Grew(VerifiedList),
    /// The other is of a later generation and takes the place of ours.
    Newer(VerifiedList),
    /// Ours says all the other does and more: show it ours.
    Older,
}

/// Two lists that do not go together. Ours stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// They are of two accounts.
    #[error("the two device lists are of two accounts")]
    OtherAccount,
    /// They are signed under two roots. An alarm.
    #[error("two roots sign for one account: somebody shows a false device list; compare safety codes with the owner")]
    OtherRoot,
    /// The root key signed two different histories. An alarm.
    #[error(
        "the root key signed two different generations {number}: somebody has the recovery phrase, or two devices removed others at once; ask the owner to remove a device again and compare safety codes"
    )]
    Forked {
        /// The generation of which there are two.
        number: u32,
    },
    /// Together they hold too many devices.
    #[error("together the two lists hold {found} devices, at most {max} are allowed: remove one", max = limits::DEVICES)]
    Full {
        /// Devices of both lists.
        found: usize,
    },
    /// The merged list could not be written to take its hash.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl MergeError {
    /// Whether the owner and the contacts must be told that somebody may be cheating.
    pub fn is_alarm(&self) -> bool {
        matches!(self, Self::OtherRoot | Self::Forked { .. })
    }
}

impl VerifiedList {
    /// Merges another list of the same account. Within a generation it is a union in which of two certificates of one
    /// device the one of the greater serial stays, so all who have seen the same lists hold the same list, whatever the order.
    pub fn merge(&self, other: &Self) -> Result<MergeOutcome, MergeError> {
        if self.account() != other.account() {
            return Err(MergeError::OtherAccount);
        }
        if self.list.root != other.list.root {
            return Err(MergeError::OtherRoot);
        }
        let (ours, theirs) = (self.generation().number, other.generation().number);
        if ours < theirs {
            other.check_follows(self)?;
            return Ok(MergeOutcome::Newer(other.clone()));
        }
        if ours > theirs {
            self.check_follows(other)?;
            return Ok(MergeOutcome::Older);
        }
        if self.generation() != other.generation() {
            return Err(MergeError::Forked { number: ours });
        }
        self.union(other)
    }

    /// A generation names the one before it; with a gap between the two nothing can be said.
    fn check_follows(&self, earlier: &Self) -> Result<(), MergeError> {
        let number = earlier.generation().number;
        let is_next = self.generation().number.checked_sub(1) == Some(number);
        if is_next && self.generation().previous != Some(earlier.generation().hash()?) {
            return Err(MergeError::Forked { number });
        }
        Ok(())
    }

    fn union(&self, other: &Self) -> Result<MergeOutcome, MergeError> {
        let mut all: BTreeMap<DeviceId, &Certificate> =
            self.devices().map(|certificate| (certificate.device, certificate)).collect();
        let mut grew = false;
        for theirs in other.devices() {
            let known = all.get(&theirs.device).is_some_and(|ours| rank(ours) >= rank(theirs));
            if !known {
                all.insert(theirs.device, theirs);
                grew = true;
            }
        }
        if !grew {
            return Ok(if self.head() == other.head() { MergeOutcome::Same } else { MergeOutcome::Older });
        }
        let found = all.len();
        let additions: Vec<Certificate> = all.into_values().cloned().collect();
        let additions = additions.try_into().map_err(|_| MergeError::Full { found })?;
        Ok(MergeOutcome::Grew(Self::signed_here(DeviceList { additions, ..self.list.clone() })?))
    }
}

/// Of two certificates of one device the higher rank stays. The signature has no part in it: one body may be signed
/// in two ways.
fn rank(certificate: &Certificate) -> (u32, &CertificateBody) {
    (certificate.serial, &certificate.body)
}

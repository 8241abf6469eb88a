use anyhow::Result;
use serde_json::Value;

use crate::{Device, Host, Lan};

/// A device with a new account, whose daemon runs.
///
/// # Errors
/// If it does not start.
pub fn started<'lan>(lan: &'lan Lan, host: Host, name: &str) -> Result<Device<'lan>> {
    let mut device = Device::new(lan, host, name)?;
    device.start(&[])?;
    Ok(device)
}

/// Ada on the left, Grace on the right, Linus on the third host. Ada knows both, and they are near.
///
/// # Errors
/// If they don't meet.
pub fn three(lan: &Lan) -> Result<[Device<'_>; 3]> {
    let ada = started(lan, Host::LEFT, "Ada")?;
    let grace = started(lan, Host::RIGHT, "Grace")?;
    let linus = started(lan, Host::THIRD, "Linus")?;
    for other in [&grace, &linus] {
        ada.meet(other)?;
        ada.wait_until_near(other)?;
    }
    Ok([ada, grace, linus])
}

/// Ada on the left and Grace on the right, each other's contacts and near.
///
/// # Errors
/// If they don't meet.
pub fn acquainted(lan: &Lan) -> Result<(Device<'_>, Device<'_>)> {
    let (ada, grace, _) = acquainted_by(lan, [&[], &[]])?;
    Ok((ada, grace))
}

/// The same, with daemons that are started with options: Ada's and Grace's. Also returns the invite that they met by.
///
/// # Errors
/// If they don't meet.
pub fn acquainted_by<'lan>(lan: &'lan Lan, options: [&[&str]; 2]) -> Result<(Device<'lan>, Device<'lan>, String)> {
    let [left, right] = options;
    let mut ada = Device::new(lan, Host::LEFT, "Ada")?;
    let mut grace = Device::new(lan, Host::RIGHT, "Grace")?;
    ada.start(left)?;
    grace.start(right)?;
    let link = ada.meet(&grace)?;
    ada.wait_until_near(&grace)?;
    Ok((ada, grace, link))
}

impl Device<'_> {
    /// Waits until both this and `other` are near for each other.
    ///
    /// # Errors
    /// If that does not happen.
    pub fn wait_until_near(&self, other: &Self) -> Result<()> {
        for (here, there) in [(self, other), (other, self)] {
            here.wait_for_contact(there, "be near", |contact| contact.get("near") == Some(&Value::Bool(true)))?;
        }
        Ok(())
    }

    /// Waits until `other` is away for this one.
    ///
    /// # Errors
    /// If that does not happen.
    pub fn wait_until_away(&self, other: &Self) -> Result<()> {
        self.wait_for_contact(other, "be away", |contact| contact.get("near") == Some(&Value::Bool(false)))?;
        Ok(())
    }
}

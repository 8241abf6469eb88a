use anyhow::Result;
use serde_json::Value;

use crate::{Device, Host, Lan};

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
    for (here, other) in [(&ada, &grace), (&grace, &ada)] {
        here.wait_for_contact(other, "be near", |contact| contact.get("near") == Some(&Value::Bool(true)))?;
    }
    Ok((ada, grace, link))
}

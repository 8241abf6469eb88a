use std::net::UdpSocket;

use crate::{Finding, Patient};

/// Whether the chosen address can be listened on. Where none was chosen the system finds one.
pub(crate) fn attempt(patient: &Patient) -> Option<Finding> {
    let bind = patient.bind?;
    Some(match UdpSocket::bind(bind) {
        Err(error) if !(patient.daemon && error.kind() == std::io::ErrorKind::AddrInUse) => {
            Finding::PortTaken { bind, why: error.to_string() }
        }
        _ => Finding::Port { bind },
    })
}

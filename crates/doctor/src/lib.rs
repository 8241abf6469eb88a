//! Finds what keeps devices from finding each other, and says what to do.
//!
//! [`examine`] looks at the interfaces, tries multicast on each, reads what firewall rules it may, and looks at the
//! routes, the port, the clock and the disk. What comes out is a list of [`Finding`]s, a closed set: each has a
//! [`Level`], says what was found, and, if that is not as it should be, what to do. It changes nothing, and needs neither
//! a running daemon nor root; what it may not look at it says.
//!
//! ```
//! use lamplit_doctor::{Level, Others, Patient, examine};
//!
//! let findings = examine(&Patient {
//!     data: std::env::temp_dir(),
//!     bind: None,
//!     daemon: false,
//!     others: Others::Unknown,
//! });
//! assert!(findings.iter().all(|finding| finding.level() == Level::Good || finding.advice().is_some()));
//! ```

mod clock;
mod disk;
mod finding;
mod firewall;
mod interfaces;
mod multicast;
mod port;
mod routes;

use std::net::SocketAddr;
use std::path::PathBuf;

pub use clock::Others;
pub use finding::{Finding, Ip, Level, Tool};

/// What is to be examined.
#[derive(Clone, Debug)]
pub struct Patient {
    /// The data directory.
    pub data: PathBuf,
    /// Where the daemon is to listen, if its owner chooses.
    pub bind: Option<SocketAddr>,
    /// Whether the daemon runs: then a port that is taken is its own.
    pub daemon: bool,
    /// What the daemon knows of other devices' clocks.
    pub others: Others,
}

/// Examines this machine. Blocks for about two seconds.
pub fn examine(patient: &Patient) -> Vec<Finding> {
    let interfaces = interfaces::look();
    let multicast = multicast::attempt();
    let up: Vec<&str> = interfaces.iter().filter_map(Finding::interface_that_is_up).collect();
    let firewall = firewall::look(firewall::Needs {
        interfaces: &up,
        port: patient.bind.map(|bind| bind.port()).filter(|port| *port != 0),
        is_felt: multicast.iter().any(|finding| matches!(finding, Finding::MulticastBlocked { .. })),
    });
    let mut findings = interfaces;
    findings.extend(multicast);
    findings.extend(firewall);
    findings.extend(routes::look());
    findings.extend(port::attempt(patient));
    findings.extend(clock::look(&patient.data, patient.others));
    findings.extend(disk::attempt(&patient.data));
    findings
}

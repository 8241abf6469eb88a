//! Where this device can be reached, as people are told.

use core::net::SocketAddr;

/// The addresses that somebody can hand to another. A loopback address leads whoever dials it back to themselves: it is told
/// only where there is nothing else.
#[must_use]
pub fn from_elsewhere(mut addresses: Vec<String>) -> Vec<String> {
    if !addresses.iter().all(|address| is_loopback(address)) {
        addresses.retain(|address| !is_loopback(address));
    }
    addresses
}

fn is_loopback(address: &str) -> bool {
    address.parse::<SocketAddr>().is_ok_and(|socket| socket.ip().to_canonical().is_loopback())
}

#[cfg(test)]
mod tests;

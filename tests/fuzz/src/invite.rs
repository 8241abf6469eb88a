//! Invite links, as somebody pastes them.

use data_encoding::BASE32_NOPAD;
use lamplit_identity::{Invite, InviteError};
use lamplit_types::Wall;

/// Reads `data` as the text of a link, and as the bytes that a link with a right checksum holds.
pub fn invite(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        read(text);
    }
    let sum = blake3::hash(data);
    let whole: Vec<u8> = data.iter().chain(sum.as_bytes().iter().take(4)).copied().collect();
    read(&format!("lamplit:invite/{}", BASE32_NOPAD.encode(&whole)));
}

/// A link that is read can be written, and its text in capitals, or broken into lines, is the same invite.
fn read(text: &str) {
    let Ok(invite) = Invite::parse(text, Wall(0)) else { return };
    assert!(!invite.name.as_str().chars().any(char::is_control));

    let link = invite.to_link();
    assert!(link.is_ok(), "an invite that was read can't be written");
    let link = link.unwrap_or_default();
    let spaced = format!(" {}\r\n", link.to_ascii_uppercase().replace('7', "7\n"));
    assert_eq!(Invite::parse(&spaced, Wall(0)).as_ref(), Ok(&invite));
    assert!(matches!(Invite::parse(&link, invite.expires), Err(InviteError::Expired { .. })));
}

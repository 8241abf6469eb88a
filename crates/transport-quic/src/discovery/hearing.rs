use lamplit_transport::Hearing;

use super::chatter::Ears;
use crate::interfaces::Face;
use crate::limits;

/// What is known of multicast on one face.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    /// What was heard there; none if it cannot be listened on.
    pub(crate) ears: Option<Ears>,
    /// Whether the system did not let the last packet leave.
    pub(crate) is_refused: bool,
}

/// Whether devices find each other on any of these faces. Loopback leads to nobody: what is heard there says nothing.
pub(crate) fn hearing_of(faces: impl Iterator<Item = (Face, Known)>) -> Hearing {
    let leads_somewhere = faces.filter(|(face, _)| !face.is_loopback);
    leads_somewhere.map(|(_, known)| on_one(known)).max().unwrap_or(Hearing::NoNetwork)
}

fn on_one(known: Known) -> Hearing {
    match known {
        Known { ears: Some(ears), .. } if ears.unheard >= limits::UNHEARD => Hearing::Blocked,
        Known { ears: Some(Ears { others: true, .. }), .. } => Hearing::Others,
        Known { ears: Some(Ears { own: true, .. }), .. } => Hearing::Alone,
        Known { ears: None, .. } | Known { is_refused: true, .. } => Hearing::Blocked,
        Known { .. } => Hearing::Untested,
    }
}

#[cfg(test)]
mod tests;

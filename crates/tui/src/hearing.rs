//! Whether devices on the network find each other by themselves: what is said of it, wherever it is said.

use lamplit_rpc::api::Hearing;

/// How to do without, as it is asked for in one place or another.
#[derive(Clone, Copy, Debug)]
pub struct Ways {
    dial: &'static str,
    invite: &'static str,
}

/// On the command line.
pub const COMMANDS: Ways = Ways { dial: "`lamplit dial CONTACT ADDRESS`", invite: "`lamplit invite`" };
/// In the view.
pub(crate) const KEYS: Ways = Ways { dial: "/dial ADDRESS", invite: "/invite" };

/// In a few words, which fit the narrowest pane.
pub const fn briefly(hearing: Hearing) -> &'static str {
    match hearing {
        Hearing::Off => "not shown to others",
        Hearing::NoNetwork => "on no network",
        Hearing::Blocked => "multicast is blocked",
        Hearing::Untested => "looking for others",
        Hearing::Alone => "no other machine heard",
        Hearing::Others => "found by others here",
    }
}

/// In a sentence.
pub const fn sentence(hearing: Hearing) -> &'static str {
    match hearing {
        Hearing::Off => "Discovery is off here: this device neither looks for others nor is found by them.",
        Hearing::NoNetwork => {
            "There is no network here on which devices could find each other, only loopback or a tunnel."
        }
        Hearing::Blocked => "Multicast is blocked here: devices do not find each other by themselves.",
        Hearing::Untested => "It is too early to say whether devices find each other here.",
        Hearing::Alone => "No other machine is heard here yet.",
        Hearing::Others => "Devices find each other here.",
    }
}

/// What to do, if there is anything to do.
pub fn advice(hearing: Hearing, Ways { dial, invite }: Ways) -> Option<String> {
    Some(match hearing {
        Hearing::Off => format!("{dial} or the QR code of {invite} leads to others."),
        Hearing::NoNetwork => format!(
            "Plug in a cable, or switch Wi-Fi on; `lamplit doctor` tells more. Through a tunnel {dial} or the QR code of {invite} leads to others."
        ),
        Hearing::Blocked => {
            format!("{dial} or the QR code of {invite} leads to others; `lamplit doctor` says what to do.")
        }
        Hearing::Alone => format!(
            "{dial} or the QR code of {invite} leads to those whom the network keeps apart; `lamplit doctor` tells more."
        ),
        Hearing::Untested | Hearing::Others => return None,
    })
}

/// The sentence, and what to do.
pub fn whole(hearing: Hearing, ways: Ways) -> String {
    match advice(hearing, ways) {
        Some(advice) => format!("{} {advice}", sentence(hearing)),
        None => sentence(hearing).to_owned(),
    }
}

#[cfg(test)]
mod tests;

//! What can be asked for by typing it, with a slash before it.

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Invite,
    Accept(String),
    On(String),
    Off(String),
    Name(String),
    Rename(Option<String>),
    Note(Option<String>),
    /// Shows the safety code, or says what came of comparing it.
    Safety(Option<String>),
    Dial(String),
    Send {
        path: String,
        /// Whether a picture keeps what it tells beside itself.
        keep_metadata: bool,
    },
    Fetch,
    Decline,
    /// Takes back the latest file, or the latest of a name.
    TakeBack(Option<String>),
    Forget,
    Group(String),
    Add(String),
    Remove(String),
    Admin(String),
    Leave,
    Help,
    Quit,
}

/// What is known about a command before it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) name: &'static str,
    /// What comes after it.
    pub(crate) with: &'static str,
    pub(crate) does: &'static str,
}

const fn known(name: &'static str, with: &'static str, does: &'static str) -> Known {
    Known { name, with, does }
}

pub(crate) const ALL: &[Known] = &[
    known("invite", "", "make an invite: a link and a QR code for one person"),
    known("accept", "LINK", "accept somebody's invite"),
    known("on", "APP", "let contacts see that you are on an app"),
    known("off", "APP", "let it go dark"),
    known("send", "PATH", "send a file; a picture goes without place and time"),
    known("send-as-is", "PATH", "send a picture as it is, also one that /send refuses"),
    known("fetch", "", "fetch the latest file that was offered here"),
    known("decline", "", "decline the latest file that was offered here"),
    known("take-back", "[NAME]", "take back the latest file you sent here, or by name"),
    known("note", "[TEXT]", "keep a note about this contact, or remove it"),
    known("rename", "[NAME]", "call a contact, or for all a group, something else"),
    known("safety", "[WORD]", "compare the safety code; WORD: same, differs, forget"),
    known("name", "NAME", "change your own name"),
    known("dial", "ADDRESS", "reach this contact where the network hides devices"),
    known("forget", "", "forget this contact"),
    known("group", "NAME", "begin a group with this contact"),
    known("add", "WHO", "add a contact to this group"),
    known("remove", "WHO", "remove a member from this group"),
    known("admin", "WHO", "let a member add and remove others, or no longer"),
    known("leave", "", "leave this group; its messages stay"),
    known("help", "", "show all keys"),
    known("quit", "", "leave; the daemon goes on"),
];

/// What a line that was typed is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// To be said.
    Words(String),
    Command(Command),
    /// Neither: why.
    Wrong(String),
}

/// Takes a line for what it is. Two slashes begin words with one.
pub(crate) fn read(line: &str) -> Typed {
    let line = line.trim_matches('\n');
    let Some(rest) = line.strip_prefix('/') else { return Typed::Words(line.to_owned()) };
    if rest.starts_with('/') {
        return Typed::Words(rest.to_owned());
    }
    let (name, with) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let with = with.trim();
    let some = (!with.is_empty()).then(|| with.to_owned());
    let command = match (name.to_lowercase().as_str(), some) {
        ("invite", _) => Command::Invite,
        // A link that was broken into rows is one all the same.
        ("accept", Some(link)) => Command::Accept(link.split_whitespace().collect()),
        ("on", Some(app)) => Command::On(app),
        ("off", Some(app)) => Command::Off(app),
        ("name", Some(name)) => Command::Name(name),
        ("rename", name) => Command::Rename(name),
        ("note", note) => Command::Note(note),
        ("safety", word) => Command::Safety(word),
        ("send", Some(path)) => Command::Send { path, keep_metadata: false },
        ("send-as-is", Some(path)) => Command::Send { path, keep_metadata: true },
        ("fetch", _) => Command::Fetch,
        ("decline", _) => Command::Decline,
        ("take-back", name) => Command::TakeBack(name),
        ("dial", Some(address)) => Command::Dial(address),
        ("forget", _) | ("remove", None) => Command::Forget,
        ("group", Some(name)) => Command::Group(name),
        ("add", Some(who)) => Command::Add(who),
        ("remove", Some(who)) => Command::Remove(who),
        ("admin", Some(who)) => Command::Admin(who),
        ("leave", _) => Command::Leave,
        ("help" | "?", _) => Command::Help,
        ("quit" | "q" | "exit", _) => Command::Quit,
        (name, _) => return Typed::Wrong(wrong(name)),
    };
    Typed::Command(command)
}

/// The commands that a line could become, while its first word is typed.
pub(crate) fn hints(line: &str) -> Vec<&'static Known> {
    match line.strip_prefix('/') {
        Some(name) if !name.contains(|c: char| c.is_whitespace() || c == '/') => {
            ALL.iter().filter(|known| known.name.starts_with(&name.to_lowercase())).collect()
        }
        Some(line) => {
            let name = line.split_whitespace().next().unwrap_or_default();
            ALL.iter().filter(|known| known.name == name).collect()
        }
        None => Vec::new(),
    }
}

fn wrong(name: &str) -> String {
    match ALL.iter().find(|known| known.name == name) {
        Some(Known { name, with, does }) => format!("/{name} {with}: {does}"),
        None => format!("There is no command /{name}. To say it, begin with //"),
    }
}

#[cfg(test)]
mod tests;

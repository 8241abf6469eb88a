use lamplit_rpc::{
    CallError, Connection, Happening,
    api::{Event, GetHistory, MarkRead, Message, Progress, Reach, Subscribe},
};
use serde_json::json;

use super::{Desk, files::state};
use crate::{
    args::History,
    bytes::bytes,
    failure::Failure,
    output::{Output, Style, safe},
    time,
    who::{self, Named, With},
};

/// Messages that are shown if nobody says how many.
const USUAL: usize = 50;

pub(super) async fn run(desk: &Desk, History { with, limit, follow }: History) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    let with = who::find_with(&mut daemon, &with).await?;
    if follow {
        // Before the first page, so that nothing falls between.
        daemon.call(Subscribe {}).await?;
    }
    let unread = usize::try_from(with.unread()).unwrap_or(usize::MAX);
    let messages = latest(&mut daemon, &with, limit.unwrap_or_else(|| unread.max(USUAL))).await?;
    let mut page = Page { out: desk.out, with: &with, day: None };
    if messages.is_empty() && !follow && !desk.out.is_json() {
        desk.out.line(&format!("Nothing yet: lamplit say '{}' hello", safe(with.name())))?;
    }
    for message in &messages {
        page.show(message)?;
    }
    // What was not shown was not read, and only all up to some message can be.
    let shown = messages.iter().filter(|message| !message.mine).count();
    if shown >= unread {
        mark_read(&mut daemon, &with).await?;
    } else if !desk.out.is_json() {
        let (more, name) = (unread.saturating_sub(shown), safe(with.name()));
        let note = format!("{more} before these are unread: lamplit history '{name}' shows them");
        desk.out.line(&desk.out.paint(Style::Dim, &note))?;
    }
    if !follow {
        return Ok(());
    }
    let mut last = messages.last().map(|message| message.index);
    tokio::select! {
        _ = tokio::signal::ctrl_c() => Ok(()),
        ended = go_on(&mut daemon, &mut page, &mut last) => ended,
    }
}

/// The latest messages, oldest first.
async fn latest(daemon: &mut Connection, with: &With, limit: usize) -> Result<Vec<Message>, Failure> {
    let mut messages: Vec<Message> = Vec::new();
    while messages.len() < limit {
        let before = messages.last().map(|message| message.index);
        let left = limit.saturating_sub(messages.len());
        let page = daemon.call(GetHistory { conversation: with.id().to_owned(), before, limit: Some(left) }).await?;
        let more = page.more && !page.messages.is_empty();
        messages.extend(page.messages);
        if !more {
            break;
        }
    }
    messages.reverse();
    Ok(messages)
}

/// Everything after `last`, oldest first.
async fn since(daemon: &mut Connection, with: &With, last: Option<u64>) -> Result<Vec<Message>, Failure> {
    let mut messages: Vec<Message> = Vec::new();
    loop {
        let before = messages.last().map(|message| message.index);
        let page = daemon.call(GetHistory { conversation: with.id().to_owned(), before, limit: None }).await?;
        let full = page.more && !page.messages.is_empty();
        let (new, old): (Vec<_>, Vec<_>) = page.messages.into_iter().partition(|message| Some(message.index) > last);
        messages.extend(new);
        if !full || !old.is_empty() {
            messages.reverse();
            return Ok(messages);
        }
    }
}

/// Shows what comes. Own messages, from here or another device, come as events of progress first.
async fn go_on(daemon: &mut Connection, page: &mut Page<'_>, last: &mut Option<u64>) -> Result<(), Failure> {
    let with = page.with;
    loop {
        let happening = daemon.next().await?.ok_or(CallError::Gone)?;
        if let Happening::Event(Event::Progress { conversation: whose, id, progress }) = &happening
            && *whose == with.id()
        {
            page.progress(id, *progress)?;
        }
        let may_be_new = match &happening {
            Happening::Event(Event::Message { message, .. }) => message.conversation == with.id(),
            Happening::Event(Event::Progress { conversation: whose, .. }) => *whose == with.id(),
            Happening::Event(_) => false,
            Happening::Lagged(_) => true,
        };
        if !may_be_new {
            continue;
        }
        let messages = since(daemon, with, *last).await?;
        for message in &messages {
            page.show(message)?;
            *last = Some(message.index);
        }
        if messages.iter().any(|message| !message.mine) {
            mark_read(daemon, with).await?;
        }
    }
}

async fn mark_read(daemon: &mut Connection, with: &With) -> Result<(), Failure> {
    daemon.call(MarkRead { conversation: with.id().to_owned(), up_to: None }).await?;
    Ok(())
}

/// What is printed, and what the last line's day was.
struct Page<'c> {
    out: Output,
    with: &'c With,
    day: Option<jiff::civil::Date>,
}

impl Page<'_> {
    fn show(&mut self, message: &Message) -> Result<(), Failure> {
        if self.out.is_json() {
            self.out.print(message, String::new)?;
            return Ok(());
        }
        // What came is dated by this device's clock, which its owner can check.
        let time = match time::local(if message.mine { message.sent_ms } else { message.arrived_ms }) {
            Some((day, time)) => {
                if self.day.replace(day) != Some(day) {
                    self.out.line(&self.out.paint(Style::Dim, &time::day(day)))?;
                }
                time
            }
            None => "     ".to_owned(),
        };
        self.out.line(&self.line(message, &time))?;
        Ok(())
    }

    fn line(&self, message: &Message, time: &str) -> String {
        // In a group whoever wrote it, who may be in it no more.
        let name = match (&self.with, &message.from_name) {
            _ if message.mine => "you".to_owned(),
            (With::Contact(contact), _) => safe(&contact.name),
            (With::Group(_), Some(name)) => safe(name),
            (With::Group(_), None) => "somebody".to_owned(),
        };
        let name = if message.mine { name } else { self.out.paint(Style::Bold, &name) };
        // Further lines of a message begin under its first, so that none can look like somebody else's.
        let text = safe(&words(message)).replace('\n', "\n       ");
        let mark = match (message.reach, message.progress) {
            (Some(reach), _) => Some(how_far(reach)),
            (None, progress) => progress.map(|progress| word(progress).to_owned()),
        };
        let mark = mark.map(|mark| self.out.paint(Style::Dim, &format!("  {mark}")));
        format!("{}  {name}: {text}{}", self.out.paint(Style::Dim, time), mark.unwrap_or_default())
    }

    fn progress(&self, id: &str, progress: Progress) -> Result<(), Failure> {
        if self.out.is_json() {
            let value = json!({ "id": id, "conversation": self.with.id(), "progress": progress });
            self.out.print(&value, String::new)?;
        }
        Ok(())
    }
}

/// What a message says; of a file also what it is and where.
fn words(message: &Message) -> String {
    let Some(file) = &message.file else { return message.text.clone() };
    let caption = if message.text.is_empty() { String::new() } else { format!("\n{}", message.text) };
    format!("[{}, {}, {}]{caption}", file.name, bytes(file.size), state(file, message.mine))
}

/// How far a message to a group has come.
fn how_far(Reach { members, delivered, read }: Reach) -> String {
    match (members, delivered, read) {
        (_, 0, _) => word(Progress::Sent).to_owned(),
        (all, _, read) if read == all => format!("read by all {all}"),
        (all, delivered, 0) => format!("delivered to {delivered} of {all}"),
        (all, delivered, read) => format!("delivered to {delivered} of {all}, read by {read}"),
    }
}

fn word(progress: Progress) -> &'static str {
    match progress {
        Progress::Sent => "sent",
        Progress::Delivered => "delivered",
        Progress::Read => "read",
    }
}

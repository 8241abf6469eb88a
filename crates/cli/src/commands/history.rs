use lamplit_rpc::{
    CallError, Connection, Happening,
    api::{Contact, Event, GetHistory, MarkRead, Message, Progress, Subscribe},
};
use serde_json::json;

use super::{Desk, files::state};
use crate::{
    args::History,
    bytes::bytes,
    failure::Failure,
    output::{Output, Style, safe},
    time, who,
};

/// Messages that are shown if nobody says how many.
const USUAL: usize = 50;

pub(super) async fn run(desk: &Desk, History { contact, limit, follow }: History) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    let contact = who::find(&mut daemon, &contact).await?;
    if follow {
        // Before the first page, so that nothing falls between.
        daemon.call(Subscribe {}).await?;
    }
    let unread = usize::try_from(contact.unread).unwrap_or(usize::MAX);
    let messages = latest(&mut daemon, &contact, limit.unwrap_or_else(|| unread.max(USUAL))).await?;
    let mut page = Page { out: desk.out, contact: &contact, day: None };
    if messages.is_empty() && !follow && !desk.out.is_json() {
        desk.out.line(&format!("Nothing yet: lamplit say '{}' hello", safe(&contact.name)))?;
    }
    for message in &messages {
        page.show(message)?;
    }
    // What was not shown was not read, and only all up to some message can be.
    let shown = messages.iter().filter(|message| !message.mine).count();
    if shown >= unread {
        mark_read(&mut daemon, &contact).await?;
    } else if !desk.out.is_json() {
        let (more, name) = (unread.saturating_sub(shown), safe(&contact.name));
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
async fn latest(daemon: &mut Connection, contact: &Contact, limit: usize) -> Result<Vec<Message>, Failure> {
    let mut messages: Vec<Message> = Vec::new();
    while messages.len() < limit {
        let before = messages.last().map(|message| message.index);
        let left = limit.saturating_sub(messages.len());
        let page = daemon.call(GetHistory { conversation: contact.id.clone(), before, limit: Some(left) }).await?;
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
async fn since(daemon: &mut Connection, contact: &Contact, last: Option<u64>) -> Result<Vec<Message>, Failure> {
    let mut messages: Vec<Message> = Vec::new();
    loop {
        let before = messages.last().map(|message| message.index);
        let page = daemon.call(GetHistory { conversation: contact.id.clone(), before, limit: None }).await?;
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
    let contact = page.contact;
    loop {
        let happening = daemon.next().await?.ok_or(CallError::Gone)?;
        if let Happening::Event(Event::Progress { conversation: whose, id, progress }) = &happening
            && *whose == contact.id
        {
            page.progress(id, *progress)?;
        }
        let may_be_new = match &happening {
            Happening::Event(Event::Message { message }) => message.conversation == contact.id,
            Happening::Event(Event::Progress { conversation: whose, .. }) => *whose == contact.id,
            Happening::Event(_) => false,
            Happening::Lagged(_) => true,
        };
        if !may_be_new {
            continue;
        }
        let messages = since(daemon, contact, *last).await?;
        for message in &messages {
            page.show(message)?;
            *last = Some(message.index);
        }
        if messages.iter().any(|message| !message.mine) {
            mark_read(daemon, contact).await?;
        }
    }
}

async fn mark_read(daemon: &mut Connection, contact: &Contact) -> Result<(), Failure> {
    daemon.call(MarkRead { conversation: contact.id.clone(), up_to: None }).await?;
    Ok(())
}

/// What is printed, and what the last line's day was.
struct Page<'c> {
    out: Output,
    contact: &'c Contact,
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
        let name = if message.mine { "you".to_owned() } else { safe(&self.contact.name) };
        let name = if message.mine { name } else { self.out.paint(Style::Bold, &name) };
        // Further lines of a message begin under its first, so that none can look like somebody else's.
        let text = safe(&words(message)).replace('\n', "\n       ");
        let mark = message.progress.map(|progress| self.out.paint(Style::Dim, &format!("  {}", word(progress))));
        format!("{}  {name}: {text}{}", self.out.paint(Style::Dim, time), mark.unwrap_or_default())
    }

    fn progress(&self, id: &str, progress: Progress) -> Result<(), Failure> {
        if self.out.is_json() {
            let value = json!({ "id": id, "conversation": self.contact.id, "progress": progress });
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

fn word(progress: Progress) -> &'static str {
    match progress {
        Progress::Sent => "sent",
        Progress::Delivered => "delivered",
        Progress::Read => "read",
    }
}

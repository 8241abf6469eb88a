//! What keys do.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::{
    calls::{Call, Effect},
    command, help,
    panes::Focus,
    state::{Overlay, State},
};

/// How invites begin.
const INVITE: &str = "lamplit:";
/// People that a page goes by.
const PAGE: isize = 10;

impl State {
    pub(crate) fn press(&mut self, key: KeyEvent) {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if !(control && key.code == KeyCode::Char('c')) {
            self.warned = false;
        }
        // Esc and the next key, typed fast, come as one with Alt. Where Alt means nothing they are the two again; where one types it means
        // what it does in a shell.
        if key.modifiers.contains(KeyModifiers::ALT) && (self.overlay.is_some() || self.focus != Focus::Chat) {
            self.press(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE));
            return self.press(KeyEvent { modifiers: key.modifiers.difference(KeyModifiers::ALT), ..key });
        }
        match key.code {
            KeyCode::Char('c' | 'q') if control => self.leave(),
            KeyCode::Char('l') if control => self.effect(Effect::Redraw),
            _ if self.overlay.is_some() => self.press_in_overlay(key),
            KeyCode::F(1) => self.help(),
            KeyCode::Char('n') if control => {
                self.people.step_to_unread();
                self.focus = Focus::Chat;
            }
            KeyCode::BackTab => self.focus = self.focus.previous(),
            KeyCode::Tab if self.focus == Focus::Chat && self.complete() => {}
            KeyCode::Tab => self.focus = self.focus.next(),
            _ => match self.focus {
                Focus::People => self.press_in_people(key, control),
                Focus::Chat => self.press_in_chat(key),
                Focus::Nearby => self.press_in_nearby(key, control),
            },
        }
    }

    /// Pastes, as if it were typed; an invite where nothing is being said is one to accept.
    pub(crate) fn paste(&mut self, text: &str) {
        self.warned = false;
        let is_invite = text.trim_start().get(..INVITE.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(INVITE));
        let nobody = self.people.chosen().is_none() && self.composer.is_empty();
        if self.overlay.is_some() {
            return;
        }
        if is_invite && (self.focus != Focus::Chat || nobody) {
            let link: String = text.split_whitespace().collect();
            self.type_command(&format!("accept {link}"));
        } else if self.focus == Focus::People {
            self.people.type_filter(text);
        } else {
            self.focus = Focus::Chat;
            self.type_in(text);
        }
    }

    fn press_in_people(&mut self, key: KeyEvent, control: bool) {
        match key.code {
            KeyCode::Up => self.people.step(-1),
            KeyCode::Down => self.people.step(1),
            KeyCode::PageUp => self.people.step(-PAGE),
            KeyCode::PageDown => self.people.step(PAGE),
            KeyCode::Home => self.people.step(isize::MIN),
            KeyCode::End => self.people.step(isize::MAX),
            KeyCode::Enter | KeyCode::Right => self.focus = Focus::Chat,
            KeyCode::Esc => self.people.clear_filter(),
            KeyCode::Backspace => self.people.shorten_filter(),
            KeyCode::Char('?') => self.help(),
            KeyCode::Char('/') => self.type_command(""),
            KeyCode::Char(typed) if !control => self.people.type_filter(typed.encode_utf8(&mut [0; 4])),
            _ => {}
        }
    }

    fn press_in_nearby(&mut self, key: KeyEvent, control: bool) {
        match key.code {
            KeyCode::Up => self.nearby_top = self.nearby_top.saturating_sub(1),
            KeyCode::Down => self.nearby_top = self.nearby_top.saturating_add(1),
            KeyCode::Home => self.nearby_top = 0,
            KeyCode::Esc => self.focus = Focus::People,
            KeyCode::Char('?') => self.help(),
            KeyCode::Char('/') if !control => self.type_command(""),
            _ => {}
        }
    }

    fn press_in_chat(&mut self, key: KeyEvent) {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let shift = key.modifiers.contains(KeyModifiers::SHIFT);
        let (width, empty) = (self.typing_width(), self.composer.is_empty());
        match key.code {
            KeyCode::Enter if alt || shift => self.type_in("\n"),
            KeyCode::Char('j') if control => self.type_in("\n"),
            KeyCode::Enter => self.enter(),
            KeyCode::Esc => self.focus = Focus::People,
            KeyCode::PageUp => self.scroll(|talk| talk.page(-1)),
            KeyCode::PageDown => self.scroll(|talk| talk.page(1)),
            KeyCode::Up if !self.composer.up(width) => self.scroll(|talk| talk.scroll(-1)),
            KeyCode::Down if !self.composer.down(width) => self.scroll(|talk| talk.scroll(1)),
            KeyCode::Up | KeyCode::Down => {}
            KeyCode::Home if control || empty => self.scroll(crate::talk::Talk::go_to_start),
            KeyCode::End if control || empty => self.scroll(crate::talk::Talk::go_to_end),
            KeyCode::Char('d') if control && empty => self.leave(),
            _ => self.edit(key.code, control, alt),
        }
    }

    fn edit(&mut self, code: KeyCode, control: bool, alt: bool) {
        let by_word = control || alt;
        let composer = &mut self.composer;
        match code {
            KeyCode::Left if by_word => composer.word_left(),
            KeyCode::Right if by_word => composer.word_right(),
            KeyCode::Left => composer.left(),
            KeyCode::Right => composer.right(),
            KeyCode::Home => composer.home(),
            KeyCode::End => composer.end(),
            KeyCode::Backspace if by_word => composer.delete_word(),
            KeyCode::Backspace => composer.backspace(),
            KeyCode::Delete => composer.delete(),
            KeyCode::Char('a') if control => composer.home(),
            KeyCode::Char('e') if control => composer.end(),
            KeyCode::Char('b') if alt => composer.word_left(),
            KeyCode::Char('f') if alt => composer.word_right(),
            KeyCode::Char('w') if control => composer.delete_word(),
            KeyCode::Char('h') if control => composer.backspace(),
            KeyCode::Char('d') if control => composer.delete(),
            KeyCode::Char('u') if control => composer.delete_to_start(),
            KeyCode::Char('k') if control => composer.delete_to_end(),
            KeyCode::Char(typed) if !by_word => self.type_in(typed.encode_utf8(&mut [0; 4])),
            _ => {}
        }
    }

    fn press_in_overlay(&mut self, key: KeyEvent) {
        match (&mut self.overlay, key.code) {
            (
                Some(Overlay::Help { top }),
                KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown | KeyCode::Home | KeyCode::End,
            ) => {
                let page = help::page(self.area);
                let by = match key.code {
                    KeyCode::Up => -1,
                    KeyCode::Down => 1,
                    KeyCode::PageUp => page.saturating_neg(),
                    KeyCode::PageDown => page,
                    KeyCode::Home => isize::MIN,
                    _ => isize::MAX,
                };
                *top = help::scrolled(*top, by, self.area);
            }
            (Some(Overlay::Invite(Some(invited))), KeyCode::Char('c')) => {
                let link = invited.link.clone();
                self.effect(Effect::Copy(link));
                self.tell("The link was handed to this terminal's clipboard, if it takes it.");
            }
            (Some(Overlay::Forget { contact, .. }), KeyCode::Char('y' | 'Y')) => {
                let contact = contact.clone();
                self.overlay = None;
                self.call(Call::Forget { contact });
            }
            (Some(Overlay::Forget { .. }), _) => {
                self.overlay = None;
                self.tell("Nobody was forgotten.");
            }
            (Some(Overlay::Leave { group, .. }), KeyCode::Char('y' | 'Y')) => {
                let group = group.clone();
                self.overlay = None;
                self.call(Call::LeaveGroup { group });
            }
            (Some(Overlay::Leave { .. }), _) => {
                self.overlay = None;
                self.tell("You are in it still.");
            }
            (_, KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q' | '?') | KeyCode::F(1)) => self.overlay = None,
            _ => {}
        }
    }

    pub(crate) fn help(&mut self) {
        self.overlay = Some(Overlay::Help { top: 0 });
    }

    fn scroll(&mut self, how: impl FnOnce(&mut crate::talk::Talk)) {
        if let Some(talk) = &mut self.talk {
            how(talk);
        }
    }

    fn type_in(&mut self, text: &str) {
        if let Err(full) = self.composer.insert(text) {
            self.complain(full.to_string());
        }
    }

    /// Begins a command, if nothing else is being typed.
    fn type_command(&mut self, command: &str) {
        self.focus = Focus::Chat;
        if self.composer.is_empty() {
            self.composer.set(&format!("/{command}"));
        } else {
            self.complain("Something is typed already: send it, or delete it with Ctrl-U, then begin with /");
        }
    }

    /// Completes a command's name. False if there is none to complete.
    fn complete(&mut self) -> bool {
        let text = self.composer.text();
        let hints = command::hints(&text);
        let [first, ..] = hints.as_slice() else { return false };
        if text.contains(char::is_whitespace) {
            return false;
        }
        let all = |until: &str| hints.iter().all(|known| known.name.starts_with(until));
        let shared = (1..=first.name.len()).rev().filter_map(|end| first.name.get(..end)).find(|until| all(until));
        let completed = match (hints.len(), shared) {
            (1, _) => format!("/{} ", first.name),
            (_, Some(shared)) if shared.len() >= text.len() => format!("/{shared}"),
            _ => format!("/{} ", first.name),
        };
        self.composer.set(&completed);
        true
    }

    fn leave(&mut self) {
        let typed = !self.composer.is_empty() || !self.drafts.is_empty();
        if typed && !self.warned {
            self.warned = true;
            self.complain("Something is typed and not sent. Ctrl-C again leaves and forgets it.");
        } else {
            self.effect(Effect::Leave);
        }
    }
}

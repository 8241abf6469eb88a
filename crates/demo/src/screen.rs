//! The story on a terminal: a pane for each device, what happens below them.

use std::collections::VecDeque;

use anyhow::Result;
use lamplit_rpc::api::Message;
use lamplit_tui::{
    keys,
    words::{apps, ticks},
};
use ratatui::{
    DefaultTerminal, Frame,
    crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers},
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::{Block, BorderType, Paragraph, Wrap},
};
use tokio::sync::mpsc;

use crate::{
    stage::{Shown, Stage, Who},
    view::{View, words},
};

/// Lines of the story that are kept; only the last few fit.
const TOLD: usize = 4;
/// Characters somebody may type; a message's own limit is far beyond.
const TYPED: usize = 500;
const HELP: &str = " Tab other device · Enter send · /on APP, /off APP · q or Ctrl-C quit";

const QUIET: Style = Style::new().fg(Color::DarkGray);
const LIT: Style = Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD);
const GOOD: Style = Style::new().fg(Color::Green);
const BAD: Style = Style::new().fg(Color::Red);

/// Everything on the screen.
#[derive(Default)]
struct Screen {
    panes: [Pane; 2],
    right_has_focus: bool,
    told: VecDeque<String>,
    trouble: Option<String>,
}

#[derive(Default)]
struct Pane {
    view: View,
    typed: String,
}

enum Wish {
    Nothing,
    Quit,
    Send(Who, String),
}

/// Shows what there is to show until somebody wants to leave.
pub(crate) async fn run(happenings: mpsc::Receiver<Shown>, stage: &Stage, once: bool) -> Result<()> {
    let mut terminal = ratatui::try_init()?;
    let ended = play(&mut terminal, happenings, stage, once).await;
    ratatui::try_restore()?;
    ended
}

async fn play(
    terminal: &mut DefaultTerminal,
    mut happenings: mpsc::Receiver<Shown>,
    stage: &Stage,
    once: bool,
) -> Result<()> {
    let mut keys = keys();
    let mut screen = Screen::default();
    loop {
        terminal.draw(|frame| screen.draw(frame))?;
        let wish = tokio::select! {
            shown = happenings.recv() => match shown {
                None => return Ok(()),
                Some(Shown::Failed(error)) => return Err(error),
                Some(Shown::End) if once => return Ok(()),
                Some(shown) => { screen.take(shown); Wish::Nothing }
            },
            key = keys.recv() => match key {
                None => return Ok(()),
                Some(Event::Key(key)) if key.kind == KeyEventKind::Press => screen.press(key),
                Some(_) => Wish::Nothing,
            },
        };
        match wish {
            Wish::Nothing => {}
            Wish::Quit => return Ok(()),
            Wish::Send(who, text) => match stage.typed(who, &text).await {
                Ok(view) => screen.take(Shown::View(who, Box::new(view), None)),
                Err(error) => screen.trouble = Some(format!("{error:#}")),
            },
        }
    }
}

impl Screen {
    fn take(&mut self, shown: Shown) {
        match shown {
            Shown::Told(text) => self.tell(text),
            Shown::View(who, view, _) => self.pane(who).view = *view,
            Shown::End => self.tell("That was the story. The rest is yours: type something.".to_owned()),
            Shown::Failed(error) => self.trouble = Some(format!("{error:#}")),
        }
    }

    fn tell(&mut self, text: String) {
        self.told.push_back(text);
        while self.told.len() > TOLD {
            self.told.pop_front();
        }
    }

    fn press(&mut self, key: KeyEvent) -> Wish {
        self.trouble = None;
        let who = if self.right_has_focus { Who::Right } else { Who::Left };
        let pane = self.pane(who);
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if control => return Wish::Quit,
            KeyCode::Char('q') if pane.typed.is_empty() => return Wish::Quit,
            KeyCode::Tab | KeyCode::BackTab => self.right_has_focus = !self.right_has_focus,
            KeyCode::Backspace => {
                pane.typed.pop();
            }
            KeyCode::Enter if !pane.typed.trim().is_empty() => {
                return Wish::Send(who, core::mem::take(&mut pane.typed));
            }
            KeyCode::Char(typed) if !control && pane.typed.chars().count() < TYPED => pane.typed.push(typed),
            _ => {}
        }
        Wish::Nothing
    }

    fn pane(&mut self, who: Who) -> &mut Pane {
        let [left, right] = &mut self.panes;
        match who {
            Who::Left => left,
            Who::Right => right,
        }
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        let rows = [Constraint::Min(8), Constraint::Length(6), Constraint::Length(1)];
        let [devices, told, help] = Layout::vertical(rows).areas(frame.area());
        let [left, right] = Layout::horizontal([Constraint::Fill(1); 2]).areas(devices);
        let [left_pane, right_pane] = &self.panes;
        left_pane.draw(frame, left, Who::Left, !self.right_has_focus);
        right_pane.draw(frame, right, Who::Right, self.right_has_focus);

        let latest = self.told.len().saturating_sub(1);
        let style = |index| if index == latest { Style::new() } else { QUIET };
        let lines = self.told.iter().enumerate().map(|(index, text)| Line::styled(format!(" {text}"), style(index)));
        let block = Block::bordered().border_type(BorderType::Rounded).border_style(QUIET).title(" What happens ");
        frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()).block(block), told);
        let line = match &self.trouble {
            Some(trouble) => Line::styled(format!(" {trouble}"), BAD),
            None => Line::styled(HELP, QUIET),
        };
        frame.render_widget(line, help);
    }
}

impl Pane {
    fn draw(&self, frame: &mut Frame<'_>, area: Rect, who: Who, has_focus: bool) {
        let border = if has_focus { Style::new().fg(Color::Cyan) } else { QUIET };
        let title = Span::styled(format!(" {} ", who.name()), Style::new().add_modifier(Modifier::BOLD));
        let block = Block::bordered().border_type(BorderType::Rounded).border_style(border).title(title);
        let inner = block.inner(area);
        frame.render_widget(block, area);
        let rows = [Constraint::Length(4), Constraint::Min(1), Constraint::Length(2)];
        let [head, talk, input] = Layout::vertical(rows).areas(inner);
        frame.render_widget(Paragraph::new(self.head(who)), head);
        self.draw_talk(frame, talk, who);
        self.draw_input(frame, input, has_focus);
    }

    fn head(&self, who: Who) -> Vec<Line<'static>> {
        let near = self.view.contact.as_ref().is_some_and(|contact| contact.near);
        let lit = self.view.contact.as_ref().map(|contact| apps(&contact.lit)).filter(|lit| !lit.is_empty());
        let own = self.view.status.as_ref().map(|status| apps(&status.lit)).filter(|own| !own.is_empty());
        let other = who.other().name();
        let lamp = if lit.is_some() { Span::styled("● ", LIT) } else { Span::styled("○ ", QUIET) };
        let on = match lit {
            Some(lit) => vec![lamp, Span::raw(format!("{other} is on ")), Span::styled(lit, LIT)],
            None => vec![lamp, Span::styled(format!("{other} is on nothing"), QUIET)],
        };
        let reach = Span::styled(self.view.reach(), if near { GOOD } else { QUIET });
        let own = own.map_or_else(|| "shows nothing".to_owned(), |own| format!("shows {own}"));
        vec![Line::from(on), Line::from(reach), Line::styled(own, QUIET), Line::default()]
    }

    fn draw_talk(&self, frame: &mut Frame<'_>, area: Rect, who: Who) {
        let lines: Vec<Line<'_>> = self
            .view
            .messages
            .iter()
            .map(|message| {
                if message.mine {
                    let ticks = message.progress.map_or("", ticks);
                    Line::from(vec![Span::raw(words(message)), Span::styled(format!(" {ticks}"), GOOD)]).right_aligned()
                } else {
                    let name = Span::styled(format!("{}: ", who.other().name()), Style::new().fg(Color::Cyan));
                    Line::from(vec![name, Span::raw(words(message))])
                }
            })
            .collect();
        let talk = Paragraph::new(lines).wrap(Wrap { trim: false });
        // The end of the conversation is what matters.
        let width = usize::from(area.width).max(1);
        let height: usize = self.view.messages.iter().map(|message| rows(who, message, width)).sum();
        let above = height.saturating_sub(usize::from(area.height));
        frame.render_widget(talk.scroll((u16::try_from(above).unwrap_or(u16::MAX), 0)), area);
    }

    fn draw_input(&self, frame: &mut Frame<'_>, area: Rect, has_focus: bool) {
        let [rule, line] = Layout::vertical([Constraint::Length(1); 2]).areas(area);
        frame.render_widget(Line::styled("─".repeat(usize::from(rule.width)), QUIET), rule);
        let typed = Line::from(vec![Span::styled("> ", QUIET), Span::raw(self.typed.as_str())]);
        let width = typed.width();
        let above = width.saturating_add(1).saturating_sub(usize::from(line.width));
        let skipped = u16::try_from(above).unwrap_or(u16::MAX);
        frame.render_widget(Paragraph::new(typed).scroll((0, skipped)), line);
        if has_focus {
            let column = u16::try_from(width.saturating_sub(above)).unwrap_or(0);
            frame.set_cursor_position((line.x.saturating_add(column), line.y));
        }
    }
}

/// Rows a message takes when it is wrapped between words, with what stands around it.
fn rows(who: Who, message: &Message, width: usize) -> usize {
    let (before, after) = if message.mine { ("", " ✓✓") } else { (who.other().name(), "") };
    let text = format!("{before}: {}{after}", message.text);
    let (mut rows, mut used) = (1_usize, 0_usize);
    for word in text.split(' ') {
        let word = Line::raw(word).width();
        let with_word = if used == 0 { word } else { used.saturating_add(1).saturating_add(word) };
        if with_word <= width {
            used = with_word;
            continue;
        }
        // On a row of its own, or on several if it is longer than one.
        let more = word.div_ceil(width).max(1);
        rows = rows.saturating_add(if used == 0 { more.saturating_sub(1) } else { more });
        used = word.saturating_sub(more.saturating_sub(1).saturating_mul(width));
    }
    rows
}

#[cfg(test)]
mod tests;

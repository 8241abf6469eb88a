//! What stands around the model: the terminal, the clock, the daemon.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use crossterm::{
    event::{self, DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange, KeyEventKind},
    execute,
    style::Print,
    terminal::{self, EnterAlternateScreen, SetTitle},
};
use data_encoding::BASE64;
use jiff::tz::TimeZone;
use ratatui::{
    DefaultTerminal, TerminalOptions, Viewport,
    layout::{Position, Rect, Size},
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};

use crate::{
    calls::{Answer, Call, Effect, Input},
    daemon,
    draw::draw,
    limits,
    state::State,
    time::now_ms,
};

/// What a view needs to know.
#[derive(Clone, Debug)]
pub struct View {
    /// The daemon's socket.
    pub socket: PathBuf,
    /// Whether the terminal's owner wants colours.
    pub colours: bool,
}

impl View {
    /// Shows the view until somebody leaves it or `until` comes to pass. Must be called inside a tokio runtime; a thread that waits for a key
    /// may outlive it.
    ///
    /// # Errors
    /// If the terminal fails.
    pub async fn run(self, until: impl Future<Output = ()>) -> io::Result<()> {
        let mut signals = Signals::listen()?;
        // What is drawn on has the size that the model knows, and changes when the model hears of another. A viewport that follows the
        // terminal by itself may be larger or smaller than what is drawn for it.
        let viewport = Viewport::Fixed(Rect::from((Position::ORIGIN, size()?)));
        let mut terminal = ratatui::try_init_with_options(TerminalOptions { viewport })?;
        let entered = execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange);
        let ended = match entered {
            Ok(()) => tokio::select! {
                ended = self.show(&mut terminal, &mut signals) => ended,
                () = until => Ok(()),
            },
            Err(error) => Err(error),
        };
        let left = execute!(io::stdout(), DisableBracketedPaste, DisableFocusChange, SetTitle(""));
        ratatui::try_restore()?;
        ended.and(left)
    }

    async fn show(self, terminal: &mut DefaultTerminal, signals: &mut Signals) -> io::Result<()> {
        let Size { width, height } = terminal.get_frame().area().as_size();
        let mut state = State::new(width, height, now_ms(), TimeZone::system(), self.colours);
        let (inputs_in, mut inputs) = mpsc::channel(limits::INPUTS);
        let (calls_in, calls) = mpsc::channel(limits::CALLS);
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(daemon::watch(self.socket.clone(), inputs_in.clone()));
        tasks.spawn(daemon::answer(self.socket, calls, inputs_in));
        let mut keys = keys();
        let mut ticks = interval(limits::TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut taken = Vec::new();
        loop {
            tokio::select! {
                () = signals.any() => return Ok(()),
                key = keys.recv() => match key {
                    Some(key) => taken.extend(typed(key)),
                    None => return Err(io::Error::other("the terminal is gone")),
                },
                came = inputs.recv_many(&mut taken, limits::INPUTS) => if came == 0 { return Ok(()) },
                _ = ticks.tick() => taken.push(Input::Tick(now_ms())),
            }
            while let Ok(key) = keys.try_recv() {
                taken.extend(typed(key));
            }
            // Asked for rather than heard of: of several sizes in a row only the last counts, and none is missed.
            let Size { width, height } = size()?;
            if (width, height) != (state.area.width, state.area.height) {
                taken.push(Input::Resized(width, height));
            }
            let mut effects: Vec<Effect> = taken.drain(..).flat_map(|input| state.update(input)).collect();
            show_state(terminal, &state)?;
            while !effects.is_empty() {
                let mut refused = Vec::new();
                for effect in effects {
                    match effect {
                        Effect::Leave => return Ok(()),
                        // Not `clear`: it asks the terminal where its cursor is, and the answer would come to the thread that reads keys.
                        Effect::Redraw => terminal.resize(state.area)?,
                        Effect::Title(title) => execute!(io::stdout(), SetTitle(title))?,
                        Effect::Copy(text) => copy(&text)?,
                        Effect::Call(call) => refused.extend(hand_over(&calls_in, call)),
                    }
                }
                effects = refused.into_iter().flat_map(|answer| state.update(Input::Answered(answer))).collect();
                show_state(terminal, &state)?;
            }
        }
    }
}

/// Draws everything, on as much of the terminal as the model knows of.
fn show_state(terminal: &mut DefaultTerminal, state: &State) -> io::Result<()> {
    if terminal.get_frame().area() != state.area {
        terminal.resize(state.area)?;
    }
    terminal.draw(|frame| draw(state, frame))?;
    Ok(())
}

/// The terminal's size. A terminal that says it has none gets the least there is.
fn size() -> io::Result<Size> {
    let (columns, rows) = terminal::size()?;
    Ok(Size::new(columns.max(1), rows.max(1)))
}

/// Hands a call over. Refused at once if too many wait.
fn hand_over(calls: &mpsc::Sender<Call>, call: Call) -> Option<Answer> {
    match calls.try_send(call) {
        Ok(()) => None,
        Err(mpsc::error::TrySendError::Full(call) | mpsc::error::TrySendError::Closed(call)) => {
            Some(Answer::Refused(call, "the daemon is busy: try again in a moment".to_owned()))
        }
    }
}

/// What is typed, from a thread of its own, because reading a terminal blocks.
pub fn keys() -> mpsc::Receiver<event::Event> {
    let (typed, keys) = mpsc::channel(limits::INPUTS);
    std::thread::spawn(move || while event::read().is_ok_and(|key| typed.blocking_send(key).is_ok()) {});
    keys
}

fn typed(event: event::Event) -> Option<Input> {
    match event {
        event::Event::Key(key) if key.kind != KeyEventKind::Release => Some(Input::Key(key)),
        event::Event::Paste(text) => Some(Input::Paste(text)),
        event::Event::FocusGained => Some(Input::Watched(true)),
        event::Event::FocusLost => Some(Input::Watched(false)),
        // Of another size is asked before each drawing.
        event::Event::Key(_) | event::Event::Mouse(_) | event::Event::Resize(..) => None,
    }
}

/// Hands a text to the terminal's clipboard (xterm, OSC 52).
fn copy(text: &str) -> io::Result<()> {
    execute!(io::stdout(), Print(format!("\u{1b}]52;c;{}\u{7}", BASE64.encode(text.as_bytes()))))?;
    io::stdout().flush()
}

/// What asks a program to end: the terminal is then left as it was found.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

//! The account's telephone number (P1, P2): a code is asked for, and shown; the server says whose the number is then.
//!
//! What contacts see is a record of the profile. This device writes it only of a number that it asked a code for itself, whatever the
//! server says; and takes it back when the server says that the number is the account's no more.

use lamplit_types::{PhoneNumber, SmsCode, Wall};
use lamplit_wire::{
    Entry, Kind, Value,
    server::{CodeAnswer, CodeOutcome, CodeVerdict, Numbers, ShowCode, Up, Verdict},
};
use serde::{Deserialize, Serialize};

use crate::{
    Node,
    card::profile_field,
    db::Typed,
    io::{Answer, CommandError, Event},
    replica::{Change, set_of},
    rows::key,
    step::{Step, Stepped},
    table::Table,
};

/// How the account stands with its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NumberState {
    /// What the server said last that the account has.
    pub numbers: Numbers,
    /// For which number a code was asked last and not shown.
    pub asked: Option<PhoneNumber>,
    /// What became of what was asked for last.
    pub stage: Option<Stage>,
}

/// What became of what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The server has not answered yet.
    Waiting,
    /// The number is being given up.
    Freeing,
    /// A code is on its way to the number.
    Sent,
    /// None may be sent before that.
    Wait(Wall),
    /// No text can be sent to that number.
    Unreachable,
    /// The text could not be sent.
    Failed,
    /// The server sends no codes.
    Off,
    /// It is done: the code was right, or the number is given up.
    Right,
    /// The code was wrong, and so many more may be tried.
    Wrong(u8),
    /// No code is open.
    Gone,
    /// The connection ended before the server answered.
    Lost,
}

/// What this device remembers of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// The number a code was asked for, until it is the account's.
    pub(crate) number: Option<PhoneNumber>,
}

impl Node {
    /// How the account stands with its number.
    pub fn number(&self) -> NumberState {
        let state = self.server.number;
        // Once the number is to be the account's nobody waits for its code, unless another one was asked for meanwhile.
        let is_done = state.asked == coming(&state.numbers)
            && matches!(state.stage, None | Some(Stage::Right | Stage::Freeing | Stage::Lost));
        NumberState { asked: state.asked.filter(|_| !is_done), ..state }
    }

    /// A code is to be sent to a number.
    pub(crate) fn ask_code(
        &mut self,
        step: &mut Step<'_>,
        number: PhoneNumber,
    ) -> Stepped<Result<Answer, CommandError>> {
        if let Err(error) = self.can_ask() {
            return Ok(Err(error));
        }
        step.db.put(Table::Device, key::NUMBER, &Asked { number: Some(number) })?;
        self.server.number.asked = Some(number);
        self.up(step, &Up::WantCode(number));
        self.number_comes_to(step, Stage::Waiting);
        Ok(Ok(Answer::Done))
    }

    /// The code that came.
    pub(crate) fn show_code(&mut self, step: &mut Step<'_>, code: SmsCode) -> Stepped<Result<Answer, CommandError>> {
        if let Err(error) = self.can_ask() {
            return Ok(Err(error));
        }
        let Some(number) = self.number().asked else { return Ok(Err(CommandError::NoCodeAsked)) };
        self.up(step, &Up::ShowCode(ShowCode { number, code }));
        self.number_comes_to(step, Stage::Waiting);
        Ok(Ok(Answer::Done))
    }

    /// The account wants no number any more.
    pub(crate) fn free_number(&mut self, step: &mut Step<'_>) -> Stepped<Result<Answer, CommandError>> {
        if let Err(error) = self.can_ask() {
            return Ok(Err(error));
        }
        self.up(step, &Up::FreeNumber);
        self.number_comes_to(step, Stage::Freeing);
        Ok(Ok(Answer::Done))
    }

    /// What is asked for is answered while it is waited for: without the server there is nobody to ask.
    fn can_ask(&self) -> Result<(), CommandError> {
        match &self.server.line {
            _ if self.server.place.is_none() => Err(CommandError::NoServer),
            Some(line) if line.open.is_some() => Ok(()),
            _ => Err(CommandError::ServerAway),
        }
    }

    fn number_comes_to(&mut self, step: &mut Step<'_>, stage: Stage) {
        self.server.number.stage = Some(stage);
        step.tell(Event::Number);
    }

    /// What became of the wish for a code.
    pub(super) fn code_answered(&mut self, step: &mut Step<'_>, CodeAnswer { number, outcome }: CodeAnswer) {
        if self.server.number.asked != Some(number) {
            return;
        }
        let stage = match outcome {
            CodeOutcome::Sent => Stage::Sent,
            CodeOutcome::Wait(seconds) => Stage::Wait(step.now.wall.plus(u64::from(seconds).saturating_mul(1_000))),
            CodeOutcome::Unreachable => Stage::Unreachable,
            CodeOutcome::Failed => Stage::Failed,
            CodeOutcome::Off => Stage::Off,
        };
        self.number_comes_to(step, stage);
    }

    /// What became of the code. What the account has by it follows.
    pub(super) fn code_judged(&mut self, step: &mut Step<'_>, CodeVerdict { number, verdict }: CodeVerdict) {
        if self.server.number.asked != Some(number) {
            return;
        }
        match verdict {
            Verdict::Right => self.number_comes_to(step, Stage::Right),
            Verdict::Wrong(left) => self.number_comes_to(step, Stage::Wrong(left)),
            Verdict::Gone => self.number_comes_to(step, Stage::Gone),
        }
    }

    /// What the account has of numbers, as the server says.
    pub(super) fn numbers_told(&mut self, step: &mut Step<'_>, numbers: Numbers) -> Stepped {
        let before = self.server.number;
        let state = &mut self.server.number;
        state.numbers = numbers;
        if state.stage == Some(Stage::Freeing) {
            state.stage = Some(Stage::Right);
        }
        let held = numbers.held.map(|held| held.number);
        let shared = self.shared_number(step)?;
        if held.is_none() && shared.is_some() {
            self.share_number(step, None)?;
        } else if held.is_some() && held == before.asked && held != shared {
            self.share_number(step, held)?;
        }
        // Until a number that will be the account's is, this device remembers that it asked: then it is shown to contacts.
        let is_lost = before.asked == coming(&before.numbers) && before.asked != coming(&numbers);
        if before.asked.is_some() && (held == before.asked || is_lost) {
            step.db.remove(Table::Device, key::NUMBER);
            self.server.number.asked = None;
        }
        if self.server.number != before {
            step.tell(Event::Number);
        }
        Ok(())
    }

    /// The connection ended: what was asked for is not answered any more.
    pub(super) fn number_unanswered(&mut self, step: &mut Step<'_>) {
        if matches!(self.server.number.stage, Some(Stage::Waiting | Stage::Freeing)) {
            self.number_comes_to(step, Stage::Lost);
        }
    }

    /// The number that contacts see.
    fn shared_number(&self, step: &Step<'_>) -> Stepped<Option<PhoneNumber>> {
        let me = self.device.account;
        let set = set_of(me, self.device.friends);
        let value = self.value_of(step, &set, Kind::Profile, me, profile_field::NUMBER)?;
        Ok(value.as_deref().and_then(read_number))
    }

    fn share_number(&mut self, step: &mut Step<'_>, number: Option<PhoneNumber>) -> Stepped {
        let me = self.device.account;
        let value = number.map(|number| number.to_string().into_bytes()).unwrap_or_default();
        let change = Change::set(Kind::Profile, *me.as_bytes(), profile_field::NUMBER, value);
        self.write(step, set_of(me, self.device.friends), change)
    }
}

/// The number that will be the account's.
fn coming(numbers: &Numbers) -> Option<PhoneNumber> {
    numbers.coming.map(|coming| coming.number)
}

/// The number for which a code was asked last.
pub(super) fn asked(read: &impl crate::table::Read) -> Result<Option<PhoneNumber>, crate::table::ReadError> {
    let row: Option<Asked> = read.row(Table::Device, key::NUMBER)?;
    Ok(row.and_then(|row| row.number))
}

/// The number in a field of a profile; `None` if it says that there is none.
pub(crate) fn number_in(entry: &Entry) -> Option<Option<PhoneNumber>> {
    match (entry.field, &entry.value) {
        (profile_field::NUMBER, Value::Set(value)) => Some(read_number(value)),
        _ => None,
    }
}

pub(crate) fn read_number(value: &[u8]) -> Option<PhoneNumber> {
    core::str::from_utf8(value).ok().and_then(|text| PhoneNumber::parse(text).ok())
}

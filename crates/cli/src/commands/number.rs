//! The account's telephone number: a code is sent to it, and shown.

use std::time::Duration;

use anyhow::anyhow;
use lamplit_rpc::{
    CallError, Connection, Happening,
    api::{self, Event, FreeNumber, GetStatus, NumberStep, RequestCode, ShowCode, Subscribe},
};
use lamplit_types::{PhoneNumber, SmsCode};

use super::Desk;
use crate::{
    args::{Number, NumberCommand, Register, Verify},
    failure::Failure,
    output::safe,
    time, waiting,
};

/// How long it is waited until a number is given up.
const FREEING: Duration = Duration::from_secs(15);

pub(super) async fn run(desk: &Desk, Number { command }: Number) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    if let Some(NumberCommand::Free) = command {
        return free(desk, daemon).await;
    }
    let status = daemon.call(GetStatus {}).await?;
    let number = &status.number;
    desk.out.print(number, || describe(number, status.server.as_ref()))?;
    Ok(())
}

pub(super) async fn register(desk: &Desk, Register { number, timeout }: Register) -> Result<(), Failure> {
    let number = PhoneNumber::parse(&number).map_err(anyhow::Error::new)?;
    let mut daemon = desk.connect().await?;
    daemon.call(Subscribe {}).await?;
    daemon.call(RequestCode { number: number.to_string() }).await?;
    let waits = "Waiting until the code is sent";
    let state = answered(desk, &mut daemon, waits, timeout).await?;
    match state.step {
        Some(NumberStep::Sent) => desk
            .out
            .print(&state, || format!("A code is on its way to {number}. When it is there: lamplit verify CODE"))?,
        step => return Err(refused(step)),
    }
    Ok(())
}

pub(super) async fn verify(desk: &Desk, Verify { code, timeout }: Verify) -> Result<(), Failure> {
    let code = SmsCode::parse(&code).map_err(anyhow::Error::new)?;
    let mut daemon = desk.connect().await?;
    daemon.call(Subscribe {}).await?;
    daemon.call(ShowCode { code: code.to_string() }).await?;
    let state = answered(desk, &mut daemon, "Waiting for the server", timeout).await?;
    match state.step {
        Some(NumberStep::Done) => desk.out.print(&state, || match (&state.coming, state.comes_ms, &state.number) {
            (Some(coming), Some(at), _) => format!(
                "{} is another account's until {}. Then it is yours, if they do not show that they still have it.",
                safe(coming),
                time::date_and_time(at)
            ),
            (_, _, Some(number)) => format!("{} is your number. Your contacts see it.", safe(number)),
            _ => "The code was right.".to_owned(),
        })?,
        step => return Err(refused(step)),
    }
    Ok(())
}

async fn free(desk: &Desk, mut daemon: Connection) -> Result<(), Failure> {
    daemon.call(Subscribe {}).await?;
    daemon.call(FreeNumber {}).await?;
    let state = answered(desk, &mut daemon, "Waiting for the server", FREEING).await?;
    match state.step {
        Some(NumberStep::Done) => {
            desk.out.print(&state, || "You have no number any more, and your contacts see none.".to_owned())?;
        }
        step => return Err(refused(step)),
    }
    Ok(())
}

/// How it stands once the server has answered.
async fn answered(
    desk: &Desk,
    daemon: &mut Connection,
    message: &str,
    timeout: Duration,
) -> Result<api::Number, Failure> {
    let answer = waiting::wait(desk.out.is_json(), message, timeout, until_answered(daemon)).await;
    let answer = answer.ok_or_else(|| {
        Failure::Timeout("the server did not answer yet: `lamplit number` tells how it stands".to_owned())
    })?;
    Ok(answer?)
}

async fn until_answered(daemon: &mut Connection) -> Result<api::Number, CallError> {
    loop {
        let number = daemon.call(GetStatus {}).await?.number;
        if number.step != Some(NumberStep::Waiting) {
            return Ok(number);
        }
        loop {
            match daemon.next().await?.ok_or(CallError::Gone)? {
                Happening::Event(Event::StatusChanged { .. }) | Happening::Lagged(_) => break,
                Happening::Event(_) => {}
            }
        }
    }
}

/// What it did not come to.
fn refused(step: Option<NumberStep>) -> Failure {
    Failure::Other(match step {
        Some(NumberStep::Wait { until_ms }) => {
            anyhow!("no code may be sent there before {}: try again then", time::date_and_time(until_ms))
        }
        Some(NumberStep::Unreachable) => {
            anyhow!("no text can be sent to this number: is it right, and of a telephone?")
        }
        Some(NumberStep::Failed) => anyhow!("the server could not send the text: try again in a minute"),
        Some(NumberStep::Off) => {
            anyhow!("this server sends no codes: ask whoever runs it; an account needs no number")
        }
        Some(NumberStep::Wrong { left: 0 }) => {
            anyhow!("this code is wrong too: have a new one sent with `lamplit register NUMBER`")
        }
        Some(NumberStep::Wrong { left }) => anyhow!("this code is wrong: {left} more can be tried"),
        Some(NumberStep::Gone) => anyhow!(
            "no code is open: it is more than ten minutes old, was used, or was asked for on another device; `lamplit register NUMBER` \
             has a new one sent"
        ),
        Some(NumberStep::Lost) => anyhow!("the connection to the server ended before it answered: try again"),
        Some(NumberStep::Sent | NumberStep::Done | NumberStep::Waiting) | None => {
            anyhow!("something else was asked for meanwhile: `lamplit number` tells how it stands")
        }
    })
}

/// In one line.
pub(super) fn briefly(number: &api::Number) -> String {
    match (&number.number, &number.coming) {
        (Some(number), None) => safe(number),
        (Some(number), Some(coming)) => format!("{}, to become {}", safe(number), safe(coming)),
        (None, Some(coming)) => format!("none yet, to become {}", safe(coming)),
        (None, None) => "none".to_owned(),
    }
}

fn describe(number: &api::Number, server: Option<&api::Server>) -> String {
    let mut lines = Vec::new();
    if let Some(held) = &number.number {
        lines.push(format!("{} is your number. Your contacts see it.", safe(held)));
    }
    if let Some(at) = number.leaves_ms {
        let at = time::date_and_time(at);
        lines.push(format!(
            "Somebody else showed that they have it: on {at} it is theirs. Is it still yours? `lamplit register` it once more. Your \
             account stays yours in any case."
        ));
    }
    if let (Some(coming), Some(at)) = (&number.coming, number.comes_ms) {
        lines.push(format!("{} will be your number on {}.", safe(coming), time::date_and_time(at)));
    }
    if let Some(asked) = &number.asked {
        lines.push(format!("A code was asked for {}: lamplit verify CODE", safe(asked)));
    }
    if lines.is_empty() {
        let connected = server.is_some_and(|server| server.connected);
        lines.push(match connected {
            true => "You have no number: `lamplit register NUMBER` has a code sent to yours.".to_owned(),
            false => "No number is known here. Numbers are kept by a server, and none is reached now.".to_owned(),
        });
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests;

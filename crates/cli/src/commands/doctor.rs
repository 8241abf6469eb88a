use anyhow::{Context, anyhow};
use lamplit_doctor::{Finding, Level, Others, Patient, examine};
use lamplit_rpc::api::{Clock, GetStatus};
use lamplit_tui::hearing;
use serde_json::json;
use tokio::task::spawn_blocking;

use super::Desk;
use crate::{
    args::Doctor,
    failure::Failure,
    output::{Output, Style},
};

pub(super) async fn run(desk: &Desk, Doctor { bind }: Doctor) -> Result<(), Failure> {
    let status = match desk.connect().await {
        Ok(mut daemon) => daemon.call(GetStatus {}).await.ok(),
        Err(_) => None,
    };
    let others = status.as_ref().map_or(Others::Unknown, |status| others(status.clock));
    let patient = Patient { data: desk.data.clone(), bind, daemon: status.is_some(), others };
    let findings = spawn_blocking(move || examine(&patient)).await.context("the examination died")?;
    let daemon = match &status {
        Some(status) => format!("the daemon runs: {}", hearing::briefly(status.hearing)),
        None => "no daemon runs".to_owned(),
    };
    if !desk.out.is_json() {
        desk.out.line(&format!("{}  {daemon}", desk.out.paint(Style::Dim, "   -")))?;
    }
    for finding in &findings {
        let level = match finding.level() {
            Level::Good => "ok",
            Level::Warning => "warn",
            Level::Failure => "fail",
        };
        let object =
            json!({ "check": finding.name(), "level": level, "what": finding.to_string(), "advice": finding.advice() });
        desk.out.print(&object, || describe(desk.out, level, finding))?;
    }
    match findings.iter().filter(|finding| finding.level() == Level::Failure).count() {
        0 => Ok(()),
        1 => Err(anyhow!("one thing is wrong here, as said above").into()),
        many => Err(anyhow!("{many} things are wrong here, as said above").into()),
    }
}

/// What the daemon knows of others' clocks, for the doctor.
const fn others(clock: Clock) -> Others {
    match clock {
        Clock::Unknown => Others::Unknown,
        Clock::Agrees { others } => Others::Agrees { others },
        Clock::Ahead { minutes, others } => Others::Ahead { minutes, others },
        Clock::Behind { minutes, others } => Others::Behind { minutes, others },
        Clock::Disputed => Others::Disputed,
    }
}

fn describe(out: Output, level: &str, finding: &Finding) -> String {
    let style = match finding.level() {
        Level::Good => Style::Dim,
        Level::Warning => Style::Lit,
        Level::Failure => Style::Bad,
    };
    let mark = out.paint(style, &format!("{level:>4}"));
    match finding.advice() {
        Some(advice) => format!("{mark}  {finding}\n      {}", out.paint(Style::Bold, &advice)),
        None => format!("{mark}  {finding}"),
    }
}

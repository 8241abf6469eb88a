use lamplit_rpc::{
    CallError, Connection, Happening,
    api::{Event, GetNearby, NearDevice, Nearby, Subscribe},
};
use lamplit_tui::{
    hearing,
    words::{apps, way},
};

use super::Desk;
use crate::{
    args::Nearby as Args,
    failure::Failure,
    output::{Output, Style, safe, short},
    table::{self, Cell},
    time,
};

pub(super) async fn run(desk: &Desk, Args { follow }: Args) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    if follow {
        // Before the first look, so that nothing falls between.
        daemon.call(Subscribe {}).await?;
    }
    let mut before = daemon.call(GetNearby {}).await?;
    show(desk.out, &before)?;
    if !follow {
        return Ok(());
    }
    tokio::select! {
        _ = tokio::signal::ctrl_c() => Ok(()),
        ended = go_on(desk.out, &mut daemon, &mut before) => ended,
    }
}

/// Shows it again whenever it is different.
async fn go_on(out: Output, daemon: &mut Connection, before: &mut Nearby) -> Result<(), Failure> {
    loop {
        let happening = daemon.next().await?.ok_or(CallError::Gone)?;
        let may_differ = match happening {
            Happening::Event(
                Event::StatusChanged { .. }
                | Event::Near { .. }
                | Event::Presence { .. }
                | Event::ContactChanged { .. }
                | Event::DeviceChanged { .. },
            ) => true,
            Happening::Event(_) => false,
            Happening::Lagged(_) => true,
        };
        if !may_differ {
            continue;
        }
        let now = daemon.call(GetNearby {}).await?;
        if now != *before {
            if !out.is_json() {
                out.line("")?;
            }
            show(out, &now)?;
            *before = now;
        }
    }
}

fn show(out: Output, nearby: &Nearby) -> Result<(), Failure> {
    out.print(nearby, || describe(out, nearby))?;
    Ok(())
}

fn describe(out: Output, nearby: &Nearby) -> String {
    let now = time::now_ms();
    let mut lines = table::lines(&rows(out, now, nearby));
    if lines.is_empty() {
        lines.push("Nobody you know can be reached directly now.".to_owned());
    }
    let strangers = match nearby.strangers {
        0 => None,
        1 => Some("1 device of somebody you don't know shows itself here.".to_owned()),
        many => Some(format!("{many} devices of people you don't know show themselves here.")),
    };
    lines.extend(strangers.map(|line| out.paint(Style::Dim, &line)));
    lines.push(hearing::whole(nearby.hearing, hearing::COMMANDS));
    lines.join("\n")
}

fn rows(out: Output, now: u64, nearby: &Nearby) -> Vec<Vec<Cell>> {
    let person = |name: &str, on: &str, device: &NearDevice| {
        vec![
            Cell::new(safe(name), |name| out.paint(Style::Bold, name)),
            Cell::from(short(&device.device)),
            Cell::from(way(device)),
            Cell::from(time::age(now, device.since_ms)),
            Cell::new(safe(on), |on| out.paint(Style::Lit, on)),
        ]
    };
    let people = nearby.people.iter().flat_map(|near| {
        let on = apps(&near.lit);
        near.devices.iter().map(move |device| (near.name.as_str(), on.clone(), device))
    });
    let own = nearby.own.iter().map(|device| ("you", String::new(), device));
    let mut rows: Vec<Vec<Cell>> = people.chain(own).map(|(name, on, device)| person(name, &on, device)).collect();
    if !rows.is_empty() {
        let head = ["NAME", "DEVICE", "OVER", "SINCE", "ON"];
        rows.insert(0, head.iter().map(|title| Cell::new(*title, |title| out.paint(Style::Dim, title))).collect());
    }
    rows
}

#[cfg(test)]
mod tests;

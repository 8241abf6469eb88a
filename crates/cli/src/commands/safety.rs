//! Safety codes: shown, compared, and what came of it kept.

use lamplit_rpc::api::{self, Compared, Contact, GetSafety, GetStatus, MarkSafety};
use serde_json::{Value, json};

use super::Desk;
use crate::{
    args::Safety,
    failure::Failure,
    output::{Style, safe},
    qr::qr,
    who,
};

/// Groups of a code in a row: three rows are read out one after another.
const ROW: usize = 4;

pub(super) async fn run(desk: &Desk, asked: Safety) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    let contact = who::find(&mut daemon, &asked.contact).await?;
    let shown = daemon.call(GetSafety { contact: contact.id.clone() }).await?;
    let Some((code, compared)) = given(&asked, &shown.code) else {
        let own = daemon.call(GetStatus {}).await?.name;
        return show(desk, &contact, &shown, &own, asked.no_qr);
    };
    daemon.call(MarkSafety { contact: contact.id.clone(), code, compared }).await?;
    let kept = api::Safety { compared, ..shown };
    desk.out.print(&value(&contact, &kept), || {
        let name = safe(&contact.name);
        match compared {
            Compared::Same if asked.same => format!(
                "Kept on all of your devices: {name} saw this code too. If theirs was another, say --not-same.\n\n{}",
                rows(&kept.code)
            ),
            Compared::Same => {
                format!("The same: nobody stands between you and {name}. That is kept on all of your devices.")
            }
            Compared::Different => desk.out.paint(Style::Bad, &danger(&name)),
            Compared::NotYet => format!("You and {name} have not compared your code, as far as your devices know."),
        }
    })?;
    Ok(())
}

/// The code that was compared, and what came of it: with `--check` that is for the daemon to say. `None`: the code is to be shown.
fn given(asked: &Safety, here: &str) -> Option<(String, Compared)> {
    let of_this = |compared| Some((here.to_owned(), compared));
    match asked {
        Safety { same: true, .. } => of_this(Compared::Same),
        Safety { not_same: true, .. } => of_this(Compared::Different),
        Safety { forget: true, .. } => of_this(Compared::NotYet),
        Safety { check, .. } if check.is_empty() => None,
        Safety { check, .. } => Some((check.join(" "), Compared::Same)),
    }
}

fn show(desk: &Desk, contact: &Contact, shown: &api::Safety, own: &str, no_qr: bool) -> Result<(), Failure> {
    if desk.out.is_json() || no_qr {
        desk.out.print(&value(contact, shown), || shown.code.clone())?;
        return Ok(());
    }
    let (name, own) = (safe(&contact.name), safe(own));
    desk.out.line(&format!("{}\n", qr(&shown.code)?))?;
    desk.out.line(&format!("{}\n", desk.out.paint(Style::Bold, &rows(&shown.code))))?;
    desk.out.line(&match shown.compared {
        Compared::NotYet => format!(
            "Not compared yet. {name} types: lamplit safety '{own}'\n\
             Compare face to face, or in a call in which you know the voice; not by messages here.\n\
             Both see the same: lamplit safety '{name}' --same\n\
             They differ:       lamplit safety '{name}' --not-same"
        ),
        Compared::Same => format!("Compared: {name} saw the same. {name} types: lamplit safety '{own}'"),
        Compared::Different => desk.out.paint(Style::Bad, &danger(&name)),
    })?;
    Ok(())
}

/// What to do when the codes differ.
fn danger(name: &str) -> String {
    format!(
        "THE CODES DIFFER. Whoever you write to here may not be {name}, or somebody stands between you and reads along.\n\
         Look again, both of you, each at the code with the other. If they are the same after all: lamplit safety '{name}' --same\n\
         If they still differ, say nothing here that is not for strangers. Then lamplit remove '{name}', and meet again by an\n\
         invite that goes from hand to hand."
    )
}

/// A code in rows.
fn rows(code: &str) -> String {
    let groups: Vec<&str> = code.split(' ').collect();
    groups.chunks(ROW).map(|row| row.join(" ")).collect::<Vec<_>>().join("\n")
}

fn value(contact: &Contact, safety: &api::Safety) -> Value {
    json!({ "contact": contact.id, "code": safety.code, "compared": safety.compared })
}

#[cfg(test)]
mod tests;

use lamplit_rpc::{
    Connection,
    api::{self, Member, Role},
};
use serde_json::json;

use super::Desk;
use crate::{
    args::{Group, GroupAdmin, GroupMember, GroupMembers, NewGroup, OneGroup, RenameGroup},
    failure::Failure,
    output::{Output, Style, safe},
    table::{self, Cell},
    who,
};

pub(super) async fn run(desk: &Desk, group: Group) -> Result<(), Failure> {
    match group {
        Group::New(new) => found(desk, new).await,
        Group::List => list(desk).await,
        Group::Show(group) => show(desk, group).await,
        Group::Add(members) => add(desk, members).await,
        Group::Remove(member) => remove(desk, member).await,
        Group::Admin(member) => admin(desk, member).await,
        Group::Rename(rename) => call_it(desk, rename).await,
        Group::Leave(group) => leave(desk, group).await,
    }
}

/// The ids of contacts by their names, each once.
async fn contacts(daemon: &mut Connection, names: &[String]) -> Result<Vec<String>, Failure> {
    let mut ids: Vec<String> = Vec::new();
    for name in names {
        let id = who::find(daemon, name).await?.id;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

async fn found(desk: &Desk, NewGroup { name, members }: NewGroup) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    let members = contacts(&mut daemon, &members).await?;
    let founded = daemon.call(api::CreateGroup { name: name.clone(), members }).await?;
    desk.out.print(&json!({ "group": founded.id }), || {
        let name = safe(&name);
        format!("The group {name} is there. Say something: lamplit say '{name}' hello")
    })?;
    Ok(())
}

async fn list(desk: &Desk) -> Result<(), Failure> {
    let mut groups = who::all_groups(&mut desk.connect().await?).await?;
    groups.sort_by_key(|group| (!group.joined, group.name.to_lowercase()));
    if desk.out.is_json() {
        for group in &groups {
            desk.out.print(group, String::new)?;
        }
        return Ok(());
    }
    if groups.is_empty() {
        desk.out.line("None yet: lamplit group new NAME MEMBER...")?;
        return Ok(());
    }
    let head = ["GROUP", "UNREAD", "MEMBERS"];
    let head: Vec<Cell> = head.map(|title| Cell::new(title, |title| desk.out.paint(Style::Dim, title))).into();
    let rows = groups.iter().map(|group| row(desk.out, group));
    for line in table::lines(&core::iter::once(head).chain(rows).collect::<Vec<_>>()) {
        desk.out.line(&line)?;
    }
    Ok(())
}

fn row(out: Output, group: &api::Group) -> Vec<Cell> {
    let bold = |text: &str| out.paint(Style::Bold, text);
    let unread = if group.unread == 0 { String::new() } else { group.unread.to_string() };
    let names: Vec<String> = group.members.iter().map(name).collect();
    let members = if group.joined { names.join(", ") } else { "you are in it no more".to_owned() };
    vec![Cell::new(safe(&group.name), bold), Cell::new(unread, bold), members.into()]
}

fn name(member: &Member) -> String {
    if member.me { "you".to_owned() } else { safe(&member.name) }
}

async fn show(desk: &Desk, OneGroup { group }: OneGroup) -> Result<(), Failure> {
    let group = who::find_group(&mut desk.connect().await?, &group).await?;
    if desk.out.is_json() {
        desk.out.print(&group, String::new)?;
        return Ok(());
    }
    desk.out.line(&desk.out.paint(Style::Bold, &safe(&group.name)))?;
    let rows = group.members.iter().map(|member| {
        let role = match member.role {
            Role::Founder => "founder",
            Role::Admin => "admin",
            Role::Member => "",
        };
        let known = if member.me || member.contact { "" } else { "no contact of yours" };
        vec![Cell::from(name(member)), Cell::from(role), Cell::from(known)]
    });
    for line in table::lines(&rows.collect::<Vec<_>>()) {
        desk.out.line(&line)?;
    }
    if !group.joined {
        desk.out.line("You are in it no more.")?;
    }
    Ok(())
}

async fn add(desk: &Desk, GroupMembers { group, members }: GroupMembers) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    let group = who::find_group(&mut daemon, &group).await?;
    let members = contacts(&mut daemon, &members).await?;
    daemon.call(api::AddMembers { group: group.id.clone(), members: members.clone() }).await?;
    desk.out.print(&json!({ "group": group.id, "added": members }), || {
        let many = if members.len() == 1 { "One more is" } else { "They are" };
        format!("{many} in {} now.", safe(&group.name))
    })?;
    Ok(())
}

async fn remove(desk: &Desk, GroupMember { group, member }: GroupMember) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    let group = who::find_group(&mut daemon, &group).await?;
    let member = who::member(&group, &member)?;
    daemon.call(api::RemoveMember { group: group.id.clone(), member: member.id.clone() }).await?;
    desk.out.print(&json!({ "group": group.id, "removed": member.id }), || {
        format!("{} gets nothing more of {}.", safe(&member.name), safe(&group.name))
    })?;
    Ok(())
}

async fn admin(desk: &Desk, GroupAdmin { group, member, off }: GroupAdmin) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    let group = who::find_group(&mut daemon, &group).await?;
    let member = who::member(&group, &member)?;
    let call = api::NameAdmin { group: group.id.clone(), member: member.id.clone(), admin: !off };
    daemon.call(call).await?;
    desk.out.print(&json!({ "group": group.id, "member": member.id, "admin": !off }), || {
        let (name, group) = (safe(&member.name), safe(&group.name));
        if off {
            format!("{name} is a member of {group} like others.")
        } else {
            format!("{name} is an admin of {group} now.")
        }
    })?;
    Ok(())
}

async fn call_it(desk: &Desk, RenameGroup { group, name }: RenameGroup) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    let group = who::find_group(&mut daemon, &group).await?;
    daemon.call(api::RenameGroup { group: group.id.clone(), name: name.clone() }).await?;
    desk.out.print(&json!({ "group": group.id, "name": name }), || {
        format!("{} is called {} now, for all its members.", safe(&group.name), safe(&name))
    })?;
    Ok(())
}

async fn leave(desk: &Desk, OneGroup { group }: OneGroup) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    let group = who::find_group(&mut daemon, &group).await?;
    daemon.call(api::LeaveGroup { group: group.id.clone() }).await?;
    desk.out.print(&json!({ "group": group.id, "left": true }), || {
        format!("You are in {} no more; its messages stay.", safe(&group.name))
    })?;
    Ok(())
}

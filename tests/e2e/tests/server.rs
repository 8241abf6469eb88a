//! People who are apart, through a real server: what is said comes, in order and once, also if the server is killed meanwhile.

use std::time::Duration;

use anyhow::Result;
use lamplit_e2e::{Device, Host, Lan, Server, acquainted, eventually, three, within};
use serde_json::Value;

/// A machine hears nobody but the server from now on, so its device is apart from all others.
fn part(lan: &Lan, host: Host, server: Host) -> Result<()> {
    lan.must(host, "nft add table inet apart")?;
    lan.must(host, "nft 'add chain inet apart in { type filter hook input priority 0; policy drop; }'")?;
    lan.must(host, "nft add rule inet apart in iifname lo accept")?;
    lan.must(host, &format!("nft add rule inet apart in ip saddr {} accept", server.address()))
}

fn texts(of: &Device<'_>, with: &Device<'_>) -> Result<Vec<String>> {
    let said = of.conversation(with)?;
    let text = |message: &Value| message.get("text").and_then(Value::as_str).map(ToOwned::to_owned);
    Ok(said.iter().filter_map(text).collect())
}

#[test]
fn people_who_are_apart_write_through_the_server() -> Result<()> {
    let lan = Lan::of(3)?;
    let data = tempfile::tempdir()?;
    let server = Server::start(&lan, Host::THIRD, data.path())?;
    let (mut ada, grace) = acquainted(&lan)?;
    for device in [&ada, &grace] {
        let used = device.ask(&["server", "use", server.link()])?;
        assert_eq!(used.get("connected"), Some(&Value::Bool(true)), "{used}");
    }
    ada.wait_until_sent()?;
    grace.wait_until_sent()?;

    part(&lan, Host::LEFT, Host::THIRD)?;
    ada.wait_until_away(&grace)?;
    ada.ask(&["say", "Grace", "one"])?;
    ada.ask(&["say", "Grace", "two"])?;
    eventually("both come to Grace", || Ok((texts(&grace, &ada)? == ["one", "two"]).then_some(())))?;
    ada.wait_until_sent()?;

    // Ada is off while Grace writes, and the server is killed meanwhile.
    ada.stop()?;
    grace.ask(&["say", "Ada", "three"])?;
    grace.ask(&["say", "Ada", "four"])?;
    server.kill()?;
    let server = Server::start(&lan, Host::THIRD, data.path())?;
    ada.start(&[])?;
    // Grace hears of it when she next says something to it: the new one tells her that her connection is no more.
    within(Duration::from_secs(180), "both come to Ada", || {
        Ok((texts(&ada, &grace)? == ["one", "two", "three", "four"]).then_some(()))
    })?;
    within(Duration::from_secs(180), "Grace hears that they came", || {
        let status = grace.ask(&["status"])?;
        Ok((status.get("waiting") == Some(&Value::from(0))).then_some(()))
    })?;
    assert_eq!(texts(&grace, &ada)?, ["one", "two", "three", "four"]);

    assert!(server.stop()?, "it stops in order");
    eventually("the device says that the server is away", || {
        let server = ada.ask(&["server"])?;
        Ok((server.get("connected") == Some(&Value::Bool(false))).then_some(()))
    })
}

/// What a device calls the only contact it has, and its note about them.
fn shown(device: &Device<'_>) -> Result<(Value, Value)> {
    let contact = device.list(&["contacts"])?.pop().unwrap_or_default();
    let field = |name: &str| contact.get(name).cloned().unwrap_or_default();
    Ok((field("name"), field("note")))
}

#[test]
fn what_one_device_changes_comes_to_the_others_and_to_contacts_who_are_apart() -> Result<()> {
    let lan = Lan::of(4)?;
    let data = tempfile::tempdir()?;
    let fourth = Host(4);
    let server = Server::start(&lan, fourth, data.path())?;
    let (phone, grace) = acquainted(&lan)?;
    let mut laptop = Device::linked(&lan, Host::THIRD, "laptop", &phone)?;
    laptop.start(&[])?;
    for device in [&phone, &grace] {
        device.ask(&["server", "use", server.link()])?;
        device.wait_until_sent()?;
    }
    eventually("the laptop has heard of the server", || {
        Ok((laptop.ask(&["server"])?.get("connected") == Some(&Value::Bool(true))).then_some(()))
    })?;
    for host in [Host::LEFT, Host::RIGHT, Host::THIRD] {
        part(&lan, host, fourth)?;
    }
    phone.wait_until_away(&grace)?;

    phone.ask(&["rename", "Grace", "Grace from work"])?;
    phone.ask(&["note", "Grace", "likes jasmine tea"])?;
    let wanted = (Value::from("Grace from work"), Value::from("likes jasmine tea"));
    eventually("the laptop calls her so", || Ok((shown(&laptop)? == wanted).then_some(())))?;

    // The laptop is off while the other two change something, and the server is killed meanwhile.
    laptop.stop()?;
    phone.ask(&["name", "Ada King"])?;
    phone.ask(&["note", "Grace", "likes green tea"])?;
    eventually("Grace sees the name", || Ok((shown(&grace)?.0 == "Ada King").then_some(())))?;
    server.kill()?;
    let server = Server::start(&lan, fourth, data.path())?;
    laptop.start(&[])?;
    let wanted = (Value::from("Grace from work"), Value::from("likes green tea"));
    within(Duration::from_secs(180), "the laptop has the note", || Ok((shown(&laptop)? == wanted).then_some(())))?;
    eventually("and its own name", || {
        Ok((laptop.ask(&["status"])?.get("name") == Some(&Value::from("Ada King"))).then_some(()))
    })?;
    assert!(server.stop()?, "it stops in order");
    Ok(())
}

/// Waits until a device has heard these texts in the group, in any order.
fn heard(device: &Device<'_>, group: &str, wanted: &[&str]) -> Result<()> {
    within(Duration::from_secs(180), &format!("{} hears {wanted:?} in {group}", device.name()), || {
        let Ok(Ok(said)) = device.attempt(&["history", group]) else { return Ok(None) };
        let mut texts: Vec<&str> = said.iter().filter_map(|message| message.get("text")?.as_str()).collect();
        texts.sort_unstable();
        Ok((texts == wanted).then_some(()))
    })
}

#[test]
fn a_group_of_people_who_are_apart_is_founded_talks_and_parts() -> Result<()> {
    let lan = Lan::of(4)?;
    let data = tempfile::tempdir()?;
    let (fourth, people) = (Host(4), three(&lan)?);
    let server = Server::start(&lan, fourth, data.path())?;
    let [ada, grace, linus] = &people;
    for device in &people {
        let used = device.ask(&["server", "use", server.link()])?;
        assert_eq!(used.get("connected"), Some(&Value::Bool(true)), "{used}");
        device.wait_until_sent()?;
    }
    for host in [Host::LEFT, Host::RIGHT, Host::THIRD] {
        part(&lan, host, fourth)?;
    }
    for other in [grace, linus] {
        ada.wait_until_away(other)?;
    }

    // Grace and Linus know each other through the group alone, and were never near with it.
    ada.ask(&["group", "new", "choir", "Grace", "Linus"])?;
    ada.ask(&["say", "choir", "1 who sings?"])?;
    for device in [grace, linus] {
        heard(device, "choir", &["1 who sings?"])?;
    }
    grace.ask(&["say", "choir", "2 I do"])?;
    linus.ask(&["say", "choir", "3 me too"])?;
    for device in &people {
        heard(device, "choir", &["1 who sings?", "2 I do", "3 me too"])?;
    }

    // Who is taken out hears that, and nothing that is said after.
    ada.ask(&["group", "remove", "choir", "Linus"])?;
    ada.ask(&["say", "choir", "4 the two of us"])?;
    heard(grace, "choir", &["1 who sings?", "2 I do", "3 me too", "4 the two of us"])?;
    eventually("Linus hears that he is in it no more", || {
        let group = linus.list(&["group", "list"])?.pop();
        Ok(group.filter(|group| group.get("joined") == Some(&Value::Bool(false))))
    })?;
    heard(linus, "choir", &["1 who sings?", "2 I do", "3 me too"])
}

/// The apps that somebody's only contact is on, as they see it.
fn lit(device: &Device<'_>) -> Result<Vec<String>> {
    let contact = device.list(&["contacts"])?.pop().unwrap_or_default();
    let lit = contact.get("lit").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(lit.iter().filter_map(|app| app.get("app")?.as_str().map(ToOwned::to_owned)).collect())
}

fn sees(device: &Device<'_>, apps: &[&str]) -> Result<()> {
    let what = format!("{} sees {apps:?} lit", device.name());
    within(SOON, &what, || Ok((lit(device)? == apps).then_some(())))
}

/// Less than it takes until a lamp that is not confirmed goes out, 70 s.
const SOON: Duration = Duration::from_secs(45);

#[test]
fn what_is_lit_is_seen_by_contacts_who_are_apart() -> Result<()> {
    let lan = Lan::of(3)?;
    let data = tempfile::tempdir()?;
    let server = Server::start(&lan, Host::THIRD, data.path())?;
    let (ada, mut grace) = acquainted(&lan)?;
    for device in [&ada, &grace] {
        device.ask(&["server", "use", server.link()])?;
        device.wait_until_sent()?;
    }
    for host in [Host::LEFT, Host::RIGHT] {
        part(&lan, host, Host::THIRD)?;
    }
    ada.wait_until_away(&grace)?;
    ada.ask(&["on", "qq"])?;
    sees(&grace, &["qq"])?;
    // Who starts is told what is lit.
    grace.stop()?;
    grace.start(&[])?;
    sees(&grace, &["qq"])?;
    // The packet that says that it is dark is lost on its way, and nothing else is said after it.
    lan.must(Host::RIGHT, "nft insert rule inet apart in ip saddr != 127.0.0.1 drop")?;
    ada.ask(&["off", "qq"])?;
    std::thread::sleep(Duration::from_secs(1));
    lan.must(Host::RIGHT, "nft delete table inet apart")?;
    part(&lan, Host::RIGHT, Host::THIRD)?;
    sees(&grace, &[])?;
    // The server keeps nothing of it on its disk: it is told anew.
    ada.ask(&["on", "msn"])?;
    sees(&grace, &["msn"])?;
    server.kill()?;
    let server = Server::start(&lan, Host::THIRD, data.path())?;
    ada.ask(&["on", "icq"])?;
    within(Duration::from_secs(180), "Grace sees both after the server was killed", || {
        Ok((lit(&grace)? == ["icq", "msn"]).then_some(()))
    })?;
    assert!(server.stop()?, "it stops in order");
    Ok(())
}

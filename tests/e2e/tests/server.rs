//! People who are apart, through a real server: what is said comes, in order and once, also if the server is killed meanwhile.

use std::time::Duration;

use anyhow::Result;
use lamplit_e2e::{Device, Host, Lan, Server, acquainted, eventually, within};
use serde_json::Value;

/// Ada's machine hears nobody but the server from now on, so the two are apart.
fn part(lan: &Lan) -> Result<()> {
    lan.must(Host::LEFT, "nft add table inet apart")?;
    lan.must(Host::LEFT, "nft 'add chain inet apart in { type filter hook input priority 0; policy drop; }'")?;
    lan.must(Host::LEFT, "nft add rule inet apart in iifname lo accept")?;
    lan.must(Host::LEFT, &format!("nft add rule inet apart in ip saddr {} accept", Host::THIRD.address()))
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

    part(&lan)?;
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

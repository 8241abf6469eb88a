//! Telephone numbers, shown to a real server by codes that come through a real SMS gateway.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lamplit_e2e::{Device, Host, Lan, Server, acquainted, code, eventually, gateway, use_gateway};
use serde_json::Value;

const FIRST: &str = "+8613800138000";
const SECOND: &str = "+8613800138001";

fn number_of(device: &Device<'_>, field: &str) -> Result<Value> {
    Ok(device.ask(&["number"])?.get(field).cloned().unwrap_or_default())
}

/// The number that a device's only contact shows.
fn shown(device: &Device<'_>) -> Result<Value> {
    let contact = device.list(&["contacts"])?.pop().context("there is a contact")?;
    Ok(contact.get("number").cloned().unwrap_or_default())
}

#[test]
fn numbers_are_shown_by_codes_through_kannel_and_change_hands() -> Result<()> {
    let lan = Lan::of(3)?;
    let data = tempfile::tempdir()?;
    let kannel = gateway(&lan, Host::THIRD)?;
    use_gateway(data.path(), &kannel)?;
    let server = Server::start(&lan, Host::THIRD, data.path())?;
    let (ada, grace) = acquainted(&lan)?;
    let refused = ada.attempt(&["register", FIRST])?.err().context("without a server there are no codes")?;
    ensure!(refused.message.contains("lamplit server use"), "{}", refused.message);
    for device in [&ada, &grace] {
        device.ask(&["server", "use", server.link()])?;
    }

    // A wrong code, then the right one: the number is Ada's, and Grace sees it.
    let asked = ada.ask(&["register", "+86 (138) 0013-8000"])?;
    assert_eq!(asked.get("asked"), Some(&Value::from(FIRST)), "{asked}");
    let right = code(&kannel, FIRST, 0)?;
    let wrong = if right == "000000" { "000001" } else { "000000" };
    let refused = ada.attempt(&["verify", wrong])?.err().context("a wrong code is refused")?;
    ensure!(refused.message.contains("4 more"), "{}", refused.message);
    // A code is good on the device that asked for it alone.
    let refused = grace.attempt(&["verify", &right])?.err().context("Grace asked for none")?;
    ensure!(refused.message.contains("lamplit register"), "{}", refused.message);
    let is_hers = ada.ask(&["verify", &right])?;
    assert_eq!(is_hers.get("number"), Some(&Value::from(FIRST)), "{is_hers}");
    eventually("Grace sees Ada's number", || Ok((shown(&grace)? == FIRST).then_some(())))?;

    // Grace shows that she has it too: Ada is told, and keeps it when she shows that she still has it.
    grace.ask(&["register", FIRST])?;
    let comes = grace.ask(&["verify", &code(&kannel, FIRST, 1)?])?;
    assert_eq!(comes.get("coming"), Some(&Value::from(FIRST)), "{comes}");
    assert!(comes.get("comes_ms").is_some_and(Value::is_u64), "{comes}");
    eventually("Ada is told that her number leaves", || Ok(number_of(&ada, "leaves_ms")?.is_u64().then_some(())))?;
    ada.ask(&["register", FIRST])?;
    ada.ask(&["verify", &code(&kannel, FIRST, 2)?])?;
    assert!(number_of(&ada, "leaves_ms")?.is_null());
    eventually("Grace is told that she does not get it", || Ok(number_of(&grace, "coming")?.is_null().then_some(())))?;

    // Ada changes her number: the contact stays, Grace sees the new one, and the old one is free.
    ada.ask(&["register", SECOND])?;
    let changed = ada.ask(&["verify", &code(&kannel, SECOND, 0)?])?;
    assert_eq!(changed.get("number"), Some(&Value::from(SECOND)), "{changed}");
    eventually("Grace sees the new number", || Ok((shown(&grace)? == SECOND).then_some(())))?;
    grace.ask(&["register", FIRST])?;
    let is_hers = grace.ask(&["verify", &code(&kannel, FIRST, 3)?])?;
    assert_eq!(is_hers.get("number"), Some(&Value::from(FIRST)), "{is_hers}");
    eventually("Ada sees Grace's number", || Ok((shown(&ada)? == FIRST).then_some(())))?;

    // A second code at once is not sent: it would cost money.
    ada.ask(&["register", SECOND])?;
    let refused = ada.attempt(&["register", SECOND])?.err().context("a code a minute")?;
    ensure!(refused.message.contains("before"), "{}", refused.message);

    // The server knows it after a kill, and a number given up is seen no more.
    server.kill()?;
    let server = Server::start(&lan, Host::THIRD, data.path())?;
    // Grace may not know yet that her connection ended: then she is told to try again.
    lamplit_e2e::within(Duration::from_secs(180), "Grace has her number, and gives it up", || {
        let is_hers = number_of(&grace, "number")? == FIRST;
        Ok((is_hers && grace.attempt(&["number", "free"])?.is_ok()).then_some(()))
    })?;
    eventually("Ada sees no number", || Ok(shown(&ada)?.is_null().then_some(())))?;
    assert!(server.stop()?, "it stops in order");
    Ok(())
}

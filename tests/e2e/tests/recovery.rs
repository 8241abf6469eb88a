//! Somebody loses their machine and opens their account on a new one, with real daemons, a real server and a real SMS gateway.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use data_encoding::HEXLOWER;
use lamplit_e2e::{Device, Host, Lan, Server, canary, code, eventually, gateway, started, use_gateway};
use serde_json::Value;

const NUMBER: &str = "+8613800138000";
/// Twelve good words that are nobody's here (the test vector of BIP 39 for 16 zero bytes).
const ANOTHER_PHRASE: &str =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

/// What was said in a conversation, in order.
fn texts(device: &Device<'_>, with: &Device<'_>) -> Result<Vec<String>> {
    let text = |message: Value| message.get("text").and_then(Value::as_str).map(ToOwned::to_owned);
    Ok(device.conversation(with)?.into_iter().filter_map(text).collect())
}

/// How often something stands in a file.
fn times(file: &Path, wanted: &[u8]) -> Result<usize> {
    let bytes = fs::read(file)?;
    Ok(bytes.windows(wanted.len()).filter(|piece| *piece == wanted).count())
}

#[test]
fn who_lost_their_machine_opens_their_account_with_code_and_phrase() -> Result<()> {
    let lan = Lan::of(3)?;
    let data = tempfile::tempdir()?;
    let kannel = gateway(&lan, Host::THIRD)?;
    use_gateway(data.path(), &kannel)?;
    let server = Server::start(&lan, Host::THIRD, data.path())?;
    let name = canary("Ada")?;
    let mut ada = started(&lan, Host::LEFT, &name)?;
    let grace = started(&lan, Host::RIGHT, "Grace")?;
    ada.meet(&grace)?;
    ada.wait_until_near(&grace)?;
    for device in [&ada, &grace] {
        device.ask(&["server", "use", server.link()])?;
    }
    ada.ask(&["register", NUMBER])?;
    ada.ask(&["verify", &code(&kannel, NUMBER, 0)?])?;
    grace.ask(&["say", &name, "hello"])?;
    eventually("Ada has it", || Ok((texts(&ada, &grace)? == ["hello"]).then_some(())))?;

    // The machine is gone, and Grace does not know.
    let id = ada.ask(&["status"])?.get("device").and_then(Value::as_str).context("it has an id")?.to_owned();
    let phrase = ada.phrase().context("it was written down")?.to_owned();
    ada.kill()?;
    drop(ada);
    grace.ask(&["say", &name, "are you there?"])?;

    // Who has the number and not the phrase opens nothing.
    let account = ["--recover", NUMBER, "--server", server.link(), "--device"];
    let options = [account.as_slice(), &["new"]].concat();
    let thief = Device::recovered(&lan, Host::LEFT, &name, &options, || {
        Ok(format!("{}\n{ANOTHER_PHRASE}\n", code(&kannel, NUMBER, 1)?))
    })?;
    let refused = thief.err().context("another phrase opens nothing")?;
    ensure!(refused.message.contains("not the one of the account that has this number"), "{}", refused.message);

    // A word that is none, a wrong phrase, and then the right one.
    let (mut ada, said) = Device::recovered(&lan, Host::LEFT, &name, &options, || {
        Ok(format!("{}\nlamp\n{ANOTHER_PHRASE}\n{phrase}\n", code(&kannel, NUMBER, 2)?))
    })?
    .map_err(|refused| anyhow::anyhow!("it does not open: {}", refused.message))?;
    let field = |field: &str| said.iter().find_map(|line| line.get(field).cloned());
    assert_eq!(field("name"), Some(Value::from(name.as_str())), "{said:?}");
    assert_eq!(field("called"), Some(Value::from("new")), "{said:?}");
    assert_eq!(field("contacts"), Some(Value::from(1)), "{said:?}");
    ada.start(&[])?;
    eventually("what waited comes", || Ok((texts(&ada, &grace)? == ["are you there?"]).then_some(())))?;
    ada.ask(&["say", "Grace", "here again"])?;
    let all = ["hello", "are you there?", "here again"];
    eventually("Grace has it", || Ok((texts(&grace, &ada)? == all).then_some(())))?;
    grace.ask(&["say", &name, "good"])?;
    eventually("Ada has it", || Ok((texts(&ada, &grace)?.last().map(String::as_str) == Some("good")).then_some(())))?;
    assert_eq!(ada.ask(&["number"])?.get("number"), Some(&Value::from(NUMBER)), "the number is still hers");
    assert_eq!(ada.list(&["devices"])?.len(), 2);

    // The server keeps who its devices are, and nothing of what is in the kit.
    let store = data.path().join("depot.redb");
    ensure!(times(&store, &HEXLOWER.decode(id.as_bytes())?)? > 0, "what is there is found");
    assert_eq!(times(&store, name.as_bytes())?, 0);

    // The old machine was not lost but stolen: whoever has it hears nothing more.
    let remove = [account.as_slice(), &["third", "--remove-others"]].concat();
    drop(ada);
    let (third, said) = Device::recovered(&lan, Host::LEFT, &name, &remove, || {
        Ok(format!("{}\n{phrase}\n", code(&kannel, NUMBER, 3)?))
    })?
    .map_err(|refused| anyhow::anyhow!("it does not open: {}", refused.message))?;
    let removed = said.iter().filter(|line| line.get("removed") == Some(&Value::Bool(true))).count();
    assert_eq!(removed, 2, "{said:?}");
    let mut third = third;
    third.start(&[])?;
    assert_eq!(third.list(&["devices"])?.len(), 1);
    grace.ask(&["say", &name, "only for you"])?;
    eventually("it comes", || Ok(texts(&third, &grace)?.iter().any(|text| text == "only for you").then_some(())))?;
    assert!(server.stop()?, "it stops in order");
    Ok(())
}

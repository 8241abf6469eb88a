use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
};

use super::*;
use crate::receiver::Receiver;

fn read(toml: &str) -> Result<Config, String> {
    toml::from_str::<Config>(toml).map_err(|error| error.to_string())
}

#[test]
fn with_nothing_said_there_is_web_push_alone() {
    let config = read("").unwrap();
    assert_eq!(config, Config::default());
    assert!(config.check().is_ok() && config.reach() == Reach::Public);
}

#[tokio::test]
async fn what_can_be_written_opens() {
    let receiver = Receiver::start().await.unwrap();
    let config = receiver.config();
    config.check().unwrap();
    let (fcm, apns) = (config.fcm.clone().unwrap(), config.apns.clone().unwrap());
    let toml = format!(
        "vapid_subject = \"mailto:push@lamp.example\"\ninner = true\nca = {:?}\n[fcm]\nfile = {:?}\nurl = {:?}\n\
         [apns]\nfile = {:?}\nkey_id = \"ABC123DEFG\"\nteam_id = \"DEF123GHIJ\"\ntopic = \"org.example.lamp\"\nurl = {:?}",
        config.ca.clone().unwrap(),
        fcm.file,
        fcm.url.unwrap(),
        apns.file,
        apns.url.unwrap()
    );
    assert_eq!(read(&toml).unwrap(), config);
    assert!(config.open(VapidKey::generate().unwrap()).is_ok());
}

#[test]
fn what_is_no_setting_is_said() {
    for (bad, says) in [
        ("vapid_subject = \"push@example.org\"", "mailto:"),
        ("vapid_subjekt = \"mailto:push@example.org\"", "unknown field `vapid_subjekt`"),
        ("[fcm]\nkey = \"x\"", "unknown field `key`"),
        ("[apns]\nfile = \"x\"", "missing field `key_id`"),
    ] {
        let error = read(bad).unwrap_err();
        assert!(error.contains(says), "{bad}: {error}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_with_what_to_do_and_without_keys() {
    let receiver = Receiver::start().await.unwrap();
    let good = receiver.config();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str, mode: u32| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    };
    let fcm = |change: fn(&mut FcmConfig, PathBuf), path: PathBuf| {
        let mut fcm = good.fcm.clone().unwrap();
        change(&mut fcm, path);
        Config { fcm: Some(fcm), ..good.clone() }
    };
    let apns = |change: &dyn Fn(&mut ApnsConfig)| {
        let mut apns = good.apns.clone().unwrap();
        change(&mut apns);
        Config { apns: Some(apns), ..good.clone() }
    };
    let account = fs::read_to_string(good.fcm.clone().unwrap().file).unwrap();
    let p8 = fs::read_to_string(good.apns.clone().unwrap().file).unwrap();
    let long = "x".repeat(20_000);
    for (bad, says) in [
        (Config { ca: Some("/nowhere".into()), ..good.clone() }, "ca under [wake]"),
        (Config { ca: Some(file("none", "hidden", 0o600)), ..good.clone() }, "ca under [wake]"),
        (fcm(|fcm, path| fcm.file = path, "/nowhere".into()), "/nowhere cannot be read"),
        (fcm(|fcm, path| fcm.file = path, file("open", &account, 0o644)), "chmod o="),
        (fcm(|fcm, path| fcm.file = path, file("long", &long, 0o600)), "too long"),
        (fcm(|fcm, path| fcm.file = path, file("no", "{\"private_key\":\"hidden\"}", 0o600)), "service account"),
        (
            fcm(|fcm, path| fcm.file = path, file("clear", &account.replace("https://", "http://"), 0o600)),
            "service account",
        ),
        (
            fcm(|fcm, path| fcm.file = path, file("path", &account.replace("lamp-1\"", "../hidden\""), 0o600)),
            "service account",
        ),
        (fcm(|fcm, _| fcm.url = Some("http://push.example".into()), PathBuf::new()), "url under [wake.fcm]"),
        (apns(&|apns| apns.file = file("open", &p8, 0o604)), "chmod o="),
        (apns(&|apns| apns.file = file("p8", "hidden", 0o600)), "no key on P-256"),
        (apns(&|apns| apns.key_id = "ABC".into()), "key_id under [wake.apns]"),
        (apns(&|apns| apns.team_id = "ABC123DEF\n".into()), "team_id under [wake.apns]"),
        (apns(&|apns| apns.topic = "lamp lit".into()), "topic under [wake.apns]"),
        (apns(&|apns| apns.url = Some("push.example".into())), "url under [wake.apns]"),
    ] {
        let error = bad.check().unwrap_err();
        assert!(error.to_string().contains(says), "{says}: {error}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hidden") && !shown.contains("BEGIN"), "{shown}");
        let opened = bad.open(VapidKey::generate().unwrap()).map(drop).unwrap_err();
        assert_eq!(opened.to_string(), error.to_string());
    }
}

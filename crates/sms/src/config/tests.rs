use super::*;

fn open(toml: &str) -> Result<(), String> {
    let config = toml::from_str::<Config>(toml).map_err(|error| error.to_string())?;
    // Outside of the runtime: nothing is opened.
    let checked = config.check().map_err(|error| error.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let opened = runtime.block_on(async { config.open().map(drop).map_err(|error| error.to_string()) });
    assert_eq!(checked, opened);
    opened
}

#[test]
fn what_can_be_written_opens() {
    for good in [
        r#"kind = "log""#,
        "kind = \"http\"\nurl = \"https://sms.example/send?to={number}&text={text}\"",
        "kind = \"http\"\nurl = \"http://127.0.0.1:13013/cgi-bin/sendsms?to={digits}&text={text}\"\nat_once = 1",
        "kind = \"http\"\nurl = \"http://10.0.0.1/?to={digits}&text={text}\"\nin_clear = true",
        "kind = \"http\"\nurl = \"https://sms.example/send\"\nmethod = \"POST\"\nbody_as = \"json\"\n\
         headers = { Authorization = \"Bearer x\" }\nbody = '{\"to\":\"{number}\",\"text\":\"{text}\"}'\n\
         success = { status = [200, 202], body = '\"(queued|sent)\"' }",
        "kind = \"smpp\"\nurl = \"smpps://smsc.example\"\nuser = \"u\"\npassword = \"p\"\nfrom = \"Lamplit\"",
        "kind = \"smpp\"\nurl = \"smpp://[::1]:2775\"\nuser = \"u\"\npassword = \"p\"\nfrom = \"+8613800138000\"",
    ] {
        assert_eq!(open(good), Ok(()), "{good}");
    }
}

#[test]
fn what_is_wrong_is_said_with_what_to_do_and_without_passwords() {
    const URL: &str = "url = \"https://sms.example/?p=hidden&to={number}&text={text}\"";
    let http = |more: &str| format!("kind = \"http\"\n{URL}\n{more}");
    let at = |url: &str| format!("kind = \"http\"\nurl = \"{url}\"\nheaders = {{ X-Key = \"hidden\" }}");
    let smpp = |more: &str| format!("kind = \"smpp\"\nurl = \"smpps://smsc.example\"\nuser = \"u\"\n{more}");
    for (bad, says) in [
        ("kind = \"pigeon\"".to_owned(), "pigeon"),
        ("kind = \"log\"\nurl = \"x\"".to_owned(), "unknown field `url`"),
        (http("ulr = \"x\""), "unknown field `ulr`"),
        (http("success = { code = 3 }"), "unknown field `code`"),
        (at("http://sms.example/?to={number}&text={text}"), "in_clear = true"),
        (at("https://sms.example/?to={nummer}&text={text}"), "no other word in braces"),
        (at("https://sms.example/?to={number}"), "must hold {text}"),
        (at("https://sms.example/?text={text}"), "{number} or {digits}"),
        (at("ftp://sms.example/?to={number}&text={text}"), "must be like \"https://"),
        (at("https://{text}.example/?to={number}&text={text}"), "must be like \"https://"),
        (at("hidden"), "must be like \"https://"),
        (http("body = \"x\""), "body_as"),
        (http("body_as = \"json\"\nbody = \"x\""), "other than GET"),
        (http("method = \"POST\"\nbody_as = \"json\""), "body_as"),
        (http("headers = { \"a b\" = \"x\" }"), "headers"),
        (http("headers = { X-Key = \"hidden\\n\" }"), "headers"),
        (http("success = { status = [200, 404] }"), "success.status"),
        (http("success = { body = \"(\" }"), "success.body"),
        (http("success = { body = '\\w{1000}{1000}' }"), "success.body"),
        (http("at_once = 0"), "at_once under [sms] must be from 1 to 64"),
        (http("waiting = 5000"), "waiting under [sms] must be from 0 to 4096"),
        (http("answer_seconds = 61"), "answer_seconds"),
        (http("ca = \"/nowhere\""), "ca under [sms]"),
        (smpp("password = \"hidden-and-too-long\""), "password under [sms] must be ASCII of at most 8 bytes"),
        (
            smpp("password = \"hidden\"\nfrom = \"Lamplit and all\""),
            "from under [sms] must be ASCII of at most 11 bytes",
        ),
        (smpp("password = \"hidden\"\nfrom = \"灯\""), "from"),
        (smpp("password = \"hidden\"\nenquire_seconds = 0"), "enquire_seconds"),
        ("kind = \"smpp\"\nurl = \"smpp://smsc.example\"\nuser = \"u\"\npassword = \"hidden\"".to_owned(), "in_clear"),
        ("kind = \"smpp\"\nurl = \"https://smsc.example\"\nuser = \"u\"\npassword = \"hidden\"".to_owned(), "smpps://"),
        (
            "kind = \"smpp\"\nurl = \"smpps://u:hidden@smsc.example\"\nuser = \"u\"\npassword = \"p\"".to_owned(),
            "smpps://",
        ),
    ] {
        let error = open(&bad).unwrap_err();
        assert!(error.contains(says), "{bad}: {error}");
        // What the configuration's own reader shows of a line is for whoever wrote it.
        let own = !error.contains("TOML");
        assert!(!own || !error.contains("hidden"), "{bad}: {error}");
    }
}

#[test]
fn no_password_is_in_a_debug_output() {
    let config = "kind = \"http\"\nurl = \"https://sms.example/?p=hidden&to={number}&text={text}\"\nmethod = \"POST\"\n\
                  headers = { X-Key = \"hidden\" }\nbody_as = \"form\"\nbody = \"p=hidden\"";
    let shown = format!("{:?}", toml::from_str::<Config>(config).unwrap());
    assert!(shown.contains("Post") && !shown.contains("hidden"), "{shown}");
    let config = "kind = \"smpp\"\nurl = \"smpps://a\"\nuser = \"u\"\npassword = \"hidden\"";
    let shown = format!("{:?}", toml::from_str::<Config>(config).unwrap());
    assert!(shown.contains("smpps://a") && !shown.contains("hidden"), "{shown}");
}

#[test]
fn outside_a_runtime_it_says_so() {
    let config: Config =
        toml::from_str("kind = \"smpp\"\nurl = \"smpps://a\"\nuser = \"u\"\npassword = \"p\"").unwrap();
    assert!(matches!(config.open(), Err(ConfigError::Runtime)));
}

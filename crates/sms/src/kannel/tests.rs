use super::*;

#[test]
fn what_the_fake_message_centre_says_is_read() {
    let said = "2026-11-27 [1] [0] INFO: fakesmsc starting\n\
                2026-11-27 [1] [0] DEBUG: Got message 1: <Lamplit +8613800138000 text your code is 123456>\n\
                2026-11-27 [1] [0] DEBUG: Got message 2: <Lamplit +8613800138000 ucs-2 %D8%3C%DF%EE%00+%4F%60>\n\
                2026-11-27 [1] [0] DEBUG: Got message 4: <a +1 udh %05%00%03%07%02%02 data %00b>\n\
                2026-11-27 [1] [0] DEBUG: Got message 3: <a +2 udh %05%00%03%07%02%01 data %00x>\n\
                2026-11-27 [1] [0] DEBUG: Got message 3: <a +1 udh %05%00%03%07%02%01 data %00a>\n\
                2026-11-27 [1] [0] DEBUG: Got message 5: <half\n";
    let texts = read_texts(said).into_iter().map(|text| (text.from, text.to, text.text)).collect::<Vec<_>>();
    let text = |from: &str, to: &str, text: &str| (from.to_owned(), to.to_owned(), text.to_owned());
    assert_eq!(
        texts,
        [
            text("Lamplit", "+8613800138000", "your code is 123456"),
            text("Lamplit", "+8613800138000", "🏮 你"),
            text("a", "+1", "ab"),
        ]
    );
}

#[test]
fn a_process_ends_with_whoever_holds_it_and_with_whoever_started_it() {
    let folder = tempfile::tempdir().unwrap();
    let runs = |log: &Path| {
        let ends = Instant::now() + Duration::from_secs(10);
        while said(log).trim().is_empty() && Instant::now() < ends {
            sleep(Duration::from_millis(20));
        }
        let number = said(log).trim().to_owned();
        assert!(!number.is_empty());
        move || Path::new("/proc").join(&number).join("exe").exists()
    };
    let log = folder.path().join("held");
    let process = Process::start(&["sh", "-c", "echo $$; exec sleep 100"], &log).unwrap();
    let is_there = runs(&log);
    assert!(is_there());
    drop(process);
    assert!(!is_there());

    // Whoever starts one and is killed takes it along: the other end of its input is gone.
    let log = folder.path().join("watched");
    let mut process = Process::start(&["sh", "-c", "echo $$; exec sleep 100"], &log).unwrap();
    let is_there = runs(&log);
    assert!(is_there());
    drop(process.lose_input());
    let ends = Instant::now() + Duration::from_secs(10);
    while is_there() {
        assert!(Instant::now() < ends, "it goes on without whoever started it");
        sleep(Duration::from_millis(20));
    }
}

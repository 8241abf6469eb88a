//! What `cargo xtask demo` runs, from its first line to the last process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use lamplit_e2e::{Demo, Lan};

/// Whether any of the lines has all of these in it.
fn told(lines: &[String], words: &[&str]) -> bool {
    lines.iter().any(|line| words.iter().all(|word| line.contains(word)))
}

fn assert_nothing_is_left(demo: &Demo) {
    assert_eq!(demo.daemons().unwrap(), 0, "daemons are left");
    let left = demo.directories().unwrap();
    assert!(left.is_empty(), "{left:?} are left");
}

#[test]
fn the_story_is_told_and_leaves_nothing_behind() {
    let lan = Lan::new().unwrap();
    let mut demo = Demo::start(&lan, &["--once"]).unwrap();
    let story = demo.running().lines_to("That was the story.").unwrap();
    assert!(demo.running().wait().unwrap().success());
    for words in [
        &["Grace accepted it", "are contacts"][..],
        &["Ada ", "has a new contact: Grace"],
        &["Grace ", "has a new contact: Ada"],
        &["found each other by DNS-SD"],
        &["Ada is on QQ"],
        &["Grace ", "sees Ada on qq"],
        &["Grace is on Sina Weibo"],
        &["Ada ", "sees Grace on sina-weibo"],
        &["Grace ", "gets \"Good evening! Is that you?\""],
        &["Grace ", "has lamp.png whole"],
        &["Ada sent a picture. Grace has it"],
        &["A server runs at 127.0.0.1:"],
        &["They part"],
        &["Ada ", "gets \"Home already?\""],
        &["Grace ", "gets \"Nearly."],
    ] {
        assert!(told(&story, words), "nothing of {words:?} in {story:#?}");
    }
    let read = story.iter().filter(|line| line.contains("it is sealed, delivered and read."));
    assert_eq!(read.count(), 3, "{story:#?}");
    let apart = story.iter().skip_while(|line| !line.contains("They part"));
    let (links, posted) = (["is linked with"], ["it went through the server, and was read."]);
    let many = |words: [&str; 1]| apart.clone().filter(|line| words.iter().all(|word| line.contains(word))).count();
    assert_eq!((many(links), many(posted)), (0, 2), "{story:#?}");
    assert_nothing_is_left(&demo);
}

#[test]
fn ctrl_c_in_the_middle_leaves_nothing_behind() {
    let lan = Lan::new().unwrap();
    let mut demo = Demo::start(&lan, &[]).unwrap();
    demo.running().lines_to("are contacts").unwrap();
    // So that it is known to be the middle, and that the end is looked at where something was.
    assert_eq!(demo.daemons().unwrap(), 2);
    let directories = demo.directories().unwrap();
    assert_eq!(directories.len(), 2);
    assert!(directories.iter().all(|directory| is_the_demos(directory)), "{directories:?}");
    demo.running().signal("INT").unwrap();
    assert!(demo.running().wait().unwrap().success());
    assert_nothing_is_left(&demo);
}

fn is_the_demos(directory: &Path) -> bool {
    directory.file_name().is_some_and(|name| name.to_string_lossy().starts_with("lamplit-demo-"))
}

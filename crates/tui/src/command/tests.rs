use super::*;

#[test]
fn words_are_words_and_commands_begin_with_a_slash() {
    assert_eq!(read("good evening"), Typed::Words("good evening".to_owned()));
    assert_eq!(read("//usr/bin"), Typed::Words("/usr/bin".to_owned()));
    assert_eq!(read("/on qq "), Typed::Command(Command::On("qq".to_owned())));
    assert_eq!(read("/note"), Typed::Command(Command::Note(None)));
    assert_eq!(read("/NOTE likes  tea"), Typed::Command(Command::Note(Some("likes  tea".to_owned()))));
}

#[test]
fn a_file_is_sent_with_what_it_tells_or_without_and_taken_back_by_name_or_without() {
    let path = || "/tmp/moth.heic".to_owned();
    let sent = |keep_metadata| Typed::Command(Command::Send { path: path(), keep_metadata });
    assert_eq!(read("/send /tmp/moth.heic"), sent(false));
    assert_eq!(read("/send-as-is /tmp/moth.heic"), sent(true));
    assert_eq!(read("/take-back"), Typed::Command(Command::TakeBack(None)));
    assert_eq!(read("/take-back a moth.jpg "), Typed::Command(Command::TakeBack(Some("a moth.jpg".to_owned()))));
}

#[test]
fn a_link_may_come_in_rows() {
    assert_eq!(
        read("/accept lamplit:invite/ab\ncd ef"),
        Typed::Command(Command::Accept("lamplit:invite/abcdef".to_owned()))
    );
}

#[test]
fn what_is_no_command_says_what_to_do() {
    assert_eq!(read("/home/ada"), Typed::Wrong("There is no command /home/ada. To say it, begin with //".to_owned()));
    assert_eq!(read("/on"), Typed::Wrong("/on APP: let contacts see that you are on an app".to_owned()));
}

#[test]
fn every_command_that_is_offered_is_one() {
    for Known { name, .. } in ALL {
        assert!(matches!(read(&format!("/{name} something")), Typed::Command(_)), "{name}");
    }
}

#[test]
fn hints_get_fewer_as_more_is_typed() {
    let names = |line| hints(line).into_iter().map(|known| known.name).collect::<Vec<_>>();
    assert_eq!(names("/").len(), ALL.len());
    assert_eq!(names("/n"), ["note", "name"]);
    assert_eq!(names("/note tea"), ["note"]);
    // Who means to send sees how to send a picture as it is.
    assert_eq!(names("/send"), ["send", "send-as-is"]);
    assert_eq!(names("/send /tmp"), ["send"]);
    assert_eq!(names("words"), Vec::<&str>::new());
    assert_eq!(names("//"), Vec::<&str>::new());
}

#[test]
fn every_command_in_the_readme_is_one() {
    let readme = include_str!("../../../../README.md");
    let typed: Vec<&str> = readme.split('`').skip(1).step_by(2).filter(|text| text.starts_with('/')).collect();
    assert!(typed.len() > 3, "{typed:?}");
    for text in typed.into_iter().filter(|text| text.len() > 1) {
        let name = text.split(' ').next().unwrap_or_default();
        assert!(ALL.iter().any(|known| name == format!("/{}", known.name)), "{text}");
    }
}

use super::*;

const ALL: [Hearing; 6] =
    [Hearing::Off, Hearing::NoNetwork, Hearing::Blocked, Hearing::Untested, Hearing::Alone, Hearing::Others];

#[test]
fn where_devices_do_not_find_each_other_it_is_told_what_to_do() {
    for hearing in ALL {
        let is_known_and_well = matches!(hearing, Hearing::Untested | Hearing::Others);
        let told = whole(hearing, COMMANDS);
        assert!(told.starts_with(sentence(hearing)), "{told}");
        for way in ["`lamplit dial CONTACT ADDRESS`", "`lamplit invite`"] {
            assert_eq!(told.contains(way), !is_known_and_well, "{told}");
        }
        let doctor = matches!(hearing, Hearing::NoNetwork | Hearing::Blocked | Hearing::Alone);
        assert_eq!(told.contains("`lamplit doctor`"), doctor, "{told}");
        assert!(!whole(hearing, KEYS).contains("lamplit dial"), "the view has a command of its own for that");
    }
}

#[test]
fn the_few_words_fit_the_narrowest_pane_and_differ() {
    let mut words: Vec<&str> = ALL.map(briefly).into();
    assert!(words.iter().all(|words| words.len() <= 24), "{words:?}");
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), ALL.len());
}

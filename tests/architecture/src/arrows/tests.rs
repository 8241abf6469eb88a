use super::*;
use crate::{Member, Need};

const TABLE: &[(&str, &[&str])] = &[("lamplit-low", &[]), ("lamplit-high", &["lamplit-low"])];

#[test]
fn the_house_as_drawn_is_right() {
    let house = drawn();
    assert_eq!(arrows(&house, TABLE), Vec::<String>::new());
    assert_eq!(folders(&house), Vec::<String>::new());
}

#[test]
fn an_arrow_that_is_not_drawn_is_found() {
    let mut house = drawn();
    house.members[0].needs.push(need("lamplit-high", Kind::Program));
    assert_eq!(arrows(&house, TABLE), ["lamplit-low needs lamplit-high, which the table of arrows doesn't allow"]);
}

#[test]
fn an_arrow_that_is_only_drawn_is_found() {
    let mut house = drawn();
    house.members[1].needs.clear();
    assert_eq!(
        arrows(&house, TABLE),
        ["lamplit-high doesn't need lamplit-low, which the table of arrows says it does"]
    );
}

#[test]
fn a_crate_that_is_not_drawn_is_found() {
    let mut house = drawn();
    house.members.push(member("lamplit-new", "crates/new", &[]));
    assert_eq!(arrows(&house, TABLE), ["lamplit-new is not in the table of arrows: say what it may need"]);
}

#[test]
fn a_crate_that_is_only_drawn_is_found() {
    let mut house = drawn();
    house.members.remove(1);
    assert_eq!(arrows(&house, TABLE), ["lamplit-high is in the table of arrows and not in the workspace: take it out"]);
}

#[test]
fn tests_may_need_a_sibling_but_nothing_above() {
    let mut house = drawn();
    house.members.push(member("lamplit-side", "crates/side", &[]));
    let table = &[TABLE, &[("lamplit-side", &[])]].concat();
    house.members[0].needs.push(need("lamplit-side", Kind::Tests));
    assert_eq!(arrows(&house, table), Vec::<String>::new());

    house.members[0].needs.push(need("lamplit-high", Kind::Tests));
    assert_eq!(arrows(&house, table), ["the tests of lamplit-low need lamplit-high, which is above it"]);
}

#[test]
fn nothing_needs_a_test_package() {
    let mut house = drawn();
    house.members[0].needs.push(need("lamplit-crowd", Kind::Tests));
    let wrong = arrows(&house, TABLE);
    assert!(wrong.contains(&"lamplit-low needs lamplit-crowd, but nothing may need a package under tests/".into()));
}

#[test]
fn a_folder_of_another_name_is_found() {
    for (name, folder) in [("lamplit-a", "crates/b"), ("a", "crates/a"), ("lamplit-a", "a"), ("lamplit-a-x", "tests/a")]
    {
        let house = House { members: vec![member(name, folder, &[])] };
        assert_eq!(folders(&house), [format!("the folder {folder} can't hold a package named {name}")]);
    }
}

fn drawn() -> House {
    House {
        members: vec![
            member("lamplit-low", "crates/low", &[]),
            member("lamplit-high", "crates/high", &["lamplit-low"]),
            member("lamplit-crowd", "tests/crowd", &["lamplit-high", "lamplit-low"]),
        ],
    }
}

fn member(name: &str, folder: &str, needs: &[&str]) -> Member {
    let needs = needs.iter().map(|name| need(name, Kind::Program)).collect();
    Member { name: name.into(), folder: folder.into(), needs }
}

fn need(name: &str, kind: Kind) -> Need {
    Need { name: name.into(), kind, versions: "*".into(), local: true }
}

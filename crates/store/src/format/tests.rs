#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_table_is_documented_and_nothing_else() {
    let page = include_str!("../../../../docs/storage.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let documented: BTreeSet<&str> = rows.map(|(name, _)| name).filter(|name| name.contains('/')).collect();
    let names = Table::ALL.map(name);
    let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(documented, names);
}

#[test]
fn every_table_has_a_place_of_its_own() {
    let places: BTreeSet<usize> = Table::ALL.iter().map(|table| *table as usize).collect();
    assert_eq!(places, (0..Table::ALL.len()).collect());
}

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

fn meaning(wanted: &str) -> Result<usize, String> {
    let all = ["Ann", "Anna", "Bob", "Bobby", "bobby"];
    meant(all.into_iter().enumerate().map(|(at, name)| (name, at)), wanted)
}

#[test]
fn a_whole_name_goes_before_the_beginning_of_another() {
    assert_eq!(meaning("ann"), Ok(0));
    assert_eq!(meaning("anna"), Ok(1));
    assert_eq!(meaning("Bob"), Ok(2));
}

#[test]
fn nobody_is_meant_by_what_fits_several_or_none() {
    assert!(meaning("bobby").unwrap_err().contains("Several"));
    assert!(meaning("bo").unwrap_err().contains("Several"));
    assert!(meaning("zoe").unwrap_err().contains("Nobody"));
}

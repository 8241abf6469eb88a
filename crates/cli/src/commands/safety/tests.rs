use super::*;

const CODE: &str = "34122 99506 86082 35485 55040 51611 94002 41381 52502 86878 97684 30247";

fn asked() -> Safety {
    Safety { contact: "Grace".to_owned(), same: false, not_same: false, forget: false, check: Vec::new(), no_qr: false }
}

#[test]
fn a_code_stands_in_three_rows_of_four_groups() {
    assert_eq!(rows(CODE), "34122 99506 86082 35485\n55040 51611 94002 41381\n52502 86878 97684 30247");
}

#[test]
fn what_is_said_of_it_is_said_of_the_code_here_and_what_is_checked_is_the_others() {
    let here = |compared| Some((CODE.to_owned(), compared));
    assert_eq!(given(&asked(), CODE), None);
    assert_eq!(given(&Safety { same: true, ..asked() }, CODE), here(Compared::Same));
    assert_eq!(given(&Safety { not_same: true, ..asked() }, CODE), here(Compared::Different));
    assert_eq!(given(&Safety { forget: true, ..asked() }, CODE), here(Compared::NotYet));
    let check = ["11111", "22222"].map(str::to_owned).to_vec();
    let theirs = Some(("11111 22222".to_owned(), Compared::Same));
    assert_eq!(given(&Safety { check, ..asked() }, CODE), theirs);
}

#[test]
fn whoever_finds_that_codes_differ_is_told_what_that_means_and_what_to_do() {
    let told = danger("Grace");
    assert!(told.starts_with("THE CODES DIFFER"), "{told}");
    for what in ["may not be Grace", "Look again", "lamplit remove 'Grace'", "from hand to hand"] {
        assert!(told.contains(what), "{what}: {told}");
    }
}

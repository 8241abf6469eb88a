use super::*;

/// What is said of so many mebibytes.
fn said(here: u64, coming: u64, limit: u64, free: Option<u64>) -> String {
    let space =
        FileSpace { here: here << 20, coming: coming << 20, limit: limit << 20, free: free.map(|free| free << 20) };
    describe(Output::new(true), &space)
}

#[test]
fn what_files_take_is_told_in_a_few_lines() {
    assert_eq!(
        said(0, 0, 64 << 10, Some(3 << 10)),
        "files  0 B here\nlimit  64.0 GiB, 64.0 GiB left\nfree   3.0 GiB on the disk"
    );
    let told = said(3, 2, 20, None);
    assert_eq!(told, "files  3.0 MiB here, 2.0 MiB on their way\nlimit  20.0 MiB, 15.0 MiB left\nfree   not known");
}

#[test]
fn what_takes_all_and_more_is_told_so() {
    for (here, coming) in [(3, 1), (4, 0), (9, 0), (0, 9)] {
        assert!(said(here, coming, 4, None).contains("limit  4.0 MiB, all of it taken"));
    }
    assert!(said(3, 0, 4, None).contains("1.0 MiB left"));
}

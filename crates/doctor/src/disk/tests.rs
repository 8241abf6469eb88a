#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use super::*;

#[test]
fn a_directory_that_is_missing_is_said_and_one_that_is_there_stays_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    assert_eq!(attempt(&missing), [Finding::NoData { data: missing }]);
    let found = attempt(folder.path());
    assert!(matches!(found.as_slice(), [Finding::Disk { .. } | Finding::DiskLow { .. }]), "{found:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
}

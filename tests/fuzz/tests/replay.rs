//! Every file of every corpus through its target: what the fuzzer found once stays found.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use lamplit_fuzz::TARGETS;

/// Inputs of one corpus at least. Fewer would mean that it was lost on the way.
const FEWEST: usize = 8;

#[test]
fn every_corpus_is_replayed() {
    for (name, target) in TARGETS {
        let files = files(&corpora().join(name));
        assert!(files.len() >= FEWEST, "corpus/{name} has {} files: where are its seeds?", files.len());
        for file in files {
            let data = fs::read(&file).expect("a file of the corpus");
            if catch_unwind(AssertUnwindSafe(|| target(&data))).is_err() {
                panic!("{name} fails on {}", file.display());
            }
        }
    }
}

#[test]
fn every_corpus_has_a_target_and_every_target_a_program() {
    let names: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let corpora: BTreeSet<_> = files(&corpora()).iter().map(|path| stem(path)).collect();
    assert_eq!(corpora, names);
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("cargo-fuzz/fuzz_targets");
    let programs: BTreeSet<_> = files(&programs).iter().map(|path| stem(path)).collect();
    assert_eq!(programs, names);
}

fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("a name").to_string_lossy().into_owned()
}

//! Every file of every corpus through its target: what the fuzzer found once stays found.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
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

/// So that the fuzzer begins from what there is today, and not from a format of the past.
#[test]
fn every_vector_is_a_seed() {
    let folder = corpora().join("wire");
    let vectors = vectors();
    assert!(vectors.len() > 30, "golden.txt has {} vectors", vectors.len());
    for (name, bytes) in vectors {
        let words: Vec<String> = name.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
        let file = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_");
        assert!(
            fs::read(folder.join(&file)).is_ok_and(|seed| seed == bytes),
            "corpus/wire/{file} is not the vector {name}"
        );
    }
}

/// The vectors of the wire format: their names and bytes, as golden.txt explains.
fn vectors() -> BTreeMap<String, Vec<u8>> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/wire/src/golden.txt");
    let mut vectors: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut name = String::new();
    for line in fs::read_to_string(golden).expect("golden.txt").lines() {
        let bare = line.split('#').next().unwrap_or_default().trim_end();
        if bare.starts_with(' ') {
            let vector = vectors.get_mut(&name).expect("a name before its bytes");
            bare.split_whitespace().for_each(|token| vector.extend(bytes(token)));
        } else if !bare.is_empty() {
            bare.clone_into(&mut name);
            vectors.insert(name.clone(), Vec::new());
        }
    }
    vectors
}

fn bytes(token: &str) -> Vec<u8> {
    let (hex, times) = token.split_once('*').unwrap_or((token, "1"));
    let digit = |c: u8| u8::try_from(char::from(c).to_digit(16).expect("a hexadecimal digit")).expect("below 16");
    let one: Vec<u8> =
        hex.as_bytes().chunks(2).map(|pair| pair.iter().fold(0, |byte, c| byte << 4 | digit(*c))).collect();
    one.repeat(times.parse().expect("a number"))
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

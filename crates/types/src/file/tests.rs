#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;

use super::*;

#[test]
fn whatever_a_file_is_called_it_gets_a_name_that_can_be_used() {
    let table = [
        ("picture.jpg", "picture.jpg"),
        ("  Zoe\u{308}.txt ", "Zo\u{eb}.txt"),
        // Never out of the folder.
        ("../../x", "x"),
        ("..", "file"),
        ("../", "file"),
        ("/etc/passwd", "passwd"),
        ("C:\\Windows\\win.ini", "win.ini"),
        ("c:x", "c_x"),
        ("a/b/", "b"),
        // Never a device, hidden, or another thing on another system.
        ("CON", "_CON"),
        (". .a", "a"),
        ("a.\u{3000}.", "a"),
        ("e\u{202e}\u{301}", "\u{e9}"),
        ("con.txt", "_con.txt"),
        ("Com1 .tar.gz", "_Com1 .tar.gz"),
        ("console.txt", "console.txt"),
        (".bashrc", "bashrc"),
        ("...", "file"),
        ("name. . .", "name"),
        ("a*b?.txt", "a_b_.txt"),
        // Never something that looks like something else.
        ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
        ("a\nb\u{0}c\u{1b}[31m", "abc[31m"),
        ("\u{200d}\u{fe0f}", "file"),
        ("", "file"),
    ];
    for (input, expected) in table {
        assert_eq!(FileName::tamed(input).as_str(), expected, "{input:?}");
    }
}

#[test]
fn a_name_of_ten_thousand_characters_is_cut_before_its_ending() {
    let name = FileName::tamed(&format!("{}.jpeg", "\u{e4}".repeat(10_000)));
    assert!(name.as_str().ends_with("\u{e4}.jpeg"));
    assert!(
        (limits::FILE_NAME_BYTES - 1..=limits::FILE_NAME_BYTES).contains(&name.as_str().len()),
        "{}",
        name.as_str().len()
    );
    let long_ending = FileName::tamed(&format!("a.{}", "b".repeat(10_000)));
    assert_eq!(long_ending.as_str().len(), limits::FILE_NAME_BYTES);
}

#[test]
fn a_taken_name_gets_a_number_before_its_ending() {
    let table = [("picture.jpg", "picture (2).jpg"), ("notes", "notes (2)"), ("a.tar.gz", "a.tar (2).gz")];
    for (input, expected) in table {
        assert_eq!(FileName::tamed(input).numbered(2).as_str(), expected);
    }
    let long = FileName::tamed(&format!("{}.jpg", "a".repeat(1000))).numbered(4_000_000_000);
    assert!(long.as_str().len() <= limits::FILE_NAME_BYTES && long.as_str().ends_with(" (4000000000).jpg"));
}

#[test]
fn a_file_has_a_largest_size() {
    assert_eq!(FileSize::new(limits::FILE_BYTES).unwrap().bytes(), limits::FILE_BYTES);
    assert_eq!(FileSize::new(limits::FILE_BYTES + 1), Err(FileSizeError { found: limits::FILE_BYTES + 1 }));
    let written = postcard::to_allocvec(&(limits::FILE_BYTES + 1)).unwrap();
    assert!(postcard::from_bytes::<FileSize>(&written).is_err());
}

#[test]
fn a_limit_for_files_has_bounds_of_its_own() {
    assert_eq!(FileLimit::default().bytes(), limits::FILES_BYTES);
    for bytes in [limits::FILES_BYTES_LEAST, limits::FILES_BYTES, limits::FILES_BYTES_MOST] {
        let limit = FileLimit::new(bytes).unwrap();
        assert_eq!(postcard::from_bytes(&postcard::to_allocvec(&limit).unwrap()), Ok(limit));
    }
    for found in [0, limits::FILES_BYTES_LEAST - 1, limits::FILES_BYTES_MOST + 1, u64::MAX] {
        assert_eq!(FileLimit::new(found), Err(FileLimitError { found }));
        assert!(postcard::from_bytes::<FileLimit>(&postcard::to_allocvec(&found).unwrap()).is_err());
    }
    let told = FileLimitError { found: 1_000 }.to_string();
    assert_eq!(told, "1000 B is no limit for files: it may be 1.0 MiB to 16.0 TiB");
}

proptest! {
    #[test]
    fn every_name_is_one_component_and_stays_as_it_is(text in "\\PC{0,300}|[./\\\\ a-c:]{0,20}|[.a<e \u{300}\u{338}\u{3000}\u{202e}]{0,12}|.{0,40}") {
        let name = FileName::tamed(&text);
        let path = std::path::Path::new(name.as_str());
        prop_assert_eq!(path.components().count(), 1);
        prop_assert!(matches!(path.components().next(), Some(std::path::Component::Normal(_))));
        prop_assert!(!name.as_str().starts_with('.'));
        prop_assert!((1..=limits::FILE_NAME_BYTES).contains(&name.as_str().len()));
        let read: FileName = postcard::from_bytes(&postcard::to_allocvec(&text).unwrap()).unwrap();
        prop_assert_eq!(&read, &name);
        prop_assert_eq!(FileName::tamed(name.as_str()), name);
    }
}

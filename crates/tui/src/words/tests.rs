use super::*;

#[test]
fn a_file_is_told_with_where_it_is() {
    let state = FileState::Here { path: "/tmp/moth.jpg".to_owned() };
    let picture = Some((640, 480));
    let moth = File {
        id: String::new(),
        name: "moth.jpg".to_owned(),
        size: 2048,
        picture,
        state,
        fetched_by: Vec::new(),
        declined_by: Vec::new(),
    };
    assert_eq!(file(&moth, "as promised"), "[moth.jpg] 2.0 KiB, 640 × 480\nhere: /tmp/moth.jpg\nas promised");
}

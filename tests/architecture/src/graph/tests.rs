use super::*;

const TREE: &str = "\
0|top v1.0.0 (/somewhere)|MIT
1|left v0.1.0|MIT OR Apache-2.0
2|shared v2.0.0|MIT
3|deep v1.0.0|ISC
1|right v0.1.0 (proc-macro)|
2|shared v2.0.0|MIT (*)

0|other v1.0.0|MIT
1|deep v2.0.0|ISC
";

#[test]
fn ways_are_found_through_shared_packages() {
    let graph = Graph::parse(TREE).unwrap();
    assert_eq!(graph.way("top", "deep", &[]).unwrap(), ["top v1.0.0", "left v0.1.0", "shared v2.0.0", "deep v1.0.0"]);
    assert_eq!(graph.way("right", "deep", &[]).unwrap(), ["right v0.1.0", "shared v2.0.0", "deep v1.0.0"]);
    assert_eq!(graph.way("other", "shared", &[]), None);
    assert_eq!(graph.way("nobody", "shared", &[]), None);
}

#[test]
fn a_cut_arrow_is_not_taken_but_another_way_is() {
    let graph = Graph::parse(TREE).unwrap();
    assert_eq!(graph.way("top", "deep", &[("shared", "deep")]), None);
    let around = graph.way("top", "deep", &[("left", "shared")]).unwrap();
    assert_eq!(around, ["top v1.0.0", "right v0.1.0", "shared v2.0.0", "deep v1.0.0"]);
}

#[test]
fn licences_and_users_are_read() {
    let graph = Graph::parse(TREE).unwrap();
    let licences: Vec<_> = graph.licences().collect();
    assert!(licences.contains(&("left v0.1.0", "MIT OR Apache-2.0")));
    assert!(licences.contains(&("shared v2.0.0", "MIT")));
    assert!(licences.contains(&("right v0.1.0", "")));
    assert_eq!(graph.users("deep"), ["other v1.0.0", "shared v2.0.0"]);
    assert_eq!(graph.users("top"), Vec::<&str>::new());
}

#[test]
fn another_format_is_refused() {
    assert!(Graph::parse("top v1.0.0").is_err());
    assert!(Graph::parse("x|top v1.0.0|MIT").is_err());
}

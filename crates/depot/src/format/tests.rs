#[test]
fn the_tables_are_documented() {
    let page = include_str!("../../../../docs/storage.md");
    let (_, section) = page.split_once("## The server's store").expect("a section");
    for table in ["log", "rows", "format"] {
        assert!(section.contains(&format!("| `{table}` |")), "{table}");
    }
}

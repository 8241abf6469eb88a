use super::*;

#[test]
fn columns_line_up_by_cells_not_by_letters() {
    let rows = [
        vec!["NAME".into(), "ON".into()],
        vec!["小明".into(), "qq".into()],
        vec![Cell::new("Ada", |text| format!("<{text}>")), "".into()],
    ];
    assert_eq!(lines(&rows), ["NAME  ON", "小明  qq", "<Ada>"]);
}

use super::*;
use crate::command;

#[test]
fn who_is_refused_a_picture_is_told_first_how_it_is_sent_as_it_is() {
    let said = |code| reason(&Error::new(code, "moth.heic: it can be sent as it is"));
    let told = said(ErrorCode::BadPicture);
    assert!(told.ends_with("moth.heic: it can be sent as it is"), "{told}");
    let first = told.split(' ').next().unwrap_or_default();
    assert!(command::ALL.iter().any(|known| first == format!("/{}", known.name)), "{told}");
    assert_eq!(said(ErrorCode::BadFile), "moth.heic: it can be sent as it is");
}

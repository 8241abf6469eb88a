use lamplit_rpc::Error;

use super::*;

fn said(code: ErrorCode) -> String {
    refused(CallError::Refused(Error::new(code, "a.heic: it can be sent as it is"))).message()
}

#[test]
fn of_a_picture_that_may_tell_too_much_it_is_said_how_to_send_it_all_the_same() {
    assert_eq!(said(ErrorCode::BadPicture), "a.heic: it can be sent as it is: then send it with --keep-metadata");
    for other in [ErrorCode::BadFile, ErrorCode::Full, ErrorCode::Storage] {
        assert_eq!(said(other), "a.heic: it can be sent as it is");
    }
}

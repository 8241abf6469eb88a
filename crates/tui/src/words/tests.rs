use super::*;
use crate::state::tests::file_message;

#[test]
fn a_file_is_told_with_where_it_is() {
    let here = FileState::Here { path: "/tmp/moth.jpg".to_owned() };
    let came = file_message(1, false, here.clone(), "as promised");
    assert_eq!(told(&came, None).as_deref(), Some("[moth.jpg] 2.0 KiB, 640 × 480\nhere: /tmp/moth.jpg\nas promised"));
    // Whoever sent it knows where it is.
    let sent = file_message(2, true, here, "");
    assert_eq!(told(&sent, None).as_deref(), Some("[moth.jpg] 2.0 KiB, 640 × 480\noffered"));
    let comes = file_message(3, false, FileState::Wanted, "");
    let mut under_way = transfer(512);
    assert!(told(&comes, Some(&under_way)).is_some_and(|told| told.ends_with("\n━━━━──────────── 25 %")));
    under_way.trouble = Some("the disk is full".to_owned());
    assert!(told(&comes, Some(&under_way)).is_some_and(|told| told.ends_with("\nthe disk is full")));
}

fn told(message: &Message, under_way: Option<&Transfer>) -> Option<String> {
    message.file.as_ref().map(|it| file(message, it, under_way))
}

fn transfer(done: u64) -> Transfer {
    use lamplit_rpc::api::TransferKind;
    Transfer { file: "f3".to_owned(), kind: TransferKind::Fetching, done, total: 2048, trouble: None }
}

#[test]
fn a_bar_is_never_longer_than_itself() {
    for done in [0, 1, 2047, 2048, u64::MAX] {
        assert_eq!(bar(&transfer(done)).chars().filter(|c| matches!(c, '━' | '─')).count(), BAR);
    }
    assert_eq!(percent(0, 0), 100);
}

#[test]
fn ticks_in_a_group_count_its_members() {
    let shown = |delivered, read| ticks_of(&Reach { members: 3, delivered, read });
    assert_eq!([shown(0, 0), shown(2, 0), shown(3, 0), shown(3, 1), shown(3, 3)], ["·", "2✓", "✓", "1✓✓", "✓✓"]);
}

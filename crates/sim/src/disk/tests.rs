use super::*;

fn dice() -> Dice {
    Dice::new(1, 0)
}

#[test]
fn what_was_synced_survives() {
    let disk = Disk::default();
    disk.set_len(1024).unwrap();
    disk.write(0, &[7; 1024]).unwrap();
    disk.sync_data().unwrap();
    let (after, lost) = disk.power_cut(&mut dice());
    assert!(!lost);
    assert_eq!(after.synced(), vec![7; 1024]);
}

#[test]
fn what_was_not_synced_may_be_lost_in_whole_or_in_part() {
    let mut dice = dice();
    let mut kept = std::collections::BTreeSet::new();
    for _ in 0..100 {
        let disk = Disk::of(vec![0; 2048]);
        disk.write(0, &[7; 2048]).unwrap();
        let (after, _) = disk.power_cut(&mut dice);
        kept.insert(after.synced().iter().filter(|byte| **byte == 7).count());
    }
    assert_eq!(kept.into_iter().collect::<Vec<_>>(), [0, 512, 1024, 1536, 2048]);
}

#[test]
fn a_planned_trouble_comes_and_goes() {
    let disk = Disk::of(vec![0; 16]);
    disk.plan(Trouble { after: 1, times: 2, full: true });
    disk.write(0, &[1]).unwrap();
    assert_eq!(disk.write(0, &[2]).unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!(disk.sync_data().unwrap_err().kind(), io::ErrorKind::StorageFull);
    disk.sync_data().unwrap();
    assert_eq!(disk.synced().first(), Some(&1));
}

#[test]
fn after_a_power_cut_nothing_works() {
    let disk = Disk::of(vec![0; 16]);
    disk.plan(Trouble { after: 0, times: 0, full: false });
    for _ in 0..5 {
        assert!(disk.write(0, &[1]).is_err());
    }
}

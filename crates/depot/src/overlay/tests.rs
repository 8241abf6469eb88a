#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use super::*;

#[test]
fn it_reads_as_a_file_that_was_written_to_and_the_file_stays() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("file");
    let before: Vec<u8> = (0..10_000_u32).map(|at| at as u8 | 1).collect();
    std::fs::write(&path, &before).unwrap();
    let overlay = Overlay::new(File::open(&path).unwrap()).unwrap();
    let mut model = before.clone();
    let same = |model: &[u8]| {
        assert_eq!(overlay.len().unwrap(), model.len() as u64);
        for (start, end) in [(0, model.len()), (1, 1), (4_095, 4_097), (model.len() - 9, model.len()), (4_096, 8_192)] {
            let mut read = vec![0; end - start];
            overlay.read(start as u64, &mut read).unwrap();
            assert!(read == model[start..end], "{start}..{end} of {}", model.len());
        }
        assert!(overlay.read(model.len() as u64, &mut [0]).is_err());
        assert!(overlay.write(model.len() as u64, &[0]).is_err());
    };
    same(&model);
    // Within a page, over a boundary, over all of one, at the end of the file.
    for (at, many) in [(10, 20), (4_090, 12), (4_000, 5_000), (9_990, 10)] {
        overlay.write(at as u64, &vec![2; many]).unwrap();
        model[at..at + many].fill(2);
        same(&model);
    }
    // What was cut off does not come back.
    for len in [20_000, 9_000, 8_192, 15_000] {
        overlay.set_len(len as u64).unwrap();
        model.resize(len, 0);
        same(&model);
    }
    overlay.write(14_000, &[2; 1_000]).unwrap();
    model[14_000..].fill(2);
    same(&model);
    assert!(std::fs::read(&path).unwrap() == before);
}

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use proptest::prelude::*;
use redb::backends::InMemoryBackend;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Len(usize),
    Write(usize, Vec<u8>),
    Read(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let place = 0..20_000_usize;
    prop_oneof![
        place.clone().prop_map(Step::Len),
        (place.clone(), prop::collection::vec(any::<u8>(), 0..9000)).prop_map(|(at, data)| Step::Write(at, data)),
        (place.clone(), place).prop_map(|(at, len)| Step::Read(at, len)),
    ]
}

proptest! {
    #[test]
    fn an_overlay_is_like_the_bytes_themselves(
        base in prop::collection::vec(any::<u8>(), 1..15_000),
        steps in prop::collection::vec(step(), 0..20),
    ) {
        let below = Arc::new(InMemoryBackend::new());
        below.set_len(base.len() as u64).unwrap();
        below.write(0, &base).unwrap();
        let overlay = Overlay::new(below.clone()).unwrap();
        let mut model = base.clone();
        for step in steps.into_iter().chain([Step::Read(0, 0)]) {
            match step {
                Step::Len(len) => {
                    overlay.set_len(len as u64).unwrap();
                    model.resize(len, 0);
                }
                Step::Write(at, data) => {
                    let fits = at + data.len() <= model.len();
                    prop_assert_eq!(overlay.write(at as u64, &data).is_ok(), fits);
                    if fits {
                        model[at..at + data.len()].copy_from_slice(&data);
                    }
                }
                Step::Read(at, len) => {
                    let mut out = vec![1; len];
                    let read = overlay.read(at as u64, &mut out).ok().map(|()| out.as_slice());
                    prop_assert_eq!(read, model.get(at..at + len));
                }
            }
            prop_assert_eq!(overlay.len().unwrap(), model.len() as u64);
        }
        let mut all = vec![1; model.len()];
        overlay.read(0, &mut all).unwrap();
        prop_assert_eq!(all, model);
        let mut untouched = vec![0; base.len()];
        below.read(0, &mut untouched).unwrap();
        prop_assert_eq!(untouched, base);
    }
}

use super::*;

fn account(byte: u8) -> Partition {
    Partition::Account(AccountId::from_bytes([byte; 16]))
}

fn of_number(text: &str) -> Partition {
    Partition::Number(PhoneNumber::parse(text).unwrap())
}

#[test]
fn keys_come_apart_into_what_they_were_made_of() {
    for key in [b"".as_slice(), b"\x00", b"\x01", &[0xff; 30]] {
        assert_eq!(split(&row(&account(7), key)), Some((account(7), Held::Row(key))));
    }
    assert_eq!(split(&number(&account(7))), Some((account(7), Held::Number)));
    let phone = of_number("+8613800138000");
    assert_eq!(split(&row(&phone, b"H")), Some((phone, Held::Row(b"H"))));
    assert_eq!(split(&number(&phone)), Some((phone, Held::Number)));
}

#[test]
fn what_this_version_made_not_does_not_come_apart() {
    let whole = number(&account(7));
    for length in 0..whole.len() {
        assert_eq!(split(&whole[..length]), None);
    }
    assert_eq!(split(&[whole.as_slice(), b"more"].concat()), None);
    assert_eq!(split(&beyond(&account(7))), None);
    assert_eq!(split(&[&[3], &whole[1..]].concat()), None);
    // Eight bytes that are no telephone number.
    assert_eq!(split(&[[2, 0, 0, 0, 0, 0, 0, 0, 9].as_slice(), &[1], b"H"].concat()), None);
}

#[test]
fn partitions_lie_beside_each_other_in_order() {
    let keys = |byte| {
        let partition = account(byte);
        [number(&partition), row(&partition, b""), row(&partition, &[0xff; 9]), beyond(&partition)]
    };
    let of_numbers = ["+79161234567", "+8613800138000", "+8613800138001"].map(of_number);
    let of_numbers = of_numbers.map(|partition| [number(&partition), row(&partition, &[0xff; 9]), beyond(&partition)]);
    let all: Vec<_> = [0, 1, 0xfe, 0xff].into_iter().flat_map(keys).chain(of_numbers.into_iter().flatten()).collect();
    assert!(all.is_sorted_by(|one, other| one < other));
}

#[test]
fn a_prefix_ends_before_what_does_not_begin_with_it() {
    for prefix in [b"".as_slice(), b"a", b"\x00", b"a\xff", b"\xff\xff"] {
        let end = beyond_prefix(&account(7), prefix);
        for key in [prefix.to_vec(), [prefix, &[0xff; 4]].concat()] {
            assert!(row(&account(7), &key) < end, "{prefix:?}");
        }
        assert!(end <= beyond(&account(7)), "{prefix:?}");
    }
    assert!(row(&account(7), b"b") >= beyond_prefix(&account(7), b"a"));
    assert!(row(&account(7), b"b") >= beyond_prefix(&account(7), b"a\xff"));
}

use chacha20::{ChaCha20Rng, rand_core::SeedableRng};

use super::*;

#[test]
fn a_mark_is_of_one_device_addressee_life_and_number() {
    let mut rng = ChaCha20Rng::from_seed([5; 32]);
    let (device, other) = (DeviceKeys::generate(&mut rng), DeviceKeys::generate(&mut rng));
    let (to, life) = (other.id(), Incarnation(3));
    let mark = device.mark(&to, life, 9, [7; 8]);
    assert!(device.is_mark(&to, life, 9, &mark));
    assert!(!other.is_mark(&to, life, 9, &mark), "another device's");
    assert!(!device.is_mark(&device.id(), life, 9, &mark), "for another device");
    assert!(!device.is_mark(&to, Incarnation(4), 9, &mark), "in another life");
    assert!(!device.is_mark(&to, life, 10, &mark), "of another number");
    assert_ne!(mark, device.mark(&to, life, 9, [8; 8]), "of another message with that number");
}

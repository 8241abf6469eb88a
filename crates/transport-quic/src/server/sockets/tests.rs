use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn what_a_look_at_the_network_means() {
    let pulse = Pulse::now();
    let seen = |after: Duration, addresses: &[[u8; 4]]| {
        let addresses = addresses.iter().map(|ip| IpAddr::from(*ip)).collect();
        Seen { pulse: pulse.after(after), addresses }
    };
    let home = [[127, 0, 0, 1], [192, 0, 2, 1]];
    let abroad = [[127, 0, 0, 1], [198, 51, 100, 1]];
    let look = |now| seen(Duration::ZERO, &home).look(now);
    assert_eq!(look(seen(2 * SECOND, &home)), Change::None);
    assert_eq!(look(seen(2 * SECOND, &abroad)), Change::Moved);
    assert_eq!(look(seen(2 * SECOND, &home[..1])), Change::Moved, "the servers are told when there is a way again");
    assert_eq!(look(seen(30 * SECOND, &abroad)), Change::Moved, "the servers still wait");
    assert_eq!(look(seen(62 * SECOND, &home)), Change::Slept);
    assert_eq!(look(seen(62 * SECOND, &abroad)), Change::Slept);
}

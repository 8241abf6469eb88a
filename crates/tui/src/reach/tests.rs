use super::*;

fn told(addresses: &[&str]) -> String {
    from_elsewhere(addresses.iter().map(|address| (*address).to_owned()).collect()).join(", ")
}

#[test]
fn what_leads_back_to_oneself_is_not_handed_to_others() {
    let all = ["192.0.2.2:37106", "[fd00::2]:37106", "127.0.0.1:37106", "[::1]:37106", "[::ffff:127.0.0.1]:37106"];
    assert_eq!(told(&all), "192.0.2.2:37106, [fd00::2]:37106");
    assert_eq!(told(&["[fe80::1%2]:37106", "127.1.2.3:37106"]), "[fe80::1%2]:37106");
    assert_eq!(told(&["over the hills", "127.0.0.1:37106"]), "over the hills", "what cannot be read is told as it is");
}

#[test]
fn where_there_is_nothing_else_loopback_is_told() {
    assert_eq!(told(&["127.0.0.1:37106", "[::1]:37106"]), "127.0.0.1:37106, [::1]:37106");
    assert_eq!(told(&[]), "");
}

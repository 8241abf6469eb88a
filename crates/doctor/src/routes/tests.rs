use super::*;

#[test]
fn routes_that_take_all_are_found() {
    let table = "\
Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
tun0	00000000	0100000A	0003	0	0	0	00000080	0	0	0
eth0	00000000	010200C0	0003	0	0	0	00000000	0	0	0
wg1	00000080	00000000	0001	0	0	0	00000080	0	0	0
eth0	000200C0	00000000	0001	0	0	0	00FFFFFF	0	0	0";
    assert_eq!(default_routes(table).collect::<Vec<_>>(), ["tun0", "eth0", "wg1"]);
    assert_eq!(default_routes("").count(), 0);
}

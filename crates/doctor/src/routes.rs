use std::fs;

use crate::Finding;
use crate::interfaces::flags;

/// The flag of an interface that leads to one other end (`IFF_POINTOPOINT` of netdevice(7)).
const POINT_TO_POINT: u32 = 0x10;
/// Default routes, and the halves that tunnels put before them: destination and mask as /proc/net/route shows them.
const ALL: &[[&str; 2]] = &[["00000000", "00000000"], ["00000000", "00000080"], ["00000080", "00000080"]];

/// Whether a tunnel takes what goes to no network that this machine is on.
pub(crate) fn look() -> Vec<Finding> {
    let table = fs::read_to_string("/proc/net/route").unwrap_or_default();
    let mut tunnels: Vec<&str> = default_routes(&table).filter(|name| is_tunnel(name)).collect();
    tunnels.sort_unstable();
    tunnels.dedup();
    tunnels.into_iter().map(|name| Finding::TunnelTakesAll { interface: name.to_owned() }).collect()
}

/// The interfaces of routes that take all.
fn default_routes(table: &str) -> impl Iterator<Item = &str> {
    table.lines().skip(1).filter_map(|line| {
        let columns: Vec<_> = line.split_whitespace().collect();
        let [name, destination, _, _, _, _, _, mask, ..] = columns.as_slice() else { return None };
        ALL.contains(&[*destination, *mask]).then_some(*name)
    })
}

fn is_tunnel(name: &str) -> bool {
    flags(name).is_some_and(|flags| flags & POINT_TO_POINT != 0)
}

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    fs::File,
    net::IpAddr,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use tempfile::TempDir;

use crate::eventually;

/// Bytes before the first packet of a recording, and before each one in it, as libpcap writes them.
const FILE_HEADER: usize = 24;
const PACKET_HEADER: usize = 16;
/// What is kept until tcpdump takes it, in KiB: some seconds of all that goes over a bridge.
const BUFFER: &str = "262144";
/// How long the kernel may hold back what it has heard, and some more: tcpdump lets it gather packets for a second at the most.
const HELD_BACK: Duration = Duration::from_millis(1500);

/// Somebody who hears all that goes over a bridge, from a namespace of his own.
#[derive(Debug)]
pub struct Recorder {
    tcpdump: Child,
    folder: TempDir,
}

/// What was heard.
#[derive(Debug)]
pub struct Recording {
    /// Each frame as it was, from the Ethernet header on.
    pub frames: Vec<Vec<u8>>,
    /// What was heard of UDP.
    pub datagrams: Vec<Datagram>,
}

/// A UDP datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// When it was heard, in microseconds.
    pub at: u64,
    /// The card that sent it.
    pub mac: [u8; 6],
    /// Where from and where to.
    pub addresses: [IpAddr; 2],
    /// The ports there.
    pub ports: [u16; 2],
    /// What is in it.
    pub payload: Vec<u8>,
}

impl Recorder {
    pub(crate) fn start(bridge: &str) -> Result<Self> {
        let folder = TempDir::with_prefix("lamplit-e2e-")?;
        let file = folder.path().join("heard.pcap");
        let mut command = Command::new("ip");
        command.args(["netns", "exec", bridge, "tcpdump", "--interface", "br0", "--snapshot-length", "0"]);
        // None held back here; as root, since the file is root's.
        command.args(["--packet-buffered", "--buffer-size", BUFFER, "-Z", "root", "-w"]).arg(&file);
        let said = File::create(folder.path().join("said"))?;
        let tcpdump = command.stdin(Stdio::null()).stderr(said).spawn().context("tcpdump does not start")?;
        eventually("tcpdump shall listen", || Ok(file.metadata().is_ok_and(|file| file.len() > 0).then_some(())))?;
        Ok(Self { tcpdump, folder })
    }

    /// Ends, and gives what was heard.
    ///
    /// # Errors
    /// If it cannot be read, or something went by unheard: nothing can be said of a recording with gaps.
    pub fn stop(mut self) -> Result<Recording> {
        sleep(HELD_BACK);
        Command::new("kill").args(["-INT", &self.tcpdump.id().to_string()]).status()?;
        self.tcpdump.wait()?;
        check_whole(&std::fs::read_to_string(self.folder.path().join("said"))?)?;
        let frames = read(&self.folder.path().join("heard.pcap"))?;
        let datagrams = frames.iter().filter_map(|(at, frame)| datagram(*at, frame)).collect();
        Ok(Recording { frames: frames.into_iter().map(|(_, frame)| frame).collect(), datagrams })
    }
}

impl Recording {
    /// What went from one to the other of two that have these addresses, either way.
    pub fn between(&self, one: &BTreeSet<String>, other: &BTreeSet<String>) -> impl Iterator<Item = &Datagram> {
        self.datagrams.iter().filter(|datagram| {
            let [from, to] = datagram.addresses.map(|address| address.to_string());
            one.contains(&from) && other.contains(&to) || other.contains(&from) && one.contains(&to)
        })
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.tcpdump.kill();
        let _ = self.tcpdump.wait();
    }
}

/// Whether all was heard, by what tcpdump says at its end.
fn check_whole(said: &str) -> Result<()> {
    let dropped = said.lines().find_map(|line| {
        let (count, rest) = line.split_once(' ')?;
        rest.ends_with("dropped by kernel").then_some(count)
    });
    match dropped {
        Some("0") => Ok(()),
        Some(count) => bail!("tcpdump did not hear {count} packets: the recording has gaps"),
        None => bail!("tcpdump does not say how many packets it did not hear: {}", said.trim()),
    }
}

/// The packets of a file of libpcap, with their times.
fn read(file: &Path) -> Result<Vec<(u64, Vec<u8>)>> {
    let bytes = std::fs::read(file)?;
    let (header, mut rest) = bytes.split_at_checked(FILE_HEADER).context("a recording without a header")?;
    if !header.starts_with(&[0xd4, 0xc3, 0xb2, 0xa1]) {
        bail!("a recording that is not little-endian in microseconds");
    }
    let mut packets = Vec::new();
    while let Some((header, more)) = rest.split_at_checked(PACKET_HEADER) {
        let word = |at: usize| {
            let bytes = header.get(at..).and_then(<[u8]>::first_chunk::<4>);
            bytes.map(|bytes| u32::from_le_bytes(*bytes)).context("a packet without a header")
        };
        let at = u64::from(word(0)?) * 1_000_000 + u64::from(word(4)?);
        let (packet, more) = more.split_at_checked(word(8)? as usize).context("a packet that is cut off")?;
        packets.push((at, packet.to_vec()));
        rest = more;
    }
    Ok(packets)
}

fn datagram(at: u64, frame: &[u8]) -> Option<Datagram> {
    let packet = SlicedPacket::from_ethernet(frame).ok()?;
    let addresses = match packet.net.as_ref()? {
        NetSlice::Ipv4(ip) => [ip.header().source_addr().into(), ip.header().destination_addr().into()],
        NetSlice::Ipv6(ip) => [ip.header().source_addr().into(), ip.header().destination_addr().into()],
        NetSlice::Arp(_) => return None,
    };
    let TransportSlice::Udp(udp) = packet.transport.as_ref()? else { return None };
    let mac = frame.get(6..)?.first_chunk::<6>().copied()?;
    let ports = [udp.source_port(), udp.destination_port()];
    Some(Datagram { at, mac, addresses, ports, payload: udp.payload().to_vec() })
}

#[cfg(test)]
mod tests;

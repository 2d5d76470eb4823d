//! Captures for the rooms' tests: what lies in a file of libpcap, frame by frame.

/// How a file in the newer form (pcapng) begins.
const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const ENHANCED_PACKET: u32 = 6;

/// The packets of a file in the newer form.
fn enhanced(file: &[u8]) -> Vec<Vec<u8>> {
    let u32_at = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let (mut at, mut frames) = (0, Vec::new());
    while at + 12 <= file.len() {
        if u32_at(at) == ENHANCED_PACKET {
            let length = u32_at(at + 20) as usize;
            frames.push(file[at + 28..at + 28 + length].to_vec());
        }
        at += u32_at(at + 4) as usize;
    }
    frames
}

/// The frames of a capture whose link type is Ethernet.
pub(crate) fn ethernet(file: &[u8]) -> Vec<Vec<u8>> {
    let u32_at = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    if u32_at(0) == SECTION_HEADER {
        return enhanced(file);
    }
    assert_eq!(u32_at(0), 0xa1b2_c3d4, "a little-endian capture is expected");
    assert_eq!(u32_at(20), 1, "Ethernet is expected");
    let (mut at, mut frames) = (24, Vec::new());
    while at < file.len() {
        let length = u32_at(at + 8) as usize;
        frames.push(file[at + 16..at + 16 + length].to_vec());
        at += 16 + length;
    }
    frames
}

/// The payloads of the IPv4 packets of this protocol number, options left out.
pub(crate) fn ipv4(file: &[u8], protocol: u8) -> Vec<Vec<u8>> {
    let packet = |frame: Vec<u8>| {
        let packet = frame.get(14..)?;
        let is_ours = frame[12..14] == [8, 0] && packet[9] == protocol;
        let total = usize::from(u16::from_be_bytes([packet[2], packet[3]]));
        let header = usize::from(packet[0] & 15) * 4;
        // What was captured may have been cut short.
        is_ours.then(|| packet[header..total.min(packet.len())].to_vec())
    };
    ethernet(file).into_iter().filter_map(packet).collect()
}

/// The payloads of the UDP datagrams to or from this port.
pub(crate) fn udp(file: &[u8], port: u16) -> Vec<Vec<u8>> {
    let datagram = |bytes: Vec<u8>| {
        let is_ours = bytes[..4].chunks(2).any(|p| p == port.to_be_bytes());
        is_ours.then(|| bytes[8..].to_vec())
    };
    ipv4(file, 17).into_iter().filter_map(datagram).collect()
}

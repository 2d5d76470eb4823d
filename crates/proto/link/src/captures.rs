//! Captures for the rooms' tests: what lies in a file of libpcap, frame by frame.

/// The frames of a capture whose link type is Ethernet.
pub(crate) fn ethernet(file: &[u8]) -> Vec<Vec<u8>> {
    let u32_at = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
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
        is_ours.then(|| packet[header..total].to_vec())
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

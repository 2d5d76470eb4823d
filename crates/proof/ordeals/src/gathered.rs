//! Packets of a peer that are gathered for the kernel: every octet comes out again, and none is added.

use crate::input::Input;

/// A TCP segment over IPv4 of 20 + 20 octets of headers.
const HEADERS: usize = 40;

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let mut packets = Vec::new();
    while !input.is_empty() {
        let kind = input.byte();
        let piece = input.piece();
        packets.push(if kind & 3 == 0 { piece.to_vec() } else { segment(kind, piece) });
    }
    onhook_host::ordeals::gather(&packets);
}

/// A segment of one of two streams whose checksums are right: the others pass alone.
fn segment(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; HEADERS];
    packet.extend_from_slice(payload);
    let length = u16::try_from(packet.len()).unwrap_or(u16::MAX).to_be_bytes();
    packet[..12].copy_from_slice(&[0x45, 0, length[0], length[1], 0, kind, 0x40, 0, 64, 6, 0, 0]);
    packet[12..20].copy_from_slice(&[10, 99, 0, 1, 10, 99, 0, 2]);
    packet[20..24].copy_from_slice(&[0, 80, 0x9c, kind & 4]);
    packet[24..28].copy_from_slice(&(u32::from(kind >> 3) * 100).to_be_bytes());
    packet[32] = 0x50;
    packet[33] = if kind & 0x80 == 0 { 0x10 } else { 0x18 };
    let ip = checksum(&packet[..20], 0).to_be_bytes();
    packet[10..12].copy_from_slice(&ip);
    let pseudo: u32 = [0x0a63, 1, 0x0a63, 2, 6].iter().sum();
    let rest = u32::try_from(packet.len() - 20).unwrap_or(0);
    let tcp = checksum(&packet[20..], pseudo + rest).to_be_bytes();
    packet[36..38].copy_from_slice(&tcp);
    packet
}

/// RFC 1071.
pub(crate) fn checksum(octets: &[u8], start: u32) -> u16 {
    let words = octets.chunks(2).map(|w| u32::from(w[0]) << 8 | u32::from(*w.get(1).unwrap_or(&0)));
    let mut sum = words.fold(start, u32::wrapping_add);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}

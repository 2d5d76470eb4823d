//! Doors to the parsers inside, for the ordeals alone (feature `ordeals`).

use crate::net::coalesce::Coalescer;

/// Reads octets as a line of the record of changes.
pub fn journal_line(octets: &[u8]) {
    crate::journal::try_line(octets);
}

/// Gathers packets as for a TUN; every octet of payload must come out again, and nothing else.
pub fn gather(packets: &[Vec<u8>]) {
    let mut gathered = Coalescer::default();
    let (mut frames, mut octets) = (0_usize, 0_usize);
    let mut write = |_header: &[u8], packet: &[u8]| -> Result<(), ()> {
        frames += 1;
        octets += packet.len();
        assert!(packet.len() <= 65_535, "a packet of {} octets", packet.len());
        Ok(())
    };
    for packet in packets {
        gathered.push(packet, &mut write).unwrap_or_default();
    }
    gathered.flush(&mut write).unwrap_or_default();
    let whole: usize = packets.iter().map(Vec::len).sum();
    assert!(octets <= whole && frames <= packets.len(), "{octets} octets of {whole}");
    // Each gathered segment loses its headers of at most 40 + 60 + 60 octets, and nothing more.
    let lost = packets.len().saturating_sub(frames).saturating_mul(160);
    assert!(octets.saturating_add(lost) >= whole, "{octets} octets of {whole}");
}

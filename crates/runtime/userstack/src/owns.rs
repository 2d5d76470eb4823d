//! Whose packet is it: the stack's, or another's on the same connection?

/// The destination port of a TCP or UDP packet, or the source port of the packet that an ICMP error
/// tells of. Fragments other than the first have none.
pub(crate) fn destination_port(packet: &[u8]) -> Option<u16> {
    let (protocol, body) = payload(packet)?;
    let told_of = match (protocol, body.first()?) {
        (6 | 17, _) => return port_at(body, 2),
        // Destination unreachable, time exceeded, parameter problem (RFC 792); for IPv6 also packet
        // too big (RFC 4443 §3).
        (1, 3 | 11 | 12) | (58, 1..=4) => body.get(8..)?,
        _ => return None,
    };
    match payload(told_of)? {
        (6 | 17, body) => port_at(body, 0),
        _ => None,
    }
}

fn port_at(body: &[u8], at: usize) -> Option<u16> {
    let pair = body.get(at..at + 2)?;
    Some(u16::from_be_bytes(pair.try_into().ok()?))
}

/// Protocol and payload of an IP packet. IPv6 extension headers are not looked through: our own flows
/// use none, and nothing behind them is ours.
fn payload(packet: &[u8]) -> Option<(u8, &[u8])> {
    match packet.first()? >> 4 {
        4 => {
            let header = usize::from(packet.first()? & 0x0f) * 4;
            let offset = u16::from_be_bytes([*packet.get(6)?, *packet.get(7)?]) & 0x1fff;
            let body = packet.get(header..).filter(|_| header >= 20 && offset == 0)?;
            Some((*packet.get(9)?, body))
        }
        6 => Some((*packet.get(6)?, packet.get(40..)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(port: u16) -> Vec<u8> {
        let mut packet = vec![0; 40];
        packet[0] = 0x45;
        packet[9] = 6;
        packet[22..24].copy_from_slice(&port.to_be_bytes());
        packet
    }

    #[test]
    fn tcp_and_udp_are_told_by_their_destination_port() {
        assert_eq!(destination_port(&tcp(50_000)), Some(50_000));
        let mut six = vec![0; 48];
        six[0] = 0x60;
        six[6] = 17;
        six[42..44].copy_from_slice(&50_001_u16.to_be_bytes());
        assert_eq!(destination_port(&six), Some(50_001));
    }

    #[test]
    fn an_icmp_error_is_told_by_the_port_that_sent_what_failed() {
        let mut failed = tcp(443);
        failed[20..22].copy_from_slice(&50_002_u16.to_be_bytes());
        let mut error = vec![0; 28];
        error[0] = 0x45;
        error[9] = 1;
        error[20] = 3;
        error.extend(&failed);
        assert_eq!(destination_port(&error), Some(50_002));
        error[20] = 8;
        assert_eq!(destination_port(&error), None, "an echo request is nobody's port");
    }

    #[test]
    fn later_fragments_and_cut_packets_have_no_port() {
        let mut fragment = tcp(50_000);
        fragment[7] = 1;
        assert_eq!(destination_port(&fragment), None);
        for length in 0..24 {
            assert_eq!(destination_port(&tcp(50_000)[..length]), None);
        }
    }
}

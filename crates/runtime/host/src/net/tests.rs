use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;

use proptest::prelude::*;

use super::checksum::Sum;
use super::coalesce::Coalescer;
use super::offload::{GSO_TCP4, GSO_TCP6, NEEDS_CHECKSUM, TCP, VNET_HEADER, VnetHeader, segment};
use super::tun::TunDevice;

const ACK: u8 = 0x10;
const PSH: u8 = 0x08;

/// A segment of a TCP stream with right checksums.
#[derive(Clone, Copy)]
struct Stream {
    is_ipv6: bool,
    port: u16,
    id: u16,
}

impl Stream {
    const fn v4(port: u16) -> Self {
        Self { is_ipv6: false, port, id: 7 }
    }

    fn packet(self, seq: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length = 32 + payload.len(); // TCP with timestamps
        let mut packet = if self.is_ipv6 {
            let mut ip = vec![0x60, 0, 0, 0];
            ip.extend_from_slice(&(length as u16).to_be_bytes());
            ip.extend_from_slice(&[TCP, 64]);
            ip.extend_from_slice(&[0xFD; 16]);
            ip.extend_from_slice(&[0xFE; 16]);
            ip
        } else {
            let mut ip = vec![0x45, 0];
            ip.extend_from_slice(&(20 + length as u16).to_be_bytes());
            ip.extend_from_slice(&self.id.to_be_bytes());
            ip.extend_from_slice(&[0, 0, 64, TCP, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
            let checksum = Sum::default().bytes(&ip).checksum();
            ip[10..12].copy_from_slice(&checksum);
            ip
        };
        let transport = packet.len();
        packet.extend_from_slice(&self.port.to_be_bytes());
        packet.extend_from_slice(&[0, 80]);
        packet.extend_from_slice(&seq.to_be_bytes());
        packet.extend_from_slice(&[1, 2, 3, 4, 0x80, flags, 16, 0, 0, 0, 0, 0]);
        packet.extend_from_slice(&[1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]);
        packet.extend_from_slice(payload);
        let checksum = tcp_sum(&packet).checksum();
        packet[transport + 16..transport + 18].copy_from_slice(&checksum);
        packet
    }
}

/// The sum over pseudo-header and segment.
fn tcp_sum(packet: &[u8]) -> Sum {
    let (addresses, transport) =
        if packet[0] >> 4 == 6 { (&packet[8..40], 40) } else { (&packet[12..20], 20) };
    let tcp = &packet[transport..];
    Sum::default().bytes(addresses).pseudo(TCP, tcp.len()).bytes(tcp)
}

fn assert_right(packet: &[u8]) {
    assert!(tcp_sum(packet).is_right(), "the checksum of TCP");
    if packet[0] >> 4 == 4 {
        assert!(Sum::default().bytes(&packet[..20]).is_right(), "the checksum of IP");
    }
}

/// What a coalescer writes for these packets.
fn frames(packets: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut coalescer = Coalescer::default();
    let mut frames = Vec::new();
    let mut write = |header: &[u8], packet: &[u8]| {
        frames.push([header, packet].concat());
        Ok::<_, ()>(())
    };
    for packet in packets {
        coalescer.push(packet, &mut write).unwrap();
    }
    coalescer.flush(&mut write).unwrap();
    frames
}

fn cut(frame: &[u8]) -> Vec<Vec<u8>> {
    let mut frame = frame.to_vec();
    let mut packets = Vec::new();
    segment(&mut frame, &mut |packet| packets.push(packet.to_vec())).unwrap();
    packets
}

fn bulk(stream: Stream, count: u16, size: usize) -> Vec<Vec<u8>> {
    let of = |n: u16| {
        let stream = Stream { id: stream.id.wrapping_add(n), ..stream };
        let flags = if n + 1 == count { ACK | PSH } else { ACK };
        let length = if n + 1 == count { size / 2 } else { size };
        let payload: Vec<u8> = (0..length).map(|i| (i as u16 ^ n) as u8).collect();
        stream.packet(u32::from(n).wrapping_mul(size as u32).wrapping_sub(999), flags, &payload)
    };
    (0..count).map(of).collect()
}

#[test]
fn forty_segments_are_one_frame_and_forty_again() {
    for is_ipv6 in [false, true] {
        let packets = bulk(Stream { is_ipv6, port: 1000, id: 65_530 }, 40, 1348);
        let frames = frames(&packets);
        assert_eq!(frames.len(), 1);
        let header = VnetHeader::parse(frames[0][..VNET_HEADER].try_into().unwrap());
        assert_eq!(header.flags, NEEDS_CHECKSUM);
        assert_eq!(header.gso_type, if is_ipv6 { GSO_TCP6 } else { GSO_TCP4 });
        assert_eq!(header.gso_size, 1348);
        let back = cut(&frames[0]);
        back.iter().for_each(|packet| assert_right(packet));
        assert_eq!(back, packets);
    }
}

#[test]
fn a_frame_never_outgrows_the_length_field() {
    let packets = bulk(Stream::v4(1), 200, 1348);
    let frames = frames(&packets);
    assert!(frames.iter().all(|frame| frame.len() <= VNET_HEADER + 65_535));
    assert_eq!(frames.len(), 5);
    assert_eq!(frames.iter().flat_map(|frame| cut(frame)).collect::<Vec<_>>(), packets);
}

#[test]
fn streams_are_gathered_side_by_side() {
    let (a, b) = (bulk(Stream::v4(1), 10, 500), bulk(Stream::v4(2), 10, 700));
    let mixed: Vec<_> = a.iter().zip(&b).flat_map(|(a, b)| [a.clone(), b.clone()]).collect();
    let frames = frames(&mixed);
    assert_eq!(frames.len(), 2);
    assert_eq!(cut(&frames[0]), a);
    assert_eq!(cut(&frames[1]), b);
}

#[test]
fn a_wrong_checksum_is_never_vouched_for() {
    for at in [15, 40, 60] {
        let mut packets = bulk(Stream::v4(1), 3, 500);
        packets[1][at] ^= 0x40;
        let frames = frames(&packets);
        let alone: Vec<_> = frames.iter().filter(|f| f[VNET_HEADER..] == packets[1]).collect();
        assert_eq!(alone.len(), 1, "octet {at}");
        assert_eq!(alone[0][..VNET_HEADER], [0; VNET_HEADER], "nothing is said of it");
    }
}

#[test]
fn what_cutting_would_not_give_back_stays_alone() {
    let stream = Stream::v4(1);
    let first = stream.packet(0, ACK, &[1; 100]);
    let next = Stream { id: 8, ..stream };
    let followers = [
        next.packet(101, ACK, &[2; 100]),                       // a gap
        next.packet(100, ACK, &[2; 101]),                       // longer than the first
        next.packet(100, ACK | 0x01, &[2; 100]),                // FIN
        next.packet(100, ACK | 0x80, &[2; 100]),                // CWR
        Stream { id: 9, ..stream }.packet(100, ACK, &[2; 100]), // its number in IPv4 jumps
        next.packet(100, ACK, &[]),                             // no data
    ];
    for follower in followers {
        let packets = [first.clone(), follower];
        let frames = frames(&packets);
        let written: Vec<_> = frames.iter().map(|f| f[VNET_HEADER..].to_vec()).collect();
        assert_eq!(written, packets);
    }
}

#[test]
fn the_order_within_a_stream_is_kept() {
    let stream = Stream::v4(1);
    let packets = [
        stream.packet(0, ACK, &[1; 100]),
        Stream { id: 8, ..stream }.packet(100, ACK, &[1; 100]),
        stream.packet(200, ACK | 0x01, &[]), // FIN
        stream.packet(50, ACK, &[1; 100]),
    ];
    let frames = frames(&packets);
    let cut: Vec<_> = frames.iter().flat_map(|frame| cut(frame)).collect();
    assert_eq!(cut, packets);
}

#[test]
fn other_protocols_pass_at_once() {
    let mut udp = Stream::v4(1).packet(0, ACK, &[1; 100]);
    udp[9] = 17;
    let mut coalescer = Coalescer::default();
    let mut written = 0;
    let mut write = |_: &[u8], packet: &[u8]| {
        assert_eq!(packet, udp);
        written += 1;
        Ok::<_, ()>(())
    };
    coalescer.push(&udp, &mut write).unwrap();
    assert_eq!(written, 1);
}

#[test]
fn a_checksum_that_the_kernel_left_to_us_is_completed() {
    let whole = Stream::v4(1).packet(0, ACK, b"hello");
    let mut packet = whole.clone();
    let pseudo = Sum::default().bytes(&packet[12..20]).pseudo(TCP, packet.len() - 20).folded();
    packet[36..38].copy_from_slice(&pseudo);
    let header = VnetHeader {
        flags: NEEDS_CHECKSUM,
        checksum_start: 20,
        checksum_offset: 16,
        ..VnetHeader::default()
    };
    let frame = [header.emit().as_slice(), packet.as_slice()].concat();
    assert_eq!(cut(&frame), [whole]);
}

#[test]
fn datagrams_of_one_flow_are_cut() {
    let mut packet = vec![0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    packet.extend_from_slice(&[4, 0, 0, 53, 0, 0, 0, 0]);
    packet.extend((0..250_u16).map(|i| i as u8));
    let header = VnetHeader {
        flags: NEEDS_CHECKSUM,
        gso_type: 5,
        header_length: 28,
        gso_size: 100,
        checksum_start: 20,
        checksum_offset: 6,
    };
    let packets = cut(&[header.emit().as_slice(), packet.as_slice()].concat());
    let lengths: Vec<_> = packets.iter().map(Vec::len).collect();
    assert_eq!(lengths, [128, 128, 78]);
    for (n, packet) in packets.iter().enumerate() {
        assert_eq!(usize::from(u16::from_be_bytes([packet[2], packet[3]])), packet.len());
        assert_eq!(usize::from(u16::from_be_bytes([packet[24], packet[25]])), packet.len() - 20);
        assert_eq!(usize::from(u16::from_be_bytes([packet[4], packet[5]])), 1 + n);
        assert!(Sum::default().bytes(&packet[..20]).is_right());
        let udp = &packet[20..];
        assert!(Sum::default().bytes(&packet[12..20]).pseudo(17, udp.len()).bytes(udp).is_right());
    }
    assert_eq!([&packets[0][28..], &packets[1][28..], &packets[2][28..]].concat(), packet[28..]);
}

fn pair(vnet_header: bool) -> (TunDevice, UnixDatagram) {
    let (ours, theirs) = UnixDatagram::pair().unwrap();
    let device = TunDevice::adopt(OwnedFd::from(ours), "x0".to_owned(), 1400, vnet_header).unwrap();
    theirs.set_nonblocking(true).unwrap();
    (device, theirs)
}

#[tokio::test]
async fn a_device_cuts_what_it_reads_and_gathers_what_it_writes() {
    let (mut device, kernel) = pair(true);
    let packets = bulk(Stream::v4(1), 20, 1300);
    for packet in &packets {
        device.deliver(packet).unwrap();
    }
    let mut buffer = vec![0; 70_000];
    assert!(kernel.recv(&mut buffer).is_err(), "nothing is written before the flush");
    device.flush().unwrap();
    let count = kernel.recv(&mut buffer).unwrap();
    assert_eq!(cut(&buffer[..count]), packets);

    kernel.send(&buffer[..count]).unwrap();
    kernel.send(&buffer[..3]).unwrap(); // makes no sense, and is passed over
    device.readable().await.unwrap();
    let mut received = Vec::new();
    let octets = device.receive(1 << 20, &mut |packet| received.push(packet.to_vec())).unwrap();
    assert_eq!(received, packets);
    assert_eq!(octets, packets.iter().map(Vec::len).sum::<usize>());
    assert_eq!(device.receive(1 << 20, &mut |_| {}).unwrap(), 0);
    assert_eq!((device.name(), device.mtu()), ("x0", 1400));
}

#[tokio::test]
async fn a_device_without_offload_passes_packets_as_they_are() {
    let (mut device, kernel) = pair(false);
    device.deliver(b"packet").unwrap();
    let mut buffer = [0; 100];
    assert_eq!(kernel.recv(&mut buffer).unwrap(), 6);
    for _ in 0..3 {
        kernel.send(b"answer").unwrap();
    }
    device.readable().await.unwrap();
    assert_eq!(device.receive(7, &mut |p| assert_eq!(p, b"answer")).unwrap(), 12);
    assert_eq!(device.receive(7, &mut |_| {}).unwrap(), 6);
}

proptest! {
    #[test]
    fn no_frame_of_the_kernel_makes_us_fail(
        header in any::<[u8; VNET_HEADER]>(),
        packet in proptest::collection::vec(any::<u8>(), 0..2000),
    ) {
        let mut frame = [header.as_slice(), &packet].concat();
        segment(&mut frame, &mut |_| {});
    }

    #[test]
    fn no_header_before_a_real_packet_makes_us_fail(
        flags in any::<u8>(),
        gso_type in prop_oneof![Just(0_u8), Just(1), Just(4), Just(5), Just(0x81), any::<u8>()],
        sizes in any::<(u16, u16)>(),
        start in prop_oneof![Just(20_u16), Just(40), 0_u16..200, any::<u16>()],
        offset in prop_oneof![Just(16_u16), Just(6), any::<u16>()],
        is_ipv6 in any::<bool>(),
        damage in (0_usize..80, any::<u8>()),
        length in 0_usize..3000,
    ) {
        let (header_length, gso_size) = sizes;
        let header =
            VnetHeader { flags, gso_type, header_length, gso_size, checksum_start: start, checksum_offset: offset };
        let mut packet = Stream { is_ipv6, port: 1, id: 1 }.packet(1, ACK, &vec![7; length]);
        if let Some(octet) = packet.get_mut(damage.0) {
            *octet = damage.1;
        }
        prop_assert_eq!(VnetHeader::parse(header.emit()), header);
        let mut frame = [header.emit().as_slice(), &packet].concat();
        let longest = frame.len();
        segment(&mut frame, &mut |packet| assert!(packet.len() <= longest));
    }

    #[test]
    fn gathering_and_cutting_is_identity(
        steps in proptest::collection::vec(
            (0_u16..3, any::<bool>(), 1_usize..1400, 0_u8..16),
            1..60,
        ),
    ) {
        let mut next = [0_u32; 6];
        let mut ids = [0_u16; 6];
        let mut packets = Vec::new();
        let mut size = 500;
        for (port, is_ipv6, other_size, odd) in steps {
            let at = usize::from(port) * 2 + usize::from(is_ipv6);
            if odd == 0 {
                size = other_size;
            }
            let flags = if odd == 1 { ACK | PSH } else if odd == 2 { ACK | 0x01 } else { ACK };
            let stream = Stream { is_ipv6, port, id: ids[at] };
            packets.push(stream.packet(next[at], flags, &vec![odd; size]));
            next[at] = next[at].wrapping_add(if odd == 3 { 1 } else { size as u32 });
            ids[at] = ids[at].wrapping_add(1);
        }
        let cut: Vec<_> = frames(&packets).iter().flat_map(|frame| cut(frame)).collect();
        // Order is kept within a stream, not between streams.
        let key = |p: &Vec<u8>| if p[0] >> 4 == 6 { (6, p[41]) } else { (4, p[21]) };
        for stream in packets.iter().map(key).collect::<std::collections::BTreeSet<_>>() {
            let of = |all: &[Vec<u8>]| -> Vec<Vec<u8>> {
                all.iter().filter(|p| key(p) == stream).cloned().collect()
            };
            prop_assert_eq!(of(&cut), of(&packets));
        }
        prop_assert_eq!(cut.len(), packets.len());
    }

    #[test]
    fn no_packet_makes_the_coalescer_fail(
        packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..100), 0..20),
        damage in proptest::collection::vec((0_usize..200, any::<u8>()), 0..8),
    ) {
        let mut packets = packets;
        let mut good = bulk(Stream::v4(1), 4, 100);
        for (at, octet) in damage {
            if let Some(place) = good[at % 4].get_mut(at) {
                *place = octet;
            }
        }
        packets.extend(good);
        let count: usize = frames(&packets).len();
        prop_assert!(count <= packets.len());
    }
}

//! What comes out of a TUN with a virtio header: cut to packets, checksums completed.
//!
//! The kernel hands over up to 64 KiB of one TCP stream (or UDP flow) with one set of headers, and
//! leaves to us what a network card would do: to cut it into segments of `gso_size` and to compute the
//! checksums. The segments are made in place: each segment's headers are written over the tail of
//! the segment before it, which has been passed on by then. No payload is copied.

use super::checksum::Sum;

/// Octets of the header before each packet.
pub(crate) const VNET_HEADER: usize = 10;
/// The most octets of IP and TCP headers that are cut: IPv4 and TCP with all options are 120, and
/// IPv6 may carry some extension headers.
const MOST_HEADERS: usize = 256;

pub(crate) const NEEDS_CHECKSUM: u8 = 1;
pub(crate) const GSO_NONE: u8 = 0;
pub(crate) const GSO_TCP4: u8 = 1;
pub(crate) const GSO_TCP6: u8 = 4;
const GSO_UDP: u8 = 5;
const GSO_ECN: u8 = 0x80;

pub(crate) const TCP: u8 = 6;
const UDP: u8 = 17;

const FIN_PSH: u8 = 0x01 | 0x08;
const CWR: u8 = 0x80;

/// `struct virtio_net_hdr`, in the machine's byte order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct VnetHeader {
    pub(crate) flags: u8,
    pub(crate) gso_type: u8,
    pub(crate) header_length: u16,
    pub(crate) gso_size: u16,
    pub(crate) checksum_start: u16,
    pub(crate) checksum_offset: u16,
}

impl VnetHeader {
    pub(crate) fn parse([f, g, h0, h1, s0, s1, c0, c1, o0, o1]: [u8; VNET_HEADER]) -> Self {
        Self {
            flags: f,
            gso_type: g,
            header_length: u16::from_ne_bytes([h0, h1]),
            gso_size: u16::from_ne_bytes([s0, s1]),
            checksum_start: u16::from_ne_bytes([c0, c1]),
            checksum_offset: u16::from_ne_bytes([o0, o1]),
        }
    }

    pub(crate) fn emit(self) -> [u8; VNET_HEADER] {
        let [h0, h1] = self.header_length.to_ne_bytes();
        let [s0, s1] = self.gso_size.to_ne_bytes();
        let [c0, c1] = self.checksum_start.to_ne_bytes();
        let [o0, o1] = self.checksum_offset.to_ne_bytes();
        [self.flags, self.gso_type, h0, h1, s0, s1, c0, c1, o0, o1]
    }
}

/// Passes the packets of one frame (virtio header and what follows) to `sink`. Returns the octets
/// passed on; `None` when the frame makes no sense, and then nothing of it was passed on.
pub(crate) fn segment(frame: &mut [u8], sink: &mut dyn FnMut(&[u8])) -> Option<usize> {
    let (header, packet) = frame.split_first_chunk_mut::<VNET_HEADER>()?;
    let header = VnetHeader::parse(*header);
    match header.gso_type & !GSO_ECN {
        GSO_NONE => {
            if header.flags & NEEDS_CHECKSUM != 0 {
                complete(packet, &header)?;
            }
            sink(packet);
            Some(packet.len())
        }
        GSO_TCP4 | GSO_TCP6 => cut(packet, &header, TCP, sink),
        GSO_UDP => cut(packet, &header, UDP, sink),
        _ => None,
    }
}

/// Completes a checksum of which only the pseudo-header was summed.
fn complete(packet: &mut [u8], header: &VnetHeader) -> Option<()> {
    let start = usize::from(header.checksum_start);
    let at = start + usize::from(header.checksum_offset);
    let checksum = Sum::default().bytes(packet.get(start..)?).checksum();
    // In UDP zero means that there is none; its other form is as good in TCP.
    let checksum = if checksum == [0, 0] { [0xFF, 0xFF] } else { checksum };
    packet.get_mut(at..at + 2)?.copy_from_slice(&checksum);
    Some(())
}

/// Where the parts of a packet to be cut lie.
struct Layout {
    is_ipv6: bool,
    protocol: u8,
    /// Where the TCP or UDP header begins.
    transport: usize,
    /// Where the payload begins.
    payload: usize,
}

impl Layout {
    /// The header length that the kernel names is not believed: for forwarded packets it is the length
    /// of the first segment.
    fn of(packet: &[u8], header: &VnetHeader, protocol: u8) -> Option<Self> {
        let transport = usize::from(header.checksum_start);
        let is_ipv6 = match packet.first()? >> 4 {
            4 if header.gso_type & !GSO_ECN != GSO_TCP6 => false,
            6 if header.gso_type & !GSO_ECN != GSO_TCP4 => true,
            _ => return None,
        };
        let first = usize::from(packet.first()? & 0x0F) * 4;
        if is_ipv6 && transport < 40 || !is_ipv6 && (transport < 20 || transport != first) {
            return None;
        }
        let payload = match protocol {
            TCP => {
                let length = usize::from(packet.get(transport + 12)? >> 4) * 4;
                (length >= 20).then_some(transport + length)?
            }
            _ => transport + 8,
        };
        let fits = payload <= packet.len() && payload <= MOST_HEADERS;
        fits.then_some(Self { is_ipv6, protocol, transport, payload })
    }

    fn addresses<'a>(&self, headers: &'a [u8]) -> &'a [u8] {
        let range = if self.is_ipv6 { 8..40 } else { 12..20 };
        headers.get(range).unwrap_or_default()
    }
}

fn cut(
    packet: &mut [u8],
    header: &VnetHeader,
    protocol: u8,
    sink: &mut dyn FnMut(&[u8]),
) -> Option<usize> {
    let layout = Layout::of(packet, header, protocol)?;
    let size = usize::from(header.gso_size);
    if size == 0 {
        return None;
    }
    let mut kept = [0; MOST_HEADERS];
    let headers = kept.get_mut(..layout.payload)?;
    headers.copy_from_slice(packet.get(..layout.payload)?);
    let headers = &*headers;
    let pseudo = Sum::default().bytes(layout.addresses(headers));
    let total = packet.len();
    let mut passed = 0;
    let mut at = layout.payload;
    let mut index = 0_u16;
    loop {
        let end = total.min(at + size);
        let place = Place { index, offset: at - layout.payload, is_last: end == total };
        let segment = packet.get_mut(at - layout.payload..end)?;
        write_headers(segment, headers, &layout, place, pseudo)?;
        sink(segment);
        passed += segment.len();
        if end == total {
            return Some(passed);
        }
        at = end;
        index = index.wrapping_add(1);
    }
}

/// Which segment of the frame it is.
#[derive(Clone, Copy)]
struct Place {
    index: u16,
    /// Octets of payload before it.
    offset: usize,
    is_last: bool,
}

fn write_headers(
    segment: &mut [u8],
    headers: &[u8],
    layout: &Layout,
    place: Place,
    pseudo: Sum,
) -> Option<()> {
    let length = segment.len();
    segment.get_mut(..headers.len())?.copy_from_slice(headers);
    let (ip, transport) = segment.split_at_mut_checked(layout.transport)?;
    if layout.is_ipv6 {
        let payload = u16::try_from(length.checked_sub(40)?).ok()?;
        ip.get_mut(4..6)?.copy_from_slice(&payload.to_be_bytes());
    } else {
        ip.get_mut(2..4)?.copy_from_slice(&u16::try_from(length).ok()?.to_be_bytes());
        let id = ip.get_mut(4..6)?;
        let first = u16::from_be_bytes([*id.first()?, *id.get(1)?]);
        id.copy_from_slice(&first.wrapping_add(place.index).to_be_bytes());
        ip.get_mut(10..12)?.fill(0);
        let checksum = Sum::default().bytes(ip).checksum();
        ip.get_mut(10..12)?.copy_from_slice(&checksum);
    }
    let checksum_at = if layout.protocol == TCP {
        let seq = transport.get_mut(4..8)?;
        let first = u32::from_be_bytes(seq.try_into().ok()?);
        let offset = u32::try_from(place.offset).ok()?;
        seq.copy_from_slice(&first.wrapping_add(offset).to_be_bytes());
        let flags = transport.get_mut(13)?;
        if !place.is_last {
            *flags &= !FIN_PSH;
        }
        if place.index > 0 {
            *flags &= !CWR;
        }
        16
    } else {
        let length = u16::try_from(transport.len()).ok()?;
        transport.get_mut(4..6)?.copy_from_slice(&length.to_be_bytes());
        6
    };
    let field = checksum_at..checksum_at + 2;
    transport.get_mut(field.clone())?.fill(0);
    let mut checksum = pseudo.pseudo(layout.protocol, transport.len()).bytes(transport).checksum();
    if checksum == [0, 0] && layout.protocol == UDP {
        checksum = [0xFF, 0xFF];
    }
    transport.get_mut(field)?.copy_from_slice(&checksum);
    Some(())
}

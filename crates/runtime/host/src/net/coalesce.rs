//! What goes into a TUN with a virtio header: segments of one TCP stream gathered to frames of up to
//! 64 KiB.
//!
//! One write of forty segments costs the kernel little more than one write of one. Only what cutting
//! would give back exactly is gathered: the same headers but for sequence number, checksum and a last
//! PSH, each segment right behind the one before and as long as the first, the last one perhaps
//! shorter. Every checksum is verified first, because the frame's header vouches for all of them. What
//! does not qualify passes alone and unchanged, behind what its stream has waiting.

use super::checksum::Sum;
use super::offload::{GSO_TCP4, GSO_TCP6, NEEDS_CHECKSUM, TCP, VNET_HEADER, VnetHeader};

/// Streams that are gathered side by side; the oldest is written out for a further one.
const STREAMS: usize = 8;
/// The longest packet: what a 16-bit length field can tell.
const LONGEST: usize = 65_535;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// Segments that wait to be written, by stream and in the order in which their streams began.
#[derive(Debug, Default)]
pub(crate) struct Coalescer {
    waiting: Vec<Gathered>,
    /// Buffers to be used again.
    spare: Vec<Vec<u8>>,
}

/// Where the parts of a TCP segment lie.
#[derive(Clone, Copy, Debug)]
struct Segment {
    is_ipv6: bool,
    transport: usize,
    payload: usize,
    seq: u32,
    pushes: bool,
    /// Plain data: nothing but ACK and PSH, no IP options, not a fragment.
    is_plain: bool,
}

#[derive(Debug)]
struct Gathered {
    /// Virtio header, packet headers, payloads.
    frame: Vec<u8>,
    first: Segment,
    size: usize,
    next_seq: u32,
    next_id: u16,
    segments: usize,
    /// A short or pushing segment was the last: nothing can follow.
    is_full: bool,
}

impl Coalescer {
    /// Takes a packet; what must be written now goes to `write`, as virtio header and packet.
    pub(crate) fn push<E>(
        &mut self,
        packet: &[u8],
        write: &mut impl FnMut(&[u8], &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let alone = VnetHeader::default().emit();
        let Some(segment) = Segment::of(packet) else { return write(&alone, packet) };
        let known = self.waiting.iter_mut().position(|g| g.is_same_stream(packet, segment));
        if !segment.is_plain || !segment.checksums_are_right(packet) {
            if let Some(at) = known {
                self.write_out(at, write)?;
            }
            return write(&alone, packet);
        }
        if let Some(at) = known {
            let Some(gathered) = self.waiting.get_mut(at) else { return Ok(()) };
            if gathered.takes(packet, segment) {
                gathered.append(packet, segment);
                return Ok(());
            }
            self.write_out(at, write)?;
        } else if self.waiting.len() >= STREAMS {
            self.write_out(0, write)?;
        }
        let frame = self.spare.pop().unwrap_or_default();
        self.waiting.push(Gathered::begin(frame, packet, segment));
        Ok(())
    }

    /// Writes out everything that waits; the first error is told, and the rest is written all the
    /// same.
    pub(crate) fn flush<E>(
        &mut self,
        write: &mut impl FnMut(&[u8], &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut result = Ok(());
        while !self.waiting.is_empty() {
            let written = self.write_out(0, write);
            result = result.and(written);
        }
        result
    }

    fn write_out<E>(
        &mut self,
        at: usize,
        write: &mut impl FnMut(&[u8], &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut gathered = self.waiting.remove(at);
        gathered.finish();
        let (header, packet) = gathered.frame.split_at(VNET_HEADER);
        let written = write(header, packet);
        gathered.frame.clear();
        self.spare.push(gathered.frame);
        written
    }
}

impl Segment {
    /// `None` when it is no whole TCP segment.
    fn of(packet: &[u8]) -> Option<Self> {
        let (is_ipv6, transport, plain_ip) = match packet.first()? >> 4 {
            4 => {
                let ip = packet.first_chunk::<20>()?;
                let length = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
                let is_fragment = u16::from_be_bytes([ip[6], ip[7]]) & 0x3FFF != 0;
                let transport = usize::from(ip[0] & 0x0F) * 4;
                if ip[9] != TCP || length != packet.len() || is_fragment || transport < 20 {
                    return None;
                }
                (false, transport, transport == 20)
            }
            6 => {
                let ip = packet.first_chunk::<40>()?;
                let length = usize::from(u16::from_be_bytes([ip[4], ip[5]])) + 40;
                (ip[6] == TCP && length == packet.len()).then_some((true, 40, true))?
            }
            _ => return None,
        };
        let tcp = packet.get(transport..)?.first_chunk::<20>()?;
        let payload = transport + usize::from(tcp[12] >> 4) * 4;
        if payload < transport + 20 || payload > packet.len() {
            return None;
        }
        let flags = tcp[13];
        Some(Self {
            is_ipv6,
            transport,
            payload,
            seq: u32::from_be_bytes([tcp[4], tcp[5], tcp[6], tcp[7]]),
            pushes: flags & PSH != 0,
            is_plain: plain_ip && flags & !PSH == ACK && payload < packet.len(),
        })
    }

    fn addresses(self, packet: &[u8]) -> &[u8] {
        let range = if self.is_ipv6 { 8..40 } else { 12..20 };
        packet.get(range).unwrap_or_default()
    }

    fn checksums_are_right(self, packet: &[u8]) -> bool {
        let (ip, tcp) = packet.split_at(self.transport.min(packet.len()));
        let sum = Sum::default().bytes(self.addresses(packet)).pseudo(TCP, tcp.len()).bytes(tcp);
        (self.is_ipv6 || Sum::default().bytes(ip).is_right()) && sum.is_right()
    }

    /// The identification of an IPv4 packet that may be fragmented on its way: then it counts.
    fn counted_id(self, packet: &[u8]) -> Option<u16> {
        let ip = packet.first_chunk::<8>()?;
        let counts = !self.is_ipv6 && ip[6] & 0x40 == 0;
        counts.then_some(u16::from_be_bytes([ip[4], ip[5]]))
    }
}

impl Gathered {
    fn begin(mut frame: Vec<u8>, packet: &[u8], first: Segment) -> Self {
        frame.extend_from_slice(&[0; VNET_HEADER]);
        frame.extend_from_slice(packet);
        let size = packet.len() - first.payload;
        Self {
            frame,
            first,
            size,
            next_seq: first.seq.wrapping_add(u32::try_from(size).unwrap_or(0)),
            next_id: first.counted_id(packet).unwrap_or(0).wrapping_add(1),
            segments: 1,
            is_full: first.pushes,
        }
    }

    fn packet(&self) -> &[u8] {
        self.frame.get(VNET_HEADER..).unwrap_or_default()
    }

    fn is_same_stream(&self, packet: &[u8], segment: Segment) -> bool {
        let first = self.first;
        let (mine, its) = (first.transport, segment.transport);
        first.is_ipv6 == segment.is_ipv6
            && first.addresses(self.packet()) == segment.addresses(packet)
            && self.packet().get(mine..mine + 4) == packet.get(its..its + 4)
    }

    /// Whether cutting the frame with this segment behind it would give exactly this segment.
    fn takes(&self, packet: &[u8], segment: Segment) -> bool {
        let mine = self.packet();
        let same = |range: std::ops::Range<usize>| mine.get(range.clone()) == packet.get(range);
        let t = segment.transport;
        let same_ip = if segment.is_ipv6 {
            same(0..4) && same(6..8)
        } else {
            same(0..2)
                && same(6..10)
                && segment.counted_id(packet).is_none_or(|i| i == self.next_id)
        };
        let flags = |p: &[u8]| p.get(t + 13).map(|f| f & !PSH);
        let length = packet.len() - segment.payload;
        !self.is_full
            && segment.seq == self.next_seq
            && length <= self.size
            && mine.len() + length <= LONGEST
            && segment.payload == self.first.payload
            && same_ip
            && same(t + 8..t + 13)
            && flags(mine) == flags(packet)
            && same(t + 14..t + 16)
            && same(t + 18..segment.payload)
    }

    fn append(&mut self, packet: &[u8], segment: Segment) {
        let payload = packet.get(segment.payload..).unwrap_or_default();
        self.frame.extend_from_slice(payload);
        self.next_seq = self.next_seq.wrapping_add(u32::try_from(payload.len()).unwrap_or(0));
        self.next_id = self.next_id.wrapping_add(1);
        self.segments += 1;
        self.is_full = segment.pushes || payload.len() < self.size;
        if segment.pushes
            && let Some(flags) = self.frame.get_mut(VNET_HEADER + segment.transport + 13)
        {
            *flags |= PSH;
        }
    }

    /// Fills in what the frame's header says and what its lengths are. A segment that stayed alone is
    /// left as it came.
    fn finish(&mut self) {
        if self.segments == 1 {
            return;
        }
        let first = self.first;
        let header = VnetHeader {
            flags: NEEDS_CHECKSUM,
            gso_type: if first.is_ipv6 { GSO_TCP6 } else { GSO_TCP4 },
            header_length: u16::try_from(first.payload).unwrap_or(0),
            gso_size: u16::try_from(self.size).unwrap_or(0),
            checksum_start: u16::try_from(first.transport).unwrap_or(0),
            checksum_offset: 16,
        };
        let Some((space, packet)) = self.frame.split_first_chunk_mut::<VNET_HEADER>() else {
            return;
        };
        *space = header.emit();
        let length = packet.len();
        if first.is_ipv6 {
            let length = u16::try_from(length - 40).unwrap_or(u16::MAX);
            packet[4..6].copy_from_slice(&length.to_be_bytes());
        } else {
            let length = u16::try_from(length).unwrap_or(u16::MAX);
            packet[2..4].copy_from_slice(&length.to_be_bytes());
            packet[10..12].fill(0);
            let checksum = Sum::default().bytes(&packet[..first.transport]).checksum();
            packet[10..12].copy_from_slice(&checksum);
        }
        let addresses = Sum::default().bytes(first.addresses(packet));
        let pseudo = addresses.pseudo(TCP, length - first.transport).folded();
        let at = first.transport + 16;
        packet[at..at + 2].copy_from_slice(&pseudo);
    }
}

//! What a bad server does to its own messages, between its machine and the line.

use onhook_base::Duration;

use crate::fault::Fault;
use crate::links::LaneShape;
use crate::script::Mischief;

/// The PPP protocols whose packets carry a code and an identifier (RFC 1661 §5).
const LCP: u16 = 0xc021;
const CHAP: u16 = 0xc223;
/// RFC 5072 §2.
const IPV6CP: [u8; 2] = [0x80, 0x57];
const CODE_CONFIGURE_REJECT: u8 = 4;
/// Where the type stands in an Ethernet header, and what it is in a session of PPPoE (RFC 2516 §4).
const PPPOE_SESSION: [u8; 2] = [0x88, 0x64];
/// Octets before the frame of PPP in it.
const PPPOE_HEAD: usize = 20;
/// Where the longest HTTP reply that is waited for ends.
const LONGEST_HEAD: usize = 4096;

/// Stands behind the answerer's machine.
#[derive(Debug)]
pub(crate) struct Tamper {
    shape: LaneShape,
    plan: Vec<Mischief>,
    head: Option<Vec<u8>>,
    said: u32,
    silent: bool,
    withhold_ipv6: u8,
}

/// A message on its way, and how late.
pub(crate) type Message = (Duration, Vec<u8>);

impl Tamper {
    pub(crate) fn new(shape: LaneShape, plan: Vec<Mischief>, withhold_ipv6: u8) -> Self {
        let head = (shape == LaneShape::SstpStream).then(Vec::new);
        Self { shape, plan, head, said: 0, silent: false, withhold_ipv6 }
    }

    /// Another call begins, of a server that talks again.
    pub(crate) fn begin_anew(&mut self) {
        self.head = (self.shape == LaneShape::SstpStream).then(Vec::new);
        self.silent = false;
    }

    /// What becomes of octets of the server; every fault that strikes is told to `struck`.
    pub(crate) fn pass(&mut self, bytes: &[u8], struck: &mut dyn FnMut(Fault)) -> Vec<Message> {
        let mut out = Vec::new();
        for message in self.split(bytes) {
            self.one(message, &mut out, struck);
        }
        out
    }

    /// The same of a datagram beside the stream.
    pub(crate) fn pass_datagram(
        &mut self,
        bytes: &[u8],
        struck: &mut dyn FnMut(Fault),
    ) -> Vec<Message> {
        let mut out = Vec::new();
        self.one(bytes.to_vec(), &mut out, struck);
        out
    }

    fn split(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        if !self.shape.is_stream() {
            return vec![bytes.to_vec()];
        }
        let mut messages = Vec::new();
        let mut rest = bytes;
        if let Some(head) = &mut self.head {
            let ends = rest.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4);
            let (first, behind) = rest.split_at(ends.unwrap_or(rest.len()));
            head.extend_from_slice(first);
            if ends.is_none() && head.len() < LONGEST_HEAD {
                return messages;
            }
            messages.extend(self.head.take());
            rest = behind;
        }
        if self.shape == LaneShape::PptpStream {
            // RFC 2637 §1.4: a message begins with its length.
            while let Some(head) = rest.first_chunk() {
                let length = usize::from(u16::from_be_bytes(*head));
                let (message, behind) = rest.split_at(length.clamp(2, rest.len()));
                messages.push(message.to_vec());
                rest = behind;
            }
            return messages;
        }
        // [MS-SSTP] §2.2.1: version, C bit, then twelve bits of length over the whole packet.
        while let Some(header) = rest.get(..4) {
            let length = usize::from(u16::from_be_bytes([header[2], header[3]]) & 0x0fff);
            let (packet, behind) = rest.split_at(length.clamp(4, rest.len()));
            messages.push(packet.to_vec());
            rest = behind;
        }
        messages
    }

    fn one(&mut self, message: Vec<u8>, out: &mut Vec<Message>, struck: &mut dyn FnMut(Fault)) {
        let is_about_ipv6 = control_packet(self.shape, &message)
            .and_then(|code| message.get(code - 2..code))
            .is_some_and(|protocol| protocol == IPV6CP);
        if is_about_ipv6 && self.withhold_ipv6 > 0 {
            self.withhold_ipv6 -= 1;
            return;
        }
        let number = self.said;
        self.said += 1;
        let mut said = vec![(Duration::ZERO, message)];
        for mischief in self.plan.iter().filter(|m| m.at == number) {
            struck(mischief.fault);
            self.silent |= mischief.fault == Fault::Silence;
            said = said.into_iter().flat_map(|m| change(self.shape, mischief, m)).collect();
        }
        if !self.silent {
            out.append(&mut said);
        }
    }
}

fn change(shape: LaneShape, mischief: &Mischief, (late, mut message): Message) -> Vec<Message> {
    let here = |bytes: Vec<u8>| (late, bytes);
    match mischief.fault {
        Fault::Omission => Vec::new(),
        Fault::Repetition => vec![here(message.clone()), here(message)],
        Fault::Late => vec![(late + mischief.fault.delay(), message)],
        Fault::Garbage => vec![here(noise(mischief.at, message.len()))],
        Fault::GarbageAfter => vec![here(message), here(noise(mischief.at, 23))],
        Fault::WrongIdentifier => {
            let at = control_packet(shape, &message).map_or(message.len() - 1, |code| code + 1);
            if let Some(octet) = message.get_mut(at) {
                *octet ^= 0x55;
            }
            vec![here(message)]
        }
        Fault::Rejects => {
            if let Some(code) = control_packet(shape, &message).and_then(|at| message.get_mut(at)) {
                *code = CODE_CONFIGURE_REJECT;
            }
            vec![here(message)]
        }
        Fault::Terminates => {
            vec![here(frame(shape, &message, LCP, &[5, 200, 0, 4])), here(message)]
        }
        Fault::Renegotiates => {
            let request = [1, 201, 0, 10, 5, 6, 0xde, 0xad, 0xbe, 0xef];
            vec![here(frame(shape, &message, LCP, &request)), here(message)]
        }
        Fault::EarlySuccess => {
            vec![here(frame(shape, &message, CHAP, &[3, 1, 0, 4])), here(message)]
        }
        Fault::Refusal => match (shape, mischief.at) {
            (LaneShape::SstpStream, 0) => {
                let reply = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
                vec![here(reply.to_vec())]
            }
            // RFC 1661 §5.7: Protocol-Reject of IPCP.
            _ => {
                let reject = frame(shape, &message, LCP, &[8, 202, 0, 6, 0x80, 0x21]);
                vec![here(reject), here(message)]
            }
        },
        _ => vec![here(message)],
    }
}

/// Where the code of a PPP control packet stands, when the message carries one.
fn control_packet(shape: LaneShape, message: &[u8]) -> Option<usize> {
    let protocol_at = match shape {
        LaneShape::Datagrams | LaneShape::Port => 0,
        LaneShape::PptpStream => return None,
        LaneShape::Ethernet if message.get(12..14)? != PPPOE_SESSION => return None,
        LaneShape::Ethernet => PPPOE_HEAD,
        LaneShape::SstpStream if message.first() != Some(&0x10) => return None,
        LaneShape::SstpStream if message.get(1)? & 1 == 1 => return None,
        LaneShape::SstpStream => match message.get(4..6)? {
            [0xff, 0x03] => 6,
            _ => 4,
        },
    };
    let protocol = message.get(protocol_at..protocol_at + 2)?;
    let is_control = protocol[0] & 0x80 != 0 && message.len() > protocol_at + 4;
    is_control.then_some(protocol_at + 2)
}

/// A PPP frame as a message of this lane, to whom another message goes.
fn frame(shape: LaneShape, like: &[u8], protocol: u16, packet: &[u8]) -> Vec<u8> {
    let mut message = match shape {
        LaneShape::Datagrams | LaneShape::Port | LaneShape::PptpStream => Vec::new(),
        LaneShape::Ethernet => {
            let length = u16::try_from(2 + packet.len()).unwrap_or(u16::MAX).to_be_bytes();
            let head = like.get(..PPPOE_HEAD - 2).unwrap_or_default();
            [head, &length[..]].concat()
        }
        LaneShape::SstpStream => {
            let length = u16::try_from(4 + 4 + packet.len()).unwrap_or(0xfff).to_be_bytes();
            vec![0x10, 0, length[0], length[1], 0xff, 0x03]
        }
    };
    message.extend(protocol.to_be_bytes());
    message.extend(packet);
    message
}

fn noise(seed: u32, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
    let mut draw = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_be_bytes()[1]
    };
    (0..length).map(|_| draw()).collect()
}

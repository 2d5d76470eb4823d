//! The TCP/IP stack of a connection, under packets of a peer: queues are bounded, and it falls silent.

use std::net::{Ipv4Addr, Ipv6Addr};

use onhook_base::{Duration, Instant};
use onhook_userstack::{Stack, StackTerms};

use crate::gathered::checksum;
use crate::input::{Input, START};

const OURS: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 2);
const MOST_FLOWS: usize = 32;

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let stack = Stack::new(StackTerms {
        addresses: vec![(OURS.into(), 24), (Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 2).into(), 64)],
        rx_buffer: 4096,
        tx_buffer: 4096,
        max_flows: MOST_FLOWS,
        ..StackTerms::default()
    });
    let _listening = stack.listen(80, 4);
    let mut now = START;
    while !input.is_empty() {
        match input.byte() {
            0 => now += Duration::from_millis(u64::from(input.byte()) * 100),
            1 => stack.deliver(input.piece()),
            kind => stack.deliver(&tcp(kind, &mut input)),
        }
        poll(&stack, now);
    }
    stack.shut_down();
    poll(&stack, now);
    assert!(stack.flows() <= MOST_FLOWS);
}

fn poll(stack: &Stack, now: Instant) {
    let mut sent = 0;
    let mut again = stack.poll(now, 256, &mut |packet| {
        sent += 1;
        assert!(packet.len() <= 65_535);
    });
    for rounds in 0.. {
        match again {
            Some(at) if at <= now && rounds < 64 => {
                again = stack.poll(now, 256, &mut |_| sent += 1);
            }
            _ => break,
        }
    }
    assert!(sent < 64 * 256, "the stack never falls silent");
}

/// A segment to the port that is listened on whose checksums are right: the machine behind is reached.
fn tcp(flags: u8, input: &mut Input<'_>) -> Vec<u8> {
    let (port, far, near) = (input.byte() % 4, input.byte(), input.byte());
    let payload = input.piece();
    let mut packet = vec![0; 40];
    packet.extend_from_slice(payload);
    let length = u16::try_from(packet.len()).unwrap_or(u16::MAX).to_be_bytes();
    packet[..10].copy_from_slice(&[0x45, 0, length[0], length[1], 0, 0, 0x40, 0, 64, 6]);
    packet[12..16].copy_from_slice(&[10, 99, 0, 1]);
    packet[16..20].copy_from_slice(&OURS.octets());
    packet[20..24].copy_from_slice(&[0x9c, port, 0, 80]);
    packet[27] = far;
    packet[31] = near;
    packet[32..36].copy_from_slice(&[0x50, flags & 0x3f, 0x10, 0]);
    let ip = checksum(&packet[..20], 0).to_be_bytes();
    packet[10..12].copy_from_slice(&ip);
    let pseudo: u32 = [0x0a63, 1, 0x0a63, 2, 6].iter().sum();
    let rest = u32::try_from(packet.len() - 20).unwrap_or(0);
    let sum = checksum(&packet[20..], pseudo + rest).to_be_bytes();
    packet[36..38].copy_from_slice(&sum);
    packet
}

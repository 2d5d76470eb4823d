//! Two real ends of PPP, and somebody on the line between: frames are bent, lost, repeated and forged at
//! any step, before and after the proof. Both ends can be hung up in the end.

use onhook_base::Duration;
use onhook_hostile::{Ends, Victim, packet};
use onhook_ppp::auth::Method;
use onhook_ppp::wire::protocol;

use crate::input::Input;

const METHODS: [Method; 3] = [Method::MsChapV2, Method::ChapMd5, Method::Pap];
const PROTOCOLS: [u16; 8] = [
    protocol::LCP,
    protocol::IPCP,
    protocol::IPV6CP,
    protocol::CCP,
    protocol::PAP,
    protocol::CHAP,
    protocol::EAP,
    protocol::IPV4,
];

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let kind = input.byte();
    let method = METHODS[usize::from(kind) % 3];
    // Up to the step at which it becomes interesting, without words of the input.
    let mut ends = Ends::at(usize::from(kind >> 2) % 32, method);
    while !input.is_empty() {
        let deed = input.byte();
        let victim = Victim::BOTH[usize::from(deed >> 7)];
        match deed & 0x0f {
            0..=5 => {
                for _ in 0..=(deed >> 4 & 7) {
                    ends.step();
                }
            }
            6 => ends.wait(Duration::from_millis(u64::from(input.byte()) * 40)),
            7 => ends.alter(|_| None),
            8 => ends.repeat(),
            9 => {
                let (at, with) = (usize::from(input.byte()), input.byte());
                ends.alter(|mut octets| {
                    if let Some(octet) = octets.get_mut(at) {
                        *octet ^= with;
                    }
                    Some(octets)
                });
            }
            10 => {
                let keep = usize::from(input.byte());
                ends.alter(|mut octets| {
                    octets.truncate(keep);
                    Some(octets)
                });
            }
            11 => drop(ends.inject(victim, input.piece())),
            _ => {
                let number = PROTOCOLS[usize::from(input.byte()) % PROTOCOLS.len()];
                let (code, id, data) = (input.byte() % 16, input.byte(), input.piece());
                ends.inject(victim, &packet(number, code, id, data));
            }
        }
    }
    for victim in Victim::BOTH {
        if !ends.is_finished(victim) {
            ends.must_still_end(victim);
        }
    }
}

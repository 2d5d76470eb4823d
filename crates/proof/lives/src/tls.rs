//! A TLS that is only pretended, for the methods of EAP that need one: flights of one size with a sum over
//! each, and words that cannot be read on the way. Opening it takes nothing of a machine, as the real one.

use onhook_base::Secret;
use onhook_ppp::auth::{
    TlsAsk, TlsFacts, TlsFailure, TlsFault, TlsOrder, TlsReply, TlsRole, TlsState,
};

/// Octets of a flight: more than one packet takes.
const FLIGHT: usize = 2_000;
const HELLO: u8 = 1;
const WORDS: u8 = 2;

/// One end.
#[derive(Debug, Default)]
pub(crate) struct Pretended {
    heard: usize,
}

impl Pretended {
    pub(crate) fn reply(&mut self, order: TlsOrder) -> TlsReply {
        let (mut records, mut words, mut failed) = (Vec::new(), Vec::new(), false);
        match (order.ask, order.role) {
            (TlsAsk::Begin { .. }, role) => {
                self.heard = 0;
                if role == TlsRole::Client {
                    records = hello();
                }
            }
            (TlsAsk::Say(said), _) => records = sealed(WORDS, said.expose()),
            (TlsAsk::Hear(flight), role) => match open(&flight) {
                Some((WORDS, said)) if self.is_open() => words = said,
                Some((HELLO, _)) => {
                    self.heard += 1;
                    if self.heard <= flights(role) {
                        records = hello();
                    }
                }
                _ => failed = true,
            },
        }
        let state = if failed {
            let text = "the sum is wrong".to_owned();
            TlsState::Failed(TlsFailure { fault: TlsFault::NotTls, text })
        } else if self.is_open() {
            TlsState::Open(TlsFacts {
                is_13: false,
                key_material: Secret::new((0..128).collect()),
                names: vec!["alice".to_owned()],
            })
        } else {
            TlsState::Shaking
        };
        TlsReply { records, heard: Secret::new(words), state }
    }

    /// Both have heard the other twice (RFC 5246 §7.3).
    const fn is_open(&self) -> bool {
        self.heard >= 2
    }
}

/// Flights of the handshake that are answered with one.
const fn flights(role: TlsRole) -> usize {
    match role {
        TlsRole::Server => 2,
        TlsRole::Client => 1,
    }
}

fn hello() -> Vec<u8> {
    sealed(HELLO, &vec![7; FLIGHT])
}

fn sealed(mark: u8, words: &[u8]) -> Vec<u8> {
    let mut out = vec![mark];
    out.extend(words.iter().map(|octet| octet ^ 0x5a));
    out.push(sum(&out));
    out
}

fn open(flight: &[u8]) -> Option<(u8, Vec<u8>)> {
    let (last, rest) = flight.split_last()?;
    let (mark, words) = rest.split_first()?;
    (*last == sum(rest)).then(|| (*mark, words.iter().map(|octet| octet ^ 0x5a).collect()))
}

fn sum(octets: &[u8]) -> u8 {
    octets.iter().fold(1, |sum: u8, octet| sum.wrapping_mul(31).wrapping_add(*octet))
}

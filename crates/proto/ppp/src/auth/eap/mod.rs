//! EAP (RFC 3748): a frame for methods of authentication, and four of them.
//!
//! | method | type | proves the server | keys | source |
//! |---|---|---|---|---|
//! | EAP-MD5 | 4 | no | none | RFC 3748 §5.4 |
//! | EAP-TLS | 13 | by certificate | TLS exporter | RFC 5216, RFC 9190 |
//! | PEAP version 0, EAP-MSCHAPv2 inside | 25 | by certificate and password | TLS exporter, bound | [MS-PEAP] |
//! | EAP-MSCHAPv2 | 26 | by password | RFC 3079 | draft-kamath-pppext-eap-mschapv2 |
//!
//! [`EapPeer`] proves itself, [`EapAuthenticator`] demands it: by a method of its own, or by passing the
//! packets on to whoever judges elsewhere ([`EapTerms::pass_through`](super::EapTerms::pass_through)).
//! Neither speaks TLS: what they need of it they order from their owner ([`TlsOrder`], [`TlsReply`]).
//!
//! - `wire`: packets, and what the methods put into them.
//! - `peer`, `authenticator`: the machines.
//! - `again`: what they do while a person is asked for another password.
//! - `md5`, `mschapv2`, `tls`, `peap`: the methods.

mod again;
mod authenticator;
mod md5;
mod mschapv2;
mod peap;
mod peer;
#[cfg(test)]
mod tests;
mod tls;
pub(crate) mod wire;

pub use authenticator::EapAuthenticator;
pub use peer::EapPeer;
pub use tls::{TlsAsk, TlsFacts, TlsFailure, TlsFault, TlsOrder, TlsReply, TlsRole, TlsState};

use onhook_base::Secret;

use super::Keys;

/// Why EAP has failed, where it is not a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EapFailure {
    /// One end has none of the methods that the other wants.
    NoCommonMethod {
        /// The type numbers that the peer asked for or would have; empty when it would have none.
        theirs: Vec<u8>,
    },
    /// TLS has failed.
    Tls(TlsFailure),
    /// The crypto binding of PEAP is wrong: somebody sits between tunnel and proof.
    BindingWrong,
    /// The server says Success over TLS 1.3 without having said inside that it is content.
    NotConfirmed,
    /// The lengths that the peer names contradict one another, or are more than anybody needs.
    LengthsLie,
    /// The exchange goes on for ever.
    Endless,
}

impl std::fmt::Display for EapFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoCommonMethod { theirs } if theirs.is_empty() => {
                f.write_str("the peer wants no method of EAP")
            }
            Self::NoCommonMethod { theirs } => {
                f.write_str("no method of EAP is common to both ends; the peer wants ")?;
                for (place, number) in theirs.iter().enumerate() {
                    let comma = if place > 0 { ", " } else { "" };
                    match super::EapMethod::from_number(*number) {
                        Some(method) => write!(f, "{comma}{method}")?,
                        None => write!(f, "{comma}type {number}")?,
                    }
                }
                Ok(())
            }
            Self::Tls(failure) => write!(f, "{failure}"),
            Self::BindingWrong => f.write_str("the crypto binding of PEAP is wrong or missing"),
            Self::NotConfirmed => f.write_str(
                "the server says Success, but not inside TLS 1.3, where nobody else could have said it \
                 (RFC 9190 §2.1.1)",
            ),
            Self::LengthsLie => f.write_str("the peer's EAP packets contradict one another"),
            Self::Endless => f.write_str("the peer's EAP never comes to an end"),
        }
    }
}

/// The keys that TLS itself has made (RFC 5216 §2.3): the caller sends with the first half.
fn tunnel_keys(facts: &TlsFacts) -> Keys {
    let material = facts.key_material.expose();
    let part = |range: std::ops::Range<usize>| {
        Secret::new(material.get(range).unwrap_or_default().to_vec())
    };
    Keys { send: part(0..32), receive: part(32..64), weak: None }
}

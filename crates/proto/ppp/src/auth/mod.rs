//! Who are you? Each direction for itself: the side that *demanded* proof is the authenticator.
//!
//! | protocol | what is shown | source |
//! |---|---|---|
//! | PAP | the password in the clear | RFC 1334 §2 |
//! | CHAP | MD5 of a challenge, and MS-CHAP of both versions | RFC 1994, RFC 2433, RFC 2759 |
//! | EAP | what its method says | RFC 3748, [`eap`] |
//!
//! A [`Prover`] answers what it is asked; an [`Authenticator`] asks, hands the answer to its owner as
//! a [`Question`], and is told the [`Verdict`]: judged here against a known password ([`judge`]) or
//! elsewhere.

mod again;
mod chap;
mod contract;
pub mod eap;
mod machine;
mod mschap_v1;
mod mschap_v2;
mod pap;
mod side;
#[cfg(test)]
mod tests;

pub use contract::{
    AuthEvent, AuthFailure, Credentials, EapMethod, EapTerms, Keys, Method, Progress, Proof,
    Question, Verdict, judge,
};
pub use eap::{
    EapFailure, TlsAsk, TlsFacts, TlsFailure, TlsFault, TlsOrder, TlsReply, TlsRole, TlsState,
};
pub use machine::{Authenticator, Prover};
pub(crate) use side::{Demanding, Proving};

/// One line of an authentication packet for logs and transcripts, without secrets.
pub fn describe(protocol: u16, packet: &[u8]) -> Option<String> {
    match protocol {
        PAP => Some(pap::describe(packet)),
        CHAP => Some(chap::describe(packet)),
        _ => None,
    }
}

/// The protocol number of PAP.
pub const PAP: u16 = 0xc023;
/// The protocol number of CHAP.
pub const CHAP: u16 = 0xc223;
/// The protocol number of EAP.
pub const EAP: u16 = 0xc227;

//! Both ends of PPP as sans-IO machines (RFC 1661 and what belongs to it).
//!
//! [`Ppp`] is one end of one link, caller or answerer. It knows frames from their Protocol field on;
//! what carries them is a link's business. It is told the time, what came in and what its owner
//! wants, and is asked what to send, what has happened and when it wants to be called again.
//!
//! ```
//! use onhook_base::{Instant, Seed};
//! use onhook_ppp::{Ppp, PppEvent, PppTerms};
//!
//! let now = Instant::ORIGIN;
//! let mut caller = Ppp::new(PppTerms::caller(Vec::new(), None), &Seed::from_number(1));
//! let mut answerer =
//!     Ppp::new(PppTerms::answerer(Vec::new(), "here".into()), &Seed::from_number(2));
//! for end in [&mut caller, &mut answerer] {
//!     end.open(now);
//!     end.lower_up(now);
//! }
//! let mut information = Vec::new();
//! for _ in 0..2 {
//!     for turn in 0..2 {
//!         let (from, to) =
//!             if turn == 0 { (&mut caller, &mut answerer) } else { (&mut answerer, &mut caller) };
//!         while let Some(protocol) = from.poll_frame(&mut information) {
//!             let mut frame = protocol.to_be_bytes().to_vec();
//!             frame.extend_from_slice(&information);
//!             to.handle_frame(now, &mut frame);
//!         }
//!     }
//! }
//! assert!(matches!(caller.poll_event(), Some(PppEvent::LcpUp(_))));
//! ```
//!
//! # The rooms
//!
//! - [`wire`]: protocol numbers, one frame.
//! - [`control`]: the machine that LCP and all NCPs share.
//! - [`lcp`], [`ipcp`], [`ipv6cp`], [`ccp`]: options and terms of each.
//! - [`multilink`]: one bundle over several links.
//! - [`auth`]: who proves what to whom.
//! - `person`: what only a person knows, in the midst of a call.
//! - [`cbcp`]: whether the caller is called back, and where.
//! - `ladder`: which layer starts after which.
//! - `endpoint`: all of it composed, [`Ppp`].

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod auth;
pub mod cbcp;
pub mod ccp;
pub mod control;
mod describe;
mod endpoint;
mod failure;
pub mod ipcp;
pub mod ipv6cp;
mod ladder;
pub mod lcp;
pub mod multilink;
mod person;
mod terms;
pub mod wire;

pub use describe::describe;
pub use endpoint::{
    CloseReason, Counters, IpVersion, LcpFacts, MultilinkFacts, Packet, Ppp, PppEvent,
};
pub use failure::{Layer, Phase, PppFailure};
pub use person::{Given, Wanted};
pub use terms::{
    CallbackTerms, EchoTerms, Encryption, Ipv4Terms, Ipv6Terms, MultilinkTerms, NetworkTerms,
    PppTerms, Role,
};

//! What the core asks of the operating system, as values, each with its way back.
//!
//! The doorway between the quiet core and the loud rim: [`Effect`] is a deed to be done, [`Outcome`]
//! what it gave, [`HostError`] why it could not be done, and [`Undo`] the way back from it. Both sides
//! of the door depend on these words and neither on the other side.
//!
//! ```
//! use onhook_effect::{Effect, Prefix, TunId, Undo};
//!
//! let tun = TunId(1);
//! let to: Prefix = "10.0.0.0/8".parse().unwrap();
//! let deed = Effect::AddRoute { tun, to, metric: None };
//! assert_eq!(deed.undo(), Undo::DeleteRoute { tun, to });
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod effect;
mod error;
mod undo;

pub use effect::{
    CertificateFacts, CertifiedKey, EapTlsSpec, Effect, EthernetFacts, Forward, LaneFacts, LaneId,
    LaneSpec, Outcome, StackSpec, StepId, Trust, TunId, TunSpec,
};
pub use error::{HostError, HostErrorKind, TlsFault};
pub use onhook_base::{BadPrefix, Prefix};
pub use undo::Undo;

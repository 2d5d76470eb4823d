//! Modems: what is said to one before PPP can begin, and after it has ended (ITU-T V.250).
//!
//! ```text
//!     AT ─▶ OK     ATZ ─▶ OK     ATE0V1Q0X4&C1&D2S0=0 ─▶ OK     ATDT5551234 ─▶ CONNECT 33600
//!   wake          reset         settings, the entry's own      dial           (login script), then PPP
//!
//!     DTR low, 500 ms ─▶ NO CARRIER      or, where DTR means nothing:  +++ ─▶ OK   ATH ─▶ OK
//! ```
//!
//! A modem's line is an [`hdlc::Line`](crate::hdlc::Line) from CONNECT on. [`Modem`] is the calling end,
//! and the answering one once an [`Attendant`] has let the modem take the call. A caller that is to be
//! called back has both in turn, on one line.
//!
//! | file | what it is |
//! |---|---|
//! | `wire.rs` | result codes, numbers that can be dialed |
//! | `script.rs` | login by what is expected and what is sent |
//! | `machine.rs` | one call, from waking the modem to hanging up |
//! | `attendant.rs` | waits for a ring |
//! | `callback.rs` | the call ends, and the next one is waited for |
//! | `failure.rs` | why no call came of it |

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod attendant;
mod callback;
mod failure;
mod machine;
mod script;
mod wire;

#[cfg(test)]
mod tests;

pub use attendant::{Attendant, AttendantEvent};
pub use failure::ModemFailure;
pub use machine::{Modem, ModemTerms};
pub use script::{BadScript, Script};
pub use wire::{BadNumber, dial_string};

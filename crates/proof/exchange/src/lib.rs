//! A telephone exchange with modems on it: they say what V.250 says, and ring one another.
//!
//! [`Exchange`] is the whole as a machine: octets of each modem's port in and out, its DTR in and its
//! carrier out, one clock. It is played in invented time, and [`Bank`] plays it in real time on
//! pseudoterminals, for programs that want a port with a name.
//!
//! ```
//! use onhook_base::Instant;
//! use onhook_exchange::Exchange;
//!
//! let now = Instant::ORIGIN;
//! let mut exchange = Exchange::new(&["5551234", "5555678"]);
//! exchange.handle_octets(now, 0, b"ATE0DT5555678\r");
//! assert_eq!(exchange.poll_octets(1).unwrap(), b"\r\nRING\r\n");
//! exchange.handle_octets(now, 1, b"ATE0A\r");
//! assert!(exchange.has_carrier(0) && exchange.has_carrier(1));
//! ```

#![forbid(unsafe_code)]

mod bank;
mod exchange;
mod modem;

#[cfg(test)]
mod tests;

pub use bank::Bank;
pub use exchange::{Exchange, SPEED};

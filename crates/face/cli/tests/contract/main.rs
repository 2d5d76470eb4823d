//! The C library at work: behaviours of the RAS contract, each test by the numbers that it bears, through the
//! functions that C calls, with a manager and an answering server of our own behind them.

#[expect(dead_code, unreachable_pub, reason = "other tests play on it too")]
#[path = "../stage/mod.rs"]
mod stage;

mod bad_input;
mod called_back;
mod caller;
mod dialing;
mod eap;
mod entries;
mod hanging_up;
mod listing;
mod notifications;
mod programs;
mod redialing;
mod saved;
mod servers;
mod several_links;
mod thirty_two_bits;
mod threads;

//! The Rust API of the Remote Access Connection Manager.
//!
//! ```no_run
//! use onhook_client::{Credentials, DialRequest, Entry, Ras};
//!
//! # async fn example() -> Result<(), onhook_client::RasError> {
//! let mut ras = Ras::connect_or_start(None).await?;
//! let request = DialRequest { entry: Entry::for_number("vpn.example.net", "sstp"), options: Default::default() };
//! let credentials = Credentials { user: "alice".into(), ..Default::default() };
//! let dialed = ras.dial(&request, &credentials, None).await?;
//! println!("{:?}", ras.status(dialed.handle).await?.state);
//! ras.hang_up(dialed.handle).await?;
//! ras.wait_gone(dialed.handle).await?; // the handle is invalid: everything is gone
//! # Ok(()) }
//! ```
//!
//! The contract is RAS's: a dial gives a [`Handle`] at once, and every handle must be hung up, also when
//! dialing failed; the connection belongs to the manager and outlives the program; hanging up returns at
//! once, and [`Ras::wait_gone`] resolves when the status query answers ERROR_INVALID_HANDLE. Errors
//! carry the RAS number. [`blocking::Ras`] is the same without `async`, on one socket and no runtime;
//! [`books`] finds and reads phone books with the caller's own rights, and [`phonebooks`] does with them
//! what the entry functions of RAS do.

#![forbid(unsafe_code)]

mod answering;
pub mod blocking;
pub mod books;
pub mod certificates;
pub mod phonebooks;
mod ras;
mod start;
mod whole;
mod wire;

pub use answering::{AnsweringServer, Calls, answering_socket};
pub use onhook_model::{
    CallReport, Cause, ClientCertificate, ConnectionEvent, ConnectionReport, Country, Credentials,
    DialOptions, DialRequest, Dialed, Entry, EventKind, Handle, HistoryRecord, LinkReport,
    ListedDevice, Projection, RasCode, RasError, RasState, Resumption, Sharing, StateReport,
};
pub use ras::{Events, Ras, TunToAttach};
pub use start::{default_sockets, state_dir};

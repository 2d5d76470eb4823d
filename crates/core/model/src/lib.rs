//! The words of the Remote Access Service as values.
//!
//! From here up the house speaks RAS: [`RasCode`] is one of its error numbers, [`RasState`] one of the
//! states of RASCONNSTATE, [`Entry`] what a phone-book entry means, [`Handle`] an HRASCONN,
//! [`ConnectionReport`] what callers are told. Nothing here does anything; everything here can be
//! stored, sent and compared.
//!
//! ```
//! use onhook_model::{Handle, RasCode, RasState};
//!
//! assert_eq!(RasCode::INVALID_HANDLE.number(), 6);
//! assert!(RasState::Connected.is_terminal());
//! assert_eq!("0x2a".parse::<Handle>().unwrap().to_string(), "0x2a");
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod brief;
mod call;
mod cause;
mod code;
mod country;
mod credentials;
mod dial;
mod entry;
mod handle;
mod listed_device;
mod pause;
mod projection;
mod report;
mod state;

pub use brief::{ConnectionStatus, ListedConnection};
pub use call::CallReport;
pub use cause::Cause;
pub use code::RasCode;
pub use country::Country;
pub use credentials::{ClientCertificate, Credentials};
pub use dial::{DialOptions, DialRequest, Dialed, ForwardSpec, RasError};
pub use entry::*;
pub use handle::{BadHandle, Handle};
pub use listed_device::ListedDevice;
pub use pause::Resumption;
pub use projection::Projection;
pub use report::{
    ConnectionEvent, ConnectionReport, Debt, EventKind, HistoryRecord, LinkReport, StateReport,
    Traffic,
};
pub use state::*;

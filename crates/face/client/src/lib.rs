//! The Rust API of the Remote Access Connection Manager.
//!
//! ```
//! # mod stage { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stage/mod.rs")); }
//! # let stage = stage::Stage::new();
//! # let (place, request, credentials) = (stage.socket(), stage.request("office"), stage.credentials());
//! # let socket = Some(place.as_path());
//! # stage.play(async {
//! use onhook_client::{Connection, Ras, RasCode, State};
//!
//! let mut ras = Ras::connect_or_start(socket).await?; // None: this user's manager, or the system's
//! let mut office = Connection::dial(&ras, &request, &credentials).await?; // what the entry says, and who dials
//! while let Some(state) = office.states().next().await {
//!     println!("{}", state?.state().name()); // RASCS_ConnectDevice, … RASCS_Connected
//! }
//! let report = office.connected().await?; // or why not: a RasError with RAS's number
//! assert_eq!(ras.list().await?[0].handle, report.handle);
//! println!("{:?}", office.projection().await?.ipv4);
//!
//! office.hang_up().await?; // the handle is invalid: everything is gone
//! let after = ras.status(report.handle).await.unwrap_err();
//! assert_eq!((after.code, after.code.number()), (RasCode::INVALID_HANDLE, 6));
//! # Ok::<(), onhook_client::RasError>(()) }).unwrap();
//! ```
//!
//! The contract is RAS's. A dial gives a handle at once, and every handle is to be hung up, also when dialing
//! failed; the connection belongs to the manager and outlives the program, so that dropping a [`Connection`]
//! hangs nothing up. Errors carry the RAS number. [`Connection`] is the typed handle, and [`Ras`] has RAS's own
//! calls in RAS's own order: [`Ras::hang_up`] returns at once, and [`Ras::wait_gone`] when the status query
//! answers ERROR_INVALID_HANDLE. [`blocking`] is the same without `async`, on one socket and no runtime.
//!
//! [`PreparedDial`] makes a request of an entry of a phone book and of what is saved for it; [`books`] finds and
//! reads the books with the caller's own rights, and [`phonebooks`] does with them what the entry functions of
//! RAS do. The examples in `examples/` run as they stand.

#![forbid(unsafe_code)]

mod answering;
pub mod blocking;
pub mod books;
pub mod certificates;
mod connection;
mod found;
pub mod phonebooks;
mod prepared;
mod ras;
mod start;
mod state;
mod whole;
mod wire;

pub use answering::{AnsweringServer, Calls, answering_socket};
pub use connection::{Connection, States};
pub use onhook_model::{
    CallReport, Cause, ClientCertificate, ConnectionEvent, ConnectionReport, Country, Credentials,
    DialOptions, DialRequest, Dialed, Entry, EventKind, Handle, HistoryRecord, LinkReport,
    ListedDevice, Projection, RasCode, RasError, RasState, Resumption, Sharing, StateReport,
    Traffic,
};
pub use prepared::PreparedDial;
pub use ras::{Events, Ras, TunToAttach};
pub use start::{default_sockets, state_dir};
pub use state::{HungUp, State};

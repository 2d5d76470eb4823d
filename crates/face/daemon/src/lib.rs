//! The manager as a service: the socket, who calls, and the life of the process.
//!
//! [`run`] binds the socket, makes the service, says that it is ready (systemd's protocol too), serves
//! until it is told to stop, hangs everything up, and ends. One task serves each client; a client that
//! is slow, stuck or hostile harms nobody else: what it may send, keep open and leave unread is bounded.

#![forbid(unsafe_code)]

mod answering;
mod apart;
mod daemon;
mod devices;
mod engine_service;
mod introspection;
mod keepers;
mod lines;
mod listings;
mod parameters;
mod server;
mod service;
mod socket;
mod succession;
#[cfg(test)]
mod tests;

pub use answering::serve_answering;
pub use apart::serve_apart;
pub use daemon::{DaemonConfig, harden, init_logging, run};
pub use engine_service::{EngineService, heal};
pub use keepers::Keepers;
pub use server::{ServerLimits, Setting, serve};
pub use service::{Answer, Caller, Events, Service, TunOffer};
pub use socket::{Bound, Reach, default_socket, folder_of, prepare_folder};
pub use succession::KEEPER;

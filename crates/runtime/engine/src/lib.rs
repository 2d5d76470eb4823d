//! Where connections live in time: one task drives each.
//!
//! The [`Engine`] joins the quiet core to Linux. It holds the one
//! [`Manager`](onhook_manager::Manager), and for every connection a *driver*: a task that pumps one
//! [`Connection`](onhook_connection::Connection), does the deeds that it asks for through the
//! [`Host`](onhook_host::Host), and tells the manager what became of it. No lock is held while anything
//! is awaited, and one stuck connection never blocks another.
//!
//! The answering end uses the same driver: [`Engine::answer`] is given a lane that somebody opened to
//! us, and asks an [`Answering`] whom to admit.

#![forbid(unsafe_code)]

mod deeds;
mod driver;
mod engine;
mod lanes;
mod outlet;
mod store;
mod talk;

pub use driver::{Answering, Judgement};
pub use engine::{AttachedTun, Engine, EngineConfig, SharedTraffic, Stop, Subscription, TunOffer};
pub use onhook_manager::{Caller, ManagerTerms};

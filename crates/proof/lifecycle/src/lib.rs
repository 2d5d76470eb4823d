//! The life of one connection, small enough to be searched whole.
//!
//! What the manager, the connection and Linux do to each other, without octets and without time: two
//! programs that dial, join, hang up and die; a dial that climbs or fails; three kinds of things that are
//! made and unmade; a server that is told or lost; a budget that may be spent at any moment. Every order
//! in which this can happen is visited ([`stateright`]), and in each state the promises hold. That the
//! real code lives only lives that this model knows is shown by `tests/conformance.rs`, which follows
//! thousands of simulated lives through it with [`Follower`].
//!
//! ```
//! use onhook_lifecycle::Lifecycle;
//! use stateright::{Checker, Model};
//!
//! let checker = Lifecycle::default().checker().spawn_bfs().join();
//! checker.assert_properties();
//! assert!(checker.unique_state_count() > 1_000);
//! ```

#![forbid(unsafe_code)]

mod act;
mod follow;
mod life;
mod promises;

pub use act::Act;
pub use follow::{Follower, Map, Seen, Unknown};
pub use life::{Life, Phase, Record, Server, Thing, Things};
pub use promises::Lifecycle;

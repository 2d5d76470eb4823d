//! The answering server: who is called, by whom, and what the caller finds behind it.
//!
//! For tests and for small real use: it listens for calls by every link, proves users against a file, hands out
//! addresses from a pool, and lets the callers' packets go to network interfaces (with rights) or to a
//! small inside host of its own (without). A call is the same machine as a dial, at its other end: see
//! [`Engine::answer`](onhook_engine::Engine::answer).
//!
//! ```
//! use onhook_answer::{Pool, Users};
//!
//! let users = Users::parse("alice wonderland1\nbob \"cheshire cat\"\n").unwrap();
//! assert!(users.password("bob").is_some());
//! let mut pool = Pool::new("10.99.0.0/24".parse().unwrap()).unwrap();
//! assert_eq!(pool.ours().to_string(), "10.99.0.1");
//! assert_eq!(pool.take().unwrap().to_string(), "10.99.0.2");
//! ```

#![forbid(unsafe_code)]

mod admit;
mod answer;
mod callback;
mod calls;
mod certificate;
mod desk;
mod front;
mod password_file;
mod pool;
mod radius;
mod switchboard;
mod user_book;
mod users;

pub use answer::{Answer, AnswerConfig, Behind, Door, LinePlace, SessionRules};
pub use callback::CallbackSetting;
pub use calls::{Origin, Session};
pub use certificate::Identity;
pub use onhook_connection::{Impairment, SessionLimits};
pub use onhook_ppp::auth::{EapMethod, EapTerms, Method};
pub use onhook_radius::client::Server as RadiusServer;
pub use pool::{BadPool, Pool, Pool6};
pub use radius::RadiusConfig;
pub use switchboard::Switchboard;
pub use users::{BadUsers, User, Users};

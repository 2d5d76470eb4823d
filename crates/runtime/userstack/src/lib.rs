//! Where packets go without root: a TCP/IP stack in user space, and its proxies.
//!
//! A [`Stack`] is one end of one connection: it is given the IP packets that arrive and gives those that
//! are to be sent, and programs reach what lies behind the connection through it: by SOCKS5
//! ([`serve_socks5`]), by HTTP CONNECT ([`serve_http_connect`]) or by a forwarded port
//! ([`serve_forward`]). Names are resolved by the connection's own servers, never by the host's. At the
//! answering end [`serve_inside`] stands behind it: a page and an echo.
//!
//! The owner of a stack calls [`Stack::deliver`] for each packet that arrived, and [`Stack::poll`] after
//! that, when [`Stack::wants_poll`] resolves, and at the moment that the last poll has named.
//!
//! What it is not: it has no selective acknowledgements and no path-MTU discovery (its MSS follows the
//! MTU that it is given), so it expects less of lossy paths than the kernel does. Each flow has two
//! buffers of its own; the number of flows is bounded.

#![forbid(unsafe_code)]

mod device;
mod dns;
mod forward;
mod http_connect;
mod inside;
mod listener;
#[cfg(feature = "ordeals")]
pub mod ordeals;
mod owns;
mod socks5;
mod stack;
mod state;
mod stream;
#[cfg(test)]
mod tests;

pub use forward::{ProxyTerms, serve_forward};
pub use http_connect::serve_http_connect;
pub use inside::serve_inside;
pub use listener::StackListener;
pub use socks5::serve_socks5;
pub use stack::{Stack, StackTerms};
pub use stream::StackStream;

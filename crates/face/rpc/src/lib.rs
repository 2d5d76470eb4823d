//! The service contract of the manager: Varlink over a unix socket.
//!
//! Each message is a JSON object that ends with a NUL octet; descriptors travel beside it
//! (`SCM_RIGHTS`). The contract itself is one file, [`INTERFACE`], which the service hands out on
//! request, so that `varlinkctl` and any other Varlink client can use it.
//!
//! ```
//! use onhook_rpc::Call;
//!
//! let call = Call::parse(br#"{"method":"org.onhook.Ras.List"}"#).unwrap();
//! assert_eq!(call.method, "org.onhook.Ras.List");
//! assert!(!call.more);
//! ```

#![forbid(unsafe_code)]

pub mod brief;
mod framing;
mod message;
pub mod methods;
#[cfg(test)]
mod tests;

pub use framing::{Frame, FrameError, Framed, Limits, PeerCredentials, message_end};
pub use message::{
    ANSWER, ANSWER_INTERFACE, Behalf, Call, INTERFACE, NAME, Outgoing, encode, reply, reply_error,
    reply_more, wipe,
};
pub use zeroize::Zeroizing;

//! The functions as C sees them.
//!
//! Each follows its caller's pointers by way of `boundary`, and leaves the rest to the room that knows what
//! it is about. Every pointer that a function takes must be null, where the contract allows that, or lead to
//! what `ras.h` says, for as long as the call lasts; that is the whole of what their callers promise.
#![allow(non_snake_case, reason = "the names are those of ras.h")]
#![allow(
    clippy::missing_safety_doc,
    reason = "what callers promise is said once, at the door of this module"
)]

mod autodial;
mod connections;
mod dialing;
mod dialogs;
mod eap;
mod entries;
mod events;
mod hosts;
mod legacy;
mod saved;
mod texts;

pub use autodial::*;
pub use connections::*;
pub use dialing::*;
pub use dialogs::*;
pub use eap::*;
pub use entries::*;
pub use events::*;
pub use hosts::*;
pub use legacy::*;
pub use saved::*;
pub use texts::*;

/// One function in its two forms, A and W: the body is told which of them was called.
macro_rules! both_forms {
    ($(#[$about:meta])* $ansi:ident, $wide:ident ($($name:ident: $kind:ty),* $(,)?) $body:expr) => {
        $(#[$about])*
        #[doc = "\n\nText is UTF-8."]
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $ansi($($name: $kind),*) -> u32 {
            let body: fn(crate::layout::Charset, $($kind),*) -> Result<(), crate::boundary::Refusal> =
                $body;
            crate::boundary::answer(|| body(crate::layout::Charset::Ansi, $($name),*))
        }

        $(#[$about])*
        #[doc = "\n\nText is UTF-16."]
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $wide($($name: $kind),*) -> u32 {
            let body: fn(crate::layout::Charset, $($kind),*) -> Result<(), crate::boundary::Refusal> =
                $body;
            crate::boundary::answer(|| body(crate::layout::Charset::Wide, $($name),*))
        }
    };
}
pub(crate) use both_forms;

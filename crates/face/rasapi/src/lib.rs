//! The RAS contract for programs written in C: `librasapi32.so`, the functions of `ras.h` and `rasdlg.h` with
//! their names, structures and numbers, over the manager.
//!
//! | room | what |
//! | --- | --- |
//! | [`layout`] | the structures as they lie in a caller's memory, of every version that ever was |
//! | `boundary` | the one place where a caller's pointers are followed |
//! | `exports` | the functions as C sees them, each a line or two |
//! | the others | what the functions do, without a pointer in sight |
//!
//! Every function that is told a connection asks the manager, which knows the caller from the kernel; what
//! concerns phone books and saved credentials is read and written here, with the caller's own rights. Text is
//! UTF-8 in the A functions and UTF-16 in the W functions.

mod boundary;
mod connections;
mod dial;
mod entries;
mod events;
pub mod exports;
mod handles;
mod host;
pub mod layout;
mod manager;
mod notifier;
mod projection;
mod saved;
mod statistics;

//! The RAS contract for programs written in C: what `ras.h` and `rasdlg.h` describe.
//!
//! [`layout`] knows the structures of these headers as they lie in a caller's memory, of every version
//! that ever was, for both machines and both forms (A and W).

pub mod layout;

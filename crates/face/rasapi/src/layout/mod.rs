//! The structures of `ras.h` and `rasdlg.h` as they lie in memory, described rather than declared.
//!
//! A program tells by `dwSize` which version of a structure it was compiled with; the versions differ by
//! the `WINVER` of the headers, by the machine's pointers, and by the form (A or W). One table per
//! structure ([`Structure`], in [`tables`]) names its fields and since when each exists; offsets and
//! sizes are computed from it by the rule of packing to 4 octets. So a caller's memory is never cast to a
//! type: [`Structure::of_size`] finds the [`Form`] that the caller means, and a [`View`] or [`ViewMut`]
//! over exactly as many octets reads and writes its fields, and cannot reach beyond them.
//!
//! ```
//! use rasapi32::layout::{Charset, Machine, ViewMut, tables::RASCONN};
//!
//! let form = RASCONN.of_size(Machine::X64, Charset::Wide, 1344).expect("the size of Windows NT 4");
//! let mut memory = vec![0; form.size()];
//! let mut row = ViewMut::new(form, &mut memory).expect("as many octets as its size");
//! row.begin();
//! row.put_handle("hrasconn", 7);
//! assert!(row.put_text("szEntryName", "Office"));
//! assert!(!row.put_u32("dwFlags", 1), "which this version does not have");
//! assert_eq!(row.as_view().text("szEntryName"), Ok(Some("Office".to_owned())));
//! ```
#![forbid(unsafe_code)]

mod charset;
mod generation;
mod structure;
pub mod tables;
mod view;

#[cfg(test)]
mod tests;

pub use charset::{BadText, Charset};
pub use generation::{Generation, Machine};
pub use structure::{Field, FieldAt, Form, Kind, Place, Structure};
pub use view::{View, ViewMut};

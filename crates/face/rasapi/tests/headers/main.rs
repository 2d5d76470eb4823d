//! The headers in `include/`, as C compilers see them: layouts, constants, errors and functions equal the
//! published tables, for every `WINVER`, for 64 and 32 bits; and they compile without a warning.
//!
//! Each probe is a C file of static assertions, one per row of a table; to compile it is the test. Where a
//! compiler is missing the test says so and is skipped.

#[path = "../published/mod.rs"]
mod published;
#[path = "../scratch/mod.rs"]
mod scratch;

mod compiler;
mod example;
mod library;
mod names;
mod probes;
mod standards;

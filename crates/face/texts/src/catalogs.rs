//! One file a language.

pub(crate) mod en;

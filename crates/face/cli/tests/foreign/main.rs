//! Programs in other languages, and for Windows: the recipes of `docs/other-languages.md`, followed word for
//! word. What is not installed is said, and its test is skipped.

#[expect(unreachable_pub, dead_code, reason = "other tests play on it too")]
#[path = "../stage/mod.rs"]
mod stage;

mod dotnet;
mod page;
mod place;
mod python;
mod windows;

//! `floors`: imports go down or sideways, never up; the lower wings do no IO.
//!
//! ```text
//!   face ─▶ runtime ─▶ core ─▶ proto        proof stands beside and leans on all
//! ```
//!
//! The table says crate by crate what may be imported of ours. It is held against the manifests and
//! against the words of the sources. Beside it stand the rules that need no table: no room of
//! `proto/link` knows another, RAS words stay out of `proto`, nothing below `runtime` awaits, `unsafe`
//! has one room, and every library of `proto` and `core` denies what could panic.

use std::path::Path;

use crate::finding::Finding;
use crate::source::{Source, words};
use crate::tree::{Package, Tree};

/// What a crate may import of ours, beside itself. Every row goes down or sideways.
const TABLE: &[(&str, &[&str])] = &[
    ("onhook-base", &[]),
    ("onhook-crypto", &["base"]),
    ("onhook-ppp", &["base", "crypto"]),
    ("onhook-link", &["base", "crypto"]),
    ("onhook-radius", &["base", "crypto"]),
    ("onhook-model", &["base"]),
    ("onhook-effect", &["base"]),
    ("onhook-phonebook", &["base", "model"]),
    ("onhook-connection", &["base", "ppp", "link", "model", "effect"]),
    ("onhook-manager", &["base", "model", "effect", "connection"]),
    ("onhook-host", &["base", "effect"]),
    ("onhook-userstack", &["base", "effect"]),
    (
        "onhook-engine",
        &["base", "ppp", "model", "effect", "connection", "manager", "host", "userstack"],
    ),
    (
        "onhook-answer",
        &[
            "base",
            "crypto",
            "ppp",
            "link",
            "radius",
            "model",
            "effect",
            "connection",
            "manager",
            "host",
            "userstack",
            "engine",
        ],
    ),
    ("onhook-texts", &["model"]),
    ("onhook-rpc", &["base", "model"]),
    ("onhook-client", &["base", "model", "phonebook", "rpc"]),
    ("onhook-daemon", &["base", "model", "effect", "rpc", "engine", "answer", "userstack", "host"]),
    (
        "onhook",
        &[
            "base",
            "model",
            "phonebook",
            "texts",
            "rpc",
            "client",
            "daemon",
            "answer",
            "engine",
            "host",
        ],
    ),
    ("onhook-rasapi", &["base", "model", "texts", "client"]),
    ("onhook-sim", &["base", "effect"]),
];

/// The invented world and the invented modems, which every crate's tests may use.
const INVENTED: [&str; 2] = ["onhook-sim", "onhook-exchange"];

/// What the tests and examples of a crate, and nothing else of it, may use besides: the C library is played
/// against the program's manager and server, and the Rust API against ones in the same process.
const PLAYED: &[(&str, &str)] = &[
    ("onhook", "onhook-rasapi"),
    ("onhook-client", "onhook-daemon"),
    ("onhook-client", "onhook-engine"),
    ("onhook-client", "onhook-host"),
    ("onhook-client", "onhook-answer"),
];

/// Crates of others that mean IO, a clock, chance or a runtime: not below `runtime`.
const IO_CRATES: &[&str] = &[
    "tokio",
    "futures-util",
    "socket2",
    "nix",
    "libc",
    "rustls",
    "rtnetlink",
    "getrandom",
    "rand",
    "tempfile",
    "etcetera",
];

/// Where `unsafe` may be said: the crate, its room below `src` (or "" for all), and the reason.
const UNSAFE: &[(&str, &str, &str)] = &[
    ("onhook-host", "", "the one narrow door to Linux"),
    ("onhook-rasapi", "boundary.rs", "a C program's pointers are followed there"),
    ("onhook-rasapi", "exports", "functions as C calls them"),
    ("onhook-rasapi", "notifier.rs", "a C program's functions are called there"),
    ("onhook-rasapi", "host.rs", "the functions of a host of other programs are called there"),
];

/// What every library of `proto` and `core` denies outside its tests.
const PANICS: &[&str] = &["unwrap_used", "expect_used", "panic", "indexing_slicing"];

/// All findings of this guard.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for package in &tree.packages {
        check_manifest(package, &mut found);
        if package.wing() != "proof" {
            check_imports(package, &mut found);
        }
        if matches!(package.wing(), "proto" | "core") {
            check_quiet(package, &mut found);
        }
        if package.wing() == "proto" {
            check_language(package, &mut found);
        }
        if package.name == "onhook-link" {
            check_rooms(package, &mut found);
        }
        check_unsafe(package, &mut found);
    }
    found
}

/// The table's row of a crate: full names.
fn allowed(package: &str) -> Option<Vec<String>> {
    let (_, row) = TABLE.iter().find(|(name, _)| *name == package)?;
    Some(row.iter().map(|short| format!("onhook-{short}")).collect())
}

/// A dependency of ours must stand in the crate's row; the lower wings need no IO crate.
fn check_manifest(package: &Package, found: &mut Vec<Finding>) {
    let manifest = package.dir.join("Cargo.toml");
    let row = allowed(&package.name);
    if row.is_none() && matches!(package.wing(), "proto" | "core" | "runtime" | "face") {
        let what = format!("{} has no row in the table of xtask/src/floors.rs", package.name);
        found.push(Finding::new(&manifest, 0, what));
    }
    if let Some(row) = &row {
        for need in package.dependencies.iter().filter(|need| is_ours(need)) {
            if !row.contains(need) {
                let what = format!("{} may not depend on {need}", package.name);
                found.push(Finding::new(&manifest, 0, what));
            }
        }
        for need in package.test_dependencies.iter().filter(|need| is_ours(need)) {
            let is_played = PLAYED.contains(&(package.name.as_str(), need.as_str()));
            if !row.contains(need) && !INVENTED.contains(&need.as_str()) && !is_played {
                let what = format!("the tests of {} may not depend on {need}", package.name);
                found.push(Finding::new(&manifest, 0, what));
            }
        }
    }
    if matches!(package.wing(), "proto" | "core") {
        for need in package.dependencies.iter().filter(|n| IO_CRATES.contains(&n.as_str())) {
            let what = format!("{} does no IO and may not depend on {need}", package.name);
            found.push(Finding::new(&manifest, 0, what));
        }
    }
}

fn is_ours(name: &str) -> bool {
    name == "onhook" || name.starts_with("onhook-")
}

/// A word `onhook_x` in the code must be the crate itself or stand in its row.
fn check_imports(package: &Package, found: &mut Vec<Finding>) {
    let Some(mut row) = allowed(&package.name) else { return };
    row.push(package.name.clone());
    for source in &package.sources {
        for (line, text) in source.code_lines() {
            let ours = words(text).map(|(_, word)| word).filter(|word| word.starts_with("onhook_"));
            for word in ours.filter(|word| is_crate(word)) {
                if !row.contains(&word.replace('_', "-")) {
                    let what = format!("{} may not import {word}", package.name);
                    found.push(Finding::new(&source.path, line, what));
                }
            }
        }
    }
}

/// A word that begins like a crate of ours need not be one.
fn is_crate(word: &str) -> bool {
    let name = word.replace('_', "-");
    TABLE.iter().any(|(package, _)| *package == name)
}

/// Nothing below `runtime` awaits, and nothing there can panic.
fn check_quiet(package: &Package, found: &mut Vec<Finding>) {
    for source in &package.sources {
        for (line, text) in source.code_lines() {
            for (_, word) in words(text).filter(|(_, w)| matches!(*w, "async" | "await")) {
                let what = format!("`{word}` belongs to runtime; {} is told", package.name);
                found.push(Finding::new(&source.path, line, what));
            }
        }
    }
    let Some(root) = package.root_file() else { return };
    if !root.code.contains("#![forbid(unsafe_code)]") {
        found.push(Finding::new(&root.path, 0, "lacks #![forbid(unsafe_code)]"));
    }
    let denied = denied_lints(root);
    let lacking = PANICS.iter().filter(|lint| !denied.contains(lint));
    let lacking: Vec<String> = lacking.map(|lint| format!("clippy::{lint}")).collect();
    if !lacking.is_empty() {
        let what = format!("lacks #![cfg_attr(not(test), deny({}))]", lacking.join(", "));
        found.push(Finding::new(&root.path, 0, what));
    }
}

/// The words inside the file's inner attributes that deny or forbid.
fn denied_lints(root: &Source) -> Vec<&str> {
    let mut lints = Vec::new();
    for attribute in root.code.split("#![").skip(1) {
        let inside = attribute.split(']').next().unwrap_or("");
        let all: Vec<&str> = words(inside).map(|(_, word)| word).collect();
        if all.contains(&"deny") || all.contains(&"forbid") {
            lints.extend(all);
        }
    }
    lints
}

/// RFC words below core, RAS words above.
fn check_language(package: &Package, found: &mut Vec<Finding>) {
    for source in &package.sources {
        for (line, text) in source.code_lines() {
            for (_, word) in words(text).filter(|(_, word)| is_ras_word(word)) {
                let what = format!("`{word}` is a word of RAS; proto speaks RFC");
                found.push(Finding::new(&source.path, line, what));
            }
        }
    }
}

/// `RasCode`, `RASCONNSTATE`, `RAS`; not `Raster`.
fn is_ras_word(word: &str) -> bool {
    word == "RAS"
        || word.starts_with("RASC")
        || word.strip_prefix("Ras").is_some_and(|rest| rest.starts_with(char::is_uppercase))
}

/// The one room that others may import: every link over a line frames as it does.
const SHARED: &str = "hdlc";

/// The rooms of `proto/link` share the contract, the framing of lines, and nothing else.
fn check_rooms(package: &Package, found: &mut Vec<Finding>) {
    let rooms: Vec<String> = package.sources.iter().filter_map(|s| room(package, s)).collect();
    for source in &package.sources {
        let Some(own) = room(package, source) else { continue };
        for (line, text) in source.code_lines() {
            let all: Vec<&str> = words(text).map(|(_, word)| word).collect();
            for pair in all.windows(2) {
                let [from, to] = pair else { continue };
                let leaves = matches!(*from, "crate" | "super" | "onhook_link");
                if leaves && *to != own && *to != SHARED && rooms.iter().any(|room| room == to) {
                    let what = format!("the room {own} may not import the room {to}");
                    found.push(Finding::new(&source.path, line, what));
                }
            }
        }
    }
}

/// The room that a file lies in: the folder below `src`.
fn room(package: &Package, source: &Source) -> Option<String> {
    let inside = source.path.strip_prefix(package.dir.join("src")).ok()?;
    let folder = inside.parent().filter(|folder| *folder != Path::new(""))?;
    folder.iter().next()?.to_str().map(str::to_owned)
}

fn check_unsafe(package: &Package, found: &mut Vec<Finding>) {
    let rooms: Vec<_> = UNSAFE
        .iter()
        .filter(|(name, ..)| *name == package.name)
        .map(|(_, room, _)| package.dir.join("src").join(room))
        .collect();
    for source in &package.sources {
        // A crate whose every room may say it has tests that may, too.
        let whole = rooms.contains(&package.dir.join("src"));
        if whole || rooms.iter().any(|room| source.path.starts_with(room)) {
            continue;
        }
        for (line, text) in source.code_lines() {
            if words(text).any(|(_, word)| word == "unsafe") {
                let what = "`unsafe` belongs to runtime/host, or to the C boundary of face/rasapi";
                found.push(Finding::new(&source.path, line, what.to_owned()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tests::package;

    const QUIET: &str = "#![forbid(unsafe_code)]\n#![cfg_attr(not(test), deny(clippy::unwrap_used, \
        clippy::expect_used, clippy::panic, clippy::indexing_slicing))]\n";

    fn findings(package: Package) -> Vec<String> {
        let tree = Tree { packages: vec![package] };
        check(&tree).iter().map(ToString::to_string).collect()
    }

    /// The floor of a crate, by the wing that it stands in.
    fn floor(name: &str) -> usize {
        match name {
            "onhook-base" | "onhook-crypto" | "onhook-ppp" | "onhook-link" | "onhook-radius" => 0,
            "onhook-model" | "onhook-effect" | "onhook-phonebook" | "onhook-connection"
            | "onhook-manager" => 1,
            "onhook-host" | "onhook-userstack" | "onhook-engine" | "onhook-answer" => 2,
            _ => 3,
        }
    }

    #[test]
    fn no_row_of_the_table_goes_up_and_none_goes_in_a_circle() {
        for (at, (name, row)) in TABLE.iter().enumerate() {
            for short in *row {
                let need = format!("onhook-{short}");
                assert!(floor(&need) <= floor(name), "{name} → {need}");
                let before = TABLE.iter().position(|(other, _)| *other == need);
                assert!(before.is_some_and(|b| b < at), "{need} stands before {name}");
            }
        }
    }

    #[test]
    fn a_dependency_upwards_is_found() {
        let files = [("src/lib.rs", QUIET)];
        let p = package("onhook-base", "crates/proto/base", &["onhook-model", "thiserror"], &files);
        assert_eq!(
            findings(p),
            ["crates/proto/base/Cargo.toml: onhook-base may not depend on onhook-model"]
        );
    }

    #[test]
    fn an_import_beside_the_table_is_found_but_not_in_a_comment() {
        let text =
            format!("{QUIET}// onhook_manager\nuse onhook_base::Instant;\nuse onhook_ppp::Ppp;");
        let p = package("onhook-link", "crates/proto/link", &[], &[("src/lib.rs", &text)]);
        assert_eq!(
            findings(p),
            ["crates/proto/link/src/lib.rs:5: onhook-link may not import onhook_ppp"]
        );
    }

    #[test]
    fn a_room_that_imports_another_is_found() {
        let files = [
            ("src/lib.rs", QUIET),
            ("src/sstp/mod.rs", "use crate::contract::Link;\nuse crate::sstp::wire;\n"),
            ("src/l2tp/mod.rs", "use crate::sstp::wire;\n"),
        ];
        let p = package("onhook-link", "crates/proto/link", &[], &files);
        assert_eq!(
            findings(p),
            ["crates/proto/link/src/l2tp/mod.rs:1: the room l2tp may not import the room sstp"]
        );
    }

    #[test]
    fn a_quiet_crate_that_awaits_or_needs_a_runtime_is_found() {
        let text =
            format!("{QUIET}async fn f() {{}}\n#[cfg(test)]\nmod tests {{ async fn g() {{}} }}");
        let p = package("onhook-model", "crates/core/model", &["tokio"], &[("src/lib.rs", &text)]);
        let found = findings(p);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].ends_with("may not depend on tokio"), "{found:?}");
        assert!(found[1].contains("lib.rs:3: `async`"), "{found:?}");
    }

    #[test]
    fn a_library_that_may_panic_or_be_unsafe_is_found() {
        let text = "#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::panic))]\n";
        let p = package("onhook-effect", "crates/core/effect", &[], &[("src/lib.rs", text)]);
        let found = findings(p);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[1].contains("deny(clippy::expect_used, clippy::indexing_slicing)"));
        let p =
            package("onhook-engine", "crates/runtime/engine", &[], &[("src/a.rs", "unsafe {}")]);
        assert_eq!(findings(p).len(), 1);
        let p = package("onhook-host", "crates/runtime/host", &[], &[("src/a.rs", "unsafe {}")]);
        assert!(findings(p).is_empty());
        let rooms = [("src/exports/a.rs", "unsafe {}"), ("src/boundary.rs", "unsafe {}")];
        let p = package("onhook-rasapi", "crates/face/rasapi", &[], &rooms);
        assert!(findings(p).is_empty(), "the boundary may");
        let rooms = [("src/layout/view.rs", "unsafe {}")];
        let p = package("onhook-rasapi", "crates/face/rasapi", &[], &rooms);
        assert_eq!(findings(p).len(), 1, "nothing else of it may");
    }

    #[test]
    fn words_of_ras_are_found_in_proto() {
        let text =
            format!("{QUIET}// RasCode is not for us\nfn f(x: RasCode, y: Rasterizer) {{}}\n");
        let p = package("onhook-ppp", "crates/proto/ppp", &[], &[("src/lib.rs", &text)]);
        let found = findings(p);
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn a_crate_without_a_row_is_found() {
        let p = package("onhook-new", "crates/runtime/new", &[], &[]);
        assert_eq!(findings(p).len(), 1);
    }
}

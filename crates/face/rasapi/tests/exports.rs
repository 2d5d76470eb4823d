//! The library exports every function of the contract, in both forms, and by exactly its name.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

const FUNCTIONS: &str = include_str!("data/functions.csv");

/// The library as it was built beside this test.
fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors()
        .flat_map(|folder| ["librasapi32.so", "deps/librasapi32.so"].map(|name| folder.join(name)))
        .find(|path| path.exists())
        .expect("the library is built before its tests")
}

/// What answers an error whatever it is asked is told on the page about the library.
#[test]
fn functions_without_a_meaning_are_listed_on_the_page() {
    let page = include_str!("../../../../docs/c-library.md");
    let listed = page.split("## What has no meaning here").nth(1).unwrap();
    let legacy = FUNCTIONS.lines().filter(|row| row.split(',').nth(3) == Some("legacy"));
    let mut looked_for = 0;
    for row in legacy {
        let name = row.split(',').nth(1).unwrap().trim_end_matches(['A', 'W']);
        assert!(listed.contains(&format!("`{name}`")), "{name}");
        looked_for += 1;
    }
    assert_eq!(looked_for, 5);
}

#[test]
fn every_function_of_the_contract_is_exported() {
    // It comes with the linker that has made this very test.
    let symbols = Command::new("nm").args(["-D", "--defined-only"]).arg(library()).output();
    let symbols = String::from_utf8(symbols.unwrap().stdout).unwrap();
    let exported: BTreeSet<_> =
        symbols.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    assert!(exported.len() > 80, "{}", exported.len());
    let missing: Vec<_> = FUNCTIONS
        .lines()
        .skip(1)
        .filter_map(|row| row.split(',').nth(1))
        .filter(|name| !exported.contains(name))
        .collect();
    assert!(missing.is_empty(), "not exported: {missing:?}");
    let ours = ["Ras", "Onhook"];
    let strange: Vec<_> =
        exported.iter().filter(|name| !ours.iter().any(|begin| name.starts_with(begin))).collect();
    assert!(strange.is_empty(), "exported and none of the contract's: {strange:?}");
}

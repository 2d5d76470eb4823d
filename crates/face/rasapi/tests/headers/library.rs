//! What the headers declare is in the library, and nothing else.

use std::collections::BTreeSet;
use std::process::Command;

use crate::compiler::include;
use crate::published::rows;

/// The functions that our headers add for Linux.
fn own_functions() -> BTreeSet<String> {
    let read = |name| std::fs::read_to_string(include().join(name)).unwrap();
    let header = ["onhook/event.h", "onhook/host.h"].map(read).concat();
    let declared = header.lines().filter(|line| line.ends_with(");")).filter_map(|line| {
        let name = line.split('(').next()?.split_whitespace().last()?;
        name.starts_with("Onhook").then(|| name.to_owned())
    });
    declared.collect()
}

/// The names that the library exports.
fn exported() -> Option<BTreeSet<String>> {
    // Cargo builds it beside this test.
    let tests = std::env::current_exe().unwrap();
    let library = tests.with_file_name("librasapi32.so");
    assert!(library.exists(), "no {}", library.display());
    let Ok(listed) = Command::new("nm").args(["-D", "--defined-only"]).arg(&library).output()
    else {
        eprintln!("skipped: `nm` is not installed (package binutils)");
        return None;
    };
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let text = String::from_utf8(listed.stdout).unwrap();
    let names =
        text.lines().filter_map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
            [_, "T", name] => Some(name.to_owned()),
            _ => None,
        });
    Some(names.collect())
}

#[test]
fn the_library_exports_exactly_what_the_headers_declare() {
    let mut declared = own_functions();
    assert_eq!(declared.len(), 6, "{declared:?}");
    declared.extend(
        rows(include_str!("../data/functions.csv")).into_iter().map(|columns| columns[1].clone()),
    );
    assert_eq!(declared.len(), 97);
    let Some(exported) = exported() else { return };
    let missing: Vec<_> = declared.difference(&exported).collect();
    let unknown: Vec<_> = exported.difference(&declared).collect();
    assert!(missing.is_empty(), "not in the library: {missing:?}");
    assert!(unknown.is_empty(), "in no header: {unknown:?}");
}

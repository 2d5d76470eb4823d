//! Layouts: every row of the layout tables as an assertion in C.

use std::fmt::Write as _;

use crate::compiler::{
    Compiler, GENERATIONS, NATIVE, NATIVE_32, WINDOWS, WINDOWS_32, head, include,
};
use crate::published::{LayoutRow, layout};

const X64: &str = include_str!("../data/layout-x64.csv");
const X86: &str = include_str!("../data/layout-x86.csv");

/// The assertions of one row.
fn assertions(row: &LayoutRow, probe: &mut String) {
    let LayoutRow { structure, size, .. } = row;
    if row.is_whole() {
        writeln!(probe, "_Static_assert(sizeof({structure}) == {size}, \"size\");").unwrap();
        return;
    }
    let offset = row.offset.expect("a field has an offset");
    let mut largest = String::from("0");
    for name in row.names() {
        let octets = format!("sizeof((({structure} *)0)->{name})");
        writeln!(probe, "_Static_assert(offsetof({structure}, {name}) == {offset}, \"offset\");")
            .unwrap();
        largest = format!("({octets} > {largest} ? {octets} : {largest})");
    }
    writeln!(probe, "_Static_assert({largest} == {size}, \"size of {}\");", row.field).unwrap();
}

/// Compiles the rows of one source for every generation; answers how many rows were compared at least
/// once.
fn probe(compiler: &Compiler, source: &str, headers: &str, include: &[&str]) -> usize {
    let table = layout(if compiler.is_64 { X64 } else { X86 });
    let rows: Vec<_> = table.into_iter().filter(|row| row.source == source).collect();
    let mut compared = vec![false; rows.len()];
    for generation in GENERATIONS {
        if rows.iter().all(|row| row.from > generation) {
            continue;
        }
        let mut probe = head(compiler, generation, false) + headers;
        for (row, compared) in rows.iter().zip(&mut compared) {
            if (row.from..=row.to).contains(&generation) {
                assertions(row, &mut probe);
                *compared = true;
            }
        }
        let arguments: Vec<&str> = ["-std=c11"].iter().chain(include).copied().collect();
        compiler
            .compile(&format!("layout-{source}-{generation:04x}"), &probe, &arguments)
            .must_be_accepted(&format!("{} WINVER {generation:#06x}", compiler.command.join(" ")));
    }
    compared.iter().filter(|compared| **compared).count()
}

fn probe_ours(compiler: &Compiler, rows: usize) {
    if compiler.is_there() {
        let include = format!("-I{}", include().display());
        let headers = "#include <ras.h>\n#include <rasdlg.h>\n";
        assert_eq!(probe(compiler, "ms", headers, &[&include, "-pedantic"]), rows);
    }
}

#[test]
fn every_layout_holds_with_the_native_compiler() {
    probe_ours(&NATIVE, 1246);
}

#[test]
fn every_layout_holds_with_the_native_compiler_for_32_bits() {
    probe_ours(&NATIVE_32, 1296);
}

#[test]
fn every_layout_holds_with_windows_compiler() {
    probe_ours(&WINDOWS, 1246);
}

#[test]
fn every_layout_holds_with_windows_compiler_for_32_bits() {
    probe_ours(&WINDOWS_32, 1296);
}

/// The tables' rows about those headers are about version 10.
fn brings_version_10(compiler: &Compiler) -> bool {
    let source = "#include <_mingw.h>\n_Static_assert(__MINGW64_VERSION_MAJOR == 10, \"\");\n";
    let version_10 = compiler.compile("version", source, &[]).accepted;
    if !version_10 {
        eprintln!("skipped: the headers of {} are not version 10", compiler.command.join(" "));
    }
    version_10
}

#[test]
fn the_compilers_own_headers_are_as_the_tables_say() {
    for (compiler, rows) in [(WINDOWS, 471), (WINDOWS_32, 471)] {
        if compiler.is_there() && brings_version_10(&compiler) {
            let headers = "#include <ras.h>\n#include <rasdlg.h>\n";
            assert_eq!(probe(&compiler, "mingw", headers, &[]), rows);
        }
    }
}

/// A probe that asserts something wrong is refused: the probes above are no empty words.
#[test]
fn a_wrong_row_is_noticed() {
    if !NATIVE.is_there() {
        return;
    }
    let include = format!("-I{}", include().display());
    for (name, size, offset) in
        [("right", 257, 12), ("wrong-size", 258, 12), ("wrong-offset", 257, 16)]
    {
        let row = LayoutRow {
            source: "ms".into(),
            structure: "RASCONNA".into(),
            from: 0,
            to: u32::MAX,
            field: "szEntryName".into(),
            offset: Some(offset),
            size,
        };
        let mut probe = head(&NATIVE, 0x0A00, false) + "#include <ras.h>\n";
        assertions(&row, &mut probe);
        let made = NATIVE.compile(name, &probe, &["-std=c11", &include]);
        assert_eq!(made.accepted, name == "right", "{}", made.complaints);
    }
}

//! Names: constants and errors with their values, functions with their types.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use crate::compiler::{
    CPLUSPLUS, Compiler, GENERATIONS, NATIVE, NATIVE_32, WINDOWS, WINDOWS_32, head, include,
};
use crate::published::{rows, winver};

const HEADERS: &str = "#include <ras.h>\n#include <raserror.h>\n#include <rasdlg.h>\n";

/// A row of `constants.csv`.
struct Constant {
    header: String,
    name: String,
    /// A number, or a text in quotes.
    value: String,
    group: String,
    since: u32,
    /// The first generation that has it no more.
    until: u32,
}

fn constants() -> Vec<Constant> {
    let parsed = rows(include_str!("../data/constants.csv")).into_iter().map(|columns| {
        let [header, name, decimal, hex, group, since, _, meaning] =
            <[String; 8]>::try_from(columns).unwrap();
        let until = if meaning.contains("only when WINVER<0x0600") { 0x0600 } else { u32::MAX };
        let value = if decimal.is_empty() { hex } else { decimal };
        Constant { header, name, value, group, since: winver(&since).unwrap_or(0), until }
    });
    parsed.collect()
}

/// The first values of the three lengths that grew.
fn value_at(constant: &Constant, generation: u32) -> String {
    let first = match constant.name.as_str() {
        "RAS_MaxEntryName" => "20",
        "RAS_MaxDeviceName" => "32",
        "RAS_MaxCallbackNumber" => "48",
        name => {
            assert!(!name.is_empty());
            return constant.value.clone();
        }
    };
    if generation < 0x0400 { first.into() } else { constant.value.clone() }
}

/// Whether the constant is a macro, so that its absence can be asserted.
fn is_macro(constant: &Constant) -> bool {
    const ENUMERATIONS: [&str; 7] = [
        "RASCONNSTATE",
        "RASCONNSUBSTATE",
        "RASPROJECTION",
        "RASPROJECTION_INFO_TYPE",
        "RASAPIVERSION",
        "IPSEC_CIPHER_TYPE",
        "IsolationState",
    ];
    !ENUMERATIONS.contains(&constant.group.as_str())
}

fn probe_constants(compiler: &Compiler, generations: &[u32]) {
    if !compiler.is_there() {
        return;
    }
    let include = format!("-I{}", include().display());
    let mut asserted = BTreeSet::new();
    for generation in generations.iter().copied() {
        let mut probe = head(compiler, generation, false) + HEADERS;
        if compiler.is_windows {
            probe += "#include <naptypes.h>\n#include <ipsectypes.h>\n";
        }
        for constant in constants().iter().filter(|constant| !constant.value.starts_with('"')) {
            let Constant { name, since, until, .. } = constant;
            let foreign = !matches!(constant.header.as_str(), "ras.h" | "rasdlg.h" | "raserror.h");
            if (*since..*until).contains(&generation) {
                let value = value_at(constant, generation);
                writeln!(probe, "_Static_assert((DWORD)({name}) == {value}u, \"{name}\");")
                    .unwrap();
                asserted.insert(name.clone());
            } else if is_macro(constant) && !foreign {
                writeln!(probe, "#ifdef {name}\n#error {name} is of another time\n#endif").unwrap();
            }
        }
        compiler
            .compile(&format!("constants-{generation:04x}"), &probe, &["-std=c11", &include])
            .must_be_accepted(&format!("{} WINVER {generation:#06x}", compiler.command.join(" ")));
    }
    assert_eq!(asserted.len(), 297);
}

#[test]
fn every_constant_has_its_value_in_its_time() {
    probe_constants(&NATIVE, &GENERATIONS);
    // What holds for each generation was seen; the other compilers must see the newest alike, and what
    // only the older ones have.
    for compiler in [NATIVE_32, WINDOWS, WINDOWS_32] {
        probe_constants(&compiler, &[0x0501, 0x0A00]);
    }
}

#[test]
fn every_constant_that_is_text_reads_as_published() {
    if !CPLUSPLUS.is_there() {
        return;
    }
    let include = format!("-I{}", include().display());
    for unicode in [false, true] {
        let mut probe = head(&CPLUSPLUS, 0x0A00, unicode) + HEADERS;
        let mut asserted = 0;
        for Constant { name, value, .. } in
            constants().iter().filter(|constant| constant.value.starts_with('"'))
        {
            let text = value.trim_matches('"');
            writeln!(probe, "static_assert(sizeof({name}) == {} * sizeof(TCHAR));", text.len() + 1)
                .unwrap();
            for (at, c) in text.chars().chain(['\0']).enumerate() {
                writeln!(probe, "static_assert({name}[{at}] == {});", u32::from(c)).unwrap();
            }
            asserted += 1;
        }
        assert_eq!(asserted, 15);
        CPLUSPLUS
            .compile(&format!("texts-{unicode}"), &probe, &["-std=c++17", &include])
            .must_be_accepted("texts");
    }
}

#[test]
fn every_error_has_its_number() {
    let table = rows(include_str!("../data/errors.csv"));
    assert_eq!(table.len(), 383);
    for compiler in [NATIVE, NATIVE_32, WINDOWS, WINDOWS_32] {
        if !compiler.is_there() {
            continue;
        }
        let include = format!("-I{}", include().display());
        let mut probe = head(&compiler, 0x0A00, false) + HEADERS + "#include <mprerror.h>\n";
        let mut asserted = 0;
        for row in &table {
            let number: u32 = row[0].parse().unwrap();
            let name = &row[1];
            // On Windows the system's errors come from the system's headers.
            if compiler.is_windows && !(600..=956).contains(&number) {
                continue;
            }
            writeln!(probe, "_Static_assert((DWORD)({name}) == {number}u, \"{name}\");").unwrap();
            asserted += 1;
        }
        assert_eq!(asserted, if compiler.is_windows { 334 } else { 383 });
        compiler
            .compile("errors", &probe, &["-std=c11", &include])
            .must_be_accepted(&compiler.command.join(" "));
    }
}

/// A row of `functions.csv`.
struct Export {
    name: String,
    charset: String,
    returns: String,
    stack: usize,
    types: Vec<String>,
}

fn exports() -> Vec<Export> {
    let parsed = rows(include_str!("../data/functions.csv")).into_iter().map(|columns| {
        let [library, name, charset, _, returns, count, stack, types] =
            <[String; 8]>::try_from(columns).unwrap();
        // The table's `const` is a note about what is only read; the header has it for texts of
        // `rasapi32` only, as it was always documented.
        let plain = |one: &str| match (library.as_str(), one) {
            ("rasdlg", "LPCSTR") => "LPSTR".to_owned(),
            ("rasdlg", "LPCWSTR") => "LPWSTR".to_owned(),
            (_, one) => one.trim_start_matches("const ").to_owned(),
        };
        let mut types: Vec<_> = types.split("; ").map(plain).collect();
        // The table cannot tell a UINT from a DWORD; the page of this function does.
        if name.starts_with("RasGetErrorString") {
            types[0] = "UINT".into();
        }
        assert_eq!(types.len(), count.parse::<usize>().unwrap(), "{name}");
        Export { name, charset, returns, stack: stack.parse().unwrap(), types }
    });
    parsed.collect()
}

/// A pointer of the published type, which takes the function.
fn takes(export: &Export, pointer: &str, function: &str) -> String {
    let Export { returns, types, .. } = export;
    format!(
        "extern {returns} (WINAPI *{pointer})({0});\n{returns} (WINAPI *{pointer})({0}) = {function};\n",
        types.join(", ")
    )
}

#[test]
fn every_function_has_its_type() {
    let exports = exports();
    assert_eq!(exports.len(), 91);
    for compiler in [NATIVE, NATIVE_32, WINDOWS, WINDOWS_32] {
        if !compiler.is_there() {
            continue;
        }
        let include = format!("-I{}", include().display());
        for unicode in [false, true] {
            let mut probe = head(&compiler, 0x0A00, unicode) + HEADERS;
            for export in &exports {
                probe += &takes(export, &format!("p_{}", export.name), &export.name);
                // The name without a letter is the one of the charset that was chosen.
                if export.charset == if unicode { "W" } else { "A" } {
                    let neutral = &export.name[..export.name.len() - 1];
                    probe += &takes(export, &format!("n_{neutral}"), neutral);
                }
            }
            let made = compiler
                .compile(&format!("functions-{unicode}"), &probe, &["-std=c11", &include])
                .must_be_accepted(&compiler.command.join(" "));
            if compiler.is_windows && !compiler.is_64 {
                must_be_called_as_published(&fs::read(made.object).unwrap(), &exports);
            }
        }
    }
}

/// On 32-bit Windows the octets that a function takes from the stack are part of its name in the object.
fn must_be_called_as_published(object: &[u8], exports: &[Export]) {
    for Export { name, stack, .. } in exports {
        let symbol = format!("_{name}@{stack}\0");
        let found = object.windows(symbol.len()).any(|window| window == symbol.as_bytes());
        assert!(found, "{symbol}");
    }
}

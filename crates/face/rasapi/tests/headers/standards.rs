//! The headers compile alone and together, in old and new C and in C++, with every warning an error.

use crate::compiler::{CPLUSPLUS, Compiler, NATIVE, NATIVE_32, WINDOWS, WINDOWS_32, head, include};

const HEADERS: [&str; 8] = [
    "ras.h",
    "raserror.h",
    "rasdlg.h",
    "mprerror.h",
    "onhook/wintypes.h",
    "onhook/winerror.h",
    "onhook/event.h",
    "onhook/host.h",
];

/// A source that includes these, each twice.
fn source(headers: &[&str]) -> String {
    let lines = headers.iter().chain(headers).map(|header| format!("#include <{header}>\n"));
    lines.collect::<String>() + "int main(void) { return 0; }\n"
}

fn play(compiler: &Compiler, standards: &[&str], alone: bool) {
    if !compiler.is_there() {
        return;
    }
    let include = format!("-I{}", include().display());
    let singles = if alone { &HEADERS[..] } else { &[] };
    let singles = singles.iter().map(|header| (std::slice::from_ref(header), &[][..]));
    let together = [&["-DUNICODE", "-D_UNICODE"][..], &[]].map(|wide| (&HEADERS[..], wide));
    for (number, (headers, wide)) in singles.chain(together).enumerate() {
        for standard in standards {
            let name = format!("{standard}-{number}").replace('=', "");
            let arguments: Vec<&str> =
                [*standard, "-pedantic", &include].iter().chain(wide).copied().collect();
            compiler
                .compile(&name, &source(headers), &arguments)
                .must_be_accepted(&format!("{arguments:?} {headers:?}"));
        }
    }
}

#[test]
fn they_compile_as_c() {
    play(&NATIVE, &["-std=c99", "-std=c11", "-std=gnu17"], true);
    play(&NATIVE_32, &["-std=c99"], true);
    play(&WINDOWS, &["-std=c99", "-std=c11"], false);
    play(&WINDOWS_32, &["-std=c11"], false);
}

#[test]
fn they_compile_as_cplusplus() {
    play(&CPLUSPLUS, &["-std=c++11", "-std=c++17", "-std=c++20"], true);
}

/// The small `<windows.h>` and `<tchar.h>` for Linux compile as any program includes them.
#[test]
fn the_windows_folder_compiles_in_c_and_cplusplus() {
    let folders =
        [include(), include().join("windows")].map(|folder| format!("-I{}", folder.display()));
    let source = source(&["windows.h", "tchar.h", "ras.h", "rasdlg.h", "raserror.h"]);
    for (compiler, standard) in [
        (NATIVE, "-std=c99"),
        (NATIVE, "-std=gnu17"),
        (CPLUSPLUS, "-std=c++11"),
        (CPLUSPLUS, "-std=c++20"),
    ] {
        if !compiler.is_there() {
            continue;
        }
        for unicode in ["-DUNICODE", "-UUNICODE"] {
            let name = format!("windows{standard}{unicode}").replace('=', "");
            let own = [standard, unicode, "-D_POSIX_C_SOURCE=200809L", "-pedantic"];
            let arguments: Vec<&str> =
                own.into_iter().chain(folders.iter().map(String::as_str)).collect();
            compiler.compile(&name, &source, &arguments).must_be_accepted(&name);
        }
    }
}

/// A program may name the version of Windows that it wants in either way, or in none.
#[test]
fn the_generation_is_the_newest_unless_named() {
    if !NATIVE.is_there() {
        return;
    }
    let include = format!("-I{}", include().display());
    for (definition, size) in
        [("", 1388), ("-D_WIN32_WINNT=0x0501", 1372), ("-DWINVER=0x0400", 820)]
    {
        let source =
            format!("#include <ras.h>\n_Static_assert(sizeof(RASCONNW) == {size}, \"\");\n");
        let arguments: Vec<&str> =
            ["-std=c11", &include, definition].into_iter().filter(|one| !one.is_empty()).collect();
        NATIVE
            .compile(&format!("newest-{size}"), &source, &arguments)
            .must_be_accepted(&format!("{definition}: {size}"));
    }
}

/// What programs for Windows 3.5x were compiled with leaves the server's address out.
#[test]
fn a_structure_of_windows_nt_3_can_be_asked_for() {
    if !NATIVE.is_there() {
        return;
    }
    let include = format!("-I{}", include().display());
    let source = head(&NATIVE, 0x0400, false)
        + "#define WINNT35COMPATIBLE\n#include <ras.h>\n_Static_assert(sizeof(RASPPPIPA) == 24, \"\");\n";
    NATIVE.compile("nt35", &source, &["-std=c11", &include]).must_be_accepted("24");
}

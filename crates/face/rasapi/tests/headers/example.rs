//! The example and the file for pkg-config, as they are used where the headers are installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::compiler::{NATIVE, NATIVE_32, WINDOWS, WINDOWS_32, include};
use crate::published::rows;

fn example(name: &str) -> String {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    fs::read_to_string(examples.join(name)).unwrap()
}

/// The names that an object leaves to a library and that begin as those of RAS do.
fn names_of_ras(object: &Path) -> Vec<String> {
    let octets = fs::read(object).unwrap();
    let texts = octets.split(|octet| *octet == 0).filter_map(|text| str::from_utf8(text).ok());
    let is_name = |text: &&str| {
        text.strip_prefix("Ras")
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric()))
    };
    texts.filter(is_name).map(str::to_owned).collect()
}

#[test]
fn the_example_compiles_and_takes_published_functions_only() {
    let published: Vec<String> = rows(include_str!("../data/functions.csv"))
        .into_iter()
        .map(|columns| columns[1].clone())
        .collect();
    let include = format!("-I{}", include().display());
    for compiler in [NATIVE, NATIVE_32] {
        if !compiler.is_there() {
            continue;
        }
        for standard in ["-std=c99", "-std=c11", "-std=gnu17"] {
            let name = format!("example{standard}").replace('=', "");
            let made = compiler
                .compile(&name, &example("dial.c"), &[standard, "-pedantic", "-O1", &include])
                .must_be_accepted(standard);
            let names = names_of_ras(&made.object);
            assert!(names.iter().any(|name| name == "RasDialA"), "{names:?}");
            for name in names {
                assert!(published.contains(&name), "{name} is no published function");
            }
        }
    }
}

/// One source for both systems: with the headers of the compiler for Windows, and with ours for Linux.
#[test]
fn a_source_for_windows_compiles_for_linux_unchanged() {
    let source = example("watch.c");
    let ours =
        [include(), include().join("windows")].map(|folder| format!("-I{}", folder.display()));
    for compiler in [NATIVE, NATIVE_32, WINDOWS, WINDOWS_32] {
        if compiler.is_there() {
            let arguments: Vec<&str> = if compiler.is_windows {
                vec![]
            } else {
                ours.iter().map(String::as_str).collect()
            };
            compiler
                .compile("watch", &source, &arguments)
                .must_be_accepted(&compiler.command.join(" "));
        }
    }
}

/// The piece of C on the page about the library, as a program.
fn piece_of_the_page() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/c-library.md");
    let page = fs::read_to_string(page).unwrap();
    let piece = page.split("```c\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let (includes, body): (Vec<&str>, Vec<&str>) =
        piece.lines().partition(|line| line.starts_with("#include"));
    format!("{}\nint main(void)\n{{\n{}\nreturn 0;\n}}\n", includes.join("\n"), body.join("\n"))
}

#[test]
fn the_piece_of_c_on_the_page_compiles() {
    if NATIVE.is_there() {
        let include = format!("-I{}", include().display());
        NATIVE
            .compile("page", &piece_of_the_page(), &["-std=c99", "-pedantic", &include])
            .must_be_accepted("docs/c-library.md");
    }
}

/// Puts headers and the file for pkg-config where a package would.
fn install(prefix: &Path) -> PathBuf {
    let headers = prefix.join("include/rasapi32");
    for folder in ["", "onhook", "windows"] {
        fs::create_dir_all(headers.join(folder)).unwrap();
        for file in fs::read_dir(include().join(folder)).unwrap() {
            let file = file.unwrap();
            if file.file_type().unwrap().is_file() {
                fs::copy(file.path(), headers.join(folder).join(file.file_name())).unwrap();
            }
        }
    }
    let packages = prefix.join("lib/pkgconfig");
    fs::create_dir_all(&packages).unwrap();
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../packaging/rasapi32.pc.in");
    let filled = fs::read_to_string(template)
        .unwrap()
        .replace("@prefix@", prefix.to_str().unwrap())
        .replace("@libdir@", "${prefix}/lib")
        .replace("@includedir@", "${prefix}/include")
        .replace("@version@", env!("CARGO_PKG_VERSION"));
    // The first comment names what is filled in; everything else must be.
    let rest = filled.lines().filter(|line| !line.starts_with('#')).collect::<String>();
    assert!(!rest.contains('@'), "{filled}");
    fs::write(packages.join("rasapi32.pc"), filled).unwrap();
    packages
}

#[test]
fn pkg_config_tells_how_to_compile_and_link() {
    let prefix = crate::scratch::scratch().join("prefix");
    let packages = install(&prefix);
    let ask = |arguments: &[&str]| {
        let mut command = Command::new("pkg-config");
        command.env("PKG_CONFIG_PATH", &packages).args(arguments).arg("rasapi32");
        command.output()
    };
    let Ok(version) = ask(&["--modversion"]) else {
        eprintln!("skipped: pkg-config is not installed (package pkg-config)");
        return;
    };
    assert_eq!(String::from_utf8_lossy(&version.stdout).trim(), env!("CARGO_PKG_VERSION"));
    let libs = String::from_utf8(ask(&["--libs"]).unwrap().stdout).unwrap();
    assert_eq!(libs.trim(), format!("-L{}/lib -lrasapi32", prefix.display()));
    let cflags = String::from_utf8(ask(&["--cflags"]).unwrap().stdout).unwrap();
    let arguments: Vec<&str> = cflags.split_whitespace().collect();
    assert_eq!(arguments, [format!("-I{}/include/rasapi32", prefix.display())]);
    let windows = String::from_utf8(ask(&["--variable=windowsdir"]).unwrap().stdout).unwrap();
    assert_eq!(windows.trim(), format!("{}/include/rasapi32/windows", prefix.display()));
    if NATIVE.is_there() {
        let windows = format!("-I{}", windows.trim());
        let both: Vec<&str> = arguments.iter().copied().chain([windows.as_str()]).collect();
        NATIVE.compile("installed-watch", &example("watch.c"), &both).must_be_accepted("watch.c");
        NATIVE.compile("installed", &example("dial.c"), &arguments).must_be_accepted("installed");
    }
}

//! Programs in C, compiled by plain `cc` against the headers and linked with the library, in processes of
//! their own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use crate::caller::{
    CONNECTED, Mute, connected, end, entry, handle_of, hang_up, list, stage, status, wait_gone,
};
use crate::stage::{ONHOOK, PASSWORD, Stage};

/// The folder with `librasapi32.so`: cargo builds it beside this test.
fn libraries() -> PathBuf {
    let folder = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    assert!(folder.join("librasapi32.so").exists(), "no library in {}", folder.display());
    folder
}

/// The example that dials, compiled once for all tests.
fn dial() -> Option<&'static Path> {
    static DIAL: OnceLock<Option<PathBuf>> = OnceLock::new();
    DIAL.get_or_init(|| built(&example("dial"), &libraries(), &[])).as_deref()
}

/// A program that leaves what it has dialed to others.
fn leave() -> Option<&'static Path> {
    static LEAVE: OnceLock<Option<PathBuf>> = OnceLock::new();
    LEAVE.get_or_init(|| built(&leave_source(), &libraries(), &[])).as_deref()
}

pub(crate) fn leave_source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract/leave.c")
}

pub(crate) fn example(name: &str) -> PathBuf {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rasapi/examples");
    examples.join(name).with_extension("c")
}

/// Compiles and links a program with the library of this folder; `None`, and a word why, where there is no
/// compiler.
pub(crate) fn built(source: &Path, libraries: &Path, more: &[&str]) -> Option<PathBuf> {
    let room = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rasapi");
    let programs = stage().path(&format!("programs{}", more.concat()));
    std::fs::create_dir_all(&programs).unwrap();
    let program = programs.join(source.file_stem().unwrap());
    let made = Command::new("cc")
        .args(["-std=gnu99", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&program)
        .args(more)
        .arg(source)
        .arg(format!("-I{}", room.join("include").display()))
        .arg(format!("-I{}", room.join("include/windows").display()))
        .arg(format!("-L{}", libraries.display()))
        .arg("-lrasapi32")
        .arg("-lpthread")
        .arg(format!("-Wl,-rpath,{}", libraries.display()))
        .output();
    let Ok(made) = made else {
        eprintln!("skipped: there is no C compiler `cc` (package gcc)");
        return None;
    };
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Some(program)
}

/// Runs a program with these words and this input; its environment leads to the stage's manager.
pub(crate) fn run(program: &Path, words: &[&str], input: &str) -> Output {
    stage();
    let mut child = Command::new(program)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

pub(crate) fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

#[test]
fn b073_the_example_in_c_dials_lists_hangs_up_and_sees_the_handle_end() {
    let name = entry("example Büro");
    let Some(program) = dial() else { return };
    let output = run(program, &["-n", &name, "alice"], &format!("{PASSWORD}\n"));
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}{}\n{}", text(&output.stderr), stage().log());
    let mut rest = said.as_str();
    // In this order: states, its row in the list, its addresses, the end.
    for wanted in
        ["opening the port", "authenticating", " 8192 connected", &name, ", the server is ", "gone"]
    {
        let at = rest.find(wanted).unwrap_or_else(|| panic!("no “{wanted}” in its place:\n{said}"));
        rest = &rest[at + wanted.len()..];
    }
    assert!(!said.contains(PASSWORD));
}

#[test]
fn the_example_in_c_has_the_library_in_itself_when_it_is_linked_statically() {
    let name = entry("example whole");
    // Where there is no other, the linker takes the archive; it needs what rasapi32.pc names as private.
    let archives = stage().path("archives");
    std::fs::create_dir_all(&archives).unwrap();
    symlink(libraries().join("librasapi32.a"), archives.join("librasapi32.a")).unwrap();
    let private = ["-Wl,--no-as-needed", "-lgcc_s", "-lm", "-ldl"];
    let Some(program) = built(&example("dial"), &archives, &private) else { return };
    let octets = std::fs::read(&program).unwrap();
    let asks_for = |library: &[u8]| octets.windows(library.len()).any(|octets| octets == library);
    assert!(asks_for(b"libc.so.6\0") && !asks_for(b"librasapi32.so\0"));
    let output = run(&program, &["-n", &name, "alice"], &format!("{PASSWORD}\n"));
    assert!(output.status.success(), "{}\n{}", text(&output.stderr), stage().log());
    assert!(text(&output.stdout).ends_with("gone\n"), "{}", text(&output.stdout));
}

#[test]
fn the_example_in_c_tells_why_a_dial_failed() {
    let name = entry("example refused");
    let Some(program) = dial() else { return };
    let output = run(program, &["-n", &name, "alice"], "wrong\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("(691)"), "{}", text(&output.stderr));
    // The handle of a failed dial is given back, too.
    assert!(text(&output.stdout).ends_with("gone\n"), "{}", text(&output.stdout));

    let output = run(program, &["-n", "no such entry", "alice"], "wrong\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("(623)"), "{}", text(&output.stderr));
    assert!(!text(&output.stdout).contains("gone"), "there was no handle");
}

/// The same source compiles for Windows; here its events are those of the library.
#[test]
fn a_program_written_for_windows_sees_connections_come() {
    let Some(program) = built(&example("watch"), &libraries(), &[]) else { return };
    stage();
    let mut child = Command::new(program)
        .arg("100000")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    // It has registered before it lists for the first time.
    assert!(lines.next().unwrap().ends_with(" connected"));
    let handle = connected("watched in C");
    let mut seen = lines.find(|line| line.trim() == "watched in C");
    end(handle);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(seen.take().is_some(), "the program ended");
}

/// What `leave` prints: two numbers.
pub(crate) fn numbers(output: &Output) -> (u32, usize) {
    let said = text(&output.stdout);
    let (result, number) = said.trim().split_once(' ').unwrap_or_else(|| panic!("{output:?}"));
    (result.parse().unwrap(), number.parse().unwrap())
}

#[test]
fn b023_b024_b076_what_a_program_has_dialed_outlives_it_and_others_hang_it_up() {
    let Some(program) = leave() else { return };
    for how in ["sync", "async"] {
        let name = entry(&format!("b076 {how}"));
        let output = run(program, &[how, &name], &format!("{PASSWORD}\n"));
        let (result, handle) = numbers(&output);
        assert_eq!(result, 0, "{output:?}\n{}", stage().log());
        assert!(list().contains(&(handle, name)), "{how}");
        let (result, told) = status(handle);
        assert_eq!((result, told.u32("rasconnstate")), (0, CONNECTED), "{how}");
        assert_eq!(hang_up(handle), 0, "b076");
        wait_gone(handle);
    }
}

#[test]
fn b023_b024_what_a_program_leaves_in_the_midst_of_its_dial_is_undone() {
    let Some(program) = leave() else { return };
    let mute = Mute::new();
    // It ends by itself, with the dial behind it.
    let name = mute.entry("left in the midst");
    let output = run(program, &["midst", &name], &format!("{PASSWORD}\n"));
    let (result, handle) = numbers(&output);
    assert_eq!(result, 0, "{output:?}");
    assert_ne!(handle, 0);
    wait_gone(handle);
    // It is killed while it waits for the dial.
    let mut child = Command::new(program)
        .args(["sync", &name])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{PASSWORD}").unwrap();
    let handle = handle_of(&name);
    child.kill().unwrap();
    child.wait().unwrap();
    wait_gone(handle);
    assert_eq!(hang_up(handle), 668, "it was hung up");
    assert!(!list().iter().any(|(_, entry)| *entry == name));
    assert!(mute.calls_are_ended(), "nothing is left of them");
}

#[test]
fn b097_where_nothing_is_connected_the_list_is_empty() {
    let Some(program) = leave() else { return };
    let stage = Stage::new();
    let mut listing = Command::new(program);
    listing.arg("list").env("ONHOOK_SOCKET", stage.path("m.sock")).env("ONHOOK_START", "never");
    assert_eq!(numbers(&listing.output().unwrap()), (0, 0));
    let handle = stage.dial();
    assert_eq!(numbers(&listing.output().unwrap()), (603, 1));
    assert!(stage.run(&["hangup", &handle], "").status.success());
    assert_eq!(numbers(&listing.output().unwrap()), (0, 0));
}

/// A child that was forked and not executed anew talks to the manager by itself, and its parent goes on.
#[test]
fn a_forked_child_asks_beside_its_parent() {
    let Some(program) = leave() else { return };
    let stage = Stage::new();
    let mut listing = Command::new(program);
    listing.arg("fork").env("ONHOOK_SOCKET", stage.path("m.sock")).env("ONHOOK_START", "never");
    let handle = stage.dial();
    let output = listing.output().unwrap();
    assert_eq!(text(&output.stdout), "603 1\n603 1\n603 1\n", "{output:?}");
    assert!(stage.run(&["hangup", &handle], "").status.success());
}

#[test]
fn b201_the_manager_starts_by_itself_where_it_may() {
    let Some(program) = leave() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut listing = Command::new(program);
    listing
        .arg("list")
        .env("ONHOOK_SOCKET", folder.path().join("m.sock"))
        .env("ONHOOK_STATE_DIR", folder.path().join("state"))
        .env("ONHOOK_PROGRAM", ONHOOK)
        .env("HOME", folder.path());
    listing.env("ONHOOK_START", "never");
    assert_eq!(numbers(&listing.output().unwrap()).0, 1062);
    assert!(!folder.path().join("m.sock").exists());
    // It ends by itself when nobody has needed it for a while.
    listing.env_remove("ONHOOK_START");
    assert_eq!(numbers(&listing.output().unwrap()), (0, 0));
    assert!(folder.path().join("m.sock").exists());
}

//! Programs of 32 bits, where the library can be built for them: `rustup target add
//! i686-unknown-linux-gnu`, and Debian's gcc-multilib. The manager is the one of 64 bits.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::caller::*;
use crate::programs::{built, example, leave_source, numbers, run, text};
use crate::stage::PASSWORD;

const TARGET: &str = "i686-unknown-linux-gnu";

/// The folder of the library of 32 bits; `None`, and a word why, where it cannot be built or its programs
/// cannot run.
fn library() -> Option<PathBuf> {
    let asked =
        Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
    let folder = asked.ok().filter(|asked| asked.status.success()).map(|asked| text(&asked.stdout));
    let has_std = |folder: &String| {
        let files = std::fs::read_dir(folder.trim()).into_iter().flatten().flatten();
        files.into_iter().any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
    };
    if !folder.as_ref().is_some_and(has_std) {
        eprintln!("skipped: there is no Rust for 32 bits (rustup target add {TARGET})");
        return None;
    }
    let source = stage().path("nothing.c");
    std::fs::write(&source, "int main(void) { return 0; }\n").unwrap();
    let program = stage().path("nothing");
    let made = Command::new("cc").arg("-m32").arg("-o").arg(&program).arg(&source).output();
    if !made.is_ok_and(|made| made.status.success())
        || !Command::new(&program).status().is_ok_and(|status| status.success())
    {
        eprintln!("skipped: programs of 32 bits cannot be made and run (package gcc-multilib)");
        return None;
    }
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(TARGET);
    let is_ours = std::fs::create_dir_all(&place).is_ok() && tempfile::tempfile_in(&place).is_ok();
    if !is_ours {
        eprintln!("skipped: {} cannot be written to", place.display());
        return None;
    }
    let made = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["build", "--quiet", "--locked", "--package", "onhook-rasapi", "--target", TARGET])
        .arg("--target-dir")
        .arg(&place)
        // What this very test was built with (a sanitizer, coverage) may not be there for 32 bits.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", text(&made.stderr));
    Some(place.join(TARGET).join("debug"))
}

#[test]
fn programs_of_32_bits_dial_list_and_hang_up() {
    let Some(library) = library() else { return };
    let leave = built(&leave_source(), &library, &["-m32"]).unwrap();
    for how in ["sync", "async"] {
        let name = entry(&format!("32 bits {how}"));
        let output = run(&leave, &[how, &name], &format!("{PASSWORD}\n"));
        let (result, handle) = numbers(&output);
        assert_eq!(result, 0, "{output:?}\n{}", stage().log());
        // To a program of 64 bits the handle has an upper half.
        let listed = list().into_iter().find(|(_, entry)| *entry == name);
        let whole = listed.unwrap_or_else(|| panic!("{name} is not listed")).0;
        assert_eq!(whole & 0xffff_ffff, handle);
        let (result, counted) = numbers(&run(&leave, &["list"], ""));
        assert_eq!(result, 603);
        assert!(counted >= 1, "{counted}");
        // Another program of 32 bits, which has not dialed it, knows it as well.
        assert_eq!(numbers(&run(&leave, &["hangup", &handle.to_string()], "")), (0, 6));
        assert_eq!(hang_up(whole), 668);
    }
    let dial = built(&example("dial"), &library, &["-m32"]).unwrap();
    let name = entry("32 bits Büro");
    let output = run(&dial, &["-n", &name, "alice"], &format!("{PASSWORD}\n"));
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}{}\n{}", text(&output.stderr), stage().log());
    for wanted in [" 8192 connected", &name, ", the server is ", "gone"] {
        assert!(said.contains(wanted), "no “{wanted}”:\n{said}");
    }
}

//! `rasdial`, as scripts run it.

use std::process::{Output, Stdio};

#[expect(unreachable_pub, dead_code, reason = "the stage is written to be shared")]
mod stage;

use stage::terminal::AtTerminal;
use stage::{PASSWORD, Stage};

const RASDIAL: &str = env!("CARGO_BIN_EXE_rasdial");
const COMPLETED: &str = "Command completed successfully.\n";

/// A stage with entries for its server.
fn with_entries(names: &[&str]) -> Stage {
    let stage = Stage::new();
    let folder = stage.path("onhook");
    std::fs::create_dir_all(&folder).unwrap();
    let entry = |name: &&str| {
        format!(
            "[{name}]\nEncoding=1\nVpnStrategy=5\nOnhookCaFile={}\nMEDIA=rastapi\nDEVICE=vpn\n\
             PhoneNumber=127.0.0.1:{}\n\n",
            stage.path("ca.pem").display(),
            stage.port
        )
    };
    let book: String = names.iter().map(entry).collect();
    std::fs::write(folder.join("rasphone.pbk"), book).unwrap();
    stage
}

fn rasdial(stage: &Stage, words: &[&str]) -> Output {
    stage.command(RASDIAL).args(words).stdin(Stdio::null()).output().unwrap()
}

fn said(output: &Output) -> (String, i32) {
    (String::from_utf8(output.stdout.clone()).unwrap(), output.status.code().unwrap())
}

fn ok(stage: &Stage, words: &[&str], wanted: &str) {
    let output = rasdial(stage, words);
    assert_eq!(said(&output), (wanted.to_owned(), 0), "{words:?}: {output:?}\n{}", stage.log());
}

const UP: &str = "Verifying username and password...\n\
                  Registering your computer on the network...\n";

#[test]
fn b202_b203_b205_b208_what_is_dialed_stays_is_listed_and_is_hung_up() {
    let stage = with_entries(&["office", "zu Hause ☎"]);
    let nothing = format!("No connections\n{COMPLETED}");
    ok(&stage, &[], &nothing);
    ok(&stage, &["/DISCONNECT"], &nothing);
    for name in ["office", "zu Hause ☎"] {
        let wanted =
            format!("Connecting to {name}...\n{UP}Successfully connected to {name}.\n{COMPLETED}");
        ok(&stage, &[name, "alice", PASSWORD], &wanted);
    }
    // The program has ended, and both stay.
    assert_eq!(stage.list().len(), 2);
    ok(&stage, &[], &format!("Connected to\noffice\nzu Hause ☎\n{COMPLETED}"));
    let again =
        format!("Connecting to office...\nYou are already connected to office.\n{COMPLETED}");
    ok(&stage, &["office", "alice", PASSWORD], &again);
    // It was not dialed again: one hang-up is enough.
    ok(&stage, &["OFFICE", "/disconnect"], COMPLETED);
    ok(&stage, &[], &format!("Connected to\nzu Hause ☎\n{COMPLETED}"));
    ok(&stage, &["office", "/Disconnect"], &nothing);
    ok(&stage, &["/DISCONNECT"], COMPLETED);
    ok(&stage, &[], &nothing);
    assert_eq!(stage.list().len(), 0);
}

#[test]
fn what_onhook_has_dialed_is_known_by_its_book() {
    let stage = with_entries(&["office"]);
    let dialed = stage.run(&["dial", "office", "--user", "alice", "--password-stdin"], PASSWORD);
    assert!(dialed.status.success(), "{dialed:?}");
    let again =
        format!("Connecting to office...\nYou are already connected to office.\n{COMPLETED}");
    ok(&stage, &["office", "alice", PASSWORD], &again);
    ok(&stage, &["office", "/disconnect"], COMPLETED);
    assert_eq!(stage.list().len(), 0);
}

#[test]
fn b204_a_dial_that_fails_says_its_number() {
    let stage = with_entries(&["office"]);
    let (text, status) = said(&rasdial(&stage, &["office", "alice", "wrong"]));
    let begin = "Connecting to office...\nVerifying username and password...\n\n\
                 Remote Access error 691 - ";
    assert!(text.starts_with(begin) && !text.contains(COMPLETED), "{text}");
    assert_eq!(status, 691 % 256);
    let (text, status) = said(&rasdial(&stage, &["nowhere"]));
    assert!(text.contains("\nRemote Access error 623 - "), "{text}");
    assert_eq!(status, 623 % 256);
    assert_eq!(stage.list().len(), 0, "what has failed is hung up");
    let (text, status) = said(&rasdial(&stage, &["office", "/nonsense"]));
    assert!(text.contains("/DISCONNECT"), "{text}");
    assert_eq!(status, 87);
}

#[test]
fn b206_an_asterisk_asks_for_the_password_and_does_not_show_it() {
    let stage = with_entries(&["office"]);
    let (text, status) = said(&rasdial(&stage, &["nowhere", "alice", "*"]));
    assert!(text.contains("623"), "nobody is asked for nothing: {text}");
    assert_ne!(status, 0);
    let words = ["office", "alice", "*"];
    let Some(mut dial) = AtTerminal::run_program(RASDIAL, &stage, &words) else { return };
    dial.shows("Connecting to office...");
    dial.shows("Password: ");
    dial.types(PASSWORD);
    dial.shows("Successfully connected to office.");
    dial.shows("Command completed successfully.");
    assert!(dial.child.wait().unwrap().success());
    assert!(!dial.all.contains(PASSWORD), "{}", dial.all);
    ok(&stage, &["/disconnect"], COMPLETED);
}

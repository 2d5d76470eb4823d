//! Dials that wait for a person, as one meets them: a mistyped password, one that has expired.

use std::os::unix::fs::PermissionsExt as _;

#[expect(unreachable_pub, dead_code, reason = "the stage is written to be shared")]
mod stage;

use stage::terminal::AtTerminal;
use stage::{PASSWORD, Stage, lines, says};

const NEW: &str = "looking-glass 2";

fn expired() -> String {
    format!("# callers\nalice {PASSWORD} expired\nbob builder1\n")
}

fn changing() -> Stage {
    Stage::answering(&expired(), &["--password-changes"], "30")
}

fn states(output: &std::process::Output) -> Vec<String> {
    let state = |line: &serde_json::Value| line["state_name"].as_str().map(str::to_owned);
    lines(output).iter().filter_map(state).collect()
}

#[test]
fn an_expired_password_is_changed_in_the_midst_of_the_dial() {
    let stage = changing();
    let users = stage.path("users");
    std::fs::set_permissions(&users, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(stage.path("new"), format!("{NEW}\n")).unwrap();
    let file = stage.path("new");
    let output = stage.dial_with(&["--new-password-file", file.to_str().unwrap()], PASSWORD);
    assert!(output.status.success(), "{output:?}\n{}", stage.log());
    let states = states(&output);
    let paused = states.iter().position(|s| s == "RASCS_PasswordExpired").unwrap();
    assert_eq!(states[paused + 1], "RASCS_AuthChangePassword");
    let told = lines(&output);
    let handle = told[0]["handle"].as_str().unwrap();
    let last = told.last().unwrap();
    assert_eq!(
        (last["event"].as_str(), last["handle"].as_str()),
        (Some("connected"), Some(handle))
    );
    assert!(stage.run(&["hangup", handle], "").status.success());
    // The file has the new one, where the old one was, and nothing else has changed.
    let text = std::fs::read_to_string(&users).unwrap();
    assert_eq!(text, format!("# callers\nalice \"{NEW}\"\nbob builder1\n"));
    assert_eq!(std::fs::metadata(&users).unwrap().permissions().mode() & 0o7777, 0o600);
    assert!(stage.dial_with(&[], NEW).status.success());
    assert!(says(&stage.dial_with(&[], PASSWORD), "691"));
    for secret in [NEW, PASSWORD] {
        assert!(!stage.log().contains(secret), "a password stands in the log");
    }
}

#[test]
fn without_a_new_password_it_fails_as_ever() {
    let stage = changing();
    let output = stage.dial_with(&[], PASSWORD);
    assert!(says(&output, "648"), "{output:?}");
    assert!(!states(&output).contains(&"RASCS_PasswordExpired".to_owned()));
    assert_eq!(std::fs::read_to_string(stage.path("users")).unwrap(), expired());
    assert_eq!(stage.list(), Vec::<serde_json::Value>::new());
}

#[test]
fn a_new_password_that_the_server_does_not_take_is_709() {
    let stage = changing();
    let file = stage.path("new");
    std::fs::write(&file, PASSWORD).unwrap();
    let output = stage.dial_with(&["--new-password-file", file.to_str().unwrap()], PASSWORD);
    assert!(says(&output, "709"), "{output:?}");
    assert_eq!(std::fs::read_to_string(stage.path("users")).unwrap(), expired());
    assert_eq!(stage.list(), Vec::<serde_json::Value>::new(), "nothing of the dial is left");
}

#[test]
fn a_server_that_takes_no_new_password_says_648_for_good() {
    let stage = Stage::answering(&expired(), &[], "30");
    let file = stage.path("new");
    std::fs::write(&file, NEW).unwrap();
    let output = stage.dial_with(&["--new-password-file", file.to_str().unwrap()], PASSWORD);
    assert!(says(&output, "648"), "{output:?}");
}

#[test]
fn at_a_terminal_the_right_password_is_asked_for_and_then_a_new_one() {
    let stage = Stage::answering(&expired(), &["--password-changes", "--retries", "2"], "30");
    let number = format!("127.0.0.1:{}", stage.port);
    let ca = stage.path("ca.pem");
    let args = ["dial", "--phone-number", &number, "--user", "alice"];
    let args = [&args[..], &["--ca-file", ca.to_str().unwrap()]].concat();
    let Some(mut dial) = AtTerminal::run(&stage, &args) else { return };
    dial.shows("Password of alice: ");
    dial.types("mistyped");
    dial.shows("RASCS_RetryAuthentication");
    dial.shows("User [alice]: ");
    dial.types("");
    dial.shows("Password of alice: ");
    dial.types(PASSWORD);
    dial.shows("RASCS_PasswordExpired");
    dial.shows("New password of alice: ");
    dial.types(NEW);
    dial.shows("The same once more: ");
    dial.types("something else");
    dial.shows("These two differ.");
    dial.shows("New password of alice: ");
    dial.types(NEW);
    dial.shows("The same once more: ");
    dial.types(NEW);
    dial.shows("RASCS_Connected");
    assert!(dial.child.wait().unwrap().success());
    let text = std::fs::read_to_string(stage.path("users")).unwrap();
    assert!(text.contains(NEW) && !text.contains("expired"), "{text}");
}

/// The same inside EAP, alone and inside PEAP, by a server of our own.
#[test]
fn an_expired_password_is_changed_inside_eap() {
    for method in ["eap-ms-chap-v2", "peap"] {
        let more = ["--password-changes", "--retries", "1", "--method", method];
        let stage = Stage::answering(&expired(), &more, "30");
        let file = stage.path("new");
        std::fs::write(&file, NEW).unwrap();
        let file = file.to_str().unwrap();
        let output = stage.dial_with(&["--auth", method], PASSWORD);
        assert!(says(&output, "648"), "{method}: {output:?}");
        let output = stage.dial_with(&["--auth", method, "--new-password-file", file], PASSWORD);
        assert!(output.status.success(), "{method}: {output:?}\n{}", stage.log());
        let states = states(&output);
        let paused = states.iter().position(|s| s == "RASCS_PasswordExpired").unwrap();
        assert_eq!(states[paused + 1], "RASCS_AuthChangePassword");
        let text = std::fs::read_to_string(stage.path("users")).unwrap();
        assert_eq!(text, format!("# callers\nalice \"{NEW}\"\nbob builder1\n"));
        assert!(says(&stage.dial_with(&["--auth", method], PASSWORD), "691"), "{method}");
        assert!(stage.dial_with(&["--auth", method], NEW).status.success(), "{method}");
        assert!(!stage.log().contains(NEW), "a password stands in the log");
    }
}

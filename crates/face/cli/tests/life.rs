//! The program itself, as a person uses it: the manager in one process, the answering server in another,
//! each command in its own. Everything is on loopback, in the user-space network, and needs no rights.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

#[expect(unreachable_pub, dead_code, reason = "the stage is written to be shared")]
mod stage;

use stage::{ONHOOK, PASSWORD, Stage, lines, says};

/// The kinds that need no long timeout; each of them in its own time stands in `proof/calls`.
#[test]
fn the_demo_holds_every_step_against_a_server_that_misbehaves() {
    for (kind, end) in [
        ("renegotiate", "The connection has survived."),
        ("garbage-after-end", "The connection has survived."),
        ("swapped-keys", "  778: "),
        ("cut-mid-frame", "  807: "),
        ("http-page", "  800: "),
    ] {
        let output = Command::new(ONHOOK)
            .args(["demo", "--bytes", "7000", "--impair", kind])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{kind}: {told}{errors}");
        assert!(told.contains(end) && told.contains("Every step held."), "{kind}: {told}");
    }
}

#[test]
fn the_demo_holds_every_step() {
    let output = Command::new(ONHOOK).args(["demo", "--bytes", "70000"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    for step in ["RASCS_Connected", "70000 octets", "ERROR_INVALID_HANDLE (6)", "Every step held"] {
        assert!(text.contains(step), "{step} is missing:\n{text}");
    }
}

/// Whatever the machine forbids us anyway, the manager has given up what it does not need.
#[test]
fn a_manager_gives_up_what_it_does_not_need() {
    let stage = Stage::new();
    let manager = stage.manager.as_ref().unwrap().id();
    let status = std::fs::read_to_string(format!("/proc/{manager}/status")).unwrap();
    let has = |line: &str| status.lines().any(|l| l == line);
    // It was told to make no interfaces, and needs no right at all.
    assert!(has("CapEff:\t0000000000000000") && has("CapPrm:\t0000000000000000"), "{status}");
    assert!(has("NoNewPrivs:\t1") && has("Seccomp:\t2"), "{status}");
    assert!(stage.log().contains("given up: all capabilities; "), "{}", stage.log());
    // And it still does its work.
    let handle = stage.dial();
    assert!(stage.run(&["hangup", &handle], "").status.success());
}

#[test]
fn a_connection_stays_when_its_dialer_ends_and_another_process_hangs_it_up() {
    let stage = Stage::new();
    let handle = stage.dial();
    let listed = stage.list();
    assert_eq!(listed.len(), 1);
    let row = &listed[0];
    assert_eq!(row["handle"], handle.as_str());
    assert_eq!(row["entry"], format!(".127.0.0.1:{}", stage.port));
    assert_eq!(
        (row["state_name"].as_str(), row["error"].as_u64()),
        (Some("RASCS_Connected"), Some(0))
    );
    assert_eq!((row["device_type"].as_str(), row["state"].as_u64()), (Some("vpn"), Some(0x2000)));
    let hung_up = stage.run(&["hangup", &handle], "");
    assert!(hung_up.status.success(), "{hung_up:?}");
    assert_eq!(stage.list(), Vec::<Value>::new());
    let status = stage.run(&["status", &handle], "");
    assert_eq!(status.status.code(), Some(1));
    assert!(says(&status, "6 ERROR_INVALID_HANDLE"), "{status:?}");
    let again = stage.run(&["hangup", &handle], "");
    assert_eq!(again.status.code(), Some(1));
    assert!(says(&again, "668 ERROR_NO_CONNECTION"), "{again:?}");
    let never = stage.run(&["hangup", "0x7fffffffffff"], "");
    assert!(says(&never, "6 ERROR_INVALID_HANDLE"), "{never:?}");
    let history: Value =
        serde_json::from_slice(&stage.run(&["history", "--json"], "").stdout).unwrap();
    assert_eq!(history[0]["handle"], handle.as_str());
    assert_eq!(history[0]["cause"]["code"], 631);
}

#[test]
fn a_wrong_password_is_691_and_the_command_hangs_the_failed_handle_up() {
    let stage = Stage::new();
    let refused = stage.dial_with(&[], "looking-glass");
    assert_eq!(refused.status.code(), Some(1));
    assert!(says(&refused, "691 ERROR_AUTHENTICATION_FAILURE"), "{refused:?}");
    assert_eq!(lines(&refused).pop().unwrap()["error"], 691);
    assert_eq!(stage.list(), Vec::<Value>::new());

    let kept = stage.dial_with(&["--keep-failed"], "looking-glass");
    assert_eq!(kept.status.code(), Some(1));
    let listed = stage.list();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["state_name"], "RASCS_Disconnected");
    assert_eq!(listed[0]["error"], 691);
    let handle = listed[0]["handle"].as_str().unwrap();
    assert!(stage.run(&["hangup", handle], "").status.success());
    assert_eq!(stage.list(), Vec::<Value>::new());
}

#[test]
fn no_password_is_in_any_log_or_message() {
    let stage = Stage::new();
    let good = stage.dial_with(&[], PASSWORD);
    let bad = stage.dial_with(&[], "Tr0ub4dor&3");
    for text in [
        stage.log(),
        format!("{good:?}{bad:?}"),
        String::from_utf8_lossy(&stage.run(&["history"], "").stdout).into_owned(),
    ] {
        assert!(!text.contains(PASSWORD) && !text.contains("Tr0ub4dor"), "{text}");
    }
    assert!(stage.log().contains("MS-CHAP v2"), "the log tells what was negotiated");
}

#[test]
fn a_server_that_is_not_trusted_is_told_nothing() {
    let stage = Stage::new();
    let wrong_name = stage.dial_with(&["--server-name", "vpn.example.net"], PASSWORD);
    assert_eq!(wrong_name.status.code(), Some(1));
    assert!(says(&wrong_name, "CERT_E_CN_NO_MATCH"), "{wrong_name:?}");
    let number = format!("127.0.0.1:{}", stage.port);
    let mut args = vec!["dial", "--phone-number", &number, "--user", "alice", "--password-stdin"];
    let unknown_root = stage.run(&args, PASSWORD);
    assert!(says(&unknown_root, "CERT_E_UNTRUSTEDROOT"), "{unknown_root:?}");
    let other = "00".repeat(32);
    args.extend(["--pin-sha256", &other]);
    let wrong_pin = stage.run(&args, PASSWORD);
    assert!(says(&wrong_pin, "CERT_E_UNTRUSTEDROOT"), "{wrong_pin:?}");
    assert!(!stage.log().contains("CHAP"), "no credential left us");
}

#[test]
fn each_way_of_not_getting_there_has_its_own_number() {
    let stage = Stage::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (number, code) in [
        (closed.to_string(), "808 ERROR_VPN_REFUSED"),
        ("no-such-host.invalid".to_owned(), "868 ERROR_DNSNAME_NOT_RESOLVABLE"),
        ("https://vpn.example.net".to_owned(), "749 ERROR_BAD_PHONE_NUMBER"),
    ] {
        let args = ["dial", "--phone-number", &number, "--user", "a", "--password-stdin"];
        let output = stage.run(&args, "x");
        assert_eq!(output.status.code(), Some(1), "{number}");
        assert!(says(&output, code), "{number}: {output:?}");
    }
    let unknown = stage.run(&["dial", "nowhere", "--user", "a", "--password-stdin"], "x");
    assert!(says(&unknown, "623 ERROR_CANNOT_FIND_PHONEBOOK_ENTRY"), "{unknown:?}");
    assert_eq!(stage.list(), Vec::<Value>::new());
}

#[test]
fn entries_of_a_phone_book_share_a_connection_by_references() {
    let stage = Stage::new();
    let book = stage.path("rasphone.pbk");
    let text = format!(
        "# a book by hand\r\n[office]\r\nEncoding=1\r\nType=2\r\nVpnStrategy=5\r\nUnknown=stays\r\n\
         OnhookUser=alice\r\nOnhookCaFile=ca.pem\r\n\r\nMEDIA=rastapi\r\nPort=VPN1-0\r\n\
         Device=WAN Miniport (SSTP)\r\n\r\nDEVICE=vpn\r\nPhoneNumber=127.0.0.1:{}\r\n",
        stage.port
    );
    std::fs::write(&book, &text).unwrap();
    let book_arg = book.to_str().unwrap();
    let dial = ["dial", "OFFICE", "--phonebook", book_arg, "--password-stdin", "--json"];
    let first = stage.run(&dial, PASSWORD);
    assert!(first.status.success(), "{first:?}");
    let second = stage.run(&dial, PASSWORD);
    assert_eq!(lines(&second).pop().unwrap()["event"], "already");
    let listed = stage.list();
    assert_eq!((listed.len(), listed[0]["references"].as_u64()), (1, Some(2)));
    let handle = listed[0]["handle"].as_str().unwrap();
    assert!(stage.run(&["hangup", handle], "").status.success());
    assert_eq!(stage.list().len(), 1, "one reference is left");
    assert!(stage.run(&["hangup", "office"], "").status.success());
    assert_eq!(stage.list(), Vec::<Value>::new());
    assert_eq!(std::fs::read_to_string(&book).unwrap(), text, "the book is as it was");
}

#[test]
fn a_manager_told_to_stop_hangs_everything_up_first() {
    let mut stage = Stage::new();
    let handle = stage.dial();
    let status = stage.signal_manager("-TERM");
    assert!(status.success());
    assert!(!stage.path("m.sock").exists());
    stage.start_manager();
    assert_eq!(stage.list(), Vec::<Value>::new());
    let history = String::from_utf8(stage.run(&["history", "--json"], "").stdout).unwrap();
    let history: Value = serde_json::from_str(&history).unwrap();
    assert_eq!(history[0]["handle"], handle.as_str());
    assert_eq!(history[0]["cause"]["code"], 834);
}

#[test]
fn handles_are_not_given_twice_not_across_a_crash_either() {
    let mut stage = Stage::new();
    let before = stage.dial();
    stage.signal_manager("-KILL");
    stage.start_manager();
    let stale = stage.run(&["status", &before], "");
    assert!(says(&stale, "6 ERROR_INVALID_HANDLE"), "{stale:?}");
    let stale = stage.run(&["hangup", &before], "");
    assert_eq!(stale.status.code(), Some(1));
    let number = |handle: &str| u64::from_str_radix(handle.trim_start_matches("0x"), 16).unwrap();
    assert!(number(&stage.dial()) > number(&before));
}

#[test]
fn a_capture_holds_the_frames_of_the_whole_call() {
    let stage = Stage::new();
    let file = stage.path("call.pcapng");
    let output = stage.dial_with(&["--capture", file.to_str().unwrap()], PASSWORD);
    assert!(output.status.success(), "{output:?}");
    assert!(stage.run(&["hangup", "--all"], "").status.success());
    let bytes = std::fs::read(file).unwrap();
    assert_eq!(bytes[..4], [0x0a, 0x0d, 0x0d, 0x0a], "a section header of pcapng");
    let challenge = [0xc2, 0x23, 0x01];
    assert!(bytes.windows(3).any(|w| w == challenge), "the challenge is in it");
}

#[test]
fn a_manager_is_started_on_demand_and_ends_when_nobody_needs_it() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        Command::new(ONHOOK)
            .args(args)
            .env("ONHOOK_SOCKET", folder.path().join("s/m.sock"))
            .env("XDG_STATE_HOME", folder.path())
            .env("HOME", folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    let none = run(&["status", "0x1"]);
    assert!(says(&none, "1062 ERROR_SERVICE_NOT_ACTIVE"), "{none:?}");
    if nix::unistd::geteuid().is_root() {
        return; // root's state folder is the system's: not for a test to write to
    }
    let history = run(&["history", "--json"]);
    assert!(history.status.success(), "{history:?}");
    assert!(folder.path().join("s/m.sock").exists());
}

#[test]
fn a_wrong_command_line_ends_with_2_and_help_is_there() {
    for args in
        [&["dial"][..], &["nonsense"], &["hangup", "x", "--all"], &["dial", "a", "--password", "x"]]
    {
        let output = Command::new(ONHOOK).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
    for command in
        ["dial", "list", "status", "hangup", "watch", "history", "exec", "answer", "daemon"]
    {
        let output = Command::new(ONHOOK).args([command, "--help"]).output().unwrap();
        assert!(output.status.success() && output.stdout.len() > 200, "{command}");
        let page = Command::new(ONHOOK).args(["man", command]).output().unwrap();
        assert!(page.stdout.starts_with(b".ie"), "{command}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let output = Command::new(ONHOOK).args(["completions", shell]).output().unwrap();
        assert!(output.stdout.len() > 1000, "{shell}");
    }
}

#[test]
fn a_book_that_cannot_be_read_is_told_with_its_line() {
    let stage = Stage::new();
    let book = stage.path("broken.pbk");
    std::fs::write(&book, "[office]\nEncoding=1\nthis is no key\n").unwrap();
    let check =
        |path: &Path| stage.run(&["phonebook", "check", "--phonebook", path.to_str().unwrap()], "");
    let output = check(&book);
    assert_eq!(output.status.code(), Some(1));
    assert!(says(&output, "line 3"), "{output:?}");
}

#[test]
fn a_failed_dial_whose_dialer_has_gone_is_reaped_after_the_grace() {
    let stage = Stage::with_grace("0");
    let kept = stage.dial_with(&["--keep-failed"], "looking-glass");
    assert_eq!(kept.status.code(), Some(1));
    // Each look is a process of its own; the manager needs less than one of them.
    let reaped = (0..200).any(|_| stage.list().is_empty());
    assert!(reaped, "{}", stage.log());
    let history = stage.run(&["history", "--json"], "");
    let history: Value = serde_json::from_slice(&history.stdout).unwrap();
    assert_eq!(history[0]["cause"]["code"], 691);
}

#[test]
fn ctrl_c_while_dialing_hangs_up() {
    let stage = Stage::new();
    // It takes the connection and then says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let number = silent.local_addr().unwrap().to_string();
    let mut dialing = Command::new(ONHOOK)
        .args(["dial", "--phone-number", &number, "--user", "a", "--password-stdin", "--json"])
        .env("ONHOOK_SOCKET", stage.path("m.sock"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    dialing.stdin.take().unwrap().write_all(b"x\n").unwrap();
    let mut told = BufReader::new(dialing.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("RASCS_ConnectDevice") {
        line.clear();
        assert!(told.read_line(&mut line).unwrap() > 0, "the dial ended early");
    }
    assert_eq!(stage.list().len(), 1, "a half-dialed one is listed");
    let sent = Command::new("kill").arg("-INT").arg(dialing.id().to_string()).status().unwrap();
    assert!(sent.success());
    assert_eq!(dialing.wait().unwrap().code(), Some(1));
    assert_eq!(stage.list(), Vec::<Value>::new());
}

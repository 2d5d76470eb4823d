//! What a dial leaves for the next one: passwords that are saved, a number that got through.

use std::os::unix::fs::PermissionsExt as _;

#[expect(unreachable_pub, dead_code, reason = "the stage is written to be shared")]
mod stage;

use stage::{PASSWORD, Stage, lines, says};

const NEW: &str = "looking-glass 2";

/// A stage with an entry for its server.
fn with_entry(callers: &str, more: &[&str]) -> Stage {
    let stage = Stage::answering(callers, more, "30");
    let folder = stage.path("onhook");
    std::fs::create_dir_all(&folder).unwrap();
    let text = format!(
        "[office]\nVpnStrategy=5\nOnhookCaFile={}\nMEDIA=rastapi\nDEVICE=vpn\nPhoneNumber=127.0.0.1:{}\n",
        stage.path("ca.pem").display(),
        stage.port
    );
    std::fs::write(folder.join("rasphone.pbk"), text).unwrap();
    stage
}

fn saved(stage: &Stage) -> String {
    std::fs::read_to_string(stage.path("own").join("credentials.json")).unwrap_or_default()
}

fn hang_up(stage: &Stage) {
    let output = stage.run(&["hangup", "office"], "");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn b172_a_saved_password_is_taken_by_the_next_dial_until_it_is_forgotten() {
    let stage = with_entry(&format!("alice {PASSWORD}\n"), &[]);
    // Nothing is saved unless it is wished.
    let first = ["dial", "office", "--user", "alice", "--password-stdin"];
    assert!(stage.run(&first, PASSWORD).status.success());
    hang_up(&stage);
    assert_eq!(saved(&stage), "");
    let wished = [&first[..], &["--save-password"]].concat();
    let output = stage.run(&wished, PASSWORD);
    assert!(output.status.success(), "{output:?}\n{}", stage.log());
    hang_up(&stage);
    let file = stage.path("own").join("credentials.json");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let output = stage.run(&["dial", "office", "--json"], "");
    assert!(output.status.success(), "{output:?}\n{}", stage.log());
    assert_eq!(lines(&output).last().unwrap()["event"], "connected");
    hang_up(&stage);
    // Another user has no saved password.
    let other = stage.run(&["dial", "office", "--user", "bob"], "");
    assert!(says(&other, "a password is needed"), "{other:?}");
    let book = std::fs::read_to_string(stage.path("onhook/rasphone.pbk")).unwrap();
    assert!(!book.contains(PASSWORD) && !stage.log().contains(PASSWORD));

    let output = stage.run(&["phonebook", "forget", "office"], "");
    assert!(output.status.success(), "{output:?}");
    assert!(!saved(&stage).contains(PASSWORD) && !saved(&stage).contains("alice"));
    assert!(says(&stage.run(&["dial", "office"], ""), "a user is needed"));
    let again = stage.run(&["phonebook", "forget", "office"], "");
    assert_eq!(String::from_utf8_lossy(&again.stdout), "Nothing is saved for office.\n");
    assert!(says(&stage.run(&["phonebook", "forget", "home"], ""), "623"));
}

#[test]
fn a_password_that_was_refused_is_not_saved() {
    let stage = with_entry(&format!("alice {PASSWORD}\n"), &[]);
    let args = ["dial", "office", "--user", "alice", "--password-stdin", "--save-password"];
    assert!(says(&stage.run(&args, "wrong"), "691"));
    assert_eq!(saved(&stage), "");
}

#[test]
fn a_password_that_is_changed_on_the_way_is_saved_as_it_is_now() {
    let stage = with_entry(&format!("alice {PASSWORD} expired\n"), &["--password-changes"]);
    let new = stage.path("new");
    std::fs::write(&new, NEW).unwrap();
    let args = ["dial", "office", "--user", "alice", "--password-stdin", "--save-password"];
    let changing = [&args[..], &["--new-password-file", new.to_str().unwrap()]].concat();
    let output = stage.run(&changing, PASSWORD);
    assert!(output.status.success(), "{output:?}\n{}", stage.log());
    hang_up(&stage);
    assert!(saved(&stage).contains(NEW) && !saved(&stage).contains(PASSWORD));
    assert!(stage.run(&["dial", "office"], "").status.success());
    hang_up(&stage);
}

#[test]
fn b164_b165_the_number_that_got_through_moves_to_the_front_where_the_entry_wants_it() {
    let stage = with_entry(&format!("alice {PASSWORD}\n"), &[]);
    let book = stage.path("onhook/rasphone.pbk");
    let text = std::fs::read_to_string(&book).unwrap();
    let server = format!("PhoneNumber=127.0.0.1:{}\n", stage.port);
    // Nobody answers at the first one.
    let both = format!("PhoneNumber=127.0.0.1:1\n{server}");
    let numbers = || -> Vec<String> {
        let text = std::fs::read_to_string(&book).unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix("PhoneNumber="));
        lines.map(str::to_owned).collect()
    };
    let good = format!("127.0.0.1:{}", stage.port);
    let args = ["dial", "office", "--user", "alice", "--password-stdin"];
    for (promotes, expected) in
        [("0", ["127.0.0.1:1", good.as_str()]), ("1", [good.as_str(), "127.0.0.1:1"])]
    {
        let keys = format!("{both}PromoteAlternates={promotes}\nTryNextAlternateOnFail=1\n");
        std::fs::write(&book, text.replace(&server, &keys)).unwrap();
        let output = stage.run(&args, PASSWORD);
        assert!(output.status.success(), "{output:?}\n{}", stage.log());
        hang_up(&stage);
        assert_eq!(numbers(), expected);
    }
}

//! Asking a server that answers: who is there, and ending calls.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

#[expect(unreachable_pub, dead_code, reason = "the stage is written to be shared")]
mod stage;

use stage::{Stage, says};

fn ask(stage: &Stage, words: &[&str]) -> std::process::Output {
    let control = stage.path("control.sock");
    let all = [&["answer"][..], words, &["--control", control.to_str().unwrap()]].concat();
    stage.run(&all, "")
}

fn sessions(stage: &Stage) -> Vec<Value> {
    let output = ask(stage, &["sessions", "--json"]);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn calls_are_listed_with_what_has_passed_and_ended_by_number_and_by_user() {
    let stage = Stage::new();
    assert_eq!(sessions(&stage), Vec::<Value>::new());
    let handle = stage.dial();
    let mut flow = stage.flow(&handle);
    flow.write_all(&[7; 40_000]).unwrap();
    flow.read_exact(&mut [0; 40_000]).unwrap();
    let all = sessions(&stage);
    assert_eq!(all.len(), 1, "{all:?}");
    let call = &all[0];
    assert_eq!((&call["user"], &call["link"]), (&json!("alice"), &json!("sstp")));
    assert_eq!((&call["address"], &call["connected"]), (&json!("10.99.0.2"), &json!(true)));
    assert!(call["from"].as_str().unwrap().starts_with("127.0.0.1:"), "{call}");
    assert!(call["since"].as_u64().unwrap() > 1_700_000_000, "{call}");
    for way in ["bytes_in", "bytes_out"] {
        assert!(call["traffic"][way].as_u64().unwrap() >= 40_000, "{call}");
    }
    let table = ask(&stage, &["sessions"]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.starts_with("CALL  USER   ADDRESS"), "{table}");

    // When the command returns, nothing is left of the call at the server.
    let number = call["call"].to_string();
    let ended = ask(&stage, &["disconnect", &number]);
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(sessions(&stage), Vec::<Value>::new());
    let again = ask(&stage, &["disconnect", &number]);
    assert!(!again.status.success() && says(&again, "668"), "{again:?}");

    // All of a user's.
    stage.run(&["hangup", &handle], "");
    let first = stage.dial();
    let ended = ask(&stage, &["disconnect", "alice", "--json"]);
    let ended: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(ended["calls"].as_array().unwrap().len(), 1, "{ended}");
    assert_eq!(sessions(&stage), Vec::<Value>::new());
    let nobody = ask(&stage, &["disconnect", "bob"]);
    assert!(!nobody.status.success() && says(&nobody, "668"), "{nobody:?}");
    stage.run(&["hangup", &first], "");
}

#[test]
fn the_socket_is_its_owners_alone_and_what_is_wrong_is_answered() {
    let stage = Stage::new();
    let path = stage.path("control.sock");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut talk = UnixStream::connect(&path).unwrap();
    talk.set_read_timeout(Some(stage::STUCK)).unwrap();
    let mut said = |call: &str| {
        talk.write_all(format!("{call}\0").as_bytes()).unwrap();
        let mut reply = Vec::new();
        while reply.last() != Some(&0) {
            let mut octet = [0];
            talk.read_exact(&mut octet).unwrap();
            reply.push(octet[0]);
        }
        reply.pop();
        serde_json::from_slice::<Value>(&reply).unwrap()
    };
    let info = said(r#"{"method":"org.varlink.service.GetInfo"}"#);
    assert_eq!(info["parameters"]["interfaces"][1], "org.onhook.Answer");
    for (call, error) in [
        (r#"{"method":"org.onhook.Answer.Nothing"}"#, "org.varlink.service.MethodNotFound"),
        (r#"{"method":"org.onhook.Answer.Disconnect"}"#, "org.varlink.service.InvalidParameter"),
        (
            r#"{"method":"org.onhook.Answer.Disconnect","parameters":{"call":1,"user":"a"}}"#,
            "org.varlink.service.InvalidParameter",
        ),
        (
            r#"{"method":"org.onhook.Answer.Disconnect","parameters":{"call":-1}}"#,
            "org.varlink.service.InvalidParameter",
        ),
        (
            r#"{"method":"org.onhook.Answer.Disconnect","parameters":{"call":9}}"#,
            "org.onhook.Answer.Failed",
        ),
        (r#"{"method":"org.onhook.Ras.List"}"#, "org.varlink.service.InterfaceNotFound"),
    ] {
        assert_eq!(said(call)["error"], error, "{call}");
    }
    // Whoever says no JSON, or too much, is let go; the others are served on.
    for nonsense in [b"nonsense\0".to_vec(), vec![b' '; 200_000]] {
        let mut stranger = UnixStream::connect(&path).unwrap();
        stranger.set_read_timeout(Some(stage::STUCK)).unwrap();
        drop(stranger.write_all(&nonsense));
        // Either the end or a reset: it is gone.
        while stranger.read(&mut [0; 512]).is_ok_and(|octets| octets > 0) {}
    }
    assert_eq!(sessions(&stage), Vec::<Value>::new());
}

#[test]
fn one_who_leaves_while_a_call_is_ended_disturbs_nobody() {
    let stage = Stage::new();
    let handle = stage.dial();
    let mut talk = UnixStream::connect(stage.path("control.sock")).unwrap();
    talk.write_all(
        b"{\"method\":\"org.onhook.Answer.Disconnect\",\"parameters\":{\"user\":\"alice\"}}\0",
    )
    .unwrap();
    drop(talk);
    let status = stage.run(&["hangup", &handle], "");
    assert!(status.status.success(), "{status:?}");
    let ended = ask(&stage, &["disconnect", "alice"]);
    // Whichever of them was first: nothing is left.
    assert!(ended.status.success() || says(&ended, "668"), "{ended:?}");
    assert_eq!(sessions(&stage), Vec::<Value>::new());
}

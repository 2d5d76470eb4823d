//! A manager's restart: connections go on, packets too, and the next manager answers for them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::ops::{Deref, DerefMut};
use std::process::Command;
use std::time::{Duration, Instant};

#[expect(unreachable_pub, dead_code, reason = "the stage is written to be shared")]
mod stage;

use stage::{PASSWORD, STUCK, Stage};

/// A stage whose manager hands over: whoever is the manager at the end goes with it, also when a test
/// fails on the way.
struct Renewed(Stage);

impl Deref for Renewed {
    type Target = Stage;

    fn deref(&self) -> &Stage {
        &self.0
    }
}

impl DerefMut for Renewed {
    fn deref_mut(&mut self) -> &mut Stage {
        &mut self.0
    }
}

impl Drop for Renewed {
    fn drop(&mut self) {
        for pid in managers(self) {
            // It may have ended meanwhile.
            drop(Command::new("kill").args(["-KILL", &pid.to_string()]).status());
        }
    }
}

/// Waits for a condition that nobody announces.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < STUCK, "{what}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

fn echo(stream: &mut TcpStream, text: &[u8]) {
    stream.write_all(text).unwrap();
    let mut back = vec![0; text.len()];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(back, text);
}

/// Tells the manager to hand over; the processes that are managers or keepers after it.
fn renew(stage: &Stage, which: u32) {
    let before = stage.log().matches("ready").count();
    let sent = Command::new("kill").args(["-HUP", &which.to_string()]).status().unwrap();
    assert!(sent.success());
    until("the next manager is ready", || {
        stage.log().matches("handed over;").count() > 0
            && stage.log().matches(" ready").count() > before
    });
}

/// Processes that were started with this stage's socket, other than clients.
fn managers(stage: &Stage) -> Vec<u32> {
    let socket = stage.path("m.sock").display().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let words: Vec<_> = line.split(|byte| *byte == 0).collect();
        let is_daemon = words.contains(&b"daemon".as_slice());
        if is_daemon && words.contains(&socket.as_bytes()) && is_alive(pid) {
            found.push(pid);
        }
    }
    found.sort_unstable();
    found
}

/// A zombie has ended.
fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with(['Z', 'X']))
        && !stat.is_empty()
}

#[test]
fn connections_go_on_across_a_restart_and_the_next_manager_answers_for_them() {
    let mut stage = Renewed(Stage::new());
    let old = stage.manager.as_ref().unwrap().id();
    let handle = stage.dial();
    let mut talk = stage.flow(&handle);
    echo(&mut talk, b"before");
    renew(&stage, old);
    // The flow is the same one: no packet of it was lost, or it would have stopped.
    echo(&mut talk, b"after");
    assert_eq!(managers(&stage).len(), 2, "the next manager, and the one that keeps");
    let listed = stage.list();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["handle"], handle.as_str());
    assert_eq!(listed[0]["state_name"], "RASCS_Connected");
    // Something new is the next manager's, beside it.
    let another = stage.dial();
    assert_ne!(another, handle);
    assert_eq!(stage.list().len(), 2);
    // A hang-up goes to whoever has it, and answers when all is gone.
    assert!(stage.run(&["hangup", &handle], "").status.success());
    until("the keeper has ended", || managers(&stage).len() == 1);
    assert_eq!(stage.list().len(), 1);
    echo(&mut stage.flow(&another), b"the other one goes on");
    let status = stage.run(&["status", &handle], "");
    assert!(!status.status.success(), "it answers 6");
    until("it is remembered", || {
        let history = stage.run(&["history", "--json"], "");
        String::from_utf8_lossy(&history.stdout).contains(&handle)
    });
    until("nothing is left", || !stage.path("state").join(format!("keeper-{old}")).exists());
    assert!(stage.run(&["hangup", &another], "").status.success());
    // The process that the stage started is the keeper, and has ended.
    stage.manager.as_mut().unwrap().wait().unwrap();
    end(&stage);
}

/// A program that has talked with the earlier manager goes on with the next one.
#[test]
fn a_program_that_stays_notices_nothing() {
    let stage = Renewed(Stage::new());
    let old = stage.manager.as_ref().unwrap().id();
    let handle = stage.dial();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut ras = onhook_client::Ras::connect(Some(&stage.path("m.sock"))).await.unwrap();
        assert_eq!(ras.list().await.unwrap().len(), 1);
        renew(&stage, old);
        assert_eq!(ras.list().await.unwrap().len(), 1, "by the next manager");
        let handle = handle.parse().unwrap();
        ras.hang_up(handle).await.unwrap();
        ras.wait_gone(handle).await.unwrap();
    });
    until("the keeper has ended", || managers(&stage).len() == 1);
    end(&stage);
}

#[test]
fn a_second_restart_keeps_what_two_managers_have() {
    let stage = Renewed(Stage::new());
    let first = stage.manager.as_ref().unwrap().id();
    let one = stage.dial();
    renew(&stage, first);
    let second = *managers(&stage).iter().find(|pid| **pid != first).unwrap();
    let two = stage.dial();
    let (mut talk_one, mut talk_two) = (stage.flow(&one), stage.flow(&two));
    let said = stage.log().matches("handed over;").count();
    renew(&stage, second);
    until("it has handed over too", || stage.log().matches("handed over;").count() > said);
    assert_eq!(managers(&stage).len(), 3);
    echo(&mut talk_one, b"one");
    echo(&mut talk_two, b"two");
    let mut handles: Vec<_> =
        stage.list().iter().map(|c| c["handle"].as_str().unwrap().to_owned()).collect();
    handles.sort();
    let mut wanted = vec![one.clone(), two.clone()];
    wanted.sort();
    assert_eq!(handles, wanted, "asked through both");
    assert!(stage.run(&["hangup", &one], "").status.success());
    assert!(stage.run(&["hangup", &two], "").status.success());
    until("both keepers have ended", || managers(&stage).len() == 1);
    end(&stage);
}

#[test]
fn a_manager_told_to_stop_hangs_up_what_its_keepers_have() {
    let stage = Renewed(Stage::new());
    let old = stage.manager.as_ref().unwrap().id();
    let handle = stage.dial();
    let mut talk = stage.flow(&handle);
    renew(&stage, old);
    end(&stage);
    assert_eq!(managers(&stage), Vec::<u32>::new(), "the keeper has ended with it");
    assert_eq!(talk.read(&mut [0; 1]).unwrap_or(0), 0, "and its connection");
    assert!(!stage.path("m.sock").exists());
}

#[test]
fn without_a_next_manager_what_was_kept_is_hung_up() {
    let stage = Renewed(Stage::new());
    let old = stage.manager.as_ref().unwrap().id();
    let handle = stage.dial();
    let mut talk = stage.flow(&handle);
    renew(&stage, old);
    let next = *managers(&stage).iter().find(|pid| **pid != old).unwrap();
    assert!(Command::new("kill").args(["-KILL", &next.to_string()]).status().unwrap().success());
    until("the keeper has ended", || managers(&stage).is_empty());
    assert_eq!(talk.read(&mut [0; 1]).unwrap_or(0), 0, "its connection is hung up");
}

#[test]
fn a_failed_dial_of_the_next_manager_and_a_wrong_password_change_nothing() {
    let stage = Renewed(Stage::new());
    let old = stage.manager.as_ref().unwrap().id();
    let handle = stage.dial();
    renew(&stage, old);
    let wrong = stage.dial_with(&[], "not it");
    assert!(!wrong.status.success());
    assert_eq!(stage.list().len(), 1);
    assert!(stage.run(&["hangup", &handle], PASSWORD).status.success());
    until("the keeper has ended", || managers(&stage).len() == 1);
    end(&stage);
}

/// Tells the manager of now to stop, and waits until it has.
fn end(stage: &Stage) {
    let newest = managers(stage).into_iter().max().unwrap();
    assert!(Command::new("kill").arg(newest.to_string()).status().unwrap().success());
    until("the manager has ended", || managers(stage).is_empty());
}

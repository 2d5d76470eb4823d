use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::sync::Mutex;

use tempfile::TempDir;

use super::*;
use crate::journal::{Entry, FileRecord};

const BEFORE: &str = "search lan\nnameserver 192.0.2.1\noptions edns0\n";

struct World {
    folder: TempDir,
    dns: Dns,
    journal: SharedJournal,
}

impl World {
    fn new(choice: DnsChoice) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("state"), "boot").unwrap();
        let journal = Arc::new(Mutex::new(journal));
        let places = Places {
            programs: vec![folder.path().join("bin")],
            resolved: folder.path().join("resolve"),
            interface_order: folder.path().join("interface-order"),
        };
        fs::create_dir(folder.path().join("bin")).unwrap();
        fs::write(folder.path().join("resolv.conf"), BEFORE).unwrap();
        let dns = Dns::new(
            choice,
            folder.path().join("resolv.conf"),
            Duration::from_millis(300),
            places,
            Arc::clone(&journal),
        );
        Self { folder, dns, journal }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path("resolv.conf")).unwrap()
    }

    /// A program that notes how it was called, and then does this.
    fn program(&self, name: &str, deed: &str) {
        let log = self.path("log");
        let text = format!("#!/bin/sh\necho {name} $@ $(cat) >> {}\n{deed}\n", log.display());
        // Written by another process: a descriptor of ours that is open for writing might be inherited
        // by a child of another test, and a program that somebody writes cannot be called.
        let script = "printf %s \"$1\" > \"$0\" && chmod 755 \"$0\"";
        let path = self.path("bin").join(name);
        let mut write = std::process::Command::new("sh");
        let written = write.arg("-c").arg(script).arg(path).arg(text).status().unwrap();
        assert!(written.success());
    }

    fn log(&self) -> Vec<String> {
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        let mut lines: Vec<_> = log.lines().map(str::to_owned).collect();
        lines.sort(); // those that do not depend on one another run side by side
        lines
    }

    async fn lay(&self, owner: u64, server: &str) -> Result<String, HostError> {
        self.lay_for(owner, server, &[]).await
    }

    async fn lay_for(&self, owner: u64, server: &str, of: &[&str]) -> Result<String, HostError> {
        let layer = Layer {
            owner,
            tun: TunId(0),
            interface: format!("onhook{owner}"),
            index: 7,
            servers: vec![server.parse().unwrap()],
            domains: of.iter().map(|domain| (*domain).to_owned()).collect(),
        };
        let mut layers = self.dns.hold().await;
        self.dns.lay(&mut layers, layer).await
    }

    async fn lift(&self, owner: u64) -> Result<(), HostError> {
        let mut layers = self.dns.hold().await;
        self.dns.lift(&mut layers, owner, TunId(0)).await
    }

    /// What a crash now would leave in the journal, as the next manager reads it.
    fn crash(self) -> (TempDir, Vec<FileRecord>) {
        let Self { folder, dns, journal } = self;
        drop((dns, journal));
        let journal = Journal::open(&folder.path().join("state"), "boot-2").unwrap();
        let file = |entry: Entry| match entry.record {
            Record::File(file) => file,
            other => panic!("{other:?}"),
        };
        let records = journal.inherited().into_iter().map(|(_, entry)| file(entry)).collect();
        (folder, records)
    }

    fn is_clean(&self) -> bool {
        let open = lock(&self.journal);
        let text = format!("{open:?}");
        text.contains("open: {}")
    }
}

fn file_world() -> World {
    World::new(DnsChoice::Auto)
}

#[tokio::test]
async fn the_file_is_replaced_and_comes_back_as_it_was() {
    let world = file_world();
    fs::set_permissions(world.path("resolv.conf"), fs::Permissions::from_mode(0o640)).unwrap();
    let by = world.lay(1, "10.0.0.53").await.unwrap();
    assert_eq!(by, world.path("resolv.conf").display().to_string());
    let text = world.text();
    assert!(text.starts_with("# Written by onhook"), "{text}");
    assert!(text.ends_with("search lan\nnameserver 10.0.0.53\noptions edns0\n"), "{text}");
    assert_eq!(fs::metadata(world.path("resolv.conf")).unwrap().mode() & 0o777, 0o640);
    assert!(!world.is_clean());
    world.lift(1).await.unwrap();
    world.lift(1).await.unwrap();
    assert_eq!(world.text(), BEFORE);
    assert_eq!(fs::metadata(world.path("resolv.conf")).unwrap().mode() & 0o777, 0o640);
    assert!(world.is_clean());
    let left: Vec<_> =
        fs::read_dir(world.folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains(".onhook")), "{left:?}");
}

#[tokio::test]
async fn connections_may_end_in_any_order() {
    for order in [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]] {
        let world = file_world();
        for owner in 1..=3 {
            world.lay(owner, &format!("10.0.0.{owner}")).await.unwrap();
            assert!(world.text().contains(&format!("nameserver 10.0.0.{owner}\n")));
        }
        let mut left = vec![1, 2, 3];
        for owner in order {
            world.lift(owner).await.unwrap();
            left.retain(|l| *l != owner);
            if let Some(top) = left.last() {
                let text = world.text();
                assert!(text.contains(&format!("nameserver 10.0.0.{top}\n")), "{order:?}: {text}");
            }
        }
        assert_eq!(world.text(), BEFORE, "{order:?}");
        assert!(world.is_clean());
    }
}

#[tokio::test]
async fn what_another_has_written_is_left_alone() {
    let world = file_world();
    world.lay(1, "10.0.0.53").await.unwrap();
    fs::write(world.path("resolv.conf"), "nameserver 198.51.100.1\n").unwrap();
    world.lift(1).await.unwrap();
    assert_eq!(world.text(), "nameserver 198.51.100.1\n");
    assert!(world.is_clean());
}

#[tokio::test]
async fn a_later_connection_puts_back_what_another_has_written() {
    let world = file_world();
    world.lay(1, "10.0.0.1").await.unwrap();
    fs::write(world.path("resolv.conf"), "nameserver 198.51.100.1\n").unwrap();
    world.lay(2, "10.0.0.2").await.unwrap();
    world.lift(1).await.unwrap();
    assert!(world.text().contains("nameserver 10.0.0.2\n"));
    world.lift(2).await.unwrap();
    assert_eq!(world.text(), "nameserver 198.51.100.1\n");
}

#[tokio::test]
async fn some_domains_keep_the_other_name_servers() {
    let world = file_world();
    world.lay_for(1, "10.0.0.53", &["corp.example"]).await.unwrap();
    let wanted =
        "search corp.example lan\nnameserver 10.0.0.53\nnameserver 192.0.2.1\noptions edns0\n";
    assert!(world.text().ends_with(wanted), "{}", world.text());
}

#[tokio::test]
async fn a_link_and_an_absent_file_come_back_too() {
    let world = file_world();
    let path = world.path("resolv.conf");
    fs::rename(&path, world.path("stub.conf")).unwrap();
    symlink("stub.conf", &path).unwrap();
    world.lay(1, "10.0.0.53").await.unwrap();
    world.lay(2, "10.0.0.54").await.unwrap();
    assert!(world.text().contains("search lan\n"), "the linked file's search list is kept");
    assert_eq!(fs::read_to_string(world.path("stub.conf")).unwrap(), BEFORE);
    world.lift(2).await.unwrap();
    world.lift(1).await.unwrap();
    assert_eq!(fs::read_link(&path).unwrap(), PathBuf::from("stub.conf"));
    fs::remove_file(&path).unwrap();
    world.lay(3, "10.0.0.53").await.unwrap();
    world.lift(3).await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn a_crash_is_healed_from_the_journal() {
    let world = file_world();
    let path = world.path("resolv.conf");
    world.lay(1, "10.0.0.1").await.unwrap();
    world.lay(2, "10.0.0.2").await.unwrap();
    let (_folder, records) = world.crash();
    assert_eq!(records.len(), 1);
    assert_eq!(put_back_after_crash(&records).unwrap(), PutBack::Done);
    assert_eq!(fs::read_to_string(&path).unwrap(), BEFORE);
    assert_eq!(put_back_after_crash(&records).unwrap(), PutBack::Done, "twice is as once");
}

#[tokio::test]
async fn a_crash_between_the_record_and_the_file_is_healed() {
    let world = file_world();
    let path = world.path("resolv.conf");
    world.lay(1, "10.0.0.1").await.unwrap();
    let (_folder, mut records) = world.crash();
    let mut next = records[0].clone();
    next.text = next.text.replace("10.0.0.1", "10.0.0.2");
    records.push(next); // written down, and not done any more
    assert_eq!(put_back_after_crash(&records).unwrap(), PutBack::Done);
    assert_eq!(fs::read_to_string(&path).unwrap(), BEFORE);
}

#[tokio::test]
async fn after_a_crash_another_writer_is_left_alone() {
    let world = file_world();
    let path = world.path("resolv.conf");
    world.lay(1, "10.0.0.1").await.unwrap();
    let (_folder, records) = world.crash();
    fs::write(&path, "nameserver 198.51.100.1\n").unwrap();
    assert_eq!(put_back_after_crash(&records).unwrap(), PutBack::LeftAlone);
    assert_eq!(fs::read_to_string(&path).unwrap(), "nameserver 198.51.100.1\n");
}

#[test]
fn a_part_of_what_we_wrote_over_a_file_is_ours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("resolv.conf");
    let text = "# Written by onhook\nnameserver 10.0.0.1\n";
    let before = crate::journal::Before::File {
        content: BEFORE.to_owned(),
        mode: 0o644,
        uid: nix::unistd::getuid().as_raw(),
        gid: nix::unistd::getgid().as_raw(),
    };
    let record = FileRecord { path: path.clone(), before, text: text.to_owned(), in_place: true };
    for length in 0..=text.len() {
        fs::write(&path, &text[..length]).unwrap();
        assert_eq!(put_back_after_crash(std::slice::from_ref(&record)).unwrap(), PutBack::Done);
        assert_eq!(fs::read_to_string(&path).unwrap(), BEFORE, "after {length} octets");
    }
}

#[tokio::test]
async fn a_file_of_any_octets_comes_back() {
    let world = file_world();
    let path = world.path("resolv.conf");
    let octets: Vec<u8> = (0..=255).collect();
    fs::write(&path, &octets).unwrap();
    world.lay(1, "10.0.0.53").await.unwrap();
    let (_folder, records) = world.crash();
    put_back_after_crash(&records).unwrap();
    assert_eq!(fs::read(path).unwrap(), octets);
}

#[tokio::test]
async fn what_is_no_small_file_is_not_touched() {
    let world = file_world();
    let path = world.path("resolv.conf");
    fs::write(&path, vec![b'#'; 100_000]).unwrap();
    world.lay(1, "10.0.0.53").await.unwrap_err();
    assert_eq!(fs::read(&path).unwrap().len(), 100_000);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    world.lay(1, "10.0.0.53").await.unwrap_err();
    assert!(world.is_clean());
}

#[tokio::test]
async fn resolved_is_taken_where_it_runs() {
    let world = World::new(DnsChoice::Auto);
    world.program("resolvectl", "");
    world.program("resolvconf", "");
    fs::create_dir(world.path("resolve")).unwrap();
    assert_eq!(world.lay(1, "10.0.0.53").await.unwrap(), "systemd-resolved");
    world.lift(1).await.unwrap();
    let wanted = [
        "resolvectl default-route onhook1 true",
        "resolvectl dns onhook1 10.0.0.53",
        "resolvectl domain onhook1 ~.",
        "resolvectl revert onhook1",
    ];
    assert_eq!(world.log(), wanted);
    assert_eq!(world.text(), BEFORE);
    assert!(world.is_clean());
}

#[tokio::test]
async fn some_domains_are_routed_by_resolved() {
    let world = World::new(DnsChoice::Resolved);
    world.program("resolvectl", "");
    world.lay_for(1, "10.0.0.53", &["corp.example", "a.example"]).await.unwrap();
    assert!(world.log().contains(&"resolvectl domain onhook1 corp.example a.example".to_owned()));
    assert!(world.log().contains(&"resolvectl default-route onhook1 false".to_owned()));
}

#[tokio::test]
async fn resolvconf_is_taken_where_resolved_does_not_run() {
    let world = World::new(DnsChoice::Auto);
    world.program("resolvectl", "");
    world.program("resolvconf", "");
    fs::write(world.path("interface-order"), "tun*\n").unwrap();
    assert_eq!(world.lay(1, "10.0.0.53").await.unwrap(), "resolvconf");
    world.lift(1).await.unwrap();
    let wanted =
        ["resolvconf -a tun.onhook1 -m 0 -x nameserver 10.0.0.53", "resolvconf -d tun.onhook1"];
    assert_eq!(world.log(), wanted);
    assert!(world.is_clean());
}

#[tokio::test]
async fn a_resolved_that_fails_is_passed_over() {
    let world = World::new(DnsChoice::Auto);
    world.program("resolvectl", "echo not running >&2; exit 1");
    fs::create_dir(world.path("resolve")).unwrap();
    let by = world.lay(1, "10.0.0.53").await.unwrap();
    assert_eq!(by, world.path("resolv.conf").display().to_string());
    world.lift(1).await.unwrap();
    assert_eq!(world.text(), BEFORE);
    let world = World::new(DnsChoice::Resolved);
    world.program("resolvectl", "echo not running >&2; exit 1");
    let error = world.lay(1, "10.0.0.53").await.unwrap_err();
    assert!(error.text.contains("not running"), "{error}");
    assert!(world.is_clean());
}

#[tokio::test]
async fn a_program_that_hangs_is_killed() {
    let world = World::new(DnsChoice::Resolvconf);
    world.program("resolvconf", "exec sleep 1000");
    let begun = std::time::Instant::now();
    let error = world.lay(1, "10.0.0.53").await.unwrap_err();
    assert_eq!(error.kind, HostErrorKind::TimedOut);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(world.is_clean());
}

#[tokio::test]
async fn an_undoing_that_fails_is_owed_and_can_be_tried_again() {
    let world = World::new(DnsChoice::Resolvconf);
    world.program("resolvconf", "case $1 in -d) exit 1;; esac");
    world.lay(1, "10.0.0.53").await.unwrap();
    world.lift(1).await.unwrap_err();
    assert!(!world.is_clean());
    world.program("resolvconf", "");
    world.lift(1).await.unwrap();
    assert!(world.is_clean());
}

#[tokio::test]
async fn nothing_is_done_where_nothing_is_wanted() {
    let world = World::new(DnsChoice::None);
    assert!(world.lay(1, "10.0.0.53").await.unwrap().starts_with("none"));
    let world = World::new(DnsChoice::Resolved);
    assert_eq!(world.lay(1, "10.0.0.53").await.unwrap_err().kind, HostErrorKind::NotFound);
    assert_eq!(world.text(), BEFORE);
}

/// N-PRIV-01 (CVE-2020-15704, pppd in Ubuntu: a variable of the caller's environment reached a program
/// that ran with rights). Helpers are called by their path, with an environment of their own.
#[tokio::test]
async fn n_priv_01_a_helper_gets_no_environment_of_ours() {
    let world = World::new(DnsChoice::Resolvconf);
    let seen = world.path("environment");
    world.program("resolvconf", &format!("env > {}", seen.display()));
    world.lay(1, "10.0.0.53").await.unwrap();
    let environment = fs::read_to_string(&seen).unwrap();
    let mut names: Vec<_> = environment.lines().filter_map(|l| l.split('=').next()).collect();
    // The shell that the program is written in makes some of its own.
    names.retain(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name));
    names.sort_unstable();
    assert_eq!(names, ["LC_ALL", "PATH"]);
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "we have more than that");
}

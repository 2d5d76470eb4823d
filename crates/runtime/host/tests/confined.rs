//! What a confined process can still do, and what not. Each case gives its rights up in a process of its
//! own; none needs any.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use onhook_host::{Confined, Confinement, confine};

#[expect(unreachable_pub, dead_code, reason = "the runner is written to be shared")]
mod runner;

use runner::{Ignored, Verdict, again};

/// The exit status of a writer whom nothing holds back.
const NO_LANDLOCK: i32 = 78;

fn main() -> ExitCode {
    runner::main(&cases![
        no_capability_is_kept_or_gained,
        the_rights_for_networks_are_kept_when_they_are_needed,
        files_are_written_in_the_given_folders_only,
        the_machine_cannot_be_changed,
        threads_and_programs_that_are_started_later_are_confined_too,
        namespaces_are_entered_only_by_who_is_allowed_to,
        _a_confined_writer,
    ])
}

fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("onhook-confined-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn confined(keeps_network_rights: bool) -> Confined {
    confined_with(keeps_network_rights, false)
}

fn confined_with(keeps_network_rights: bool, enters_namespaces: bool) -> Confined {
    let writable = vec![PathBuf::from("/dev")];
    confine(&Confinement { writable, keeps_network_rights, enters_namespaces })
}

/// A line of `/proc/…/status` as it says.
fn line(status: &str, name: &str) -> String {
    let found = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    found.unwrap_or_default().trim().to_owned()
}

fn own_status() -> String {
    fs::read_to_string("/proc/thread-self/status").unwrap()
}

fn no_capability_is_kept_or_gained() -> Verdict {
    confined(false);
    let nothing = "0".repeat(16);
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(line(&own_status(), set), nothing, "{set}");
    }
    assert_eq!(line(&own_status(), "NoNewPrivs"), "1");
    let child = Command::new("/bin/cat").arg("/proc/self/status").output().unwrap();
    let child = String::from_utf8(child.stdout).unwrap();
    assert_eq!(line(&child, "CapEff"), nothing, "a program that root starts gains nothing");
    Ok(())
}

fn the_rights_for_networks_are_kept_when_they_are_needed() -> Verdict {
    // CAP_NET_ADMIN, CAP_NET_BIND_SERVICE, CAP_NET_RAW.
    const NETWORK: u64 = 1 << 12 | 1 << 10 | 1 << 13;
    let before = u64::from_str_radix(&line(&own_status(), "CapPrm"), 16).unwrap();
    confined(true);
    let after = u64::from_str_radix(&line(&own_status(), "CapEff"), 16).unwrap();
    assert_eq!(after, before & NETWORK, "what we had of them, and nothing else");
    Ok(())
}

/// The confined one cannot tidy up what it was not to touch: another process does.
fn files_are_written_in_the_given_folders_only() -> Verdict {
    let world = folder();
    let elsewhere = world.join("elsewhere");
    fs::create_dir(world.join("ours")).unwrap();
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("theirs"), "before").unwrap();
    let output = again("_a_confined_writer").current_dir(&world).output().unwrap();
    let left = fs::read_to_string(elsewhere.join("theirs"));
    let entries = fs::read_dir(&elsewhere).unwrap().count();
    fs::remove_dir_all(&world).unwrap();
    if output.status.code() == Some(NO_LANDLOCK) {
        return Err(Ignored("this kernel has no landlock".to_owned()));
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!((left.unwrap().as_str(), entries), ("before", 1));
    Ok(())
}

fn _a_confined_writer() -> Verdict {
    let world = std::env::current_dir().unwrap();
    let (ours, elsewhere) = (world.join("ours"), world.join("elsewhere"));
    let writable = vec![ours.clone(), PathBuf::from("/dev")];
    let confined = confine(&Confinement { writable, ..Confinement::default() });
    if confined.missing.iter().any(|what| what.contains("landlock")) {
        std::process::exit(NO_LANDLOCK);
    }
    fs::write(ours.join("new"), "text").unwrap();
    fs::rename(ours.join("new"), ours.join("other")).unwrap();
    fs::remove_file(ours.join("other")).unwrap();
    fs::write("/dev/null", "text").unwrap();
    let refused = |done: std::io::Result<()>| {
        assert_eq!(done.unwrap_err().kind(), std::io::ErrorKind::PermissionDenied);
    };
    refused(fs::write(elsewhere.join("theirs"), "after"));
    refused(fs::write(elsewhere.join("new"), "text"));
    refused(fs::remove_file(elsewhere.join("theirs")));
    refused(fs::create_dir(elsewhere.join("folder")));
    refused(std::os::unix::fs::symlink("/etc/shadow", elsewhere.join("link")));
    Ok(())
}

fn the_machine_cannot_be_changed() -> Verdict {
    let nothing: Option<&str> = None;
    confined(true);
    let forbidden = Err(Errno::EPERM);
    assert_eq!(unshare(CloneFlags::CLONE_NEWUSER), forbidden);
    assert_eq!(unshare(CloneFlags::CLONE_NEWNS), forbidden);
    assert_eq!(mount(nothing, "/tmp", Some("tmpfs"), MsFlags::empty(), nothing), forbidden);
    assert_eq!(nix::unistd::chroot("/tmp"), forbidden);
    assert_eq!(nix::sys::ptrace::traceme(), forbidden);
    assert_eq!(nix::unistd::sethostname("other"), forbidden);
    // With arguments that would be refused as senseless by a kernel that looked at them.
    for number in
        [libc::SYS_bpf, libc::SYS_io_uring_setup, libc::SYS_finit_module, libc::SYS_keyctl]
    {
        // SAFETY: no pointer is passed; the kernel refuses the call, filtered or not.
        let answer = unsafe { libc::syscall(number, -1, 0, 0, 0, 0) };
        assert_eq!((answer, Errno::last()), (-1, Errno::EPERM), "system call {number}");
    }
    // SAFETY: as above.
    let answer = unsafe { libc::syscall(libc::SYS_clone3, 0, 0) };
    assert_eq!((answer, Errno::last()), (-1, Errno::ENOSYS), "it is as good as absent");
    let made_user = Command::new("/usr/bin/unshare").args(["--user", "/bin/true"]).output();
    assert!(made_user.is_err() || made_user.is_ok_and(|output| !output.status.success()));
    Ok(())
}

fn threads_and_programs_that_are_started_later_are_confined_too() -> Verdict {
    confined(false);
    let threads = std::thread::spawn(|| {
        let inner = std::thread::spawn(own_status).join().unwrap();
        (own_status(), inner)
    });
    let (outer, inner) = threads.join().unwrap();
    let child = Command::new("/bin/cat").arg("/proc/self/status").output().unwrap();
    for status in [outer, inner, String::from_utf8(child.stdout).unwrap()] {
        assert_eq!(line(&status, "Seccomp"), "2");
        assert_eq!(line(&status, "NoNewPrivs"), "1");
    }
    Ok(())
}

fn namespaces_are_entered_only_by_who_is_allowed_to() -> Verdict {
    let own = fs::File::open("/proc/self/ns/net").unwrap();
    if nix::sched::setns(&own, CloneFlags::CLONE_NEWNET).is_err() {
        return Err(Ignored("only root may enter a network namespace".to_owned()));
    }
    let allowed = std::thread::spawn(|| {
        let own = fs::File::open("/proc/self/ns/net").unwrap();
        confined_with(true, true);
        let nothing: Option<&str> = None;
        // The capability alone would do for this.
        let mounted = mount(nothing, "/tmp", Some("tmpfs"), MsFlags::empty(), nothing);
        assert_eq!(mounted, Err(Errno::EPERM));
        nix::sched::setns(&own, CloneFlags::CLONE_NEWNET)
    });
    assert_eq!(allowed.join().unwrap(), Ok(()));
    // The filter of system calls is for all threads, and this one is filtered once more.
    confined(true);
    assert_eq!(nix::sched::setns(&own, CloneFlags::CLONE_NEWNET), Err(Errno::EPERM));
    Ok(())
}

//! Where the recipes are followed: a folder with an entry for a server of our own, a manager beside it, and
//! the library as if it were installed.

use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::page::{Chapter, root};
use crate::stage::{ONHOOK, PASSWORD, Stage};

/// The entry and the user of the recipes.
const ENTRY: &str = "Office";
const USER: &str = "alice";

pub(crate) struct Place {
    pub(crate) stage: Stage,
}

/// Whether these programs are there, each named with its package; says what is not.
pub(crate) fn are_there(programs: &[(&str, &str)]) -> bool {
    let missing = programs.iter().find(|(program, _)| {
        let found = Command::new("sh").arg("-c").arg(format!("command -v {program}")).output();
        !found.unwrap().status.success()
    });
    if let Some((program, package)) = missing {
        eprintln!("skipped: there is no `{program}` (package {package})");
    }
    missing.is_none()
}

impl Place {
    pub(crate) fn new() -> Self {
        let stage = Stage::answering(&format!("{USER} {PASSWORD}\n"), &["--retries", "0"], "30");
        let place = Self { stage };
        place.write("onhook/rasphone.pbk", &place.entry(ENTRY));
        // Cargo builds the library beside the program, for the tests that call it.
        let built = Path::new(ONHOOK).with_file_name("deps").join("librasapi32.so");
        assert!(built.exists(), "no {}", built.display());
        let release = place.stage.path("target/release");
        std::fs::create_dir_all(&release).unwrap();
        symlink(built, release.join("librasapi32.so")).unwrap();
        let install = Chapter::read("The library");
        place.said(install.commands("install"), "");
        for part in ["crates", "packaging"] {
            symlink(root().join(part), place.stage.path(part)).unwrap();
        }
        place
    }

    /// The text of an entry that leads to the server.
    pub(crate) fn entry(&self, name: &str) -> String {
        let ca = self.stage.path("ca.pem");
        format!(
            "[{name}]\r\nEncoding=1\r\nType=2\r\nVpnStrategy=5\r\nOnhookCaFile={}\r\n\r\n\
             MEDIA=rastapi\r\nPort=VPN2-0\r\nDevice=WAN Miniport (SSTP)\r\n\r\nDEVICE=vpn\r\n\
             PhoneNumber=127.0.0.1:{}\r\n\r\n",
            ca.display(),
            self.stage.port,
        )
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.stage.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs commands in the folder.
    pub(crate) fn run(&self, commands: &str, input: &str) -> Output {
        let folder = self.stage.folder.path();
        let mut shell = Command::new("sh")
            .args(["-e", "-c", commands])
            .current_dir(folder)
            .env("ONHOOK_SOCKET", self.stage.path("m.sock"))
            .env("ONHOOK_START", "never")
            .env("XDG_CONFIG_HOME", folder)
            .env("XDG_STATE_HOME", folder)
            .env("HOME", folder)
            .env("PREFIX", folder)
            .env("LD_LIBRARY_PATH", folder.join("lib"))
            .env("WINEPREFIX", folder.join("prefix"))
            .env("WINEDEBUG", "-all")
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // One that needs no input may have ended.
        drop(shell.stdin.take().unwrap().write_all(input.as_bytes()));
        shell.wait_with_output().unwrap()
    }

    /// What commands say that must succeed.
    pub(crate) fn said(&self, commands: &str, input: &str) -> String {
        let output = self.run(commands, input);
        assert!(output.status.success(), "{commands}: {output:?}\n{}", self.stage.log());
        String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n")
    }

    /// The only connection that the manager has.
    fn handle(&self) -> String {
        let list = self.stage.list();
        assert_eq!(list.len(), 1, "{list:?}");
        list[0]["handle"].as_str().unwrap().to_owned()
    }

    /// Dials, lists and hangs up by the three commands of a recipe, and once more what `onhook` has dialed.
    pub(crate) fn follow(&self, commands: &str) {
        let [dial, list, hang_up] = commands.lines().collect::<Vec<_>>()[..] else {
            panic!("three commands: {commands}")
        };
        let told = self.said(dial, &format!("{PASSWORD}\n"));
        let told: Vec<_> = told.lines().collect();
        assert_eq!(told.first(), Some(&"state 0 error 0"), "{told:?}");
        assert_eq!(told.last(), Some(&"state 8192 error 0"), "{told:?}");
        assert!(told.contains(&"state 5 error 0"), "{told:?}");
        // The program has ended; what it dialed has not.
        let row = format!("{}\t{ENTRY}\tWAN Miniport (SSTP)\n", self.handle());
        assert_eq!(self.said(list, ""), row);
        assert_eq!(self.said(hang_up, ""), "1 hung up\n");
        assert!(self.stage.list().is_empty(), "it was waited for until everything was gone");
        assert_eq!(self.said(list, ""), "");

        let dialed = self.stage.run(&["dial", ENTRY, "--user", USER, "--password-stdin"], PASSWORD);
        assert!(dialed.status.success(), "{dialed:?}");
        let row = format!("{}\t{ENTRY}\tWAN Miniport (SSTP)\n", self.handle());
        assert_eq!(self.said(list, ""), row);
        assert_eq!(self.said(hang_up, ""), "1 hung up\n");
        assert!(self.stage.list().is_empty());

        let refused = self.run(dial, "wrong\n");
        let why = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && why.contains("(691)"), "{refused:?}");
        assert!(self.stage.list().is_empty(), "a failed dial is hung up, too");
    }
}

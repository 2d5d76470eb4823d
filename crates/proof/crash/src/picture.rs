//! The whole world at one moment.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::ground::PORT_LOCKS;
use crate::over::Over;

/// Files that a manager keeps between its lives.
const KEPT: [&str; 4] = ["handles", "history", "journal", "lock"];

/// What can be seen from outside of any process of ours, as lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture(BTreeSet<String>);

impl Picture {
    /// Looks at everything but what belongs to the living manager itself.
    pub(crate) fn take(state: &Path) -> Result<Self> {
        let mut lines = BTreeSet::new();
        for words in [
            "-oneline link",
            "-oneline address",
            "-4 route show table all",
            "-6 route show table all",
            "-4 rule",
            "-6 rule",
        ] {
            let output =
                Command::new("ip").args(words.split_whitespace()).output().context("ip")?;
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            lines.extend(text.lines().map(|line| format!("ip {words}: {}", line.trim())));
        }
        sockets(&mut lines)?;
        etc(&mut lines)?;
        port_locks(&mut lines)?;
        state_files(state, &mut lines)?;
        processes(&mut lines)?;
        Ok(Self(lines))
    }

    /// The same, and the settings of the caller's port, where the link has one.
    pub(crate) fn take_with(state: &Path, over: &Over) -> Result<Self> {
        let mut picture = Self::take(state)?;
        picture.0.extend(over.settings()?.map(|settings| format!("port: {}", settings.words)));
        Ok(picture)
    }

    /// What is there and was not before, and the other way round; empty when nothing differs.
    pub(crate) fn differences(&self, now: &Self) -> String {
        let lost = self.0.difference(&now.0).map(|line| format!("  lost: {line}\n"));
        let left = now.0.difference(&self.0).map(|line| format!("  left: {line}\n"));
        lost.chain(left).collect()
    }
}

/// Sockets that somebody holds: those that listen or are connected. What the kernel alone still winds
/// down (TIME-WAIT and the like) is nobody's.
fn sockets(lines: &mut BTreeSet<String>) -> Result<()> {
    const ESTABLISHED: &str = "01";
    const LISTEN: &str = "0A";
    for name in ["tcp", "tcp6", "udp", "udp6"] {
        let table = fs::read_to_string(format!("/proc/self/net/{name}")).unwrap_or_default();
        for line in table.lines().skip(1) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [_, local, remote, state, ..] = words.as_slice() else { continue };
            if name.starts_with("udp") || [ESTABLISHED, LISTEN].contains(state) {
                lines.insert(format!("{name} {local} {remote} {state}"));
            }
        }
    }
    for name in ["packet", "raw", "raw6"] {
        let table = fs::read_to_string(format!("/proc/self/net/{name}")).unwrap_or_default();
        let many = table.lines().skip(1).count();
        lines.insert(format!("{many} sockets of the kind {name}"));
    }
    let unix = fs::read_to_string("/proc/self/net/unix")?;
    let paths = unix.lines().skip(1).filter_map(|line| line.split_whitespace().nth(7));
    lines.extend(paths.map(|path| format!("unix {path}")));
    Ok(())
}

/// Every file of `/etc` by name; the name servers' whole.
fn etc(lines: &mut BTreeSet<String>) -> Result<()> {
    for entry in fs::read_dir("/etc")? {
        lines.insert(format!("/etc/{}", entry?.file_name().to_string_lossy()));
    }
    let meta = fs::symlink_metadata("/etc/resolv.conf")?;
    lines.insert(format!("resolv.conf {:o} {} {}", meta.mode(), meta.uid(), meta.gid()));
    lines.insert(format!("resolv.conf says {:?}", fs::read_to_string("/etc/resolv.conf")?));
    Ok(())
}

/// Files by which programs tell one another that a serial line is in use.
fn port_locks(lines: &mut BTreeSet<String>) -> Result<()> {
    for entry in fs::read_dir(PORT_LOCKS)? {
        lines.insert(format!("lock {}", entry?.file_name().to_string_lossy()));
    }
    Ok(())
}

/// The state folder holds nothing but what is kept between lives, and an empty record of changes.
fn state_files(state: &Path, lines: &mut BTreeSet<String>) -> Result<()> {
    let Ok(folder) = fs::read_dir(state) else { return Ok(()) };
    for entry in folder {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !KEPT.contains(&name.as_str()) {
            lines.insert(format!("state file {name}"));
        }
    }
    for line in open_changes(state)? {
        lines.insert(format!("record of changes: {line}"));
    }
    Ok(())
}

/// Changes in the record that are not struck.
pub(crate) fn open_changes(state: &Path) -> Result<Vec<String>> {
    let text = match fs::read(state.join("journal")) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => return Ok(Vec::new()),
    };
    let mut open: Vec<(u64, String)> = Vec::new();
    for line in text.lines() {
        let json = line.split_once(' ').map_or("", |(_, json)| json);
        let Ok(value) = serde_json::from_str::<serde_json::Value>(json) else {
            open.push((0, format!("damaged: {line}")));
            continue;
        };
        match value["undid"].as_u64() {
            Some(seq) => open.retain(|(other, _)| *other != seq),
            None => open.push((value["seq"].as_u64().unwrap_or(0), json.to_owned())),
        }
    }
    Ok(open.into_iter().map(|(_, line)| line).collect())
}

/// Every process by its command line, and how many network namespaces they are in.
fn processes(lines: &mut BTreeSet<String>) -> Result<()> {
    let mut namespaces = BTreeSet::new();
    for entry in fs::read_dir("/proc")? {
        let path = entry?.path();
        let is_process = path.file_name().is_some_and(|n| n.as_encoded_bytes()[0].is_ascii_digit());
        if !is_process {
            continue;
        }
        // A process that ends between the listing and the look is no leftover.
        let Ok(command) = fs::read(path.join("cmdline")) else { continue };
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        let short = command.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        if !short.contains("daemon") {
            lines.insert(format!("process {short}"));
        }
        namespaces.extend(fs::read_link(path.join("ns/net")));
    }
    lines.insert(format!("{} network namespaces", namespaces.len()));
    Ok(())
}

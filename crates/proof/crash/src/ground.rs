//! Two hosts and a router's wire, made of namespaces.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use nix::mount::{MsFlags, mount};

/// The server's address, behind the router at the other end of the wire.
pub(crate) const SERVER: &str = "198.51.100.1";
/// The name by which it is dialed.
pub(crate) const SERVER_NAME: &str = "vpn.example.net";
/// Where programs look for one another's locks on serial lines.
pub(crate) const PORT_LOCKS: &str = "/run/lock";
/// What the caller's name servers are told before any connection.
const RESOLV_CONF: &str = "# the caller's own\nnameserver 192.0.2.1\nsearch example.org\n";

/// The caller's host, in which this process is, and the server's beside it.
pub(crate) struct Ground {
    pub(crate) onhook: PathBuf,
    pub(crate) folder: PathBuf,
    /// Keeps the server's network namespace.
    server: Child,
}

impl Ground {
    /// Makes both hosts. This process must be in namespaces of its own already.
    pub(crate) fn prepare(onhook: &Path) -> Result<Self> {
        let folder = PathBuf::from("/tmp/onhook-crash");
        private_mounts(&folder)?;
        let server = Command::new("unshare")
            .args(["--net", "--", "sleep", "infinity"])
            .stdin(Stdio::null())
            .spawn()
            .context("the server's host")?;
        let ground = Self { onhook: fs::canonicalize(onhook)?, folder, server };
        ground.wait_for_server_host()?;
        ground.lay_the_wire()?;
        Ok(ground)
    }

    /// The new host is there when its namespace is another than ours.
    fn wait_for_server_host(&self) -> Result<()> {
        let ours = fs::read_link("/proc/self/ns/net")?;
        let theirs = format!("/proc/{}/ns/net", self.server.id());
        crate::program::until("the server's host", || {
            Ok(fs::read_link(&theirs).is_ok_and(|link| link != ours))
        })
    }

    fn lay_the_wire(&self) -> Result<()> {
        let pid = self.server.id().to_string();
        for words in [
            "link set lo up",
            "link add near type veth peer name far",
            "link set near addrgenmode none",
            "link set far addrgenmode none",
        ] {
            ip(words)?;
        }
        ip(&format!("link set far netns {pid}"))?;
        for words in [
            "link set lo up",
            "address add 198.51.100.1/32 dev lo",
            "address add 192.0.2.1/24 dev far",
            "link set far up",
        ] {
            self.ip_at_server(words)?;
        }
        self.near_up()
    }

    /// The caller's wire, address and default route.
    pub(crate) fn near_up(&self) -> Result<()> {
        for words in [
            "address flush dev near",
            "address add 192.0.2.2/24 dev near",
            "link set near up",
            "route replace default via 192.0.2.1 dev near",
        ] {
            ip(words)?;
        }
        Ok(())
    }

    /// `ip …` on the server's host.
    pub(crate) fn ip_at_server(&self, words: &str) -> Result<()> {
        let status = self.at_server("ip").args(words.split_whitespace()).status()?;
        ensure!(status.success(), "ip {words} at the server: {status}");
        Ok(())
    }

    /// Copies what the programs have logged to where it outlives us.
    pub(crate) fn copy_logs(&self, to: &Path) -> Result<()> {
        fs::create_dir_all(to)?;
        for name in ["manager.log", "answer.log", "client.log"] {
            if let Ok(text) = fs::read(self.folder.join(name)) {
                fs::write(to.join(name), text)?;
            }
        }
        Ok(())
    }

    /// A program on the server's host.
    pub(crate) fn at_server(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/proc/{}/ns/net", self.server.id())).arg("--").arg(program);
        command
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

/// `ip …` on the caller's host.
pub(crate) fn ip(words: &str) -> Result<()> {
    let status = Command::new("ip").args(words.split_whitespace()).status().context("ip")?;
    ensure!(status.success(), "ip {words}: {status}");
    Ok(())
}

/// `/etc`, `/run`, `/var/lib` and the folder of the run are ours alone, and empty but for what is needed.
fn private_mounts(folder: &Path) -> Result<()> {
    let none: Option<&str> = None;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
        .context("private mounts")?;
    let tmpfs = |at: &Path| -> Result<()> {
        mount(Some("tmpfs"), at, Some("tmpfs"), MsFlags::empty(), Some("mode=755"))
            .with_context(|| format!("a tmpfs at {}", at.display()))
    };
    fs::create_dir_all(folder)?;
    tmpfs(folder)?;
    let kept = ["passwd", "group", "nsswitch.conf", "host.conf", "gai.conf", "ld.so.cache"];
    let texts: Vec<_> =
        kept.iter().map(|name| fs::read(Path::new("/etc").join(name)).ok()).collect();
    for place in ["/etc", "/run", "/var/lib"] {
        tmpfs(Path::new(place))?;
    }
    // `/var/lock` leads there, as everywhere today.
    let locks = Path::new(PORT_LOCKS);
    fs::create_dir_all(locks).with_context(|| locks.display().to_string())?;
    for (name, text) in kept.iter().zip(texts) {
        if let Some(text) = text {
            fs::write(Path::new("/etc").join(name), text)?;
        }
    }
    fs::write("/etc/hosts", format!("127.0.0.1 localhost\n{SERVER} {SERVER_NAME}\n"))?;
    fs::write("/etc/resolv.conf", RESOLV_CONF)?;
    Ok(())
}

/// The name server file becomes a mount of its own, so that it cannot be replaced, only written over.
pub(crate) fn pin_resolv_conf(folder: &Path) -> Result<()> {
    let none: Option<&str> = None;
    let source = folder.join("resolv.conf");
    fs::write(&source, RESOLV_CONF)?;
    mount(Some(&source), "/etc/resolv.conf", none, MsFlags::MS_BIND, none).context("a bind mount")
}

/// And no longer.
pub(crate) fn unpin_resolv_conf() -> Result<()> {
    nix::mount::umount("/etc/resolv.conf").context("the bind mount")
}

//! A network of its own for one program (`onhook exec`), without rights on the machine.
//!
//! A child process that is still one thread goes into a user, network and mount namespace of its own,
//! opens a TUN there, and hands its descriptor to the manager, which stands outside and moves the
//! packets. Nothing of it outlives its last process: the kernel takes the namespaces away.
//!
//! The program must not resolve names behind the tunnel's back. Its `/etc/resolv.conf` is a private
//! one, and the sockets of the machine's own resolver services, which would be reached although the
//! network is another, are covered by empty folders.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getgid, getuid};
use onhook_effect::{HostError, HostErrorKind, Prefix};

use crate::net::link::Address;
use crate::net::netlink::Netlink;
use crate::net::route::Route;
use crate::net::tun;
use crate::rights::device_trouble;

const DEED: &str = "make a network of its own for the program";
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// Where services of the machine listen that would resolve names outside the tunnel.
const RESOLVERS: [&str; 3] = ["/run/systemd/resolve", "/run/nscd", "/var/run/nscd"];
/// Where a file is made that is then bound elsewhere; what is here is uncovered again.
const WORKSHOP: &str = "/tmp";

/// What the network is to be.
#[derive(Clone, Debug)]
pub struct NamespaceSpec {
    /// The addresses behind the connection, with their prefix lengths.
    pub addresses: Vec<(IpAddr, u8)>,
    /// The MTU in octets.
    pub mtu: u16,
    /// Name servers behind the connection.
    pub dns: Vec<IpAddr>,
    /// The local ports that the program's streams use, so that they do not meet those of the manager's
    /// own stack at the same address.
    pub port_range: RangeInclusive<u16>,
}

/// The TUN of the network, to be handed to the manager.
#[derive(Debug)]
pub struct NamespaceTun {
    /// The device, with a virtio header before each packet.
    pub fd: OwnedFd,
    /// The interface's name inside.
    pub name: String,
}

/// Moves this process into namespaces of its own with a TUN interface, addresses, default routes and
/// name servers.
///
/// To be called in a process of one thread, before it becomes the program: a fresh child.
///
/// # Errors
/// [`HostErrorKind::NotPermitted`] when the machine forbids user namespaces or the TUN device to us;
/// the text tells which, and what helps. The process is of no use then and must end.
pub fn namespace_with_tun(spec: NamespaceSpec) -> Result<NamespaceTun, HostError> {
    let (uid, gid) = (getuid(), getgid());
    let spaces = CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS;
    unshare(spaces).map_err(|error| {
        let why = "this machine does not let us make a user namespace (on Debian: sysctl \
                   kernel.unprivileged_userns_clone=1; on Ubuntu: an AppArmor profile)";
        failed(why, &error.into())
    })?;
    // A group list that we keep could be used to lose rights that a group takes away.
    for (file, text) in [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("{uid} {uid} 1")),
        ("gid_map", format!("{gid} {gid} 1")),
    ] {
        put(&format!("/proc/self/{file}"), &text).map_err(|e| failed("the user namespace", &e))?;
    }
    let (fd, name) = tun::open(None)
        .map_err(|e| HostError { text: device_trouble(&e), ..HostError::from_io(DEED, &e) })?;
    set_up(&name, &spec).map_err(|e| failed("the interface", &e))?;
    private_resolver(&spec.dns).map_err(|e| failed("the name servers", &e))?;
    Ok(NamespaceTun { fd, name })
}

fn failed(what: &str, error: &io::Error) -> HostError {
    let mut failed = HostError::from_io(DEED, error);
    if failed.kind == HostErrorKind::DiskFull {
        // The limit of user.max_user_namespaces, which zero switches off.
        failed.kind = HostErrorKind::NotPermitted;
    }
    failed.text = format!("{what}: {}", failed.text);
    failed
}

fn put(path: &str, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.write_all(text.as_bytes())
}

fn set_up(name: &str, spec: &NamespaceSpec) -> io::Result<()> {
    let netlink = Netlink::open()?;
    if let Some(loopback) = netlink.link_by_name("lo")? {
        netlink.bring_up(loopback.index, u16::MAX)?;
    }
    let link = netlink.link_by_name(name)?.ok_or(io::ErrorKind::NotFound)?;
    netlink.bring_up(link.index, spec.mtu)?;
    for (address, prefix_len) in spec.addresses.iter().copied() {
        let address = Address { index: link.index, address, prefix_len, peer: None };
        netlink.add_address(&address)?;
    }
    for all in [Prefix::ALL_V4, Prefix::ALL_V6] {
        if spec.addresses.iter().any(|(address, _)| address.is_ipv4() == all.is_ipv4()) {
            let route = Route { to: all, interface: link.index, next_hop: None, metric: None };
            netlink.add_route(&route)?;
        }
    }
    let ports = format!("{} {}", spec.port_range.start(), spec.port_range.end());
    put("/proc/sys/net/ipv4/ip_local_port_range", &ports)?;
    let gid = getgid();
    if let Err(error) = put("/proc/sys/net/ipv4/ping_group_range", &format!("{gid} {gid}")) {
        tracing::debug!(target: "host::namespace", %error, "ping needs rights inside");
    }
    Ok(())
}

/// Gives this mount namespace a resolver of its own.
fn private_resolver(dns: &[IpAddr]) -> io::Result<()> {
    let nothing: Option<&str> = None;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(nothing, "/", nothing, private, nothing)?;
    let target = fs::canonicalize(RESOLV_CONF).ok();
    let text: String = dns.iter().map(|server| format!("nameserver {server}\n")).collect();
    let mut covered = Vec::new();
    for folder in RESOLVERS {
        let Ok(folder) = fs::canonicalize(folder) else { continue };
        if folder.is_dir() && !covered.contains(&folder) {
            cover(&folder)?;
            covered.push(folder);
        }
    }
    let Some(target) = target else {
        tracing::debug!(target: "host::namespace", "there is no resolv.conf to stand in for");
        return Ok(());
    };
    if covered.iter().any(|folder| target.starts_with(folder)) {
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        return fs::write(&target, text);
    }
    stand_in(&target, &text)
}

/// Covers a folder by an empty one in memory.
fn cover(folder: &Path) -> io::Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    Ok(mount(Some("onhook"), folder, Some("tmpfs"), flags, Some("size=64k,mode=0755"))?)
}

/// Lets a file with this text stand in for another one.
fn stand_in(target: &Path, text: &str) -> io::Result<()> {
    let workshop = Path::new(WORKSHOP);
    cover(workshop)?;
    let made = workshop.join("resolv.conf");
    let bound = fs::write(&made, text).and_then(|()| bind(&made, target));
    // The file lives on where it is bound, when its folder is gone.
    umount2(workshop, MntFlags::MNT_DETACH)?;
    bound
}

fn bind(from: &PathBuf, to: &Path) -> io::Result<()> {
    let nothing: Option<&str> = None;
    Ok(mount(Some(from), to, nothing, MsFlags::MS_BIND, nothing)?)
}

//! Who is at the other end of a socket, as the kernel knows it, and which devices are theirs to use.

use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Groups that are asked for at first; whoever is in more of them is asked for again.
const FIRST_ROOM: usize = 64;
/// Groups that Linux allows a process (NGROUPS_MAX).
const MOST: usize = 65_536;

/// The supplementary groups that the program at the other end of a Unix socket had when it connected
/// (SO_PEERGROUPS, unix(7)).
///
/// # Errors
/// When the kernel does not tell: the socket is no Unix socket, or nobody is at its other end.
pub fn peer_groups(socket: BorrowedFd<'_>) -> io::Result<Vec<u32>> {
    let mut groups = vec![0_u32; FIRST_ROOM];
    loop {
        let mut length = libc::socklen_t::try_from(groups.len() * size_of::<u32>())
            .map_err(|_| io::ErrorKind::InvalidInput)?;
        // SAFETY: `groups` is valid for `length` octets, which the kernel changes to what it has
        // written or would have to write; no crate offers this option.
        let result = unsafe {
            libc::getsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERGROUPS,
                groups.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        let count = usize::try_from(length).unwrap_or(0) / size_of::<u32>();
        if result == 0 {
            groups.truncate(count);
            return Ok(groups);
        }
        let error = io::Error::last_os_error();
        let is_short = error.raw_os_error() == Some(libc::ERANGE);
        if !is_short || count <= groups.len() || count > MOST {
            return Err(error);
        }
        groups.resize(count, 0);
    }
}

/// Whether this user could open a device below `/dev` for reading and writing by itself. Root can, and so
/// can whoever runs this process, as far as the process can.
///
/// # Errors
/// When there is no such device.
pub fn may_use_device(path: &Path, user: u32, groups: &[u32]) -> io::Result<bool> {
    const READ_WRITE: u32 = 0o6;
    if user == 0 || user == nix::unistd::geteuid().as_raw() {
        return Ok(true);
    }
    let path = std::fs::canonicalize(path)?;
    let facts = std::fs::metadata(&path)?;
    let shift = match facts.uid() == user {
        true => 6,
        false if groups.contains(&facts.gid()) => 3,
        false => 0,
    };
    Ok(path.starts_with("/dev") && facts.mode() >> shift & READ_WRITE == READ_WRITE)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd as _;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn the_kernel_tells_our_own_groups() {
        let (one, _other) = UnixStream::pair().unwrap();
        let told = peer_groups(one.as_fd()).unwrap();
        let ours: Vec<u32> =
            nix::unistd::getgroups().unwrap().into_iter().map(nix::unistd::Gid::as_raw).collect();
        assert_eq!(told, ours);
    }

    #[test]
    fn a_device_is_its_owners_its_groups_or_everybodys() {
        let may = |path: &str, user, groups: &[u32]| {
            may_use_device(Path::new(path), user, groups).unwrap()
        };
        assert!(may("/dev/null", 12_345, &[]));
        assert!(!may("/", 12_345, &[]), "not below /dev");
        let own = nix::unistd::geteuid().as_raw();
        assert!(may("/dev/null", own, &[]));
        assert!(may_use_device(Path::new("/dev/no-such"), 12_345, &[]).is_err());
    }

    #[test]
    fn a_socket_without_a_peer_is_an_error() {
        let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        assert!(peer_groups(udp.as_fd()).is_err());
    }
}

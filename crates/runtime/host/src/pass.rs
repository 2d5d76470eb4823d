//! Descriptors handed from one process to another (unix(7), `SCM_RIGHTS`).

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

/// Hands a descriptor over; one octet goes with it.
///
/// # Errors
/// When the other side has gone.
pub fn send_fd(sock: &UnixStream, fd: BorrowedFd<'_>) -> io::Result<()> {
    let fds = [fd.as_raw_fd()];
    let message = [ControlMessage::ScmRights(&fds)];
    let octet = [IoSlice::new(&[0])];
    sendmsg::<()>(sock.as_raw_fd(), &octet, &message, MsgFlags::MSG_NOSIGNAL, None)?;
    Ok(())
}

/// Takes a descriptor that [`send_fd`] handed over.
///
/// # Errors
/// When the other side ended the stream, or sent something else than one descriptor.
pub fn recv_fd(sock: &UnixStream) -> io::Result<OwnedFd> {
    let mut octet = [0];
    let mut parts = [IoSliceMut::new(&mut octet)];
    // Room for more than one, so that a stranger's further ones are seen and closed.
    let mut space = nix::cmsg_space!([std::os::fd::RawFd; 4]);
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let message = recvmsg::<()>(sock.as_raw_fd(), &mut parts, Some(&mut space), flags)?;
    let mut received = Vec::new();
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(fds) = control {
            // SAFETY: the kernel has just made these descriptors for us; nobody else knows their
            // numbers, and each is taken exactly once.
            received.extend(fds.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
        }
    }
    match (message.bytes, received.pop()) {
        (0, _) => Err(io::ErrorKind::UnexpectedEof.into()),
        (_, Some(fd)) if received.is_empty() => Ok(fd),
        (_, _) => Err(io::Error::new(io::ErrorKind::InvalidData, "one descriptor was expected")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::os::fd::AsFd as _;

    #[test]
    fn a_descriptor_is_the_same_file_on_the_other_side() {
        let (left, right) = UnixStream::pair().unwrap();
        let (mut reader, writer) = std::io::pipe().unwrap();
        send_fd(&left, writer.as_fd()).unwrap();
        drop(writer);
        let received = recv_fd(&right).unwrap();
        std::fs::File::from(received).write_all(b"through").unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "through");
    }

    #[test]
    fn what_is_no_descriptor_is_refused() {
        let (mut left, right) = UnixStream::pair().unwrap();
        left.write_all(b"x").unwrap();
        assert_eq!(recv_fd(&right).unwrap_err().kind(), io::ErrorKind::InvalidData);
        drop(left);
        assert_eq!(recv_fd(&right).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}

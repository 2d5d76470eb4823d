//! Whose lines are whose: the manager may have more rights than its clients, and lends them none.

use std::os::fd::BorrowedFd;
use std::path::Path;

use onhook_model::{DeviceType, Entry, Port, RasCode, RasError};

use crate::service::Caller;

/// Refuses a dial over a device of this machine that the client could not open by itself.
///
/// # Errors
/// 5 with words.
pub(crate) fn check_line(
    entry: &Entry,
    caller: &Caller,
    socket: BorrowedFd<'_>,
) -> Result<(), RasError> {
    if !matches!(entry.device_type, DeviceType::Serial | DeviceType::Generic | DeviceType::Modem) {
        return Ok(());
    }
    let refused = |text: String| Err(RasError::new(RasCode::ACCESS_DENIED, text));
    match entry.line() {
        Ok(Port::Terminal(path)) => {
            // What the kernel does not tell is no right.
            let mut groups = onhook_host::peer_groups(socket).unwrap_or_default();
            groups.push(caller.gid);
            match onhook_host::may_use_device(Path::new(&path), caller.uid, &groups) {
                Ok(false) => {
                    refused(format!("{path} may not be used by you, or by a group of yours"))
                }
                // One that is not there is told of by the dial.
                Ok(true) | Err(_) => Ok(()),
            }
        }
        Ok(Port::Socket(_)) if is_stranger(caller) => {
            refused("a Unix socket can be dialed through a manager of one's own alone".to_owned())
        }
        Ok(Port::Tcp { .. } | Port::Telnet { .. } | Port::Socket(_)) | Err(_) => Ok(()),
    }
}

/// Neither root nor the user that the manager runs as.
fn is_stranger(caller: &Caller) -> bool {
    caller.uid != 0 && caller.uid != nix::unistd::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd as _;
    use std::os::unix::net::UnixStream;

    use super::*;

    fn outcome(device: &str, uid: u32) -> Option<RasCode> {
        let (one, _other) = UnixStream::pair().unwrap();
        let caller = Caller { uid, gid: uid, pid: 1, session: 1, operator: false };
        check_line(&Entry::for_number("", device), &caller, one.as_fd()).err().map(|e| e.code)
    }

    #[test]
    fn no_device_is_lent_to_who_could_not_open_it() {
        let own = nix::unistd::geteuid().as_raw();
        let stranger = own + 54_321;
        for device in ["tcp://host:1", "/dev/no-such-line", "sstp"] {
            assert_eq!(outcome(device, stranger), None, "{device}");
        }
        assert_eq!(outcome("unix:/run/line", stranger), Some(RasCode::ACCESS_DENIED));
        assert_eq!(outcome("unix:/run/line", own), None);
        assert_eq!(outcome("unix:/run/line", 0), None);
        let pty = nix::pty::openpty(None, None).unwrap();
        let path = nix::unistd::ttyname(&pty.slave).unwrap();
        let path = path.to_str().unwrap();
        // Our own groups are the peer's here, so that a terminal of the group tty may be ours.
        if std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .is_ok()
        {
            assert_eq!(outcome(path, stranger), Some(RasCode::ACCESS_DENIED));
        }
        assert_eq!(outcome(path, own), None);
    }
}

//! Names to addresses, as the system resolves them.
//!
//! `getaddrinfo` is called directly: what std and tokio make of it does not tell a name that does not
//! exist from a name server that does not answer, and the two ask different things of a person.

use std::ffi::CString;
use std::net::{IpAddr, SocketAddr};
use std::ptr;
use std::time::Duration;

use onhook_effect::{HostError, HostErrorKind};
use socket2::SockAddr;

const DEED: &str = "resolve the server's name";
/// How long the system's resolver may take. Its thread cannot be stopped; it ends by itself.
const PATIENCE: Duration = Duration::from_secs(15);
/// Addresses of one name that are kept.
const MOST_ADDRESSES: usize = 16;

/// The addresses of a name, in the system's order of preference. An address as text is its own.
pub(crate) async fn resolve(name: &str, port: u16) -> Result<Vec<SocketAddr>, HostError> {
    let bare = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).unwrap_or(name);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let bad_name = || {
        let text = format!("“{}” is no name of a host", name.escape_debug());
        HostError::new(DEED, HostErrorKind::NameNotFound, text)
    };
    if name.is_empty() || name.len() > 253 {
        return Err(bad_name());
    }
    let asked = CString::new(name).map_err(|_| bad_name())?;
    let asking = tokio::task::spawn_blocking(move || ask(&asked, port));
    match tokio::time::timeout(PATIENCE, asking).await {
        Ok(Ok(Ok(addresses))) => Ok(addresses),
        Ok(Ok(Err(trouble))) => Err(trouble.into_error(name)),
        Ok(Err(error)) => Err(HostError::new(DEED, HostErrorKind::Other, error.to_string())),
        Err(_) => Err(Trouble::Unanswered.into_error(name)),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Trouble {
    NotFound,
    Unanswered,
    System(i32),
    Other(i32),
}

impl Trouble {
    fn into_error(self, name: &str) -> HostError {
        let name = name.escape_debug();
        match self {
            Self::NotFound => {
                let text = format!("the name {name} does not exist");
                HostError::new(DEED, HostErrorKind::NameNotFound, text)
            }
            Self::Unanswered => {
                let text = format!("no name server answered for {name}");
                HostError::new(DEED, HostErrorKind::NameUnanswered, text)
            }
            Self::System(errno) => {
                HostError::from_io(DEED, &std::io::Error::from_raw_os_error(errno))
            }
            Self::Other(code) => {
                let text = format!("the system's resolver failed for {name} (code {code})");
                HostError::new(DEED, HostErrorKind::Other, text)
            }
        }
    }
}

fn trouble(code: i32, errno: i32) -> Trouble {
    /// No address of a wanted family (glibc).
    const EAI_ADDRFAMILY: i32 = -9;
    match code {
        libc::EAI_NONAME | libc::EAI_NODATA | EAI_ADDRFAMILY => Trouble::NotFound,
        libc::EAI_AGAIN | libc::EAI_FAIL => Trouble::Unanswered,
        libc::EAI_SYSTEM if errno == libc::ECONNREFUSED || errno == libc::ETIMEDOUT => {
            Trouble::Unanswered
        }
        libc::EAI_SYSTEM => Trouble::System(errno),
        other => Trouble::Other(other),
    }
}

fn ask(name: &CString, port: u16) -> Result<Vec<SocketAddr>, Trouble> {
    // SAFETY: `addrinfo` is plain data for which all zeros mean: no hints.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_socktype = libc::SOCK_STREAM;
    let mut list: *mut libc::addrinfo = ptr::null_mut();
    // SAFETY: name and hints outlive the call; the service may be null; `list` is set to a list of the
    // library's own when the call succeeds, and not otherwise.
    let code = unsafe { libc::getaddrinfo(name.as_ptr(), ptr::null(), &hints, &mut list) };
    let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
    if code != 0 {
        return Err(trouble(code, errno));
    }
    let mut addresses = Vec::new();
    let mut next = list;
    // SAFETY: until it is freed below, each element is a valid `addrinfo` that ends in a null pointer.
    while let Some(info) = unsafe { next.as_ref() } {
        next = info.ai_next;
        if info.ai_addr.is_null() {
            continue;
        }
        // SAFETY: the library names an address of `ai_addrlen` octets; no more than a
        // `sockaddr_storage` holds is copied, and the length given is that of the copy.
        let address = unsafe {
            SockAddr::try_init(|storage, length| {
                let room = std::mem::size_of_val(&*storage);
                let count = (info.ai_addrlen as usize).min(room);
                ptr::copy_nonoverlapping(info.ai_addr.cast::<u8>(), storage.cast(), count);
                *length = count as libc::socklen_t;
                Ok(())
            })
        };
        if let Some(mut address) = address.ok().and_then(|((), a)| a.as_socket()) {
            address.set_port(port);
            if !addresses.contains(&address) && addresses.len() < MOST_ADDRESSES {
                addresses.push(address);
            }
        }
    }
    // SAFETY: the list is the library's, and is freed once.
    unsafe { libc::freeaddrinfo(list) };
    if addresses.is_empty() { Err(Trouble::NotFound) } else { Ok(addresses) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_needs_no_name_server() {
        for text in ["192.0.2.7", "2001:db8::7", "[2001:db8::7]"] {
            let addresses = resolve(text, 443).await.unwrap();
            let bare = text.trim_matches(['[', ']']);
            assert_eq!(addresses, [SocketAddr::new(bare.parse().unwrap(), 443)]);
        }
    }

    #[tokio::test]
    async fn the_own_host_is_found_offline() {
        let addresses = resolve("localhost", 443).await.unwrap();
        assert!(addresses.iter().all(|a| a.ip().is_loopback() && a.port() == 443));
    }

    #[tokio::test]
    async fn what_is_no_name_is_not_asked_for() {
        for name in ["", "a\0b", &"x".repeat(300)] {
            let error = resolve(name, 443).await.unwrap_err();
            assert_eq!(error.kind, HostErrorKind::NameNotFound);
        }
    }

    #[test]
    fn a_name_that_is_not_there_differs_from_a_server_that_is_not() {
        assert_eq!(trouble(libc::EAI_NONAME, 0), Trouble::NotFound);
        assert_eq!(trouble(libc::EAI_AGAIN, 0), Trouble::Unanswered);
        assert_eq!(trouble(libc::EAI_SYSTEM, libc::EMFILE), Trouble::System(libc::EMFILE));
    }
}

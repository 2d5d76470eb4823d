//! Why the host could not do a deed.

use std::fmt;

/// What is wrong with a TLS session or a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// The certificate's time is over.
    Expired,
    /// The certificate's time has not come.
    NotYetValid,
    /// The chain ends in a root that is not trusted.
    UntrustedRoot,
    /// The certificate names another host.
    NameMismatch,
    /// The certificate is not for servers.
    WrongUsage,
    /// The certificate was revoked.
    Revoked,
    /// It is not the pinned certificate.
    PinMismatch,
    /// The certificate or a signature is broken.
    BadCertificate,
    /// No common version or cipher.
    NoCommonCipher,
    /// The server refused the handshake by an alert.
    Alert,
    /// What answered does not speak TLS.
    NotTls,
    /// The connection ended in the midst of the handshake.
    CutShort,
}

/// What kind of trouble it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostErrorKind {
    /// The name does not exist.
    NameNotFound,
    /// No name server answered.
    NameUnanswered,
    /// The other side refused the connection.
    Refused,
    /// Nobody answered in time.
    TimedOut,
    /// The connection was reset or ended.
    Reset,
    /// No way leads there.
    Unreachable,
    /// We have not the rights.
    NotPermitted,
    /// Somebody else has it.
    Busy,
    /// What was named is not there.
    NotFound,
    /// There is no such serial port, or what is named so is none.
    NoSuchPort,
    /// There is no Ethernet interface, or it is down.
    NoEthernet,
    /// Another program uses the serial port.
    PortInUse,
    /// No room on the disk for the record of changes.
    DiskFull,
    /// TLS or the certificate.
    Tls(TlsFault),
    /// The deed was called off before it was done.
    CalledOff,
    /// Something else; the text tells.
    Other,
}

/// A deed that the host could not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostError {
    /// The deed in a few words.
    pub deed: &'static str,
    /// What kind of trouble.
    pub kind: HostErrorKind,
    /// The system's error number, where there is one.
    pub errno: Option<i32>,
    /// What happened, for people; never a secret.
    pub text: String,
}

impl HostError {
    /// An error without a system number.
    pub fn new(deed: &'static str, kind: HostErrorKind, text: impl Into<String>) -> Self {
        Self { deed, kind, errno: None, text: text.into() }
    }

    /// An error from the system; the kind is chosen by its number.
    pub fn from_io(deed: &'static str, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as K;
        let kind = match error.kind() {
            K::ConnectionRefused => HostErrorKind::Refused,
            K::TimedOut => HostErrorKind::TimedOut,
            K::ConnectionReset
            | K::ConnectionAborted
            | K::BrokenPipe
            | K::NotConnected
            | K::UnexpectedEof => HostErrorKind::Reset,
            K::HostUnreachable | K::NetworkUnreachable | K::NetworkDown | K::AddrNotAvailable => {
                HostErrorKind::Unreachable
            }
            K::PermissionDenied => HostErrorKind::NotPermitted,
            K::ResourceBusy | K::AddrInUse | K::AlreadyExists => HostErrorKind::Busy,
            K::NotFound => HostErrorKind::NotFound,
            K::StorageFull | K::QuotaExceeded => HostErrorKind::DiskFull,
            _ => HostErrorKind::Other,
        };
        Self { deed, kind, errno: error.raw_os_error(), text: error.to_string() }
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}: {}", self.deed, self.text)
    }
}

impl std::error::Error for HostError {}

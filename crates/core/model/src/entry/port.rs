//! The port that a line's device is on: a terminal of this machine, or a stream that stands for one.

use super::number::{ServerError, parse_host};

/// Where a serial line begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Port {
    /// A terminal device, by its path below `/dev`.
    Terminal(String),
    /// A terminal server: TCP, whose octets are the line's.
    Tcp {
        /// Its name or address.
        host: String,
        /// Its port.
        port: u16,
    },
    /// A terminal server that speaks Telnet and lets its port be controlled (RFC 2217).
    Telnet {
        /// Its name or address.
        host: String,
        /// Its port.
        port: u16,
    },
    /// A Unix socket, by its path.
    Socket(String),
}

/// What is wrong with a text that should name a port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// Nothing is there.
    #[error(
        "no port is named; expected /dev/ttyS0, tcp://host:port, telnet://host:port or unix:/path"
    )]
    Empty,
    /// It is none of the forms.
    #[error(
        "“{0}” is no port; expected /dev/ttyS0, tcp://host:port, telnet://host:port or unix:/path"
    )]
    Form(String),
    /// The terminal server's name or port.
    #[error("the terminal server: {0}")]
    Server(ServerError),
}

const TCP: &str = "tcp://";
const TELNET: &str = "telnet://";
const SOCKET: &str = "unix:";
const DEVICES: &str = "/dev/";

impl Port {
    /// Reads `/dev/ttyUSB0`, `ttyUSB0`, `COM1` (which is `/dev/ttyS0`), `tcp://host:port` (or
    /// `tcp://[2001:db8::1]:4000`), `telnet://host:port` and `unix:/path`.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, PortError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(PortError::Empty);
        }
        let form = || PortError::Form(text.to_owned());
        if let Some(rest) = text.strip_prefix(TCP) {
            let (host, port) = server(text, rest)?;
            return Ok(Self::Tcp { host, port });
        }
        if let Some(rest) = text.strip_prefix(TELNET) {
            let (host, port) = server(text, rest)?;
            return Ok(Self::Telnet { host, port });
        }
        if let Some(path) = text.strip_prefix(SOCKET) {
            return match path.starts_with('/') {
                true => Ok(Self::Socket(path.to_owned())),
                false => Err(form()),
            };
        }
        if let Some(number) = text
            .get(..3)
            .filter(|t| t.eq_ignore_ascii_case("com"))
            .and_then(|_| text.get(3..)?.parse::<u8>().ok()?.checked_sub(1))
        {
            return Ok(Self::Terminal(format!("{DEVICES}ttyS{number}")));
        }
        let is_plain = |name: &str| {
            name.bytes().all(|b| b.is_ascii_graphic()) && !name.split('/').any(|p| p == "..")
        };
        match text.strip_prefix(DEVICES) {
            Some(name) if is_plain(name) => Ok(Self::Terminal(text.to_owned())),
            None if is_plain(text) && text.starts_with("tty") && !text.contains('/') => {
                Ok(Self::Terminal(format!("{DEVICES}{text}")))
            }
            _ => Err(form()),
        }
    }
}

/// Of `host:port` or `[2001:db8::1]:port`, the two.
fn server(text: &str, place: &str) -> Result<(String, u16), PortError> {
    let form = || PortError::Form(text.to_owned());
    let (host, port) = place.rsplit_once(':').ok_or_else(form)?;
    let port = port.parse().ok().filter(|p| *p != 0).ok_or_else(form)?;
    let host = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        Some(six) => six.parse::<std::net::Ipv6Addr>().map_err(|_| form())?.to_string(),
        None => parse_host(host).map_err(PortError::Server)?,
    };
    Ok((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_in_all_their_forms() {
        let terminal = |path: &str| Ok(Port::Terminal(path.to_owned()));
        assert_eq!(
            Port::parse("/dev/serial/by-id/usb-X-if00"),
            terminal("/dev/serial/by-id/usb-X-if00")
        );
        assert_eq!(Port::parse("ttyUSB0"), terminal("/dev/ttyUSB0"));
        assert_eq!(Port::parse("COM2"), terminal("/dev/ttyS1"));
        let tcp = |host: &str, port| Ok(Port::Tcp { host: host.to_owned(), port });
        assert_eq!(Port::parse("tcp://lines.example.net:4001"), tcp("lines.example.net", 4001));
        assert_eq!(Port::parse("tcp://[2001:db8::1]:4001"), tcp("2001:db8::1", 4001));
        let telnet = Port::Telnet { host: "lines.example.net".to_owned(), port: 23 };
        assert_eq!(Port::parse("telnet://lines.example.net:23"), Ok(telnet));
        assert_eq!(Port::parse("unix:/run/line"), Ok(Port::Socket("/run/line".to_owned())));
    }

    #[test]
    fn what_names_no_port_is_told_with_what_does() {
        for bad in [
            "/etc/passwd",
            "/dev/../etc/passwd",
            "COM0",
            "tcp://host",
            "telnet://host",
            "telnet://host:0",
            "tcp://:1",
            "unix:x",
            "modem",
            "tty/../x",
        ] {
            let error = Port::parse(bad).unwrap_err();
            assert!(
                error.to_string().contains("tcp") || matches!(error, PortError::Server(_)),
                "{bad}"
            );
        }
        assert_eq!(Port::parse(" "), Err(PortError::Empty));
    }
}

//! Callers who mean harm: they open calls and do not go on, or never stop.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use socket2::{Domain, Socket, Type};

/// [MS-SSTP] §3.2.4.1.
const HTTP_REQUEST: &str = "SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\n\
    Host: 127.0.0.1\r\nContent-Length: 18446744073709551615\r\n\r\n";
/// [MS-SSTP] §2.2.9: Call Connect Request for PPP.
const CONNECT_REQUEST: [u8; 14] = [0x10, 1, 0, 14, 0, 1, 0, 1, 0, 1, 0, 6, 0, 1];
/// [MS-SSTP] §2.2.14: Echo Request.
pub(crate) const ECHO_REQUEST: [u8; 8] = [0x10, 1, 0, 8, 0, 8, 0, 0];
/// How long a caller waits for an answer, or for a place to write to.
const PATIENCE: Duration = Duration::from_secs(20);

/// A TLS session of a caller.
pub(crate) type Session = StreamOwned<ClientConnection, TcpStream>;

/// Calls a server from many addresses.
pub(crate) struct Callers {
    to: SocketAddr,
    tls: Arc<ClientConfig>,
}

impl Callers {
    /// Callers who trust this root.
    pub(crate) fn new(to: SocketAddr, ca: &Path) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(ca).context("the root")? {
            roots.add(certificate?)?;
        }
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(Self { to, tls: Arc::new(config) })
    }

    /// A TCP connection; every number calls from one of two hundred addresses.
    pub(crate) fn tcp(&self, number: usize) -> Result<TcpStream> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        let last = u8::try_from(number % 200)? + 2;
        socket.bind(&SocketAddr::from((Ipv4Addr::new(127, 0, 1, last), 0)).into())?;
        socket.connect_timeout(&self.to.into(), PATIENCE)?;
        socket.set_tcp_nodelay(true)?;
        let stream: TcpStream = socket.into();
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(stream)
    }

    /// TLS stands.
    pub(crate) fn tls(&self, number: usize) -> Result<Session> {
        let name = ServerName::from(self.to.ip());
        let connection = ClientConnection::new(self.tls.clone(), name)?;
        let mut session = StreamOwned::new(connection, self.tcp(number)?);
        while session.conn.is_handshaking() {
            session.conn.complete_io(&mut session.sock)?;
        }
        Ok(session)
    }

    /// SSTP stands, and the server has begun to speak PPP.
    pub(crate) fn sstp(&self, number: usize) -> Result<Session> {
        let mut session = self.tls(number)?;
        session.write_all(HTTP_REQUEST.as_bytes())?;
        let mut reply = Vec::new();
        while !reply.ends_with(b"\r\n\r\n") {
            let mut octet = [0];
            session.read_exact(&mut octet)?;
            reply.push(octet[0]);
        }
        session.write_all(&CONNECT_REQUEST)?;
        // Call Connect Acknowledge, §2.2.10.
        session.read_exact(&mut [0; 48])?;
        Ok(session)
    }
}

/// A frame of LCP in an SSTP data packet ([MS-SSTP] §2.2.3).
pub(crate) fn lcp(code: u8, identifier: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 4).unwrap_or(u16::MAX).to_be_bytes();
    let whole = u16::try_from(data.len() + 12).unwrap_or(u16::MAX).to_be_bytes();
    let mut packet = vec![0x10, 0, whole[0], whole[1], 0xff, 3, 0xc0, 0x21, code, identifier];
    packet.extend_from_slice(&length);
    packet.extend_from_slice(data);
    packet
}

/// Says something again and again, until it has been said so often, the other side ends the call, or it
/// takes nothing more for a while. How often it was taken.
pub(crate) fn say_for_ever(
    session: &mut Session,
    most: usize,
    what: impl Fn(usize) -> Vec<u8>,
) -> usize {
    for turn in 0..most {
        if session.write_all(&what(turn)).and_then(|()| session.flush()).is_err() {
            return turn;
        }
    }
    most
}

//! A lane of TLS over TCP, at either end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use onhook_effect::{CertificateFacts, HostError, HostErrorKind, LaneFacts, TlsFault, Trust};
use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, UnbufferedServerConnection};
use rustls::{CommonState, ProtocolVersion, ServerConfig};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::certificate::certificate_facts;
use super::connect::connect;
use super::session::{Buffers, Machine, RECORD, Say, Stage};
use super::trust::{self, TrustStore, provider};
use super::{LaneIo, Ready, Received};

const DIAL: &str = "connect to the server";
const ACCEPT: &str = "take the call";
const KEEP: &str = "use the server's certificate";
/// How long the TLS handshake of a dial may take.
const DIAL_HANDSHAKE: Duration = Duration::from_secs(15);
/// How long the TLS handshake of a caller may take.
const ACCEPT_HANDSHAKE: Duration = Duration::from_secs(10);
/// The most octets that may wait for the socket. The owner stops far below; beyond it the lane is
/// given up, because a stream must not lose a part.
const MOST_QUEUED: usize = 8 << 20;
/// While more than this waits, packets wait where they are.
const MARK: usize = 512 << 10;
/// How long the kernel tries to bring our last octets to a peer that no longer answers, after we
/// have left.
const KERNEL_FAREWELL: Duration = Duration::from_secs(3);

/// Either end of the session.
enum Session {
    Caller(UnbufferedClientConnection),
    Answerer(UnbufferedServerConnection),
}

impl Session {
    fn drive(
        &mut self,
        buffers: &mut Buffers,
        say: Say<'_>,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Stage, rustls::Error> {
        match self {
            Self::Caller(machine) => buffers.drive(machine, say, sink),
            Self::Answerer(machine) => buffers.drive(machine, say, sink),
        }
    }
}

/// A TLS stream over TCP.
pub struct TlsLane {
    stream: TcpStream,
    session: Session,
    buffers: Buffers,
    /// Said and not yet encrypted, to make full records of small messages.
    plain: Vec<u8>,
    /// Decrypted while we were speaking; the owner has not seen it yet.
    early: Vec<u8>,
    /// The incoming buffer holds something that was not processed yet.
    unread: bool,
    said_goodbye: bool,
    facts: LaneFacts,
}

impl TlsLane {
    /// Connects, shakes hands and judges the certificate. Nothing but the handshake is sent before
    /// the judgement. May be dropped at any time.
    pub(crate) async fn dial(
        to: &[SocketAddr],
        server_name: &str,
        trust: &Trust,
        store: Arc<TrustStore>,
    ) -> Result<LaneIo, HostError> {
        let name = trust::server_name(trust, server_name, to.first().map(SocketAddr::ip))?;
        let trust = trust.clone();
        // The system's roots are read while the server is reached.
        let judging = tokio::task::spawn_blocking(move || store.judge(&trust));
        let judging = async { judging.await.unwrap_or_else(|e| Err(other(&e))) };
        let (stream, judge) = tokio::try_join!(connect(to), judging)?;
        let judge = Arc::new(judge);
        let mut machine =
            UnbufferedClientConnection::new(judge.config()?, name).map_err(|e| other(&e))?;
        let mut buffers = Buffers::default();
        let shaken = shake_hands(&stream, &mut machine, &mut buffers);
        let early = match timeout(DIAL_HANDSHAKE, shaken).await {
            Err(_) => {
                let text = "the server did not finish the TLS handshake in time";
                return Err(HostError::new(DIAL, HostErrorKind::TimedOut, text));
            }
            Ok(Err(Broken::Tls(error))) => {
                let hello_heard = machine.common().protocol_version().is_some()
                    || matches!(error, rustls::Error::AlertReceived(_));
                return Err(judge.error(&error, hello_heard));
            }
            Ok(result) => result.map_err(|broken| broken.into_error(DIAL))?,
        };
        let certificate = machine
            .common()
            .peer_certificates()
            .and_then(|chain| chain.first())
            .map(|leaf| certificate_facts(leaf));
        let facts = facts(&stream, machine.common(), certificate);
        Ok(Self::open(stream, Session::Caller(machine), buffers, early, facts))
    }

    /// Shakes hands with a caller, for at most 10 s.
    ///
    /// # Errors
    /// When the caller does not speak TLS, or not ours, or leaves.
    pub async fn accept(
        stream: TcpStream,
        config: Arc<ServerConfig>,
        server_certificate: CertificateFacts,
    ) -> Result<LaneIo, HostError> {
        stream.set_nodelay(true).map_err(|e| HostError::from_io(ACCEPT, &e))?;
        let mut machine = UnbufferedServerConnection::new(config)
            .map_err(|e| HostError::new(ACCEPT, HostErrorKind::Other, e.to_string()))?;
        let mut buffers = Buffers::default();
        let shaken = shake_hands(&stream, &mut machine, &mut buffers);
        let early = match timeout(ACCEPT_HANDSHAKE, shaken).await {
            Err(_) => {
                let text = "the caller did not finish the TLS handshake in time";
                return Err(HostError::new(ACCEPT, HostErrorKind::TimedOut, text));
            }
            Ok(result) => result.map_err(|broken| broken.into_error(ACCEPT))?,
        };
        let facts = facts(&stream, machine.common(), Some(server_certificate));
        Ok(Self::open(stream, Session::Answerer(machine), buffers, early, facts))
    }

    fn open(
        stream: TcpStream,
        session: Session,
        buffers: Buffers,
        early: Vec<u8>,
        facts: LaneFacts,
    ) -> LaneIo {
        // No readiness of the socket will tell of an end that has been read already.
        let unread = buffers.peer_closed;
        LaneIo::Tls(Box::new(Self {
            stream,
            session,
            buffers,
            plain: Vec::new(),
            early,
            unread,
            said_goodbye: false,
            facts,
        }))
    }

    pub(crate) async fn ready(&self, read: bool, write: bool) -> io::Result<Ready> {
        if read && (self.unread || !self.early.is_empty()) {
            return Ok(Ready { readable: true, writable: false });
        }
        let interest = match (read, write) {
            (true, true) => Interest::READABLE | Interest::WRITABLE,
            (false, true) => Interest::WRITABLE,
            (true, false) => Interest::READABLE,
            (false, false) => return std::future::pending().await,
        };
        let ready = self.stream.ready(interest).await?;
        Ok(Ready {
            readable: read && (ready.is_readable() || ready.is_read_closed()),
            writable: write && (ready.is_writable() || ready.is_write_closed()),
        })
    }

    pub(crate) fn receive(
        &mut self,
        budget: usize,
        sink: &mut dyn FnMut(&[u8]),
    ) -> io::Result<Received> {
        let mut taken = self.early.len();
        if taken > 0 {
            sink(&self.early);
            self.early.clear();
        }
        loop {
            if self.unread {
                self.unread = false;
                self.process(Say::Nothing, &mut |bytes| {
                    taken += bytes.len();
                    sink(bytes);
                })?;
            }
            if self.buffers.has_failed {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            if self.buffers.peer_closed {
                return Ok(Received::Closed);
            }
            if taken >= budget {
                return Ok(Received::More);
            }
            match self.stream.try_read(self.buffers.incoming.room()) {
                Ok(0) => return Ok(Received::Closed),
                Ok(count) => {
                    self.buffers.incoming.filled_by(count);
                    self.unread = true;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.buffers.incoming.rest();
                    return Ok(Received::Drained);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.said_goodbye {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if self.queued().saturating_add(bytes.len()) > MOST_QUEUED {
            return Err(io::Error::other(format!(
                "more than {MOST_QUEUED} octets wait to be sent"
            )));
        }
        let mut rest = bytes;
        if !self.plain.is_empty() {
            let (head, tail) = rest.split_at(rest.len().min(RECORD - self.plain.len()));
            self.plain.extend_from_slice(head);
            rest = tail;
            if self.plain.len() == RECORD {
                self.encrypt_plain()?;
            }
        }
        let whole = rest.len() - rest.len() % RECORD;
        let (whole, tail) = rest.split_at(whole);
        if !whole.is_empty() {
            self.say(Say::Data(whole))?;
        }
        self.plain.extend_from_slice(tail);
        Ok(())
    }

    fn encrypt_plain(&mut self) -> io::Result<()> {
        if self.plain.is_empty() {
            return Ok(());
        }
        let mut plain = std::mem::take(&mut self.plain);
        let said = self.say(Say::Data(&plain));
        plain.clear();
        self.plain = plain;
        said
    }

    /// Speaks; what happens to be decrypted meanwhile is kept for the owner's next look.
    fn say(&mut self, say: Say<'_>) -> io::Result<()> {
        let mut early = std::mem::take(&mut self.early);
        let said = self.process(say, &mut |bytes| early.extend_from_slice(bytes));
        self.early = early;
        // Speaking may have stopped short of what came in; no readiness of the socket tells of that.
        self.unread |= self.buffers.incoming.is_holding();
        said
    }

    fn process(&mut self, say: Say<'_>, sink: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        match self.session.drive(&mut self.buffers, say, sink) {
            Ok(_) => Ok(()),
            Err(error) => {
                // The alert that tells the other side; the error itself is what counts.
                drop(self.flush_outgoing());
                Err(io::Error::new(io::ErrorKind::InvalidData, error))
            }
        }
    }

    pub(crate) fn flush(&mut self) -> io::Result<bool> {
        self.encrypt_plain()?;
        self.flush_outgoing()
    }

    fn flush_outgoing(&mut self) -> io::Result<bool> {
        write_out(&self.stream, &mut self.buffers)
    }

    pub(crate) fn queued(&self) -> usize {
        self.buffers.outgoing.waiting().len() + self.plain.len()
    }

    pub(crate) fn close_politely(&mut self) {
        if self.said_goodbye {
            return;
        }
        // A session that cannot say goodbye any more is as good as closed.
        drop(self.encrypt_plain().and_then(|()| self.say(Say::Goodbye)));
        self.said_goodbye = true;
    }

    pub(crate) fn close_hard(&self) {
        super::reset_on_close(&self.stream);
    }

    pub(crate) const fn mark(&self) -> usize {
        MARK
    }

    pub(crate) const fn facts(&self) -> &LaneFacts {
        &self.facts
    }
}

impl Drop for TlsLane {
    /// A closed socket may linger in the kernel while it has something to deliver; with a dead peer
    /// that would be minutes. Fails only when the socket is gone already.
    fn drop(&mut self) {
        let socket = socket2::SockRef::from(&self.stream);
        drop(socket.set_tcp_user_timeout(Some(KERNEL_FAREWELL)));
    }
}

impl std::fmt::Debug for TlsLane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsLane").field("facts", &self.facts).finish_non_exhaustive()
    }
}

fn other(error: &dyn std::fmt::Display) -> HostError {
    HostError::new(DIAL, HostErrorKind::Other, error.to_string())
}

/// How a handshake ends badly.
enum Broken {
    Tls(rustls::Error),
    CutShort,
    Io(io::Error),
}

impl Broken {
    fn into_error(self, deed: &'static str) -> HostError {
        let cut_short = HostErrorKind::Tls(TlsFault::CutShort);
        match self {
            Self::Tls(error) => {
                let fault = match error {
                    rustls::Error::AlertReceived(_) => TlsFault::Alert,
                    rustls::Error::PeerIncompatible(_) => TlsFault::NoCommonCipher,
                    _ => TlsFault::NotTls,
                };
                HostError::new(deed, HostErrorKind::Tls(fault), error.to_string())
            }
            Self::CutShort => {
                let text = "the other side ended the connection in the midst of the TLS handshake";
                HostError::new(deed, cut_short, text)
            }
            Self::Io(error) => {
                let mut error = HostError::from_io(deed, &error);
                if error.kind == HostErrorKind::Reset {
                    error.kind = cut_short;
                    error.text = format!("in the midst of the TLS handshake: {}", error.text);
                }
                error
            }
        }
    }
}

async fn shake_hands(
    stream: &TcpStream,
    machine: &mut impl Machine,
    buffers: &mut Buffers,
) -> Result<Vec<u8>, Broken> {
    let mut early = Vec::new();
    loop {
        // What the other side sent right behind its last message comes out of the same read.
        let driven =
            buffers.drive(machine, Say::Nothing, &mut |data| early.extend_from_slice(data));
        let written = write_out(stream, buffers);
        match (driven, written) {
            (Err(error), _) => return Err(Broken::Tls(error)),
            (_, Err(error)) => return Err(Broken::Io(error)),
            (Ok(Stage::Handshaking), Ok(_)) if buffers.peer_closed => return Err(Broken::CutShort),
            (Ok(Stage::Closed), Ok(_)) => return Err(Broken::CutShort),
            // What is still unwritten of our last message goes with the first data.
            (Ok(Stage::Open), Ok(_)) => return Ok(early),
            (Ok(Stage::Handshaking), Ok(true)) => {
                stream.readable().await.map_err(Broken::Io)?;
            }
            (Ok(Stage::Handshaking), Ok(false)) => {
                let both = Interest::READABLE | Interest::WRITABLE;
                stream.ready(both).await.map_err(Broken::Io)?;
            }
        }
        match stream.try_read(buffers.incoming.room()) {
            Ok(0) => return Err(Broken::CutShort),
            Ok(count) => buffers.incoming.filled_by(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Broken::Io(error)),
        }
    }
}

/// Writes what the socket takes; true when nothing is left.
fn write_out(stream: &TcpStream, buffers: &mut Buffers) -> io::Result<bool> {
    loop {
        let waiting = buffers.outgoing.waiting();
        if waiting.is_empty() {
            return Ok(true);
        }
        match stream.try_write(waiting) {
            Ok(count) => buffers.outgoing.written(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn facts(
    stream: &TcpStream,
    session: &CommonState,
    certificate: Option<CertificateFacts>,
) -> LaneFacts {
    let version = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "TLS",
    };
    let protection = session.negotiated_cipher_suite().map(|suite| {
        let suite = format!("{:?}", suite.suite());
        format!("{version}, {}", suite.replacen("TLS13_", "TLS_", 1))
    });
    LaneFacts {
        local: stream.local_addr().ok(),
        remote: stream.peer_addr().ok(),
        certificate,
        protection,
        ethernet: None,
    }
}

/// The terms of an answering server with this certificate chain and key, both in PEM form.
///
/// # Errors
/// When they cannot be read or do not belong together.
pub fn server_config(
    cert_pem: &[u8],
    key_pem: &[u8],
) -> Result<(Arc<ServerConfig>, CertificateFacts), HostError> {
    let failed = |why: String| HostError::new(KEEP, HostErrorKind::Other, why);
    let chain = CertificateDer::pem_slice_iter(cert_pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| failed(format!("the certificate is not in PEM form: {e}")))?;
    let leaf = chain.first().ok_or_else(|| failed("there is no certificate in it".to_owned()))?;
    let facts = certificate_facts(leaf);
    // The error of the reader names the kind of trouble, never a part of the key.
    let key = PrivateKeyDer::from_pem_slice(key_pem)
        .map_err(|e| failed(format!("the private key is not in PEM form: {e}")))?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|e| failed(e.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|e| failed(e.to_string()))?;
    // A resumed session would show no certificate to bind the authentication to.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok((Arc::new(config), facts))
}

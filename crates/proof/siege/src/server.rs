//! A server that means harm: it answers, and then never ends.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result};
use onhook_answer::Identity;
use rustls::{ServerConnection, StreamOwned};

use crate::callers::{ECHO_REQUEST, lcp};

/// What it never ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Endless {
    /// The head of its HTTP reply.
    Head,
    /// SSTP Echo-Requests, and it reads nothing.
    Echoes,
    /// LCP Configure-Requests, each with many options.
    Requests,
}

/// How long it waits for a place to write to.
const PATIENCE: Duration = Duration::from_secs(8);
/// As much as it says before it has said enough.
const ENOUGH: usize = 64 << 20;

/// One that takes one call.
pub(crate) struct Hostile {
    /// Where it answers.
    pub(crate) address: SocketAddr,
    /// The root that its certificate hangs on.
    pub(crate) ca: PathBuf,
    talk: JoinHandle<usize>,
}

impl Hostile {
    /// Listens from now on.
    pub(crate) fn start(folder: &Path, endless: Endless) -> Result<Self> {
        let identity = Identity::make(&["127.0.0.1".to_owned()])?;
        let ca = folder.join("hostile.pem");
        std::fs::write(&ca, identity.ca_pem().context("a certificate of our own")?)?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let talk = std::thread::spawn(move || {
            let Ok((stream, _)) = listener.accept() else { return 0 };
            talk(stream, &identity, endless).unwrap_or(0)
        });
        Ok(Self { address, ca, talk })
    }

    /// How many octets were taken from it, once its caller has gone.
    pub(crate) fn taken(self) -> Result<usize> {
        self.talk.join().ok().context("the hostile server has failed")
    }
}

fn talk(stream: TcpStream, identity: &Identity, endless: Endless) -> Result<usize> {
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let connection = ServerConnection::new(Arc::clone(&identity.tls_config()))?;
    let mut session = StreamOwned::new(connection, stream);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        session.read_exact(&mut octet)?;
        head.push(octet[0]);
    }
    session.write_all(b"HTTP/1.1 200\r\nContent-Length: 18446744073709551615\r\n")?;
    if !matches!(endless, Endless::Head) {
        session.write_all(b"Server: hostile\r\n\r\n")?;
        session.read_exact(&mut [0; 14])?;
        // Call Connect Acknowledge ([MS-SSTP] §2.2.10): both hashes, a nonce.
        let mut acknowledgment = [7; 48];
        acknowledgment[..16]
            .copy_from_slice(&[0x10, 1, 0, 48, 0, 2, 0, 1, 0, 4, 0, 40, 0, 0, 0, 3]);
        session.write_all(&acknowledgment)?;
    }
    let piece = match endless {
        Endless::Head => b"X-More: and more and more and more and more\r\n".repeat(64),
        Endless::Echoes => ECHO_REQUEST.repeat(256),
        Endless::Requests => {
            (0..=255).flat_map(|id| lcp(1, id, &[1, 4, 5, 0xdc].repeat(100))).collect()
        }
    };
    let mut taken = 0;
    while taken < ENOUGH && session.write_all(&piece).and_then(|()| session.flush()).is_ok() {
        taken += piece.len();
    }
    Ok(taken)
}

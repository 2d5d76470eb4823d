//! One stream through SSTP and the user-space stack at both ends, beside one plain TLS stream.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};

use crate::Figures;
use crate::stage::{CALLER, Stage};

const PLAIN: u64 = 2 << 30;
const THROUGH: u64 = 256 << 20;

pub(crate) async fn measure(figures: &mut Figures) -> anyhow::Result<()> {
    let plain = tokio::task::spawn_blocking(plain_tls).await??;
    figures.put("plain TLS 1.3 stream over loopback", plain, "Mbit/s", "the limit; both ends here");
    let stage = Stage::new().await?;
    let handle = stage.dial().await?;
    let report = stage.engine.status(CALLER, handle)?;
    let proxy = report.projection.and_then(|p| p.http_connect).context("it offers a proxy")?;
    let mut stream =
        BufReader::with_capacity(256 << 10, tokio::net::TcpStream::connect(proxy).await?);
    stream.write_all(b"CONNECT 10.64.0.1:80 HTTP/1.1\r\n\r\n").await?;
    head(&mut stream).await?;
    let start = Instant::now();
    stream.write_all(format!("GET /page?bytes={THROUGH} HTTP/1.1\r\n\r\n").as_bytes()).await?;
    head(&mut stream).await?;
    let mut buffer = vec![0; 256 << 10];
    let mut got = 0_u64;
    while got < THROUGH {
        let count = stream.read(&mut buffer).await?;
        anyhow::ensure!(count > 0, "the page ended after {got} octets");
        got += count as u64;
    }
    let rate = megabits(got, start);
    let note = format!("{:.2} of the plain TLS stream; no rights needed", rate / plain);
    figures.put("SSTP with user-space stacks, download", rate, "Mbit/s", note);
    drop(stream);
    stage.hang_up(handle).await?;
    Ok(())
}

async fn head(stream: &mut BufReader<tokio::net::TcpStream>) -> anyhow::Result<()> {
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line.trim().is_empty() {
            return Ok(());
        }
    }
}

pub(crate) fn megabits(octets: u64, start: Instant) -> f64 {
    octets as f64 * 8.0 / 1e6 / start.elapsed().as_secs_f64()
}

/// Both ends of TLS, where the one trusts the other.
fn ends() -> anyhow::Result<(Arc<rustls::ServerConfig>, Arc<rustls::ClientConfig>)> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let identity = onhook_answer::Identity::make(&["127.0.0.1".to_owned()])?;
    let server = identity.tls_config();
    let mut roots = rustls::RootCertStore::empty();
    let ca = identity.ca_pem().context("made here")?;
    roots.add(
        CertificateDer::from_pem_slice(ca.as_bytes()).map_err(|e| anyhow::anyhow!("{e:?}"))?,
    )?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok((server, Arc::new(client)))
}

/// TLS handshakes a second over loopback, one after the other.
pub(crate) fn handshakes() -> anyhow::Result<f64> {
    let (server, client) = ends()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let to = listener.local_addr()?;
    let serving = std::thread::spawn(move || {
        // Ends when a connection comes in which nobody speaks TLS.
        while let Ok((mut tcp, _)) = listener.accept() {
            let Ok(mut session) = rustls::ServerConnection::new(server.clone()) else { break };
            if session.complete_io(&mut tcp).is_err() {
                break;
            }
        }
    });
    let start = Instant::now();
    let mut count = 0.0;
    while start.elapsed() < std::time::Duration::from_secs(2) {
        let mut tcp = TcpStream::connect(to)?;
        let name = rustls::pki_types::ServerName::try_from("127.0.0.1")?;
        let mut session = rustls::ClientConnection::new(client.clone(), name)?;
        while session.is_handshaking() {
            session.complete_io(&mut tcp)?;
        }
        count += 1.0;
    }
    let rate = count / start.elapsed().as_secs_f64();
    drop(TcpStream::connect(to)?);
    drop(serving.join());
    Ok(rate)
}

fn plain_tls() -> anyhow::Result<f64> {
    use rustls::pki_types::ServerName;
    let (server, client) = ends()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let to = listener.local_addr()?;
    let sending = std::thread::spawn(move || -> anyhow::Result<()> {
        let (mut tcp, _) = listener.accept()?;
        let mut session = rustls::ServerConnection::new(server)?;
        let mut tls = rustls::Stream::new(&mut session, &mut tcp);
        let block = vec![7; 64 << 10];
        for _ in 0..PLAIN / block.len() as u64 {
            tls.write_all(&block)?;
        }
        Ok(())
    });
    let mut tcp = TcpStream::connect(to)?;
    let name = ServerName::try_from("127.0.0.1")?;
    let mut session = rustls::ClientConnection::new(client, name)?;
    let mut tls = rustls::Stream::new(&mut session, &mut tcp);
    let mut buffer = vec![0; 256 << 10];
    tls.flush()?;
    let start = Instant::now();
    let mut got = 0_u64;
    while got < PLAIN {
        got += tls.read(&mut buffer)? as u64;
    }
    let rate = megabits(got, start);
    drop(tcp);
    // It ends with an error when we leave first; the octets have all come.
    drop(sending.join());
    Ok(rate)
}

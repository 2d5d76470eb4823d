//! HTTP CONNECT (RFC 9110 §9.3.6); names are resolved behind the connection.

use std::io;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::forward::{HANDSHAKE, ProxyTerms, accept_programs, is_same, relay};
use crate::stack::Stack;

/// The longest head of a request.
const MOST_HEAD: u64 = 8 << 10;

/// Serves HTTP CONNECT on a port of the host.
pub async fn serve_http_connect(
    stack: Stack,
    listener: TcpListener,
    terms: ProxyTerms,
    stop: watch::Receiver<bool>,
) {
    accept_programs(listener, stop, |program| serve(stack.clone(), terms.clone(), program)).await;
}

async fn serve(stack: Stack, terms: ProxyTerms, program: TcpStream) {
    let mut program = BufReader::new(program);
    let head = match timeout(HANDSHAKE, read_head(&mut program)).await {
        Ok(Ok(Some(head))) => head,
        Ok(Ok(None)) => {
            refuse(&mut program, "431 Request Header Fields Too Large").await;
            return;
        }
        Ok(Err(_)) | Err(_) => return,
    };
    let status = match (target(&head), is_let_in(&head, &terms)) {
        (_, false) => {
            "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"onhook\""
        }
        (Err(status), true) => status,
        (Ok((host, port)), true) => match stack.connect_name(&host, port).await {
            Ok(far) => {
                let good = b"HTTP/1.1 200 Connection established\r\n\r\n";
                if program.write_all(good).await.is_ok() {
                    relay(program, far).await;
                }
                return;
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => "504 Gateway Timeout",
            Err(_) => "502 Bad Gateway",
        },
    };
    refuse(&mut program, status).await;
}

async fn refuse(program: &mut BufReader<TcpStream>, status: &str) {
    let reply = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    // Whether it hears of the failure is the program's affair.
    drop(program.write_all(reply.as_bytes()).await);
    drop(program.shutdown().await);
}

/// The lines of the head without the empty one; `None` when it is too long.
async fn read_head(program: &mut BufReader<TcpStream>) -> io::Result<Option<Vec<String>>> {
    let mut lines = Vec::new();
    let mut limited = program.take(MOST_HEAD);
    loop {
        let mut line = Vec::new();
        if limited.read_until(b'\n', &mut line).await? == 0 {
            return match limited.limit() {
                0 => Ok(None),
                _ => Err(io::ErrorKind::UnexpectedEof.into()),
            };
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Ok(Some(lines));
        }
        lines.push(text.to_owned());
    }
}

/// Host and port, or the status that refuses.
pub(crate) fn target(head: &[String]) -> Result<(String, u16), &'static str> {
    let mut words = head.first().map(|line| line.split(' ')).ok_or("400 Bad Request")?;
    let (method, target, version) = (words.next(), words.next(), words.next());
    if !version.is_some_and(|v| v.starts_with("HTTP/1.")) || words.next().is_some() {
        return Err("400 Bad Request");
    }
    if method != Some("CONNECT") {
        return Err("405 Method Not Allowed\r\nAllow: CONNECT");
    }
    let (host, port) = target.and_then(|t| t.rsplit_once(':')).ok_or("400 Bad Request")?;
    let port = port.parse().map_err(|_| "400 Bad Request")?;
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    if host.is_empty() {
        return Err("400 Bad Request");
    }
    Ok((host.to_owned(), port))
}

fn is_let_in(head: &[String], terms: &ProxyTerms) -> bool {
    let Some((name, password)) = &terms.user else { return true };
    let wanted = base64(format!("{name}:{password}").as_bytes());
    head.iter().filter_map(|line| line.split_once(':')).any(|(key, value)| {
        key.eq_ignore_ascii_case("Proxy-Authorization")
            && value.trim().split_once(' ').is_some_and(|(scheme, coded)| {
                scheme.eq_ignore_ascii_case("Basic")
                    && is_same(coded.trim().as_bytes(), wanted.as_bytes())
            })
    })
}

/// RFC 4648 §4.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0_usize, |g, b| g << 8 | usize::from(*b)) << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            match digit <= chunk.len() {
                true => out.push(char::from(DIGITS[group >> (18 - 6 * digit) & 63])),
                false => out.push('='),
            }
        }
    }
    out
}

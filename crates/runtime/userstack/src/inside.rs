//! What stands behind the calls of an answering server that has no rights: a page and an echo.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, copy};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::forward::stopped;
use crate::listener::StackListener;
use crate::stack::Stack;
use crate::stream::StackStream;

/// Callers that may be on their way to one port at once.
const BACKLOG: usize = 8;
const MOST_HEAD: u64 = 8 << 10;
const MOST_BYTES: u64 = 1 << 30;
/// How long a caller may take to ask, and to leave.
const HEAD: Duration = Duration::from_secs(10);
const GOODBYE: Duration = Duration::from_secs(30);
/// How long to wait when there are too many flows to accept one more.
const CROWDED: Duration = Duration::from_millis(50);
const DEFAULT_BYTES: u64 = 64 << 10;

/// Serves a page over HTTP (`/page?bytes=N`, octet number i of which is (7 i + 3) mod 251) and an echo
/// until `stop`.
pub async fn serve_inside(
    stack: Stack,
    http_port: u16,
    echo_port: u16,
    stop: watch::Receiver<bool>,
) {
    let (http, echo) = (stack.listen(http_port, BACKLOG), stack.listen(echo_port, BACKLOG));
    let pages = accept_callers(http, stop.clone(), |stream| async move {
        if let Err(error) = page(stream).await {
            tracing::debug!(target: "userstack", %error, "a page was not fetched to its end");
        }
    });
    let echoes = accept_callers(echo, stop, |stream| async move {
        let (mut from, mut to) = tokio::io::split(stream);
        // The caller's end is the echo's end; a caller that broke off hears nothing more.
        if copy(&mut from, &mut to).await.is_ok() {
            drop(to.shutdown().await);
        }
    });
    tokio::join!(pages, echoes);
}

async fn accept_callers<F: Future<Output = ()> + Send + 'static>(
    listener: StackListener,
    mut stop: watch::Receiver<bool>,
    serve: impl Fn(StackStream) -> F,
) {
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            () = stopped(&mut stop) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(tasks.spawn(serve(stream))),
                // Those that are served will leave.
                Err(error) if error.kind() == io::ErrorKind::QuotaExceeded => {
                    tokio::time::sleep(CROWDED).await;
                }
                Err(_) => break,
            },
        }
        while tasks.try_join_next().is_some() {}
    }
    tasks.shutdown().await;
}

async fn page(stream: StackStream) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let head = tokio::time::timeout(HEAD, request_line(&mut stream)).await??;
    let mut words = head.split_whitespace();
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let bytes = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("bytes="))
        .map_or(Some(DEFAULT_BYTES), |number| number.parse().ok());
    let mut stream = stream.into_inner();
    match (method, path, bytes) {
        ("GET", "/page", Some(bytes)) if bytes <= MOST_BYTES => {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\
                 Content-Length: {bytes}\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await?;
            send_pattern(&mut stream, bytes).await?;
        }
        ("GET", "/", _) => {
            let page =
                "<!doctype html><title>onhook</title><p>This page is behind the connection.\n";
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\
                 Connection: close\r\n\r\n{page}",
                page.len()
            );
            stream.write_all(head.as_bytes()).await?;
        }
        _ => {
            let head = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(head).await?;
        }
    }
    stream.shutdown().await?;
    // Wait for the caller's end, so that the last octets leave in order.
    tokio::time::timeout(GOODBYE, tokio::io::copy(&mut stream, &mut tokio::io::sink())).await??;
    Ok(())
}

async fn request_line(stream: &mut BufReader<StackStream>) -> io::Result<String> {
    let mut limited = stream.take(MOST_HEAD);
    let mut first = None;
    loop {
        let mut line = Vec::new();
        if limited.read_until(b'\n', &mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        if text.is_empty() {
            return first.ok_or_else(|| io::ErrorKind::InvalidData.into());
        }
        first.get_or_insert(text);
    }
}

async fn send_pattern(stream: &mut StackStream, bytes: u64) -> io::Result<()> {
    // The pattern repeats after 251 octets; a whole number of repeats is sent at a time.
    let period: Vec<u8> =
        (0..251_u32).map(|i| u8::try_from((i * 7 + 3) % 251).unwrap_or(0)).collect();
    let block = period.repeat(256);
    let mut left = bytes;
    while left > 0 {
        let count = usize::try_from(left).map_or(block.len(), |l| l.min(block.len()));
        stream.write_all(&block[..count]).await?;
        left -= count as u64;
    }
    Ok(())
}

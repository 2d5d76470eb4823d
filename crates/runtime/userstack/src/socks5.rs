//! SOCKS version 5 (RFC 1928), CONNECT only; names are resolved behind the connection.
//!
//! Everything before the relay is counted by octets of length, some thousand at most, and must come within
//! ten seconds.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::forward::{HANDSHAKE, ProxyTerms, accept_programs, is_same, relay};
use crate::stack::Stack;

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const USERNAME_PASSWORD: u8 = 2;
const NONE_ACCEPTABLE: u8 = 0xff;
const CONNECT: u8 = 1;

/// Replies of RFC 1928 §6.
mod reply {
    pub(super) const SUCCEEDED: u8 = 0;
    pub(super) const FAILURE: u8 = 1;
    pub(super) const HOST_UNREACHABLE: u8 = 4;
    pub(super) const REFUSED: u8 = 5;
    pub(super) const TTL_EXPIRED: u8 = 6;
    pub(super) const COMMAND_NOT_SUPPORTED: u8 = 7;
    pub(super) const ADDRESS_NOT_SUPPORTED: u8 = 8;
}

/// Serves SOCKS5 on a port of the host.
pub async fn serve_socks5(
    stack: Stack,
    listener: TcpListener,
    terms: ProxyTerms,
    stop: watch::Receiver<bool>,
) {
    accept_programs(listener, stop, |program| serve(stack.clone(), terms.clone(), program)).await;
}

async fn serve(stack: Stack, terms: ProxyTerms, mut program: TcpStream) {
    let asked = match timeout(HANDSHAKE, handshake(&mut program, &terms)).await {
        Ok(Ok(Some(asked))) => asked,
        Ok(Ok(None)) | Ok(Err(_)) | Err(_) => return,
    };
    match stack.connect_name(&asked.0, asked.1).await {
        Ok(far) => {
            if answer(&mut program, reply::SUCCEEDED).await.is_ok() {
                relay(BufReader::new(program), far).await;
            }
        }
        Err(error) => {
            let code = match error.kind() {
                io::ErrorKind::ConnectionRefused => reply::REFUSED,
                io::ErrorKind::NotFound => reply::HOST_UNREACHABLE,
                io::ErrorKind::TimedOut => reply::TTL_EXPIRED,
                _ => reply::FAILURE,
            };
            // Whether it hears of the failure is the program's affair.
            drop(answer(&mut program, code).await);
            drop(program.shutdown().await);
        }
    }
}

async fn answer(program: &mut TcpStream, code: u8) -> io::Result<()> {
    program.write_all(&[VERSION, code, 0, 1, 0, 0, 0, 0, 0, 0]).await
}

/// Where the program wants to go; `None` when it was refused or asked for something else.
async fn handshake(
    program: &mut TcpStream,
    terms: &ProxyTerms,
) -> io::Result<Option<(String, u16)>> {
    let mut head = [0; 2];
    program.read_exact(&mut head).await?;
    if head[0] != VERSION {
        return Ok(None);
    }
    let mut methods = vec![0; usize::from(head[1])];
    program.read_exact(&mut methods).await?;
    let wanted = if terms.user.is_some() { USERNAME_PASSWORD } else { NO_AUTHENTICATION };
    if !methods.contains(&wanted) {
        program.write_all(&[VERSION, NONE_ACCEPTABLE]).await?;
        return Ok(None);
    }
    program.write_all(&[VERSION, wanted]).await?;
    if let Some(user) = &terms.user
        && !is_let_in(program, user).await?
    {
        return Ok(None);
    }
    let mut request = [0; 4];
    program.read_exact(&mut request).await?;
    let host = match request[3] {
        1 => {
            let mut octets = [0; 4];
            program.read_exact(&mut octets).await?;
            Ipv4Addr::from(octets).to_string()
        }
        4 => {
            let mut octets = [0; 16];
            program.read_exact(&mut octets).await?;
            Ipv6Addr::from(octets).to_string()
        }
        3 => {
            let mut name = vec![0; usize::from(program.read_u8().await?)];
            program.read_exact(&mut name).await?;
            String::from_utf8_lossy(&name).into_owned()
        }
        _ => {
            answer(program, reply::ADDRESS_NOT_SUPPORTED).await?;
            return Ok(None);
        }
    };
    let port = program.read_u16().await?;
    if request[0] != VERSION || request[1] != CONNECT {
        answer(program, reply::COMMAND_NOT_SUPPORTED).await?;
        return Ok(None);
    }
    Ok(Some((host, port)))
}

/// RFC 1929.
async fn is_let_in(program: &mut TcpStream, user: &(String, String)) -> io::Result<bool> {
    if program.read_u8().await? != 1 {
        return Ok(false);
    }
    let mut name = vec![0; usize::from(program.read_u8().await?)];
    program.read_exact(&mut name).await?;
    let mut password = vec![0; usize::from(program.read_u8().await?)];
    program.read_exact(&mut password).await?;
    // Both are compared, whatever the first says.
    let same = is_same(&name, user.0.as_bytes()) & is_same(&password, user.1.as_bytes());
    program.write_all(&[1, u8::from(!same)]).await?;
    Ok(same)
}

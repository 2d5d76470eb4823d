//! The far end's echo, asked from the ground: `--echo TARGET OCTETS [SOCKS5-PROXY]`.
//!
//! Sends so many octets of a pattern that repeats late, reads them back at the same time, and compares
//! every one. Prints the milliseconds. Directly, or through a SOCKS5 proxy (RFC 1928 §4, §6).

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// How long nothing may come.
const SILENCE: Duration = Duration::from_secs(20);

pub(crate) fn main(words: &[String]) -> Result<()> {
    let [target, octets, proxy @ ..] = words else { bail!("--echo TARGET OCTETS [PROXY]") };
    let target: SocketAddr = target.parse().with_context(|| format!("an address: {target}"))?;
    let octets: usize = octets.parse().with_context(|| format!("a number: {octets}"))?;
    let start = Instant::now();
    let mut stream = match proxy {
        [] => connect(target)?,
        [proxy, ..] => {
            let mut stream =
                connect(proxy.parse().with_context(|| format!("an address: {proxy}"))?)?;
            through_socks5(&mut stream, target)?;
            stream
        }
    };
    echo(&mut stream, octets)?;
    println!("{}", start.elapsed().as_millis());
    Ok(())
}

fn connect(to: SocketAddr) -> Result<TcpStream> {
    let stream =
        TcpStream::connect_timeout(&to, SILENCE).with_context(|| format!("connect {to}"))?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    Ok(stream)
}

fn through_socks5(stream: &mut TcpStream, target: SocketAddr) -> Result<()> {
    let SocketAddr::V4(target) = target else { bail!("only IPv4 is asked for here") };
    stream.write_all(&[5, 1, 0])?;
    let mut choice = [0; 2];
    stream.read_exact(&mut choice).context("the proxy's choice of a method")?;
    ensure!(choice == [5, 0], "the proxy wants another method: {choice:?}");
    let mut request = vec![5, 1, 0, 1];
    request.extend(target.ip().octets());
    request.extend(target.port().to_be_bytes());
    stream.write_all(&request)?;
    let mut reply = [0; 4];
    stream.read_exact(&mut reply).context("the proxy's reply")?;
    ensure!(reply[1] == 0, "the proxy refuses: {}", reply[1]);
    let rest = match reply[3] {
        1 => 6,
        4 => 18,
        other => bail!("an address of type {other} in the proxy's reply"),
    };
    stream.read_exact(&mut vec![0; rest]).context("the proxy's address")?;
    Ok(())
}

/// The octet at a place: 251 is prime to all powers of two, so that a lost or doubled block shows.
fn octet(place: usize) -> u8 {
    u8::try_from((place ^ (place >> 9)) % 251).unwrap_or(0)
}

fn echo(stream: &mut TcpStream, octets: usize) -> Result<()> {
    let sent: Vec<u8> = (0..octets).map(octet).collect();
    let mut writer = stream.try_clone()?;
    let mut got = vec![0; octets];
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| writer.write_all(&sent));
        let reading = stream.read_exact(&mut got).context("reading the echo");
        writing.join().map_err(|_| anyhow::anyhow!("the writer panicked"))??;
        reading
    })?;
    let wrong = got.iter().zip(&sent).position(|(a, b)| a != b);
    ensure!(wrong.is_none(), "octet {} came back changed", wrong.unwrap_or(0));
    Ok(())
}

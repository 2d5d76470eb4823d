//! Local clients who mean harm.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

/// How long a client waits for a place to write to before it gives up.
const PATIENCE: Duration = Duration::from_secs(15);

/// One more client.
pub(crate) fn connect(socket: &Path) -> Result<UnixStream> {
    let stream = UnixStream::connect(socket)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// A call of a method without parameters, with the end that a message has.
pub(crate) fn call(method: &str, more: bool) -> Vec<u8> {
    let more = if more { r#","more":true"# } else { "" };
    format!("{{\"method\":\"org.onhook.Ras.{method}\",\"parameters\":{{}}{more}}}\0").into_bytes()
}

/// Writes the same again and again until so many octets were taken, or nobody takes more. How many were.
pub(crate) fn write_for_ever(stream: &mut UnixStream, piece: &[u8], most: u64) -> u64 {
    let mut taken = 0;
    while taken < most {
        match stream.write(piece) {
            Ok(count) => taken += count as u64,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    taken
}

/// Whether the manager has ended the talk.
pub(crate) fn is_dropped(stream: &mut UnixStream) -> bool {
    let mut sink = [0; 64 * 1024];
    loop {
        match stream.read(&mut sink) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => {
                return matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe);
            }
        }
    }
}

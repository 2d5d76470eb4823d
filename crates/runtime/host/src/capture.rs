//! The frames of a connection as a file that Wireshark opens (pcapng).
//!
//! Each PPP frame is one packet of link type PPP with direction (204): an octet that is 1 for what we
//! sent and 0 for what we received, then `FF 03` and the frame from its Protocol field on. Times have
//! nanoseconds. By its nature a capture holds what is authenticated with; the password of a PAP request
//! (RFC 1334 §2.2.1) is replaced by as many asterisks, and hashes of other methods are left as they are:
//! a weak password can be guessed from them, so a capture is not for strangers.
//!
//! A capture must not stop the connection that it looks at. What goes to a pipe is written only when the
//! pipe takes it; up to 1 MiB waits, and what comes beyond is left out and counted.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::FileTypeExt as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use onhook_base::Instant;

use crate::clock;

/// LINKTYPE_PPP_WITH_DIR.
const LINK_TYPE: u16 = 204;
/// What waits for a pipe at most.
const MOST_WAITING: usize = 1 << 20;
/// Octets of a block around a frame, padding among them.
const MOST_AROUND: usize = 36;
/// What is gathered before a plain file is written.
const GATHERED: usize = 64 << 10;
/// What a pipe takes without waiting, once it says that it takes something (PIPE_BUF).
const PIPE_PIECE: usize = 4096;

const SECTION_HEADER: u32 = 0x0A0D_0D0A;
const INTERFACE: u32 = 1;
const STATISTICS: u32 = 5;
const PACKET: u32 = 6;
const BYTE_ORDER: u32 = 0x1A2B_3C4D;

const OPTION_COMMENT: u16 = 1;
const OPTION_APPLICATION: u16 = 4;
const OPTION_NAME: u16 = 2;
const OPTION_RESOLUTION: u16 = 9;
const OPTION_DROPPED: u16 = 5;

/// Writes the PPP frames of one connection.
///
/// What is gathered is written when 64 KiB wait, when [`flush`](Self::flush) is called, and at the end.
#[derive(Debug)]
pub struct PppCapture {
    file: File,
    is_pipe: bool,
    /// Blocks not yet written; always whole ones, except for a pipe the first.
    waiting: Vec<u8>,
    /// The wall clock at the origin of the one clock.
    origin: Duration,
    left_out: u64,
    block: Vec<u8>,
}

impl PppCapture {
    /// Begins a capture of the connection of this name.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn new(file: File, connection: &str) -> io::Result<Self> {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let since_origin = clock::now().since(Instant::ORIGIN);
        let kind = file.metadata()?.file_type();
        let mut capture = Self {
            is_pipe: kind.is_fifo() || kind.is_socket() || kind.is_char_device(),
            file,
            waiting: Vec::new(),
            origin: wall.saturating_sub(since_origin),
            left_out: 0,
            block: Vec::new(),
        };
        capture.begin(connection)?;
        Ok(capture)
    }

    fn begin(&mut self, connection: &str) -> io::Result<()> {
        let comment = format!("onhook connection {connection}");
        let mut section = BYTE_ORDER.to_le_bytes().to_vec();
        section.extend_from_slice(&[1, 0, 0, 0]); // version 1.0
        section.extend_from_slice(&u64::MAX.to_le_bytes()); // of unknown length
        option(&mut section, OPTION_COMMENT, comment.as_bytes());
        option(&mut section, OPTION_APPLICATION, b"onhook");
        end_options(&mut section);
        block(&mut self.waiting, SECTION_HEADER, &section);

        let [low, high] = LINK_TYPE.to_le_bytes();
        let mut interface = vec![low, high, 0, 0, 0, 0, 0, 0]; // frames of any length
        option(&mut interface, OPTION_NAME, connection.as_bytes());
        option(&mut interface, OPTION_RESOLUTION, &[9]); // nanoseconds
        end_options(&mut interface);
        block(&mut self.waiting, INTERFACE, &interface);
        self.flush()
    }

    /// Takes a frame, from its Protocol field on.
    ///
    /// # Errors
    /// When the file cannot be written any more.
    pub fn frame(&mut self, at: Instant, sent: bool, frame: &[u8]) -> io::Result<()> {
        let length = frame.len() + 3;
        let whole = length + MOST_AROUND;
        if self.waiting.len() + whole > MOST_WAITING {
            self.flush()?;
            if self.waiting.len() + whole > MOST_WAITING {
                self.left_out += 1;
                return Ok(());
            }
        }
        let mut body = std::mem::take(&mut self.block);
        body.clear();
        body.extend_from_slice(&0_u32.to_le_bytes()); // the only interface
        self.put_time(&mut body, at);
        let length_field = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
        body.extend_from_slice(&length_field); // captured
        body.extend_from_slice(&length_field); // on the wire
        body.extend_from_slice(&[u8::from(sent), 0xFF, 0x03]);
        let start = body.len();
        body.extend_from_slice(frame);
        if let Some(password) = pap_password(frame)
            && let Some(octets) = body.get_mut(start + password.start..start + password.end)
        {
            octets.fill(b'*');
        }
        pad(&mut body);
        block(&mut self.waiting, PACKET, &body);
        self.block = body;
        if self.waiting.len() >= GATHERED { self.flush() } else { Ok(()) }
    }

    fn put_time(&self, body: &mut Vec<u8>, at: Instant) {
        let time = self.origin + at.since(Instant::ORIGIN);
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let [a, b, c, d, e, f, g, h] = nanos.to_le_bytes();
        body.extend_from_slice(&[e, f, g, h, a, b, c, d]); // the upper half first
    }

    /// Writes what was gathered, as far as the file takes it without waiting.
    ///
    /// # Errors
    /// When the file cannot be written any more.
    pub fn flush(&mut self) -> io::Result<()> {
        if !self.is_pipe {
            self.file.write_all(&self.waiting)?;
            self.waiting.clear();
            return Ok(());
        }
        let mut written = 0;
        let result = loop {
            let rest = self.waiting.get(written..).unwrap_or_default();
            if rest.is_empty() {
                break Ok(());
            }
            match self.write_piece(rest) {
                Ok(0) => break Ok(()),
                Ok(count) => written += count,
                Err(error) => break Err(error),
            }
        };
        self.waiting.drain(..written);
        result
    }

    /// Writes what the pipe takes without waiting; zero when it takes nothing.
    fn write_piece(&self, rest: &[u8]) -> io::Result<usize> {
        let mut ask = [PollFd::new(self.file.as_fd(), PollFlags::POLLOUT)];
        if poll(&mut ask, PollTimeout::ZERO)? == 0 {
            return Ok(0);
        }
        let piece = rest.get(..PIPE_PIECE).unwrap_or(rest);
        match (&self.file).write(piece) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            other => other,
        }
    }

    /// Frames that were left out because nobody read the pipe.
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }
}

impl Drop for PppCapture {
    /// Says at the end how many frames are missing. A file that cannot be written has been told of.
    fn drop(&mut self) {
        let mut statistics = 0_u32.to_le_bytes().to_vec();
        self.put_time(&mut statistics, clock::now());
        option(&mut statistics, OPTION_DROPPED, &self.left_out.to_le_bytes());
        end_options(&mut statistics);
        block(&mut self.waiting, STATISTICS, &statistics);
        drop(self.flush());
    }
}

/// Appends a block: its kind, its length at both ends, its body (of a length divisible by four).
fn block(out: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let length = u32::try_from(body.len() + 12).unwrap_or(u32::MAX).to_le_bytes();
    out.extend_from_slice(&kind.to_le_bytes());
    out.extend_from_slice(&length);
    out.extend_from_slice(body);
    out.extend_from_slice(&length);
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
    body.extend_from_slice(&code.to_le_bytes());
    body.extend_from_slice(&u16::try_from(value.len()).unwrap_or(0).to_le_bytes());
    body.extend_from_slice(value);
    pad(body);
}

fn end_options(body: &mut Vec<u8>) {
    body.extend_from_slice(&[0; 4]);
}

fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}

/// Where the password lies in a PAP Authenticate-Request; all that is left where its length lies.
fn pap_password(frame: &[u8]) -> Option<std::ops::Range<usize>> {
    const PAP: [u8; 2] = [0xC0, 0x23];
    const REQUEST: u8 = 1;
    const HEADER: usize = 6; // Protocol, Code, Identifier, Length
    if frame.get(..2)? != PAP || *frame.get(2)? != REQUEST {
        return None;
    }
    let name = usize::from(*frame.get(HEADER)?);
    let start = HEADER + 1 + name + 1;
    (start < frame.len()).then_some(start..frame.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    fn written(deed: impl FnOnce(&mut PppCapture)) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("capture");
        let mut capture = PppCapture::new(File::create(&path).unwrap(), "office").unwrap();
        deed(&mut capture);
        drop(capture);
        std::fs::read(path).unwrap()
    }

    /// Kind and body of each block, with the lengths checked at both ends.
    fn blocks(mut bytes: &[u8]) -> Vec<(u32, &[u8])> {
        let number = |b: &[u8]| u32::from_le_bytes(b[..4].try_into().unwrap());
        let mut blocks = Vec::new();
        while !bytes.is_empty() {
            let length = number(&bytes[4..]) as usize;
            assert_eq!(length % 4, 0);
            assert_eq!(number(&bytes[length - 4..]) as usize, length);
            blocks.push((number(bytes), &bytes[8..length - 4]));
            bytes = &bytes[length..];
        }
        blocks
    }

    #[test]
    fn frames_are_blocks_with_direction_and_time() {
        let at = clock::now();
        let bytes = written(|capture| {
            capture.frame(at, true, &[0xC0, 0x21, 1, 1, 0, 4]).unwrap();
            capture.frame(at, false, &[0x00, 0x21, 0x45]).unwrap();
        });
        let blocks = blocks(&bytes);
        let kinds: Vec<_> = blocks.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [SECTION_HEADER, INTERFACE, PACKET, PACKET, STATISTICS]);
        assert_eq!(blocks[1].1[..2], [204, 0]);
        let sent = blocks[2].1;
        assert_eq!(sent[12..20], [9, 0, 0, 0, 9, 0, 0, 0]);
        assert_eq!(sent[20..29], [1, 0xFF, 3, 0xC0, 0x21, 1, 1, 0, 4]);
        assert_eq!(blocks[3].1[20..26], [0, 0xFF, 3, 0, 0x21, 0x45]);
        let half = |b: &[u8]| u64::from(u32::from_le_bytes(b.try_into().unwrap()));
        let time = half(&sent[4..8]) << 32 | half(&sent[8..12]);
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        assert!(wall.abs_diff(time) < 60_000_000_000, "{time} is about {wall}");
    }

    #[test]
    fn the_password_of_pap_does_not_show() {
        let mut frame = vec![0xC0, 0x23, 1, 7, 0, 21, 5];
        frame.extend_from_slice(b"alice\x0bwonderland1");
        let bytes = written(|capture| capture.frame(Instant::ORIGIN, true, &frame).unwrap());
        let contains = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
        assert!(contains(b"alice\x0b***********"));
        assert!(!contains(b"wonderland"));
    }

    #[test]
    fn a_password_does_not_show_in_a_broken_request_either() {
        for name in [0, 1, 3, 250] {
            let frame = [0xC0, 0x23, 1, 7, 0, 9, name, 1, 2, 3, 4, 5, 6];
            let hidden = pap_password(&frame);
            assert_eq!(hidden.is_some(), name < 5, "name of {name}");
        }
        assert_eq!(pap_password(&[0xC0, 0x23, 2, 7, 0, 5, 0]), None);
    }

    #[test]
    fn a_pipe_that_nobody_reads_does_not_stop_us() {
        let (mut reader, writer) = io::pipe().unwrap();
        let file = File::from(std::os::fd::OwnedFd::from(writer));
        let mut capture = PppCapture::new(file, "office").unwrap();
        let frame = [0x21; 1400];
        for _ in 0..2000 {
            capture.frame(Instant::ORIGIN, true, &frame).unwrap();
        }
        assert!(capture.left_out() > 500);
        assert!(capture.waiting.len() <= MOST_WAITING);
        let mut first = [0; 4];
        reader.read_exact(&mut first).unwrap();
        assert_eq!(first, SECTION_HEADER.to_le_bytes());
    }
}

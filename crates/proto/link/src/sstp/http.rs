//! The one HTTP exchange that turns a TLS stream into an SSTP stream (\[MS-SSTP\] §4.1).
//!
//! ```text
//!   caller                                        answerer
//!     │ SSTP_DUPLEX_POST /sra_{…}/ HTTP/1.1           │
//!     │ Content-Length: 18446744073709551615  ──────▶ │
//!     │ ◀──────────────────  HTTP/1.1 200             │
//!     │         Content-Length: 18446744073709551615  │
//!     │ ◀──────────── SSTP packets ─────────────────▶ │
//! ```
//!
//! Both sides announce a body of 2⁶⁴ − 1 octets that never ends; the SSTP packets are that body. Nothing
//! else of HTTP is needed, so nothing else of it is here: a head is found in the stream, bounded by
//! [`HEAD_MAX`], its first line is read, and of its fields only those two that tell how long the body
//! is. Reading is tolerant (any case, folded lines, bare line feeds), writing is exact.

use super::failure::{HttpFault, SstpFailure};

/// The longest head that we read, in octets, its empty line included.
pub(super) const HEAD_MAX: usize = 8192;

/// The path that every SSTP server serves (\[MS-SSTP\] §4.1).
const PATH: &str = "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/";
const METHOD: &str = "SSTP_DUPLEX_POST";
/// The length of a body that never ends.
const ENDLESS: &str = "18446744073709551615";
/// Reason phrases come from strangers and end in logs.
const REASON_MAX: usize = 64;
/// A body of at least this length is not a document; some servers miscount the endless one.
const ENDLESS_FROM: u64 = 1 << 63;

/// What [`find_head`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// The length of the head, its empty line included.
    Whole(usize),
    /// More must come; the next call need not look before this place again.
    Partial { searched: usize },
}

/// Looks for the end of a head; `searched` is how far an earlier call with fewer of the same bytes has
/// looked.
///
/// # Errors
/// [`HttpFault::TooLong`] when the head does not end within [`HEAD_MAX`].
pub(super) fn find_head(bytes: &[u8], searched: usize) -> Result<Head, HttpFault> {
    let window = bytes.get(..HEAD_MAX.min(bytes.len())).unwrap_or_default();
    for (at, byte) in window.iter().enumerate().skip(searched) {
        if *byte != b'\n' {
            continue;
        }
        let rest = window.get(at..).unwrap_or_default();
        if rest.starts_with(b"\n\n") {
            return Ok(Head::Whole(at.saturating_add(2)));
        }
        if rest.starts_with(b"\n\r\n") {
            return Ok(Head::Whole(at.saturating_add(3)));
        }
    }
    if bytes.len() >= HEAD_MAX {
        return Err(HttpFault::TooLong);
    }
    Ok(Head::Partial { searched: window.len().saturating_sub(2) })
}

/// Whether these first octets can still become an HTTP reply: a server that speaks something else
/// (SSH, SMTP) never sends an empty line, and need not be waited for.
pub(super) fn may_be_reply(bytes: &[u8]) -> bool {
    bytes.iter().zip(b"HTTP/").all(|(got, wanted)| got.eq_ignore_ascii_case(wanted))
}

/// The caller's request.
pub(super) fn emit_request(
    out: &mut Vec<u8>,
    host: &str,
    tenant: Option<&str>,
    correlation: [u8; 16],
) {
    let query = tenant.map(|t| format!("?tenantid={}", percent_encoded(t))).unwrap_or_default();
    // A host is a name or an address; whatever else a phone book holds must not become a new header.
    let host: String = host.chars().filter(char::is_ascii_graphic).collect();
    let correlation = guid(correlation);
    out.extend_from_slice(
        format!(
            "{METHOD} {PATH}{query} HTTP/1.1\r\n\
             Content-Length: {ENDLESS}\r\n\
             Host: {host}\r\n\
             SSTPCORRELATIONID: {correlation}\r\n\
             \r\n"
        )
        .as_bytes(),
    );
}

/// The answerer's word that SSTP begins.
pub(super) fn emit_welcome(out: &mut Vec<u8>, date: Option<&str>) {
    let date: String = date
        .map(|d| d.chars().filter(|c| *c == ' ' || c.is_ascii_graphic()).collect())
        .map(|d: String| format!("Date: {d}\r\n"))
        .unwrap_or_default();
    out.extend_from_slice(
        format!(
            "HTTP/1.1 200\r\n\
             Content-Length: {ENDLESS}\r\n\
             Server: Microsoft-HTTPAPI/2.0\r\n\
             {date}\r\n"
        )
        .as_bytes(),
    );
}

/// The answerer's word to a stranger.
pub(super) fn emit_refusal(out: &mut Vec<u8>, refusal: &Refusal) {
    let line = match refusal {
        Refusal::NotFound => "404 Not Found",
        Refusal::BadRequest(_) => "400 Bad Request",
    };
    out.extend_from_slice(
        format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").as_bytes(),
    );
}

/// Why a request is not one for SSTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// HTTP, but for something that is not here: 404.
    NotFound,
    /// Not HTTP/1.1, or a body that ends: 400.
    BadRequest(Option<HttpFault>),
}

impl From<Refusal> for SstpFailure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound | Refusal::BadRequest(None) => Self::NotSstp,
            Refusal::BadRequest(Some(fault)) => Self::HttpMalformed(fault),
        }
    }
}

/// Reads the head of a caller's request.
///
/// The method is exact, the path is compared without regard to case (some callers write the GUID in
/// capitals), a query is ignored.
///
/// # Errors
/// What to refuse it with.
pub(super) fn parse_request(head: &[u8]) -> Result<(), Refusal> {
    let bad = |fault| Refusal::BadRequest(Some(fault));
    let mut lines = lines(head);
    let first = lines.next().unwrap_or_default();
    let line = std::str::from_utf8(first).map_err(|_| bad(HttpFault::RequestLine))?;
    let mut words = line.split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(bad(HttpFault::RequestLine));
    };
    if version != "HTTP/1.1" {
        return Err(bad(HttpFault::RequestLine));
    }
    let path = target.split('?').next().unwrap_or_default();
    if method != METHOD || !path.eq_ignore_ascii_case(PATH) {
        return Err(Refusal::NotFound);
    }
    if fields(lines).map_err(bad)?.body_ends {
        return Err(Refusal::BadRequest(None));
    }
    Ok(())
}

/// Reads the head of a server's reply; `Ok` is the word that SSTP begins.
///
/// # Errors
/// [`SstpFailure::HttpStatus`] for every code but 200 (an interim 1xx too: no SSTP server sends one),
/// [`SstpFailure::NotSstp`] for a 200 whose body is a document, [`SstpFailure::HttpMalformed`] for what
/// is not HTTP.
pub(super) fn parse_reply(head: &[u8]) -> Result<(), SstpFailure> {
    let mut lines = lines(head);
    let (code, reason) = lines
        .next()
        .and_then(parse_status_line)
        .ok_or(SstpFailure::HttpMalformed(HttpFault::StatusLine))?;
    if code != 200 {
        return Err(SstpFailure::HttpStatus { code, reason });
    }
    if fields(lines).map_err(SstpFailure::HttpMalformed)?.body_ends {
        return Err(SstpFailure::NotSstp);
    }
    Ok(())
}

/// `HTTP/1.x nnn[ reason]`.
fn parse_status_line(line: &[u8]) -> Option<(u16, String)> {
    let (version, rest) = line.split_at_checked(8)?;
    let minor = version.last()?;
    if !version.get(..7)?.eq_ignore_ascii_case(b"HTTP/1.") || !minor.is_ascii_digit() {
        return None;
    }
    let rest = rest.strip_prefix(b" ")?.trim_ascii_start();
    let (digits, reason) = rest.split_at_checked(3)?;
    if !digits.iter().all(u8::is_ascii_digit) || reason.first().is_some_and(|b| *b != b' ') {
        return None;
    }
    let code = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let reason = String::from_utf8_lossy(reason.trim_ascii())
        .chars()
        .filter(|c| *c == ' ' || c.is_ascii_graphic())
        .take(REASON_MAX)
        .collect();
    Some((code, reason))
}

/// What the fields of a head say that matters here.
struct Fields {
    /// The body has an end: a document, not a tunnel.
    body_ends: bool,
}

fn fields<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Result<Fields, HttpFault> {
    let mut body_ends = false;
    let mut lines = lines.take_while(|line| !line.is_empty()).peekable();
    while let Some(line) = lines.next() {
        let colon = line.iter().position(|b| *b == b':').ok_or(HttpFault::HeaderLine)?;
        let (name, value) = line.split_at_checked(colon).ok_or(HttpFault::HeaderLine)?;
        let name = name.trim_ascii_end();
        if name.is_empty() || name.first().is_some_and(u8::is_ascii_whitespace) {
            return Err(HttpFault::HeaderLine);
        }
        let mut value = value.strip_prefix(b":").unwrap_or_default().trim_ascii().to_vec();
        // A line that begins with white space goes on with the one before (RFC 9112 §5.2).
        while let Some(more) =
            lines.next_if(|line| line.first().is_some_and(|b| matches!(b, b' ' | b'\t')))
        {
            if !value.is_empty() {
                value.push(b' ');
            }
            value.extend_from_slice(more.trim_ascii());
        }
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            body_ends = true;
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = std::str::from_utf8(&value).ok().and_then(|v| v.parse::<u64>().ok());
            body_ends |= length.is_some_and(|length| length < ENDLESS_FROM);
        }
    }
    Ok(Fields { body_ends })
}

fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// `{xxxxxxxx-xxxx-4xxx-xxxx-xxxxxxxxxxxx}`: a random GUID (RFC 9562 §5.4) of these octets.
fn guid(octets: [u8; 16]) -> String {
    let number = u128::from_be_bytes(octets);
    let number = number & !(0xF << 76) | (0x4 << 76);
    let number = number & !(0x3 << 62) | (0x2 << 62);
    let digits = format!("{number:032X}");
    let mut out = String::from("{");
    for (at, digit) in digits.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        out.push(digit);
    }
    out.push('}');
    out
}

/// Everything but unreserved characters (RFC 3986 §2.3) as `%XX`.
fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

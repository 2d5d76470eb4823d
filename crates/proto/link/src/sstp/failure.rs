//! Why an SSTP link went down.

use onhook_base::Malformed;

/// What was wrong with an HTTP head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpFault {
    /// The head goes on beyond the 8 KiB that we read of one.
    #[error("the head is longer than 8192 octets")]
    TooLong,
    /// The first octets are not those of an HTTP reply.
    #[error("the first octets are not \"HTTP/\"")]
    NotHttp,
    /// The first line of a reply is not `HTTP/1.x nnn reason`.
    #[error("the status line is not \"HTTP/1.x nnn reason\"")]
    StatusLine,
    /// The first line of a request is not `method target HTTP/1.1`.
    #[error("the request line is not \"method target HTTP/1.1\"")]
    RequestLine,
    /// A header line has no name or no colon.
    #[error("a header line has no name or no colon")]
    HeaderLine,
}

/// Why an SSTP link went down, in the words of \[MS-SSTP\].
///
/// `attribute` and `status` are the numbers of a Status Info attribute (\[MS-SSTP\] §2.2.8); both are
/// zero where the message carried none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SstpFailure {
    /// The server answered the HTTP request with something other than 200.
    #[error(
        "the server answered the SSTP request with HTTP status {code} ({reason}), expected 200"
    )]
    HttpStatus {
        /// The status code.
        code: u16,
        /// The reason phrase, cut to 64 printable characters.
        reason: String,
    },
    /// The other side's HTTP head cannot be read.
    #[error("the HTTP head cannot be read: {0}")]
    HttpMalformed(HttpFault),
    /// The other side speaks HTTP but not SSTP: a web server with a page for every request, or, when
    /// answering, a web browser.
    #[error("the other side speaks HTTP, but not SSTP")]
    NotSstp,
    /// The server refused each of our Call Connect Requests; the status is that of its last word.
    #[error("the server refused to connect the call with status {status}")]
    Nak {
        /// The first status of the last Call Connect Negative Acknowledgment.
        status: u32,
    },
    /// We aborted the call, because the peer broke the protocol.
    #[error("we aborted the call: attribute {attribute}, status {status}")]
    Aborted {
        /// The attribute that was wrong.
        attribute: u8,
        /// What was wrong with it.
        status: u32,
    },
    /// The peer aborted the call.
    #[error("the peer aborted the call: attribute {attribute}, status {status}")]
    PeerAborted {
        /// The attribute that the peer complained of.
        attribute: u8,
        /// What it found wrong.
        status: u32,
    },
    /// The negotiation timer expired (\[MS-SSTP\] §3.2.2.1).
    #[error("the peer did not finish the handshake in time")]
    Timeout,
    /// The peer sent Call Disconnect.
    #[error("the peer disconnected the call")]
    Disconnected,
    /// An Echo Request stayed without any answer.
    #[error("the peer has been silent and did not answer an echo request")]
    HelloUnanswered,
    /// What arrives are not SSTP packets any more (\[MS-SSTP\] §3.1.5.1).
    #[error("the stream of SSTP packets is lost: {0}")]
    StreamLost(Malformed),
    /// The crypto binding is wrong: the two ends of TLS and of PPP's authentication are not the same
    /// (\[MS-SSTP\] §3.2.5.2). Whichever end noticed.
    #[error("the crypto binding was refused: TLS and PPP do not end at the same peers")]
    BindingRefused,
    /// The lane came without the server's certificate, to which SSTP must bind itself.
    #[error("the lane has no server certificate")]
    NoCertificate,
    /// The server offers no hash for the crypto binding that we know.
    #[error("the server offers no known hash for the crypto binding")]
    NoCommonHash,
}

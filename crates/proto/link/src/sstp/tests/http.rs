//! The HTTP exchange, and the strangers that answer it (N-HTTP-01).

use proptest::prelude::*;

use super::super::http::{
    HEAD_MAX, Head, Refusal, emit_request, emit_welcome, find_head, parse_reply, parse_request,
};
use super::super::{HttpFault, SstpAnswererTerms};
use super::*;

const WELCOME: &[u8] = b"HTTP/1.1 200\r\nContent-Length: 18446744073709551615\r\n\
    Server: Microsoft-HTTPAPI/2.0\r\nDate: Thu, 20 Nov 2025 22:31:00 GMT\r\n\r\n";

#[test]
fn the_request_is_the_specification_s() {
    let mut caller = caller();
    let sent = String::from_utf8(caller.take_sent()).unwrap();
    let lines: Vec<&str> = sent.split("\r\n").collect();
    assert_eq!(
        lines[..3],
        [
            "SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1",
            "Content-Length: 18446744073709551615",
            "Host: vpn.example",
        ]
    );
    let guid = lines[3].strip_prefix("SSTPCORRELATIONID: {").unwrap().strip_suffix('}').unwrap();
    let lengths: Vec<usize> = guid.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12]);
    assert_eq!(&guid[14..15], "4");
    assert!("89AB".contains(&guid[19..20]));
    assert_eq!(lines[4..], ["", ""]);
}

#[test]
fn a_tenant_is_encoded_and_a_host_cannot_add_headers() {
    let mut out = Vec::new();
    emit_request(&mut out, "a b\r\nX-Evil: 1", Some("a b&c/ä"), [0; 16]);
    let text = String::from_utf8(out.clone()).unwrap();
    assert!(text.contains("/?tenantid=a%20b%26c%2F%C3%A4 HTTP/1.1\r\n"), "{text}");
    assert!(text.contains("\r\nHost: abX-Evil:1\r\n"), "{text}");
    assert_eq!(parse_request(&out), Ok(()));
}

#[test]
fn the_reply_is_the_specification_s_and_carries_the_owner_s_date() {
    let mut out = Vec::new();
    emit_welcome(&mut out, Some("Thu, 20 Nov 2025 22:31:00 GMT"));
    assert_eq!(out, WELCOME);
    let terms = SstpAnswererTerms { date: None, ..SstpAnswererTerms::default() };
    let mut answerer = End::opened(SstpAnswerer::new(terms, &Seed::from_number(2)));
    answerer.hear(&caller().take_sent());
    let expected = b"HTTP/1.1 200\r\nContent-Length: 18446744073709551615\r\n\
        Server: Microsoft-HTTPAPI/2.0\r\n\r\n";
    assert_eq!(answerer.take_sent(), expected);
}

#[test]
fn the_call_is_requested_the_moment_the_reply_is_read_wherever_it_is_cut() {
    for cut in 0..=WELCOME.len() {
        let mut caller = caller();
        caller.take_sent();
        let (one, two) = WELCOME.split_at(cut);
        caller.hear(one);
        caller.hear(two);
        assert_eq!(caller.take_sent(), packet(&Message::CallConnectRequest { protocol: 1 }));
        assert!(caller.take_events().is_empty());
    }
}

#[test]
fn replies_of_many_servers_are_understood() {
    let replies: [&[u8]; 8] = [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 \r\n\r\n",
        b"HTTP/1.0 200 Connection established\r\n\r\n",
        b"http/1.1  200 ok\n\n",
        b"HTTP/1.1 200 OK\r\ncontent-length:18446744073709551615\r\nSERVER : x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length:\r\n 18446744073709551615\r\n\t\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: \xFF\xFE\r\n\r\n",
    ];
    for reply in replies {
        assert_eq!(parse_reply(reply), Ok(()), "{}", String::from_utf8_lossy(reply));
    }
}

/// What a caller says of this reply.
fn verdict(reply: &[u8]) -> Vec<LinkEvent> {
    let mut caller = caller();
    caller.take_sent();
    caller.hear(reply);
    let events = caller.take_events();
    if !events.is_empty() {
        assert!(caller.take_sent().is_empty(), "a stranger is told nothing");
        caller.close(Farewell::Ordinary);
        assert_eq!(caller.take_events(), [LinkEvent::Closed]);
        assert!(caller.take_sent().is_empty(), "a stranger is told nothing");
    }
    events
}

#[test]
fn replies_that_are_not_200_end_the_call_with_their_status() {
    for (reply, code, reason) in [
        ("HTTP/1.1 404 Not Found\r\n\r\n", 404, "Not Found"),
        ("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: x\r\n\r\nbody", 401, "Unauthorized"),
        ("HTTP/1.1 403\r\n\r\n", 403, ""),
        ("HTTP/1.1 503 \x1b[31mNo ports\x07\r\n\r\n", 503, "[31mNo ports"),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 100, "Continue"),
        ("HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n<html>", 302, "Found"),
        ("HTTP/1.0 000 \r\n\r\n", 0, ""),
    ] {
        let reason = String::from(reason);
        assert_eq!(verdict(reply.as_bytes()), [failed(SstpFailure::HttpStatus { code, reason })]);
    }
    let long = format!("HTTP/1.1 500 {}\r\n\r\n", "x".repeat(4000));
    let [LinkEvent::Down(LinkFailure::Sstp(SstpFailure::HttpStatus { reason, .. }))] =
        &verdict(long.as_bytes())[..]
    else {
        panic!("not a status");
    };
    assert_eq!(reason.len(), 64);
}

#[test]
fn pages_for_every_request_are_not_sstp() {
    for reply in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>"[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\t12\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
    ] {
        assert_eq!(verdict(reply), [failed(SstpFailure::NotSstp)]);
    }
    // Where no field tells, the body does.
    let mut caller = caller();
    caller.hear(b"HTTP/1.1 200 OK\r\n\r\n<html>");
    assert_eq!(caller.take_events(), [failed(SstpFailure::NotSstp)]);
}

#[test]
fn replies_that_are_not_http_end_the_call_at_once() {
    let malformed = |fault| [failed(SstpFailure::HttpMalformed(fault))];
    assert_eq!(verdict(b"SSH-2.0-OpenSSH_9.2\r\n"), malformed(HttpFault::NotHttp));
    assert_eq!(verdict(b"\x10\x01\x00\x08"), malformed(HttpFault::NotHttp));
    assert_eq!(verdict(b"HTTQ"), malformed(HttpFault::NotHttp));
    for line in [
        "HTTP/2 200",
        "HTTP/1.1 20",
        "HTTP/1.1 2000",
        "HTTP/1.1 +20",
        "HTTP/1.x 200",
        "HTTP/1.1200",
    ] {
        let reply = format!("{line}\r\n\r\n");
        assert_eq!(verdict(reply.as_bytes()), malformed(HttpFault::StatusLine), "{line}");
    }
    for header in ["no colon", ": no name", " folded: before any"] {
        let reply = format!("HTTP/1.1 200 OK\r\n{header}\r\n\r\n");
        assert_eq!(verdict(reply.as_bytes()), malformed(HttpFault::HeaderLine), "{header}");
    }
}

#[test]
fn a_head_without_end_is_given_up_after_8_kib_however_it_comes() {
    let endless = [b"HTTP/1.1 200 OK\r\nX: ".to_vec(), vec![b'a'; 1 << 20]].concat();
    let too_long = [failed(SstpFailure::HttpMalformed(HttpFault::TooLong))];
    assert_eq!(verdict(&endless), too_long);
    let mut caller = caller();
    for (count, byte) in endless.iter().enumerate() {
        caller.hear(&[*byte]);
        if !caller.events.is_empty() {
            assert_eq!(count + 1, HEAD_MAX);
            break;
        }
    }
    assert_eq!(caller.take_events(), too_long);
    // A megabyte with an end, but too late.
    assert_eq!(verdict(&[&endless[..], b"\r\n\r\n"].concat()), too_long);
}

#[test]
fn no_reply_at_all_is_a_timeout() {
    let mut caller = caller();
    caller.pass(seconds(59));
    assert!(caller.take_events().is_empty());
    caller.pass(seconds(1));
    assert_eq!(caller.take_events(), [failed(SstpFailure::Timeout)]);
    caller.close(Farewell::Aborted);
    assert_eq!(caller.take_events(), [LinkEvent::Closed]);
    let mut answerer = answerer();
    answerer.pass(seconds(60));
    assert_eq!(answerer.take_events(), [failed(SstpFailure::Timeout)]);
    assert!(answerer.take_sent().is_empty());
}

const LINE: &str = "SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\n";

#[test]
fn requests_of_many_callers_are_understood() {
    for request in [
        format!("{LINE}\r\n"),
        format!("{}\r\n", LINE.replace("458b", "458B").replace("sra", "SRA")),
        format!("{}\r\n", LINE.replace("}/ ", "}/?tenantid=contoso.example ")),
        format!(
            "{LINE}CONTENT-LENGTH:  18446744073709551615\r\nhost: x\r\nCookie: a\r\n b\r\n\r\n"
        ),
        format!("{LINE}Content-Length: 18446744073709551615\n\n"),
    ] {
        assert_eq!(parse_request(request.as_bytes()), Ok(()), "{request}");
    }
}

#[test]
fn requests_for_anything_else_are_refused_with_404_or_400() {
    let bad = |fault| (400, SstpFailure::HttpMalformed(fault));
    for (request, (code, failure)) in [
        ("GET / HTTP/1.1\r\n\r\n".into(), (404, SstpFailure::NotSstp)),
        (LINE.replace("SSTP_", "sstp_") + "\r\n", (404, SstpFailure::NotSstp)),
        (LINE.replace("CD75", "CD76") + "\r\n", (404, SstpFailure::NotSstp)),
        (LINE.replace("}/", "}") + "\r\n", (404, SstpFailure::NotSstp)),
        (LINE.replace("1.1", "1.0") + "\r\n", bad(HttpFault::RequestLine)),
        (LINE.replace("HTTP/1.1", "") + "\r\n", bad(HttpFault::RequestLine)),
        ("\r\n\r\n".into(), bad(HttpFault::RequestLine)),
        (format!("{LINE}no colon\r\n\r\n"), bad(HttpFault::HeaderLine)),
        (format!("{LINE}Content-Length: 5\r\n\r\n"), (400, SstpFailure::NotSstp)),
        (format!("{LINE}Transfer-Encoding: chunked\r\n\r\n"), (400, SstpFailure::NotSstp)),
        (format!("{LINE}X: {}", "y".repeat(9000)), bad(HttpFault::TooLong)),
    ] {
        let mut answerer = answerer();
        answerer.hear(request.as_bytes());
        let sent = String::from_utf8(answerer.take_sent()).unwrap();
        assert!(sent.starts_with(&format!("HTTP/1.1 {code} ")), "{request}: {sent}");
        assert!(sent.ends_with("\r\nConnection: close\r\n\r\n"));
        assert_eq!(answerer.take_events(), [failed(failure)], "{request}");
        answerer.hear(LINE.as_bytes());
        answerer.close(Farewell::Ordinary);
        assert_eq!(answerer.take_events(), [LinkEvent::Closed]);
        assert!(answerer.take_sent().is_empty());
    }
}

proptest! {
    #[test]
    fn arbitrary_octets_are_a_head_or_none(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(!matches!(parse_reply(&bytes), Err(SstpFailure::StreamLost(_))));
        let refused = matches!(parse_request(&bytes), Err(Refusal::NotFound | Refusal::BadRequest(_)));
        prop_assert!(refused || bytes.starts_with(b"SSTP_DUPLEX_POST "));
    }

    #[test]
    fn arbitrary_header_lines_do_no_harm(
        lines in prop::collection::vec("[ -~\t\u{80}-\u{ff}]{0,40}", 0..20), unix in any::<bool>(),
    ) {
        let end = if unix { "\n" } else { "\r\n" };
        for first in ["HTTP/1.1 200 OK", LINE.trim_end()] {
            let head = format!("{first}{end}{}{end}{end}", lines.join(end));
            let (_, _) = (parse_reply(head.as_bytes()), parse_request(head.as_bytes()));
        }
    }

    /// The end is found at the same place however often one looks before it has come.
    #[test]
    fn a_head_is_found_wherever_it_is_cut(
        lines in prop::collection::vec("[a-z: ]{1,9}", 0..9), steps in prop::collection::vec(1usize..9, 40),
    ) {
        let head = format!("HTTP/1.1 200\r\n{}\r\n\r\nrest\r\n\r\n", lines.join("\r\n")).into_bytes();
        let whole = find_head(&head, 0);
        let (mut searched, mut length, mut found) = (0, 0, None);
        for step in steps {
            length = (length + step).min(head.len());
            match find_head(&head[..length], searched).unwrap() {
                Head::Whole(end) => { found = Some(end); break; }
                Head::Partial { searched: here } => searched = here,
            }
        }
        if let Some(end) = found {
            prop_assert_eq!(whole, Ok(Head::Whole(end)));
        }
    }
}

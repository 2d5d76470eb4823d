//! One end, and a peer of our invention.

use onhook_base::{Duration, Instant, Seed};

use super::line::{CLIENT, PASSWORD, SERVER, answerer_network, caller_network, credentials};
use crate::auth::Method;
use crate::control::ControlPacket;
use crate::control::wire::code;
use crate::wire::protocol;
use crate::{
    CloseReason, EchoTerms, Layer, NetworkTerms, Phase, Ppp, PppEvent, PppFailure, PppTerms,
};

const MAGIC: [u8; 6] = [5, 6, 0xde, 0xad, 0xbe, 0xef];

fn at(millis: u64) -> Instant {
    Instant::ORIGIN + Duration::from_secs(50) + Duration::from_millis(millis)
}

/// A packet as the peer saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    protocol: u16,
    code: u8,
    identifier: u8,
    data: Vec<u8>,
}

fn frames(ppp: &mut Ppp) -> Vec<Seen> {
    let mut information = Vec::new();
    let mut seen = Vec::new();
    while let Some(protocol) = ppp.poll_frame(&mut information) {
        let packet = ControlPacket::parse(&information).unwrap();
        let (code, identifier, data) = (packet.code, packet.identifier, packet.data.to_vec());
        seen.push(Seen { protocol, code, identifier, data });
    }
    seen
}

fn events(ppp: &mut Ppp) -> Vec<PppEvent> {
    std::iter::from_fn(|| ppp.poll_event()).collect()
}

fn finish(ppp: &mut Ppp) -> Option<Option<PppFailure>> {
    events(ppp).into_iter().find_map(|e| match e {
        PppEvent::Finished { failure } => Some(failure),
        _ => None,
    })
}

fn give(ppp: &mut Ppp, protocol: u16, code: u8, identifier: u8, data: &[u8]) {
    let mut frame = protocol.to_be_bytes().to_vec();
    ControlPacket { code, identifier, data }.emit(&mut frame);
    assert_eq!(ppp.handle_frame(at(10), &mut frame), None);
}

fn new(terms: PppTerms) -> Ppp {
    let mut ppp = Ppp::new(terms, &Seed::from_number(5));
    ppp.open(at(0));
    ppp.lower_up(at(0));
    ppp
}

/// LCP is open; the peer has asked for its magic number and `options`.
fn opened(terms: PppTerms, options: &[u8]) -> Ppp {
    let mut ppp = new(terms);
    open(&mut ppp, options);
    ppp
}

/// LCP opens; what was sent behind the Ack.
fn open(ppp: &mut Ppp, options: &[u8]) -> Vec<Seen> {
    let ours = frames(ppp).remove(0);
    assert_eq!(ours.code, code::CONFIGURE_REQUEST);
    give(ppp, protocol::LCP, code::CONFIGURE_ACK, ours.identifier, &ours.data);
    let theirs = [&MAGIC[..], options].concat();
    give(ppp, protocol::LCP, code::CONFIGURE_REQUEST, 1, &theirs);
    let mut sent = frames(ppp);
    assert_eq!(sent.remove(0).code, code::CONFIGURE_ACK);
    sent
}

fn caller() -> PppTerms {
    PppTerms::caller(vec![Method::MsChapV2, Method::Pap], credentials(PASSWORD))
}

/// In the Network phase, projected, the first requests taken away.
fn projected(terms: PppTerms, network: NetworkTerms) -> Ppp {
    let mut ppp = opened(terms, &[]);
    ppp.project(at(10), network);
    events(&mut ppp);
    let requests = frames(&mut ppp);
    assert!(requests.iter().all(|r| r.code == code::CONFIGURE_REQUEST));
    ppp
}

fn only_ipv4() -> NetworkTerms {
    NetworkTerms { ipv6: None, ..caller_network() }
}

/// IPv4 is up as well.
fn connected() -> Ppp {
    let mut ppp = opened(caller(), &[]);
    ppp.project(at(10), only_ipv4());
    let request = frames(&mut ppp).remove(0);
    let address = [&[3, 6][..], &CLIENT.octets()].concat();
    give(&mut ppp, protocol::IPCP, code::CONFIGURE_NAK, request.identifier, &address);
    let request = frames(&mut ppp).remove(0);
    give(&mut ppp, protocol::IPCP, code::CONFIGURE_ACK, request.identifier, &request.data);
    let address = [&[3, 6][..], &SERVER.octets()].concat();
    give(&mut ppp, protocol::IPCP, code::CONFIGURE_REQUEST, 1, &address);
    frames(&mut ppp);
    assert!(events(&mut ppp).iter().any(|e| matches!(e, PppEvent::NetworkSettled)));
    ppp
}

fn run_out(ppp: &mut Ppp) -> Instant {
    let mut last = at(0);
    while let Some(deadline) = ppp.poll_timeout() {
        assert!(deadline.at >= last, "time runs backwards");
        last = deadline.at;
        ppp.handle_timeout(last);
    }
    last
}

#[test]
fn a_silent_peer_is_told_from_one_that_talks_of_something_else() {
    for heard_anything in [false, true] {
        let mut ppp = new(caller());
        assert_eq!(frames(&mut ppp).len(), 1, "asked at once");
        if heard_anything {
            give(&mut ppp, protocol::IPCP, code::CONFIGURE_REQUEST, 1, &[]);
        }
        let end = run_out(&mut ppp);
        assert_eq!(end.since(at(0)), Duration::from_secs(30));
        let failure = PppFailure::NoAnswer { layer: Layer::Lcp, tries: 10, heard_anything };
        assert_eq!(finish(&mut ppp), Some(Some(failure)));
        assert_eq!(frames(&mut ppp).len(), 9);
    }
}

#[test]
fn before_the_link_is_up_frames_are_dropped_and_a_close_is_immediate() {
    let mut ppp = Ppp::new(caller(), &Seed::from_number(5));
    give(&mut ppp, protocol::LCP, code::CONFIGURE_REQUEST, 1, &MAGIC);
    ppp.open(at(0));
    give(&mut ppp, protocol::LCP, code::CONFIGURE_REQUEST, 1, &MAGIC);
    assert_eq!((frames(&mut ppp).len(), ppp.stats().dropped), (0, 2));
    assert_eq!(ppp.phase(), Phase::Dead);
    ppp.close(at(1), CloseReason::HungUp);
    assert_eq!(finish(&mut ppp), Some(None));

    let mut ppp = Ppp::new(caller(), &Seed::from_number(5));
    ppp.close(at(1), CloseReason::HungUp);
    assert_eq!(finish(&mut ppp), Some(None));
    ppp.open(at(2));
    ppp.lower_up(at(2));
    assert_eq!(frames(&mut ppp), [], "the end is the end");
}

#[test]
fn a_looped_line_is_recognised_without_waiting() {
    let mut ppp = new(caller());
    let mut information = Vec::new();
    let mut passed = 0;
    while let Some(protocol) = ppp.poll_frame(&mut information) {
        let mut frame = protocol.to_be_bytes().to_vec();
        frame.extend_from_slice(&information);
        ppp.handle_frame(at(1), &mut frame);
        passed += 1;
        assert!(passed < 50);
    }
    assert_eq!(finish(&mut ppp), Some(Some(PppFailure::Looped)));
}

#[test]
fn our_own_echoes_show_a_loop_that_came_later() {
    let mut ppp = opened(caller(), &[]);
    ppp.probe(at(10));
    let echo = frames(&mut ppp).remove(0);
    for _ in 0..3 {
        give(&mut ppp, protocol::LCP, code::ECHO_REQUEST, 1, &echo.data);
    }
    run_out(&mut ppp);
    assert_eq!(finish(&mut ppp), Some(Some(PppFailure::Looped)));
}

#[test]
fn nothing_but_proofs_is_heard_before_all_is_proven() {
    let mut ppp = opened(caller(), &[3, 4, 0xc0, 0x23]);
    assert_eq!(ppp.phase(), Phase::Authenticate);
    frames(&mut ppp);
    for number in [protocol::IPCP, protocol::IPV6CP, protocol::CCP, 0x8029, 0x0021] {
        give(&mut ppp, number, code::CONFIGURE_REQUEST, 1, &[]);
    }
    ppp.project(at(10), caller_network());
    assert_eq!(frames(&mut ppp), []);
    assert_eq!(ppp.stats().dropped, 5);
}

#[test]
fn the_latest_early_request_is_answered_when_we_are_ready() {
    let mut ppp = opened(caller(), &[]);
    assert_eq!(ppp.phase(), Phase::Network);
    for identifier in 1..=3 {
        let address = [&[3, 6][..], &SERVER.octets()].concat();
        give(&mut ppp, protocol::IPCP, code::CONFIGURE_REQUEST, identifier, &address);
        give(&mut ppp, protocol::CCP, code::CONFIGURE_REQUEST, identifier, &[18, 6, 1, 0, 0, 64]);
    }
    assert_eq!(frames(&mut ppp), []);
    ppp.project(at(20), caller_network());
    let answers: Vec<_> = frames(&mut ppp)
        .into_iter()
        .filter(|f| f.code != code::CONFIGURE_REQUEST)
        .map(|f| (f.protocol, f.code, f.identifier))
        .collect();
    let expected =
        [(protocol::CCP, code::CONFIGURE_REJECT, 3), (protocol::IPCP, code::CONFIGURE_ACK, 3)];
    assert_eq!(answers, expected);
}

#[test]
fn unknown_protocols_are_rejected_in_bounds() {
    let mut ppp = projected(caller(), caller_network());
    for _ in 0..100 {
        give(&mut ppp, 0x8029, code::CONFIGURE_REQUEST, 1, &[1, 2, 3]);
    }
    let rejects = frames(&mut ppp);
    assert_eq!(rejects.len(), 1);
    assert_eq!(rejects[0].code, code::PROTOCOL_REJECT);
    assert_eq!(rejects[0].data, [0x80, 0x29, 1, 1, 0, 7, 1, 2, 3]);
    for high in (0x82..0xc0).step_by(2) {
        give(&mut ppp, u16::from_be_bytes([high, 0x2b]), 1, 1, &[]);
    }
    assert_eq!(frames(&mut ppp).len(), 15, "sixteen in a second");
}

#[test]
fn a_protocol_reject_fits_the_peers_mru() {
    let mut ppp = opened(caller(), &[1, 4, 0, 128]);
    ppp.project(at(10), caller_network());
    frames(&mut ppp);
    give(&mut ppp, 0x8029, 1, 1, &[0; 1000]);
    give(&mut ppp, protocol::LCP, 99, 1, &[0; 1000]);
    give(&mut ppp, protocol::LCP, code::ECHO_REQUEST, 1, &[0; 1000]);
    let answers = frames(&mut ppp);
    let codes: Vec<_> = answers.iter().map(|f| f.code).collect();
    assert_eq!(codes, [code::PROTOCOL_REJECT, code::CODE_REJECT, code::ECHO_REPLY]);
    assert!(answers.iter().all(|f| f.data.len() + 4 == 128));
}

#[test]
fn an_unwanted_network_protocol_is_rejected() {
    let mut ppp = projected(caller(), only_ipv4());
    give(&mut ppp, protocol::IPV6CP, code::CONFIGURE_REQUEST, 1, &[]);
    let reject = frames(&mut ppp).remove(0);
    assert_eq!((reject.code, &reject.data[..2]), (code::PROTOCOL_REJECT, &[0x80, 0x57][..]));
}

#[test]
fn ccp_is_answered_and_nothing_agreed_to() {
    let mut ppp = projected(caller(), caller_network());
    let mppe = [18, 6, 1, 0, 0, 0xe1];
    give(&mut ppp, protocol::CCP, code::CONFIGURE_REQUEST, 1, &mppe);
    let reject = frames(&mut ppp).remove(0);
    assert_eq!((reject.code, reject.data), (code::CONFIGURE_REJECT, mppe.to_vec()));
    give(&mut ppp, protocol::CCP, code::CONFIGURE_REQUEST, 2, &[]);
    let codes: Vec<_> = frames(&mut ppp).iter().map(|f| f.code).collect();
    assert_eq!(codes, [code::CONFIGURE_REQUEST, code::CONFIGURE_ACK]);
    give(&mut ppp, protocol::CCP, code::RESET_REQUEST, 3, &[]);
    assert_eq!(frames(&mut ppp), []);
    give(&mut ppp, protocol::CCP, code::TERMINATE_REQUEST, 4, b"");
    assert_eq!(frames(&mut ppp).remove(0).code, code::TERMINATE_ACK);
    assert_eq!(ppp.phase(), Phase::Network);
    let mut compressed = [0x00, 0xfd, 0x90, 0x00];
    assert_eq!(ppp.handle_frame(at(10), &mut compressed), None);
}

#[test]
fn a_rejected_protocol_is_off_and_the_other_goes_on() {
    let mut ppp = projected(caller(), caller_network());
    give(&mut ppp, protocol::LCP, code::PROTOCOL_REJECT, 1, &[0x80, 0x57, 1, 1, 0, 4]);
    give(&mut ppp, protocol::LCP, code::PROTOCOL_REJECT, 2, &[0x80, 0xfd]);
    assert_eq!(ppp.phase(), Phase::Network);
    give(&mut ppp, protocol::LCP, code::PROTOCOL_REJECT, 3, &[0x80, 0x21]);
    assert_eq!(ppp.phase(), Phase::Terminate);
    run_out(&mut ppp);
    assert_eq!(finish(&mut ppp), Some(Some(PppFailure::NoNetworkProtocol)));
}

#[test]
fn rejecting_lcp_or_the_proof_ends_the_link() {
    let mut ppp = opened(caller(), &[]);
    give(&mut ppp, protocol::LCP, code::PROTOCOL_REJECT, 1, &[0xc0, 0x21]);
    run_out(&mut ppp);
    assert_eq!(finish(&mut ppp), Some(Some(PppFailure::LcpRejected)));

    let mut ppp = opened(caller(), &[3, 4, 0xc0, 0x23]);
    give(&mut ppp, protocol::LCP, code::PROTOCOL_REJECT, 1, &[0xc0, 0x23]);
    run_out(&mut ppp);
    assert_eq!(finish(&mut ppp), Some(Some(PppFailure::NoCommonMethod)));

    let mut ppp = opened(PppTerms::answerer(vec![Method::Pap], "s".into()), &[]);
    give(&mut ppp, protocol::LCP, code::PROTOCOL_REJECT, 1, &[0xc0, 0x23]);
    run_out(&mut ppp);
    assert_eq!(finish(&mut ppp), Some(Some(PppFailure::PeerRefusesToAuthenticate)));
}

#[test]
fn a_windows_farewell_is_understood_and_answered_in_kind() {
    let mut ppp = opened(caller(), &[]);
    let data = [5, 0xe2, 0x32, 0x74, 0, 0x3c, 0xcd, 0x74, 0, 0, 2, 0xb3];
    give(&mut ppp, protocol::LCP, code::TERMINATE_REQUEST, 9, &data);
    let ack = frames(&mut ppp).remove(0);
    assert_eq!((ack.code, ack.identifier), (code::TERMINATE_ACK, 9));
    let end = run_out(&mut ppp);
    assert_eq!(end, at(1010), "one closing period after the request");
    let failure = PppFailure::PeerTerminated {
        phase: Phase::Network,
        windows_code: Some(691),
        text: String::new(),
    };
    assert_eq!(finish(&mut ppp), Some(Some(failure)));

    let mut ppp = opened(caller(), &[]);
    let identification = [&[0xde, 0xad, 0xbe, 0xef][..], b"MSRASV5.20"].concat();
    give(&mut ppp, protocol::LCP, code::IDENTIFICATION, 2, &identification);
    ppp.close(at(20), CloseReason::Failure(778));
    let request = frames(&mut ppp).remove(0);
    assert_eq!(request.data.len(), 12);
    assert_eq!(request.data[4..], [0, 0x3c, 0xcd, 0x74, 0, 0, 3, 10]);
}

#[test]
fn others_are_told_in_words() {
    for (why, text) in
        [(CloseReason::HungUp, "hung up"), (CloseReason::Failure(778), "failed with error 778")]
    {
        let mut ppp = opened(caller(), &[]);
        ppp.close(at(20), why);
        ppp.close(at(21), CloseReason::HungUp);
        let requests = frames(&mut ppp);
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].data, text.as_bytes());
    }
}

#[test]
fn echoes_are_answered_with_our_magic_when_open() {
    let mut ppp = new(caller());
    frames(&mut ppp);
    give(&mut ppp, protocol::LCP, code::ECHO_REQUEST, 1, &[0; 4]);
    assert_eq!(frames(&mut ppp), []);

    let mut ppp = opened(caller(), &[]);
    let magic = ppp.lcp.terms().magic().to_be_bytes();
    give(&mut ppp, protocol::LCP, code::ECHO_REQUEST, 7, b"\xde\xad\xbe\xefdata");
    let reply = frames(&mut ppp).remove(0);
    assert_eq!((reply.code, reply.identifier), (code::ECHO_REPLY, 7));
    assert_eq!(reply.data, [&magic[..], b"data"].concat());
}

/// RFC 4638 §4: whether a size passes is asked by an echo of that size.
#[test]
fn a_size_is_tried_by_an_echo_that_is_as_long() {
    // The least that the peer takes, what may be tried, and what is.
    let mru = |mru: u16| [&[1, 4][..], &mru.to_be_bytes()].concat();
    for (takes, most, tried) in
        [(1500, 1500, Some(1500)), (1497, 1500, Some(1497)), (1492, 1500, None), (1500, 1492, None)]
    {
        let mut ppp = new(caller());
        ppp.try_size(1492, most);
        assert_eq!(ppp.size_has_passed(), None, "not before LCP is open");
        let sent = open(&mut ppp, &mru(takes));
        let echo = sent.into_iter().find(|frame| frame.code == code::ECHO_REQUEST);
        assert_eq!(echo.as_ref().map(|echo| echo.data.len() + 4), tried);
        let Some(echo) = echo else { continue };
        assert_eq!(ppp.size_has_passed(), Some(false));
        let answer = vec![9; echo.data.len()];
        give(&mut ppp, protocol::LCP, code::ECHO_REPLY, echo.identifier ^ 1, &answer);
        assert_eq!(ppp.size_has_passed(), Some(false), "another's answer");
        give(&mut ppp, protocol::LCP, code::ECHO_REPLY, echo.identifier, &answer);
        assert_eq!(ppp.size_has_passed(), Some(true));
    }
}

/// RFC 1661 §4.3: Down and Up at once is how a negotiation is begun anew.
#[test]
fn a_size_that_does_not_pass_is_negotiated_away() {
    let mut ppp = new(caller());
    ppp.keep_to_size(Instant::ORIGIN, 1492);
    assert_eq!(frames(&mut ppp).len(), 1, "nothing is agreed yet that could be shortened");
    let mut ppp = new(caller());
    ppp.try_size(1492, 1500);
    open(&mut ppp, &[]);
    ppp.keep_to_size(Instant::ORIGIN, 1492);
    let request = frames(&mut ppp).remove(0);
    assert_eq!((request.code, &request.data[..4]), (code::CONFIGURE_REQUEST, &[1, 4, 5, 0xd4][..]));
    assert_eq!(ppp.phase(), Phase::Establish);
    assert_eq!(ppp.size_has_passed(), None, "what was tried is of the negotiation before");
    // The peer may go on asking for what it likes: no more is sent to it.
    give(&mut ppp, protocol::LCP, code::CONFIGURE_ACK, request.identifier, &request.data);
    give(&mut ppp, protocol::LCP, code::CONFIGURE_REQUEST, 77, &[1, 4, 5, 0xdc]);
    assert_eq!(frames(&mut ppp).remove(0).code, code::CONFIGURE_ACK);
    assert_eq!((ppp.lcp.is_opened(), ppp.packet_room()), (true, 1492));
    assert_eq!(ppp.size_has_passed(), None, "what passes surely is not tried");
}

#[test]
fn a_peer_without_echoes_is_left_in_peace() {
    let mut terms = caller();
    terms.echo = Some(EchoTerms { every: Duration::from_secs(10), tolerated: 1 });
    let mut ppp = opened(terms, &[]);
    let echo_at = ppp.poll_timeout().unwrap().at;
    ppp.handle_timeout(echo_at);
    assert_eq!(frames(&mut ppp).remove(0).code, code::ECHO_REQUEST);
    give(&mut ppp, protocol::LCP, code::CODE_REJECT, 1, &[code::ECHO_REQUEST, 1, 0, 4]);
    assert_eq!(ppp.poll_timeout(), None);
}

#[test]
fn unknown_codes_are_rejected() {
    let mut ppp = opened(caller(), &[]);
    give(&mut ppp, protocol::LCP, 14, 5, &[1]);
    let reject = frames(&mut ppp).remove(0);
    assert_eq!((reject.code, reject.data), (code::CODE_REJECT, vec![14, 5, 0, 5, 1]));
    let mut ppp = projected(caller(), caller_network());
    give(&mut ppp, protocol::IPCP, 9, 5, &[]);
    let reject = frames(&mut ppp).remove(0);
    assert_eq!((reject.protocol, reject.code), (protocol::IPCP, code::CODE_REJECT));
}

#[test]
fn only_garbage_ends_it() {
    let mut ppp = new(caller());
    frames(&mut ppp);
    for _ in 0..31 {
        ppp.handle_frame(at(1), &mut [0xc0, 0x21, 1, 1, 0, 99]);
    }
    give(&mut ppp, protocol::LCP, code::CODE_REJECT, 1, &[77]);
    for _ in 0..31 {
        ppp.handle_frame(at(1), &mut [0xc0, 0x22]);
    }
    assert_eq!(ppp.phase(), Phase::Establish);
    ppp.handle_frame(at(1), &mut []);
    run_out(&mut ppp);
    assert_eq!(finish(&mut ppp), Some(Some(PppFailure::Garbled)));
    assert_eq!(ppp.stats().malformed, 63);
}

#[test]
fn a_peer_that_gives_up_before_lcp_opens_is_believed_if_it_is_of_this_call() {
    let mut ppp = new(caller());
    frames(&mut ppp);
    give(&mut ppp, protocol::LCP, code::TERMINATE_REQUEST, 1, b"an earlier call");
    assert_eq!(frames(&mut ppp).remove(0).code, code::TERMINATE_ACK);
    assert_eq!(ppp.phase(), Phase::Establish);

    give(&mut ppp, protocol::LCP, code::CONFIGURE_REQUEST, 1, &MAGIC);
    frames(&mut ppp);
    give(&mut ppp, protocol::LCP, code::TERMINATE_REQUEST, 2, b"no");
    let codes: Vec<_> = frames(&mut ppp).iter().map(|f| f.code).collect();
    assert_eq!(codes, [code::TERMINATE_ACK, code::TERMINATE_REQUEST]);
    assert!(matches!(events(&mut ppp)[..], [PppEvent::PeerClosing]));
    run_out(&mut ppp);
    let failure = PppFailure::PeerTerminated {
        phase: Phase::Establish,
        windows_code: None,
        text: "no".into(),
    };
    assert_eq!(finish(&mut ppp), Some(Some(failure)));
}

#[test]
fn a_peer_that_gives_up_after_our_refusal_had_no_common_method() {
    let mut ppp = new(PppTerms::caller(Vec::new(), None));
    let ours = frames(&mut ppp).remove(0);
    give(&mut ppp, protocol::LCP, code::CONFIGURE_ACK, ours.identifier, &ours.data);
    give(&mut ppp, protocol::LCP, code::CONFIGURE_REQUEST, 1, &[3, 4, 0xc0, 0x23]);
    let reject = frames(&mut ppp).remove(0);
    assert_eq!((reject.code, reject.data), (code::CONFIGURE_REJECT, vec![3, 4, 0xc0, 0x23]));
    give(&mut ppp, protocol::LCP, code::CONFIGURE_REQUEST, 2, &MAGIC);
    give(&mut ppp, protocol::LCP, code::TERMINATE_REQUEST, 3, b"peer refused to authenticate");
    run_out(&mut ppp);
    assert_eq!(finish(&mut ppp), Some(Some(PppFailure::NoCommonMethod)));
}

#[test]
fn when_the_peer_closes_its_last_network_protocol_the_link_goes_too() {
    let mut ppp = connected();
    give(&mut ppp, protocol::IPCP, code::TERMINATE_REQUEST, 5, b"");
    let sent: Vec<_> = frames(&mut ppp).iter().map(|f| (f.protocol, f.code)).collect();
    let expected =
        [(protocol::IPCP, code::TERMINATE_ACK), (protocol::LCP, code::TERMINATE_REQUEST)];
    assert_eq!(sent, expected);
    run_out(&mut ppp);
    let events = events(&mut ppp);
    assert!(matches!(
        &events[..],
        [
            PppEvent::Ipv4Down,
            PppEvent::Finished { failure: Some(PppFailure::NetworkProtocolClosed) }
        ]
    ));
}

#[test]
fn a_network_protocol_may_be_negotiated_anew_by_itself() {
    let mut ppp = connected();
    let address = [&[3, 6][..], &SERVER.octets()].concat();
    give(&mut ppp, protocol::IPCP, code::CONFIGURE_REQUEST, 6, &address);
    assert!(matches!(events(&mut ppp)[..], [PppEvent::Ipv4Down]));
    let sent = frames(&mut ppp);
    let request = sent.iter().find(|f| f.code == code::CONFIGURE_REQUEST).unwrap();
    give(&mut ppp, protocol::IPCP, code::CONFIGURE_NAK, request.identifier, &address);
    let request = frames(&mut ppp).remove(0);
    give(&mut ppp, protocol::IPCP, code::CONFIGURE_ACK, request.identifier, &request.data);
    assert!(matches!(events(&mut ppp)[..], [PppEvent::Ipv4Up { .. }]));
}

#[test]
fn a_silent_ncp_is_named() {
    let mut ppp = projected(caller(), only_ipv4());
    run_out(&mut ppp);
    let failure = PppFailure::NoAnswer { layer: Layer::Ipcp, tries: 10, heard_anything: true };
    assert_eq!(finish(&mut ppp), Some(Some(failure)));
}

#[test]
fn a_peer_that_ignores_ipv6_delays_us_three_seconds_at_most() {
    let mut ppp = opened(caller(), &[]);
    ppp.project(at(10), caller_network());
    let request = frames(&mut ppp).into_iter().find(|f| f.protocol == protocol::IPCP).unwrap();
    let nak = [&[3, 6][..], &CLIENT.octets()].concat();
    give(&mut ppp, protocol::IPCP, code::CONFIGURE_NAK, request.identifier, &nak);
    let request = frames(&mut ppp).remove(0);
    give(&mut ppp, protocol::IPCP, code::CONFIGURE_ACK, request.identifier, &request.data);
    give(&mut ppp, protocol::IPCP, code::CONFIGURE_REQUEST, 1, &[]);
    let settled = |ppp: &mut Ppp| events(ppp).iter().any(|e| matches!(e, PppEvent::NetworkSettled));
    assert!(!settled(&mut ppp));
    ppp.handle_timeout(at(3009));
    assert!(!settled(&mut ppp));
    ppp.handle_timeout(at(3010));
    assert!(settled(&mut ppp));
    run_out(&mut ppp);
    assert_eq!(ppp.phase(), Phase::Network, "IPV6CP fails in the end, and IPv4 goes on");
}

#[test]
fn a_peer_that_assigns_nothing_leaves_us_without_address() {
    let mut ppp = opened(caller(), &[]);
    ppp.project(at(10), only_ipv4());
    let request = frames(&mut ppp).remove(0);
    give(&mut ppp, protocol::IPCP, code::CONFIGURE_ACK, request.identifier, &request.data);
    give(&mut ppp, protocol::IPCP, code::CONFIGURE_REQUEST, 1, &[]);
    run_out(&mut ppp);
    assert_eq!(finish(&mut ppp), Some(Some(PppFailure::NoAddress)));
}

#[test]
fn a_reflected_challenge_is_not_answered() {
    let mut terms = caller();
    terms.accept_methods = vec![Method::ChapMd5];
    terms.demand_methods = vec![Method::ChapMd5];
    let mut ppp = opened(terms, &[3, 5, 0xc2, 0x23, 5]);
    // The challenge left behind the Configure-Ack that `opened` saw; the next one comes by the timer.
    let retry = ppp.poll_timeout().unwrap().at;
    ppp.handle_timeout(retry);
    let challenge = frames(&mut ppp).remove(0);
    assert_eq!((challenge.protocol, challenge.code), (protocol::CHAP, 1));
    give(&mut ppp, protocol::CHAP, 1, 77, &challenge.data);
    assert_eq!(frames(&mut ppp), []);
    let another = [&[16][..], &[9; 16], b"peer"].concat();
    give(&mut ppp, protocol::CHAP, 1, 78, &another);
    assert_eq!(frames(&mut ppp).remove(0).code, 2);
}

#[test]
fn an_identification_is_sent_when_wanted() {
    let mut terms = caller();
    terms.identification = Some("onhook".into());
    let mut ppp = new(terms);
    let ours = frames(&mut ppp).remove(0);
    give(&mut ppp, protocol::LCP, code::CONFIGURE_REQUEST, 1, &MAGIC);
    give(&mut ppp, protocol::LCP, code::CONFIGURE_ACK, ours.identifier, &ours.data);
    let sent = frames(&mut ppp);
    let identification = sent.iter().find(|f| f.code == code::IDENTIFICATION).unwrap();
    assert_eq!(identification.data[4..], *b"onhook");
}

#[test]
fn no_secret_shows_in_debug_output() {
    let ppp = opened(caller(), &[3, 4, 0xc0, 0x23]);
    assert!(!ppp.frames.is_empty() || ppp.proof.is_some());
    let shown = format!("{ppp:?} {:?} {:?} {:?}", caller(), ppp.proof, ppp.lcp);
    assert!(!shown.contains(PASSWORD), "{shown}");
    let octets = format!("{:?}", PASSWORD.as_bytes());
    assert!(!shown.contains(octets.trim_matches(['[', ']'])), "{shown}");
}

#[test]
fn packets_larger_than_the_peer_receives_do_not_pass() {
    let mut ppp = connected();
    let mut sent = 0;
    let mut send = |ppp: &mut Ppp, length: usize| {
        let mut packet = vec![0; length];
        packet[0] = 0x45;
        ppp.send_packet(at(20), &packet, &mut |_, _| sent += 1)
    };
    assert!(send(&mut ppp, 1500));
    assert!(!send(&mut ppp, 1501));
    assert_eq!(sent, 1);
    assert!(!ppp.send_packet(at(20), &[], &mut |_, _| ()));
    assert!(!ppp.send_packet(at(20), &[0x60], &mut |_, _| ()));
}

#[test]
fn an_answerer_gives_its_address_to_whoever_asks() {
    let terms = PppTerms::answerer(Vec::new(), "s".into());
    let mut ppp = projected(terms, answerer_network());
    let asked = [3, 6, 0, 0, 0, 0, 2, 6, 0, 0x2d, 15, 1, 130, 6, 0, 0, 0, 0];
    give(&mut ppp, protocol::IPCP, code::CONFIGURE_REQUEST, 1, &asked);
    let reject = frames(&mut ppp).remove(0);
    assert_eq!((reject.code, &reject.data[..]), (code::CONFIGURE_REJECT, &asked[6..]));
    give(&mut ppp, protocol::IPCP, code::CONFIGURE_REQUEST, 2, &asked[..6]);
    let nak = frames(&mut ppp).remove(0);
    assert_eq!((nak.code, &nak.data[2..]), (code::CONFIGURE_NAK, &CLIENT.octets()[..]));
}

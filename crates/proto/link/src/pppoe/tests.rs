use onhook_base::{Duration, Instant, Seed};
use proptest::prelude::*;
use serde_json::Value;

use super::wire::{Builder, Frame, Tags, code, finish, push_session_header, tag};
use super::{
    BROADCAST, Concentrator, ConcentratorTerms, Pppoe, PppoeFailure, PppoeTerms, Reaction,
    SessionName, Station,
};
use crate::captures::ethernet;
use crate::contract::{EthernetFacts, Farewell, Lane, LaneFacts, Link, LinkEvent, LinkFailure};

const VECTORS: &str = include_str!("../../tests/vectors/pppoe.json");
const NOW: Instant = Instant::ORIGIN;
const HOST: Station = [2, 0, 0, 0, 0, 1];
const SERVER: Station = [2, 0, 0, 0, 0, 2];
const OTHER: Station = [2, 0, 0, 0, 0, 3];

fn hex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap().as_bytes();
    let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    text.chunks(2).map(octet).collect()
}

/// The frame written anew from what was read of it, but for tags that are not ours to know.
fn rewritten(frame: &Frame<'_>) -> Vec<u8> {
    let mut packet = Builder::new(frame.to, frame.from, frame.code, frame.session);
    let mut rest = frame.payload;
    while let Some((head, after)) = rest.split_first_chunk::<4>() {
        let [a, b, c, d] = *head;
        let length = usize::from(u16::from_be_bytes([c, d]));
        packet = packet.tag(u16::from_be_bytes([a, b]), &after[..length]);
        rest = &after[length..];
    }
    packet.finish()
}

#[test]
fn published_discovery_packets_are_read_and_written() {
    let all: Value = serde_json::from_str(VECTORS).unwrap();
    let mut seen = 0;
    for v in all["vectors"].as_array().unwrap().iter().filter(|v| v["ethernet"].is_string()) {
        let bytes = hex(&v["ethernet"]);
        let frame = Frame::parse(&bytes).unwrap();
        if frame.is_session {
            continue;
        }
        let tags = Tags::parse(frame.payload).unwrap();
        if let Some(session) = v["session_id"].as_u64() {
            assert_eq!(u64::from(frame.session), session);
        }
        for pair in v["tags"].as_array().into_iter().flatten() {
            let value = hex(&pair[1]);
            let (text, told) = (String::from_utf8_lossy(&value).into_owned(), Some(value.clone()));
            match pair[0].as_str().unwrap() {
                "Service-Name" => assert!(tags.service_names.contains(&value)),
                "AC-Name" => assert_eq!(tags.ac_name, told),
                "Host-Uniq" => assert_eq!(tags.host_uniq, told),
                "AC-Cookie" => assert_eq!(tags.cookie, told),
                "Generic-Error" => assert_eq!(tags.generic_error, Some(text)),
                other => panic!("{other}"),
            }
        }
        let again = rewritten(&frame);
        assert_eq!(again, bytes[..again.len()], "{}", v["id"]);
        seen += 1;
    }
    assert!(seen > 15, "{seen}");
}

#[test]
fn captured_sessions_are_read_and_written() {
    let captures: [&[u8]; 5] = [
        include_bytes!("../../tests/captures/pppoe-discovery-retries.pcap"),
        include_bytes!("../../tests/captures/pppoe-dual-stack-dhcpv6.cap"),
        include_bytes!("../../tests/captures/pppoe-lab-long.pcap"),
        include_bytes!("../../tests/captures/pppoe-session-two-frames.pcap"),
        include_bytes!("../../tests/captures/pppoe-two-lcp.pcap"),
    ];
    let (mut discovery, mut session) = (0, 0);
    for bytes in captures.iter().flat_map(|capture| ethernet(capture)) {
        let Ok(frame) = Frame::parse(&bytes) else { continue };
        if frame.is_session {
            session += 1;
            let mut again = Vec::new();
            push_session_header(&mut again, frame.to, frame.from, frame.session);
            again.extend_from_slice(frame.payload);
            finish(&mut again);
            assert_eq!(again, bytes[..again.len()]);
        } else {
            discovery += 1;
            let again = rewritten(&frame);
            assert_eq!(again, bytes[..again.len()]);
        }
    }
    assert!(discovery > 15 && session > 100, "{discovery} {session}");
}

/// N-PPPOE-01, accel-ppp (8de9e642), mpd5, NetBSD (CVE-2008-3584), rp-pppoe: tags past the end of a packet.
#[test]
fn n_pppoe_01_a_tag_at_every_place_with_every_length_is_survived() {
    for code in [code::PADI, code::PADO, code::PADR, code::PADS, code::PADT] {
        for kind in [0_u16, 0x0101, 0x0102, 0x0103, 0x0104, 0x0110, 0x0120, 0x0201, 0x0203, 0xffff]
        {
            for length in [0_u16, 1, 2, 3, 100, 0xffff] {
                for (offset, behind) in (0..6).flat_map(|o| [(o, 0), (o, 1), (o, 5)]) {
                    let mut bytes = Builder::new(HOST, SERVER, code, 0).finish();
                    bytes.resize(bytes.len() + offset, 0);
                    bytes.extend_from_slice(&kind.to_be_bytes());
                    bytes.extend_from_slice(&length.to_be_bytes());
                    bytes.resize(bytes.len() + behind, 0xff);
                    finish(&mut bytes);
                    for cut in 0..=4 {
                        let bytes = &bytes[..bytes.len() - cut];
                        let mut waiting = caller(terms("", None), 1500);
                        waiting.handle_lane(NOW, Lane::Control, bytes);
                        let mut server = concentrator(&[], true);
                        let to_server = [&SERVER[..], &HOST, &bytes[12..]].concat();
                        server.handle(NOW, &to_server);
                        assert!(!waiting.events.contains(&LinkEvent::Up));
                    }
                }
            }
        }
    }
}

#[test]
fn padding_is_not_looked_at_and_lies_about_lengths_are_refused() {
    let all: Value = serde_json::from_str(VECTORS).unwrap();
    let padded =
        all["vectors"].as_array().unwrap().iter().find(|v| v["pppoe"].is_string()).unwrap();
    let bytes = [&HOST[..], &SERVER, &[0x88, 0x63], &hex(&padded["pppoe"])].concat();
    let frame = Frame::parse(&bytes).unwrap();
    assert_eq!((frame.code, frame.session, frame.payload.len()), (code::PADT, 0x0881, 0));
    let mut long = Builder::new(HOST, SERVER, code::PADO, 0).tag(tag::AC_NAME, b"x").finish();
    long[19] = 200;
    assert!(Frame::parse(&long).is_err());
    assert!(Tags::parse(&[1, 2, 0, 9, b'x']).is_err(), "a tag past the end");
    assert!(Tags::parse(&[0; 4 * 100][4..]).is_ok(), "the end of the list ends it");
    assert!(Tags::parse(&[1, 1, 0, 0].repeat(100)).is_err(), "no list goes on for ever");
}

fn facts(mtu: u32) -> LaneFacts {
    let ethernet = Some(EthernetFacts { address: HOST, mtu });
    LaneFacts { ethernet, ..LaneFacts::default() }
}

fn terms(service: &str, concentrator: Option<&str>) -> PppoeTerms {
    PppoeTerms { service: service.to_owned(), concentrator: concentrator.map(str::to_owned) }
}

fn concentrator(services: &[&str], jumbo: bool) -> Concentrator {
    let terms = ConcentratorTerms {
        name: "peer-ac".to_owned(),
        services: services.iter().map(|s| (*s).to_owned()).collect(),
        address: SERVER,
        jumbo,
    };
    Concentrator::new(terms, &Seed::from_number(3))
}

fn caller(terms: PppoeTerms, mtu: u32) -> Pppoe {
    let mut caller = Pppoe::caller(terms, &Seed::from_number(1));
    caller.open(NOW, &facts(mtu));
    caller
}

fn sent(link: &mut Pppoe) -> Vec<Vec<u8>> {
    let (mut bytes, mut all) = (Vec::new(), Vec::new());
    while link.poll_transmit(&mut bytes).is_some() {
        all.push(bytes.clone());
    }
    all
}

fn events(link: &mut Pppoe) -> Vec<LinkEvent> {
    std::iter::from_fn(|| link.poll_event()).collect()
}

/// Lets both talk until nobody says anything; the session that began, and how many packets it took.
fn settle(caller: &mut Pppoe, server: &mut Concentrator) -> (Option<SessionName>, usize) {
    let (mut begun, mut count) = (None, 0);
    loop {
        let packets = sent(caller);
        if packets.is_empty() {
            return (begun, count);
        }
        for packet in packets {
            count += 1;
            let reply = match server.handle(NOW, &packet) {
                Reaction::Nothing | Reaction::End(_) => continue,
                Reaction::Reply(reply) => reply,
                Reaction::Begin(name, reply) => {
                    begun = Some(name);
                    reply
                }
            };
            count += 1;
            caller.handle_lane(NOW, Lane::Control, &reply);
        }
    }
}

fn up() -> (Pppoe, Pppoe) {
    let (mut caller, mut server) = (caller(terms("", None), 1500), concentrator(&[], false));
    let (begun, count) = settle(&mut caller, &mut server);
    assert_eq!((events(&mut caller), count), (vec![LinkEvent::Up], 4), "two round trips");
    let mut answerer = Pppoe::answerer(begun.unwrap(), 1492);
    answerer.open(NOW, &LaneFacts::default());
    assert_eq!(events(&mut answerer), [LinkEvent::Up]);
    (caller, answerer)
}

fn pass(from: &mut Pppoe, to: &mut Pppoe) -> Vec<Vec<u8>> {
    let mut got = Vec::new();
    for packet in sent(from) {
        to.handle_lane(NOW, Lane::Control, &packet);
        while let Some(frame) = to.poll_frame(NOW) {
            got.push(frame.to_vec());
        }
    }
    got
}

#[test]
fn frames_pass_both_ways_and_either_end_says_goodbye() {
    for who in 0..2 {
        let (mut a, mut b) = up();
        a.send_frame(NOW, 0xc021, b"one");
        b.send_frame(NOW, 0x0021, b"two");
        assert_eq!(pass(&mut a, &mut b), [b"\xc0\x21one".to_vec()]);
        assert_eq!(pass(&mut b, &mut a), [b"\x00\x21two".to_vec()]);
        let (first, second) = if who == 0 { (&mut a, &mut b) } else { (&mut b, &mut a) };
        first.close(NOW, Farewell::Ordinary);
        assert_eq!(events(first), [LinkEvent::Closed]);
        pass(first, second);
        let gone = LinkEvent::Down(PppoeFailure::Terminated(String::new()).into());
        assert_eq!(events(second), [gone, LinkEvent::Closed]);
        // After it nothing passes, not even an answer.
        second.send_frame(NOW, 0xc021, b"late");
        second.close(NOW, Farewell::Ordinary);
        assert!(sent(second).is_empty() && sent(first).is_empty());
        assert!(first.poll_timeout().is_none() && second.poll_timeout().is_none());
    }
}

/// A caller that has asked for a session, and what the concentrator answers.
fn asked() -> (Pppoe, SessionName, Vec<u8>) {
    let (mut caller, mut server) = (caller(terms("", None), 1500), concentrator(&[], false));
    let [discovery] = sent(&mut caller).try_into().unwrap();
    let Reaction::Reply(offer) = server.handle(NOW, &discovery) else { panic!("no offer") };
    caller.handle_lane(NOW, Lane::Control, &offer);
    let [request] = sent(&mut caller).try_into().unwrap();
    let Reaction::Begin(name, answer) = server.handle(NOW, &request) else { panic!("no session") };
    (caller, name, answer)
}

#[test]
fn who_leaves_while_a_session_is_asked_for_ends_it_when_it_has_a_number() {
    let (mut caller, name, answer) = asked();
    caller.close(NOW, Farewell::Ordinary);
    assert!(events(&mut caller).is_empty(), "the number is still to come");
    caller.handle_lane(NOW, Lane::Control, &answer);
    assert_eq!(events(&mut caller), [LinkEvent::Closed]);
    let [end] = sent(&mut caller).try_into().unwrap();
    let mut answerer = Pppoe::answerer(name, 1492);
    answerer.open(NOW, &LaneFacts::default());
    answerer.handle_lane(NOW, Lane::Control, &end);
    let gone = LinkEvent::Down(PppoeFailure::Terminated(String::new()).into());
    assert_eq!(events(&mut answerer), [LinkEvent::Up, gone, LinkEvent::Closed]);
}

#[test]
fn a_number_that_does_not_come_is_waited_for_half_a_second_and_not_by_who_has_failed() {
    let (mut caller, _, answer) = asked();
    caller.close(NOW, Farewell::Ordinary);
    let until = caller.poll_timeout().unwrap().at;
    assert_eq!(until, NOW + Duration::from_millis(500));
    caller.handle_timeout(until);
    assert_eq!(events(&mut caller), [LinkEvent::Closed]);
    caller.handle_lane(until, Lane::Control, &answer);
    assert!(sent(&mut caller).is_empty() && events(&mut caller).is_empty());

    let (mut caller, ..) = asked();
    caller.close(NOW, Farewell::Ordinary);
    caller.close(NOW, Farewell::Ordinary);
    assert!(events(&mut caller).is_empty());
    caller.close(NOW, Farewell::Aborted);
    assert_eq!(events(&mut caller), [LinkEvent::Closed]);
}

#[test]
fn only_what_was_asked_for_is_taken() {
    let mut server = concentrator(&["onhook", "guests"], false);
    for (asked, comes_up) in [
        (terms("onhook", None), true),
        (terms("guests", Some("peer-ac")), true),
        (terms("onhook", Some("another")), false),
        (terms("premium", None), false),
    ] {
        let mut caller = caller(asked.clone(), 1500);
        settle(&mut caller, &mut server);
        assert_eq!(!events(&mut caller).is_empty(), comes_up, "{asked:?}");
    }
}

#[test]
fn who_answers_nothing_is_asked_four_times_and_given_up() {
    let mut caller = caller(terms("", None), 1500);
    let mut count = 0;
    while let Some(deadline) = caller.poll_timeout() {
        count += sent(&mut caller).len();
        caller.handle_timeout(deadline.at);
        assert!(deadline.at <= NOW + Duration::from_secs(15));
    }
    assert_eq!(count, 4);
    let failure = PppoeFailure::NoConcentrator { others: false };
    assert_eq!(events(&mut caller), [LinkEvent::Down(failure.into()), LinkEvent::Closed]);
}

#[test]
fn the_concentrators_errors_are_told_in_its_words() {
    let mut server = concentrator(&[], false);
    for (kind, expected) in [
        (tag::SERVICE_NAME_ERROR, PppoeFailure::ServiceRefused("no".to_owned())),
        (tag::AC_SYSTEM_ERROR, PppoeFailure::SystemError("no".to_owned())),
        (tag::GENERIC_ERROR, PppoeFailure::Refused("no".to_owned())),
    ] {
        let mut caller = caller(terms("", None), 1500);
        let Reaction::Reply(offer) = server.handle(NOW, &sent(&mut caller)[0]) else { panic!() };
        caller.handle_lane(NOW, Lane::Control, &offer);
        let request = sent(&mut caller).remove(0);
        let unique =
            Tags::parse(Frame::parse(&request).unwrap().payload).unwrap().host_uniq.unwrap();
        let refusal = Builder::new(HOST, SERVER, code::PADS, 0)
            .tag(tag::HOST_UNIQ, &unique)
            .tag(kind, b"no")
            .finish();
        caller.handle_lane(NOW, Lane::Control, &refusal);
        assert_eq!(events(&mut caller)[0], LinkEvent::Down(LinkFailure::Pppoe(expected)));
    }
}

#[test]
fn a_request_without_the_offers_cookie_begins_nothing_and_a_repeated_one_begins_one() {
    let (mut caller, mut server) = (caller(terms("", None), 1500), concentrator(&[], false));
    let Reaction::Reply(offer) = server.handle(NOW, &sent(&mut caller)[0]) else { panic!() };
    caller.handle_lane(NOW, Lane::Control, &offer);
    let request = sent(&mut caller).remove(0);
    let mut forged = request.clone();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(server.handle(NOW, &forged), Reaction::Nothing);
    let stolen = [&SERVER[..], &OTHER, &request[12..]].concat();
    assert_eq!(server.handle(NOW, &stolen), Reaction::Nothing);
    assert_eq!(server.handle(NOW + Duration::from_secs(180), &request), Reaction::Nothing);
    let Reaction::Begin(name, first) = server.handle(NOW, &request) else { panic!() };
    assert_eq!(server.handle(NOW, &request), Reaction::Reply(first));
    server.end(name.session);
    let Reaction::Begin(next, _) = server.handle(NOW, &request) else { panic!() };
    assert_ne!(next.session, name.session, "no number is given twice in a row");
}

#[test]
fn the_whole_of_ethernet_is_used_where_both_can() {
    for (wire, server_can, mtu) in [(1508, true, 1500), (1508, false, 1492), (1500, true, 1492)] {
        let mut caller = caller(terms("", None), wire);
        settle(&mut caller, &mut concentrator(&[], server_can));
        assert_eq!(caller.facts().mtu, mtu, "{wire} {server_can}");
    }
}

/// N-PPPOE-02, BNG Blaster (#348): the end of another session, or another station's, was taken for ours.
#[test]
fn n_pppoe_02_a_strangers_frames_and_ends_change_nothing() {
    let (mut a, _) = up();
    let name = a.name();
    for from in [(OTHER, name.session), (SERVER, name.session ^ 1)] {
        let bye = SessionName { ours: from.0, theirs: HOST, session: from.1 }.terminate();
        a.handle_lane(NOW, Lane::Control, &bye);
        let mut data = Vec::new();
        push_session_header(&mut data, HOST, from.0, from.1);
        data.extend_from_slice(b"\xc0\x21x");
        finish(&mut data);
        a.handle_lane(NOW, Lane::Control, &data);
    }
    assert!(a.poll_frame(NOW).is_none());
    assert_eq!((events(&mut a), a.dropped()), (vec![], 4));
    // Who goes on with a session that is not there is told; that of the same number elsewhere is another.
    let told = [(OTHER, name.session), (SERVER, name.session ^ 1)]
        .map(|(theirs, session)| SessionName { ours: HOST, theirs, session }.terminate());
    assert_eq!(sent(&mut a), told);
    // A second session from a repeated request is ended at once; the first stays.
    let second = Builder::new(HOST, SERVER, code::PADS, name.session ^ 1)
        .tag(tag::HOST_UNIQ, &a.unique.clone())
        .finish();
    a.handle_lane(NOW, Lane::Control, &second);
    let ended = SessionName { session: name.session ^ 1, ..name }.terminate();
    assert_eq!(sent(&mut a), [ended]);
}

#[test]
fn a_flood_of_requests_is_not_answered_without_end() {
    let mut server = concentrator(&[], false);
    let request = Builder::new(BROADCAST, HOST, code::PADI, 0).tag(tag::SERVICE_NAME, b"").finish();
    let replies = |server: &mut Concentrator, at: Instant| {
        (0..5000).filter(|_| server.handle(at, &request) != Reaction::Nothing).count()
    };
    assert_eq!(replies(&mut server, NOW), 1000);
    assert_eq!(replies(&mut server, NOW + Duration::from_secs(1)), 1000);
}

proptest! {
    #[test]
    fn no_frame_makes_either_end_stumble(
        frames in proptest::collection::vec(
            (proptest::collection::vec(any::<u8>(), 0..80), 0_u8..4, any::<bool>()), 0..20),
    ) {
        let (mut a, _) = up();
        let mut server = concentrator(&["x"], true);
        let mut waiting = caller(terms("", None), 1508);
        for (octets, kind, is_known) in frames {
            let (to, session) = if is_known { (HOST, a.name().session) } else { (BROADCAST, 0) };
            let code = [code::PADO, code::PADS, code::PADT, code::PADR][usize::from(kind)];
            let mut bytes = Builder::new(to, SERVER, code, session).finish();
            bytes.extend_from_slice(&octets);
            finish(&mut bytes);
            for link in [&mut a, &mut waiting] {
                link.handle_lane(NOW, Lane::Control, &bytes);
                link.handle_lane(NOW, Lane::Control, &octets);
                while link.poll_frame(NOW).is_some() {}
            }
            server.handle(NOW, &bytes);
            server.handle(NOW, &octets);
        }
    }
}

/// A frame of PPP, as somebody sends it who believes in this session.
fn believed(from: Station, to: Station, session: u16) -> Vec<u8> {
    let mut frame = Vec::new();
    push_session_header(&mut frame, to, from, session);
    frame.extend_from_slice(b"\xc0\x21echo");
    finish(&mut frame);
    frame
}

/// RFC 2516 §5.5: who goes on with a session that is over, or that a killed process has left, is told.
#[test]
fn a_stale_session_seen_again_is_ended_by_a_caller() {
    let end = |theirs, session| SessionName { ours: HOST, theirs, session }.terminate();
    let give = |link: &mut Pppoe, now, frame: &[u8]| {
        link.handle_lane(now, Lane::Control, frame);
        assert!(link.poll_frame(now).is_none());
        sent(link)
    };
    let second = NOW + Duration::from_secs(1);

    // While it looks for a concentrator, whoever it is.
    let mut asking = caller(terms("", None), 1500);
    let mut server = concentrator(&[], false);
    let initiation = sent(&mut asking).remove(0);
    let stale = believed(SERVER, HOST, 0x77);
    assert_eq!(give(&mut asking, NOW, &stale), [end(SERVER, 0x77)]);
    assert_eq!(give(&mut asking, NOW, &stale), [] as [Vec<u8>; 0], "not twice in a second");
    assert_eq!(give(&mut asking, second, &stale), [end(SERVER, 0x77)]);

    // While it waits for its number, what comes from that concentrator may be of the new session.
    let Reaction::Reply(offer) = server.handle(NOW, &initiation) else { panic!() };
    asking.handle_lane(second, Lane::Control, &offer);
    let request = sent(&mut asking).remove(0);
    assert_eq!(give(&mut asking, second, &believed(SERVER, HOST, 0x78)), [] as [Vec<u8>; 0]);
    assert_eq!(give(&mut asking, second, &believed(OTHER, HOST, 0x78)), [end(OTHER, 0x78)]);

    // While it has a session: any other. Its own frames pass.
    let Reaction::Begin(name, reply) = server.handle(NOW, &request) else { panic!() };
    asking.handle_lane(second, Lane::Control, &reply);
    assert_eq!(events(&mut asking), [LinkEvent::Up]);
    let other = if name.session == 0x79 { 0x80 } else { 0x79 };
    assert_eq!(give(&mut asking, second, &believed(SERVER, HOST, other)), [end(SERVER, other)]);
    asking.handle_lane(second, Lane::Control, &believed(SERVER, HOST, name.session));
    assert_eq!(asking.poll_frame(second).unwrap(), b"\xc0\x21echo");

    // Not for others' frames, nor groups, nor numbers that no session has; and not after the end.
    for frame in [
        believed(SERVER, OTHER, 5),
        believed(SERVER, BROADCAST, 5),
        believed([3, 0, 0, 0, 0, 9], HOST, 5),
        believed(SERVER, HOST, 0),
        believed(SERVER, HOST, 0xffff),
    ] {
        assert_eq!(give(&mut asking, second, &frame), [] as [Vec<u8>; 0]);
    }
    asking.close(second, Farewell::Ordinary);
    sent(&mut asking);
    assert_eq!(give(&mut asking, second, &believed(SERVER, HOST, 6)), [] as [Vec<u8>; 0]);
}

#[test]
fn a_stale_session_seen_again_is_ended_by_a_concentrator_and_no_flood_is_answered() {
    let mut server = concentrator(&[], false);
    let end = SessionName { ours: SERVER, theirs: HOST, session: 9 }.terminate();
    let stale = believed(HOST, SERVER, 9);
    assert_eq!(server.handle(NOW, &stale), Reaction::End(end.clone()));
    assert_eq!(server.handle(NOW, &stale), Reaction::Nothing, "not twice in a second");
    assert_eq!(server.handle(NOW + Duration::from_secs(1), &stale), Reaction::End(end));
    assert_eq!(server.handle(NOW, &believed(HOST, OTHER, 9)), Reaction::Nothing, "another's");
    let ended = SessionName { ours: HOST, theirs: SERVER, session: 9 }.terminate();
    assert_eq!(server.handle(NOW, &ended), Reaction::Nothing, "an end has no answer");
    let mut server = concentrator(&[], false);
    let told =
        (1..1000).filter(|n| server.handle(NOW, &believed(HOST, SERVER, *n)) != Reaction::Nothing);
    assert_eq!(told.count(), 64);
}

//! Who asks: repetitions, identifiers and servers, under a pretended clock.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use onhook_base::{Duration, Instant, Secret, Seed};
use onhook_crypto::radius::hide_key;

use crate::client::{Client, ClientTerms, MOST_ASKED, Purpose, Server, Ticket, Unanswered};
use crate::reply::{Answer, Reply};
use crate::wire::{Attributes, Packet, Signature, attribute, code, microsoft};

pub(super) const SECRET: &[u8] = b"a shared secret";

pub(super) fn address(last: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], 1812))
}

pub(super) fn client_of(purpose: Purpose, servers: u8, trusts_unsigned: bool) -> Client {
    let server = |last| Server { address: address(last), secret: Secret::new(SECRET.to_vec()) };
    let servers = (1..=servers).map(server).collect();
    let terms = ClientTerms { purpose, servers, trusts_unsigned };
    Client::new(terms, Seed::from_number(3).chance())
}

fn client(servers: u8) -> Client {
    client_of(Purpose::Access, servers, false)
}

pub(super) fn about(user: &str) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.text(attribute::USER_NAME, user);
    attributes
}

/// What is sent until nothing is asked any more: when, to whom, what.
fn play(client: &mut Client, now: &mut Instant) -> Vec<(Instant, SocketAddr, Vec<u8>)> {
    let mut said = Vec::new();
    loop {
        while let Some((to, packet)) = client.poll_transmit() {
            said.push((*now, to, packet.expose().clone()));
        }
        let Some(deadline) = client.poll_timeout() else { return said };
        assert!(deadline.at >= *now);
        *now = deadline.at;
        client.handle_timeout(*now);
    }
}

/// A server's answer to a request.
pub(super) fn answer(request: &[u8], code: u8, attributes: &Attributes) -> Vec<u8> {
    let request = Packet::parse(request).unwrap();
    attributes.answer(code, request.identifier, &request.authenticator, SECRET)
}

/// The same without a Message-Authenticator.
pub(super) fn unsigned(request: &[u8], code: u8, pairs: &[(u8, &[u8])]) -> Vec<u8> {
    let request = Packet::parse(request).unwrap();
    let mut packet = vec![code, request.identifier, 0, 0];
    packet.extend(request.authenticator);
    for (kind, value) in pairs {
        packet.extend([*kind, u8::try_from(value.len() + 2).unwrap()]);
        packet.extend(*value);
    }
    let length = u16::try_from(packet.len()).unwrap();
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    let proof = onhook_crypto::radius::authenticator(&[&packet], SECRET);
    packet[4..20].copy_from_slice(&proof);
    packet
}

fn sent(client: &mut Client) -> Vec<u8> {
    client.poll_transmit().unwrap().1.expose().clone()
}

fn outcome(client: &mut Client) -> (Ticket, Result<Answer, Unanswered>) {
    client.poll_answer().unwrap()
}

#[test]
fn a_request_is_repeated_octet_by_octet_and_then_another_server_is_asked_anew() {
    let mut client = client(2);
    let (start, mut now) = (Instant::from_nanos(5), Instant::from_nanos(5));
    let ticket = client.ask(now, about("alice"), None).unwrap();
    let said = play(&mut client, &mut now);
    let whom: Vec<_> = said.iter().map(|(_, to, _)| *to).collect();
    assert_eq!(whom, [[address(1); 3], [address(2); 3]].concat());
    assert_eq!(said[0].2, said[1].2);
    assert_eq!(said[0].2, said[2].2);
    let authenticator = |at: usize| Packet::parse(&said[at].2).unwrap().authenticator;
    assert_ne!(authenticator(0), authenticator(3), "a new request has a new authenticator");
    for (at, about) in [(1, 1_000), (2, 3_000), (3, 6_000), (4, 7_000), (5, 9_000)] {
        let ms = u64::try_from(said[at].0.since(start).as_millis()).unwrap();
        assert!(ms.abs_diff(about) <= about / 10, "{at}: after {ms} ms");
    }
    let (of, result) = outcome(&mut client);
    assert_eq!((of, result.unwrap_err()), (ticket, Unanswered::Silence));
    assert!(now.since(start) < Duration::from_secs(14), "a bounded refusal: {now}");
    assert_eq!(client.asked(), 0);
}

#[test]
fn four_silent_servers_are_given_up_before_the_caller_gives_up() {
    let mut client = client(4);
    let mut now = Instant::ORIGIN;
    client.ask(now, about("alice"), None).unwrap();
    play(&mut client, &mut now);
    assert!(now.since(Instant::ORIGIN) <= Duration::from_secs(25));
    assert_eq!(outcome(&mut client).1.unwrap_err(), Unanswered::Silence);
}

#[test]
fn a_server_that_was_silent_is_asked_last_until_it_has_rested() {
    let mut client = client(2);
    let mut now = Instant::ORIGIN;
    client.ask(now, about("alice"), None).unwrap();
    while client.poll_transmit().is_none_or(|(to, _)| to == address(1)) {
        now = client.poll_timeout().unwrap().at;
        client.handle_timeout(now);
    }
    client.ask(now, about("bob"), None).unwrap();
    assert_eq!(client.poll_transmit().unwrap().0, address(2), "the first one rests");
    now += Duration::from_secs(61);
    client.ask(now, about("carol"), None).unwrap();
    assert_eq!(client.poll_transmit().unwrap().0, address(1));
}

#[test]
fn an_answer_ends_the_request_and_frees_its_identifier() {
    let mut client = client(1);
    let ticket = client.ask(Instant::ORIGIN, about("alice"), None).unwrap();
    let request = sent(&mut client);
    let packet = Packet::parse(&request).unwrap();
    assert_eq!(packet.attributes().next().unwrap().0, attribute::MESSAGE_AUTHENTICATOR);
    assert_eq!(packet.signature(&packet.authenticator, SECRET), Signature::Good);
    let mut grant = Attributes::default();
    grant.number(attribute::FRAMED_IP_ADDRESS, 0x0a01_0203);
    grant.number(attribute::SESSION_TIMEOUT, 3600);
    grant.number(attribute::ACCT_INTERIM_INTERVAL, 5);
    grant.octets(attribute::CLASS, b"gold");
    grant.microsoft(microsoft::PRIMARY_DNS_SERVER, &[192, 0, 2, 53]);
    grant.microsoft(microsoft::CHAP2_SUCCESS, b"\x07S=0123");
    for (kind, key) in [(microsoft::MPPE_SEND_KEY, 1), (microsoft::MPPE_RECV_KEY, 2)] {
        let hidden = hide_key(SECRET, &packet.authenticator, [0x80, key], &[key; 16]);
        grant.microsoft(kind, &[&[0x80, key][..], &hidden].concat());
    }
    let datagram = answer(&request, code::ACCESS_ACCEPT, &grant);
    client.handle_datagram(Instant::ORIGIN, address(1), &datagram);
    let (of, result) = outcome(&mut client);
    assert_eq!(of, ticket);
    let Reply::Accept(grant) = result.unwrap().read() else { panic!("an accept was expected") };
    assert_eq!(grant.address.unwrap().to_string(), "10.1.2.3");
    assert_eq!(grant.session, Some(Duration::from_secs(3600)));
    assert_eq!(grant.interim, Some(Duration::from_secs(60)), "not more often than once a minute");
    assert_eq!(grant.classes, [b"gold".to_vec()]);
    assert_eq!(grant.dns[0].to_string(), "192.0.2.53");
    assert_eq!(grant.ms_chap2_success.as_deref(), Some("S=0123"));
    let keys = grant.keys.unwrap();
    assert_eq!(
        (keys.send.expose()[..] == [1; 16], keys.receive.expose()[..] == [2; 16]),
        (true, true)
    );
    assert_eq!((client.asked(), client.poll_timeout()), (0, None));
    client.handle_datagram(Instant::ORIGIN, address(1), &datagram);
    assert!(client.poll_answer().is_none(), "the same once more answers nothing");
}

#[test]
fn what_a_request_went_on_with_is_asked_of_the_same_server_alone() {
    let mut client = client(3);
    let mut now = Instant::ORIGIN;
    client.ask(now, about("alice"), Some(1)).unwrap();
    let said = play(&mut client, &mut now);
    assert!(said.iter().all(|(_, to, _)| *to == address(2)), "{said:?}");
    assert_eq!(outcome(&mut client).1.unwrap_err(), Unanswered::Silence);
}

#[test]
fn no_two_requests_that_wait_bear_one_identifier_and_the_others_have_their_turn() {
    let mut client = client(1);
    let now = Instant::ORIGIN;
    for n in 0..600 {
        client.ask(now, about(&n.to_string()), None).unwrap();
    }
    let mut answered = 0;
    while answered < 600 {
        let mut borne = BTreeSet::new();
        let requests: Vec<_> = std::iter::from_fn(|| client.poll_transmit())
            .map(|(_, p)| p.expose().clone())
            .collect();
        assert!(!requests.is_empty(), "{answered} were answered");
        for request in &requests {
            assert!(borne.insert(request[1]), "identifier {} twice", request[1]);
        }
        for request in requests {
            let accept = answer(&request, code::ACCESS_ACCEPT, &Attributes::default());
            client.handle_datagram(now, address(1), &accept);
            answered += 1;
        }
    }
    let all: BTreeSet<_> = std::iter::from_fn(|| client.poll_answer())
        .map(|(ticket, result)| (ticket, result.is_ok()))
        .collect();
    assert_eq!(all.len(), 600);
    assert!(all.iter().all(|(_, is_ok)| *is_ok));
}

#[test]
fn who_waits_for_a_silent_servers_identifier_asks_another() {
    let mut client = client(2);
    let mut now = Instant::ORIGIN;
    for n in 0..400 {
        client.ask(now, about(&n.to_string()), None).unwrap();
    }
    let mut of_the_second = 0;
    while of_the_second < 400 {
        while let Some((to, packet)) = client.poll_transmit() {
            if to == address(2) {
                of_the_second += 1;
                let accept = answer(packet.expose(), code::ACCESS_ACCEPT, &Attributes::default());
                client.handle_datagram(now, to, &accept);
            }
        }
        let Some(deadline) = client.poll_timeout() else { break };
        now = deadline.at;
        client.handle_timeout(now);
    }
    assert_eq!(of_the_second, 400);
    assert!(now.since(Instant::ORIGIN) < Duration::from_secs(8), "{now}");
}

#[test]
fn there_is_a_bound_on_what_may_be_asked_and_calling_off_makes_room() {
    let mut client = client(1);
    let tickets: Vec<_> =
        (0..MOST_ASKED + 1).map_while(|_| client.ask(Instant::ORIGIN, about("x"), None)).collect();
    assert_eq!(tickets.len(), MOST_ASKED);
    for ticket in tickets {
        client.call_off(Instant::ORIGIN, ticket);
    }
    assert_eq!((client.asked(), client.poll_timeout()), (0, None));
    assert!(client.ask(Instant::ORIGIN, about("x"), None).is_some());
}

#[test]
fn without_a_server_the_answer_is_there_at_once() {
    let mut client = client(0);
    client.ask(Instant::ORIGIN, about("alice"), None).unwrap();
    assert_eq!(outcome(&mut client).1.unwrap_err(), Unanswered::NoServer);
}

#[test]
fn an_account_is_brought_to_everybody_in_turn_for_five_minutes() {
    let mut client = client_of(Purpose::Accounting, 2, false);
    let mut now = Instant::ORIGIN;
    client.ask(now, about("alice"), None).unwrap();
    let said = play(&mut client, &mut now);
    assert!(said.iter().all(|(_, _, packet)| Packet::parse(packet).unwrap().proves_itself(SECRET)));
    assert!(said.iter().filter(|(_, to, _)| *to == address(1)).count() > 20);
    assert!(said.iter().filter(|(_, to, _)| *to == address(2)).count() > 20);
    assert_eq!(now.since(Instant::ORIGIN), Duration::from_secs(300));
    assert_eq!(outcome(&mut client).1.unwrap_err(), Unanswered::Silence);
}

//! N-MTU-01 (CVE-2013-7098, openconnect: a receive unit that had grown at a reconnection met a buffer
//! that had not): a peer's MRU goes up and down while packets pass.

use std::net::Ipv4Addr;

use onhook_base::{Instant, Seed};
use onhook_hostile::packet;
use onhook_ppp::control::wire::code;
use onhook_ppp::wire::protocol;
use onhook_ppp::{Ipv4Terms, NetworkTerms, Ppp, PppEvent, PppTerms};

const NOW: Instant = Instant::ORIGIN;

/// An IPv4 header whose length tells the whole packet.
fn ipv4(length: usize) -> Vec<u8> {
    let mut packet = vec![0; length];
    packet[0] = 0x45;
    let [high, low] = u16::try_from(length).expect("it fits").to_be_bytes();
    (packet[2], packet[3]) = (high, low);
    packet
}

fn terms(is_caller: bool) -> PppTerms {
    match is_caller {
        true => PppTerms::caller(Vec::new(), None),
        false => PppTerms::answerer(Vec::new(), "server".into()),
    }
}

fn network() -> NetworkTerms {
    let local = Some(Ipv4Addr::new(192, 0, 2, 1));
    NetworkTerms { ipv4: Some(Ipv4Terms { local, ..Ipv4Terms::default() }), ipv6: None }
}

/// A peer that receives so much negotiates from the beginning; whether it was agreed to.
fn negotiate(ppp: &mut Ppp, id: u8, mru: u16) -> bool {
    let [high, low] = mru.to_be_bytes();
    let lcp = [1, 4, high, low, 5, 6, id, 8, 7, 6];
    let mut heard = vec![packet(protocol::LCP, code::CONFIGURE_REQUEST, id, &lcp)];
    let (mut taken, mut asked) = (false, false);
    while let Some(mut frame) = heard.pop() {
        ppp.handle_frame(NOW, &mut frame);
        while let Some(event) = ppp.poll_event() {
            if matches!(event, PppEvent::Authenticated { .. }) {
                ppp.project(NOW, network());
            }
        }
        let mut said = Vec::new();
        while let Some(number) = ppp.poll_frame(&mut said) {
            let (what, whose, data) = (said[0], said[1], said[4..].to_vec());
            taken |= (number, what) == (protocol::LCP, code::CONFIGURE_ACK);
            if what == code::CONFIGURE_REQUEST {
                heard.push(packet(number, code::CONFIGURE_ACK, whose, &data));
            }
            if number == protocol::IPCP && !asked {
                asked = true;
                let ipcp = [3, 6, 192, 0, 2, 9];
                heard.push(packet(number, code::CONFIGURE_REQUEST, id, &ipcp));
            }
        }
    }
    taken
}

#[test]
fn no_packet_is_ever_longer_than_what_the_peer_receives_now() {
    for is_caller in [true, false] {
        let mut ppp = Ppp::new(terms(is_caller), &Seed::from_number(1));
        ppp.open(NOW);
        ppp.lower_up(NOW);
        for (id, mru) in (1..).zip([1500, 576, 1500, 128, 1400, 65_535, 1500, 200_u16]) {
            assert!(negotiate(&mut ppp, id, mru), "an MRU of {mru} is agreed to");
            for length in [20, 128, 129, 200, 201, 576, 577, 1400, 1401, 1500, 1501, 65_535] {
                let mut sent = 0;
                let mut send = |_, information: &[u8]| sent = information.len();
                let fits = ppp.send_packet(NOW, &ipv4(length), &mut send);
                let most = usize::from(mru.min(1500));
                assert_eq!(fits, length <= most, "{length} octets with MRU {mru}");
                assert!(sent <= most);
            }
        }
    }
}

/// An MRU in which nothing of use fits is not agreed to.
#[test]
fn a_tiny_unit_is_refused() {
    let mut ppp = Ppp::new(terms(false), &Seed::from_number(1));
    ppp.open(NOW);
    ppp.lower_up(NOW);
    for mru in [0, 1, 64, 127] {
        assert!(!negotiate(&mut ppp, 9, mru), "{mru}");
    }
}

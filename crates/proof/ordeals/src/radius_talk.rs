//! A RADIUS client and the server of orders, before servers that say what the input says: proved, bent,
//! repeated, or nothing.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use onhook_base::{Duration, Instant, Secret, Seed};
use onhook_radius::client::{Client, ClientTerms, MOST_ASKED, Purpose, Server};
use onhook_radius::orders::{Commander, Orders, Refusal};
use onhook_radius::wire::{Attributes, LONGEST, Packet, attribute, code};

use crate::input::{Input, START};

const SECRET: &[u8] = b"looking-glass";
const WALL: u64 = 1_700_000_000;

fn server(last: u8) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::new(192, 0, 2, last), 1812))
}

/// The input's octets as attributes.
fn attributes_of(piece: &[u8]) -> Attributes {
    let mut attributes = Attributes::default();
    for part in piece.chunks(11) {
        if let Some((kind, value)) = part.split_first() {
            attributes.octets(*kind, value);
        }
    }
    attributes
}

fn subjects(kind: u8) -> (Client, Orders) {
    let servers = (0..kind & 3)
        .map(|last| Server { address: server(last), secret: Secret::new(SECRET.to_vec()) });
    let purpose = if kind & 4 == 0 { Purpose::Access } else { Purpose::Accounting };
    let terms = ClientTerms { purpose, servers: servers.collect(), trusts_unsigned: kind & 8 != 0 };
    let client = Client::new(terms, Seed::from_number(kind.into()).chance());
    let commander = Commander {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        secret: Secret::new(SECRET.to_vec()),
    };
    let orders = Orders::new(vec![commander], "nas".to_owned());
    (client, orders)
}

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let kind = input.byte();
    let (mut client, mut orders) = subjects(kind);
    let (mut now, mut asked, mut answered) = (START, 0, 0);
    let mut last: Option<(SocketAddr, Vec<u8>)> = None;
    while !input.is_empty() {
        match input.byte() {
            0..=59 => {
                let of = Some(usize::from(input.byte())).filter(|of| of & 1 == 1);
                asked += usize::from(client.ask(now, attributes_of(input.piece()), of).is_some());
            }
            60..=119 => {
                // The answer that would count, with what the input wants in it.
                let Some((to, request)) = last.clone() else { continue };
                let Ok(request) = Packet::parse(&request) else { continue };
                let code = input.byte() % 12;
                let attributes = attributes_of(input.piece());
                let answer =
                    attributes.answer(code, request.identifier, &request.authenticator, SECRET);
                client.handle_datagram(now, to, &answer);
                client.handle_datagram(now, to, &answer);
            }
            120..=149 => {
                let from = server(input.byte() & 3);
                client.handle_datagram(now, from, input.piece());
            }
            150..=179 => {
                now += Duration::from_millis(u64::from(input.byte()) * 50);
                client.handle_timeout(now);
            }
            180..=209 => {
                let code = if input.byte() & 1 == 0 {
                    code::DISCONNECT_REQUEST
                } else {
                    code::COA_REQUEST
                };
                let order = attributes_of(input.piece()).report(code, input.byte(), SECRET);
                let from = SocketAddr::from((Ipv4Addr::LOCALHOST, 40_000));
                orders.handle_datagram(now, WALL, from, &order);
            }
            210..=229 => {
                let from = SocketAddr::from((Ipv4Addr::LOCALHOST, 40_000));
                orders.handle_datagram(now, WALL, from, input.piece());
            }
            _ => {
                if let Some((id, _)) = orders.poll_order() {
                    orders.answer(now, id, Err(Refusal::SessionContextNotFound));
                }
            }
        }
        while let Some((to, packet)) = client.poll_transmit() {
            let packet = packet.expose().clone();
            assert!(packet.len() <= LONGEST && Packet::parse(&packet).is_ok());
            last = Some((to, packet));
        }
        while let Some((_, packet)) = orders.poll_transmit() {
            assert!(packet.len() <= LONGEST && Packet::parse(&packet).is_ok());
        }
        while let Some((_, result)) = client.poll_answer() {
            answered += 1;
            if let Ok(answer) = result {
                answer.read();
                let packet = answer.packet().expect("it was read before");
                assert!(
                    packet.vendor(311).count()
                        <= packet.all(attribute::VENDOR_SPECIFIC).count() * 127
                );
            }
        }
        assert!(client.asked() <= MOST_ASKED);
    }
    must_end(&mut client, now, asked - answered);
}

/// Whatever was said, every request ends in its time, and once.
fn must_end(client: &mut Client, mut now: Instant, mut open: usize) {
    let end = now + Duration::from_secs(301);
    while let Some(deadline) = client.poll_timeout() {
        assert!(deadline.at <= end, "a request that never ends");
        now = now.max(deadline.at);
        client.handle_timeout(now);
        while client.poll_transmit().is_some() {}
        while client.poll_answer().is_some() {
            open -= 1;
        }
    }
    assert_eq!((client.asked(), open), (0, 0));
}

//! Orders to end sessions, of those who may give them and of others.

use std::net::{IpAddr, SocketAddr};

use onhook_base::{Duration, Instant, Secret};

use crate::orders::{Commander, OrderId, Orders, Refusal};
use crate::wire::{Attributes, Packet, Signature, attribute, code};

const SECRET: &[u8] = b"orders";
const NOW: Instant = Instant::ORIGIN;
const WALL: u64 = 1_700_000_000;

fn from(last: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], 40_000))
}

fn orders() -> Orders {
    let address = IpAddr::from([192, 0, 2, 1]);
    let commander = Commander { address, secret: Secret::new(SECRET.to_vec()) };
    Orders::new(vec![commander], "nas".to_owned())
}

fn order<T>(identifier: u8, fill: impl FnOnce(&mut Attributes) -> T) -> Vec<u8> {
    let mut attributes = Attributes::default();
    fill(&mut attributes);
    attributes.report(code::DISCONNECT_REQUEST, identifier, SECRET)
}

fn of_alice(identifier: u8) -> Vec<u8> {
    order(identifier, |a| a.text(attribute::USER_NAME, "alice"))
}

/// The answer to a request: its code and Error-Cause.
fn said(orders: &mut Orders, request: &[u8]) -> Option<(u8, Option<u32>)> {
    let (to, bytes) = orders.poll_transmit()?;
    assert_eq!(to, from(1));
    let (answer, request) = (Packet::parse(&bytes).unwrap(), Packet::parse(request).unwrap());
    assert_eq!(answer.identifier, request.identifier);
    assert!(answer.answers(&request.authenticator, SECRET));
    assert_eq!(answer.signature(&request.authenticator, SECRET), Signature::Good);
    Some((answer.code, answer.number(attribute::ERROR_CAUSE)))
}

fn taken(orders: &mut Orders) -> OrderId {
    orders.poll_order().unwrap().0
}

#[test]
fn an_order_is_acknowledged_when_it_is_carried_out_and_repeated_ones_are_not_carried_out_twice() {
    let mut orders = orders();
    let request = order(1, |a| {
        a.text(attribute::USER_NAME, "alice");
        a.text(attribute::ACCT_SESSION_ID, "5f-1");
        a.number(attribute::FRAMED_IP_ADDRESS, 0x0a63_0002);
        a.text(attribute::NAS_IDENTIFIER, "nas");
        a.octets(attribute::PROXY_STATE, b"by way of");
    });
    orders.handle_datagram(NOW, WALL, from(1), &request);
    let (id, selector) = orders.poll_order().unwrap();
    assert_eq!(selector.user.as_deref(), Some("alice"));
    assert_eq!(selector.session.as_deref(), Some("5f-1"));
    assert_eq!(selector.address.unwrap().to_string(), "10.99.0.2");
    assert_eq!(said(&mut orders, &request), None, "not before it is done");
    orders.handle_datagram(NOW, WALL, from(1), &request);
    assert_eq!((orders.poll_order(), said(&mut orders, &request)), (None, None));
    orders.answer(NOW, id, Ok(()));
    let (_, bytes) = orders.poll_transmit().unwrap();
    let answer = Packet::parse(&bytes).unwrap();
    assert_eq!(answer.code, code::DISCONNECT_ACK);
    assert_eq!(answer.first(attribute::PROXY_STATE), Some(&b"by way of"[..]));
    orders.handle_datagram(NOW, WALL, from(1), &request);
    assert_eq!(said(&mut orders, &request), Some((code::DISCONNECT_ACK, None)), "the same again");
    assert_eq!(orders.poll_order(), None);
    // Long afterwards it is another order.
    orders.handle_datagram(NOW + Duration::from_secs(31), WALL, from(1), &request);
    assert!(orders.poll_order().is_some());
}

#[test]
fn what_cannot_be_done_is_said_with_its_reason() {
    let cases: [(Vec<u8>, Refusal); 5] = [
        (order(1, |_| {}), Refusal::MissingAttribute),
        (
            order(2, |a| a.text(attribute::NAS_IDENTIFIER, "other")),
            Refusal::NasIdentificationMismatch,
        ),
        (order(3, |a| a.text(attribute::FRAMED_IP_ADDRESS, "10.")), Refusal::InvalidRequest),
        (order(4, |a| a.number(attribute::SESSION_TIMEOUT, 1)), Refusal::UnsupportedAttribute),
        (of_alice(5), Refusal::SessionContextNotFound),
    ];
    let mut orders = orders();
    for (request, refusal) in cases {
        orders.handle_datagram(NOW, WALL, from(1), &request);
        if refusal == Refusal::SessionContextNotFound {
            let id = taken(&mut orders);
            orders.answer(NOW, id, Err(refusal));
        }
        let expected = (code::DISCONNECT_NAK, Some(refusal as u32));
        assert_eq!(said(&mut orders, &request), Some(expected));
    }
    let mut change = Attributes::default();
    change.text(attribute::USER_NAME, "alice");
    let change = change.report(code::COA_REQUEST, 9, SECRET);
    orders.handle_datagram(NOW, WALL, from(1), &change);
    assert_eq!(said(&mut orders, &change), Some((code::COA_NAK, Some(405))));
}

#[test]
fn whoever_may_not_order_gets_no_answer_and_ends_nothing() {
    let mut orders = orders();
    orders.handle_datagram(NOW, WALL, from(2), &of_alice(1));
    let mut attributes = Attributes::default();
    attributes.text(attribute::USER_NAME, "alice");
    let other_secret = attributes.report(code::DISCONNECT_REQUEST, 2, b"guess");
    orders.handle_datagram(NOW, WALL, from(1), &other_secret);
    for at in 0..of_alice(3).len() {
        let mut bent = of_alice(3);
        bent[at] ^= 1;
        orders.handle_datagram(NOW, WALL, from(1), &bent);
    }
    for code in [code::ACCESS_REQUEST, code::DISCONNECT_ACK, code::COA_NAK, 0, 255] {
        orders.handle_datagram(NOW, WALL, from(1), &attributes.report(code, 4, SECRET));
    }
    // A signature that is wrong though the authenticator is right.
    let forged = order(5, |a| a.octets(attribute::MESSAGE_AUTHENTICATOR, &[9; 16]));
    orders.handle_datagram(NOW, WALL, from(1), &forged);
    assert!(orders.poll_order().is_none() && orders.poll_transmit().is_none());
}

#[test]
fn an_order_that_was_recorded_is_too_old_after_five_minutes() {
    let dated = |at: u64| {
        order(1, |a| {
            a.text(attribute::USER_NAME, "alice");
            a.number(attribute::EVENT_TIMESTAMP, u32::try_from(at).unwrap());
        })
    };
    for (at, counts) in [
        (WALL, true),
        (WALL - 300, true),
        (WALL + 300, true),
        (WALL - 301, false),
        (WALL + 301, false),
    ] {
        let mut orders = orders();
        orders.handle_datagram(NOW, WALL, from(1), &dated(at));
        assert_eq!(orders.poll_order().is_some(), counts, "{at}");
    }
}

#[test]
fn orders_that_nobody_answers_are_bounded() {
    let mut orders = orders();
    let mut refused = 0;
    for n in 0..2_000_u32 {
        let request = order(u8::try_from(n % 256).unwrap(), |a| {
            a.text(attribute::USER_NAME, &n.to_string());
        });
        orders.handle_datagram(NOW, WALL, from(1), &request);
        refused += u32::from(said(&mut orders, &request).is_some());
    }
    let taken: Vec<_> = std::iter::from_fn(|| orders.poll_order()).collect();
    assert_eq!((taken.len(), refused), (256, 1_744));
    // What was answered makes room.
    orders.answer(NOW, taken[0].0, Ok(()));
    orders.handle_datagram(NOW, WALL, from(1), &of_alice(7));
    assert!(orders.poll_order().is_some());
}

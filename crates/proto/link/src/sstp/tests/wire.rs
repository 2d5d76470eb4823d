//! Packets and messages: what is written is read again, and what is cut or bent is refused by name.

use proptest::prelude::*;

use super::super::wire::{
    CryptoBinding, Header, Kind, Message, StatusInfo, Unfit, attribute, status,
};
use super::packet;
use onhook_base::Malformed;

/// The owned form of what proptest makes.
#[derive(Clone, Debug)]
enum Made {
    Request(u16),
    Ack(u8, [u8; 32]),
    Nak(Vec<(u8, u32, Vec<u8>)>),
    Connected(u8, [u8; 32], [u8; 32], [u8; 32]),
    Abort(Option<(u8, u32)>),
    Disconnect(Option<(u8, u32)>),
    Plain(u8),
}

impl Made {
    fn message(&self) -> Message<'_> {
        let info = |i: &(u8, u32)| StatusInfo::new(i.0, i.1);
        match self {
            Self::Request(protocol) => Message::CallConnectRequest { protocol: *protocol },
            Self::Ack(offer, nonce) => Message::CallConnectAck { offer: *offer, nonce: *nonce },
            Self::Nak(faults) => Message::CallConnectNak(
                faults
                    .iter()
                    .map(|f| StatusInfo { attribute: f.0, status: f.1, original: &f.2 })
                    .collect(),
            ),
            Self::Connected(hash, nonce, certificate, mac) => {
                let (hash, nonce, certificate, mac) = (*hash, *nonce, *certificate, *mac);
                Message::CallConnected(CryptoBinding { hash, nonce, certificate, mac })
            }
            Self::Abort(i) => Message::CallAbort(i.as_ref().map(info)),
            Self::Disconnect(i) => Message::CallDisconnect(i.as_ref().map(info)),
            Self::Plain(0) => Message::CallDisconnectAck,
            Self::Plain(1) => Message::EchoRequest,
            Self::Plain(_) => Message::EchoResponse,
        }
    }
}

fn made() -> impl Strategy<Value = Made> {
    let original = prop::collection::vec(any::<u8>(), 0..=64);
    prop_oneof![
        any::<u16>().prop_map(Made::Request),
        (any::<u8>(), any::<[u8; 32]>()).prop_map(|(o, n)| Made::Ack(o, n)),
        prop::collection::vec((any::<u8>(), any::<u32>(), original), 0..=8).prop_map(Made::Nak),
        (any::<u8>(), any::<[u8; 32]>(), any::<[u8; 32]>(), any::<[u8; 32]>())
            .prop_map(|(h, n, c, m)| Made::Connected(h, n, c, m)),
        any::<Option<(u8, u32)>>().prop_map(Made::Abort),
        any::<Option<(u8, u32)>>().prop_map(Made::Disconnect),
        (0u8..3).prop_map(Made::Plain),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(made in made()) {
        let message = made.message();
        let bytes = packet(&message);
        let header = Header::parse(*bytes.first_chunk().unwrap()).unwrap();
        prop_assert_eq!((header.control, header.length), (true, bytes.len()));
        prop_assert_eq!(Message::parse(&bytes), Ok(message));
    }

    /// Whatever the header says of its length: a message that is cut short is refused, or, where its
    /// attributes do not matter, still what it was.
    #[test]
    fn a_message_cut_short_is_refused_or_a_farewell(made in made()) {
        let message = made.message();
        let bytes = packet(&message);
        for length in 0..bytes.len() {
            match Message::parse(&bytes[..length]) {
                Ok(shorter) => {
                    prop_assert_eq!(shorter.kind(), message.kind());
                    prop_assert!(matches!(
                        shorter.kind(),
                        Kind::CallConnectNak | Kind::CallAbort | Kind::CallDisconnect
                    ));
                }
                Err(unfit) => prop_assert!(!unfit.faults.is_empty()),
            }
        }
    }

    #[test]
    fn arbitrary_octets_are_a_message_or_have_faults(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(unfit) = Message::parse(&bytes) {
            prop_assert!((1..=8).contains(&unfit.faults.len()));
        }
    }

    /// As above, but with a good beginning, so that the attributes are reached.
    #[test]
    fn arbitrary_attributes_are_read_or_have_faults(
        kind in 0u8..12, count in any::<u16>(),
        attributes in prop::collection::vec((any::<u8>(), 0u8..7, 0u8..16, any::<[u8; 12]>()), 0..200),
    ) {
        let mut bytes = vec![0x10, 1, 0, 0, 0, kind];
        bytes.extend(count.to_be_bytes());
        for (reserved, id, length, value) in attributes {
            bytes.extend([reserved, id, reserved & 0xF0, length]);
            bytes.extend(&value[..usize::from(length).saturating_sub(4)]);
        }
        if let Err(unfit) = Message::parse(&bytes) {
            prop_assert!((1..=8).contains(&unfit.faults.len()));
        }
    }
}

#[test]
fn a_header_with_another_version_or_too_short_a_length_is_malformed() {
    assert_eq!(Header::parse([0x11, 0, 0, 4]), Err(Malformed::Forbidden));
    assert_eq!(Header::parse([0x10, 0, 0, 3]), Err(Malformed::BadLength));
    assert_eq!(Header::parse([0x10, 1, 0, 7]), Err(Malformed::BadLength));
    // Reserved bits are ignored.
    let header = Header::parse([0x10, 0xFF, 0xF0, 8]).unwrap();
    assert_eq!((header.control, header.length), (true, 8));
    let header = Header::parse([0x10, 0xFE, 0xFF, 0xFF]).unwrap();
    assert_eq!((header.control, header.length), (false, 4095));
}

/// The faults that a connect request with these attributes has.
fn faults(count: u8, attributes: &[u8]) -> Vec<(u8, u32)> {
    let bytes = [&[0x10, 1, 0, 0, 0, 1, 0, count], attributes].concat();
    let Unfit { kind, faults } = Message::parse(&bytes).unwrap_err();
    assert_eq!(kind, Some(Kind::CallConnectRequest));
    faults.iter().map(|fault| (fault.attribute, fault.status)).collect()
}

#[test]
fn each_fault_of_a_connect_request_is_named() {
    const GOOD: [u8; 6] = [0, 1, 0, 6, 0, 1];
    let id = attribute::ENCAPSULATED_PROTOCOL;
    assert_eq!(faults(0, &[]), [(id, status::REQUIRED_ATTRIBUTE_MISSING)]);
    assert_eq!(faults(2, &[GOOD, GOOD].concat()), [(id, status::DUPLICATE_ATTRIBUTE)]);
    let unknown = [0, 9, 0, 4];
    assert_eq!(faults(2, &[&GOOD[..], &unknown].concat()), [(9, status::UNRECOGNIZED_ATTRIBUTE)]);
    let foreign = [0, 2, 0, 4];
    assert_eq!(faults(2, &[&GOOD[..], &foreign].concat()), [(2, status::ATTRIBUTE_NOT_SUPPORTED)]);
    assert_eq!(faults(1, &[0, 1, 0, 7, 0, 1, 0]), [(id, status::INVALID_ATTRIBUTE_LENGTH)]);
    // A length that lies: of the attribute, of the list, of the packet.
    let lie = [(id, status::INVALID_ATTRIBUTE_LENGTH), (id, status::REQUIRED_ATTRIBUTE_MISSING)];
    assert_eq!(faults(1, &[0, 1, 0, 8, 0, 1])[..1], lie[..1]);
    assert_eq!(faults(0xFF, &GOOD), [(id, status::INVALID_ATTRIBUTE_LENGTH)]);
    let trailing = [&GOOD[..], &[0]].concat();
    assert_eq!(faults(1, &trailing), [(attribute::STATUS_INFO, status::INVALID_FRAME)]);
}

#[test]
fn a_message_of_a_type_that_nobody_knows_has_no_kind() {
    for number in [0, 10, 0xFFFF_u16] {
        let [high, low] = number.to_be_bytes();
        let packet = [0x10, 1, 0, 8, high, low, 0, 0];
        let unfit = Message::parse(&packet).unwrap_err();
        assert_eq!(unfit.kind, None);
    }
}

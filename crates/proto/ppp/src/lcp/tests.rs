use onhook_base::{Reader, Seed, Writer};
use proptest::prelude::*;
use serde_json::Value;

use super::farewell::{WindowsFarewell, printable};
use super::terms::LcpTerms;
use super::wire::LcpOption;
use crate::auth::Method;
use crate::control::wire::parse_options;
use crate::control::{Judgement, RawOption, Terms};
use crate::failure::PppFailure;
use crate::terms::PppTerms;

const WINDOWS: &str = include_str!("../../tests/vectors/windows-terminate.json");

fn emit(options: &[LcpOption<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut w = Writer::new(&mut out);
    for option in options {
        option.emit(&mut w);
    }
    out
}

fn caller(methods: &[Method]) -> LcpTerms {
    let terms = PppTerms::caller(methods.to_vec(), None);
    LcpTerms::new(&terms, Seed::from_number(1).chance())
}

fn answerer(methods: &[Method]) -> LcpTerms {
    let terms = PppTerms::answerer(methods.to_vec(), "here".into());
    LcpTerms::new(&terms, Seed::from_number(2).chance())
}

fn judge(terms: &mut LcpTerms, options: &[LcpOption<'_>]) -> Judgement {
    let bytes = emit(options);
    terms.judge(&parse_options(&bytes).unwrap(), true)
}

fn naked(terms: &mut LcpTerms, options: &[LcpOption<'_>]) -> Result<(), PppFailure> {
    let bytes = emit(options);
    terms.naked(&parse_options(&bytes).unwrap())
}

fn request(terms: &LcpTerms) -> Vec<u8> {
    let mut out = Vec::new();
    terms.request(&mut out);
    out
}

fn demand(method: Method) -> LcpOption<'static> {
    LcpOption::Authentication(method.lcp_value())
}

#[test]
fn every_published_windows_farewell_is_read_and_written() {
    let file: Value = serde_json::from_str(WINDOWS).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 7);
    for vector in vectors {
        let hex = vector["data"].as_str().unwrap();
        let data: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap())
            .collect();
        let farewell = WindowsFarewell::parse(&data).unwrap();
        assert_eq!(format!("{:08x}", farewell.magic), vector["magic"].as_str().unwrap());
        assert_eq!(u64::from(farewell.code), vector["ras_error"].as_u64().unwrap());
        let mut back = Vec::new();
        farewell.emit(&mut back);
        assert_eq!(back, data);
        for cut in 0..data.len() {
            assert!(WindowsFarewell::parse(&data[..cut]).is_err());
        }
    }
    assert!(WindowsFarewell::parse(b"User request").is_err(), "twelve octets of text");
}

#[test]
fn a_strangers_text_is_made_printable_and_short() {
    assert_eq!(printable(b" User\x07 request\n"), "User· request");
    assert_eq!(printable(&[b'a'; 5000]).len(), 200);
}

#[test]
fn options_of_wrong_length_are_rejected_whole() {
    for raw in
        [&[1u8, 3, 9][..], &[2, 3, 9], &[3, 3, 0xc0], &[5, 5, 1, 2, 3], &[7, 3, 0], &[8, 3, 0]]
    {
        let mut terms = caller(&[Method::Pap]);
        let options = parse_options(raw).unwrap();
        assert_eq!(terms.judge(&options, true), Judgement::Reject(raw.to_vec()));
    }
}

#[test]
fn what_does_no_harm_is_acknowledged_at_once() {
    let mut terms = caller(&[Method::MsChapV2]);
    let judgement = judge(
        &mut terms,
        &[
            LcpOption::Mru(65535),
            LcpOption::Accm(0),
            demand(Method::MsChapV2),
            LcpOption::MagicNumber(7),
            LcpOption::ProtocolCompression,
            LcpOption::AddressCompression,
            LcpOption::EndpointDiscriminator(&[1, 2]),
        ],
    );
    assert_eq!(judgement, Judgement::Ack);
    assert_eq!(terms.sendable(), 1500, "no more than the link carries");
    assert_eq!(terms.theirs().method, Some(Method::MsChapV2));
    assert_eq!(terms.theirs().magic, 7);
}

#[test]
fn a_link_with_its_own_framing_refuses_framing_options() {
    let mut terms = PppTerms::caller(Vec::new(), None);
    terms.refuse_framing_options = true;
    let mut terms = LcpTerms::new(&terms, Seed::from_number(1).chance());
    let options = [LcpOption::Accm(0), LcpOption::MagicNumber(7), LcpOption::AddressCompression];
    let rejects = emit(&[LcpOption::Accm(0), LcpOption::AddressCompression]);
    assert_eq!(judge(&mut terms, &options), Judgement::Reject(rejects));
}

#[test]
fn an_asynchronous_link_asks_for_no_escapes_and_compression() {
    let mut terms = PppTerms::caller(Vec::new(), None);
    terms.asynchronous = true;
    terms.mru_to_ask = Some(1400);
    let mut terms = LcpTerms::new(&terms, Seed::from_number(1).chance());
    let magic = terms.magic();
    let wishes = [
        LcpOption::Mru(1400),
        LcpOption::Accm(0),
        LcpOption::MagicNumber(magic),
        LcpOption::ProtocolCompression,
        LcpOption::AddressCompression,
    ];
    assert_eq!(request(&terms), emit(&wishes));
    naked(&mut terms, &[LcpOption::Mru(1200), LcpOption::Accm(0x000a_0000)]).unwrap();
    let bytes = emit(&[LcpOption::ProtocolCompression, LcpOption::AddressCompression]);
    terms.rejected(&parse_options(&bytes).unwrap()).unwrap();
    let wishes =
        [LcpOption::Mru(1200), LcpOption::Accm(0x000a_0000), LcpOption::MagicNumber(magic)];
    assert_eq!(request(&terms), emit(&wishes));
}

#[test]
fn a_tiny_mru_is_naked_with_the_least_that_serves() {
    let mut terms = caller(&[]);
    let nak = Judgement::Nak(emit(&[LcpOption::Mru(128)]));
    assert_eq!(judge(&mut terms, &[LcpOption::Mru(127)]), nak);
    assert_eq!(judge(&mut terms, &[LcpOption::Mru(0)]), nak);
    assert_eq!(judge(&mut terms, &[LcpOption::Mru(128)]), Judgement::Ack);
}

#[test]
fn an_unacceptable_demand_is_answered_with_each_of_our_methods_in_turn() {
    let mut terms = caller(&[Method::MsChapV2, Method::ChapMd5]);
    let nak = |method| Judgement::Nak(emit(&[demand(method)]));
    assert_eq!(judge(&mut terms, &[demand(Method::Eap)]), nak(Method::MsChapV2));
    assert!(terms.has_refused_a_demand());
    assert_eq!(judge(&mut terms, &[demand(Method::Eap)]), nak(Method::ChapMd5));
    assert_eq!(judge(&mut terms, &[demand(Method::ChapMd5)]), Judgement::Ack);
    assert!(!terms.has_refused_a_demand());
}

#[test]
fn a_demand_for_ms_chap_version_1_is_answered_with_version_2() {
    let mut terms = caller(&[Method::MsChapV2]);
    let nak = Judgement::Nak(vec![3, 5, 0xc2, 0x23, 0x81]);
    assert_eq!(judge(&mut terms, &[demand(Method::MsChapV1)]), nak);
}

#[test]
fn a_peer_that_insists_on_a_demand_ends_it() {
    for methods in [&[Method::MsChapV2][..], &[]] {
        let mut terms = caller(methods);
        for _ in 0..5 {
            let judgement = judge(&mut terms, &[demand(Method::Pap)]);
            assert_eq!(matches!(judgement, Judgement::Reject(_)), methods.is_empty());
        }
        let judgement = judge(&mut terms, &[demand(Method::Pap)]);
        assert_eq!(judgement, Judgement::Hopeless(PppFailure::NoCommonMethod));
    }
}

#[test]
fn the_answerer_goes_down_its_list_and_takes_what_is_on_it() {
    let mut terms = answerer(&[Method::MsChapV2, Method::ChapMd5, Method::Pap]);
    naked(&mut terms, &[demand(Method::Pap)]).unwrap();
    assert_eq!(terms.demanded(), Some(Method::Pap));

    let mut terms = answerer(&[Method::MsChapV2, Method::ChapMd5]);
    naked(&mut terms, &[demand(Method::Pap)]).unwrap();
    assert_eq!(terms.demanded(), Some(Method::ChapMd5));
    let refused = naked(&mut terms, &[demand(Method::Pap)]);
    assert_eq!(refused, Err(PppFailure::NoCommonMethod));
}

#[test]
fn a_rejected_demand_is_a_refusal() {
    let mut terms = answerer(&[Method::MsChapV2]);
    let bytes = emit(&[demand(Method::MsChapV2)]);
    let refused = terms.rejected(&parse_options(&bytes).unwrap());
    assert_eq!(refused, Err(PppFailure::PeerRefusesToAuthenticate));
}

#[test]
fn our_own_magic_number_is_a_loop_after_a_few_times() {
    let mut terms = caller(&[]);
    for _ in 0..4 {
        let own = LcpOption::MagicNumber(terms.magic());
        let Judgement::Nak(nak) = judge(&mut terms, &[own]) else { panic!("a nak") };
        assert_ne!(nak, emit(&[own]));
        terms.naked(&parse_options(&nak).unwrap()).unwrap();
    }
    let own = LcpOption::MagicNumber(terms.magic());
    assert_eq!(judge(&mut terms, &[own]), Judgement::Hopeless(PppFailure::Looped));
}

#[test]
fn a_magic_number_of_zero_is_naked() {
    let judgement = judge(&mut caller(&[]), &[LcpOption::MagicNumber(0)]);
    assert!(matches!(judgement, Judgement::Nak(nak) if nak[2..] != [0; 4]));
}

#[test]
fn multilink_callback_and_quality_are_rejected_verbatim_and_in_order() {
    let asked = [13, 3, 6, 4, 8, 0xc0, 0x25, 0, 0, 3, 0xe8, 17, 4, 5, 0xdc];
    let mut terms = caller(&[]);
    let judgement = terms.judge(&parse_options(&asked).unwrap(), true);
    assert_eq!(judgement, Judgement::Reject(asked.to_vec()));
}

#[test]
fn a_request_full_of_demands_gets_one_proposal() {
    let mut terms = caller(&[Method::MsChapV2]);
    let asked = [3, 4, 0xc0, 0x23].repeat(3);
    let judgement = terms.judge(&parse_options(&asked).unwrap(), true);
    assert_eq!(judgement, Judgement::Nak(vec![3, 5, 0xc2, 0x23, 0x81]));
}

proptest! {
    #[test]
    fn any_option_reads_and_writes_back(
        kind in 0u8..32,
        value in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let raw = RawOption { kind, value: &value };
        let option = LcpOption::parse(raw);
        let mut out = Vec::new();
        option.emit(&mut Writer::new(&mut out));
        let mut r = Reader::new(&out);
        prop_assert_eq!(RawOption::parse(&mut r), Ok(raw));
        prop_assert!(r.is_empty());
        prop_assert!(!option.to_string().is_empty());
    }

    #[test]
    fn any_request_gets_a_judgement_that_is_no_longer_than_a_frame(
        bytes in proptest::collection::vec(any::<u8>(), 0..1496),
        may_nak in any::<bool>(),
    ) {
        let Ok(options) = parse_options(&bytes) else { return Ok(()) };
        let mut terms = caller(&[Method::MsChapV2]);
        match terms.judge(&options, may_nak) {
            Judgement::Nak(answer) => {
                prop_assert!(answer.len() <= bytes.len() + 8);
                prop_assert!(terms.naked(&parse_options(&answer).unwrap()).is_ok());
            }
            Judgement::Reject(answer) => prop_assert!(answer.len() <= bytes.len()),
            Judgement::Ack | Judgement::Hopeless(_) => {}
        }
    }
}

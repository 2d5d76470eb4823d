use std::net::Ipv4Addr;

use onhook_base::{Reader, Writer};
use proptest::prelude::*;

use super::terms::IpcpTerms;
use super::wire::IpcpOption;
use crate::control::wire::parse_options;
use crate::control::{Judgement, RawOption, Terms};
use crate::failure::PppFailure;
use crate::terms::Ipv4Terms;

const NONE: Ipv4Addr = Ipv4Addr::UNSPECIFIED;
const OURS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const THEIRS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const DNS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 53);

fn caller() -> IpcpTerms {
    IpcpTerms::new(Ipv4Terms { ask_dns: true, ..Ipv4Terms::default() })
}

fn answerer(offer_dns: Vec<Ipv4Addr>) -> IpcpTerms {
    IpcpTerms::new(Ipv4Terms {
        local: Some(OURS),
        demand_local: true,
        peer: Some(THEIRS),
        ask_dns: false,
        offer_dns,
    })
}

fn emit(options: &[IpcpOption<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut w = Writer::new(&mut out);
    for option in options {
        option.emit(&mut w);
    }
    out
}

fn judge(terms: &mut IpcpTerms, options: &[IpcpOption<'_>], may_nak: bool) -> Judgement {
    let bytes = emit(options);
    terms.judge(&parse_options(&bytes).unwrap(), may_nak)
}

fn request(terms: &IpcpTerms) -> Vec<u8> {
    let mut out = Vec::new();
    terms.request(&mut out);
    out
}

#[test]
fn a_caller_is_given_address_and_name_servers_in_two_requests() {
    let (mut caller, mut answerer) = (caller(), answerer(vec![DNS]));
    let first = request(&caller);
    let asked = emit(&[
        IpcpOption::Address(NONE),
        IpcpOption::PrimaryDns(NONE),
        IpcpOption::SecondaryDns(NONE),
    ]);
    assert_eq!(first, asked);
    let Judgement::Nak(nak) = answerer.judge(&parse_options(&first).unwrap(), true) else {
        panic!("a nak")
    };
    caller.naked(&parse_options(&nak).unwrap()).unwrap();
    let second = request(&caller);
    assert_eq!(answerer.judge(&parse_options(&second).unwrap(), true), Judgement::Ack);
    let agreed = caller.agreed().unwrap();
    assert_eq!((agreed.local, agreed.dns), (THEIRS, vec![DNS]), "one server, told twice");
    assert_eq!(answerer.agreed().unwrap().peer, Some(THEIRS));
}

#[test]
fn the_answerer_insists_on_the_address_even_after_max_failure() {
    let mut terms = answerer(Vec::new());
    let nak = Judgement::Nak(emit(&[IpcpOption::Address(THEIRS)]));
    for (address, may_nak) in [(NONE, true), (DNS, true), (DNS, false), (NONE, false)] {
        assert_eq!(judge(&mut terms, &[IpcpOption::Address(address)], may_nak), nak);
    }
}

#[test]
fn a_peer_that_asks_for_no_address_is_reminded_twice() {
    let mut terms = answerer(Vec::new());
    let nak = Judgement::Nak(emit(&[IpcpOption::Address(THEIRS)]));
    assert_eq!(judge(&mut terms, &[], true), nak);
    assert_eq!(judge(&mut terms, &[], true), nak);
    assert_eq!(judge(&mut terms, &[], true), Judgement::Ack);
}

#[test]
fn what_we_do_not_have_or_want_is_rejected_verbatim() {
    let vj = [2, 6, 0, 0x2d, 15, 1];
    let nbns = [130, 6, 0, 0, 0, 0, 132, 6, 0, 0, 0, 0];
    let dns = emit(&[IpcpOption::PrimaryDns(NONE), IpcpOption::SecondaryDns(NONE)]);
    let old = [1, 10, 0, 0, 0, 0, 0, 0, 0, 0];
    for rejected in [&vj[..], &nbns, &dns, &old, &[3, 5, 1, 2, 3]] {
        let mut asked = emit(&[IpcpOption::Address(THEIRS)]);
        asked.extend_from_slice(rejected);
        let judgement = answerer(Vec::new()).judge(&parse_options(&asked).unwrap(), true);
        assert_eq!(judgement, Judgement::Reject(rejected.to_vec()));
    }
}

#[test]
fn a_caller_gives_no_address_to_a_peer_without_one() {
    let judgement = judge(&mut caller(), &[IpcpOption::Address(NONE)], true);
    assert_eq!(judgement, Judgement::Reject(emit(&[IpcpOption::Address(NONE)])));
    assert_eq!(judge(&mut caller(), &[], true), Judgement::Ack);
}

#[test]
fn a_demanded_address_is_had_or_refused() {
    let mut terms = answerer(Vec::new());
    let other = emit(&[IpcpOption::Address(DNS)]);
    let refused = Err(PppFailure::AddressRefused);
    assert_eq!(terms.naked(&parse_options(&other).unwrap()), refused);
    assert_eq!(terms.rejected(&parse_options(&other).unwrap()), refused);
    let same = emit(&[IpcpOption::Address(OURS)]);
    assert_eq!(terms.naked(&parse_options(&same).unwrap()), Ok(()));
}

#[test]
fn a_wished_address_gives_way() {
    let mut terms = IpcpTerms::new(Ipv4Terms { local: Some(OURS), ..Ipv4Terms::default() });
    let other = emit(&[IpcpOption::Address(THEIRS)]);
    terms.naked(&parse_options(&other).unwrap()).unwrap();
    assert_eq!(terms.agreed().unwrap().local, THEIRS);
    terms.rejected(&parse_options(&other).unwrap()).unwrap();
    assert_eq!(terms.agreed().unwrap().local, OURS, "ours stands when the option is unknown");
}

#[test]
fn without_an_address_there_is_no_network() {
    assert_eq!(caller().agreed(), Err(PppFailure::NoAddress));
    let asked = emit(&[IpcpOption::Address(NONE)]);
    let rejected = caller().rejected(&parse_options(&asked).unwrap());
    assert_eq!(rejected, Err(PppFailure::NoAddress));
}

#[test]
fn rejected_name_servers_are_done_without() {
    let mut terms = caller();
    let asked = emit(&[IpcpOption::PrimaryDns(NONE), IpcpOption::SecondaryDns(NONE)]);
    terms.rejected(&parse_options(&asked).unwrap()).unwrap();
    assert_eq!(request(&terms), emit(&[IpcpOption::Address(NONE)]));
}

#[test]
fn a_request_full_of_options_gets_an_answer_that_fits() {
    // The flaw of c82ddc5 in pppd: appending to an answer that is already full.
    let asked = emit(&[IpcpOption::PrimaryDns(NONE)]).repeat(249);
    let Judgement::Nak(nak) = answerer(vec![DNS]).judge(&parse_options(&asked).unwrap(), true)
    else {
        panic!("a nak")
    };
    assert_eq!(nak.len(), 12, "one proposal for the server and one for the address");
}

proptest! {
    #[test]
    fn any_option_reads_and_writes_back(
        kind in any::<u8>(),
        value in proptest::collection::vec(any::<u8>(), 0..12),
    ) {
        let raw = RawOption { kind, value: &value };
        let option = IpcpOption::parse(raw);
        let mut out = Vec::new();
        option.emit(&mut Writer::new(&mut out));
        prop_assert_eq!(RawOption::parse(&mut Reader::new(&out)), Ok(raw));
        prop_assert!(!option.to_string().is_empty());
    }
}

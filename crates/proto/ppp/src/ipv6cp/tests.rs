use onhook_base::{Reader, Seed, Writer};
use proptest::prelude::*;

use super::terms::Ipv6cpTerms;
use super::wire::Ipv6cpOption;
use crate::control::wire::parse_options;
use crate::control::{Judgement, RawOption, Terms};
use crate::terms::Ipv6Terms;

const A: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 0xa];
const B: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 0xb];

fn terms(local: Option<[u8; 8]>, peer: Option<[u8; 8]>) -> Ipv6cpTerms {
    let terms = Ipv6Terms { local_identifier: local, peer_identifier: peer };
    Ipv6cpTerms::new(terms, Seed::from_number(1).chance())
}

fn id(identifier: [u8; 8]) -> Vec<u8> {
    let mut out = Vec::new();
    Ipv6cpOption::InterfaceIdentifier(identifier).emit(&mut Writer::new(&mut out));
    out
}

fn judge(terms: &mut Ipv6cpTerms, bytes: &[u8]) -> Judgement {
    terms.judge(&parse_options(bytes).unwrap(), true)
}

#[test]
fn a_random_identifier_is_local_and_not_zero() {
    let (local, _) = terms(None, None).agreed();
    assert_ne!(local, [0; 8]);
    assert_eq!(local[0] & 2, 0);
    assert_eq!(terms(Some([0; 8]), None).agreed().0[0] & 2, 0);
}

#[test]
fn zero_and_our_own_are_naked_with_another() {
    for bad in [[0; 8], A] {
        let mut terms = terms(Some(A), None);
        let Judgement::Nak(nak) = judge(&mut terms, &id(bad)) else { panic!("a nak") };
        let Ipv6cpOption::InterfaceIdentifier(proposed) =
            Ipv6cpOption::parse(parse_options(&nak).unwrap()[0])
        else {
            panic!("an identifier")
        };
        assert!(proposed != [0; 8] && proposed != A);
        assert_eq!(judge(&mut terms, &id(proposed)), Judgement::Ack);
        assert_eq!(terms.agreed(), (A, proposed));
    }
}

#[test]
fn a_wanted_identifier_is_proposed_until_max_failure() {
    let mut terms = terms(Some(A), Some(B));
    let other = [9; 8];
    assert_eq!(judge(&mut terms, &id(other)), Judgement::Nak(id(B)));
    let options = id(other);
    assert_eq!(terms.judge(&parse_options(&options).unwrap(), false), Judgement::Ack);
    assert_eq!(judge(&mut terms, &[]), Judgement::Nak(id(B)));
}

#[test]
fn a_proposal_is_taken_unless_it_is_the_peers_own() {
    let mut terms = terms(Some(A), None);
    terms.naked(&parse_options(&id(B)).unwrap()).unwrap();
    assert_eq!(terms.agreed().0, B);
    assert_eq!(judge(&mut terms, &id(A)), Judgement::Ack);
    terms.naked(&parse_options(&id(A)).unwrap()).unwrap();
    assert!(terms.agreed().0 != A && terms.agreed().0 != [0; 8]);
}

#[test]
fn compression_is_rejected_verbatim() {
    let asked = [2, 4, 0, 0x61];
    assert_eq!(judge(&mut terms(None, None), &asked), Judgement::Reject(asked.to_vec()));
}

#[test]
fn a_rejected_option_is_not_asked_for_again() {
    let mut terms = terms(Some(A), None);
    terms.rejected(&[]).unwrap();
    let mut out = Vec::new();
    terms.request(&mut out);
    assert!(out.is_empty());
    assert_eq!(terms.agreed().0, A);
}

proptest! {
    #[test]
    fn any_option_reads_and_writes_back(
        kind in 0u8..4,
        value in proptest::collection::vec(any::<u8>(), 0..12),
    ) {
        let raw = RawOption { kind, value: &value };
        let option = Ipv6cpOption::parse(raw);
        let mut out = Vec::new();
        option.emit(&mut Writer::new(&mut out));
        prop_assert_eq!(RawOption::parse(&mut Reader::new(&out)), Ok(raw));
        prop_assert!(!option.to_string().is_empty());
    }
}

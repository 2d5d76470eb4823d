use onhook_base::{Duration, Instant, Reader, Secret, Writer};
use onhook_crypto::mppe_keys::Strength;
use proptest::prelude::*;
use serde_json::Value;

use super::mppe::{Agreement, Mppe, Refused};
use super::terms::CcpTerms;
use super::wire::{CcpOption, bits};
use crate::control::wire::parse_options;
use crate::control::{Judgement, RawOption, Terms};
use crate::failure::PppFailure;
use crate::terms::Encryption;

const NOW: Instant = Instant::ORIGIN;
const H: u32 = bits::STATELESS;
const S: u32 = bits::BITS_128;

fn mppe(asked: u32) -> Vec<u8> {
    let mut out = Vec::new();
    CcpOption::Mppe(asked).emit(&mut Writer::new(&mut out));
    out
}

fn judge(terms: &mut CcpTerms, octets: &[u8]) -> Judgement {
    terms.judge(&parse_options(octets).unwrap(), true)
}

fn asks(terms: &CcpTerms) -> Vec<u8> {
    let mut out = Vec::new();
    terms.request(&mut out);
    out
}

#[test]
fn all_compressions_are_rejected_in_one_answer_and_none_is_acknowledged() {
    let asked = [18, 6, 1, 0, 0, 0xe1, 26, 4, 0x78, 0, 24, 4, 0x78, 0, 21, 3, 0x2f];
    for terms in
        [CcpTerms::new(Encryption::Refused, true), CcpTerms::new(Encryption::Accepted, false)]
    {
        let mut terms = terms;
        assert_eq!(judge(&mut terms, &asked), Judgement::Reject(asked.to_vec()));
        assert_eq!(judge(&mut terms, &[]), Judgement::Ack);
        assert!(asks(&terms).is_empty());
        assert!(terms.agreed().is_none());
    }
}

#[test]
fn the_strongest_that_both_can_is_agreed_and_asked_for_in_turn() {
    let mut terms = CcpTerms::new(Encryption::Accepted, true);
    assert!(asks(&terms).is_empty(), "who only accepts does not begin");
    let many = H | bits::STRENGTHS | 1;
    assert_eq!(judge(&mut terms, &mppe(many)), Judgement::Nak(mppe(H | S)));
    assert_eq!(judge(&mut terms, &mppe(H | S)), Judgement::Ack);
    assert_eq!(asks(&terms), mppe(H | S));
    let both = Agreement { strength: Strength::Bits128, stateless: true };
    assert_eq!(terms.agreed(), Some((both, both)));
    // Compressions beside it are rejected, and MPPE stays.
    let beside = [mppe(H | S), vec![26, 4, 0x78, 0]].concat();
    assert_eq!(judge(&mut terms, &beside), Judgement::Reject(vec![26, 4, 0x78, 0]));
}

#[test]
fn who_requires_begins_and_ends_without() {
    let mut terms = CcpTerms::new(Encryption::Required, true);
    assert_eq!(asks(&terms), mppe(H | bits::STRENGTHS));
    terms.naked(&parse_options(&mppe(bits::BITS_40)).unwrap()).unwrap();
    assert_eq!(asks(&terms), mppe(bits::BITS_40));
    let mut strongest = CcpTerms::new(Encryption::Strongest, true);
    let weak = mppe(bits::BITS_40);
    let answer = strongest.naked(&parse_options(&weak).unwrap());
    assert_eq!(answer, Err(PppFailure::PeerCannotEncrypt));
    assert_eq!(judge(&mut strongest, &weak), Judgement::Reject(weak.clone()));
    assert_eq!(strongest.rejected(&[]), Err(PppFailure::PeerCannotEncrypt));
}

fn hex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap().as_bytes();
    let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    text.chunks(2).map(octet).collect()
}

#[test]
fn packets_are_the_published_ones() {
    let all: Value =
        serde_json::from_str(include_str!("../../tests/vectors/mppe-keys.json")).unwrap();
    let mut seen = 0;
    for v in all["vectors"].as_array().unwrap().iter().filter(|v| v["packets"].is_array()) {
        let start = hex(&v["start_key"]);
        let strength = if start.len() == 16 { Strength::Bits128 } else { Strength::Bits40 };
        let agreement = Agreement { strength, stateless: true };
        let key = Secret::new(start);
        let mut end = Mppe::new(agreement, agreement, &key, &key);
        for packet in v["packets"].as_array().unwrap() {
            let mut sealed;
            // Some numbers are left out, as when packets are lost.
            loop {
                sealed = [vec![0, 0], hex(&v["inner"])].concat();
                end.seal(&mut sealed);
                if u64::from(sealed[1]) == packet["count"].as_u64().unwrap() {
                    break;
                }
            }
            assert_eq!(sealed, hex(&packet["ppp"])[2..], "{}", v["id"]);
            assert_eq!(end.open(NOW, &mut sealed).unwrap(), hex(&v["inner"]));
            seen += 1;
        }
    }
    assert!(seen >= 3, "{seen}");
}

fn pair(strength: Strength, stateless: bool) -> (Mppe, Mppe) {
    let agreement = Agreement { strength, stateless };
    let (one, other) = (Secret::new(vec![7; 16]), Secret::new(vec![9; 16]));
    (Mppe::new(agreement, agreement, &one, &other), Mppe::new(agreement, agreement, &other, &one))
}

fn sealed(end: &mut Mppe, number: u16) -> Vec<u8> {
    let mut packet = vec![0, 0, 0x00, 0x21, 0x45];
    packet.extend(number.to_be_bytes());
    end.seal(&mut packet);
    packet
}

fn opens(end: &mut Mppe, packet: &[u8], number: u16) -> bool {
    let inner = [vec![0x00, 0x21, 0x45], number.to_be_bytes().to_vec()].concat();
    end.open(NOW, &mut packet.to_vec()).is_ok_and(|found| found == inner)
}

#[test]
fn ten_thousand_packets_pass_in_every_mode_and_strength() {
    for strength in [Strength::Bits40, Strength::Bits56, Strength::Bits128] {
        for stateless in [true, false] {
            let (mut a, mut b) = pair(strength, stateless);
            for number in 0..10_000 {
                let packet = sealed(&mut a, number);
                assert!(opens(&mut b, &packet, number), "{strength:?} {stateless} {number}");
            }
        }
    }
}

#[test]
fn a_stateless_end_loses_what_is_lost_and_nothing_more() {
    let (mut a, mut b) = pair(Strength::Bits128, true);
    let packets: Vec<_> = (0..3000).map(|number| sealed(&mut a, number)).collect();
    for number in [0_u16, 1, 5, 6, 600, 601, 2600] {
        assert!(opens(&mut b, &packets[usize::from(number)], number), "{number}");
    }
    // What is late, or comes twice, changes nothing.
    for number in [2600_u16, 601, 2599] {
        let late = b.open(NOW, &mut packets[usize::from(number)].clone()).map(<[u8]>::to_vec);
        assert_eq!(late, Err(Refused::Dropped), "{number}");
    }
    assert!(opens(&mut b, &packets[2601], 2601));
}

#[test]
fn a_stateful_end_asks_once_and_goes_on_after_the_reset() {
    for lost in [1_usize, 3, 200, 256, 300, 700] {
        for at in [10_u16, 250, 254, 255, 256, 511] {
            let (mut a, mut b) = pair(Strength::Bits128, false);
            let mut number = 0;
            while number < at {
                let packet = sealed(&mut a, number);
                assert!(opens(&mut b, &packet, number));
                number += 1;
            }
            for _ in 0..lost {
                sealed(&mut a, number);
                number += 1;
            }
            let mut asked = 0;
            // The peer has not heard our asking yet; a flag packet may come by itself.
            for _ in 0..3 {
                let packet = sealed(&mut a, number);
                let mut copy = packet.clone();
                let opened = b.open(NOW, &mut copy).map(<[u8]>::to_vec);
                asked += usize::from(opened == Err(Refused::AskForReset));
                number += 1;
            }
            assert!(asked <= 1);
            a.reset();
            let packet = sealed(&mut a, number);
            assert!(opens(&mut b, &packet, number), "{lost} lost at {at}");
            let packet = sealed(&mut a, number + 1);
            assert!(opens(&mut b, &packet, number + 1), "{lost} lost at {at}, and one more");
        }
    }
}

/// N-MPPE-01, Linux's ppp_mppe: a count far ahead made thousands of key changes, packet by packet.
#[test]
fn n_mppe_01_counts_that_nobody_meant_cost_a_bounded_time() {
    let (_, mut b) = pair(Strength::Bits128, true);
    let mut taken = 0_u32;
    for n in 0..1000_u16 {
        let count = (n.wrapping_mul(2047)) & 0x0fff;
        let mut packet = [(0x9000 | count).to_be_bytes().to_vec(), vec![0; 20]].concat();
        taken += u32::from(b.open(NOW, &mut packet).is_ok());
    }
    assert!(taken <= 10, "{taken} gaps of 2,047 in one moment");
    // And whatever the head says, what comes out is no longer than what came in.
    let later = NOW + Duration::from_secs(2);
    for count in 0..=0x0fff_u16 {
        for head in [0x9000, 0x1000, 0x8000, 0x0000] {
            let mut packet = [(head | count).to_be_bytes().to_vec(), vec![1, 2, 3]].concat();
            let opened = b.open(later, &mut packet).map(<[u8]>::len);
            assert!(opened.is_err() || opened == Ok(3));
            assert!(head & 0x1000 != 0 || opened.is_err(), "what is in clear is dropped");
        }
    }
}

proptest! {
    #[test]
    fn any_option_reads_and_writes_back(
        kind in 16u8..30,
        value in proptest::collection::vec(any::<u8>(), 0..12),
    ) {
        let raw = RawOption { kind, value: &value };
        let option = CcpOption::parse(raw);
        let mut out = Vec::new();
        option.emit(&mut Writer::new(&mut out));
        prop_assert_eq!(RawOption::parse(&mut Reader::new(&out)), Ok(raw));
        prop_assert!(!option.to_string().is_empty());
    }

    /// Whatever two ends want, they agree on the same, or on nothing, within a few requests.
    #[test]
    fn two_ends_agree(a in 0_usize..4, b in 0_usize..4) {
        let kinds = [Encryption::Refused, Encryption::Accepted, Encryption::Required, Encryption::Strongest];
        let mut ends = [CcpTerms::new(kinds[a], true), CcpTerms::new(kinds[b], true)];
        let mut acked = [false; 2];
        for _ in 0..8 {
            for from in 0..2 {
                let request = asks(&ends[from]);
                let options = parse_options(&request).unwrap();
                match judge(&mut ends[1 - from], &request) {
                    Judgement::Ack => acked[from] = true,
                    Judgement::Nak(naks) => {
                        drop(ends[from].naked(&parse_options(&naks).unwrap()));
                    }
                    Judgement::Reject(_) => drop(ends[from].rejected(&options)),
                    other => prop_assert!(false, "{:?}", other),
                }
            }
        }
        let refused = kinds[a] == Encryption::Refused || kinds[b] == Encryption::Refused;
        let required = kinds[a] >= Encryption::Required || kinds[b] >= Encryption::Required;
        prop_assert!((acked[0] && acked[1]) || (refused && required));
        let both = [ends[0].agreed(), ends[1].agreed()];
        prop_assert_eq!(both[0].map(|(s, r)| (r, s)), both[1]);
        let wanted = kinds[a] >= Encryption::Accepted && kinds[b] >= Encryption::Accepted
            && (kinds[a] >= Encryption::Required || kinds[b] >= Encryption::Required);
        prop_assert_eq!(both[0].is_some(), wanted);
    }
}

use std::collections::VecDeque;

use onhook_base::{Duration, Instant, Malformed, Seed, Writer};
use proptest::prelude::*;

use super::assembly::{MOST_FRAGMENTS, MOST_OCTETS};
use super::*;
use crate::control::wire::parse_options;
use crate::control::{ControlPacket, Judgement, RawOption, Terms};
use crate::lcp::{LcpOption, LcpTerms};
use crate::terms::{MultilinkTerms, PppTerms};
use crate::wire::{parse_protocol, protocol};

const NOW: Instant = Instant::ORIGIN;

const LONG: BundleTerms = BundleTerms {
    mrru: 1500,
    peer_mrru: 1500,
    receive_form: SequenceForm::Long,
    send_form: SequenceForm::Long,
};

const SHORT: BundleTerms =
    BundleTerms { receive_form: SequenceForm::Short, send_form: SequenceForm::Short, ..LONG };

fn link(bits_per_second: u32) -> MemberTerms {
    MemberTerms { mru: 1500, bits_per_second: Some(bits_per_second) }
}

fn bundle(terms: BundleTerms, speeds: &[u32]) -> Bundle {
    let mut bundle = Bundle::new(terms);
    for (n, speed) in speeds.iter().enumerate() {
        assert!(bundle.join(MemberId(n as u8), link(*speed)));
    }
    bundle
}

fn fragments(bundle: &mut Bundle) -> Vec<(MemberId, Vec<u8>)> {
    let mut into = Vec::new();
    std::iter::from_fn(|| bundle.poll_fragment(&mut into).map(|id| (id, into.clone()))).collect()
}

fn frames(bundle: &mut Bundle) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| bundle.poll_frame()).collect()
}

/// A frame that is told apart from all others, and in every octet.
fn payload(number: u32, len: usize) -> Vec<u8> {
    let mut octets = number.to_be_bytes().to_vec();
    octets.extend((4..len).map(|at| (at as u32 ^ number) as u8));
    octets
}

fn fragment(form: SequenceForm, begins: bool, ends: bool, sequence: u32, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    FragmentHeader { begins, ends, sequence }.emit(form, &mut out);
    [out, data.to_vec()].concat()
}

#[test]
fn the_header_is_that_of_the_rfc() {
    let parse = FragmentHeader::parse;
    let long = [0x80, 0x12, 0x34, 0x56, 0xaa];
    let header = FragmentHeader { begins: true, ends: false, sequence: 0x12_3456 };
    assert_eq!(parse(SequenceForm::Long, &long), Ok((header, &[0xaa_u8][..])));
    let short = [0x4a, 0xbc, 0xaa];
    let header = FragmentHeader { begins: false, ends: true, sequence: 0xabc };
    assert_eq!(parse(SequenceForm::Short, &short), Ok((header, &[0xaa_u8][..])));
    assert!(matches!(parse(SequenceForm::Long, &long[..3]), Err(Malformed::CutShort { .. })));
    assert!(matches!(parse(SequenceForm::Short, &long[..1]), Err(Malformed::CutShort { .. })));
    // Reserved bits say nothing.
    assert_eq!(parse(SequenceForm::Short, &[0x7f, 0xff]).unwrap().0.sequence, 0xfff);
    assert_eq!(parse(SequenceForm::Long, &[0xff; 4]).unwrap().0.sequence, 0xff_ffff);
}

#[test]
fn a_packet_is_cut_by_the_speed_of_the_links() {
    let mut fast = bundle(LONG, &[64_000, 192_000]);
    assert!(fast.send(protocol::IPV4, &payload(1, 1198)));
    let sent = fragments(&mut fast);
    let lens: Vec<_> = sent.iter().map(|(id, f)| (id.0, f.len() - 4)).collect();
    assert_eq!(lens, [(0, 300), (1, 900)], "a quarter and three quarters of 1,200");
    // What waits on a link counts as if it were sent there too.
    fast.set_backlog(MemberId(0), 0);
    fast.set_backlog(MemberId(1), 100_000);
    assert!(fast.send(protocol::IPV4, &payload(2, 1198)));
    let lens: Vec<_> = fragments(&mut fast).iter().map(|(id, f)| (id.0, f.len() - 4)).collect();
    assert_eq!(lens, [(0, 1200)]);
}

#[test]
fn what_is_short_stays_whole_and_takes_the_links_in_turn() {
    let mut bundle = bundle(LONG, &[64_000, 64_000]);
    let mut used = [0_u8; 2];
    for number in 0..10 {
        bundle.set_backlog(MemberId(0), 0);
        bundle.set_backlog(MemberId(1), 0);
        assert!(bundle.send(protocol::IPV4, &payload(number, 60)));
        let sent = fragments(&mut bundle);
        assert_eq!(sent.len(), 1);
        used[usize::from(sent[0].0.0)] += 1;
    }
    assert_eq!(used, [5, 5]);
}

#[test]
fn a_share_that_its_link_cannot_carry_in_one_frame_is_cut_again() {
    let mut bundle = Bundle::new(LONG);
    assert!(bundle.join(MemberId(3), MemberTerms { mru: 128, bits_per_second: None }));
    assert!(!bundle.join(MemberId(3), link(1)), "it is there already");
    assert!(bundle.send(protocol::IPV6, &payload(1, 400)));
    let sent = fragments(&mut bundle);
    assert_eq!(sent.iter().map(|(_, f)| f.len()).collect::<Vec<_>>(), [128, 128, 128, 34]);
    let headers: Vec<_> = sent.iter().map(|(_, f)| f[0]).collect();
    assert_eq!(headers, [0x80, 0, 0, 0x40]);
    let sequence: Vec<_> = sent.iter().map(|(_, f)| f[3]).collect();
    assert_eq!(sequence, [0, 1, 2, 3]);
}

#[test]
fn nothing_is_sent_without_a_link_or_beyond_what_the_peer_puts_together() {
    let mut none = Bundle::new(LONG);
    assert!(!none.send(protocol::IPV4, &payload(1, 60)));
    let mut one = bundle(LONG, &[64_000]);
    assert!(one.send(protocol::IPV4, &payload(1, 1500)));
    assert!(!one.send(protocol::IPV4, &payload(1, 1501)));
    while one.send(protocol::IPV4, &payload(1, 1500)) {}
    assert!(fragments(&mut one).len() <= 1024, "what waits is bounded");
    for n in 0..20 {
        assert_eq!(none.join(MemberId(n), link(1)), usize::from(n) < MAX_LINKS);
    }
}

#[test]
fn a_fragment_that_every_link_has_passed_is_lost() {
    let form = SequenceForm::Long;
    let mut bundle = bundle(LONG, &[1, 1]);
    let (a, b) = (MemberId(0), MemberId(1));
    let ip = |number| [vec![0, 0x21], payload(number, 8)].concat();
    // 0 begins a packet, 1 is lost, 2 is whole.
    bundle.handle_fragment(NOW, a, &fragment(form, true, false, 0, &ip(0))).unwrap();
    bundle.handle_fragment(NOW, a, &fragment(form, true, true, 2, &ip(2))).unwrap();
    assert_eq!(frames(&mut bundle), [[0_u8; 0]; 0], "1 may still come on the other link");
    bundle.handle_fragment(NOW, b, &fragment(form, true, true, 3, &ip(3))).unwrap();
    assert_eq!(frames(&mut bundle), [ip(2), ip(3)]);
    assert_eq!(bundle.counters().lost, 1);
    assert_eq!(bundle.poll_timeout(), None);
    // And what comes too late is not heeded.
    bundle.handle_fragment(NOW, b, &fragment(form, false, true, 1, b"x")).unwrap();
    assert_eq!(bundle.counters().late, 1);
    assert!(frames(&mut bundle).is_empty());
}

#[test]
fn behind_a_silent_link_patience_ends() {
    let form = SequenceForm::Short;
    let mut bundle = bundle(SHORT, &[1, 1]);
    bundle.handle_fragment(NOW, MemberId(0), &fragment(form, true, true, 1, b"\x00\x21b")).unwrap();
    let until = bundle.poll_timeout().unwrap().at;
    assert_eq!(until, NOW + Duration::from_secs(3));
    bundle.handle_timeout(NOW + Duration::from_secs(1));
    assert!(frames(&mut bundle).is_empty());
    bundle.handle_timeout(until);
    assert_eq!(frames(&mut bundle), [b"\x00\x21b"]);
    assert_eq!(bundle.poll_timeout(), None);
}

#[test]
fn a_link_that_leaves_holds_nobody_up() {
    let form = SequenceForm::Long;
    let mut bundle = bundle(LONG, &[1, 1]);
    bundle.handle_fragment(NOW, MemberId(0), &fragment(form, true, true, 1, b"\x00\x21b")).unwrap();
    assert!(frames(&mut bundle).is_empty());
    bundle.leave(NOW, MemberId(1));
    assert_eq!(frames(&mut bundle), [b"\x00\x21b"], "what comes on the other is beyond 0");
    bundle.handle_fragment(NOW, MemberId(0), &fragment(form, true, true, 2, b"\x00\x21c")).unwrap();
    assert_eq!(frames(&mut bundle), [b"\x00\x21c"]);
    assert_eq!(bundle.links(), 1);
}

#[test]
fn packets_without_an_end_or_a_beginning_or_a_bound_are_dropped() {
    let form = SequenceForm::Long;
    let mut bundle = bundle(LONG, &[1]);
    let mut feed = |begins, ends, sequence, data: &[u8]| {
        bundle
            .handle_fragment(NOW, MemberId(0), &fragment(form, begins, ends, sequence, data))
            .unwrap();
        frames(&mut bundle)
    };
    assert!(feed(true, false, 0, b"\x00\x21lost").is_empty());
    assert_eq!(feed(true, true, 1, b"\x00\x21whole"), [b"\x00\x21whole"]);
    assert!(feed(false, true, 2, b"tail").is_empty());
    assert!(feed(true, true, 3, b"").is_empty(), "an empty one says nothing");
    assert!(feed(true, false, 4, &[0x21; 1000]).is_empty());
    assert!(feed(false, true, 5, &[0x21; 503]).is_empty(), "one octet more than is put together");
    assert!(feed(true, false, 6, &[0x21; 1000]).is_empty());
    assert_eq!(feed(false, true, 7, &[0x21; 502]).len(), 1);
    assert!(feed(true, false, 8, b"\x00\x21").is_empty());
    assert_eq!(feed(false, true, 9, b"x"), [b"\x00\x21x"]);
}

#[test]
fn fragments_without_end_are_bounded_and_the_next_packet_passes() {
    let form = SequenceForm::Long;
    let mut bundle = bundle(LONG, &[1, 1]);
    for sequence in 0..10_000 {
        let data = if sequence % 2 == 0 { &[][..] } else { &[7; 1500] };
        // Every second one is missing, and the other link says nothing.
        let information = fragment(form, true, true, sequence * 2 + 1, data);
        bundle.handle_fragment(NOW, MemberId(0), &information).unwrap();
        let (fragments, octets) = bundle.waiting();
        assert!(fragments <= MOST_FRAGMENTS && octets <= MOST_OCTETS, "{fragments} {octets}");
        frames(&mut bundle);
    }
    let mut endless = self::bundle(LONG, &[1]);
    for sequence in 0..5_000 {
        let information = fragment(form, sequence == 0, false, sequence, &[]);
        endless.handle_fragment(NOW, MemberId(0), &information).unwrap();
        assert!(endless.waiting().0 <= MOST_FRAGMENTS);
    }
    let whole = fragment(form, true, true, 5_000, b"\x00\x21x");
    endless.handle_fragment(NOW, MemberId(0), &whole).unwrap();
    assert_eq!(frames(&mut endless), [b"\x00\x21x"]);
}

#[test]
fn a_peer_that_begins_anew_is_followed() {
    let form = SequenceForm::Short;
    let mut bundle = bundle(SHORT, &[1]);
    for sequence in 0..100 {
        let whole = fragment(form, true, true, sequence, &payload(sequence, 8));
        bundle.handle_fragment(NOW, MemberId(0), &whole).unwrap();
    }
    assert_eq!(frames(&mut bundle).len(), 100);
    for sequence in 0..100 {
        // One in 50 ms.
        let at = NOW + Duration::from_millis(u64::from(sequence) * 50);
        let whole = fragment(form, true, true, sequence, &payload(sequence, 8));
        bundle.handle_fragment(at, MemberId(0), &whole).unwrap();
    }
    assert_eq!(frames(&mut bundle).len(), 40, "for three seconds they are taken for late ones");
}

#[test]
fn the_numbers_wrap() {
    for (terms, form) in [(SHORT, SequenceForm::Short), (LONG, SequenceForm::Long)] {
        let mut here = bundle(terms, &[1, 2]);
        let mut there = bundle(terms, &[1, 2]);
        here.next = form.mask() - 20;
        // What lies further ahead than half of all is taken for late, so the other end is led there.
        there = lead_to(there, terms, here.next);
        for number in 0..50 {
            assert!(here.send(protocol::IPV4, &payload(number, 900)));
            for (id, information) in fragments(&mut here) {
                there.handle_fragment(NOW, id, &information).unwrap();
            }
            let frame = [vec![0, 0x21], payload(number, 900)].concat();
            assert_eq!(frames(&mut there), [frame]);
        }
    }
}

fn lead_to(mut bundle: Bundle, terms: BundleTerms, sequence: u32) -> Bundle {
    let mut at = 0;
    while at != sequence {
        at = sequence.min(at + terms.receive_form.mask() / 3);
        let empty = fragment(terms.receive_form, true, true, at - 1, b"");
        for n in 0..2 {
            bundle.handle_fragment(NOW, MemberId(n), &empty).unwrap();
        }
    }
    bundle
}

#[test]
fn what_belongs_to_the_bundle_is_told_from_what_is_the_links_own() {
    use crate::Ppp;
    assert!(Ppp::is_for_bundle(&[0x00, 0x3d, 0xc0, 0, 0, 0]));
    assert!(Ppp::is_for_bundle(&[0x3d, 0xc0, 0, 0, 0]));
    assert!(Ppp::is_for_bundle(&[0x00, 0x21, 0x45]));
    assert!(Ppp::is_for_bundle(&[0x80, 0x21, 1, 1, 0, 4]));
    assert!(Ppp::is_for_bundle(&[0xc0, 0x21, 8, 1, 0, 6, 0x80, 0x57]));
    assert!(!Ppp::is_for_bundle(&[0xc0, 0x21, 8, 1, 0, 6, 0xc2, 0x23]));
    assert!(!Ppp::is_for_bundle(&[0xc0, 0x21, 9, 1, 0, 8, 0, 0, 0, 1]));
    assert!(!Ppp::is_for_bundle(&[0xc2, 0x23, 1]));
    assert!(!Ppp::is_for_bundle(&[]));
}

/// The frames of a capture of link type PPP.
fn captured() -> Vec<Vec<u8>> {
    let file = include_bytes!("../../tests/captures/multilink-lab.pcapng");
    let u32_at = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    let (mut at, mut frames) = (0, Vec::new());
    while at < file.len() {
        if u32_at(at) == 6 {
            frames.push(file[at + 28..at + 28 + u32_at(at + 20)].to_vec());
        }
        at += u32_at(at + 4);
    }
    frames
}

#[test]
fn two_routers_agree_on_multilink_and_so_do_we() {
    let frames = captured();
    assert_eq!(frames.len(), 57);
    let mut requests = 0;
    for frame in &frames {
        let (number, length) = parse_protocol(&frame[2..]).unwrap();
        if number != protocol::LCP {
            continue;
        }
        let packet = ControlPacket::parse(&frame[2 + length..]).unwrap();
        assert_eq!(packet.to_vec(), frame[2 + length..]);
        if !(1..=4).contains(&packet.code) {
            continue;
        }
        let options = parse_options(packet.data).unwrap();
        let mut again = Vec::new();
        for raw in &options {
            let option = LcpOption::parse(*raw);
            assert!(!matches!(option, LcpOption::Unknown(_)), "{option}");
            option.emit(&mut Writer::new(&mut again));
        }
        assert_eq!(again, packet.data);
        let mut terms = PppTerms::caller(vec![crate::auth::Method::Pap], None);
        terms.multilink = Some(wanted());
        let mut terms = LcpTerms::new(&terms, Seed::from_number(1).chance());
        assert_eq!(terms.judge(&options, true), Judgement::Ack);
        assert_eq!(terms.theirs().mrru, Some(1500));
        assert_eq!(terms.theirs().discriminator.unwrap().value()[0], 1, "chosen locally");
        requests += 1;
    }
    assert_eq!(requests, 7);
}

fn wanted() -> MultilinkTerms {
    let discriminator = Discriminator::local([7; 20]);
    MultilinkTerms { mrru: 1600, short_sequence: false, discriminator }
}

fn terms(multilink: Option<MultilinkTerms>) -> LcpTerms {
    let mut terms = PppTerms::caller(Vec::new(), None);
    terms.multilink = multilink;
    LcpTerms::new(&terms, Seed::from_number(1).chance())
}

fn judged(terms: &mut LcpTerms, options: &[LcpOption<'_>]) -> Judgement {
    let mut request = Vec::new();
    for option in options {
        option.emit(&mut Writer::new(&mut request));
    }
    terms.judge(&parse_options(&request).unwrap(), true)
}

#[test]
fn a_link_that_stands_alone_rejects_multilink_but_not_the_discriminator() {
    let options =
        [LcpOption::Mrru(1500), LcpOption::ShortSequence, LcpOption::EndpointDiscriminator(&[0])];
    let mut rejects = Vec::new();
    LcpOption::Mrru(1500).emit(&mut Writer::new(&mut rejects));
    LcpOption::ShortSequence.emit(&mut Writer::new(&mut rejects));
    assert_eq!(judged(&mut terms(None), &options), Judgement::Reject(rejects));
    assert_eq!(judged(&mut terms(Some(wanted())), &options), Judgement::Ack);
    let mut naks = Vec::new();
    LcpOption::Mrru(1500).emit(&mut Writer::new(&mut naks));
    assert_eq!(judged(&mut terms(Some(wanted())), &[LcpOption::Mrru(60)]), Judgement::Nak(naks));
}

#[test]
fn what_the_peer_does_not_want_is_not_asked_again() {
    let wanted = MultilinkTerms { short_sequence: true, ..wanted() };
    let request = |terms: &LcpTerms| {
        let mut out = Vec::new();
        terms.request(&mut out);
        parse_options(&out).unwrap().iter().map(|raw| raw.kind).collect::<Vec<_>>()
    };
    let mut terms = terms(Some(wanted));
    assert_eq!(request(&terms), [5, 17, 18, 19]);
    assert_eq!(terms.our_multilink(), Some((1600, SequenceForm::Short)));
    let nak = RawOption { kind: 17, value: &1500_u16.to_be_bytes() };
    terms.naked(&[nak]).unwrap();
    assert_eq!(terms.our_multilink(), Some((1500, SequenceForm::Short)));
    terms.rejected(&[RawOption { kind: 18, value: &[] }]).unwrap();
    assert_eq!(request(&terms), [5, 17, 19]);
    terms.rejected(&[nak]).unwrap();
    assert_eq!(request(&terms), [5, 19]);
    assert_eq!(terms.our_multilink(), None);
}

proptest! {
    /// Whatever is lost and however late each link is: what comes out was sent, in this order, once; and
    /// what waits is bounded.
    #[test]
    fn no_packet_is_ever_wrong(
        short in any::<bool>(),
        speeds in proptest::collection::vec(1_u32..200_000, 1..5),
        steps in proptest::collection::vec((0_u8..255, 20_usize..1500), 1..250),
        loss in 0_u8..60,
    ) {
        let terms = if short { SHORT } else { LONG };
        let (mut here, mut there) = (bundle(terms, &speeds), bundle(terms, &speeds));
        // Each link keeps the order, and brings of it what it likes.
        let mut queues = vec![VecDeque::new(); speeds.len()];
        let mut alive = vec![true; speeds.len()];
        let (mut sent, mut got) = (Vec::new(), Vec::new());
        let mut now = NOW;
        for (n, (dice, len)) in steps.iter().enumerate() {
            now += Duration::from_millis(u64::from(*dice));
            let frame = payload(n as u32, *len);
            if here.send(protocol::IPV4, &frame) {
                sent.push([vec![0, 0x21], frame].concat());
            }
            for (id, information) in fragments(&mut here) {
                let last = *information.last().unwrap();
                if dice.wrapping_mul(31).wrapping_add(last) % 100 >= loss {
                    queues[usize::from(id.0)].push_back(information);
                }
            }
            for (at, queue) in queues.iter_mut().enumerate() {
                for _ in 0..(dice >> at) % 4 {
                    if let Some(information) = queue.pop_front() {
                        there.handle_fragment(now, MemberId(at as u8), &information).unwrap();
                    }
                }
            }
            if *dice == 7 && alive.iter().filter(|a| **a).count() > 1 {
                let gone = alive.iter().position(|a| *a).unwrap();
                alive[gone] = false;
                queues[gone].clear();
                here.leave(now, MemberId(gone as u8));
                there.leave(now, MemberId(gone as u8));
            }
            there.handle_timeout(now);
            let (fragments, octets) = there.waiting();
            prop_assert!(fragments <= MOST_FRAGMENTS && octets <= MOST_OCTETS);
            got.extend(frames(&mut there));
        }
        let mut expected = sent.iter();
        for frame in &got {
            prop_assert!(expected.any(|f| f == frame), "wrong, doubled or out of order");
        }
    }

    /// Without loss everything arrives, however late each link is.
    #[test]
    fn nothing_is_lost_that_the_links_do_not_lose(
        short in any::<bool>(),
        speeds in proptest::collection::vec(1_u32..200_000, 1..5),
        packets in proptest::collection::vec(4_usize..1500, 1..80),
        order in proptest::collection::vec(any::<u8>(), 1..400),
    ) {
        let terms = if short { SHORT } else { LONG };
        let (mut here, mut there) = (bundle(terms, &speeds), bundle(terms, &speeds));
        let mut queues = vec![VecDeque::new(); speeds.len()];
        for (n, len) in packets.iter().enumerate() {
            prop_assert!(here.send(protocol::IPV6, &payload(n as u32, *len)));
        }
        for (id, information) in fragments(&mut here) {
            queues[usize::from(id.0)].push_back(information);
        }
        let mut turns = order.iter().cycle();
        while queues.iter().any(|q| !q.is_empty()) {
            let at = usize::from(*turns.next().unwrap()) % queues.len();
            let at = (at..at + queues.len()).map(|n| n % queues.len())
                .find(|n| !queues[*n].is_empty()).unwrap();
            let information = queues[at].pop_front().unwrap();
            there.handle_fragment(NOW, MemberId(at as u8), &information).unwrap();
        }
        let got = frames(&mut there);
        prop_assert_eq!(got.len(), packets.len());
        for (n, frame) in got.iter().enumerate() {
            prop_assert_eq!(&frame[2..], &payload(n as u32, packets[n])[..]);
        }
        prop_assert_eq!(there.counters().lost, 0);
    }

    #[test]
    fn any_header_reads_and_writes_back(
        begins: bool, ends: bool, sequence: u32, short: bool,
        data in proptest::collection::vec(any::<u8>(), 0..9),
    ) {
        let form = if short { SequenceForm::Short } else { SequenceForm::Long };
        let sequence = sequence & form.mask();
        let information = fragment(form, begins, ends, sequence, &data);
        let header = FragmentHeader { begins, ends, sequence };
        prop_assert_eq!(FragmentHeader::parse(form, &information), Ok((header, &data[..])));
    }

    #[test]
    fn any_discriminator_comes_back(value in proptest::collection::vec(any::<u8>(), 0..40)) {
        match Discriminator::from_value(&value) {
            Some(read) => prop_assert_eq!(read.value(), &value[..]),
            None => prop_assert!(value.is_empty() || value.len() > Discriminator::LONGEST),
        }
    }
}

/// RFC 1990 §7: a link that closes in order takes nothing with it.
#[test]
fn a_link_that_retires_is_given_nothing_and_still_heard() {
    let (mut ours, mut theirs) = (bundle(LONG, &[64_000; 2]), bundle(LONG, &[64_000; 2]));
    // What is on its way both ways when it is told to go.
    assert!(ours.send(protocol::IPV4, &payload(1, 900)));
    assert!(theirs.send(protocol::IPV4, &payload(2, 900)));
    let under_way = fragments(&mut theirs);
    assert_eq!(under_way.iter().filter(|(id, _)| *id == MemberId(1)).count(), 1);
    ours.retire(MemberId(1));
    assert_eq!(fragments(&mut ours).len(), 2, "what was given to it leaves over it");
    for number in 3..20 {
        assert!(ours.send(protocol::IPV4, &payload(number, 900)));
    }
    assert!(fragments(&mut ours).iter().all(|(id, _)| *id == MemberId(0)));
    for (id, information) in under_way {
        ours.handle_fragment(NOW, id, &information).unwrap();
    }
    assert_eq!(frames(&mut ours).len(), 1, "what came ahead of its end is whole");
    // And when it has gone, nothing waits for it: what is missing before is lost at once.
    theirs.leave(NOW, MemberId(1));
    assert!(theirs.send(protocol::IPV4, &payload(20, 100)));
    fragments(&mut theirs); // lost
    assert!(theirs.send(protocol::IPV4, &payload(21, 100)));
    for (id, information) in fragments(&mut theirs) {
        ours.handle_fragment(NOW, id, &information).unwrap();
    }
    assert_eq!(frames(&mut ours).len(), 0, "it could come over the other link yet");
    ours.leave(NOW, MemberId(1));
    assert_eq!(frames(&mut ours).len(), 1);
    assert_eq!((ours.poll_timeout(), ours.counters().lost), (None, 1));
    // The last link retires as well: there is nowhere to send to.
    ours.retire(MemberId(0));
    assert!(!ours.send(protocol::IPV4, &payload(22, 100)));
    assert_eq!((fragments(&mut ours).len(), ours.counters().dropped), (0, 1));
}

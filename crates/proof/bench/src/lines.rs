//! The work of lines and of MPPE for each frame, in memory, beside a bare copy and a bare RC4.

use std::hint::black_box;
use std::time::Instant as Wall;

use onhook_base::{Duration, Instant, Secret, Seed};
use onhook_crypto::mppe_keys;
use onhook_link::hdlc::{Deframer, push_frame};
use onhook_ppp::auth::{self, Method};
use onhook_ppp::{Encryption, Ipv4Terms, NetworkTerms, Ppp, PppEvent, PppTerms};

use crate::Figures;

const ROUNDS: u32 = 2_000;
const BATCH: u32 = 40;
const SIZE: usize = 1400;

pub(crate) fn measure(figures: &mut Figures) {
    framing(figures);
    encryption(figures);
}

/// Octets as they come, one in a hundred and twenty-eight of which is escaped.
fn octets() -> Vec<u8> {
    let mut chance = Seed::from_number(7).chance();
    let mut octets = vec![0; SIZE];
    chance.fill(&mut octets);
    octets
}

fn framing(figures: &mut Figures) {
    let packet = octets();
    let (mut line, mut copy) = (Vec::new(), Vec::new());
    let mut deframer = Deframer::new(1502);
    let (mut framing, mut unframing, mut copying) = (0, 0, 0);
    for _ in 0..ROUNDS {
        line.clear();
        let start = Wall::now();
        for _ in 0..BATCH {
            push_frame(&mut line, 0, &[b"\x21", black_box(&packet)]);
        }
        framing += start.elapsed().as_nanos();
        let start = Wall::now();
        let mut rest = line.as_slice();
        while !rest.is_empty() {
            let (read, whole) = deframer.read(rest);
            rest = rest.get(read..).unwrap_or_default();
            if whole {
                black_box(deframer.frame().len());
            }
        }
        unframing += start.elapsed().as_nanos();
        copy.clear();
        let start = Wall::now();
        for _ in 0..BATCH {
            copy.extend_from_slice(black_box(&packet));
        }
        copying += start.elapsed().as_nanos();
    }
    // Octets a nanosecond are thousands of millions a second.
    let speed = |nanoseconds: u128| f64::from(ROUNDS * BATCH) * SIZE as f64 / nanoseconds as f64;
    figures.put("HDLC, framing, random octets", speed(framing), "GB/s", "");
    figures.put("HDLC, unframing", speed(unframing), "GB/s", "");
    figures.put("copy", speed(copying), "GB/s", "the limit");
}

fn encryption(figures: &mut Figures) {
    let Some((mut near, mut far)) = encrypted_pair() else {
        figures.put("MPPE", 0.0, "GB/s", "the two ends did not agree");
        return;
    };
    let mut packet = octets();
    if let Some(first) = packet.first_mut() {
        *first = 0x45;
    }
    let now = Instant::ORIGIN + Duration::from_secs(100);
    let (mut sealing, mut opening, mut bare) = (0, 0, 0);
    let mut frame = Vec::new();
    for _ in 0..ROUNDS * BATCH {
        let start = Wall::now();
        near.send_packet(now, black_box(&packet), &mut |protocol, information| {
            frame.clear();
            frame.extend_from_slice(&protocol.to_be_bytes());
            frame.extend_from_slice(information);
        });
        sealing += start.elapsed().as_nanos();
        let start = Wall::now();
        black_box(far.handle_frame(now, &mut frame).is_some());
        opening += start.elapsed().as_nanos();
        let start = Wall::now();
        mppe_keys::rc4(black_box(&[7; 16]), &mut packet);
        bare += start.elapsed().as_nanos();
        mppe_keys::rc4(&[7; 16], &mut packet);
    }
    let speed = |nanoseconds: u128| f64::from(ROUNDS * BATCH) * SIZE as f64 / nanoseconds as f64;
    figures.put("MPPE of 128 bits, stateless, send", speed(sealing), "GB/s", "");
    figures.put("MPPE of 128 bits, stateless, receive", speed(opening), "GB/s", "");
    figures.put("RC4 alone, keyed for each packet", speed(bare), "GB/s", "the limit");
}

/// Two ends that have agreed to encrypt.
fn encrypted_pair() -> Option<(Ppp, Ppp)> {
    let password = Secret::new("wonderland1".to_owned());
    let credentials = auth::Credentials { user: "alice".to_owned(), password: password.clone() };
    let mut calling = PppTerms::caller(vec![Method::MsChapV2], Some(credentials));
    calling.encryption = Encryption::Strongest;
    let mut answering = PppTerms::answerer(vec![Method::MsChapV2], "bench".to_owned());
    answering.encryption = Encryption::Accepted;
    let mut ends =
        [Ppp::new(calling, &Seed::from_number(1)), Ppp::new(answering, &Seed::from_number(2))];
    let mut now = Instant::ORIGIN;
    for end in &mut ends {
        end.open(now);
        end.lower_up(now);
    }
    let mut information = Vec::new();
    for _ in 0..100 {
        now += Duration::from_millis(1);
        for from in 0..2 {
            while let Some(protocol) = ends[from].poll_frame(&mut information) {
                let mut frame = [&protocol.to_be_bytes()[..], &information].concat();
                ends[1 - from].handle_frame(now, &mut frame);
            }
            while let Some(event) = ends[from].poll_event() {
                let end = &mut ends[from];
                match event {
                    PppEvent::VerifyPeer(question) => {
                        let verdict = auth::judge(&question, &password);
                        end.answer_auth(now, verdict);
                    }
                    PppEvent::Authenticated { .. } => end.project(now, network(from)),
                    _ => {}
                }
            }
        }
    }
    let is_encrypted = ends.iter().all(|end| end.protection().is_some());
    let [near, far] = ends;
    is_encrypted.then_some((near, far))
}

fn network(end: usize) -> NetworkTerms {
    let address = [10, 0, 0, if end == 0 { 2 } else { 1 }];
    let ipv4 = Ipv4Terms { local: Some(address.into()), ..Ipv4Terms::default() };
    NetworkTerms { ipv4: Some(ipv4), ipv6: None }
}

//! The work of SSTP for each frame, in memory, beside a bare copy.

use std::hint::black_box;
use std::time::Instant as Wall;

use onhook_base::{Instant, Seed};
use onhook_link::sstp::{SstpAnswerer, SstpAnswererTerms, SstpCaller, SstpCallerTerms};
use onhook_link::{CertificateHashes, LaneFacts, Link};

use crate::Figures;

const ROUNDS: u32 = 5_000;
const BATCH: u32 = 40;

pub(crate) fn measure(figures: &mut Figures) {
    let now = Instant::ORIGIN;
    let seed = Seed::from_number(1);
    let mut near = SstpCaller::new(SstpCallerTerms::new("bench".to_owned()), &seed);
    let mut far = SstpAnswerer::new(SstpAnswererTerms::default(), &seed);
    let hashes = CertificateHashes { sha1: [1; 20], sha256: [2; 32] };
    let facts = LaneFacts { server_certificate: Some(hashes), ..LaneFacts::default() };
    near.open(now, &facts);
    far.open(now, &facts);
    let mut buffer = Vec::new();
    near_and_far(now, &mut near, &mut far, &mut buffer);
    near.authenticated(now, None);
    far.authenticated(now, None);
    near_and_far(now, &mut near, &mut far, &mut buffer);
    for size in [64_usize, 1400] {
        let packet = vec![0x45; size];
        let (mut sending, mut receiving, mut copying) = (0, 0, 0);
        let mut copy = Vec::with_capacity(size * BATCH as usize);
        for _ in 0..ROUNDS {
            let start = Wall::now();
            for _ in 0..BATCH {
                near.send_frame(now, 0x0021, black_box(&packet));
            }
            near.poll_transmit(&mut buffer);
            sending += start.elapsed().as_nanos();
            let start = Wall::now();
            far.handle_lane(now, onhook_link::Lane::Control, &buffer);
            while let Some(frame) = far.poll_frame(now) {
                black_box(frame.len());
            }
            receiving += start.elapsed().as_nanos();
            let start = Wall::now();
            copy.clear();
            for _ in 0..BATCH {
                copy.extend_from_slice(black_box(&packet));
            }
            copying += start.elapsed().as_nanos();
        }
        let each = |total: u128| total as f64 / f64::from(ROUNDS * BATCH);
        figures.put(&format!("SSTP, send a frame of {size}"), each(sending), "ns", "");
        figures.put(&format!("SSTP, receive a frame of {size}"), each(receiving), "ns", "");
        figures.put(&format!("copy {size} octets"), each(copying), "ns", "the limit");
    }
}

fn near_and_far(now: Instant, near: &mut impl Link, far: &mut impl Link, buffer: &mut Vec<u8>) {
    for _ in 0..20 {
        while near.poll_transmit(buffer).is_some() {
            far.handle_lane(now, onhook_link::Lane::Control, buffer);
        }
        while far.poll_frame(now).is_some() || far.poll_event().is_some() {}
        while far.poll_transmit(buffer).is_some() {
            near.handle_lane(now, onhook_link::Lane::Control, buffer);
        }
        while near.poll_frame(now).is_some() || near.poll_event().is_some() {}
    }
}

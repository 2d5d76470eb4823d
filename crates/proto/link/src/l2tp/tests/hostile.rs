//! Flaws of other programs, by their numbers.

use super::*;

/// N-L2TP-01, accel-ppp (CVE-2020-15173): header flags and lengths that were not checked.
#[test]
fn n_l2tp_01_every_header_and_every_length_of_an_avp_is_survived() {
    for flags in 0..=u16::MAX {
        for length in 0..=20 {
            let mut bytes = flags.to_be_bytes().to_vec();
            bytes.resize(length, 0xff);
            drop(Datagram::parse(&bytes));
            Peek::at(&bytes);
        }
    }
    let mut pair = Pair::up();
    for length in [0, 1, 2, 3, 4, 5, 6, 7, 100, 1023] {
        for behind in [0, 1, 20, 1016, 1017, 1018] {
            let mut avps =
                Builder::message(pair.ends[CALLER].tunnel.number, 0, kind::HELLO).finish();
            avps.extend_from_slice(&(0x8000_u16 | length).to_be_bytes());
            avps.extend_from_slice(&[0, 0, 0, 7]);
            avps.resize(avps.len() + behind, 0xff);
            let total = u16::try_from(avps.len()).unwrap();
            avps[2..4].copy_from_slice(&total.to_be_bytes());
            pair.ends[CALLER].handle_lane(NOW, Lane::Control, &avps);
            pair.settle();
        }
    }
    assert_eq!(pair.failure(CALLER), None);
    pair.send(CALLER, b"still there");
    assert_eq!(pair.frames[ANSWERER].len(), 1);
}

/// N-L2TP-02, mpd5 (CVE-2020-7465), accel-ppp (2bbf451b): values longer or shorter than their kind has.
#[test]
fn n_l2tp_02_no_length_of_any_value_hurts() {
    for kind in 0..=46 {
        for length in (0..=16).chain([1017]) {
            for message in [kind::SCCRQ, kind::SCCRP, kind::STOP_CCN, kind::ICRQ, kind::CDN] {
                let bytes = Builder::message(0, 0, message).bytes(true, kind, &vec![0xff; length]);
                let bytes = bytes.finish();
                let mut fresh = L2tp::answerer(terms(Some("secret")), &Seed::from_number(1));
                fresh.open(NOW, &LaneFacts::default());
                fresh.handle_lane(NOW, Lane::Control, &bytes);
                let mut pair = Pair::up();
                let mut bytes = bytes;
                bytes[4..6].copy_from_slice(&pair.ends[CALLER].tunnel.number.to_be_bytes());
                bytes[8..10].copy_from_slice(&2_u16.to_be_bytes());
                pair.ends[CALLER].handle_lane(NOW, Lane::Control, &bytes);
                pair.close(CALLER);
                pair.pass(Duration::from_secs(2));
                assert_eq!(pair.events[CALLER].last(), Some(&LinkEvent::Closed));
            }
        }
    }
}

/// N-L2TP-03, accel-ppp (9554ce05), xl2tpd (a1e9e82): what is hidden says itself how long it is.
#[test]
fn n_l2tp_03_a_hidden_value_is_read_no_further_than_it_reaches() {
    for secret in [&b"right"[..], b"wrong", b""] {
        for size in 0..=64 {
            for with_vector in [true, false] {
                let mut avps = Vec::new();
                if with_vector {
                    avps.extend_from_slice(&[0x80, 22, 0, 0, 0, 36]);
                    avps.extend_from_slice(&[0x5a; 16]);
                }
                // Twice in a row: nothing of the first is left for the second.
                for _ in 0..2 {
                    avps.extend_from_slice(&(0xc000_u16 | (6 + size)).to_be_bytes());
                    avps.extend_from_slice(&[0, 0, 0, 7]);
                    avps.extend((0..size).map(|n| u8::try_from(n).unwrap().wrapping_mul(37)));
                }
                for read in Avps::new(&avps, Some(secret)).filter(|r| with_vector || r.is_ok()) {
                    let hidden =
                        read.map_or(0, |avp| if avp.kind == 7 { avp.value.len() } else { 0 });
                    assert!(hidden <= usize::from(size), "{hidden} of {size}");
                }
                let found = Avps::new(&avps, Some(secret)).filter(Result::is_ok).count();
                assert!(with_vector || found == 0, "nothing is uncovered without a vector");
                assert!(Avps::new(&avps, None).filter(Result::is_ok).count() <= 1);
            }
        }
    }
}

/// N-L2TP-04, BNG Blaster (#348): words of another session end a living one.
#[test]
fn n_l2tp_04_nothing_of_another_tunnel_or_call_is_taken() {
    let mut pair = Pair::up();
    let (tunnel, session) = (pair.ends[CALLER].tunnel.number, pair.ends[CALLER].session.number);
    for (tunnel, session) in
        [(tunnel, session ^ 1), (tunnel ^ 1, session), (0, session), (tunnel, 0)]
    {
        let mut data = Vec::new();
        super::super::wire::push_data_header(&mut data, tunnel, session, None);
        data.extend_from_slice(&[0xff, 3, 0xc0, 0x21, 5, 1, 0, 4]);
        pair.ends[CALLER].handle_lane(NOW, Lane::Control, &data);
        pair.drain(CALLER);
    }
    for (tunnel, session) in [(tunnel, session ^ 1), (tunnel ^ 1, session), (0, session)] {
        let end = Builder::message(tunnel, session, kind::CDN)
            .result(1, 0)
            .u16(true, avp::ASSIGNED_SESSION, 9)
            .finish();
        pair.ends[CALLER].handle_lane(NOW, Lane::Control, &end);
        pair.settle();
    }
    assert_eq!((pair.frames.clone(), pair.events.clone()), Default::default());
    pair.send(CALLER, b"still there");
    assert_eq!(pair.frames[ANSWERER].len(), 1);
}

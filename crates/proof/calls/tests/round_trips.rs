//! How many round trips a dial takes. Counted on the one clock, and held.
//!
//! | step | SSTP | line over TCP | L2TP | PPPoE |
//! |---|---|---|---|---|
//! | TCP | 1 | 1 | | |
//! | TLS 1.3 | 1 | | | |
//! | HTTP request and reply | 1 | | | |
//! | SSTP Call Connect Request and Ack | 1 | | | |
//! | SCCRQ and SCCRP; ICRQ and ICRP | | | 2 | |
//! | PADI and PADO; PADR and PADS | | | | 2 |
//! | LCP, both ways at once; or the answerer, which is there half a round trip later, after us | 1 | 2 | 2 | 1 |
//! | the proof (CHAP response and success; the challenge comes with LCP's Ack) | 1 | 1 | 1 | 1 |
//! | IPCP: asked with 0.0.0.0, told by Nak, asked again | 2 | 2 | 2 | 2 |
//! | **together** | **8** | **6** | **7** | **6** |

use onhook_base::{Duration, Instant};
use onhook_calls::{Call, Over, Terms};
use onhook_connection::State;
use onhook_ppp::auth::Method;

const METHODS: [Method; 3] = [Method::MsChapV2, Method::ChapMd5, Method::Pap];

fn round_trips(over: Over, method: Method) -> f64 {
    let delay = Duration::from_millis(500);
    let mut call = Call::dial(Terms { method, delay, ..Terms::over(over) });
    let began: Instant = call.now;
    call.run_until(|c| c.caller.connection.state() == State::Connected);
    call.now.since(began).as_secs_f64()
}

#[test]
fn a_dial_over_sstp_takes_eight_round_trips() {
    // PAP needs no challenge, but the peer may only ask when LCP is open at its own end.
    for method in METHODS {
        assert_eq!(round_trips(Over::Sstp, method), 8.0, "{method}");
    }
}

#[test]
fn a_dial_over_a_line_takes_six_round_trips() {
    for method in [Method::MsChapV2, Method::ChapMd5] {
        assert_eq!(round_trips(Over::Line, method), 6.0, "{method}");
    }
    // PAP does not wait for the challenge of an answerer that came later.
    assert_eq!(round_trips(Over::Line, Method::Pap), 5.0);
}

#[test]
fn a_dial_over_l2tp_takes_seven_round_trips() {
    for method in [Method::MsChapV2, Method::ChapMd5] {
        assert_eq!(round_trips(Over::L2tp, method), 7.0, "{method}");
    }
    assert_eq!(round_trips(Over::L2tp, Method::Pap), 6.0);
}

#[test]
fn a_dial_over_pppoe_takes_six_round_trips() {
    for (mtu, carries) in [(1500, 1500), (1508, 1508)] {
        for method in METHODS {
            let over = Over::Pppoe { mtu, carries };
            assert_eq!(round_trips(over, method), 6.0, "{over:?} {method}");
        }
    }
}

/// LCP takes one more then, and the proof as many as before; the challenge waits for the answerer's LCP.
#[test]
fn long_frames_that_do_not_pass_cost_a_second_negotiation() {
    let over = Over::Pppoe { mtu: 1508, carries: 1500 };
    for method in [Method::MsChapV2, Method::ChapMd5] {
        assert_eq!(round_trips(over, method), 9.0, "{method}");
    }
    assert_eq!(round_trips(over, Method::Pap), 8.0);
}

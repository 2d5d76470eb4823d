//! How many round trips a dial takes. Counted on the one clock, and held.
//!
//! | step | round trips |
//! |---|---|
//! | TCP | 1 |
//! | TLS 1.3 | 1 |
//! | HTTP request and reply | 1 |
//! | SSTP Call Connect Request and Ack | 1 |
//! | LCP, both ways at once | 1 |
//! | the proof (CHAP response and success; the challenge comes with LCP's Ack) | 1 |
//! | IPCP: asked with 0.0.0.0, told by Nak, asked again | 2 |
//! | **together** | **8** |

use onhook_base::{Duration, Instant};
use onhook_calls::{Call, Terms};
use onhook_connection::State;
use onhook_ppp::auth::Method;

fn round_trips(method: Method) -> f64 {
    let delay = Duration::from_millis(500);
    let mut call = Call::dial(Terms { method, delay, ..Terms::default() });
    let began: Instant = call.now;
    call.run_until(|c| c.caller.connection.state() == State::Connected);
    call.now.since(began).as_secs_f64()
}

#[test]
fn a_dial_over_sstp_takes_eight_round_trips() {
    assert_eq!(round_trips(Method::MsChapV2), 8.0);
    assert_eq!(round_trips(Method::ChapMd5), 8.0);
    // PAP needs no challenge, but the peer may only ask when LCP is open at its own end.
    assert_eq!(round_trips(Method::Pap), 8.0);
}

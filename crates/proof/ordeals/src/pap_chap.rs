//! PAP, CHAP-MD5 and MS-CHAP v2: who proves, and who asks for proof.

use crate::input::{Input, START};
use onhook_base::{Duration, Secret, Seed};
use onhook_ppp::auth::{
    self, AuthEvent, Authenticator, Credentials, Method, Prover, Verdict, describe, judge,
};

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let kind = input.byte();
    let method = [Method::Pap, Method::ChapMd5, Method::MsChapV2][usize::from(kind >> 1) % 3];
    if kind & 1 == 0 { prove(method, input) } else { ask(method, input) }
}

fn prove(method: Method, mut input: Input<'_>) {
    let credentials = Credentials {
        user: "EXAMPLE\\alice".to_owned(),
        password: Secret::new("wonderland1".to_owned()),
    };
    let mut prover = Prover::new(method, Some(credentials), Seed::from_number(1).chance());
    let mut now = START;
    prover.asks_person(true);
    prover.start(now);
    let mut out = Vec::new();
    while !input.is_empty() {
        if input.byte() == 0 {
            now += Duration::from_secs(u64::from(input.byte()));
            prover.handle_timeout(now);
        } else {
            let packet = input.piece();
            drop(describe(method.protocol(), packet));
            prover.handle_packet(now, packet);
        }
        while prover.poll_packet(&mut out) {
            // Inside the frame that carries it, a name and a proof never need more.
            assert!(out.len() <= 1500, "a packet of {} octets", out.len());
        }
        while let Some(event) = prover.poll_event() {
            if let AuthEvent::Done { peer_proven, .. } = event {
                // Nobody can guess MS-CHAP v2's proof: 20 octets of SHA-1 under the password.
                assert!(
                    !(peer_proven && method == Method::MsChapV2),
                    "proved without the password"
                );
            }
        }
    }
}

fn ask(method: Method, mut input: Input<'_>) {
    let name = "answerer".to_owned();
    let mut authenticator = Authenticator::new(method, name, Seed::from_number(1).chance());
    let mut now = START;
    authenticator.hear_again(2);
    authenticator.start(now);
    let mut out = Vec::new();
    // Nobody can guess it: what the fuzzer cannot know, it must not be let in by.
    let password = Secret::new("4b1d1c5b2f7c48f3a1b8e53b2a9d7c6e".to_owned());
    // A refused proof is followed by others.
    authenticator.hear_again(2);
    while !input.is_empty() {
        if input.byte() == 0 {
            now += Duration::from_secs(u64::from(input.byte()));
            authenticator.handle_timeout(now);
        } else {
            let packet = input.piece();
            drop(auth::describe(method.protocol(), packet));
            authenticator.handle_packet(now, packet);
        }
        while let Some(event) = authenticator.poll_event() {
            match event {
                AuthEvent::Ask(question) => {
                    let verdict = judge(&question, &password);
                    let let_in = matches!(verdict, Verdict::Accept { .. });
                    assert!(!let_in, "“{}” was let in", question.name());
                    authenticator.answer(now, verdict);
                }
                AuthEvent::Done { .. } => panic!("done without a proof"),
                AuthEvent::Progress(_) | AuthEvent::Waiting { .. } | AuthEvent::Failed(_) => {}
            }
        }
        while authenticator.poll_packet(&mut out) {}
    }
}

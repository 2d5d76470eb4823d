//! PAP, CHAP-MD5 and both MS-CHAPs: who proves, and who asks for proof; once more after a refusal, and with
//! a new password.

use crate::input::{Input, START};
use onhook_base::{Duration, Secret, Seed};
use onhook_ppp::auth::{
    self, AuthEvent, Authenticator, Credentials, Method, Prover, Verdict, describe, judge,
};
use onhook_ppp::{Given, Wanted};

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let kind = input.byte();
    let methods = [Method::Pap, Method::ChapMd5, Method::MsChapV2, Method::MsChapV1];
    let method = methods[usize::from(kind >> 1) % methods.len()];
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
            if let AuthEvent::Waiting { wanted: Some(wanted), .. } = &event {
                // The person speaks at once; what was sent for it is repeated, but not for ever.
                let password = Secret::new("looking-glass".to_owned());
                let user = "alice".to_owned();
                assert!(prover.give(
                    now,
                    match wanted {
                        Wanted::Credentials { .. } => {
                            Given::Credentials(Credentials { user, password })
                        }
                        Wanted::NewPassword { .. } => Given::NewPassword(password),
                    }
                ));
            }
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
    let (mut out, mut refusals) = (Vec::new(), 0_usize);
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
                    assert!(
                        question.new_password(&password).is_none(),
                        "sealed without the old one"
                    );
                    // Every door is opened that can be: another try, an expired password, a new one.
                    let code = if question.is_change() { 709 } else { [691, 648][refusals % 2] };
                    refusals += 1;
                    assert!(refusals < 100, "a caller is heard for ever");
                    authenticator
                        .answer(now, Verdict::Reject { code, retry: true, message: String::new() });
                }
                AuthEvent::Done { .. } => panic!("done without a proof"),
                AuthEvent::Progress(_) | AuthEvent::Waiting { .. } | AuthEvent::Failed(_) => {}
            }
        }
        while authenticator.poll_packet(&mut out) {}
    }
}

//! EAP of every kind, one side of it: what a stranger says, and a TLS whose replies are the input's too.

use crate::input::{Input, START};
use onhook_base::{Duration, Instant, Secret, Seed};
use onhook_ppp::Given;
use onhook_ppp::auth::eap::{EapAuthenticator, EapPeer};
use onhook_ppp::auth::{
    AuthEvent, Credentials, EapMethod, EapTerms, Proof, TlsFacts, TlsFailure, TlsFault, TlsReply,
    TlsState, Verdict, judge,
};

const METHODS: [EapMethod; 4] =
    [EapMethod::Md5, EapMethod::MsChapV2, EapMethod::Tls, EapMethod::Peap];
/// Packets that one input may lead to.
const MOST_PACKETS: usize = 4;

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let kind = input.byte();
    let method = METHODS[usize::from(kind >> 2) % 4];
    match kind % 3 {
        0 => prove(method, input),
        1 => ask(method, input),
        _ => pass_on(input),
    }
}

fn terms(methods: Vec<EapMethod>) -> EapTerms {
    EapTerms { methods, pass_through: false }
}

/// A reply of the input's making, and whether it says that the tunnel is open.
fn reply(input: &mut Input<'_>) -> (TlsReply, bool) {
    let how = input.byte();
    let (records, heard) = (input.piece().to_vec(), input.piece().to_vec());
    let state = match how % 4 {
        0 => TlsState::Shaking,
        1 => TlsState::Failed(TlsFailure { fault: TlsFault::NotTls, text: String::new() }),
        _ => TlsState::Open(TlsFacts {
            is_13: how & 4 != 0,
            key_material: Secret::new(vec![how; 128]),
            names: if how & 8 == 0 { vec!["alice".to_owned()] } else { Vec::new() },
        }),
    };
    let is_open = matches!(state, TlsState::Open(_));
    (TlsReply { records, heard: Secret::new(heard), state }, is_open)
}

/// Time that passes, or a packet of the stranger's.
enum Step {
    Later(Instant),
    Packet(Vec<u8>),
}

fn step(input: &mut Input<'_>, now: Instant, id: u8) -> Step {
    match input.byte() {
        0 => Step::Later(now + Duration::from_secs(u64::from(input.byte()))),
        1 => Step::Packet(input.piece().to_vec()),
        // With the identifier that is waited for, or the next, and a length that is right.
        how => {
            let mut packet = vec![how % 5, id.wrapping_add(how >> 7), 0, 0];
            packet.extend(input.piece());
            let length = u16::try_from(packet.len()).unwrap_or(u16::MAX).to_be_bytes();
            packet[2..4].copy_from_slice(&length);
            Step::Packet(packet)
        }
    }
}

fn prove(method: EapMethod, mut input: Input<'_>) {
    let credentials = Credentials {
        user: "EXAMPLE\\alice".to_owned(),
        password: Secret::new("4b1d1c5b2f7c48f3a1b8e53b2a9d7c6e".to_owned()),
    };
    let chance = Seed::from_number(1).chance();
    let mut peer = EapPeer::new(&terms(vec![method]), Some(credentials), 1500, chance);
    let mut now = START;
    peer.asks_person(true);
    peer.start(now);
    let (mut out, mut id, mut was_open) = (Vec::new(), 0, false);
    while !input.is_empty() {
        match step(&mut input, now, id) {
            Step::Later(then) => {
                now = then;
                peer.handle_timeout(now);
            }
            Step::Packet(packet) => {
                id = packet.get(1).copied().unwrap_or_default();
                peer.handle_packet(now, &packet);
            }
        }
        while let Some(_order) = peer.poll_order() {
            let (reply, is_open) = reply(&mut input);
            was_open |= is_open;
            peer.handle_tls(reply);
        }
        let mut packets = 0;
        while peer.poll_packet(&mut out) {
            packets += 1;
            assert!(out.len() <= 1500, "a packet of {} octets", out.len());
        }
        assert!(packets <= MOST_PACKETS, "{packets} packets at once");
        while let Some(event) = peer.poll_event() {
            if let AuthEvent::Waiting { .. } = event {
                give(&mut peer, now, &mut input);
            }
            if let AuthEvent::Done { keys, peer_proven, .. } = event {
                match method {
                    EapMethod::Md5 => assert!(!peer_proven && keys.is_none()),
                    EapMethod::Tls => assert!(was_open && keys.is_some()),
                    // Nobody can guess its proof: 20 octets of SHA-1 under the password.
                    EapMethod::MsChapV2 | EapMethod::Peap => panic!("proved without the password"),
                }
            }
        }
    }
}

/// The person gives something at once, which may not be what was asked for.
fn give(peer: &mut EapPeer, now: Instant, input: &mut Input<'_>) {
    let password = || Secret::new("5b3f0e6d1a2c49788f0b9d7c6e4a3b21".to_owned());
    let user = "EXAMPLE\\alice".to_owned();
    peer.give(
        now,
        match input.byte() % 3 {
            0 => Given::Credentials(Credentials { user, password: password() }),
            1 => Given::NewPassword(password()),
            _ => Given::NewPassword(Secret::new("x".repeat(257))),
        },
    );
}

fn ask(method: EapMethod, mut input: Input<'_>) {
    let chance = Seed::from_number(1).chance();
    let mut machine =
        EapAuthenticator::new(terms(vec![method]), "answerer".to_owned(), 1500, chance);
    let mut now = START;
    machine.hear_again(2);
    machine.start(now);
    let (mut out, mut id, mut was_open) = (Vec::new(), 0, false);
    // Nobody can guess it: what the fuzzer cannot know, it must not be let in by.
    let password = Secret::new("4b1d1c5b2f7c48f3a1b8e53b2a9d7c6e".to_owned());
    loop {
        let mut packets = 0;
        while machine.poll_packet(&mut out) {
            packets += 1;
            id = out[1];
            assert!(out.len() <= 1500, "a packet of {} octets", out.len());
        }
        assert!(packets <= MOST_PACKETS, "{packets} packets at once");
        if input.is_empty() {
            break;
        }
        match step(&mut input, now, id) {
            Step::Later(then) => {
                now = then;
                machine.handle_timeout(now);
            }
            Step::Packet(packet) => machine.handle_packet(now, &packet),
        }
        loop {
            if let Some(_order) = machine.poll_order() {
                let (reply, is_open) = reply(&mut input);
                was_open |= is_open;
                machine.handle_tls(now, reply);
                continue;
            }
            match machine.poll_event() {
                Some(AuthEvent::Ask(question)) => {
                    let verdict = match question.proof() {
                        Proof::Certificate { .. } => {
                            Verdict::Accept { message: Vec::new(), keys: None }
                        }
                        _ => match judge(&question, &password) {
                            Verdict::Reject { message, .. } => {
                                let code = [691, 648, 709][usize::from(input.byte() % 3)];
                                Verdict::Reject { code, retry: true, message }
                            }
                            verdict => verdict,
                        },
                    };
                    let is_certificate = matches!(question.proof(), Proof::Certificate { .. });
                    let let_in = matches!(verdict, Verdict::Accept { .. });
                    assert!(!let_in || is_certificate, "“{}” was let in", question.name());
                    machine.answer(now, verdict);
                }
                Some(AuthEvent::Done { .. }) => {
                    assert!(method == EapMethod::Tls && was_open, "done without a proof");
                }
                Some(AuthEvent::Progress(_) | AuthEvent::Failed(_) | AuthEvent::Waiting { .. }) => {
                }
                None => break,
            }
        }
    }
}

/// The judge elsewhere says what the input says.
fn pass_on(mut input: Input<'_>) {
    let terms = EapTerms { methods: Vec::new(), pass_through: true };
    let chance = Seed::from_number(1).chance();
    let mut machine = EapAuthenticator::new(terms, "answerer".to_owned(), 1500, chance);
    let mut now = START;
    machine.start(now);
    let (mut out, mut id, mut accepted) = (Vec::new(), 0, false);
    loop {
        while machine.poll_packet(&mut out) {
            id = out[1];
        }
        if input.is_empty() {
            break;
        }
        match step(&mut input, now, id) {
            Step::Later(then) => {
                now = then;
                machine.handle_timeout(now);
            }
            Step::Packet(packet) => machine.handle_packet(now, &packet),
        }
        while let Some(event) = machine.poll_event() {
            match event {
                AuthEvent::Ask(question) => {
                    assert!(matches!(question.proof(), Proof::Eap { .. }));
                    let verdict = match input.byte() % 4 {
                        0 => Verdict::Accept { message: Vec::new(), keys: None },
                        1 => Verdict::Reject { code: 691, retry: false, message: String::new() },
                        _ => Verdict::Continue { packet: input.piece().to_vec() },
                    };
                    accepted |= matches!(verdict, Verdict::Accept { .. });
                    machine.answer(now, verdict);
                }
                AuthEvent::Done { .. } => assert!(accepted, "done without a verdict"),
                AuthEvent::Progress(_) | AuthEvent::Failed(_) | AuthEvent::Waiting { .. } => {}
            }
        }
    }
}

//! Two ends of EAP on a line that loses, repeats and bends what the input says, each with a TLS that is
//! only pretended. Whoever is let in has proved itself; both ends come to an end. Where a person is asked
//! for another password, it gives one or a new one, which may be right.

use crate::input::{Input, START};
use onhook_base::{Secret, Seed};
use onhook_ppp::auth::eap::{EapAuthenticator, EapPeer};
use onhook_ppp::auth::{
    AuthEvent, Credentials, EapMethod, EapTerms, Keys, Proof, Question, TlsAsk, TlsFacts,
    TlsFailure, TlsFault, TlsOrder, TlsReply, TlsRole, TlsState, Verdict, judge,
};
use onhook_ppp::{Given, Wanted};

const METHODS: [EapMethod; 4] =
    [EapMethod::Md5, EapMethod::MsChapV2, EapMethod::Tls, EapMethod::Peap];
const PASSWORD: &str = "wonderland1";

/// TLS from outside: flights of one size, a sum over each, words that are not readable on the way.
struct Pretended {
    is_13: bool,
    flight: usize,
    heard: usize,
}

impl Pretended {
    fn sealed(&self, mark: u8, words: &[u8]) -> Vec<u8> {
        let mut out = vec![mark];
        out.extend(words.iter().map(|octet| octet ^ 0x5a));
        out.push(sum(&out));
        out
    }

    fn reply(&mut self, order: TlsOrder) -> TlsReply {
        let mut records = Vec::new();
        let mut words = Vec::new();
        let mut failed = false;
        let hello = vec![7; self.flight];
        match (order.ask, order.role) {
            (TlsAsk::Begin { .. }, TlsRole::Client) => {
                self.heard = 0;
                records = self.sealed(1, &hello);
            }
            (TlsAsk::Begin { .. }, TlsRole::Server) => self.heard = 0,
            (TlsAsk::Say(said), _) => records = self.sealed(2, said.expose()),
            (TlsAsk::Hear(flight), role) => {
                let Some((last, rest)) = flight.split_last() else { panic!("an empty flight") };
                failed = *last != sum(rest);
                self.heard += 1;
                if rest.first() == Some(&2) {
                    failed |= !self.is_open(role);
                    words = rest[1..].iter().map(|octet| octet ^ 0x5a).collect();
                } else if self.heard <= self.flights(role) {
                    records = self.sealed(1, &hello);
                }
            }
        }
        let state = if failed {
            let text = "the sum is wrong".to_owned();
            TlsState::Failed(TlsFailure { fault: TlsFault::NotTls, text })
        } else if self.is_open(order.role) {
            TlsState::Open(TlsFacts {
                is_13: self.is_13,
                key_material: Secret::new((0..128).collect()),
                names: vec!["alice".to_owned()],
            })
        } else {
            TlsState::Shaking
        };
        TlsReply { records, heard: Secret::new(words), state }
    }

    /// Flights of the handshake that are answered with one.
    const fn flights(&self, role: TlsRole) -> usize {
        match (role, self.is_13) {
            (TlsRole::Server, false) => 2,
            (TlsRole::Server, true) | (TlsRole::Client, _) => 1,
        }
    }

    const fn is_open(&self, role: TlsRole) -> bool {
        self.heard >= if matches!(role, TlsRole::Client) && self.is_13 { 1 } else { 2 }
    }
}

fn sum(octets: &[u8]) -> u8 {
    octets.iter().fold(1, |sum: u8, octet| sum.wrapping_mul(31).wrapping_add(*octet))
}

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let kind = input.byte();
    let method = METHODS[usize::from(kind & 3)];
    let (is_13, knows) = (kind & 4 != 0, kind & 8 != 0);
    let (asks, remembers, expired) = (kind & 16 != 0, kind & 32 != 0, kind & 64 != 0);
    let flight = usize::from(input.byte()) * 20 + 1;
    let tls = || Pretended { is_13, flight, heard: 0 };
    let (mut ours, mut theirs) = (tls(), tls());
    let terms = EapTerms { methods: vec![method], pass_through: false };
    let credentials =
        Credentials { user: "alice".to_owned(), password: Secret::new(PASSWORD.to_owned()) };
    let (one, two) = (Seed::from_number(1).chance(), Seed::from_number(2).chance());
    let mut peer = EapPeer::new(&terms, Some(credentials), 1500, one);
    let mut machine = EapAuthenticator::new(terms, "answerer".to_owned(), 1500, two);
    let password = if knows { PASSWORD } else { "another" };
    let given = if remembers { password } else { "a guess" };
    let password = Secret::new(password.to_owned());
    peer.asks_person(asks);
    machine.hear_again(if asks { 2 } else { 0 });
    let mut now = START;
    peer.start(now);
    machine.start(now);
    let (mut our_end, mut their_end) = (None, None);
    let mut packet = Vec::new();
    for rounds in 0.. {
        assert!(rounds < 20_000, "it never ends");
        let mut moved = false;
        while let Some(order) = peer.poll_order() {
            moved = true;
            peer.handle_tls(ours.reply(order));
        }
        while let Some(order) = machine.poll_order() {
            moved = true;
            machine.handle_tls(now, theirs.reply(order));
        }
        while let Some(event) = peer.poll_event() {
            moved = true;
            if let AuthEvent::Waiting { wanted, .. } = &event {
                assert!(asks, "a person is asked who is not there");
                peer.give(now, answer(wanted.as_ref(), given));
            }
            note(event, &mut our_end);
        }
        while let Some(event) = machine.poll_event() {
            if let AuthEvent::Ask(question) = &event {
                machine.answer(now, verdict(question, &password, expired));
            }
            moved = true;
            note(event, &mut their_end);
        }
        if moved {
            continue;
        }
        let (to_peer, is_there) = match machine.poll_packet(&mut packet) {
            true => (true, true),
            false => (false, peer.poll_packet(&mut packet)),
        };
        if is_there {
            let times = weather(&mut input, &mut packet);
            for _ in 0..times {
                match to_peer {
                    true => peer.handle_packet(now, &packet),
                    false => machine.handle_packet(now, &packet),
                }
            }
            continue;
        }
        let next = [peer.poll_timeout(), machine.poll_timeout()];
        let Some(next) = next.into_iter().flatten().map(|deadline| deadline.at).min() else {
            break;
        };
        now = now.max(next);
        peer.handle_timeout(now);
        machine.handle_timeout(now);
    }
    judge_ends(method, knows || (asks && remembers), our_end, their_end);
}

/// What the person says. A new password is longer than its form in some cases.
fn answer(wanted: Option<&Wanted>, given: &str) -> Given {
    let password = Secret::new(given.to_owned());
    match wanted {
        Some(Wanted::NewPassword { message, .. }) if message.is_empty() => {
            Given::NewPassword(Secret::new("x".repeat(300)))
        }
        Some(Wanted::NewPassword { .. }) => Given::NewPassword(password),
        Some(Wanted::Credentials { .. }) | None => {
            Given::Credentials(Credentials { user: "alice".to_owned(), password })
        }
    }
}

/// By the certificate, or by the password, which may have expired: then it is good for its change alone.
fn verdict(question: &Question, password: &Secret<String>, expired: bool) -> Verdict {
    if let Proof::Certificate { .. } = question.proof() {
        return Verdict::Accept { message: Vec::new(), keys: None };
    }
    let new = question.new_password(password);
    let reject = |code| Verdict::Reject { code, retry: true, message: String::new() };
    match judge(question, new.as_ref().unwrap_or(password)) {
        Verdict::Accept { .. } if expired && !question.is_change() => reject(648),
        Verdict::Reject { code, .. } => reject(code),
        verdict => verdict,
    }
}

/// How often a packet arrives; it may be bent on the way.
fn weather(input: &mut Input<'_>, packet: &mut [u8]) -> usize {
    match input.byte() {
        1 => 0,
        2 => 2,
        3 => {
            let at = usize::from(input.byte()) % packet.len();
            packet[at] ^= input.byte();
            1
        }
        _ => 1,
    }
}

/// How it ended for one side: with keys, or not at all.
type End = Option<Result<Option<Keys>, ()>>;

fn note(event: AuthEvent, end: &mut End) {
    let new = match event {
        AuthEvent::Done { keys, .. } => Ok(keys),
        AuthEvent::Failed(_) => Err(()),
        AuthEvent::Progress(_) | AuthEvent::Ask(_) | AuthEvent::Waiting { .. } => return,
    };
    assert!(end.is_none(), "an end after the end");
    *end = Some(new);
}

fn judge_ends(method: EapMethod, knows: bool, ours: End, theirs: End) {
    let (Some(ours), Some(theirs)) = (ours, theirs) else { panic!("an end is missing") };
    if let Ok(keys) = &theirs {
        assert!(knows || method == EapMethod::Tls, "let in without the password");
        assert_eq!(keys.is_some(), method != EapMethod::Md5);
    }
    if let (Ok(ours), Ok(theirs)) = (&ours, &theirs) {
        assert_eq!(ours, theirs, "both are in with different keys");
    }
    if ours.is_ok() && method != EapMethod::Md5 && method != EapMethod::Tls {
        assert!(knows, "the caller takes a server that does not know the password");
    }
}

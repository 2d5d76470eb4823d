//! The answering side and a RADIUS server of our own, over real sockets on loopback: who is let in, what
//! is told of the session, and its end by order.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use onhook_answer::{
    Answer, AnswerConfig, Identity, Method, Pool, RadiusConfig, RadiusServer, Users,
};
use onhook_base::Secret;
use onhook_crypto::{change_password, mppe_keys, mschap, radius as proof};
use onhook_engine::{Caller, Engine, EngineConfig, ManagerTerms};
use onhook_host::HostConfig;
use onhook_model::{
    AuthMethod, AuthRestrictions, Credentials, DialOptions, DialRequest, Entry, EventKind, Handle,
    RasCode, RasState, Resumption, Trust,
};
use onhook_radius::wire::{Attributes, Packet, attribute, code, microsoft};
use tokio::net::UdpSocket;
use tokio::sync::watch;

const SECRET: &[u8] = b"looking-glass";
const CALLER: Caller = Caller::of(0, 1);
const ADDRESS: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);
/// How long anything may take before it counts as stuck.
const STUCK: Duration = Duration::from_secs(20);

/// A server that lets alice in, and notes what it is told.
struct Server {
    address: SocketAddr,
    told: Arc<Mutex<Vec<Vec<u8>>>>,
    count: watch::Receiver<usize>,
}

impl Server {
    /// `speaks`: it answers who asks whom to admit.
    async fn start(speaks: bool) -> Self {
        Self::saying(move |request| answer(request).filter(|_| speaks)).await
    }

    /// One that answers as it is told to.
    async fn saying(mut says: impl FnMut(&[u8]) -> Option<Vec<u8>> + Send + 'static) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let told = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let (counting, count) = watch::channel(0);
        let notes = told.clone();
        tokio::spawn(async move {
            let mut room = [0; 4096];
            loop {
                let (length, from) = socket.recv_from(&mut room).await.unwrap();
                let request = room[..length].to_vec();
                if let Some(answer) = says(&request) {
                    socket.send_to(&answer, from).await.unwrap();
                }
                notes.lock().unwrap().push(request);
                counting.send_modify(|n| *n += 1);
            }
        });
        Self { address, told, count }
    }

    /// What it was told, once it has been told so much of this kind.
    async fn heard(&mut self, kind: u8, least: usize) -> Vec<Vec<u8>> {
        let all = || {
            let told = self.told.lock().unwrap();
            told.iter().filter(|packet| packet[0] == kind).cloned().collect::<Vec<_>>()
        };
        let enough = async {
            while all().len() < least {
                self.count.changed().await.unwrap();
            }
        };
        tokio::time::timeout(STUCK, enough).await.expect("it was told enough");
        all()
    }
}

fn answer(request: &[u8]) -> Option<Vec<u8>> {
    let packet = Packet::parse(request).unwrap();
    let mut attributes = Attributes::default();
    let kind = match packet.code {
        code::ACCOUNTING_REQUEST => {
            assert!(packet.proves_itself(SECRET));
            code::ACCOUNTING_RESPONSE
        }
        code::ACCESS_REQUEST if packet.first(attribute::USER_NAME) == Some(b"alice") => {
            attributes.number(attribute::FRAMED_IP_ADDRESS, ADDRESS.into());
            attributes.octets(attribute::CLASS, b"gold");
            attributes.microsoft(microsoft::PRIMARY_DNS_SERVER, &[192, 0, 2, 54]);
            code::ACCESS_ACCEPT
        }
        code::ACCESS_REQUEST => {
            attributes.text(attribute::REPLY_MESSAGE, "who are you?");
            code::ACCESS_REJECT
        }
        _ => return None,
    };
    Some(attributes.answer(kind, packet.identifier, &packet.authenticator, SECRET))
}

struct Stage {
    engine: Engine,
    answer: Answer,
    ca: String,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn new(server: &Server) -> Self {
        Self::with(server, Method::Pap, Users::default()).await
    }

    async fn with(server: &Server, method: Method, users: Users) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = |name: &str| {
            let state_dir = folder.path().join(name);
            std::fs::create_dir_all(&state_dir).unwrap();
            let host = HostConfig { userspace_only: true, ..HostConfig::default() };
            Engine::start(EngineConfig { state_dir, host, terms: ManagerTerms::default() })
        };
        let identity = Identity::make(&["127.0.0.1".to_owned()]).unwrap();
        let ca = identity.ca_pem().unwrap().to_owned();
        let known = RadiusServer { address: server.address, secret: Secret::new(SECRET.to_vec()) };
        let pool = Pool::new("10.99.0.0/24".parse().unwrap()).unwrap();
        let config = AnswerConfig {
            sstp: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))],
            methods: vec![method],
            radius: Some(RadiusConfig {
                access: vec![known.clone()],
                accounting: vec![known],
                orders: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
                identifier: "nas".to_owned(),
                trusts_unsigned: false,
            }),
            ..AnswerConfig::new(identity, users, pool)
        };
        let answer = Answer::start(engine("answer").await.unwrap(), config).await.unwrap();
        Self { engine: engine("manager").await.unwrap(), answer, ca, _folder: folder }
    }

    fn begin(&self, user: &str) -> Handle {
        self.begin_by(AuthMethod::Pap, user)
    }

    /// A dial that waits where a person would be asked.
    fn begin_by(&self, method: AuthMethod, user: &str) -> Handle {
        let address = self.answer.addresses()[0];
        let mut entry = Entry::for_number(&address.to_string(), "sstp");
        entry.trust = Trust::CaPem(self.ca.clone());
        entry.auth = AuthRestrictions::from_bits(method.bit());
        let options = DialOptions {
            by_number: true,
            userspace: true,
            paused_states: true,
            ..DialOptions::default()
        };
        let credentials = Credentials {
            user: user.to_owned(),
            password: Secret::new("wonderland1".to_owned()),
            ..Credentials::default()
        };
        let request = DialRequest { entry, options };
        self.engine.dial(CALLER, &request, &credentials, None).unwrap().handle
    }

    /// Dials, and says how it ended.
    async fn dial(&self, user: &str) -> (Handle, Result<(), (RasCode, String)>) {
        self.dial_with(AuthMethod::Pap, user, &[]).await
    }

    /// Dials by this method; a person gives these when a new password is wanted.
    async fn dial_with(
        &self,
        method: AuthMethod,
        user: &str,
        new: &[&str],
    ) -> (Handle, Result<(), (RasCode, String)>) {
        let mut events = self.engine.subscribe(CALLER);
        let handle = self.begin_by(method, user);
        let mut new = new.iter();
        let outcome = async {
            loop {
                let event = events.next().await.unwrap();
                match &event.kind {
                    EventKind::State(report) if report.state == RasState::PasswordExpired => {
                        let password = new.next().map(|new| Secret::new((*new).to_owned()));
                        let given = Resumption { password, ..Resumption::default() };
                        self.engine.resume(CALLER, handle, given).expect("a password is wanted");
                    }
                    EventKind::State(report) if !report.error.is_success() => {
                        return Err((report.error, report.text.clone()));
                    }
                    EventKind::State(report) if report.state == RasState::Connected => {
                        return Ok(());
                    }
                    _ => {}
                }
            }
        };
        (handle, tokio::time::timeout(STUCK, outcome).await.unwrap())
    }

    /// Waits until the server has no call.
    async fn is_empty(&self) {
        let mut changes = self.answer.changes();
        let empty = async {
            while !self.answer.sessions().is_empty() {
                changes.changed().await.unwrap();
            }
        };
        tokio::time::timeout(STUCK, empty).await.expect("the call ends");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_let_in_accounted_and_ended_by_order() {
    let mut server = Server::start(true).await;
    let stage = Stage::new(&server).await;
    let (handle, outcome) = stage.dial("alice").await;
    assert_eq!(outcome, Ok(()));
    let report = stage.engine.status(CALLER, handle).unwrap().projection.unwrap();
    assert_eq!(report.ipv4, Some(ADDRESS), "the address that RADIUS names");
    assert_eq!(report.dns, ["192.0.2.54".parse::<std::net::IpAddr>().unwrap()]);

    let asked = server.heard(code::ACCESS_REQUEST, 1).await;
    let asked = Packet::parse(&asked[0]).unwrap();
    assert_eq!(asked.attributes().next().unwrap().0, attribute::MESSAGE_AUTHENTICATOR);
    assert_eq!(asked.first(attribute::NAS_IDENTIFIER), Some(&b"nas"[..]));
    assert_eq!(asked.first(attribute::CALLING_STATION_ID), Some(&b"127.0.0.1"[..]));
    let hidden = asked.first(attribute::USER_PASSWORD).unwrap();
    assert!(!hidden.starts_with(b"wonderland1"), "the password is hidden");

    let told = server.heard(code::ACCOUNTING_REQUEST, 1).await;
    let start = Packet::parse(&told[0]).unwrap();
    assert_eq!(start.number(attribute::ACCT_STATUS_TYPE), Some(1));
    let session = start.first(attribute::ACCT_SESSION_ID).unwrap().to_vec();

    // Another's session stays, hers ends; and then nothing of it is left.
    let commander = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let mut room = [0; 4096];
    for (user, expected) in [("bob", code::DISCONNECT_NAK), ("alice", code::DISCONNECT_ACK)] {
        let mut order = Attributes::default();
        order.text(attribute::USER_NAME, user);
        order.octets(attribute::ACCT_SESSION_ID, &session);
        let order = order.report(code::DISCONNECT_REQUEST, 1, SECRET);
        commander.send_to(&order, stage.answer.orders_address().unwrap()).await.unwrap();
        let received = tokio::time::timeout(STUCK, commander.recv(&mut room)).await;
        let length = received.unwrap().unwrap();
        let said = Packet::parse(&room[..length]).unwrap();
        assert_eq!(said.code, expected, "for {user}");
        assert!(said.answers(&Packet::parse(&order).unwrap().authenticator, SECRET));
        assert_eq!(stage.answer.sessions().is_empty(), user == "alice");
    }
    let told = server.heard(code::ACCOUNTING_REQUEST, 2).await;
    let stop = Packet::parse(&told[1]).unwrap();
    assert_eq!(stop.number(attribute::ACCT_STATUS_TYPE), Some(2));
    assert_eq!(stop.number(attribute::ACCT_TERMINATE_CAUSE), Some(6), "Admin-Reset");
    for packet in [&start, &stop] {
        assert_eq!(packet.first(attribute::CLASS), Some(&b"gold"[..]));
        assert_eq!(packet.first(attribute::ACCT_SESSION_ID), Some(&session[..]));
        assert_eq!(packet.number(attribute::FRAMED_IP_ADDRESS), Some(ADDRESS.into()));
    }
    stage.engine.hang_up(CALLER, handle).ok();
    stage.engine.wait_gone(CALLER, handle).await.unwrap();
    stage.answer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_server_refuses_is_refused_in_its_words() {
    let server = Server::start(true).await;
    let stage = Stage::new(&server).await;
    let (_, outcome) = stage.dial("mallory").await;
    let (code, text) = outcome.unwrap_err();
    assert_eq!(code, RasCode::AUTHENTICATION_FAILURE, "{text}");
    assert!(text.contains("who are you?"), "{text}");
    stage.is_empty().await;
    assert_eq!(stage.answer.addresses_taken(), 0);
    stage.answer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_hangs_up_while_the_server_is_silent() {
    let mut server = Server::start(false).await;
    let stage = Stage::new(&server).await;
    let handle = stage.begin("alice");
    server.heard(code::ACCESS_REQUEST, 1).await;
    stage.engine.hang_up(CALLER, handle).unwrap();
    let gone = stage.engine.wait_gone(CALLER, handle);
    tokio::time::timeout(Duration::from_secs(4), gone).await.expect("within its budget").unwrap();
    stage.is_empty().await;
    assert_eq!(stage.answer.addresses_taken(), 0);
    stage.answer.stop().await;
}

/// The judge of alice's password, which has expired; with the old one she may set another of eight letters
/// or more.
struct Expired {
    password: String,
    is_expired: bool,
}

impl Expired {
    fn says(&mut self, request: &[u8]) -> Option<Vec<u8>> {
        let packet = Packet::parse(request).unwrap();
        if packet.code != code::ACCESS_REQUEST {
            return answer(request);
        }
        let challenge: [u8; 16] =
            packet.microsoft(microsoft::CHAP_CHALLENGE).unwrap().try_into().unwrap();
        let (proof, is_change) = match packet.microsoft(microsoft::CHAP2_CPW) {
            // The hash, and then what stands in a response, too.
            Some(change) => ([&[change[1], 0][..], &change[18..66]].concat(), true),
            None => (packet.microsoft(microsoft::CHAP2_RESPONSE).unwrap().to_vec(), false),
        };
        let identifier = proof[0];
        let refuse = |text: &str| {
            let mut attributes = Attributes::default();
            let text = [&[identifier][..], text.as_bytes()].concat();
            attributes.microsoft(microsoft::CHAP_ERROR, &text);
            let (of, kind) = (&packet.authenticator, code::ACCESS_REJECT);
            Some(attributes.answer(kind, packet.identifier, of, SECRET))
        };
        if is_change {
            let sealed = packet
                .vendor(microsoft::VENDOR)
                .filter(|(kind, _)| *kind == microsoft::CHAP_NT_ENC_PW)
                .flat_map(|(_, piece)| piece[4..].to_vec());
            let proof = &packet.microsoft(microsoft::CHAP2_CPW).unwrap()[2..];
            let body: Vec<u8> = sealed.chain(proof.iter().copied()).collect();
            let old = mschap::nt_password_hash(&self.password);
            let new = change_password::open(&body, &old).expect("she knows the old one");
            if new.len() < 8 {
                return refuse("E=709 R=1 C=00112233445566778899AABBCCDDEEFF V=3 M=too short");
            }
            (self.password, self.is_expired) = (new.to_string(), false);
        }
        let hash = mschap::nt_password_hash(&self.password);
        let peer: [u8; 16] = proof[2..18].try_into().unwrap();
        let response: [u8; 24] = proof[26..50].try_into().unwrap();
        if response != mschap::nt_response(&challenge, &peer, b"alice", &hash) {
            return refuse("E=691 R=0 C=00112233445566778899AABBCCDDEEFF V=3 M=wrong");
        }
        if self.is_expired {
            return refuse("E=648 R=0 C=00112233445566778899AABBCCDDEEFF V=3 M=expired");
        }
        let ours = mschap::authenticator_response(&hash, &response, &peer, &challenge, b"alice");
        let mut attributes = Attributes::default();
        let success = [&[identifier][..], ours.as_bytes()].concat();
        attributes.microsoft(microsoft::CHAP2_SUCCESS, &success);
        let master = mppe_keys::master_key(&hash, &response);
        for (kind, key) in [
            (microsoft::MPPE_RECV_KEY, mppe_keys::caller_send_key(&master)),
            (microsoft::MPPE_SEND_KEY, mppe_keys::caller_receive_key(&master)),
        ] {
            let salt = [0x80, kind];
            let hidden = proof::hide_key(SECRET, &packet.authenticator, salt, &key);
            attributes.microsoft(kind, &[&salt[..], &hidden].concat());
        }
        let of = &packet.authenticator;
        Some(attributes.answer(code::ACCESS_ACCEPT, packet.identifier, of, SECRET))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_the_server_says_has_expired_is_changed_there() {
    let mut judge = Expired { password: "wonderland1".to_owned(), is_expired: true };
    let mut server = Server::saying(move |request| judge.says(request)).await;
    let stage = Stage::with(&server, Method::MsChapV2, Users::default()).await;
    let new = ["short", "looking glass"];
    let (handle, outcome) = stage.dial_with(AuthMethod::MsChap2, "alice", &new).await;
    // SSTP binds itself to the keys of the new password.
    assert_eq!(outcome, Ok(()));
    assert_eq!(server.heard(code::ACCESS_REQUEST, 3).await.len(), 3);
    stage.engine.hang_up(CALLER, handle).unwrap();
    stage.engine.wait_gone(CALLER, handle).await.unwrap();
    let (_, outcome) = stage.dial_with(AuthMethod::MsChap2, "alice", &[]).await;
    assert_eq!(outcome.unwrap_err().0, RasCode::AUTHENTICATION_FAILURE, "the old one is gone");
    stage.answer.stop().await;
}

/// The same by MS-CHAP version 1 (RFC 2548 §2.1): its answers say the version of Change-Password that it
/// hears, and the hashes from which the keys are made.
fn says_by_version_one(of: &mut Expired, request: &[u8]) -> Option<Vec<u8>> {
    let packet = Packet::parse(request).unwrap();
    if packet.code != code::ACCESS_REQUEST {
        return answer(request);
    }
    let challenge: [u8; 8] =
        packet.microsoft(microsoft::CHAP_CHALLENGE).unwrap().try_into().unwrap();
    let change = packet.microsoft(microsoft::CHAP_CPW_2);
    let shown = change.or_else(|| packet.microsoft(microsoft::CHAP_RESPONSE)).unwrap();
    let refuse = |text: &str| {
        let mut attributes = Attributes::default();
        let head = usize::from(change.is_some());
        attributes
            .microsoft(microsoft::CHAP_ERROR, &[&shown[head..=head], text.as_bytes()].concat());
        let (of, kind) = (&packet.authenticator, code::ACCESS_REJECT);
        Some(attributes.answer(kind, packet.identifier, of, SECRET))
    };
    let response: [u8; 24] = match change {
        Some(change) => {
            let sealed = packet
                .vendor(microsoft::VENDOR)
                .filter(|(kind, _)| *kind == microsoft::CHAP_NT_ENC_PW)
                .flat_map(|(_, piece)| piece[4..].to_vec());
            // As the caller has sent it, but for what is sealed by the LAN Manager hash.
            let (hash, responses) = (&change[2..18], &change[34..84]);
            let body: Vec<u8> = sealed
                .chain(hash.iter().copied())
                .chain([0; 516 + 16])
                .chain(responses.iter().copied())
                .collect();
            let old = mschap::nt_password_hash(&of.password);
            let new = change_password::open(&body, &old).expect("she knows the old one");
            (of.password, of.is_expired) = (new.to_string(), false);
            change_password::response_of_v1(&body).expect("the flags say so")
        }
        None => shown[26..50].try_into().unwrap(),
    };
    let hash = mschap::nt_password_hash(&of.password);
    if response != mschap::challenge_response(&challenge, &hash) {
        return refuse("E=691 R=0 C=0011223344556677 V=2");
    }
    if of.is_expired {
        return refuse("E=648 R=0 C=0011223344556677 V=2");
    }
    let mut attributes = Attributes::default();
    let lm = mschap::lm_password_hash(&of.password);
    let keys = [&lm[..8], &mschap::hash_nt_password_hash(&hash), &[0; 8]].concat();
    let hidden = proof::hide_password(SECRET, &packet.authenticator, &keys);
    attributes.microsoft(microsoft::CHAP_MPPE_KEYS, &hidden);
    let of = &packet.authenticator;
    Some(attributes.answer(code::ACCESS_ACCEPT, packet.identifier, of, SECRET))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_by_version_one_too() {
    let mut judge = Expired { password: "wonderland1".to_owned(), is_expired: true };
    let mut server = Server::saying(move |request| says_by_version_one(&mut judge, request)).await;
    let stage = Stage::with(&server, Method::MsChapV1, Users::default()).await;
    let (handle, outcome) = stage.dial_with(AuthMethod::MsChap, "alice", &["looking glass"]).await;
    assert_eq!(outcome, Ok(()));
    assert_eq!(server.heard(code::ACCESS_REQUEST, 2).await.len(), 2);
    stage.engine.hang_up(CALLER, handle).unwrap();
    stage.engine.wait_gone(CALLER, handle).await.unwrap();
    let (_, outcome) = stage.dial_with(AuthMethod::MsChap, "alice", &[]).await;
    assert_eq!(outcome.unwrap_err().0, RasCode::AUTHENTICATION_FAILURE, "the old one is gone");
    stage.answer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stands_in_the_file_is_let_in_while_the_servers_are_silent() {
    let server = Server::start(false).await;
    let users = Users::parse("alice wonderland1\n").unwrap();
    let stage = Stage::with(&server, Method::MsChapV2, users).await;
    let (handle, outcome) = stage.dial_with(AuthMethod::MsChap2, "alice", &[]).await;
    assert_eq!(outcome, Ok(()));
    let (_, outcome) = stage.dial_with(AuthMethod::MsChap2, "bob", &[]).await;
    assert_eq!(outcome.unwrap_err().0, RasCode::AUTH_SERVER_TIMEOUT, "he is none of the file's");
    stage.engine.hang_up(CALLER, handle).unwrap();
    stage.engine.wait_gone(CALLER, handle).await.unwrap();
    stage.answer.stop().await;
}

use std::net::SocketAddr;
use std::sync::Arc;

use onhook_effect::{CertificateFacts, HostError, HostErrorKind, TlsFault, Trust};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer,
    CrlDistributionPoint, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod,
    KeyPair, KeyUsagePurpose, RevocationReason, RevokedCertParams, SerialNumber, date_time_ymd,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::trust::TrustStore;
use super::{LaneIo, Received, TlsLane, server_config};

pub(super) type Root = CertifiedIssuer<'static, KeyPair>;

pub(super) fn root(name: &str) -> Root {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn leaf() -> CertificateParams {
    let mut params = CertificateParams::new(vec!["vpn.example".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "vpn.example");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

/// A server with this certificate that takes one call.
struct Server {
    at: SocketAddr,
    facts: CertificateFacts,
    lane: tokio::task::JoinHandle<Result<LaneIo, HostError>>,
}

async fn server(params: CertificateParams, root: &Root) -> Server {
    let key = KeyPair::generate().unwrap();
    let pem = params.signed_by(&key, root).unwrap().pem();
    serve(&pem, &key).await
}

async fn serve(pem: &str, key: &KeyPair) -> Server {
    let (config, facts) = server_config(pem.as_bytes(), key.serialize_pem().as_bytes()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let lane = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        TlsLane::accept(stream, config, facts).await
    });
    Server { at, facts, lane }
}

async fn dial(to: SocketAddr, name: &str, trust: &Trust) -> Result<LaneIo, HostError> {
    TlsLane::dial(&[to], name, trust, Arc::new(TrustStore::new())).await
}

async fn fault(to: SocketAddr, name: &str, trust: &Trust) -> (TlsFault, String) {
    let error = dial(to, name, trust).await.unwrap_err();
    match error.kind {
        HostErrorKind::Tls(fault) => (fault, error.text),
        other => panic!("{other:?}: {}", error.text),
    }
}

fn ca(root: &Root) -> Trust {
    Trust::CaPem(root.as_ref().pem())
}

async fn pair() -> (LaneIo, LaneIo) {
    let root = root("root");
    let server = server(leaf(), &root).await;
    let caller = dial(server.at, "vpn.example", &ca(&root)).await.unwrap();
    (caller, server.lane.await.unwrap().unwrap())
}

async fn flush(lane: &mut LaneIo) {
    while !lane.flush().unwrap() {
        lane.ready(false, true).await.unwrap();
    }
}

async fn receive(lane: &mut LaneIo, count: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < count {
        assert!(lane.ready(true, false).await.unwrap().readable);
        let received = lane.receive(1 << 16, &mut |b| bytes.extend_from_slice(b)).unwrap();
        assert_ne!(received, Received::Closed);
    }
    bytes
}

#[tokio::test]
async fn a_lane_carries_bytes_both_ways_and_tells_its_facts() {
    let root = root("root");
    let server = server(leaf(), &root).await;
    let (at, facts) = (server.at, server.facts);
    let mut caller = dial(at, "vpn.example", &ca(&root)).await.unwrap();
    let mut answerer = server.lane.await.unwrap().unwrap();
    assert_eq!(caller.facts().certificate, Some(facts));
    assert_eq!(answerer.facts().certificate, Some(facts));
    assert_eq!(caller.facts().remote, Some(at));
    assert_eq!(caller.facts().local, answerer.facts().remote);
    assert!(caller.facts().protection.as_ref().unwrap().starts_with("TLS 1.3, TLS_"));
    caller.send(b"hello").unwrap();
    assert!(caller.queued() >= 5);
    flush(&mut caller).await;
    assert_eq!(caller.queued(), 0);
    assert_eq!(receive(&mut answerer, 5).await, b"hello");
    answerer.send(b"good day").unwrap();
    flush(&mut answerer).await;
    assert_eq!(receive(&mut caller, 8).await, b"good day");
}

#[tokio::test]
async fn tls_1_2_carries_bytes_as_well() {
    let root = root("root");
    let key = KeyPair::generate().unwrap();
    let certificate = leaf().signed_by(&key, &root).unwrap();
    let chain = vec![certificate.der().clone()];
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let config = rustls::ServerConfig::builder_with_provider(super::trust::provider())
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let facts = super::certificate_facts(certificate.der());
    let lane = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        TlsLane::accept(stream, Arc::new(config), facts).await
    });
    let mut caller = dial(at, "vpn.example", &ca(&root)).await.unwrap();
    let mut answerer = lane.await.unwrap().unwrap();
    assert!(caller.facts().protection.as_ref().unwrap().starts_with("TLS 1.2, TLS_ECDHE_"));
    assert_eq!(caller.facts().certificate, Some(facts));
    let text: Vec<u8> = (0..300_000_u32).map(|i| i as u8).collect();
    tokio::join!(exchange(&mut caller, &text), exchange(&mut answerer, &text));
}

#[tokio::test]
async fn what_follows_the_handshake_at_once_is_seen() {
    // The answerer's read of the caller's last handshake message brings the first data along.
    for _ in 0..20 {
        let root = root("root");
        let server = server(leaf(), &root).await;
        let mut caller = dial(server.at, "vpn.example", &ca(&root)).await.unwrap();
        caller.send(b"at once").unwrap();
        flush(&mut caller).await;
        let mut answerer = server.lane.await.unwrap().unwrap();
        assert_eq!(receive(&mut answerer, 7).await, b"at once");
    }
}

#[tokio::test]
async fn much_passes_in_both_directions_at_once() {
    const MUCH: usize = 3 << 20;
    let (mut a, mut b) = pair().await;
    let text: Vec<u8> = (0..MUCH).map(|i| (i % 251) as u8).collect();
    tokio::join!(exchange(&mut a, &text), exchange(&mut b, &text));
}

/// Sends a text and receives it as well.
async fn exchange(lane: &mut LaneIo, text: &[u8]) {
    let mut sent = 0;
    let mut received = Vec::new();
    while sent < text.len() || received.len() < text.len() || lane.queued() > 0 {
        while sent < text.len() && lane.queued() < 100_000 {
            let piece = (sent % 7_001 + 1).min(text.len() - sent);
            lane.send(&text[sent..sent + piece]).unwrap();
            sent += piece;
        }
        let written = lane.flush().unwrap();
        let missing = received.len() < text.len();
        if !missing && written {
            continue;
        }
        if lane.ready(missing, !written).await.unwrap().readable {
            lane.receive(50_000, &mut |b| received.extend_from_slice(b)).unwrap();
        }
    }
    assert!(received == text);
}

#[tokio::test]
async fn a_polite_close_is_seen_as_the_end() {
    let (mut caller, mut answerer) = pair().await;
    caller.send(b"last words").unwrap();
    caller.close_politely();
    assert!(caller.send(b"more").is_err());
    flush(&mut caller).await;
    let mut bytes = Vec::new();
    loop {
        answerer.ready(true, false).await.unwrap();
        match answerer.receive(1 << 16, &mut |b| bytes.extend_from_slice(b)).unwrap() {
            Received::Closed => break,
            Received::More | Received::Drained => {}
        }
    }
    assert_eq!(bytes, b"last words");
    drop(caller);
    assert_eq!(answerer.receive(9, &mut |_| {}).unwrap(), Received::Closed);
}

#[tokio::test]
async fn no_more_than_a_bound_waits_to_be_sent() {
    let (mut caller, _answerer) = pair().await;
    let piece = vec![0; 1 << 20];
    let refused = (0..10).find(|_| caller.send(&piece).is_err());
    assert_eq!(refused, Some(7));
}

/// Passes on what two ends say to one another until `cut` is notified; then says garbage to the caller.
async fn man_in_the_middle(to: SocketAddr, cut: Arc<Notify>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut caller, _) = listener.accept().await.unwrap();
        let mut server = TcpStream::connect(to).await.unwrap();
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut caller, &mut server) => {}
            () = cut.notified() => {}
        }
        caller.write_all(&[23, 3, 3, 0, 32]).await.unwrap();
        caller.write_all(&[7; 32]).await.unwrap();
        drop(caller.read(&mut [0; 100]).await);
    });
    at
}

#[tokio::test]
async fn a_forged_record_is_an_error_and_no_data() {
    let root = root("root");
    let server = server(leaf(), &root).await;
    let cut = Arc::new(Notify::new());
    let at = man_in_the_middle(server.at, Arc::clone(&cut)).await;
    let mut caller = dial(at, "vpn.example", &ca(&root)).await.unwrap();
    let mut answerer = server.lane.await.unwrap().unwrap();
    answerer.send(b"true").unwrap();
    flush(&mut answerer).await;
    assert_eq!(receive(&mut caller, 4).await, b"true");
    cut.notify_one();
    caller.ready(true, false).await.unwrap();
    let error = caller.receive(1 << 16, &mut |_| panic!("no data came")).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    caller.receive(1 << 16, &mut |_| panic!("no data came")).unwrap_err();
    assert!(caller.send(b"more").and_then(|()| caller.flush()).is_err());
}

// N-TLS-01: each way in which a certificate can be wrong has its own words, and the text names the
// certificate so that it may be pinned.

#[tokio::test]
async fn another_name_is_refused() {
    let root = root("root");
    let at = server(leaf(), &root).await;
    let (fault, text) = fault(at.at, "other.example", &ca(&root)).await;
    assert_eq!(fault, TlsFault::NameMismatch);
    assert!(text.contains("other.example") && text.contains("vpn.example"), "{text}");
    assert!(text.contains(&super::certificate::hex(&at.facts.sha256)), "{text}");
}

#[tokio::test]
async fn a_name_that_no_certificate_can_carry_is_refused_before_anything_is_sent() {
    let root = root("root");
    let at = server(leaf(), &root).await;
    for name in ["", "a b", "vpn.example\0.evil.example", "."] {
        let (fault, _) = fault(at.at, name, &ca(&root)).await;
        assert_eq!(fault, TlsFault::NameMismatch, "{name:?}");
    }
}

#[tokio::test]
async fn an_address_as_name_needs_a_certificate_for_the_address() {
    let root = root("root");
    let at = server(leaf(), &root).await;
    assert_eq!(fault(at.at, "127.0.0.1", &ca(&root)).await.0, TlsFault::NameMismatch);
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let at = server(params, &root).await;
    dial(at.at, "127.0.0.1", &ca(&root)).await.unwrap();
}

#[tokio::test]
async fn a_certificate_out_of_its_time_is_refused() {
    let root = root("root");
    let mut expired = leaf();
    expired.not_before = date_time_ymd(2001, 1, 1);
    expired.not_after = date_time_ymd(2002, 1, 1);
    let at = server(expired, &root).await;
    assert_eq!(fault(at.at, "vpn.example", &ca(&root)).await.0, TlsFault::Expired);
    let mut early = leaf();
    early.not_before = date_time_ymd(4000, 1, 1);
    let at = server(early, &root).await;
    assert_eq!(fault(at.at, "vpn.example", &ca(&root)).await.0, TlsFault::NotYetValid);
}

#[tokio::test]
async fn an_unknown_root_is_refused_by_the_entry_and_by_the_system() {
    let (mine, other) = (root("mine"), root("other"));
    let at = server(leaf(), &mine).await;
    let (fault_, text) = fault(at.at, "vpn.example", &ca(&other)).await;
    assert_eq!(fault_, TlsFault::UntrustedRoot);
    assert!(text.contains("issuer CN=mine"), "{text}");
    let at = server(leaf(), &mine).await;
    let (fault, _) = fault(at.at, "vpn.example", &Trust::SystemRoots).await;
    assert_eq!(fault, TlsFault::UntrustedRoot);
}

#[tokio::test]
async fn a_certificate_that_is_not_for_servers_is_refused() {
    let root = root("root");
    let mut params = leaf();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let at = server(params, &root).await;
    assert_eq!(fault(at.at, "vpn.example", &ca(&root)).await.0, TlsFault::WrongUsage);
}

#[tokio::test]
async fn a_pin_is_believed_whatever_else_the_certificate_says() {
    let root = root("root");
    let mut expired = leaf();
    expired.not_after = date_time_ymd(2002, 1, 1);
    expired.not_before = date_time_ymd(2001, 1, 1);
    let at = server(expired, &root).await;
    dial(at.at, "", &Trust::PinSha256(at.facts.sha256)).await.unwrap();
}

#[tokio::test]
async fn another_certificate_than_the_pinned_one_is_refused() {
    let root = root("root");
    let at = server(leaf(), &root).await;
    let (fault, text) = fault(at.at, "vpn.example", &Trust::PinSha256([7; 32])).await;
    assert_eq!(fault, TlsFault::PinMismatch);
    assert!(text.contains(&super::certificate::hex(&at.facts.sha256)), "{text}");
}

#[tokio::test]
async fn anybody_is_anybody() {
    let root = root("root");
    let at = server(leaf(), &root).await;
    dial(at.at, "not a name", &Trust::Anybody).await.unwrap();
}

#[tokio::test]
async fn a_self_signed_certificate_in_the_ca_file_is_believed_for_its_name_and_time_only() {
    let own = |params: CertificateParams| {
        let mut params = params;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        (params.self_signed(&key).unwrap().pem(), key)
    };
    let (pem, key) = own(leaf());
    let at = serve(&pem, &key).await;
    dial(at.at, "vpn.example", &Trust::CaPem(pem.clone())).await.unwrap();
    let at = serve(&pem, &key).await;
    dial(at.at, "other.example", &Trust::CaPem(pem)).await.unwrap_err();
    let mut old = leaf();
    old.not_before = date_time_ymd(2001, 1, 1);
    old.not_after = date_time_ymd(2002, 1, 1);
    let (pem, key) = own(old);
    let at = serve(&pem, &key).await;
    dial(at.at, "vpn.example", &Trust::CaPem(pem)).await.unwrap_err();
}

/// A list of these serial numbers, by this root, for this reason.
pub(super) fn revokes(root: &Root, serials: &[u8], reason: Option<RevocationReason>) -> String {
    let revoked = |serial: &u8| RevokedCertParams {
        serial_number: SerialNumber::from(vec![*serial]),
        revocation_time: date_time_ymd(2026, 1, 1),
        reason_code: reason,
        invalidity_date: None,
    };
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2026, 1, 1),
        next_update: date_time_ymd(2026, 1, 2),
        crl_number: SerialNumber::from(vec![1]),
        issuing_distribution_point: None,
        revoked_certs: serials.iter().map(revoked).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    list.signed_by(root).unwrap().pem().unwrap()
}

fn numbered(serial: u8) -> CertificateParams {
    let mut params = leaf();
    params.serial_number = Some(SerialNumber::from(vec![serial]));
    params.use_authority_key_identifier_extension = true;
    params
}

/// Lists of revoked certificates that stand with the roots are heeded, in date or not.
#[tokio::test]
async fn a_server_whose_certificate_was_revoked_is_refused_and_others_are_not() {
    let mine = root("mine");
    let with = |list: &str| Trust::CaPem(format!("{}\n{list}", mine.as_ref().pem()));
    let trust = with(&revokes(&mine, &[5, 6], None));
    for serial in [4, 5, 6] {
        let at = server(numbered(serial), &mine).await;
        if serial == 4 {
            dial(at.at, "vpn.example", &trust).await.unwrap();
            continue;
        }
        let (fault, text) = fault(at.at, "vpn.example", &trust).await;
        assert_eq!(fault, TlsFault::Revoked, "{text}");
        assert!(text.contains("was revoked"), "{text}");
    }
}

#[tokio::test]
async fn a_server_of_which_no_list_tells_is_refused() {
    let (mine, other) = (root("mine"), root("other"));
    let with = |list: &str| Trust::CaPem(format!("{}\n{list}", mine.as_ref().pem()));
    // Of another issuer; and one that says that it is of this one, and is signed by somebody else.
    let forged = revokes(&root("mine"), &[], None);
    for list in [revokes(&other, &[], None), forged] {
        let at = server(numbered(4), &mine).await;
        let (fault, text) = fault(at.at, "vpn.example", &with(&list)).await;
        assert_eq!(fault, TlsFault::BadCertificate, "{text}");
        assert!(text.contains("revoked"), "{text}");
    }
    let broken = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n";
    let at = server(numbered(4), &mine).await;
    let (fault, text) = fault(at.at, "vpn.example", &with(broken)).await;
    assert_eq!(fault, TlsFault::UntrustedRoot);
    assert!(text.contains("CA file"), "{text}");
}

/// That a certificate stands in the file itself does not help it against a list.
#[tokio::test]
async fn a_revoked_certificate_that_is_given_by_itself_is_refused_too() {
    let mine = root("mine");
    let key = KeyPair::generate().unwrap();
    let pem = numbered(5).signed_by(&key, &mine).unwrap().pem();
    let both = format!("{}\n{pem}", mine.as_ref().pem());
    let at = serve(&pem, &key).await;
    dial(at.at, "vpn.example", &Trust::CaPem(both.clone())).await.unwrap();
    let at = serve(&pem, &key).await;
    let trust = Trust::CaPem(format!("{both}\n{}", revokes(&mine, &[5], None)));
    assert_eq!(fault(at.at, "vpn.example", &trust).await.0, TlsFault::Revoked);
    // Nor against one that somebody else has signed.
    let at = serve(&pem, &key).await;
    let trust = Trust::CaPem(format!("{both}\n{}", revokes(&root("mine"), &[], None)));
    assert_eq!(fault(at.at, "vpn.example", &trust).await.0, TlsFault::BadCertificate);
}

#[tokio::test]
async fn a_ca_file_without_certificates_is_told_of() {
    let root = root("root");
    for pem in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let at = server(leaf(), &root).await;
        let (fault, text) = fault(at.at, "vpn.example", &Trust::CaPem(pem.to_owned())).await;
        assert_eq!(fault, TlsFault::UntrustedRoot);
        assert!(text.contains("CA file"), "{text}");
    }
}

/// A peer that answers these bytes to whatever comes first, and ends.
async fn answers(bytes: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut hello = [0; 2000];
        drop(stream.read(&mut hello).await);
        drop(stream.write_all(bytes).await);
        drop(stream.shutdown().await);
        drop(stream.read(&mut hello).await);
    });
    at
}

#[tokio::test]
async fn what_does_not_speak_tls_is_called_so() {
    let at = answers(b"HTTP/1.0 400 Bad Request\r\n\r\n").await;
    assert_eq!(fault(at, "vpn.example", &Trust::Anybody).await.0, TlsFault::NotTls);
    let at = answers(b"SSH-2.0-OpenSSH_9.2\r\n").await;
    assert_eq!(fault(at, "vpn.example", &Trust::Anybody).await.0, TlsFault::NotTls);
}

#[tokio::test]
async fn an_end_in_the_midst_of_the_handshake_is_called_so() {
    assert_eq!(fault(answers(b"").await, "a.example", &Trust::Anybody).await.0, TlsFault::CutShort);
    let at = answers(&[22, 3, 3, 0, 100, 2, 0, 0, 96]).await;
    assert_eq!(fault(at, "a.example", &Trust::Anybody).await.0, TlsFault::CutShort);
}

#[tokio::test]
async fn a_refusal_by_alert_is_told_apart_from_a_lack_of_ciphers() {
    let at = answers(&[21, 3, 3, 0, 2, 2, 40]).await; // handshake_failure
    let (fault_, text) = fault(at, "a.example", &Trust::Anybody).await;
    assert_eq!(fault_, TlsFault::NoCommonCipher);
    assert!(text.contains("ECDHE"), "{text}");
    let at = answers(&[21, 3, 3, 0, 2, 2, 112]).await; // unrecognized_name
    assert_eq!(fault(at, "a.example", &Trust::Anybody).await.0, TlsFault::Alert);
}

#[tokio::test]
async fn a_caller_that_does_not_speak_tls_is_refused() {
    let root = root("root");
    let server = server(leaf(), &root).await;
    let mut stream = TcpStream::connect(server.at).await.unwrap();
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
    let error = server.lane.await.unwrap().unwrap_err();
    assert_eq!(error.kind, HostErrorKind::Tls(TlsFault::NotTls));
}

/// N-SSTP-02 (CVE-2015-4171, strongSwan: the server was judged when the password had been given).
#[tokio::test]
async fn a_certificate_that_is_refused_gets_nothing_but_an_alert() {
    let (mine, other) = (root("mine"), root("other"));
    let server = server(leaf(), &mine).await;
    fault(server.at, "vpn.example", &ca(&other)).await;
    let error = server.lane.await.unwrap().unwrap_err();
    assert_eq!(error.kind, HostErrorKind::Tls(TlsFault::Alert), "{}", error.text);
}

/// AuthorityInfoAccess (RFC 5280 §4.2.2.1) with one place to ask whether the certificate is good.
fn asks_at(url: &str) -> CustomExtension {
    let der = |tag: u8, parts: &[&[u8]]| {
        let content = parts.concat();
        [&[tag, u8::try_from(content.len()).unwrap()], &content[..]].concat()
    };
    let ocsp = der(6, &[&[0x2b, 6, 1, 5, 5, 7, 0x30, 1]]);
    let access = der(0x30, &[&ocsp, &der(0x86, &[url.as_bytes()])]);
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], der(0x30, &[&access]))
}

/// N-TLS-02 (CVE-2022-40617, strongSwan: addresses in a certificate of an untrusted peer were fetched,
/// and held the program up): nobody is asked about a certificate, whether it is trusted or not.
#[tokio::test]
async fn n_tls_02_no_address_in_a_certificate_is_fetched() {
    let trap = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let url = format!("http://{}/", trap.local_addr().unwrap());
    let (mine, other) = (root("mine"), root("other"));
    let mut params = leaf();
    params.crl_distribution_points = vec![CrlDistributionPoint { uris: vec![url.clone()] }];
    params.custom_extensions = vec![asks_at(&url)];
    let refusing = server(params.clone(), &mine).await;
    assert_eq!(fault(refusing.at, "vpn.example", &ca(&other)).await.0, TlsFault::UntrustedRoot);
    let trusted = server(params, &mine).await;
    dial(trusted.at, "vpn.example", &ca(&mine)).await.unwrap();
    assert_eq!(trap.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "nobody came");
}

#[tokio::test]
async fn a_refused_port_and_a_dropped_dial_leave_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    {
        let dialing = dial(at, "a.example", &Trust::Anybody);
        tokio::pin!(dialing);
        let (mut stream, _) = tokio::select! {
            _ = &mut dialing => unreachable!("nobody answers the handshake"),
            accepted = listener.accept() => accepted.unwrap(),
        };
        let mut hello = [0; 5];
        tokio::select! {
            _ = &mut dialing => unreachable!("nobody answers the handshake"),
            read = stream.read_exact(&mut hello) => drop(read.unwrap()),
        }
        assert_eq!(hello[0], 22);
        drop(listener);
    }
    let error = dial(at, "a.example", &Trust::Anybody).await.unwrap_err();
    assert_eq!(error.kind, HostErrorKind::Refused);
}

#[test]
fn a_server_says_what_is_wrong_with_its_certificate() {
    let key = KeyPair::generate().unwrap();
    let pem = leaf().self_signed(&key).unwrap().pem();
    let other = KeyPair::generate().unwrap().serialize_pem();
    assert!(server_config(b"", key.serialize_pem().as_bytes()).is_err());
    assert!(server_config(pem.as_bytes(), b"").is_err());
    assert!(server_config(pem.as_bytes(), other.as_bytes()).is_err());
    assert!(server_config(pem.as_bytes(), key.serialize_pem().as_bytes()).is_ok());
}

//! Both ends of a conversation, in either version of TLS, and certificates that will not do.

use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, RevocationReason, SerialNumber,
};
use rustls::version::{TLS12, TLS13};

use super::*;
use crate::lane::tests::{Root, revokes, root};
use onhook_effect::Trust;

const PEAP: u8 = 25;

struct Organisation {
    root: Root,
}

impl Organisation {
    fn new(name: &str) -> Self {
        Self { root: root(name) }
    }

    fn issue(&self, name: &str, purpose: ExtendedKeyUsagePurpose) -> CertifiedKey {
        self.issue_number(9, name, purpose)
    }

    fn issue_number(
        &self,
        serial: u8,
        name: &str,
        purpose: ExtendedKeyUsagePurpose,
    ) -> CertifiedKey {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![purpose];
        params.serial_number = Some(SerialNumber::from(vec![serial]));
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().unwrap();
        let chain = params.signed_by(&key, &self.root).unwrap().pem();
        CertifiedKey { chain, key: Secret::new(key.serialize_pem()) }
    }

    fn pem(&self) -> String {
        self.root.as_ref().pem()
    }

    fn spec(&self, name: Option<&str>) -> EapTlsSpec {
        EapTlsSpec {
            server_name: name.map(str::to_owned),
            trust: Trust::CaPem(self.pem()),
            certificate: Some(self.issue("alice", ExtendedKeyUsagePurpose::ClientAuth)),
        }
    }

    fn server(&self) -> EapServer {
        self.server_with_list(None).unwrap()
    }

    /// The same, with a list of certificates that were revoked.
    fn server_with_list(&self, list: Option<&str>) -> Result<EapServer, HostError> {
        let own = self.issue("vpn.example", ExtendedKeyUsagePurpose::ServerAuth);
        let (chain, key) = (own.chain.as_bytes(), own.key.expose().as_bytes());
        EapServer::new(chain, key, Some(self.pem().as_bytes()), list.map(str::as_bytes))
    }

    /// A list of these serial numbers.
    fn revokes(&self, serials: &[u8]) -> String {
        revokes(&self.root, serials, Some(RevocationReason::KeyCompromise))
    }

    /// The same, of one version of TLS alone.
    fn server_of(&self, version: &'static rustls::SupportedProtocolVersion) -> EapServer {
        let own = self.issue("vpn.example", ExtendedKeyUsagePurpose::ServerAuth);
        let (chain, key) = read_pem(own.chain.as_bytes(), own.key.expose().as_bytes()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates([self.root.as_ref().der().clone()]);
        let callers = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
        let builder = || {
            ServerConfig::builder_with_provider(provider())
                .with_protocol_versions(&[version])
                .unwrap()
        };
        let with_callers = builder()
            .with_client_cert_verifier(callers.build().unwrap())
            .with_single_cert(chain.clone(), key.clone_key())
            .unwrap();
        let without = builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
        EapServer { for_tls: Some(Arc::new(with_callers)), for_peap: Arc::new(without) }
    }
}

/// Lets flights pass until both are quiet; gives where either end stands.
fn shake_hands(caller: &mut TlsTalk, answerer: &mut TlsTalk) -> (TalkStage, TalkStage) {
    let mut ours = caller.begin();
    let mut theirs = answerer.begin();
    for _ in 0..8 {
        if !ours.records.is_empty() {
            theirs = answerer.hear(&ours.records);
            ours.records.clear();
        }
        if !theirs.records.is_empty() {
            ours = caller.hear(&theirs.records);
            theirs.records.clear();
        }
    }
    (ours.stage, theirs.stage)
}

fn ends(
    spec: &EapTlsSpec,
    server: &EapServer,
    method: u8,
) -> (TlsTalk, TlsTalk, TalkStage, TalkStage) {
    let mut caller = TlsTalk::caller(&TrustStore::new(), spec, method).unwrap();
    let mut answerer = TlsTalk::answerer(server, method).unwrap();
    let (ours, theirs) = shake_hands(&mut caller, &mut answerer);
    (caller, answerer, ours, theirs)
}

#[test]
fn both_ends_make_the_same_keys_in_either_version() {
    let organisation = Organisation::new("one root");
    let spec = organisation.spec(Some("vpn.example"));
    let mut keys = Vec::new();
    for version in [&TLS12, &TLS13] {
        let server = organisation.server_of(version);
        for method in [EAP_TLS, PEAP] {
            let (mut caller, mut answerer, ours, theirs) = ends(&spec, &server, method);
            let (TalkStage::Open(ours), TalkStage::Open(theirs)) = (&ours, &theirs) else {
                panic!("{ours:?} {theirs:?}")
            };
            assert_eq!(ours.key_material, theirs.key_material);
            assert_eq!(ours.key_material.expose().len(), KEY_MATERIAL);
            assert_eq!(ours.is_13, version.version == ProtocolVersion::TLSv1_3);
            let shown: &[String] = if method == EAP_TLS { &["alice".to_owned()] } else { &[] };
            assert_eq!(
                theirs.names, shown,
                "for PEAP no certificate is shown, though there is one"
            );
            keys.push(ours.key_material.clone());
            // Words, both ways, and of more than one record.
            let words: Vec<u8> = (0..40_000_u32).map(|n| (n % 251) as u8).collect();
            let heard = answerer.hear(&caller.say(&words).records);
            assert_eq!(*heard.heard.expose(), words);
            let heard = caller.hear(&answerer.say(b"well").records);
            assert_eq!(*heard.heard.expose(), b"well");
        }
    }
    keys.dedup();
    assert_eq!(keys.len(), 4);
}

#[test]
fn a_server_that_is_not_believed_is_told_by_an_alert() {
    let (organisation, other) = (Organisation::new("one root"), Organisation::new("another root"));
    let server = organisation.server();
    let fault = |spec: &EapTlsSpec| {
        let (_, _, ours, theirs) = ends(spec, &server, PEAP);
        let TalkStage::Failed { fault: TalkFault::Theirs(fault), text } = ours else {
            panic!("{ours:?}")
        };
        let TalkStage::Failed { fault: TalkFault::Alert(_), .. } = theirs else {
            panic!("{theirs:?}")
        };
        assert!(!text.is_empty());
        fault
    };
    assert_eq!(fault(&other.spec(None)), TlsFault::UntrustedRoot);
    assert_eq!(fault(&organisation.spec(Some("other.example"))), TlsFault::NameMismatch);
    let pin = EapTlsSpec { trust: Trust::PinSha256([7; 32]), ..organisation.spec(None) };
    assert_eq!(fault(&pin), TlsFault::PinMismatch);
    // Without a name the roots that were named are enough, and the system's are not.
    let (_, _, ours, _) = ends(&organisation.spec(None), &server, PEAP);
    assert!(matches!(ours, TalkStage::Open(_)), "{ours:?}");
    let system = EapTlsSpec { trust: Trust::SystemRoots, ..organisation.spec(None) };
    let refused = TlsTalk::caller(&TrustStore::new(), &system, PEAP).map(drop).unwrap_err();
    assert_eq!(refused.0, TalkFault::Theirs(TlsFault::NameMismatch));
}

#[test]
fn a_caller_without_a_good_certificate_gets_no_keys_from_us() {
    let (organisation, other) = (Organisation::new("one root"), Organisation::new("another root"));
    for version in [&TLS12, &TLS13] {
        let server = organisation.server_of(version);
        let none = EapTlsSpec { certificate: None, ..organisation.spec(None) };
        let foreign =
            EapTlsSpec { certificate: other.spec(None).certificate, ..organisation.spec(None) };
        for spec in [none, foreign] {
            let (_, _, ours, theirs) = ends(&spec, &server, EAP_TLS);
            assert!(matches!(theirs, TalkStage::Failed { .. }), "{theirs:?}");
            assert!(
                matches!(ours, TalkStage::Failed { fault: TalkFault::Alert(_), .. }),
                "{ours:?}"
            );
        }
    }
    let own = organisation.issue("vpn.example", ExtendedKeyUsagePurpose::ServerAuth);
    let (chain, key) = (own.chain.as_bytes(), own.key.expose().as_bytes());
    let nobody = EapServer::new(chain, key, None, None).unwrap();
    let refused = TlsTalk::answerer(&nobody, EAP_TLS).map(drop).unwrap_err();
    assert_eq!(refused.0, TalkFault::Ours);
    let broken = EapTlsSpec {
        certificate: Some(CertifiedKey { chain: "x".into(), key: Secret::new("y".into()) }),
        ..organisation.spec(None)
    };
    let refused = TlsTalk::caller(&TrustStore::new(), &broken, EAP_TLS).map(drop).unwrap_err();
    assert_eq!(refused.0, TalkFault::Ours);
}

#[test]
fn what_is_no_tls_ends_it() {
    let organisation = Organisation::new("one root");
    for octets in [&b"SSH-2.0-x\r\n"[..], &[0; 64], &[22, 3, 3, 255, 255], &[0xff; 9000]] {
        let mut answerer = TlsTalk::answerer(&organisation.server(), PEAP).unwrap();
        answerer.begin();
        let mut stage = answerer.hear(octets).stage;
        for _ in 0..20 {
            // An unfinished record that never ends is not kept for ever.
            stage = answerer.hear(&[0; 60_000]).stage;
        }
        assert!(matches!(stage, TalkStage::Failed { .. }), "{stage:?}");
    }
}

#[test]
fn a_certificate_that_was_revoked_is_refused_and_others_are_not() {
    let organisation = Organisation::new("one root");
    let server = organisation.server_with_list(Some(&organisation.revokes(&[5, 6]))).unwrap();
    for (serial, is_good) in [(4, true), (5, false), (6, false)] {
        let alice = organisation.issue_number(serial, "alice", ExtendedKeyUsagePurpose::ClientAuth);
        let spec = EapTlsSpec { certificate: Some(alice), ..organisation.spec(None) };
        let (_, _, _, theirs) = ends(&spec, &server, EAP_TLS);
        match theirs {
            TalkStage::Open(_) => assert!(is_good, "{serial} was revoked"),
            TalkStage::Failed { fault, text } => {
                let revoked = TalkFault::Theirs(TlsFault::Revoked);
                assert_eq!((is_good, fault), (false, revoked), "{text}");
            }
            TalkStage::Shaking => panic!("it never ends"),
        }
    }
    // The passwords inside PEAP are proved without a certificate.
    let (_, _, _, theirs) = ends(&organisation.spec(None), &server, PEAP);
    assert!(matches!(theirs, TalkStage::Open(_)), "{theirs:?}");
}

/// The same of a server, by the lists that stand with the roots which its caller names.
#[test]
fn a_server_inside_eap_whose_certificate_was_revoked_is_refused() {
    let organisation = Organisation::new("one root");
    for (name, method) in [(None, PEAP), (Some("vpn.example"), EAP_TLS)] {
        for (serials, is_good) in [(&[4, 5][..], true), (&[9][..], false)] {
            let lists = organisation.revokes(serials);
            let trust = Trust::CaPem(format!("{}\n{lists}", organisation.pem()));
            let spec = EapTlsSpec { trust, ..organisation.spec(name) };
            let (_, _, ours, _) = ends(&spec, &organisation.server(), method);
            match ours {
                TalkStage::Open(_) => assert!(is_good, "it was revoked"),
                TalkStage::Failed { fault, text } => {
                    let revoked = TalkFault::Theirs(TlsFault::Revoked);
                    assert_eq!((is_good, fault), (false, revoked), "{text}");
                }
                TalkStage::Shaking => panic!("it never ends"),
            }
        }
    }
}

#[test]
fn a_certificate_of_which_no_list_tells_is_refused() {
    let (organisation, other) = (Organisation::new("one root"), Organisation::new("another"));
    let server = organisation.server_with_list(Some(&other.revokes(&[]))).unwrap();
    let (_, _, _, theirs) = ends(&organisation.spec(None), &server, EAP_TLS);
    assert!(matches!(theirs, TalkStage::Failed { .. }), "{theirs:?}");
    for nonsense in ["", "-----BEGIN X509 CRL-----\n!\n-----END X509 CRL-----\n"] {
        assert!(organisation.server_with_list(Some(nonsense)).is_err());
    }
    assert!(
        organisation.server_with_list(Some(&organisation.pem())).is_err(),
        "a certificate is no list"
    );
}

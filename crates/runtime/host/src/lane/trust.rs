//! Whom to believe about a certificate, and the words for it when it is not believed.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use onhook_base::Instant;
use onhook_effect::{HostError, HostErrorKind, TlsFault, Trust};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName, UnixTime,
};
use rustls::server::ParsedCertificate;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme,
};

use super::certificate::{Described, harmless};
use crate::clock;

const DEED: &str = "connect to the server";
/// How long the system's roots are remembered: reading them takes milliseconds, and they change with
/// an update of the system.
const ROOTS_KEPT: Duration = Duration::from_secs(60);

/// The TLS provider, named once and explicitly: two in one program are a panic at run time.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// What does not change from dial to dial: the provider, and for a while the system's roots.
#[derive(Debug)]
pub(crate) struct TrustStore {
    provider: Arc<CryptoProvider>,
    system: Mutex<Option<(Instant, Arc<dyn ServerCertVerifier>)>>,
}

impl TrustStore {
    pub(crate) fn new() -> Self {
        Self { provider: provider(), system: Mutex::new(None) }
    }

    /// The judge for one dial. May read files: not on a task of the runtime.
    pub(crate) fn judge(&self, trust: &Trust) -> Result<Judge, HostError> {
        let belief = match trust {
            Trust::SystemRoots => Belief::Roots { verifier: self.system()?, given: Vec::new() },
            Trust::CaPem(pem) => self.given(pem)?,
            Trust::PinSha256(pin) => Belief::Pin(*pin),
            Trust::Anybody => Belief::Anybody,
        };
        let provider = Arc::clone(&self.provider);
        Ok(Judge { belief, provider, seen: Mutex::new(None), any_name: false })
    }

    /// The judge for a conversation inside EAP. Without a name to check, the entry must have named whom to
    /// believe. May read files: not on a task of the runtime.
    pub(super) fn judge_for_eap(&self, trust: &Trust, has_name: bool) -> Result<Judge, HostError> {
        if !has_name && *trust == Trust::SystemRoots {
            let text = "no name is known that the server's certificate must bear: name one, or the root \
                        that has issued it";
            return Err(HostError::new(DEED, HostErrorKind::Tls(TlsFault::NameMismatch), text));
        }
        Ok(Judge { any_name: !has_name, ..self.judge(trust)? })
    }

    fn system(&self) -> Result<Arc<dyn ServerCertVerifier>, HostError> {
        let now = clock::now();
        let mut kept = self.system.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((since, verifier)) = &*kept
            && now.since(*since) < ROOTS_KEPT
        {
            return Ok(Arc::clone(verifier));
        }
        let verifier = rustls_platform_verifier::Verifier::new(Arc::clone(&self.provider))
            .map_err(|e| {
                let text = format!("this system has no trusted roots to check it by ({e})");
                HostError::new(DEED, HostErrorKind::Tls(TlsFault::UntrustedRoot), text)
            })?;
        let verifier: Arc<dyn ServerCertVerifier> = Arc::new(verifier);
        *kept = Some((now, Arc::clone(&verifier)));
        Ok(verifier)
    }

    fn given(&self, pem: &str) -> Result<Belief, HostError> {
        let unusable = |why: String| {
            let text = format!("the CA file of the entry cannot be used: {why}");
            HostError::new(DEED, HostErrorKind::Tls(TlsFault::UntrustedRoot), text)
        };
        let given: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|e| unusable(e.to_string()))?;
        if given.is_empty() {
            return Err(unusable("it holds no certificate in PEM form".to_owned()));
        }
        let mut roots = RootCertStore::empty();
        let (_, ignored) = roots.add_parsable_certificates(given.iter().cloned());
        if roots.is_empty() {
            return Err(unusable(format!("none of its {ignored} certificates can be read")));
        }
        let provider = Arc::clone(&self.provider);
        let mut verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
        let lists = revocation_lists(pem.as_bytes()).map_err(unusable)?;
        if !lists.is_empty() {
            verifier = verifier.with_crls(lists).only_check_end_entity_revocation();
        }
        let verifier = verifier.build().map_err(|e| unusable(e.to_string()))?;
        Ok(Belief::Roots { verifier, given })
    }
}

/// The lists of revoked certificates among what stands in PEM form.
pub(super) fn revocation_lists(
    pem: &[u8],
) -> Result<Vec<CertificateRevocationListDer<'static>>, String> {
    CertificateRevocationListDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| format!("the list of revoked certificates is not in PEM form: {e}"))
}

/// The name to check, and to send when it is a DNS name. Where the name is not checked, the address may
/// stand for one that cannot be in a certificate.
pub(crate) fn server_name(
    trust: &Trust,
    name: &str,
    fallback: Option<std::net::IpAddr>,
) -> Result<ServerName<'static>, HostError> {
    let legal = ServerName::try_from(name.strip_suffix('.').unwrap_or(name).to_owned());
    match (trust, legal, fallback) {
        (_, Ok(name), _) => Ok(name),
        (Trust::PinSha256(_) | Trust::Anybody, Err(_), Some(ip)) => Ok(ServerName::from(ip)),
        (_, Err(_), _) => {
            let name = harmless(name);
            let text = format!("“{name}” is no name that a certificate can carry");
            Err(HostError::new(DEED, HostErrorKind::Tls(TlsFault::NameMismatch), text))
        }
    }
}

/// Whom one dial believes.
enum Belief {
    Roots { verifier: Arc<dyn ServerCertVerifier>, given: Vec<CertificateDer<'static>> },
    Pin([u8; 32]),
    Anybody,
}

/// Judges the certificate of one dial, and remembers what it saw.
pub(crate) struct Judge {
    belief: Belief,
    provider: Arc<CryptoProvider>,
    seen: Mutex<Option<Described>>,
    /// Whatever name the certificate bears is good.
    any_name: bool,
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judge").finish_non_exhaustive()
    }
}

impl Judge {
    /// The terms of a dial with this judge. Sessions are never resumed: each dial sees and judges the
    /// certificate, which the link binds its authentication to.
    pub(crate) fn config(self: &Arc<Self>) -> Result<Arc<ClientConfig>, HostError> {
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|e| HostError::new(DEED, HostErrorKind::Other, e.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(self) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        Ok(Arc::new(config))
    }

    /// The terms of TLS inside EAP: a certificate is shown where there is one, and no name is told before
    /// the tunnel is there.
    pub(super) fn config_for_eap(
        self: &Arc<Self>,
        certificate: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    ) -> Result<Arc<ClientConfig>, Error> {
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(self) as Arc<dyn ServerCertVerifier>);
        let mut config = match certificate {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key)?,
            None => builder.with_no_client_auth(),
        };
        config.resumption = Resumption::disabled();
        config.enable_sni = false;
        Ok(Arc::new(config))
    }

    /// What went wrong, in our words. `hello_heard`: the other side has spoken TLS.
    pub(crate) fn error(&self, error: &Error, hello_heard: bool) -> HostError {
        let (fault, text) = self.fault(error, hello_heard);
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let text = match (&*seen, error) {
            (Some(seen), Error::InvalidCertificate(_)) => format!("{text} ({seen})"),
            _ => text,
        };
        HostError::new(DEED, HostErrorKind::Tls(fault), text)
    }

    fn fault(&self, error: &Error, hello_heard: bool) -> (TlsFault, String) {
        match error {
            Error::InvalidCertificate(why) => self.certificate_fault(why),
            Error::InvalidCertRevocationList(why) => {
                let why = harmless(&format!("{why:?}"));
                let text = format!("the entry's list of revoked certificates will not do: {why}");
                (TlsFault::BadCertificate, text)
            }
            Error::NoCertificatesPresented => {
                (TlsFault::BadCertificate, "the server showed no certificate".to_owned())
            }
            Error::PeerIncompatible(why) => {
                (TlsFault::NoCommonCipher, no_common_cipher(&format!("{why:?}")))
            }
            Error::AlertReceived(
                alert @ (AlertDescription::HandshakeFailure
                | AlertDescription::ProtocolVersion
                | AlertDescription::InsufficientSecurity),
            ) => (TlsFault::NoCommonCipher, no_common_cipher(&format!("alert {alert:?}"))),
            Error::AlertReceived(alert) => {
                (TlsFault::Alert, format!("the server refused the TLS handshake (alert {alert:?})"))
            }
            _ if !hello_heard => {
                (TlsFault::NotTls, format!("what answered does not speak TLS ({error})"))
            }
            Error::DecryptError => {
                (TlsFault::BadCertificate, "a signature or a message is broken".to_owned())
            }
            _ => (TlsFault::NotTls, format!("the server broke the rules of TLS ({error})")),
        }
    }

    fn certificate_fault(&self, why: &CertificateError) -> (TlsFault, String) {
        use CertificateError as C;
        if let (Belief::Pin(_), C::ApplicationVerificationFailure) = (&self.belief, why) {
            let text = "the server's certificate is not the one that the entry names";
            return (TlsFault::PinMismatch, text.to_owned());
        }
        let (fault, text) = match why {
            C::Expired | C::ExpiredContext { .. } => {
                (TlsFault::Expired, "the server's certificate has expired".to_owned())
            }
            C::NotValidYet | C::NotValidYetContext { .. } => {
                (TlsFault::NotYetValid, "the server's certificate is not valid yet".to_owned())
            }
            C::Revoked => (TlsFault::Revoked, "the server's certificate was revoked".to_owned()),
            C::UnknownRevocationStatus => {
                let text = "no list tells whether the server's certificate was revoked";
                (TlsFault::BadCertificate, text.to_owned())
            }
            C::UnknownIssuer => (TlsFault::UntrustedRoot, self.untrusted()),
            C::NotValidForName => {
                (TlsFault::NameMismatch, "the server's certificate names another host".to_owned())
            }
            C::NotValidForNameContext { expected, presented } => {
                (TlsFault::NameMismatch, other_names(expected, presented))
            }
            C::InvalidPurpose | C::InvalidPurposeContext { .. } => wrong_usage(),
            C::Other(other) => match other.to_string() {
                // The platform's verifier and webpki have no public types for these.
                text if text.contains("invalid extensions") => wrong_usage(),
                text if text.contains("CaUsedAsEndEntity") => (
                    TlsFault::UntrustedRoot,
                    "the server shows a root as its own certificate, and it is not the one that \
                     the entry trusts"
                        .to_owned(),
                ),
                text => (TlsFault::BadCertificate, broken(&text)),
            },
            other => (TlsFault::BadCertificate, broken(&other.to_string())),
        };
        (fault, text)
    }

    fn untrusted(&self) -> String {
        let whom = match &self.belief {
            Belief::Roots { given, .. } if !given.is_empty() => "the entry's CA file",
            Belief::Roots { .. } | Belief::Pin(_) | Belief::Anybody => "this system",
        };
        format!("the server's certificate is issued by a root that {whom} does not trust")
    }

    /// A certificate that the entry's CA file holds itself is believed when its name and dates are
    /// right, also where it says that it is a root: that is how servers with a certificate of their
    /// own making are set up.
    fn is_given(
        &self,
        given: &[CertificateDer<'static>],
        leaf: &CertificateDer<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> bool {
        given.iter().any(|g| g.as_ref() == leaf.as_ref())
            && Described::of(leaf)
                .validity
                .is_some_and(|(from, until)| (from..=until).contains(&now.as_secs()))
            && ParsedCertificate::try_from(leaf)
                .is_ok_and(|parsed| self.any_name || verify_server_name(&parsed, name).is_ok())
    }
}

/// What a list says, the want of one, or one that will not do: that stands, whoever is given.
const fn is_of_lists(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(
            CertificateError::Revoked | CertificateError::UnknownRevocationStatus
        ) | Error::InvalidCertRevocationList(_)
    )
}

fn wrong_usage() -> (TlsFault, String) {
    (TlsFault::WrongUsage, "the server's certificate is not for servers".to_owned())
}

fn broken(why: &str) -> String {
    format!("the server's certificate is broken: {}", harmless(why))
}

fn other_names(expected: &ServerName<'_>, presented: &[String]) -> String {
    let expected = expected.to_str();
    if presented.is_empty() {
        return format!("the server's certificate does not name {expected}, nor any host");
    }
    let presented = harmless(&presented.join(", "));
    format!("the server's certificate does not name {expected}, but {presented}")
}

fn no_common_cipher(why: &str) -> String {
    format!(
        "no common TLS version or cipher: TLS 1.2 or 1.3 with an ephemeral key exchange (ECDHE) and \
         AES-GCM or ChaCha20 is needed; servers that offer only RSA key exchange or CBC ciphers \
         cannot be reached ({why})"
    )
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let described = Described::of(leaf);
        let sha256 = described.sha256;
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(described);
        match &self.belief {
            Belief::Anybody => Ok(ServerCertVerified::assertion()),
            Belief::Pin(pin) if *pin == sha256 => Ok(ServerCertVerified::assertion()),
            Belief::Pin(_) => Err(CertificateError::ApplicationVerificationFailure.into()),
            Belief::Roots { verifier, given } => {
                match verifier.verify_server_cert(leaf, intermediates, name, ocsp, now) {
                    Err(error) if !is_of_lists(&error) && self.is_given(given, leaf, name, now) => {
                        Ok(ServerCertVerified::assertion())
                    }
                    // The name is looked at when all else was found good.
                    Err(Error::InvalidCertificate(
                        CertificateError::NotValidForName
                        | CertificateError::NotValidForNameContext { .. },
                    )) if self.any_name => Ok(ServerCertVerified::assertion()),
                    judged => judged,
                }
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, leaf, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, leaf, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

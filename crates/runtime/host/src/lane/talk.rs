//! TLS as a conversation without a stream: flights in, flights out, as EAP carries them.
//!
//! It is the one thing here that opens nothing: octets come from PPP and go back to it. It stands beside
//! the lanes because whom to believe is decided by the same judge, and because rustls takes chance and a
//! clock of its own.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use onhook_base::Secret;
use onhook_effect::{CertifiedKey, EapTlsSpec, HostError, HostErrorKind, TlsFault};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{
    CertificateError, ClientConnection, Connection, Error, ProtocolVersion, RootCertStore,
    ServerConfig, ServerConnection,
};

use super::certificate::{Described, names};
use super::trust::{Judge, TrustStore, provider, revocation_lists, server_name};

const DEED: &str = "speak TLS inside EAP";
/// The type number of EAP-TLS, which asks both ends for a certificate.
const EAP_TLS: u8 = 13;
/// Octets of key material (RFC 5216 §2.3).
const KEY_MATERIAL: usize = 128;
/// The most octets of words that are taken out of one flight.
const MOST_HEARD: u64 = 64 << 10;

/// What came of one flight.
#[derive(Debug)]
pub struct Talked {
    /// What is to be sent.
    pub records: Vec<u8>,
    /// What was said inside.
    pub heard: Secret<Vec<u8>>,
    /// Where it stands.
    pub stage: TalkStage,
}

/// Where a conversation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TalkStage {
    /// Hands are being shaken.
    Shaking,
    /// Both ends have finished, and the certificates were found good.
    Open(TalkFacts),
    /// It has failed.
    Failed {
        /// What kind of fault.
        fault: TalkFault,
        /// What happened, for people.
        text: String,
    },
}

/// What is known of an open conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TalkFacts {
    /// TLS 1.3.
    pub is_13: bool,
    /// 128 octets for keys.
    pub key_material: Secret<Vec<u8>>,
    /// (Answering) the names in the caller's certificate.
    pub names: Vec<String>,
}

/// Kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TalkFault {
    /// With the other side's certificate.
    Theirs(TlsFault),
    /// We have none to show, or it cannot be used.
    Ours,
    /// The other side has ended it, with this alert.
    Alert(u8),
}

/// What an answering side proves itself by in EAP, and whom it believes.
#[derive(Clone)]
pub struct EapServer {
    for_tls: Option<Arc<ServerConfig>>,
    for_peap: Arc<ServerConfig>,
}

impl EapServer {
    /// A certificate chain and key in PEM form, and the roots (PEM) that vouch for callers' certificates:
    /// without them EAP-TLS is not answered. With lists of `revoked` certificates (PEM) a caller's must be on
    /// none of them, and its issuer must have one.
    ///
    /// # Errors
    /// When they cannot be read or do not belong together.
    pub fn new(
        chain: &[u8],
        key: &[u8],
        callers: Option<&[u8]>,
        revoked: Option<&[u8]>,
    ) -> Result<Self, HostError> {
        let for_peap = Self::config(chain, key, None)?;
        let for_tls =
            callers.map(|roots| Self::config(chain, key, Some((roots, revoked)))).transpose()?;
        Ok(Self { for_tls, for_peap })
    }

    fn config(
        chain: &[u8],
        key: &[u8],
        callers: Option<(&[u8], Option<&[u8]>)>,
    ) -> Result<Arc<ServerConfig>, HostError> {
        let failed = |why: String| HostError::new(DEED, HostErrorKind::Other, why);
        let certified = read_pem(chain, key).map_err(failed)?;
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|e| failed(e.to_string()))?;
        let builder = match callers {
            None => builder.with_no_client_auth(),
            Some((pem, revoked)) => {
                let mut roots = RootCertStore::empty();
                let given: Vec<_> =
                    CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|e| {
                        failed(format!("the callers' roots are not in PEM form: {e}"))
                    })?;
                roots.add_parsable_certificates(given);
                let mut verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
                if let Some(pem) = revoked {
                    let lists = some_lists(pem).map_err(failed)?;
                    verifier = verifier.with_crls(lists).only_check_end_entity_revocation();
                }
                let verifier = verifier
                    .build()
                    .map_err(|e| failed(format!("the callers' roots cannot be used: {e}")))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let (chain, key) = certified;
        let mut config = builder.with_single_cert(chain, key).map_err(|e| failed(e.to_string()))?;
        // Nobody is let in by having been here before.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }
}

impl std::fmt::Debug for EapServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EapServer").finish_non_exhaustive()
    }
}

type Certified = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn read_pem(chain: &[u8], key: &[u8]) -> Result<Certified, String> {
    let chain = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| format!("the certificate is not in PEM form: {e}"))?;
    if chain.is_empty() {
        return Err("there is no certificate in what was given as one".to_owned());
    }
    // The error of the reader names the kind of trouble, never a part of the key.
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|e| format!("the private key is not in PEM form, or is encrypted: {e}"))?;
    Ok((chain, key))
}

/// One list at least.
fn some_lists(pem: &[u8]) -> Result<Vec<CertificateRevocationListDer<'static>>, String> {
    let lists = revocation_lists(pem)?;
    match lists.is_empty() {
        true => Err("there is no list of revoked certificates in what was given as one".to_owned()),
        false => Ok(lists),
    }
}

/// One conversation, at either end.
#[derive(Debug)]
pub struct TlsTalk {
    connection: Connection,
    method: u8,
    was_told: bool,
    /// Judges the server's certificate, when we are the caller.
    judge: Option<Arc<Judge>>,
}

impl TlsTalk {
    /// A caller's end, for the EAP method of this type number. May read files: not on a task of the
    /// runtime.
    pub(crate) fn caller(
        store: &TrustStore,
        spec: &EapTlsSpec,
        method: u8,
    ) -> Result<Self, (TalkFault, String)> {
        let theirs = |error: HostError| {
            let fault = match error.kind {
                HostErrorKind::Tls(fault) => fault,
                _ => TlsFault::NotTls,
            };
            (TalkFault::Theirs(fault), error.text)
        };
        let judge = store.judge_for_eap(&spec.trust, spec.server_name.is_some()).map_err(theirs)?;
        let judge = Arc::new(judge);
        let name = match &spec.server_name {
            Some(name) => {
                let fallback = Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
                server_name(&spec.trust, name, fallback).map_err(theirs)?
            }
            // Some name must stand there; it is neither told nor checked.
            None => ServerName::from(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        };
        let certificate = spec.certificate.as_ref().filter(|_| method == EAP_TLS);
        let ours =
            |why: String| (TalkFault::Ours, format!("our certificate cannot be used: {why}"));
        let read = |c: &CertifiedKey| read_pem(c.chain.as_bytes(), c.key.expose().as_bytes());
        let certificate = certificate.map(read).transpose().map_err(ours)?;
        let config = judge.config_for_eap(certificate).map_err(|e| ours(e.to_string()))?;
        let connection = ClientConnection::new(config, name).map_err(|e| ours(e.to_string()))?;
        Ok(Self {
            connection: Connection::Client(connection),
            method,
            was_told: false,
            judge: Some(judge),
        })
    }

    /// An answerer's end, for the EAP method of this type number.
    ///
    /// # Errors
    /// When there is no certificate to show, or nobody whose word for callers is taken.
    pub fn answerer(server: &EapServer, method: u8) -> Result<Self, (TalkFault, String)> {
        let config = match method {
            EAP_TLS => server.for_tls.clone(),
            _ => Some(server.for_peap.clone()),
        };
        let Some(config) = config else {
            let text = "nobody is named who vouches for callers' certificates";
            return Err((TalkFault::Ours, text.to_owned()));
        };
        let connection =
            ServerConnection::new(config).map_err(|e| (TalkFault::Ours, e.to_string()))?;
        Ok(Self {
            connection: Connection::Server(connection),
            method,
            was_told: false,
            judge: None,
        })
    }

    /// What there is to say first: a caller's hello.
    pub fn begin(&mut self) -> Talked {
        self.talked(Ok(()), Vec::new())
    }

    /// Hears a whole flight of the other side.
    pub fn hear(&mut self, mut flight: &[u8]) -> Talked {
        let mut heard = Vec::new();
        while !flight.is_empty() {
            // Into memory that rustls bounds; reading from a slice fails only when it is full.
            let taken = self.connection.read_tls(&mut flight);
            let result = self.connection.process_new_packets();
            let read = (&mut self.connection.reader()).take(MOST_HEARD).read_to_end(&mut heard);
            match (taken, result) {
                (Ok(0) | Err(_), Ok(_)) => {
                    let error = Error::General("more than was asked for".to_owned());
                    return self.talked(Err(error), heard);
                }
                (_, Err(error)) => return self.talked(Err(error), heard),
                (Ok(_), Ok(_)) => {}
            }
            // The end of what is there is told as “would block”.
            if read.is_ok() && heard.len() as u64 > MOST_HEARD {
                let error = Error::General("more than was asked for".to_owned());
                return self.talked(Err(error), heard);
            }
        }
        self.talked(Ok(()), heard)
    }

    /// Encrypts words for the other side.
    pub fn say(&mut self, words: &[u8]) -> Talked {
        let result = self.connection.writer().write_all(words);
        self.talked(result.map_err(|error| Error::General(error.to_string())), Vec::new())
    }

    fn talked(&mut self, result: Result<(), Error>, heard: Vec<u8>) -> Talked {
        let mut records = Vec::new();
        // An alert too. Writing into a vector does not fail.
        while self.connection.wants_write() {
            if !matches!(self.connection.write_tls(&mut records), Ok(1..)) {
                break;
            }
        }
        let stage = match result {
            Err(error) => {
                let (fault, text) = self.fault(&error);
                TalkStage::Failed { fault, text }
            }
            Ok(()) if self.connection.is_handshaking() => TalkStage::Shaking,
            Ok(()) => match self.key_material() {
                Ok(key_material) => {
                    self.tell_once();
                    TalkStage::Open(TalkFacts {
                        is_13: self.is_13(),
                        key_material,
                        names: self.names(),
                    })
                }
                Err(error) => {
                    let (fault, text) = self.fault(&error);
                    TalkStage::Failed { fault, text }
                }
            },
        };
        Talked { records, heard: Secret::new(heard), stage }
    }

    /// For those who look for a trouble.
    fn tell_once(&mut self) {
        if !std::mem::replace(&mut self.was_told, true) {
            let suite = self.connection.negotiated_cipher_suite().map(|suite| suite.suite());
            tracing::debug!(target: "host", version = ?self.connection.protocol_version(), ?suite,
                "TLS inside EAP is open");
        }
    }

    fn is_13(&self) -> bool {
        self.connection.protocol_version() == Some(ProtocolVersion::TLSv1_3)
    }

    /// RFC 5216 §2.3; in version 1.3 RFC 9190 §2.3, for PEAP RFC 9427 §2.1.
    fn key_material(&self) -> Result<Secret<Vec<u8>>, Error> {
        let mut material = Secret::new(vec![0; KEY_MATERIAL]);
        let method = [self.method];
        let (label, context): (&[u8], _) = match self.is_13() {
            true => (b"EXPORTER_EAP_TLS_Key_Material", Some(method.as_slice())),
            false => (b"client EAP encryption", None),
        };
        self.connection.export_keying_material(
            material.expose_mut().as_mut_slice(),
            label,
            context,
        )?;
        Ok(material)
    }

    fn names(&self) -> Vec<String> {
        let chain = self.connection.peer_certificates().unwrap_or_default();
        chain.first().map(|leaf| names(leaf)).unwrap_or_default()
    }

    fn fault(&self, error: &Error) -> (TalkFault, String) {
        if let Error::AlertReceived(alert) = error {
            let text = format!("the other side refused the TLS handshake (alert {alert:?})");
            return (TalkFault::Alert((*alert).into()), text);
        }
        match &self.judge {
            Some(judge) => {
                let error = judge.error(error, true);
                match error.kind {
                    HostErrorKind::Tls(fault) => (TalkFault::Theirs(fault), error.text),
                    _ => (TalkFault::Theirs(TlsFault::NotTls), error.text),
                }
            }
            None => self.fault_of_caller(error),
        }
    }

    fn fault_of_caller(&self, error: &Error) -> (TalkFault, String) {
        use CertificateError as C;
        let fault = match error {
            Error::NoCertificatesPresented => TlsFault::BadCertificate,
            Error::InvalidCertificate(C::Expired | C::ExpiredContext { .. }) => TlsFault::Expired,
            Error::InvalidCertificate(C::NotValidYet | C::NotValidYetContext { .. }) => {
                TlsFault::NotYetValid
            }
            Error::InvalidCertificate(C::Revoked) => TlsFault::Revoked,
            Error::InvalidCertificate(C::UnknownIssuer) => TlsFault::UntrustedRoot,
            Error::InvalidCertificate(_) => TlsFault::BadCertificate,
            Error::PeerIncompatible(_) => TlsFault::NoCommonCipher,
            _ => TlsFault::NotTls,
        };
        let shown = self.connection.peer_certificates().and_then(|chain| chain.first());
        let whose = shown.map(|leaf| format!(" ({})", Described::of(leaf))).unwrap_or_default();
        (TalkFault::Theirs(fault), format!("the caller's TLS was not accepted: {error}{whose}"))
    }
}

#[cfg(test)]
mod tests;

//! The server's certificate: given, or made at start.

use std::sync::Arc;

use onhook_base::Secret;
use onhook_effect::{CertificateFacts, HostError, HostErrorKind};
use onhook_host::EapServer;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

/// What the server proves itself by.
#[derive(Clone)]
pub struct Identity {
    pub(crate) tls: Arc<rustls::ServerConfig>,
    facts: CertificateFacts,
    ca_pem: Option<String>,
    chain: Arc<Vec<u8>>,
    key: Arc<Secret<Vec<u8>>>,
}

impl Identity {
    /// A certificate chain and key in PEM form.
    ///
    /// # Errors
    /// When they cannot be read or do not belong together.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, HostError> {
        let (tls, facts) = onhook_host::server_config(certificate, key)?;
        let (chain, key) = (Arc::new(certificate.to_vec()), Arc::new(Secret::new(key.to_vec())));
        Ok(Self { tls, facts, ca_pem: None, chain, key })
    }

    /// The same, for TLS inside EAP; `callers` are the roots (PEM) that vouch for callers' certificates, and
    /// `revoked` lists (PEM) of those for which nobody vouches any more.
    pub(crate) fn for_eap(
        &self,
        callers: Option<&[u8]>,
        revoked: Option<&[u8]>,
    ) -> Result<EapServer, HostError> {
        EapServer::new(&self.chain, self.key.expose(), callers, revoked)
    }

    /// Makes a root of its own and a certificate for these names and addresses, good for a year.
    ///
    /// # Errors
    /// When a name cannot stand in a certificate.
    pub fn make(names: &[String]) -> Result<Self, HostError> {
        let failed = |error: rcgen::Error| {
            HostError::new("make a certificate", HostErrorKind::Other, error.to_string())
        };
        let mut root = CertificateParams::default();
        root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        root.distinguished_name.push(DnType::CommonName, "onhook answering server's own root");
        let root_key = KeyPair::generate().map_err(failed)?;
        let root = CertifiedIssuer::self_signed(root, root_key).map_err(failed)?;

        let mut leaf = CertificateParams::new(names.to_vec()).map_err(failed)?;
        let common_name = names.first().map_or("onhook", String::as_str);
        leaf.distinguished_name.push(DnType::CommonName, common_name);
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        let leaf_key = KeyPair::generate().map_err(failed)?;
        let leaf = leaf.signed_by(&leaf_key, &root).map_err(failed)?;

        let chain = leaf.pem();
        let key = leaf_key.serialize_pem();
        let mut identity = Self::from_pem(chain.as_bytes(), key.as_bytes())?;
        identity.ca_pem = Some(root.as_ref().pem());
        Ok(identity)
    }

    /// The root that a caller must trust, when it was made here.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// SHA-256 of the certificate, for callers that pin it.
    pub const fn sha256(&self) -> [u8; 32] {
        self.facts.sha256
    }

    /// The terms of the server's TLS sessions.
    pub fn tls_config(&self) -> Arc<rustls::ServerConfig> {
        self.tls.clone()
    }

    pub(crate) const fn facts(&self) -> CertificateFacts {
        self.facts
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("facts", &self.facts).finish_non_exhaustive()
    }
}

//! Who dials, and how it is proved.

use onhook_base::Secret;

/// A user's name, password and domain, as in RASDIALPARAMS, and what the way to the server may ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: Secret<String>,
    /// The domain; empty leaves the choice to the server.
    pub domain: String,
    /// The secret that the ends of an L2TP tunnel prove to each other (RFC 2661 §5.1.1), where the server
    /// has one; other links have none, and do not look at it.
    pub tunnel_secret: Option<Secret<String>>,
    /// A certificate that proves the user, for EAP-TLS.
    pub certificate: Option<ClientCertificate>,
}

/// A user's certificate and its key, both in PEM form, as the caller has read them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate, and what lies between it and the root.
    pub chain: String,
    /// The private key, not encrypted.
    pub key: Secret<String>,
}

impl Credentials {
    /// The name as it is sent: `DOMAIN\user`, or the user alone.
    pub fn name_to_send(&self) -> String {
        if self.domain.is_empty() {
            self.user.clone()
        } else {
            format!("{}\\{}", self.domain, self.user)
        }
    }
}

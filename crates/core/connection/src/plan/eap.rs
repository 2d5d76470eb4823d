//! What an entry says of EAP: which methods, and by what TLS inside is judged.

use onhook_effect::{CertifiedKey, EapTlsSpec};
use onhook_model::{AuthMethod, Credentials, DeviceType, Entry, RasCode, RasError};
use onhook_ppp::auth::{EapMethod, EapTerms};

use super::link::trust_of;

/// The methods of an entry, and how TLS is spoken where one of them needs it. No method when the entry
/// does not allow EAP.
///
/// # Errors
/// When it allows nothing else, and its method is not spoken here (850), or lacks a certificate (798).
pub(super) fn of_entry(
    entry: &Entry,
    credentials: &Credentials,
) -> Result<(EapTerms, Option<EapTlsSpec>), RasError> {
    if !entry.auth.allows(AuthMethod::Eap) {
        return Ok((EapTerms::default(), None));
    }
    let methods = match methods(entry, credentials) {
        Ok(methods) => methods,
        // Where another way is allowed, it is taken.
        Err(_) if entry.auth.methods().any(|method| method != AuthMethod::Eap) => Vec::new(),
        Err(error) => return Err(error),
    };
    let speaks_tls = methods.iter().any(|m| matches!(m, EapMethod::Tls | EapMethod::Peap));
    let spec = speaks_tls.then(|| EapTlsSpec {
        server_name: server_name(entry),
        trust: trust_of(&entry.trust),
        certificate: credentials.certificate.as_ref().map(|certificate| CertifiedKey {
            chain: certificate.chain.clone(),
            key: certificate.key.clone(),
        }),
    });
    Ok((EapTerms { methods, pass_through: false }, spec))
}

fn methods(entry: &Entry, credentials: &Credentials) -> Result<Vec<EapMethod>, RasError> {
    let has_certificate = credentials.certificate.is_some();
    let Some(number) = entry.eap_method else {
        // EAP-MD5 does not prove the server: it must be asked for.
        let mut methods = vec![EapMethod::Peap, EapMethod::MsChapV2];
        if has_certificate {
            methods.insert(0, EapMethod::Tls);
        }
        return Ok(methods);
    };
    let method = u8::try_from(number).ok().and_then(EapMethod::from_number).ok_or_else(|| {
        let text = format!(
            "the entry asks for EAP of type {number}; this version speaks 4 (MD5), 13 (EAP-TLS), 25 \
             (PEAP) and 26 (MS-CHAP v2)"
        );
        RasError::new(RasCode::EAP_METHOD_NOT_INSTALLED, text)
    })?;
    if method == EapMethod::Tls && !has_certificate {
        let text = "EAP-TLS proves the user by a certificate, and none was given";
        return Err(RasError::new(RasCode::NO_EAPTLS_CERTIFICATE, text));
    }
    Ok(vec![method])
}

/// The name that the server's certificate must bear: what the entry says, or the server that is dialed.
fn server_name(entry: &Entry) -> Option<String> {
    let dialed = || match entry.device_type {
        DeviceType::Vpn => entry.server().ok().map(|(host, _)| host),
        _ => None,
    };
    entry.server_name.clone().or_else(dialed)
}

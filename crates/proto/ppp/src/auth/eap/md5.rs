//! EAP-MD5 (RFC 3748 §5.4): CHAP in other clothes. It makes no keys and does not prove the server.

use onhook_base::{Chance, Malformed};
use onhook_crypto::chap_md5;

use super::wire::{emit_value_and_name, parse_value_and_name};
use crate::auth::{Credentials, Proof};

/// Type data of the Response to the type data of a Request.
///
/// # Errors
/// When the Request is malformed.
pub(super) fn answer(
    id: u8,
    data: &[u8],
    credentials: &Credentials,
) -> Result<(Vec<u8>, String), Malformed> {
    let (challenge, by) = parse_value_and_name(data)?;
    let response = chap_md5(id, credentials.password.expose().as_bytes(), challenge);
    let by = String::from_utf8_lossy(by).into_owned();
    Ok((emit_value_and_name(&response, credentials.user.as_bytes()), by))
}

/// What an authenticator has asked.
#[derive(Debug)]
pub(super) struct Asked {
    challenge: [u8; 16],
}

impl Asked {
    pub(super) fn new(chance: &mut Chance) -> Self {
        Self { challenge: chance.bytes() }
    }

    /// Type data of the Request.
    pub(super) fn request(&self, local_name: &str) -> Vec<u8> {
        emit_value_and_name(&self.challenge, local_name.as_bytes())
    }

    /// What was shown.
    pub(super) fn proof(&self, id: u8, data: &[u8]) -> Result<Proof, Malformed> {
        let (response, _name) = parse_value_and_name(data)?;
        Ok(Proof::ChapMd5 {
            identifier: id,
            challenge: self.challenge.to_vec(),
            response: response.to_vec(),
        })
    }
}

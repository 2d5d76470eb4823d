//! MS-CHAP version 2 (RFC 2759) on the side that proves itself, in packets of CHAP and of EAP alike.

use onhook_base::{Chance, Secret};
use onhook_crypto::{change_password, mschap};

use super::Credentials;
use super::contract::keys_of;
use super::machine::Expected;

/// What answers a challenge.
pub(super) struct Response {
    /// Our own challenge.
    pub(super) peer: [u8; 16],
    /// The NT-Response.
    pub(super) proof: [u8; 24],
    /// What is expected of the Success.
    pub(super) expected: Expected,
}

/// The answer to a challenge (RFC 2759 §4).
pub(super) fn respond(
    authenticator: &[u8; 16],
    name: &[u8],
    password: &Secret<String>,
    chance: &mut Chance,
) -> Response {
    let peer: [u8; 16] = chance.bytes();
    let hash = Secret::new(mschap::nt_password_hash(password.expose()));
    let proof = mschap::nt_response(authenticator, &peer, name, hash.expose());
    let expected = expect(hash.expose(), &proof, &peer, authenticator, name);
    Response { peer, proof, expected }
}

/// The body of a Change-Password (RFC 2759 §7), and what is expected of the Success; `None` when the new
/// password is too long for it.
pub(super) fn change(
    known: &Credentials,
    new: &Secret<String>,
    authenticator: &[u8; 16],
    chance: &mut Chance,
) -> Option<(Secret<Vec<u8>>, Expected)> {
    let peer: [u8; 16] = chance.bytes();
    let pad = chance.bytes();
    let name = known.user.as_bytes();
    let body = change_password::build(&change_password::Change {
        old: known.password.expose(),
        new: new.expose(),
        name,
        authenticator,
        peer: &peer,
        pad: &pad,
    })?;
    let hash = Secret::new(mschap::nt_password_hash(new.expose()));
    let proof = change_password::response(&body)?.response;
    let expected = expect(hash.expose(), &proof, &peer, authenticator, name);
    Some((Secret::new(body.to_vec()), expected))
}

fn expect(
    hash: &[u8; 16],
    proof: &[u8; 24],
    peer: &[u8; 16],
    authenticator: &[u8; 16],
    name: &[u8],
) -> Expected {
    Expected {
        proof: mschap::authenticator_response(hash, proof, peer, authenticator, name),
        keys: keys_of(hash, proof),
    }
}

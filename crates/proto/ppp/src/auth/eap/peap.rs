//! What is said inside PEAP version 0 ([MS-PEAP]): the name, EAP-MSCHAPv2, and the result of it all with
//! the crypto binding. Both sides; the tunnel itself is not their affair.

use onhook_base::{Chance, Secret};
use onhook_crypto::peap::CompoundKeys;
use onhook_crypto::sstp_binding::hlak;

use super::again::Refusal;
use super::mschapv2;
use super::wire::{EapPacket, Extensions, REQUEST, RESPONSE, binding_tlv, kind, parse_inner};
use crate::auth::contract::same;
use crate::auth::{Credentials, EapMethod, Keys, Proof};
use crate::person::Given;

/// What the ends of a tunnel do next.
#[derive(Debug)]
pub(super) enum Inside {
    /// Say this.
    Say(Secret<Vec<u8>>),
    /// (Server) ask the owner.
    Ask(String, Proof),
    /// Say this (caller) or nothing more (server): it is done, and these are the keys, if there was a
    /// binding; else the tunnel's are.
    Done { say: Option<Secret<Vec<u8>>>, keys: Option<Keys> },
    /// (Caller) say nothing: a person is asked.
    Wait(Refusal),
    /// Say this, and it has failed.
    Failed { say: Option<Secret<Vec<u8>>>, why: Why },
    /// Nothing.
    Nothing,
}

/// How it fails inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The proof was refused.
    Refused { code: Option<u32>, message: String },
    /// The other side has not proved itself.
    NotProven,
    /// Somebody else holds one of the ends of the tunnel.
    BindingWrong,
}

pub(super) fn plain(kind: u8, data: &[u8]) -> Secret<Vec<u8>> {
    let mut out = vec![kind];
    out.extend_from_slice(data);
    Secret::new(out)
}

/// The keys of compound keys.
fn session_keys(compound: &CompoundKeys) -> Keys {
    let keys = compound.session_keys();
    let (send, receive) = keys.split_at_checked(32).unwrap_or_default();
    Keys { send: Secret::new(send.to_vec()), receive: Secret::new(receive.to_vec()), weak: None }
}

fn compound(tunnel: &[u8], inner: Option<&Keys>) -> CompoundKeys {
    let inner = inner.map_or([0; 32], |keys| hlak(keys.send.expose(), keys.receive.expose()));
    CompoundKeys::new(tunnel, &inner)
}

/// The side that proves itself.
#[derive(Debug)]
pub(super) struct Caller {
    inner: mschapv2::Caller,
    keys: Option<Keys>,
    refused: Option<Why>,
}

impl Caller {
    pub(super) const fn new(asks_person: bool) -> Self {
        Self { inner: mschapv2::Caller::new(asks_person), keys: None, refused: None }
    }

    /// A person is being asked.
    pub(super) const fn is_waiting(&self) -> bool {
        self.inner.is_waiting()
    }

    /// The person has spoken.
    pub(super) fn give(
        &mut self,
        given: Given,
        credentials: &mut Credentials,
        chance: &mut Chance,
    ) -> mschapv2::Gift {
        self.inner.give(given, credentials, chance)
    }

    /// Something was said inside.
    pub(super) fn handle(
        &mut self,
        octets: &[u8],
        tunnel: &[u8],
        credentials: &Credentials,
        chance: &mut Chance,
    ) -> Inside {
        let Ok((id, asked, data)) = parse_inner(octets, REQUEST) else { return Inside::Nothing };
        match asked {
            kind::IDENTITY => Inside::Say(plain(kind::IDENTITY, credentials.user.as_bytes())),
            kind::NOTIFICATION => Inside::Say(plain(kind::NOTIFICATION, &[])),
            kind::TLV => self.on_extensions(id, data, tunnel, chance),
            _ if asked == EapMethod::MsChapV2.number() => {
                match self.inner.handle(data, credentials, chance) {
                    mschapv2::Step::Say { data, .. } => Inside::Say(plain(asked, &data)),
                    mschapv2::Step::Proven { data, keys, .. } => {
                        self.keys = Some(keys);
                        Inside::Say(plain(asked, &data))
                    }
                    mschapv2::Step::Refused { data, code, message } => {
                        self.refused = Some(Why::Refused { code, message });
                        Inside::Say(plain(asked, &data))
                    }
                    mschapv2::Step::Wait(refusal) => Inside::Wait(refusal),
                    mschapv2::Step::NotProven => Inside::Failed { say: None, why: Why::NotProven },
                    mschapv2::Step::Nothing => Inside::Nothing,
                }
            }
            _ => Inside::Say(plain(kind::NAK, &[EapMethod::MsChapV2.number()])),
        }
    }

    /// Why the server has refused, as far as it has said.
    pub(super) fn refusal(&self) -> Option<&Why> {
        self.refused.as_ref()
    }

    fn on_extensions(&mut self, id: u8, data: &[u8], tunnel: &[u8], chance: &mut Chance) -> Inside {
        let Ok(said) = Extensions::parse(data) else { return Inside::Nothing };
        let answer = |success: bool, binding: Option<Vec<u8>>| {
            let data = Extensions { success: Some(success), binding }.emit();
            Secret::new(EapPacket::Response { id, kind: kind::TLV, data: &data }.emit())
        };
        let failed = |why| Inside::Failed { say: Some(answer(false, None)), why };
        match said.success {
            None => return Inside::Nothing,
            Some(false) => {
                let unsaid = Why::Refused { code: None, message: String::new() };
                return failed(self.refused.clone().unwrap_or(unsaid));
            }
            Some(true) => {}
        }
        // Success without the inner proof: the server was not made to show that it knows the password.
        let Some(keys) = &self.keys else { return failed(Why::NotProven) };
        let Some(request) = &said.binding else {
            return Inside::Done { say: Some(answer(true, None)), keys: None };
        };
        let compound = compound(tunnel, Some(keys));
        let mac = compound.mac(request);
        let is_request = request.get(7) == Some(&0);
        if !is_request || !same(&mac, request.get(40..).unwrap_or_default()) {
            return failed(Why::BindingWrong);
        }
        let mut response = binding_tlv(true, &chance.bytes());
        fill_mac(&mut response, &compound);
        let say = Some(answer(true, Some(response)));
        Inside::Done { say, keys: Some(session_keys(&compound)) }
    }
}

fn fill_mac(tlv: &mut [u8], compound: &CompoundKeys) {
    let mac = compound.mac(tlv);
    tlv.iter_mut().skip(40).zip(mac).for_each(|(to, from)| *to = from);
}

/// The side that demands proof.
#[derive(Debug)]
pub(super) struct Server {
    inner: mschapv2::Server,
    stage: Stage,
    keys: Option<Keys>,
    refusal: Option<Why>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Name,
    Proof,
    Judging,
    Verdict,
    /// The result was told: good or bad.
    Result(bool),
}

impl Server {
    /// Hears so many more Responses after a refused one.
    pub(super) fn new(chance: &mut Chance, retries: u8) -> Self {
        let inner = mschapv2::Server::new(chance, retries);
        Self { inner, stage: Stage::Name, keys: None, refusal: None }
    }

    /// The tunnel is open: who is there?
    pub(super) fn begin(&self) -> Secret<Vec<u8>> {
        plain(kind::IDENTITY, &[])
    }

    /// Something was said inside.
    pub(super) fn handle(
        &mut self,
        octets: &[u8],
        tunnel: &[u8],
        local_name: &str,
        chance: &mut Chance,
    ) -> Inside {
        let Ok((_, shown, data)) = parse_inner(octets, RESPONSE) else { return Inside::Nothing };
        let is_proof = shown == EapMethod::MsChapV2.number();
        match self.stage {
            Stage::Name if shown == kind::IDENTITY => {
                self.stage = Stage::Proof;
                let number = EapMethod::MsChapV2.number();
                Inside::Say(plain(number, &self.inner.challenge(local_name)))
            }
            Stage::Proof if is_proof => match self.inner.proof(data) {
                Some((name, proof)) => {
                    self.stage = Stage::Judging;
                    self.refusal = None;
                    Inside::Ask(name, proof)
                }
                // Another would be heard, and there is none.
                None if self.refusal.is_some()
                    && mschapv2::Server::acknowledged(data) == Some(false) =>
                {
                    self.tell_result(false, tunnel, chance)
                }
                None => Inside::Nothing,
            },
            Stage::Proof if shown == kind::NAK => {
                self.refusal = Some(Why::Refused { code: None, message: String::new() });
                self.tell_result(false, tunnel, chance)
            }
            Stage::Verdict if is_proof => match mschapv2::Server::acknowledged(data) {
                Some(good) => self.tell_result(good && self.keys.is_some(), tunnel, chance),
                None => Inside::Nothing,
            },
            Stage::Result(good) if shown == kind::TLV => self.on_extensions(good, data, tunnel),
            _ => Inside::Nothing,
        }
    }

    /// The proof is good: our own is told.
    pub(super) fn accept(&mut self, message: &[u8], keys: Option<Keys>) -> Secret<Vec<u8>> {
        self.stage = Stage::Verdict;
        self.keys = keys;
        plain(EapMethod::MsChapV2.number(), &self.inner.success(message))
    }

    /// The proof is not good. Returns the words, and whether another proof is heard, if the owner would
    /// `hear` one.
    pub(super) fn reject(
        &mut self,
        code: u32,
        hear: bool,
        message: String,
        chance: &mut Chance,
    ) -> (Secret<Vec<u8>>, bool) {
        self.keys = None;
        let (failure, is_open) = self.inner.failure(chance, code, hear, &message);
        self.stage = if is_open { Stage::Proof } else { Stage::Verdict };
        self.refusal = Some(Why::Refused { code: Some(code), message });
        (plain(EapMethod::MsChapV2.number(), &failure), is_open)
    }

    fn tell_result(&mut self, good: bool, tunnel: &[u8], chance: &mut Chance) -> Inside {
        self.stage = Stage::Result(good);
        let binding = good.then(|| {
            let mut tlv = binding_tlv(false, &chance.bytes());
            fill_mac(&mut tlv, &compound(tunnel, self.keys.as_ref()));
            tlv
        });
        let data = Extensions { success: Some(good), binding }.emit();
        let [id] = chance.bytes();
        Inside::Say(Secret::new(EapPacket::Request { id, kind: kind::TLV, data: &data }.emit()))
    }

    fn on_extensions(&mut self, good: bool, data: &[u8], tunnel: &[u8]) -> Inside {
        let Ok(said) = Extensions::parse(data) else { return Inside::Nothing };
        let failed = |why| Inside::Failed { say: None, why };
        if !good || said.success != Some(true) {
            return failed(self.refusal.clone().unwrap_or(Why::NotProven));
        }
        // Who passes on another's proof, made for no tunnel, cannot bind it to this one.
        let Some(response) = &said.binding else { return failed(Why::BindingWrong) };
        let compound = compound(tunnel, self.keys.as_ref());
        let is_response = response.get(7) == Some(&1);
        if !is_response || !same(&compound.mac(response), response.get(40..).unwrap_or_default()) {
            return failed(Why::BindingWrong);
        }
        Inside::Done { say: None, keys: Some(session_keys(&compound)) }
    }
}

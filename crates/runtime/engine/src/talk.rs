//! TLS inside EAP: PPP orders, the host's TLS does it, and the words of the one become those of the other.

use std::future::{Future, pending};
use std::pin::Pin;

use onhook_base::Secret;
use onhook_connection::auth::{
    EapMethod, TlsAsk, TlsFacts, TlsFailure, TlsFault, TlsOrder, TlsReply, TlsRole, TlsState,
};
use onhook_effect::{EapTlsSpec, TlsFault as CertificateFault};
use onhook_host::{EapServer, Host, TalkFault, TalkStage, Talked, TlsTalk};

type Made = Result<TlsTalk, (TalkFault, String)>;

/// The conversations of one connection: at most one in each role.
#[derive(Default)]
pub(crate) struct Talk {
    caller: Option<TlsTalk>,
    answerer: Option<TlsTalk>,
    /// A caller's end is being made: the system's roots are read.
    making: Option<Pin<Box<dyn Future<Output = Made> + Send>>>,
}

impl Talk {
    /// Does what is ordered; `None` when the reply comes by [`ready`](Self::ready).
    pub(crate) fn obey(
        &mut self,
        host: &Host,
        order: TlsOrder,
        spec: Option<&EapTlsSpec>,
        server: Option<&EapServer>,
    ) -> Option<(TlsRole, TlsReply)> {
        match (order.role, order.ask) {
            (TlsRole::Client, TlsAsk::Begin { method }) => {
                self.caller = None;
                let Some(spec) = spec.cloned() else {
                    return Some((TlsRole::Client, nothing_to_show(method)));
                };
                let host = host.clone();
                let number = method.number();
                self.making = Some(Box::pin(async move { host.tls_talk(spec, number).await }));
                None
            }
            (TlsRole::Server, TlsAsk::Begin { method }) => {
                let Some(server) = server else {
                    return Some((TlsRole::Server, nothing_to_show(method)));
                };
                let reply = match TlsTalk::answerer(server, method.number()) {
                    Ok(mut talk) => {
                        let talked = talk.begin();
                        self.answerer = Some(talk);
                        reply_of(talked)
                    }
                    Err((fault, text)) => failed(fault, text),
                };
                Some((TlsRole::Server, reply))
            }
            (role, ask) => {
                let talk = match role {
                    TlsRole::Client => self.caller.as_mut(),
                    TlsRole::Server => self.answerer.as_mut(),
                };
                let Some(talk) = talk else {
                    let text = "no conversation has been begun".to_owned();
                    return Some((role, failed(TalkFault::Ours, text)));
                };
                let talked = match ask {
                    TlsAsk::Hear(flight) => talk.hear(&flight),
                    TlsAsk::Say(words) => talk.say(words.expose()),
                    TlsAsk::Begin { .. } => talk.begin(),
                };
                Some((role, reply_of(talked)))
            }
        }
    }

    /// The reply to a beginning that took its time.
    pub(crate) async fn ready(&mut self) -> (TlsRole, TlsReply) {
        let Some(making) = &mut self.making else { return pending().await };
        let made = making.await;
        self.making = None;
        let reply = match made {
            Ok(mut talk) => {
                let talked = talk.begin();
                self.caller = Some(talk);
                reply_of(talked)
            }
            Err((fault, text)) => failed(fault, text),
        };
        (TlsRole::Client, reply)
    }
}

fn nothing_to_show(method: EapMethod) -> TlsReply {
    failed(TalkFault::Ours, format!("there is nothing to speak {method} with"))
}

fn failed(fault: TalkFault, text: String) -> TlsReply {
    reply_of(Talked {
        records: Vec::new(),
        heard: Secret::new(Vec::new()),
        stage: TalkStage::Failed { fault, text },
    })
}

fn reply_of(talked: Talked) -> TlsReply {
    let state = match talked.stage {
        TalkStage::Shaking => TlsState::Shaking,
        TalkStage::Open(facts) => TlsState::Open(TlsFacts {
            is_13: facts.is_13,
            key_material: facts.key_material,
            names: facts.names,
        }),
        TalkStage::Failed { fault, text } => {
            TlsState::Failed(TlsFailure { fault: fault_of(fault), text })
        }
    };
    TlsReply { records: talked.records, heard: talked.heard, state }
}

const fn fault_of(fault: TalkFault) -> TlsFault {
    match fault {
        TalkFault::Ours => TlsFault::NoCertificate,
        TalkFault::Alert(alert) => TlsFault::Alert(alert),
        TalkFault::Theirs(fault) => match fault {
            CertificateFault::Expired => TlsFault::Expired,
            CertificateFault::Revoked => TlsFault::Revoked,
            CertificateFault::UntrustedRoot | CertificateFault::PinMismatch => TlsFault::Untrusted,
            CertificateFault::NameMismatch => TlsFault::WrongName,
            CertificateFault::NotYetValid
            | CertificateFault::WrongUsage
            | CertificateFault::BadCertificate => TlsFault::BadCertificate,
            CertificateFault::NoCommonCipher => TlsFault::NoCommonCipher,
            CertificateFault::Alert | CertificateFault::NotTls | CertificateFault::CutShort => {
                TlsFault::NotTls
            }
        },
    }
}

//! Who is let in, and what he is given: an address, name servers, a time.

use std::net::Ipv4Addr;
use std::sync::Arc;

use onhook_base::Prefix;
use onhook_connection::{Admission, SessionLimits, admission_network};
use onhook_host::crash_point;
use onhook_model::RasCode;
use onhook_ppp::auth::{self, Verdict};

use crate::CallbackSetting;
use crate::answer::Inner;
use crate::radius::AccountTerms;

/// What somebody has decided to give a caller who has proved who it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grant {
    /// This address, instead of one of the pool.
    pub(crate) address: Option<Ipv4Addr>,
    /// These name servers, instead of the server's own.
    pub(crate) dns: Vec<Ipv4Addr>,
    /// This IPv6 interface identifier, instead of one that the caller chooses.
    pub(crate) interface_id: Option<[u8; 8]>,
    /// How long the call may last; what is open is the server's own limit.
    pub(crate) limits: SessionLimits,
    /// Whether it is called back; `None` leaves it to the file of users.
    pub(crate) callback: Option<CallbackSetting>,
    /// How the call is accounted.
    pub(crate) account: Option<AccountTerms>,
}

impl Inner {
    /// Judges a proof, wherever the users are known.
    pub(crate) async fn judge(
        self: Arc<Self>,
        call: u64,
        question: auth::Question,
    ) -> (Verdict, Option<Admission>) {
        // Who stands in the file is judged by it, also when all servers are silent. What EAP's packets say
        // only the servers know.
        let is_ours = !matches!(question.proof(), auth::Proof::Eap { .. })
            && self.users.knows(question.name());
        if let Some(radius) = self.radius.as_ref().filter(|radius| radius.judges() && !is_ours) {
            let Some(session) = self.calls().get(call).cloned() else {
                return (refusal(RasCode::AUTHENTICATION_FAILURE, ""), None);
            };
            return match radius.judge(session, &question).await {
                (verdict, Some(grant)) => self.grant(call, question.name(), verdict, grant),
                (verdict, None) => (verdict, None),
            };
        }
        let verdict = self.judge_by_file(call, &question).await;
        match verdict {
            Verdict::Accept { .. } => {
                let radius = self.radius.as_ref();
                let account = radius.and_then(|r| r.local_account(call, question.name()));
                self.grant(call, question.name(), verdict, Grant { account, ..Grant::default() })
            }
            refused => {
                let code = match &refused {
                    Verdict::Reject { code, .. } => *code,
                    Verdict::Accept { .. } | Verdict::Continue { .. } => 0,
                };
                tracing::info!(target: "answer", call, code, "refused");
                (refused, None)
            }
        }
    }

    /// Judges a proof against the file of users.
    async fn judge_by_file(self: &Arc<Self>, call: u64, question: &auth::Question) -> Verdict {
        if !question.is_change() {
            return self.users.judge(call, question);
        }
        // A file is going to be written.
        let (inner, question) = (self.clone(), question.clone());
        let judged = tokio::task::spawn_blocking(move || inner.users.judge(call, &question));
        // Only a panic would leave it unjudged.
        judged.await.unwrap_or_else(|_| refusal(RasCode::CHANGING_PASSWORD, ""))
    }

    /// Lets a caller in who has proved who it is, if there is room for it.
    fn grant(
        &self,
        call: u64,
        name: &str,
        verdict: Verdict,
        grant: Grant,
    ) -> (Verdict, Option<Admission>) {
        let refuse = |code, why: &str| {
            tracing::warn!(target: "answer", call, "refused: {why}");
            (refusal(code, why), None)
        };
        // The call is held until its address stands in it, so that none is lost on the way.
        let mut calls = self.calls();
        let of_this_user = calls.count_of_user(name, call);
        let Some(session) = calls.get(call) else {
            return refuse(RasCode::AUTHENTICATION_FAILURE, "the call has ended");
        };
        if session.user.as_ref().is_some_and(|known| *known != name) {
            return refuse(RasCode::AUTHENTICATION_FAILURE, "the caller has become another one");
        }
        if self.rules.per_user.is_some_and(|most| of_this_user >= most) {
            return refuse(RasCode::USER_LIMIT, "this user has all the calls that one may have");
        }
        let setting = grant.callback.unwrap_or_else(|| self.users.callback(name));
        let Some(callback) = self.callbacks().offer(call, name, setting) else {
            let why = "another user was called back";
            return refuse(RasCode::AUTHENTICATION_FAILURE, why);
        };
        let mut pool = self.pool();
        let ours = pool.ours();
        // A caller that proves itself again keeps what it has.
        let theirs = match (session.address, grant.address) {
            (Some(kept), _) => Some(kept),
            (None, Some(named)) => pool.claim(named).then_some(named),
            (None, None) => pool.take(),
        };
        let Some(theirs) = theirs else {
            let why = match grant.address {
                Some(_) => "the address that it is to have is taken, or is none for a caller",
                None => "the pool of addresses is empty",
            };
            return refuse(RasCode::PPP_NO_ADDRESS_ASSIGNED, why);
        };
        drop(pool);
        calls.prove(call, name.to_owned(), theirs);
        calls.keep_account(call, grant.account);
        drop(calls);
        self.tell();
        crash_point("a caller is admitted");
        let dns = if grant.dns.is_empty() { self.dns.clone() } else { grant.dns };
        let mut network = admission_network(ours, theirs, dns, true);
        if let Some(six) = &mut network.ipv6 {
            six.peer_identifier = grant.interface_id;
        }
        let limits = SessionLimits {
            idle: grant.limits.idle.or(self.rules.limits.idle),
            session: grant.limits.session.or(self.rules.limits.session),
        };
        let ipv6_prefix = self.prefix_for(call);
        let outlet = self.outlet();
        (verdict, Some(Admission { network, outlet, limits, ipv6_prefix, callback }))
    }
}

impl Inner {
    /// The IPv6 prefix of a call: the one that it has, or a free one; none where all are taken, since
    /// IPv4 goes on without.
    fn prefix_for(&self, call: u64) -> Option<Prefix> {
        let mut calls = self.calls();
        let session = calls.get(call)?;
        let mut pool = self.pool6();
        session.prefix = session.prefix.or_else(|| pool.as_mut()?.take());
        if session.prefix.is_none() && pool.is_some() {
            tracing::warn!(target: "answer", call, "the pool of IPv6 prefixes is empty");
        }
        session.prefix
    }
}

/// A refusal with RAS's number and words; of the methods only MS-CHAP's tell the number.
pub(crate) fn refusal(code: RasCode, message: &str) -> Verdict {
    Verdict::Reject { code: code.number(), retry: false, message: message.to_owned() }
}

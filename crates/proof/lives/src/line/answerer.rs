//! The server's end of a call.

use std::net::Ipv4Addr;

use onhook_base::{Duration, Instant, Seed};
use onhook_connection::{
    Admission, AnswerPlan, Connection, LinkPlan, OutletPlan, Plan, SessionLimits, Times, TunPlan,
    admission_network,
};
use onhook_effect::{LaneFacts, LaneId, Undo};
use onhook_ppp::auth::{EapTerms, Method};
use onhook_ppp::cbcp::CallbackOffer;

use super::{Line, lane_error};
use crate::end::{End, LaneWish};
use crate::fault::Place;
use crate::front::Passed;
use crate::invariant::Broken;
use crate::lane::Arrival;
use crate::links::LINKS;
use crate::phones::{Modem, Turn};
use crate::script::Mischief;
use crate::tally::Tally;
use crate::world::{CERTIFICATE, SERVER};

/// How often the answerer asks a quiet caller for a sign of life.
const ECHO: Duration = Duration::from_secs(20);
/// Proofs that the answerer hears after a refused one.
const RETRIES: u8 = 2;

impl Line {
    pub(super) fn reach_answerer(&mut self, now: Instant, tally: &mut Tally) {
        let arrival = self.up.receive(now);
        if let (Some(front), Some(Arrival::Bytes(frame))) = (&mut self.front, &arrival) {
            match front.take(now, frame) {
                Passed::Taken => return,
                Passed::Answered(reply) => return self.say_to_caller(now, &reply, tally),
                Passed::Begins(link, reply) => {
                    self.begin_answering(now, Some(link));
                    return self.say_to_caller(now, &reply, tally);
                }
                Passed::Given => {}
            }
        }
        if let Some(phones) = &mut self.phones {
            match arrival {
                Some(Arrival::Bytes(octets)) => phones.handle_octets(now, Modem::Caller, &octets),
                // The port is gone, and DTR with it.
                Some(Arrival::End(_)) => phones.close(Modem::Caller),
                None => {}
            }
            return self.close_port_behind_its_octets();
        }
        let Some(end) = &mut self.answerer else { return };
        match arrival {
            Some(Arrival::Bytes(bytes)) => {
                end.connection.handle_lane(now, LaneId::CONTROL, &bytes, &mut |_| {})
            }
            Some(Arrival::End(why)) => {
                end.connection.handle_lane_closed(now, LaneId::CONTROL, lane_error(why).as_ref());
            }
            None => {}
        }
    }

    /// The caller's modem hears of its port's end when it has heard everything before.
    pub(super) fn close_port_behind_its_octets(&mut self) {
        if let Some(phones) = &mut self.phones
            && self.port_closes
            && self.up.arrives_at().is_none()
        {
            self.port_closes = false;
            phones.close(Modem::Caller);
        }
    }

    /// What the modems say to those behind them; whether they did.
    pub(super) fn drain_phones(&mut self, now: Instant) -> bool {
        let Some(turn) = self.phones.as_mut().and_then(|phones| phones.turn(now)) else {
            return false;
        };
        let to_answerer = match turn {
            // Nobody hears a modem whose port is closed.
            Turn::ToCaller(octets) => {
                if self.lane_open {
                    self.down.send(now, Duration::ZERO, octets);
                }
                return true;
            }
            Turn::ToAnswerer(octets) => octets,
            Turn::Begins(link, early) => {
                self.begin_answering(now, Some(link));
                early
            }
        };
        if let Some(end) = self.answerer.as_mut().filter(|_| !to_answerer.is_empty()) {
            end.connection.handle_lane(now, LaneId::CONTROL, &to_answerer, &mut |_| {});
        }
        true
    }

    pub(super) fn data_reaches_answerer(&mut self, now: Instant) {
        let arrival = self.data.as_mut().and_then(|data| data.0.receive(now));
        if let (Some(end), Some(Arrival::Bytes(bytes))) = (&mut self.answerer, arrival) {
            end.connection.handle_lane(now, LaneId::DATA, &bytes, &mut |_| {});
        }
    }

    /// What the server's machine says, by the mouth of a server that may be bad.
    fn say_to_caller(&mut self, now: Instant, bytes: &[u8], tally: &mut Tally) {
        let struck = &mut self.struck;
        let mut strike = |fault| {
            struck.add(fault);
            tally.strike(fault);
        };
        for (late, message) in self.tamper.pass(bytes, &mut strike) {
            self.down.send(now, late, message);
        }
    }

    /// The call has reached an answerer whose lane is its own.
    pub(super) fn ring(&mut self, now: Instant) {
        if !self.server_dead {
            self.begin_answering(now, None);
        }
    }

    /// The server takes the call; `link` when a listener says which.
    fn begin_answering(&mut self, now: Instant, link: Option<LinkPlan>) {
        let methods =
            if self.script.method == Method::Eap { vec![self.script.eap] } else { vec![] };
        let mut plan = Plan::for_answer(
            &AnswerPlan {
                methods: vec![self.script.method],
                eap: EapTerms { methods, pass_through: false },
                retries: RETRIES,
                name: "answerer".to_owned(),
                times: Times::default(),
                echo: Some(ECHO),
                multilink: None,
                callback: onhook_ppp::CallbackTerms::Refused,
            },
            LinkPlan::SstpAnswer,
        );
        if let Some(adapt) = LINKS[self.script.link].adapt {
            adapt(&mut plan);
        }
        if let Some(link) = link {
            plan.link = link;
        }
        let seed = Seed::from_number(self.script.salt).derive("answerer");
        let at_server = |m: &&Mischief| m.fault.place() == Place::AnswererDeed;
        let faults = self.script.mischief.iter().filter(at_server).copied().collect();
        let mut end = End::new(Connection::new(plan, seed), faults, Duration::ZERO);
        end.adopt(Undo::CloseLane { lane: LaneId::CONTROL });
        let certificate = Some(CERTIFICATE);
        let facts = LaneFacts { certificate, remote: Some(SERVER), ..LaneFacts::default() };
        end.connection.answer(now, &facts);
        self.answerer = Some(end);
    }

    pub(super) fn drain_answerer(
        &mut self,
        now: Instant,
        tally: &mut Tally,
    ) -> Result<bool, Broken> {
        let Some(end) = &mut self.answerer else { return Ok(true) };
        let mut idle = true;
        let mut out = Vec::new();
        let struck = &mut self.struck;
        let mut strike = |fault| {
            struck.add(fault);
            tally.strike(fault);
        };
        while let Some(lane) = end.connection.poll_transmit(&mut out) {
            idle = false;
            match (&mut self.data, lane) {
                (Some(data), LaneId::DATA) => {
                    for (late, message) in self.tamper.pass_datagram(&out, &mut strike) {
                        data.1.send(now, late, message);
                    }
                }
                _ => {
                    for (late, message) in self.tamper.pass(&out, &mut strike) {
                        match &mut self.phones {
                            // A modem is spoken to at once.
                            Some(phones) => phones.handle_octets(now, Modem::Answerer, &message),
                            None => self.down.send(now, late, message),
                        }
                    }
                }
            }
        }
        while let Some((_, signal)) = end.connection.poll_signal() {
            if let Some(phones) = &mut self.phones {
                phones.signal(Modem::Answerer, signal);
            }
        }
        idle &= !end.speak_tls(now);
        while let Some((step, request)) = end.connection.poll_request() {
            idle = false;
            match end.take(now, step, request, Duration::ZERO, &mut strike)? {
                Some(LaneWish::Close(LaneId::DATA)) => {
                    if let Some(data) = &mut self.data {
                        data.0.stop_listening();
                    }
                }
                // The listener's lane is not the call's to close.
                Some(LaneWish::Close(_)) => match (&mut self.front, &mut self.phones) {
                    (Some(front), _) => front.end(),
                    (_, Some(phones)) => phones.close(Modem::Answerer),
                    (None, None) => {
                        self.down.close(now);
                        self.up.stop_listening();
                    }
                },
                Some(LaneWish::Open) | None => {}
            }
        }
        while let Some(question) = end.connection.poll_question() {
            idle = false;
            let verdict = self.user.judge(&question, !self.not_admitted);
            end.connection.admit(now, verdict, Some(admission()));
        }
        Ok(idle)
    }
}

fn admission() -> Admission {
    let ours = Ipv4Addr::new(10, 99, 0, 1);
    let theirs = Ipv4Addr::new(10, 99, 0, 2);
    let dns = vec![Ipv4Addr::new(10, 99, 0, 53)];
    let network = admission_network(ours, theirs, dns, true);
    Admission {
        network,
        outlet: OutletPlan::Tun(TunPlan::default()),
        limits: SessionLimits::default(),
        ipv6_prefix: None,
        callback: CallbackOffer::None,
    }
}

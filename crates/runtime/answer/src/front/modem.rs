//! A modem: set up, watched for a ring, told to take the call.

use onhook_connection::LinkPlan;
use onhook_effect::HostError;
use onhook_host::{Host, LaneIo};
use onhook_link::modem::{Attendant, AttendantEvent};
use onhook_model::Port;
use tokio::sync::watch;

use super::{drive, told_to_stop};
use crate::answer::LinePlace;
use crate::callback::DueCall;
use crate::calls::Origin;
use crate::desk::Desk;

/// One modem.
pub(crate) struct ModemFront {
    path: String,
    speed: u32,
}

impl ModemFront {
    /// `None` when the port is no terminal.
    pub(crate) fn new(place: &LinePlace) -> Option<Self> {
        match &place.port {
            Port::Terminal(path) => Some(Self { path: path.clone(), speed: place.speed }),
            Port::Tcp { .. } | Port::Telnet { .. } | Port::Socket(_) => None,
        }
    }

    pub(crate) fn name(&self) -> String {
        self.path.clone()
    }

    pub(crate) async fn listen(self, desk: Desk, mut stopped: watch::Receiver<bool>) {
        let host = desk.engine().host().clone();
        loop {
            let again = host.now() + super::line::REOPEN;
            let rung = tokio::select! {
                () = told_to_stop(&mut stopped) => return,
                rung = wait_for_call(&host, &self.path, self.speed) => rung,
            };
            match rung {
                Ok((lane, connected)) => {
                    if !self.take_call(&desk, lane, connected, &mut stopped).await {
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!(target: "answer", path = self.path, %error, "no modem here");
                }
            }
            tokio::select! {
                () = told_to_stop(&mut stopped) => return,
                () = host.sleep_until(again) => {}
            }
        }
    }
}

impl ModemFront {
    /// Takes a call, and makes the one that it ended for, if it did; whether the modem is to be watched
    /// again.
    async fn take_call(
        &self,
        desk: &Desk,
        lane: LaneIo,
        connected: String,
        stopped: &mut watch::Receiver<bool>,
    ) -> bool {
        let Some(call) = desk.begin(Origin::Line(self.path.clone())) else { return true };
        let number = call.number;
        let link = LinkPlan::ModemAnswer { connected };
        if !drive(desk, call, lane, link, stopped).await {
            return false;
        }
        match desk.due_call(number) {
            Some(due) => self.call_back(desk, due, stopped).await,
            None => true,
        }
    }

    /// Calls back, once.
    async fn call_back(
        &self,
        desk: &Desk,
        due: DueCall,
        stopped: &mut watch::Receiver<bool>,
    ) -> bool {
        let host = desk.engine().host();
        tokio::select! {
            () = told_to_stop(stopped) => return false,
            () = host.sleep_until(host.now() + due.delay) => {}
        }
        let port = Port::Terminal(self.path.clone());
        let link = match LinkPlan::calling_back(port, self.speed, &due.number) {
            Ok(link) => link,
            Err(error) => {
                tracing::warn!(target: "answer", %error, "nobody can be called back there");
                return true;
            }
        };
        let lane = match host.open_terminal(&self.path, self.speed) {
            Ok(lane) => lane,
            Err(error) => {
                tracing::warn!(target: "answer", path = self.path, %error, "nobody is called back");
                return true;
            }
        };
        let Some(call) = desk.begin(Origin::Line(self.path.clone())) else { return true };
        tracing::info!(target: "answer", call = call.number, user = due.user, "calling back");
        desk.calls_back(&call, due.user);
        drive(desk, call, lane, link, stopped).await
    }
}

/// The lane of the next call, and what the modem says of it.
async fn wait_for_call(host: &Host, path: &str, speed: u32) -> Result<(LaneIo, String), HostError> {
    let failed = |e: std::io::Error| HostError::from_io("watch the modem", &e);
    let mut lane = host.open_terminal(path, speed)?;
    let mut attendant = Attendant::new(host.now());
    loop {
        if let Some(words) = attendant.poll_transmit() {
            lane.send(&words).map_err(failed)?;
        }
        let written = lane.flush().map_err(failed)?;
        match attendant.poll_event() {
            Some(AttendantEvent::Connected { early, text }) => {
                lane.unread(early);
                return Ok((lane, text));
            }
            Some(AttendantEvent::Failed) => {
                let error = std::io::Error::other("the modem does not answer as modems do");
                return Err(failed(error));
            }
            None => {}
        }
        let deadline = attendant.poll_timeout().map(|deadline| deadline.at);
        let timer = async {
            match deadline {
                Some(at) => host.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            ready = lane.ready(true, !written) => {
                ready.map_err(failed)?;
                let now = host.now();
                let heard = lane.receive(4096, &mut |octets| attendant.handle_lane(now, octets));
                if heard.map_err(failed)? == onhook_host::Received::Closed {
                    return Err(failed(std::io::ErrorKind::UnexpectedEof.into()));
                }
            }
            () = timer => attendant.handle_timeout(host.now()),
        }
    }
}

//! Calls with many replies: what happens is told until the client leaves, which is noticed at once.

use onhook_model::{Dialed, Handle};
use onhook_rpc::methods::{Event, MayHandle};
use onhook_rpc::{Call, Frame, reply_error, reply_more};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;

use super::{Client, End, invalid_parameter, refused, stopped};
use crate::parameters::read;
use crate::service::{Events, Service};

#[derive(Deserialize)]
struct Reply {
    parameters: Dialed,
}

impl<S: Service> Client<S> {
    pub(super) async fn watch(&mut self, mut call: Call) -> Result<(), End> {
        if !call.more {
            return self.send(&reply_error("org.varlink.service.ExpectedMore", &json!({}))).await;
        }
        let only = match read::<MayHandle>(&mut call.parameters) {
            Ok(p) => p.handle,
            Err(_) => return self.send(&invalid_parameter("handle")).await,
        };
        let caller = self.caller(&call);
        drop(call);
        let others = self.setting.keepers.watch(&caller, only).await;
        let events = self.service.subscribe(&caller);
        self.send(&reply_more(&Event::<()> { event: None })).await?;
        self.tell(events, others, only).await
    }

    /// Dials, and tells of the dial from its first state on.
    pub(super) async fn dial_followed(&mut self, mut call: Call, frame: Frame) -> Result<(), End> {
        let caller = self.caller(&call);
        let events = self.service.subscribe(&caller);
        let answer = self.ask(caller, "Dial", &mut call.parameters, frame).await;
        drop(call);
        let answer = answer.or_else(|refusal| refused("Dial", refusal))?;
        let Ok(Reply { parameters: dialed }) = serde_json::from_slice(&answer) else {
            return self.send(&answer).await;
        };
        let only = Some(dialed.handle);
        // An earlier manager may have it.
        let others = self.setting.keepers.watch(&caller, only).await;
        self.send(&reply_more(&dialed)).await?;
        self.tell(events, others, only).await
    }

    async fn tell(
        &mut self,
        mut events: Box<dyn Events>,
        mut others: mpsc::Receiver<Vec<u8>>,
        only: Option<Handle>,
    ) -> Result<(), End> {
        loop {
            let event = tokio::select! {
                // What has happened is told before the end.
                biased;
                event = events.next() => event,
                Some(reply) = others.recv() => {
                    self.send(&reply).await?;
                    continue;
                }
                () = self.framed.closed() => return Err(End::Gone),
                () = stopped(&mut self.stop) => return Err(End::Gone),
            };
            let Some(event) = event else { return Err(End::Gone) };
            if only.is_some() && event.handle.is_some() && event.handle != only {
                continue;
            }
            self.send(&reply_more(&Event { event: Some(&*event) })).await?;
        }
    }
}

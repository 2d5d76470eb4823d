//! Brief lists: what programs ask for again and again.

use onhook_model::ListedConnection;
use onhook_rpc::brief::{BriefConnections, ListOf};
use onhook_rpc::{Call, reply};
use serde_json::Value;

use super::{Client, End, invalid_parameter};
use crate::parameters::read;
use crate::service::Service;

/// Whether a list of few members is wanted.
pub(super) fn is_asked_for(parameters: &Value) -> bool {
    parameters.get("brief").is_some_and(|brief| *brief == Value::Bool(true))
}

impl<S: Service> Client<S> {
    pub(super) async fn brief_list(&mut self, mut call: Call) -> Result<(), End> {
        let caller = self.caller(&call);
        let Ok(ListOf { known, .. }) = read(&mut call.parameters) else {
            return self.send(&invalid_parameter("known")).await;
        };
        if self.setting.keepers.is_empty() {
            let answered = self.listings.reply(&*self.service, &caller, known.as_deref());
            return self.send(answered.as_ref()).await;
        }
        // What keepers have comes and goes without our knowledge: such a list is made anew each time.
        let kept = self.setting.keepers.list(&caller).await;
        let mut connections: Vec<ListedConnection> = kept.into_iter().map(Into::into).collect();
        let (_, ours) = self.service.listed(&caller);
        connections.extend(ours.iter().map(|listed| (**listed).clone()));
        connections.sort_by_key(|listed| listed.handle);
        self.send(&reply(&BriefConnections { connections, ..BriefConnections::default() })).await
    }
}

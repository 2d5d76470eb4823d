//! TLS inside EAP: nothing is opened for it, and nothing is to be undone.

use std::sync::Arc;

use onhook_effect::EapTlsSpec;

use super::Host;
use crate::lane::{TalkFault, TlsTalk};

impl Host {
    /// A caller's end of TLS inside EAP, for the method of this type number. May be dropped at any time.
    ///
    /// # Errors
    /// When our certificate cannot be used, or nobody is there to believe.
    pub async fn tls_talk(
        &self,
        spec: EapTlsSpec,
        method: u8,
    ) -> Result<TlsTalk, (TalkFault, String)> {
        let store = Arc::clone(&self.0.trust);
        let made = tokio::task::spawn_blocking(move || TlsTalk::caller(&store, &spec, method));
        made.await.unwrap_or_else(|error| Err((TalkFault::Ours, error.to_string())))
    }
}

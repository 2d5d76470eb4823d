//! Name servers in the file, passed from one manager to the next.
//!
//! The file has one owner at a time. When a manager hands over, the next one takes the file with all
//! layers that lie in it, and the earlier one, whose connections go on, asks its heir to lift theirs.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use onhook_effect::{HostError, HostErrorKind, TunId};
use serde::{Deserialize, Serialize};

use super::{Dns, HeldLayers, Laid, Layer};
use crate::journal::FileRecord;

const DEED: &str = "put the name servers back";

/// The manager that comes after us, as far as the file of name servers goes.
pub trait Heir: fmt::Debug + Send + Sync {
    /// Lifts what a connection of ours (its owner's number, its interface) has in the file.
    fn lift(
        &self,
        owner: u64,
        tun: TunId,
    ) -> Pin<Box<dyn Future<Output = Result<(), HostError>> + Send>>;
}

/// What is passed on.
#[derive(Serialize, Deserialize)]
struct Inheritance {
    record: FileRecord,
    layers: Vec<Layer>,
}

/// The number of an interface within its connection, as it is written.
pub(super) mod tun {
    use onhook_effect::TunId;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(
        tun: &TunId,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_u8(tun.0)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<TunId, D::Error> {
        u8::deserialize(from).map(TunId)
    }
}

impl Dns {
    /// What the next manager has to take over; `None` when nothing of ours lies in the file.
    pub(crate) async fn bequeath(&self) -> Option<String> {
        let layers = self.hold().await;
        let record = layers.file.record()?.clone();
        let in_file = layers.laid.iter().filter(|(_, laid)| matches!(laid, Laid::File));
        let layers = in_file.map(|(layer, _)| layer.clone()).collect();
        serde_json::to_string(&Inheritance { record, layers }).ok()
    }

    /// Takes over what an earlier manager has bequeathed.
    pub(crate) async fn inherit(&self, text: &str) -> Result<(), HostError> {
        let Inheritance { record, layers } = serde_json::from_str(text)
            .map_err(|e| HostError::new(DEED, HostErrorKind::Other, e.to_string()))?;
        let mut held = self.hold().await;
        held.file.adopt(record, &self.journal)?;
        let laid = layers.into_iter().map(|layer| (layer, Laid::File));
        held.laid.splice(0..0, laid);
        Ok(())
    }

    /// The heir has taken over: from now on it is asked.
    pub(crate) async fn give_away(&self, heir: Arc<dyn Heir>) {
        let mut held = self.hold().await;
        for (_, laid) in &mut held.laid {
            if matches!(laid, Laid::File) {
                *laid = Laid::WithHeir;
            }
        }
        held.file.forget(&self.journal);
        held.heir = Some(heir);
    }
}

/// Asks the heir.
pub(super) async fn lift(layers: &HeldLayers, owner: u64, tun: TunId) -> Result<(), HostError> {
    match &layers.heir {
        Some(heir) => heir.lift(owner, tun).await,
        None => Err(HostError::new(DEED, HostErrorKind::Other, "there is no heir")),
    }
}

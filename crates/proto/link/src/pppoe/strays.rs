//! Sessions that somebody goes on with after their end: one that we forgot when we were killed, or whose PADT
//! was lost.

use onhook_base::{Duration, Instant};

use super::wire::{Frame, LAST_SESSION, SessionName};

/// The same session is not ended again before this has passed.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Sessions that are ended in that time.
const MOST: usize = 64;

/// What was ended lately.
#[derive(Debug, Default)]
pub(super) struct Strays(Vec<(SessionName, Instant)>);

impl Strays {
    /// The PADT that answers a frame of a session which is not there (RFC 2516 §5.5), if one may be sent now.
    pub(super) fn end(&mut self, now: Instant, frame: &Frame<'_>) -> Option<Vec<u8>> {
        let name = SessionName { ours: frame.to, theirs: frame.from, session: frame.session };
        let is_group = frame.from.first().is_some_and(|first| first & 1 == 1);
        if is_group || !(1..=LAST_SESSION).contains(&frame.session) {
            return None;
        }
        self.0.retain(|(_, at)| now.since(*at) < AGAIN_AFTER);
        if self.0.len() >= MOST || self.0.iter().any(|(told, _)| *told == name) {
            return None;
        }
        self.0.push((name, now));
        Some(name.terminate())
    }
}

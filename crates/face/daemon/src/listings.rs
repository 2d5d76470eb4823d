//! The brief lists that programs ask for again and again, kept as they were written.
//!
//! A list is written anew only when a connection has come or gone, and even then what was written of those
//! that stayed is taken over. Who may see what is decided by the service: callers share a list only where the
//! kernel told the same of them that it decides by.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use onhook_model::{Handle, ListedConnection};
use onhook_rpc::brief::BriefConnections;
use onhook_rpc::reply;

use crate::service::{Caller, Service};

/// Lists that are kept, each for callers of another kind.
const KEPT: usize = 8;

/// The lists of one server.
#[derive(Debug)]
pub(crate) struct Listings {
    /// No other server has this name, so that none takes a list for its own that an earlier one sent.
    name: String,
    kept: Mutex<VecDeque<Arc<Listing>>>,
}

/// A list as it was written.
#[derive(Debug)]
pub(crate) struct Listing {
    kind: Kind,
    edition: u64,
    reply: Vec<u8>,
    /// Where what was written of each connection lies, oldest first.
    places: Vec<(Handle, Range<usize>)>,
}

/// What the service decides by what a caller may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    uid: u32,
    operator: bool,
}

impl Kind {
    const fn of(caller: &Caller) -> Self {
        Self { uid: caller.uid, operator: caller.operator }
    }
}

/// What is answered: words for this caller, or the list that others are sent as well.
pub(crate) enum Answered {
    Once(Vec<u8>),
    Kept(Arc<Listing>),
}

impl AsRef<[u8]> for Answered {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Once(reply) => reply,
            Self::Kept(listing) => &listing.reply,
        }
    }
}

impl Listings {
    pub(crate) fn new() -> Self {
        let began = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos());
        let name = format!("{:x}-{began:x}", std::process::id());
        Self { name, kept: Mutex::default() }
    }

    /// The reply to a caller who has the list of the edition `known`.
    pub(crate) fn reply<S: Service>(
        &self,
        service: &S,
        caller: &Caller,
        known: Option<&str>,
    ) -> Answered {
        let kind = Kind::of(caller);
        let Some(edition) = service.edition() else {
            let (_, connections) = service.listed(caller);
            let connections = connections.iter().map(|listed| (**listed).clone()).collect();
            return Answered::Once(reply(&BriefConnections { connections, ..Default::default() }));
        };
        if known.is_some_and(|known| known == self.called(kind, edition)) {
            return Answered::Once(reply(&BriefConnections {
                edition: known.map(str::to_owned),
                unchanged: true,
                connections: Vec::new(),
            }));
        }
        let before = self.kept().iter().find(|listing| listing.kind == kind).cloned();
        match before {
            Some(kept) if kept.edition == edition => Answered::Kept(kept),
            before => {
                let (now, connections) = service.listed(caller);
                let edition = now.unwrap_or(edition);
                let listing = self.write(kind, edition, &connections, before.as_deref());
                let listing = Arc::new(listing);
                self.keep(listing.clone());
                Answered::Kept(listing)
            }
        }
    }

    /// What the list of this edition is called among callers of this kind.
    fn called(&self, Kind { uid, operator }: Kind, edition: u64) -> String {
        format!("{}-{uid}{}-{edition}", self.name, if operator { "o" } else { "" })
    }

    fn write(
        &self,
        kind: Kind,
        edition: u64,
        connections: &[Arc<ListedConnection>],
        before: Option<&Listing>,
    ) -> Listing {
        let mut written = Vec::with_capacity(before.map_or(0, |b| b.reply.len()) + 1024);
        let called = self.called(kind, edition);
        written.extend_from_slice(
            format!("{{\"parameters\":{{\"edition\":\"{called}\",\"connections\":[").as_bytes(),
        );
        let mut places = Vec::with_capacity(connections.len());
        let mut earlier = before.map_or(&[][..], |before| &before.places);
        for connection in connections {
            if !places.is_empty() {
                written.push(b',');
            }
            let begin = written.len();
            let older =
                earlier.iter().take_while(|(handle, _)| *handle < connection.handle).count();
            earlier = earlier.get(older..).unwrap_or_default();
            let kept = earlier.first().filter(|(handle, _)| *handle == connection.handle);
            let kept = kept.and_then(|(_, place)| before?.reply.get(place.clone()));
            match kept {
                Some(kept) => written.extend_from_slice(kept),
                None => {
                    if serde_json::to_writer(&mut written, &**connection).is_err() {
                        // Only maps with keys that are no strings fail, and this is none.
                        written.truncate(begin);
                        written.extend_from_slice(b"null");
                    }
                }
            }
            places.push((connection.handle, begin..written.len()));
        }
        written.extend_from_slice(b"]}}");
        Listing { kind, edition, reply: written, places }
    }

    fn keep(&self, listing: Arc<Listing>) {
        let mut kept = self.kept();
        kept.retain(|other| other.kind != listing.kind);
        kept.truncate(KEPT - 1);
        kept.push_front(listing);
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Arc<Listing>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const KIND: Kind = Kind { uid: 1000, operator: false };

    fn connection(number: u64) -> Arc<ListedConnection> {
        Arc::new(ListedConnection {
            handle: Handle::new(number).unwrap(),
            entry: format!("entry “{number}”\n"),
            device_type: "vpn".to_owned(),
            device_name: "SSTP".to_owned(),
            owner: 1000,
            subentry: 1,
            book: number.is_multiple_of(3).then(|| "/book".to_owned()),
            all_users: number.is_multiple_of(5),
            guid: [u8::from(number.is_multiple_of(2)); 16],
        })
    }

    fn connections(numbers: impl IntoIterator<Item = u64>) -> Vec<Arc<ListedConnection>> {
        numbers.into_iter().map(connection).collect()
    }

    /// The connections of a set of numbers from 1 to 6.
    fn of_set(set: u64) -> Vec<Arc<ListedConnection>> {
        connections((1..=6).filter(|number| set & 1 << number != 0))
    }

    #[test]
    fn a_list_that_is_written_from_an_earlier_one_is_the_list_of_now() {
        let listings = Listings::new();
        let sets = (0..128).step_by(2);
        for (earlier, now) in sets.clone().flat_map(|e| sets.clone().map(move |n| (e, n))) {
            let earlier = listings.write(KIND, 1, &of_set(earlier), None);
            let now = of_set(now);
            let taken_over = listings.write(KIND, 2, &now, Some(&earlier));
            let anew = listings.write(KIND, 2, &now, None);
            assert_eq!(taken_over.reply, anew.reply);
            assert_eq!(taken_over.places, anew.places);
        }
    }

    #[test]
    fn what_is_written_is_what_there_is() {
        let listings = Listings::new();
        let listing = listings.write(KIND, 2, &of_set(126), None);
        let mut read: Value = serde_json::from_slice(&listing.reply).unwrap();
        let read: BriefConnections = serde_json::from_value(read["parameters"].take()).unwrap();
        assert_eq!(read.edition, Some(listings.called(KIND, 2)));
        let now: Vec<_> = of_set(126).iter().map(|connection| (**connection).clone()).collect();
        assert_eq!(read.connections, now);
    }

    #[test]
    fn no_edition_is_that_of_another_server_of_other_callers_or_of_another_time() {
        let (one, other) = (Listings::new(), Listings::new());
        let operator = Kind { operator: true, ..KIND };
        let names = [
            one.called(KIND, 1),
            one.called(KIND, 2),
            one.called(operator, 1),
            one.called(Kind { uid: 1001, ..KIND }, 1),
            other.called(KIND, 1),
        ];
        for (at, name) in names.iter().enumerate() {
            assert!(!names[..at].contains(name), "{name}");
        }
    }
}

//! Which connections a person means.

use onhook_model::{ConnectionReport, Handle, RasCode, RasError};

/// What a name means among what is listed.
pub(crate) enum Found {
    /// These.
    Whole(Vec<ConnectionReport>),
    /// One link of several: to be asked about by its own handle.
    Link(Handle),
}

/// A name is an entry's, in whichever case, or a handle; with `#2` behind it, the second link of it.
///
/// # Errors
/// 668 when there is no such connection; for a link, see [`ConnectionReport::subentry_handle`].
pub(crate) fn find(all: Vec<ConnectionReport>, name: &str) -> Result<Found, RasError> {
    if all.iter().any(|one| is_meant(one, name)) {
        return Ok(Found::Whole(all.into_iter().filter(|one| is_meant(one, name)).collect()));
    }
    if let Some((whole, number)) = name.rsplit_once('#')
        && let Ok(number) = number.parse()
    {
        let mut meant = all.iter().filter(|one| is_meant(one, whole));
        if let (Some(connection), None) = (meant.next(), meant.next()) {
            return Ok(Found::Link(connection.subentry_handle(number)?));
        }
    }
    let text = format!("“{name}” is neither an entry that is connected nor a handle");
    Err(RasError::new(RasCode::NO_CONNECTION, text))
}

/// A number that was dialed without an entry is listed with a full stop before it.
fn is_meant(connection: &ConnectionReport, name: &str) -> bool {
    let same = |entry: &str| entry.to_lowercase() == name.to_lowercase();
    match name.parse() {
        Ok(handle) => connection.handle == handle,
        Err(_) => same(&connection.entry) || connection.entry.strip_prefix('.').is_some_and(same),
    }
}

//! A dial that is made ready: the entry, what is asked beside it, and what is saved for it.

use std::path::{Path, PathBuf};

use onhook_base::Secret;
use onhook_model::{Credentials, DialOptions, DialRequest, Entry, RasError};

use crate::phonebooks::{Given, Phonebooks};
use crate::{books, certificates};

/// The callback number that is yet to be named (szCallbackNumber).
const ASK: &str = "*";

/// A dial that is made ready, as `RasDial` does it: an entry is looked up in the phone books, credentials are
/// made of what is given and what is saved, and when it is connected the books keep what it was dialed with.
///
/// ```
/// # mod stage { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stage/mod.rs")); }
/// # let stage = stage::Stage::new();
/// # let book = stage.folder().join("rasphone.pbk");
/// # let book = Some(book.as_path());
/// # std::fs::write(book.unwrap(), format!("[office]\nVpnStrategy=5\nOnhookCaFile={}\nOnhookUser=alice\n\
/// #     MEDIA=rastapi\nDEVICE=vpn\nPhoneNumber={}\n", stage.ca_file().display(), stage.number())).unwrap();
/// use onhook_client::phonebooks::Given;
/// use onhook_client::{Connection, PreparedDial, Ras};
///
/// let mut dial = PreparedDial::of_entry("office", book)?; // None: in the books of this user
/// dial.request.options.userspace = true; // or any other wish
/// let password = "wonderland1".to_owned().into();
/// let credentials = dial.credentials(&Given { password, ..Given::default() }, &mut |file| {
///     panic!("{} needs a passphrase", file.display())
/// })?;
/// # assert_eq!(credentials.user, "alice");
/// # stage.play(async {
/// # let ras = Ras::connect(Some(&stage.socket())).await?;
/// let mut office = Connection::dial(&ras, &dial.request, &credentials).await?;
/// let report = office.connected().await?;
/// # assert_eq!((report.entry.as_str(), report.book.as_deref().map(std::path::Path::new)), ("office", book));
/// # office.hang_up().await?;
/// # Ok::<(), onhook_client::RasError>(()) })?;
/// # Ok::<(), onhook_client::RasError>(())
/// ```
#[derive(Clone, Debug)]
pub struct PreparedDial {
    /// What is dialed; to be changed as the program wishes.
    pub request: DialRequest,
    /// What is odd about the entry, in words.
    pub warnings: Vec<String>,
    books: Phonebooks,
    /// The entry's name and book; `None` for a number.
    entry: Option<(String, PathBuf)>,
}

impl PreparedDial {
    /// Of an entry of `book`, or else of the default books.
    ///
    /// # Errors
    /// As [`books::find`].
    pub fn of_entry(name: &str, book: Option<&Path>) -> Result<Self, RasError> {
        let found = books::find(name, book)?;
        let options = DialOptions {
            all_users: books::is_of_all_users(&found.book),
            book: Some(found.book.to_string_lossy().into_owned()),
            ..DialOptions::default()
        };
        Ok(Self {
            warnings: found.warnings.iter().map(ToString::to_string).collect(),
            books: Phonebooks::default(),
            entry: Some((found.entry.name.clone(), found.book)),
            request: DialRequest { entry: found.entry, options },
        })
    }

    /// Of a number without an entry behind it; see [`Entry::for_number`].
    pub fn of_number(entry: Entry) -> Self {
        let options = DialOptions { by_number: true, ..DialOptions::default() };
        let request = DialRequest { entry, options };
        Self { request, warnings: Vec::new(), books: Phonebooks::default(), entry: None }
    }

    /// The book that the entry was found in; `None` for a number.
    pub fn book(&self) -> Option<&Path> {
        self.entry.as_ref().map(|(_, book)| book.as_path())
    }

    /// With what to dial: what is given, what is saved, what the entry says of itself, as
    /// [`Phonebooks::resolve`] has it; and the entry's certificate, for whose key `passphrase` is asked where it
    /// needs one. For a number it is what is given.
    ///
    /// # Errors
    /// As [`certificates::of_entry`] and [`Phonebooks::resolve`]; what `passphrase` says.
    pub fn credentials(
        &self,
        given: &Given,
        passphrase: certificates::AskPassphrase<'_>,
    ) -> Result<Credentials, RasError> {
        let certificate = certificates::of_entry(&self.request.entry, passphrase)?;
        Ok(Credentials { certificate, ..self.resolve(given)? })
    }

    /// The same without the certificate.
    ///
    /// # Errors
    /// As [`Phonebooks::resolve`].
    pub fn resolve(&self, given: &Given) -> Result<Credentials, RasError> {
        match &self.entry {
            Some((name, book)) => self.books.resolve(Some(book), name, given),
            None => Ok(Credentials {
                user: given.user.clone(),
                password: given.password.clone(),
                domain: given.domain.clone(),
                ..Credentials::default()
            }),
        }
    }

    /// Whether this is the password that is saved for the entry.
    ///
    /// # Errors
    /// As [`Phonebooks::resolve`].
    pub fn is_saved(&self, password: &Secret<String>) -> Result<bool, RasError> {
        let saved = self.resolve(&Given::default())?.password;
        Ok(!password.expose().is_empty() && *password == saved)
    }

    /// The callback number that is kept for the entry, if any.
    ///
    /// # Errors
    /// As [`Phonebooks::dial_params`].
    pub fn kept_callback_number(&self) -> Result<Option<String>, RasError> {
        let Some((name, book)) = &self.entry else { return Ok(None) };
        let kept = self.books.dial_params(Some(book), name)?.callback_number;
        Ok(Some(kept).filter(|number| !number.is_empty()))
    }

    /// To be called when it is connected: the books keep with what it was dialed, the password only where it
    /// was kept before or the entry says so, and the `number` that got through comes first where the entry wants
    /// that ([`Phonebooks::succeeded`]). For a number there is nothing to be kept.
    ///
    /// # Errors
    /// As there; the connection is none the worse for it.
    pub fn succeeded(&self, dialed: &Credentials, number: &str) -> Result<(), RasError> {
        let Some((name, book)) = &self.entry else { return Ok(()) };
        self.books.succeeded(Some(book), name, dialed, self.callback_number(), number)
    }

    /// The half of [`succeeded`](Self::succeeded) that concerns the person: what it was dialed with is kept, the
    /// password too, whatever the entry says.
    ///
    /// # Errors
    /// As [`Phonebooks::remember`].
    pub fn remember(&self, dialed: &Credentials) -> Result<(), RasError> {
        let Some((name, book)) = &self.entry else { return Ok(()) };
        self.books.remember(Some(book), name, dialed, self.callback_number(), true)
    }

    /// The other half: the `number` that got through comes first, where the entry wants that.
    ///
    /// # Errors
    /// As [`Phonebooks::promote_number`].
    pub fn promote_number(&self, number: &str) -> Result<(), RasError> {
        let Some((name, book)) = &self.entry else { return Ok(()) };
        self.books.promote_number(Some(book), name, number).map(drop)
    }

    /// That one is to be asked is no number to be kept.
    fn callback_number(&self) -> &str {
        let asked = self.request.options.callback_number.as_deref();
        asked.filter(|number| *number != ASK).unwrap_or_default()
    }
}

//! Whom to dial as: from the command line, the entry, standard input or the terminal; the password never
//! from an argument. Secrets that are no password come from files.

use std::io::{IsTerminal as _, Read as _};
use std::path::Path;

use anyhow::Context as _;
use onhook_base::Secret;
use onhook_client::{Credentials, Entry, RasCode, RasError, certificates};
use onhook_host::certificate_names;
use onhook_model::AuthMethod;

/// The most octets of a password that are read.
const MAX_PASSWORD: usize = 4096;
/// The type number of EAP-TLS, as `CustomAuthKey` has it.
const EAP_TLS: u32 = 13;

/// Asks for what is not known yet.
pub(crate) fn ask(
    entry: &Entry,
    user: Option<&str>,
    domain: Option<&str>,
    from_stdin: bool,
    passphrase_file: Option<&Path>,
) -> anyhow::Result<Credentials> {
    let certificate = certificates::of_entry(entry, &mut |file| passphrase(file, passphrase_file))?;
    let domain = domain.or(entry.domain.as_deref()).unwrap_or_default().to_owned();
    let user = match user.or(entry.user.as_deref()) {
        Some(user) => user.to_owned(),
        // Whom the certificate is of.
        None => match certificate.as_ref().map(|c| certificate_names(&c.chain)) {
            Some(names) if !names.is_empty() => names.into_iter().next().unwrap_or_default(),
            _ => ask_user()?,
        },
    };
    let password = if from_stdin {
        read_password()?
    } else if needs_no_password(entry) {
        Secret::default()
    } else if std::io::stdin().is_terminal() {
        Secret::new(rpassword::prompt_password(format!("Password of {user}: "))?)
    } else {
        anyhow::bail!("a password is needed: use --password-stdin, or dial from a terminal")
    };
    Ok(Credentials { user, password, domain, tunnel_secret: None, certificate })
}

/// EAP-TLS alone is allowed: a certificate proves it all.
fn needs_no_password(entry: &Entry) -> bool {
    entry.auth.methods().eq([AuthMethod::Eap]) && entry.eap_method == Some(EAP_TLS)
}

/// Opens a PKCS#12 file: from a file, or from the terminal.
fn passphrase(of: &Path, file: Option<&Path>) -> Result<Secret<String>, RasError> {
    let failed = |why: String| RasError::new(RasCode::EAPTLS_PASSWD_INVALID, why);
    match file {
        Some(file) => first_line(file).map_err(|error| failed(format!("{error:#}"))),
        None if std::io::stdin().is_terminal() => {
            rpassword::prompt_password(format!("Passphrase of {}: ", of.display()))
                .map(Secret::new)
                .map_err(|error| failed(error.to_string()))
        }
        None => Err(failed(format!(
            "{} has a passphrase: use --passphrase-file, or dial from a terminal",
            of.display()
        ))),
    }
}

/// A secret that is the first line of a file.
pub(crate) fn first_line(file: &Path) -> anyhow::Result<Secret<String>> {
    let text = std::fs::read_to_string(file).map(Secret::new);
    let text = text.with_context(|| file.display().to_string())?;
    Ok(Secret::new(text.expose().lines().next().unwrap_or_default().to_owned()))
}

fn ask_user() -> anyhow::Result<String> {
    if !std::io::stdin().is_terminal() {
        anyhow::bail!("a user is needed: use --user, or put OnhookUser= into the entry");
    }
    eprint!("User: ");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn read_password() -> anyhow::Result<Secret<String>> {
    // Room for all of it, so that no copy is left where the text grew.
    let mut text = Secret::new(String::with_capacity(2 * MAX_PASSWORD));
    let most = u64::try_from(MAX_PASSWORD + 1)?;
    std::io::stdin().take(most).read_to_string(text.expose_mut())?;
    let line = text.expose().split(['\r', '\n']).next().unwrap_or_default();
    anyhow::ensure!(line.len() <= MAX_PASSWORD, "a password has {MAX_PASSWORD} octets at most");
    Ok(Secret::new(line.to_owned()))
}

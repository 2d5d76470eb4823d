//! Whom to dial as: from the command line, the entry, standard input or the terminal; the password never
//! from an argument. Secrets that are no password come from files.

use std::io::{IsTerminal as _, Read as _};
use std::path::Path;

use anyhow::Context as _;
use onhook_base::Secret;
use onhook_client::phonebooks::Given;
use onhook_client::{Credentials, Entry, PreparedDial, RasCode, RasError};
use onhook_host::certificate_names;
use onhook_model::AuthMethod;

/// The most octets of a password that are read.
const MAX_PASSWORD: usize = 4096;

/// Asks for what is neither said nor kept.
pub(crate) fn ask(
    dial: &PreparedDial,
    user: Option<&str>,
    domain: Option<&str>,
    from_stdin: bool,
    passphrase_file: Option<&Path>,
) -> anyhow::Result<Credentials> {
    let entry = &dial.request.entry;
    let ask_passphrase = &mut |file: &Path| passphrase(file, passphrase_file);
    let kept = dial.credentials(&Given::default(), ask_passphrase)?;
    let certificate = kept.certificate;
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let domain = domain.map(str::to_owned).or(some(&kept.domain)).or(entry.domain.clone());
    let domain = domain.unwrap_or_default();
    let user = match user.map(str::to_owned).or(some(&kept.user)).or(entry.user.clone()) {
        Some(user) => user,
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
    } else if user == kept.user && !kept.password.expose().is_empty() {
        kept.password.clone()
    } else if std::io::stdin().is_terminal() {
        Secret::new(rpassword::prompt_password(format!("Password of {user}: "))?)
    } else {
        anyhow::bail!(
            "a password is needed: use --password-stdin, save one by --save-password, or dial from a \
             terminal"
        )
    };
    Ok(Credentials { user, password, domain, tunnel_secret: None, certificate })
}

/// EAP-TLS alone is allowed: a certificate proves it all.
fn needs_no_password(entry: &Entry) -> bool {
    entry.auth.methods().eq([AuthMethod::Eap]) && entry.is_eap_tls()
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

//! Certificates of users: read here with the caller's own rights, and sent as values.

use std::fs;
use std::path::Path;

use onhook_base::Secret;
use onhook_model::{ClientCertificate, Entry, RasCode, RasError};
use p12_keystore::Pkcs12Archive;
use zeroize::Zeroizing;

/// The largest file that is read, in octets.
const MOST: u64 = 1 << 20;

/// What asks a person for a passphrase, if there is one to ask: once, for the file of this name.
pub type AskPassphrase<'a> = &'a mut dyn FnMut(&Path) -> Result<Secret<String>, RasError>;

/// The certificate that an entry names; `None` when it names none.
///
/// # Errors
/// As [`read`].
pub fn of_entry(
    entry: &Entry,
    ask: AskPassphrase<'_>,
) -> Result<Option<ClientCertificate>, RasError> {
    let Some(certificate) = &entry.certificate_file else { return Ok(None) };
    read(Path::new(certificate), entry.key_file.as_deref().map(Path::new), ask).map(Some)
}

/// Reads a certificate and its key: a chain and a key in PEM form, in two files or in one, or a file of
/// PKCS#12 (`.p12`, `.pfx`), which is known by its first octet and may have a passphrase.
///
/// # Errors
/// 798 when a file cannot be read or is none; 869 for a wrong passphrase.
pub fn read(
    certificate: &Path,
    key: Option<&Path>,
    ask: AskPassphrase<'_>,
) -> Result<ClientCertificate, RasError> {
    let octets = read_file(certificate)?;
    if octets.first() == Some(&0x30) {
        return read_pkcs12(certificate, &octets, ask);
    }
    let chain = utf8(certificate, octets.to_vec())?;
    let key = match key {
        Some(file) => utf8(file, read_file(file)?.to_vec())?,
        None => chain.clone(),
    };
    let certificates: String = blocks(&chain, |label| label == "CERTIFICATE").concat();
    let keys = blocks(&key, |label| label.ends_with("PRIVATE KEY"));
    if certificates.is_empty() {
        return Err(failed(certificate, "no certificate in PEM form is in it"));
    }
    match keys.first() {
        Some(key) if !key.contains("ENCRYPTED") => {
            Ok(ClientCertificate { chain: certificates, key: Secret::new((*key).to_owned()) })
        }
        Some(_) => Err(failed(
            certificate,
            "its key is encrypted; put both into a PKCS#12 file, whose passphrase is asked for",
        )),
        None => Err(failed(certificate, "no private key in PEM form goes with it")),
    }
}

fn read_pkcs12(
    file: &Path,
    octets: &[u8],
    ask: AskPassphrase<'_>,
) -> Result<ClientCertificate, RasError> {
    // Many have an empty one; whoever has none is not asked.
    let archive = match Pkcs12Archive::from_pkcs12(octets, "") {
        Ok(archive) => archive,
        Err(p12_keystore::error::Error::MacError(_)) => {
            let passphrase = ask(file)?;
            Pkcs12Archive::from_pkcs12(octets, passphrase.expose()).map_err(
                |error| match error {
                    p12_keystore::error::Error::MacError(_) => {
                        let text = format!("{}: the passphrase does not open it", file.display());
                        RasError::new(RasCode::EAPTLS_PASSWD_INVALID, text)
                    }
                    other => failed(file, &other.to_string()),
                },
            )?
        }
        Err(error) => return Err(failed(file, &error.to_string())),
    };
    let key = archive.keys.first().ok_or_else(|| failed(file, "no private key is in it"))?;
    let is_leaf = |id: &Option<Vec<u8>>| {
        key.local_key_id.as_ref().is_some_and(|own| id.as_deref() == Some(own.as_ref()))
    };
    // The certificate of the key comes first, then those between it and the root.
    let (mut leaves, others): (Vec<_>, Vec<_>) =
        archive.certs.iter().partition(|bag| is_leaf(&bag.local_key_id));
    leaves.truncate(1);
    if leaves.is_empty() && others.is_empty() {
        return Err(failed(file, "no certificate is in it"));
    }
    let chain = leaves.into_iter().chain(others);
    let chain = chain.map(|bag| pem("CERTIFICATE", bag.cert.as_der()).to_string()).collect();
    let key = Secret::new(pem("PRIVATE KEY", key.key.as_der()).to_string());
    Ok(ClientCertificate { chain, key })
}

fn pem(label: &str, der: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(pem::encode(&pem::Pem::new(label, der)))
}

/// The blocks of a PEM text whose label is wanted, with their frames.
fn blocks(text: &str, wanted: impl Fn(&str) -> bool) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(begin) = rest.find("-----BEGIN ") {
        let from_here = &rest[begin..];
        let label = from_here[11..].split("-----").next().unwrap_or_default();
        let end = format!("-----END {label}-----");
        let Some(at) = from_here.find(&end) else { break };
        let mut length = at + end.len();
        length += usize::from(from_here[length..].starts_with('\r'));
        length += usize::from(from_here[length..].starts_with('\n'));
        if wanted(label) {
            found.push(&from_here[..length]);
        }
        rest = &from_here[length..];
    }
    found
}

fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, RasError> {
    let size = fs::metadata(path).map_err(|e| failed(path, &e.to_string()))?.len();
    if size > MOST {
        return Err(failed(path, &format!("{size} octets are more than {MOST}")));
    }
    fs::read(path).map(Zeroizing::new).map_err(|e| failed(path, &e.to_string()))
}

fn utf8(path: &Path, octets: Vec<u8>) -> Result<Zeroizing<String>, RasError> {
    match String::from_utf8(octets) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(failed(path, "it is neither PEM nor PKCS#12"))
        }
    }
}

fn failed(path: &Path, what: &str) -> RasError {
    let text = format!("the certificate in {}: {what}", path.display());
    RasError::new(RasCode::NO_EAPTLS_CERTIFICATE, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "words before\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n\
        -----BEGIN PRIVATE KEY-----\nBBBB\n-----END PRIVATE KEY-----\n\
        -----BEGIN CERTIFICATE-----\nCCCC\n-----END CERTIFICATE-----\n";

    fn nobody(_: &Path) -> Result<Secret<String>, RasError> {
        panic!("nobody is asked")
    }

    #[test]
    fn a_chain_and_a_key_may_stand_in_one_file_or_two() {
        let folder = tempfile::tempdir().unwrap();
        let both = folder.path().join("both.pem");
        fs::write(&both, PEM).unwrap();
        let read_one = read(&both, None, &mut nobody).unwrap();
        assert_eq!(read_one.chain.matches("BEGIN CERTIFICATE").count(), 2);
        assert!(!read_one.chain.contains("KEY"));
        assert!(read_one.key.expose().contains("BBBB"));
        let key = folder.path().join("key.pem");
        fs::write(&key, "-----BEGIN EC PRIVATE KEY-----\nDDDD\n-----END EC PRIVATE KEY-----")
            .unwrap();
        let two = read(&both, Some(&key), &mut nobody).unwrap();
        assert!(two.key.expose().contains("DDDD"));
        fs::write(
            &key,
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nDDDD\n-----END ENCRYPTED PRIVATE KEY-----\n",
        )
        .unwrap();
        let refused = read(&both, Some(&key), &mut nobody).unwrap_err();
        assert_eq!(refused.code, RasCode::NO_EAPTLS_CERTIFICATE);
        assert!(refused.text.contains("PKCS#12"), "{refused}");
    }

    #[test]
    fn what_is_no_certificate_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x");
        for octets in [&b""[..], b"hello", b"\xff\xfe", b"\x30\x80", b"0123"] {
            fs::write(&file, octets).unwrap();
            let error = read(&file, None, &mut nobody).unwrap_err();
            assert_eq!(error.code, RasCode::NO_EAPTLS_CERTIFICATE, "{octets:?}");
            assert!(error.text.contains(file.to_str().unwrap()));
        }
        assert!(read(&folder.path().join("none"), None, &mut nobody).is_err());
    }
}

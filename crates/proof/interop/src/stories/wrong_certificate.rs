//! A server that cannot prove who it is gets no credential.

use anyhow::{Result, ensure};

use crate::stage::Stage;

/// CERT_E_UNTRUSTEDROOT, TRUST_E_FAIL's like, and SEC_E_UNTRUSTED_ROOT, as they are printed.
const UNTRUSTED: &[&str] = &["0x800b0109", "0x80090325", "2148204809"];
/// CERT_E_CN_NO_MATCH and SEC_E_WRONG_PRINCIPAL.
const WRONG_NAME: &[&str] = &["0x800b010f", "0x80090322", "2148204815"];

pub(super) fn wrong_ca(stage: &mut Stage<'_>) -> Result<()> {
    let ca = stage.lab.word("TLS_OTHER_CA").to_owned();
    refused(stage, &["--ca-file", &ca], UNTRUSTED)
}

pub(super) fn wrong_name(stage: &mut Stage<'_>) -> Result<()> {
    refused(stage, &["--phone-number", "wrong.onhook.test", "--device", "sstp"], WRONG_NAME)
}

fn refused(stage: &mut Stage<'_>, words: &[&str], numbers: &[&str]) -> Result<()> {
    stage.start(false)?;
    let mark = stage.lab.log_mark()?;
    let said = stage.dial(words)?;
    said.failed_with(numbers)?;
    let hint = said.err.to_lowercase();
    ensure!(hint.contains("certificate"), "a word about the certificate was expected: {said}");
    stage.figure("refused after", said.took);
    let list = stage.manager()?.list()?;
    ensure!(list.is_empty(), "an empty list was expected: {list:?}");
    stage.server_is_empty()?;
    let log = stage.lab.log_since(mark)?;
    // Not a frame of PPP, let alone a name or a proof, reached the server.
    for word in ["rcvd [", "CHAP Response", "PAP AuthReq", "alice", "SSTP_DUPLEX_POST"] {
        ensure!(!log.contains(word), "“{word}” reached the server:\n{log}");
    }
    Ok(())
}

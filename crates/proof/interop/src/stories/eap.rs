//! EAP against Debian's pppd, both ways: EAP-MD5, and EAP-TLS with certificates of an organisation that is
//! made for the story. The server requires MPPE, whose keys come from the tunnel: packets pass only if both
//! programs have made the same.

use std::fmt::Write as _;

use anyhow::{Result, ensure};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

use super::callers;
use crate::stage::Stage;

/// The line whose server is told what to ask.
const LINE: &str = "serial-1";
/// What every server on a line needs.
const ON_A_LINE: &str =
    "refuse-pap refuse-chap refuse-mschap refuse-mschap-v2 require-eap local passive";

pub(super) fn md5(stage: &mut Stage<'_>) -> Result<()> {
    serve(stage, &format!("{ON_A_LINE} noccp"))?;
    let played = play(stage, &["--auth", "eap-md5"], "EAP-MD5", true);
    give_back(stage)?;
    played
}

/// TLS 1.2; with 1.3 this pppd (2.4.9) does not say inside that it is content, as RFC 9190 §2.1.1 has it
/// since, and is not believed.
pub(super) fn tls(stage: &mut Stage<'_>) -> Result<()> {
    let organisation = Organisation::new()?;
    organisation.tell_pppd_server(stage)?;
    let files = organisation.write_user(stage)?;
    let words: Vec<&str> = ["--auth", "eap-tls"].into_iter().chain(files.words()).collect();
    serve(stage, &format!("{ON_A_LINE} require-mppe-128"))?;
    let played =
        play(stage, &words, "EAP-TLS", false).and_then(|()| refusals(stage, &organisation));
    give_back(stage)?;
    played?;
    stage.is_clean()
}

fn refusals(stage: &mut Stage<'_>, organisation: &Organisation) -> Result<()> {
    let port = port(stage)?;
    // Somebody else's certificate: pppd says so by an alert.
    let files = Organisation::new()?.write_user(stage)?;
    let root = organisation.write_root(stage)?;
    let mut words =
        vec!["--device", port.as_str(), "--auth", "eap-tls", "--ca-file", root.as_str()];
    words.extend(files.words().into_iter().take(4));
    stage.dial(&words)?.failed_with(&["861", "853"])?;
    stage.is_clean()?;
    serve(stage, &format!("{ON_A_LINE} require-mppe-128 max-tls-version 1.3"))?;
    let files = organisation.write_user(stage)?;
    let mut words = vec!["--device", port.as_str(), "--auth", "eap-tls"];
    words.extend(files.words());
    stage.dial(&words)?.failed_with(&["778"])?;
    stage.is_clean()
}

/// Debian's pptp and pppd with a certificate, and MPPE by the keys of EAP-TLS. Over TLS 1.2, which is all that
/// it has unless told: with 1.3 it answers the server's last word with a packet that has no type.
pub(super) fn called_tls(stage: &mut Stage<'_>) -> Result<()> {
    let organisation = Organisation::new()?;
    let folder = stage.ground.folder.clone();
    let path = |name: &str| folder.join(name).display().to_string();
    std::fs::write(path("eap-root.pem"), organisation.root.as_ref().pem())?;
    let (certificate, key) = organisation.issue("ours", ExtendedKeyUsagePurpose::ServerAuth)?;
    std::fs::write(path("eap-server.pem"), certificate)?;
    std::fs::write(path("eap-server.key"), key)?;
    let (root, chain, key) = (path("eap-root.pem"), path("eap-server.pem"), path("eap-server.key"));
    let mut words = vec!["--pptp", "10.77.0.1:1723", "--method", "eap-tls"];
    words.extend(["--callers-ca", &root, "--cert", &chain, "--key", &key]);
    let (certificate, key) = organisation.issue("alice", ExtendedKeyUsagePurpose::ClientAuth)?;
    let mut script = String::new();
    for (file, text) in
        [("a.pem", &certificate), ("a.key", &key), ("root.pem", &organisation.root.as_ref().pem())]
    {
        writeln!(script, "cat > /tmp/{file} <<'X'\n{text}X")?;
    }
    script += CALL_TLS;
    callers::play(stage, &words, &script)
}

/// Debian's pppd over the kernel's PPPoE, by EAP-MD5.
pub(super) fn called_md5(stage: &mut Stage<'_>) -> Result<()> {
    let interface = stage.lab.word("PPPOE_IF").to_owned();
    let words = ["--pppoe", &interface, "--service", "ours", "--method", "eap-md5"];
    callers::play(stage, &words, callers::PPPOE)
}

const CALL_TLS: &str = "modprobe ppp_mppe
printf '%s\\n' require-mppe-128 nopcomp noaccomp refuse-pap refuse-chap refuse-mschap refuse-mschap-v2 \
'remotename ours' 'cert /tmp/a.pem' 'key /tmp/a.key' 'ca /tmp/root.pem' >> /etc/ppp/options
pppd pty 'pptp 10.77.0.1 --nolaunchpppd --loglevel 0' updetach >/dev/null || { busybox tail -40 /tmp/c.log; exit 1; }
up; ping; busybox killall pppd; gone
";

/// The server's end of the line asks this of its next caller.
fn serve(stage: &Stage<'_>, options: &str) -> Result<()> {
    let line = LINE.trim_start_matches("serial-");
    let script = format!(
        "printf '%s\\n' {} 'ipparam {LINE}' > /etc/ppp/options.{LINE}; pkill -f '^pppd /dev/ttyS{line} '; true",
        options.replace("max-tls-version ", "'max-tls-version '")
    );
    stage.lab.run(&script).map(drop)
}

fn give_back(stage: &Stage<'_>) -> Result<()> {
    stage.lab.auth_of(LINE, "chap")
}

fn port(stage: &Stage<'_>) -> Result<String> {
    Ok(std::fs::canonicalize(stage.lab.word("SERIAL_CHAP"))?.display().to_string())
}

fn play(stage: &mut Stage<'_>, proof: &[&str], name: &str, by_password: bool) -> Result<()> {
    stage.start(false)?;
    let port = port(stage)?;
    let mut words =
        vec!["--device", port.as_str(), "--no-default-route", "--route", "10.88.0.0/24"];
    words.extend(proof);
    let row = stage.connect(&words)?;
    let shown = row["projection"]["authentication"].as_str().unwrap_or_default();
    ensure!(shown == name, "{name} was expected: {row}");
    if !by_password {
        let protection = row["projection"]["protection"].as_str().unwrap_or_default();
        ensure!(protection.starts_with("MPPE, 128 bits"), "MPPE was expected: {row}");
    }
    stage.echo(64 * 1024, None)?;
    stage.hang_up(&row)?;
    if by_password {
        stage.dial_with("not-her-password", &words)?.failed_with(&["691"])?;
        stage.is_clean()?;
    }
    Ok(())
}

/// A root, which issues.
struct Organisation {
    root: CertifiedIssuer<'static, KeyPair>,
}

/// Where the files of a user are.
struct Files {
    certificate: String,
    key: String,
    root: String,
}

impl Files {
    fn words(&self) -> [&str; 6] {
        ["--certificate", &self.certificate, "--key", &self.key, "--ca-file", &self.root]
    }
}

impl Organisation {
    fn new() -> Result<Self> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "an organisation's root");
        Ok(Self { root: CertifiedIssuer::self_signed(params, KeyPair::generate()?)? })
    }

    /// Certificate and key in PEM form.
    fn issue(&self, name: &str, purpose: ExtendedKeyUsagePurpose) -> Result<(String, String)> {
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![purpose];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.root)?;
        Ok((certificate.pem(), key.serialize_pem()))
    }

    fn write_root(&self, stage: &Stage<'_>) -> Result<String> {
        let root = stage.ground.folder.join("eap-root.pem");
        std::fs::write(&root, self.root.as_ref().pem())?;
        Ok(root.display().to_string())
    }

    fn write_user(&self, stage: &Stage<'_>) -> Result<Files> {
        let (certificate, key) = self.issue("alice", ExtendedKeyUsagePurpose::ClientAuth)?;
        let path = |name: &str| stage.ground.folder.join(name);
        std::fs::write(path("eap-alice.pem"), certificate)?;
        std::fs::write(path("eap-alice.key"), key)?;
        Ok(Files {
            certificate: path("eap-alice.pem").display().to_string(),
            key: path("eap-alice.key").display().to_string(),
            root: self.write_root(stage)?,
        })
    }

    /// pppd's own certificate, and that it takes anybody's of this root.
    fn tell_pppd_server(&self, stage: &Stage<'_>) -> Result<()> {
        let (certificate, key) = self.issue("peer", ExtendedKeyUsagePurpose::ServerAuth)?;
        let root = self.root.as_ref().pem();
        let mut script = String::new();
        for (file, text) in [("srv.pem", &certificate), ("srv.key", &key), ("root.pem", &root)] {
            writeln!(script, "cat > /etc/ppp/{file} <<'X'\n{text}X")?;
        }
        script += "echo 'alice peer - /etc/ppp/srv.pem /etc/ppp/root.pem /etc/ppp/srv.key *' > /etc/ppp/eaptls-server
            chmod 600 /etc/ppp/eaptls-server /etc/ppp/srv.key";
        stage.lab.run(&script).map(drop)
    }
}

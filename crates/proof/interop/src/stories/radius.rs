//! Our answering side asks FreeRADIUS, tells it of sessions, and is told by it to end them.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::stage::Stage;

const SECRET: &str = "looking-glass";
const JUDGE: &str = "127.0.0.1:18120";
const ACCOUNTANT: &str = "127.0.0.1:18130";
const ORDERS: &str = "127.0.0.1:3799";
/// Nobody listens there.
const SILENT: &str = "127.0.0.1:18129";
/// What the server gives alice.
const ADDRESS: &str = "10.99.0.77";
const NAME_SERVER: &str = "192.0.2.54";
/// Where the inside host behind the answering side echoes.
const ECHO: &str = "10.99.0.1:7";
/// A server asks for the course of a session no more often than this (RFC 2869 §5.16).
const INTERIM: Duration = Duration::from_secs(60);

/// FreeRADIUS with a configuration of its own, on the ground.
struct FreeRadius {
    child: Child,
    folder: PathBuf,
}

impl FreeRadius {
    /// Installs it where it is missing, and starts it. `signs`: its answers bear a Message-Authenticator.
    fn start(stage: &mut Stage<'_>, signs: bool) -> Result<Self> {
        Self::start_with(stage, signs, "1.2", false)
    }

    /// The same with this version of TLS at most, inside EAP. `changes`: alice's password has expired, and she
    /// may set another.
    fn start_with(stage: &mut Stage<'_>, signs: bool, tls: &str, changes: bool) -> Result<Self> {
        if !Path::new("/usr/sbin/freeradius").exists() {
            // Its service is not to be started by the installation.
            let install = "apt-get update -qq && RUNLEVEL=1 apt-get install -y -qq freeradius freeradius-utils";
            let said = Command::new("sh").args(["-c", install]).output()?;
            ensure!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        }
        let folder = stage.ground.folder.join(if signs { "signing" } else { "unsigning" });
        std::fs::create_dir_all(&folder)?;
        certificate(&folder)?;
        // Her password stands in a file of its own, where she may change it.
        let changer = if changes { stage.lab.word("USER") } else { "" };
        std::fs::write(folder.join("radiusd.conf"), configuration(&folder, signs, tls, changer))?;
        expire(&folder, stage.lab.word("PASSWORD"))?;
        let dictionary = "$INCLUDE /usr/share/freeradius/dictionary\n";
        std::fs::write(folder.join("dictionary"), dictionary)?;
        let (user, password) = (stage.lab.word("USER"), stage.lab.word("PASSWORD"));
        let users = format!(
            "{user} Cleartext-Password := \"{password}\"\n\tFramed-IP-Address = {ADDRESS}, \
             Class = \"gold\", Acct-Interim-Interval = {}, Session-Timeout = 3600, \
             MS-Primary-DNS-Server = {NAME_SERVER}\n",
            INTERIM.as_secs()
        );
        std::fs::write(folder.join("users"), users)?;
        let mut command = stage.ground.command("/usr/sbin/freeradius", &folder);
        command.args(["-f", "-d"]).arg(&folder);
        if changes {
            repair(&folder)?;
            command.env("LD_PRELOAD", folder.join("change.so"));
            command.env("OPENSSL_CONF", folder.join("openssl.cnf"));
        }
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut server = Self { child, folder };
        stage.wait_until("FreeRADIUS", Duration::from_secs(20), |_| {
            let ended = server.child.try_wait()?;
            ensure!(ended.is_none(), "FreeRADIUS has ended:\n{}", server.read("radius.log"));
            Ok(server.read("radius.log").contains("Ready to process requests"))
        })?;
        Ok(server)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(name)).unwrap_or_default()
    }

    /// What it was told of sessions: one record after the other, each its attributes by name.
    fn records(&self) -> Vec<Vec<(String, String)>> {
        let detail = self.read("detail");
        let attributes = |record: &str| {
            let pairs = record.lines().filter_map(|line| line.trim().split_once(" = "));
            pairs
                .map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
                .collect()
        };
        detail.split("\n\n").map(attributes).filter(|record: &Vec<_>| !record.is_empty()).collect()
    }

    /// The records of this kind.
    fn of_kind(&self, kind: &str) -> Vec<Vec<(String, String)>> {
        let all = self.records().into_iter();
        all.filter(|record| value(record, "Acct-Status-Type") == kind).collect()
    }
}

/// What lets FreeRADIUS unseal a new password: RC4, which OpenSSL 3 keeps apart, and the mending of a flaw.
fn repair(folder: &Path) -> Result<()> {
    std::fs::write(folder.join("change.c"), include_str!("freeradius-change.c"))?;
    let mut compile = Command::new("gcc");
    compile.args(["-shared", "-fPIC", "-o", "change.so", "change.c"]).current_dir(folder);
    let said = compile.output()?;
    ensure!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let providers = "openssl_conf = init\n[init]\nproviders = providers\n[providers]\ndefault = on\n\
        legacy = on\n[on]\nactivate = 1\n";
    Ok(std::fs::write(folder.join("openssl.cnf"), providers)?)
}

/// The password that has expired, and the program by which FreeRADIUS keeps another.
fn expire(folder: &Path, password: &str) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(folder.join("password"), password)?;
    std::fs::write(folder.join("expired"), "yes")?;
    let program = folder.join("change-password");
    let place = folder.display();
    let text = format!(
        "#!/bin/sh\nprintf %s \"$2\" > '{place}/password' && printf no > '{place}/expired' && echo kept\n"
    );
    std::fs::write(&program, text)?;
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
    Ok(())
}

fn value<'a>(record: &'a [(String, String)], name: &str) -> &'a str {
    record.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
}

impl Drop for FreeRadius {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A root, a certificate of it for EAP over TLS, and one for alice, made where they are used.
fn certificate(folder: &Path) -> Result<()> {
    let script = "set -e
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=the story' \
            -keyout root.key -out root.pem
        openssl req -new -newkey rsa:2048 -nodes -subj '/CN=radius.onhook.test' \
            -keyout key.pem -out request.pem
        printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n' > usage
        openssl x509 -req -in request.pem -days 2 -CA root.pem -CAkey root.key -CAcreateserial \
            -extfile usage -out cert.pem
        openssl req -new -newkey rsa:2048 -nodes -subj '/CN=alice' -keyout alice.key -out alice.csr
        printf 'extendedKeyUsage=clientAuth\n' > usage
        openssl x509 -req -in alice.csr -days 2 -CA root.pem -CAkey root.key -CAcreateserial \
            -extfile usage -out alice.pem";
    let made = Command::new("sh").args(["-c", script]).current_dir(folder).output()?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Ok(())
}

fn configuration(folder: &Path, signs: bool, tls: &str, changer: &str) -> String {
    let sign =
        if signs { "update reply {\n      Message-Authenticator := 0x00\n    }" } else { "" };
    include_str!("radiusd.conf")
        .replace("@FOLDER@", &folder.display().to_string())
        .replace("@JUDGE@", port(JUDGE))
        .replace("@ACCOUNTANT@", port(ACCOUNTANT))
        .replace("@SECRET@", SECRET)
        .replace("@SIGN@", sign)
        .replace("@CHANGER@", changer)
        .replace("@TLS@", tls)
}

fn port(address: &str) -> &str {
    address.rsplit_once(':').map_or("", |(_, port)| port)
}

/// Our answering side, as a process on the ground.
struct Answering {
    child: Child,
    told: BufReader<ChildStdout>,
    folder: PathBuf,
}

impl Answering {
    fn start(stage: &Stage<'_>, words: &[&str]) -> Result<Self> {
        let folder = stage.ground.folder.join("answering");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("secret"), format!("{SECRET}\n"))?;
        let mut command = stage.ground.command(stage.ground.program(), &folder);
        command.args(["answer", "--json", "--inside", "--sstp", "127.0.0.1:0"]);
        command.arg("--radius-secret-file").arg(folder.join("secret"));
        command.arg("--control").arg(folder.join("control.sock"));
        command.arg("--write-ca").arg(folder.join("ca.pem")).args(words);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let told = BufReader::new(child.stdout.take().context("its output")?);
        Ok(Self { child, told, folder })
    }

    /// Where it answers SSTP.
    fn place(&mut self) -> Result<String> {
        self.place_of("sstp")
    }

    /// Where it answers this link: it says one after the other.
    fn place_of(&mut self, link: &str) -> Result<String> {
        loop {
            let mut line = String::new();
            self.told.read_line(&mut line)?;
            let told: Value = serde_json::from_str(&line).context("where it answers")?;
            if let Some(place) = told[link].as_str() {
                return Ok(place.to_owned());
            }
        }
    }

    /// What `onhook answer sessions` says.
    fn sessions(&self, stage: &Stage<'_>) -> Result<Vec<Value>> {
        let mut command = stage.ground.command(stage.ground.program(), &self.folder);
        command.args(["answer", "sessions", "--json", "--control"]);
        let output = command.arg(self.folder.join("control.sock")).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The file of the roots of both, which are believed: PEAP's certificate is FreeRADIUS's own.
fn both_roots(stage: &Stage<'_>, answering: &Answering, server: &FreeRadius) -> Result<String> {
    let file = stage.ground.folder.join("both.pem");
    let pem = std::fs::read_to_string(answering.folder.join("ca.pem"))?;
    std::fs::write(&file, pem + &server.read("root.pem"))?;
    Ok(file.display().to_string())
}

/// What a dial to `place` is told.
fn words<'a>(place: &'a str, ca: &'a str, method: &'a str) -> Vec<&'a str> {
    let mut words = vec!["--device", "sstp", "--phone-number", place, "--ca-file", ca];
    words.extend(["--no-default-route", "--auth", method]);
    words
}

const METHODS: [&str; 6] = ["pap", "chap-md5", "ms-chap-v2", "eap-md5", "eap-ms-chap-v2", "peap"];

/// Every way to prove who one is, the account of a session, and its end by order.
pub(super) fn play(stage: &mut Stage<'_>) -> Result<()> {
    stage.start(false)?;
    let server = FreeRadius::start(stage, true)?;
    let mut said = vec!["--radius", JUDGE, "--radius-accounting", ACCOUNTANT];
    said.extend(["--radius-disconnect", ORDERS, "--nas-identifier", "nas"]);
    let all = METHODS.iter().flat_map(|method| ["--method", method]);
    said.extend(all);
    let mut answering = Answering::start(stage, &said)?;
    let place = answering.place()?;
    let ca = both_roots(stage, &answering, &server)?;

    for method in METHODS {
        let words = words(&place, &ca, method);
        let row = stage.connect(&words).with_context(|| format!("by {method}"))?;
        let given = &row["projection"];
        ensure!(given["ipv4"] == ADDRESS, "{method}: its address was expected: {row}");
        ensure!(given["dns"][0] == NAME_SERVER, "{method}: its name server was expected: {row}");
        stage.hang_up(&row)?;
        let refused = stage.dial_with("not-her-password", &words)?;
        refused.failed_with(&["691"]).with_context(|| format!("by {method}"))?;
        stage.is_clean()?;
    }
    account(stage, &server, &words(&place, &ca, "ms-chap-v2"))?;
    orders(stage, &server, &answering, &words(&place, &ca, "ms-chap-v2"))?;
    stage.is_clean()
}

/// The methods over TLS in either version: the keys that FreeRADIUS tells our answering side are those that
/// SSTP's binding wants.
pub(super) fn tls(stage: &mut Stage<'_>) -> Result<()> {
    stage.start(false)?;
    for version in ["1.2", "1.3"] {
        let server = FreeRadius::start_with(stage, true, version, false)?;
        let said = ["--radius", JUDGE, "--method", "eap-tls", "--method", "peap"];
        let mut answering = Answering::start(stage, &said)?;
        let place = answering.place()?;
        let ca = both_roots(stage, &answering, &server)?;
        let path = |name: &str| server.folder.join(name).display().to_string();
        let (chain, key) = (path("alice.pem"), path("alice.key"));
        for method in ["eap-tls", "peap"] {
            let mut words = words(&place, &ca, method);
            if method == "eap-tls" {
                words.extend(["--certificate", &chain, "--key", &key]);
            }
            let row =
                stage.connect(&words).with_context(|| format!("by {method} over TLS {version}"))?;
            stage.echo_at(ECHO, 64 * 1024)?;
            stage.hang_up(&row)?;
            let spoken = format!("version=Some(TLSv{})", version.replace('.', "_"));
            let log = stage.manager()?.log_tail(400);
            ensure!(log.contains(&spoken), "{method}: TLS {version} was expected");
        }
    }
    stage.is_clean()
}

/// The first version of MS-CHAP is passed on, and the keys of 128 bits that FreeRADIUS's answer is made into
/// are those that the caller has: traffic goes through MPPE.
pub(super) fn ms_chap_v1(stage: &mut Stage<'_>) -> Result<()> {
    stage.start(false)?;
    let _server = FreeRadius::start(stage, true)?;
    let said = ["--radius", JUDGE, "--method", "ms-chap", "--pptp", "127.0.0.1:0"];
    let mut answering = Answering::start(stage, &said)?;
    let place = answering.place_of("pptp")?;
    let mut words = vec!["--device", "pptp", "--phone-number", &place, "--auth", "ms-chap"];
    words.push("--no-default-route");
    let row = stage.connect(&words)?;
    let shown = row["projection"]["authentication"].as_str().unwrap_or_default();
    ensure!(shown == "MS-CHAP", "MS-CHAP was expected: {row}");
    let shown = row["projection"]["protection"].as_str().unwrap_or_default();
    ensure!(shown.starts_with("MPPE, 128 bits"), "MPPE was expected: {row}");
    ensure!(row["projection"]["ipv4"] == ADDRESS, "its address was expected: {row}");
    stage.echo_at(ECHO, 64 * 1024)?;
    stage.hang_up(&row)?;
    stage.dial_with("not-her-password", &words)?.failed_with(&["691"])?;
    stage.is_clean()
}

/// FreeRADIUS says that a password has expired, and keeps another: asked for it by MS-CHAP version 2, by
/// EAP-MSCHAPv2, and inside PEAP.
pub(super) fn new_password(stage: &mut Stage<'_>) -> Result<()> {
    const NEW: &str = "through-the-door 2";
    stage.start(false)?;
    let server = FreeRadius::start_with(stage, true, "1.2", true)?;
    let mut said = vec!["--radius", JUDGE];
    said.extend(["ms-chap-v2", "eap-ms-chap-v2", "peap"].iter().flat_map(|m| ["--method", m]));
    let mut answering = Answering::start(stage, &said)?;
    let place = answering.place()?;
    let ca = both_roots(stage, &answering, &server)?;
    let file = stage.ground.folder.join("new-password");
    std::fs::write(&file, format!("{NEW}\n"))?;
    let file = file.display().to_string();
    for method in ["ms-chap-v2", "eap-ms-chap-v2", "peap"] {
        let old = stage.lab.word("PASSWORD").to_owned();
        expire(&server.folder, &old)?;
        let words = words(&place, &ca, method);
        let about = || format!("by {method}");
        stage.dial(&words)?.failed_with(&["648"]).with_context(about)?;
        let mut changing = words.clone();
        changing.extend(["--new-password-file", &file]);
        // SSTP binds itself to the keys of the new password.
        let row = stage.connect(&changing).with_context(about)?;
        stage.hang_up(&row)?;
        ensure!(server.read("password") == NEW, "{method}: FreeRADIUS keeps another password");
        stage.dial(&words)?.failed_with(&["691"]).with_context(about)?;
        stage.dial_with(NEW, &words)?.succeeded().with_context(about)?;
        let list = stage.manager()?.list()?;
        stage.hang_up(list.first().context("the connection")?)?;
        stage.is_clean()?;
    }
    Ok(())
}

/// Start, course and stop stand in the server's own file, with what has really passed.
fn account(stage: &mut Stage<'_>, server: &FreeRadius, words: &[&str]) -> Result<()> {
    let before = server.records().len();
    let row = stage.connect(words)?;
    stage.echo_at(ECHO, 64 * 1024)?;
    stage.wait_until("the session's course", INTERIM + Duration::from_secs(10), |_| {
        Ok(!server.of_kind("Interim-Update").is_empty())
    })?;
    stage.echo_at(ECHO, 64 * 1024)?;
    stage.hang_up(&row)?;
    let ended = stage.manager()?.onhook(&["history", "--json"])?;
    let history: Vec<Value> = serde_json::from_str(&ended.out)?;
    let passed = history.last().context("a record of the dial")?["traffic"].clone();
    let records = server.records();
    let records = records.get(before..).context("new records")?;
    let kinds: Vec<_> = records.iter().map(|r| value(r, "Acct-Status-Type")).collect();
    ensure!(kinds == ["Start", "Interim-Update", "Stop"], "another course: {kinds:?}");
    for record in records {
        for (name, expected) in [
            ("User-Name", stage.lab.word("USER")),
            ("Acct-Session-Id", value(&records[0], "Acct-Session-Id")),
            ("Framed-IP-Address", ADDRESS),
            ("NAS-Identifier", "nas"),
            ("Class", "0x676f6c64"),
        ] {
            ensure!(value(record, name) == expected, "{name} is not {expected}: {record:?}");
        }
    }
    let number = |record: usize, name: &str| -> Result<u64> {
        value(&records[record], name).parse().with_context(|| format!("{name}: {records:?}"))
    };
    let (course, stop) = (1, 2);
    ensure!(number(course, "Acct-Session-Time")?.abs_diff(INTERIM.as_secs()) <= 1, "{records:?}");
    ensure!(number(course, "Acct-Input-Octets")? >= 64 * 1024, "{records:?}");
    // What we have received is what was sent to us, to the octet.
    for (name, theirs) in [
        ("Acct-Input-Octets", "bytes_out"),
        ("Acct-Output-Octets", "bytes_in"),
        ("Acct-Input-Packets", "packets_out"),
        ("Acct-Output-Packets", "packets_in"),
    ] {
        let ours = number(stop, name)?;
        ensure!(Some(ours) == passed[theirs].as_u64(), "{name}: {ours}, and {theirs} in {passed}");
    }
    ensure!(value(&records[stop], "Acct-Terminate-Cause") == "User-Request", "{records:?}");
    Ok(())
}

/// A Disconnect-Message ends the session, and is acknowledged when nothing of it is left.
fn orders(
    stage: &mut Stage<'_>,
    server: &FreeRadius,
    answering: &Answering,
    words: &[&str],
) -> Result<()> {
    let row = stage.connect(words)?;
    let user = stage.lab.word("USER").to_owned();
    let order = |stage: &Stage<'_>, secret: &str, about: &str| -> Result<String> {
        let script = format!(
            "printf '{about}' | radclient -t 2 -r 1 {ORDERS} disconnect {secret} 2>&1; true"
        );
        stage.ground.ask(&["sh", "-c", &script])
    };
    let guessed = order(stage, "a-guess", &format!("User-Name = \"{user}\"\\n"))?;
    ensure!(!guessed.contains("Received"), "an order without the secret is answered: {guessed}");
    let other = order(stage, SECRET, "User-Name = \"nobody\"\\n")?;
    ensure!(other.contains("Disconnect-NAK"), "a session that is not there: {other}");
    ensure!(answering.sessions(stage)?.len() == 1, "the session was expected to stay");

    let start = Instant::now();
    let ended = order(stage, SECRET, &format!("User-Name = \"{user}\"\\nNAS-Identifier = nas\\n"))?;
    stage.figure("ended by order", start.elapsed());
    ensure!(ended.contains("Disconnect-ACK"), "an acknowledgement was expected: {ended}");
    let left = answering.sessions(stage)?;
    ensure!(left.is_empty(), "acknowledged, and still there: {left:?}");
    let handle = row["handle"].as_str().unwrap_or_default().to_owned();
    stage.wait_until("noticing the end", Duration::from_secs(5), |stage| {
        let list = stage.manager()?.list()?;
        Ok(list.iter().all(|row| row["error"] == 629))
    })?;
    stage.manager()?.onhook(&["hangup", &handle])?.succeeded()?;
    stage.wait_until("the account of it", Duration::from_secs(5), |_| {
        let stops = server.of_kind("Stop");
        Ok(stops.last().is_some_and(|r| value(r, "Acct-Terminate-Cause") == "Admin-Reset"))
    })?;
    Ok(())
}

/// A silent server is passed over, and when all are silent the refusal comes in a bounded time.
pub(super) fn silent(stage: &mut Stage<'_>) -> Result<()> {
    stage.start(false)?;
    let server = FreeRadius::start(stage, true)?;
    let mut answering = Answering::start(stage, &["--radius", SILENT, "--radius", JUDGE])?;
    let place = answering.place()?;
    let ca = answering.folder.join("ca.pem").display().to_string();
    let words = words(&place, &ca, "ms-chap-v2");
    // The first dial waits for the silent one, the second knows better.
    for (least, most) in [(5, 9), (0, 2)] {
        let start = Instant::now();
        let row = stage.connect(&words)?;
        let took = start.elapsed();
        ensure!((least..most).contains(&took.as_secs()), "another server after {took:?}");
        stage.hang_up(&row)?;
    }
    drop(server);
    let refused = stage.dial(&words)?;
    refused.failed_with(&["930"])?;
    stage.figure("refused by silence after", refused.took);
    ensure!(refused.took < Duration::from_secs(16), "refused only after {:?}", refused.took);
    stage.is_clean()?;
    drop(answering);

    // Answers that are not signed count only where that was said (CVE-2024-3596).
    let _server = FreeRadius::start(stage, false)?;
    let mut careful = Answering::start(stage, &["--radius", JUDGE])?;
    let place = careful.place()?;
    let ca = careful.folder.join("ca.pem").display().to_string();
    stage.dial(&self::words(&place, &ca, "ms-chap-v2"))?.failed_with(&["939"])?;
    drop(careful);
    let trusting = ["--radius", JUDGE, "--radius-trust-unsigned"];
    let mut trusting = Answering::start(stage, &trusting)?;
    let place = trusting.place()?;
    let ca = trusting.folder.join("ca.pem").display().to_string();
    let row = stage.connect(&self::words(&place, &ca, "ms-chap-v2"))?;
    stage.hang_up(&row)
}

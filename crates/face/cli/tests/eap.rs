//! Dials that are proved by EAP, each to an answering side of our own: over SSTP, which binds the keys of
//! the proof, and over a line, where MPPE takes them; and what is said of certificates that will not do.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::Output;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams,
    SerialNumber,
};
use serde_json::Value;

#[expect(unreachable_pub, dead_code, reason = "the stage is written to be shared")]
mod stage;

use stage::answering::Server;
use stage::{PASSWORD, Stage, lines, says};

/// An answering side with a certificate of an organisation's, which vouches for callers as well.
fn answering(stage: &Stage, link: &str, words: &[&str]) -> Server {
    let path = |name: &str| stage.path(name).to_str().unwrap().to_owned();
    let (certificate, key, root) = (path("server.pem"), path("server.key"), path("root.pem"));
    let own = ["--cert", &certificate, "--key", &key, "--callers-ca", &root];
    stage.serve(link, own.iter().chain(words))
}

/// Waits until a call has ended, and says who was connected.
fn ended(server: &mut Server) -> Option<String> {
    let told = server.call_has_ended();
    let connected = told.iter().rfind(|said| said["event"] == "connected")?;
    connected["user"].as_str().map(str::to_owned)
}

/// A root of an organisation.
fn root(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Writes a list of the certificates in these files, which are not to be believed any more.
fn revoke(stage: &Stage, root: &CertifiedIssuer<'static, KeyPair>, list: &str, files: &[&str]) {
    let revoked = |file: &&str| RevokedCertParams {
        serial_number: SerialNumber::from(file.as_bytes().to_vec()),
        revocation_time: rcgen::date_time_ymd(2026, 1, 1),
        reason_code: None,
        invalidity_date: None,
    };
    let params = CertificateRevocationListParams {
        this_update: rcgen::date_time_ymd(2026, 1, 1),
        next_update: rcgen::date_time_ymd(2050, 1, 1),
        crl_number: SerialNumber::from(vec![1]),
        issuing_distribution_point: None,
        revoked_certs: files.iter().map(revoked).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let pem = params.signed_by(root).unwrap().pem().unwrap();
    std::fs::write(stage.path(list), pem).unwrap();
}

/// A certificate that it has issued, until this year, with its key: both are written in PEM form. Its
/// number is the name of the file.
fn issue(
    stage: &Stage,
    root: &CertifiedIssuer<'static, KeyPair>,
    file: &str,
    name: &str,
    until: i32,
    purpose: ExtendedKeyUsagePurpose,
) {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![purpose];
    params.use_authority_key_identifier_extension = true;
    params.serial_number = Some(SerialNumber::from(file.as_bytes().to_vec()));
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, root).unwrap();
    std::fs::write(stage.path(&format!("{file}.pem")), certificate.pem()).unwrap();
    std::fs::write(stage.path(&format!("{file}.key")), key.serialize_pem()).unwrap();
    std::fs::write(stage.path(&format!("{file}.der")), certificate.der()).unwrap();
    std::fs::write(stage.path(&format!("{file}.p8")), key.serialize_der()).unwrap();
}

use ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};

/// A stage, an organisation, its server and alice's certificate.
fn organisation() -> (Stage, CertifiedIssuer<'static, KeyPair>) {
    let stage = Stage::new();
    let root = root("an organisation's root");
    std::fs::write(stage.path("root.pem"), root.as_ref().pem()).unwrap();
    issue(&stage, &root, "server", "localhost", 2050, ServerAuth);
    issue(&stage, &root, "alice", "alice", 2050, ClientAuth);
    (stage, root)
}

fn dial(stage: &Stage, words: &[&str], password: &str) -> Output {
    let root = stage.path("root.pem");
    let mut all = vec!["dial", "--json"];
    let names_whom_to_believe = ["--ca-file", "--phonebook", "--pin-sha256"];
    if !names_whom_to_believe.iter().any(|word| words.contains(word)) {
        all.extend(["--ca-file", root.to_str().unwrap()]);
    }
    if !password.is_empty() {
        all.extend(["--user", "alice", "--password-stdin"]);
    }
    all.extend(words);
    stage.run(&all, password)
}

/// Traffic, and then the end: nothing is left. Gives the status of the connection while it was up.
fn use_and_hang_up(stage: &Stage, server: &mut Server, output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}\n{}", stage.log());
    let handle = lines(output).pop().unwrap()["handle"].as_str().unwrap().to_owned();
    let mut flow = stage.flow(&handle);
    flow.write_all(b"through the looking-glass").unwrap();
    let mut came = [0; 25];
    flow.read_exact(&mut came).unwrap();
    assert_eq!(&came, b"through the looking-glass");
    let status = stage.run(&["status", &handle, "--json"], "");
    let status = serde_json::from_slice(&status.stdout).unwrap();
    assert!(stage.run(&["hangup", &handle], "").status.success());
    assert_eq!(ended(server).as_deref(), Some("alice"));
    assert_eq!(stage.list(), Vec::<Value>::new());
    status
}

const METHODS: [(&str, &str); 4] = [
    ("eap-tls", "EAP-TLS"),
    ("peap", "PEAP"),
    ("eap-ms-chap-v2", "EAP-MSCHAPv2"),
    ("eap-md5", "EAP-MD5"),
];

/// With every method the keys of the proof go into SSTP's crypto binding, at both ends alike.
#[test]
fn every_method_over_sstp_with_its_crypto_binding() {
    let (stage, _root) = organisation();
    let mut words = vec!["--sstp", "127.0.0.1:0", "--name", "localhost"];
    words.extend(METHODS.iter().flat_map(|(method, _)| ["--method", method]));
    let mut server = answering(&stage, "sstp", &words);
    let number = server.place.replace("127.0.0.1", "localhost");
    let (certificate, key) = (stage.path("alice.pem"), stage.path("alice.key"));
    for (method, shown) in METHODS {
        let mut words = vec!["--phone-number", &number, "--device", "sstp", "--auth", method];
        let mut password = PASSWORD;
        if method == "eap-tls" {
            words.extend(["--certificate", certificate.to_str().unwrap()]);
            words.extend(["--key", key.to_str().unwrap()]);
            password = "";
        } else {
            let refused = dial(&stage, &words, "not-her-password");
            assert!(!refused.status.success() && says(&refused, "691"), "{method}: {refused:?}");
            assert_eq!(ended(&mut server), None);
        }
        let output = dial(&stage, &words, password);
        let status = use_and_hang_up(&stage, &mut server, &output);
        assert_eq!(status["projection"]["authentication"], shown);
        let seen = [PASSWORD, "not-her-password"].iter().any(|word| stage.log().contains(word));
        assert!(!seen, "a password stands in the log");
        assert!(!stage.log().contains("PRIVATE KEY"), "a key stands in the log");
    }
}

/// The book names method, roots and certificate; the keys of the proof are MPPE's.
#[test]
fn entries_of_a_book_over_a_line_with_mppe() {
    let (stage, _root) = organisation();
    let line = format!("unix:{}", stage.path("line").display());
    let mut words = vec!["--serial", &line];
    words.extend(METHODS.iter().flat_map(|(method, _)| ["--method", method]));
    let mut server = answering(&stage, "serial", &words);
    let book = stage.path("book.pbk");
    for (number, shown) in [(13, "EAP-TLS"), (25, "PEAP"), (26, "EAP-MSCHAPv2")] {
        // Relative names count from the book.
        std::fs::write(
            &book,
            format!(
                "[line]\r\nEncoding=1\r\nPBVersion=1\r\nType=1\r\nDataEncryption=512\r\n\
                 AuthRestrictions=128\r\nCustomAuthKey={number}\r\nOnhookCaFile=root.pem\r\n\
                 OnhookCertificateFile=alice.pem\r\nOnhookKeyFile=alice.key\r\n\r\n\
                 MEDIA=serial\r\nPort={line}\r\nDevice=a line\r\n\r\nDEVICE=SERIAL\r\n\
                 PhoneNumber=line\r\n"
            ),
        )
        .unwrap();
        let words = ["line", "--phonebook", book.to_str().unwrap()];
        let output = dial(&stage, &words, PASSWORD);
        let status = use_and_hang_up(&stage, &mut server, &output);
        assert_eq!(status["projection"]["authentication"], shown);
        let protection = status["projection"]["protection"].as_str().unwrap();
        assert!(protection.contains("128"), "{protection}");
    }
    // MD5 makes no keys to encrypt with.
    let text = std::fs::read_to_string(&book).unwrap();
    std::fs::write(&book, text.replace("CustomAuthKey=26", "CustomAuthKey=4")).unwrap();
    let refused = dial(&stage, &["line", "--phonebook", book.to_str().unwrap()], PASSWORD);
    assert!(!refused.status.success() && says(&refused, "741"), "{refused:?}");
}

/// A PKCS#12 file as it is made today, and as it was made by old programs.
#[test]
fn a_certificate_out_of_a_pkcs12_file() {
    use p12_keystore::{
        Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey,
        PrivateKeyChain,
    };

    let (stage, _root) = organisation();
    let line = format!("unix:{}", stage.path("line").display());
    let mut server = answering(&stage, "serial", &["--serial", &line, "--method", "eap-tls"]);
    let certificate =
        Certificate::from_der(&std::fs::read(stage.path("alice.der")).unwrap()).unwrap();
    let key = PrivateKey::from_der(&std::fs::read(stage.path("alice.p8")).unwrap()).unwrap();
    let chain = PrivateKeyChain::new(vec![1_u8], key, [certificate]);
    let mut store = KeyStore::new();
    store.add_entry("alice", KeyStoreEntry::PrivateKeyChain(chain));
    let (file, passphrase) = (stage.path("alice.p12"), stage.path("passphrase"));
    let words = ["--device", &line, "--auth", "eap-tls", "--pkcs12", file.to_str().unwrap()];
    let opened = [&words[..], &["--passphrase-file", passphrase.to_str().unwrap()]].concat();
    for (cipher, mac) in [
        (EncryptionAlgorithm::PbeWithHmacSha256AndAes256, MacAlgorithm::HmacSha256),
        (EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc, MacAlgorithm::HmacSha1),
    ] {
        let octets = store.writer("looking-glass").encryption_algorithm(cipher).mac_algorithm(mac);
        std::fs::write(&file, octets.write().unwrap()).unwrap();
        std::fs::write(&passphrase, "looking-glass\n").unwrap();
        let output = dial(&stage, &opened, "");
        use_and_hang_up(&stage, &mut server, &output);
        std::fs::write(&passphrase, "wonderland\n").unwrap();
        let refused = dial(&stage, &opened, "");
        assert!(!refused.status.success() && says(&refused, "869"), "{refused:?}");
    }
    let refused = dial(&stage, &words, "");
    assert!(!refused.status.success() && says(&refused, "passphrase"), "{refused:?}");
}

/// The numbers of RAS for certificates that will not do, the server's and ours.
#[test]
fn certificates_that_will_not_do_have_their_numbers() {
    let (stage, root_of_all) = organisation();
    let other = root("somebody else's root");
    std::fs::write(stage.path("other.pem"), other.as_ref().pem()).unwrap();
    issue(&stage, &other, "mallory", "alice", 2050, ClientAuth);
    issue(&stage, &root_of_all, "old", "alice", 2024, ClientAuth);
    issue(&stage, &root_of_all, "wrong-use", "alice", 2050, ServerAuth);
    let line = format!("unix:{}", stage.path("line").display());
    let path = |name: &str| stage.path(name).to_str().unwrap().to_owned();
    let serve = || {
        let words = ["--serial", &line, "--method", "eap-tls", "--method", "peap"];
        answering(&stage, "serial", &words)
    };
    let refuses = |words: &[&str], password: &str, code: &str, why: &str| {
        let output = dial(&stage, &[&["--device", &line][..], words].concat(), password);
        assert!(!output.status.success(), "{words:?}");
        assert!(says(&output, &format!("error {code} ")), "{words:?}: {output:?}");
        assert!(says(&output, why), "{words:?}: {output:?}");
    };
    let tls = |file: &str| {
        let (certificate, key) = (path(&format!("{file}.pem")), path(&format!("{file}.key")));
        [
            "--auth".into(),
            "eap-tls".into(),
            "--certificate".into(),
            certificate,
            "--key".into(),
            key,
        ]
    };
    let server = serve();
    refuses(&["--auth", "eap-tls", "--user", "alice"], "", "798", "none was given");
    for (file, code) in [("mallory", "861"), ("old", "854"), ("wrong-use", "853")] {
        let words = tls(file);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        refuses(&words, "", code, "alert");
    }
    let peap = ["--auth", "peap"];
    refuses(&[&peap[..], &["--ca-file", &path("other.pem")]].concat(), PASSWORD, "864", "CA file");
    let named = ["--server-name", "another.example"];
    refuses(&[&peap[..], &named].concat(), PASSWORD, "866", "localhost");
    let pin = ["--pin-sha256", &"00".repeat(32)];
    refuses(&[&peap[..], &pin].concat(), PASSWORD, "864", "not the one");
    drop(server);

    issue(&stage, &root_of_all, "server", "localhost", 2024, ServerAuth);
    let server = serve();
    refuses(&peap, PASSWORD, "858", "expired");
    drop(server);
    issue(&stage, &root_of_all, "server", "localhost", 2050, ClientAuth);
    let server = serve();
    refuses(&peap, PASSWORD, "857", "not for servers");
    drop(server);
}

/// A list of the caller's, by word or by the entry of a book, is heeded in TLS and in EAP's.
#[test]
fn a_server_whose_certificate_was_revoked_is_told_nothing() {
    let (stage, root) = organisation();
    revoke(&stage, &root, "good.crl", &["alice"]);
    revoke(&stage, &root, "bad.crl", &["alice", "server"]);
    let line = format!("unix:{}", stage.path("line").display());
    let words = ["--sstp", "127.0.0.1:0", "--name", "localhost"];
    let mut sstp = answering(&stage, "sstp", &words);
    let number = sstp.place.replace("127.0.0.1", "localhost");
    let words = ["--serial", &line, "--method", "peap"];
    let mut serial = answering(&stage, "serial", &words);
    let path = |name: &str| stage.path(name).to_str().unwrap().to_owned();
    let (good, bad) = (path("good.crl"), path("bad.crl"));
    let over_sstp = ["--device", "sstp", "--phone-number", &number, "--server-crl"];
    let over_line = ["--device", &line, "--auth", "peap", "--server-crl"];
    // SSTP's server has not even heard of a call then.
    for (words, server, code, is_call) in [
        (&over_sstp[..], &mut sstp, "CRYPT_E_REVOKED", false),
        (&over_line[..], &mut serial, "859", true),
    ] {
        let refused = dial(&stage, &[words, &[&bad]].concat(), PASSWORD);
        assert!(!refused.status.success() && says(&refused, code), "{refused:?}");
        assert!(says(&refused, "was revoked"), "{refused:?}");
        if is_call {
            assert_eq!(ended(server), None);
        }
        let output = dial(&stage, &[words, &[&good]].concat(), PASSWORD);
        use_and_hang_up(&stage, server, &output);
    }
    let book = path("book.pbk");
    let entry = |list: &str| {
        let text = format!(
            "[office]\r\nType=2\r\nVpnStrategy=5\r\n{list}\r\nMEDIA=rastapi\r\nDEVICE=vpn\r\n\
             PhoneNumber={number}\r\n"
        );
        std::fs::write(&book, text).unwrap();
        dial(&stage, &["office", "--phonebook", &book], PASSWORD)
    };
    let refused = entry("OnhookCaFile=root.pem\r\nOnhookCrlFile=bad.crl\r\n");
    assert!(!refused.status.success() && says(&refused, "was revoked"), "{refused:?}");
    let output = entry("OnhookCaFile=root.pem\r\nOnhookCrlFile=good.crl\r\n");
    use_and_hang_up(&stage, &mut sstp, &output);
    // A list that could not be heeded is not passed over: nobody is dialed.
    let refused = entry("OnhookCrlFile=good.crl\r\n");
    assert!(!refused.status.success() && says(&refused, "beside roots"), "{refused:?}");
    let refused = entry("OnhookCaFile=root.pem\r\nOnhookCrlFile=root.pem\r\n");
    assert!(!refused.status.success() && says(&refused, "X509 CRL"), "{refused:?}");
}

/// Without a name to check, any certificate of a public root would do: the system's roots alone are not
/// believed then.
#[test]
fn the_systems_roots_alone_do_not_do_without_a_name() {
    let (stage, _root) = organisation();
    let line = format!("unix:{}", stage.path("line").display());
    let _server = answering(&stage, "serial", &["--serial", &line, "--method", "peap"]);
    let words =
        ["dial", "--device", &line, "--auth", "peap", "--user", "alice", "--password-stdin"];
    let refused = stage.run(&words, PASSWORD);
    assert!(!refused.status.success() && says(&refused, "866"), "{refused:?}");
}

#[test]
fn what_only_the_server_or_only_the_caller_speaks_is_said() {
    let (stage, _root) = organisation();
    let line = format!("unix:{}", stage.path("line").display());
    let server = answering(&stage, "serial", &["--serial", &line, "--method", "eap-md5"]);
    let refused = dial(&stage, &["--device", &line, "--auth", "peap"], PASSWORD);
    assert!(!refused.status.success() && says(&refused, "850"), "{refused:?}");
    assert!(says(&refused, "EAP-MD5"), "{refused:?}");
    drop(server);
    let book: PathBuf = stage.path("book.pbk");
    std::fs::write(
        &book,
        "[ttls]\r\nEncoding=1\r\nPBVersion=1\r\nType=2\r\nVpnStrategy=5\r\nAuthRestrictions=128\r\n\
         CustomAuthKey=21\r\n\r\nMEDIA=rastapi\r\nPort=VPN1-0\r\nDevice=WAN Miniport (SSTP)\r\n\r\n\
         DEVICE=vpn\r\nPhoneNumber=localhost\r\n",
    )
    .unwrap();
    let refused = dial(&stage, &["ttls", "--phonebook", book.to_str().unwrap()], PASSWORD);
    assert!(!refused.status.success() && says(&refused, "850"), "{refused:?}");
    assert!(says(&refused, "type 21"), "{refused:?}");
}

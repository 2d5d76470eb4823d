//! Who the user is to an EAP method: RasGetEapUserIdentity, and RasDial with what it gave.

use std::path::Path;
use std::ptr::null;

use onhook_client::phonebooks::EapUser;
use onhook_model::{AuthMethod, AuthRestrictions};
use rasapi32::exports::*;
use rasapi32::layout::{Charset, Machine, View, tables};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

use crate::caller::*;
use crate::servers::Server;
use crate::stage::PASSWORD;

const NON_INTERACTIVE: u32 = 2;
const EAP_TLS: u32 = 13;
const MS_CHAP_V2: u32 = 26;

fn wide(text: &str) -> Vec<u8> {
    Charset::Wide.encode(text)
}

/// The entry is to require EAP by this method.
fn require_eap(name: &str, method: u32) {
    let path = stage().path("onhook").join("rasphone.pbk");
    onhook_client::books::change(&path, |book| {
        let mut entry = book.entry(name).unwrap().0;
        entry.auth = AuthRestrictions::of(&[AuthMethod::Eap]);
        entry.eap_method = Some(method);
        book.set_entry(&entry).unwrap();
        Ok(())
    })
    .unwrap();
}

/// Keeps a name, and a password where it is not empty.
fn save(name: &str, user: &str, password: &str) {
    let mut given = Struct::new(&tables::RASCREDENTIALS, Charset::Wide);
    given.put().put_u32("dwMask", if password.is_empty() { 1 } else { 3 });
    given.put().put_text("szUserName", user);
    given.put().put_text("szPassword", password);
    // SAFETY: everything that is pointed to is here.
    let result = unsafe { RasSetCredentialsW(null(), wide(name).as_ptr(), given.pointer(), 0) };
    assert_eq!(result, 0);
}

/// Keeps these octets for the entry's method.
fn keep(name: &str, octets: &mut [u8]) {
    let (name, size) = (wide(name), u32::try_from(octets.len()).unwrap());
    // SAFETY: everything that is pointed to is here.
    let result = unsafe { RasSetEapUserDataW(0, null(), name.as_ptr(), octets.as_mut_ptr(), size) };
    assert_eq!(result, 0);
}

/// What RasGetEapUserIdentity answers: its result, or name and octets.
fn identity(name: &str, flags: u32) -> Result<(String, Vec<u8>), u32> {
    let name = wide(name);
    let mut given = 1_usize;
    // SAFETY: everything that is pointed to is here.
    let result = unsafe { RasGetEapUserIdentityW(null(), name.as_ptr(), flags, 0, &raw mut given) };
    if result != 0 {
        assert_eq!(given, 0);
        return Err(result);
    }
    let form = tables::RASEAPUSERIDENTITY.newest(Machine::of_this_library(), Charset::Wide);
    let start: *const u8 = std::ptr::with_exposed_provenance(given);
    // SAFETY: the function has given a structure of this form.
    let head = unsafe { std::slice::from_raw_parts(start, form.size()) };
    let view = View::new(form, head).unwrap();
    let user = view.text("szUserName").unwrap().unwrap();
    let size = view.u32("dwSizeofEapInfo").unwrap() as usize;
    let at = form.field("pbEapInfo").unwrap().offset();
    // SAFETY: and behind it as many octets as it says.
    let octets = unsafe { std::slice::from_raw_parts(start.add(at), size) }.to_vec();
    RasFreeEapUserIdentityW(given);
    Ok((user, octets))
}

/// Dials with these octets, and this user and password, however empty: result and handle.
fn dial(name: &str, octets: &mut [u8], user: &str, password: &str) -> (u32, usize) {
    let mut extensions = Struct::new(&tables::RASDIALEXTENSIONS, Charset::Wide);
    let size = u32::try_from(octets.len()).unwrap();
    let pointer = octets.as_mut_ptr().expose_provenance() as u64;
    extensions.put().put_u32("RasEapInfo.dwSizeofEapInfo", size);
    extensions.put().put_handle("RasEapInfo.pbEapInfo", pointer);
    dial_with(name, &mut extensions, user, password)
}

fn dial_with(name: &str, extensions: &mut Struct, user: &str, password: &str) -> (u32, usize) {
    let mut params = Struct::new(&tables::RASDIALPARAMS, Charset::Wide);
    params.put().put_text("szEntryName", name);
    params.put().put_text("szUserName", user);
    params.put().put_text("szPassword", password);
    let mut handle = 0;
    // SAFETY: everything that is pointed to is here.
    let result =
        unsafe { RasDialW(extensions.pointer(), null(), params.pointer(), 0, 0, &raw mut handle) };
    (result, handle)
}

#[test]
fn b045_b188_an_entry_that_requires_eap_dials_as_the_identity_says() {
    let name = "b045";
    let words = ["--method", "eap-ms-chap-v2"];
    let users = format!("alice {PASSWORD}\ndinah meow-and-purr\n");
    let mut server = Server::sstp(name, &users, &words);
    require_eap(name, MS_CHAP_V2);
    assert_eq!(identity(name, 0), Err(703), "nobody has said who dials");
    save(name, "alice", "");
    assert_eq!(identity(name, NON_INTERACTIVE), Err(703), "b188: no password is saved");
    save(name, "alice", PASSWORD);
    let (user, mut octets) = identity(name, NON_INTERACTIVE).unwrap();
    assert_eq!(user, "alice");
    for secret in [PASSWORD.as_bytes().to_vec(), wide(PASSWORD)] {
        let secret = secret.strip_suffix(&[0, 0]).unwrap_or(&secret);
        assert!(!octets.windows(secret.len()).any(|part| part == secret), "a password is in it");
    }
    // As its page says: the octets into RasEapInfo, the name into szUserName.
    for given in [user.as_str(), ""] {
        let (result, handle) = dial(name, &mut octets, given, "");
        assert_eq!(result, 0, "{}", stage().log());
        assert_eq!(server.user(), "alice");
        end(handle);
    }
    // What is kept for the method names another user than the credentials do: that one proves itself.
    let dinah = EapUser { entry: name.into(), user: "dinah".into(), ..EapUser::default() };
    keep(name, &mut dinah.to_bytes().unwrap());
    assert_eq!(identity(name, NON_INTERACTIVE), Err(703), "the saved password is alice's");
    let (user, mut octets) = identity(name, 0).unwrap();
    assert_eq!(user, "dinah");
    let (result, handle) = dial(name, &mut octets, "", "meow-and-purr");
    assert_eq!(result, 0, "{}", stage().log());
    assert_eq!(server.user(), "dinah");
    end(handle);
    for secret in [PASSWORD, "meow-and-purr"] {
        assert!(!stage().log().contains(secret), "a password is in the log");
    }
}

#[test]
fn b045_octets_that_are_no_identity_of_the_entry_are_refused_before_there_is_a_handle() {
    let name = &entry("b045 refused");
    let other = &entry("b045 other");
    for name in [name, other] {
        require_eap(name, MS_CHAP_V2);
        save(name, "alice", PASSWORD);
    }
    let (_, good) = identity(name, 0).unwrap();
    let mut damaged = good.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let mut later = good.clone();
    later[4] = 2;
    for mut bad in
        [damaged, later, good[..9].to_vec(), b"another method's".to_vec(), vec![7; 70_000]]
    {
        assert_eq!(dial(name, &mut bad, "", ""), (87, 0), "{bad:?}");
    }
    assert_eq!(dial(other, &mut good.clone(), "", ""), (804, 0), "it is of another entry");
    assert_eq!(dial(name, &mut good.clone(), "dinah", ""), (804, 0), "it is of another user");
    let mut extensions = Struct::new(&tables::RASDIALEXTENSIONS, Charset::Wide);
    extensions.put().put_u32("RasEapInfo.dwSizeofEapInfo", 10);
    assert_eq!(dial_with(name, &mut extensions, "", ""), (87, 0), "octets at a null pointer");
}

/// A root, and alice's certificate with its key in the folder, all in PEM form: the files of root, certificate
/// and key.
fn certified(folder: &Path) -> [String; 3] {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let mut params = CertificateParams::new(vec!["alice".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "alice");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &root).unwrap();
    let pem = [root.as_ref().pem(), certificate.pem(), key.serialize_pem()];
    let names = ["root.pem", "alice.pem", "alice.key"];
    std::array::from_fn(|n| {
        let file = folder.join(names[n]);
        std::fs::write(&file, &pem[n]).unwrap();
        file.to_str().unwrap().to_owned()
    })
}

/// What is kept for a user names a certificate that the entry does not: EAP-TLS proves the user by it, and the
/// key is read when it is dialed.
#[test]
fn b045_user_data_brings_the_certificate_of_eap_tls() {
    let folder = tempfile::tempdir().unwrap();
    let [root, certificate, key] = certified(folder.path());
    let name = "b045 tls";
    let words = ["--method", "eap-tls", "--callers-ca", &root];
    let mut server = Server::sstp(name, "", &words);
    require_eap(name, EAP_TLS);
    assert_eq!(identity(name, 0), Err(703), "there is no certificate");
    let alice = EapUser {
        entry: name.into(),
        certificate_file: Some(certificate.clone()),
        key_file: Some(key.clone()),
        ..EapUser::default()
    };
    keep(name, &mut alice.to_bytes().unwrap());
    let (user, mut octets) = identity(name, NON_INTERACTIVE).unwrap();
    assert_eq!(user, "", "the certificate says who it is");
    assert!(!String::from_utf8_lossy(&octets).contains("PRIVATE KEY"));
    let (result, handle) = dial(name, &mut octets, "", "");
    assert_eq!(result, 0, "{}", stage().log());
    assert_eq!(server.user(), "alice");
    end(handle);
    std::fs::remove_file(key).unwrap();
    assert_eq!(dial(name, &mut octets, "", ""), (798, 0), "the key is read when it is dialed");
}

#[test]
fn b187_b189_identities_of_both_charsets_are_given_and_taken_back() {
    let name = &entry("b189 Büro");
    assert_eq!(identity(name, 0), Err(780), "b187");
    require_eap(name, MS_CHAP_V2);
    save(name, "Älice", PASSWORD);
    assert_eq!(identity(name, 0).unwrap().0, "Älice");
    const INVALID: u32 = 0x8007_0057;
    let narrow = Charset::Ansi.encode(name);
    let mut given = 0_usize;
    // SAFETY: everything that is pointed to is here.
    unsafe {
        let result = RasGetEapUserIdentityA(null(), narrow.as_ptr(), 0, 0, &raw mut given);
        assert_eq!(result, 0);
        let text: *const std::ffi::c_char = std::ptr::with_exposed_provenance(given);
        assert_eq!(std::ffi::CStr::from_ptr(text).to_str(), Ok("Älice"));
        RasFreeEapUserIdentityA(given);
        // Twice is once: what is none of ours is left alone.
        RasFreeEapUserIdentityA(given);
        let result = RasGetEapUserIdentityA(null(), null(), 0, 0, &raw mut given);
        assert_eq!((result, given), (INVALID, 0));
        let nowhere = std::ptr::null_mut();
        assert_eq!(RasGetEapUserIdentityA(null(), narrow.as_ptr(), 0, 0, nowhere), INVALID);
    }
}

//! What is kept, shown, dialed with and forgotten.

use onhook_base::Secret;
use onhook_model::{Credentials, RasCode};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const OFFICE: EntryId = EntryId { uid: 4711, guid: [7; 16] };
const HOME: EntryId = EntryId { uid: 5, guid: [1; 16] };
const EVERYTHING: u32 = mask::ALL & !mask::DEFAULT_CREDS;

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn given(user: &str, password: &str, domain: &str) -> Given {
    Given { user: user.into(), password: secret(password), domain: domain.into() }
}

fn saved(user: &str, password: &str, domain: &str) -> Keyring {
    let mut keyring = Keyring::new();
    let credentials = MaskedCredentials {
        mask: mask::USER_NAME | mask::PASSWORD | mask::DOMAIN,
        user: user.into(),
        password: secret(password),
        domain: domain.into(),
    };
    keyring.set(OFFICE, &credentials).unwrap();
    keyring
}

/// The password that a dial would take now.
fn password(keyring: &Keyring) -> String {
    let credentials = resolve(&Given::default(), &[keyring.record(OFFICE)], None, None);
    credentials.password.expose().clone()
}

#[test]
fn b175_b176_what_is_saved_is_told_and_the_password_is_not_given() {
    let mut keyring = saved("alice", "wonderland1", "");
    let shown = keyring.get(OFFICE, EVERYTHING);
    assert_eq!(shown.mask, mask::USER_NAME | mask::PASSWORD, "there is no domain and no key");
    assert_eq!((shown.user.as_str(), shown.password.expose().as_str()), ("alice", STAND_IN));
    assert_eq!(STAND_IN.len(), 16);
    assert_eq!(keyring.get(OFFICE, mask::DOMAIN), MaskedCredentials::default());
    assert_eq!(keyring.get(HOME, EVERYTHING).mask, 0);
    let only_user = keyring.get(OFFICE, mask::USER_NAME);
    assert_eq!((only_user.mask, only_user.password.expose().as_str()), (mask::USER_NAME, ""));

    let key = MaskedCredentials {
        mask: mask::PRE_SHARED_KEY,
        password: secret("psk"),
        ..MaskedCredentials::default()
    };
    keyring.set(OFFICE, &key).unwrap();
    let shown = keyring.get(OFFICE, mask::KEYS);
    assert_eq!((shown.mask, shown.password.expose().as_str()), (mask::PRE_SHARED_KEY, STAND_IN));
    assert_eq!(password(&keyring), "wonderland1", "a key is no password");
}

#[test]
fn b177_the_stand_in_leaves_the_saved_password() {
    let mut keyring = saved("alice", "wonderland1", "");
    let change = MaskedCredentials {
        mask: mask::USER_NAME | mask::PASSWORD,
        user: "bob".into(),
        password: secret(STAND_IN),
        ..MaskedCredentials::default()
    };
    keyring.set(OFFICE, &change).unwrap();
    assert_eq!(keyring.get(OFFICE, EVERYTHING).user, "bob");
    assert_eq!(password(&keyring), "wonderland1");
}

#[test]
fn what_is_cleared_is_what_is_masked() {
    let mut keyring = saved("alice", "wonderland1", "WORK");
    keyring.clear(OFFICE, mask::PASSWORD).unwrap();
    assert_eq!(keyring.get(OFFICE, EVERYTHING).mask, mask::USER_NAME | mask::DOMAIN);
    assert_eq!(keyring.clear(OFFICE, 0x80), Err(KeyringError::Mask));
    assert_eq!(KeyringError::Mask.code(), RasCode::INVALID_PARAMETER);
    keyring.clear(OFFICE, EVERYTHING).unwrap();
    assert!(keyring.is_empty());
}

#[test]
fn a_book_from_elsewhere_with_the_same_number_finds_nothing() {
    let mut keyring = saved("alice", "wonderland1", "");
    let stranger = EntryId { guid: [8; 16], ..OFFICE };
    assert_eq!(keyring.get(stranger, EVERYTHING).mask, 0);
    assert_eq!(keyring.dial_params(stranger), DialParams::default());
    assert!(!keyring.forget(stranger));
    assert!(keyring.forget(OFFICE) && !keyring.forget(OFFICE));
    assert!(keyring.is_empty());
}

#[test]
fn b169_b171_a_successful_dial_is_remembered_and_the_password_only_when_wanted() {
    let mut keyring = Keyring::new();
    let dialed = Credentials {
        user: "alice".into(),
        password: secret("wonderland1"),
        domain: "WORK".into(),
        ..Credentials::default()
    };
    keyring.remember(OFFICE, &dialed, "5550100", false).unwrap();
    let expected = DialParams {
        user: "alice".into(),
        domain: "WORK".into(),
        callback_number: "5550100".into(),
        has_password: false,
    };
    assert_eq!(keyring.dial_params(OFFICE), expected);
    keyring.remember(OFFICE, &dialed, "", true).unwrap();
    assert_eq!(keyring.dial_params(OFFICE), DialParams { has_password: true, ..expected });
    assert_eq!(password(&keyring), "wonderland1");
    let bob = Credentials { user: "bob".into(), password: secret("x"), ..Credentials::default() };
    keyring.remember(OFFICE, &bob, "", false).unwrap();
    assert!(!keyring.dial_params(OFFICE).has_password, "it was another user's");
}

#[test]
fn b173_b174_what_is_empty_stays_and_a_password_can_be_removed() {
    let mut keyring = saved("alice", "wonderland1", "WORK");
    keyring.set_dial_params(OFFICE, &SetDialParams::default()).unwrap();
    let params = keyring.dial_params(OFFICE);
    assert_eq!((params.user.as_str(), params.domain.as_str()), ("alice", "WORK"));
    assert_eq!(password(&keyring), "wonderland1", "without a user the password stays too");
    let alice = |password: &str, remove_password| SetDialParams {
        user: "alice".into(),
        password: secret(password),
        remove_password,
        ..SetDialParams::default()
    };
    keyring.set_dial_params(OFFICE, &alice(STAND_IN, false)).unwrap();
    assert_eq!(password(&keyring), "wonderland1");
    keyring.set_dial_params(OFFICE, &alice("new", false)).unwrap();
    assert_eq!(password(&keyring), "new");
    keyring.set_dial_params(OFFICE, &alice("new", true)).unwrap();
    assert!(!keyring.dial_params(OFFICE).has_password);
    keyring.set_dial_params(OFFICE, &alice("new", false)).unwrap();
    keyring.set_dial_params(OFFICE, &alice("", false)).unwrap();
    assert!(!keyring.dial_params(OFFICE).has_password, "an empty one is set too");
}

#[test]
fn b020_b021_b022_b172_what_is_given_comes_first_and_the_rest_is_as_saved() {
    let own = saved("alice", "wonderland1", "WORK");
    let everyone = saved("guest", "guest1", "");
    let records = [own.record(OFFICE), everyone.record(OFFICE)];
    let dialed = |given: Given, records: &[Option<&Record>]| {
        let found = resolve(&given, records, Some("entry"), Some("ENTRY"));
        (found.user, found.password.expose().clone(), found.domain)
    };
    let all = |user: &str, password: &str, domain: &str| {
        (user.to_owned(), password.to_owned(), domain.to_owned())
    };
    assert_eq!(dialed(Given::default(), &records), all("alice", "wonderland1", "WORK"));
    assert_eq!(dialed(given("bob", "x", ""), &records), all("bob", "x", ""));
    assert_eq!(dialed(given("bob", "x", "*"), &records), all("bob", "x", "WORK"));
    assert_eq!(dialed(given("bob", "x", "D"), &records), all("bob", "x", "D"));
    assert_eq!(dialed(given("bob", "", ""), &records), all("bob", "", ""), "an empty password");
    assert_eq!(dialed(given("bob", STAND_IN, ""), &records), all("bob", "wonderland1", ""));
    assert_eq!(dialed(given("", "x", ""), &records), all("alice", "x", ""));
    let default = [None, everyone.record(OFFICE)];
    assert_eq!(dialed(Given::default(), &default), all("guest", "guest1", "ENTRY"));
    assert_eq!(dialed(Given::default(), &[]), all("entry", "", "ENTRY"));
    assert_eq!(dialed(given("", STAND_IN, "*"), &[]), all("entry", "", "ENTRY"));
}

#[test]
fn a_file_that_is_not_ours_is_refused_without_quoting_it() {
    for (bytes, line) in [
        (&b"{"[..], 1),
        (b"[]", 1),
        (b"{\"version\":1}", 1),
        (b"{\"version\":1,\n\"entries\":{\"x\":{}}}", 2),
        (b"{\"version\":1,\"entries\":{\"1\":{\"guid\":\"00\"}}}", 1),
        (b"{\"version\":1,\"entries\":{\"1\":{\"pasword\":\"hush\"}}}", 1),
        (b"hush", 1),
        (b"\xFF", 1),
    ] {
        let error = Keyring::parse(bytes).unwrap_err();
        assert!(matches!(error, KeyringError::Broken { line: at, .. } if at == line), "{error}");
        assert_eq!(error.code(), RasCode::CORRUPT_PHONEBOOK);
        assert!(!error.to_string().contains("hush"));
    }
    let later = Keyring::parse(b"{\"version\":2,\"wine\":true}").unwrap_err();
    assert_eq!(later, KeyringError::Version(2));
    assert!(Keyring::parse(b" \n").unwrap().is_empty());
}

#[test]
fn what_is_too_long_is_not_kept() {
    let long = "x".repeat(MAX_KEPT_TEXT + 1);
    let mut keyring = saved("alice", "wonderland1", "");
    let before = keyring.clone();
    let change = MaskedCredentials { mask: 1, user: long.clone(), ..MaskedCredentials::default() };
    assert!(keyring.set(OFFICE, &change).is_err());
    let params = SetDialParams { callback_number: long.clone(), ..SetDialParams::default() };
    assert!(keyring.set_dial_params(OFFICE, &params).is_err());
    let dialed = Credentials { password: Secret::new(long), ..Credentials::default() };
    assert!(keyring.remember(OFFICE, &dialed, "", true).is_err());
    assert!(keyring.set_eap_user_data(OFFICE, &vec![0; MAX_EAP_USER_DATA + 1]).is_err());
    assert_eq!(keyring, before);
}

#[test]
fn no_secret_is_in_the_debug_output() {
    let mut keyring = saved("alice", "wonderland1", "WORK");
    keyring.set_eap_user_data(OFFICE, b"hush").unwrap();
    let shown = format!("{keyring:?} {:?}", keyring.get(OFFICE, EVERYTHING));
    assert!(!shown.contains("wonderland1") && !shown.contains("104"), "{shown}");
}

proptest! {
    #[test]
    fn everything_survives_the_file(
        texts in vec(any::<String>(), 6),
        data in vec(any::<u8>(), 0..100),
        ids in vec((any::<u32>(), any::<[u8; 16]>()), 1..5),
    ) {
        let mut keyring = Keyring::new();
        for (uid, guid) in ids {
            let id = EntryId { uid, guid };
            for (mask, password) in [(0x7, 1), (0x10, 3), (0x20, 4), (0x40, 5)] {
                let given = MaskedCredentials {
                    mask,
                    user: texts[0].clone(),
                    password: Secret::new(texts[password].clone()),
                    domain: texts[2].clone(),
                };
                keyring.set(id, &given).unwrap();
            }
            keyring.set_eap_user_data(id, &data).unwrap();
            prop_assert_eq!(keyring.eap_user_data(id), data.as_slice());
        }
        let bytes = keyring.to_bytes();
        prop_assert_eq!(Keyring::parse(bytes.expose()).unwrap(), keyring);
    }
}

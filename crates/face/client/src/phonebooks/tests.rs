//! Books and what is kept beside them, in a folder of the test's own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use onhook_base::Secret;
use onhook_model::{AuthMethod, AuthRestrictions, Credentials, Entry};

use super::*;

const BOTH: u32 = mask::USER_NAME | mask::PASSWORD;

struct Place {
    _folder: tempfile::TempDir,
    books: Phonebooks,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let books = Phonebooks::in_folder(folder.path());
    Place { _folder: folder, books }
}

fn entry(number: &str) -> EntryProperties {
    EntryProperties { phone_number: number.to_owned(), ..EntryProperties::default() }
}

fn masked(user: &str, password: &str) -> MaskedCredentials {
    MaskedCredentials {
        mask: BOTH,
        user: user.to_owned(),
        password: Secret::new(password.to_owned()),
        domain: String::new(),
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, RasError>) -> u32 {
    result.unwrap_err().code.number()
}

/// The user and the password that a dial of the entry takes.
fn dialed_with(books: &Phonebooks, name: &str) -> (String, String) {
    let found = books.resolve(None, name, &Given::default()).unwrap();
    (found.user, found.password.expose().clone())
}

fn with_entries(in_user: &[&str], in_all: &[&str]) -> Place {
    let place = place();
    for name in in_user {
        place.books.set_properties(None, name, &entry("user.example")).unwrap();
    }
    if !in_all.is_empty() {
        fs::create_dir_all(place.books.all_users_book().parent().unwrap()).unwrap();
        fs::write(place.books.all_users_book(), b"").unwrap();
    }
    for name in in_all {
        let book = place.books.all_users_book().to_owned();
        place.books.set_properties(Some(&book), name, &entry("all.example")).unwrap();
    }
    place
}

#[test]
fn b139_b142_both_books_are_listed_and_a_name_in_both_twice() {
    let place = with_entries(&["office", "home"], &["Office"]);
    let books = &place.books;
    let list: Vec<_> =
        books.list(None).unwrap().into_iter().map(|l| (l.name, l.all_users, l.book)).collect();
    let (user, all) = (books.user_book().unwrap().to_owned(), books.all_users_book().to_owned());
    assert_eq!(
        list,
        [
            ("office".into(), false, user.clone()),
            ("home".into(), false, user.clone()),
            ("Office".into(), true, all.clone()),
        ]
    );
    assert_eq!(books.list(Some(&all)).unwrap().len(), 1);
    assert_eq!(books.locate(None, "OFFICE").unwrap().book, user, "the user's comes first");
    assert_eq!(books.properties(Some(&all), "office").unwrap().phone_number, "all.example");
    assert_eq!(super::Phonebooks::in_folder(Path::new("/none")).list(None).unwrap(), []);
}

#[test]
fn a_book_that_is_a_folder_or_cannot_be_read_is_621() {
    let place = with_entries(&["office"], &[]);
    let (books, folder) = (&place.books, place.books.user_book().unwrap().parent().unwrap());
    let missing = folder.join("none.pbk");
    for path in [folder, missing.as_path()] {
        assert_eq!(code(books.list(Some(path))), 621);
        assert_eq!(code(books.properties(Some(path), "office")), 621);
        assert_eq!(code(books.validate_name(Some(path), "office")), 621);
        assert_eq!(code(books.set_properties(Some(path), "a", &entry("b.example"))), 621);
        assert_eq!(code(books.credentials(Some(path), "office", BOTH)), 621);
        assert_eq!(code(books.delete(Some(path), "office", |_| Ok(false))), 621);
    }
    assert!(!missing.exists(), "no book is made in an unknown place");
    let broken = folder.join("broken.pbk");
    fs::write(&broken, b"junk\n").unwrap();
    assert_eq!(code(books.set_properties(Some(&broken), "a", &entry("b.example"))), 625);
    assert_eq!(fs::read(&broken).unwrap(), b"junk\n");
}

#[test]
fn b153_b154_names_of_new_entries_are_judged() {
    let place = with_entries(&["office"], &["lab"]);
    let books = &place.books;
    books.validate_name(None, "home").unwrap();
    books.validate_name(None, &"x".repeat(256)).unwrap();
    books.validate_name(None, "bücher [2]").unwrap();
    for taken in ["office", "OFFICE", "lab", " office "] {
        assert_eq!(code(books.validate_name(None, taken)), 183, "{taken}");
    }
    let long = "x".repeat(257);
    for bad in [
        "", "  ", "\t", ".office", "a|b", "a>b", "a<b", "a?b", "a*b", "a\\b", "a/b", "a:b", "a;b",
        "a\nb", &long,
    ] {
        assert_eq!(code(books.validate_name(None, bad)), 123, "{bad:?}");
        assert_eq!(code(books.set_properties(None, bad, &entry("a.example"))), 123, "{bad:?}");
    }
}

#[test]
fn b155_b156_b159_a_renamed_entry_keeps_its_credentials() {
    let place = with_entries(&["office", "home"], &[]);
    let books = &place.books;
    books.set_credentials(None, "office", &masked("alice", "wonderland1"), false).unwrap();
    for (new, error) in [("", 123), (" \t", 123), (".x", 123), ("home", 183), ("HOME", 183)] {
        assert_eq!(code(books.rename(None, "office", new)), error, "{new:?}");
    }
    assert_eq!(code(books.rename(None, "office", &"x".repeat(257))), 123);
    assert_eq!(code(books.rename(None, "lab", "work")), 623);
    // Looser than for a new one.
    books.rename(None, "office", "a/b:c").unwrap();
    assert_eq!(dialed_with(books, "A/B:C"), ("alice".into(), "wonderland1".into()));
    assert_eq!(code(books.locate(None, "office")), 623);
}

#[test]
fn b157_b158_b159_a_deleted_entry_loses_its_credentials() {
    let place = with_entries(&["office"], &[]);
    let books = &place.books;
    books.set_credentials(None, "office", &masked("alice", "wonderland1"), false).unwrap();
    assert_eq!(code(books.delete(None, "home", |_| Ok(false))), 123);
    let live = |located: &Located| Ok(located.name == "office");
    assert_eq!(code(books.delete(None, "OFFICE", live)), 817);
    assert_eq!(books.list(None).unwrap().len(), 1);
    books.delete(None, "OFFICE", |_| Ok(false)).unwrap();
    assert_eq!(books.list(None).unwrap(), []);
    let kept = fs::read_to_string(&books.keyring).unwrap();
    assert!(!kept.contains("alice") && !kept.contains("wonderland1"), "{kept}");
}

#[test]
fn b149_who_may_not_write_gets_5() {
    if !Path::new("/sys/kernel").exists() {
        eprintln!("skipped: there is no file system here in which root may not write");
        return;
    }
    let mut place = place();
    // Nobody may make a file there, root included.
    place.books.all_users = "/sys/onhook/rasphone.pbk".into();
    let book = place.books.all_users.clone();
    assert_eq!(code(place.books.list(Some(&book))), 621);
    let refused = books::change(&book, |_| Ok(()));
    assert_eq!(code(refused), 5);
}

#[test]
fn the_file_of_credentials_is_its_owners_alone() {
    let place = with_entries(&["office"], &[]);
    let books = &place.books;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    books.set_credentials(None, "office", &masked("alice", "wonderland1"), false).unwrap();
    assert_eq!(mode(&books.keyring), 0o600);
    assert_eq!(mode(books.keyring.parent().unwrap()), 0o700);
    // Somebody has opened it to others, and a killed program has left its half behind.
    fs::set_permissions(&books.keyring, fs::Permissions::from_mode(0o644)).unwrap();
    let half = books.keyring.with_extension("new");
    fs::write(&half, b"half").unwrap();
    fs::set_permissions(&half, fs::Permissions::from_mode(0o666)).unwrap();
    books.set_credentials(None, "office", &masked("bob", "x"), false).unwrap();
    assert_eq!(mode(&books.keyring), 0o600);
    assert!(!half.exists());
    let book = fs::read_to_string(books.user_book().unwrap()).unwrap();
    assert!(!book.contains("wonderland1") && !book.contains("alice"));
}

#[test]
fn b175_b176_b177_credentials_are_kept_told_and_cleared() {
    let place = with_entries(&["office"], &[]);
    let books = &place.books;
    assert_eq!(books.credentials(None, "office", BOTH).unwrap().mask, 0);
    books.set_credentials(None, "office", &masked("alice", "wonderland1"), false).unwrap();
    let shown = books.credentials(None, "OFFICE", BOTH | mask::DOMAIN).unwrap();
    assert_eq!((shown.mask, shown.user.as_str()), (BOTH, "alice"));
    assert_eq!(shown.password.expose(), STAND_IN);
    books.set_credentials(None, "office", &masked("alice", STAND_IN), false).unwrap();
    assert_eq!(dialed_with(books, "office"), ("alice".into(), "wonderland1".into()));
    let only = MaskedCredentials { mask: mask::PASSWORD, ..masked("", "") };
    books.set_credentials(None, "office", &only, true).unwrap();
    assert_eq!(dialed_with(books, "office"), ("alice".into(), String::new()));

    assert_eq!(code(books.credentials(None, "home", BOTH)), 623);
    assert_eq!(code(books.set_credentials(None, "home", &masked("a", "b"), false)), 87);
    assert_eq!(code(books.credentials(None, "office", 0x80)), 87);
    let bad = MaskedCredentials { mask: 0x80, ..masked("", "") };
    assert_eq!(code(books.set_credentials(None, "office", &bad, false)), 87);
}

#[test]
fn credentials_for_all_users_belong_to_entries_of_all_users() {
    let place = with_entries(&["office"], &["lab"]);
    let books = &place.books;
    let for_all = MaskedCredentials { mask: BOTH | mask::DEFAULT_CREDS, ..masked("guest", "g1") };
    assert_eq!(code(books.set_credentials(None, "office", &for_all, false)), 5);
    assert_eq!(books.credentials(None, "office", for_all.mask).unwrap().mask, 0);
    books.set_credentials(None, "lab", &for_all, false).unwrap();
    assert_eq!(books.credentials(None, "lab", for_all.mask).unwrap().mask, for_all.mask);
    assert_eq!(books.credentials(None, "lab", BOTH).unwrap().mask, 0, "not one's own");
    assert_eq!(dialed_with(books, "lab"), ("guest".into(), "g1".into()));
    books.set_credentials(None, "lab", &masked("alice", "wonderland1"), false).unwrap();
    assert_eq!(dialed_with(books, "lab"), ("alice".into(), "wonderland1".into()));
    assert!(books.forget(None, "lab").unwrap());
    assert_eq!(dialed_with(books, "lab"), (String::new(), String::new()));

    if !Path::new("/sys/kernel").exists() {
        eprintln!("skipped: there is no file system here in which root may not write");
        return;
    }
    let mut nowhere = place.books.clone();
    nowhere.default_keyring = "/sys/onhook/credentials.json".into();
    assert_eq!(code(nowhere.set_credentials(None, "lab", &for_all, false)), 5);
    let key = MaskedCredentials { mask: mask::PRE_SHARED_KEY, ..masked("", "psk") };
    assert_eq!(code(nowhere.set_credentials(None, "lab", &key, false)), 5);
    nowhere.set_credentials(None, "office", &key, false).unwrap();
    let keys = nowhere.credentials(None, "office", mask::KEYS).unwrap();
    assert_eq!((keys.mask, keys.password.expose().as_str()), (mask::PRE_SHARED_KEY, STAND_IN));
}

#[test]
fn an_entry_that_was_written_by_hand_gets_a_number_when_something_is_kept() {
    let place = with_entries(&["office"], &[]);
    let books = &place.books;
    let text =
        "[lab]\nMEDIA=rastapi\nDevice=x\nDEVICE=vpn\nPhoneNumber=lab.example\nOnhookUser=carol\n";
    fs::write(books.user_book().unwrap(), text).unwrap();
    assert_eq!(dialed_with(books, "lab"), ("carol".into(), String::new()));
    assert_eq!(
        fs::read_to_string(books.user_book().unwrap()).unwrap(),
        text,
        "asking writes nothing"
    );
    assert!(!books.forget(None, "lab").unwrap());
    books
        .set_dial_params(
            None,
            "lab",
            &SetDialParams {
                user: "dave".into(),
                password: Secret::new("x".into()),
                ..Default::default()
            },
        )
        .unwrap();
    assert_eq!(dialed_with(books, "lab"), ("dave".into(), "x".into()));
    let written = fs::read_to_string(books.user_book().unwrap()).unwrap();
    assert!(written.contains("DialParamsUID=") && written.contains("Guid="), "{written}");
}

#[test]
fn b169_b170_b171_what_a_dial_has_succeeded_with_is_remembered() {
    let place = with_entries(&["office"], &[]);
    let books = &place.books;
    let dialed = Credentials {
        user: "alice".into(),
        password: Secret::new("wonderland1".into()),
        domain: "WORK".into(),
        ..Credentials::default()
    };
    books.remember(None, "office", &dialed, "", false).unwrap();
    let params = books.dial_params(None, "office").unwrap();
    assert_eq!((params.user.as_str(), params.domain.as_str()), ("alice", "WORK"));
    assert!(!params.has_password);
    books.remember(None, "office", &dialed, "", true).unwrap();
    assert!(books.dial_params(None, "office").unwrap().has_password);
    let again = books.resolve(None, "office", &Given::default()).unwrap();
    assert_eq!(again, dialed);
    assert_eq!(code(books.dial_params(None, "home")), 623);
}

#[test]
fn a_file_of_credentials_that_is_broken_is_never_overwritten() {
    let place = with_entries(&["office"], &[]);
    let books = &place.books;
    fs::write(&books.keyring, b"{\"version\":1,").unwrap();
    assert_eq!(code(books.set_credentials(None, "office", &masked("a", "b"), false)), 625);
    assert_eq!(code(books.credentials(None, "office", BOTH)), 625);
    assert_eq!(fs::read(&books.keyring).unwrap(), b"{\"version\":1,");
}

#[test]
fn b165_a_number_that_got_through_moves_to_the_front() {
    let place = place();
    let books = &place.books;
    let mut modem = entry("5550100");
    modem.device_type = "modem".into();
    modem.entry_type = 1;
    modem.alternates = vec!["5550101".into(), "5550102".into()];
    books.set_properties(None, "lab", &modem).unwrap();
    assert!(!books.promote_number(None, "lab", "5550102").unwrap(), "the entry does not want it");
    modem.options |= option::PROMOTE_ALTERNATES;
    books.set_properties(None, "lab", &modem).unwrap();
    assert!(books.promote_number(None, "lab", "5550102").unwrap());
    let now = books.properties(None, "lab").unwrap();
    assert_eq!(now.phone_number, "5550102");
    assert_eq!(now.alternates, ["5550100", "5550101"]);
    assert!(!books.promote_number(None, "lab", "5550102").unwrap());
}

/// An entry that requires EAP by this method, in the user's book.
fn requires_eap(books: &Phonebooks, name: &str, method: u32) {
    let mut eap = entry("vpn.example");
    eap.options = eap.options & !option::REQUIRE_MSCHAP2 | option::REQUIRE_EAP;
    eap.custom_auth_key = method;
    books.set_properties(None, name, &eap).unwrap();
}

/// The entry as a dial has it.
fn to_dial(books: &Phonebooks, name: &str) -> Entry {
    books::find(name, books.user_book()).unwrap().entry
}

#[test]
fn b045_b188_an_identity_has_no_secret_and_a_dial_takes_what_it_names() {
    let place = with_entries(&["office"], &[]);
    let books = &place.books;
    for name in ["office", "home"] {
        requires_eap(books, name, 26);
    }
    let named = MaskedCredentials { mask: mask::USER_NAME, ..masked("alice", "") };
    books.set_credentials(None, "office", &named, false).unwrap();
    assert_eq!(code(books.eap_identity(None, "office", false)), 703, "no password is saved");
    let to_be_asked = books.eap_identity(None, "office", true).unwrap().data;
    assert!(!EapUser::parse(&to_be_asked).unwrap().saved_password);
    books.set_credentials(None, "office", &masked("alice", "wonderland"), false).unwrap();
    let identity = books.eap_identity(None, "OFFICE", false).unwrap();
    assert_eq!(identity.user, "alice");
    assert!(!identity.data.windows(10).any(|octets| octets == b"wonderland"));

    let mut office = to_dial(books, "office");
    let mut dial = |octets: &[u8], user: &str, password: &str| {
        let password = Secret::new(password.to_owned());
        let mut given = Given { user: user.to_owned(), password, domain: String::new() };
        let done = books.dial_as(octets, None, &mut office, &mut given);
        done.map(|()| (given.user, given.password.expose().clone()))
    };
    let alice = |password: &str| Ok(("alice".to_owned(), password.to_owned()));
    assert_eq!(dial(&identity.data, "", ""), alice("wonderland"));
    assert_eq!(dial(&identity.data, "alice", "typed"), alice("typed"));
    assert_eq!(dial(&to_be_asked, "", ""), alice(""), "what it does not name is not taken");
    assert_eq!(code(dial(&identity.data, "dinah", "")), 804);
    assert_eq!(code(dial(b"of another method", "", "")), 87);
    let of_home = EapUser { entry: "home".into(), user: "alice".into(), ..EapUser::default() };
    assert_eq!(code(dial(&of_home.to_bytes().unwrap(), "", "")), 804);
    books.set_credentials(None, "office", &masked("dinah", "meow"), false).unwrap();
    assert_eq!(code(dial(&identity.data, "", "")), 804, "the saved password is dinah's now");
    books.forget(None, "office").unwrap();
    assert_eq!(code(dial(&identity.data, "", "")), 703);

    let mut without = Entry::for_number("vpn.example", "sstp");
    without.auth = AuthRestrictions::of(&[AuthMethod::MsChap2]);
    let done = books.dial_as(b"whatever", None, &mut without, &mut Given::default());
    assert_eq!(done, Ok(()), "an entry without EAP does not look at it");
}

#[test]
fn b045_user_data_may_name_the_user_and_a_certificate() {
    let place = with_entries(&["tls"], &[]);
    let books = &place.books;
    requires_eap(books, "tls", 13);
    books.set_credentials(None, "tls", &masked("alice", "wonderland"), false).unwrap();
    assert_eq!(code(books.eap_identity(None, "tls", true)), 703, "a password proves nothing here");
    let kept = EapUser {
        entry: "as it was called before".into(),
        user: "dinah".into(),
        domain: "CATS".into(),
        certificate_file: Some("/home/dinah/cat.p12".into()),
        ..EapUser::default()
    };
    books.set_eap_user_data(None, "tls", &kept.to_bytes().unwrap()).unwrap();
    let identity = books.eap_identity(None, "tls", false).unwrap();
    assert_eq!(identity.user, "CATS\\dinah");
    let mut tls = to_dial(books, "tls");
    tls.key_file = Some("of another certificate".into());
    let mut given = Given { user: identity.user, ..Given::default() };
    books.dial_as(&identity.data, None, &mut tls, &mut given).unwrap();
    assert_eq!((given.user.as_str(), given.domain.as_str()), ("dinah", "CATS"));
    assert_eq!(tls.certificate_file.as_deref(), Some("/home/dinah/cat.p12"));
    assert_eq!(tls.key_file, None);
    requires_eap(books, "tls", 26);
    let identity = books.eap_identity(None, "tls", true).unwrap();
    assert!(!EapUser::parse(&identity.data).unwrap().saved_password, "it is alice's");
}

#[test]
fn what_eap_keeps_comes_back_and_an_identity_needs_eap_and_a_name() {
    let place = with_entries(&["office"], &[]);
    let books = &place.books;
    let identity = |may_ask| books.eap_identity(None, "office", may_ask);
    assert_eq!(code(identity(true)), 780);
    let mut eap = entry("vpn.example");
    eap.options = eap.options & !option::REQUIRE_MSCHAP2 | option::REQUIRE_EAP;
    books.set_properties(None, "office", &eap).unwrap();
    assert_eq!(code(identity(true)), 703);
    let data: Vec<u8> = (0..=255).collect();
    books.set_eap_user_data(None, "office", &data).unwrap();
    books.set_custom_auth_data(None, "office", &data).unwrap();
    assert_eq!(books.eap_user_data(None, "office").unwrap(), data);
    assert_eq!(books.custom_auth_data(None, "office").unwrap(), data);
    books.set_credentials(None, "office", &masked("alice", "x"), false).unwrap();
    assert_eq!(identity(false).unwrap().user, "alice", "octets of another kind are not for us");
    for missing in [
        books.eap_user_data(None, "home").map(drop),
        books.set_eap_user_data(None, "home", b"x"),
        books.custom_auth_data(None, "home").map(drop),
        books.set_custom_auth_data(None, "home", b"x"),
        books.eap_identity(None, "home", true).map(drop),
    ] {
        assert_eq!(code(missing), 623);
    }
}

#[test]
fn a_login_script_that_an_entry_names_is_what_is_dialed_with() {
    let place = place();
    let books = &place.books;
    let mut modem = entry("5550100");
    modem.device_type = "modem".into();
    modem.entry_type = 1;
    modem.script = "login.txt".into();
    books.set_properties(None, "lab", &modem).unwrap();
    let book = books.user_book().unwrap();
    let missing = crate::books::find("lab", Some(book)).unwrap_err();
    assert_eq!(missing.code, RasCode::OPEN_FAILED);
    fs::write(book.with_file_name("login.txt"), "expect ogin:\nsend $user\n").unwrap();
    let found = crate::books::find("lab", Some(book)).unwrap();
    assert_eq!(found.entry.login_script.as_deref(), Some("expect ogin:\nsend $user\n"));
}

#[test]
fn what_is_dialed_for_an_address_is_kept() {
    let place = with_entries(&["office", "home"], &["lab"]);
    let books = &place.books;
    let from = |location, entry: &str| AutodialEntry { location, entry: entry.to_owned() };
    assert_eq!(books.autodial_entries(Some("intranet")).unwrap(), []);
    books.set_autodial_entries(Some("Intranet"), &[from(1, "office"), from(2, "lab")]).unwrap();
    books.set_autodial_entries(Some("intranet"), &[from(2, "home")]).unwrap();
    let found = books.autodial_entries(Some("INTRANET")).unwrap();
    assert_eq!(found, [from(1, "office"), from(2, "home")]);
    assert_eq!(code(books.set_autodial_entries(Some("a"), &[from(1, "none")])), 623);
    assert_eq!(code(books.set_autodial_entries(Some(""), &[from(1, "office")])), 87);
    books.set_autodial_entries(Some("intranet"), &[]).unwrap();
    assert_eq!(books.autodial().unwrap().addresses().count(), 0);

    fs::write(&books.default_autodial, r#"{"version":1,"default_entry":"lab"}"#).unwrap();
    assert_eq!(books.default_connection().unwrap().as_deref(), Some("lab"));
    books.set_autodial_entries(None, &[from(0, "home")]).unwrap();
    assert_eq!(books.autodial_entries(None).unwrap(), [from(0, "home")]);
    let two = [from(0, "home"), from(1, "office")];
    assert_eq!(code(books.set_autodial_entries(None, &two)), 87);
    books.set_autodial_entries(None, &[from(0, "")]).unwrap();
    assert_eq!(books.default_connection().unwrap().as_deref(), Some("lab"));

    assert_eq!(books.autodial_param(2).unwrap(), 100);
    books.set_autodial_param(2, 7).unwrap();
    assert_eq!(books.autodial_param(2).unwrap(), 7);
    assert_eq!(code(books.autodial_param(5)), 87);
    assert_eq!(code(books.set_autodial_param(5, 1)), 87);
    books.change_autodial(|autodial| autodial.enable(1, true)).unwrap();
    assert!(books.autodial().unwrap().is_enabled(1));
    fs::write(&books.autodial, b"junk").unwrap();
    assert_eq!(code(books.set_autodial_param(2, 8)), 625);
    assert_eq!(fs::read(&books.autodial).unwrap(), b"junk");
}

#[test]
fn b165_b169_what_a_successful_dial_leaves_is_what_the_entry_says() {
    let place = place();
    let books = &place.books;
    let mut office = entry("a.example");
    office.alternates = vec!["b.example".into()];
    books.set_properties(None, "office", &office).unwrap();
    let dialed = Credentials {
        user: "alice".into(),
        password: Secret::new("wonderland1".into()),
        ..Credentials::default()
    };
    books.succeeded(None, "office", &dialed, "5550100", "b.example").unwrap();
    let params = books.dial_params(None, "office").unwrap();
    assert_eq!((params.user.as_str(), params.callback_number.as_str()), ("alice", "5550100"));
    assert!(!params.has_password);
    assert_eq!(books.properties(None, "office").unwrap().phone_number, "a.example");

    office.options |= option::PROMOTE_ALTERNATES;
    office.options2 |= option2::CACHE_CREDENTIALS;
    books.set_properties(None, "office", &office).unwrap();
    books.succeeded(None, "office", &dialed, "", "b.example").unwrap();
    assert_eq!(dialed_with(books, "office"), ("alice".into(), "wonderland1".into()));
    assert_eq!(books.dial_params(None, "office").unwrap().callback_number, "5550100");
    assert_eq!(books.properties(None, "office").unwrap().phone_number, "b.example");
    assert_eq!(code(books.succeeded(None, "home", &dialed, "", "")), 623);
}

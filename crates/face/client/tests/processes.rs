//! Several processes that write the same files at once.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use onhook_base::Secret;
use onhook_client::phonebooks::{EntryProperties, Given, MaskedCredentials, Phonebooks, mask};

const FOLDER: &str = "ONHOOK_TEST_FOLDER";
const WRITERS: usize = 3;
const ENTRIES: usize = 10;

/// In a process of its own when the test below has started it: makes entries, keeps credentials for them,
/// and deletes every fifth.
fn write(folder: &Path, writer: &str) {
    let books = Phonebooks::in_folder(folder);
    for number in 0..ENTRIES {
        let name = format!("{writer}-{number}");
        let entry =
            EntryProperties { phone_number: format!("{name}.example"), ..Default::default() };
        books.set_properties(None, &name, &entry).unwrap();
        let credentials = MaskedCredentials {
            mask: mask::USER_NAME | mask::PASSWORD,
            user: name.clone(),
            password: Secret::new(format!("secret of {name}")),
            domain: String::new(),
        };
        books.set_credentials(None, &name, &credentials, false).unwrap();
        if number % 5 == 4 {
            books.delete(None, &name, |_| Ok(false)).unwrap();
        }
    }
}

fn start(folder: &Path, writer: usize) -> Child {
    let mut own = Command::new(std::env::current_exe().unwrap());
    own.args(["--exact", "b160_programs_that_write_one_book_at_once_lose_nothing"]);
    own.env(FOLDER, folder).env("ONHOOK_TEST_WRITER", writer.to_string());
    own.stdout(Stdio::null()).spawn().unwrap()
}

#[test]
fn b160_programs_that_write_one_book_at_once_lose_nothing() {
    if let (Some(folder), Ok(writer)) =
        (std::env::var_os(FOLDER), std::env::var("ONHOOK_TEST_WRITER"))
    {
        return write(Path::new(&folder), &writer);
    }
    let folder = tempfile::tempdir().unwrap();
    let children: Vec<Child> = (0..WRITERS).map(|writer| start(folder.path(), writer)).collect();
    // One more, which reads all the while: it never finds half a book.
    let books = Phonebooks::in_folder(folder.path());
    for mut child in children {
        while child.try_wait().unwrap().is_none() {
            for listed in books.list(None).unwrap() {
                assert!(listed.name.contains('-'));
            }
        }
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(books.list(None).unwrap().len(), WRITERS * (ENTRIES - ENTRIES / 5));
    for writer in 0..WRITERS {
        for number in (0..ENTRIES).filter(|number| number % 5 != 4) {
            let name = format!("{writer}-{number}");
            let found = books.resolve(None, &name, &Given::default()).unwrap();
            assert_eq!(found.user, name);
            assert_eq!(*found.password.expose(), format!("secret of {name}"));
        }
    }
}

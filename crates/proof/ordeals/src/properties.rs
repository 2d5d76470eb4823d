//! The properties and links of entries in a phone book of any bytes: what can be set is read back.

use onhook_phonebook::{NewIdentity, PhoneBook};

use crate::input::Input;

/// The first bytes say what is changed; the others are a book.
pub(crate) fn run(data: &[u8]) {
    let (head, bytes) = data.split_at(data.len().min(16));
    let Ok(mut book) = PhoneBook::parse(bytes) else { return };
    let mut input = Input(head);
    let identity = NewIdentity { guid: [input.byte(); 16], dial_params_uid: input.byte().into() };
    for name in book.entry_names() {
        let Ok(read) = book.properties(&name) else { continue };
        let mut wanted = read.clone();
        wanted.options ^= 1 << (input.byte() % 32);
        wanted.options2 ^= 1 << (input.byte() % 32);
        wanted.encryption_type = (input.byte() % 4).into();
        if input.byte() % 2 == 0 {
            wanted.alternates.push("5550199".to_owned());
        } else {
            wanted.alternates.clear();
        }
        let before = book.clone();
        if book.set_properties(&name, &wanted, &identity).is_err() {
            assert_eq!(book, before, "a change that is refused changes nothing");
            continue;
        }
        let again = PhoneBook::parse(&book.to_bytes()).expect("our own writing is read");
        assert_eq!(again.entry_names(), before.entry_names());
        let found = again.properties(&name).expect("the entry is still there");
        let mut settled = wanted.settled();
        // Given, not set; an entry without a GUID has got one.
        (settled.guid, settled.subentries) = (found.guid, found.subentries);
        assert_eq!(found, settled, "{name}");
        links(&mut book, &name, &mut input);
        if book.set_custom_auth_data(&name, head).is_ok() {
            assert_eq!(book.custom_auth_data(&name).expect("it was just set"), head);
        }
    }
}

fn links(book: &mut PhoneBook, name: &str, input: &mut Input<'_>) {
    let Ok(links) = book.subentries(name) else { return };
    let number = u32::from(input.byte() % 8);
    let Some(mut link) = links.first().cloned() else { return };
    link.phone_number = "5550123".to_owned();
    if book.set_subentry(name, number, &link).is_ok() {
        let after = book.subentries(name).expect("it has a link at least");
        assert!(after.len() == links.len() || after.len() == links.len() + 1);
        assert_eq!(after.get(number as usize - 1), Some(&link.settled()));
        if book.remove_subentry(name, number).is_ok() {
            let rest = book.subentries(name).expect("the last one cannot go");
            assert_eq!(rest.len(), after.len() - 1);
        }
    }
}

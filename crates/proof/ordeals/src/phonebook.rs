//! A phone book of any bytes: refused with its line, or kept to the last octet.

use onhook_phonebook::PhoneBook;

pub(crate) fn run(data: &[u8]) {
    let mut book = match PhoneBook::parse(data) {
        Ok(book) => book,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    assert_eq!(book.to_bytes(), data, "what was read is written as it was");
    for name in book.entry_names() {
        assert!(book.contains(&name));
        let Ok((entry, _)) = book.entry(&name) else { continue };
        // What an entry means survives being written and read.
        if book.set_entry(&entry).is_ok() {
            let again = PhoneBook::parse(&book.to_bytes()).expect("our own writing is read");
            let (same, _) = again.entry(&name).expect("the entry is still there");
            assert_eq!(same, entry, "{name}");
        }
    }
}

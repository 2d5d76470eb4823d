//! A file of credentials of any bytes: refused without being quoted, or kept to the last secret.

use onhook_phonebook::{EntryId, Keyring, MaskedCredentials, mask};

pub(crate) fn run(data: &[u8]) {
    let mut keyring = match Keyring::parse(data) {
        Ok(keyring) => keyring,
        Err(error) => {
            assert!(error.to_string().len() < 100, "a complaint quotes nothing");
            return;
        }
    };
    let written = keyring.to_bytes();
    assert_eq!(Keyring::parse(written.expose()).as_ref(), Ok(&keyring));
    let id = EntryId { uid: 1, guid: [0; 16] };
    let before = keyring.get(id, mask::ALL);
    let change = MaskedCredentials {
        mask: mask::USER_NAME,
        user: "alice".to_owned(),
        ..MaskedCredentials::default()
    };
    keyring.set(id, &change).expect("a short name is kept");
    let after = keyring.get(id, mask::ALL);
    assert_eq!(after.user, "alice");
    // The others are as they were, unless the record was another entry's.
    assert!(before.mask == 0 || after.mask == before.mask | mask::USER_NAME);
    keyring.forget(id);
    assert_eq!(keyring.get(id, mask::ALL).mask, 0);
}

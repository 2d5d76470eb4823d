//! Settings of AutoDial of any bytes: refused, or kept.

use onhook_phonebook::{Autodial, AutodialEntry};

pub(crate) fn run(data: &[u8]) {
    let mut autodial = match Autodial::parse(data) {
        Ok(autodial) => autodial,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    assert_eq!(Autodial::parse(&autodial.to_bytes()).as_ref(), Ok(&autodial));
    let addresses: Vec<String> = autodial.addresses().map(str::to_owned).collect();
    for address in addresses {
        assert!(!autodial.entries(&address).is_empty());
        let given = AutodialEntry { location: 7, entry: "office".to_owned() };
        if autodial.add_entries(&address, std::slice::from_ref(&given)).is_ok() {
            assert!(autodial.entries(&address).contains(&given));
        }
        assert!(autodial.remove(&address));
    }
    assert_eq!(autodial.addresses().count(), 0);
}

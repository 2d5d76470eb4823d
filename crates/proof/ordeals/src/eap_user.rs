//! The octets of an EAP method in `RasEapInfo`: any, and any behind a head and a check that are right. They are
//! refused without being quoted, or taken and written alike.

use onhook_phonebook::{EapUser, EapUserError, MAX_EAP_IDENTITY};

pub(crate) fn run(data: &[u8]) {
    stand(data);
    let Some((flags, body)) = data.split_first() else { return };
    let mut octets = b"OHEU\x01".to_vec();
    octets.push(flags & 1);
    octets.extend_from_slice(&check(body).to_le_bytes());
    octets.extend_from_slice(body);
    if stand(&octets) {
        // One bit less or more is another identity, and none.
        let at = usize::from(*flags) % octets.len();
        octets[at] ^= 1 << (flags >> 5);
        assert!(!stand(&octets) || at == 5, "octet {at} is not looked at");
    }
}

/// Whether they are taken.
fn stand(octets: &[u8]) -> bool {
    match EapUser::parse(octets) {
        Ok(user) => {
            assert_eq!(user.to_bytes().as_deref(), Ok(octets));
            assert!(octets.len() <= MAX_EAP_IDENTITY);
            assert!(!user.entry.is_empty());
            true
        }
        Err(error) => {
            assert_eq!(error == EapUserError::Foreign, !octets.starts_with(b"OHEU"));
            assert!(error.to_string().len() < 100, "a complaint quotes nothing");
            false
        }
    }
}

/// CRC-32, by its definition: the remainder of a division (ITU-T V.42 §8.1.1.6.2), the high bit first.
fn check(body: &[u8]) -> u32 {
    let mut rest = u32::MAX;
    for octet in body {
        rest ^= u32::from(octet.reverse_bits()) << 24;
        for _ in 0..8 {
            let carry = rest >> 31 == 1;
            rest <<= 1;
            if carry {
                rest ^= 0x04C1_1DB7;
            }
        }
    }
    !rest.reverse_bits()
}

//! What is saved with entries.

use std::ptr::{null, null_mut};

use rasapi32::exports::*;
use rasapi32::layout::{Charset, tables};

use crate::caller::*;
use crate::stage::PASSWORD;

const STAND_IN: &str = "****************";

fn wide(text: &str) -> Vec<u8> {
    Charset::Wide.encode(text)
}

fn dial_params(name: &str) -> (u32, Struct) {
    let mut params = Struct::new(&tables::RASDIALPARAMS, Charset::Wide);
    params.put().put_text("szEntryName", name);
    params.put().put_text("szPhoneNumber", "left over");
    let mut has_password = 7;
    // SAFETY: everything that is pointed to is here.
    let result = unsafe { RasGetEntryDialParamsW(null(), params.pointer(), &raw mut has_password) };
    assert_eq!(result, 0);
    (has_password, params)
}

fn save(name: &str, user: &str, password: &str, remove: u32) -> u32 {
    let mut params = Struct::new(&tables::RASDIALPARAMS, Charset::Wide);
    params.put().put_text("szEntryName", name);
    params.put().put_text("szUserName", user);
    params.put().put_text("szPassword", password);
    // SAFETY: everything that is pointed to is here.
    unsafe { RasSetEntryDialParamsW(null(), params.pointer(), remove) }
}

#[test]
fn b169_b170_b171_b172_b173_b174_dial_parameters_are_kept_and_dial() {
    let name = entry("b169");
    assert_eq!(dial_params(&name).0, 0);
    assert_eq!(save(&name, "alice", PASSWORD, 0), 0);
    let (has_password, saved) = dial_params(&name);
    assert_eq!((has_password, saved.text("szUserName").as_str()), (1, "alice"));
    assert_eq!(saved.text("szPassword"), STAND_IN);
    assert_eq!(saved.text("szPhoneNumber"), "", "b170");

    let mut dial = Dial::entry(&name).password(STAND_IN);
    assert_eq!(dial.call(0, 0), 0, "b172");
    end(dial.handle);
    let mut dial = Dial::entry(&name).password("");
    dial.params.put().put_text("szUserName", "");
    assert_eq!(dial.call(0, 0), 0, "b020: nothing given stands for what is saved");
    end(dial.handle);
    let mut dial = Dial::entry(&name).password("wrong");
    assert_eq!(dial.call(0, 0), 691, "b021: what is given goes before what is saved");
    end(dial.handle);

    assert_eq!(save(&name, "", "", 0), 0);
    assert_eq!(dial_params(&name).1.text("szUserName"), "alice", "b173");
    assert_eq!(save(&name, "alice", "", 1), 0);
    assert_eq!(dial_params(&name).0, 0, "b174");
    assert_eq!(save("nowhere", "alice", "", 0), 623);
}

#[test]
fn b169_a_dial_that_succeeded_is_remembered() {
    let name = entry("b169 dialed");
    let handle = Dial::entry(&name).synchronous().1;
    end(handle);
    let (has_password, saved) = dial_params(&name);
    assert_eq!((has_password, saved.text("szUserName").as_str()), (0, "alice"));
}

#[test]
fn b175_b176_b177_b178_b179_b180_credentials() {
    let name = entry("b175");
    let wide_name = wide(&name);
    let credentials = |mask, user: &str, password: &str| {
        let mut credentials = Struct::new(&tables::RASCREDENTIALS, Charset::Wide);
        credentials.put().put_u32("dwMask", mask);
        credentials.put().put_text("szUserName", user);
        credentials.put().put_text("szPassword", password);
        credentials
    };
    let set = |name: &[u8], mut given: Struct, clear| {
        // SAFETY: everything that is pointed to is here.
        unsafe { RasSetCredentialsW(null(), name.as_ptr(), given.pointer(), clear) }
    };
    let get = |mask| {
        let mut wanted = credentials(mask, "", "");
        // SAFETY: everything that is pointed to is here.
        let result = unsafe { RasGetCredentialsW(null(), wide_name.as_ptr(), wanted.pointer()) };
        assert_eq!(result, 0);
        wanted
    };
    assert_eq!(get(7).u32("dwMask"), 0, "b175");
    assert_eq!(set(&wide_name, credentials(3, "alice", PASSWORD), 0), 0);
    let found = get(7);
    assert_eq!(found.u32("dwMask") & 2, 2);
    assert_eq!(
        (found.text("szUserName"), found.text("szPassword")),
        ("alice".into(), STAND_IN.into())
    );
    assert_eq!(set(&wide_name, credentials(2, "", STAND_IN), 0), 0, "b177");
    let mut dial = Dial::entry(&name).password(STAND_IN);
    assert_eq!(dial.call(0, 0), 0, "the saved password is still the saved password");
    end(dial.handle);
    assert_eq!(set(&wide_name, credentials(2, "", ""), 1), 0, "b178");
    let found = get(7);
    assert_eq!((found.u32("dwMask") & 2, found.text("szUserName").as_str()), (0, "alice"));
    assert_eq!(set(&wide("nowhere"), credentials(3, "a", "b"), 0), 87, "b179");
    assert_eq!(set(&wide_name, credentials(8 | 3, "a", "b"), 0), 5, "b180");
    let mut wanted = credentials(7, "", "");
    // SAFETY: everything that is pointed to is here.
    unsafe {
        assert_eq!(RasGetCredentialsW(null(), wide("nowhere").as_ptr(), wanted.pointer()), 623);
        wanted.set_size(3);
        assert_eq!(RasGetCredentialsW(null(), wide_name.as_ptr(), wanted.pointer()), 632);
        assert_eq!(RasGetCredentialsW(null(), wide_name.as_ptr(), null_mut()), 87);
    }
}

#[test]
fn b187_b188_b189_b190_b191_data_of_eap_methods() {
    let name = wide(&entry("b190"));
    const INVALID: u32 = 0x8007_0057;
    let mut data = [1_u8, 0, 255, 7, 9];
    let mut size = 0;
    // SAFETY: everything that is pointed to is here, and as large as is said.
    unsafe {
        let book = null();
        assert_eq!(RasSetEapUserDataW(0, book, name.as_ptr(), data.as_mut_ptr(), 5), 0);
        assert_eq!(RasSetCustomAuthDataW(book, name.as_ptr(), data.as_mut_ptr(), 5), 0);
        assert_eq!(RasGetEapUserDataW(0, book, name.as_ptr(), null_mut(), &raw mut size), 603);
        assert_eq!(size, 5);
        let mut read = [0_u8; 5];
        assert_eq!(RasGetEapUserDataW(0, book, name.as_ptr(), read.as_mut_ptr(), &raw mut size), 0);
        assert_eq!(read, data);
        read.fill(0);
        assert_eq!(RasGetCustomAuthDataW(book, name.as_ptr(), read.as_mut_ptr(), &raw mut size), 0);
        assert_eq!(read, data);
        assert_eq!(RasGetCustomAuthDataW(book, name.as_ptr(), null_mut(), null_mut()), INVALID);
        assert_eq!(RasSetCustomAuthDataW(book, name.as_ptr(), null_mut(), 5), INVALID);
        assert_eq!(RasSetEapUserDataW(0, book, name.as_ptr(), data.as_mut_ptr(), 0), INVALID);
        let nowhere = wide("nowhere");
        assert_eq!(RasGetEapUserDataW(0, book, nowhere.as_ptr(), null_mut(), &raw mut size), 623);
        let mut identity = 1;
        let asked = RasGetEapUserIdentityW(book, name.as_ptr(), 1, 0, &raw mut identity);
        assert_eq!((asked, identity), (780, 0), "b187: it does not use EAP");
        assert_eq!(RasInvokeEapUI(0, 1, null_mut(), 0), 6, "b191");
    }
    RasFreeEapUserIdentityW(0);
    RasFreeEapUserIdentityA(4711);
}

#[test]
fn b192_b193_b194_b195_b196_autodial() {
    entry("b192");
    let address = wide("www.example.net");
    let mut given = Struct::new(&tables::RASAUTODIALENTRY, Charset::Wide);
    given.put().put_text("szEntry", "b192");
    given.put().put_u32("dwDialingLocation", 1);
    let one = u32::try_from(given.view().form().size()).unwrap();
    let (mut size, mut count) = (one, 0);
    // SAFETY: everything that is pointed to is here, and as large as is said.
    unsafe {
        let set = |given: &mut Struct| {
            RasSetAutodialAddressW(address.as_ptr(), 0, given.pointer(), one, 1)
        };
        assert_eq!((set(&mut given), set(&mut given)), (0, 0));
        let mut read = Struct::new(&tables::RASAUTODIALENTRY, Charset::Wide);
        let mut get = |read: *mut u8| {
            RasGetAutodialAddressW(
                address.as_ptr(),
                null_mut(),
                read,
                &raw mut size,
                &raw mut count,
            )
        };
        assert_eq!(get(read.pointer()), 0, "b192: the same location is replaced");
        assert_eq!(read.text("szEntry"), "b192");
        given.put().put_text("szEntry", "nowhere");
        assert_eq!(set(&mut given), 623);
        size = 0;
        assert_eq!(RasEnumAutodialAddressesW(null_mut(), &raw mut size, &raw mut count), 603);
        let mut memory = vec![0_usize; size as usize / 8 + 1];
        let start = memory.as_ptr() as usize;
        let buffer = memory.as_mut_ptr().cast();
        assert_eq!(RasEnumAutodialAddressesW(buffer, &raw mut size, &raw mut count), 0);
        assert!((start..start + size as usize).contains(&memory[0]), "b194");
        assert_eq!(RasSetAutodialAddressW(address.as_ptr(), 0, null_mut(), 0, 0), 0, "b193");
        assert_eq!(RasEnumAutodialAddressesW(buffer, &raw mut size, &raw mut count), 0);
        assert_eq!(count, 0);

        for (key, default) in [(0, 0), (1, 0), (2, 100), (3, 5)] {
            let (mut value, mut size) = (77, 4);
            let result = RasGetAutodialParamW(key, &raw mut value, &raw mut size);
            assert_eq!((result, value), (0, default), "b195: {key}");
        }
        let (mut value, mut size) = (0, 3);
        assert_eq!(RasGetAutodialParamW(2, &raw mut value, &raw mut size), 632, "b196");
        assert_eq!(RasGetAutodialParamW(99, &raw mut value, &raw mut size), 87, "b196");
        assert_eq!(RasSetAutodialParamW(2, &raw mut value, 5), 632);
        assert_eq!(RasSetAutodialEnableW(1, 0), 0);
        assert_eq!(RasGetAutodialEnableW(1, &raw mut value), 0);
        assert_eq!(value, 0);
    }
}

#[test]
fn b197_countries_are_walked_from_1_to_0() {
    stage();
    let mut id = 1;
    let mut walked = 0;
    while id != 0 {
        let form = Struct::new(&tables::RASCTRYINFO, Charset::Wide);
        let mut memory = form.view().as_octets().to_vec();
        memory.resize(512, 0);
        memory[4..8].copy_from_slice(&u32::to_le_bytes(id));
        let mut size = 512;
        // SAFETY: the buffer is as large as is said.
        assert_eq!(unsafe { RasGetCountryInfoW(memory.as_mut_ptr(), &raw mut size) }, 0);
        let number = |at: usize| u32::from_le_bytes(memory[at..at + 4].try_into().unwrap());
        assert!(!Charset::Wide.decode(&memory[number(16) as usize..]).unwrap().is_empty());
        id = number(8);
        walked += 1;
    }
    assert!(walked > 200, "{walked}");
    let mut wrong = Struct::new(&tables::RASCTRYINFO, Charset::Wide);
    let mut size = 512;
    // SAFETY: everything that is pointed to is here.
    unsafe {
        wrong.put().put_u32("dwCountryID", 12_345);
        assert_eq!(RasGetCountryInfoW(wrong.pointer(), &raw mut size), 87);
        wrong.set_size(19);
        assert_eq!(RasGetCountryInfoW(wrong.pointer(), &raw mut size), 1784);
    }
}

#[test]
fn b200_dialogs_say_that_a_person_would_be_needed() {
    let name = wide(&entry("b200"));
    let mut info = Struct::new(&tables::RASDIALDLG, Charset::Wide);
    // SAFETY: everything that is pointed to is here.
    unsafe {
        assert_eq!(RasDialDlgW(null(), name.as_ptr(), null(), info.pointer()), 0);
        assert_eq!(info.u32("dwError"), 703);
        assert_eq!(RasDialDlgW(null(), wide("nowhere").as_ptr(), null(), info.pointer()), 0);
        assert_eq!(info.u32("dwError"), 623);
        assert_eq!(RasDialDlgW(null(), name.as_ptr(), null(), null_mut()), 0);
        let mut book = Struct::new(&tables::RASPBDLG, Charset::Wide);
        assert_eq!(RasPhonebookDlgW(null(), null(), book.pointer()), 0);
        assert_eq!(book.u32("dwError"), 703);
    }
}

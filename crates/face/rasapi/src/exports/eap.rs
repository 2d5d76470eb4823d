//! What EAP methods keep with an entry, and who its user is to them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::both_forms;
use crate::boundary::{Refusal, answer, give, octets, path, place, structure, text};
use crate::layout::{Charset, Machine, ViewMut, tables};
use crate::saved::{self, DataOf};
use crate::{connections, notifier};
use onhook_model::RasCode;

const INVALID_ARGUMENT: Refusal = Refusal(RasCode::E_INVALIDARG);

/// `RASEAPF_NonInteractive`.
const NON_INTERACTIVE: u32 = 0x2;

/// The name of an entry: `E_INVALIDARG` where the pointer is null.
///
/// # Safety
/// As [`text`].
unsafe fn entry_name(name: *const u8, charset: Charset) -> Result<String, Refusal> {
    // SAFETY: as promised to us.
    unsafe { text(name, charset) }?.ok_or(INVALID_ARGUMENT)
}

/// The parameters of the four functions are checked in the same way.
///
/// # Safety
/// What `ras.h` says of `RasGetCustomAuthData`.
unsafe fn get(
    of: DataOf,
    charset: Charset,
    book: *const u8,
    name: *const u8,
    memory: *mut u8,
    size: *mut u32,
) -> Result<(), Refusal> {
    // SAFETY: as promised to us.
    let size = unsafe { place(size) }.map_err(|_| INVALID_ARGUMENT)?;
    // SAFETY: the same.
    let (book, name) = unsafe { (path(book, charset)?, entry_name(name, charset)?) };
    let data = saved::data(of, book.as_deref(), &name)?;
    // SAFETY: the same.
    unsafe { give(&data, memory, size) }
}

/// As [`get`].
///
/// # Safety
/// As there.
unsafe fn set(
    of: DataOf,
    charset: Charset,
    book: *const u8,
    name: *const u8,
    memory: *mut u8,
    size: u32,
) -> Result<(), Refusal> {
    // SAFETY: as promised to us.
    let data = unsafe { octets(memory, size as usize) };
    let data = data.filter(|data| !data.is_empty()).ok_or(INVALID_ARGUMENT)?;
    // SAFETY: the same.
    let (book, name) = unsafe { (path(book, charset)?, entry_name(name, charset)?) };
    saved::set_data(of, book.as_deref(), &name, data)
}

both_forms! {
    /// The settings of the entry's EAP method. `E_INVALIDARG`, 603 with the size, 621, 623.
    RasGetCustomAuthDataA, RasGetCustomAuthDataW(
        lpsz_phonebook: *const u8,
        lpsz_entry: *const u8,
        pb_custom_auth_data: *mut u8,
        pdw_sizeof_custom_auth_data: *mut u32,
    )
    |charset, book, name, memory, size| {
        // SAFETY: the caller's promise.
        unsafe { get(DataOf::Entry, charset, book, name, memory, size) }
    }
}

both_forms! {
    /// Keeps the settings of the entry's EAP method. `E_INVALIDARG` for none, 621, 623, 5.
    RasSetCustomAuthDataA, RasSetCustomAuthDataW(
        lpsz_phonebook: *const u8,
        lpsz_entry: *const u8,
        pb_custom_auth_data: *mut u8,
        dw_sizeof_custom_auth_data: u32,
    )
    |charset, book, name, memory, size| {
        // SAFETY: the caller's promise.
        unsafe { set(DataOf::Entry, charset, book, name, memory, size) }
    }
}

both_forms! {
    /// What the entry's EAP method keeps of the user. A token for another user is refused: 5.
    /// `E_INVALIDARG`, 603 with the size, 621, 623.
    RasGetEapUserDataA, RasGetEapUserDataW(
        h_token: usize,
        psz_phonebook: *const u8,
        psz_entry: *const u8,
        pb_eap_data: *mut u8,
        pdw_sizeof_eap_data: *mut u32,
    )
    |charset, token, book, name, memory, size| {
        if token != 0 {
            return Err(Refusal(RasCode::ACCESS_DENIED));
        }
        // SAFETY: the caller's promise.
        unsafe { get(DataOf::User, charset, book, name, memory, size) }
    }
}

both_forms! {
    /// Keeps what the entry's EAP method says of the user. As `RasGetEapUserData`.
    RasSetEapUserDataA, RasSetEapUserDataW(
        h_token: usize,
        psz_phonebook: *const u8,
        psz_entry: *const u8,
        pb_eap_data: *mut u8,
        dw_sizeof_eap_data: u32,
    )
    |charset, token, book, name, memory, size| {
        if token != 0 {
            return Err(Refusal(RasCode::ACCESS_DENIED));
        }
        // SAFETY: the caller's promise.
        unsafe { set(DataOf::User, charset, book, name, memory, size) }
    }
}

/// What was given out by `RasGetEapUserIdentity` and not taken back, by its place.
static GIVEN: Mutex<Option<HashMap<usize, Box<[u8]>>>> = Mutex::new(None);

both_forms! {
    /// Who the user is to the entry's EAP method; the answer is to be given to `RasFreeEapUserIdentity`. 780
    /// for an entry without EAP, 703 when only a person could say it (with `RASEAPF_NonInteractive` also for
    /// a password that is not saved), 621, 623, `E_INVALIDARG`. There is no secret in the octets.
    RasGetEapUserIdentityA, RasGetEapUserIdentityW(
        psz_phonebook: *const u8,
        psz_entry: *const u8,
        dw_flags: u32,
        _hwnd: usize,
        pp_ras_eap_user_identity: *mut usize,
    )
    |charset, book, name, flags, _, identity| {
        // SAFETY: the caller's promise.
        let mut place = unsafe { place(identity) }.map_err(|_| INVALID_ARGUMENT)?;
        place.set(0);
        // SAFETY: the same.
        let (book, name) = unsafe { (path(book, charset)?, entry_name(name, charset)?) };
        let identity = saved::eap_identity(book.as_deref(), &name, flags & NON_INTERACTIVE == 0)?;
        let form = tables::RASEAPUSERIDENTITY.newest(Machine::of_this_library(), charset);
        let data_at = form.field("pbEapInfo").map_or(form.size(), |field| field.offset());
        let mut memory = vec![0; form.size().max(data_at + identity.data.len())];
        if let Some(mut view) = ViewMut::new(form, &mut memory) {
            view.put_text("szUserName", &identity.user);
            let size = u32::try_from(identity.data.len()).unwrap_or(u32::MAX);
            view.put_u32("dwSizeofEapInfo", size);
        }
        if let Some(room) = memory.get_mut(data_at..data_at + identity.data.len()) {
            room.copy_from_slice(&identity.data);
        }
        let mut memory = memory.into_boxed_slice();
        let address = memory.as_mut_ptr().expose_provenance();
        let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
        given.get_or_insert_default().insert(address, memory);
        place.set(address);
        Ok(())
    }
}

fn free(identity: usize) {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    // What is none of ours, null for instance, is left alone.
    given.as_mut().and_then(|given| given.remove(&identity));
}

/// Takes back what `RasGetEapUserIdentityA` gave; null is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn RasFreeEapUserIdentityA(p_ras_eap_user_identity: usize) {
    free(p_ras_eap_user_identity);
}

/// Takes back what `RasGetEapUserIdentityW` gave; null is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn RasFreeEapUserIdentityW(p_ras_eap_user_identity: usize) {
    free(p_ras_eap_user_identity);
}

/// A dialog of an EAP method: no dial of ours pauses for one. 6 for null, 632, 705 for a dial that does
/// not wait for it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasInvokeEapUI(
    hrasconn: usize,
    _dw_sub_entry: u32,
    lp_extensions: *mut u8,
    _hwnd: usize,
) -> u32 {
    answer(|| {
        if hrasconn == 0 || lp_extensions.is_null() || notifier::is_inside() {
            return Err(Refusal(RasCode::INVALID_HANDLE));
        }
        // SAFETY: the caller's promise.
        unsafe { structure(lp_extensions, &tables::RASDIALEXTENSIONS, Charset::Wide) }?;
        connections::status_of(connections::handle(hrasconn)?)?;
        Err(Refusal(RasCode::INVALID_AUTH_STATE))
    })
}

//! Phone books: their entries, and the links of an entry.

use super::both_forms;
use crate::boundary::{Refusal, Rows, form, may_place, needed_text, octets, path, place, text};
use crate::entries::{self, Filled};
use crate::layout::{Charset, Structure, View, tables};
use onhook_model::RasCode;

both_forms! {
    /// The entries of a phone book, or of the default ones. 603 with size and count, 632, 621, 87 for a null
    /// size or count or a `reserved` that is not null.
    RasEnumEntriesA, RasEnumEntriesW(
        reserved: *const u8,
        lpsz_phonebook: *const u8,
        lprasentryname: *mut u8,
        lpcb: *mut u32,
        lpc_entries: *mut u32,
    )
    |charset, reserved, book, lprasentryname, lpcb, lpc_entries| {
        if !reserved.is_null() {
            return Err(Refusal(RasCode::INVALID_PARAMETER));
        }
        // SAFETY: the caller's promise.
        let rows = unsafe {
            Rows::new(&tables::RASENTRYNAME, charset, lprasentryname, lpcb, lpc_entries)
        }?;
        // SAFETY: the same.
        let book = unsafe { path(book, charset) }?;
        entries::enumerate(book.as_deref(), rows)
    }
}

both_forms! {
    /// Whether a new entry may have this name: 0; 123 malformed, 183 there is one, 621, 87.
    RasValidateEntryNameA, RasValidateEntryNameW(
        lpsz_phonebook: *const u8,
        lpsz_entry: *const u8,
    )
    |charset, book, name| {
        // SAFETY: the caller's promise.
        let (book, name) = unsafe { (path(book, charset)?, needed_text(name, charset)?) };
        entries::validate_name(book.as_deref(), &name)
    }
}

both_forms! {
    /// Gives an entry another name: 123, 183, 623, 5, 87.
    RasRenameEntryA, RasRenameEntryW(
        lpsz_phonebook: *const u8,
        lpsz_old_entry: *const u8,
        lpsz_new_entry: *const u8,
    )
    |charset, book, old, new| {
        // SAFETY: the caller's promise.
        let (book, old) = unsafe { (path(book, charset)?, needed_text(old, charset)?) };
        // SAFETY: the same.
        let new = unsafe { needed_text(new, charset) }?;
        entries::rename(book.as_deref(), &old, &new)
    }
}

both_forms! {
    /// Deletes an entry and what is saved with it: 123 when there is none, 817 while it is connected or
    /// being dialed, 5, 87.
    RasDeleteEntryA, RasDeleteEntryW(lpsz_phonebook: *const u8, lpsz_entry: *const u8)
    |charset, book, name| {
        // SAFETY: the caller's promise.
        let (book, name) = unsafe { (path(book, charset)?, needed_text(name, charset)?) };
        entries::delete(book.as_deref(), &name)
    }
}

/// Has a structure filled that may have texts behind it.
///
/// # Safety
/// `size` must lead to a number of 32 bits or be null, and `memory` to as many octets as it says, or be null.
unsafe fn filled(
    of: &'static Structure,
    charset: Charset,
    memory: *mut u8,
    size: *mut u32,
    fill: impl FnOnce(Filled<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    // SAFETY: as promised to us.
    let size = unsafe { place(size) }?;
    let form = match memory.is_null() {
        true => None,
        // SAFETY: the same; a buffer that is not null has room for its `dwSize`.
        false => Some(unsafe { form(memory, of, charset) }?),
    };
    // SAFETY: it is asked for no more octets than the caller says that there are.
    let memory = &|count| unsafe { octets(memory, count) };
    fill(Filled { size, form, memory })
}

both_forms! {
    /// The properties of an entry; for an empty or null name those of a new one. 603 with the size, 632,
    /// 621, 623, 87.
    RasGetEntryPropertiesA, RasGetEntryPropertiesW(
        lpsz_phonebook: *const u8,
        lpsz_entry: *const u8,
        lp_ras_entry: *mut u8,
        lpdw_entry_info_size: *mut u32,
        _lpb_device_info: *mut u8,
        lpdw_device_info_size: *mut u32,
    )
    |charset, book, name, entry, size, _, device_size| {
        // SAFETY: the caller's promise.
        let (book, name) = unsafe { (path(book, charset)?, text(name, charset)?) };
        let name = name.unwrap_or_default();
        // SAFETY: the same; devices have no information of their own.
        if let Some(mut size) = unsafe { may_place(device_size) } {
            size.set(0);
        }
        // SAFETY: the same.
        unsafe {
            filled(&tables::RASENTRY, charset, entry, size, |filled| {
                entries::get(book.as_deref(), &name, charset, filled)
            })
        }
    }
}

/// A structure that a caller gives, and all of its octets with the texts that may stand behind it.
///
/// # Safety
/// `memory` must be null, or lead to as many octets as `size` says, which nobody else touches for as long
/// as the call lasts.
unsafe fn given<'a>(
    of: &'static Structure,
    charset: Charset,
    memory: *mut u8,
    size: u32,
) -> Result<(View<'a>, &'a [u8]), Refusal> {
    // SAFETY: as promised to us.
    let form = unsafe { form(memory, of, charset) }?;
    if (size as usize) < form.size() {
        return Err(Refusal(RasCode::BUFFER_TOO_SMALL));
    }
    // SAFETY: the same; it is not null, for its form was read.
    let whole: &[u8] = unsafe { octets(memory, size as usize) }.unwrap_or_default();
    let view = View::new(form, whole).ok_or(Refusal(RasCode::INVALID_SIZE))?;
    Ok((view, whole))
}

both_forms! {
    /// Changes an entry, or makes it. 87 for members that make no sense, 632, 123, 621, 624, 5.
    RasSetEntryPropertiesA, RasSetEntryPropertiesW(
        lpsz_phonebook: *const u8,
        lpsz_entry: *const u8,
        lp_ras_entry: *mut u8,
        dw_entry_info_size: u32,
        _lpb_device_info: *mut u8,
        _dw_device_info_size: u32,
    )
    |charset, book, name, entry, size, _, _| {
        // SAFETY: the caller's promise.
        let (book, name) = unsafe { (path(book, charset)?, needed_text(name, charset)?) };
        // SAFETY: the same.
        let (given, whole) = unsafe { given(&tables::RASENTRY, charset, entry, size) }?;
        entries::set(book.as_deref(), &name, charset, &given, whole)
    }
}

both_forms! {
    /// The properties of one link of an entry, counted from 1. 603 with the size, 632, 621, 623, 87.
    RasGetSubEntryPropertiesA, RasGetSubEntryPropertiesW(
        lpsz_phonebook: *const u8,
        lpsz_entry: *const u8,
        dw_sub_entry: u32,
        lp_ras_sub_entry: *mut u8,
        lpdwcb: *mut u32,
        _lpb_device_config: *mut u8,
        lpcb_device_config: *mut u32,
    )
    |charset, book, name, number, subentry, size, _, device_size| {
        // SAFETY: the caller's promise.
        let (book, name) = unsafe { (path(book, charset)?, needed_text(name, charset)?) };
        // SAFETY: the same; devices have no information of their own.
        if let Some(mut size) = unsafe { may_place(device_size) } {
            size.set(0);
        }
        // SAFETY: the same.
        unsafe {
            filled(&tables::RASSUBENTRY, charset, subentry, size, |filled| {
                entries::get_subentry(book.as_deref(), &name, number, charset, filled)
            })
        }
    }
}

both_forms! {
    /// Changes one link of an entry; the number behind the last makes one. 632, 621, 623, 87, 5.
    RasSetSubEntryPropertiesA, RasSetSubEntryPropertiesW(
        lpsz_phonebook: *const u8,
        lpsz_entry: *const u8,
        dw_sub_entry: u32,
        lp_ras_sub_entry: *mut u8,
        dwcb_ras_sub_entry: u32,
        _lpb_device_config: *mut u8,
        _dwcb_device_config: u32,
    )
    |charset, book, name, number, subentry, size, _, _| {
        // SAFETY: the caller's promise.
        let (book, name) = unsafe { (path(book, charset)?, needed_text(name, charset)?) };
        // SAFETY: the same.
        let (given, whole) = unsafe { given(&tables::RASSUBENTRY, charset, subentry, size) }?;
        entries::set_subentry(book.as_deref(), &name, number, charset, &given, whole)
    }
}

both_forms! {
    /// Deletes one link of an entry; those behind it move down. 621, 623, 87, 5.
    RasDeleteSubEntryA, RasDeleteSubEntryW(
        lpsz_phonebook: *const u8,
        lpsz_entry: *const u8,
        dw_sub_entry_id: u32,
    )
    |charset, book, name, number| {
        // SAFETY: the caller's promise.
        let (book, name) = unsafe { (path(book, charset)?, needed_text(name, charset)?) };
        entries::delete_subentry(book.as_deref(), &name, number)
    }
}

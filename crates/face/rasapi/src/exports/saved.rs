//! Dial parameters and credentials that are saved with entries; countries.

use super::both_forms;
use crate::boundary::{Refusal, form, needed_text, octets, path, place, structure};
use crate::layout::{Charset, ViewMut, tables};
use crate::saved;
use onhook_model::RasCode;

both_forms! {
    /// What was saved by the last dial that succeeded, or by the Set function: user, domain, callback
    /// number, and sixteen asterisks where a password is. 632, 621, 623, 87.
    RasGetEntryDialParamsA, RasGetEntryDialParamsW(
        lpsz_phonebook: *const u8,
        lprasdialparams: *mut u8,
        lpf_password: *mut u32,
    )
    |charset, book, params, has_password| {
        // SAFETY: the caller's promise.
        let mut has_password = unsafe { place(has_password) }?;
        // SAFETY: the same.
        let mut params = unsafe { structure(params, &tables::RASDIALPARAMS, charset) }?;
        // SAFETY: the same.
        let book = unsafe { path(book, charset) }?;
        let has = saved::get_dial_params(book.as_deref(), &mut params)?;
        has_password.set(u32::from(has));
        Ok(())
    }
}

both_forms! {
    /// Saves user, domain, callback number and password; empty ones but the password leave what is saved.
    /// 632, 621, 623, 87.
    RasSetEntryDialParamsA, RasSetEntryDialParamsW(
        lpsz_phonebook: *const u8,
        lprasdialparams: *mut u8,
        f_remove_password: u32,
    )
    |charset, book, params, remove_password| {
        // SAFETY: the caller's promise.
        let params = unsafe { structure(params, &tables::RASDIALPARAMS, charset) }?;
        // SAFETY: the same.
        let book = unsafe { path(book, charset) }?;
        saved::set_dial_params(book.as_deref(), &params.as_view(), remove_password != 0)
    }
}

both_forms! {
    /// Which of the credentials that `dwMask` names are saved; sixteen asterisks stand for a password. 632,
    /// 621, 623, 87.
    RasGetCredentialsA, RasGetCredentialsW(
        lpsz_phonebook: *const u8,
        lpsz_entry: *const u8,
        lp_credentials: *mut u8,
    )
    |charset, book, name, credentials| {
        // SAFETY: the caller's promise.
        let mut credentials = unsafe { structure(credentials, &tables::RASCREDENTIALS, charset) }?;
        // SAFETY: the same.
        let (book, name) = unsafe { (path(book, charset)?, needed_text(name, charset)?) };
        saved::get_credentials(book.as_deref(), &name, &mut credentials)
    }
}

both_forms! {
    /// Saves the credentials that `dwMask` names, or forgets them. 632, 621, 87, also for an entry that is
    /// not there, 5.
    RasSetCredentialsA, RasSetCredentialsW(
        lpsz_phonebook: *const u8,
        lpsz_entry: *const u8,
        lp_credentials: *mut u8,
        f_clear_credentials: u32,
    )
    |charset, book, name, credentials, clear| {
        // SAFETY: the caller's promise.
        let credentials = unsafe { structure(credentials, &tables::RASCREDENTIALS, charset) }?;
        // SAFETY: the same.
        let (book, name) = unsafe { (path(book, charset)?, needed_text(name, charset)?) };
        saved::set_credentials(book.as_deref(), &name, &credentials.as_view(), clear != 0)
    }
}

both_forms! {
    /// What telephony knows of the country of an id, its name behind the structure. 1784 for a wrong
    /// `dwSize`, 603 with the size, 87 for an unknown id.
    RasGetCountryInfoA, RasGetCountryInfoW(lp_ras_ctry_info: *mut u8, lpdw_size: *mut u32)
    |charset, info, size| {
        const INVALID_USER_BUFFER: RasCode = RasCode::from_number(1784);
        // SAFETY: the caller's promise.
        let mut size = unsafe { place(size) }?;
        if info.is_null() {
            return Err(Refusal(RasCode::INVALID_PARAMETER));
        }
        // SAFETY: the same.
        let form = unsafe { form(info, &tables::RASCTRYINFO, Charset::Wide) }
            .map_err(|_| Refusal(INVALID_USER_BUFFER))?;
        // SAFETY: it is a size that the structure had.
        let head = unsafe { octets(info, form.size()) };
        let head = head.and_then(|head| ViewMut::new(form, head));
        let id = head.and_then(|head| head.as_view().u32("dwCountryID")).unwrap_or(0);
        let (country, next) = saved::country(id)?;
        let name = charset.encode(country.name);
        let needed = form.size() + name.len();
        let given = size.get() as usize;
        size.set(u32::try_from(needed).unwrap_or(u32::MAX));
        if given < needed {
            return Err(Refusal(RasCode::BUFFER_TOO_SMALL));
        }
        // SAFETY: the caller says that there are as many octets.
        let memory = unsafe { octets(info, needed) }.unwrap_or_default();
        let (head, behind) = memory.split_at_mut(form.size());
        let mut head = ViewMut::new(form, head).ok_or(Refusal(INVALID_USER_BUFFER))?;
        head.begin();
        head.put_u32("dwCountryID", country.id);
        head.put_u32("dwNextCountryID", next);
        head.put_u32("dwCountryCode", country.code);
        head.put_u32("dwCountryNameOffset", form.dw_size());
        behind.copy_from_slice(&name);
        Ok(())
    }
}

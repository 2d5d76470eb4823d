//! Dialing.

use super::both_forms;
use onhook_client::phonebooks::MAX_EAP_IDENTITY;

use crate::boundary::{Refusal, octets, path, place, structure};
use crate::dial::{self, Call, Params};
use crate::host;
use crate::layout::{Charset, View, tables};
use crate::notifier::{Func, Func1, Func2, Notifier};
use onhook_model::RasCode;

both_forms! {
    /// Dials, or lets a paused dial go on whose handle is given. Without a notifier it returns when the
    /// connection is up (0) or has failed; with one, as soon as dialing has begun. Whatever it answers, a
    /// handle that is not null must be hung up. 87, 632, 621, 623, 756, and every number that a dial can
    /// end with.
    RasDialA, RasDialW(
        lp_extensions: *mut u8,
        lpsz_phonebook: *const u8,
        lp_params: *mut u8,
        dw_notifier_type: u32,
        lpv_notifier: usize,
        lph_ras_conn: *mut usize,
    )
    |charset, extensions, book, params, notifier_type, notifier, handle| {
        // SAFETY: the caller's promise.
        let handle = unsafe { place(handle) }?;
        // SAFETY: the same.
        let params = unsafe { structure(params, &tables::RASDIALPARAMS, charset) }?;
        let params = Params::read(&params.as_view())?;
        let extensions = match extensions.is_null() {
            true => None,
            // SAFETY: the same.
            false => Some(unsafe {
                structure(extensions, &tables::RASDIALEXTENSIONS, Charset::Wide)
            }?),
        };
        // SAFETY: the same.
        let book = unsafe { path(book, charset) }?;
        let notifier = notifier_of(notifier, notifier_type, params.callback_id)?;
        let eap_info = match &extensions {
            // SAFETY: the same, of what the structure leads to.
            Some(extensions) => unsafe { eap_info(&extensions.as_view()) }?,
            None => None,
        };
        dial::dial(Call { extensions, eap_info, book, params, notifier, handle })
    }
}

/// The octets for an EAP method; `None` where their size is zero. 87 for a null pointer to some, and for more
/// than any identity has.
///
/// # Safety
/// If the pointer is not null it must lead to as many octets as the structure says, which nobody else
/// touches for as long as the call lasts.
unsafe fn eap_info(extensions: &View<'_>) -> Result<Option<Vec<u8>>, Refusal> {
    let size = extensions.u32("RasEapInfo.dwSizeofEapInfo").unwrap_or(0) as usize;
    if size == 0 {
        return Ok(None);
    }
    let pointer = extensions.handle("RasEapInfo.pbEapInfo").unwrap_or(0);
    let pointer = usize::try_from(pointer).map_err(|_| RasCode::INVALID_PARAMETER)?;
    let pointer = std::ptr::with_exposed_provenance_mut(pointer);
    let size = Some(size).filter(|size| *size <= MAX_EAP_IDENTITY);
    // SAFETY: as promised to us.
    let data = size.and_then(|size| unsafe { octets(pointer, size) });
    data.map(|data| Some(data.to_vec())).ok_or(Refusal(RasCode::INVALID_PARAMETER))
}

/// The function that is to be called; none for a null pointer, whatever its type. A window is none that
/// could be told anything here: 50, unless the program has a host, which knows how to tell it.
fn notifier_of(
    pointer: usize,
    notifier_type: u32,
    callback_id: usize,
) -> Result<Option<Notifier>, Refusal> {
    const WINDOW: u32 = u32::MAX;
    if pointer == 0 {
        return Ok(None);
    }
    if let Some(host) = host::get()
        && matches!(notifier_type, 0..=2 | WINDOW)
    {
        return Ok(Some(Notifier::Hosted { host, notifier_type, notifier: pointer, callback_id }));
    }
    match notifier_type {
        // SAFETY: the caller says that it is a function of this type, and it is not null.
        0 => Ok(Some(Notifier::Func(unsafe { std::mem::transmute::<usize, Func>(pointer) }))),
        // SAFETY: the same.
        1 => Ok(Some(Notifier::Func1(unsafe { std::mem::transmute::<usize, Func1>(pointer) }))),
        2 => {
            // SAFETY: the same.
            let func = unsafe { std::mem::transmute::<usize, Func2>(pointer) };
            Ok(Some(Notifier::Func2 { func, callback_id }))
        }
        WINDOW => Err(Refusal(RasCode::NOT_SUPPORTED)),
        _ => Err(Refusal(RasCode::INVALID_PARAMETER)),
    }
}

//! What has no meaning here, and says so: 50 (`ERROR_NOT_SUPPORTED`), never success.

use super::both_forms;
use crate::boundary::Refusal;
use onhook_model::RasCode;

const NONE: Result<(), Refusal> = Err(Refusal(RasCode::NOT_SUPPORTED));

both_forms! {
    /// A dialog that makes an entry: there is none here. Use `RasSetEntryProperties`. 50.
    RasCreatePhonebookEntryA, RasCreatePhonebookEntryW(_hwnd: usize, _lpsz_phonebook: *const u8)
    |_, _, _| NONE
}

both_forms! {
    /// A dialog that changes an entry: there is none here. Use `RasSetEntryProperties`. 50.
    RasEditPhonebookEntryA, RasEditPhonebookEntryW(
        _hwnd: usize,
        _lpsz_phonebook: *const u8,
        _lpsz_entry_name: *const u8,
    )
    |_, _, _, _| NONE
}

/// The call server of a mobile operator, over IKEv2. 50.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetPCscf(_lpsz_pcscf: *mut u8) -> u32 {
    RasCode::NOT_SUPPORTED.number()
}

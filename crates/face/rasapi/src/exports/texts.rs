//! What numbers mean.

use super::both_forms;
use crate::boundary::{Refusal, octets};
use onhook_model::RasCode;

/// RAS's own numbers.
const OF_RAS: std::ops::RangeInclusive<u32> = RasCode::PENDING.number()..=999;

both_forms! {
    /// The text of a RAS error. 87 for a number that is none or a null buffer; 122 when the buffer, whose
    /// size is in characters, is too small.
    RasGetErrorStringA, RasGetErrorStringW(
        u_error_value: u32,
        lpsz_error_string: *mut u8,
        c_buf_size: u32,
    )
    |charset, u_error_value, lpsz_error_string, c_buf_size| {
        let code = RasCode::from_number(u_error_value);
        let is_of_ras = OF_RAS.contains(&u_error_value) && code.name().is_some();
        if !is_of_ras || lpsz_error_string.is_null() {
            return Err(Refusal(RasCode::INVALID_PARAMETER));
        }
        let text = charset.encode(code.sentence());
        if text.len() / charset.unit() > c_buf_size as usize {
            return Err(Refusal(RasCode::INSUFFICIENT_BUFFER));
        }
        // SAFETY: the caller says that there is room for as many characters, which are enough.
        let room = unsafe { octets(lpsz_error_string, text.len()) };
        room.ok_or(Refusal(RasCode::INVALID_PARAMETER))?.copy_from_slice(&text);
        Ok(())
    }
}

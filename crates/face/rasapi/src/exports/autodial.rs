//! AutoDial: which entry is dialed for which address.

use super::both_forms;
use crate::boundary::{Refusal, Rows, form, octets, place, text};
use crate::layout::{Machine, View, tables};
use crate::saved;
use onhook_model::RasCode;

const WRONG: Refusal = Refusal(RasCode::INVALID_PARAMETER);

both_forms! {
    /// What is dialed for an address; for null the default connection. 603 with size and count, 632, 87.
    RasGetAutodialAddressA, RasGetAutodialAddressW(
        lpsz_address: *const u8,
        lpdw_reserved: *mut u32,
        lp_ras_autodial_entry: *mut u8,
        lpdwcb: *mut u32,
        lpdwc_entries: *mut u32,
    )
    |charset, address, reserved, entries, size, count| {
        if !reserved.is_null() {
            return Err(WRONG);
        }
        // SAFETY: the caller's promise.
        let rows = unsafe { Rows::new(&tables::RASAUTODIALENTRY, charset, entries, size, count) }?;
        // SAFETY: the same.
        let address = unsafe { text(address, charset) }?;
        saved::autodial_entries(address.as_deref(), rows)
    }
}

both_forms! {
    /// Sets what is dialed for an address; null entries and 0 forget it. 632, 623, 87.
    RasSetAutodialAddressA, RasSetAutodialAddressW(
        lpsz_address: *const u8,
        _dw_reserved: u32,
        lp_ras_autodial_entry: *mut u8,
        dwcb: u32,
        dwc_entries: u32,
    )
    |charset, address, _, entries, size, count| {
        // SAFETY: the caller's promise.
        let address = unsafe { text(address, charset) }?;
        if entries.is_null() || count == 0 {
            if !entries.is_null() || count != 0 || size != 0 {
                return Err(WRONG);
            }
            return saved::set_autodial_entries(address.as_deref(), &[]);
        }
        // SAFETY: the same.
        let form = unsafe { form(entries, &tables::RASAUTODIALENTRY, charset) }?;
        let needed = form.size().checked_mul(count as usize).ok_or(WRONG)?;
        if needed > size as usize {
            return Err(WRONG);
        }
        // SAFETY: the same.
        let memory: &[u8] = unsafe { octets(entries, needed) }.ok_or(WRONG)?;
        let views = memory.chunks_exact(form.size()).filter_map(|row| View::new(form, row));
        saved::set_autodial_entries(address.as_deref(), &views.collect::<Vec<_>>())
    }
}

both_forms! {
    /// Every address that something is dialed for: pointers, and behind them the texts. 603 with size and
    /// count, 87.
    RasEnumAutodialAddressesA, RasEnumAutodialAddressesW(
        lpp_ras_autodial_addresses: *mut u8,
        lpdwcb: *mut u32,
        lpdwc_addresses: *mut u32,
    )
    |charset, memory, size, count| {
        // SAFETY: the caller's promise.
        let (mut size, mut count) = unsafe { (place(size)?, place(count)?) };
        let texts: Vec<_> =
            saved::autodial_addresses()?.iter().map(|address| charset.encode(address)).collect();
        let pointer = Machine::of_this_library().pointer();
        let head = texts.len() * pointer;
        let needed = head + texts.iter().map(Vec::len).sum::<usize>();
        let given = size.get() as usize;
        size.set(u32::try_from(needed).unwrap_or(u32::MAX));
        count.set(u32::try_from(texts.len()).unwrap_or(u32::MAX));
        if texts.is_empty() {
            return Ok(());
        }
        // SAFETY: the same, where there is room enough.
        let room = (given >= needed).then(|| unsafe { octets(memory, needed) }).flatten();
        let room = room.ok_or(Refusal(RasCode::BUFFER_TOO_SMALL))?;
        let start = room.as_ptr().expose_provenance();
        let (pointers, mut behind) = room.split_at_mut(head);
        let mut at = head;
        for (place, text) in pointers.chunks_exact_mut(pointer).zip(&texts) {
            place.copy_from_slice((start + at).to_le_bytes().get(..pointer).unwrap_or_default());
            let (to, rest) = std::mem::take(&mut behind).split_at_mut(text.len());
            to.copy_from_slice(text);
            behind = rest;
            at += text.len();
        }
        Ok(())
    }
}

both_forms! {
    /// Whether AutoDial is on at a dialing location. 87.
    RasGetAutodialEnableA, RasGetAutodialEnableW(dw_dialing_location: u32, lpf_enabled: *mut u32)
    |_, location, enabled| {
        // SAFETY: the caller's promise.
        let mut enabled = unsafe { place(enabled) }?;
        enabled.set(u32::from(saved::is_autodial_enabled(location)?));
        Ok(())
    }
}

both_forms! {
    /// Turns AutoDial on or off at a dialing location.
    RasSetAutodialEnableA, RasSetAutodialEnableW(dw_dialing_location: u32, f_enabled: u32)
    |_, location, enabled| saved::enable_autodial(location, enabled != 0)
}

both_forms! {
    /// A setting of AutoDial. 87 for an unknown key or null, 632 for a size that is not 4.
    RasGetAutodialParamA, RasGetAutodialParamW(
        dw_key: u32,
        lpv_value: *mut u32,
        lpdwcb_value: *mut u32,
    )
    |_, key, value, size| {
        // SAFETY: the caller's promise.
        let mut size = unsafe { place(size) }?;
        let setting = saved::autodial_param(key)?;
        if size.get() != 4 {
            size.set(4);
            return Err(Refusal(RasCode::INVALID_SIZE));
        }
        // SAFETY: the same.
        unsafe { place(value) }?.set(setting);
        Ok(())
    }
}

both_forms! {
    /// Changes a setting of AutoDial. 87 for an unknown key or null, 632 for a size that is not 4.
    RasSetAutodialParamA, RasSetAutodialParamW(
        dw_key: u32,
        lpv_value: *mut u32,
        dwcb_value: u32,
    )
    |_, key, value, size| {
        saved::autodial_param(key)?;
        if size != 4 {
            return Err(Refusal(RasCode::INVALID_SIZE));
        }
        // SAFETY: the caller's promise.
        let value = unsafe { place(value) }?.get();
        saved::set_autodial_param(key, value)
    }
}

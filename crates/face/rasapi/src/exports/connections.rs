//! Connections: listing, asking, hanging up, what was negotiated and what has passed.

use super::both_forms;
use crate::boundary::{self, Refusal, Rows, answer, place, structure};
use crate::layout::{Charset, Machine, ViewMut, tables};
use crate::{connections, projection, statistics};
use onhook_model::RasCode;

both_forms! {
    /// Ends a connection, or gives one reference back. Returns at once: `RasGetConnectStatus` answers 6 when
    /// everything is gone. 6 for what never was a connection, 668 after the last reference, 5 for somebody
    /// else's.
    RasHangUpA, RasHangUpW(hrasconn: usize)
    |_, hrasconn| connections::hang_up(hrasconn)
}

both_forms! {
    /// The state of a connection. 6 when there is none of this handle (any more): the one proof that it is
    /// gone. 632 for a wrong `dwSize`, 87 for null.
    RasGetConnectStatusA, RasGetConnectStatusW(hrasconn: usize, lprasconnstatus: *mut u8)
    |charset, hrasconn, lprasconnstatus| {
        // SAFETY: the caller's promise.
        let status = unsafe { structure(lprasconnstatus, &tables::RASCONNSTATUS, charset) }?;
        connections::get_status(hrasconn, status)
    }
}

both_forms! {
    /// Every connection that the caller may see. 603 with size and count when the buffer is too small or
    /// null, 632 for a wrong `dwSize`, 87 for a null size or count.
    RasEnumConnectionsA, RasEnumConnectionsW(
        lprasconn: *mut u8,
        lpcb: *mut u32,
        lpc_connections: *mut u32,
    )
    |charset, lprasconn, lpcb, lpc_connections| {
        // SAFETY: the caller's promise.
        let rows = unsafe {
            Rows::new(&tables::RASCONN, charset, lprasconn, lpcb, lpc_connections)
        }?;
        connections::enumerate(rows)
    }
}

both_forms! {
    /// The handle of one link of a connection, counted from 1. 6, 259 behind the last, 618 for one that is
    /// not connected, 87.
    RasGetSubEntryHandleA, RasGetSubEntryHandleW(
        hrasconn: usize,
        dw_sub_entry: u32,
        lphrasconn: *mut usize,
    )
    |_, hrasconn, dw_sub_entry, lphrasconn| {
        // SAFETY: the caller's promise.
        let mut handle = unsafe { place(lphrasconn) }?;
        handle.set(connections::subentry(hrasconn, dw_sub_entry)?);
        Ok(())
    }
}

both_forms! {
    /// What one protocol negotiated. 730 before that, 731 for one that is not in use, 632, 603, 6, 87.
    RasGetProjectionInfoA, RasGetProjectionInfoW(
        hrasconn: usize,
        rasprojection: u32,
        lpprojection: *mut u8,
        lpcb: *mut u32,
    )
    |charset, hrasconn, rasprojection, lpprojection, lpcb| {
        // SAFETY: the caller's promise.
        let size = unsafe { place(lpcb) }?;
        let form = |of| {
            // SAFETY: the same; a buffer that is not null has room for its `dwSize`.
            (!lpprojection.is_null()).then(|| unsafe { boundary::form(lpprojection, of, charset) })
        };
        projection::of_protocol(hrasconn, rasprojection, charset, size, form, |form| {
            // SAFETY: it is asked for no more octets than the caller says that there are.
            let memory = unsafe { boundary::octets(lpprojection, form.size()) };
            ViewMut::new(form, memory?)
        })
    }
}

/// What was negotiated, all of it at once. 730 before that, 603 with the size, 6, 87.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetProjectionInfoEx(
    hrasconn: usize,
    p_ras_projection: *mut u8,
    lpdw_size: *mut u32,
) -> u32 {
    answer(|| {
        // SAFETY: the caller's promise.
        let size = unsafe { place(lpdw_size) }?;
        projection::of_all(hrasconn, size, |form| {
            // SAFETY: it is asked for no more octets than the caller says that there are.
            let memory = unsafe { boundary::octets(p_ras_projection, form.size()) };
            ViewMut::new(form, memory?)
        })
    })
}

/// A `RAS_STATS` of the caller's; its size is one of this machine's only form.
unsafe fn stats<'a>(pointer: *mut u8) -> Result<ViewMut<'a>, Refusal> {
    // SAFETY: the caller's promise.
    unsafe { structure(pointer, &tables::RAS_STATS, Charset::Wide) }
}

/// What has passed over a connection since its statistics were cleared. `E_INVALIDARG` for null or a wrong
/// `dwSize`, 6.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetConnectionStatistics(
    hrasconn: usize,
    lp_statistics: *mut u8,
) -> u32 {
    // SAFETY: the caller's promise.
    answer(|| statistics::of_connection(hrasconn, unsafe { stats(lp_statistics) }))
}

/// The same of one link, counted from 1. 668 for one that is not there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetLinkStatistics(
    hrasconn: usize,
    dw_sub_entry: u32,
    lp_statistics: *mut u8,
) -> u32 {
    // SAFETY: the caller's promise.
    answer(|| statistics::of_link(hrasconn, dw_sub_entry, unsafe { stats(lp_statistics) }))
}

/// Counts from now on. 6.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasClearConnectionStatistics(hrasconn: usize) -> u32 {
    answer(|| statistics::clear(hrasconn, None))
}

/// Counts from now on, for one link. 87 for link 0, 668 for one that is not there, 6.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasClearLinkStatistics(hrasconn: usize, dw_sub_entry: u32) -> u32 {
    answer(|| statistics::clear(hrasconn, Some(dw_sub_entry)))
}

/// Moves an IKEv2 tunnel to other ends. 6, 87, 632, 844 before it is connected; 780 for every other
/// protocol.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasUpdateConnection(hrasconn: usize, lprasupdateconn: *mut u8) -> u32 {
    answer(|| {
        let handle = connections::handle(hrasconn)?;
        let form = tables::RASUPDATECONN.newest(Machine::of_this_library(), Charset::Wide);
        // SAFETY: the caller's promise; the size is not the first member of this structure.
        let memory = unsafe { boundary::octets(lprasupdateconn, 8) };
        let memory = memory.ok_or(Refusal(RasCode::INVALID_PARAMETER))?;
        if memory.get(4..) != Some(form.dw_size().to_le_bytes().as_slice()) {
            return Err(Refusal(RasCode::INVALID_SIZE));
        }
        let report = connections::status_of(handle)?;
        match report.state {
            onhook_model::RasState::Connected => Err(Refusal(RasCode::INVALID_FUNCTION_FOR_ENTRY)),
            _ => Err(Refusal(RasCode::CANNOT_INITIATE_MOBIKE_UPDATE)),
        }
    })
}

/// The state of health checks: 836, for no connection of ours has any. 632, 6.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetNapStatus(hrasconn: usize, p_nap_state: *mut u8) -> u32 {
    answer(|| {
        let handle = connections::handle(hrasconn)?;
        let of = &tables::RASNAPSTATE;
        debug_assert!(of.newest(Machine::of_this_library(), Charset::Wide).size() > 0);
        // SAFETY: the caller's promise.
        unsafe { structure(p_nap_state, of, Charset::Wide) }?;
        connections::status_of(handle)?;
        Err(Refusal(RasCode::NOT_NAP_CAPABLE))
    })
}

both_forms! {
    /// What can be dialed with here: types of the RASDT list, and names. 603 with size and count, 632, 87.
    RasEnumDevicesA, RasEnumDevicesW(
        lp_ras_dev_info: *mut u8,
        lpcb: *mut u32,
        lpc_devices: *mut u32,
    )
    |charset, lp_ras_dev_info, lpcb, lpc_devices| {
        // SAFETY: the caller's promise.
        let rows = unsafe {
            Rows::new(&tables::RASDEVINFO, charset, lp_ras_dev_info, lpcb, lpc_devices)
        }?;
        connections::devices(rows)
    }
}

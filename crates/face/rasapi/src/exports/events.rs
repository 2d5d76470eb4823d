//! Events of connections, and what a program waits for them with.

use super::both_forms;
use crate::events;

both_forms! {
    /// Sets an event each time one of `dwFlags` happens to a connection, or to any when the handle is
    /// `INVALID_HANDLE_VALUE`. 6 for an unknown connection or event, 87 for no flag or an unknown one.
    RasConnectionNotificationA, RasConnectionNotificationW(
        hrasconn: usize,
        h_event: usize,
        dw_flags: u32,
    )
    |_, hrasconn, h_event, dw_flags| events::register(hrasconn, h_event, dw_flags)
}

/// A new event (see `onhook/event.h`), or null.
#[unsafe(no_mangle)]
pub extern "C" fn OnhookCreateEvent(manual_reset: i32, initial_state: i32) -> usize {
    events::create(manual_reset != 0, initial_state != 0).unwrap_or(0)
}

/// Waits until it is set: 0, or 258 after so many milliseconds (0xFFFFFFFF waits for ever); 0xFFFFFFFF for
/// what is no event.
#[unsafe(no_mangle)]
pub extern "C" fn OnhookWaitEvent(event: usize, milliseconds: u32) -> u32 {
    events::wait(event, milliseconds)
}

/// Takes it back.
#[unsafe(no_mangle)]
pub extern "C" fn OnhookResetEvent(event: usize) -> i32 {
    i32::from(events::reset(event))
}

/// Ends it.
#[unsafe(no_mangle)]
pub extern "C" fn OnhookCloseEvent(event: usize) -> i32 {
    i32::from(events::close(event))
}

/// Its descriptor, to poll for reading; -1 for what is no event.
#[unsafe(no_mangle)]
pub extern "C" fn OnhookEventDescriptor(event: usize) -> i32 {
    events::descriptor(event).unwrap_or(-1)
}
